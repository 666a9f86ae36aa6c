"""The authority tree (主管部门)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from gf_policy.errors import PolicyLookupError
from gf_policy.model import Authority


class AuthorityTree:
    """Who stands under whom: a tree of authorities, not of regions."""

    def __init__(self, authorities: Sequence[Authority]) -> None:
        self._by_id: dict[str, Authority] = {authority.id: authority for authority in authorities}
        self._children: dict[str, list[Authority]] = {}
        for authority in authorities:
            if authority.parent is not None:
                self._children.setdefault(authority.parent, []).append(authority)

    def __iter__(self) -> Iterator[Authority]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, authority_id: object) -> bool:
        return authority_id in self._by_id

    def get(self, authority_id: str) -> Authority:
        try:
            return self._by_id[authority_id]
        except KeyError:
            raise PolicyLookupError(
                "unknown_authority", f"没有编号为“{authority_id}”的主管部门，请从主管部门目录中选择。", rule="DM-superior"
            ) from None

    def parent(self, authority_id: str) -> Authority | None:
        above = self.get(authority_id).parent
        return None if above is None else self.get(above)

    def chain(self, authority_id: str) -> tuple[Authority, ...]:
        """The authority itself, then each one above it, the ministry last."""
        here: Authority | None = self.get(authority_id)
        chain: list[Authority] = []
        while here is not None:
            chain.append(here)
            here = None if here.parent is None else self.get(here.parent)
        return tuple(chain)

    def children(self, authority_id: str) -> tuple[Authority, ...]:
        self.get(authority_id)
        return tuple(self._children.get(authority_id, ()))

    def under(self, authority_id: str) -> frozenset[str]:
        """Ids of the authority and of all below it."""
        found = {authority_id}
        queue = [authority_id]
        while queue:
            for child in self.children(queue.pop()):
                found.add(child.id)
                queue.append(child.id)
        return frozenset(found)

    def on(self, day: date) -> tuple[Authority, ...]:
        return tuple(authority for authority in self if authority.in_force(day))
