"""The lists and their history, bars, obligations, statistics."""
