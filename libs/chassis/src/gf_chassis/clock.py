"""The clock: real time plus an offset that only the standalone mode may set (演示时钟)."""

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock:
    """Time in UTC. One instance per process; the database clock is shifted by the same ``offset``."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset
        self._lock = threading.Lock()

    @property
    def offset(self) -> timedelta:
        return self._offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def today(self) -> date:
        """The date in Asia/Shanghai, in which deadlines are decided (北京时间)."""
        return self.now().astimezone(SHANGHAI).date()

    def set_offset(self, offset: timedelta) -> None:
        """Move the clock. It never goes back: what was recorded must stay in the past."""
        with self._lock:
            if offset < self._offset:
                raise ValueError("时钟只能向前调整")
            self._offset = offset


class FixedClock(Clock):
    """A clock that stands still, for tests."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        if at.tzinfo is None:
            raise ValueError("naive datetime")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)
