"""Hand-made references: each does one job the short way, without the promises that need a chassis."""
