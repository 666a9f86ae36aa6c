"""What holds for one submission: the base policy tightened by the overlays of its route's authorities."""

from __future__ import annotations

from gf_policy.forms import Form
from gf_policy.model import (
    Eligibility,
    Exclusion,
    Policy,
    PolicyRefData,
    Precondition,
    Route,
    UnitAttributes,
    Window,
)


class EffectivePolicy:
    base: Policy
    overlays: tuple[Policy, ...]
    exclusions: tuple[Exclusion, ...]

    @property
    def refs(self) -> list[PolicyRefData]:
        """Base first, then overlays from the ministry's side downwards."""
        raise NotImplementedError

    def forms(self) -> tuple[tuple[str, str], ...]:
        """(category, kind) of every form there is."""
        raise NotImplementedError

    def form(self, category: str, kind: str) -> Form:
        raise NotImplementedError

    def route(self, unit: UnitAttributes, kind: str) -> Route:
        raise NotImplementedError

    def windows(self, act: str, authority: str = "") -> Window:
        """The window of "submit" or "decide:<level>" as it holds for what passes through `authority`."""
        raise NotImplementedError

    @property
    def all_windows(self) -> tuple[Window, ...]:
        raise NotImplementedError

    def preconditions(self, category: str, kind: str) -> list[Precondition]:
        raise NotImplementedError

    def eligibility(self, category: str) -> list[Eligibility]:
        raise NotImplementedError
