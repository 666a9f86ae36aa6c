"""Which family an exception belongs to 异常归类: retried in place, held at once, or tried a few times."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gf_chassis.errors import Poison, Transient

Family = Literal["transient", "poison", "unknown"]

#: Classes of SQLSTATE that heal: connection, rollback (deadlock, serialization), resources, operator intervention.
_TRANSIENT_CLASSES: Final = ("08", "40", "53", "57", "58")
#: Lock not available, idle-in-transaction time-out, read-only transaction (a server that became a standby).
_TRANSIENT_STATES: Final = frozenset({"55P03", "25P03", "25P04", "25006"})


def family(error: BaseException) -> Family:
    """Domain errors in a consumer are poison: the event will be refused as often as it is tried."""
    if isinstance(error, Transient) or _heals(error):
        return "transient"
    if isinstance(error, Poison) or (hasattr(error, "code") and hasattr(error, "status")):
        return "poison"
    return "unknown"


def _heals(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, InterfaceError):
            return True
        cause = error.orig.__cause__ if error.orig is not None else None
        state = getattr(error.orig, "sqlstate", None) or getattr(cause, "sqlstate", None)
        return _state_heals(state) or _plan_changed(cause) or (cause is not None and _heals(cause))
    if isinstance(error, asyncpg.PostgresError):
        return _state_heals(error.sqlstate) or _plan_changed(error)
    return isinstance(
        error, (ConnectionError, TimeoutError, asyncio.TimeoutError, PoolTimeout, asyncpg.InterfaceError, OSError)
    )


def _state_heals(state: str | None) -> bool:
    return state is not None and (state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES)


def _plan_changed(error: BaseException | None) -> bool:
    """A migration ran under us; the next try prepares its statements anew."""
    return isinstance(error, asyncpg.InvalidCachedStatementError)


def describe(error: BaseException) -> str:
    """One line for a person who must decide. What the database says of values is left out: they are people's data."""
    if isinstance(error, DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None and error.orig.__cause__ is not None else error.orig
        return _of_database(cause or error)
    if isinstance(error, asyncpg.PostgresError):
        return _of_database(error)
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:500]


def _of_database(error: BaseException) -> str:
    names = ("sqlstate", "table_name", "column_name", "constraint_name")
    known = [f"{name}={value}" for name in names if (value := getattr(error, name, None))]
    return " ".join([f"database: {type(error).__name__}", *known])
