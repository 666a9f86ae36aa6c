"""Domain events to journal rows and protobuf."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from gf_chassis.journal import Entry, Published
from gf_review.domain import events as happened
from gf_review.domain.dossier import Finding
from greenladder.common.v1 import common_pb2
from greenladder.review.v1 import cases_pb2, publicities_pb2

CASES = "review.cases"
PUBLICITIES = "review.publicities"

CASE = "case"
PUBLICITY = "publicity"
RECOMMENDATION = "recommendation"

_CASE_STATES = {
    "open": cases_pb2.CASE_STATE_OPEN,
    "withdrawn": cases_pb2.CASE_STATE_WITHDRAWN,
    "returned": cases_pb2.CASE_STATE_RETURNED,
    "closed": cases_pb2.CASE_STATE_CLOSED,
}
_STAGE_STATES = {
    "not_applicable": cases_pb2.STAGE_STATE_NOT_APPLICABLE,
    "not_started": cases_pb2.STAGE_STATE_NOT_STARTED,
    "in_review": cases_pb2.STAGE_STATE_IN_REVIEW,
    "passed": cases_pb2.STAGE_STATE_PASSED,
    "returned": cases_pb2.STAGE_STATE_RETURNED,
    "refused": cases_pb2.STAGE_STATE_REFUSED,
}
_OUTCOMES = {
    "approved": cases_pb2.CASE_OUTCOME_APPROVED,
    "refused": cases_pb2.CASE_OUTCOME_REFUSED,
    "cancelled": cases_pb2.CASE_OUTCOME_CANCELLED,
    "dropped": cases_pb2.CASE_OUTCOME_DROPPED,
}
_PUBLICITY_STATES = {
    "drafted": publicities_pb2.PUBLICITY_STATE_DRAFTED,
    "open": publicities_pb2.PUBLICITY_STATE_OPEN,
    "closed": publicities_pb2.PUBLICITY_STATE_CLOSED,
}
_ENTRY_STATES = {
    "clear": publicities_pb2.ENTRY_STATE_CLEAR,
    "objected": publicities_pb2.ENTRY_STATE_OBJECTED,
    "upheld": publicities_pb2.ENTRY_STATE_UPHELD,
    "dismissed": publicities_pb2.ENTRY_STATE_DISMISSED,
}


def decimal_text(value: Decimal) -> str:
    """Plain notation without trailing zeros, as the contracts ask."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def timestamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at.astimezone(UTC))
    return stamp


# --- outgoing --------------------------------------------------------------------------------------------------------


def case_entry(event: happened.CaseEvent, number: int) -> tuple[Entry, bool]:
    """The journal row of a case event; tells whether it took the number (was published)."""
    message = _case_message(event)
    published = Published(CASES, event.submission_id, number, message) if message is not None else None
    kind, data, basis, reason = _described(event)
    data |= {"round": event.round, "version": event.version}
    return Entry(CASE, event.submission_id, kind, data, basis, reason, published), published is not None


def _described(event: happened.CaseEvent) -> tuple[str, dict[str, Any], str, str]:
    """Type, data, basis and reason as the history shows them."""
    match event:
        case happened.CaseProgressed():
            states = {stage.level: stage.state for stage in event.stages}
            return event.what, {**event.detail, "state": event.state, "stages": states}, event.basis, event.reason
        case happened.RecordKept():
            return event.what, dict(event.detail), event.basis, event.reason
        case happened.AssessmentRecorded():
            marks = {mark.indicator: decimal_text(mark.points) for mark in event.marks}
            data = {"stage_no": event.stage_no, "marks": marks, "industry_ruling": event.industry_ruling}
            if event.ruled:
                return "industry_ruled", data, "N25-53", event.reason
            return "assessment_recorded", data, "N25-A1", event.reason
        case happened.CaseReturned():
            fields = [one.pointer for one in event.findings if one.pointer]
            data = {"stage_no": event.stage_no, "fields": fields, "term_ends_at": event.term_ends_at.isoformat()}
            return "case_returned", data, "return", event.reason
        case happened.WithdrawalAnswered():
            return "withdrawal_answered", {"granted": event.granted}, "DM-withdraw", event.reason
        case happened.ListingDecided():
            data = {
                "stage_no": event.stage_no,
                "list_id": event.list_id,
                "listed": event.listed,
                "publicity_id": event.publicity_id,
                "sheet_revision": event.sheet_revision,
            }
            return "listing_decided", data, "", event.reason
        case happened.CaseClosed():
            data = {"outcome": event.outcome, "ground": event.ground}
            return "case_closed", data, event.article, event.reason


