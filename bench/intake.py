"""`intake`: a partner's one-call submissions, 32 connections, every call for another unit, with four files attached."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from hashlib import md5
from itertools import count as counter
from pathlib import Path
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

import gf_policy
from bench import cpu, load
from bench.pairs import Pair, Result, measure, result
from bench.processes import Server, serving
from bench.serve_intake import ISSUER, clock
from bench.servers import Servers, execute
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_intake.bootstrap import bootstrap
from gf_intake.settings import Settings
from gf_policy.uscc import complete
from gf_standalone.databases import ServiceDatabase

COUNT, WARM, CONNECTIONS = 4_000, 400, 32
SLOTS = ("advanced_technology", "retrofit_projects", "green_design_report", "footprint_report")
EXAMPLE = Path("national/2025/n25/examples/factory-application.json")
SEEDED = "campaign, unit, unit_profile, evidence, membership"
#: What a run leaves behind.
WRITTEN = "submission, form_version, submission_round, attachment, idempotency_key, journal"
#: Milliseconds in the ids of files, which the service gives in the order of their upload; that goes before each call.
UPLOADED = 1_750_000_000_000

_SEED = f"""
create temporary table n as select i, md5('unit' || i)::uuid as id from generate_series(1, {COUNT}) i;
insert into unit (id, category, state, uscc, superior, profile_version, event_number)
  select id, 'factory', 'active', $$CODE$$, 'cq.yubei', 1, 1 from n;
insert into unit_profile (unit_id, version, name, uscc, industries, key_industry, region, superior, contact, names,
    recorded_at, recorded_by)
  select id, 1, '重庆示范机械有限公司' || i, $$CODE$$, '{{3442}}', null, '500112', 'cq.yubei', '{{}}', '[]', now(), 's'
  from n;
insert into evidence (id, unit_id, sha256, size_bytes, media_type, name, uploaded_at, uploaded_by)
  select (lpad(to_hex({UPLOADED} + i), 12, '0') || '7' || left(md5(slot), 3) || '8' || right(md5(slot), 15))::uuid, id,
    repeat('a', 64), 1000, 'application/pdf', slot || '.pdf', now(), 'a'
  from n, unnest(array{list(SLOTS)}) slot;
insert into membership (unit_id, list_id, membership_id, state, effective, number)
  select id, 'provincial:cq:factory', 'm' || i, 'listed', '2025-06-01', 1 from n;
"""


@dataclass(frozen=True)
class Stage:
    """What a load on intake needs: a database with units and an open campaign, an issuer's keys, the calls as bytes."""

    database: ServiceDatabase
    #: The reference's own, made alike: what it writes there nobody relays.
    plain: str
    keys: Path
    folder: str
    token: str
    campaign: UUID
    calls: list[bytes]
    runs: Iterator[int]

    def requests(self) -> list[bytes]:
        """The calls, with keys that no earlier run had."""
        stamp = b"run-%06d-" % next(self.runs)
        return [call.replace(b"run-000000-", stamp) for call in self.calls]

    async def clear(self) -> None:
        for url in (self.database.owner_url, self.plain):
            await execute(url, f"truncate {WRITTEN}")

    def ours(self, features: str = "off") -> AbstractAsyncContextManager[Server]:
        return serving("bench.serve_intake", self.database.app_url, str(self.keys), self.folder, features)

    def reference(self) -> AbstractAsyncContextManager[Server]:
        return serving("bench.reference.intake", self.plain, self.token)


@asynccontextmanager
async def stage(servers: Servers) -> AsyncIterator[Stage]:
    database = await servers.database("intake")
    with tempfile.TemporaryDirectory() as folder:
        keys, token = _issuer(Path(folder))
        campaign = await _seed(database.owner_url, database.app_url, folder)
        plain = await servers.copy_of(database, "reference_intake")
        yield Stage(database, plain, keys, folder, token, campaign, _calls(campaign, token), counter(1))


async def bench(servers: Servers, pairs: int) -> list[Result]:
    spent: dict[int, list[float]] = {}
    async with stage(servers) as made, made.ours() as ours, made.reference() as reference:

        async def run(server: Server) -> float:
            await made.clear()
            before = cpu.of(server.pid), cpu.of_tree(servers.postmaster)
            rate = await load.Load(made.requests(), CONNECTIONS, WARM).run(server.port)
            used = cpu.of(server.pid) - before[0], cpu.of_tree(servers.postmaster) - before[1]
            print(f"    CPU per call: server {used[0] / COUNT * 1e6:.0f} us, PostgreSQL {used[1] / COUNT * 1e6:.0f} us")
            spent.setdefault(server.pid, []).append(sum(used) / COUNT * 1e6)
            return rate

        rates = await measure("intake", 0.6, pairs, lambda: run(reference), lambda: run(ours))
        each = zip(spent[ours.pid], spent[reference.pid], strict=True)
        costs = [Pair(*one) for one in each][1:]  # the first one warmed up
        return [rates, result("intake_cpu", 1.67, costs, "us", "less")]


def _issuer(folder: Path) -> tuple[Path, str]:
    key = ECKey.generate_key("P-256", {"kid": "bench"})
    file = folder / "keys.json"
    file.write_bytes(orjson.dumps({"keys": [key.as_dict(private=False)]}))
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "greenladder",
        "sub": "bench",
        "iat": now,
        "exp": now + 86_400,
        "gl_roles": ["partner"],
        "gl_authority": "cq",
    }
    return file, jwt.encode({"alg": "ES256", "kid": "bench"}, claims, key)


async def _seed(owner_url: str, app_url: str, folder: str) -> UUID:
    """Units that stand on the municipal list, their files, and an open campaign. Whatever was there before goes."""
    await execute(owner_url, f"truncate {SEEDED}, {WRITTEN} cascade")
    code = complete("9150011210000001")
    await execute(owner_url, _SEED.replace("$$CODE$$", f"'{code}'"))
    intake = bootstrap(Settings(database_url=app_url, evidence_url=folder), clock=clock())
    steward = Principal("s", roles=frozenset({"steward"}), authority="miit")
    try:
        made = await intake.announce_campaign(
            steward,
            name="2025 年度绿色工厂推荐",
            year=2025,
            policy_id="national/2025/n25",
            categories=["factory"],
            kinds=["application"],
            once=Once(),
        )
        await intake.open_campaign(steward, UUID(made["id"]), made["version"], "", Once())
    finally:
        await intake.database.close()
    return UUID(made["id"])


def _calls(campaign: UUID, token: str) -> list[bytes]:
    """Requests as bytes, each for a unit of its own; the key has room for the number of the run."""
    values = orjson.loads((gf_policy.load().root / EXAMPLE).read_bytes())["values"]
    calls = []
    for number in range(1, COUNT + 1):
        body = orjson.dumps(
            {
                "campaign_id": str(campaign),
                "kind": "application",
                "unit_id": str(_id(f"unit{number}")),
                "values": values,
                "evidence": [{"slot": slot, "evidence_id": str(_file(number, slot))} for slot in SLOTS],
            }
        )
        head = (
            "POST /intake/v1/partner/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nIdempotency-Key: run-000000-{number:08d}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        calls.append(head.encode() + body)
    return calls


def _id(text: str) -> UUID:
    return UUID(md5(text.encode()).hexdigest())


def _file(number: int, slot: str) -> UUID:
    digest = md5(slot.encode()).hexdigest()
    return UUID(f"{UPLOADED + number:012x}7{digest[:3]}8{digest[-15:]}")
