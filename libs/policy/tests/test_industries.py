from __future__ import annotations

import pytest

from gf_policy import PolicyLookupError
from gf_policy.book import Book

ANNEX_3 = [4, 13, 6, 4, 10, 5, 4, 7]


@pytest.mark.rule("N25-53")
def test_53_key_industries_in_8_sectors(book: Book) -> None:
    sectors: dict[str, int] = {}
    for key in book.industries.keys:
        sectors[key.sector_name] = sectors.get(key.sector_name, 0) + 1
    assert list(sectors.values()) == ANNEX_3
    assert book.industries.key("cement").name == "水泥"


@pytest.mark.rule("N25-53")
def test_gbt4754_codes_only_propose_a_key_industry(book: Book) -> None:
    assert [key.code for key in book.industries.suggest(["3011"])] == ["cement"]
    assert {key.code for key in book.industries.suggest(["3612"])} == {"vehicle"}
    assert {key.code for key in book.industries.suggest(["3120"])} == {"steel_long_process", "steel_short_process"}
    assert book.industries.suggest(["2720"]) == ()


@pytest.mark.rule("DM-industry")
def test_classification_and_the_two_sector_lists(book: Book) -> None:
    assert book.industries.name("2720") == "化学药品制剂制造"
    assert sum(book.industries.get(code).level == 4 for code in book.industries.codes()) == 1381
    assert len(book.industries.sectors) == 9
    assert [each.name for each in book.industries.sectors if each.written_out] == ["其它"]
    annex = {each.annex_sector for each in book.industries.sectors} - {None}
    assert annex == {key.sector for key in book.industries.keys}


@pytest.mark.rule("DM-industry")
def test_unknown_codes_are_refused_by_name(book: Book) -> None:
    assert not book.industries.exists("9999")
    with pytest.raises(PolicyLookupError, match="9999"):
        book.industries.name("9999")
    with pytest.raises(PolicyLookupError, match="没有“gold”"):
        book.industries.key("gold")
