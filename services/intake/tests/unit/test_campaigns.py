"""Windows, earlier dates and extensions, policies in force."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from gf_intake.domain.campaigns import (
    Campaign,
    CampaignState,
    DateSet,
    Policy,
    Window,
    last_close,
    require_open,
    tightest,
)
from gf_intake.domain.errors import CampaignNotOpen, DateNotAllowed, PolicyNotInForce, WindowClosed

# 2025-11-07 counts in full in China: the window ends when the 8th begins there.
CLOSE = datetime(2025, 11, 7, 16, 0, tzinfo=UTC)
OPEN = CLOSE - timedelta(days=26)
LAW = Window("submit", "miit", OPEN, CLOSE, article="N25 三")
MICRO = timedelta(microseconds=1)


def campaign(**changes: object) -> Campaign:
    policy = Policy("national/2025/n25", "1", "h", date(2025, 10, 1), date(2026, 10, 1))
    return Campaign(UUID(int=1), "c", 2025, policy, "miit", ("factory",), ("application",), **changes)  # type: ignore[arg-type]


def date_set(authority: str, closes_at: datetime) -> DateSet:
    return DateSet("submit", authority, closes_at, "文号", "s", OPEN, False)


@pytest.mark.rule("N25-dates")
@pytest.mark.parametrize(("moment", "admitted"), [(CLOSE - MICRO, True), (CLOSE, False), (CLOSE + MICRO, False)])
def test_the_last_day_counts_in_full_and_the_window_is_half_open(moment: datetime, admitted: bool) -> None:
    if admitted:
        require_open("open", LAW, moment)
        return
    with pytest.raises(WindowClosed) as refused:
        require_open("open", LAW, moment)
    assert "2025年11月08日 00:00" in refused.value.detail
    assert refused.value.article == "N25 三"


@pytest.mark.rule("N25-dates")
@pytest.mark.parametrize("state", ["announced", "closed"])
def test_only_an_open_campaign_admits(state: str) -> None:
    with pytest.raises(CampaignNotOpen):
        require_open(state, LAW, OPEN)
    with pytest.raises(WindowClosed):
        require_open("open", LAW, OPEN - MICRO)


@pytest.mark.rule("N25-dates")
def test_a_lower_level_may_set_an_earlier_date_only() -> None:
    one = campaign(state=CampaignState.OPEN)
    with pytest.raises(DateNotAllowed):
        one.set_date(date_set("cq", CLOSE + MICRO), OPEN, above=LAW)
    one.set_date(date_set("cq", CLOSE - timedelta(days=4)), OPEN, above=LAW)
    assert one.window(LAW, ("cq.yubei", "cq", "miit")).closes_at == CLOSE - timedelta(days=4)
    assert one.window(LAW, ("gd", "miit")).closes_at == CLOSE
    # Who set a date may extend it, up to what the levels above leave.
    one.set_date(date_set("cq", CLOSE - timedelta(days=1)), OPEN, above=LAW)
    assert one.window(LAW, ("cq.yubei", "cq", "miit")).closes_at == CLOSE - timedelta(days=1)
    with pytest.raises(DateNotAllowed):
        one.set_date(date_set("cq", OPEN), OPEN, above=LAW)


@pytest.mark.rule("N25-dates")
def test_an_extension_from_above_leaves_a_lower_date_as_it_is() -> None:
    one = campaign(state=CampaignState.OPEN)
    longer = CLOSE + timedelta(days=7)
    one.set_date(date_set("cq", CLOSE - timedelta(days=4)), OPEN, above=LAW)
    one.set_date(date_set("miit", longer), OPEN, above=None)
    assert one.window(LAW, ("gd", "miit")).closes_at == longer
    assert one.window(LAW, ("cq.yubei", "cq", "miit")).closes_at == CLOSE - timedelta(days=4)
    assert tightest(LAW, one.dates, ("gd", "miit"), "miit").authority == "miit"
    assert last_close([LAW], one.dates) == longer


@pytest.mark.rule("GD-32")
def test_a_policy_out_of_force_opens_nothing_without_a_renewal() -> None:
    with pytest.raises(PolicyNotInForce) as refused:
        campaign().open(date(2026, 10, 1))
    assert refused.value.rule == "GD-32"
    renewed = campaign(renewal_document="延期文件〔2026〕1号")
    renewed.open(date(2026, 10, 1))
    assert renewed.state is CampaignState.OPEN
    with pytest.raises(PolicyNotInForce):
        campaign().open(date(2025, 9, 30))
    campaign().open(date(2026, 9, 30))
