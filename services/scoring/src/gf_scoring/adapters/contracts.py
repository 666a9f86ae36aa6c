"""Between the contracts' messages and the domain: the only file that knows the generated code."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, cast

from google.protobuf.message import Message

from gf_chassis.clock import SHANGHAI
from gf_chassis.errors import Poison
from gf_scoring.adapters.tables import RankingRunRow
from gf_scoring.domain.engine import (
    ENGINE_VERSION,
    MISSING,
    NOT_APPLICABLE,
    Absent,
    Branch,
    LineState,
    Scorer,
    Value,
)
from gf_scoring.domain.gates import GateResult, GateState, judge, open_ones
from gf_scoring.domain.lines import Facts, FactValue, Product, Products
from gf_scoring.domain.numbers import DIGITS, ONE, PLAIN, POWERS, half_up, plain, whole, whole_of
from gf_scoring.domain.sheets import Assessment, Basis, Outcome, Sheet, Subject, Table
from greenladder.common.v1.common_pb2 import Fact, Presence
from greenladder.intake.v1.campaigns_pb2 import CampaignChanged, CampaignClosed, CampaignState
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from greenladder.intake.v1.units_pb2 import UnitChanged
from greenladder.registry.v1.standings_pb2 import MembershipChanged, MembershipState
from greenladder.review.v1.cases_pb2 import (
    AssessmentRecorded,
    CaseClosed,
    CaseOutcome,
    CaseProgressed,
    CaseState,
    StageState,
)
from greenladder.scoring.v1 import rankings_pb2
from greenladder.scoring.v1 import sheets_pb2 as pb

TOPIC = "scoring.sheets"
SCORED: str = pb.SubmissionScored.DESCRIPTOR.full_name

_GIVEN = Presence.PRESENCE_GIVEN
_NOT_APPLICABLE = Presence.PRESENCE_NOT_APPLICABLE
_LINE_STATES = {
    LineState.SCORED: pb.LINE_STATE_SCORED,
    LineState.AWAITS_MARK: pb.LINE_STATE_AWAITS_MARK,
    LineState.NOT_SCORABLE: pb.LINE_STATE_NOT_SCORABLE,
    LineState.NOT_APPLICABLE: pb.LINE_STATE_NOT_APPLICABLE,
}
_GATES = {
    GateState.MET: pb.GATE_STATE_MET,
    GateState.NOT_MET: pb.GATE_STATE_NOT_MET,
    GateState.NOT_STATED: pb.GATE_STATE_NOT_STATED,
}
_BASES = {Basis.CLAIMED: pb.BASIS_CLAIMED, Basis.ASSESSED: pb.BASIS_ASSESSED}
_OUTCOMES = {Outcome.SCORED: pb.OUTCOME_SCORED, Outcome.NOT_SCORABLE: pb.OUTCOME_NOT_SCORABLE}


# --- in -------------------------------------------------------------------------------------------------------------


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def id_of(text: str, field: str) -> str:
    """An id in its canonical spelling."""
    if not _UUID.fullmatch(text):
        raise Poison(f"{field} is no id: {text[:60]!r}")
    return text


def admitted_from(stored: bytes) -> SubmissionAdmitted:
    """The admitted form as it was kept."""
    return SubmissionAdmitted.FromString(stored)


def bytes_of(message: Message) -> bytes:
    """The admitted form as it is kept: the event itself, which a new revision reads again."""
    return message.SerializeToString(deterministic=True)


def subject_of(message: Message) -> Subject:
    admitted = cast(SubmissionAdmitted, message)
    unit = admitted.unit
    policies = admitted.policies
    return Subject(
        id_of(admitted.submission_id, "submission_id"),
        admitted.round,
        id_of(unit.unit_id, "unit.unit_id"),
        unit.uscc,
        unit.category,
        admitted.kind,
        id_of(admitted.campaign_id, "campaign_id"),
        admitted.year,
        unit.superior_authority,
        unit.key_industry,
        policies[0].id if policies else "",
    )


def _markers(codes: Collection[str]) -> tuple[bytes, ...]:
    """What a form's bytes contain if it states one of these values: what the codes have in common, or each of them."""
    first, last = min(codes, default=""), max(codes, default="")
    alike = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return (first[:alike].encode(),) if alike > 5 else tuple(code.encode() for code in sorted(codes))


