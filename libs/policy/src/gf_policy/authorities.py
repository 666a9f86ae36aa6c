"""The authority tree (主管部门): policies/authorities/*.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import get_args

from gf_policy.errors import PolicyLookupError
from gf_policy.files import PolicyFile, check_schema, read_yaml
from gf_policy.model import Authority, Level

# Which levels may stand above a level. A municipality's counties report to the province level (DM-route-city), a
# separately planned city and a group to the ministry (DM-route-plan, DM-route-group).
_ABOVE: dict[str, tuple[str, ...]] = {
    "county": ("city", "province"),
    "city": ("province", "ministry"),
    "province": ("ministry",),
    "group": ("ministry", "group"),
    "ministry": (),
}


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
                "unknown_authority",
                f"没有编号为“{authority_id}”的主管部门，请从主管部门目录中选择。",
                rule="DM-superior",
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


def read_authorities(root: Path) -> AuthorityTree:
    files = [read_yaml(root, f"authorities/{path.name}") for path in sorted((root / "authorities").glob("*.yaml"))]
    found: dict[str, tuple[Authority, PolicyFile, int]] = {}
    for file in files:
        check_schema(root, file, "authorities")
        for index in range(len(file.data["authorities"])):
            authority = _authority(file, index)
            if authority.id in found:
                raise file.fault(f"主管部门编号“{authority.id}”重复。", "authorities", index)
            found[authority.id] = (authority, file, index)
    for authority, file, index in found.values():
        if authority.parent is None:
            if authority.level != "ministry":
                raise file.fault(f"“{authority.id}”没有上级；只有部级可以没有上级。", "authorities", index)
            continue
        above = found.get(authority.parent)
        if above is None:
            raise file.fault(f"“{authority.id}”的上级“{authority.parent}”不存在。", "authorities", index)
        if above[0].level not in _ABOVE[authority.level]:
            raise file.fault(
                f"“{authority.id}”（{authority.level}）不能以“{above[0].id}”为上级。", "authorities", index
            )
    return AuthorityTree([authority for authority, _, _ in found.values()])


def _authority(file: PolicyFile, index: int) -> Authority:
    data = {**file.data.get("defaults", {}), **file.data["authorities"][index]}
    missing = [key for key in ("level", "kind", "competence", "valid_from") if key not in data]
    if missing or "parent" not in data:
        raise file.fault(f"缺少“{'、'.join(missing or ['parent'])}”。", "authorities", index)
    assert data["level"] in get_args(Level)  # the schema says so
    valid_to = data.get("valid_to")
    return Authority(
        id=data["id"],
        name=data["name"],
        level=data["level"],
        kind=data["kind"],
        parent=data["parent"],
        competence=frozenset(data["competence"]),
        region=data.get("region"),
        valid_from=date.fromisoformat(data["valid_from"]),
        valid_to=None if valid_to is None else date.fromisoformat(valid_to),
        place=data["place"],
    )
