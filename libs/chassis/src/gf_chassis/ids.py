"""Identifiers: UUIDv7, minted in the owning service and passed into the domain."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new time-ordered id (UUIDv7, RFC 9562)."""
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """The id in its canonical spelling (36 characters), or None; ``UUID()`` also takes braces, urn: and no dashes."""
    if len(text) != 36:
        return None
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
