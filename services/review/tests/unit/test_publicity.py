"""Publicity and recommendation batches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gf_review.domain import decisions
from gf_review.domain.case import CaseState, Outcome, StageState
from gf_review.domain.errors import DomainError, IllegalTransition, Invalid, RoleRequired, StaleCase
from gf_review.domain.events import CaseClosed, ListingDecided
from gf_review.domain.publicity import Entry, EntryState, Publicity, PublicityState
from gf_review.domain.recommendation import BatchState, Recommendation
from services.review.tests.builders import (
    CITY,
    COUNTY,
    MINISTRY,
    NOW,
    PROVINCE,
    case,
    dossier,
    official,
    reviewer,
    route,
    sheet,
)

UNTIL = NOW + timedelta(days=14)


def published(*names: str, state: PublicityState = PublicityState.OPEN) -> Publicity:
    publicity = Publicity.draft(
        id="p-1",
        list_id="city:gd.guangzhou:factory",
        campaign_id="c-1",
        authority=CITY,
        days=10,
        unit="working",
        rule="GD-13-publicity",
    )
    for name in names or ("s-1", "s-2"):
        publicity.add(Entry(name, 1, 2, f"unit of {name}", f"单位{name}"))
    if state is not PublicityState.DRAFTED:
        publicity.open(official(CITY), at=NOW, until=UNTIL, provisional=False)
    if state is PublicityState.CLOSED:
        publicity.close(UNTIL)
    publicity.events.clear()
    return publicity


@pytest.mark.rule("GD-13-publicity")
class TestPublicity:
    def test_an_approver_opens_it(self) -> None:
        publicity = published(state=PublicityState.DRAFTED)
        with pytest.raises(RoleRequired):
            publicity.open(reviewer(CITY), at=NOW, until=UNTIL, provisional=False)
        publicity.open(official(CITY), at=NOW, until=UNTIL, provisional=False)
        assert [event.state for event in publicity.events] == ["open"]

    def test_not_before_the_term(self) -> None:
        publicity = published()
        with pytest.raises(IllegalTransition):
            publicity.close(UNTIL - timedelta(microseconds=1))
        publicity.close(UNTIL)
        assert [entry.submission_id for entry in publicity.ripe()] == ["s-1", "s-2"]

    def test_an_objection_holds_that_unit_back_until_settled(self) -> None:
        publicity = published()
        publicity.object("s-1", reviewer(CITY), text="环保处罚", at=NOW)
        publicity.close(UNTIL)
        assert [entry.submission_id for entry in publicity.ripe()] == ["s-2"]
        publicity.rule_on("s-1", official(CITY), upheld=False, reason="经查不实")
        assert [entry.state for entry in publicity.ripe()] == [EntryState.DISMISSED, EntryState.CLEAR]

    def test_an_upheld_objection_is_certain_at_once(self) -> None:
        publicity = published()
        publicity.object("s-1", reviewer(CITY), text="环保处罚", at=NOW)
        with pytest.raises(RoleRequired):
            publicity.rule_on("s-1", reviewer(CITY), upheld=True, reason="属实")
        publicity.rule_on("s-1", official(CITY), upheld=True, reason="属实")
        assert [entry.state for entry in publicity.ripe()] == [EntryState.UPHELD]

    def test_after_the_term_no_objection_is_entered(self) -> None:
        with pytest.raises(IllegalTransition):
            published().object("s-1", reviewer(CITY), text="迟了", at=UNTIL)

    @pytest.mark.parametrize(
        ("state", "act"),
        [
            (PublicityState.DRAFTED, lambda p: p.close(UNTIL)),
            (PublicityState.DRAFTED, lambda p: p.object("s-1", reviewer(CITY), text="x", at=NOW)),
            (PublicityState.OPEN, lambda p: p.open(official(CITY), at=NOW, until=UNTIL, provisional=False)),
            (PublicityState.OPEN, lambda p: p.add(Entry("s-3", 1, 2, "u", "n"))),
            (PublicityState.OPEN, lambda p: p.rule_on("s-1", official(CITY), upheld=True, reason="x")),
            (PublicityState.CLOSED, lambda p: p.close(UNTIL)),
            (PublicityState.CLOSED, lambda p: p.object("s-1", reviewer(CITY), text="x", at=NOW)),
            (PublicityState.CLOSED, lambda p: p.open(official(CITY), at=NOW, until=UNTIL, provisional=False)),
        ],
    )
    def test_illegal_moves(self, state, act) -> None:  # type: ignore[no-untyped-def]
        publicity = published(state=state)
        with pytest.raises(IllegalTransition):
            act(publicity)
        assert not publicity.events


@pytest.mark.rule("GD-12-list")
def test_the_city_list_stands_in_public_while_the_application_travels_on() -> None:
    one = case(route(city_list=True))
    decisions.pass_stage(one, 1, official(COUNTY), dossier(), at=NOW, closes_at=None)
    decisions.pass_stage(one, 2, official(CITY), dossier(), at=NOW, closes_at=None)
    assert one.stages[2].state is StageState.IN_REVIEW
    assert "in_publicity" in one.stages[1].substates
    decisions.pass_stage(one, 3, official(PROVINCE), dossier(), at=NOW, closes_at=None)
    one.events.clear()
    assert decisions.settle_listing(one, 2, 1, listed=True, publicity_id="p-1", dossier=dossier(sheet=sheet()))
    (listing,) = [event for event in one.events if isinstance(event, ListingDecided)]
    assert (listing.list_id, listing.listed, listing.sheet_revision) == ("city:gd.guangzhou:factory", True, 1)
    assert one.state is CaseState.OPEN
    assert not decisions.settle_listing(one, 2, 1, listed=True, publicity_id="p-1", dossier=dossier())


@pytest.mark.rule("GD-13-publicity")
class TestLastLevel:
    def approved(self):  # type: ignore[no-untyped-def]
        one = case(route(national_list=True))
        for no, authority in enumerate((COUNTY, CITY, PROVINCE, MINISTRY), 1):
            decisions.pass_stage(one, no, official(authority), dossier(), at=NOW, closes_at=None)
        return one

    def test_the_case_ends_with_the_publicity(self) -> None:
        one = self.approved()
        assert one.state is CaseState.OPEN
        assert not [event for event in one.events if isinstance(event, (ListingDecided, CaseClosed))]
        decisions.settle_listing(one, 4, 1, listed=True, publicity_id="p-1", dossier=dossier())
        assert one.outcome is Outcome.APPROVED
        lists = [event.list_id for event in one.events if isinstance(event, ListingDecided)]
        assert lists == ["national:miit:factory", "provincial:gd:factory"]

    @pytest.mark.parametrize("ground", ["objection_upheld", "barred"])
    def test_not_listed_ends_it_too(self, ground: str) -> None:
        one = self.approved()
        decisions.settle_listing(
            one, 4, 1, listed=False, publicity_id="p-1", dossier=dossier(), ground=ground, reason="属实"
        )
        assert one.outcome is Outcome.REFUSED
        closed = next(event for event in one.events if isinstance(event, CaseClosed))
        assert closed.ground == ground
        (listing,) = [event for event in one.events if isinstance(event, ListingDecided)]
        assert not listing.listed

    def test_an_older_round_has_no_effect(self) -> None:
        one = case(route(city_list=True))
        decisions.pass_stage(one, 1, official(COUNTY), dossier(), at=NOW, closes_at=None)
        decisions.pass_stage(one, 2, official(CITY), dossier(), at=NOW, closes_at=None)
        one.state = CaseState.RETURNED
        assert not decisions.settle_listing(one, 2, 1, listed=True, publicity_id="p-1", dossier=dossier())
        one.reopen(2, route(city_list=True), category="factory", unit_id="u-1", year=2025)
        assert not decisions.settle_listing(one, 2, 1, listed=True, publicity_id="p-1", dossier=dossier())


def batch(state: BatchState = BatchState.COLLECTING) -> Recommendation:
    one = Recommendation.start(
        id="r-1", by=official(COUNTY), campaign_id="c-1", category="factory", kind="application", title="第一批"
    )
    one.add(case(), official(COUNTY))
    one.attach("ab", official(COUNTY))
    if state is not BatchState.COLLECTING:
        one.seal(official(COUNTY), {"s-1": case()}, {"s-1": 2}, [{"name": "单位"}])
    if state is BatchState.SENT:
        one.send(official(COUNTY), {"s-1": case()}, {"s-1": 2})
    if state is BatchState.DISSOLVED:
        one.dissolve(official(COUNTY), "重做")
    return one


@pytest.mark.rule("CQ-doc")
class TestRecommendation:
    def test_sealing_needs_cases_and_the_document(self) -> None:
        empty = Recommendation.start(
            id="r-1", by=official(COUNTY), campaign_id="c-1", category="factory", kind="application", title="t"
        )
        with pytest.raises(Invalid) as refusal:
            empty.seal(official(COUNTY), {}, {}, [])
        assert [problem.pointer for problem in refusal.value.errors] == ["/items", "/document"]

    def test_a_case_that_moved_on_after_sealing_is_named(self) -> None:
        moved = case()
        moved.touch()
        for cases, revisions in (({"s-1": moved}, {"s-1": 2}), ({"s-1": case()}, {"s-1": 3}), ({}, {})):
            one = batch(BatchState.SEALED)
            with pytest.raises(StaleCase) as refusal:
                one.send(official(COUNTY), cases, revisions)
            assert refusal.value.errors[0].pointer == "/items/0"
            assert one.state is BatchState.SEALED

    def test_only_cases_under_review_here(self) -> None:
        one = Recommendation.start(
            id="r-1", by=official(CITY), campaign_id="c-1", category="factory", kind="application", title="t"
        )
        with pytest.raises(DomainError):
            one.add(case(), official(CITY))

    def test_same_campaign_category_and_kind(self) -> None:
        one = Recommendation.start(
            id="r-1", by=official(COUNTY), campaign_id="c-2", category="factory", kind="application", title="t"
        )
        with pytest.raises(Invalid):
            one.add(case(), official(COUNTY))

    @pytest.mark.parametrize("state", [BatchState.SEALED, BatchState.SENT, BatchState.DISSOLVED])
    @pytest.mark.parametrize("act", ["add", "remove", "attach", "seal"])
    def test_nothing_changes_after_sealing(self, state: BatchState, act: str) -> None:
        one = batch(state)
        acts = {
            "add": lambda: one.add(case(), official(COUNTY)),
            "remove": lambda: one.remove("s-1", official(COUNTY)),
            "attach": lambda: one.attach("cd", official(COUNTY)),
            "seal": lambda: one.seal(official(COUNTY), {"s-1": case()}, {"s-1": 0}, []),
        }
        with pytest.raises(IllegalTransition):
            acts[act]()

    @pytest.mark.parametrize("state", [BatchState.COLLECTING, BatchState.SENT, BatchState.DISSOLVED])
    def test_only_a_sealed_batch_is_sent(self, state: BatchState) -> None:
        with pytest.raises(IllegalTransition):
            batch(state).send(official(COUNTY), {"s-1": case()}, {"s-1": 2})

    @pytest.mark.parametrize("state", [BatchState.SENT, BatchState.DISSOLVED])
    def test_dissolved_once_and_never_after_sending(self, state: BatchState) -> None:
        with pytest.raises(IllegalTransition):
            batch(state).dissolve(official(COUNTY), "x")
