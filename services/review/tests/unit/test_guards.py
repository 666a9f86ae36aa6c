"""Guards: each is named when it is missing, and the decision needs all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from gf_review.domain import decisions, guards, records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import Dossier, IndustryRuling, Mark
from gf_review.domain.errors import GuardNotMet, IllegalTransition, Invalid, StaleCase, UnknownGuard, WindowClosed
from gf_review.domain.events import AssessmentRecorded
from gf_review.domain.route import GuardPlan, WindowPlan
from services.review.tests.builders import (
    COUNTY,
    NOW,
    PROVINCE,
    ChecklistItem,
    Department,
    Document,
    ExpertReview,
    WrittenReason,
    average,
    bar,
    case,
    consultation,
    dossier,
    finding,
    guard,
    line,
    mark,
    official,
    reviewer,
    route,
    ruling,
    sheet,
)

CHECKLIST = (ChecklistItem("authenticity", "真实性"), ChecklistItem("accuracy", "准确性"))
CONSULTS = (Department("ecology", "生态环境部门"), Department("tax", "税务部门"))


def attempt(
    plan: GuardPlan, records_held: Dossier, *, quota: int = 0, in_batch: bool = False, **more: Any
) -> list[str]:
    """Details of what is missing for the county's pass under one guard."""
    one = case(route(plan, **more))
    act = partial(
        decisions.pass_stage,
        one,
        1,
        official(COUNTY),
        records_held,
        at=NOW,
        closes_at=None,
        passed_so_far=quota,
        in_batch=in_batch,
    )
    if not guards.missing(guards.Situation(one.route.stages[0], one.route, records_held, "factory", quota, in_batch)):
        act()
        assert one.version == 2
        return []
    with pytest.raises(GuardNotMet) as refusal:
        act()
    assert {problem.code for problem in refusal.value.errors} == {plan.code}
    assert (refusal.value.rule, refusal.value.article) == (plan.rule, plan.article)
    assert one.version == 1
    return [problem.detail for problem in refusal.value.errors]


@pytest.mark.rule("CQ-1st", "CQ-2nd")
class TestChecklist:
    def test_every_item_needs_a_finding(self) -> None:
        found = attempt(guard("checklist"), dossier(findings=[finding("authenticity")]), checklist=CHECKLIST)
        assert found == ["审核要点“准确性”尚无核查意见，请先填写。"]

    def test_an_open_problem_blocks_until_a_later_finding(self) -> None:
        held = [finding("authenticity"), finding("accuracy", False, note="不一致")]
        assert attempt(guard("checklist"), dossier(findings=held), checklist=CHECKLIST)
        assert not attempt(guard("checklist"), dossier(findings=[*held, finding("accuracy")]), checklist=CHECKLIST)

    def test_another_level_does_not_count(self) -> None:
        held = [finding("authenticity", stage_no=2), finding("accuracy", stage_no=2)]
        assert len(attempt(guard("checklist"), dossier(findings=held), checklist=CHECKLIST)) == 2

    def test_findings_name_known_items_and_say_what_is_wrong(self) -> None:
        one = case(route(checklist=CHECKLIST))
        with pytest.raises(Invalid) as refusal:
            records.add_findings(one, 1, reviewer(COUNTY), [finding("other"), finding("accuracy", False)])
        assert [problem.pointer for problem in refusal.value.errors] == ["/findings/0/item", "/findings/1/note"]


