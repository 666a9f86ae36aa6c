"""Who hears of what."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

import gf_notify
import gf_policy
from gf_notify.adapters import contracts
from gf_notify.adapters.names import GROUNDS, Names
from gf_notify.adapters.wording import Wording, WordingError
from gf_notify.domain.cases import Progress, Seen, Stage, tell_progress
from gf_notify.domain.notices import Addressee
from gf_notify.domain.publicities import tell_publicity
from greenladder.common.v1.common_pb2 import Finding
from greenladder.review.v1.cases_pb2 import CaseOutcome, CaseReturned

NAMES = {"cq.yubei": "渝北区经济和信息化委员会", "cq": "重庆市经济和信息化委员会"}

TERM = {"until": "2025年11月30日（当日有效）", "list_name": "国家级绿色工厂名单"}


def progress(*states: str, round_no: int = 1) -> Progress:
    authorities = ("cq.yubei", "", "cq", "miit")
    stages = [Stage(n, a, s) for n, (a, s) in enumerate(zip(authorities, states, strict=True), start=1)]
    return Progress("s", "u", round_no, 1, "open", stages)


@pytest.mark.rule("ntf")
def test_a_new_case_is_told_to_the_first_level_only() -> None:
    told = tell_progress(None, progress("in_review", "not_applicable", "not_started", "not_started"), NAMES)
    assert [(t.template, t.to.authority, t.to.role) for t in told] == [("to_review", "cq.yubei", "reviewer")]
    assert told[0].words["level"] == NAMES["cq.yubei"]


@pytest.mark.rule("ntf")
def test_a_pass_tells_the_applicant_and_the_next_level_once() -> None:
    before = Seen(1, {1: "in_review", 2: "not_applicable", 3: "not_started", 4: "not_started"})
    now = progress("passed", "not_applicable", "in_review", "not_started")
    told = tell_progress(before, now, NAMES)
    assert [(t.template, t.to.key) for t in told] == [
        ("passed_on", "unit:u"),
        ("to_review", "authority:cq:reviewer"),
    ]
    assert told[0].words == {"level": NAMES["cq.yubei"], "next": NAMES["cq"]}
    seen = Seen(1, {s.number: s.state for s in now.stages})
    assert tell_progress(seen, now, NAMES) == []


@pytest.mark.rule("ntf", "DM-state")
def test_the_last_level_passes_it_on_to_nobody() -> None:
    before = Seen(1, {1: "passed", 2: "not_applicable", 3: "passed", 4: "in_review"})
    (told,) = tell_progress(before, progress("passed", "not_applicable", "passed", "passed"), NAMES)
    said = Wording.load().say(told.template, told.words)
    assert told.template == "passed_last"
    assert "上报" not in said.title + said.body


@pytest.mark.rule("ntf", "GD-13-publicity")
def test_a_level_that_waits_for_its_publicity_has_not_passed_it_on_yet() -> None:
    before = Seen(1, {1: "in_review", 2: "not_applicable", 3: "not_started", 4: "not_started"})
    (told,) = tell_progress(before, progress("passed", "not_applicable", "not_started", "not_started"), NAMES)
    said = Wording.load().say(told.template, told.words)
    assert said.body == "渝北区经济和信息化委员会已审核通过您的填报，公示期满后上报重庆市经济和信息化委员会。"


@pytest.mark.rule("DM-withdraw")
def test_a_new_round_is_told_to_every_level_again() -> None:
    before = Seen(1, {1: "in_review", 2: "not_applicable", 3: "not_started", 4: "not_started"})
    now = progress("in_review", "not_applicable", "not_started", "not_started", round_no=2)
    assert [t.template for t in tell_progress(before, now, NAMES)] == ["to_review"]


@pytest.mark.rule("GD-13-publicity")
def test_publicity_is_told_once_and_each_ruling_to_its_unit() -> None:
    entries = {"s1": ("u1", "clear"), "s2": ("u2", "clear")}
    opened = tell_publicity("drafted", {}, "open", entries, **TERM)
    assert [(t.template, t.to.unit_id) for t in opened] == [("publicity_opened", "u1"), ("publicity_opened", "u2")]
    assert opened[0].words == {"until": TERM["until"], "list": TERM["list_name"]}
    objected = tell_publicity(
        "open", {"s1": "clear", "s2": "clear"}, "open", {**entries, "s2": ("u2", "objected")}, **TERM
    )
    assert [(t.template, t.to.unit_id) for t in objected] == [("objected", "u2")]
    ruled = tell_publicity(
        "open", {"s1": "clear", "s2": "objected"}, "closed", {**entries, "s2": ("u2", "upheld")}, **TERM
    )
    assert [(t.template, t.to.unit_id) for t in ruled] == [("objection_upheld", "u2")]


def test_an_addressee_is_a_unit_or_a_role_never_both() -> None:
    with pytest.raises(ValueError, match="addresses"):
        Addressee(unit_id="u", authority="cq", role="reviewer")
    with pytest.raises(ValueError, match="addresses"):
        Addressee(authority="cq")


def test_every_template_that_the_code_names_has_words() -> None:
    """A template's name is the first argument of to_unit and to_authority; the literal ones are all in the file."""
    named: set[str] = set()
    for file in Path(gf_notify.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"to_unit", "to_authority"}
                and isinstance(node.args[0], ast.Constant)
            ):
                named.add(str(node.args[0].value))
    assert named
    assert named <= Wording.load().codes()


