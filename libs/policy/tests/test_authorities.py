from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gf_policy
from gf_policy import PolicyError, PolicyLookupError
from gf_policy.book import Book

PLANNED = {"dalian", "qingdao", "ningbo", "xiamen", "shenzhen"}


@pytest.mark.rule("N25-recip")
def test_provincial_level_has_37_members_and_groups_beside_them(book: Book) -> None:
    reporting = [each for each in book.authorities.children("miit") if each.level != "group"]
    assert len(reporting) == 37
    assert {each.id for each in reporting if each.kind == "separately_planned"} == PLANNED
    assert [each.id for each in reporting if each.kind == "xpcc"] == ["xpcc"]
    assert sum(each.level == "province" and each.kind != "xpcc" for each in reporting) == 31
    assert any(each.level == "group" for each in book.authorities.children("miit"))


@pytest.mark.rule("DM-route-plan")
def test_separately_planned_cities_are_not_below_their_province(book: Book) -> None:
    assert "shenzhen" not in book.authorities.under("gd")
    assert len([each for each in book.authorities.children("gd") if each.level == "city"]) == 20


@pytest.mark.rule("CQ-zone")
def test_zones_are_authorities_of_their_own_and_may_share_a_region_code(book: Book) -> None:
    tree = book.authorities
    counties = tree.children("cq")
    assert sum(each.kind == "county" for each in counties) == 38
    assert {each.id for each in counties if each.kind == "development_zone"} == {
        "cq.liangjiang",
        "cq.gaoxin",
        "cq.wansheng",
    }
    assert tree.get("cq.liangjiang").region == tree.get("cq.yubei").region
    assert tree.get("group.cnbm").region is None


def test_chain_ends_at_the_ministry(book: Book) -> None:
    assert [each.id for each in book.authorities.chain("gd.foshan.shunde")] == [
        "gd.foshan.shunde",
        "gd.foshan",
        "gd",
        "miit",
    ]
    assert "gd.foshan.shunde" in book.authorities.under("gd")
    assert all(book.authorities.chain(each.id)[-1].id == "miit" for each in book.authorities)


@pytest.mark.rule("DM-superior")
def test_unknown_authority_is_named(book: Book) -> None:
    with pytest.raises(PolicyLookupError, match=r"cq\.nowhere") as refusal:
        book.authorities.get("cq.nowhere")
    assert (refusal.value.status, refusal.value.rule) == (422, "DM-superior")


def test_names_and_region_codes_are_official_looking(book: Book) -> None:
    assert book.authorities.get("cq").name == "重庆市经济和信息化委员会"
    assert book.authorities.get("cq.yubei").name == "渝北区经济和信息化委员会"
    assert book.authorities.get("shenzhen").name == "深圳市工业和信息化局"
    regions = [each.region for each in book.authorities if each.region and each.kind != "development_zone"]
    assert len(regions) == len(set(regions))


def test_an_authority_below_the_wrong_level_is_refused(change: Callable[..., Path]) -> None:
    name = "authorities/national.yaml"
    old = "id: shenzhen, name: 深圳市工业和信息化局, place: 深圳市, level: city, kind: separately_planned, parent: miit"
    root = change(name, old, old.replace("parent: miit", "parent: cq.yubei"))
    with pytest.raises(PolicyError, match=r"不能以“cq\.yubei”为上级") as fault:
        gf_policy.load(root)
    assert fault.value.file == name
    assert fault.value.line is not None
