"""What intake asks the book of policies, in the domain's words; everything that does not change is worked out once."""

from dataclasses import dataclass
from datetime import UTC, datetime

from gf_intake.domain import admission, campaigns, units
from gf_intake.domain.errors import FieldError, InvalidUscc
from gf_policy import uscc as policy_uscc
from gf_policy.book import Book
from gf_policy.effective import EffectivePolicy
from gf_policy.forms import Form
from gf_policy.model import FactRow, PolicyRefData, Window


@dataclass(frozen=True, slots=True)
class Rules:
    """All that holds for one route, category and kind: the base tightened by the overlays on the way up."""

    form: Form
    law: admission.Law
    refs: tuple[PolicyRefData, ...]
    chain: tuple[str, ...]  # the superior and every authority above it


class Policies:
    """The book, with what was asked before remembered: files do not change while a process runs."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.codes = units.Codes(
            industry_exists=book.industries.exists,
            key_industry_exists=book.industries.is_key,
            authority_exists=lambda authority: authority in book.authorities,
        )
        self._rules: dict[tuple[str, str, str, str], Rules] = {}
        self._chains: dict[str, tuple[str, ...]] = {}
        self._windows: dict[str, list[campaigns.Window]] = {}

    def base(self, policy_id: str) -> campaigns.Policy:
        """The base policy of a campaign."""
        found = self.book.policy(policy_id)
        return campaigns.Policy(found.id, found.version, found.hash, found.valid_from, found.valid_to)

    def chain(self, authority: str) -> tuple[str, ...]:
        """The authority and every one above it, the ministry last."""
        if authority not in self._chains:
            self._chains[authority] = tuple(one.id for one in self.book.authorities.chain(authority))
        return self._chains[authority]

    def area(self, authority: str) -> frozenset[str]:
        """The authority and all below it; nothing where there is no such authority."""
        if authority not in self.book.authorities:
            return frozenset()
        return self.book.authorities.under(authority)

    def rules(self, policy_id: str, superior: str, category: str, kind: str) -> Rules:
        """What a unit under this superior is held to."""
        key = (policy_id, superior, category, kind)
        if key not in self._rules:
            effective = self.book.effective_for(policy_id, superior)
            self._rules[key] = Rules(
                effective.form(category, kind),
                _law(effective, superior, category, kind),
                tuple(effective.refs),
                self.chain(superior),
            )
        return self._rules[key]

    def window(self, policy_id: str, act: str, authority: str) -> campaigns.Window:
        """The law's window of an act for what passes through an authority."""
        return _window(self.book.effective_for(policy_id, authority), act, authority)

    def window_of(self, campaign: campaigns.Campaign, act: str, authority: str) -> campaigns.Window:
        """The same with the dates on the campaign's record, as it now holds."""
        return campaign.window(self.window(campaign.policy.id, act, authority), self.chain(authority))

    def campaign_windows(self, policy_id: str) -> list[campaigns.Window]:
        """The windows of the base policy and those that overlays set for their own area, as the policies print them."""
        if policy_id not in self._windows:
            found = {(w.act, w.authority): w for w in self.book.effective(policy_id).all_windows}
            for overlay in self.book.overlays(policy_id):
                if overlay.jurisdiction:
                    own = self.book.effective(policy_id, [overlay.jurisdiction]).all_windows
                    found |= {(w.act, w.authority): w for w in own if w.authority == overlay.jurisdiction}
            self._windows[policy_id] = [_plain(window) for window in found.values()]
        return self._windows[policy_id]


def require_uscc(code: str | None, pointer: str = "/uscc") -> str:
    """Strict (GB 32100): where something is submitted or a unit registered."""
    try:
        return policy_uscc.validate(code or "")
    except policy_uscc.InvalidUscc as error:
        raise InvalidUscc(error.detail, errors=(FieldError(pointer, error.code, error.detail),)) from None


def declared(facts: list[FactRow]) -> set[str]:
    """The questions of the form that were answered with yes."""
    return {fact.code for fact in facts if fact.value is True}


def _law(effective: EffectivePolicy, superior: str, category: str, kind: str) -> admission.Law:
    return admission.Law(
        window=_window(effective, campaigns.SUBMIT, superior),
        exclusions=tuple(admission.Exclusion(e.code, e.fact, e.label, e.rule, e.article) for e in effective.exclusions),
        eligibility=_eligibility(effective, category),
        preconditions=tuple(
            admission.Precondition(p.code, p.list_id, p.strength == "refuse", p.rule, p.article, p.message)
            for p in effective.preconditions(category, kind)
        ),
    )


def _eligibility(effective: EffectivePolicy, category: str) -> admission.Eligibility | None:
    found = effective.eligibility(category)
    if found is None:
        return None
    return admission.Eligibility(
        found.uscc_required, found.industry_divisions, found.rule, found.article, found.message
    )


def _window(effective: EffectivePolicy, act: str, authority: str) -> campaigns.Window:
    return _plain(effective.windows(act, authority))


def _plain(window: Window) -> campaigns.Window:
    return campaigns.Window(
        window.act, window.authority, _utc(window.opens_at), _utc(window.closes_at), window.rule, window.article
    )


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
