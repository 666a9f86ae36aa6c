"""Editions: what waits goes in, bytes are frozen, and every past state of a list can be shown."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from gf_chassis.errors import NotFound, Rejected, Stale
from gf_chassis.idempotency import Once
from gf_registry.adapters import reading
from gf_registry.adapters.reading import Search
from gf_registry.adapters.repository import Repository
from gf_registry.domain.adjustments import AdjustmentKind
from gf_registry.domain.errors import DomainError
from gf_registry.domain.lists import ListId
from gf_registry.usecases import publish_edition as publishing
from gf_registry.usecases.decide_adjustment import decide_adjustment
from gf_registry.usecases.draft_edition import draft_edition
from gf_registry.usecases.expire_bars import expire_bars
from gf_registry.usecases.import_list import ImportEntry, import_list
from gf_registry.usecases.impose_bar import BarOrder, impose_bar
from gf_registry.usecases.lift_bar import lift_bar
from gf_registry.usecases.open_obligations import open_obligations
from gf_registry.usecases.propose_adjustment import Proposal, propose_adjustment
from gf_registry.usecases.publish_edition import publish_edition
from gf_registry.usecases.see_pending import see_pending
from services.registry.tests.db.support import CITY, NATIONAL, PROVINCIAL, Station, Story, open_database, registrar

pytestmark = pytest.mark.db
MIIT = registrar("miit")


async def names(station: Station, list_id: ListId, on: date, known_at: int | datetime | None = None) -> list[str]:
    async with station.database.reading() as session:
        at = await reading.as_of(session, list_id, on, known_at)
        assert at is not None
        return [i.name for i in await reading.items(session, list_id, at, Search(), limit=None)]


async def position(station: Station, list_id: ListId) -> int:
    ((found,),) = await station.rows("select position from list where list_id = :i", {"i": str(list_id)})
    return int(found)


async def listed(station: Station, list_id: ListId = NATIONAL, name: str = "甲厂") -> Story:
    story = station.make()
    story.name = name
    await station.hear(story.unit_changed())
    await station.hear(story.admitted())
    await station.hear(story.decided(list_id))
    return story


async def publish(station: Station, list_id: ListId = NATIONAL, effective: date | None = None, who: Any = None) -> Any:
    who = who or registrar(list_id.authority)
    edition = await draft_edition(
        station.uow(who), Once(), station.law, who, list_id, year=2025, document="公告2025年第1号", effective=effective
    )
    seen = await position(station, list_id)
    return await publish_edition(
        station.uow(who), Once(), station.law, who, list_id, UUID(edition["edition_id"]), seen=seen
    )


@pytest.mark.rule("reg-lists", "GD-2")
async def test_publishing_puts_in_what_waits(station: Station) -> None:
    story = await listed(station)
    assert await names(station, NATIONAL, date(2099, 1, 1)) == []
    edition = await publish(station, effective=date(2025, 12, 1))
    assert await names(station, NATIONAL, date(2025, 11, 30)) == []
    assert await names(station, NATIONAL, date(2025, 12, 1)) == ["甲厂"]
    events = await station.published(story.unit_id)
    assert [(e.state, e.effective, e.edition_id) for e in events] == [
        (1, "", ""),
        (1, "2025-12-01", str(UUID(edition["edition_id"]))),
    ]
    (told,) = await station.published(NATIONAL, "EditionPublished")
    assert (told.number, told.listed, told.added, told.removed, told.digest) == (1, 1, 1, 0, edition["digest"])
    ((content,),) = await station.rows("select content from edition where id = :i", {"i": UUID(edition["edition_id"])})
    assert hashlib.sha256(content).hexdigest() == edition["digest"]
    assert json.loads(content)["entries"][0]["name"] == "甲厂"


async def test_published_rows_cannot_be_changed(station: Station) -> None:
    await listed(station)
    await publish(station)
    for table in ("membership_change", "edition", "edition_change"):
        for statement in (f"delete from {table}", f"update {table} set edition_id = null"):
            async with station.uow() as uow:
                with pytest.raises(Exception, match=r"append-only|does not exist"):
                    await uow.session.execute(text(statement))


async def test_publishes_exactly_what_was_seen(station: Station) -> None:
    await listed(station)
    edition = await draft_edition(
        station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, year=2025, document="x", effective=None
    )
    seen = await position(station, NATIONAL)
    await listed(station, name="乙厂")
    with pytest.raises(Stale):
        await publish_edition(
            station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, UUID(edition["edition_id"]), seen=seen
        )
    await publish_edition(
        station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, UUID(edition["edition_id"]), seen=seen + 1
    )
    with pytest.raises(Rejected, match="已经公布"):
        await publish_edition(
            station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, UUID(edition["edition_id"]), seen=seen + 2
        )


async def test_publishing_twice_at_once_is_one_edition(station: Station) -> None:
    await listed(station)
    edition = await draft_edition(
        station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, year=2025, document="x", effective=None
    )
    seen = await position(station, NATIONAL)
    results = await asyncio.gather(
        *(
            publish_edition(
                station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, UUID(edition["edition_id"]), seen=seen
            )
            for _ in range(5)
        ),
        return_exceptions=True,
    )
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert len(await station.published(NATIONAL, "EditionPublished")) == 1


async def test_only_the_lists_own_registrar(station: Station) -> None:
    await listed(station)
    for who in (registrar("gd"), registrar("")):
        with pytest.raises(NotFound):
            await draft_edition(
                station.uow(who), Once(), station.law, who, NATIONAL, year=2025, document="x", effective=None
            )


@pytest.mark.rule("reg-lists", "GD-21-now")
async def test_list_at_any_date_as_known_then(station: Station) -> None:
    story = await listed(station)
    await publish(station, effective=date(2025, 3, 1))
    before = await position(station, NATIONAL)
    async with station.uow() as uow:
        instant = await uow.now()
    adjustment = await _propose(station, story, None, "major_incident", "gd.foshan")
    await _decide(station, adjustment, "gd.foshan")
    today = datetime.now(UTC).date() + timedelta(days=1)
    assert await names(station, NATIONAL, today) == []
    assert await names(station, NATIONAL, today, before) == ["甲厂"]
    assert await names(station, NATIONAL, today, instant) == ["甲厂"]
    assert await names(station, NATIONAL, date(2025, 3, 1)) == ["甲厂"]
    assert await names(station, NATIONAL, date(2025, 3, 1), 1) == []
    with pytest.raises(Rejected):
        await names(station, NATIONAL, today, 99)


async def _propose(station: Station, story: Story, list_id: ListId | None, ground: str, authority: str) -> Any:
    who = registrar(authority, "zhang")
    proposal = Proposal(story.unit_id, list_id, AdjustmentKind.REMOVAL, ground, "核实属实")
    return await propose_adjustment(station.uow(who), Once(), station.law, who, proposal)


async def _decide(station: Station, adjustment: Any, authority: str, subject: str = "li") -> Any:
    who = registrar(authority, subject)
    return await decide_adjustment(
        station.uow(who),
        Once(),
        station.law,
        who,
        UUID(adjustment["adjustment_id"]),
        agreed=True,
        reason="属实",
        seen=adjustment["version"],
    )


@pytest.mark.rule("GD-21-now")
async def test_major_incident_removes_from_every_level_at_once(station: Station) -> None:
    story = await listed(station, CITY)
    await station.hear(story.decided(NATIONAL, round_=2))
    await publish(station, CITY, date(2025, 3, 1))
    await publish(station, NATIONAL, date(2025, 4, 1))
    await station.hear(story.decided(PROVINCIAL))
    adjustment = await _propose(station, story, None, "major_incident", "gd")
    with pytest.raises(DomainError, match="另一人"):
        await _decide(station, adjustment, "gd", "zhang")
    decided = await _decide(station, adjustment, "gd")
    assert decided["state"] == "effective"
    assert sorted(await story.memberships()) == [
        (str(CITY), "removed", "major_incident"),
        (str(NATIONAL), "removed", "major_incident"),
        (str(PROVINCIAL), "refused", "major_incident"),
    ]


@pytest.mark.rule("GD-21")
async def test_other_removals_wait_for_the_edition(station: Station) -> None:
    story = await listed(station)
    other = await listed(station, name="乙厂")
    await publish(station, effective=date(2025, 3, 1))
    adjustment = await _propose(station, story, NATIONAL, "false_material", "miit")
    await _decide(station, adjustment, "miit")
    assert (str(NATIONAL), "listed", "") in await story.memberships()
    await publish(station, effective=date(2026, 3, 1))
    assert await names(station, NATIONAL, date(2026, 2, 28)) == ["乙厂", "甲厂"]
    assert await names(station, NATIONAL, date(2026, 3, 1)) == ["乙厂"]
    (_, second) = await station.published(NATIONAL, "EditionPublished")
    assert (second.listed, second.added, second.removed) == (1, 0, 1)
    assert (await station.published(story.unit_id))[-1].state == 2
    ((state,),) = await station.rows("select state from adjustment")
    assert state == "effective"
    assert await other.memberships() == [(str(NATIONAL), "listed", "")]


@pytest.mark.rule("GD-21")
async def test_the_same_is_decided_once_per_edition(station: Station) -> None:
    """What waits of another unit, of another kind or was announced before is in nobody's way."""
    story = await listed(station)
    other = await listed(station, name="乙厂")
    await publish(station, effective=date(2025, 3, 1))
    await _decide(station, await _propose(station, other, NATIONAL, "false_material", "miit"), "miit")
    await _decide(station, await _propose(station, story, NATIONAL, "merged", "miit"), "miit")
    with pytest.raises(Rejected, match="已在待公布内容中") as refused:
        await _decide(station, await _propose(station, story, NATIONAL, "false_material", "miit"), "miit")
    assert refused.value.code == "already_pending"
    who = registrar("miit", "zhang")
    rename = Proposal(story.unit_id, NATIONAL, AdjustmentKind.RENAME, "", "更名", "甲新厂")
    await _decide(station, await propose_adjustment(station.uow(who), Once(), station.law, who, rename), "miit")
    again = await listed(station, name="丙厂")
    with pytest.raises(Rejected, match="尚未随名单公布"):
        await _decide(station, await _propose(station, again, NATIONAL, "merged", "miit"), "miit")


