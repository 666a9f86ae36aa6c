"""Intake's tables, repositories, evidence store and contracts."""
