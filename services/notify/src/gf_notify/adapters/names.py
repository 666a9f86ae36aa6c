"""The names that notices use: authorities, lists and grounds, out of the policies."""

from __future__ import annotations

from gf_policy import Book

LEVELS = {"national": "国家级", "provincial": "省级", "city": "市级"}
CATEGORIES = {"factory": "绿色工厂", "park": "绿色工业园区", "supply_chain": "绿色供应链管理企业"}


class Names:
    def __init__(self, book: Book) -> None:
        self.book = book
        bases = [p.id for p in book.policies() if p.extends is None]
        self._grounds = {e.code: e.label for base in bases for e in book.effective(base).exclusions}
        self._grounds |= {"fraud": "数据或材料造假"}

    def authority(self, authority: str) -> str:
        return self.book.authorities.get(authority).name if authority in self.book.authorities else authority

    def ground(self, code: str) -> str:
        return self._grounds.get(code, code)

    def green_list(self, list_id: str) -> str:
        """``provincial:cq:factory`` → 省级绿色工厂名单（重庆市经济和信息化委员会）"""
        level, authority, category = list_id.split(":")
        return f"{LEVELS[level]}{CATEGORIES[category]}名单（{self.authority(authority)}）"

    def chain(self, authority: str) -> list[tuple[str, str]]:
        """The authority and all above it, each with its level."""
        if authority not in self.book.authorities:
            return []
        return [(a.id, a.level) for a in self.book.authorities.chain(authority)]
