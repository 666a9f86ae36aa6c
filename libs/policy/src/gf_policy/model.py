"""The words in which the policies answer: frozen values, no behaviour beyond what they are.

Every value that comes from a document says which (`article`, for example "N25 三"); `rule` is the row of the rule
table it carries out (for example "CQ-pre"). Instants are aware, windows half open, days are those of Asia/Shanghai.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

Level = Literal["county", "city", "province", "group", "ministry"]
ListLevel = Literal["city", "provincial", "national"]
Strength = Literal["refuse", "warn"]
RowType = Literal["decimal", "count", "flag", "codes", "text"]
FactType = Literal["decimal", "flag", "codes", "text"]
Presence = Literal["given", "missing", "not_applicable"]
Channel = Literal["person", "partner"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from (依据): a document and its article, or an assumption with its reason."""

    document: str
    article: str
    assumption: str = ""

    def __str__(self) -> str:
        cited = f"{self.document} {self.article}".strip()
        if not self.assumption:
            return cited
        return f"{cited}（本系统约定）" if cited else "本系统约定"


# --- who ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority (主管部门) of the tree: a version with dates, not a region."""

    id: str
    name: str
    level: Level
    kind: str  # ministry, province, municipality, autonomous_region, separately_planned, xpcc, central_group, city, …
    parent: str | None
    competence: frozenset[str]  # categories it may act on: factory, park, supply_chain
    region: str | None  # GB/T 2260, optional: several authorities can share one (CQ-zone)
    valid_from: date
    valid_to: date | None
    place: str = ""  # what it is called on a page: 渝北区, 深圳市, 中国建材集团

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Industry:
    """A row of GB/T 4754-2017 (国民经济行业分类)."""

    code: str
    level: int  # 1 门类, 2 大类, 3 中类, 4 小类
    section: str
    name: str


@dataclass(frozen=True, slots=True)
class KeyIndustry:
    """One of the 53 key industries (重点行业, N25 附件3)."""

    code: str
    name: str
    sector: str  # code of one of the eight sectors, for example "building_materials"
    sector_name: str = ""


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector of the yearly form (所属行业, nine of them) and where it stands in N25 annex 3 (eight)."""

    code: str
    name: str
    annex_sector: str | None
    written_out: bool = False  # 其它: the sector has to be written out (DM-industry)


@dataclass(frozen=True, slots=True)
class UnitAttributes:
    """What the route of a unit depends on."""

    superior: str  # authority id chosen at registration (上级主管部门)
    group: str | None = None  # authority id of the central group; where given it must be the superior
    category: str = "factory"
    region: str | None = None


# --- policies -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyRefData:
    id: str
    version: str
    hash: str  # SHA-256 (hex) over the published files of the folder


@dataclass(frozen=True, slots=True)
class Policy:
    """A folder of policies/ in one version: a base, or an overlay that tightens a base."""

    id: str  # folder path, for example "national/2025/n25"
    version: str
    hash: str
    title: str
    document: str  # short name of the source document: N25, CQ, DM, GD …
    document_number: str  # 工信厅节函〔2025〕390号
    jurisdiction: str | None  # authority id; None where the document names none
    year: int
    valid_from: date
    valid_to: date | None  # first day on which it is no longer in force
    extends: str | None  # base id, for overlays
    categories: tuple[str, ...]
    kinds: tuple[str, ...]
    third_party_report: bool | None = None  # N25-self
    bar_years: int | None = None  # years of 禁止申报 after fraud
    settings: Mapping[str, object] = field(default_factory=dict)  # caps, grades, review terms … as plain data

    @property
    def ref(self) -> PolicyRefData:
        return PolicyRefData(self.id, self.version, self.hash)

    def in_force(self, day: date) -> bool:
        """GD-32: a campaign may be opened only on a day on which this is true."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Window:
    """When an act may be done: opens_at <= instant < closes_at."""

    act: str  # "submit" or "decide:<level>"
    authority: str  # who set the date, and so may extend it: "miit", "cq" …
    opens_at: datetime
    closes_at: datetime
    rule: str
    article: str

    def contains(self, instant: datetime) -> bool:
        return self.opens_at <= instant < self.closes_at


