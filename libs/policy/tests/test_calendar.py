from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest

from gf_policy.book import Book


@pytest.mark.rule("GD-13-publicity")
def test_committed_calendar_equals_the_seed(book: Book) -> None:
    day = date(2023, 1, 1)
    while day.year <= 2026:
        assert book.calendar.is_working_day(day) is chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


@pytest.mark.rule("GD-13-publicity")
def test_ten_working_days_over_two_holidays(book: Book) -> None:
    assert book.calendar.add_working_days(date(2026, 9, 23), 10) == (date(2026, 10, 14), False)


def test_no_days_end_at_once_and_negative_ones_are_refused(book: Book) -> None:
    assert book.calendar.add_working_days(date(2026, 9, 26), 0) == (date(2026, 9, 26), False)
    with pytest.raises(ValueError, match="negative"):
        book.calendar.add_working_days(date(2026, 9, 26), -1)


@pytest.mark.rule("GD-13-publicity")
def test_a_year_without_official_calendar_is_provisional(book: Book) -> None:
    assert book.calendar.provisional(2027)
    end, provisional = book.calendar.add_working_days(date(2026, 12, 30), 2)
    assert (end, provisional) == (date(2027, 1, 4), True)
    assert not book.calendar.is_working_day(date(2027, 10, 1))
