"""Tables, repository and the events' contracts."""
