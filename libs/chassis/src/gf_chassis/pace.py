"""The pace 节奏 of relays and consumers: how long they rest after a batch, so that more gathers for the next one.

What a transaction costs the database is shared by all that is in it. At the rates of a deadline longer rests spare it
much; while little comes they would only make people wait.
"""

from typing import Final

#: Seconds, in all.
_LEAST: Final = 0.05
_MOST: Final = 0.1
_EACH: Final = 0.002


def rest(found: int) -> float:
    """Seconds to rest after so many rows or events, where more could have been taken: 2 ms each, 50 to 100 ms."""
    return min(_MOST, max(_LEAST, found * _EACH))
