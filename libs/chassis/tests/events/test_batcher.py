"""Natural batching: groups form by themselves, errors stay with their item."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gf_chassis.batcher import Batcher, Flush
from gf_chassis.errors import Transient


def held_up() -> tuple[list[list[int]], asyncio.Event, Flush[int, int]]:
    """A flush that waits for the event, and the groups it was given."""
    groups: list[list[int]] = []
    go = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        groups.append(list(items))
        await go.wait()
        return list(items)

    return groups, go, flush


async def test_what_gathers_while_one_group_is_written_forms_the_next() -> None:
    groups: list[int] = []
    go = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        groups.append(len(items))
        await go.wait()
        return [item * 2 for item in items]

    batcher = Batcher(flush, cap=3)
    tasks = [asyncio.create_task(batcher.submit(n)) for n in range(8)]
    await asyncio.sleep(0.01)
    assert groups == [3]
    go.set()
    assert await asyncio.gather(*tasks) == [n * 2 for n in range(8)]
    assert groups == [3, 3, 2]


async def test_an_error_reaches_its_own_caller_only() -> None:
    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        return [ValueError("odd") if item % 2 else item for item in items]

    batcher = Batcher(flush)
    answers = await asyncio.gather(*(batcher.submit(n) for n in range(4)), return_exceptions=True)
    assert answers[0::2] == [0, 2]
    assert all(isinstance(answer, ValueError) for answer in answers[1::2])


async def test_a_failed_flush_fails_the_group_and_the_next_one_goes_on() -> None:
    broken = True

    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        if broken:
            raise ConnectionResetError
        return list(items)

    batcher = Batcher(flush)
    with pytest.raises(ConnectionResetError):
        await batcher.submit(1)
    broken = False
    assert await batcher.submit(2) == 2


async def test_a_caller_that_leaves_does_not_disturb_the_others() -> None:
    go = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        await go.wait()
        return list(items)

    batcher = Batcher(flush)
    leaving = asyncio.create_task(batcher.submit(1))
    staying = asyncio.create_task(batcher.submit(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    go.set()
    assert await staying == 2


async def test_too_many_waiting_are_shed_and_closing_finishes_what_was_taken() -> None:
    go = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        await go.wait()
        return list(items)

    batcher = Batcher(flush, cap=1, waiting_limit=2)
    first = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(batcher.submit(n)) for n in (2, 3)]
    await asyncio.sleep(0.01)
    with pytest.raises(Transient):
        await batcher.submit(4)
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    with pytest.raises(Transient):
        await batcher.submit(5)
    go.set()
    await closing
    assert [await task for task in (first, *others)] == [1, 2, 3]


async def test_two_flushers_work_side_by_side_and_nothing_stays_behind() -> None:
    groups, go, flush = held_up()
    batcher = Batcher(flush, cap=3, flushers=2, worth=1)
    tasks = [asyncio.create_task(batcher.submit(n)) for n in range(8)]
    await asyncio.sleep(0.01)
    assert groups == [[0, 1, 2], [3, 4, 5]]
    go.set()
    assert await asyncio.gather(*tasks) == list(range(8))
    # Whoever comes right after the last look at the queue is not forgotten.
    for n in range(50):
        assert await asyncio.wait_for(batcher.submit(n), 5) == n
    await batcher.close()


async def test_a_second_flusher_starts_for_a_group_that_is_worth_it() -> None:
    groups, go, flush = held_up()
    batcher = Batcher(flush, flushers=2, worth=3)
    tasks = [asyncio.create_task(batcher.submit(0))]
    await asyncio.sleep(0.01)
    assert groups == [[0]]  # alone: at once
    tasks += [asyncio.create_task(batcher.submit(n)) for n in (1, 2)]
    await asyncio.sleep(0.01)
    assert groups == [[0]]  # beside one under way two rather wait for more
    tasks.append(asyncio.create_task(batcher.submit(3)))
    await asyncio.sleep(0.01)
    assert groups == [[0], [1, 2, 3]]
    tasks.append(asyncio.create_task(batcher.submit(4)))
    go.set()
    assert await asyncio.wait_for(asyncio.gather(*tasks), 5) == [0, 1, 2, 3, 4]
    assert groups[-1] == [4]


async def test_beside_a_large_group_a_second_one_is_as_large() -> None:
    groups, go, flush = held_up()
    batcher = Batcher(flush, flushers=2, worth=1)
    tasks = [asyncio.create_task(batcher.submit(n)) for n in range(3)]
    await asyncio.sleep(0.01)
    tasks += [asyncio.create_task(batcher.submit(n)) for n in (3, 4)]
    await asyncio.sleep(0.01)
    assert groups == [[0, 1, 2]]
    tasks.append(asyncio.create_task(batcher.submit(5)))
    await asyncio.sleep(0.01)
    assert groups == [[0, 1, 2], [3, 4, 5]]
    go.set()
    assert await asyncio.wait_for(asyncio.gather(*tasks), 5) == list(range(6))


async def test_what_has_arrived_but_is_still_on_its_way_joins_the_group() -> None:
    groups: list[list[int]] = []

    async def flush(items: Sequence[int]) -> Sequence[int | BaseException]:
        groups.append(list(items))
        return list(items)

    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await batcher.submit(turns)

    batcher = Batcher(flush)
    assert await asyncio.gather(*(after(turns) for turns in range(20))) == list(range(20))
    assert groups == [list(range(20))]
