"""Bottom share and grade of a place (后5%, 绿码等级) as SQL: rankings and shadow runs cut by the same words.

Only numbers and names of columns get into the text; the codes of the grades are bound as parameters.
"""

from __future__ import annotations

from decimal import Decimal

from gf_policy.ranking import RankingRules

_ROUNDED = {"down": "floor({0})", "up": "ceil({0})", "half_up": "round({0})"}


def in_bottom(rules: RankingRules, *, size: str, from_bottom: str, not_better: str) -> str:
    """Whether a place is in the bottom share of a group of ``size``; ties at the cut as the rules say.

    ``from_bottom`` counts the places below, ``not_better`` also those equal to it.
    """
    bottom = rules.bottom
    place = from_bottom if bottom.ties == "in" else not_better
    cut = _ROUNDED[bottom.rounding].format(f"{size} * {bottom.share:f}")
    return f"coalesce({size} >= {int(bottom.minimum_population)} and {place} <= {cut}, false)"


def grade(rules: RankingRules, *, size: str, place: str, not_worse: str) -> str:
    """The grade of a place among ``size``, best first; the last grade takes the rest. Empty where there is none."""
    shares, reach, cases = rules.grades.shares, Decimal(0), ""
    by = place if rules.grades.ties == "in" else not_worse
    for nth, one in enumerate(shares[:-1]):
        reach += one.share
        cut = _ROUNDED[rules.grades.rounding].format(f"{size} * {reach:f}")
        cases += f" when {by} <= {cut} then cast(:grade_{nth} as text)"
    last = f"cast(:grade_{len(shares) - 1} as text)"
    return (
        f"coalesce(case when {size} is null or {size} < {int(rules.grades.minimum_population)} then ''{cases}"
        f" else {last} end, '')"
    )


def grade_codes(rules: RankingRules) -> dict[str, str]:
    """The parameters that ``grade`` speaks of."""
    return {f"grade_{nth}": one.code for nth, one in enumerate(rules.grades.shares)}
