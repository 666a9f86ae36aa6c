"""The case (审核案件) of one submission: rounds, stages through the levels, and every move they allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gf_review.domain import events as happened
from gf_review.domain.errors import IllegalTransition, OutsideCompetence, RoleRequired, SamePerson
from gf_review.domain.route import Route, StagePlan

REVIEWER = "reviewer"
APPROVER = "approver"

IN_PUBLICITY = "in_publicity"
LISTED = "listed"
NOT_LISTED = "not_listed"
BARRED = "barred"
DOCUMENT_UPLOADED = "recommendation_document_uploaded"


class CaseState(StrEnum):
    OPEN = "open"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    CLOSED = "closed"


class Outcome(StrEnum):
    APPROVED = "approved"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    DROPPED = "dropped"


class StageState(StrEnum):
    NOT_APPLICABLE = "not_applicable"
    NOT_STARTED = "not_started"
    IN_REVIEW = "in_review"
    PASSED = "passed"
    RETURNED = "returned"
    REFUSED = "refused"


DECIDED = frozenset({StageState.PASSED, StageState.RETURNED, StageState.REFUSED})

STATE_NAMES = {
    CaseState.OPEN: "审核中",
    CaseState.WITHDRAWN: "已取消上报",
    CaseState.RETURNED: "已退回",
    CaseState.CLOSED: "已办结",
}
STAGE_NAMES = {
    StageState.NOT_APPLICABLE: "不适用",
    StageState.NOT_STARTED: "未开始",
    StageState.IN_REVIEW: "审核中",
    StageState.PASSED: "已上报",
    StageState.RETURNED: "退回",
    StageState.REFUSED: "不通过",
}


@dataclass(frozen=True, slots=True)
class Official:
    """Who acts: a reviewer (经办) or an approver (审批) of one authority."""

    subject: str
    name: str
    authority: str
    roles: frozenset[str]

    def may(self, role: str) -> bool:
        return role in self.roles or (role == REVIEWER and APPROVER in self.roles)


@dataclass(slots=True)
class Stage:
    """One level of one round."""

    plan: StagePlan
    state: StageState
    reason: str = ""
    substates: list[str] = field(default_factory=list)
    decided_at: datetime | None = None
    decided_by: str = ""

    @property
    def stage_no(self) -> int:
        return self.plan.stage_no

    def decide(self, state: StageState, by: Official, at: datetime, reason: str) -> None:
        self.state, self.decided_by, self.decided_at, self.reason = state, by.subject, at, reason

    def mark(self, substate: str, *, instead_of: tuple[str, ...] = ()) -> None:
        """Set a sub-state; `instead_of` names those it replaces."""
        self.substates = [one for one in self.substates if one != substate and one not in instead_of]
        self.substates.append(substate)

    def unmark(self, substate: str) -> None:
        self.substates = [one for one in self.substates if one != substate]


def new_stages(route: Route) -> list[Stage]:
    """Stages of a new round: the first applicable level is under review, the others wait (未开始)."""
    stages = [
        Stage(plan, StageState.NOT_STARTED if plan.applicable else StageState.NOT_APPLICABLE) for plan in route.stages
    ]
    first = next((stage for stage in stages if stage.plan.applicable), None)
    if first is None:
        raise IllegalTransition("审核路线中没有适用的层级，无法受理。", rule="DM-route")
    first.state = StageState.IN_REVIEW
    for stage in stages:
        if stage.plan.guard("expert_review"):
            stage.mark("expert_review_not_organised")
    return stages


@dataclass(slots=True)
class Case:
    """The aggregate. Commands change it and append to `events`; the repository writes both."""

    id: str
    unit_id: str
    campaign_id: str
    category: str
    kind: str
    year: int
    state: CaseState
    round: int
    version: int
    route: Route
    stages: list[Stage]
    outcome: Outcome | None = None
    barred: str = ""
    # Level at which each person has acted on this case, in any round.
    people: dict[str, str] = field(default_factory=dict)
    # Persons who act now.
    acted: set[str] = field(default_factory=set)
    events: list[happened.CaseEvent] = field(default_factory=list)

    # --- opening ---------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        *,
        id: str,
        unit_id: str,
        campaign_id: str,
        category: str,
        kind: str,
        year: int,
        round: int,
        route: Route,
        barred: str = "",
    ) -> Case:
        """A case from the first admission."""
        case = cls(id, unit_id, campaign_id, category, kind, year, CaseState.OPEN, round, 1, route, new_stages(route))
        case.barred = barred
        case.progressed("opened", basis="DM-route")
        return case

    def reopen(self, round: int, route: Route, *, category: str, unit_id: str, year: int, barred: str = "") -> bool:
        """A new round after withdrawal or return: every level reviews again. Tells whether the route changed."""
        if self.state not in (CaseState.WITHDRAWN, CaseState.RETURNED) or round <= self.round:
            raise IllegalTransition(f"案件处于“{STATE_NAMES[self.state]}”，不能开始第 {round} 轮审核。")
        replaced = route.authorities != self.route.authorities
        self.touch()
        self.state, self.round, self.route, self.stages = CaseState.OPEN, round, route, new_stages(route)
        self.category, self.unit_id, self.year, self.barred = category, unit_id, year, barred
        self.progressed("reopened", basis="return")
        return replaced

    # --- who may do what where -------------------------------------------------------------------------------

    def stage(self, stage_no: int) -> Stage:
        found = next((stage for stage in self.stages if stage.stage_no == stage_no), None)
        if found is None or not found.plan.applicable:
            raise OutsideCompetence("没有找到所请求的内容，或您无权查看。")
        return found

    @property
    def current(self) -> Stage | None:
        """The level whose turn it is."""
        return next((stage for stage in self.stages if stage.state is StageState.IN_REVIEW), None)

    def acting(self, stage_no: int, by: Official, role: str) -> Stage:
        """The stage, if `by` may act on it now; notes the person at this level."""
        stage = self.stage(stage_no)
        if stage.plan.authority != by.authority:
            raise OutsideCompetence("没有找到所请求的内容，或您无权查看。")
        if not by.may(role):
            name = "审批人员" if role == APPROVER else "经办人员或审批人员"
            raise RoleRequired(f"此事项只能由本级{name}办理。")
        if self.state is not CaseState.OPEN or stage.state is not StageState.IN_REVIEW:
            raise IllegalTransition(
                f"本级当前为“{STAGE_NAMES[stage.state]}”，案件为“{STATE_NAMES[self.state]}”，"
                "只有轮到本级审核中的案件才能办理。",
                rule="DM-state",
            )
        self.note_person(by, stage)
        return stage

    def note_person(self, by: Official, stage: Stage) -> None:
        level = self.people.setdefault(by.subject, stage.plan.level)
        if level != stage.plan.level:
            raise SamePerson("您已在本案的另一层级办理过事项，同一人不得在两个层级办理同一案件。")
        self.acted.add(by.subject)

    # --- bookkeeping -----------------------------------------------------------------------------------------

    def touch(self) -> None:
        self.version += 1

    def snapshot(self) -> tuple[happened.StageSnapshot, ...]:
        return tuple(
            happened.StageSnapshot(
                stage.stage_no,
                stage.plan.level,
                stage.plan.authority,
                str(stage.state),
                stage.reason,
                tuple(stage.substates) + ((BARRED,) if self.barred and stage.state is StageState.IN_REVIEW else ()),
                stage.decided_at,
            )
            for stage in self.stages
        )

    def progressed(
        self, what: str, *, basis: str = "", reason: str = "", detail: dict[str, object] | None = None
    ) -> None:
        self.events.append(
            happened.CaseProgressed(
                self.id,
                self.round,
                str(self.state),
                self.snapshot(),
                self.version,
                self.unit_id,
                self.campaign_id,
                what,
                basis,
                reason,
                detail or {},
            )
        )

    def kept(self, what: str, detail: dict[str, object], *, basis: str = "", reason: str = "") -> None:
        self.events.append(happened.RecordKept(self.id, self.round, self.version, what, detail, basis, reason))

    def close(self, outcome: Outcome, ground: str, article: str, reason: str) -> None:
        self.state, self.outcome = CaseState.CLOSED, outcome
        self.events.append(
            happened.CaseClosed(
                self.id,
                self.round,
                self.version,
                str(outcome),
                ground,
                article,
                self.unit_id,
                self.campaign_id,
                reason,
            )
        )
