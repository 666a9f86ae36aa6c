"""Where the service is called from: HTTP and events."""
