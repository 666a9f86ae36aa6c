"""From protobuf to notify's words. The only file that knows generated code; notify publishes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from gf_chassis.clock import SHANGHAI
from gf_chassis.errors import Poison
from gf_notify.domain.cases import Progress, Stage
from greenladder.intake.v1 import submissions_pb2, units_pb2
from greenladder.registry.v1 import editions_pb2, standings_pb2
from greenladder.review.v1 import cases_pb2, publicities_pb2
from greenladder.scoring.v1 import rankings_pb2

UNITS, SUBMISSIONS, RANKINGS = "intake.units", "intake.submissions", "scoring.rankings"
CASES, PUBLICITIES = "review.cases", "review.publicities"
STANDINGS, EDITIONS = "registry.standings", "registry.editions"

UnitChanged = units_pb2.UnitChanged
SubmissionAdmitted = submissions_pb2.SubmissionAdmitted
UnitRanked = rankings_pb2.UnitRanked
CaseProgressed = cases_pb2.CaseProgressed
CaseReturned = cases_pb2.CaseReturned
WithdrawalAnswered = cases_pb2.WithdrawalAnswered
CaseClosed = cases_pb2.CaseClosed
PublicityChanged = publicities_pb2.PublicityChanged
MembershipChanged = standings_pb2.MembershipChanged
BarChanged = standings_pb2.BarChanged
ObligationChanged = standings_pb2.ObligationChanged
IncidentForwarded = standings_pb2.IncidentForwarded
EditionPublished = editions_pb2.EditionPublished


def identify(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Poison(f"{text!r} is no id") from error


def word(enum: Any, value: int, prefix: str) -> str:
    """The stored word of an enum value; UNSPECIFIED and unknown ones are held, not guessed."""
    if value == 0 or value not in enum.values():
        raise Poison(f"unknown {enum.DESCRIPTOR.full_name} {value}")
    name: str = enum.Name(value)
    return name.removeprefix(prefix).lower()


def moment(stamp: Any) -> str:
    """An instant as people in China read it."""
    at: datetime = stamp.ToDatetime(tzinfo=UTC).astimezone(SHANGHAI)
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def last_day(stamp: Any) -> str:
    """The end of a half-open term: midnight is the end of the day before, which counts in full."""
    at: datetime = stamp.ToDatetime(tzinfo=UTC).astimezone(SHANGHAI)
    if at.time() != time():
        return moment(stamp)
    before = at - timedelta(days=1)
    return f"{before.year}年{before.month}月{before.day}日（当日有效）"


def day_before(day: str) -> str:
    """The last day of a term that is given by the first day after it; both YYYY-MM-DD."""
    try:
        return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    except ValueError as error:
        raise Poison(f"{day!r} is no day") from error


def points(value: str) -> str:
    """Points as people read them, half up to two places."""
    return f"{Decimal(value).quantize(Decimal('0.01'), ROUND_HALF_UP).normalize():f}"


@dataclass(frozen=True, slots=True)
class Unit:
    unit_id: UUID
    profile_version: int
    name: str
    uscc: str
    superior: str


def unit(message: Any) -> Unit:
    s = message.unit
    return Unit(identify(s.unit_id), s.profile_version, s.name, s.uscc, s.superior_authority)


def progress(message: Any) -> Progress:
    stages = tuple(
        Stage(s.stage_no, s.authority, word(cases_pb2.StageState, s.state, "STAGE_STATE_"), s.reason)
        for s in message.stages
    )
    state = word(cases_pb2.CaseState, message.state, "CASE_STATE_")
    return Progress(message.submission_id, message.unit_id, message.round, message.case_version, state, stages)


def findings(message: Any, name_of: Callable[[str, str], str]) -> str:
    """The fields to correct by their names, one clause each."""
    named = [(name_of(one.pointer, one.item), one.note) for one in message.findings if not one.ok]
    return "；".join(f"{name}：{note}" if note else name for name, note in named)


@dataclass(frozen=True, slots=True)
class Publicity:
    publicity_id: UUID
    list_id: str
    state: str
    until: str
    working_days: int
    #: submission → (unit, state)
    entries: Mapping[str, tuple[str, str]]


def publicity(message: Any) -> Publicity:
    return Publicity(
        publicity_id=identify(message.publicity_id),
        list_id=message.list_id,
        state=word(publicities_pb2.PublicityState, message.state, "PUBLICITY_STATE_"),
        until=last_day(message.until) if message.HasField("until") else "",
        working_days=message.working_days,
        entries={
            e.submission_id: (e.unit_id, word(publicities_pb2.EntryState, e.state, "ENTRY_STATE_"))
            for e in message.entries
        },
    )


def outcome(message: Any) -> str:
    return word(cases_pb2.CaseOutcome, message.outcome, "CASE_OUTCOME_")


def membership_state(message: Any) -> str:
    return word(standings_pb2.MembershipState, message.state, "MEMBERSHIP_STATE_")


def bar_state(message: Any) -> str:
    return word(standings_pb2.BarState, message.state, "BAR_STATE_")


def obligation_state(message: Any) -> str:
    return word(standings_pb2.ObligationState, message.state, "OBLIGATION_STATE_")


def incident_level(message: Any) -> str:
    return word(standings_pb2.IncidentLevel, message.level, "INCIDENT_LEVEL_")


def all_topics() -> Sequence[str]:
    return (SUBMISSIONS, RANKINGS, CASES, PUBLICITIES, STANDINGS, EDITIONS)
