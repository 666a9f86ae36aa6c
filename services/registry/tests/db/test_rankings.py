"""Rankings reach the list: who is due is marked, warned and shown; a person removes, with a document."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.message import Message
from sqlalchemy import event

from gf_chassis.errors import NotFound, Poison, Rejected
from gf_chassis.idempotency import Once
from gf_registry.adapters import contracts
from gf_registry.domain.adjustments import AdjustmentKind
from gf_registry.domain.errors import DomainError
from gf_registry.usecases.decide_adjustment import decide_adjustment
from gf_registry.usecases.import_list import ImportEntry, import_list
from gf_registry.usecases.propose_adjustment import Proposal, propose_adjustment
from gf_registry.usecases.publish_edition import publish_edition
from gf_registry.usecases.see_attention import see_attention
from gf_registry.usecases.see_pending import see_pending
from gf_registry.usecases.see_standing import see_standing
from gf_registry.usecases.take_back_adjustment import take_back_adjustment
from gf_registry.usecases.take_ranking import take_ranking
from greenladder.scoring.v1 import rankings_pb2
from services.registry.tests.db.support import NATIONAL, Station, Story, registrar
from services.registry.tests.db.test_editions import listed, names, position, publish

pytestmark = pytest.mark.db
MIIT, OTHER = registrar("miit"), registrar("miit", "li")


@dataclass
class Run:
    """A ranking as scoring tells it: the places, best first, then the end."""

    units: list[tuple[UUID, int]]
    year: int = 2027
    minute: int = 0
    supersedes: Run | None = None
    #: Units of the list's end, by how many years running they are in it; 3 and more are due.
    id: UUID = field(default_factory=uuid4)

    def places(self) -> list[Message]:
        return [
            rankings_pb2.UnitRanked(
                run_id=str(self.id), unit_id=str(unit), year=self.year, points=str(90 - place), place=place,
                band="B" if streak else "A", bottom=streak > 0, streak=max(streak, 0), warned=streak != 0,
                removal_due=streak >= 3, list_id=str(NATIONAL), category="factory",
            )
            for place, (unit, streak) in enumerate(self.units, 1)
        ]  # fmt: skip

    def end(self) -> Message:
        lines = [
            "|".join([str(p.place), p.unit_id, p.points, p.band, str(int(p.bottom)), str(p.streak)])
            for p in self.places()
        ]  # type: ignore[attr-defined]
        message = rankings_pb2.RankingClosed(
            run_id=str(self.id), year=self.year, count=len(self.units), list_id=str(NATIONAL), category="factory",
            digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(), rules_id="national/2025/n25/ranking",
            supersedes=str(self.supersedes.id) if self.supersedes else None,
        )  # fmt: skip
        message.population_at.FromDatetime(datetime(self.year, 12, 1, tzinfo=UTC) + timedelta(minutes=self.minute))
        return message

    async def tell(self, station: Station, *, again: bool = False) -> None:
        for _ in range(2 if again else 1):
            for number, message in enumerate([*self.places(), self.end()], 1):
                await station.hear(message, number=number)


async def published(station: Station, *names_: str) -> list[Story]:
    stories = [await listed(station, name=name) for name in names_]
    await publish(station, effective=date(2024, 12, 1))
    return stories


async def dues(station: Station) -> list[tuple[str, str, int]]:
    rows = await station.rows(
        "select m.name, d.state, d.year from removal_due d join membership m on m.id = d.membership_id order by 3, 1"
    )
    return [tuple(r) for r in rows]


async def propose(station: Station, story: Story, who: Any = MIIT) -> UUID:
    proposal = Proposal(story.unit_id, NATIONAL, AdjustmentKind.REMOVAL, "bottom_5_percent", "连续三年处于后5%")
    made = await propose_adjustment(station.uow(who), Once(), station.law, who, proposal)
    assert made["article"] == "N25 二（二）"
    return UUID(made["adjustment_id"])


async def decide(station: Station, adjustment: UUID, *, agreed: bool = True, document: str = "文件1号") -> Any:
    return await decide_adjustment(
        station.uow(OTHER), Once(), station.law, OTHER, adjustment, agreed=agreed, reason="核实", seen=1,
        document=document,
    )  # fmt: skip


async def attention(station: Station, who: Any = MIIT, **kwargs: Any) -> Any:
    async with station.database.reading() as session:
        return await see_attention(session, station.law, who, NATIONAL, year=None, **kwargs)


@pytest.mark.rule("N25-5pct")
async def test_three_years_are_marked_and_nobody_is_removed(station: Station) -> None:
    bad, near, good = await published(station, "末位厂", "预警厂", "好厂")
    run = Run([(good.unit_id, 0), (near.unit_id, -1), (bad.unit_id, 3)])
    for number, message in enumerate(run.places(), 1):
        await station.hear(message, number=number)
    assert await dues(station) == [], "a ranking has no effect before its end"
    await run.tell(station, again=True)
    assert await dues(station) == [("末位厂", "open", 2027)]
    assert len(await names(station, NATIONAL, date(2099, 1, 1))) == 3, "nobody is removed by a ranking"
    rows = await station.rows("select type, basis, data from journal where type = 'removal_due_changed'")
    assert [(r.basis, r.data["state"], r.data["streak"]) for r in rows] == [("N25 二（二）", "open", 3)]
    assert [e.state for e in await station.published(bad.unit_id)] == [1, 1], "no event says that it left the list"


@pytest.mark.rule("N25-5pct")
async def test_a_person_removes_with_a_document(station: Station) -> None:
    bad, good = await published(station, "末位厂", "好厂")
    with pytest.raises(DomainError, match="未连续三年"):
        await propose(station, bad)
    await Run([(good.unit_id, 2), (bad.unit_id, 3)]).tell(station)
    with pytest.raises(DomainError, match="未连续三年"):
        await propose(station, good)
    adjustment = await propose(station, bad)
    with pytest.raises(DomainError, match="文件名称和文号"):
        await decide(station, adjustment, document=" ")
    assert (await decide(station, adjustment))["document"] == "文件1号"
    assert await dues(station) == [("末位厂", "decided", 2027)]
    assert len(await names(station, NATIONAL, date(2099, 1, 1))) == 2
    await publish(station, effective=date(2028, 2, 1))
    assert await names(station, NATIONAL, date(2028, 2, 1)) == ["好厂"]
    assert await dues(station) == [("末位厂", "removed", 2027)]
    assert (await station.published(bad.unit_id))[-1].ground == "bottom_5_percent"
    assert (await attention(station))["due"] == []


@pytest.mark.rule("N25-5pct", "reg-lists")
async def test_many_changes_are_published_in_as_many_statements_as_few(station: Station) -> None:
    """The list is held meanwhile: two thousand changes must not be two thousand statements."""
    asked: list[str] = []
    engine = station.database.engine.sync_engine

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    counts = []
    for year, names_ in ((2027, ["一厂", "二厂"]), (2028, ["三厂", "四厂", "五厂", "六厂", "七厂"])):
        stories = await published(station, *names_)
        await Run([(one.unit_id, 3) for one in stories], year=year).tell(station)
        for one in stories:
            await decide(station, await propose(station, one))
        new = [await listed(station, name=f"新{name}") for name in names_]
        event.listen(engine, "before_cursor_execute", note)
        await publish(station, effective=date(year, 2, 1))
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(asked))
        asked.clear()
        for one in stories:
            assert [m[1] for m in await one.memberships()] == ["removed"]
            assert [e.state for e in await station.published(one.unit_id)][-1] == 2
        for one in new:
            rows = await station.rows("select effective from membership where unit_id = :u", {"u": one.unit_id})
            assert [r.effective for r in rows] == [date(year, 2, 1)]
        assert {state for _, state, of in await dues(station) if of == year} == {"removed"}
        states = await station.rows("select distinct state from adjustment")
        assert [r.state for r in states] == ["effective"]
    assert counts[0] == counts[1]


@pytest.mark.rule("N25-5pct")
async def test_kept_with_a_document_can_be_proposed_again(station: Station) -> None:
    (bad,) = await published(station, "末位厂")
    await Run([(bad.unit_id, 3)]).tell(station)
    adjustment = await propose(station, bad)
    with pytest.raises(DomainError, match="文件名称和文号"):
        await decide(station, adjustment, agreed=False, document="")
    await decide(station, adjustment, agreed=False)
    assert await dues(station) == [("末位厂", "kept", 2027)]
    await Run([(bad.unit_id, 3)], minute=1).tell(station)
    assert await dues(station) == [("末位厂", "kept", 2027)], "what a person decided stands"
    await propose(station, bad)
    assert await dues(station) == [("末位厂", "proposed", 2027)]


@pytest.mark.rule("N25-5pct")
async def test_runs_of_a_year_end_alike_in_any_order(station: Station) -> None:
    """Three runs, each superseding the one before, told under keys of their own; the last one says that B is due."""
    a, b = await published(station, "甲厂", "乙厂")
    first = Run([(b.unit_id, 0), (a.unit_id, 3)])
    second = Run([(b.unit_id, 0), (a.unit_id, 0)], minute=1, supersedes=first)
    third = Run([(a.unit_id, 0), (b.unit_id, 3)], minute=2, supersedes=second)
    for index, order in enumerate(permutations([first, second, third])):
        for run in order:
            fresh = Run(run.units, 2027 + index, run.minute, run.supersedes, UUID(int=run.id.int ^ index))
            if fresh.supersedes:
                fresh.supersedes = Run([], id=UUID(int=fresh.supersedes.id.int ^ index))
            await fresh.tell(station)
        found = [d for d in await dues(station) if d[2] == 2027 + index and d[1] != "lapsed"]
        assert found == [("乙厂", "open", 2027 + index)], index


@pytest.mark.rule("N25-5pct")
async def test_the_run_that_supersedes_counts_whatever_its_population(station: Station) -> None:
    a, b = await published(station, "甲厂", "乙厂")
    wrong = Run([(b.unit_id, 0), (a.unit_id, 3)], minute=9)
    right = Run([(a.unit_id, 0), (b.unit_id, 3)], supersedes=wrong)
    await right.tell(station)
    await wrong.tell(station)
    assert await dues(station) == [("乙厂", "open", 2027)]
    assert [w["name"] for w in (await attention(station))["warned"]] == ["乙厂"]


@pytest.mark.rule("N25-5pct")
async def test_two_runs_that_end_at_once(station: Station) -> None:
    (bad,) = await published(station, "末位厂")
    for year in range(2030, 2036):
        first = Run([(bad.unit_id, 3)], year)
        second = Run([(bad.unit_id, 0)], year, 1, first)
        for run in (first, second):
            for number, message in enumerate(run.places(), 1):
                await station.hear(message, number=number)
        await asyncio.gather(*(station.hear(run.end(), number=2) for run in (first, second)))
        assert [d for d in await dues(station) if d[2] == year and d[1] != "lapsed"] == []


@pytest.mark.rule("N25-5pct")
async def test_a_run_that_ends_while_another_is_being_taken_in(station: Station) -> None:
    """The newer one, which says that nobody is due, waits until the older one's marks are there to lapse."""
    (bad,) = await published(station, "末位厂")
    older, newer = Run([(bad.unit_id, 3)]), Run([(bad.unit_id, 0)], minute=1)
    for run in (older, newer):
        await station.hear(run.places()[0])
    async with station.uow() as uow:
        await take_ranking(uow, contracts.ranking_closed(older.end(), 2))
        await uow.flush()
        meanwhile = asyncio.create_task(station.hear(newer.end(), number=2))
        await asyncio.sleep(0.5)
        await uow.commit()
    await meanwhile
    assert await dues(station) == [("末位厂", "lapsed", 2027)]


