"""What the law leaves to data at listing: look-backs, terms, grounds. Built from the policy files by an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of exclusion or removal, with the article it stands in."""

    code: str
    label: str
    article: str
    rule: str = "GD-17"


@dataclass(frozen=True, slots=True)
class ListingRules:
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    #: GD art. 17 (3): removed from a green list within the last years.
    removal_lookback_years: int = 3
    removal_ground: str = "removed"
    #: GD art. 22: fraud bars for so many years.
    fraud_years: int = 3
    fraud_article: str = "GD 第二十二条"
    #: Grounds of removal that do not count as 被动态调整出 (assumption: a merged unit lives on in another).
    harmless_removals: frozenset[str] = frozenset({"merged"})

    def article(self, ground: str) -> str:
        known = self.grounds.get(ground)
        return known.article if known else ""

    def label(self, ground: str) -> str:
        known = self.grounds.get(ground)
        return known.label if known else ground
