"""What the API of rankings takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from gf_chassis.json import ApiModel
from gf_scoring.entrypoints.schemas import Code, Words

State = Literal["collecting", "closed", "published", "superseded"]


class RankingIn(ApiModel):
    campaign_id: UUID
    category: Code


class PublishIn(ApiModel):
    document: Words = Field(description="据以发布的文件")
    person: Words = Field(description="经办人")


class RankingMoved(ApiModel):
    id: UUID
    state: State
    version: int


class GroupAverage(ApiModel):
    """一个推荐单位范围内现有单位的平均得分（N25 一）。"""

    authority: str
    count: int
    points: str | None = Field(description="四舍五入到 12 位小数；家数不足时为空")


class RankingOut(ApiModel):
    """一次排名：对一个类别、一个年度的名单内单位，结束后不再改变。"""

    id: UUID
    campaign_id: UUID
    year: int
    category: str
    kind: str
    list_id: str
    authority: str
    state: State
    version: int
    waiting_for: list[str] = Field(description="尚在等待的内容；已结束的为空")
    population_at: datetime | None = Field(description="取数时刻")
    count: int = Field(description="参加排名的单位数")
    unranked: int = Field(description="在名单内而未参加排名的单位数")
    digest: str = Field(description="按名次和单位编号排列的结果的 SHA-256；同样的数据得同样的值")
    averages: list[GroupAverage] = []
    counts: dict[str, int] | None = Field(description="本主管部门范围内各类家数；申报单位为空")
    rules: dict[str, Any] = Field(description="本次排名所用的规则，随排名保存")
    rules_hash: str
    document: str
    person: str
    created_at: datetime
    closed_at: datetime | None
    published_at: datetime | None
    superseded_at: datetime | None


class RankingSummary(ApiModel):
    id: UUID
    campaign_id: UUID
    year: int
    category: str
    state: State
    count: int
    digest: str
    population_at: datetime | None
    published_at: datetime | None


class RankingList(ApiModel):
    items: list[RankingSummary]


class PlaceOut(ApiModel):
    """一家单位在一次排名中的结果。"""

    unit_id: UUID
    submission_id: UUID | None
    sheet_number: int | None = Field(description="计入的是评分表第几次结果")
    name: str
    uscc: str
    superior: str
    recipient: str
    key_industry: str
    points: str | None
    place: int | None
    industry_place: int | None = Field(description="在同一重点行业内的名次")
    industry_count: int | None
    grade: str = Field(description="企业绿码等级；不分等级时为空")
    bottom: bool = Field(description="处于后5%")
    warned: bool = Field(description="预警：接近或处于后5%")
    streak: int = Field(description="连续处于后5%的年数")
    due: bool = Field(description="连续年数已达移出条件")
    missing: str = Field(description="未参加排名的原因编号")


class PlaceList(ApiModel):
    items: list[PlaceOut]
    next: str | None
