"""Answers leave in one write, in order, and not later than the connection is closed."""

from __future__ import annotations

import asyncio
from typing import Any

from gf_chassis.one_write import Gathering, OneWriteProtocol
from gf_chassis.serve import config


class Kept:
    """A transport that keeps what it was given."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.calls


def made() -> tuple[Kept, Any]:
    kept = Kept()
    return kept, Gathering(kept, asyncio.get_running_loop())  # type: ignore[arg-type]


async def test_head_and_body_are_one_write_and_the_next_answer_another() -> None:
    kept, transport = made()
    transport.write(b"head ")
    transport.write(b"body")
    assert not kept.calls
    await asyncio.sleep(0)
    assert kept.calls == [b"head body"]
    transport.write(b"next")
    await asyncio.sleep(0)
    assert kept.calls == [b"head body", b"next"]


async def test_much_is_not_kept_so_that_a_slow_reader_slows_its_writer() -> None:
    kept, transport = made()
    transport.write(b"head")
    transport.write(b"x" * 100_000)
    assert [len(call) for call in kept.calls] == [100_004]
    transport.write(b"tail")
    await asyncio.sleep(0)
    assert kept.calls[1:] == [b"tail"]


async def test_closing_writes_first_and_all_else_is_the_transports_own() -> None:
    kept, transport = made()
    transport.write(b"last")
    transport.close()
    assert kept.calls == [b"last", "closed"]
    assert transport.is_closing()
    await asyncio.sleep(0)
    assert kept.calls == [b"last", "closed"]


def test_what_is_served_is_served_so() -> None:
    assert config(object(), host="127.0.0.1", port=0, drain_seconds=1).http is OneWriteProtocol
