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
from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
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
        #: The first result, as JSON; null only inside the transaction that makes it.
        Column("result", LargeBinary),
        #: What it published: ``topic/key/number``.
        Column("positions", ARRAY(Text), nullable=False, server_default="{}"),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        PrimaryKeyConstraint("scope", "key"),
        Index("ix_idempotency_key_created_at", "created_at"),
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands under a key."""

    request_hash: bytes
    result: dict[str, Any]
    positions: tuple[str, ...]


_CLAIM = text(
    "insert into idempotency_key (scope, key, request_hash) values (:scope, :key, :hash)"
    " on conflict (scope, key) do nothing returning 1"
)
_STORED = text(
    "select k.scope, k.key, k.request_hash, k.result, k.positions from idempotency_key k"
    " join unnest(cast(:scopes as text[]), cast(:keys as text[])) as wanted(scope, key)"
    " on k.scope = wanted.scope and k.key = wanted.key"
)
_KEEP = text(
    "update idempotency_key set result = :result, positions = cast(:positions as text[])"
    " where scope = :scope and key = :key"
)
#: Many keys with their results in one statement (group commit). Gives back the claimed ones; what is missing was
#: there before: read it with ``stored``. Rows must come sorted by (scope, key), or two flushers deadlock; the same key
#: twice in one batch is claimed once. As the first CTE of a bulk statement, join the effects with ``claimed``.
CLAIM_MANY_SQL = (
    "insert into idempotency_key (scope, key, request_hash, result, positions)"
    " select scope, key, hash, result, array[position]"
    " from unnest(cast(:idem_scope as text[]), cast(:idem_key as text[]), cast(:idem_hash as bytea[]),"
    " cast(:idem_result as bytea[]), cast(:idem_position as text[])) as i(scope, key, hash, result, position)"
    " on conflict (scope, key) do nothing returning scope, key"
)
_PURGE = text("delete from idempotency_key where created_at < clock_timestamp() - cast(:keep as interval)")


def request_hash(method: str, path: str, body: bytes) -> bytes:
    """The hash under which a repetition is recognised."""
    return hashlib.sha256(b"%b %b\n%b" % (method.encode(), path.encode(), body)).digest()


async def stored(session: AsyncSession, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """What stands under the keys (scope, key)."""
    rows = await session.execute(_STORED, {"scopes": [scope for scope, _ in keys], "keys": [key for _, key in keys]})
    return {
        (row.scope, row.key): Stored(bytes(row.request_hash), orjson.loads(row.result or b"{}"), tuple(row.positions))
        for row in rows
    }


async def purge(session: AsyncSession, keep: timedelta = KEEP) -> int:
    """Forget old keys; returns how many."""
    result = await session.execute(_PURGE, {"keep": keep})
    return int(getattr(result, "rowcount", 0))


def other_request() -> Rejected:
    """The key was used for another request."""
    detail = "此 Idempotency-Key 已用于内容不同的另一次请求，请换用新的键。"
    return Rejected(
        "idempotency_key_reused",
        detail,
        errors=[FieldError("header:/Idempotency-Key", "idempotency_key_reused", detail)],
    )


@dataclass(slots=True)
class Once:
    """One request that must take effect once. Without a key it only collects the positions."""

    scope: str = ""
    key: str | None = None
    hash: bytes = b""
    service: str = ""
    positions: tuple[str, ...] = field(default=(), init=False)
    replayed: bool = field(default=False, init=False)

    async def first(self, uow: UnitOfWork) -> dict[str, Any] | None:
        """The first result, or None where this request is the first. 422 when the key was used for something else."""
        if self.key is None:
            return None
        asked = {"scope": self.scope, "key": self.key, "hash": self.hash}
        if (await uow.session.execute(_CLAIM, asked)).first() is not None:
            return None
        known = (await stored(uow.session, [(self.scope, self.key)]))[(self.scope, self.key)]
        return self.replay(known)

    def replay(self, known: Stored) -> dict[str, Any]:
        """Take over what is stored under the key."""
        if known.request_hash != self.hash:
            raise other_request()
        self.positions = known.positions
        self.replayed = True
        METRICS.idempotent_replays.labels(self.service).inc()
        return known.result

    async def keep(self, uow: UnitOfWork, result: Mapping[str, Any] | BaseModel | Any) -> None:
        """Store the result; to be called last before the commit. Flushes, so that the positions are known."""
        await uow.flush()
        self.positions = tuple(str(position) for position in uow.positions)
        if self.key is None:
            return
        await uow.session.execute(
            _KEEP,
            {"scope": self.scope, "key": self.key, "result": encode(result), "positions": list(self.positions)},
        )

    def headers(self, response: Response) -> None:
        """``Event-Position`` and, for a replay, ``Idempotent-Replayed``."""
        if self.positions:
            response.headers["Event-Position"] = ", ".join(self.positions)
        if self.replayed:
            response.headers["Idempotent-Replayed"] = "true"


def encode(result: Mapping[str, Any] | BaseModel | Any) -> bytes:
    """A result as it is stored."""
    if is_dataclass(result) and not isinstance(result, type):
        result = asdict(result)
    return json.dumps(result)


def key_of(header: str | None, principal: Principal) -> str | None:
    """The key out of the header: 8 to 128 visible ASCII characters; a partner system must send one."""
    if header is None:
        if principal.has("partner"):
            raise _bad_key("idempotency_key_required", "合作平台的写操作必须带请求头 Idempotency-Key。")
        return None
    if not _KEY.fullmatch(header):
        raise _bad_key("malformed_idempotency_key", "请求头 Idempotency-Key 应为 8 至 128 个可见的半角字符。")
    return header


def _bad_key(code: str, detail: str) -> Rejected:
    return Rejected(code, detail, status=400, errors=[FieldError("header:/Idempotency-Key", code, detail)])


async def _once(
    request: Request,
    principal: CurrentPrincipal,
    idempotency_key: Annotated[str | None, Header(description="同一请求重复发送时使用相同的键")] = None,
) -> Once:
    key = key_of(idempotency_key, principal)
    body = await request.body()
    return Once(
        scope=principal.scope,
        key=key,
        hash=request_hash(request.method, request.url.path, body) if key else b"",
        service=request.app.state.service,
    )


#: ``once: OnceKey`` in a route that creates or moves something.
OnceKey = Annotated[Once, Depends(_once)]
