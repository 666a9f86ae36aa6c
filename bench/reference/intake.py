"""A partner's one-call submission by hand: Starlette, pydantic, group commit; the same rows and the same event.

No campaign windows, no form checks beyond types, no standings, no region wall, no authority tree: what the framework,
the parsing and the writing cost at least. Rows go into tables of the same make as ours, in one statement per group.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

from greenladder.common.v1.common_pb2 import Codes, EvidenceRef, Fact, PolicyRef, Presence, UnitSnapshot
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted


class Value(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str
    year: int | None = None
    product: str = ""
    value: str | bool | list[str] | None = None
    unit: str = ""
    note: str = ""
    not_applicable: bool = False


class Attached(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slot: str
    evidence_id: UUID


class Call(BaseModel):
    model_config = ConfigDict(extra="forbid")

    campaign_id: UUID
    kind: str
    unit_id: UUID
    values: list[Value]
    evidence: list[Attached]


_STATEMENT = """
with i as (
  select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bytea[],
    $9::text[], $10::text[], $11::bytea[], $12::bytea[])
  as t(id, number, unit_id, campaign_id, kind, hash, content, payload, evidence, key, request_hash, answer)
), k as (
  insert into idempotency_key (scope, key, request_hash, status, headers, body)
  select 'authority:cq', key, request_hash, 201, '{}', answer from i
), s as (
  insert into submission (id, number, unit_id, campaign_id, category, kind, state, round, version, form_version,
    content_hash, superior, route_since, admitted_at, outcome, event_number, created_by)
  select id, number, unit_id, campaign_id, 'factory', kind, 'submitted', 1, 3, 1, hash, 'cq.yubei', 1, now(), '', 1, 'p'
  from i
), f as (
  insert into form_version (submission_id, version, round, content, content_hash, verified, saved_at, saved_by)
  select id, 1, 1, content, hash, true, now(), 'p' from i
), r as (
  insert into submission_round (submission_id, round, campaign_id, kind, superior, profile_version, form_version,
    content_hash, admitted_at, evidence)
  select id, 1, campaign_id, kind, 'cq.yubei', 1, 1, hash, now(), string_to_array(evidence, ',') from i
), a as (
  insert into attachment (submission_id, evidence_id, slot, attached_at)
  select id, split_part(e, ':', 1)::uuid, split_part(e, ':', 2), now()
  from i, unnest(string_to_array(evidence, ',')) as e
)
insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data, topic, key, number,
  message_type, payload)
select 'submission', id::text, 'Submitted', 'p', 'cq', '', '', '', '{}', 'intake.submissions', id::text, 1,
  'greenladder.intake.v1.SubmissionAdmitted', payload from i
"""


class Intake:
    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = f"Bearer {token}"
        self.waiting: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
        self.flushing = False

    async def start(self) -> None:
        self.connection = await asyncpg.connect(self.url)
        rows = await self.connection.fetch("select unit_id, name, uscc, region, superior from unit_profile")
        self.units = {row["unit_id"]: row for row in rows}

    async def submit(self, request: Request) -> Response:
        if request.headers.get("authorization") != self.token:
            return Response(status_code=401)
        raw = await request.body()
        try:
            call = Call.model_validate_json(raw)
        except ValueError:
            return Response(status_code=422)
        submission_id = uuid7()
        content = orjson.dumps(orjson.loads(raw)["values"], option=orjson.OPT_SORT_KEYS)
        digest = sha256(content).hexdigest()
        number = f"A-2025-CQ-{submission_id.hex[-8:].upper()}"
        message = self.event(call, submission_id, number, digest)
        answer = orjson.dumps({"id": str(submission_id), "number": number, "state": "submitted", "round": 1})
        row = (
            submission_id,
            number,
            call.unit_id,
            call.campaign_id,
            call.kind,
            digest,
            content.decode(),
            message.SerializeToString(),
            ",".join(f"{one.evidence_id}:{one.slot}" for one in call.evidence),
            request.headers["idempotency-key"],
            sha256(raw).digest(),
            answer,
        )
        await self.write(row)
        position = f"intake.submissions/{submission_id}/1"
        return Response(answer, 201, {"Event-Position": position}, "application/json")

    def event(self, call: Call, submission_id: UUID, number: str, digest: str) -> SubmissionAdmitted:
        unit = self.units[call.unit_id]
        message = SubmissionAdmitted(
            submission_id=str(submission_id),
            round=1,
            unit=UnitSnapshot(
                unit_id=str(call.unit_id),
                profile_version=1,
                category="factory",
                uscc=unit["uscc"],
                name=unit["name"],
                region=unit["region"],
                superior_authority=unit["superior"],
            ),
            campaign_id=str(call.campaign_id),
            kind=call.kind,
            year=2025,
            form="n25-factory-application",
            policies=[PolicyRef(id="national/2025/n25", version="1", hash="0" * 64)],
            content_hash=digest,
            facts=[fact(value) for value in call.values],
            evidence=[
                EvidenceRef(evidence_id=str(one.evidence_id), slot=one.slot, sha256="0" * 64, size_bytes=1000)
                for one in call.evidence
            ],
            number=number,
        )
        message.admitted_at.FromDatetime(datetime.now(UTC))
        return message

    async def write(self, row: tuple[Any, ...]) -> None:
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((row, future))
        if not self.flushing:
            self.flushing = True
            asyncio.create_task(self.flush())  # noqa: RUF006
        await future

    async def flush(self) -> None:
        while self.waiting:
            group, self.waiting = self.waiting[:200], self.waiting[200:]
            await self.connection.execute(_STATEMENT, *map(list, zip(*(row for row, _ in group), strict=True)))
            for _, future in group:
                future.set_result(None)
        self.flushing = False


def fact(value: Value) -> Fact:
    given = value.value
    if isinstance(given, str):
        if value.unit:
            return Fact(
                code=value.code, year=value.year, unit=value.unit, presence=Presence.PRESENCE_GIVEN, decimal=given
            )
        return Fact(code=value.code, year=value.year, presence=Presence.PRESENCE_GIVEN, text=given)
    if isinstance(given, bool):
        return Fact(code=value.code, presence=Presence.PRESENCE_GIVEN, flag=given)
    if isinstance(given, list):
        return Fact(code=value.code, presence=Presence.PRESENCE_GIVEN, codes=Codes(codes=given))
    return Fact(code=value.code, presence=Presence.PRESENCE_MISSING)


def main() -> None:
    url, port, token = sys.argv[1:4]
    intake = Intake(url, token)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        await intake.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        yield

    path = "/intake/v1/partner/submissions"
    app = Starlette(routes=[Route(path, intake.submit, methods=["POST"])], lifespan=lifespan)
    uvicorn.run(app, port=int(port), loop="asyncio", http="httptools", access_log=False, log_level="error")


if __name__ == "__main__":
    main()
