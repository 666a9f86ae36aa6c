"""The policy files, as the registry reads them."""

from __future__ import annotations

from datetime import date

import pytest

import gf_policy
from gf_registry.adapters.law import PolicyLaw
from gf_registry.domain.lists import ListId


@pytest.fixture(scope="module")
def law() -> PolicyLaw:
    return PolicyLaw(gf_policy.load())


@pytest.mark.rule("GD-17", "GD-22")
def test_rules_of_a_submission(law: PolicyLaw) -> None:
    rules = law.rules_for(["national/2025/n25"], "gd.foshan.shunde")
    assert (rules.removal_lookback_years, rules.fraud_years) == (3, 3)
    assert rules.removal_ground in rules.grounds
    assert rules.article(rules.removal_ground)
    assert len(rules.grounds) >= 6


def test_rules_without_a_submission(law: PolicyLaw) -> None:
    assert "accident" in law.rules_on(date(2025, 12, 1)).grounds


def test_unknown_policy_and_authority_fall_back(law: PolicyLaw) -> None:
    assert law.rules_for(["nowhere/1"], "atlantis").removal_lookback_years == 3
    assert law.rules_for(["national/2025/n25"], "atlantis").grounds
    assert law.chain("atlantis") == frozenset()
    assert law.name("atlantis") == "atlantis"


@pytest.mark.rule("GD-2", "N25-recip")
@pytest.mark.parametrize(
    ("list_id", "kept"),
    [
        ("national:miit:factory", True),
        ("national:gd:factory", False),
        ("provincial:gd:factory", True),
        ("provincial:cq:factory", True),
        ("provincial:miit:factory", False),
        ("city:gd.foshan:factory", True),
        ("city:gd:factory", False),
        ("city:shenzhen:factory", True),
        ("city:cq.yubei:factory", False),
        ("provincial:atlantis:factory", False),
        ("provincial:gd:spaceship", False),
    ],
)
def test_who_keeps_which_list(law: PolicyLaw, list_id: str, kept: bool) -> None:
    assert law.keeps(ListId.parse(list_id)) is kept


@pytest.mark.rule("CQ-zone")
def test_scope_follows_the_tree(law: PolicyLaw) -> None:
    assert law.chain("cq.yubei") == {"cq.yubei", "cq", "miit"}
    assert "gd" not in law.chain("shenzhen")
