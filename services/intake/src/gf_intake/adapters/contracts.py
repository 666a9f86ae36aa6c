"""Domain event <-> protobuf: the only file of intake that knows generated code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from gf_chassis.journal import Published
from gf_intake.domain.campaigns import Campaign, CampaignState, Window
from gf_intake.domain.submissions import DropReason, Submission
from gf_intake.domain.units import Profile, Unit, UnitState
from gf_intake.domain.visibility import StageSeen
from gf_policy.model import FactRow, PolicyRefData
from greenladder.common.v1 import common_pb2 as common
from greenladder.intake.v1 import campaigns_pb2, submissions_pb2, units_pb2
from greenladder.registry.v1 import agencies_pb2, editions_pb2, standings_pb2
from greenladder.review.v1 import cases_pb2

UNITS = "intake.units"
CAMPAIGNS = "intake.campaigns"
SUBMISSIONS = "intake.submissions"
CASES = "review.cases"
STANDINGS = "registry.standings"
AGENCIES = "registry.agencies"
EDITIONS = "registry.editions"

#: The type of the event that an admission publishes.
ADMITTED: Final = submissions_pb2.SubmissionAdmitted.DESCRIPTOR.full_name
CaseProgressed = cases_pb2.CaseProgressed
CaseReturned = cases_pb2.CaseReturned
WithdrawalAnswered = cases_pb2.WithdrawalAnswered
CaseClosed = cases_pb2.CaseClosed
MembershipChanged = standings_pb2.MembershipChanged
BarChanged = standings_pb2.BarChanged
AgencyChanged = agencies_pb2.AgencyChanged
EditionPublished = editions_pb2.EditionPublished

_PRESENCE = {
    "given": common.PRESENCE_GIVEN,
    "missing": common.PRESENCE_MISSING,
    "not_applicable": common.PRESENCE_NOT_APPLICABLE,
}
_UNIT_STATE = {
    UnitState.ACTIVE: units_pb2.UNIT_STATE_ACTIVE,
    UnitState.MERGED: units_pb2.UNIT_STATE_MERGED,
    UnitState.CLOSED: units_pb2.UNIT_STATE_CLOSED,
}
_CAMPAIGN_STATE = {
    CampaignState.ANNOUNCED: campaigns_pb2.CAMPAIGN_STATE_ANNOUNCED,
    CampaignState.OPEN: campaigns_pb2.CAMPAIGN_STATE_OPEN,
    CampaignState.CLOSED: campaigns_pb2.CAMPAIGN_STATE_CLOSED,
}
_DROP_REASON = {
    DropReason.GIVEN_UP: submissions_pb2.DROP_REASON_GIVEN_UP,
    DropReason.TERM_OVER: submissions_pb2.DROP_REASON_TERM_OVER,
}
STAGE_STATE = {
    cases_pb2.STAGE_STATE_NOT_APPLICABLE: "not_applicable",
    cases_pb2.STAGE_STATE_NOT_STARTED: "not_started",
    cases_pb2.STAGE_STATE_IN_REVIEW: "in_review",
    cases_pb2.STAGE_STATE_PASSED: "passed",
    cases_pb2.STAGE_STATE_RETURNED: "returned",
    cases_pb2.STAGE_STATE_REFUSED: "refused",
}
CASE_STATE = {
    cases_pb2.CASE_STATE_OPEN: "open",
    cases_pb2.CASE_STATE_WITHDRAWN: "withdrawn",
    cases_pb2.CASE_STATE_RETURNED: "returned",
    cases_pb2.CASE_STATE_CLOSED: "closed",
}
CASE_OUTCOME = {
    cases_pb2.CASE_OUTCOME_APPROVED: "approved",
    cases_pb2.CASE_OUTCOME_REFUSED: "refused",
    cases_pb2.CASE_OUTCOME_CANCELLED: "cancelled",
    cases_pb2.CASE_OUTCOME_DROPPED: "dropped",
}
MEMBERSHIP_STATE = {
    standings_pb2.MEMBERSHIP_STATE_LISTED: "listed",
    standings_pb2.MEMBERSHIP_STATE_REMOVED: "removed",
    standings_pb2.MEMBERSHIP_STATE_REFUSED: "refused",
}
BAR_STATE = {
    standings_pb2.BAR_STATE_IN_FORCE: "in_force",
    standings_pb2.BAR_STATE_EXPIRED: "expired",
    standings_pb2.BAR_STATE_LIFTED: "lifted",
}


@dataclass(frozen=True, slots=True)
class WarningNoted:
    """A warning of the checks with the applicant's note."""

    check: str
    pointer: str
    message: str
    note: str