def main_industry_of(message: Message) -> str:
    """GB/T 4754 class of the unit's main industry; empty where none is given."""
    industries = cast(SubmissionAdmitted, message).unit.industries
    return industries[0] if industries else ""


def admitted_on(message: Message) -> date:
    """The day of admission in China: which version of a ruleset holds."""
    return cast(SubmissionAdmitted, message).admitted_at.ToDatetime(tzinfo=UTC).astimezone(SHANGHAI).date()


class FactReader:
    """Reads out of an admitted form the values that one table wants, into their slots.

    Forms of one kind come with the same rows in the same order, so the places found in one are tried in the next:
    half of the rows then need not be touched, and reading the message is most of what scoring costs.
    """

    __slots__ = ("_expected", "_gates", "_layout", "_markers", "_nothing", "_pick_gates", "_scorer", "_wanted")

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._nothing = scorer.nothing
        self._gates = scorer.ruleset.gates
        self._markers = _markers(scorer.product_facts)
        #: Where the conditions' rows stood in the form before, and what they say when all are met.
        self._pick_gates: Callable[[Sequence[Fact]], tuple[Fact, ...]] | None = None
        self._expected = [(gate.fact, gate.must_be, _GIVEN) for gate in self._gates]
        self._wanted = {(code, year): (slot, unit) for (code, year, unit), slot in scorer.slots.items()}
        self._layout: _Layout | None = None

    def __call__(self, message: Message) -> list[Value]:
        rows = cast(SubmissionAdmitted, message).facts
        return self._by_layout(rows) or self._by_search(rows)

    def open_gates(self, message: Message) -> tuple[GateResult, ...]:
        """Conditions apart from points that are not met or not stated; mostly there are none."""
        if not self._gates:
            return ()
        rows = cast(SubmissionAdmitted, message).facts
        pick = self._pick_gates
        if pick is not None:
            try:
                if list(map(_flag_of, pick(rows))) == self._expected:
                    return ()
            except IndexError:
                pass
        places = {row.code: place for place, row in enumerate(rows) if not row.product}
        wanted = [places.get(gate.fact) for gate in self._gates]
        if len(wanted) > 1 and None not in wanted:
            self._pick_gates = itemgetter(*cast("list[int]", wanted))
        return open_ones(judge(self._gates, facts_of(message)))

    def products(self, message: Message, stored: bytes) -> Products:
        """What the form says product by product, where some line of the table reads that."""
        for marker in self._markers:
            if marker in stored:
                return products_of(message)
        return ()

    def _by_layout(self, rows: Sequence[Fact]) -> list[Value] | None:
        """The values where every row stands where it stood in the form before; else nothing."""
        layout = self._layout
        if layout is None or len(rows) != layout.rows:
            return None
        picked = layout.pick(rows)
        if tuple(map(_name_of, picked)) != layout.names:
            return None
        texts = list(map(_decimal_of, picked[layout.sets :]))
        if not _all_plain(texts):
            return None
        values: list[Value] = list(self._nothing)
        for slot, text in zip(layout.slots, texts, strict=True):
            front, point, back = text.partition(".")
            values[slot] = int(front + back) * POWERS[len(back)] if point else int(front) * ONE
        for slot, row in zip(layout.set_slots, picked, strict=False):
            if row.presence != _GIVEN:
                return None
            values[slot] = tuple(row.codes.codes)
        return values

    def _by_search(self, rows: Sequence[Fact]) -> list[Value]:
        values: list[Value] = list(self._nothing)
        numbers: dict[int, tuple[int, str]] = {}
        sets: dict[int, int] = {}
        for place, row in enumerate(rows):
            found = self._wanted.get((row.code, row.year))
            # Rows per product (产品) are read apart.
            if found is None or row.product:
                continue
            slot, unit = found
            text = row.decimal
            if text:
                if not PLAIN.fullmatch(text):
                    raise Poison(f"value of {row.code} is no plain decimal")
                if row.unit == unit:
                    numbers[slot] = (place, text)
                    values[slot] = whole(text)
                elif values[slot] is MISSING:
                    values[slot] = self._scorer.converted(text, row.unit, unit)
            else:
                values[slot] = _other(row)
                sets[slot] = place
        given = len(numbers) + len(sets) == len(values) and not any(isinstance(value, Absent) for value in values)
        if given and len(values) > 1:
            places = [*sets.values(), *(place for place, _ in numbers.values())]
            self._layout = _Layout(
                len(rows),
                itemgetter(*places),
                tuple(_name_of(rows[place]) for place in places),
                len(sets),
                tuple(sets),
                tuple(numbers),
            )
        return values


