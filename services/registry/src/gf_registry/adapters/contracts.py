"""The registry's words <-> protobuf. The only file that knows generated code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from gf_chassis.errors import Poison
from gf_chassis.journal import Published
from gf_registry.domain.bars import Bar
from gf_registry.domain.editions import Edition
from gf_registry.domain.errors import DomainError
from gf_registry.domain.listings import Listing
from gf_registry.domain.lists import GreenList, ListId
from gf_registry.domain.memberships import Membership
from gf_registry.domain.obligations import Obligation
from gf_registry.domain.standings import Standing
from greenladder.common.v1 import common_pb2
from greenladder.intake.v1 import submissions_pb2, units_pb2
from greenladder.registry.v1 import editions_pb2, standings_pb2
from greenladder.review.v1 import cases_pb2, publicities_pb2
from greenladder.scoring.v1 import rankings_pb2

STANDINGS = "registry.standings"
EDITIONS = "registry.editions"
UNITS = "intake.units"
SUBMISSIONS = "intake.submissions"
CASES = "review.cases"
PUBLICITIES = "review.publicities"
RANKINGS = "scoring.rankings"

UnitChanged = units_pb2.UnitChanged
SubmissionAdmitted = submissions_pb2.SubmissionAdmitted
ListingDecided = cases_pb2.ListingDecided
CaseClosed = cases_pb2.CaseClosed
PublicityChanged = publicities_pb2.PublicityChanged
UnitRanked = rankings_pb2.UnitRanked
RankingClosed = rankings_pb2.RankingClosed

# --- out ------------------------------------------------------------------------------------------------------------


def membership_changed(standing: Standing, m: Membership, *, draft: UUID | None = None) -> Published:
    """The next event of the unit's standing; called under the lock of its row."""
    effective = m.ended if m.state.value == "removed" else m.effective
    message = standings_pb2.MembershipChanged(
        unit_id=str(standing.unit_id),
        membership_id=str(m.id),
        list_id=str(m.list_id),
        state=f"MEMBERSHIP_STATE_{m.state.name}",
        ground=m.ground,
        effective=effective.isoformat() if effective else "",
        name_as_listed=m.entry.name,
        category=m.list_id.category,
    )
    edition = m.edition_id or draft
    if edition:
        message.edition_id = str(edition)
    if m.submission_id:
        message.submission_id = str(m.submission_id)
    if m.year is not None:
        message.year = m.year
    return Published(STANDINGS, str(standing.unit_id), standing.next_event(), message)


def bar_changed(standing: Standing, b: Bar) -> Published:
    message = standings_pb2.BarChanged(
        unit_id=str(standing.unit_id),
        bar_id=str(b.id),
        state=f"BAR_STATE_{b.state.name}",
        ground=b.ground,
        article=b.article,
        reason=b.reason,
        source=f"{b.source} {b.source_date.isoformat()}".strip(),
        **{"from": b.from_.isoformat()},
    )
    if b.until:
        message.until = b.until.isoformat()
    return Published(STANDINGS, str(standing.unit_id), standing.next_event(), message)


def obligation_changed(standing: Standing, o: Obligation) -> Published:
    message = standings_pb2.ObligationChanged(
        unit_id=str(standing.unit_id),
        obligation_id=str(o.id),
        year=o.year,
        kind=o.kind,
        due=o.due.isoformat(),
        state=f"OBLIGATION_STATE_{o.state.name}",
    )
    return Published(STANDINGS, str(standing.unit_id), standing.next_event(), message)


def edition_published(green: GreenList, e: Edition) -> Published:
    if e.counts is None or e.effective is None or e.published_at is None or e.number is None:
        raise ValueError("an edition is announced after it was published")
    at = Timestamp()
    at.FromDatetime(e.published_at)
    message = editions_pb2.EditionPublished(
        list_id=str(e.list_id),
        edition_id=str(e.id),
        year=e.year,
        number=e.number,
        effective=e.effective.isoformat(),
        listed=e.counts.listed,
        added=e.counts.added,
        removed=e.counts.removed,
        renamed=e.counts.renamed,
        digest=e.digest,
        published_at=at,
        document=e.document,
    )
    return Published(EDITIONS, str(e.list_id), green.next_event(), message)


# --- in -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's profile as another service described it."""

    unit_id: UUID
    profile_version: int
    category: str
    uscc: str | None
    name: str
    industries: list[str]
    region: str
    superior: str
    group: str | None
    state: str = "active"


@dataclass(frozen=True, slots=True)
class Submission:
    submission_id: UUID
    round: int
    unit: Unit
    campaign_id: str
    kind: str
    year: int
    policies: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class PublicityEntry:
    submission_id: UUID
    unit_id: UUID
    entry: str


@dataclass(frozen=True, slots=True)
class PublicityState:
    publicity_id: UUID
    state: str
    entries: list[PublicityEntry]


