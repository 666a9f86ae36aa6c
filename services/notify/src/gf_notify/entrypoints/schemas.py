"""What the inbox API answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gf_chassis.json import ApiModel


class NoticeOut(ApiModel):
    """通知"""

    id: UUID
    template: str
    title: str
    body: str
    rule: str
    raised_at: datetime
    unit_id: UUID | None
    unit_name: str
    submission_id: UUID | None
    read: bool


class InboxOut(ApiModel):
    """收件箱的一页，新的在前"""

    items: list[NoticeOut]
    next: str | None


class CountsOut(ApiModel):
    """收件箱的条数；`capped`：超过 5000 条，只数到 5001"""

    total: int
    unread: int
    capped: bool
