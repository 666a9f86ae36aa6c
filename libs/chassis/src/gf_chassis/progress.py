"""Progress of a worker 进度: what readiness looks at. A task that is alive but moves nothing is not ready.

Written by relay and consumers, read by ``/readyz`` and ``/metrics`` of the same process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gf_chassis.readers.port import ReaderState


@dataclass
class Part:
    """One thing that must move: the relay, or a consumer group."""

    name: str
    #: What stopped it for good, in a few words; a person must look.
    stopped: str = ""
    #: The last trouble it is retrying through, with the monotonic time it began.
    trouble: str = ""
    trouble_since: float = 0.0
    #: Last time it worked or found nothing to do.
    last_step: float = field(default_factory=time.monotonic)
    #: Last time it worked, found nothing to do, or said what keeps it: whatever shows that its loop runs.
    last_sign: float = field(default_factory=time.monotonic)
    #: Age in seconds of the last event applied, at that moment.
    last_age: float | None = None
    #: Counters by name: applied, duplicate, skipped, held, …
    counts: dict[str, int] = field(default_factory=dict)
    reader: ReaderState | None = None

    def step(self) -> None:
        self.last_step = self.last_sign = time.monotonic()
        self.trouble = ""

    def sign(self) -> None:
        """It is at work, and not done yet: what it struggles with is not over."""
        self.last_sign = time.monotonic()

    def struggle(self, trouble: str) -> None:
        self.sign()
        if not self.trouble:
            self.trouble_since = self.last_sign
        self.trouble = trouble

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by

    @property
    def lag(self) -> int | None:
        """Records that wait, over all lanes; None where nothing is known."""
        known = [lane.lag for lane in self.reader.lanes.values() if lane.lag is not None] if self.reader else []
        return sum(known) if known else None

    def problem(self, stuck_after: float, now: float) -> str | None:
        """Why this part is not well, or None."""
        if self.stopped:
            return self.stopped
        if self.trouble and now - self.trouble_since > stuck_after:
            return self.trouble
        if now - self.last_step > stuck_after:
            return f"no step for {now - self.last_step:.0f} s"
        if self.reader is not None:
            for lane, state in list(self.reader.lanes.items()):
                if now - state.answered_at > stuck_after:
                    return f"{lane}: no answer for {now - state.answered_at:.0f} s"
                if state.lag and now - state.advanced_at > stuck_after:
                    return f"{lane}: {state.lag} wait, no step for {now - state.advanced_at:.0f} s"
        return None


class ProgressWatch:
    """All moving parts of this process, by service."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._parts: dict[str, Part] = {}
        self._clock = clock

    def part(self, name: str) -> Part:
        """The part of this name, made when it is new."""
        return self._parts.setdefault(name, Part(name))

    def forget(self, name: str) -> None:
        self._parts.pop(name, None)

    @property
    def parts(self) -> list[Part]:
        return list(self._parts.values())

    def problems(self, stuck_after: float = 60.0) -> dict[str, str]:
        """Part → why it is not well. Empty: ready."""
        now = self._clock()
        found = {part.name: part.problem(stuck_after, now) for part in self.parts}
        return {name: problem for name, problem in found.items() if problem}

    def hung(self, after: float) -> dict[str, str]:
        """Part → for how long its loop has given no sign, neither a step nor a trouble. Only a restart helps those;
        one that was stopped by the brake or waits for a database that is away is not among them."""
        now = self._clock()
        return {
            part.name: f"no sign for {now - part.last_sign:.0f} s"
            for part in self.parts
            if not part.stopped and now - part.last_sign > after
        }


#: One per service and process: ``watch("intake")``.
_WATCHES: dict[str, ProgressWatch] = {}


def watches() -> dict[str, ProgressWatch]:
    """All services at work in this process."""
    return dict(_WATCHES)


def watch(service: str) -> ProgressWatch:
    return _WATCHES.setdefault(service, ProgressWatch())
