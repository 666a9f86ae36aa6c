"""What the API of scoring takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from gf_chassis.json import ApiModel, ExactDecimal

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Plain = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$")]


class SourceOut(ApiModel):
    """依据：文件和条款，或约定及理由。"""

    document: str = ""
    article: str = ""
    assumption: str = Field(default="", description="文件未写明、由本系统约定的，说明理由")


class TermOut(ApiModel):
    fact: str
    unit: str
    years: list[int | None] = Field(description="相对评价年的年份；null 表示不分年度的数值")
    times: str
    missing: Literal["not_scorable", "zero"]


class FormulaOut(ApiModel):
    op: Literal["ratio", "amount", "count", "mark", "growth", "elasticity"]
    of: list[TermOut] = []
    over: list[TermOut] = []
    times: str = "1"
    fact: str = ""
    members: dict[str, str] = {}
    claims: list[str] = []
    evidence: list[str] = []
    span: int = Field(default=0, description="年均增长率的年数")
    parts: dict[str, list[TermOut]] = Field(default={}, description="弹性系数的各项污染物")
    shrinking_full: str = "1"
    source: SourceOut


class ByProductOut(ApiModel):
    """按产品与限额、定额比较。"""

    kind: str
    limit: str
    amount: TermOut
    output: TermOut
    parameters: list[str]
    most: int = Field(description="至多计几种产品")
    source: SourceOut


class TierOut(ApiModel):
    below: str | None
    lead: str
    baseline: str


class IndicatorOut(ApiModel):
    code: str
    number: int
    name: str
    dimension: str
    type: Literal["inverse", "positive", "qualitative", "count", "elasticity"]
    unit: str
    weight: str
    formula: FormulaOut
    lead: str | None = Field(default=None, description="文件规定的引领值；其余由主管部门发布")
    baseline: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    may_not_apply: bool
    by_product: ByProductOut | None = None
    tiers: list[TierOut] = Field(default=[], description="按规模分档的引领值和基准值")
    source: SourceOut


class DimensionOut(ApiModel):
    code: str
    name: str
    weight: str
    bonus: bool = Field(default=False, description="附加项：在满分之外，权重为上限")


class GateRule(ApiModel):
    code: str
    name: str
    fact: str
    must_be: bool
    source: SourceOut


class BandOut(ApiModel):
    code: str
    name: str
    at_least: str
    source: SourceOut


class PhysicalOut(ApiModel):
    fact: str
    unit: str
    minimum: str | None
    maximum: str | None


class CrossCheckOut(ApiModel):
    code: str
    fact: str
    parts: str
    unit: str
    tolerance: str
    message: str
    source: SourceOut


class DerivedOut(ApiModel):
    code: str
    name: str
    unit: str
    formula: FormulaOut
    minimum: str | None = Field(default=None, description="可能的最小值")
    maximum: str | None = Field(default=None, description="可能的最大值")


class RulesetSummary(ApiModel):
    id: str
    version: str
    hash: str
    title: str
    base: str
    category: str
    kinds: list[str]
    key_industries: list[str]


class RulesetOut(RulesetSummary):
    full: str
    scale: int
    minimum_share: str
    entered_by: list[str] = Field(description="录入引领值和基准值的主管部门；owner 为组织该次工作的单位")
    dimensions: list[DimensionOut]
    indicators: list[IndicatorOut]
    gates: list[GateRule] = Field(default=[], description="基本要求，与得分分开")
    bands: list[BandOut] = Field(default=[], description="等级或星级")
    not_applicable_rule: str = ""
    physical: list[PhysicalOut] = Field(default=[], description="数值可能的范围")
    conversions: dict[str, dict[str, str]] = Field(default={}, description="表内单位 → 可换算的单位 → 系数")
    cross_checks: list[CrossCheckOut] = []
    derived: list[DerivedOut] = Field(default=[], description="只逐年展示、不计分的数值")
    valid_from: date | None = None
    valid_to: date | None = None
    source: SourceOut | None = None
    assumptions: dict[str, str] = Field(description="文件未写明、由本系统约定的各项及其理由")


class RulesetList(ApiModel):
    items: list[RulesetSummary]


class LevelIn(ApiModel):
    """一个指标的引领值和基准值。"""

    indicator: Code
    lead: ExactDecimal
    baseline: ExactDecimal
    document: Annotated[str, StringConstraints(max_length=200)] = ""
    article: Annotated[str, StringConstraints(max_length=200)] = ""
    assumption: Annotated[str, StringConstraints(max_length=500)] = ""


class BenchmarkSetIn(ApiModel):
    campaign_id: UUID
    category: Code
    key_industry: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,63})?$")] = Field(
        default="", description="重点行业编号；留空为通则"
    )
    title: Words
    document: Words = Field(description="据以设定的文件")
    person: Words = Field(description="经办人")
    demo: bool = Field(default=False, description="演示数据")
    levels: list[LevelIn] = Field(min_length=1, max_length=100)


class LevelOut(ApiModel):
    indicator: str
    lead: str
    baseline: str
    document: str
    article: str
    assumption: str


class BenchmarkSetOut(ApiModel):
    id: UUID
    campaign_id: UUID
    ruleset_id: str
    ruleset_version: str
    key_industry: str
    title: str
    authority: str
    document: str
    person: str
    demo: bool
    hash: str
    state: Literal["draft", "published", "superseded"]
    version: int
    levels: list[LevelOut]
    created_at: datetime
    published_at: datetime | None
    superseded_at: datetime | None


class BenchmarkSetList(ApiModel):
    items: list[BenchmarkSetOut]
    next: str | None


class SetMoved(ApiModel):
    id: UUID
    state: Literal["draft", "published", "superseded"]
    version: int


class FactOut(ApiModel):
    """填报数值（已换算为评分规则的单位）。"""

    code: Code
    product: str = ""
    year: int | None = None
    unit: str = ""
    presence: Literal["given", "missing", "not_applicable"]
    value: Plain | bool | list[str] | str | None = None


class InputOut(ApiModel):
    code: str
    year: int | None
    unit: str
    value: str | bool | list[str] | None
    presence: Literal["given", "missing", "not_applicable"]


class LineOut(ApiModel):
    indicator: Code
    name: str
    dimension: str
    state: Literal["scored", "awaits_mark", "not_scorable", "not_applicable"]
    weight: str
    points: Plain | None = None
    value: Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,60}(\.[0-9]{1,12})?$")] | None = None
    unit: str
    lead: Plain | None = None
    baseline: Plain | None = None
    branch: str = Field(description="判定分支")
    reason: str = ""
    inputs: list[InputOut] = Field(default=[], description="计算所用的填报数值")


class DimensionScore(ApiModel):
    code: str
    name: str
    weight: str
    points: str


class GateOut(ApiModel):
    """基本要求（与得分分开）。"""

    code: str
    name: str
    state: Literal["met", "not_met", "not_stated"]


class FindingOut(ApiModel):
    code: str
    indicator: str = ""
    fact: str = ""
    year: int | None = None
    unit: str = ""
    message: str


class DerivationInput(ApiModel):
    fact: str
    label: str = ""
    year: int | None = None
    unit: str
    value: str | bool | list[str] | None = None
    presence: Literal["given", "missing", "not_applicable"]
    stated_unit: str = ""
    factor: str = Field(default="1", description="由填报单位换算的系数")
    times: str = "1"
    side: str = Field(description="of 分子，over 分母，tier 分档依据，其余为污染物代码")


class ProductOut(ApiModel):
    """一种产品与限额（定额）的比较。"""

    name: str
    limit: str
    standard: str
    unit: str
    value: str
    lead: str
    baseline: str
    flags: list[str] = []
    amount: str
    branch: str
    share: str


class PartOut(ApiModel):
    code: str
    name: str
    emitted_growth: str
    coefficient: str
    branch: str
    points: str


class DerivationOut(ApiModel):
    """一行得分的推导过程。"""

    indicator: str
    inputs: list[DerivationInput] = []
    formula: str
    formula_source: SourceOut | None = None
    numerator: str | None = None
    denominator: str | None = None
    value: str | None = None
    lead: str | None = None
    baseline: str | None = None
    branch: str
    explanation: str
    calculation: str
    products: list[ProductOut] = []
    products_left_out: list[str] = []
    parts: list[PartOut] = []
    output_growth: str | None = None


class YearValueOut(ApiModel):
    year: int
    value: str | None


class HistoryOut(ApiModel):
    code: str
    name: str
    unit: str
    years: list[YearValueOut]


class SheetOut(ApiModel):
    """评分表的一个版本；复核时原样提交即可重新计算。"""

    submission_id: UUID
    round: int
    revision: int
    basis: Literal["claimed", "assessed"]
    outcome: Literal["scored", "not_scorable"]
    total: str | None = None
    dimensions: list[DimensionScore] = []
    lines: list[LineOut]
    reasons: list[str]
    campaign_year: int
    ruleset_id: str
    ruleset_version: str
    ruleset_hash: str
    benchmark_set_id: str
    benchmark_hash: str
    key_industry: str
    input_hash: str
    engine_version: str
    scored_at: datetime
    facts: list[FactOut]
    marks: dict[str, Plain] = {}
    band: str = Field(default="", description="等级或星级；没有的为空")
    open_gates: list[GateOut] = Field(default=[], description="未满足或未填报的基本要求，不影响得分")
    findings: list[FindingOut] = Field(default=[], description="填报数据核对：缺漏、单位、范围、前后不一")
    derivations: list[DerivationOut] = Field(default=[], description="逐行推导过程")
    history: list[HistoryOut] = Field(default=[], description="各项数值逐年对比")
    not_applicable_rule: str = Field(default="", description="不适用的行怎样处理")


class SheetsOut(ApiModel):
    submission_id: UUID
    items: list[SheetOut] = Field(description="各轮次的全部版本，从旧到新")


class RescoreIn(ApiModel):
    reason: Words


class RescoreOut(ApiModel):
    round: int
    revision: int
    new: bool = Field(description="评分依据没有变化时不产生新版本")


class ChangeIn(ApiModel):
    """改动一个填报数值（按评分规则的单位）。"""

    code: Code
    year: int | None = Field(default=None, ge=1990, le=2100, description="不分年度的数值留空")
    value: Plain | bool | list[Code]


class WhatIfIn(ApiModel):
    submission_id: UUID
    changes: list[ChangeIn] = Field(default=[], max_length=200)
    marks: dict[Code, Plain] = Field(default={}, description="假设的定性评分")


class TriedLineOut(ApiModel):
    indicator: str
    name: str
    weight: str
    points_before: str | None
    points: str | None
    value_before: str | None
    value: str | None
    branch: str
    state: str


class WhatIfOut(ApiModel):
    """测算结果；不保存，也不影响评分表。"""

    total_before: str | None
    total: str | None
    lines: list[TriedLineOut]


class StepOut(ApiModel):
    """一个指标的失分和下一步。"""

    indicator: str
    name: str
    state: str
    weight: str
    points: str | None
    lost: str
    value: str | None
    unit: str
    lead: str | None
    gain_to_lead: str | None = Field(description="达到引领值（满分）时总分增加几分")
    next_value: str | None = Field(description="改善一成（或多一项功能）后的数值")
    gain_by_step: str | None = Field(description="改善一成（或多一项功能）时总分增加几分")
    words: str


class AdviceOut(ApiModel):
    items: list[StepOut]


class DifferenceOut(ApiModel):
    pointer: str
    stated: str | None
    computed: str | None


class VerifyOut(ApiModel):
    equal: bool
    differences: list[DifferenceOut]


class AverageOut(ApiModel):
    authority: str
    category: str
    list_id: str
    count: int = Field(description="计入平均的现有单位数")
    points: str | None = Field(description="平均得分；没有可计入的单位时为空")
    as_of: datetime


def exact(value: Decimal) -> str:
    return f"{value:f}"
