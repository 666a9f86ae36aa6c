"""Listing from events: halves in any order, rounds, objections, bars."""

from __future__ import annotations

import asyncio
from datetime import date
from itertools import permutations
from uuid import uuid4

import pytest

from gf_chassis.idempotency import Once
from gf_registry.usecases.impose_bar import BarOrder, impose_bar
from services.registry.tests.db.support import CITY, NATIONAL, PROVINCIAL, Station, registrar

pytestmark = pytest.mark.db


@pytest.mark.rule("GD-12-list", "GD-13-publicity")
async def test_halves_come_in_any_order(station: Station) -> None:
    for order in permutations(range(3)):
        story = station.make()
        halves = [story.admitted(), story.decided(publicity=True), story.publicity()]
        for index in order[:2]:
            await station.hear(halves[index])
        assert await story.memberships() == []
        await station.hear(halves[order[2]])
        assert await story.memberships() == [(str(NATIONAL), "listed", "")]
        (event,) = await station.published(story.unit_id)
        assert (event.state, event.effective, event.name_as_listed) == (1, "", story.name)


async def test_halves_at_the_same_time(station: Station) -> None:
    for _ in range(8):
        story = station.make()
        await asyncio.gather(
            station.hear(story.publicity()), station.hear(story.decided(publicity=True)), station.hear(story.admitted())
        )
        assert await story.memberships() == [(str(NATIONAL), "listed", "")]


@pytest.mark.rule("GD-13-publicity")
async def test_objection_holds_back_until_dismissed(station: Station) -> None:
    story = station.make()
    await station.hear(story.admitted())
    await station.hear(story.decided(publicity=True))
    await station.hear(story.publicity("CLOSED", "OBJECTED"))
    assert await story.memberships() == []
    await station.hear(story.publicity("CLOSED", "DISMISSED"))
    assert await story.memberships() == [(str(NATIONAL), "listed", "")]


async def test_upheld_objection_keeps_off_the_list(station: Station) -> None:
    story = station.make()
    await station.hear(story.admitted())
    await station.hear(story.decided(publicity=True))
    await station.hear(story.publicity("CLOSED", "UPHELD"))
    await station.hear(story.publicity("CLOSED", "DISMISSED"))
    assert await story.memberships() == []


async def test_event_of_an_older_round_has_no_effect(station: Station) -> None:
    story = station.make()
    await station.hear(story.admitted(2))
    await station.hear(story.decided(round_=2, wanted=False))
    await station.hear(story.decided(round_=1))
    assert await story.memberships() == []


async def test_the_same_unit_stands_once_on_a_list(station: Station) -> None:
    story = station.make()
    await station.hear(story.admitted())
    await station.hear(story.decided())
    again = station.make()
    again.unit_id = story.unit_id
    await station.hear(again.admitted())
    await station.hear(again.decided())
    assert await story.memberships() == [(str(NATIONAL), "listed", "")]


def order(story: object, ground: str = "accident") -> BarOrder:
    return BarOrder(story.unit_id, ground, "信用中国", date(2025, 10, 1), "行政处罚")  # type: ignore[attr-defined]


async def bar(station: Station, story: object) -> None:
    await impose_bar(station.uow(registrar("gd")), Once(), station.law, registrar("gd"), order(story))


@pytest.mark.rule("GD-17-gates")
async def test_bar_first_refuses_the_listing(station: Station) -> None:
    story = station.make()
    await station.hear(story.unit_changed())
    await bar(station, story)
    await station.hear(story.admitted())
    await station.hear(story.decided())
    assert await story.memberships() == [(str(NATIONAL), "refused", "accident")]
    (event,) = await station.published(story.unit_id)
    assert (event.state, event.ground) == (3, "accident")


@pytest.mark.rule("GD-17-gates")
async def test_listing_first_ends_the_same(station: Station) -> None:
    story = station.make()
    await station.hear(story.unit_changed())
    await station.hear(story.admitted())
    await station.hear(story.decided())
    await bar(station, story)
    assert await story.memberships() == [(str(NATIONAL), "refused", "accident")]
    assert [e.state for e in await station.published(story.unit_id)] == [1, 3]


@pytest.mark.rule("GD-17-gates")
async def test_bar_and_listing_racing(station: Station) -> None:
    for _ in range(10):
        story = station.make()
        await station.hear(story.unit_changed())
        await station.hear(story.admitted())
        await asyncio.gather(station.hear(story.decided()), bar(station, story))
        assert await story.memberships() == [(str(NATIONAL), "refused", "accident")]
        await station.published(story.unit_id)


@pytest.mark.rule("GD-22")
async def test_fraud_bars_for_three_years_once(station: Station) -> None:
    story = station.make()
    await station.hear(story.admitted())
    await station.hear(story.decided(CITY))
    await station.hear(story.cancelled())
    await station.hear(story.cancelled())
    (event,) = await station.published(story.unit_id, "BarChanged")
    start, until = date.fromisoformat(getattr(event, "from")), date.fromisoformat(event.until)
    assert (until.year - start.year, event.ground, event.state) == (3, "fraud", 1)
    assert await story.memberships() == [(str(CITY), "refused", "fraud")]
    await station.hear(story.decided(PROVINCIAL))
    assert (str(PROVINCIAL), "refused", "fraud") in await story.memberships()


async def test_one_submission_enters_several_lists(station: Station) -> None:
    story = station.make()
    await station.hear(story.admitted())
    for list_id in (CITY, PROVINCIAL, NATIONAL):
        await station.hear(story.decided(list_id))
    assert [m[0] for m in await story.memberships()] == [str(CITY), str(PROVINCIAL), str(NATIONAL)]
    assert len(await station.published(story.unit_id)) == 3


async def test_unknown_verdict_is_held(station: Station) -> None:
    from gf_chassis.errors import Poison

    story = station.make()
    message = story.decided()
    message.verdict = 99  # type: ignore[attr-defined]
    with pytest.raises(Poison):
        await station.hear(message)
    message = story.decided()
    message.list_id = f"state:{uuid4()}"  # type: ignore[attr-defined]
    with pytest.raises(Poison):
        await station.hear(message)


async def test_decided_again_in_the_same_round(station: Station) -> None:
    """Kept off the list first (an objection was upheld), listed later in the same round."""
    story = station.make()
    await station.hear(story.admitted())
    await station.hear(story.decided(wanted=False))
    assert await story.memberships() == []
    await station.hear(story.decided())
    assert await story.memberships() == [(str(NATIONAL), "listed", "")]
    await station.hear(story.decided(wanted=False))
    assert await story.memberships() == [(str(NATIONAL), "listed", "")]