@pytest.mark.rule("GD-23")
async def test_rename_keeps_the_membership_and_its_history(station: Station) -> None:
    story = await listed(station)
    await publish(station, effective=date(2025, 3, 1))
    who = registrar("miit", "zhang")
    proposal = Proposal(story.unit_id, NATIONAL, AdjustmentKind.RENAME, "", "更名", "甲厂股份")
    adjustment = await propose_adjustment(station.uow(who), Once(), station.law, who, proposal)
    await _decide(station, adjustment, "miit")
    await publish(station, effective=date(2026, 3, 1))
    assert await names(station, NATIONAL, date(2026, 2, 28)) == ["甲厂"]
    assert await names(station, NATIONAL, date(2026, 3, 1)) == ["甲厂股份"]
    (_, second) = await station.published(NATIONAL, "EditionPublished")
    assert (second.listed, second.renamed) == (1, 1)


@pytest.mark.rule("GD-17-gates")
async def test_listing_and_removal_racing(station: Station) -> None:
    """Removed at once from the city list while the national listing comes: refused in the end, whoever is first."""
    for _ in range(5):
        story = await listed(station, CITY)
        await publish(station, CITY)
        adjustment = await _propose(station, story, None, "major_incident", "gd")
        await asyncio.gather(_decide(station, adjustment, "gd"), station.hear(story.decided(NATIONAL)))
        states = {m[0]: m[1] for m in await story.memberships()}
        assert states == {str(CITY): "removed", str(NATIONAL): "refused"}


