"""What is told to whom. Standard library only."""