@dataclass(frozen=True, slots=True)
class Closed:
    submission_id: UUID
    round: int
    unit_id: UUID
    outcome: str
    ground: str
    article: str
    reason: str


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """A unit's place in a ranking (名次). Points as sent: an exact decimal as text."""

    run_id: UUID
    unit_id: UUID
    points: str
    place: int
    band: str
    bottom: bool
    streak: int
    warned: bool
    removal_due: bool
    industry_place: int | None
    industry_count: int | None


@dataclass(frozen=True, slots=True)
class ClosedRanking:
    """A ranking whose places have all been told."""

    run_id: UUID
    list_id: ListId
    year: int
    count: int
    digest: str
    population_at: datetime
    rules_id: str
    supersedes: UUID | None


def unit(message: Any) -> Unit:
    state = _word(units_pb2.UnitState, message.state, "UNIT_STATE_")
    return _snapshot(message.unit, state)


def _snapshot(s: common_pb2.UnitSnapshot, state: str = "active") -> Unit:
    return Unit(
        unit_id=_id(s.unit_id), profile_version=s.profile_version, category=s.category,
        uscc=s.uscc if s.HasField("uscc") else None, name=s.name, industries=list(s.industries), region=s.region,
        superior=s.superior_authority, group=s.group_authority if s.HasField("group_authority") else None,
        state=state,
    )  # fmt: skip


def submission(message: Any) -> Submission:
    return Submission(
        submission_id=_id(message.submission_id), round=message.round, unit=_snapshot(message.unit),
        campaign_id=message.campaign_id, kind=message.kind, year=message.year,
        policies=[{"id": p.id, "version": p.version, "hash": p.hash} for p in message.policies],
    )  # fmt: skip


def listing(message: Any) -> Listing:
    verdict = _word(cases_pb2.ListingVerdict, message.verdict, "LISTING_VERDICT_")
    try:
        list_id = ListId.parse(message.list_id)
    except DomainError as error:
        raise Poison(f"list_id {message.list_id!r}") from error
    return Listing(
        submission_id=_id(message.submission_id), round=message.round, list_id=list_id,
        unit_id=_id(message.unit_id), wanted=verdict == "list",
        publicity_id=_id(message.publicity_id) if message.HasField("publicity_id") else None, year=message.year,
    )  # fmt: skip


def publicity(message: Any) -> PublicityState:
    return PublicityState(
        publicity_id=_id(message.publicity_id),
        state=_word(publicities_pb2.PublicityState, message.state, "PUBLICITY_STATE_"),
        entries=[
            PublicityEntry(
                _id(e.submission_id), _id(e.unit_id), _word(publicities_pb2.EntryState, e.state, "ENTRY_STATE_")
            )
            for e in message.entries
        ],
    )


def case_closed(message: Any) -> Closed:
    return Closed(
        submission_id=_id(message.submission_id), round=message.round, unit_id=_id(message.unit_id),
        outcome=_word(cases_pb2.CaseOutcome, message.outcome, "CASE_OUTCOME_"), ground=message.ground,
        article=message.article, reason=message.reason,
    )  # fmt: skip


def unit_ranked(message: Any) -> RankedUnit:
    """One place; Poison for what a place cannot be."""
    if message.place < 1 or message.streak < 0:
        raise Poison(f"place {message.place}, streak {message.streak}")
    return RankedUnit(
        run_id=_id(message.run_id), unit_id=_id(message.unit_id), points=message.points, place=message.place,
        band=message.band, bottom=message.bottom, streak=message.streak, warned=message.warned,
        removal_due=message.removal_due,
        industry_place=message.industry_place if message.HasField("industry_place") else None,
        industry_count=message.industry_count if message.HasField("industry_count") else None,
    )  # fmt: skip


def ranking_closed(message: Any, number: int) -> ClosedRanking:
    """The end of a run; ``number`` is the event's, one more than there are places, or something was never told."""
    if number != message.count + 1:
        raise Poison(f"{message.count} places stated, {number - 1} told")
    if not message.HasField("population_at"):
        raise Poison("no population date")
    try:
        list_id = ListId.parse(message.list_id)
    except DomainError as error:
        raise Poison(f"list_id {message.list_id!r}") from error
    return ClosedRanking(
        run_id=_id(message.run_id), list_id=list_id, year=message.year, count=message.count, digest=message.digest,
        population_at=message.population_at.ToDatetime(tzinfo=UTC), rules_id=message.rules_id,
        supersedes=_id(message.supersedes) if message.HasField("supersedes") else None,
    )  # fmt: skip


def _word(enum: Any, value: int, prefix: str) -> str:
    """The stored word of an enum value; one this version does not know is held, not guessed."""
    try:
        name: str = enum.Name(value)
    except ValueError as error:
        raise Poison(f"unknown {enum.DESCRIPTOR.full_name} {value}") from error
    if value == 0:
        raise Poison(f"{enum.DESCRIPTOR.full_name} is UNSPECIFIED")
    return name.removeprefix(prefix).lower()


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Poison(f"{text!r} is no id") from error


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Poison(f"{text!r} is no date") from error
