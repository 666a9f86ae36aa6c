"""How long a level still has (剩余天数): whole days in Beijing, the last day counts in full (N25-dates)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from gf_review.domain.instants import SHANGHAI

#: A level is warned from here on (临近截止); reminders go out at 30, 7 and 1 days.
NEAR_DAYS = 7


def last_day(closing: datetime) -> date:
    """The last day on which something can be done before a half-open window closes."""
    return (closing.astimezone(SHANGHAI) - timedelta(microseconds=1)).date()


def days_left(closing: datetime, now: datetime) -> int:
    """0 on the last day, negative once the window is over."""
    if now >= closing:
        return min(-1, (last_day(closing) - now.astimezone(SHANGHAI).date()).days)
    return (last_day(closing) - now.astimezone(SHANGHAI).date()).days


def mark(closing: datetime | None, now: datetime) -> str:
    """overdue 已逾期, near 临近截止, or nothing."""
    if closing is None:
        return ""
    left = days_left(closing, now)
    return "overdue" if left < 0 else "near" if left <= NEAR_DAYS else ""
