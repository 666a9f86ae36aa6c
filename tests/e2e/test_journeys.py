"""What else can happen on the way: withdrawn, returned, refused, objected to, barred, and looked at by strangers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from gf_standalone.demo import data
from gf_standalone.demo.acts import Registrar
from gf_standalone.demo.story import NATIONAL
from gf_standalone.people import Account
from tests.e2e.season import Json, Season, bar, open_season, refused
from tests.support.enterprises import Enterprise, enterprise, officials
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.e2e, pytest.mark.db]


@pytest.fixture(scope="module")
async def season(database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Season]:
    async with open_season(database_factory, tmp_path_factory.mktemp("journeys")) as opened:
        yield opened


@pytest.mark.rule("DM-withdraw", "DM-superior")
async def test_withdrawn_and_submitted_again_below_another_superior(season: Season) -> None:
    officials(season.house, "shunde", "gd.foshan.shunde")
    one, submission = await season.applied("gd.foshan.shunde", "440606")
    await season.desk("shunde").case(submission)

    answer = await one.client.send("POST", f"/intake/v1/submissions/{submission}/withdraw", json={"reason": "上级选错"})
    assert answer.status_code in (200, 202)
    draft = await season.until(one, submission, "draft")
    assert draft["round"] == 2

    unit = await one.client.send("GET", f"/intake/v1/units/{one.unit_id}")
    profile = {**one.applicant.unit, "superior": "gd.foshan"}
    body = {name: profile[name] for name in ("name", "uscc", "industries", "region", "superior")}
    await one.client.send("PUT", f"/intake/v1/units/{one.unit_id}/profile", json=body, match=unit.headers["etag"])
    await one.applicant.fill(submission)
    await one.applicant.submit(submission)

    case = await season.desk("fs").case(submission)
    assert case["round"] == 2
    assert [stage["authority"] for stage in case["stages"]] == ["", "gd.foshan", "gd", "miit"]
    gone = await refused(season.house.speak("shunde-review").get(f"/review/v1/cases/{submission}"))
    assert gone.status == 404


@pytest.mark.rule("DM-withdraw")
async def test_after_a_decision_nothing_is_withdrawn(season: Season) -> None:
    one, submission = await season.applied("gd.guangzhou.huangpu", "440112")
    office = season.desk("huangpu")
    await office.prepare(submission)
    await office.recommend([submission], season.campaign, f"批次 {submission}")
    await season.desk("gz").case(submission)
    await one.client.send("POST", f"/intake/v1/submissions/{submission}/withdraw", json={"reason": "改主意"})
    await season.until(one, submission, "submitted")
    assert (await season.desk("gz").case(submission))["round"] == 1


@pytest.mark.rule("return")
async def test_returned_corrected_and_reviewed_from_the_first_level_again(season: Season) -> None:
    one, submission = await season.applied("gd.guangzhou.huangpu", "440112")
    office = season.desk("huangpu")
    await office.prepare(submission)
    await office.recommend([submission], season.campaign, f"批次 {submission}")
    finding = {"pointer": "/values/3/value", "ok": False, "note": "2022年综合能源消费量与统计报表不一致"}
    await season.desk("gz").decide(submission, "return", reason="请更正", findings=[finding])

    draft = await season.until(one, submission, "draft")
    assert draft["round"] == 2
    assert draft["term_ends_at"] is not None
    content = data.content(one.applicant.unit)
    changed = next(row for row in content["values"] if row["code"] == "energy_total" and row["year"] == 2022)
    changed["value"] = "13750"
    await one.applicant.fill(submission, content)
    await one.applicant.submit(submission)

    case = await office.case(submission)
    assert case["round"] == 2
    assert [stage["state"] for stage in case["stages"]] == ["in_review", "not_started", "not_started", "not_started"]
    assert [(line["code"], line["year"]) for line in case["changes"]] == [("energy_total", 2022)]


@pytest.mark.rule("return")
async def test_a_correction_that_does_not_come_is_dropped(season: Season) -> None:
    one, submission = await season.applied("shenzhen", "440306")
    term = season.house.clock.now() + timedelta(hours=2)
    finding = {"pointer": "/values/0/value", "ok": False, "note": "产值有误"}
    await season.desk("sz").decide(
        submission, "return", reason="请更正", findings=[finding], term_ends_at=term.isoformat()
    )
    await season.until(one, submission, "draft")
    season.house.clock.move_to(term + timedelta(minutes=1))
    closed = await one.client.until(
        f"/intake/v1/submissions/{submission}", lambda seen: seen["state"] == "dropped", what="dropped"
    )
    assert closed["state"] == "dropped"
    case = await season.house.speak("sz-review").until(
        f"/review/v1/cases/{submission}", lambda seen: seen["state"] == "closed", what="case closed"
    )
    assert case["outcome"] == "dropped"


async def test_refused_with_its_reason(season: Season) -> None:
    one, submission = await season.applied("group.cnbm", "341800", group="group.cnbm", key_industry="cement")
    await season.desk("cnbm").decide(
        submission, "refuse", reason="先进性不足，暂不推荐。", article="工信厅节函〔2025〕390号 三"
    )
    closed = await season.until(one, submission, "closed")
    assert "先进性不足" in str(closed)
    again = await refused(
        season.house.speak("miit-approve").post(
            f"/review/v1/cases/{submission}/stages/4/pass", {"reason": ""}, match='"1-1"'
        )
    )
    assert again.status in (404, 409, 412)


async def to_the_ministry(season: Season) -> tuple[Enterprise, str]:
    """The shortest way: a separately planned city, then the ministry's decision; the unit is proposed."""
    one, submission = await season.applied("shenzhen", "440306")
    office = season.desk("sz")
    await office.prepare(submission)
    await office.recommend([submission], season.campaign, f"批次 {submission}")
    ministry = season.desk("miit")
    await ministry.prepare(submission)
    await ministry.decide(submission, "pass", reason="审定通过")
    return one, submission


