"""Crash points 崩溃点: named places at every commit, acknowledgement and publish edge where a test may kill us.

Nothing happens unless the process was started as a test build (``GF_TEST_BUILD=1``) with
``GF_CRASH_POINT=<name>[:<n>]``: the n-th time the point is reached the process sends itself SIGKILL, which no handler,
``finally`` or ``atexit`` sees. ``GF_CRASH_MARK`` may name a file that is written first, as proof that it was met.
The fault suite walks ``POINTS``, so an edge that is added without a test fails there; ``reach`` refuses a name that is
not listed.
"""

import os
import signal
from pathlib import Path
from typing import Final

#: Every edge, with what is at stake there.
POINTS: Final[dict[str, str]] = {
    "uow.before_commit": "state and journal row are written, not yet committed: nothing may remain",
    "uow.after_commit": "committed, the caller was not told yet: a retry must find it done",
    "batcher.before_commit": "a group of items is written, not yet committed: none may remain",
    "batcher.after_commit": "a group is committed, none of its callers was told",
    "http.after_commit_before_answer": "committed, the answer is not sent: a retry gets the first answer",
    "relay.before_publish": "rows are read from the journal, not yet sent to the broker",
    "relay.after_ack": "the broker has acknowledged, the progress is not recorded: sent again, in effect once",
    "relay.after_mark": "progress is recorded: nothing is skipped",
    "consumer.before_commit": "position and effect are written, not yet committed",
    "consumer.after_commit": "position and effect are committed, the offset is not: redelivered, in effect once",
    "consumer.after_offsets": "offsets are committed too",
}


def _armed() -> tuple[str, int]:
    if os.environ.get("GF_TEST_BUILD") != "1":
        return "", 0
    name, _, count = os.environ.get("GF_CRASH_POINT", "").partition(":")
    if name and name not in POINTS:
        raise ValueError(f"unknown crash point {name!r}")
    return name, int(count or 1)


_name, _left = _armed()


def reach(name: str) -> None:
    """Die here if the test said so. Free of cost otherwise: one comparison."""
    if name != _name:
        return
    _die()


def _die() -> None:
    global _left
    _left -= 1
    if _left > 0:
        return
    mark = os.environ.get("GF_CRASH_MARK")
    if mark:
        Path(mark).write_text(_name, encoding="utf-8")
    os.kill(os.getpid(), signal.SIGKILL)
