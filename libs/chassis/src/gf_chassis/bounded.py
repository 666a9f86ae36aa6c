"""Waiting for what may hang, or end in a cancellation that nobody asked for (有界等待).

aiokafka cancels tasks of its own while it stops; such a CancelledError can come out of ``stop()`` and would end the
task that called it, though nobody cancelled that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def finish(work: Coroutine[Any, Any, Any], seconds: float) -> BaseException | None:
    """Do it in a task of its own, no longer than this; returns what went wrong instead of raising it."""
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        return TimeoutError(f"not done in {seconds:.0f} s")
    if task.cancelled():
        return asyncio.CancelledError()
    return task.exception()


def asked_to_stop() -> bool:
    """Whether a CancelledError that was just caught is meant for the running task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
