"""The only loader, checker and interpreter of policies/."""
