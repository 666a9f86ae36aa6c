"""专家分级: who was graded under a province's own rules may be recommended to the ministry from B on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from gf_review.domain.route import Route
from services.review.tests.builders import MINISTRY, PROVINCE, guard, stage
from services.review.tests.world import PROVINCIAL, FakePolicies, World, bearer

pytestmark = [pytest.mark.db, pytest.mark.rule("GD-14")]
MakeWorld = Callable[..., Awaitable[World]]
UNIT = "01990000-0000-7000-8000-00000000beef"


def national() -> Route:
    return Route((stage(1, "province", PROVINCE, 2), stage(2, "ministry", MINISTRY, None)))


def provincial() -> Route:
    return Route((stage(1, "province", PROVINCE, None, guard("expert_review", optional=False)),))


async def act(http: httpx.AsyncClient, case: str, path: str, body: dict[str, Any]) -> httpx.Response:
    base = f"/review/v1/cases/{case}"
    tag = (await http.get(base)).headers["ETag"]
    return await http.post(f"{base}/stages/1/{path}", json=body, headers={"If-Match": tag})


async def graded(world: World, http: httpx.AsyncClient, grade: str) -> None:
    """The province's own case of the unit, passed with that grade."""
    case = await world.admit(unit_id=UNIT, superior="of-the-province", policy=PROVINCIAL)
    assert (await act(http, case, "expert-review", {"state": "done", "grade": grade})).status_code == 200
    assert (await act(http, case, "pass", {})).status_code == 200


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    return await make_world(FakePolicies({"of-the-province": provincial(), "of-the-nation": national()}))


@pytest.mark.parametrize(("grade", "passes"), [("A", True), ("B", True), ("C", False)])
async def test_b_and_better_may_be_recommended(world: World, grade: str, passes: bool) -> None:
    async with world.http() as http:
        http.headers.update(bearer(PROVINCE))
        await graded(world, http, grade)
        case = await world.admit(unit_id=UNIT, superior="of-the-nation")
        answer = await act(http, case, "pass", {})
        assert answer.status_code == (200 if passes else 422), answer.text
        if not passes:
            (problem,) = answer.json()["errors"]
            assert (problem["code"], problem["rule"]) == ("provincial_grade", "GD-14")
            assert "专家分级为 C" in problem["detail"]
            assert "《实施细则》，B 级及以上方可向工业和信息化部推荐" in problem["detail"]


async def test_the_last_grade_counts_even_one_given_meanwhile(world: World) -> None:
    async with world.http() as http:
        http.headers.update(bearer(PROVINCE))
        await graded(world, http, "C")
        case = await world.admit(unit_id=UNIT, superior="of-the-nation")
        assert (await act(http, case, "pass", {})).status_code == 422
        await graded(world, http, "B")
        assert (await act(http, case, "pass", {})).status_code == 200


async def test_whoever_was_not_graded_under_such_rules_is_not_asked_for_a_grade(world: World) -> None:
    async with world.http() as http:
        http.headers.update(bearer(PROVINCE))
        await graded(world, http, "C")
        other = await world.admit(unit_id="01990000-0000-7000-8000-00000000cafe", superior="of-the-nation")
        guards = (await http.get(f"/review/v1/cases/{other}")).json()["mine"]["guards"]
        assert guards == []
        assert (await act(http, other, "pass", {})).status_code == 200
