"""Who hears of what."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gf_notify
from gf_notify.adapters.wording import Wording, WordingError
from gf_notify.domain.cases import Progress, Seen, Stage, tell_progress
from gf_notify.domain.notices import Addressee
from gf_notify.domain.publicities import tell_publicity
from greenladder.review.v1.cases_pb2 import CaseOutcome

NAMES = {"cq.yubei": "渝北区经济和信息化委员会", "cq": "重庆市经济和信息化委员会"}


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
    seen = Seen(1, {s.number: s.state for s in now.stages})
    assert tell_progress(seen, now, NAMES) == []


@pytest.mark.rule("DM-withdraw")
def test_a_new_round_is_told_to_every_level_again() -> None:
    before = Seen(1, {1: "in_review", 2: "not_applicable", 3: "not_started", 4: "not_started"})
    now = progress("in_review", "not_applicable", "not_started", "not_started", round_no=2)
    assert [t.template for t in tell_progress(before, now, NAMES)] == ["to_review"]


@pytest.mark.rule("GD-13-publicity")
def test_publicity_is_told_once_and_each_ruling_to_its_unit() -> None:
    entries = {"s1": ("u1", "clear"), "s2": ("u2", "clear")}
    opened = tell_publicity("drafted", {}, "open", "2025年12月1日 00:00", entries)
    assert [(t.template, t.to.unit_id) for t in opened] == [("publicity_opened", "u1"), ("publicity_opened", "u2")]
    objected = tell_publicity(
        "open", {"s1": "clear", "s2": "clear"}, "open", "x", {**entries, "s2": ("u2", "objected")}
    )
    assert [(t.template, t.to.unit_id) for t in objected] == [("objected", "u2")]
    ruled = tell_publicity(
        "open", {"s1": "clear", "s2": "objected"}, "closed", "x", {**entries, "s2": ("u2", "upheld")}
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


def test_a_template_with_a_missing_part_is_refused_at_load() -> None:
    with pytest.raises(WordingError, match="received"):
        Wording({"received": {"title": "x", "body": "y"}})


def test_a_missing_word_is_not_said_as_a_blank() -> None:
    with pytest.raises(KeyError):
        Wording.load().say("received", {"number": "1"})