@dataclass(frozen=True)
class InPublicity:
    """Two units stand one publicity; something happens to the first, and only the other goes on."""

    season: Season
    one: Enterprise
    submission: str
    other: Enterprise
    publicity: Json

    @classmethod
    async def of(cls, season: Season) -> InPublicity:
        ministry = season.desk("miit")
        one, submission = await to_the_ministry(season)
        other, clear = await to_the_ministry(season)
        publicity = await ministry.publish(submission)
        assert (await ministry.publicity(clear))["publicity_id"] == publicity["publicity_id"]
        return cls(season, one, submission, other, publicity)

    async def over(self) -> None:
        self.season.house.clock.move_to(datetime.fromisoformat(self.publicity["until"]) + timedelta(minutes=1))

    async def waiting(self, unit: Enterprise) -> list[str]:
        """Who waits for the next edition, as soon as the unit is among them."""
        pending = await self.season.house.speak("miit-lists").until(
            f"/registry/v1/lists/{NATIONAL}/pending",
            lambda found: unit.name in [item["name"] for item in found["items"]],
            what=f"{unit.name} goes on",
            limit=200,
        )
        assert pending["next"] is None
        return [item["name"] for item in pending["items"]]

    async def closed(self) -> Json:
        return await self.season.until(self.one, self.submission, "closed")


@pytest.mark.rule("GD-13-publicity")
@pytest.mark.parametrize("upheld", [False, True])
async def test_an_objection_holds_the_unit_back_until_it_is_settled(season: Season, upheld: bool) -> None:
    shown = await InPublicity.of(season)
    ministry, one = season.desk("miit"), shown.one
    path = f"/review/v1/publicities/{shown.publicity['publicity_id']}"
    objection = {"submission_id": shown.submission, "text": "有群众反映其排放数据不实"}
    await ministry.reviewer.post(f"{path}/objections", objection, match=f'"{shown.publicity["version"]}"')
    await shown.over()
    assert one.name not in await shown.waiting(shown.other)

    now = await ministry.approver.get(path)
    ruling = {"submission_id": shown.submission, "upheld": upheld, "reason": "经核实"}
    await ministry.approver.post(f"{path}/objections/ruling", ruling, match=f'"{now["version"]}"')
    assert (await shown.closed())["outcome"] == ("refused" if upheld else "approved")
    if not upheld:
        await shown.waiting(one)


@pytest.mark.rule("GD-17-gates")
async def test_a_bar_stops_an_open_case_and_is_named(season: Season) -> None:
    one, submission = await season.applied("shenzhen", "440306")
    office = season.desk("sz")
    await office.prepare(submission)
    await bar(season, one)
    case = await office.reviewer.until(
        f"/review/v1/cases/{submission}", lambda seen: bool(seen["bars"]), what="the bar arrives"
    )
    assert "exclusions" in [missing["code"] for missing in case["mine"]["missing"]]
    stopped = await refused(office.recommend([submission], season.campaign, f"批次 {submission}"))
    assert stopped.status in (409, 422)
    assert "失信" in str(stopped.problem)


