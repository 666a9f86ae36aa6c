"""Campaign (申报批次): a base policy in force, opened by a steward, with windows that lower levels may only tighten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from uuid import UUID

from gf_intake.domain.errors import (
    CampaignNotOpen,
    DateNotAllowed,
    FieldError,
    IllegalTransition,
    PolicyNotInForce,
    WindowClosed,
)

SUBMIT = "submit"
_BEIJING = timezone(timedelta(hours=8))


class CampaignState(StrEnum):
    """Stored words of a campaign's state."""

    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Policy:
    """The base policy as the book of policies knows it."""

    id: str
    version: str
    hash: str
    valid_from: date
    valid_to: date | None  # first day out of force

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Window:
    """Half open: opens_at <= instant < closes_at, so the last day counts in full (China standard time)."""

    act: str
    authority: str  # who set it; "" for the campaign's own
    opens_at: datetime
    closes_at: datetime
    rule: str = "N25-dates"
    article: str = ""

    def contains(self, instant: datetime) -> bool:
        return self.opens_at <= instant < self.closes_at


@dataclass(frozen=True, slots=True)
class DateSet:
    """An act under the law: an authority set or extended its date, with document and person. Appended."""

    act: str
    authority: str
    closes_at: datetime
    document: str
    person: str
    recorded_at: datetime
    extends: bool


@dataclass(slots=True)
class Campaign:
    """The aggregate. Overlays are chosen by each submission's route; the base policy is fixed at opening."""

    id: UUID
    name: str
    year: int
    policy: Policy
    owner: str  # authority that runs it
    categories: tuple[str, ...]
    kinds: tuple[str, ...]
    state: CampaignState = CampaignState.ANNOUNCED
    dates: tuple[DateSet, ...] = ()
    renewal_document: str = ""
    version: int = 1
    event_number: int = 0
    links: tuple[dict[str, str], ...] = field(default_factory=tuple)  # guides, videos, contacts of the campaign page

    def open(self, today: date) -> None:
        """开始申报: only under a policy in force, unless its renewal is on the record (GD-32)."""
        if self.state is not CampaignState.ANNOUNCED:
            raise IllegalTransition("该批次已经开始或已经结束。")
        if not self.policy.in_force(today) and not self.renewal_document:
            raise PolicyNotInForce(
                f"政策 {self.policy.id} 在 {today.isoformat()} 不在有效期内"
                f"(自 {self.policy.valid_from.isoformat()} 起施行),不能据以组织申报;如已延期,请先登记延期文件。",
                errors=(FieldError("/policy", "policy_not_in_force", "政策不在有效期内"),),
            )
        self._move(CampaignState.OPEN)

    def set_date(self, set_: DateSet, opens_at: datetime, above: Window | None) -> None:
        """提前或延长截止时间, on the record. `above`: the window the levels above leave; none for the campaign's owner.

        A lower level may set an earlier date only; whoever set a date may extend it, up to what the levels above leave.
        """
        if self.state is CampaignState.CLOSED:
            raise CampaignNotOpen("该批次已经结束,不能再调整时间。")
        if above is not None and set_.closes_at > above.closes_at:
            raise DateNotAllowed(
                f"上级规定的截止时间为{local(above.closes_at)},本级只能规定更早的时间;如需延长,由规定该时间的部门办理。",
                article=above.article or None,
                errors=(FieldError("/closes_at", "later_than_superior", "晚于上级规定的时间"),),
            )
        if set_.closes_at <= opens_at:
            raise DateNotAllowed(
                "截止时间不能早于开始时间。", errors=(FieldError("/closes_at", "before_opening", "早于开始时间"),)
            )
        self.dates = (*self.dates, set_)
        self.version += 1

    def close(self) -> None:
        """结束: every window is over; the control total goes out with it."""
        if self.state is not CampaignState.OPEN:
            raise IllegalTransition("该批次没有在进行。")
        self._move(CampaignState.CLOSED)

    def _move(self, state: CampaignState) -> None:
        self.state = state
        self.version += 1

    def window(self, law: Window, chain: Iterable[str]) -> Window:
        """The window that holds for a unit: the law's, then each date set on the way down its line of authorities."""
        return tightest(law, self.dates, tuple(chain), self.owner)

    def runs(self, category: str, kind: str) -> bool:
        return category in self.categories and kind in self.kinds

    def next_event(self) -> int:
        """Number of the next published event of this campaign; kept in its row, under its lock."""
        self.event_number += 1
        return self.event_number


def tightest(law: Window, dates: Iterable[DateSet], chain: Sequence[str], owner: str) -> Window:
    """Law and recorded dates folded: each authority's own latest date holds, and the earliest of them decides.

    `chain` runs from the unit's superior up to the ministry.
    """
    own: dict[str, Window] = {law.authority or owner: law}
    for set_ in dates:
        if set_.act == law.act and (set_.authority in chain or set_.authority == owner):
            own[set_.authority] = Window(
                law.act, set_.authority, law.opens_at, set_.closes_at, law.rule, set_.document or law.article
            )
    return min(own.values(), key=lambda window: window.closes_at)


def require_open(campaign_state: str, window: Window, now: datetime) -> None:
    """The deadline is decided by the database clock of the admitting transaction."""
    if campaign_state != CampaignState.OPEN:
        word = "尚未开始" if campaign_state == CampaignState.ANNOUNCED else "已经结束"
        raise CampaignNotOpen(f"该批次{word},不能上报。", article=window.article or None)
    if now < window.opens_at:
        raise WindowClosed(
            f"申报自 {local(window.opens_at)} 开始,现在不能上报。", rule=window.rule, article=window.article or None
        )
    if now >= window.closes_at:
        raise WindowClosed(
            f"申报已于 {local(window.closes_at)} 截止(依据:{window.article or window.rule}),不能上报。",
            rule=window.rule,
            article=window.article or None,
        )


def local(instant: datetime) -> str:
    """北京时间, to the minute."""
    return instant.astimezone(_BEIJING).strftime("%Y年%m月%d日 %H:%M")


def last_close(windows: Sequence[Window], dates: Iterable[DateSet]) -> datetime:
    """When nobody can submit any more: the latest close of any authority, extensions included."""
    latest: dict[str, datetime] = {}
    for window in windows:
        latest[window.authority] = max(window.closes_at, latest.get(window.authority, window.closes_at))
    for date_set in dates:
        if date_set.act == SUBMIT:
            latest[date_set.authority] = date_set.closes_at
    return max(latest.values())
