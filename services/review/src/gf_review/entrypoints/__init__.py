"""Where the outside world comes in: HTTP, events."""
