"""What a sheet lost, line by line, and which next step gains most (提升建议). Exact, by the same engine.

Two steps are worked out for each line that can be scored: up to its lead value, and a tenth better than now (one more
function where functions are counted). Gains are those of the total, after whatever rescaling the ruleset asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gf_scoring.domain.engine import Branch, Line, LineState, Score, Scorer
from gf_scoring.domain.numbers import DIGITS, ONE, half_up, plain, whole_of
from gf_scoring.domain.rules import Indicator

_TENTH = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Step:
    """One line with what it lost. Gains are in points of the total, as text; None where they cannot be worked out."""

    indicator: str
    name: str
    state: str
    weight: str
    points: str | None
    lost: str
    value: str | None
    unit: str
    lead: str | None
    #: Total gained when the line reaches its lead value (or the full mark).
    gain_to_lead: str | None
    #: The value after the smaller step, and the total gained by it.
    next_value: str | None
    gain_by_step: str | None
    words: str


def advise(scorer: Scorer, score: Score) -> list[Step]:
    """All lines, the one that gains most by its lead value first."""
    steps = [_step(scorer, score, place) for place in range(len(scorer.indicators))]
    return sorted(steps, key=lambda step: (-Fraction(step.gain_to_lead or 0), -Fraction(step.lost), step.indicator))


def _step(scorer: Scorer, score: Score, place: int) -> Step:
    indicator, line, level = scorer.indicators[place], score.lines[place], scorer.levels[place]
    scale = scorer.ruleset.scale
    full = half_up(whole_of(indicator.weight) * 10**scale, ONE)
    lost = 0 if line.branch.state is LineState.NOT_APPLICABLE else full - (line.points or 0)
    to_lead = gain(scorer, score, place, full) if lost else 0
    after = _better(indicator, level, line)
    by_step = None
    if after is not None and level is not None:
        points = half_up(*_points(indicator, level, after, scale))
        by_step = gain(scorer, score, place, max(points, line.points or 0))
    return Step(
        indicator=indicator.code,
        name=indicator.name,
        state=line.branch.state.value,
        weight=f"{indicator.weight:f}",
        points=None if line.points is None else plain(line.points, scale),
        lost=plain(lost, scale),
        value=None if line.value is None else plain(line.value, DIGITS),
        unit=indicator.unit,
        lead=None if level is None else plain(level[0], DIGITS),
        gain_to_lead=None if to_lead is None else plain(to_lead, scale),
        next_value=None if after is None else plain(half_up(after.numerator * ONE, after.denominator), DIGITS),
        gain_by_step=None if by_step is None else plain(by_step, scale),
        words=_words(line, lost),
    )


def gain(scorer: Scorer, score: Score, place: int, points: int) -> int | None:
    """How much the total grows when one line brings ``points``; None where there is no total before or after."""
    lines = list(score.lines)
    lines[place] = Line(Branch.LEAD, points, lines[place].value)
    after = scorer.sum_up(lines)
    if score.total is None or after.total is None:
        return None
    return after.total - score.total


def _better(indicator: Indicator, level: tuple[int, int] | None, line: Line) -> Fraction | None:
    """The value a tenth better, or one more of what is counted; None where the line is full or has no value."""
    if level is None or line.value is None or line.points is None or line.branch is Branch.LEAD:
        return None
    value = Fraction(line.value, ONE)
    if indicator.type == "count":
        return value + 1
    if indicator.type not in ("inverse", "positive") or indicator.formula.op not in ("ratio", "amount"):
        return None
    better = value + abs(value) * (_TENTH if indicator.type == "positive" else -_TENTH)
    if indicator.maximum is not None:
        better = min(better, Fraction(indicator.maximum))
    return better if indicator.minimum is None else max(better, Fraction(indicator.minimum))


def _points(indicator: Indicator, level: tuple[int, int], value: Fraction, scale: int) -> tuple[int, int]:
    """Points of a value between baseline and lead as a quotient, in units of 10^-scale."""
    lead, base = Fraction(level[0], ONE), Fraction(level[1], ONE)
    sign = -1 if indicator.type == "inverse" else 1
    if sign * value >= sign * lead:
        share = Fraction(1)
    elif sign * value <= sign * base or lead == base:
        share = Fraction(0)
    else:
        share = (value - base) / (lead - base)
    exact = share * Fraction(indicator.weight) * 10**scale
    return exact.numerator, exact.denominator


def _words(line: Line, lost: int) -> str:
    match line.branch.state:
        case LineState.NOT_SCORABLE | LineState.NOT_APPLICABLE:
            return line.branch.words
        case LineState.AWAITS_MARK:
            return "由审核人员根据佐证材料评分，上传材料不自动得分。"
    if not lost:
        return "已得满分。"
    if line.branch is Branch.MARK:
        return "审核评分；补充佐证材料后，由审核人员决定是否重新评分。"
    return "劣于基准值，改善到基准值以内才开始得分。" if line.branch is Branch.WORSE else ""


def most_useful(steps: Sequence[Step]) -> Step | None:
    """The computed line whose lead value would add most; marks are not the applicant's to give."""
    scored = [step for step in steps if step.value and step.lead and Fraction(step.gain_to_lead or 0) > 0]
    return scored[0] if scored else None
