"""All five services in one process on an embedded database."""
