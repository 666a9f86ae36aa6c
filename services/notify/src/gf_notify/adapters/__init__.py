"""Tables, contracts, wording."""
