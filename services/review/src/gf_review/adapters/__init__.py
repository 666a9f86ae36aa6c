"""Tables, repositories, contracts, policy and files: what the rules need from the outside world."""
