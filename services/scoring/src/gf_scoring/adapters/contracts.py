"""Between the contracts' messages and the domain: the only file that knows the generated code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import cast
from uuid import UUID

from google.protobuf.message import Message

from gf_chassis.errors import Poison
from gf_chassis.journal import Published
from gf_scoring.domain.engine import (
    ENGINE_VERSION,
    MISSING,
    NOT_APPLICABLE,
    Branch,
    FactKey,
    Facts,
    FactValue,
    LineState,
    Scorer,
)
from gf_scoring.domain.numbers import DIGITS, PLAIN, plain
from gf_scoring.domain.sheets import Assessment, Basis, Outcome, Sheet, Subject, Table
from greenladder.common.v1.common_pb2 import Fact, Presence
from greenladder.intake.v1.campaigns_pb2 import CampaignChanged, CampaignState
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from greenladder.registry.v1.standings_pb2 import MembershipChanged, MembershipState
from greenladder.review.v1.cases_pb2 import AssessmentRecorded, CaseProgressed, CaseState, StageState
from greenladder.scoring.v1 import sheets_pb2 as pb

TOPIC = "scoring.sheets"

_GIVEN = Presence.PRESENCE_GIVEN
_NOT_APPLICABLE = Presence.PRESENCE_NOT_APPLICABLE
_LINE_STATES = {
    LineState.SCORED: pb.LINE_STATE_SCORED,
    LineState.AWAITS_MARK: pb.LINE_STATE_AWAITS_MARK,
    LineState.NOT_SCORABLE: pb.LINE_STATE_NOT_SCORABLE,
    LineState.NOT_APPLICABLE: pb.LINE_STATE_NOT_APPLICABLE,
}
_BASES = {Basis.CLAIMED: pb.BASIS_CLAIMED, Basis.ASSESSED: pb.BASIS_ASSESSED}
_OUTCOMES = {Outcome.SCORED: pb.OUTCOME_SCORED, Outcome.NOT_SCORABLE: pb.OUTCOME_NOT_SCORABLE}


# --- in -------------------------------------------------------------------------------------------------------------


def uuid_of(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Poison(f"{field} is no id: {text!r}") from None


def subject_of(message: Message) -> Subject:
    admitted = cast(SubmissionAdmitted, message)
    unit = admitted.unit
    return Subject(
        submission_id=uuid_of(admitted.submission_id, "submission_id"),
        round=admitted.round,
        unit_id=uuid_of(unit.unit_id, "unit.unit_id"),
        uscc=unit.uscc,
        category=unit.category,
        kind=admitted.kind,
        campaign_id=uuid_of(admitted.campaign_id, "campaign_id"),
        year=admitted.year,
        superior=unit.superior_authority,
        key_industry=unit.key_industry,
        base=admitted.policies[0].id if admitted.policies else "",
    )


def rows_of(message: Message) -> Sequence[Fact]:
    """The facts of an admitted form, as they came."""
    rows: Sequence[Fact] = cast(SubmissionAdmitted, message).facts
    return rows


def facts_of(rows: Iterable[Fact]) -> Facts:
    """The unit's own values by code, year and unit. Rows per product (产品) are not read by any table yet."""
    facts: dict[FactKey, FactValue] = {}
    for row in rows:
        if row.product:
            continue
        key = (row.code, row.year, row.unit)
        if row.presence == _GIVEN:
            decimal = row.decimal
            facts[key] = _decimal(decimal, row.code) if decimal else _other(row)
        else:
            facts[key] = NOT_APPLICABLE if row.presence == _NOT_APPLICABLE else MISSING
    return facts


def _decimal(value: str, code: str) -> str:
    if not PLAIN.fullmatch(value):
        raise Poison(f"value of {code} is no plain decimal")
    return value


def _other(row: Fact) -> FactValue:
    match row.WhichOneof("value"):
        case "flag":
            return bool(row.flag)
        case "codes":
            return tuple(row.codes.codes)
        case "text":
            return str(row.text)
        case _:
            raise Poison(f"fact {row.code} is given without a value")


def facts_bytes(rows: Iterable[Fact]) -> bytes:
    """The facts alone, as bytes of the contract: kept with the sheet, hashed, and read again for a new revision."""
    message = SubmissionAdmitted()
    message.facts.extend(rows)
    return bytes(message.SerializeToString(deterministic=True))


def facts_from(stored: bytes) -> Sequence[Fact]:
    rows: Sequence[Fact] = SubmissionAdmitted.FromString(stored).facts
    return rows