class _Layout(NamedTuple):
    """Where the wanted rows stood and what they said of themselves; the sets come first, then the numbers."""

    rows: int
    pick: Callable[[Sequence[Fact]], tuple[Fact, ...]]
    names: tuple[object, ...]
    sets: int
    set_slots: tuple[int, ...]
    slots: tuple[int, ...]


_name_of = attrgetter("code", "year", "unit", "product")
_decimal_of = attrgetter("decimal")


def _all_plain(texts: Sequence[str]) -> bool:
    together = "\n".join(texts)
    return _PLAIN_ROWS.fullmatch(together) is not None and together.count("\n") == len(texts) - 1


_PLAIN_ROWS = re.compile(rf"{PLAIN.pattern}(?:\n{PLAIN.pattern})*", re.ASCII)


def _other(row: Fact) -> Value:
    """Anything but a number."""
    if row.presence == _NOT_APPLICABLE:
        return NOT_APPLICABLE
    if row.presence != _GIVEN:
        return MISSING
    kind = row.WhichOneof("value")
    if kind == "codes":
        return tuple(row.codes.codes)
    if kind is None or kind == "decimal":
        raise Poison(f"fact {row.code} is given without a value")
    return MISSING


_flag_of = attrgetter("code", "flag", "presence")


def facts_of(message: Message) -> Facts:
    """Every value of the unit itself, as the engine takes them."""
    rows = cast(SubmissionAdmitted, message).facts
    return {(row.code, row.year, row.unit): _said(row) for row in rows if not row.product}


def products_of(message: Message) -> Products:
    """The values product by product (分产品), or member by member, in the order of the form."""
    found: dict[str, dict[tuple[str, int, str], FactValue]] = {}
    for row in cast(SubmissionAdmitted, message).facts:
        if row.product:
            found.setdefault(row.product, {})[row.code, row.year, row.unit] = _said(row)
    return tuple(Product(name, values) for name, values in found.items())


def _said(row: Fact) -> FactValue:
    if row.presence == _NOT_APPLICABLE:
        return NOT_APPLICABLE
    if row.presence != _GIVEN:
        return MISSING
    match row.WhichOneof("value"):
        case "decimal":
            if not PLAIN.fullmatch(row.decimal):
                raise Poison(f"value of {row.code} is no plain decimal")
            return row.decimal
        case "flag":
            return row.flag
        case "codes":
            return tuple(row.codes.codes)
        case "text":
            # Words are no value of a table.
            return MISSING
    raise Poison(f"fact {row.code} is given without a value")


def assessment_of(message: Message) -> tuple[str, int, Assessment]:
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
    return id_of(recorded.submission_id, "submission_id"), recorded.round, assessment


