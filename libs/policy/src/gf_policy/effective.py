"""What holds for one submission: the base policy tightened by the overlays of its route's authorities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone

from gf_policy.authorities import AuthorityTree
from gf_policy.errors import PolicyLookupError
from gf_policy.forms import Form
from gf_policy.model import (
    AutomaticListing,
    Department,
    Eligibility,
    Exclusion,
    FactRow,
    ListingGates,
    Policy,
    PolicyRefData,
    Precondition,
    Route,
    UnitAttributes,
    Window,
)
from gf_policy.policy_files import PolicyFolder, WindowRule
from gf_policy.routes import plan_route

# China standard time has had no daylight saving since 1991, so a fixed offset is exact for these policies.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class EffectivePolicy:
    """A base with the overlays that hold along one route. Immutable; the book keeps one per combination."""

    def __init__(
        self,
        tree: AuthorityTree,
        base: PolicyFolder,
        overlays: Sequence[PolicyFolder],
        all_overlays: Sequence[PolicyFolder],
    ) -> None:
        self._tree = tree
        self._base = base
        self._overlays = tuple(overlays)
        self._all_overlays = tuple(all_overlays)
        self.base: Policy = base.policy
        self.overlays: tuple[Policy, ...] = tuple(overlay.policy for overlay in overlays)
        self._routes: dict[tuple[str, str | None, str, str], Route] = {}
        self._windows: dict[tuple[str, str], Window] = {}
        self._forms = {key: self._tightened(form) for key, form in base.forms.items()}
        self.exclusions: tuple[Exclusion, ...] = self._merged_exclusions()
        self.automatic_listings: tuple[AutomaticListing, ...] = tuple(
            rule for folder in self._folders for rule in folder.automatic_listings
        )
        self.listing_gates: ListingGates = self._merged_gates()

    @property
    def _folders(self) -> tuple[PolicyFolder, ...]:
        return (self._base, *self._overlays)

    @property
    def refs(self) -> list[PolicyRefData]:
        """Base first, then overlays from the ministry's side downwards."""
        return [self.base.ref, *(overlay.ref for overlay in self.overlays)]

    # --- forms ------------------------------------------------------------------------------------------------------

    def forms(self) -> tuple[tuple[str, str], ...]:
        """(category, kind) of every form there is."""
        return tuple(self._forms)

    def form(self, category: str, kind: str) -> Form:
        try:
            return self._forms[category, kind]
        except KeyError:
            raise PolicyLookupError(
                "no_form", f"《{self.base.title}》没有类别“{category}”、事项“{kind}”的申报表。", rule="GD-3"
            ) from None

    def _tightened(self, form: Form) -> Form:
        for overlay in self._overlays:
            for extra in overlay.tightenings:
                if (extra.category, extra.kind) == (form.category, form.kind):
                    form = form.tightened(extra)
        return form

    # --- who may apply ----------------------------------------------------------------------------------------------

    def eligibility(self, category: str) -> Eligibility | None:
        return next((f.eligibility[category] for f in reversed(self._folders) if category in f.eligibility), None)

    def preconditions(self, category: str, kind: str) -> list[Precondition]:
        found: dict[str, Precondition] = {}
        for folder in self._folders:
            for rule in folder.preconditions:
                if category in rule.categories and kind in rule.kinds:
                    list_id = f"{rule.list_level}:{rule.list_authority}:{category}"
                    found[rule.code] = Precondition(
                        rule.code, rule.list_level, list_id, rule.strength, rule.rule, rule.article, rule.message
                    )
        return list(found.values())

    def excluded(self, facts: Iterable[FactRow]) -> list[Exclusion]:
        """The grounds that a form's own declarations name, each on its own (GD-17)."""
        declared = {fact.code for fact in facts if fact.value is True}
        return [exclusion for exclusion in self.exclusions if exclusion.fact in declared]

    def _merged_exclusions(self) -> tuple[Exclusion, ...]:
        found: dict[str, Exclusion] = {}
        for folder in self._folders:
            found.update((exclusion.code, exclusion) for exclusion in folder.exclusions)
        return tuple(found.values())

    def _merged_gates(self) -> ListingGates:
        gates = next((folder.gates for folder in reversed(self._folders) if folder.gates is not None), None)
        return gates or ListingGates(3, 3, "", "")

    # --- the way ----------------------------------------------------------------------------------------------------

    def route(self, unit: UnitAttributes, kind: str) -> Route:
        """The stages a unit's submission passes (worked out once per superior and kind)."""
        key = (unit.superior, unit.group, unit.category, kind)
        found = self._routes.get(key)
        if found is None:
            found = self._routes[key] = self._plan(unit, kind)
        return found

    def _plan(self, unit: UnitAttributes, kind: str) -> Route:
        if unit.category not in self.base.categories or kind not in self.base.kinds:
            raise PolicyLookupError(
                "not_in_campaign",
                f"《{self.base.title}》不受理类别“{unit.category}”、事项“{kind}”。",
                rule="GD-3",
            )
        also: dict[str, tuple[str, ...]] = {}
        for rule in self.automatic_listings:
            if unit.category in rule.categories:
                added = f"{rule.adds_level}:{rule.authority}:{unit.category}"
                also[rule.on_level] = (*also.get(rule.on_level, ()), added)
        overlays = [overlay.routes for overlay in self._overlays]
        return plan_route(self._tree, self._base.routes, overlays, unit, kind, also)

    @property
    def departments(self) -> Mapping[str, Department]:
        """The departments that can be consulted (征求意见), by code."""
        names = {code: name for folder in self._folders for code, name in folder.routes.departments.items()}
        return {code: Department(code, name) for code, name in names.items()}

    # --- dates ------------------------------------------------------------------------------------------------------

    def windows(self, act: str, authority: str = "") -> Window:
        """The window of "submit" or "decide:<level>" as it holds for what passes through `authority`.

        A lower level may only set a narrower one; whoever set the date is named (and so may extend it).
        """
        found = self._windows.get((act, authority))
        if found is None:
            folders = list(self._folders)
            if authority:
                above = {each.id for each in self._tree.chain(authority)}
                folders += [o for o in self._all_overlays if o.policy.jurisdiction in above and o not in folders]
            found = self._windows[act, authority] = self._window(act, folders)
        return found

    @property
    def all_windows(self) -> tuple[Window, ...]:
        return tuple(self._window(act, self._folders) for act in self._base.windows)

    def _window(self, act: str, folders: Sequence[PolicyFolder]) -> Window:
        rules = [(folder, folder.windows[act]) for folder in folders if act in folder.windows]
        if not rules or rules[0][0] is not self._base:
            raise PolicyLookupError("no_window", f"《{self.base.title}》没有规定“{act}”的时间。", rule="N25-dates")
        opens: date | None = None
        closes: tuple[date, PolicyFolder, WindowRule] | None = None
        for folder, rule in rules:
            if rule.opens is not None and (opens is None or rule.opens > opens):
                opens = rule.opens
            if rule.closes is not None and (closes is None or rule.closes < closes[0]):
                closes = (rule.closes, folder, rule)
        assert opens is not None  # the base names both dates, checked at loading
        assert closes is not None
        last_day, setter, set_by = closes
        return Window(
            act=act,
            authority=setter.policy.jurisdiction or "",
            opens_at=midnight(opens),
            closes_at=midnight(last_day + timedelta(days=1)),
            rule=set_by.rule,
            article=set_by.article,
        )


def midnight(day: date) -> datetime:
    """The instant at which a day begins in China, in UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
