"""分派: within one's authority, appended, said once, and never a right to decide."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from gf_review.adapters.queue import QueueFilter
from gf_review.domain.errors import Invalid, OutsideCompetence
from gf_review.usecases.decide_stage import Pass
from services.review.tests.builders import CITY, COUNTY
from services.review.tests.world import World, bearer, principal

pytestmark = pytest.mark.db
V1 = "/review/v1"


async def signed_in(world: World, authority: str, subject: str, *roles: str) -> Any:
    person = principal(authority, *(roles or ("reviewer",)), subject=subject)
    await world.review.note_official(person)
    return person


async def holder(world: World, submission_id: str, authority: str = COUNTY) -> str:
    items, _ = await world.review.queue.page(authority, QueueFilter(view="all"))
    return str(next(one["assignee"] for one in items if one["submission_id"] == submission_id))


async def test_assign_reassign_and_take_back_are_all_on_record(world: World) -> None:
    wang, li = await signed_in(world, COUNTY, "wang"), await signed_in(world, COUNTY, "li")
    one = await world.admit()
    version = await world.seen(one)
    for subject in ("wang", "li", ""):
        done = await world.review.assign_cases(wang, [one], subject)
        assert done.result["assigned"] == [one]
        assert await holder(world, one) == subject
    assert (await world.review.assign_cases(li, [one], "")).result["unchanged"] == [one]
    rows = await world.sql("select number, assignee, person, round, stage_no from assignment order by number")
    assert [tuple(row) for row in rows] == [(1, "wang", "wang", 1, 1), (2, "li", "wang", 1, 1), (3, "", "wang", 1, 1)]
    lines = await world.sql(
        "select type, actor, data ->> 'from', data ->> 'to' from journal where type like '%assigned' order by id"
    )
    assert [tuple(line) for line in lines] == [
        ("assigned", "wang", "", "wang"),
        ("assigned", "wang", "wang", "li"),
        ("unassigned", "wang", "li", ""),
    ]
    assert await world.seen(one) == version
    assert [number for number, _ in await world.published(one)] == [1]


async def test_an_assignment_opens_and_closes_nothing(world: World) -> None:
    """Another colleague decides as before; the assigned reviewer still may not."""
    wang = await signed_in(world, COUNTY, "wang")
    one = await world.admit()
    await world.review.assign_cases(wang, [one], "wang")
    async with world.http() as http:
        base = f"{V1}/cases/{one}/stages/1/pass"
        seen = {"If-Match": '"1-0"'}
        assigned = await http.post(base, json={}, headers=bearer(COUNTY, "reviewer", "wang") | seen)
        assert assigned.status_code == 403
        other = await http.post(base, json={}, headers=bearer(COUNTY, "approver", "zhao") | seen)
        assert other.status_code == 200


async def test_of_another_authority_nothing_is_there(world: World) -> None:
    await signed_in(world, COUNTY, "wang")
    foshan = await signed_in(world, "gd.foshan", "chen")
    one = await world.admit()
    with pytest.raises(OutsideCompetence):
        await world.review.assign_cases(foshan, [one], "chen")
    with pytest.raises(OutsideCompetence):
        await world.review.assign_cases(foshan, [str(uuid4())], "")
    with pytest.raises(Invalid, match="本级没有这位"):
        await world.review.assign_cases(foshan, [one], "wang")
    async with world.http() as http:
        headers = bearer("gd.foshan", "approver", "chen")
        body = {"submission_ids": [one], "assignee": "chen"}
        assert (await http.post(f"{V1}/assignments", json=body, headers=headers)).status_code == 404
        people = (await http.get(f"{V1}/officials", headers=headers)).json()["items"]
        assert [one["subject"] for one in people] == ["chen"]
    assert await world.one("select count(*) from assignment") == 0


async def test_each_case_that_cannot_be_assigned_is_named(world: World) -> None:
    wang = await signed_in(world, COUNTY, "wang")
    mine, decided, foreign = await world.admit(), await world.admit(), await world.admit(superior="group.cnbm")
    await world.review.decide_stage(principal(COUNTY), decided, 1, await world.seen(decided), Pass(""))
    done = await world.review.assign_cases(wang, [mine, decided, foreign, mine], "wang")
    assert done.result["assigned"] == [mine]
    assert [(one["submission_id"], one["code"]) for one in done.result["refused"]] == [
        (decided, "decided"),
        (foreign, "not_found"),
    ]
    assert done.result["refused"][1]["number"] == ""
    assert await world.one("select count(*) from assignment") == 1


async def test_two_levels_assign_the_same_case_each_for_itself(world: World) -> None:
    wang, city = await signed_in(world, COUNTY, "wang"), await signed_in(world, CITY, "sun")
    one = await world.admit()
    await world.review.assign_cases(wang, [one], "wang")
    await world.review.assign_cases(city, [one], "sun")
    assert (await holder(world, one), await holder(world, one, CITY)) == ("wang", "sun")
    for authority, subject in ((COUNTY, "wang"), (CITY, "sun")):
        found = await world.review.queue.counts(authority, QueueFilter(assignee=subject))
        assert found.of("all") == 1


async def test_colleagues_at_once_leave_one_holder_and_both_records(world: World) -> None:
    people = [await signed_in(world, COUNTY, f"p{n}") for n in range(4)]
    cases = [await world.admit() for _ in range(3)]
    await asyncio.gather(
        *(
            world.review.assign_cases(person, cases if number % 2 else cases[::-1], person.subject)
            for number, person in enumerate(people)
        )
    )
    for one in cases:
        rows = await world.sql(
            "select number, assignee from assignment where submission_id = :id order by number", id=one
        )
        assert [row[0] for row in rows] == [1, 2, 3, 4]
        assert {row[1] for row in rows} == {"p0", "p1", "p2", "p3"}
        assert await holder(world, one) == rows[-1][1]


async def test_a_double_click_assigns_once(world: World) -> None:
    await signed_in(world, COUNTY, "wang")
    one = await world.admit()
    body = {"submission_ids": [one], "assignee": "wang"}
    headers = bearer(COUNTY, "reviewer", "wang") | {"Idempotency-Key": "click-0001"}
    async with world.http() as http:
        first, second = await asyncio.gather(
            *(http.post(f"{V1}/assignments", json=body, headers=headers) for _ in range(2))
        )
    assert first.json() == second.json()
    assert first.json()["assigned"] == [one]
    assert await world.one("select count(*) from assignment") == 1
    assert await world.one("select count(*) from journal where type = 'assigned'") == 1


async def test_who_moves_to_another_authority_is_no_colleague_any_more(world: World) -> None:
    wang = await signed_in(world, COUNTY, "wang")
    await signed_in(world, COUNTY, "li")
    await signed_in(world, CITY, "li")
    one = await world.admit()
    with pytest.raises(Invalid):
        await world.review.assign_cases(wang, [one], "li")
    assert [row[0] for row in await world.sql("select subject from official where authority = :a", a=CITY)] == ["li"]
    columns = await world.sql("select column_name from information_schema.columns where table_name = 'official'")
    assert {row[0] for row in columns} == {"subject", "name", "authority", "roles", "changed_at"}


async def test_an_assignment_holds_in_the_next_round(world: World) -> None:
    wang = await signed_in(world, COUNTY, "wang")
    one = await world.admit()
    await world.review.assign_cases(wang, [one], "wang")
    await world.withdraw(one)
    refused = await world.review.assign_cases(wang, [one], "")
    assert refused.result["refused"][0]["code"] == "decided"
    await world.admit(one, round=2)
    assert await holder(world, one) == "wang"
