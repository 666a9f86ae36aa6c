"""The matrix: every route, for its owner and for everybody else. What is another's answers 404 and nothing more."""

from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute

from gf_chassis.identity import Principal
from services.intake.tests.samples import PDF, content
from services.intake.tests.world import World, applicant, official, partner, uscc

pytestmark = [pytest.mark.db, pytest.mark.rule("used-by")]


@dataclass(frozen=True)
class Act:
    """A route with a request that is in order for its owner."""

    method: str
    path: str
    body: Any = None
    tag: str = '"1"'
    raw: bytes | None = None


async def scene(world: World) -> tuple[dict[str, Any], dict[str, Act]]:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    await world.under_review(form["id"])
    read = (await world.call(applicant(unit["uscc"]), "GET", f"/submissions/{form['id']}")).json()
    evidence = read["evidence"][0]["id"]
    one, profile = f"/submissions/{form['id']}", {k: unit[k] for k in ("name", "uscc", "industries", "superior")}
    acts = {
        "GET /units/{unit_id}": Act("GET", f"/units/{unit['id']}"),
        "GET /units/{unit_id}/history": Act("GET", f"/units/{unit['id']}/history"),
        "PUT /units/{unit_id}/profile": Act("PUT", f"/units/{unit['id']}/profile", profile),
        "POST /submissions": Act(
            "POST", "/submissions", {"unit_id": unit["id"], "campaign_id": campaign, "kind": "application"}
        ),
        "GET /submissions/{submission_id}": Act("GET", one),
        "GET /submissions/{submission_id}/versions": Act("GET", f"{one}/versions"),
        "GET /submissions/{submission_id}/versions/{version}": Act("GET", f"{one}/versions/1"),
        "GET /submissions/{submission_id}/history": Act("GET", f"{one}/history"),
        "PUT /submissions/{submission_id}/content": Act("PUT", f"{one}/content", content()),
        "POST /submissions/{submission_id}/verify": Act("POST", f"{one}/verify", content()),
        "DELETE /submissions/{submission_id}": Act("DELETE", one),
        "POST /submissions/{submission_id}/submit": Act("POST", f"{one}/submit"),
        "POST /submissions/{submission_id}/withdraw": Act("POST", f"{one}/withdraw", {"reason": ""}),
        "POST /submissions/{submission_id}/drop": Act("POST", f"{one}/drop", {"reason": ""}),
        "PUT /evidence/units/{unit_id}": Act("PUT", f"/evidence/units/{unit['id']}?name=a", raw=PDF),
        "PUT /evidence/submissions/{submission_id}/{slot}": Act(
            "PUT", f"/evidence{one}/footprint_report?name=a", raw=PDF
        ),
        "DELETE /evidence/submissions/{submission_id}/{slot}/{evidence_id}": Act(
            "DELETE", f"/evidence{one}/footprint_report/{evidence}"
        ),
        "GET /evidence/{evidence_id}": Act("GET", f"/evidence/{evidence}"),
        "POST /partner/submissions": Act(
            "POST",
            "/partner/submissions",
            {"unit_id": unit["id"], "campaign_id": campaign, "kind": "application", **content()},
        ),
    }
    return unit, acts


#: Routes that show nothing of one's own, or refuse by role alone; each has tests of its own.
OPEN = {
    "POST /units",
    "GET /units",
    "POST /units/import",
    "POST /campaigns",
    "POST /campaigns/{campaign_id}/open",
    "POST /campaigns/{campaign_id}/dates",
    "GET /campaigns",
    "GET /campaigns/{campaign_id}",
    "GET /forms/{campaign_id}/{category}/{kind}",
    "POST /forms/{campaign_id}/{category}/{kind}/check",
    "GET /submissions",
    "POST /partner/submissions/bulk",
}
READING = {
    "GET /submissions/{submission_id}",
    "GET /submissions/{submission_id}/versions",
    "GET /submissions/{submission_id}/versions/{version}",
    "GET /submissions/{submission_id}/history",
    "GET /evidence/{evidence_id}",
}
#: Officials know the units of their area (not their contact data), whether or not something is under review.
UNITS = {"GET /units/{unit_id}", "GET /units/{unit_id}/history"}


