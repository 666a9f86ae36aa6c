"""The rules of intake: standard library only; time, ids and policy data are arguments."""
