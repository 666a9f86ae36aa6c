"""CloudEvents 1.0, Kafka binary mode: attributes as headers, the protobuf message as the value.

Own binding because it sits in the hot path of relay and consumers; the CloudEvents SDK is the oracle in the tests.
``ce_id`` is ``<key>:<number>``, ``ce_source`` names the owning service, ``ce_subject`` is the key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from gf_chassis.errors import Poison

CONTENT_TYPE = "application/protobuf"

_SPECVERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", CONTENT_TYPE.encode())
_SOURCE_PREFIX = "/greenladder/"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers of a record say."""

    type: str
    source: str
    key: str
    number: int
    id: str
    time: datetime
    traceparent: str | None = None


def source(service: str) -> str:
    """``ce_source`` of a service: ``/greenladder/intake``."""
    return _SOURCE_PREFIX + service


def to_kafka_headers(
    *, type: str, source: str, key: str, number: int, time: datetime, traceparent: str | None = None
) -> list[tuple[str, bytes]]:
    """The headers of one record. ``type`` is the full name of the message, ``time`` must know its zone."""
    if time.tzinfo is None:
        raise ValueError("naive time")
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    name = key.encode()
    count = b"%d" % number
    headers = [
        _SPECVERSION,
        ("ce_id", b"%b:%b" % (name, count)),
        ("ce_type", type.encode()),
        ("ce_source", source.encode()),
        ("ce_subject", name),
        ("ce_time", (utc.isoformat()[:-6] + "Z").encode()),
        ("ce_sequence", count),
        _CONTENT_TYPE,
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def from_kafka_headers(headers: Iterable[tuple[str, bytes]]) -> Envelope:
    """Read them back. What is not one of our events raises Poison: no retry would help."""
    found = dict(headers)
    try:
        if (
            found["ce_specversion"] != b"1.0"
            or found["content-type"].partition(b";")[0].strip() != b"application/protobuf"
        ):
            raise Poison("not a CloudEvent with a protobuf message")
        key = found["ce_subject"].decode()
        sequence = found["ce_sequence"]
        number = int(sequence)
        id_ = found["ce_id"].decode()
        time = datetime.fromisoformat(found["ce_time"].decode())
        # Only the spelling we write: a sign, a space or a leading zero would make two ids of one number.
        if number < 1 or len(sequence) > 9 or b"%d" % number != sequence or id_ != f"{key}:{number}":
            raise Poison("ce_id, ce_subject and ce_sequence do not agree")
        if time.tzinfo is None:
            raise Poison("ce_time without a zone")
        trace = found.get("traceparent")
        return Envelope(
            type=found["ce_type"].decode(),
            source=found["ce_source"].decode(),
            key=key,
            number=number,
            id=id_,
            time=time,
            traceparent=trace.decode("ascii") if trace else None,
        )
    except KeyError as error:
        raise Poison(f"header {error.args[0]} is missing") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise Poison(f"unreadable headers: {type(error).__name__}") from None
