"""The rules of the lists and their yearly life. Standard library only; time and ids are arguments."""
