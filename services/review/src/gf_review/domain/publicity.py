"""Publicity (公示) of a proposed list: N working days; an objection holds that unit back until settled (GD 13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gf_review.domain import events as happened
from gf_review.domain.case import APPROVER, REVIEWER, Official
from gf_review.domain.errors import IllegalTransition, Invalid, OutsideCompetence, Problem, RoleRequired

RULE = "GD-13-publicity"


class PublicityState(StrEnum):
    DRAFTED = "drafted"
    OPEN = "open"
    CLOSED = "closed"


class EntryState(StrEnum):
    CLEAR = "clear"
    OBJECTED = "objected"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


PUBLICITY_NAMES = {
    PublicityState.DRAFTED: "拟公示",
    PublicityState.OPEN: "公示中",
    PublicityState.CLOSED: "公示结束",
}
ENTRY_NAMES = {
    EntryState.CLEAR: "无异议",
    EntryState.OBJECTED: "有异议，待核实",
    EntryState.UPHELD: "异议成立",
    EntryState.DISMISSED: "异议不成立",
}


@dataclass(slots=True)
class Entry:
    """One unit of the proposed list."""

    submission_id: str
    round: int
    stage_no: int
    unit_id: str
    name: str
    state: EntryState = EntryState.CLEAR
    # The outcome was handed to the case (listed or not): never twice.
    settled: bool = False


@dataclass(slots=True)
class Publicity:
    id: str
    list_id: str
    campaign_id: str
    authority: str
    state: PublicityState
    version: int
    days: int
    unit: str
    rule: str
    entries: dict[str, Entry] = field(default_factory=dict)
    opened_at: datetime | None = None
    until: datetime | None = None
    provisional: bool = False
    events: list[happened.PublicityChanged] = field(default_factory=list)

    @classmethod
    def draft(
        cls, *, id: str, list_id: str, campaign_id: str, authority: str, days: int, unit: str, rule: str
    ) -> Publicity:
        return cls(id, list_id, campaign_id, authority, PublicityState.DRAFTED, 0, days, unit, rule)

    def add(self, entry: Entry) -> None:
        """A unit the authority decided to propose."""
        self._in(PublicityState.DRAFTED)
        self.entries[entry.submission_id] = entry
        self._touch("entry_added")

    def open(self, by: Official, *, at: datetime, until: datetime, provisional: bool) -> None:
        """An approver opens it; it runs in full days to the end of the last one."""
        self._acting(by, APPROVER)
        self._in(PublicityState.DRAFTED)
        if not self.entries:
            raise Invalid("拟公示名单为空，不能公示。", rule=RULE)
        self.state, self.opened_at, self.until, self.provisional = PublicityState.OPEN, at, until, provisional
        self._touch("opened")

    def object(self, submission_id: str, by: Official, *, text: str, at: datetime) -> Entry:
        """异议: received while the list stands in public."""
        self._acting(by, REVIEWER)
        self._in(PublicityState.OPEN)
        entry = self._entry(submission_id)
        if self.until is not None and at >= self.until:
            raise IllegalTransition("公示期已结束，不能再登记异议。", rule=RULE)
        if not text.strip():
            raise Invalid(
                "请写明异议内容。", rule=RULE, errors=[Problem("/text", "required", "请写明异议内容。", RULE)]
            )
        if entry.state is EntryState.UPHELD:
            raise IllegalTransition("该单位的异议已认定成立。", rule=RULE)
        entry.state = EntryState.OBJECTED
        self._touch("objected", text)
        return entry

    def rule_on(self, submission_id: str, by: Official, *, upheld: bool, reason: str) -> Entry:
        """The authority settles the objection, also after the term: the unit waits until then."""
        self._acting(by, APPROVER)
        self._in(PublicityState.OPEN, PublicityState.CLOSED)
        entry = self._entry(submission_id)
        if entry.state is not EntryState.OBJECTED:
            raise IllegalTransition(f"该单位为“{ENTRY_NAMES[entry.state]}”，没有待核实的异议。", rule=RULE)
        if not reason.strip():
            raise Invalid(
                "请写明核实结论。", rule=RULE, errors=[Problem("/reason", "required", "请写明核实结论。", RULE)]
            )
        entry.state = EntryState.UPHELD if upheld else EntryState.DISMISSED
        self._touch("upheld" if upheld else "dismissed", reason)
        return entry

    def close(self, at: datetime) -> None:
        """The term is over. Units with an open objection stay held back."""
        self._in(PublicityState.OPEN)
        if self.until is None or at < self.until:
            raise IllegalTransition("公示期尚未结束。", rule=RULE)
        self.state = PublicityState.CLOSED
        self._touch("closed")

    def ripe(self) -> list[Entry]:
        """Entries whose outcome is certain and was not handed on yet."""
        return [entry for entry in self.entries.values() if not entry.settled and self._certain(entry)]

    def _certain(self, entry: Entry) -> bool:
        if entry.state is EntryState.UPHELD:
            return True
        return self.state is PublicityState.CLOSED and entry.state is not EntryState.OBJECTED

    def _entry(self, submission_id: str) -> Entry:
        entry = self.entries.get(submission_id)
        if entry is None:
            raise OutsideCompetence("没有找到所请求的内容，或您无权查看。")
        return entry

    def _acting(self, by: Official, role: str) -> None:
        if by.authority != self.authority:
            raise OutsideCompetence("没有找到所请求的内容，或您无权查看。")
        if not by.may(role):
            raise RoleRequired("此事项只能由本级审批人员办理。" if role == APPROVER else "此事项只能由本级人员办理。")

    def _in(self, *states: PublicityState) -> None:
        if self.state not in states:
            raise IllegalTransition(f"公示为“{PUBLICITY_NAMES[self.state]}”，不能这样办理。", rule=RULE)

    def _touch(self, what: str, reason: str = "") -> None:
        self.version += 1
        self.events.append(
            happened.PublicityChanged(
                self.id,
                self.list_id,
                str(self.state),
                self.until,
                tuple(
                    happened.EntrySnapshot(one.submission_id, one.unit_id, one.name, str(one.state))
                    for one in self.entries.values()
                ),
                self.days,
                self.provisional,
                self.campaign_id,
                self.version,
                what,
                reason,
            )
        )
