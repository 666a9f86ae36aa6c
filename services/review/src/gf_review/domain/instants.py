"""Instants as people read them (北京时间)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def until(closing: datetime) -> str:
    """The end of a half-open window: midnight is the end of the day before, which counts in full."""
    local = closing.astimezone(SHANGHAI)
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        return f"{local - timedelta(days=1):%Y-%m-%d}（当日有效）"
    return f"{local:%Y-%m-%d %H:%M}"


def since(opening: datetime) -> str:
    return f"{opening.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
