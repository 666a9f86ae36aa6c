"""The rules of scoring. Standard library only; rulesets, time and ids are arguments."""
