"""What the API takes and gives. Requests refuse unknown fields; answers are built in `usecases.views`."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from gf_chassis.json import ApiModel, CleanText
from gf_intake.domain.units import Profile

Code = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[a-z0-9][a-z0-9_.]*$")]
Name = Annotated[CleanText, Field(min_length=1, max_length=200)]
Reason = Annotated[CleanText, Field(max_length=2000)]
Document = Annotated[CleanText, Field(min_length=1, max_length=300, description="依据文件(文号)")]
Uscc = Annotated[str, Field(max_length=30, description="统一社会信用代码,18位", examples=["91500112MA5U0X1234"])]


class Contact(ApiModel):
    """联系人. Stays with intake; travels in no event."""

    person: CleanText = Field("", max_length=60)
    phone: CleanText = Field("", max_length=40)
    mobile: CleanText = Field("", max_length=40)
    email: CleanText = Field("", max_length=120)
    address: CleanText = Field("", max_length=300)


class ProfileIn(ApiModel):
    """单位信息."""

    name: Name
    uscc: Uscc | None = None
    industries: list[Annotated[str, Field(max_length=8)]] = Field(
        max_length=20, description="主营行业:国民经济行业分类(GB/T 4754)代码,最多三个,第一个必填"
    )
    key_industry: Annotated[str, Field(max_length=80)] | None = Field(None, description="重点行业代码(如属于)")
    region: str = Field("", pattern=r"^([0-9]{6})?$", description="行政区划代码(GB/T 2260)")
    superior: Code = Field(description="上级主管部门编号")
    group: Code | None = Field(None, description="所属中央企业集团编号")
    contact: Contact = Field(default_factory=Contact)

    def profile(self) -> Profile:
        return Profile(
            name=self.name,
            uscc=self.uscc,
            industries=tuple(self.industries),
            key_industry=self.key_industry,
            region=self.region,
            superior=self.superior,
            group=self.group,
            contact={key: value for key, value in self.contact.model_dump().items() if value},
        )


class UnitIn(ProfileIn):
    """注册申报单位."""

    category: Code = Field(description="类别:factory、park、supply_chain")


class ImportIn(ApiModel):
    """导入存量单位."""

    document: Document
    units: list[UnitIn] = Field(min_length=1, max_length=2000)


class NameOut(ApiModel):
    name: str
    valid_from: date
    valid_to: date | None


class UnitOut(ApiModel):
    id: UUID
    category: str
    state: str
    version: int
    name: str
    uscc: str | None
    industries: list[str]
    key_industry: str | None
    region: str
    superior: str
    group: str | None
    names: list[NameOut]
    merged_into: UUID | None
    contact: dict[str, Any] | None = None


class UnitPage(ApiModel):
    items: list[UnitOut]
    next: str | None


class ImportedLine(ApiModel):
    unit_id: UUID
    existing: bool


class ImportOut(ApiModel):
    items: list[ImportedLine]


class Link(ApiModel):
    """指南、视频、联系方式."""

    kind: Code
    title: Name
    url: Annotated[CleanText, Field(max_length=500, pattern=r"^(https://|tel:|mailto:)")]


class CampaignIn(ApiModel):
    """申报批次."""

    name: Name
    year: int = Field(ge=2000, le=2100)
    policy: str = Field(min_length=1, max_length=120, description="基础政策编号,例如 national/2025/n25")
    categories: list[Code] = Field(min_length=1, max_length=10)
    kinds: list[Code] = Field(min_length=1, max_length=10)
    links: list[Link] = Field(default_factory=list, max_length=30)
    renewal_document: CleanText = Field("", max_length=300, description="政策期满后延期的文件")


class OpenIn(ApiModel):
    renewal_document: CleanText = Field("", max_length=300)


class DateIn(ApiModel):
    """规定更早的截止时间,或延长本部门规定的时间."""

    act: str = Field(max_length=40, pattern=r"^(submit|decide:[a-z]+)$")
    closes_at: AwareDatetime = Field(description="此刻起不再受理(半开区间)")
    document: Document


class WindowOut(ApiModel):
    act: str
    authority: str
    opens_at: datetime
    closes_at: datetime
    rule: str
    article: str


class DateOut(ApiModel):
    act: str
    authority: str
    closes_at: datetime
    document: str
    recorded_at: datetime
    extends: bool


class PolicyOut(ApiModel):
    id: str
    version: str
    hash: str


class CampaignOut(ApiModel):
    id: UUID
    name: str
    year: int
    state: str
    version: int
    owner: str
    policy: PolicyOut
    categories: list[str]
    kinds: list[str]
    renewal_document: str
    windows: list[WindowOut]
    dates: list[DateOut]
    links: list[dict[str, Any]]


class CampaignList(ApiModel):
    items: list[CampaignOut]


class SubmissionIn(ApiModel):
    """新建表单."""

    unit_id: UUID
    campaign_id: UUID
    kind: Code


class ValueIn(ApiModel):
    """One value. Numbers as decimal strings (JSON numbers too), yes/no as true/false, choices as a list of codes."""

    code: str = Field(max_length=80)
    year: int | None = None
    product: str = Field("", max_length=200)
    value: Any = None
    unit: str | None = Field(None, max_length=40)
    note: str = Field("", max_length=4000, description="特殊情况说明")
    not_applicable: bool = False


class ContentIn(ApiModel):
    """表单内容. What each value must be is the form's business (`GET /intake/v1/forms/…`)."""

    values: list[ValueIn] = Field(max_length=2000)
    note: str = Field("", max_length=8000)

    def content(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class ReasonIn(ApiModel):
    reason: Reason = ""


class ProblemOut(ApiModel):
    pointer: str
    code: str
    rule: str
    article: str
    message: str
    note: str = ""


class SubmissionOut(ApiModel):
    id: UUID
    number: str
    unit_id: UUID
    campaign_id: UUID
    category: str
    kind: str
    state: str
    label: str
    actions: list[str]
    round: int
    version: int
    form_version: int
    content_hash: str | None
    superior: str
    admitted_at: datetime | None
    term_ends_at: datetime | None
    outcome: str
    warnings: list[ProblemOut] = Field(default_factory=list)


class CheckOut(ApiModel):
    errors: list[ProblemOut]
    warnings: list[ProblemOut]
    content_hash: str


class EvidenceIn(ApiModel):
    """Evidence uploaded before (PUT /intake/v1/evidence/units/…)."""

    slot: Code
    evidence_id: UUID


class PartnerHead(ApiModel):
    """Which unit, campaign and kind a partner's call is about."""

    campaign_id: UUID
    kind: Code
    unit_id: UUID | None = Field(None, description="申报单位编号;与 uscc 二选一")
    uscc: Uscc | None = None
    category: Code | None = Field(None, description="按 uscc 查找时必填")
    evidence: list[EvidenceIn] = Field(default_factory=list, max_length=200)


class PartnerIn(PartnerHead):
    """一次调用完成新建、验证和上报."""

    values: list[ValueIn] = Field(max_length=2000)
    note: str = Field("", max_length=8000)


class PartnerBulkIn(ApiModel):
    items: list[PartnerIn] = Field(min_length=1, max_length=200)


class EvidenceOut(ApiModel):
    id: UUID
    unit_id: UUID
    sha256: str
    size_bytes: int
    media_type: str
    name: str
    content_hash: str | None
    uploaded_at: datetime