@pytest.mark.rule("N25-A1")
class TestMarks:
    awaiting = line("green_design", "awaits_mark", None)
    marked = line("green_design", "scored", "6", branch="mark")

    def test_every_qualitative_line_needs_a_mark(self) -> None:
        assert attempt(guard("marks"), dossier(sheet=sheet(self.awaiting)))

    def test_the_sheet_must_carry_the_mark(self) -> None:
        held = dossier(sheet=sheet(self.awaiting), marks=[mark("green_design", "6")])
        assert "尚未计入评分表" in attempt(guard("marks"), held)[0]
        assert not attempt(guard("marks"), dossier(sheet=sheet(self.marked), marks=[mark("green_design", "6")]))

    def test_the_last_mark_counts(self) -> None:
        marks = [mark("green_design", "6"), mark("green_design", "5")]
        assert attempt(guard("marks"), dossier(sheet=sheet(self.marked), marks=marks))

    @pytest.mark.parametrize(("points", "ok"), [("0", True), ("8", True), ("8.01", False), ("-1", False)])
    def test_points_lie_between_nothing_and_the_weight(self, points: str, ok: bool) -> None:
        one = case()
        held = dossier(sheet=sheet(self.awaiting))
        arguments = (one, 1, reviewer(COUNTY), held, [mark("green_design", points)])
        if ok:
            records.add_marks(*arguments, reason="", at=NOW)
            event = one.events[0]
            assert isinstance(event, AssessmentRecorded)
            assert [str(made.points) for made in event.marks] == [points]
        else:
            with pytest.raises(Invalid) as refusal:
                records.add_marks(*arguments, reason="", at=NOW)
            assert refusal.value.errors[0].pointer == "/marks/0/points"
            assert not one.events

    def test_a_computed_line_takes_no_mark(self) -> None:
        with pytest.raises(Invalid):
            records.add_marks(
                case(),
                1,
                reviewer(COUNTY),
                dossier(sheet=sheet(line("energy_intensity"))),
                [mark("energy_intensity", "3")],
                reason="",
                at=NOW,
            )

    def test_all_marks_in_force_go_out(self) -> None:
        one = case()
        held = dossier(
            sheet=sheet(self.marked, line("product_footprint", "awaits_mark", None)), marks=[mark("green_design", "6")]
        )
        records.add_marks(
            one,
            1,
            reviewer(COUNTY),
            held,
            [mark("product_footprint", "4")],
            reason="",
            at=NOW,
        )
        event = one.events[0]
        assert isinstance(event, AssessmentRecorded)
        assert {made.indicator: str(made.points) for made in event.marks} == {
            "green_design": "6",
            "product_footprint": "4",
        }


@pytest.mark.rule("N25-53")
class TestIndustryRuling:
    """行业认定: which industry's table applies."""

    awaiting = line("green_design", "awaits_mark", None)
    offered = ("general", "cement", "paper")

    def rule(self, held: Dossier, made: IndustryRuling, *marks: Mark) -> AssessmentRecorded:
        one = case()
        records.add_marks(
            one, 1, reviewer(COUNTY), held, marks, ruling=made, industries=self.offered, reason=made.reason, at=NOW
        )
        event = one.events[0]
        assert isinstance(event, AssessmentRecorded)
        return event

    def test_it_goes_to_scoring_with_the_marks_in_force(self) -> None:
        held = dossier(sheet=sheet(self.awaiting), marks=[mark("green_design", "6")])
        event = self.rule(held, ruling("cement"))
        assert (event.industry_ruling, event.ruled) == ("cement", True)
        assert [one.indicator for one in event.marks] == ["green_design"]

    def test_a_later_mark_carries_it_along(self) -> None:
        one = case()
        held = dossier(sheet=sheet(self.awaiting), rulings=[ruling("paper"), ruling("cement", "paper")])
        records.add_marks(one, 1, reviewer(COUNTY), held, [mark("green_design", "6")], reason="", at=NOW)
        event = one.events[0]
        assert isinstance(event, AssessmentRecorded)
        assert (event.industry_ruling, event.ruled) == ("cement", False)

    @pytest.mark.parametrize(
        ("made", "pointer"),
        [
            (ruling("nonsense"), "/industry_ruling"),
            (ruling("general", "general"), "/industry_ruling"),
            (ruling("cement", reason=" "), "/reason"),
        ],
    )
    def test_what_is_no_ruling_is_refused(self, made: IndustryRuling, pointer: str) -> None:
        with pytest.raises(Invalid) as refusal:
            self.rule(dossier(sheet=sheet(self.awaiting)), made)
        assert [one.pointer for one in refusal.value.errors] == [pointer]

    def test_where_no_table_is_an_industrys_none_can_be_ruled(self) -> None:
        held = dossier(sheet=sheet(self.awaiting))
        with pytest.raises(Invalid, match="不按行业"):
            records.add_marks(case(), 1, reviewer(COUNTY), held, [], ruling=ruling("cement"), reason="因", at=NOW)

    def test_no_decision_rests_on_a_sheet_from_before(self) -> None:
        marks, marked = [mark("green_design", "6")], line("green_design", "scored", "6", branch="mark")
        before = dossier(sheet=sheet(marked), marks=marks, rulings=[ruling("cement", revision=1)])
        assert "行业认定尚未计入评分表" in attempt(guard("marks"), before)[0]
        after = dossier(sheet=sheet(marked, revision=2), marks=marks, rulings=[ruling("cement", revision=1)])
        assert not attempt(guard("marks"), after)

    def test_a_mark_that_the_new_table_does_not_ask_for_stands_in_nobodys_way(self) -> None:
        held = dossier(
            sheet=sheet(line("other"), revision=2),
            marks=[mark("green_design", "6")],
            rulings=[ruling("cement", revision=1)],
        )
        assert not attempt(guard("marks"), held)


