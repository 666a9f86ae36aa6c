"""The golden examples of the events: those the registry hears are read, those it sends are what it would send."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from gf_proto.examples import examples
from gf_registry.adapters import contracts
from gf_registry.domain.bars import Bar, BarState
from gf_registry.domain.editions import Counts, Edition, EditionState
from gf_registry.domain.lists import GreenList, ListId
from gf_registry.domain.memberships import Membership, MembershipState, NameOnList
from gf_registry.domain.obligations import Obligation, ObligationState
from gf_registry.domain.standings import Standing

HEARD = {
    "greenladder.intake.v1.UnitChanged": contracts.unit,
    "greenladder.intake.v1.SubmissionAdmitted": contracts.submission,
    "greenladder.review.v1.ListingDecided": contracts.listing,
    "greenladder.review.v1.PublicityChanged": contracts.publicity,
    "greenladder.review.v1.CaseClosed": contracts.case_closed,
    "greenladder.scoring.v1.UnitRanked": contracts.unit_ranked,
    "greenladder.scoring.v1.RankingClosed": lambda m: contracts.ranking_closed(m, m.count + 1),
}


def all_of(*names: str) -> list[Any]:
    return [pytest.param(e, id=f"{e.event.rpartition('.')[2]}-{e.name}") for n in names for e in examples(n)]


@pytest.mark.parametrize("example", all_of(*HEARD))
def test_examples_are_understood(example: Any) -> None:
    assert HEARD[example.event](example.message)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@pytest.mark.parametrize("example", all_of("greenladder.registry.v1.MembershipChanged"))
def test_membership_as_sent(example: Any) -> None:
    m = example.message
    state = MembershipState(type(m).DESCRIPTOR.file.enum_types_by_name["MembershipState"].values_by_number[m.state]
                            .name.removeprefix("MEMBERSHIP_STATE_").lower())  # fmt: skip
    removed = state is MembershipState.REMOVED
    membership = Membership(
        UUID(m.membership_id), UUID(m.unit_id), ListId.parse(m.list_id), state, NameOnList(m.name_as_listed),
        UUID(m.submission_id) if m.HasField("submission_id") else None, m.year if m.HasField("year") else None,
        None if removed else _day(m.effective), UUID(m.edition_id) if m.HasField("edition_id") else None,
        _day(m.effective) if removed else None, m.ground,
    )  # fmt: skip
    assert contracts.membership_changed(Standing(UUID(m.unit_id)), membership).message == m


@pytest.mark.parametrize("example", all_of("greenladder.registry.v1.BarChanged"))
def test_bar_as_sent(example: Any) -> None:
    m = example.message
    bar = Bar(
        UUID(m.bar_id), UUID(m.unit_id), m.ground, m.article, "信用中国", date(2025, 6, 1),
        date.fromisoformat(getattr(m, "from")), _day(m.until), m.reason, BarState.IN_FORCE,
    )  # fmt: skip
    sent = contracts.bar_changed(Standing(UUID(m.unit_id)), bar).message
    assert {f.name for f, _ in sent.ListFields()} >= {f.name for f, _ in m.ListFields()}


def test_numbers_follow_each_other() -> None:
    standing = Standing(UUID(int=1))
    obligation = Obligation(UUID(int=2), standing.unit_id, 2026, "dynamic_form", date(2026, 4, 15))
    for number in (1, 2, 3):
        published = contracts.obligation_changed(standing, obligation)
        assert (published.topic, published.number) == ("registry.standings", number)
    assert obligation.state is ObligationState.OPEN


def test_edition_as_sent() -> None:
    list_id = ListId.parse("national:miit:factory")
    edition = Edition(
        UUID(int=3), list_id, 2025, "文件", date(2026, 3, 1), 7, EditionState.PUBLISHED,
        datetime(2026, 3, 1, tzinfo=UTC), b"{}", "ab", Counts(10, 3, 2, 1),
    )  # fmt: skip
    published = contracts.edition_published(GreenList(list_id), edition)
    assert (published.key, published.number) == (str(list_id), 1)
    message: Any = published.message
    assert (message.number, message.listed, message.added, message.removed, message.renamed) == (7, 10, 3, 2, 1)
    with pytest.raises(ValueError, match="published"):
        contracts.edition_published(GreenList(list_id), Edition(UUID(int=3), list_id, 2025, "文件"))
