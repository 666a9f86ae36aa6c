"""Who may see a score sheet (可见范围)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

OFFICIALS = frozenset({"reviewer", "approver", "steward", "registrar"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """The caller as scoring needs to know him or her."""

    roles: frozenset[str]
    authority: str
    org: str


def may_see(viewer: Viewer, *, uscc: str, route: Collection[str], superiors: Collection[str]) -> bool:
    """An applicant sees its own; an official what the present route leads through his or her authority; a partner
    system (合作平台) the units below the authority it works for."""
    if "applicant" in viewer.roles and viewer.org and viewer.org == uscc:
        return True
    if not viewer.authority:
        return False
    if not viewer.roles.isdisjoint(OFFICIALS) and viewer.authority in route:
        return True
    return "partner" in viewer.roles and viewer.authority in superiors
