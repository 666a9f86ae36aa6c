"""What the API takes and gives: pydantic, unknown fields refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from gf_chassis.json import ApiModel, ExactDecimal

Text = Annotated[str, Field(max_length=4000)]
Short = Annotated[str, Field(max_length=200)]
Code = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]
Pointer = Annotated[str, Field(max_length=500, pattern=r"^(/[^\n]*)?$")]


class FindingIn(ApiModel):
    """核查意见."""

    item: Annotated[str, Field(max_length=100)] = ""
    pointer: Pointer = ""
    ok: bool
    note: Text = ""


class FindingsIn(ApiModel):
    findings: Annotated[list[FindingIn], Field(min_length=1, max_length=200)]


class MarkIn(ApiModel):
    """定性评分."""

    indicator: Code
    points: ExactDecimal
    reason: Text


class MarksIn(ApiModel):
    marks: Annotated[list[MarkIn], Field(max_length=100)] = []
    industry_ruling: Code | None = None
    reason: Text = ""


class ConsultationIn(ApiModel):
    department: Code
    asked_on: date


class ConsultationAnswerIn(ApiModel):
    answered_on: date
    agrees: bool
    opinion: Text = ""


class ExpertReviewIn(ApiModel):
    state: Literal["not_organised", "unassigned", "done"]
    grade: Annotated[str, Field(max_length=10, pattern=r"^[A-Z]?$")] = ""
    note: Text = ""


class ReasonIn(ApiModel):
    kind: Literal["below_average", "list_missing"]
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class PassIn(ApiModel):
    """上报."""

    reason: Text = ""


class ReturnIn(ApiModel):
    """退回."""

    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    findings: Annotated[list[FindingIn], Field(min_length=1, max_length=200)]
    term_ends_at: AwareDatetime | None = None


class RefuseIn(ApiModel):
    """不通过."""

    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    article: Annotated[str, Field(min_length=1, max_length=200)]
    ground: Code = "not_passed"


class CancelIn(ApiModel):
    """取消申报资格 (弄虚作假)."""

    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    article: Annotated[str, Field(min_length=1, max_length=200)]


class RecommendationIn(ApiModel):
    campaign_id: Code
    category: Code
    kind: Code = "application"
    title: Annotated[str, Field(min_length=1, max_length=200)]


class SubmissionRef(ApiModel):
    submission_id: Code


class DissolveIn(ApiModel):
    reason: Annotated[str, Field(min_length=1, max_length=4000)]


class ObjectionIn(ApiModel):
    submission_id: Code
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class RulingIn(ApiModel):
    submission_id: Code
    upheld: bool
    reason: Annotated[str, Field(min_length=1, max_length=4000)]


class CaseDone(ApiModel):
    """Where the case stands after the act; `etag` is the next If-Match."""

    submission_id: str
    round: int
    state: str
    outcome: str
    version: int
    sheet_revision: int
    etag: str


class BatchDone(ApiModel):
    recommendation_id: str
    state: str
    version: int
    cases: list[str]
    etag: str


class PublicityDone(ApiModel):
    publicity_id: str
    state: str
    version: int
    until: datetime | None
    provisional: bool
    etag: str


class StageOut(ApiModel):
    stage_no: int
    level: str
    authority: str
    authority_name: str
    state: str
    label: str
    substates: list[str]


class PreferenceOut(ApiModel):
    """优先推荐."""

    code: str
    label: str
    rule: str
    article: str


class QueueItem(ApiModel):
    submission_id: str
    number: str
    unit_name: str
    uscc: str
    category: str
    kind: str
    campaign_id: str
    year: int
    view: str
    state: str
    state_label: str
    outcome: str
    round: int
    version: int
    sheet_revision: int
    total: str | None
    division: str
    key_industry: str
    key_industry_name: str
    preferences: list[PreferenceOut]
    barred: str
    admitted_at: datetime
    assignee: str
    assignee_name: str
    due_at: datetime | None
    days_left: int | None
    due_mark: str
    stage_no: int | None
    stage_state: str | None
    started_at: datetime | None
    stages: list[StageOut]


class Queue(ApiModel):
    """`counts` of every view under the same filters; `capped` where a view has more than 5000 (frequent text: 1000)."""

    items: list[QueueItem]
    next: str | None
    counts: dict[str, int]
    overdue: int
    near: int
    capped: bool


class AssignmentIn(ApiModel):
    """分派; an empty `assignee` takes the assignment back."""

    submission_ids: Annotated[list[Code], Field(min_length=1, max_length=200)]
    assignee: Short = ""


class Refused(ApiModel):
    submission_id: str
    number: str
    code: str
    detail: str


class AssignmentDone(ApiModel):
    assignee: str
    assignee_name: str
    assigned: list[str]
    unchanged: list[str]
    refused: list[Refused]


class OfficialOut(ApiModel):
    subject: str
    name: str
    roles: list[str]


class Officials(ApiModel):
    items: list[OfficialOut]


class Page(ApiModel):
    items: list[dict[str, Any]]
    next: str | None = None


class PublicPublicity(ApiModel):
    """公示: names only."""

    publicity_id: str
    list_id: str
    list_name: str
    authority_name: str
    state: str
    opened_at: datetime | None
    until: datetime | None
    days: int
    unit: str
    provisional: bool
    names: list[str]


class PublicPublicities(ApiModel):
    items: list[PublicPublicity]
    next: str | None = None
