"""The words in which a ruleset (评分规则) answers: frozen values, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from gf_policy.model import Source

if TYPE_CHECKING:
    from gf_policy.limits import LimitTable

IndicatorType = Literal["inverse", "positive", "qualitative", "count", "elasticity"]
Operator = Literal["ratio", "amount", "count", "mark", "growth", "elasticity"]


#: In place of an authority: the one that runs the campaign (组织单位).
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Term:
    """One value of the form as a formula reads it, summed over its years."""

    fact: str
    unit: str
    #: Offsets from the evaluation year (评价年); None is a value without a year.
    years: tuple[int | None, ...]
    times: Decimal
    #: "zero" counts as zero as long as another term beside it is given.
    missing: Literal["not_scorable", "zero"]


@dataclass(frozen=True, slots=True)
class Member:
    """One element of a set that is counted, for example one function of the energy-carbon system."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """One quantity whose growth is set against another's, for example one pollutant."""

    code: str
    name: str
    of: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    op: Operator
    of: tuple[Term, ...]
    over: tuple[Term, ...]
    times: Decimal
    #: count: the fact that holds the set, and what counts in it.
    fact: str
    members: tuple[Member, ...]
    #: mark: what the applicant claims, and the evidence slots that belong to it.
    claims: tuple[str, ...]
    evidence: tuple[str, ...]
    source: Source
    #: growth, elasticity: over how many years the mean yearly growth is taken.
    span: int = 0
    #: elasticity: the quantities, whose scores are averaged.
    parts: tuple[Part, ...] = ()
    #: elasticity: from this coefficient on a shrinking park that sheds emissions faster earns everything.
    shrinking_full: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Lead and baseline of one indicator (引领值, 基准值)."""

    lead: Decimal
    baseline: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Tier:
    """Lead and baseline for units of one size (分档), up to but not including ``below``."""

    below: Decimal | None
    lead: Decimal
    baseline: Decimal


@dataclass(frozen=True, slots=True)
class Tiers:
    """Which lead and baseline hold depends on a sum of values."""

    of: tuple[Term, ...]
    steps: tuple[Tier, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class ByProduct:
    """A line scored product by product against published limits (单位产品), where the form names some."""

    #: Facts of a product: which limit holds (codes), how much was used, how much was made, corrections.
    limit: str
    amount: Term
    output: Term
    parameters: tuple[str, ...]
    #: At most so many products count, those with the largest amount; each weighs as much as its amount.
    most: int
    #: Kind of limit: "energy" or "water".
    kind: str
    source: Source


@dataclass(frozen=True, slots=True)
class Indicator:
    code: str
    number: int
    name: str
    dimension: str
    type: IndicatorType
    unit: str
    weight: Decimal
    formula: Formula
    #: Lead and baseline where the document itself prints them.
    fixed: Benchmark | None
    minimum: Decimal | None
    maximum: Decimal | None
    may_not_apply: bool
    source: Source
    by_product: ByProduct | None = None
    tiers: Tiers | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """A quantity that is shown year by year and brings no points; outside its range it is a finding."""

    code: str
    name: str
    unit: str
    formula: Formula
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Dimension:
    code: str
    name: str
    weight: Decimal
    source: Source
    #: Bonus (附加项): beside the full mark, at most ``weight`` points.
    bonus: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition apart from points (基本要求): a flag of the form and the answer that meets it."""

    code: str
    name: str
    fact: str
    must_be: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Physical:
    """What a value can be at all; outside it the lines that read it are not scored."""

    fact: str
    unit: str
    minimum: Decimal | None
    maximum: Decimal | None
    source: Source


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """A total held against its parts by product or member; more than ``tolerance`` percent apart is a finding."""

    code: str
    fact: str
    parts: str
    unit: str
    tolerance: Decimal
    message: str
    without_parts: str
    source: Source


@dataclass(frozen=True, slots=True)
class Band:
    """A star or grade by total (星级, 等级): at least so many points."""

    code: str
    name: str
    at_least: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A scoring table of one jurisdiction, year and category, with its hash."""

    id: str
    version: str
    #: SHA-256 (hex) over the file's data in canonical JSON and the limits it refers to.
    hash: str
    title: str
    base: str
    category: str
    kinds: tuple[str, ...]
    #: Empty: the general rules (通则).
    key_industries: tuple[str, ...]
    years_before: int
    full: Decimal
    scale: int
    minimum_share: Decimal
    #: Authorities that enter lead and baseline and try new versions; ``OWNER``: whoever runs the campaign.
    entered_by: tuple[str, ...]
    without_own_set: Literal["general", "not_scorable"]
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]
    source: Source
    #: What no document says: where it stands in the file, and why it is so.
    assumptions: tuple[tuple[str, str], ...]
    file: str
    #: "rescale_to_full" (折算) or "zero_points" (计零分).
    not_applicable: str = "rescale_to_full"
    #: Days of admission for which this version is used; None is open.
    valid_from: date | None = None
    valid_to: date | None = None
    #: Only reached by name: a table for one industry that the table of industries points to.
    by_name: bool = False
    gates: tuple[Gate, ...] = ()
    bands: tuple[Band, ...] = ()
    physical: tuple[Physical, ...] = ()
    cross_checks: tuple[CrossCheck, ...] = ()
    derived: tuple[Derived, ...] = ()
    #: Unit of the table → units it is converted from → exact factor (DM-units).
    conversions: Mapping[str, Mapping[str, Decimal]] | None = None
    limits: LimitTable | None = None

    def indicator(self, code: str) -> Indicator | None:
        return next((indicator for indicator in self.indicators if indicator.code == code), None)

    def evaluation_year(self, campaign_year: int) -> int:
        return campaign_year - self.years_before

    def competent(self, authority: str, owner: str) -> bool:
        """Whether an authority enters values for it in a campaign that ``owner`` runs."""
        return authority in self.entered_by or (OWNER in self.entered_by and authority == owner != "")

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)