@pytest.mark.rule("GD-17-gates")
async def test_a_bar_during_publicity_keeps_the_unit_off_the_list(season: Season) -> None:
    shown = await InPublicity.of(season)
    await bar(season, shown.one)
    await shown.over()
    case = await season.desk("miit").reviewer.until(
        f"/review/v1/cases/{shown.submission}", lambda seen: seen["outcome"] == "refused", what="the case ends"
    )
    assert "失信" in str(case["stages"])
    await shown.closed()
    assert shown.one.name not in await shown.waiting(shown.other)
    assert shown.one.name not in await Registrar(season.house.speak("miit-lists")).listed(NATIONAL)


@pytest.mark.rule("GD-17")
async def test_an_exclusion_that_the_applicant_states_is_refused_by_name(season: Season) -> None:
    one = await enterprise(season.house, "shenzhen", "440306")
    content = data.content(one.applicant.unit)
    next(row for row in content["values"] if row["code"] == "excl_accident")["value"] = True
    draft = await one.applicant.draft(one.unit_id, season.campaign)
    await one.applicant.fill(draft["id"], content)
    said = await refused(one.applicant.submit(draft["id"]))
    assert said.problem["rule"] == "GD-17"
    assert "事故" in str(said.problem)
    assert (await one.applicant.see(draft["id"]))["state"] == "verified"


@pytest.mark.rule("CQ-pre")
async def test_chongqing_takes_only_units_of_its_list(season: Season) -> None:
    one = await enterprise(season.house, "cq.yubei", "500112")
    said = await refused(one.applicant.apply(one.unit_id, season.campaign))
    assert said.problem["rule"] == "CQ-pre"


@pytest.mark.rule("used-by")
async def test_what_belongs_to_somebody_else_is_not_there(season: Season) -> None:
    one, submission = await season.applied("shenzhen", "440306")
    other = await enterprise(season.house, "shenzhen", "440306")
    await season.desk("sz").case(submission)
    scan = (await one.client.get(f"/intake/v1/submissions/{submission}"))["evidence"][0]
    evidence = scan.get("id") or scan["evidence_id"]
    strangers = [other.client, *(season.house.speak(name) for name in ("gd-approve", "cq-review", "cq-greencode"))]
    for stranger in strangers:
        for method, path, body in (
            ("GET", f"/intake/v1/submissions/{submission}", None),
            ("GET", f"/intake/v1/units/{one.unit_id}", None),
            ("GET", f"/intake/v1/evidence/{evidence}", None),
            ("POST", f"/intake/v1/submissions/{submission}/withdraw", {"reason": "不是我的"}),
            ("GET", f"/scoring/v1/sheets/{submission}", None),
        ):
            key = "a-strangers-call" if body else None
            said = await refused(stranger.send(method, path, json=body, key=key))
            assert said.status == 404, (stranger.account, method, path, said)
    for official in ("gd-approve", "cq-review", "fs-approve"):
        said = await refused(
            season.house.speak(official).post(
                f"/review/v1/cases/{submission}/stages/2/pass", {"reason": ""}, match='"2-1"'
            )
        )
        assert said.status == 404


@pytest.mark.rule("used-by")
async def test_a_partner_repeats_its_call_and_gets_the_first_answer(season: Season) -> None:
    """A provincial system acts for a unit of its own region; the same key creates nothing anew."""
    partner = season.house.invite(Account("gd-portal", "广东平台", ("partner",), "广东省平台", authority="gd"))
    one = await enterprise(season.house, "gd.guangzhou.huangpu", "440112")
    evidence = []
    for slot in data.EVIDENCE:
        stored = await partner.send(
            "PUT", f"/intake/v1/evidence/units/{one.unit_id}", content=data.pdf(slot), params={"name": f"{slot}.pdf"}
        )
        evidence.append({"slot": slot, "evidence_id": stored.json()["id"]})
    body = {
        "campaign_id": season.campaign,
        "kind": "application",
        "unit_id": one.unit_id,
        "evidence": evidence,
        **data.content(one.applicant.unit),
    }
    first = await partner.post("/intake/v1/partner/submissions", body, key="first-call")
    again = await partner.post("/intake/v1/partner/submissions", body, key="first-call")
    assert first == again
    other = await refused(partner.post("/intake/v1/partner/submissions", {**body, "note": "x"}, key="first-call"))
    assert other.status == 422
    second = await refused(partner.post("/intake/v1/partner/submissions", body, key="second-call"))
    assert (second.status, second.code) == (409, "submission_exists")
    assert first["id"] in second.problem["detail"]
    await season.desk("huangpu").case(first["id"])
