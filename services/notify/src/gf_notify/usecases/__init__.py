"""One use case per file, one transaction each."""