def assessment_of(message: Message) -> tuple[UUID, int, Assessment]:
    """Submission, round and the marks now in force."""
    recorded = cast(AssessmentRecorded, message)
    for mark in recorded.marks:
        if not PLAIN.fullmatch(mark.points):
            raise Poison(f"mark of {mark.indicator} is no plain decimal")
    assessment = Assessment(
        marks={mark.indicator: mark.points for mark in recorded.marks},
        industry_ruling=recorded.industry_ruling,
        person=recorded.person,
        reason=recorded.reason,
        recorded_at=recorded.recorded_at.ToDatetime(tzinfo=UTC),
    )
    return uuid_of(recorded.submission_id, "submission_id"), recorded.round, assessment


@dataclass(frozen=True, slots=True)
class CaseView:
    submission_id: UUID
    round: int
    version: int
    state: str
    authorities: tuple[str, ...]


def case_of(message: Message) -> CaseView:
    """Where a case stands, and the authorities its present route leads through."""
    case = cast(CaseProgressed, message)
    return CaseView(
        submission_id=uuid_of(case.submission_id, "submission_id"),
        round=case.round,
        version=case.case_version,
        state=_CASE_STATES[case.state],
        authorities=tuple(
            stage.authority
            for stage in case.stages
            if stage.authority and stage.state != StageState.STAGE_STATE_NOT_APPLICABLE
        ),
    )


_CASE_STATES = {
    CaseState.CASE_STATE_OPEN: "open",
    CaseState.CASE_STATE_WITHDRAWN: "withdrawn",
    CaseState.CASE_STATE_RETURNED: "returned",
    CaseState.CASE_STATE_CLOSED: "closed",
}


@dataclass(frozen=True, slots=True)
class MembershipView:
    unit_id: UUID
    list_id: str
    listed: bool
    effective: str


def membership_of(message: Message) -> MembershipView | None:
    """None for a listing that was refused: it changes nothing about who stands on the list."""
    changed = cast(MembershipChanged, message)
    if changed.state == MembershipState.MEMBERSHIP_STATE_REFUSED:
        return None
    listed = changed.state == MembershipState.MEMBERSHIP_STATE_LISTED
    return MembershipView(uuid_of(changed.unit_id, "unit_id"), changed.list_id, listed, changed.effective)


@dataclass(frozen=True, slots=True)
class CampaignView:
    id: UUID
    name: str
    year: int
    state: str
    base: str
    categories: tuple[str, ...]


def campaign_of(message: Message) -> CampaignView:
    changed = cast(CampaignChanged, message)
    return CampaignView(
        id=uuid_of(changed.campaign_id, "campaign_id"),
        name=changed.name,
        year=changed.year,
        state=_CAMPAIGN_STATES[changed.state],
        base=changed.policies[0].id if changed.policies else "",
        categories=tuple(changed.categories),
    )


_CAMPAIGN_STATES = {
    CampaignState.CAMPAIGN_STATE_ANNOUNCED: "announced",
    CampaignState.CAMPAIGN_STATE_OPEN: "open",
    CampaignState.CAMPAIGN_STATE_CLOSED: "closed",
}


# --- out ------------------------------------------------------------------------------------------------------------


class _Frame:
    """What every sheet of one table says alike, serialised once.

    Protobuf's wire format is a concatenation of fields and a reader merges them, so a line is these bytes followed by
    the few that differ. Setting the 160 fields of a sheet one by one would cost more than scoring it.
    """

    __slots__ = ("head", "lines")

    def __init__(self, table: Table) -> None:
        scorer = table.scorer
        self.head: bytes = pb.SubmissionScored(
            ruleset_id=scorer.ruleset.id,
            ruleset_version=scorer.ruleset.version,
            ruleset_hash=scorer.ruleset.hash,
            benchmark_set_id=str(table.benchmark_set_id or ""),
            benchmark_hash=table.benchmark_hash,
            engine_version=ENGINE_VERSION,
        ).SerializeToString()
        self.lines: tuple[bytes, ...] = tuple(_line_frame(scorer, place) for place in range(len(scorer.indicators)))


def _line_frame(scorer: Scorer, place: int) -> bytes:
    indicator, level = scorer.indicators[place], scorer.levels[place]
    line = pb.Line(
        indicator=indicator.code,
        weight=f"{indicator.weight:f}",
        unit=indicator.unit,
        dimension=indicator.dimension,
        name=indicator.name,
    )
    if level is not None:
        line.lead, line.baseline = plain(level[0], DIGITS), plain(level[1], DIGITS)
    return bytes(line.SerializeToString())


