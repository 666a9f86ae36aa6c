"""How HTTP tells failures apart: Transient (503), a value the database refuses (422), or a fault of ours (500)."""

from __future__ import annotations

import errno

from sqlalchemy.exc import DBAPIError

from gf_chassis.faults import family

#: A cut or refused connection heals; a missing file or a full disk of ours does not.
_CONNECTION = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.ETIMEDOUT,
    errno.EPIPE,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
}


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
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
        return error.errno in _CONNECTION
    return family(error) == "transient"


def is_bad_data(error: BaseException) -> bool:
    """Whether the database refused a value as such (class 22): input that a check at the edge should have caught."""
    if not isinstance(error, DBAPIError):
        return False
    original = getattr(error.orig, "__cause__", None) or error.orig
    # asyncpg refuses some values itself, before the server sees them, without a SQLSTATE of its own.
    return sqlstate(error)[:2] == "22" or type(original).__name__ == "DataError"
