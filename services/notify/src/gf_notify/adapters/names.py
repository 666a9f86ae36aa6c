"""The names that notices use: authorities, lists and grounds, out of the policies."""

from __future__ import annotations

from collections import defaultdict

from gf_policy import Book
from gf_policy.words import GROUNDS, list_name

#: Why a submission ends without a decision.
ENDS = {"given_up": "您已放弃本次填报", "term_over": "更正期限已过，未重新上报"}


class Names:
    def __init__(self, book: Book) -> None:
        self.book = book
        bases = [p.id for p in book.policies() if p.extends is None]
        self._grounds = {e.code: e.label for base in bases for e in book.effective(base).exclusions}
        self._grounds |= GROUNDS
        self._places = _places(book)
        self._items = {
            item.code: item.label
            for folder in book.folders
            for one in folder.routes.stages.values()
            for item in one.checklist
        }

    def authority(self, authority: str) -> str:
        return self.book.authorities.get(authority).name if authority in self.book.authorities else authority

    def ground(self, code: str) -> str:
        return self._grounds.get(code, code)

    def end(self, code: str) -> str:
        """Why a submission came to its end; '' where the ground is none of those."""
        return ENDS.get(code, "")

    def place(self, pointer: str, item: str) -> str:
        """The field or file that a finding is about, by its label; the checklist's item where it names no field."""
        parts = pointer.strip("/").split("/")
        code = parts[1] if len(parts) > 1 else ""
        found = self._places.get((parts[0], code), "")
        return found or self._items.get(item, "") or "填报内容"

    def green_list(self, list_id: str) -> str:
        """``provincial:cq:factory`` → 省级绿色工厂名单（重庆市经济和信息化委员会）"""
        level, authority, category = list_id.split(":")
        return f"{list_name(level, category)}（{self.authority(authority)}）"

    def chain(self, authority: str) -> list[tuple[str, str]]:
        """The authority and all above it, each with its level."""
        if authority not in self.book.authorities:
            return []
        return [(a.id, a.level) for a in self.book.authorities.chain(authority)]


def _places(book: Book) -> dict[tuple[str, str], str]:
    """Labels of rows and evidence over all forms; of a row the short one where forms differ by a word in front."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for folder in book.folders:
        for form in folder.forms.values():
            for row in form.rows:
                found["values", row.code].add(row.label)
            for slot in form.evidence_slots:
                found["evidence", slot.code].add(slot.label)
    return {place: _one_of(labels, row=place[0] == "values") for place, labels in found.items()}


def _one_of(labels: set[str], *, row: bool) -> str:
    shortest = min(labels, key=len)
    return shortest if row and all(shortest in label for label in labels) else "／".join(sorted(labels))
