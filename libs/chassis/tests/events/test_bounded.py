"""A cancellation that nobody asked for must not end a consumer or a relay."""

from __future__ import annotations

import asyncio

import pytest

from gf_chassis.bounded import asked_to_stop, finish


async def stray() -> None:
    raise asyncio.CancelledError


async def test_a_stray_cancellation_is_an_answer() -> None:
    assert isinstance(await finish(stray(), 1), asyncio.CancelledError)
    assert not asked_to_stop()


async def test_errors_and_hanging_are_answers() -> None:
    async def broken() -> None:
        raise ValueError("x")

    assert isinstance(await finish(broken(), 1), ValueError)
    assert isinstance(await finish(asyncio.sleep(60), 0.01), TimeoutError)
    assert await finish(asyncio.sleep(0), 1) is None


async def test_a_real_cancellation_is_told_apart() -> None:
    told: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            told.append(asked_to_stop())
            raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == [True]
