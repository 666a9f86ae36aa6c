"""The events' contracts: generated messages, topic files, golden examples."""
