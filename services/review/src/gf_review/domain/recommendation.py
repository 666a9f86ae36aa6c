"""Recommendation (推荐批次): an authority's batch with its document and summary table; its cases pass together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gf_review.domain import events as happened
from gf_review.domain.case import APPROVER, REVIEWER, Case, CaseState, Official, StageState
from gf_review.domain.errors import IllegalTransition, Invalid, OutsideCompetence, Problem, RoleRequired, StaleCase


class BatchState(StrEnum):
    COLLECTING = "collecting"
    SEALED = "sealed"
    SENT = "sent"
    DISSOLVED = "dissolved"


BATCH_NAMES = {
    BatchState.COLLECTING: "归集中",
    BatchState.SEALED: "已封存",
    BatchState.SENT: "已上报",
    BatchState.DISSOLVED: "已解散",
}


@dataclass(slots=True)
class Item:
    """One case in the batch, and what was seen of it when the batch was sealed."""

    submission_id: str
    round: int
    stage_no: int
    case_version: int = 0
    sheet_revision: int = 0

    def under_review(self, case: Case | None) -> bool:
        """The case is still in the round and at the level in which it joined."""
        if case is None or case.round != self.round or case.state is not CaseState.OPEN:
            return False
        return case.stage(self.stage_no).state is StageState.IN_REVIEW


@dataclass(slots=True)
class Recommendation:
    id: str
    authority: str
    campaign_id: str
    category: str
    kind: str
    title: str
    state: BatchState
    version: int
    items: dict[str, Item] = field(default_factory=dict)
    document: str = ""
    table: list[dict[str, str]] = field(default_factory=list)
    events: list[happened.RecommendationChanged] = field(default_factory=list)

    @classmethod
    def start(cls, *, id: str, by: Official, campaign_id: str, category: str, kind: str, title: str) -> Recommendation:
        if not by.may(REVIEWER):
            raise RoleRequired("此事项只能由本级经办人员或审批人员办理。")
        batch = cls(id, by.authority, campaign_id, category, kind, title, BatchState.COLLECTING, 1)
        batch._changed("started")
        return batch

    def add(self, case: Case, by: Official) -> None:
        """A case that is under review at this authority joins while the batch is collecting."""
        self._acting(by, REVIEWER, BatchState.COLLECTING)
        stage = case.current
        if stage is None or stage.plan.authority != self.authority:
            raise OutsideCompetence("没有找到所请求的内容，或您无权查看。")
        if (case.campaign_id, case.category, case.kind) != (self.campaign_id, self.category, self.kind):
            raise Invalid(
                "该申报与本批次的活动、类别或事项不一致，不能加入。",
                rule="CQ-doc",
                errors=[Problem("/submission_id", "mismatch", "请选择同一活动、类别和事项的申报。", "CQ-doc")],
            )
        if case.id in self.items:
            raise IllegalTransition("该申报已在本批次中。", rule="CQ-doc")
        case.note_person(by, stage)
        self.items[case.id] = Item(case.id, case.round, stage.stage_no)
        self._touch("case_added", {"submission_id": case.id})

    def remove(self, submission_id: str, by: Official) -> None:
        self._acting(by, REVIEWER, BatchState.COLLECTING)
        if submission_id not in self.items:
            raise IllegalTransition("该申报不在本批次中。", rule="CQ-doc")
        del self.items[submission_id]
        self._touch("case_removed", {"submission_id": submission_id})

    def attach(self, sha256: str, by: Official) -> None:
        """推荐文件 of the whole batch."""
        self._acting(by, REVIEWER, BatchState.COLLECTING)
        self.document = sha256
        self._touch("document_attached", {"sha256": sha256})

    def seal(
        self, by: Official, cases: Mapping[str, Case], revisions: Mapping[str, int], table: Sequence[dict[str, str]]
    ) -> None:
        """封存: document and summary table are frozen, and what was seen of each case."""
        self._acting(by, APPROVER, BatchState.COLLECTING)
        problems = [
            Problem(f"/items/{index}", "gone", f"申报 {item.submission_id} 已不在本级审核中，请先移出。", "CQ-doc")
            for index, item in enumerate(self.items.values())
            if not item.under_review(cases.get(item.submission_id))
        ]
        if not self.items:
            problems.append(Problem("/items", "required", "批次中没有申报，请先加入。", "CQ-doc", "CQ 二(二)"))
        if not self.document:
            problems.append(Problem("/document", "required", "尚未上传推荐文件，请先上传。", "CQ-doc", "CQ 二(二)"))
        if problems:
            detail = "批次尚不能封存：" + "".join(one.detail for one in problems)
            raise Invalid(detail, rule="CQ-doc", article="CQ 二(二)", errors=problems)
        for item in self.items.values():
            item.case_version = cases[item.submission_id].version
            item.sheet_revision = revisions[item.submission_id]
        self.table = list(table)
        self.state = BatchState.SEALED
        self._touch("sealed", {"cases": len(self.items)})

    def send(self, by: Official, cases: Mapping[str, Case], revisions: Mapping[str, int]) -> None:
        """上报: only as sealed. A case that moved on meanwhile is named, and nothing of the batch passes."""
        self._acting(by, APPROVER, BatchState.SEALED)
        changed = []
        for index, item in enumerate(self.items.values()):
            case = cases.get(item.submission_id)
            detail = ""
            if case is None or not item.under_review(case):
                detail = "已撤回、退回或办结。"
            elif case.version != item.case_version:
                detail = "封存后有新的办理。"
            elif revisions.get(item.submission_id, 0) != item.sheet_revision:
                detail = "封存后评分表有新版本。"
            if detail:
                changed.append(Problem(f"/items/{index}", "stale", f"申报 {item.submission_id} {detail}", "CQ-doc"))
        if changed:
            raise StaleCase("批次封存后有申报发生变化，请解散后重新归集。", rule="CQ-doc", errors=changed)
        self.state = BatchState.SENT
        self._touch("sent", {"cases": len(self.items)})

    def dissolve(self, by: Official, reason: str) -> None:
        """解散: its cases are free again."""
        self._acting(by, APPROVER, BatchState.COLLECTING, BatchState.SEALED)
        if not reason.strip():
            raise Invalid("请写明解散理由。", errors=[Problem("/reason", "required", "请写明解散理由。")])
        self.state = BatchState.DISSOLVED
        self._touch("dissolved", {}, reason)

    def _acting(self, by: Official, role: str, *states: BatchState) -> None:
        if by.authority != self.authority:
            raise OutsideCompetence("没有找到所请求的内容，或您无权查看。")
        if not by.may(role):
            raise RoleRequired("此事项只能由本级审批人员办理。" if role == APPROVER else "此事项只能由本级人员办理。")
        if self.state not in states:
            raise IllegalTransition(f"批次为“{BATCH_NAMES[self.state]}”，不能这样办理。", rule="CQ-doc")

    def _touch(self, what: str, detail: dict[str, object], reason: str = "") -> None:
        self.version += 1
        self._changed(what, detail, reason)

    def _changed(self, what: str, detail: dict[str, object] | None = None, reason: str = "") -> None:
        self.events.append(
            happened.RecommendationChanged(self.id, str(self.state), self.version, what, detail or {}, reason)
        )
