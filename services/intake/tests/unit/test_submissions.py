"""The life of a submission: states, rounds, what an older round may still do (nothing)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gf_intake.domain.errors import IllegalTransition, NotVerified, WindowClosed
from gf_intake.domain.submissions import ACTIONS, LABELS, Submission, SubmissionState

NOW = datetime(2025, 10, 20, tzinfo=UTC)
TERM = NOW + timedelta(days=10)
ID = UUID(int=7)


def submission(state: SubmissionState = SubmissionState.DRAFT, round_: int = 1) -> Submission:
    return Submission(ID, "n", ID, ID, "factory", "application", state=state, round=round_, content_hash="h")


def submitted(superior: str = "cq.yubei") -> Submission:
    one = submission()
    one.save("h", verified=True)
    one.admit(NOW, superior)
    return one


@pytest.mark.rule("DM-draft")
def test_saving_appends_a_version_and_takes_verification_away() -> None:
    one = submission()
    assert [one.save("a", verified=False), one.save("b", verified=True), one.save("c", verified=False)] == [1, 2, 3]
    assert (one.state, one.version) == (SubmissionState.DRAFT, 4)
    with pytest.raises(NotVerified):
        one.admit(NOW, "cq")


@pytest.mark.rule("DM-del")
def test_deletion_only_before_the_first_submission() -> None:
    one = submission()
    one.delete()
    assert one.state is SubmissionState.DELETED
    with pytest.raises(IllegalTransition):
        one.save("a", verified=False)
    with pytest.raises(IllegalTransition):
        submitted().delete()
    with pytest.raises(IllegalTransition):
        submission(round_=2).delete()


@pytest.mark.rule("DM-withdraw")
def test_withdrawal_freezes_until_review_has_answered() -> None:
    one = submitted()
    one.request_withdrawal()
    for act in (one.request_withdrawal, one.delete, one.give_up, lambda: one.save("x", verified=False)):
        with pytest.raises(IllegalTransition):
            act()
    assert one.answer_withdrawal(1, granted=True)
    assert (one.state, one.round, one.content_hash) == (SubmissionState.DRAFT, 2, "h")
    assert not one.answer_withdrawal(1, granted=True)  # told again: no effect


def test_a_refused_withdrawal_gives_it_back_to_review() -> None:
    one = submitted()
    one.request_withdrawal()
    assert one.answer_withdrawal(1, granted=False)
    assert (one.state, one.round) == (SubmissionState.SUBMITTED, 1)


@pytest.mark.rule("DM-withdraw")
def test_withdrawal_and_return_in_either_order() -> None:
    one = submitted()
    one.request_withdrawal()
    assert one.return_for_correction(1, TERM)
    assert not one.answer_withdrawal(1, granted=False)
    assert (one.state, one.round, one.term_ends_at) == (SubmissionState.DRAFT, 2, TERM)
    other = submitted()
    other.request_withdrawal()
    assert other.answer_withdrawal(1, granted=True)
    assert not other.return_for_correction(1, TERM)
    assert other.term_ends_at is None


@pytest.mark.rule("return")
def test_a_correction_comes_back_within_its_term_or_is_dropped() -> None:
    one = submitted()
    one.return_for_correction(1, TERM)
    one.save("h2", verified=True)
    with pytest.raises(WindowClosed):
        one.admit(TERM, "cq.yubei")
    assert not one.drop_if_term_over(TERM - timedelta(microseconds=1))
    one.admit(TERM - timedelta(microseconds=1), "cq.yubei")
    assert not one.drop_if_term_over(TERM)
    late = submitted()
    late.return_for_correction(1, TERM)
    assert late.drop_if_term_over(TERM)
    assert late.state is SubmissionState.DROPPED


@pytest.mark.rule("DM-superior")
def test_another_superior_starts_another_route() -> None:
    one = submitted("cq.yubei")
    one.return_for_correction(1, TERM)
    one.save("h", verified=True)
    one.admit(NOW, "cq.yubei")
    assert one.route_since == 1
    one.request_withdrawal()
    one.answer_withdrawal(2, granted=True)
    one.save("h", verified=True)
    one.admit(NOW, "cq.liangjiang")
    assert (one.round, one.route_since) == (3, 3)


def test_a_closed_case_closes_the_form_wherever_it_is() -> None:
    one = submitted()
    assert not one.close(2, "approved")
    assert one.close(1, "approved")
    back = submitted()
    back.return_for_correction(1, TERM)
    assert back.cancel_draft(1, "cancelled")
    assert back.state is SubmissionState.CLOSED
    assert not submission().cancel_draft(1, "cancelled")


def test_giving_up_is_for_what_was_submitted_once() -> None:
    with pytest.raises(IllegalTransition):
        submission().give_up()
    one = submission(round_=2)
    one.give_up()
    assert one.state is SubmissionState.DROPPED


@pytest.mark.rule("DM-list")
def test_every_state_has_its_label_and_actions() -> None:
    assert set(LABELS) == set(ACTIONS) == set(SubmissionState)
    assert "submit" not in ACTIONS[SubmissionState.DRAFT]
    assert ACTIONS[SubmissionState.SUBMITTED] == ("withdraw", "view")
