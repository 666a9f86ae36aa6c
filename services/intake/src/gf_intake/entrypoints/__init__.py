"""HTTP routes, API schemas, consumers of events."""
