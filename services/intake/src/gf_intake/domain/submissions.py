"""Submission (申报表): one per unit, campaign and kind, in rounds.

draft 填写中 ⇄ verified 填写中(已通过验证) → submitted 上级主管部门审核中 →
{withdrawing 取消上报待答复 → draft (round + 1) or submitted; returned → draft (round + 1); closed};
draft → deleted (round 1) or dropped (later). Kinds are data: every kind is driven by this one engine.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from gf_intake.domain.errors import IllegalTransition, NotVerified, WindowClosed


class SubmissionState(StrEnum):
    """Stored words of a submission's state."""

    DRAFT = "draft"
    VERIFIED = "verified"
    SUBMITTED = "submitted"
    WITHDRAWING = "withdrawing"
    CLOSED = "closed"
    DELETED = "deleted"
    DROPPED = "dropped"


EDITABLE = frozenset({SubmissionState.DRAFT, SubmissionState.VERIFIED})
UNDER_WAY = frozenset({SubmissionState.SUBMITTED, SubmissionState.WITHDRAWING})
#: States in which the form no longer holds the place of (unit, campaign, kind).
FREE = frozenset({SubmissionState.DELETED})

LABELS = {
    SubmissionState.DRAFT: "填写中",
    SubmissionState.VERIFIED: "填写中(已通过验证)",
    SubmissionState.SUBMITTED: "上级主管部门审核中",
    SubmissionState.WITHDRAWING: "取消上报待答复",
    SubmissionState.CLOSED: "已办结",
    SubmissionState.DELETED: "已删除",
    SubmissionState.DROPPED: "已放弃",
}
ACTIONS = {
    SubmissionState.DRAFT: ("edit", "delete"),
    SubmissionState.VERIFIED: ("submit", "edit", "delete"),
    SubmissionState.SUBMITTED: ("withdraw", "view"),
    SubmissionState.WITHDRAWING: ("view",),
    SubmissionState.CLOSED: ("view",),
    SubmissionState.DELETED: (),
    SubmissionState.DROPPED: ("view",),
}


class DropReason(StrEnum):
    """Why a submission will not come back."""

    GIVEN_UP = "given_up"
    TERM_OVER = "term_over"


@dataclass(slots=True)
class Submission:
    """The aggregate. `version` counts every change and is the entity tag; `form_version` the saved contents."""

    id: UUID
    number: str
    unit_id: UUID
    campaign_id: UUID
    category: str
    kind: str
    state: SubmissionState = SubmissionState.DRAFT
    round: int = 1
    version: int = 1
    form_version: int = 0
    content_hash: str | None = None
    #: The superior under which it was last admitted, and the first round of the route that holds now.
    superior: str = ""
    route_since: int = 1
    admitted_at: datetime | None = None
    #: Correction (退回修改) must be back before this instant; absent where the campaign's window decides.
    term_ends_at: datetime | None = None
    outcome: str = ""
    event_number: int = 0

    # --- the applicant's own hand ---------------------------------------------------------------------------------

    def save(self, content_hash: str, *, verified: bool) -> int:
        """暂存 or 验证并保存: appends a version of the content; any number of times. Returns the version's number."""
        if self.state not in EDITABLE:
            raise IllegalTransition(f"当前状态为“{LABELS[self.state]}”,不能修改。如需修改,请先取消上报。")
        self.form_version += 1
        self.content_hash = content_hash
        self._move(SubmissionState.VERIFIED if verified else SubmissionState.DRAFT)
        return self.form_version

    def delete(self) -> None:
        """删除: before the first 上报 only, and it cannot be undone (DM-del)."""
        if self.state not in EDITABLE:
            raise IllegalTransition("已经上报的表单不能删除。", rule="DM-del")
        if self.round > 1:
            raise IllegalTransition("该表单曾经上报,不能删除;如不再申报,请选择放弃。", rule="DM-del")
        self._move(SubmissionState.DELETED)

    def require_submittable(self, now: datetime) -> None:
        """A draft cannot be submitted; a correction must come back within its term."""
        if self.state is SubmissionState.DRAFT:
            raise NotVerified("表单尚未通过验证。请先“验证并保存”,再上报。")
        if self.state is not SubmissionState.VERIFIED:
            raise IllegalTransition(f"当前状态为“{LABELS[self.state]}”,不能上报。")
        if self.term_is_over(now):
            raise WindowClosed("退回修改的期限已过,不能再上报。", code="term_over", rule="return")

    def admit(self, now: datetime, superior: str) -> None:
        """上报: admitted at the database clock. Another superior than last time starts another route (DM-superior)."""
        self.require_submittable(now)
        if self.superior and self.superior != superior:
            self.route_since = self.round
        self.superior = superior
        self.admitted_at = now
        self.term_ends_at = None
        self._move(SubmissionState.SUBMITTED)

    def request_withdrawal(self) -> None:
        """取消上报: frozen until review has answered; review knows whether somebody has decided (DM-withdraw)."""
        if self.state is not SubmissionState.SUBMITTED:
            raise IllegalTransition(f"当前状态为“{LABELS[self.state]}”,不能取消上报。", rule="DM-withdraw")
        self._move(SubmissionState.WITHDRAWING)

    def give_up(self) -> None:
        """放弃: after it was submitted once; final."""
        if self.state not in EDITABLE or self.round == 1:
            raise IllegalTransition("只有取消上报或退回修改后的表单可以放弃;未上报过的表单请删除。")
        self._move(SubmissionState.DROPPED)

    # --- what others decided; an older round is history without effect --------------------------------------------

    def answer_withdrawal(self, round_: int, *, granted: bool) -> bool:
        """Review's answer. True when it took effect."""
        if self.state is not SubmissionState.WITHDRAWING or self.round != round_:
            return False
        if granted:
            self._next_round(None)
        else:
            self._move(SubmissionState.SUBMITTED)
        return True

    def return_for_correction(self, round_: int, term_ends_at: datetime) -> bool:
        """退回. It wins over a withdrawal still on its way: somebody has decided."""
        if self.state not in UNDER_WAY or self.round != round_:
            return False
        self._next_round(term_ends_at)
        return True

    def close(self, round_: int, outcome: str) -> bool:
        """The case is closed: approved, refused, cancelled."""
        if self.state not in UNDER_WAY or self.round != round_:
            return False
        self.outcome = outcome
        self._move(SubmissionState.CLOSED)
        return True

    def term_is_over(self, now: datetime) -> bool:
        return self.term_ends_at is not None and now >= self.term_ends_at

    def drop_if_term_over(self, now: datetime) -> bool:
        """The term for correction ran out and nothing came back."""
        if self.state not in EDITABLE or not self.term_is_over(now):
            return False
        self._move(SubmissionState.DROPPED)
        return True

    def cancel_draft(self, round_: int, outcome: str) -> bool:
        """The case was closed (cancelled for fraud, barred) while the form was back with the applicant."""
        if self.state not in EDITABLE or self.round <= round_ or self.round == 1:
            return False
        self.outcome = outcome
        self._move(SubmissionState.CLOSED)
        return True

    def next_event(self) -> int:
        """Number of the next published event of this submission; kept in its row, under its lock."""
        self.event_number += 1
        return self.event_number

    def _next_round(self, term_ends_at: datetime | None) -> None:
        """The content stays; it must be verified again, and every level reviews again."""
        self.round += 1
        self.term_ends_at = term_ends_at
        self._move(SubmissionState.DRAFT)

    def _move(self, state: SubmissionState) -> None:
        self.state = state
        self.version += 1