def test_every_way_a_case_can_end_has_words() -> None:
    """The template of a closed case is its outcome's stored word."""
    words = {n.removeprefix("CASE_OUTCOME_").lower() for n in CaseOutcome.keys()} - {"unspecified"}  # noqa: SIM118
    assert words <= Wording.load().codes()


@pytest.mark.rule("ntf")
def test_findings_name_fields_as_people_know_them() -> None:
    names = Names(gf_policy.load())
    returned = CaseReturned(
        findings=[
            Finding(pointer="/values/energy_total", note="不符"),
            Finding(pointer="/values/energy_total/2024", note="不符"),
            Finding(pointer="/values/3/value", note="请核对"),
            Finding(item="authenticity", note="缺凭证"),
            Finding(pointer="/evidence/evaluation_report"),
            Finding(pointer="/values/output_value", ok=True),
        ]
    )
    assert contracts.findings(returned, names.place) == (
        "综合能源消费量：不符；综合能源消费量：不符；填报内容：请核对；申报材料真实：缺凭证；第三方评价报告／自我评价报告或第三方评价报告"
    )


@pytest.mark.rule("N25-dates", "ntf")
def test_terms_are_told_by_their_last_day() -> None:
    stamp = Timestamp()
    stamp.FromDatetime(datetime(2025, 11, 30, 16, tzinfo=UTC))
    assert contracts.last_day(stamp) == "2025年11月30日（当日有效）"
    stamp.FromDatetime(datetime(2025, 11, 30, 9, 30, tzinfo=UTC))
    assert contracts.last_day(stamp) == "2025年11月30日 17:30"
    assert contracts.day_before("2028-03-01") == "2028-02-29"


def test_points_are_told_with_two_places() -> None:
    assert [contracts.points(one) for one in ("83.335000000001", "90.000000000000", "0.005")] == ["83.34", "90", "0.01"]


def test_no_ground_is_told_as_a_code() -> None:
    names = Names(gf_policy.load())
    for code in (*GROUNDS, "given_up", "term_over"):
        assert (names.end(code) or names.ground(code)) != code


def test_a_template_with_a_missing_part_is_refused_at_load() -> None:
    with pytest.raises(WordingError, match="received"):
        Wording({"received": {"title": "x", "body": "y"}})


def test_a_missing_word_is_not_said_as_a_blank() -> None:
    with pytest.raises(KeyError):
        Wording.load().say("received", {"number": "1"})