@dataclass(frozen=True, slots=True)
class EvidenceRef:
    """Evidence in a slot; the bytes stay with intake."""

    id: str
    slot: str
    sha256: str
    size_bytes: int
    media_type: str
    content_hash: str | None = None


def snapshot(unit_id: UUID, version: int, category: str, profile: Profile) -> common.UnitSnapshot:
    """The unit as it stands now."""
    return common.UnitSnapshot(
        unit_id=str(unit_id),
        profile_version=version,
        category=category,
        uscc=profile.uscc,
        name=profile.name,
        industries=profile.industries,
        key_industry=profile.key_industry,
        region=profile.region,
        superior_authority=profile.superior,
        group_authority=profile.group,
    )


def unit_changed(unit: Unit) -> Published:
    message = units_pb2.UnitChanged(
        unit=snapshot(unit.id, unit.version, unit.category, unit.profile),
        state=_UNIT_STATE[unit.state],
        names=[
            units_pb2.DatedName(
                name=name.name,
                valid_from=name.valid_from.isoformat(),
                valid_to=name.valid_to.isoformat() if name.valid_to else None,
            )
            for name in unit.names
        ],
        merged_into=str(unit.merged_into) if unit.merged_into else None,
    )
    return Published(UNITS, str(unit.id), unit.next_event(), message)


def campaign_changed(campaign: Campaign, windows: Iterable[Window]) -> Published:
    message = campaigns_pb2.CampaignChanged(
        campaign_id=str(campaign.id),
        state=_CAMPAIGN_STATE[campaign.state],
        name=campaign.name,
        year=campaign.year,
        categories=campaign.categories,
        kinds=campaign.kinds,
        policies=[common.PolicyRef(id=campaign.policy.id, version=campaign.policy.version, hash=campaign.policy.hash)],
        windows=[
            common.Window(
                act=window.act,
                authority=window.authority,
                opens_at=timestamp(window.opens_at),
                closes_at=timestamp(window.closes_at),
                article=window.article,
            )
            for window in windows
        ],
        extensions=[
            campaigns_pb2.Extension(
                act=one.act,
                authority=one.authority,
                closes_at=timestamp(one.closes_at),
                document=one.document,
                person=one.person,
            )
            for one in campaign.dates
        ],
        owner=campaign.owner,
    )
    return Published(CAMPAIGNS, str(campaign.id), campaign.next_event(), message)


def campaign_closed(campaign: Campaign, totals: Sequence[tuple[str, str, int, str]]) -> Published:
    """`totals`: kind, authority, admitted, digest."""
    message = campaigns_pb2.CampaignClosed(
        campaign_id=str(campaign.id),
        totals=[
            campaigns_pb2.ControlTotal(kind=kind, authority=authority, admitted=admitted, digest=digest)
            for kind, authority, admitted, digest in totals
        ],
    )
    return Published(CAMPAIGNS, str(campaign.id), campaign.next_event(), message)


def submission_admitted(
    submission: Submission,
    unit: common.UnitSnapshot,
    *,
    year: int,
    form: str,
    policies: Sequence[PolicyRefData],
    facts: Sequence[FactRow],
    warnings: Sequence[WarningNoted],
    evidence: Sequence[EvidenceRef],
) -> Published:
    """Everything scoring, review and registry need; called once per admission, so it is built with keywords only."""
    assert submission.admitted_at is not None
    message = submissions_pb2.SubmissionAdmitted(
        submission_id=str(submission.id),
        round=submission.round,
        unit=unit,
        campaign_id=str(submission.campaign_id),
        kind=submission.kind,
        year=year,
        form=form,
        policies=[common.PolicyRef(id=p.id, version=p.version, hash=p.hash) for p in policies],
        admitted_at=timestamp(submission.admitted_at),
        content_hash=submission.content_hash or "",
        warnings=[common.Warning(check=w.check, pointer=w.pointer, message=w.message, note=w.note) for w in warnings],
        evidence=[
            common.EvidenceRef(
                evidence_id=e.id, slot=e.slot, sha256=e.sha256, size_bytes=e.size_bytes, media_type=e.media_type
            )
            for e in evidence
        ],
        number=submission.number,
    )
    message.MergeFromString(_facts(facts))
    return Published(SUBMISSIONS, str(submission.id), submission.next_event(), message)


