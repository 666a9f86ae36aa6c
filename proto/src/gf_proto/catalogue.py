"""The event catalogue (事件目录): ``python -m gf_proto.catalogue`` writes ``docs/event-catalogue.md``.

Field comments come from the .proto files (through ``buf build``), the rest from the topic files.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from gf_proto.examples import examples
from gf_proto.topics import TOPICS, Topic, root

HEAD = """# Event catalogue

Generated from `proto/topics/*.yaml` and `proto/greenladder/**/*.proto` by `python -m gf_proto.catalogue`; do not edit.

Every record is a CloudEvent 1.0 in Kafka's binary mode: key = aggregate id, value = the protobuf message, headers
`ce_specversion`, `ce_id` (`<key>:<number>`), `ce_type` (full name of the message), `ce_source`
(`/greenladder/<service>`), `ce_subject` (the key), `ce_time`, `ce_sequence` (the number: 1, 2, 3 … per key without
gaps), `content-type: application/protobuf` and `traceparent`. Topics keep their records without end. No contact data,
no files.
"""
_SCALARS = {
    FieldDescriptorProto.TYPE_STRING: "string",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_INT32: "int32",
    FieldDescriptorProto.TYPE_INT64: "int64",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
}


def build() -> FileDescriptorSet:
    """The .proto files with their comments."""
    image = subprocess.run(["buf", "build", "-o", "-"], cwd=root(), check=True, capture_output=True).stdout
    return FileDescriptorSet.FromString(image)


class Messages:
    """Messages and their comments by full name."""

    def __init__(self, files: FileDescriptorSet) -> None:
        self.by_name: dict[str, DescriptorProto] = {}
        self.comments: dict[str, str] = {}
        for file in files.file:
            if file.package.startswith("greenladder."):
                self._read(file)

    def _read(self, file: FileDescriptorProto) -> None:
        names: dict[tuple[int, ...], str] = {}
        for index, message in enumerate(file.message_type):
            full_name = f"{file.package}.{message.name}"
            self.by_name[full_name] = message
            names[4, index] = full_name
            for position, field in enumerate(message.field):
                names[4, index, 2, position] = f"{full_name}.{field.name}"
        for location in file.source_code_info.location:
            name = names.get(tuple(location.path))
            text = (location.leading_comments or location.trailing_comments).strip()
            if name and text:
                self.comments[name] = " ".join(line.strip() for line in text.splitlines())

    def used_by(self, full_name: str) -> list[str]:
        """Messages that stand inside, in order of appearance."""
        found: list[str] = []
        for field in self.by_name[full_name].field:
            inner = field.type_name.removeprefix(".")
            if inner in self.by_name and inner not in found:
                found += [inner, *(name for name in self.used_by(inner) if name not in found)]
        return found


def kind(field: FieldDescriptorProto) -> str:
    """The type of a field in a few characters."""
    name = _SCALARS.get(field.type) or field.type_name.rpartition(".")[2]
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"list of {name}"
    return f"{name}?" if field.proto3_optional else name


def table(messages: Messages, full_name: str) -> list[str]:
    """The fields of one message."""
    lines = ["| field | type | meaning |", "|---|---|---|"]
    for field in messages.by_name[full_name].field:
        comment = messages.comments.get(f"{full_name}.{field.name}", "").replace("|", "\\|")
        lines.append(f"| `{field.name}` | {kind(field)} | {comment} |")
    return lines


def section(topic: Topic, messages: Messages, titles: dict[str, str]) -> list[str]:
    """One topic."""
    lines = [
        f"## {topic.name} {topic.title}",
        "",
        f"Owner {topic.owner} · aggregate {topic.aggregate} · key `{topic.key}` · {topic.partitions} partitions",
        "",
        "| consumer | events | what for |",
        "|---|---|---|",
        *(f"| {c.service} | {', '.join(c.events)} | {c.why} |" for c in topic.consumers),
        "",
    ]
    for event in topic.events:
        short = event.rpartition(".")[2]
        names = ", ".join(f"`{example.name}`" for example in examples(event))
        lines += [f"### {short}", "", f"{titles[event]}。 {messages.comments.get(event, '')}".strip(), ""]
        lines += [*table(messages, event), "", f"Examples (`proto/examples/{short}/`): {names}", ""]
    return lines


def render() -> str:
    """The whole catalogue."""
    messages = Messages(build())
    titles = {
        event: title for topic in TOPICS.values() for event, title in zip(topic.events, topic.titles, strict=True)
    }
    lines = [HEAD]
    inner: list[str] = []
    for topic in TOPICS.values():
        lines += section(topic, messages, titles)
        for event in topic.events:
            inner += [name for name in messages.used_by(event) if name not in inner]
    lines += ["## Messages inside events", ""]
    for name in sorted(inner):
        comment = messages.comments.get(name, "")
        lines += [f"### {name}", "", *([comment, ""] if comment else []), *table(messages, name), ""]
    return "\n".join(lines).rstrip() + "\n"


def target() -> Path:
    return root().parent / "docs" / "event-catalogue.md"


def main() -> None:
    target().parent.mkdir(exist_ok=True)
    target().write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{target()}\n")


if __name__ == "__main__":
    main()