@pytest.mark.rule("N25-5pct")
async def test_a_corrected_ranking_stops_what_was_proposed(station: Station) -> None:
    (bad,) = await published(station, "末位厂")
    first = Run([(bad.unit_id, 3)])
    await first.tell(station)
    adjustment = await propose(station, bad)
    await Run([(bad.unit_id, 0)], minute=1, supersedes=first).tell(station)
    assert await dues(station) == [("末位厂", "lapsed", 2027)]
    with pytest.raises(DomainError, match="已被替代"):
        await decide(station, adjustment)
    assert (await decide(station, adjustment, agreed=False, document=""))["state"] == "dropped"
    assert (await attention(station))["due"] == []
    assert [d["state"] for d in (await attention(station, lapsed=True))["due"]] == ["lapsed"]
    await Run([(bad.unit_id, 3)], minute=2).tell(station)
    assert await dues(station) == [("末位厂", "open", 2027)]


@pytest.mark.rule("N25-5pct")
async def test_a_corrected_ranking_stops_the_edition(station: Station) -> None:
    """Decided, then superseded before it was announced: not published until a person takes the decision back."""
    bad, _good = await published(station, "末位厂", "好厂")
    first = Run([(bad.unit_id, 3)])
    await first.tell(station)
    adjustment = await propose(station, bad)
    await decide(station, adjustment)
    await Run([(bad.unit_id, 0)], minute=1, supersedes=first).tell(station)
    with pytest.raises(Rejected, match="请先撤回") as refused:
        await publish(station, effective=date(2028, 2, 1))
    assert (refused.value.code, refused.value.rule) == ("not_due_any_more", "N25-5pct")
    before = await position(station, NATIONAL)
    taken = await take_back_adjustment(
        station.uow(MIIT), Once(), station.law, MIIT, adjustment, reason="排名已更正", seen=2
    )
    assert taken["state"] == "dropped"
    async with station.uow() as uow:
        seen = await see_pending(uow, station.law, MIIT, NATIONAL)
    assert (seen["items"], seen["position"]) == ([], before + 1)
    draft = UUID(seen["draft"]["edition_id"])
    await publish_edition(station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, draft, seen=before + 1)
    assert len(await names(station, NATIONAL, date(2099, 1, 1))) == 2
    with pytest.raises(DomainError):
        await take_back_adjustment(station.uow(MIIT), Once(), station.law, MIIT, adjustment, reason="x", seen=3)