@pytest.mark.rule("reg-lists")
async def test_import_then_the_unit_becomes_known(station: Station) -> None:
    known = station.make()
    known.uscc = "91440606MA4KKKKK0X"
    await station.hear(known.unit_changed())
    later = station.make()
    who = registrar("gd")
    edition = await import_list(
        station.uow(who), Once(), station.law, who, PROVINCIAL,
        [ImportEntry("已知厂", known.uscc, region="440606"), ImportEntry("未知厂", later.uscc, region="440605"),
         ImportEntry("无代码园区")],
        year=2024, effective=date(2024, 12, 1), document="粤工信函〔2024〕1号",
    )  # fmt: skip
    assert edition["counts"]["listed"] == 3
    assert await names(station, PROVINCIAL, date(2024, 12, 1)) == ["无代码园区", "未知厂", "已知厂"]
    (event,) = await station.published(known.unit_id)
    assert (event.state, event.effective, event.year) == (1, "2024-12-01", 2024)
    await station.hear(later.unit_changed())
    (event,) = await station.published(later.unit_id)
    assert (event.name_as_listed, event.effective) == ("未知厂", "2024-12-01")
    await station.hear(later.unit_changed(2))
    assert len(await station.published(later.unit_id)) == 1
    await station.hear(later.admitted())
    await station.hear(later.decided(PROVINCIAL))
    assert await later.memberships() == [(str(PROVINCIAL), "listed", "")]


