"""An overlay may only tighten; loading refuses anything else, naming file, line and reason."""

# ruff: noqa: E501  (YAML fragments stand on one line)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gf_policy
from gf_policy import PolicyError, PolicyLookupError
from gf_policy.book import Book

CQ, CQ_ROUTES = "cq/2025/n25/policy.yaml", "cq/2025/n25/routes.yaml"
GD, GD_ROUTES = "gd/2025/n25/policy.yaml", "gd/2025/n25/routes.yaml"

LOOSER = [
    (CQ, "closes: 2025-11-03", "closes: 2025-11-08", "止日不能晚于 2025-11-07"),
    (CQ, "    closes: 2025-11-03", "    opens: 2025-10-01", "起日不能早于 2025-10-13"),
    (CQ, "    closes: 2025-11-03\n    rule: N25-dates\n    source: {document: CQ", "    opens: 2025-11-08\n    rule: N25-dates\n    source: {document: CQ", "没有剩下可用的时间"),
    (CQ, "categories: [factory, park]\nkinds", "categories: [factory, park, supply_chain]\nkinds", "类别不能多于"),
    (CQ, "kinds: [application, benchmark]", "kinds: [application, benchmark, dynamic_form]", "事项不能多于"),
    (CQ, "jurisdiction: cq", "jurisdiction: null", "应写明所属主管部门"),
    (CQ, "extends: national/2025/n25", "extends: national/2024/n24", "不存在"),
    (CQ, "code: municipal_listed", "code: national_listed", "前提条件“national_listed”比上级规定宽"),
    (CQ, "settings:", "listing_gates: {removal_lookback_years: 3, fraud_bar_years: 2, removed_source: {document: CQ, article: 二}, source: {document: CQ, article: 二}}\nsettings:", "年限不能短于"),
    (CQ, "settings:", "exclusions:\n  - {code: accident, fact: excl_accident, label: 事故, years: 2, rule: GD-17, source: {document: CQ, article: 二}}\nsettings:", "“accident”比上级规定宽"),
    (CQ, "settings:", "eligibility:\n  - {category: factory, uscc_required: true, industry_divisions: [], message: 任何行业, rule: GD-8, source: {document: CQ, article: 一}}\nsettings:", "申报条件比上级规定宽"),
    (CQ, "settings:", "forms:\n  - {category: factory, kind: application, require: [nothing], rule: DM-form, source: {document: CQ, article: 二}}\nsettings:", "申报表中没有“nothing”"),
    (CQ_ROUTES, "- {code: consultations, rule: GD-13-consult,", "- {code: sheet, params: {not_scorable: allow}, rule: GD-13-consult,", "把关“sheet”比上级规定宽"),
    (CQ_ROUTES, "departments: [development_reform,", "departments: [fire,", "没有代码为“fire”的部门"),
    (CQ_ROUTES, "kinds:\n  application:\n    county:", "kinds:\n  dynamic_form:\n    county:", "基础规定没有这一级的审核"),
    (GD_ROUTES, "    province:\n      source: {document: DM, article: 三}", "    ministry:\n      list: {level: national, rule: reg-lists, source: {document: DM, article: 三}, publicity: {days: 10, unit: calendar, rule: GD-13-publicity, source: {document: DM, article: 三}}}\n      source: {document: DM, article: 三}\n    province:\n      source: {document: DM, article: 三}", "公示期不能缩短"),
]  # fmt: skip


@pytest.mark.rule("N25-dates")
@pytest.mark.parametrize(("file", "old", "new", "reason"), LOOSER, ids=[row[3] for row in LOOSER])
def test_an_overlay_that_loosens_is_refused(
    change: Callable[..., Path], file: str, old: str, new: str, reason: str
) -> None:
    root = change(file, old, new)
    with pytest.raises(PolicyError, match=reason) as fault:
        gf_policy.load(root)
    assert fault.value.file == file
    assert fault.value.line is not None


