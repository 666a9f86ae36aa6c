"""The demo clock (演示时钟): its offset lives in the data folder, so a second start goes on where the first stopped."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gf_chassis.clock import Clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: 2025-10-20 09:00 in Beijing: the campaign of the demo is open, and no date of it is over.
DEMO_STARTS = datetime(2025, 10, 20, 9, 0, tzinfo=SHANGHAI)
#: No wider than the calendar goes with us.
LATEST = datetime(2035, 1, 1, tzinfo=SHANGHAI)


class WrongTime(Exception):
    """The clock does not go there; the text says why."""


class DemoClock:
    """Keeps the offset of one `Clock`."""

    def __init__(self, folder: Path, starts: datetime = DEMO_STARTS) -> None:
        self._file = folder / "clock.json"
        if self._file.exists():
            seconds = float(json.loads(self._file.read_text(encoding="utf-8"))["offset_seconds"])
            offset = timedelta(seconds=seconds)
        else:
            offset = starts - datetime.now(UTC)
            self._write(offset)
        self.clock = Clock(offset)

    def now(self) -> datetime:
        return self.clock.now().astimezone(SHANGHAI)

    def move_to(self, instant: datetime) -> datetime:
        """Forward only: what was recorded must stay in the past."""
        if instant.tzinfo is None:
            raise WrongTime("请写明时区，例如 2025-11-21T09:00:00+08:00。")
        if instant <= self.clock.now():
            raise WrongTime(f"时钟只能向前调整；现在是 {self.now():%Y-%m-%d %H:%M}（北京时间）。")
        if instant > LATEST:
            raise WrongTime(f"时钟最远只能调到 {LATEST:%Y-%m-%d}。")
        offset = instant - datetime.now(UTC)
        # On disk first: after a kill the clock must not stand before what was recorded.
        self._write(offset)
        self.clock.set_offset(offset)
        return self.now()

    def _write(self, offset: timedelta) -> None:
        making = self._file.with_suffix(".new")
        making.write_text(json.dumps({"offset_seconds": offset.total_seconds()}), encoding="utf-8")
        making.replace(self._file)
