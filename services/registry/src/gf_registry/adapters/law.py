"""What the policy files say about listing, as the domain's own rules; and the tree of authorities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol

from gf_registry.domain.lists import ListId
from gf_registry.domain.rules import Ground, ListingRules

if TYPE_CHECKING:
    from gf_policy import Book, EffectivePolicy


#: Levels and kinds of authorities that keep a list of the level.
KEEPERS = {
    "national": frozenset({"ministry"}),
    "provincial": frozenset({"province", "separately_planned", "xpcc"}),
    "city": frozenset({"city"}),
}


class Law(Protocol):
    """The port: use cases and tests need no policy files."""

    def rules_for(self, policy_ids: Sequence[str], superior: str) -> ListingRules:
        """Under the policies a submission was admitted with."""
        ...

    def rules_on(self, day: date) -> ListingRules:
        """Where there is no submission: all policies in force on that day."""
        ...

    def chain(self, authority: str) -> frozenset[str]:
        """Ids of the authority and of all above it; empty for one that is not in the tree."""
        ...

    def under(self, authority: str) -> frozenset[str]:
        """Ids of the authority and of all below it; empty for one that is not in the tree."""
        ...

    def keeps(self, list_id: ListId) -> bool:
        """Whether this authority keeps lists of that level and category (GD art. 2: three levels)."""
        ...

    def name(self, authority: str) -> str: ...


class PolicyLaw:
    """The law as gf_policy reads it."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def rules_for(self, policy_ids: Sequence[str], superior: str) -> ListingRules:
        base = self._base(policy_ids)
        if base is None:
            return ListingRules()
        effective = self.book.effective_for(base, superior) if self.known(superior) else self.book.effective(base)
        return _rules([effective])

    def rules_on(self, day: date) -> ListingRules:
        bases = [p.id for p in self.book.policies() if p.extends is None and p.in_force(day)]
        return _rules([self.book.effective(base) for base in bases])

    def chain(self, authority: str) -> frozenset[str]:
        return frozenset(a.id for a in self.book.authorities.chain(authority)) if self.known(authority) else frozenset()

    def under(self, authority: str) -> frozenset[str]:
        return frozenset(a.id for a in self.book.authorities if authority in self.chain(a.id))

    def known(self, authority: str) -> bool:
        return authority in self.book.authorities

    def keeps(self, list_id: ListId) -> bool:
        if not self.known(list_id.authority):
            return False
        authority = self.book.authorities.get(list_id.authority)
        # A separately planned city reports like a province (N25-recip), so it may keep a list of either name.
        levels = KEEPERS[list_id.level]
        return list_id.category in authority.competence and (authority.level in levels or authority.kind in levels)

    def name(self, authority: str) -> str:
        return self.book.authorities.get(authority).name if self.known(authority) else authority

    def _base(self, policy_ids: Sequence[str]) -> str | None:
        known = {p.id: p for p in self.book.policies()}
        return next((i for i in policy_ids if i in known and known[i].extends is None), None)


def _rules(policies: Sequence[EffectivePolicy]) -> ListingRules:
    """Where several policies hold, the strictest term of each."""
    rules = ListingRules()
    grounds: dict[str, Ground] = {}
    for effective in policies:
        for e in effective.exclusions:
            grounds.setdefault(e.code, Ground(e.code, e.label, e.article, e.rule))
    gates = [effective.listing_gates for effective in policies]
    if not gates:
        return rules
    return ListingRules(
        grounds=grounds,
        removal_lookback_years=max(g.removal_lookback_years for g in gates),
        fraud_years=max(g.fraud_bar_years for g in gates),
        fraud_article=gates[0].article_fraud,
    )
