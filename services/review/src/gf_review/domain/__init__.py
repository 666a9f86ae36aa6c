"""The rules of review: standard library only; time, ids and policy come in as arguments."""
