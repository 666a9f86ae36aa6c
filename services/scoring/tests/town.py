"""A population for rankings, put straight into the tables: listed units with sheets and cases that have ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID, uuid5

from sqlalchemy import text

from gf_chassis.ids import new_id
from gf_chassis.journal import SYSTEM
from gf_scoring.bootstrap import Bootstrap

LIST = "national:miit:factory"
_SPACE = UUID("01990000-0000-7000-8000-00000000beef")


def unit(number: int) -> UUID:
    return uuid5(_SPACE, f"unit-{number}")


@dataclass
class Town:
    """Campaigns by year; units are numbered."""

    parts: Bootstrap
    campaigns: dict[int, UUID] = field(default_factory=dict)

    async def run(self, sql: str, **values: object) -> None:
        async with self.parts.database.unit_of_work(SYSTEM) as uow:
            await uow.session.execute(text(sql), values)
            await uow.commit()

    async def listed(self, numbers: Sequence[int], since: str = "2020-01-05", industry: str = "") -> None:
        await self.run(
            "insert into membership select id, :list, true, :since from unnest(cast(:ids as uuid[])) u (id)"
            " on conflict (unit_id, list_id) do update set listed = true, effective = excluded.effective",
            list=LIST,
            since=since,
            ids=[str(unit(n)) for n in numbers],
        )
        await self.run(
            "insert into unit_view select id, 1, '单位' || nth, 'U' || nth, 'factory', 'cq.yubei', :industry"
            " from unnest(cast(:ids as uuid[]), cast(:numbers as int[])) u (id, nth) on conflict do nothing",
            industry=industry,
            ids=[str(unit(n)) for n in numbers],
            numbers=list(numbers),
        )

    async def year(
        self,
        year: int,
        points: Mapping[int, str | None],
        *,
        outcomes: Mapping[int, str] | None = None,
        superiors: Mapping[int, str] | None = None,
        closed: bool = True,
    ) -> UUID:
        """A campaign whose benchmarking brought these points; None is a sheet that cannot be scored."""
        campaign = self.campaigns[year] = new_id()
        await self.run(
            "insert into campaign values (:id, '年度', :year, 'closed', 'national/2025/n25', array['factory'])",
            id=campaign,
            year=year,
        )
        names = sorted(points)
        ids = [str(uuid5(_SPACE, f"form-{year}-{n}")) for n in names]
        where = [(superiors or {}).get(n, "cq.yubei") for n in names]
        await self.run(
            "insert into score_sheet (submission_id, number, round, revision, basis, outcome, total, unit_id, category,"
            " kind, campaign_id, superior, admitted, published, scored_at) select s, 1, 1, 1, 'claimed',"
            " case when t is null then 'not_scorable' else 'scored' end, t, u, 'factory', 'benchmark', :campaign, w,"
            " '', '', now() from unnest(cast(:ids as uuid[]), cast(:units as uuid[]), cast(:totals as numeric[]),"
            " cast(:superiors as text[])) x (s, u, t, w)",
            campaign=campaign,
            ids=ids,
            units=[str(unit(n)) for n in names],
            totals=[None if points[n] is None else Decimal(str(points[n])) for n in names],
            superiors=where,
        )
        ended = {n: (outcomes or {}).get(n, "approved") for n in names}
        await self.run(
            "insert into case_end select s, 1, o from unnest(cast(:ids as uuid[]), cast(:ends as text[])) x (s, o)"
            " where o <> 'open'",
            ids=ids,
            ends=[ended[n] for n in names],
        )
        if closed:
            await self.close_campaign(year, dict(zip(ids, where, strict=True)))
        return campaign

    async def close_campaign(self, year: int, forms: Mapping[str, str]) -> None:
        campaign = self.campaigns[year]
        await self.run("insert into campaign_end values (:id) on conflict do nothing", id=campaign)
        for authority in sorted(set(forms.values())):
            lines = sorted(f"{form}:1" for form, superior in forms.items() if superior == authority)
            await self.run(
                "insert into campaign_total values (:id, 'benchmark', :authority, :count, :digest)",
                id=campaign,
                authority=authority,
                count=len(lines),
                digest=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
            )

    async def rank(self, year: int, rules: Mapping[str, object] | None = None, *, publish: bool = True) -> UUID:
        """Start, close and publish a run of the year, its rules changed as said ("bottom.ties": "in")."""
        run_id = new_id()
        found = self.parts.rankings.find("national/2025/n25", "factory")
        assert found is not None
        data = json.loads(json.dumps(found.data))
        for path, value in (rules or {}).items():
            part, _, name = path.partition(".")
            data["rules"][part][name] = value
        await self.run(
            "insert into ranking_run (id, campaign_id, base, category, kind, list_id, year, authority, rules,"
            " rules_hash, state, count, unranked, digest, averages, sent, sent_all, version, created_at, created_by,"
            " document, person, published_by) values (:id, :campaign, 'national/2025/n25', 'factory', 'benchmark',"
            " :list, :year, 'miit', cast(:rules as jsonb), :hash, 'collecting', 0, 0, '', '[]', 0, false, 1, now(),"
            " '', '', '', '')",
            id=run_id,
            campaign=self.campaigns[year],
            list=LIST,
            year=year,
            rules=json.dumps(data),
            hash=found.hash,
        )
        await self.parts.close_ranking._try(run_id)
        if publish:
            await self.run("update ranking_run set state = 'published' where id = :id and state = 'closed'", id=run_id)
        return run_id

    async def places(self, run_id: UUID) -> dict[int, dict[str, object]]:
        """By number of the unit."""
        numbers = {unit(n): n for n in range(2000)}
        async with self.parts.database.reading() as session:
            rows = await session.execute(
                text("select * from ranking_place where run_id = :id order by seq nulls last"), {"id": run_id}
            )
            return {numbers[row["unit_id"]]: dict(row) for row in rows.mappings()}


__all__ = ["LIST", "Town", "unit"]
