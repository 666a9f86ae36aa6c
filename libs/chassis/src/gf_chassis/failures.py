"""How failures of the database and of other infrastructure are told apart: Transient, bad input, or a fault of ours."""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gf_chassis.errors import Transient

#: SQLSTATE classes and codes that heal by themselves: connection, resources, operator, lock, serialisation, read-only.
_TRANSIENT_CLASSES = ("08", "53", "57", "40")
_TRANSIENT_CODES = {"55P03", "25006", "25P03", "55006"}


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of a database error, or nothing."""
    original = getattr(error, "orig", error)
    for candidate in (original, getattr(original, "__cause__", None)):
        code = getattr(candidate, "sqlstate", None)
        if isinstance(code, str):
            return code
    return ""


def is_transient(error: BaseException) -> bool:
    """Whether trying again later may help."""
    if isinstance(error, Transient | PoolTimeout | ConnectionError | asyncio.TimeoutError | TimeoutError):
        return True
    if isinstance(error, OSError):
        # A refused or cut connection; a full disk or a missing file of ours is not.
        return error.errno in {111, 110, 104, 32, 113, 101}
    if isinstance(error, DBAPIError):
        code = sqlstate(error)
        if code:
            return code[:2] in _TRANSIENT_CLASSES or code in _TRANSIENT_CODES
        return error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
    code = sqlstate(error)
    return code[:2] in _TRANSIENT_CLASSES or code in _TRANSIENT_CODES


def is_bad_data(error: BaseException) -> bool:
    """Whether the database refused a value as such (class 22): input that a check at the edge should have caught."""
    if not isinstance(error, DBAPIError):
        return False
    original = getattr(error.orig, "__cause__", None) or error.orig
    # asyncpg refuses some values itself, before the server sees them, without a SQLSTATE of its own.
    return sqlstate(error)[:2] == "22" or type(original).__name__ == "DataError"
