"""The contracts: lint, no breaking change, fresh generated code, topics and messages that fit, golden examples."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from jsonschema import Draft202012Validator

from gf_policy.files import LOADER
from gf_proto import TOPICS, Example, event_types, examples, message_type, topic_of
from gf_proto.catalogue import render, target
from gf_proto.examples import parse, to_json
from gf_proto.messages import MODULES

PROTO = Path(__file__).resolve().parents[1]
BASELINE = PROTO / "baseline.binpb"
EXAMPLES = list(examples())


def buf(*arguments: str, cwd: Path = PROTO) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["buf", *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.process
def test_lint() -> None:
    result = buf("lint")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.process
def test_nothing_breaks_the_baseline() -> None:
    result = buf("breaking", "--against", str(BASELINE))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.process
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("intake/v1/submissions.proto", "int32 round = 2;", "int64 round = 2;"),
        ("intake/v1/submissions.proto", "string reason = 3;", "string why = 3;"),
        ("review/v1/cases.proto", "  CASE_OUTCOME_DROPPED = 4;\n", ""),
        ("common/v1/common.proto", "string sha256 = 3;", ""),
    ],
)
def test_a_breaking_change_is_found(tmp_path: Path, file: str, old: str, new: str) -> None:
    shutil.copytree(PROTO / "greenladder", tmp_path / "greenladder")
    shutil.copy(PROTO / "buf.yaml", tmp_path / "buf.yaml")
    changed = tmp_path / "greenladder" / file
    text = changed.read_text(encoding="utf-8")
    assert old in text
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert buf("breaking", "--against", str(BASELINE), cwd=tmp_path).returncode != 0


@pytest.mark.process
def test_generated_code_is_fresh(tmp_path: Path) -> None:
    result = buf("generate", "--output", str(tmp_path))
    assert result.returncode == 0, result.stderr
    fresh, kept = tmp_path / "src" / "greenladder", PROTO / "src" / "greenladder"
    names = {path.relative_to(fresh) for path in fresh.rglob("*_pb2.py*")}
    assert names == {path.relative_to(kept) for path in kept.rglob("*_pb2.py*") if "__pycache__" not in path.parts}
    stale = [name for name in names if (fresh / name).read_bytes() != (kept / name).read_bytes()]
    assert not stale, "run `buf generate` in proto/"


def test_every_generated_module_is_registered() -> None:
    kept = {
        ".".join(path.relative_to(PROTO / "src").with_suffix("").parts)
        for path in (PROTO / "src" / "greenladder").rglob("*_pb2.py")
    }
    assert kept == set(MODULES)


@pytest.mark.parametrize("path", sorted((PROTO / "topics").glob("*.yaml")), ids=lambda path: path.stem)
def test_topic_files_have_their_form(path: Path) -> None:
    schema = json.loads((PROTO / "topics" / "topic.schema.json").read_text(encoding="utf-8"))
    errors = list(Draft202012Validator(schema).iter_errors(yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)))
    assert not errors, [error.message for error in errors]


def test_topics_and_messages_fit() -> None:
    for topic in TOPICS.values():
        assert topic.name.partition(".")[0] == topic.owner
        assert topic.partitions == (48 if topic.name in ("intake.submissions", "scoring.sheets") else 12)
        for event in topic.events:
            kind = message_type(event)
            assert kind is not None, f"{topic.name} names {event}, which no file defines"
            assert event.startswith(f"greenladder.{topic.owner}.")
            assert topic_of(event) is topic
        short = {event.rpartition(".")[2] for event in topic.events}
        used = {event for consumer in topic.consumers for event in consumer.events}
        assert used == short, f"{topic.name}: {used ^ short} has no consumer or no message"
        assert topic.owner not in {consumer.service for consumer in topic.consumers}
    names = [event for topic in TOPICS.values() for event in topic.events]
    assert len(names) == len(set(names))


def test_every_message_is_an_event_or_stands_in_one() -> None:
    reached: set[str] = set()

    def walk(descriptor: Descriptor) -> None:
        if descriptor.full_name not in reached:
            reached.add(descriptor.full_name)
            for field in descriptor.fields:
                if field.message_type is not None:
                    walk(field.message_type)

    for kind in event_types().values():
        walk(kind.DESCRIPTOR)
    defined = set(
        re.findall(
            r"^message (\w+)", "\n".join(p.read_text("utf-8") for p in PROTO.glob("greenladder/**/*.proto")), re.M
        )
    )
    assert defined == {name.rpartition(".")[2] for name in reached if name.startswith("greenladder.")}


def fields_of(descriptor: Descriptor, seen: set[str]) -> list[FieldDescriptor]:
    if descriptor.full_name in seen or not descriptor.full_name.startswith("greenladder."):
        return []
    seen.add(descriptor.full_name)
    inner = [fields_of(field.message_type, seen) for field in descriptor.fields if field.message_type is not None]
    return [*descriptor.fields, *(field for fields in inner for field in fields)]


def test_house_rules_of_messages() -> None:
    """Enum 0 is UNSPECIFIED; no floats, no maps; nothing that names a person's contact data."""
    seen: set[str] = set()
    fields = [field for kind in event_types().values() for field in fields_of(kind.DESCRIPTOR, seen)]
    assert len(fields) > 100
    for field in fields:
        assert field.type not in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT), field.full_name
        assert not (field.message_type is not None and field.message_type.GetOptions().map_entry), field.full_name
        if field.enum_type is not None:
            assert field.enum_type.values[0].name.endswith("_UNSPECIFIED")
            assert field.enum_type.values[0].number == 0
        assert not re.search(r"phone|mobile|email|contact|id_card|address", field.name), field.full_name


