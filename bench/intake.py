"""`intake`: a partner's one-call submissions, 32 connections, every call for another unit, with four files attached."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5
from itertools import count as counter
from pathlib import Path
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

import gf_policy
from bench import load
from bench.pairs import Result, measure
from bench.serve_intake import ISSUER, clock
from bench.servers import Servers, execute
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_intake.bootstrap import bootstrap
from gf_intake.settings import Settings

COUNT, WARM, CONNECTIONS = 8_000, 800, 32
SLOTS = ("advanced_technology", "retrofit_projects", "green_design_report", "footprint_report")
EXAMPLE = Path("national/2025/n25/examples/factory-application.json")
#: What a run leaves behind.
WRITTEN = "submission, form_version, submission_round, attachment, idempotency_key, journal"

_SEED = f"""
create temporary table n as select i, md5('unit' || i)::uuid as id from generate_series(1, {COUNT}) i;
insert into unit (id, category, state, uscc, superior, profile_version, event_number)
  select id, 'factory', 'active', $$CODE$$, 'cq.yubei', 1, 1 from n;
insert into unit_profile (unit_id, version, name, uscc, industries, key_industry, region, superior, contact, names,
    recorded_at, recorded_by)
  select id, 1, '重庆示范机械有限公司' || i, $$CODE$$, '{{3442}}', null, '500112', 'cq.yubei', '{{}}', '[]', now(), 's'
  from n;
insert into evidence (id, unit_id, sha256, size_bytes, media_type, name, uploaded_at, uploaded_by)
  select md5('file' || i || slot)::uuid, id, repeat('a', 64), 1000, 'application/pdf', slot || '.pdf', now(), 'a'
  from n, unnest(array{list(SLOTS)}) slot;
insert into membership (unit_id, list_id, membership_id, state, effective, number)
  select id, 'provincial:cq:factory', 'm' || i, 'listed', '2025-06-01', 1 from n;
"""


async def bench(servers: Servers, pairs: int) -> Result:
    database = await servers.database("intake")
    with tempfile.TemporaryDirectory() as folder:
        keys, token = _issuer(Path(folder))
        campaign = await _seed(database.owner_url, database.app_url, folder)
        calls = _calls(campaign, token)
        runs = counter(1)
        async with (
            _server("bench.serve_intake", database.app_url, str(keys), folder) as ours,
            _server("bench.reference.intake", database.owner_url, token) as reference,
        ):

            async def run(port: int) -> float:
                await execute(database.owner_url, f"truncate {WRITTEN}")
                stamp = b"run-%06d-" % next(runs)
                requests = [call.replace(b"run-000000-", stamp) for call in calls]
                return await load.Load(requests, CONNECTIONS, WARM).run(port)

            return await measure("intake", 0.6, pairs, lambda: run(reference), lambda: run(ours))


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
    """Units that stand on the municipal list, their files, and an open campaign."""
    from gf_policy.uscc import complete

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
                "evidence": [{"slot": slot, "evidence_id": str(_id(f"file{number}{slot}"))} for slot in SLOTS],
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


@asynccontextmanager
async def _server(module: str, url: str, *more: str) -> AsyncIterator[int]:
    """A server in a process of its own; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-m", module, url, str(port), *more]
    )
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise RuntimeError(f"{module} ended with {process.returncode}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
        yield port
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