def _case_message(event: happened.CaseEvent) -> Message | None:
    match event:
        case happened.CaseProgressed():
            return _progressed(event)
        case happened.RecordKept():
            return None
        case happened.AssessmentRecorded():
            return _assessment(event)
        case happened.CaseReturned():
            return cases_pb2.CaseReturned(
                submission_id=event.submission_id,
                round=event.round,
                stage_no=event.stage_no,
                findings=[_finding(one) for one in event.findings],
                reason=event.reason,
                term_ends_at=timestamp(event.term_ends_at),
            )
        case happened.WithdrawalAnswered():
            return cases_pb2.WithdrawalAnswered(
                submission_id=event.submission_id, round=event.round, granted=event.granted, reason=event.reason
            )
        case happened.ListingDecided():
            return _listing(event)
        case happened.CaseClosed():
            return cases_pb2.CaseClosed(
                submission_id=event.submission_id,
                round=event.round,
                outcome=_OUTCOMES[event.outcome],
                ground=event.ground,
                article=event.article,
                unit_id=event.unit_id,
                campaign_id=event.campaign_id,
                reason=event.reason,
            )


def _progressed(event: happened.CaseProgressed) -> Message:
    return cases_pb2.CaseProgressed(
        submission_id=event.submission_id,
        round=event.round,
        state=_CASE_STATES[event.state],
        stages=[_stage(stage) for stage in event.stages],
        case_version=event.version,
        unit_id=event.unit_id,
        campaign_id=event.campaign_id,
    )


def _stage(stage: happened.StageSnapshot) -> Any:
    return cases_pb2.Stage(
        stage_no=stage.stage_no,
        level=stage.level,
        authority=stage.authority,
        state=_STAGE_STATES[stage.state],
        reason=stage.reason,
        substates=stage.substates,
        decided_at=timestamp(stage.decided_at) if stage.decided_at else None,
    )


def _assessment(event: happened.AssessmentRecorded) -> Message:
    return cases_pb2.AssessmentRecorded(
        submission_id=event.submission_id,
        round=event.round,
        stage_no=event.stage_no,
        industry_ruling=event.industry_ruling,
        marks=[
            cases_pb2.Mark(indicator=mark.indicator, points=decimal_text(mark.points), reason=mark.reason)
            for mark in event.marks
        ],
        person=event.person,
        reason=event.reason,
        recorded_at=timestamp(event.at),
    )


def _finding(one: Finding) -> Any:
    return common_pb2.Finding(item=one.item, pointer=one.pointer, ok=one.ok, note=one.note)


def _listing(event: happened.ListingDecided) -> Message:
    verdict = cases_pb2.LISTING_VERDICT_LIST if event.listed else cases_pb2.LISTING_VERDICT_NOT_LIST
    return cases_pb2.ListingDecided(
        submission_id=event.submission_id,
        round=event.round,
        stage_no=event.stage_no,
        list_id=event.list_id,
        verdict=verdict,
        grade=event.grade or None,
        sheet_revision=event.sheet_revision,
        publicity_id=event.publicity_id or None,
        unit_id=event.unit_id,
        campaign_id=event.campaign_id,
        year=event.year,
        reason=event.reason,
    )


def publicity_entry(event: happened.PublicityChanged, number: int) -> Entry:
    message = publicities_pb2.PublicityChanged(
        publicity_id=event.publicity_id,
        list_id=event.list_id,
        state=_PUBLICITY_STATES[event.state],
        until=timestamp(event.until) if event.until else None,
        entries=[
            publicities_pb2.Entry(
                submission_id=one.submission_id, unit_id=one.unit_id, name=one.name, state=_ENTRY_STATES[one.state]
            )
            for one in event.entries
        ],
        working_days=event.days,
        provisional=event.provisional,
        campaign_id=event.campaign_id,
    )
    data = {"state": event.state, "version": event.version, "entries": len(event.entries)}
    published = Published(PUBLICITIES, event.publicity_id, number, message)
    return Entry(PUBLICITY, event.publicity_id, event.what, data, "GD-13-publicity", event.reason, published)


def recommendation_entry(event: happened.RecommendationChanged) -> Entry:
    data = {**event.detail, "state": event.state, "version": event.version}
    return Entry(RECOMMENDATION, event.recommendation_id, event.what, data, "CQ-doc", event.reason)
