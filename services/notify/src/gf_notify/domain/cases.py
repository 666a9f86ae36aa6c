"""What a case's progress means to those concerned: who is told when a stage moves (DM-state, ntf)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gf_notify.domain.notices import Telling, to_authority, to_unit


@dataclass(frozen=True, slots=True)
class Stage:
    """One level's stage of the present round, as far as notices need it."""

    number: int
    authority: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A case as one event shows it."""

    submission_id: str
    unit_id: str
    round: int
    version: int
    state: str
    stages: Sequence[Stage]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last seen of a case."""

    round: int
    states: Mapping[int, str]


def tell_progress(seen: Seen | None, now: Progress, name_of: Mapping[str, str]) -> list[Telling]:
    """The next level hears that it has a case (待审核), the applicant that a level has passed it on (已上报).

    The last level passes it on to nobody; a level that waits for its publicity has not passed it on yet. A level that
    shows the same state as before says nothing again; a new round starts from nothing.
    """
    before = seen.states if seen and seen.round == now.round else {}
    told: list[Telling] = []
    for stage in now.stages:
        if before.get(stage.number) == stage.state:
            continue
        level = name_of.get(stage.authority, stage.authority)
        if stage.state == "in_review":
            told.append(
                to_authority("to_review", stage.authority, "reviewer", now.unit_id, now.submission_id, level=level)
            )
        elif stage.state == "passed":
            told.append(_passed(now, stage, level, name_of))
    return told


def _passed(now: Progress, stage: Stage, level: str, name_of: Mapping[str, str]) -> Telling:
    after = [one for one in now.stages if one.number > stage.number and one.state != "not_applicable"]
    if not after:
        return to_unit("passed_last", now.unit_id, now.submission_id, level=level)
    following = name_of.get(after[0].authority, after[0].authority)
    if after[0].state == "not_started":
        return to_unit("passed_waits", now.unit_id, now.submission_id, level=level, next=following)
    return to_unit("passed_on", now.unit_id, now.submission_id, level=level, next=following)
