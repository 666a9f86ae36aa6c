"""Ours against small hand-made references, pair by pair. Ratios are the result; absolute figures are scenery."""