class TestSheet:
    def test_needed(self) -> None:
        assert attempt(guard("sheet"), dossier())

    def test_a_sheet_that_is_not_scorable_is_data(self) -> None:
        held = dossier(sheet=sheet(total=None, outcome="not_scorable"))
        assert attempt(guard("sheet"), held)
        assert not attempt(guard("sheet", not_scorable="allow"), held)


@pytest.mark.rule("GD-13-consult")
class TestConsultations:
    def test_waits_until_all_have_answered(self) -> None:
        held = dossier(consultations=[consultation("ecology", answered=False)])
        assert attempt(guard("consultations"), held, consults=CONSULTS) == [
            "尚未征求税务部门的意见。",
            "生态环境部门尚未答复（2025-10-15 征求）。",
        ]
        answered = dossier(consultations=[consultation(one, answered=True) for one in ("ecology", "tax")])
        assert not attempt(guard("consultations"), answered, consults=CONSULTS)

    def test_an_answer_is_registered_once_and_not_before_the_question(self) -> None:
        held = dossier(consultations=[consultation("ecology", answered=False)])
        day = datetime(2025, 10, 14, tzinfo=UTC).date()
        with pytest.raises(Invalid):
            records.answer_consultation(case(), 1, reviewer(COUNTY), held, "ecology", answered_on=day, agrees=True)
        with pytest.raises(IllegalTransition):
            records.answer_consultation(case(), 1, reviewer(COUNTY), held, "tax", answered_on=day, agrees=True)


@pytest.mark.rule("GD-13-expert")
def test_expert_review_is_optional_unless_begun() -> None:
    plan = guard("expert_review", optional=True)
    assert not attempt(plan, dossier())
    assert attempt(plan, dossier(expert_reviews=[ExpertReview("unassigned", 1)]))
    assert not attempt(plan, dossier(expert_reviews=[ExpertReview("done", 1, "C")]))
    assert attempt(guard("expert_review", optional=False), dossier())


@pytest.mark.rule("GD-14")
def test_only_b_and_better_where_the_policy_says_so() -> None:
    plan = guard("expert_review", optional=False, min_grade="B")
    assert not attempt(plan, dossier(expert_reviews=[ExpertReview("done", 1, "B")]))
    assert attempt(plan, dossier(expert_reviews=[ExpertReview("done", 1, "C")]))


