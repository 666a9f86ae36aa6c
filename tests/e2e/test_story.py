"""The five real routes, from the enterprise's form to the national list, through the public APIs alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gf_standalone.demo import data
from gf_standalone.demo.acts import Desk, Registrar
from gf_standalone.demo.client import Refused
from gf_standalone.demo.narrator import Narrator
from gf_standalone.demo.story import CITY_LISTS, NATIONAL, ROUTES, tell
from tests.support.house import House, open_house
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.e2e, pytest.mark.db]

NOT_APPLICABLE = "not_applicable"
# Columns county, city, province or group, ministry (N25, DM annex 2).
EXPECTED = {
    "cq": ["cq.yubei", "", "cq", "miit"],
    "gz": ["gd.guangzhou.huangpu", "gd.guangzhou", "gd", "miit"],
    "fs": ["", "gd.foshan", "gd", "miit"],
    "sz": ["", "shenzhen", "", "miit"],
    "cnbm": ["", "", "group.cnbm", "miit"],
}


class Told:
    """The house after the story, and what came of it."""

    def __init__(self, house: House, lines: list[str], results: dict[str, Any]) -> None:
        self.house = house
        self.lines = lines
        self.results = results

    def case(self, name: str) -> str:
        return str(self.results[f"apply:{name}"])


@pytest.fixture(scope="module")
async def told(database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    folder = tmp_path_factory.mktemp("story")
    lines: list[str] = []
    async with open_house(database_factory, folder) as house:
        narrator = Narrator(folder, house.clock, lines.append)
        await tell(house.base_url, house.clock, narrator)
        yield Told(house, lines, narrator._results)


async def case_of(told: Told, name: str, account: str) -> dict[str, Any]:
    case: dict[str, Any] = await told.house.speak(account).get(f"/review/v1/cases/{told.case(name)}")
    return case


@pytest.mark.rule("reg-lists")
async def test_all_five_stand_on_the_national_list(told: Told) -> None:
    listed = await Registrar(told.house.speak("miit-lists")).listed(NATIONAL)
    assert {data.units()[name]["name"] for name in ROUTES} <= listed
    assert data.units()["sixth"]["name"] not in listed


@pytest.mark.rule("DM-route", "DM-route-group", "DM-route-plan", "DM-route-city", "DM-state")
@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_each_went_its_own_way(told: Told, name: str) -> None:
    case = await case_of(told, name, "miit-review")
    assert [stage["authority"] for stage in case["stages"]] == EXPECTED[name]
    states = [stage["state"] for stage in case["stages"]]
    assert states == ["passed" if authority else NOT_APPLICABLE for authority in EXPECTED[name]]
    assert (case["state"], case["outcome"]) == ("closed", "approved")


@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_nobody_decided_at_two_levels(told: Told, name: str) -> None:
    case = await case_of(told, name, "miit-review")
    deciders = [line["authority"] for line in case["history"] if line["what"] == "passed"]
    assert deciders == [authority for authority in EXPECTED[name] if authority]


@pytest.mark.rule("N25-A1")
@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_each_has_a_sheet_of_fourteen_lines_and_a_total(told: Told, name: str) -> None:
    sheet = (await case_of(told, name, "miit-review"))["sheet"]
    assert len(sheet["lines"]) == 14
    assert sheet["outcome"] == "scored"
    assert 60 < float(sheet["total"]) <= 100


@pytest.mark.rule("DM-route-plan")
@pytest.mark.parametrize(
    ("name", "stranger"),
    [
        ("sz", "gd-review"),
        ("sz", "gz-review"),
        ("cnbm", "gd-review"),
        ("cq", "gd-review"),
        ("gz", "fs-review"),
        ("fs", "gz-review"),
        ("gz", "cq-approve"),
        ("cnbm", "sz-approve"),
    ],
)
async def test_other_authorities_see_nothing(told: Told, name: str, stranger: str) -> None:
    client = told.house.speak(stranger)
    for path in (f"/review/v1/cases/{told.case(name)}", f"/scoring/v1/sheets/{told.case(name)}"):
        with pytest.raises(Refused) as refused:
            await client.get(path)
        assert refused.value.status == 404
    page = await client.get("/review/v1/cases", view="all", limit=200)
    assert told.case(name) not in [item["submission_id"] for item in page["items"]]


@pytest.mark.rule("GD-12-list")
@pytest.mark.parametrize("name", sorted(CITY_LISTS))
async def test_the_citys_decision_publishes_the_city_list(told: Told, name: str) -> None:
    listed = await Registrar(told.house.speak("miit-lists")).listed(CITY_LISTS[name])
    assert listed == {data.units()[name]["name"]}


@pytest.mark.rule("CQ-pre")
async def test_chongqings_unit_stood_on_the_municipal_list(told: Told) -> None:
    listed = await Registrar(told.house.speak("cq-lists")).listed("provincial:cq:factory")
    assert data.units()["cq"]["name"] in listed


@pytest.mark.rule("ntf")
@pytest.mark.parametrize("name", sorted(ROUTES))
async def test_applicant_and_authorities_were_told(told: Told, name: str) -> None:
    account = data.units()[name]["account"]
    client = told.house.speak(account)
    found = await client.until(
        "/notify/v1/inbox",
        lambda page: any("名单" in str(one) for one in page["items"]),
        what="notice of the listing",
    )
    assert found["items"]


async def test_the_sixth_waits_for_a_person_who_can_still_decide(told: Told) -> None:
    """The windows were extended on the record, so the clock does not shut the person out."""
    house = told.house
    office = Desk(house.speak("yubei-review"), house.speak("yubei-approve"))
    case = await office.case(told.case("sixth"))
    assert not case["mine"]["window_over"]
    await office.prepare(told.case("sixth"))
    await office.recommend([told.case("sixth")], case["campaign_id"], "第六件")
    case = await house.speak("cq-review").get(f"/review/v1/cases/{told.case('sixth')}")
    assert [stage["state"] for stage in case["stages"][:3]] == ["passed", NOT_APPLICABLE, "in_review"]


async def test_told_once(told: Told, tmp_path: Path) -> None:
    """A second start has nothing left to tell."""
    before = list(told.lines)
    house = told.house
    narrator = Narrator(tmp_path, house.clock, told.lines.append)
    narrator.finish()
    await tell(house.base_url, house.clock, narrator)
    assert told.lines == before