async def test_import_while_the_unit_becomes_known(station: Station) -> None:
    """Whoever is first: one membership, under the unit's own id."""
    who = registrar("gd")
    for index in range(6):
        story = station.make()
        story.uscc = f"91440606MA4K{index:06d}"
        entry = ImportEntry(f"厂{index}", story.uscc)
        await asyncio.gather(
            import_list(
                station.uow(who), Once(), station.law, who, PROVINCIAL, [entry],
                year=2024, effective=date(2024, 12, 1), document="x",
            ),
            station.hear(story.unit_changed()),
        )  # fmt: skip
        assert await story.memberships() == [(str(PROVINCIAL), "listed", "")]
        assert [e.effective for e in await station.published(story.unit_id)] == ["2024-12-01"]


async def test_a_proposal_waits_for_its_decision(station: Station) -> None:
    story = await listed(station)
    await publish(station, effective=date(2025, 3, 1))
    adjustment = await _propose(station, story, NATIONAL, "false_material", "miit")
    async with station.uow() as uow:
        seen = await see_pending(uow, station.law, MIIT, NATIONAL)
    assert [str(p["adjustment_id"]) for p in seen["proposals"]] == [adjustment["adjustment_id"]]
    assert seen["items"] == []
    who = registrar("miit", "li")
    dropped = await decide_adjustment(
        station.uow(who), Once(), station.law, who, UUID(adjustment["adjustment_id"]), agreed=False,
        reason="不属实", seen=1,
    )  # fmt: skip
    assert dropped["state"] == "dropped"
    with pytest.raises(DomainError):
        await _decide(station, dropped, "miit")


async def test_import_refuses_by_name_and_stores_nothing(station: Station) -> None:
    who = registrar("gd")
    entries = [ImportEntry("甲", "91440606MA4KKKKK0X"), ImportEntry("乙", "91440606MA4KKKKK0X")]
    with pytest.raises(Rejected) as refused:
        await import_list(
            station.uow(who),
            Once(),
            station.law,
            who,
            PROVINCIAL,
            entries,
            year=2024,
            effective=date(2024, 12, 1),
            document="x",
        )
    assert refused.value.errors[0].pointer == "/entries/0/uscc"
    assert await station.rows("select 1 from membership union all select 1 from journal") == []


