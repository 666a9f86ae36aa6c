"""Keeps how far the story has been told, so that a start after a kill goes on from there."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gf_standalone.timepiece import DemoClock


class Narrator:
    def __init__(self, folder: Path, clock: DemoClock, say: Callable[[str], None]) -> None:
        self._file = folder / "demo.json"
        self._clock = clock
        self._say = say
        known = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        self._results: dict[str, Any] = known.get("results", {})
        self._lines: list[str] = known.get("lines", [])
        self._done: bool = known.get("done", False)
        self._told_now = False
        self.doing = "尚未开始"

    @property
    def state(self) -> str:
        return "done" if self._done else self.doing

    @property
    def is_done(self) -> bool:
        return self._done

    async def step(self, name: str, line: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do the work once and remember what came of it. The work itself must stand being done again after a kill."""
        if name in self._results:
            return self._results[name]
        self.doing = line
        result = await work()
        self._results[name] = result
        self._lines.append(f"{self._clock.now():%m-%d %H:%M}  {line}")
        self._say(f"[演示] {self._lines[-1]}")
        self._told_now = True
        self._write()
        return result

    def finish(self) -> None:
        self._done = True
        self._write()

    def recount(self) -> None:
        """The timeline again, for a start that had nothing left to tell."""
        if self._told_now:
            return
        self._say("演示申报的经过（演示时钟）：")
        for line in self._lines:
            self._say(f"  {line}")

    def _write(self) -> None:
        making = self._file.with_suffix(".new")
        text = json.dumps(
            {"results": self._results, "lines": self._lines, "done": self._done}, ensure_ascii=False, indent=1
        )
        making.write_text(text, encoding="utf-8")
        making.replace(self._file)
