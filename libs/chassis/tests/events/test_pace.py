"""How long relays and consumers rest: not long where little comes, bounded where much does."""

from gf_chassis.pace import rest


def test_the_more_was_found_the_longer_within_bounds() -> None:
    assert [rest(found) for found in (0, 1, 25, 40, 50, 10_000)] == [0.05, 0.05, 0.05, 0.08, 0.1, 0.1]