@pytest.mark.rule("N25-5pct")
async def test_taken_back_it_is_due_again(station: Station) -> None:
    (bad,) = await published(station, "末位厂")
    await Run([(bad.unit_id, 3)]).tell(station)
    adjustment = await propose(station, bad)
    await decide(station, adjustment)
    stranger = registrar("gd")
    with pytest.raises(NotFound):
        await take_back_adjustment(station.uow(stranger), Once(), station.law, stranger, adjustment, reason="x", seen=2)
    await take_back_adjustment(station.uow(MIIT), Once(), station.law, MIIT, adjustment, reason="误", seen=2)
    assert await dues(station) == [("末位厂", "open", 2027)]


@pytest.mark.rule("N25-5pct")
async def test_a_run_that_was_not_told_in_full_is_held(station: Station) -> None:
    (bad,) = await published(station, "末位厂")
    run = Run([(bad.unit_id, 3), (uuid4(), 0)])
    await station.hear(run.places()[0], number=1)
    with pytest.raises(Poison, match="2 places stated, 1 told"):
        await station.hear(run.end(), number=2)
    with pytest.raises(Poison, match="stated 2"):
        await station.show(run.end(), number=3)
    assert await dues(station) == []


@pytest.mark.rule("N25-5pct")
async def test_ranked_under_the_imported_id_marks_the_linked_unit(station: Station) -> None:
    story = station.make()
    await import_list(
        station.uow(MIIT), Once(), station.law, MIIT, NATIONAL, [ImportEntry("导入厂", story.uscc, region="440606")],
        year=2024, effective=date(2024, 12, 1), document="x",
    )  # fmt: skip
    ((imported,),) = await station.rows("select unit_id from imported_unit")
    await station.hear(story.unit_changed())
    await Run([(imported, 3)]).tell(station)
    assert [str(d["unit_id"]) for d in (await attention(station))["due"]] == [str(story.unit_id)]


