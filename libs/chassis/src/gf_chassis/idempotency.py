"""Idempotency keys (幂等键): the first result under a key is stored in the transaction of its effect and given again.

A use case takes a ``Once`` from its route and uses it inside its own transaction::

    async with self.database.unit_of_work(actor) as uow:
        if first := await once.first(uow):          # the loser of a race waits here for the winner
            return Admitted(**first)
        ...
        await once.keep(uow, asdict(admitted))       # flushes; the result is a JSON object
        await uow.commit()
    return admitted

and the route ends with ``once.headers(response)``, which names the event positions (also those of a replay). Refusals
are not stored: a corrected request may use the key again only with the same body, so clients take a new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from gf_chassis import json
from gf_chassis.errors import FieldError, Rejected
from gf_chassis.identity import CurrentPrincipal, Principal
from gf_chassis.metrics import METRICS

if TYPE_CHECKING:
    from gf_chassis.database import UnitOfWork

_KEY = re.compile(r"[\x21-\x7e]{8,128}", re.ASCII)
#: Longer than any filing window: a partner's retry after a week must still find its first answer.
KEEP = timedelta(days=90)


def add_tables(metadata: MetaData) -> None:
    """The table ``idempotency_key``, in every service's database."""
    Table(
        "idempotency_key",
        metadata,
        #: Who used the key: issuer and subject of a person, or the authority of a partner system.
        Column("scope", Text, nullable=False),
        Column("key", Text, nullable=False),
        #: SHA-256 over method, path and body.
        Column("request_hash", LargeBinary, nullable=False),
        #: The first answer; null only inside the transaction that makes it.
        Column("status", Integer),
        Column("headers", JSONB),
        Column("body", LargeBinary),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        PrimaryKeyConstraint("scope", "key"),
        Index("ix_idempotency_key_created_at", "created_at"),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """A first answer (首次应答): what a repetition gets. ``body`` is JSON."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands under a key."""

    request_hash: bytes
    answer: Answer


_CLAIM = text(
    "insert into idempotency_key (scope, key, request_hash) values (:scope, :key, :hash)"
    " on conflict (scope, key) do nothing returning 1"
)
_STORED = text(
    "select k.scope, k.key, k.request_hash, k.status, k.headers::text as headers, k.body from idempotency_key k"
    " join unnest(cast(:scopes as text[]), cast(:keys as text[])) as wanted(scope, key)"
    " on k.scope = wanted.scope and k.key = wanted.key"
)
_ANSWER = text(
    "update idempotency_key set status = :status, headers = cast(:headers as jsonb), body = :body"
    " where scope = :scope and key = :key"
)
_PURGE = text("delete from idempotency_key where created_at < clock_timestamp() - cast(:keep as interval)")


def request_hash(method: str, path: str, body: bytes) -> bytes:
    """The hash under which a repetition is recognised."""
    return hashlib.sha256(b"%b %b\n%b" % (method.encode(), path.encode(), body)).digest()


async def stored(session: AsyncSession, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """What stands under the keys (scope, key)."""
    rows = await session.execute(_STORED, {"scopes": [scope for scope, _ in keys], "keys": [key for _, key in keys]})
    return {
        (row.scope, row.key): Stored(
            bytes(row.request_hash),
            Answer(row.status or 200, bytes(row.body or b"{}"), orjson.loads(row.headers or "{}")),
        )
        for row in rows
    }


async def purge(session: AsyncSession, keep: timedelta = KEEP) -> int:
    """Forget old keys; returns how many."""
    result = await session.execute(_PURGE, {"keep": keep})
    return int(getattr(result, "rowcount", 0))


def other_request() -> Rejected:
    """The key was used for another request."""
    code = "idempotency_key_reused"
    detail = "此 Idempotency-Key 已用于内容不同的另一次请求，请换用新的键。"
    return Rejected(code, detail, errors=[FieldError("header:/Idempotency-Key", code, detail)])


@dataclass(slots=True)
class Once:
    """One request that must take effect once. Without a key it only collects the positions."""

    scope: str = ""
    key: str | None = None
    hash: bytes = b""
    service: str = ""
    position: str = field(default="", init=False)
    replayed: bool = field(default=False, init=False)

    async def first(self, uow: UnitOfWork) -> dict[str, Any] | None:
        """The first result, or None where this request is the first. 422 when the key was used for something else."""
        answer = await claim(uow, self)
        if answer is None:
            return None
        result: dict[str, Any] = orjson.loads(answer.body)
        return result

    async def keep(self, uow: UnitOfWork, result: Mapping[str, Any] | BaseModel | Any) -> None:
        """Store the result; to be called last before the commit. Flushes, so that the positions are known."""
        await uow.flush()
        self.position = ", ".join(str(position) for position in uow.positions)
        if self.key is not None:
            headers = {"Event-Position": self.position} if self.position else {}
            await keep_answer(uow, self, Answer(200, encode(result), headers))

    def replay(self, known: Stored) -> Answer:
        """The first answer that is stored under the key, for this request."""
        if known.request_hash != self.hash:
            raise other_request()
        self.position = known.answer.headers.get("Event-Position", "")
        self.replayed = True
        METRICS.idempotent_replays.labels(self.service).inc()
        return known.answer

    def headers(self, response: Response) -> None:
        """``Event-Position`` and, for a replay, ``Idempotent-Replayed``."""
        if self.position:
            response.headers["Event-Position"] = self.position
        if self.replayed:
            response.headers["Idempotent-Replayed"] = "true"


async def claim(uow: UnitOfWork, once: Once) -> Answer | None:
    """Take the key in this transaction; the first answer where somebody had it. The loser of a race waits for it."""
    if once.key is None:
        return None
    asked = {"scope": once.scope, "key": once.key, "hash": once.hash}
    if (await uow.session.execute(_CLAIM, asked)).first() is not None:
        return None
    return once.replay((await stored(uow.session, [(once.scope, once.key)]))[(once.scope, once.key)])


async def keep_answer(uow: UnitOfWork, once: Once, answer: Answer) -> None:
    """Store the first answer, in the transaction of its effect and before its commit."""
    if once.key is None:
        return
    row = {"status": answer.status, "headers": orjson.dumps(dict(answer.headers)).decode(), "body": answer.body}
    await uow.session.execute(_ANSWER, {"scope": once.scope, "key": once.key, **row})


def encode(result: Mapping[str, Any] | BaseModel | Any) -> bytes:
    """A result as it is stored."""
    if is_dataclass(result) and not isinstance(result, type):
        result = asdict(result)
    return json.dumps(result)


def key_of(header: str | None, principal: Principal, *, required: bool = False) -> str | None:
    """The key out of the header: 8 to 128 visible ASCII characters; a partner system must send one."""
    if header is None:
        if required or principal.has("partner"):
            raise _bad_key("idempotency_key_required", "此写操作必须带请求头 Idempotency-Key。")
        return None
    if not _KEY.fullmatch(header):
        raise _bad_key("malformed_idempotency_key", "请求头 Idempotency-Key 应为 8 至 128 个可见的半角字符。")
    return header


def _bad_key(code: str, detail: str) -> Rejected:
    return Rejected(code, detail, status=400, errors=[FieldError("header:/Idempotency-Key", code, detail)])


def once_of(request: Request, principal: Principal, body: bytes, *, required: bool = False) -> Once:
    """The ``Once`` of a request whose raw body is at hand."""
    key = key_of(request.headers.get("idempotency-key"), principal, required=required)
    return Once(
        scope=principal.scope,
        key=key,
        hash=request_hash(request.method, request.url.path, body) if key else b"",
        service=request.app.state.service,
    )


async def _once(
    request: Request,
    principal: CurrentPrincipal,
    idempotency_key: Annotated[str | None, Header(description="同一请求重复发送时使用相同的键")] = None,
) -> Once:
    return once_of(request, principal, await request.body())


#: ``once: OnceKey`` in a route that creates or moves something.
OnceKey = Annotated[Once, Depends(_once)]
