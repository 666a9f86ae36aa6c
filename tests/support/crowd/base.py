"""What the crowds of all services share: authorities and routes, ids, chunks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import asyncpg

import gf_policy

#: As the services set it: a chunk that needs longer would not have been possible for them either.
STATEMENT_TIMEOUT_MS = 15_000
YEARS = (2021, 2022, 2023, 2024, 2025)
Route = tuple[str, str, str, str]


@cache
def routes() -> list[Route]:
    """County, city, province or group, ministry; '' where the level does not apply. The first ones get the most."""
    tree = gf_policy.load().authorities
    found: list[Route] = [
        (one, "", "cq", "miit") for one in sorted(tree.under("cq")) if tree.get(one).level == "county"
    ]
    for city in sorted(one for one in tree.under("gd") if tree.get(one).level == "city"):
        below = sorted(one for one in tree.under(city) if tree.get(one).level == "county") or [""]
        found += [(county, city, "gd", "miit") for county in below]
    rest = sorted(one for one in tree.under("miit") if tree.get(one).level in ("province", "group"))
    for one in rest:
        if one not in ("cq", "gd"):
            found.append(("", "", one, "miit"))
    return found


#: The route of case number n: a third to each half of the list, so that a few authorities have very many cases.
ROUTE_OF = (
    "case when {n} % 10 < 3 then 1 + ({n} / 10) % 38 when {n} % 10 < 6 then 1 + ({n} / 10) % {all}"
    " else {all} - ({n} / 10) % 45 end"
)


def route_of(n: str) -> str:
    """SQL: place of the route in `routes()`, from 1."""
    return ROUTE_OF.format(n=n, all=len(routes()))


#: SQL functions of a session: ids that are the same in every service, sorted by time like real ones.
FUNCTIONS = """
create function pg_temp.at_of(n int) returns timestamptz language sql immutable as $$
  select timestamptz '2021-03-01 08:00+08' + make_interval(years => n % 5) + make_interval(mins => (n / 5) % 300000)
$$;
create function pg_temp.id_of(n int) returns uuid language sql immutable as $$
  select (lpad(to_hex((extract(epoch from pg_temp.at_of(n)) * 1000)::bigint), 12, '0')
    || '7' || substr(md5('a' || n), 1, 3) || '8' || substr(md5('b' || n), 1, 15))::uuid
$$;
create function pg_temp.unit_of(n int) returns uuid language sql immutable as $$
  select ('0190000000007' || substr(md5('u' || n), 1, 3) || '8' || substr(md5('v' || n), 1, 15))::uuid
$$;
create function pg_temp.campaign_of(n int) returns uuid language sql immutable as $$
  select ('0190000000007000800000000000' || (2021 + n % 5))::uuid
$$;
create function pg_temp.uscc_of(n int) returns text language sql immutable as $$
  select '91' || lpad((500000 + n % 700)::text, 6, '0') || 'MA' || upper(substr(md5('c' || n), 1, 8))
$$;
create function pg_temp.name_of(n int) returns text language sql immutable as $$
  select (array['重庆','广州','宁波','沈阳','成都','武汉','苏州','佛山','长沙','合肥'])[1 + n % 10]
    || (array['华','绿','新','远','正','中','金','宏','天','恒'])[1 + (n / 10) % 10]
    || (array['源','晟','泰','达','科','力','信','辰','通','材'])[1 + (n / 100) % 10]
    || (array['机械制造','电子','新材料','化工','汽车零部件','水泥','装备','生物科技','纺织','能源'])
       [1 + (n / 1000) % 10]
    || (array['有限公司','股份有限公司','集团有限公司'])[1 + n % 3]
$$;
create function pg_temp.number_of(n int) returns text language sql immutable as $$
  select 'A-' || (2021 + n % 5) || '-CN-' || upper(substr(md5('n' || n), 1, 8))
$$;
create function pg_temp.category_of(n int) returns text language sql immutable as $$
  select case when n % 20 = 0 then 'park' when n % 20 < 3 then 'supply_chain' else 'factory' end
$$;
create function pg_temp.kind_of(n int) returns text language sql immutable as $$
  select case when n % 7 = 0 then 'benchmark' when n % 7 = 1 then 'dynamic_form' else 'application' end
$$;
"""


async def connect(url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(
        url, server_settings={"statement_timeout": str(STATEMENT_TIMEOUT_MS), "timezone": "UTC"}
    )
    await connection.execute(FUNCTIONS)
    levels = list(map(list, zip(*routes(), strict=True)))
    await connection.execute(
        "create temp table route (no int primary key, county text, city text, province text, ministry text)"
    )
    await connection.execute(
        "insert into route select row_number() over (), * from unnest($1::text[], $2::text[], $3::text[], $4::text[])",
        *levels,
    )
    return connection


def chunks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of numbers, both ends included."""
    for start in range(1, count + 1, size):
        yield start, min(count, start + size - 1)


async def analyse(connection: asyncpg.Connection) -> None:
    """Statistics and visibility, as autovacuum leaves them; table by table, for no transaction may hold it."""
    await connection.execute("set statement_timeout = 0")
    await connection.execute("vacuum analyze")
