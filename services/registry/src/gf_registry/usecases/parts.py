"""A part of what a query finds, so that no answer grows with the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """A page of a list, and after which of its lines it begins; without a limit all of it."""

    limit: int | None = None
    after: Any = None

    @property
    def fetched(self) -> int | None:
        """One more than are shown: whether others follow."""
        return None if self.limit is None else self.limit + 1

    def cut(self, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """What is shown, and its last line where others follow."""
        if self.limit is None or len(rows) <= self.limit:
            return rows, None
        return rows[: self.limit], rows[self.limit - 1]


ALL = Part()
