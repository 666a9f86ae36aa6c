"""Benchmark sets, the scoring engine, score sheets, rankings."""