@pytest.mark.rule("CQ-doc")
def test_recommendation_document_of_the_own_level() -> None:
    plan = guard("recommendation_document")
    assert attempt(plan, dossier(documents=[Document("recommendation_document", "ab", "a.pdf", 2)]))
    assert not attempt(plan, dossier(documents=[Document("recommendation_document", "ab", "a.pdf", 1)]))


@pytest.mark.rule("CQ-doc")
def test_a_level_that_recommends_in_batches_passes_nothing_alone() -> None:
    assert attempt(guard("batch"), dossier())
    assert not attempt(guard("batch"), dossier(), in_batch=True)


@pytest.mark.rule("N25-avg")
class TestAverage:
    plan = guard("below_average_reason")

    def test_below_needs_a_written_reason(self) -> None:
        held = dossier(sheet=sheet(total="70"), averages=average("70.5"))
        (detail,) = attempt(self.plan, held)
        assert "70.5" in detail
        assert "37 家" in detail
        assert "2025-10-20" in detail

    def test_a_reason_or_the_average_itself_is_enough(self) -> None:
        reason = WrittenReason("below_average", "重点培育", "p", 1)
        held = dossier(sheet=sheet(total="70"), averages=average("70.5"), reasons=[reason])
        assert not attempt(self.plan, held)
        assert not attempt(self.plan, dossier(sheet=sheet(total="70.5"), averages=average("70.5")))

    def test_without_an_average_nothing_is_asked(self) -> None:
        assert not attempt(self.plan, dossier(sheet=sheet(total="10")))
        assert not attempt(self.plan, dossier(sheet=sheet(total="10"), averages=average("70", "cq")))

    def test_the_highest_authority_of_the_route_that_has_one(self) -> None:
        held = average("60", COUNTY) | average("80", PROVINCE)
        assert guards.average_for(route(), dossier(averages=held)) == PROVINCE


@pytest.mark.rule("GD-17-gates")
def test_a_bar_is_named() -> None:
    (detail,) = attempt(guard("exclusions"), dossier(bars=[bar()]))
    assert "弄虚作假" in detail
    assert "GD 22" in detail
    assert "至 2028-10-18。" in detail


@pytest.mark.rule("N23-quota")
def test_a_quota_counts_what_was_passed() -> None:
    assert not attempt(guard("quota", max=2), dossier(), quota=1)
    assert attempt(guard("quota", max=2), dossier(), quota=2)
    assert not attempt(guard("quota", max=None), dossier(), quota=9999)


@pytest.mark.rule("GD-15")
def test_a_list_that_is_required() -> None:
    plan = guard("list_required", list_level="provincial")
    assert attempt(plan, dossier(memberships=frozenset({"provincial:cq:factory", "provincial:gd:park"})))
    assert not attempt(plan, dossier(memberships=frozenset({"provincial:gd:factory"})))


@pytest.mark.rule("GD-12-pre")
def test_a_list_in_principle_asks_for_a_reason() -> None:
    plan = guard("list_reason", list_level="city")
    assert attempt(plan, dossier())
    assert not attempt(plan, dossier(reasons=[WrittenReason("list_missing", "本年新认定", "p", 1)]))
    assert not attempt(plan, dossier(memberships=frozenset({"city:gd.guangzhou:factory"})))


def test_all_missing_guards_are_named_together() -> None:
    one = case(route(guard("sheet"), guard("exclusions"), guard("recommendation_document")))
    with pytest.raises(GuardNotMet) as refusal:
        decisions.pass_stage(one, 1, official(COUNTY), dossier(bars=[bar()]), at=NOW, closes_at=None)
    assert [problem.code for problem in refusal.value.errors] == ["sheet", "exclusions", "recommendation_document"]


def test_an_unknown_guard_opens_nothing() -> None:
    with pytest.raises(UnknownGuard):
        guards.require_known(route(guard("moon_phase")))


