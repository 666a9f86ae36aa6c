"""A shadow run (试算): running 进行中 → finished 已完成 → switched 已切换, or dropped 已放弃.

A population is scored by rules that are not in force, beside the sheets there are. Only the switch, an act with
document and person, brings them into force; then every sheet gets a further revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from gf_scoring.domain.errors import DomainError, FieldProblem
from gf_scoring.domain.rules import Band, Ruleset

RULE, ARTICLE = "N25-A1", "N25 附件1"


class RescoreState(Enum):
    RUNNING = "running"
    FINISHED = "finished"
    SWITCHED = "switched"
    DROPPED = "dropped"


_NEXT = {
    RescoreState.RUNNING: {RescoreState.FINISHED, RescoreState.DROPPED},
    RescoreState.FINISHED: {RescoreState.SWITCHED, RescoreState.DROPPED},
    RescoreState.SWITCHED: set[RescoreState](),
    RescoreState.DROPPED: set[RescoreState](),
}
_WORDS = {
    RescoreState.RUNNING: "进行中",
    RescoreState.FINISHED: "已完成",
    RescoreState.SWITCHED: "已切换",
    RescoreState.DROPPED: "已放弃",
}


def moved(state: RescoreState, to: RescoreState) -> RescoreState:
    if to not in _NEXT[state]:
        detail = f"试算{_WORDS[state]}，不能改为{_WORDS[to]}。"
        raise RescoreRefused("illegal_transition", detail, status=409)
    return to


def names_of_bands(rulesets: Iterable[Ruleset]) -> dict[str, str]:
    """Every band (星级, 等级) that these rulesets give, by code, best first; the first ruleset's name of it holds."""
    found: dict[str, Band] = {}
    for ruleset in rulesets:
        for band in ruleset.bands:
            found.setdefault(band.code, band)
    return {band.code: band.name for band in sorted(found.values(), key=lambda one: one.at_least, reverse=True)}


class RescoreRefused(DomainError):
    """A shadow run that may not be started or switched as asked (试算)."""

    def __init__(self, code: str, detail: str, *, status: int = 422, errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(code, detail, status=status, rule=RULE, article=ARTICLE, errors=errors)