def withdrawal_requested(submission: Submission, reason: str) -> Published:
    message = submissions_pb2.WithdrawalRequested(
        submission_id=str(submission.id), round=submission.round, reason=reason
    )
    return Published(SUBMISSIONS, str(submission.id), submission.next_event(), message)


def submission_dropped(submission: Submission, reason: DropReason) -> Published:
    message = submissions_pb2.SubmissionDropped(
        submission_id=str(submission.id), round=submission.round, reason=_DROP_REASON[reason]
    )
    return Published(SUBMISSIONS, str(submission.id), submission.next_event(), message)


def stages_of(message: Any) -> list[tuple[StageSeen, datetime | None]]:
    """The stages of a CaseProgressed."""
    return [
        (
            StageSeen(
                message.round,
                stage.stage_no,
                stage.level,
                stage.authority,
                STAGE_STATE[stage.state],
                stage.reason,
                tuple(stage.substates),
            ),
            instant(stage.decided_at) if stage.HasField("decided_at") else None,
        )
        for stage in message.stages
    ]


def findings_of(message: Any) -> list[dict[str, Any]]:
    """The findings of a CaseReturned, as data."""
    return [{"item": f.item, "pointer": f.pointer, "ok": f.ok, "note": f.note} for f in message.findings]


def day(text: str) -> date:
    return date.fromisoformat(text)


def instant(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)


def timestamp(moment: datetime) -> Timestamp:
    """To the microsecond, without a float on the way."""
    seconds = int(moment.replace(microsecond=0).timestamp())
    return Timestamp(seconds=seconds, nanos=moment.microsecond * 1000)


def _facts(rows: Sequence[FactRow]) -> bytes:
    """The rows as field `facts` of SubmissionAdmitted, in protobuf's wire format.

    There are some fifty per event, nearly all of them plain numbers whose code, year and unit were written before: what
    is the same for every submission is encoded once, which costs a third of building the rows by their fields.
    """
    parts: list[bytes] = []
    add = parts.append
    for row in rows:
        code, product, year, unit, presence, value, kind = row
        if product or kind == "text" or kind == "codes":
            add(_whole(row))
        elif kind == "decimal" and presence == "given":
            add(_until_digits(code, year, unit, len(value)))  # type: ignore[arg-type]
            add(value.encode())  # type: ignore[union-attr]
        else:
            add(_known(row))
    return b"".join(parts)


def _whole(row: FactRow) -> bytes:
    return _framed(common.Fact(**_fact(row)).SerializeToString())


#: Answers of yes and no, and what is missing or does not apply: as few as the forms have rows.
_known = cache(_whole)


@cache
def _until_digits(code: str, year: int | None, unit: str, length: int) -> bytes:
    """A given number up to its digits, of which there are so many."""
    fact = common.Fact(code=code, year=year, unit=unit, presence=common.PRESENCE_GIVEN, decimal="0" * length)
    return _framed(fact.SerializeToString()).removesuffix(b"0" * length)


def _framed(content: bytes) -> bytes:
    return _FACTS + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)


#: The tag of a field whose value is bytes with their length before them.
_FACTS: Final = _varint(submissions_pb2.SubmissionAdmitted.DESCRIPTOR.fields_by_name["facts"].number << 3 | 2)


def _fact(row: FactRow) -> dict[str, Any]:
    """The fields of a row that are set."""
    code, product, year, unit, presence, value, kind = row
    fact: dict[str, Any] = {"code": code, "presence": _PRESENCE[presence]}
    if value is not None:
        # The kinds of value are the names of the fields. Also an empty choice is a choice: the field is set.
        fact[kind] = {"codes": value} if kind == "codes" else value
    if year is not None:
        fact["year"] = year
    if unit:
        fact["unit"] = unit
    if product:
        fact["product"] = product
    return fact