@dataclass(frozen=True, slots=True)
class CaseView:
    submission_id: str
    round: int
    version: int
    state: str
    authorities: tuple[str, ...]


def case_of(message: Message) -> CaseView:
    """Where a case stands, and the authorities its present route leads through."""
    case = cast(CaseProgressed, message)
    return CaseView(
        submission_id=id_of(case.submission_id, "submission_id"),
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
    unit_id: str
    list_id: str
    listed: bool
    effective: str


def membership_of(message: Message) -> MembershipView | None:
    """None for a listing that was refused: it changes nothing about who stands on the list."""
    changed = cast(MembershipChanged, message)
    if changed.state == MembershipState.MEMBERSHIP_STATE_REFUSED:
        return None
    listed = changed.state == MembershipState.MEMBERSHIP_STATE_LISTED
    return MembershipView(id_of(changed.unit_id, "unit_id"), changed.list_id, listed, changed.effective)


@dataclass(frozen=True, slots=True)
class CampaignView:
    id: str
    name: str
    year: int
    state: str
    base: str
    categories: tuple[str, ...]
    #: The authority that runs it (组织单位); empty for a campaign published before this was said.
    owner: str


def campaign_of(message: Message) -> CampaignView:
    changed = cast(CampaignChanged, message)
    return CampaignView(
        id=id_of(changed.campaign_id, "campaign_id"),
        name=changed.name,
        year=changed.year,
        state=_CAMPAIGN_STATES[changed.state],
        base=changed.policies[0].id if changed.policies else "",
        categories=tuple(changed.categories),
        owner=changed.owner,
    )


_CAMPAIGN_STATES = {
    CampaignState.CAMPAIGN_STATE_ANNOUNCED: "announced",
    CampaignState.CAMPAIGN_STATE_OPEN: "open",
    CampaignState.CAMPAIGN_STATE_CLOSED: "closed",
}


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """How many rounds were admitted by kind and authority, and the digest over them (受理总数)."""

    campaign_id: str
    totals: tuple[tuple[str, str, int, str], ...]


def totals_of(message: Message) -> ControlTotals:
    closed = cast(CampaignClosed, message)
    return ControlTotals(
        id_of(closed.campaign_id, "campaign_id"),
        tuple((total.kind, total.authority, total.admitted, total.digest) for total in closed.totals),
    )


def case_end_of(message: Message) -> tuple[str, int, str]:
    """Submission, round and outcome of a case that is over."""
    closed = cast(CaseClosed, message)
    if closed.outcome not in _CASE_OUTCOMES:
        raise Poison(f"unknown outcome {closed.outcome}")
    return id_of(closed.submission_id, "submission_id"), closed.round, _CASE_OUTCOMES[closed.outcome]


_CASE_OUTCOMES = {
    CaseOutcome.CASE_OUTCOME_APPROVED: "approved",
    CaseOutcome.CASE_OUTCOME_REFUSED: "refused",
    CaseOutcome.CASE_OUTCOME_CANCELLED: "cancelled",
    CaseOutcome.CASE_OUTCOME_DROPPED: "dropped",
}


@dataclass(frozen=True, slots=True)
class UnitView:
    unit_id: str
    profile_version: int
    name: str
    uscc: str
    category: str
    superior: str
    key_industry: str


def unit_of(message: Message) -> UnitView:
    unit = cast(UnitChanged, message).unit
    return UnitView(
        id_of(unit.unit_id, "unit.unit_id"),
        unit.profile_version,
        unit.name,
        unit.uscc,
        unit.category,
        unit.superior_authority,
        unit.key_industry,
    )


# --- out ------------------------------------------------------------------------------------------------------------


class _Frame:
    """What every sheet of one table says alike, serialised once.

    Protobuf's wire format is a concatenation of fields and a reader merges them, so a line is these bytes followed by
    the few that differ. Setting the 160 fields of a sheet one by one would cost more than scoring it.
    """

    __slots__ = ("head", "lines", "scale")

    def __init__(self, table: Table) -> None:
        scorer = table.scorer
        self.scale = scorer.ruleset.scale
        self.head: bytes = pb.SubmissionScored(
            ruleset_id=scorer.ruleset.id,
            ruleset_version=scorer.ruleset.version,
            ruleset_hash=scorer.ruleset.hash,
            benchmark_set_id=table.benchmark_set_id or "",
            benchmark_hash=table.benchmark_hash,
            engine_version=ENGINE_VERSION,
        ).SerializeToString()
        #: By line and branch.
        self.lines: tuple[tuple[bytes, ...], ...] = tuple(
            tuple(_line_frame(scorer, place, branch) for branch in Branch) for place in range(len(scorer.indicators))
        )


def _line_frame(scorer: Scorer, place: int, branch: Branch) -> bytes:
    indicator, level = scorer.indicators[place], scorer.levels[place]
    line = pb.Line(
        indicator=indicator.code,
        state=_LINE_STATES[branch.state],
        weight=f"{indicator.weight:f}",
        unit=indicator.unit,
        branch=branch.code,
        reason=branch.words,
        dimension=indicator.dimension,
        name=indicator.name,
    )
    if branch.points is not None:
        scale = scorer.ruleset.scale
        line.points = plain(half_up(branch.points * whole_of(indicator.weight) * 10**scale, ONE), scale)
    if level is not None and branch is not Branch.PRODUCTS:
        line.lead, line.baseline = plain(level[0], DIGITS), plain(level[1], DIGITS)
    return line.SerializeToString()


def _tag(field: str, message: type[pb.Line] | type[pb.SubmissionScored]) -> bytes:
    """Key of a length-delimited field; all of ours have numbers below 16 and fit in one byte."""
    return bytes([message.DESCRIPTOR.fields_by_name[field].number << 3 | 2])


def _length(size: int) -> bytes:
    return bytes((size,)) if size < 128 else bytes((size & 127 | 128,)) + _length(size >> 7)


_LENGTHS = tuple(_length(size) for size in range(2048))
_LINES = tuple(_tag("lines", pb.SubmissionScored) + length for length in _LENGTHS)
_POINTS = tuple(_tag("points", pb.Line) + length for length in _LENGTHS[:100])
_VALUE = tuple(_tag("value", pb.Line) + length for length in _LENGTHS[:100])


def _plain_bytes(number: int, scale: int) -> bytes:
    if scale != DIGITS or number < 0:
        return plain(number, scale).encode()
    text = b"%d" % number
    if len(text) > DIGITS:
        back = text[-DIGITS:].rstrip(b"0")
        return text[:-DIGITS] + b"." + back if back else text[:-DIGITS]
    return b"0." + text.zfill(DIGITS).rstrip(b"0") if number else b"0"


class Publisher:
    """Makes the event of a sheet. Keeps the frame of each table it has met."""

    def __init__(self) -> None:
        self._frames: dict[int, tuple[Table, _Frame]] = {}

    def payload(self, sheet: Sheet) -> bytes:
        """SubmissionScored as bytes."""
        score, table = sheet.score, sheet.table
        head = pb.SubmissionScored(
            submission_id=sheet.subject.submission_id,
            round=sheet.subject.round,
            revision=sheet.revision,
            basis=_BASES[sheet.basis],
            outcome=_OUTCOMES[sheet.outcome],
            total=sheet.total,
            reasons=sheet.reasons,
            input_hash=sheet.input_hash,
        ).SerializeToString()
        if sheet.open_gates or sheet.findings or sheet.band:
            # Messages that follow each other are merged by their reader.
            head += pb.SubmissionScored(
                band=sheet.band or None, open_gates=_gates_out(sheet), findings=_findings_out(sheet)
            ).SerializeToString()
        if score is None or table is None:
            return head + pb.SubmissionScored(engine_version=ENGINE_VERSION).SerializeToString()
        frame = self._frame(table)
        scale = frame.scale
        parts = [head, frame.head]
        for (branch, points, value), frames in zip(score.lines, frame.lines, strict=True):
            body = frames[branch.place]
            if points is not None and branch.points is None:
                text = _plain_bytes(points, scale)
                body += _POINTS[len(text)] + text
            if value is not None:
                text = _plain_bytes(value, DIGITS)
                body += _VALUE[len(text)] + text
            parts.append(_LINES[len(body)])
            parts.append(body)
        return b"".join(parts)

    def _frame(self, table: Table) -> _Frame:
        known = self._frames.get(id(table))
        if known is None or known[0] is not table:
            if len(self._frames) > 200:
                self._frames.clear()
            known = self._frames[id(table)] = (table, _Frame(table))
        return known[1]


def _gates_out(sheet: Sheet) -> list[pb.Gate]:
    return [pb.Gate(code=gate.code, name=gate.name, state=_GATES[gate.state]) for gate in sheet.open_gates]


def _findings_out(sheet: Sheet) -> list[pb.SheetFinding]:
    return [pb.SheetFinding(code=one.code, fact=one.fact, message=one.message) for one in sheet.findings]


# --- a stored sheet -------------------------------------------------------------------------------------------------


def scored_from(stored: bytes) -> pb.SubmissionScored:
    """The event as it was published."""
    return pb.SubmissionScored.FromString(stored)


def band_of(stored: bytes) -> str:
    """Code of the band (星级, 等级) that a stored sheet earned; empty for none."""
    return scored_from(stored).band


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
    for row in admitted_from(stored).facts:
        kind = row.WhichOneof("value")
        value = None if kind is None else list(row.codes.codes) if kind == "codes" else getattr(row, kind)
        year = row.year if row.HasField("year") else None
        facts.append(StoredFact(row.code, row.product, year, row.unit, _PRESENCES[row.presence], value))
    return facts


_PRESENCES = {
    Presence.PRESENCE_GIVEN: "given",
    Presence.PRESENCE_MISSING: "missing",
    Presence.PRESENCE_NOT_APPLICABLE: "not_applicable",
}


# --- rankings -------------------------------------------------------------------------------------------------------

RANKINGS = "scoring.rankings"


def unit_ranked(run: RankingRunRow, place: Mapping[str, Any]) -> rankings_pb2.UnitRanked:
    """One unit's place, as it is sent."""
    message = rankings_pb2.UnitRanked(
        run_id=str(run.id),
        unit_id=str(place["unit_id"]),
        year=run.year,
        points=f"{place['points']:f}",
        place=place["place"],
        band=place["grade"],
        bottom=place["bottom"],
        streak=place["streak"],
        warned=place["warned"],
        removal_due=place["due"],
        list_id=run.list_id,
        category=run.category,
    )
    if place["industry_place"] is not None:
        message.industry_place = place["industry_place"]
        message.industry_count = place["industry_count"]
    return message


def ranking_closed(run: RankingRunRow, supersedes: str | None) -> rankings_pb2.RankingClosed:
    """The whole run: what a consumer compares its places with."""
    message = rankings_pb2.RankingClosed(
        run_id=str(run.id),
        year=run.year,
        count=run.count,
        digest=run.digest,
        averages=[
            rankings_pb2.Average(
                authority=one["authority"], category=run.category, points=one["points"], count=one["count"]
            )
            for one in run.averages
            if one["points"] is not None
        ],
        list_id=run.list_id,
        category=run.category,
        rules_id=run.rules["header"]["id"],
        rules_hash=run.rules_hash,
        supersedes=supersedes,
    )
    if run.population_at is not None:
        message.population_at.FromDatetime(run.population_at)
    return message
