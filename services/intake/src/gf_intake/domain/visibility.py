"""Who may read an admitted submission, from what review said about its stages.

An authority sees a submission when it is an applicable stage of its current route, or acted in a round whose route
was not replaced (DM-superior: the old authority no longer sees the case). A draft is seen by nobody but its owners.
"""

from collections.abc import Iterable
from dataclasses import dataclass

NOT_APPLICABLE = "not_applicable"
ACTED = frozenset({"passed", "returned", "refused"})


@dataclass(frozen=True, slots=True)
class StageSeen:
    """A stage of the case in one round."""

    round: int
    stage_no: int
    level: str
    authority: str
    state: str
    reason: str = ""
    substates: tuple[str, ...] = ()


def visible_rounds(authority: str, stages: Iterable[StageSeen], *, current: int, route_since: int) -> frozenset[int]:
    """Rounds whose admitted content the authority may read; empty: the submission does not exist for it."""
    rounds: set[int] = set()
    for stage in stages:
        if stage.authority != authority or stage.state == NOT_APPLICABLE:
            continue
        if stage.round == current or (stage.round >= route_since and stage.state in ACTED):
            rounds.add(stage.round)
    return frozenset(rounds)