async def ask(world: World, who: Principal, act: Act) -> int:
    if act.raw is not None:
        answer = await world.http.put(f"/intake/v1{act.path}", content=act.raw, headers=world.callers.bearer(who))
    else:
        answer = await world.call(who, act.method, act.path, act.body, If_Match=act.tag)
    return answer.status_code


def routes() -> set[str]:
    from gf_intake.entrypoints.http import ROUTERS

    return {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def test_the_matrix_knows_every_route() -> None:
    listed = {f"{one}" for one in OPEN}
    assert {path.removeprefix("") for path in routes()} - listed == set(_names())


def _names() -> list[str]:
    return [
        "GET /units/{unit_id}",
        "GET /units/{unit_id}/history",
        "PUT /units/{unit_id}/profile",
        "POST /submissions",
        *sorted(READING),
        "PUT /submissions/{submission_id}/content",
        "POST /submissions/{submission_id}/verify",
        "DELETE /submissions/{submission_id}",
        "POST /submissions/{submission_id}/submit",
        "POST /submissions/{submission_id}/withdraw",
        "POST /submissions/{submission_id}/drop",
        "PUT /evidence/units/{unit_id}",
        "PUT /evidence/submissions/{submission_id}/{slot}",
        "DELETE /evidence/submissions/{submission_id}/{slot}/{evidence_id}",
        "POST /partner/submissions",
    ]


async def test_nobody_else_learns_that_it_exists(world: World) -> None:
    """Another applicant, a partner of another province, officials of a sibling, of a child and of another province."""
    unit, acts = await scene(world)
    strangers = {
        "other applicant": applicant(uscc()),
        "partner of another province": partner("gd"),
        "partner of a sibling": partner("cq.liangjiang"),
        "sibling authority": official("cq.liangjiang", "approver", "reviewer", "registrar", "steward"),
        "another province": official("gd", "approver", "reviewer", "registrar", "steward"),
        "separately planned city": official("shenzhen", "approver", "reviewer"),
        "no authority": official("", "approver", "reviewer"),
        "no role": Principal("nobody", org=unit["uscc"], authority="cq.yubei", issuer="t"),
    }
    found = {
        (name, route): status
        for name, who in strangers.items()
        for route, act in acts.items()
        if (status := await ask(world, who, act)) != 404
    }
    assert found == {}
    for who in strangers.values():
        for path in ("/units", "/submissions"):
            assert (await world.call(who, "GET", path)).json()["items"] == []


async def test_officials_on_the_route_read_and_do_nothing_else(world: World) -> None:
    unit, acts = await scene(world)
    for authority in ("cq.yubei", "cq", "miit"):
        who = official(authority, "reviewer")
        for route, act in acts.items():
            expected = 200 if route in READING | UNITS else 404
            assert await ask(world, who, act) == expected, (authority, route)
        seen = (await world.call(who, "GET", "/submissions")).json()["items"]
        assert [one["unit_id"] for one in seen] == [unit["id"]]
        assert (await world.call(who, "GET", f"/units/{unit['id']}")).json()["contact"] is None


async def test_a_draft_is_seen_by_its_owners_alone(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    draft = await world.draft(unit, campaign)
    path = f"/submissions/{draft['id']}"
    for who in (official("cq.yubei"), official("cq"), official("miit"), partner("gd")):
        assert (await world.call(who, "GET", path)).status_code == 404
    for who in (applicant(unit["uscc"]), partner("cq.yubei"), partner("cq")):
        assert (await world.call(who, "GET", path)).status_code == 200


async def test_the_owner_and_the_regions_partner_may(world: World) -> None:
    unit, acts = await scene(world)
    for who in (applicant(unit["uscc"]), partner("cq"), partner("cq.yubei")):
        for route in sorted(READING | UNITS):
            assert await ask(world, who, acts[route]) == 200, (who, route)
    assert await ask(world, applicant(unit["uscc"]), acts["POST /submissions/{submission_id}/withdraw"]) == 202


async def test_roles_open_what_is_theirs(world: World) -> None:
    body = {
        "name": "c",
        "year": 2025,
        "policy": "national/2025/n25",
        "categories": ["factory"],
        "kinds": ["application"],
    }
    lines = {
        "document": "工信部公告",
        "units": [
            {"category": "factory", "name": "甲", "uscc": uscc(), "industries": ["3442"], "superior": "cq.yubei"}
        ],
    }
    for who, path, sent, expected in (
        (official("miit", "reviewer"), "/campaigns", body, 403),
        (applicant("x"), "/campaigns", body, 403),
        (official("cq", "reviewer"), "/units/import", lines, 403),
        (official("gd", "registrar"), "/units/import", lines, 404),
        (official("cq", "registrar"), "/units/import", lines, 201),
        (applicant(uscc()), "/units", lines["units"][0], 403),  # type: ignore[index]
        (partner("gd"), "/units", lines["units"][0], 404),  # type: ignore[index]
    ):
        assert (await world.call(who, "POST", path, sent)).status_code == expected, (who, path)
    nobody = await world.http.get("/intake/v1/units")
    assert nobody.status_code == 401


async def test_importing_again_changes_nothing(world: World) -> None:
    registrar = official("cq", "registrar")
    unit = {"category": "factory", "name": "甲", "uscc": uscc(), "industries": ["3442"], "superior": "cq.yubei"}
    bad = unit | {"uscc": uscc(), "industries": ["0000"]}
    first = await world.call(registrar, "POST", "/units/import", {"document": "d", "units": [unit]})
    again = await world.call(registrar, "POST", "/units/import", {"document": "d", "units": [unit]})
    assert again.json()["items"] == [first.json()["items"][0] | {"existing": True}]
    refused = await world.call(
        registrar, "POST", "/units/import", {"document": "d", "units": [unit | {"uscc": uscc()}, bad]}
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/units/1/industries/0"
    assert len(await world.rows("select id from unit")) == 1


async def test_a_code_is_strict_where_a_unit_is_registered(world: World) -> None:
    for code in ("123456789123456789", "91500112MA5U0X123", "９１５００１１２", uscc()[:-1] + "I"):
        body = {"category": "factory", "name": "甲", "uscc": code, "industries": ["3442"], "superior": "cq.yubei"}
        refused = await world.call(applicant(code), "POST", "/units", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_uscc"), code
        assert refused.json()["errors"][0]["pointer"] == "/uscc"
    unit = await world.unit()
    body = {"category": "factory", "name": "乙", "uscc": unit["uscc"], "industries": ["3442"], "superior": "cq.yubei"}
    assert (await world.call(applicant(unit["uscc"]), "POST", "/units", body)).json()["code"] == "unit_exists"
    ((number, kind, message),) = await world.published(unit["id"])
    assert (number, kind, message.unit.uscc) == (1, "UnitChanged", unit["uscc"])


async def test_a_child_authority_does_not_see_what_went_to_its_parent(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign, superior="cq")
    await world.progressed(form["id"], 1, (3, "province", "cq", "in_review"), (4, "ministry", "miit", "not_started"))
    for who in (official("cq.yubei", "approver", "registrar"), partner("cq.yubei")):
        for path in (f"/submissions/{form['id']}", f"/units/{unit['id']}"):
            assert (await world.call(who, "GET", path)).status_code == 404
    assert (await world.call(official("cq"), "GET", f"/submissions/{form['id']}")).status_code == 200