async def test_bar_lifted_and_expired(station: Station) -> None:
    story = station.make()
    await station.hear(story.unit_changed())
    who = registrar("gd.foshan")
    order = BarOrder(story.unit_id, "energy_supervision", "节能监察", date(2025, 1, 1), "未整改", open_ended=True)
    bar = await impose_bar(station.uow(who), Once(), station.law, who, order)
    with pytest.raises(DomainError, match="已有"):
        await impose_bar(station.uow(who), Once(), station.law, who, order)
    stranger = registrar("cq")
    with pytest.raises(NotFound):
        await lift_bar(station.uow(stranger), Once(), station.law, stranger, UUID(bar["bar_id"]), "x")
    await lift_bar(station.uow(who), Once(), station.law, who, UUID(bar["bar_id"]), "整改完成")
    with pytest.raises(DomainError):
        await lift_bar(station.uow(who), Once(), station.law, who, UUID(bar["bar_id"]), "x")
    short = BarOrder(
        story.unit_id, "accident", "信用中国", datetime.now(UTC).date() - timedelta(days=9), "x",
        until=datetime.now(UTC).date() + timedelta(days=3),
    )  # fmt: skip
    await impose_bar(station.uow(who), Once(), station.law, who, short)
    assert await expire_bars(station.database, datetime.now(UTC)) == 0
    url = station.database.settings.url
    later = open_database(url, days=5)
    try:
        assert await expire_bars(later, datetime.now(UTC) + timedelta(days=5)) == 1
        assert await expire_bars(later, datetime.now(UTC) + timedelta(days=5)) == 0
    finally:
        await later.close()
    events = await station.published(story.unit_id, "BarChanged")
    assert [(e.ground, e.state) for e in events] == [
        ("energy_supervision", 1), ("energy_supervision", 3), ("accident", 1), ("accident", 2),
    ]  # fmt: skip


async def test_unknown_ground_names_the_known_ones(station: Station) -> None:
    story = station.make()
    await station.hear(story.unit_changed())
    who = registrar("gd")
    order = BarOrder(story.unit_id, "bad_mood", "x", date(2025, 1, 1), "x")
    with pytest.raises(Rejected, match="accident") as refused:
        await impose_bar(station.uow(who), Once(), station.law, who, order)
    assert refused.value.rule == "GD-17"


@pytest.mark.rule("GD-18")
async def test_obligations_are_opened_once(station: Station) -> None:
    story = await listed(station)
    await publish(station, effective=date(2025, 3, 1))
    for expected in (1, 0):
        opened = await open_obligations(
            station.database, station.law, MIIT, NATIONAL, year=2026, kind="dynamic_form", due=date(2026, 4, 15)
        )
        assert opened == expected
    (event,) = await station.published(story.unit_id, "ObligationChanged")
    assert (event.due, event.state) == ("2026-04-15", 1)


#: From the changes and editions themselves: every change with the date in law it got, and when that became known.
EFFECTS = """
  select c.*, coalesce(c.effective, e.effective) as eff,
    case when c.effective is not null then c.position else e.position end as known
  from membership_change c left join edition_change ec on ec.change_id = c.id
  left join edition e on e.id = ec.edition_id and e.state = 'published'
  where c.list_id = :list and c.kind <> 'refused' and coalesce(c.effective, e.effective) is not null"""


async def test_fold_in_sql_equals_the_definition(station: Station) -> None:
    from gf_registry.adapters.repository import change_of
    from gf_registry.domain.memberships import Effect, standing_at

    stories = [await listed(station, name=f"厂{i}") for i in range(4)]
    await publish(station, effective=date(2025, 3, 1))
    adjustment = await _propose(station, stories[0], NATIONAL, "false_material", "miit")
    await _decide(station, adjustment, "miit")
    await publish(station, effective=date(2026, 3, 1))
    adjustment = await _propose(station, stories[1], None, "major_incident", "gd")
    await _decide(station, adjustment, "gd")
    async with station.database.reading() as session:
        rows = await session.execute(text(EFFECTS), {"list": str(NATIONAL)})
        effects = [Effect(change_of(r), r.eff, r.known) for r in rows]
        last = await position(station, NATIONAL)
        for on in (date(2025, 2, 1), date(2025, 3, 1), date(2026, 3, 1), date(2099, 1, 1)):
            for known in range(last + 1):
                at = await reading.as_of(session, NATIONAL, on, known)
                assert at is not None
                found = {i.membership_id for i in await reading.items(session, NATIONAL, at, Search(), limit=None)}
                assert found == set(standing_at(effects, on, known)), (on, known)


