"""Where the service is called from: HTTP, events, ticks."""
