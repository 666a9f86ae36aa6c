"""What a queue was asked for: the same words in the address of the page, of the API and of the exports."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query

from gf_chassis.errors import FieldError, Rejected
from gf_chassis.json import CleanText
from gf_review.adapters.queue import QueueFilter

View = Literal["to_do", "waiting", "passed", "returned", "closed", "all"]
Sort = Literal["due", "admitted", "newest", "score", "support"]
Due = Literal["", "overdue", "days3", "days7", "days30", "none"]
YesNo = Literal["", "yes", "no"]
Code = Annotated[CleanText, Query(max_length=100)]


async def _asked(
    view: View = "to_do",
    campaign_id: Code = "",
    category: Code = "",
    kind: Code = "",
    division: Annotated[str, Query(pattern=r"^([0-9]{2})?$", description="行业大类，GB/T 4754 前两位")] = "",
    key_industry: Annotated[CleanText, Query(max_length=100, description="yes、no 或重点行业代码")] = "",
    preferred: Annotated[YesNo, Query(description="优先推荐：yes、no")] = "",
    due: Annotated[Due, Query(description="已逾期、3/7/30 日内截止、无期限")] = "",
    assignee: Annotated[CleanText, Query(max_length=200, description="me、nobody 或人员标识")] = "",
    q: Annotated[CleanText, Query(max_length=100, description="名称、编号或统一社会信用代码，至少两个字")] = "",
) -> QueueFilter:
    # The API of before said true and false.
    keys = {"true": "yes", "false": "no"}
    wanted = QueueFilter(
        view,
        campaign_id,
        category,
        kind,
        division,
        key_industry=keys.get(key_industry, key_industry),
        preferred=preferred,
        due=due,
        assignee=assignee,
        text=q.strip(),
    )
    if len(wanted.text) == 1:
        detail = "请至少输入两个字再查询。"
        raise Rejected("text_too_short", detail, errors=[FieldError("query:/q", "too_short", detail)])
    return wanted


#: The filters out of the address.
Asked = Annotated[QueueFilter, Depends(_asked)]


def for_person(wanted: QueueFilter, subject: str) -> QueueFilter:
    """ "me" is who asks."""
    return replace(wanted, assignee=subject) if wanted.assignee == "me" else wanted
