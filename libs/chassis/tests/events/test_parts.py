"""Small parts that need no server."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import pytest
from aiokafka.partitioner import murmur2 as reference
from sqlalchemy.exc import DBAPIError

from gf_chassis import crashpoints
from gf_chassis.errors import Conflict, Poison, Transient
from gf_chassis.faults import family
from gf_chassis.journal import EventPosition, first_unknown, first_unspecified
from gf_chassis.partitioning import murmur2, murmur2_many
from gf_chassis.progress import ProgressWatch
from gf_chassis.readers.port import Lane, LaneState, ReaderState
from greenladder.common.v1 import common_pb2 as common
from greenladder.intake.v1 import submissions_pb2 as submissions


def test_partitions_are_those_of_other_clients() -> None:
    rng = random.Random(7)
    for length in range(70):
        data = [rng.randbytes(length) for _ in range(20)]
        assert [murmur2(one) for one in data] == [reference(one) for one in data]
        assert murmur2_many(data) == [reference(one) for one in data]
    mixed = [rng.randbytes(n % 9) for n in range(30)]
    assert murmur2_many(mixed) == [reference(one) for one in mixed]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Transient("x"), "transient"),
        (ConnectionResetError(), "transient"),
        (TimeoutError(), "transient"),
        (asyncpg.DeadlockDetectedError("x"), "transient"),
        (asyncpg.SerializationError("x"), "transient"),
        (asyncpg.AdminShutdownError("x"), "transient"),
        (asyncpg.CannotConnectNowError("x"), "transient"),
        (DBAPIError("x", {}, asyncpg.QueryCanceledError("x")), "transient"),
        (asyncpg.UniqueViolationError("x"), "unknown"),
        (DBAPIError("x", {}, asyncpg.UndefinedColumnError("x")), "unknown"),
        (ZeroDivisionError(), "unknown"),
        (Poison("x"), "poison"),
        (Conflict("a", "b"), "poison"),
    ],
)
def test_families_of_errors(error: Exception, kind: str) -> None:
    assert family(error) == kind


def test_unknown_and_unspecified_enum_values_are_found_at_any_depth() -> None:
    message = submissions.SubmissionAdmitted(facts=[common.Fact(presence=common.PRESENCE_GIVEN), common.Fact()])
    assert first_unspecified(message) == "facts[1].presence"
    assert first_unknown(message) is None
    later = common.Fact.FromString(message.facts[0].SerializeToString())
    later.presence = 99  # type: ignore[assignment]
    message.facts.append(later)
    assert first_unknown(message) == "facts[2].presence"


@pytest.mark.parametrize("text", ["", "a/b", "a/b/x", "a/b/-1", "/b/1", "a//1", "a/b/9999999999", "a/b/１"])
def test_a_position_that_is_none(text: str) -> None:
    assert EventPosition.parse(text) is None


def test_a_position_is_read_back() -> None:
    position = EventPosition("registry.editions", "national:miit:factory", 12)
    assert EventPosition.parse(str(position)) == position
    assert EventPosition.parse("t/a/b/3") == EventPosition("t", "a/b", 3)


def test_crash_points_are_silent_unless_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in crashpoints.POINTS:
        crashpoints.reach(name)
    monkeypatch.setenv("GF_CRASH_POINT", "uow.before_commit:3")
    assert crashpoints._armed() == ("", 0)
    monkeypatch.setenv("GF_TEST_BUILD", "1")
    assert crashpoints._armed() == ("uow.before_commit", 3)
    monkeypatch.setenv("GF_CRASH_POINT", "no.such.point")
    with pytest.raises(ValueError, match="unknown crash point"):
        crashpoints._armed()


def test_readiness_watches_progress() -> None:
    now = 1000.0
    progress = ProgressWatch(lambda: now)
    part = progress.part("consumer:x")
    part.last_step = now
    lane = LaneState(answered_at=now, advanced_at=now, lag=5)
    part.reader = ReaderState({Lane("t", 1): lane})
    assert progress.problems(60) == {}
    now += 61
    part.last_step = lane.answered_at = now
    assert "5 wait" in progress.problems(60)["consumer:x"]
    lane.lag = 0
    assert progress.problems(60) == {}
    lane.answered_at -= 100
    assert "no answer" in progress.problems(60)["consumer:x"]
    lane.answered_at = now
    part.struggle("the database is away")
    part.trouble_since = now - 61
    assert progress.problems(60)["consumer:x"] == "the database is away"
    part.stopped = "brake"
    assert progress.problems(60)["consumer:x"] == "brake"


async def test_asyncio_timeouts_are_transient() -> None:
    with pytest.raises(TimeoutError) as late:
        await asyncio.wait_for(asyncio.sleep(1), 0.001)
    assert family(late.value) == "transient"