@pytest.mark.rule("N25-5pct", "CQ-warn")
async def test_each_authority_sees_its_own_units(station: Station) -> None:
    bad, near, good = await published(station, "末位厂", "预警厂", "好厂")
    await Run([(good.unit_id, 0), (near.unit_id, -1), (bad.unit_id, 3)]).tell(station)
    for authority in ("miit", "gd", "gd.foshan", "gd.foshan.shunde"):
        seen = await attention(station, registrar(authority))
        assert [d["name"] for d in seen["due"]] == ["末位厂"], authority
        assert [(w["name"], w["band"], w["place"]) for w in seen["warned"]] == [("末位厂", "B", 3), ("预警厂", "B", 2)]
    stranger = await attention(station, registrar("cq.yubei"))
    assert (stranger["due"], stranger["warned"]) == ([], [])
    with pytest.raises(NotFound):
        await attention(station, registrar(""))


@pytest.mark.rule("CQ-warn", "GD-26")
async def test_a_unit_sees_its_own_years(station: Station) -> None:
    near, other = await published(station, "预警厂", "别厂")
    await Run([(other.unit_id, 0), (near.unit_id, -1)], 2026).tell(station)
    await Run([(other.unit_id, 0), (near.unit_id, 1)], 2027).tell(station)
    async with station.database.reading() as session:
        found = await see_standing(session, station.law, registrar("gd.foshan"), near.unit_id)
    shown = [(r["year"], r["place"], r["count"], r["band"], r["warned"], r["bottom"]) for r in found["rankings"]]
    assert shown == [(2027, 2, 2, "B", True, True), (2026, 2, 2, "B", True, False)]
    assert found["removals_due"] == []
