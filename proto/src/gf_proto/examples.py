"""Golden examples (样例): one realistic event per file, read by the producer's and by the consumers' tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from gf_proto.messages import message_type
from gf_proto.topics import root


@dataclass(frozen=True, slots=True)
class Example:
    """``proto/examples/<short message name>/<name>.json``."""

    event: str
    name: str
    message: Message

    @property
    def payload(self) -> bytes:
        """The bytes of the record."""
        return self.message.SerializeToString(deterministic=True)


def examples(event: str | None = None) -> Iterator[Example]:
    """All golden examples, or those of one event type (full name)."""
    from gf_proto.topics import TOPICS

    for topic in TOPICS.values():
        for full_name in topic.events:
            if event in (None, full_name):
                folder = root() / "examples" / full_name.rpartition(".")[2]
                for path in sorted(folder.glob("*.json")):
                    yield Example(full_name, path.stem, parse(full_name, path.read_text(encoding="utf-8")))


def parse(event: str, text: str) -> Message:
    """A message from its JSON form (field names as in the .proto file; unknown fields refused)."""
    kind = message_type(event)
    if kind is None:
        raise LookupError(event)
    return json_format.Parse(text, kind())


def to_json(message: Message) -> dict[str, Any]:
    """The JSON form in which examples are kept."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)