@pytest.mark.parametrize("event", sorted(event_types()))
def test_every_event_has_an_example(event: str) -> None:
    assert any(example.event == event for example in EXAMPLES)


def ids(example: Example) -> str:
    return f"{example.event.rpartition('.')[2]}-{example.name}"


@pytest.mark.parametrize("example", EXAMPLES, ids=ids)
def test_examples_decode_and_encode_again(example: Example) -> None:
    kind = type(example.message)
    again: Message = kind.FromString(example.payload)
    assert again == example.message
    assert parse(example.event, json.dumps(to_json(again))) == example.message
    path = PROTO / "examples" / example.event.rpartition(".")[2] / f"{example.name}.json"
    assert json.loads(path.read_text(encoding="utf-8")) == to_json(example.message), "written in another spelling"
    assert example.payload
    assert len(example.payload) < 256 * 1024


@pytest.mark.parametrize("example", EXAMPLES, ids=ids)
def test_examples_follow_the_rules_of_events(example: Example) -> None:
    topic = topic_of(example.event)
    key: Any = example.message
    name = "unit" if topic.key == "unit_id" and hasattr(key, "unit") else ""
    assert getattr(getattr(key, name) if name else key, topic.key), "the key of the topic is a field of the event"
    unspecified = [field for field in walk_enums(example.message) if field.endswith("=0")]
    assert not unspecified


def walk_enums(message: Message, path: str = "") -> list[str]:
    """Every enum of a message with its value, the absent ones too."""
    found: list[str] = []
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.enum_type is not None:
            found += [f"{path}{field.name}={number}" for number in (value if field.is_repeated else [value])]
        elif field.message_type is not None and field.message_type.full_name.startswith("greenladder."):
            if field.is_repeated:
                found += [name for item in value for name in walk_enums(item, f"{path}{field.name}.")]
            elif message.HasField(field.name):
                found += walk_enums(value, f"{path}{field.name}.")
    return found


def uscc_is_valid(code: str) -> bool:
    """GB 32100-2015: weights 3^i modulo 31."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(char) * pow(3, index, 31) for index, char in enumerate(code[:17]))
    return len(code) == 18 and alphabet[(31 - total % 31) % 31] == code[17]


def test_codes_in_examples_are_valid() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (PROTO / "examples").rglob("*.json"))
    codes = re.findall(r'"uscc": "([^"]+)"', text)
    assert codes
    assert all(uscc_is_valid(code) for code in codes)


@pytest.mark.process
def test_the_catalogue_is_fresh() -> None:
    assert target().read_text(encoding="utf-8") == render(), "run `python -m gf_proto.catalogue`"
