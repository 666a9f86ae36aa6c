"""What the look-ups of scoring give."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from gf_chassis.json import ApiModel
from gf_scoring.entrypoints.schemas import SourceOut


class TableOut(ApiModel):
    """一个行业适用的评价指标表。"""

    base: str
    category: str
    code: str
    name: str
    classes: list[str] = Field(description="主营行业代码（GB/T 4754）前缀；空为只按重点行业")
    ruleset: str | None = Field(description="评分规则编号；没有的见 not_scorable")
    not_scorable: str = Field(description="不评分的理由")
    limits: list[str] = Field(description="可能适用的能耗限额、取水定额")
    source: SourceOut


class TableList(ApiModel):
    items: list[TableOut]


class IndustryOut(ApiModel):
    code: str
    name: str
    sector: str
    sector_name: str
    classes: list[str] = Field(description="提示用的国民经济行业代码；适用范围以管理平台说明为准，审核人可以更正")
    table: TableOut | None
    own_levels: bool = Field(description="已有该行业单独发布的引领值和基准值")


class IndustryList(ApiModel):
    items: list[IndustryOut]


class CorrectionOut(ApiModel):
    op: str = Field(description="per_point：每偏离参考值一个单位增减；times_if：参数不为零时乘以")
    parameter: str
    reference: str
    by_level: dict[str, str]


class LimitOut(ApiModel):
    code: str
    name: str
    kind: str
    unit: str
    standard: str
    effective: date
    levels: dict[str, str] = Field(description="1 引领值，2 基准值（没有的以 3 为基准值并注明），3 法定下限")
    corrections: list[CorrectionOut]
    not_modelled: list[str] = Field(description="标准另有而未计入的修正")
    key_industries: list[str]
    certainty: str = Field(description="fact 原文，transcription 公开转录、须核对，assumption 约定")
    source: SourceOut


class LimitList(ApiModel):
    items: list[LimitOut]


class FaultOut(ApiModel):
    file: str
    line: int | None
    reason: str


class FaultList(ApiModel):
    items: list[FaultOut]
