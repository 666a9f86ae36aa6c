"""The five real routes of the 2025 factory campaign, as review reads them from the policies."""

from __future__ import annotations

from datetime import date, datetime

import pytest

import gf_policy
from gf_review.adapters.policy import SHANGHAI, Policies, route_from_json, route_to_json
from gf_review.domain import guards
from gf_review.domain.route import AFTER_PUBLICITY, Route

BASE = "national/2025/n25"


@pytest.fixture(scope="module")
def policies() -> Policies:
    return Policies(gf_policy.load())


def way(policies: Policies, superior: str, group: str | None = None) -> Route:
    found = policies.route(BASE, superior=superior, group=group, category="factory", region="", kind="application")
    guards.require_known(found)
    assert route_from_json(route_to_json(found)) == found
    return found


@pytest.mark.parametrize(
    ("superior", "group", "authorities"),
    [
        pytest.param("cq.yubei", None, ("cq.yubei", "cq", "miit"), marks=pytest.mark.rule("DM-route-city", "CQ-zone")),
        pytest.param(
            "gd.guangzhou.huangpu",
            None,
            ("gd.guangzhou.huangpu", "gd.guangzhou", "gd", "miit"),
            marks=pytest.mark.rule("DM-route"),
        ),
        pytest.param("gd.foshan", None, ("gd.foshan", "gd", "miit"), marks=pytest.mark.rule("DM-route-city")),
        pytest.param("shenzhen", None, ("shenzhen", "miit"), marks=pytest.mark.rule("DM-route-plan")),
        pytest.param("group.cnbm", "group.cnbm", ("group.cnbm", "miit"), marks=pytest.mark.rule("DM-route-group")),
    ],
)
def test_routes(policies: Policies, superior: str, group: str | None, authorities: tuple[str, ...]) -> None:
    assert way(policies, superior, group).authorities == authorities


@pytest.mark.rule("GD-13-consult", "CQ-doc")
def test_chongqing_consults_five_departments_at_the_district(policies: Policies) -> None:
    district, municipality = (stage for stage in way(policies, "cq.yubei").stages if stage.authority.startswith("cq"))
    assert len(district.consults) == 5
    assert all(one.name != one.code for one in district.consults)
    assert not municipality.consults
    assert district.guard("batch")
    assert district.guard("recommendation_document")


@pytest.mark.rule("N25-dates")
def test_the_last_day_counts_in_full(policies: Policies) -> None:
    district = way(policies, "cq.yubei").stages[0]
    assert district.window is not None
    assert district.window.closes_at == datetime(2025, 11, 4, tzinfo=SHANGHAI)


@pytest.mark.rule("GD-13-publicity", "GD-12-list")
def test_lists_and_publicity_are_data(policies: Policies) -> None:
    stages = {stage.level: stage for stage in way(policies, "gd.foshan").stages}
    assert stages["city"].list_id == "city:gd.foshan:factory"
    assert not stages["city"].waits_for_publicity
    assert stages["ministry"].list_id == "national:miit:factory"
    assert stages["ministry"].travels == AFTER_PUBLICITY
    assert stages["ministry"].waits_for_publicity


@pytest.mark.rule("GD-13-publicity")
def test_ten_working_days_over_the_autumn_holidays(policies: Policies) -> None:
    end, provisional = policies.publicity_end(date(2025, 9, 24), 10, "working")
    # 25, 26, 28 (a shifted working Sunday), 29, 30 September, 9, 10, 11 (a shifted Saturday), 13, 14 October 2025.
    assert end == datetime(2025, 10, 15, tzinfo=SHANGHAI)
    assert not provisional
    assert policies.publicity_end(date(2025, 10, 20), 15, "calendar")[0] == datetime(2025, 11, 5, tzinfo=SHANGHAI)


@pytest.mark.rule("N25-53", "N23-SC")
def test_the_industries_that_have_a_table(policies: Policies) -> None:
    factories = dict(policies.industry_tables(BASE, "factory"))
    assert len(factories) == 54
    assert factories["cement"] == "水泥"
    assert "general" in factories
    # Sorted by class: the general requirements hold for what no class names, so they can be ruled as well.
    chains = dict(policies.industry_tables("national/2023/n23", "supply_chain"))
    assert chains == {
        "general": "通则（不按行业）",
        "electronics": "电子电器",
        "automobile": "汽车",
        "machinery": "机械",
    }
    assert policies.industry_tables(BASE, "park") == []
    assert policies.industry_tables("national/2023/n23", "park") == [], "one slot for all of them: nothing to rule"


@pytest.mark.rule("N25-53", "N23-SC")
def test_the_industry_that_applies_as_filed(policies: Policies) -> None:
    def filed(base: str, category: str, key: str, industry: str) -> str:
        return policies.industry_filed(base, category, {"key_industry": key, "industries": [industry]})

    assert filed(BASE, "factory", "cement", "3011") == "cement"
    assert filed(BASE, "factory", "", "3011") == "general"
    assert filed("national/2023/n23", "supply_chain", "", "3982") == "electronics"


@pytest.mark.rule("GD-14")
def test_the_provinces_rules_hold_back_what_is_below_b(policies: Policies) -> None:
    rules = "unnamed-province/2024/rules"
    assert {one.params["minimum"] for one in policies.grading.values()} == {"B"}
    plain = way(policies, "gd.foshan")
    held = policies.with_grades(plain, {("gd", rules): "C"})
    assert held.plan(3).guard("provincial_grade") is not None
    assert "第十四条" in held.plan(3).guard("provincial_grade").article
    assert [one.guard("provincial_grade") for one in held.stages if one.stage_no != 3] == [None, None, None]
    # Another's grade binds nobody here; nor does a grade bind a route that ends at the province.
    assert policies.with_grades(plain, {("cq", rules): "C"}) == plain
    own = policies.route(rules, superior="gd.foshan", group=None, category="factory", region="", kind="application")
    assert policies.with_grades(own, {("gd", rules): "C"}) == own
