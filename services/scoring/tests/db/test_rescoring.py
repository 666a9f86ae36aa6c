"""Shadow runs: nothing is overwritten, a kill costs nothing, the report says who moves, one act switches."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from gf_chassis.clock import Clock
from gf_chassis.ids import new_id
from gf_scoring.adapters.contracts import scored_from
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.usecases.start_rescoring import StartRescoring
from services.scoring.tests.db.test_rankings import ACT
from services.scoring.tests.db.test_sheets import publish_set
from services.scoring.tests.sample import POLICIES, factory_facts
from services.scoring.tests.world import World, as_

pytestmark = pytest.mark.db

FILE = POLICIES / "national/2025/n25/ruleset-factory.yaml"


def candidate() -> str:
    """The national table with energy weighing more and carbon less, as a further version."""
    found = FILE.read_text("utf-8").replace('version: "1"', 'version: "1-trial"', 1)
    for code, old, new in (("energy_intensity", "8", "10"), ("carbon_intensity", "8", "6")):
        head, _, tail = found.partition(f"code: {code}\n")
        found = head + f"code: {code}\n" + tail.replace(f"weight: {old}\n", f"weight: {new}\n", 1)
    return found


async def populated(world: World, api: httpx.AsyncClient, count: int = 25) -> list[UUID]:
    """Forms that differ in their energy."""
    await publish_set(world, api)
    ids = [new_id() for _ in range(count)]
    for n, one in enumerate(ids):
        facts = factory_facts() | {("energy_total", 2024, "tce"): f"{4500 + 150 * n}"}
        await world.apply(world.admitted(one, unit_id=new_id(), facts=facts))
    return ids


async def start(api: httpx.AsyncClient, world: World, **changes: object) -> str:
    body = {"campaign_id": str(world.campaign_id), "category": "factory", "title": "试算", "ruleset": candidate()}
    made = await api.post("/rescore-runs", json=body | changes, headers=as_("steward"))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def shown(api: httpx.AsyncClient, run: str) -> dict[str, Any]:
    return dict((await api.get(f"/rescore-runs/{run}", headers=as_("steward"))).json())


async def finish(parts: Bootstrap, run: str) -> None:
    while await parts.rescore_population.step(UUID(run)):
        pass


async def switch(api: httpx.AsyncClient, run: str, **changes: str) -> httpx.Response:
    tag = f'"{(await shown(api, run))["version"]}"'
    return await api.post(f"/rescore-runs/{run}/switch", json=ACT | changes, headers=as_("steward", If_Match=tag))


async def test_a_candidate_is_tried_beside_the_sheets_and_then_switched_to(
    world: World, api: httpx.AsyncClient, parts: Bootstrap
) -> None:
    ids = await populated(world, api)
    before = {one: (await world.sheets(one))[-1] for one in ids}
    run = await start(api, world)
    assert (await shown(api, run))["total"] == 25
    await finish(parts, run)
    done = await shown(api, run)
    assert (done["state"], done["scored"]) == ("finished", 25)
    report = done["report"]
    assert report["totals"]["population"] == report["totals"]["scored_after"] == 25
    assert report["totals"]["higher"] + report["totals"]["lower"] + report["totals"]["equal"] == 25
    assert [row["key"] for row in report["by_recipient"]] == ["cq"]
    assert [len(await world.sheets(one)) for one in ids] == [1] * 25

    switched = await switch(api, run)
    assert switched.json()["state"] == "switched", switched.text
    # New forms are scored by it at once, the others get their further revision stretch by stretch.
    late = new_id()
    await world.apply(world.admitted(late))
    assert scored_from((await world.sheets(late))[-1].published).ruleset_version == "1-trial"
    await parts.append_rescored.tick(Clock().now())
    for one in ids:
        old, new = await world.sheets(one)
        assert (old.published, old.total) == (before[one].published, before[one].total)
        assert (new.revision, new.number) == (2, 2)
        assert [line.weight for line in scored_from(new.published).lines[:2]] == ["10", "6"]
        assert [number for number, _ in await world.published(one)] == [1, 2]
    assert len(await world.sheets(late)) == 1
    assert (await shown(api, run))["appended_at"] is not None
    async with parts.database.reading() as session:
        rows = await session.execute(text("select submission_id, total from rescored"))
        totals = {row[0]: row[1] for row in rows}
    assert totals == {one: (await world.sheets(one))[-1].total for one in ids}


async def test_a_sheet_of_a_switched_version_can_be_shown_and_verified(
    world: World, api: httpx.AsyncClient, parts: Bootstrap, tmp_path: Path
) -> None:
    (one,) = await populated(world, api, 1)
    run = await start(api, world)
    await finish(parts, run)
    await switch(api, run)
    await parts.append_rescored.tick(Clock().now())
    sheets = (await api.get(f"/sheets/{one}", headers=as_("applicant"))).json()["items"]
    assert [sheet["ruleset_version"] for sheet in sheets] == ["1", "1-trial"]
    assert len(sheets[1]["dimensions"]) == 5
    for sheet in sheets:
        verified = await api.post("/verify", json=sheet, headers=as_("applicant"))
        assert verified.json() == {"equal": True, "differences": []}, verified.text


async def test_drafted_benchmark_sets_are_tried_and_published_with_the_switch(
    world: World, api: httpx.AsyncClient, parts: Bootstrap
) -> None:
    ids = await populated(world, api, 3)
    body = world.set_body()
    body["levels"][0] |= {"lead": "0.01"}  # type: ignore[index]
    draft = (await api.post("/benchmark-sets", json=body, headers=as_("steward"))).json()["id"]
    run = await start(api, world, ruleset="", sets=[draft])
    await finish(parts, run)
    assert (await shown(api, run))["report"]["totals"]["lower"] == 3
    await switch(api, run)
    states = (await api.get("/benchmark-sets", headers=as_("steward"))).json()["items"]
    assert {one["id"]: one["state"] for one in states}[draft] == "published"
    await parts.append_rescored.tick(Clock().now())
    assert {(await world.sheets(one))[-1].benchmark_set_id for one in ids} == {UUID(draft)}


async def test_the_report_says_who_enters_and_leaves_the_bottom(
    world: World, api: httpx.AsyncClient, parts: Bootstrap
) -> None:
    ids = await populated(world, api, 25)
    # Another one is worst by the sheets there are: what stands there is changed by hand.
    async with parts.database.unit_of_work() as uow:
        await uow.session.execute(text("update score_sheet set total = 1 where submission_id = :id"), {"id": ids[0]})
        await uow.commit()
    run = await start(api, world)
    await finish(parts, run)
    totals = (await shown(api, run))["report"]["totals"]
    assert (totals["into_bottom"], totals["out_of_bottom"]) == (1, 1)
    moved = (await api.get(f"/rescore-runs/{run}/movers", params={"view": "bottom"}, headers=as_("steward"))).json()[
        "items"
    ]
    assert {one["submission_id"]: (one["former_bottom"], one["bottom"]) for one in moved} == {
        str(ids[0]): (True, False),
        str(ids[24]): (False, True),
    }
    table = await api.get(f"/rescore-runs/{run}/movers.csv", headers=as_("steward"))
    assert "试算处于后5%" in table.content.decode("utf-8-sig").splitlines()[0]


async def test_two_processes_killed_and_started_again_score_everything_once(
    world: World, api: httpx.AsyncClient, parts: Bootstrap
) -> None:
    """SIGKILL in the middle: what was committed stays, the stretch in hand is done again by the next one."""
    await populated(world, api, 4)
    async with parts.database.unit_of_work() as uow:
        # A population large enough to be killed in.
        await uow.session.execute(
            text(
                "insert into score_sheet (submission_id, number, round, revision, basis, outcome, total, unit_id,"
                " category, kind, campaign_id, superior, benchmark_set_id, admitted, published, scored_at)"
                " select gen_random_uuid(), 1, 1, 1, basis, outcome, total, gen_random_uuid(), category, kind,"
                " campaign_id, superior, benchmark_set_id, admitted, published, scored_at"
                " from score_sheet, generate_series(1, 2000)"
            )
        )
        await uow.commit()
    parts.start_rescoring = StartRescoring(parts.database, parts.book, chunk=50)
    run = await start(api, world)
    environment = {**os.environ, "GF_SCORING_DATABASE_URL": parts.runtime.settings.database_url}
    command = [sys.executable, "-m", "gf_scoring.entrypoints.cli", "rescore", run, "--work"]
    killed = await asyncio.create_subprocess_exec(*command, env=environment)
    while (await shown(api, run))["scored"] < 400:
        assert killed.returncode is None
        await asyncio.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    middle = await shown(api, run)
    assert middle["state"] == "running"
    async with parts.database.reading() as session:
        rows = (await session.execute(text("select count(*) from rescored"))).scalar_one()
    assert rows == middle["scored"] < 8004
    again = await asyncio.create_subprocess_exec(
        *command[:-1], "--processes", "2", env=environment, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await again.communicate()
    assert again.returncode == 0
    assert "已试算 8004 / 8004（100%）" in told.decode()
    done = await shown(api, run)
    assert (done["state"], done["scored"], done["report"]["totals"]["population"]) == ("finished", 8004, 8004)


async def test_what_may_not_be_started_or_switched(world: World, api: httpx.AsyncClient, parts: Bootstrap) -> None:
    await populated(world, api, 1)
    body = {"campaign_id": str(world.campaign_id), "category": "factory", "title": "试算"}

    async def refused(who: str = "steward", **changes: object) -> tuple[int, str]:
        answer = await api.post("/rescore-runs", json=body | changes, headers=as_(who))
        return answer.status_code, answer.json()["code"]

    assert await refused("reviewer", ruleset=candidate()) == (403, "role_required")
    assert await refused("other-steward", ruleset=candidate()) == (403, "not_competent")
    assert await refused() == (422, "nothing_to_try")
    assert await refused(sets=[str(new_id())]) == (422, "no_draft")
    wrong = candidate().replace("weight: 10\n", "weight: 11\n", 1)
    answer = await api.post("/rescore-runs", json=body | {"ruleset": wrong}, headers=as_("steward"))
    assert answer.json()["code"] == "ruleset_refused"
    assert "权重之和为 101" in answer.json()["detail"]
    same = candidate().replace('version: "1-trial"', 'version: "1"', 1)
    assert await refused(ruleset=same) == (422, "ruleset_refused")
    run = await start(api, world)
    assert await refused(ruleset=candidate()) == (409, "already_running")
    early = await switch(api, run)
    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    await finish(parts, run)
    for who, status in (("reviewer", 404), ("stranger", 404), ("applicant", 404), ("approver", 200)):
        assert (await api.get(f"/rescore-runs/{run}", headers=as_(who))).status_code == status
        assert (await api.get(f"/rescore-runs/{run}/movers.csv", headers=as_(who))).status_code == status
    dropped = await api.post(f"/rescore-runs/{run}/drop", headers=as_("steward"))
    assert dropped.json()["state"] == "dropped"
    assert (await switch(api, run)).status_code == 409


async def test_a_ranking_waits_for_the_new_revisions(world: World, api: httpx.AsyncClient, parts: Bootstrap) -> None:
    await populated(world, api, 1)
    run = await start(api, world)
    await finish(parts, run)
    await switch(api, run)
    made = await api.post(
        "/rankings", json={"campaign_id": str(world.campaign_id), "category": "factory"}, headers=as_("steward")
    )
    async with parts.database.unit_of_work() as uow:
        await uow.session.execute(text("insert into campaign_end values (:id)"), {"id": world.campaign_id})
        await uow.session.execute(text("delete from score_sheet"))
        await uow.commit()
    answer = await api.post(f"/rankings/{made.json()['id']}/close", headers=as_("steward"))
    assert "评分表新版本尚在生成" in answer.json()["detail"]


async def test_a_candidate_does_not_say_who_may_try_it(world: World, api: httpx.AsyncClient) -> None:
    """Who may is said by the ruleset in force; a file that is handed over could name anybody."""
    await populated(world, api, 1)
    claimed = candidate().replace("entered_by: [miit]", "entered_by: [cq]", 1)
    assert claimed != candidate()
    body = {"campaign_id": str(world.campaign_id), "category": "factory", "title": "试算", "ruleset": claimed}
    answer = await api.post("/rescore-runs", json=body, headers=as_("other-steward"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_competent")
    assert (await api.post("/rescore-runs", json=body, headers=as_("steward"))).status_code == 201


async def test_a_province_tries_its_own_rules_as_long_as_nobody_else_works_by_them(
    world: World, api: httpx.AsyncClient
) -> None:
    base = "unnamed-province/2024/rules"
    file = (POLICIES / base / "ruleset-factory.yaml").read_text("utf-8").replace('version: "1"', 'version: "1-trial"')
    body = {"category": "factory", "title": "试算", "ruleset": file}
    await world.apply(world.campaign(base, owner="cq"))
    neighbour = World(world.parts)
    await neighbour.apply(neighbour.campaign(base, owner="gd"))
    mine = body | {"campaign_id": str(world.campaign_id)}
    refused = await api.post("/rescore-runs", json=mine, headers=as_("other-steward"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_competent")
    assert "其他单位" in refused.json()["detail"]
    async with world.parts.database.unit_of_work() as uow:
        await uow.session.execute(text("delete from campaign where owner = 'gd'"))
        await uow.commit()
    assert (await api.post("/rescore-runs", json=mine, headers=as_("other-steward"))).status_code == 201
    assert (await api.post("/rescore-runs", json=mine, headers=as_("steward"))).status_code == 403
