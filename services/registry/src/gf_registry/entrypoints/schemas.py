"""What the API takes. Answers are the use cases' own JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from gf_chassis.json import ApiModel

Name = Annotated[str, Field(min_length=1, max_length=200)]
Document = Annotated[str, Field(min_length=1, max_length=200, description="文件名称和文号")]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]
Year = Annotated[int, Field(ge=2017, le=2100)]


class Draft(ApiModel):
    """拟定一期名单"""

    year: Year
    document: Document
    effective: date | None = Field(default=None, description="生效日期；不填为公布当日")


class Entry(ApiModel):
    name: Name
    uscc: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")] | None = None
    unit_id: UUID | None = None
    region: Annotated[str, Field(pattern=r"^([0-9]{6})?$")] = ""
    industry: Annotated[str, Field(max_length=20)] = ""


class Import(ApiModel):
    """导入已有名单"""

    year: Year
    effective: date
    document: Document
    entries: Annotated[list[Entry], Field(min_length=1, max_length=3000)]


class Bar(ApiModel):
    """列入禁入"""

    unit_id: UUID
    ground: Annotated[str, Field(min_length=1, max_length=60)]
    source: Annotated[str, Field(min_length=1, max_length=200, description="查询来源，例如 信用中国")]
    source_date: date
    reason: Reason
    from_: date | None = Field(default=None, alias="from")
    until: date | None = None
    open_ended: bool = Field(default=False, description="直至解除（例如整改完成）")


class Lift(ApiModel):
    reason: Reason


class Adjustment(ApiModel):
    """提出名单调整"""

    unit_id: UUID
    list_id: Annotated[str, Field(max_length=120)] | None = Field(default=None, description="空：各层面名单")
    kind: Literal["removal", "rename"]
    ground: Annotated[str, Field(max_length=60)] = ""
    reason: Reason
    new_name: Annotated[str, Field(max_length=200)] = ""


class Decision(ApiModel):
    agreed: bool
    reason: Reason
    document: Annotated[str, Field(max_length=200, description="文件名称和文号；以后5%为由的必填")] = ""


class TakeBack(ApiModel):
    """撤回尚未公布的决定"""

    reason: Reason


class Obligations(ApiModel):
    """开启年度填报义务"""

    year: Year
    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")] = "dynamic_form"
    due: date