def between(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, act: Any) -> None:
    """`act` runs once, in transactions of its own, after the list was folded and before anything is locked."""
    real, waiting = getattr(module, name), [act]

    async def folded(*args: Any, **kwargs: Any) -> Any:
        found = await real(*args, **kwargs)
        if waiting:
            await waiting.pop()()
        return found

    monkeypatch.setattr(module, name, folded)


async def drafted(station: Station) -> tuple[UUID, int]:
    edition = await draft_edition(
        station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, year=2025, document="x", effective=date(2025, 12, 1)
    )
    return UUID(edition["edition_id"]), await position(station, NATIONAL)


@pytest.mark.rule("reg-lists")
async def test_an_entry_that_changes_after_the_fold_stops_the_edition(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = await listed(station)
    edition, seen = await drafted(station)

    async def come_in() -> None:
        await listed(station, name="乙厂")

    between(monkeypatch, publishing, "freeze", come_in)
    with pytest.raises(Stale):
        await publish_edition(station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, edition, seen=seen)
    assert await station.published(NATIONAL, "EditionPublished") == []
    assert [m[1] for m in await story.memberships()] == ["listed"]
    done = await publish_edition(station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, edition, seen=seen + 1)
    assert done["counts"]["listed"] == 2


@pytest.mark.rule("reg-lists", "GD-17-gates")
async def test_a_bar_after_the_fold_stops_the_edition(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was folded as to be listed is refused meanwhile: it is never announced."""
    story = await listed(station)
    await station.hear(story.unit_changed())
    edition, seen = await drafted(station)

    async def bar() -> None:
        who = registrar("gd")
        order = BarOrder(story.unit_id, "accident", "信用中国", date(2025, 10, 1), "行政处罚")
        await impose_bar(station.uow(who), Once(), station.law, who, order)

    between(monkeypatch, publishing, "freeze", bar)
    with pytest.raises(Stale):
        await publish_edition(station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, edition, seen=seen)
    assert await story.memberships() == [(str(NATIONAL), "refused", "accident")]
    assert await names(station, NATIONAL, date(2099, 1, 1)) == []


async def test_an_import_after_the_fold_is_folded_again(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    who, story = registrar("gd"), station.make()
    story.name = "先到厂"

    async def publish_one() -> None:
        await station.hear(story.admitted())
        await station.hear(story.decided(PROVINCIAL))
        await publish(station, PROVINCIAL, effective=date(2024, 11, 1))

    between(monkeypatch, reading, "base", publish_one)
    done = await import_list(
        station.uow(who), Once(), station.law, who, PROVINCIAL, [ImportEntry("后到厂")], year=2024,
        effective=date(2024, 12, 1), document="x",
    )  # fmt: skip
    assert (done["counts"]["listed"], done["number"]) == (2, 2)
    ((content,),) = await station.rows("select content from edition where number = 2")
    assert sorted(e["name"] for e in json.loads(content)["entries"]) == ["先到厂", "后到厂"]


async def test_a_pending_entry_linked_after_the_fold(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its unit is another one now, and is not locked: published at the second try, under the unit's own id."""
    story = station.make()
    await import_list(
        station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, [ImportEntry("旧名厂", story.uscc)], year=2024,
        effective=date(2024, 12, 1), document="x",
    )  # fmt: skip
    ((imported,),) = await station.rows("select unit_id from imported_unit")
    proposal = Proposal(imported, NATIONAL, AdjustmentKind.RENAME, "", "更名", "新名厂")
    made = await propose_adjustment(station.uow(MIIT), Once(), station.law, MIIT, proposal)
    await _decide(station, made, "miit")
    edition, seen = await drafted(station)
    real = Repository.owners

    async def owners(self: Any, changes: Any) -> Any:
        found = await real(self, changes)
        monkeypatch.setattr(Repository, "owners", real)
        await station.hear(story.unit_changed())
        return found

    monkeypatch.setattr(Repository, "owners", owners)
    with pytest.raises(Stale):
        await publish_edition(station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, edition, seen=seen)
    await publish_edition(station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, edition, seen=seen)
    assert (await station.published(story.unit_id))[-1].name_as_listed == "新名厂"