@pytest.mark.rule("N25-dates")
def test_an_earlier_date_is_taken(change: Callable[..., Path]) -> None:
    root = change(CQ, "closes: 2025-11-03", "closes: 2025-10-31")
    window = gf_policy.load(root).effective_for("national/2025/n25", "cq.yubei").windows("submit")
    assert window.closes_at.isoformat() == "2025-10-31T16:00:00+00:00"


@pytest.mark.rule("N25-evid")
def test_an_overlay_may_ask_for_more_in_a_form(change: Callable[..., Path]) -> None:
    extra = (
        "forms:\n  - {category: factory, kind: application, require: [advanced_technology], evidence_channels: "
        "[{slot: sealed_scan, channels: [partner]}], rule: DM-form, source: {document: CQ, article: 二}}\nsettings:"
    )
    book = gf_policy.load(change(CQ, "settings:", extra))
    strict = book.effective_for("national/2025/n25", "cq.yubei").form("factory", "application")
    plain = book.effective_for("national/2025/n25", "shenzhen").form("factory", "application")
    assert strict.row("advanced_technology").required
    assert not plain.row("advanced_technology").required
    assert [problem.pointer for problem in strict.check_evidence([], (), channel="partner")] == [
        "/evidence/sealed_scan"
    ]
    assert not plain.check_evidence([], (), channel="partner")


@pytest.mark.rule("DM-route-plan")
def test_overlays_are_those_along_the_route(book: Book) -> None:
    def ids(superior: str) -> list[str]:
        return [ref.id for ref in book.effective_for("national/2025/n25", superior).refs]

    assert ids("cq.yubei") == ["national/2025/n25", "cq/2025/n25"]
    assert ids("gd.foshan.shunde") == ["national/2025/n25", "gd/2025/n25"]
    assert ids("shenzhen") == ["national/2025/n25", "shenzhen/2025/n25"]
    assert ids("group.cnbm") == ["national/2025/n25"]


def test_an_overlay_is_no_base(book: Book) -> None:
    with pytest.raises(PolicyLookupError, match="叠加规定"):
        book.effective("cq/2025/n25")
    with pytest.raises(PolicyLookupError, match="没有编号"):
        book.effective("cq/1999/x")


@pytest.mark.rule("GD-32")
def test_one_installation_carries_several_rulebooks(book: Book) -> None:
    bases = {"national/2023/n23", "national/2025/n25", "unnamed-province/2024/rules"}
    assert {policy.id for policy in book.bases()} == bases
    rules = book.policy("unnamed-province/2024/rules")
    assert rules.jurisdiction is None
    assert rules.bar_years == 3
    assert rules.settings["agency_cap"] == {
        "per": "legal_representative",
        "window": "year",
        "level": "provincial",
        "limit": 10,
    }
    assert len(book.effective(rules.id).exclusions) == 6
    assert all(ground.covers_enterprises_inside for ground in book.effective(rules.id).exclusions)


@pytest.mark.rule("GD-8")
def test_who_may_apply_is_data(book: Book) -> None:
    effective = book.effective("national/2025/n25")
    factory = effective.eligibility("factory")
    park = effective.eligibility("park")
    assert factory is not None
    assert park is not None
    assert factory.uscc_required
    assert factory.industry_divisions == {str(code) for code in range(13, 44)}
    assert not park.uscc_required
    assert effective.eligibility("supply_chain") is None


@pytest.mark.rule("GD-22")
def test_bars_after_fraud_and_removal_are_data(book: Book) -> None:
    gates = book.effective_for("national/2025/n25", "gd.dongguan").listing_gates
    assert (gates.fraud_bar_years, gates.removal_lookback_years) == (3, 3)
    assert gates.article_fraud == "N25 三"


@pytest.mark.rule("N25-self")
def test_no_third_party_report_is_asked_for(book: Book) -> None:
    assert book.policy("national/2025/n25").third_party_report is False
