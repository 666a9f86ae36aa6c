"""A list is the fold of its changes: at any date in law, as known at any position."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4, uuid5

import pytest

from gf_registry.domain.editions import Edition, EditionState, Line, compose
from gf_registry.domain.errors import IllegalTransition
from gf_registry.domain.lists import GreenList, ListId, Recorded
from gf_registry.domain.memberships import Change, ChangeKind, Effect, NameOnList, standing_at
from gf_registry.domain.statistics import Stand, count

LIST = ListId.parse("provincial:cq:factory")
T0 = datetime(2025, 10, 1, tzinfo=UTC)


def change(position: int, kind: ChangeKind, membership: UUID, name: str = "甲厂", unit: UUID | None = None) -> Change:
    recorded = Recorded(position, T0 + timedelta(days=position))
    return Change(uuid4(), LIST, recorded, membership, unit or uuid4(), kind, NameOnList(name, None, "500112"))


@pytest.mark.rule("reg-lists")
def test_any_past_date_and_what_was_known_then() -> None:
    m = uuid4()
    listed = Effect(change(1, ChangeKind.LISTED, m), date(2025, 3, 1), known=2)
    removed_late = Effect(change(3, ChangeKind.REMOVED, m), date(2025, 6, 1), known=4)
    effects = [listed, removed_late]

    def on(day: date, known: int) -> bool:
        return m in standing_at(effects, day, known)

    assert not on(date(2025, 2, 28), 9)
    assert on(date(2025, 3, 1), 9)
    assert not on(date(2025, 3, 1), 1)
    assert on(date(2025, 7, 1), 3)
    assert not on(date(2025, 7, 1), 4)
    assert on(date(2025, 5, 31), 4)


def test_rename_keeps_the_membership() -> None:
    m = uuid4()
    effects = [
        Effect(change(1, ChangeKind.LISTED, m, "旧名"), date(2025, 1, 1), 1),
        Effect(change(2, ChangeKind.RENAMED, m, "新名"), date(2025, 5, 1), 2),
    ]
    assert standing_at(effects, date(2025, 4, 1), 9)[m].entry.name == "旧名"
    assert standing_at(effects, date(2025, 5, 1), 1)[m].entry.name == "旧名"
    assert standing_at(effects, date(2025, 5, 1), 2)[m].entry.name == "新名"


def test_position_and_instant_only_grow() -> None:
    green = GreenList(LIST)
    first, second = green.record(T0), green.record(T0 - timedelta(hours=1))
    assert (first.position, second.position) == (1, 2)
    assert second.at > first.at
    with pytest.raises(ValueError, match="naive"):
        green.record(datetime(2025, 1, 1))  # noqa: DTZ001


@pytest.mark.rule("reg-lists")
def test_edition_freezes_bytes_and_counts() -> None:
    m, gone = uuid4(), uuid4()
    added = change(1, ChangeKind.LISTED, m)
    changes = [added, change(2, ChangeKind.REMOVED, gone), change(3, ChangeKind.RENAMED, m, "新名")]
    edition = Edition(uuid4(), LIST, 2025, "渝经信〔2025〕1号")
    before = {gone: Line(uuid4(), NameOnList("旧厂"))}
    frozen = compose(edition, number=1, effective=date(2025, 10, 1), standing=before, changes=changes)
    edition.publish(frozen, T0)
    assert edition.state is EditionState.PUBLISHED
    assert edition.content is not None
    assert edition.counts is not None
    assert edition.digest == hashlib.sha256(edition.content).hexdigest()
    assert (edition.counts.listed, edition.counts.added, edition.counts.removed, edition.counts.renamed) == (1, 1, 1, 1)
    content = json.loads(edition.content)
    assert (content["effective"], [e["name"] for e in content["entries"]]) == ("2025-10-01", ["新名"])
    with pytest.raises(IllegalTransition):
        edition.publish(frozen, T0)


def test_frozen_bytes_do_not_depend_on_order() -> None:
    a, b = change(1, ChangeKind.LISTED, uuid4(), "甲"), change(2, ChangeKind.LISTED, uuid4(), "乙")
    frozen = []
    for order in ([a, b], [b, a]):
        edition = Edition(UUID(int=1), LIST, 2025, "x")
        standing = {uuid5(UUID(int=9), n): Line(UUID(int=9), NameOnList(n)) for n in ("丙", "丁")}
        standing = dict(sorted(standing.items(), reverse=order[0] is b))
        made = compose(edition, number=1, effective=date(2025, 10, 1), standing=standing, changes=order)
        frozen.append(made.content)
    assert frozen[0] == frozen[1]


@pytest.mark.rule("DM-A1")
def test_statistics_in_two_columns() -> None:
    rows = count(
        [
            Stand("4401", "factory", frozenset({"national", "provincial"})),
            Stand("4401", "factory", frozenset({"provincial", "city"})),
            Stand("4403", "factory", frozenset({"national"})),
            Stand("4403", "factory", frozenset({"city"}), 9),
        ]
    )
    assert [(r.place, r.national_and_provincial, r.provincial_only, r.national_only) for r in rows] == [
        ("4401", 1, 1, 0),
        ("4403", 0, 0, 1),
    ]
