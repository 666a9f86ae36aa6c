"""Our binding against the CloudEvents SDK: each reads what the other wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from gf_chassis.cloudevents import CONTENT_TYPE, from_kafka_headers, source, to_kafka_headers
from gf_chassis.errors import Poison
from gf_proto import Example, examples, topic_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class BytesFormat(JSONFormat):
    """The SDK's own format turns a protobuf message that happens to be UTF-8 into text, and an empty one into None."""

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:
        return body

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:
        assert isinstance(data, bytes)
        return data


def headers_of(example: Example, number: int = 3, time: datetime | None = None) -> list[tuple[str, bytes]]:
    topic = topic_of(example.event)
    return to_kafka_headers(
        type=example.event,
        source=source(topic.owner),
        key="0199d2f1-7a30-7d22-a1c4-90e8d7f6a501",
        number=number,
        time=time or datetime(2025, 10, 20, 1, 15, 30, 123456, UTC),
        traceparent=TRACE,
    )


@pytest.mark.parametrize("example", list(examples()), ids=lambda e: f"{e.event.rpartition('.')[2]}-{e.name}")
def test_the_sdk_reads_what_we_write(example: Example) -> None:
    headers = dict(headers_of(example))
    assert headers.pop("traceparent") == TRACE.encode()
    message = KafkaMessage(headers=headers, key=b"0199d2f1-7a30-7d22-a1c4-90e8d7f6a501", value=example.payload)
    event = from_binary(message, BytesFormat(), CloudEvent)
    assert event.get_type() == example.event
    assert event.get_source() == source(topic_of(example.event).owner)
    assert event.get_id() == "0199d2f1-7a30-7d22-a1c4-90e8d7f6a501:3"
    assert event.get_subject() == "0199d2f1-7a30-7d22-a1c4-90e8d7f6a501"
    assert event.get_time() == datetime(2025, 10, 20, 1, 15, 30, 123456, UTC)
    assert event.get_datacontenttype() == CONTENT_TYPE
    assert event.get_extension("sequence") == "3"
    assert type(example.message).FromString(event.get_data()) == example.message  # type: ignore[arg-type]
    # And the SDK would have written the same headers.
    again = to_binary(event, BytesFormat(), lambda _: b"key")
    again.headers.pop("ce_partitionkey")
    assert again.headers == headers
    assert again.value == example.payload


ENVELOPES = st.tuples(
    st.text(st.characters(categories=["L", "N"], max_codepoint=0x9FFF), min_size=1, max_size=60),
    st.integers(1, 999_999_999),
    st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
)


@given(ENVELOPES)
@settings(max_examples=25, deadline=None)
def test_we_read_what_we_write(envelope: tuple[str, int, datetime, bool]) -> None:
    read_what_we_write(*envelope)


@pytest.mark.long
@given(ENVELOPES)
@settings(max_examples=300, deadline=None)
def test_we_read_whatever_we_write(envelope: tuple[str, int, datetime, bool]) -> None:
    read_what_we_write(*envelope)


def read_what_we_write(key: str, number: int, time: datetime, traced: bool) -> None:
    trace = TRACE if traced else None
    headers = to_kafka_headers(
        type="greenladder.intake.v1.UnitChanged",
        source=source("intake"),
        key=key,
        number=number,
        time=time,
        traceparent=trace,
    )
    envelope = from_kafka_headers(headers)
    assert (envelope.key, envelope.number, envelope.time, envelope.traceparent) == (key, number, time, trace)
    assert (envelope.id, envelope.source) == (f"{key}:{number}", "/greenladder/intake")


def test_time_is_written_in_utc() -> None:
    example = next(examples())
    shanghai = datetime(2025, 10, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    assert dict(headers_of(example, time=shanghai))["ce_time"] == b"2025-10-20T01:00:00Z"
    with pytest.raises(ValueError, match="naive"):
        headers_of(example, time=datetime(2025, 10, 20))  # noqa: DTZ001


@pytest.mark.parametrize(
    "change",
    [
        {"ce_specversion": None},
        {"ce_specversion": b"0.3"},
        {"ce_id": None},
        {"ce_id": b"other:3"},
        {"ce_id": b"0199d2f1-7a30-7d22-a1c4-90e8d7f6a501:4"},
        {"ce_type": None},
        {"ce_type": b"\xff"},
        {"ce_source": None},
        {"ce_subject": None},
        {"ce_subject": b"\xff\xff"},
        {"ce_time": None},
        {"ce_time": b"yesterday"},
        {"ce_time": b"2025-10-20T09:00:00"},
        {"ce_sequence": None},
        {"ce_sequence": b"0"},
        {"ce_sequence": b"03"},
        {"ce_sequence": b"+3"},
        {"ce_sequence": b"x"},
        {"ce_sequence": b"9" * 5000},
        {"content-type": None},
        {"content-type": b"application/json"},
    ],
)
def test_strange_headers_are_poison(change: dict[str, bytes | None]) -> None:
    headers: dict[str, Any] = {**dict(headers_of(next(examples()))), **change}
    with pytest.raises(Poison):
        from_kafka_headers([(name, value) for name, value in headers.items() if value is not None])
    with pytest.raises(Poison):
        from_kafka_headers(headers.items())
    with pytest.raises(Poison):
        from_kafka_headers([])
