"""Public pages of the lists."""
