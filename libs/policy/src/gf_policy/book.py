"""The book of policies: everything in policies/, loaded and checked once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gf_policy.authorities import AuthorityTree
from gf_policy.calendars import Calendar
from gf_policy.effective import EffectivePolicy
from gf_policy.industries import IndustryTable
from gf_policy.model import Policy

if TYPE_CHECKING:
    from gf_policy.rulesets import Ruleset


class Book:
    root: Path
    authorities: AuthorityTree
    industries: IndustryTable
    calendar: Calendar

    def policies(self) -> tuple[Policy, ...]:
        raise NotImplementedError

    def policy(self, policy_id: str) -> Policy:
        raise NotImplementedError

    def overlays(self, base_id: str) -> tuple[Policy, ...]:
        raise NotImplementedError

    def effective(self, base_id: str, authorities: Sequence[str] = ()) -> EffectivePolicy:
        """Base and the overlays whose jurisdiction is one of `authorities` (the route's, any order)."""
        raise NotImplementedError

    def effective_for(self, base_id: str, superior: str) -> EffectivePolicy:
        """The same for a unit: overlays along the chain above its superior authority."""
        raise NotImplementedError

    def ruleset(self, base_id: str, category: str, key_industry: str | None = None) -> Ruleset:
        raise NotImplementedError


def load(path: Path | str | None = None) -> Book:
    """Load and check policies/. None: the folder named by GF_POLICIES_DIR, else policies/ beside this checkout."""
    raise NotImplementedError
