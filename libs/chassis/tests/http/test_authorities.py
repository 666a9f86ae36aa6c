"""The authority tree: versions are appended, and scope is decided in SQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import column, func, select, table, text

from gf_chassis.authorities import AuthorityRow, above, chain, check, is_under, sync, under
from gf_chassis.database import Database

TREE = [
    AuthorityRow("miit", "工业和信息化部", "ministry", "ministry", None),
    AuthorityRow("cq", "重庆市经济和信息化委员会", "province", "province", "miit", ("factory",), "500000"),
    AuthorityRow("cq.yubei", "重庆市渝北区经济和信息化委员会", "county", "county", "cq", ("factory",), "500112"),
    AuthorityRow("gd", "广东省工业和信息化厅", "province", "province", "miit", ("factory",), "440000"),
    AuthorityRow("gd.foshan", "佛山市工业和信息化局", "city", "city", "gd", ("factory",), "440600"),
    AuthorityRow("gd.foshan.shunde", "佛山市顺德区经济促进局", "county", "county", "gd.foshan", ("factory",), "440606"),
    AuthorityRow("shenzhen", "深圳市工业和信息化局", "city", "separately_planned", "miit", ("factory",), "440300"),
]


async def load(database: Database, rows: list[AuthorityRow], source: str = "v1") -> int:
    async with database.unit_of_work() as uow:
        written = await sync(uow.session, rows, source=source)
        await uow.commit()
    return written


def test_a_tree_must_be_one() -> None:
    rows = {row.id: row for row in TREE}
    check(rows)
    with pytest.raises(ValueError, match="does not exist"):
        check({**rows, "x": AuthorityRow("x", "x", "city", "city", "nowhere")})
    with pytest.raises(ValueError, match="own superior"):
        check({**rows, "miit": replace(rows["miit"], parent="cq.yubei")})


@pytest.mark.db
async def test_versions_are_appended(database: Database) -> None:
    assert await load(database, TREE) == 7
    assert await load(database, TREE) == 0
    renamed = [replace(row, name="重庆市经信委") if row.id == "cq" else row for row in TREE if row.id != "shenzhen"]
    assert await load(database, renamed, "v2") == 2
    async with database.reading() as session:
        rows = (await session.execute(text("select version, name, superseded_at is null, source from authority"
                                           " where id = 'cq' order by version"))).all()  # fmt: skip
        assert [tuple(row) for row in rows] == [
            (1, "重庆市经济和信息化委员会", False, "v1"),
            (2, "重庆市经信委", True, "v2"),
        ]
        assert (await session.execute(text("select count(*) from authority where id = 'shenzhen'"
                                           " and superseded_at is null"))).scalar_one() == 0  # fmt: skip


@pytest.mark.db
async def test_scope_in_where_clauses(database: Database) -> None:
    await load(database, TREE)
    units = table("effect", column("note"))
    async with database.unit_of_work() as uow:
        for row in TREE:
            await uow.session.execute(text("insert into effect (note) values (:id)"), {"id": row.id})

        async def seen(predicate: object) -> set[str]:
            found = await uow.session.execute(select(units.c.note).where(predicate))  # type: ignore[arg-type]
            return {row.note for row in found}

        everything = {row.id for row in TREE}
        assert await seen(under(units.c.note, "miit")) == everything
        assert await seen(under(units.c.note, "gd")) == {"gd", "gd.foshan", "gd.foshan.shunde"}
        assert await seen(under(units.c.note, "shenzhen")) == {"shenzhen"}
        assert await seen(under(units.c.note, "cq.yubei")) == {"cq.yubei"}
        assert await seen(under(units.c.note, "nowhere")) == set()
        assert await seen(under(units.c.note, "")) == set()
        assert await seen(above(units.c.note, "gd.foshan.shunde")) == {"miit", "gd", "gd.foshan", "gd.foshan.shunde"}
        both = under(units.c.note, "gd") & above(units.c.note, "gd.foshan")
        assert await seen(both) == {"gd", "gd.foshan"}
        counted = select(func.count()).select_from(units).where(under(units.c.note, "gd"))
        assert (await uow.session.execute(counted)).scalar_one() == 3
        assert list(await chain(uow.session, "gd.foshan.shunde")) == ["gd.foshan.shunde", "gd.foshan", "gd", "miit"]
        assert await is_under(uow.session, "gd.foshan", "gd")
        assert not await is_under(uow.session, "shenzhen", "gd")
        assert not await is_under(uow.session, "gd", "")


@pytest.mark.db
async def test_an_authority_that_moved_is_no_longer_under_its_old_superior(database: Database) -> None:
    await load(database, TREE)
    moved = [replace(row, parent="gd") if row.id == "gd.foshan.shunde" else row for row in TREE]
    assert await load(database, moved, "v2") == 1
    units = table("effect", column("note"))
    async with database.unit_of_work() as uow:
        await uow.session.execute(text("insert into effect (note) values ('gd.foshan.shunde')"))
        for superior, seen in (("gd", 1), ("gd.foshan", 0)):
            found = await uow.session.execute(select(units.c.note).where(under(units.c.note, superior)))
            assert len(found.all()) == seen
        assert list(await chain(uow.session, "gd.foshan.shunde")) == ["gd.foshan.shunde", "gd", "miit"]
        await uow.session.execute(text("insert into effect (note) values ('gd.foshan')"))
        found = await uow.session.execute(select(units.c.note).where(above(units.c.note, "gd.foshan.shunde")))
        assert [row.note for row in found] == ["gd.foshan.shunde"]
