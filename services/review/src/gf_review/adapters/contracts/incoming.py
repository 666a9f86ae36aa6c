"""Messages of other services to plain values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from gf_chassis.errors import Poison
from gf_review.adapters.admission import Admission
from gf_review.domain.dossier import AWAITS_MARK, NOT_SCORABLE, SCORED
from greenladder.common.v1 import common_pb2
from greenladder.intake.v1 import campaigns_pb2, submissions_pb2, units_pb2
from greenladder.registry.v1 import standings_pb2
from greenladder.scoring.v1 import rankings_pb2, sheets_pb2

SubmissionAdmitted = submissions_pb2.SubmissionAdmitted
WithdrawalRequested = submissions_pb2.WithdrawalRequested
SubmissionDropped = submissions_pb2.SubmissionDropped
UnitChanged = units_pb2.UnitChanged
CampaignChanged = campaigns_pb2.CampaignChanged
SubmissionScored = sheets_pb2.SubmissionScored
RankingClosed = rankings_pb2.RankingClosed
MembershipChanged = standings_pb2.MembershipChanged
BarChanged = standings_pb2.BarChanged


def instant(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)


def decimal(value: str) -> Decimal:
    """A decimal string of the contracts; anything else is a message nobody can use."""
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise Poison(f"not a decimal: {value[:40]!r}") from None
    if not found.is_finite():
        raise Poison(f"not a finite decimal: {value[:40]!r}")
    return found


def admission(message: Any) -> Admission:
    if not message.policies:
        raise Poison("SubmissionAdmitted without a policy")
    return Admission(
        submission_id=message.submission_id,
        round=message.round,
        number=message.number,
        unit=unit_snapshot(message.unit),
        campaign_id=message.campaign_id,
        kind=message.kind,
        year=message.year,
        form=message.form,
        content_hash=message.content_hash,
        admitted_at=instant(message.admitted_at),
        policies=policy_refs(message.policies),
        facts=fact_rows(message.facts),
        warnings=warning_rows(message.warnings),
        evidence=evidence_rows(message.evidence),
    )


def fact_rows(facts: Iterable[Any]) -> list[dict[str, Any]]:
    """The form's values as rows of plain data."""
    return [
        {
            "code": fact.code,
            "product": fact.product,
            "year": fact.year if fact.HasField("year") else None,
            "unit": fact.unit,
            "presence": _PRESENCE.get(fact.presence, "missing"),
            "value": _value(fact),
        }
        for fact in facts
    ]


_PRESENCE = {
    common_pb2.PRESENCE_GIVEN: "given",
    common_pb2.PRESENCE_MISSING: "missing",
    common_pb2.PRESENCE_NOT_APPLICABLE: "not_applicable",
}


def _value(fact: Any) -> Any:
    kind = fact.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(fact, kind)
    return list(value.codes) if kind == "codes" else value


def unit_snapshot(unit: Any) -> dict[str, Any]:
    return {
        "unit_id": unit.unit_id,
        "profile_version": unit.profile_version,
        "category": unit.category,
        "uscc": unit.uscc,
        "name": unit.name,
        "industries": list(unit.industries),
        "key_industry": unit.key_industry,
        "region": unit.region,
        "superior": unit.superior_authority,
        "group": unit.group_authority if unit.HasField("group_authority") else None,
    }


def policy_refs(refs: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"id": ref.id, "version": ref.version, "hash": ref.hash} for ref in refs]


def warning_rows(warnings: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"check": w.check, "pointer": w.pointer, "message": w.message, "note": w.note} for w in warnings]


def evidence_rows(evidence: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "evidence_id": one.evidence_id,
            "slot": one.slot,
            "sha256": one.sha256,
            "size_bytes": one.size_bytes,
            "media_type": one.media_type,
        }
        for one in evidence
    ]


_LINE_STATES = {
    sheets_pb2.LINE_STATE_SCORED: SCORED,
    sheets_pb2.LINE_STATE_AWAITS_MARK: AWAITS_MARK,
    sheets_pb2.LINE_STATE_NOT_SCORABLE: NOT_SCORABLE,
    sheets_pb2.LINE_STATE_NOT_APPLICABLE: "not_applicable",
}


def sheet_lines(sheet: Any) -> list[dict[str, Any]]:
    return [
        {
            "indicator": line.indicator,
            "name": line.name,
            "dimension": line.dimension,
            "state": _LINE_STATES.get(line.state, NOT_SCORABLE),
            "points": line.points if line.HasField("points") else None,
            "weight": line.weight,
            "value": line.value,
            "unit": line.unit,
            "lead": line.lead,
            "baseline": line.baseline,
            "branch": line.branch,
            "reason": line.reason,
        }
        for line in sheet.lines
    ]


def sheet_outcome(sheet: Any) -> str:
    return SCORED if sheet.outcome == sheets_pb2.OUTCOME_SCORED else NOT_SCORABLE


def sheet_basis(sheet: Any) -> str:
    return "assessed" if sheet.basis == sheets_pb2.BASIS_ASSESSED else "claimed"


def window_rows(windows: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "act": one.act,
            "authority": one.authority,
            "opens_at": instant(one.opens_at).isoformat() if one.HasField("opens_at") else None,
            "closes_at": instant(one.closes_at).isoformat() if one.HasField("closes_at") else None,
            "article": one.article,
        }
        for one in windows
    ]


def extension_rows(extensions: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "act": one.act,
            "authority": one.authority,
            "closes_at": instant(one.closes_at).isoformat(),
            "document": one.document,
        }
        for one in extensions
    ]


def campaign_state(state: int) -> str:
    return str(campaigns_pb2.CampaignState.Name(state)).removeprefix("CAMPAIGN_STATE_").lower()


def drop_reason(reason: int) -> str:
    return str(submissions_pb2.DropReason.Name(reason)).removeprefix("DROP_REASON_").lower()


def unit_state(state: int) -> str:
    return str(units_pb2.UnitState.Name(state)).removeprefix("UNIT_STATE_").lower()


def bar_state(state: int) -> str:
    return str(standings_pb2.BarState.Name(state)).removeprefix("BAR_STATE_").lower()


def membership_state(state: int) -> str:
    return str(standings_pb2.MembershipState.Name(state)).removeprefix("MEMBERSHIP_STATE_").lower()
