"""The golden examples of the events: those review hears are read, those it sends are what it would send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest

from gf_proto.examples import examples
from gf_review.adapters.contracts import incoming, outgoing
from gf_review.domain import events as happened
from gf_review.domain.dossier import Finding, Mark
from services.review.tests.builders import NOW

READ: dict[str, Callable[[Any], Any]] = {
    "greenladder.intake.v1.SubmissionAdmitted": incoming.admission,
    "greenladder.intake.v1.SubmissionDropped": lambda m: incoming.drop_reason(m.reason),
    "greenladder.intake.v1.WithdrawalRequested": lambda m: (m.submission_id, m.round),
    "greenladder.intake.v1.UnitChanged": lambda m: incoming.unit_state(m.state),
    "greenladder.intake.v1.CampaignChanged": lambda m: (
        incoming.campaign_state(m.state),
        incoming.window_rows(m.windows),
        incoming.extension_rows(m.extensions),
    ),
    "greenladder.scoring.v1.SubmissionScored": lambda m: (incoming.sheet_lines(m), incoming.sheet_outcome(m)),
    "greenladder.scoring.v1.RankingClosed": lambda m: [incoming.decimal(one.points) for one in m.averages],
    "greenladder.registry.v1.BarChanged": lambda m: incoming.bar_state(m.state),
    "greenladder.registry.v1.MembershipChanged": lambda m: incoming.membership_state(m.state),
}


def all_of(*names: str) -> list[Any]:
    return [pytest.param(e, id=f"{e.event.rpartition('.')[2]}-{e.name}") for n in names for e in examples(n)]


@pytest.mark.parametrize("example", all_of(*READ))
def test_what_review_hears_is_understood(example: Any) -> None:
    assert READ[example.event](example.message)


def test_facts_keep_their_kind() -> None:
    kinds = set()
    for example in examples("greenladder.intake.v1.SubmissionAdmitted"):
        for row in incoming.admission(example.message).facts:
            assert row["presence"] in ("given", "missing", "not_applicable")
            kinds.add(type(row["value"]))
    assert str in kinds


def _back(enum: dict[str, int], number: int) -> str:
    return next(name for name, value in enum.items() if value == number)


@pytest.mark.parametrize("example", all_of("greenladder.review.v1.CaseProgressed"))
def test_a_move_as_sent(example: Any) -> None:
    m = example.message
    stages = tuple(
        happened.StageSnapshot(
            one.stage_no,
            one.level,
            one.authority,
            _back(outgoing._STAGE_STATES, one.state),
            one.reason,
            tuple(one.substates),
            one.decided_at.ToDatetime(tzinfo=UTC) if one.HasField("decided_at") else None,
        )
        for one in m.stages
    )
    state = _back(outgoing._CASE_STATES, m.state)
    event = happened.CaseProgressed(
        m.submission_id, m.round, state, stages, m.case_version, m.unit_id, m.campaign_id, "passed"
    )
    assert sent(event) == m


@pytest.mark.parametrize("example", all_of("greenladder.review.v1.AssessmentRecorded"))
def test_marks_as_sent(example: Any) -> None:
    m = example.message
    marks = tuple(Mark(one.indicator, Decimal(one.points), one.reason, m.person, m.stage_no, NOW) for one in m.marks)
    ruling = m.industry_ruling if m.HasField("industry_ruling") else None
    at = m.recorded_at.ToDatetime(tzinfo=UTC)
    event = happened.AssessmentRecorded(m.submission_id, m.round, 1, m.stage_no, marks, ruling, m.person, m.reason, at)
    assert sent(event) == m


@pytest.mark.parametrize("example", all_of("greenladder.review.v1.CaseReturned"))
def test_a_return_as_sent(example: Any) -> None:
    m = example.message
    findings = tuple(Finding(one.item, one.pointer, one.ok, one.note, "p", m.stage_no, NOW) for one in m.findings)
    term = m.term_ends_at.ToDatetime(tzinfo=UTC)
    event = happened.CaseReturned(m.submission_id, m.round, 1, m.stage_no, findings, m.reason, term)
    assert sent(event) == m


@pytest.mark.parametrize("example", all_of("greenladder.review.v1.WithdrawalAnswered"))
def test_an_answer_as_sent(example: Any) -> None:
    m = example.message
    assert sent(happened.WithdrawalAnswered(m.submission_id, m.round, 1, m.granted, m.reason)) == m


@pytest.mark.parametrize("example", all_of("greenladder.review.v1.ListingDecided"))
def test_a_listing_as_sent(example: Any) -> None:
    m = example.message
    event = happened.ListingDecided(
        m.submission_id,
        m.round,
        1,
        m.stage_no,
        m.list_id,
        m.verdict == 1,
        m.grade,
        m.sheet_revision,
        m.publicity_id,
        m.unit_id,
        m.campaign_id,
        m.year,
        m.reason,
    )
    assert sent(event) == m


@pytest.mark.parametrize("example", all_of("greenladder.review.v1.CaseClosed"))
def test_an_end_as_sent(example: Any) -> None:
    m = example.message
    outcome = _back(outgoing._OUTCOMES, m.outcome)
    event = happened.CaseClosed(
        m.submission_id, m.round, 1, outcome, m.ground, m.article, m.unit_id, m.campaign_id, m.reason
    )
    assert sent(event) == m


@pytest.mark.parametrize("example", all_of("greenladder.review.v1.PublicityChanged"))
def test_a_publicity_as_sent(example: Any) -> None:
    m = example.message
    entries = tuple(
        happened.EntrySnapshot(one.submission_id, one.unit_id, one.name, _back(outgoing._ENTRY_STATES, one.state))
        for one in m.entries
    )
    event = happened.PublicityChanged(
        m.publicity_id,
        m.list_id,
        _back(outgoing._PUBLICITY_STATES, m.state),
        m.until.ToDatetime(tzinfo=UTC) if m.HasField("until") else None,
        entries,
        m.working_days,
        m.provisional,
        m.campaign_id,
        1,
        "opened",
    )
    published = outgoing.publicity_entry(event, 1).published
    assert published is not None
    assert published.message == m


def sent(event: happened.CaseEvent) -> Any:
    entry, numbered = outgoing.case_entry(event, 1)
    assert numbered
    assert entry.published is not None
    assert (entry.published.topic, entry.published.key) == ("review.cases", event.submission_id)
    return entry.published.message


def test_records_of_a_stage_are_history_but_no_event() -> None:
    entry, numbered = outgoing.case_entry(happened.RecordKept("s", 1, 2, "findings_recorded", {}), 1)
    assert not numbered
    assert entry.published is None
    assert entry.data["version"] == 2