@dataclass(frozen=True, slots=True)
class Precondition:
    """A list the unit has to stand on before it may apply."""

    code: str
    list_level: ListLevel
    list_id: str  # for example "provincial:cq:factory"
    strength: Strength
    rule: str
    article: str
    message: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A ground that keeps a unit out (GD-17): the form's flag that declares it, true = the ground exists."""

    code: str
    fact: str
    label: str
    rule: str
    article: str
    years: int = 3
    covers_enterprises_inside: bool = False  # 含园区内企业


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may apply in a category, as far as the profile shows it (GD-8, GD-9)."""

    uscc_required: bool
    industry_divisions: frozenset[str]  # two-digit divisions (大类) of GB/T 4754 for the main industry; empty = any
    rule: str
    article: str
    message: str


@dataclass(frozen=True, slots=True)
class AutomaticListing:
    """A listing on one level that enters another list as well, without a decision of its own (自动纳入)."""

    on_level: ListLevel
    adds_level: ListLevel
    authority: str
    categories: frozenset[str]
    rule: str
    article: str


@dataclass(frozen=True, slots=True)
class ListingGates:
    """What is asked again at listing (不得列入): how far back removals count and how long fraud bars."""

    removal_lookback_years: int
    fraud_bar_years: int
    article_removed: str
    article_fraud: str


# --- routes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    code: str
    label: str
    rule: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class Department:
    """A department that is consulted (征求意见)."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class GuardPlan:
    """What must be on record before a stage may pass.

    Codes: checklist {}, marks {indicators?}, sheet {not_scorable}, consultations {}, expert_review {optional, …},
    recommendation_document {}, batch {}, below_average_reason {}, exclusions {}, quota {max},
    list_required {list_level}, list_reason {list_level}.
    """

    code: str
    params: Mapping[str, object]
    rule: str
    article: str


@dataclass(frozen=True, slots=True)
class Publicity:
    """公示: the list this stage proposes stands in public for so many days."""

    days: int
    unit: Literal["working", "calendar"]
    rule: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class StagePlan:
    stage_no: int  # column: 1 county, 2 city, 3 province or group, 4 ministry
    level: Level
    authority: str | None
    applicable: bool  # False: 不适用
    guards: tuple[GuardPlan, ...] = ()
    list_level: ListLevel | None = None
    list_id: str | None = None  # "<list_level>:<authority>:<category>" where this stage keeps a list
    also_lists: tuple[str, ...] = ()  # lists that a listing here enters as well, without a decision of their own
    publicity: Publicity | None = None
    consults: tuple[str, ...] = ()  # department codes
    checklist: tuple[ChecklistItem, ...] = ()
    recommends: int | None = None  # stage_no of the next applicable stage
    travels: Literal["at_once", "after_publicity"] = "at_once"  # whether the next level waits for the publicity
    correction_days: int = 10  # term offered when a stage returns a case
    article: str = ""

    def guard(self, code: str) -> GuardPlan | None:
        return next((guard for guard in self.guards if guard.code == code), None)


@dataclass(frozen=True, slots=True)
class Route:
    stages: tuple[StagePlan, ...]

    @property
    def applicable(self) -> tuple[StagePlan, ...]:
        return tuple(stage for stage in self.stages if stage.applicable)

    @property
    def authorities(self) -> tuple[str, ...]:
        return tuple(stage.authority for stage in self.stages if stage.applicable and stage.authority)


# --- forms ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FormRow:
    """One value of a form, as the policy file describes it."""

    code: str
    label: str
    section: str
    type: RowType
    unit: str  # the form's own unit; "" for none
    units: Mapping[str, Decimal]  # every unit that may be entered -> exact factor to the form's own unit
    years: tuple[int, ...]  # () for a value without a year
    required: bool
    per_product: bool = False
    max_products: int = 0
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    usual_range: tuple[Decimal | None, Decimal | None] | None = None
    codes: Mapping[str, str] = field(default_factory=dict)  # allowed codes -> label, for type "codes"
    must_be: bool | None = None  # for flags that have one admissible answer (promise of truthfulness)
    not_applicable_allowed: bool = True
    max_length: int = 2000
    evidence: str | None = None  # slot that becomes mandatory when this value is entered
    indicator: str | None = None
    help: str = ""
    rule: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True)
class FormSection:
    code: str
    label: str
    rows: tuple[FormRow, ...]


@dataclass(frozen=True, slots=True)
class EvidenceSlot:
    """A named place for uploads (佐证材料)."""

    code: str
    label: str
    required_when: tuple[str, ...]  # row codes: mandatory as soon as one of them is given (true, for flags)
    required_channels: tuple[Channel, ...]  # on which way in it is mandatory at all
    always: bool = False  # mandatory whatever the values say (in the channels named)
    at: Literal["verify", "submit"] = "verify"
    max_files: int = 10
    media_types: tuple[str, ...] = ("application/pdf", "image/jpeg", "image/png")
    rule: str = ""
    article: str = ""

    @property
    def required(self) -> bool:
        return self.always


@dataclass(frozen=True, slots=True)
class FormCheck:
    """A rule over several values, from a closed set of operators."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    rule: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    pointer: str  # JSON Pointer into the content: /values/3/value
    code: str
    rule: str
    message: str
    article: str = ""
    field: str = ""  # row code, for what has no place in the content yet (a missing value)
    year: int | None = None


class FactRow(NamedTuple):
    """A checked value. `value`: canonical decimal string, bool, tuple of codes or text; None unless given."""

    code: str
    product: str
    year: int | None
    unit: str
    presence: Presence
    value: str | bool | tuple[str, ...] | None
    type: FactType = "decimal"


@dataclass(frozen=True, slots=True)
class Checked:
    errors: list[Problem]
    warnings: list[Problem]
    facts: list[FactRow]

    @property
    def ok(self) -> bool:
        return not self.errors


class WorkingDayResult(NamedTuple):
    end: date
    provisional: bool  # the official calendar of a year on the way is not known yet