@pytest.mark.rule("N25-dates")
class TestWindow:
    def test_half_open(self) -> None:
        assert decisions.pass_stage(
            case(), 1, official(COUNTY), dossier(), at=NOW, closes_at=NOW + timedelta(seconds=1)
        )
        with pytest.raises(WindowClosed) as refusal:
            decisions.pass_stage(case(), 1, official(COUNTY), dossier(), at=NOW, closes_at=NOW)
        assert "2025-10-20 10:00" in refusal.value.detail

    def test_a_closing_midnight_names_the_last_day(self) -> None:
        midnight = datetime(2025, 11, 3, 16, tzinfo=UTC)
        with pytest.raises(WindowClosed) as refusal:
            decisions.pass_stage(case(), 1, official(COUNTY), dossier(), at=midnight, closes_at=midnight)
        assert "2025-11-03（当日有效）" in refusal.value.detail

    def test_not_before_it_opens(self) -> None:
        window = WindowPlan(NOW + timedelta(days=1), None, "N25-dates", "CQ 二(二)")
        with pytest.raises(WindowClosed) as refusal:
            decisions.pass_stage(case(route(window=window)), 1, official(COUNTY), dossier(), at=NOW, closes_at=None)
        assert refusal.value.article == "CQ 二(二)"


@pytest.mark.rule("N25-dates")
class TestDatesOnTheRecord:
    law = WindowPlan(None, NOW, "N25-dates", "N25 三", "miit")
    chain = (COUNTY, "gd.guangzhou", "gd", "miit")
    earlier, later = NOW - timedelta(days=3), NOW + timedelta(days=3)

    def test_a_lower_level_sets_an_earlier_date(self) -> None:
        assert self.law.closing([("gd", self.earlier)], self.chain) == self.earlier

    def test_who_set_a_date_extends_it(self) -> None:
        assert self.law.closing([("miit", self.later)], self.chain) == self.later
        moved = [("gd", self.earlier), ("gd", self.later), ("miit", self.later)]
        assert self.law.closing(moved, self.chain) == self.later

    def test_an_extension_above_leaves_the_earlier_date_below(self) -> None:
        assert self.law.closing([("gd", self.earlier), ("miit", self.later)], self.chain) == self.earlier

    def test_dates_of_others_do_not_count(self) -> None:
        assert self.law.closing([("cq", self.earlier)], self.chain) == NOW


class TestFreshness:
    def test_the_second_of_two_decisions_is_told(self) -> None:
        one = case()
        decisions.require_fresh(one, dossier(), Seen(1, 0))
        decisions.pass_stage(one, 1, official(COUNTY), dossier(), at=NOW, closes_at=None)
        with pytest.raises(StaleCase) as refusal:
            decisions.require_fresh(one, dossier(), Seen(1, 0))
        assert [problem.pointer for problem in refusal.value.errors] == ["/version"]

    def test_a_newer_sheet_is_named(self) -> None:
        with pytest.raises(StaleCase) as refusal:
            decisions.require_fresh(case(), dossier(sheet=sheet(revision=3)), Seen(1, 2))
        assert [problem.pointer for problem in refusal.value.errors] == ["/sheet_revision"]

    def test_what_says_nothing_about_points_may_overlook_a_newer_sheet(self) -> None:
        newer = dossier(sheet=sheet(revision=3))
        decisions.require_fresh(case(), newer, Seen(1, 2), on_sheet=False)
        for nobody_saw in (Seen(2, 3), Seen(1, 4)):
            with pytest.raises(StaleCase):
                decisions.require_fresh(case(), newer, nobody_saw, on_sheet=False)


@pytest.mark.rule("GD-17-gates")
def test_a_bar_that_arises_is_shown_and_makes_what_was_seen_stale() -> None:
    one = case()
    assert decisions.bars_changed(one, "弄虚作假（GD 22）")
    assert one.version == 2
    assert "barred" in one.snapshot()[0].substates
    assert not decisions.bars_changed(one, "弄虚作假（GD 22）")
    assert decisions.bars_changed(one, "")
    assert "barred" not in one.snapshot()[0].substates