_BRANCHES: Mapping[Branch, bytes] = {
    branch: pb.Line(state=_LINE_STATES[branch.state], branch=branch.code, reason=branch.words).SerializeToString()
    for branch in Branch
}


def _tag(field: str, message: type[pb.Line] | type[pb.SubmissionScored]) -> bytes:
    """Key of a length-delimited field; all of ours have numbers below 16 and fit in one byte."""
    return bytes([message.DESCRIPTOR.fields_by_name[field].number << 3 | 2])


_POINTS, _VALUE = _tag("points", pb.Line), _tag("value", pb.Line)
_LINES = _tag("lines", pb.SubmissionScored)


def _length(size: int) -> bytes:
    if size < 128:
        return bytes((size,))
    return bytes((size & 127 | 128,)) + _length(size >> 7)


class Publisher:
    """Makes the event of a sheet. Keeps the frame of each table it has met."""

    def __init__(self) -> None:
        self._frames: dict[int, tuple[Table, _Frame]] = {}

    @staticmethod
    def event(sheet: Sheet, payload: bytes) -> Published:
        key = str(sheet.subject.submission_id)
        return Published(TOPIC, key, sheet.number, pb.SubmissionScored.FromString(payload))

    def payload(self, sheet: Sheet) -> bytes:
        """SubmissionScored as bytes."""
        score, table = sheet.score, sheet.table
        scale = DIGITS if table is None else table.scorer.ruleset.scale
        head = pb.SubmissionScored(
            submission_id=str(sheet.subject.submission_id),
            round=sheet.subject.round,
            revision=sheet.revision,
            basis=_BASES[sheet.basis],
            outcome=_OUTCOMES[sheet.outcome],
            total=None if score is None or score.total is None else plain(score.total, scale),
            reasons=sheet.reasons,
            input_hash=sheet.input_hash,
        ).SerializeToString()
        if score is None or table is None:
            return bytes(head + pb.SubmissionScored(engine_version=ENGINE_VERSION).SerializeToString())
        frame = self._frame(table)
        parts = [head, frame.head]
        for line, fixed in zip(score.lines, frame.lines, strict=True):
            body = fixed + _BRANCHES[line.branch]
            if line.points is not None:
                text = plain(line.points, scale).encode()
                body += _POINTS + _length(len(text)) + text
            if line.value is not None:
                text = plain(line.value, DIGITS).encode()
                body += _VALUE + _length(len(text)) + text
            parts += (_LINES, _length(len(body)), body)
        return b"".join(parts)

    def _frame(self, table: Table) -> _Frame:
        known = self._frames.get(id(table))
        if known is None or known[0] is not table:
            if len(self._frames) > 200:
                self._frames.clear()
            known = self._frames[id(table)] = (table, _Frame(table))
        return known[1]


# --- a stored sheet -------------------------------------------------------------------------------------------------


def scored_from(stored: bytes) -> pb.SubmissionScored:
    """The event as it was published."""
    return pb.SubmissionScored.FromString(stored)


def rests_on(stored: bytes) -> tuple[str, ...]:
    """What a stored sheet was made from, as hashes."""
    sheet = pb.SubmissionScored.FromString(stored)
    return (sheet.ruleset_id, sheet.ruleset_hash, sheet.benchmark_hash, sheet.input_hash, sheet.engine_version)


def rests_on_now(sheet: Sheet) -> tuple[str, ...]:
    """The same of a sheet just drawn up."""
    if sheet.table is None:
        return ("", "", "", sheet.input_hash, ENGINE_VERSION)
    ruleset = sheet.table.scorer.ruleset
    return (ruleset.id, ruleset.hash, sheet.table.benchmark_hash, sheet.input_hash, ENGINE_VERSION)


LINE_STATE_WORDS = {number: state.value for state, number in _LINE_STATES.items()}


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A value as it was admitted, for show."""

    code: str
    product: str
    year: int | None
    unit: str
    presence: str
    value: str | bool | list[str] | None


def stored_facts(stored: bytes) -> list[StoredFact]:
    facts: list[StoredFact] = []
    for row in facts_from(stored):
        value: str | bool | list[str] | None = None
        if row.presence == _GIVEN:
            given = row.decimal or _other(row)
            value = list(given) if isinstance(given, tuple) else given  # type: ignore[assignment]
        year = row.year if row.HasField("year") else None
        facts.append(StoredFact(row.code, row.product, year, row.unit, _PRESENCES[row.presence], value))
    return facts


_PRESENCES = {
    Presence.PRESENCE_GIVEN: "given",
    Presence.PRESENCE_MISSING: "missing",
    Presence.PRESENCE_NOT_APPLICABLE: "not_applicable",
}
