"""Tables as files: no cell is a formula; memory that does not grow."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator

import pytest

from gf_registry.entrypoints import exports


@pytest.mark.parametrize("text", ["=1+1", "＝1", "+1", "-1", "@x", "\t=1", " =1", "　=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert exports.cell(text) == "'" + text


async def many(count: int, page: int) -> AsyncIterator[list[list[object]]]:
    for start in range(0, count, page):
        yield [[n, f"绿源机械有限公司{n}", "91440606MA4UUUUU0X", "440606"] for n in range(start, start + page)]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_memory_does_not_grow_with_the_table(kind: str) -> None:
    peaks = []
    for count in (20, 100, 400):
        if count > 20:  # the first one only loads what is needed
            tracemalloc.start()
        table = exports.Table("x", "x", ("a", "b", "c", "d"), many(count, 50))
        answer = await exports.answer(table, kind)  # type: ignore[arg-type]
        async for _ in answer.body_iterator:
            pass
        if count > 20:
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2
