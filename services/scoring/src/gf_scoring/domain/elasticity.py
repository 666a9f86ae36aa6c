"""Elasticity coefficient (弹性系数): growth of emissions over growth of added value, judged by the signs of both.

A smaller coefficient is not always better: where output shrinks, the denominator is negative, and a park whose
emissions rise while its output falls has a coefficient below zero and earns nothing.
"""

from __future__ import annotations

from fractions import Fraction

from gf_scoring.domain.lines import Branch, share_of


def judge(emitted: int, made: int, lead: Fraction, baseline: Fraction, full_at: Fraction) -> tuple[Branch, Fraction]:
    """Branch and share of the weight; both growths in the same unit."""
    if made == 0:
        return (Branch.NO_GROWTH_ZERO, Fraction(0)) if emitted > 0 else (Branch.NO_GROWTH_FULL, Fraction(1))
    if made > 0:
        if emitted <= 0:
            return Branch.DECOUPLED, Fraction(1)
        return share_of(Fraction(emitted, made), lead, baseline, less_is_better=True)
    if emitted >= 0:
        return Branch.RISING, Fraction(0)
    coefficient = Fraction(emitted, made)
    if coefficient >= full_at:
        return Branch.SHRINKING_FULL, Fraction(1)
    if coefficient <= lead:
        return Branch.SHRINKING_ZERO, Fraction(0)
    return Branch.SHRINKING_BETWEEN, (coefficient - lead) / (full_at - lead)
