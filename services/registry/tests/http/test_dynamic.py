"""Dynamic management over HTTP: who is due or warned, to whom it is shown, and a person's acts in the pages."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from services.registry.tests.db.support import NATIONAL
from services.registry.tests.db.test_editions import listed, publish
from services.registry.tests.db.test_rankings import Run, dues
from services.registry.tests.http.browser import Browser
from services.registry.tests.http.test_http import CODE, OTHER, World, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.db
PAGE = f"/lists/{NATIONAL}/dynamic"


async def ranked(world: World) -> tuple[str, str]:  # noqa: F811
    """Two listed units, one due and one warned; their ids."""
    found = []
    for name, code in (("末位厂", CODE), ("预警厂", OTHER)):
        story = await listed(world.station, name=name)
        story.uscc = code
        await world.station.hear(story.unit_changed(2))
        found.append(story)
    await publish(world.station)
    await Run([(found[1].unit_id, -1), (found[0].unit_id, 3)]).tell(world.station)
    return str(found[0].unit_id), str(found[1].unit_id)


@pytest.mark.rule("N25-5pct", "CQ-warn")
async def test_shown_to_whom_it_concerns(world: World) -> None:  # noqa: F811
    due, warned = await ranked(world)
    address = f"/v1/lists/{NATIONAL}/attention"
    for token in ("registrar@miit", "reviewer@gd", "approver@gd.foshan", "steward@gd.foshan.shunde"):
        answer = (await world.call("GET", address, token)).json()
        assert [d["unit_id"] for d in answer["due"]] == [due], token
        assert [w["unit_id"] for w in answer["warned"]] == [due, warned], token
    answer = (await world.call("GET", address, "reviewer@cq")).json()
    assert (answer["due"], answer["warned"]) == ([], [])
    assert (await world.call("GET", address, f"applicant@@{CODE}")).status_code == 404
    assert (await world.call("GET", address)).status_code == 401
    assert (await world.call("GET", f"{address}?year=2026", "registrar@miit")).json()["ranking"] is None
    own = (await world.call("GET", f"/v1/units/{due}/standing", f"applicant@@{CODE}")).json()
    assert [(r["place"], r["band"], r["removal_due"]) for r in own["rankings"]] == [(2, "B", True)]
    assert own["removals_due"][0]["state"] == "open"
    assert (await world.call("GET", f"/v1/units/{due}/standing", f"applicant@@{OTHER}")).status_code == 404
    # Grade, place and warning are nobody else's: the public pages do not have them.
    public = (await world.call("GET", f"/v1/public/units/{due}")).text + (
        await world.call("GET", f"/ui/units/{due}")
    ).text
    assert "band" not in public
    assert "后5%" not in public


@pytest.mark.rule("CQ-warn")
async def test_warnings_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    due, warned = await ranked(world)
    address = f"/v1/lists/{NATIONAL}/attention?limit=1"
    first = (await world.call("GET", address, "registrar@miit")).json()
    assert ([w["unit_id"] for w in first["warned"]], first["warned_count"]) == ([due], 2)
    second = (await world.call("GET", f"{address}&cursor={first['next']}", "registrar@miit")).json()
    assert ([w["unit_id"] for w in second["warned"]], second["warned_count"], second["next"]) == ([warned], 2, None)
    other = (await world.call("GET", f"{address}&cursor={first['next']}", "reviewer@cq")).json()
    assert (other["warned"], other["warned_count"]) == ([], 0)
    assert (await world.call("GET", f"{address}&cursor=WyJ4Il0", "registrar@miit")).status_code == 422
    monkeypatch.setattr("gf_registry.web.dynamic_pages.PAGE", 1)
    miit = Browser(world.app, world.client, "registrar@miit")
    page = BeautifulSoup((await miit.get(PAGE)).text, "html.parser")
    assert "共 2 家" in page.select_one("#warned caption").get_text()  # type: ignore[union-attr]
    onward = page.select_one("#warned .pager a[rel=next]")
    assert onward is not None
    second_page = BeautifulSoup((await miit.get(f"{PAGE}{onward['href']}")).text, "html.parser")
    shown = [str(a["href"]) for a in second_page.select("#warned tbody a")]
    assert shown == [f"/registry/ui/units/{warned}/standing"]
    assert [a.get_text() for a in second_page.select("#warned .pager a")] == ["第一页"]
    assert len(second_page.select("#due tbody tr")) == 1
    # Each list has pages of its own.
    stories = [await listed(world.station, name=name) for name in ("丙厂", "丁厂")]
    await publish(world.station)
    await Run([(one.unit_id, 3) for one in stories], year=2028).tell(world.station)
    monkeypatch.setattr("gf_registry.web.dynamic_pages.DUE_PAGE", 1)
    seen, href = [], PAGE
    while href:
        page = BeautifulSoup((await miit.get(href)).text, "html.parser")
        assert "共 3 项" in page.select_one("#due caption").get_text()  # type: ignore[union-attr]
        seen += [a.get_text() for a in page.select("#due tbody a")]
        following = page.select_one("#due .pager a[rel=next]")
        href = f"{PAGE}{following['href']}" if following else ""
    assert sorted(seen) == ["丁厂", "丙厂", "末位厂"]
    assert seen[-1] == "末位厂", "an earlier year"
    # To take away, all of them at once.
    table = (await miit.get(f"{PAGE}/due.csv")).text
    assert table.count("\n") == 4


@pytest.mark.rule("N25-5pct")
async def test_pages_by_person(world: World) -> None:  # noqa: F811
    due, warned = await ranked(world)
    miit = Browser(world.app, world.client, "registrar@miit")
    page = await miit.get(PAGE)
    assert page.status_code == 200, page.text
    assert "末位厂" in page.text
    assert "提出移出" in page.text
    assert NATIONAL.category in (await miit.get("/dynamic")).text
    foshan = await Browser(world.app, world.client, "reviewer@gd.foshan").get(PAGE)
    assert "末位厂" in foshan.text
    assert "由名单主管部门办理" in foshan.text
    assert "末位厂" not in (await Browser(world.app, world.client, "reviewer@cq").get(PAGE)).text
    own = Browser(world.app, world.client, f"applicant@@{CODE}")
    assert f"/units/{due}/standing" in (await own.get("/mine")).text
    assert "连续 3 年处于后5%" in (await own.get(f"/units/{due}/standing")).text
    other = Browser(world.app, world.client, f"applicant@@{OTHER}")
    assert "预警" in (await other.get(f"/units/{warned}/standing")).text
    assert (await other.get(f"/units/{due}/standing")).status_code == 404
    for path in (PAGE, "/dynamic"):
        assert (await own.get(path)).status_code == 404
    assert (await miit.get("/mine")).status_code == 404


@pytest.mark.rule("N25-5pct")
async def test_a_persons_acts(world: World) -> None:  # noqa: F811
    due, _ = await ranked(world)
    first, second = (Browser(world.app, world.client, t) for t in ("registrar@miit", "registrar+approver@miit"))
    empty = await first.post(f"{PAGE}/propose", unit_id=due, key="k", reason="")
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "reason")
    form = {"unit_id": due, "key": "one", "reason": "三年末位"}
    for _ in range(2):
        assert (await first.post(f"{PAGE}/propose", **form)).status_code == 200, "a second click is the first answer"
    assert await dues(world.station) == [("末位厂", "proposed", 2027)]
    ((adjustment,),) = await world.station.rows("select id from adjustment")
    decision = {"adjustment_id": str(adjustment), "seen": "1", "agreed": "yes", "document": "公告1号", "reason": "核实"}
    same = await first.post(f"{PAGE}/decide", key="two", **decision)
    assert (same.status_code, same.json()["code"]) == (403, "same_person")
    without = await second.post(f"{PAGE}/decide", key="three", **{**decision, "document": ""})
    assert without.json()["errors"][0]["field"] == "document"
    stale = await second.post(f"{PAGE}/decide", key="four", **{**decision, "seen": "9"})
    assert stale.status_code == 412
    assert (await second.post(f"{PAGE}/decide", key="five", **decision)).status_code == 200
    assert await dues(world.station) == [("末位厂", "decided", 2027)]
    assert "公告1号" in (await first.get(PAGE)).text
    back = {"adjustment_id": str(adjustment), "seen": "2", "reason": "更正"}
    stranger = Browser(world.app, world.client, "registrar@gd")
    assert (await stranger.post(f"{PAGE}/take-back", key="six", **back)).status_code == 404
    assert (await first.post(f"{PAGE}/take-back", key="seven", **back)).status_code == 200
    assert await dues(world.station) == [("末位厂", "open", 2027)]
