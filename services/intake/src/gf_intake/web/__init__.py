"""Addresses of intake for browsers that are signed in."""
