"""The topic files: who owns a topic, its key, partitions, retention, consumers and event types (主题登记)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

#: The parser in C where the library was built with it: every process reads these files when it starts.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A service that reads the topic, and what for."""

    service: str
    #: Events it uses, by short name; the others only move its position.
    events: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic = one aggregate = one key."""

    name: str
    owner: str
    aggregate: str
    key: str
    partitions: int
    retention: str
    title: str
    #: Full names of the messages.
    events: tuple[str, ...]
    #: What each event says, in Chinese, in the same order.
    titles: tuple[str, ...]
    consumers: tuple[Consumer, ...]


def root() -> Path:
    """The ``proto/`` folder: beside this package in the workspace, or named by ``GF_PROTO_DIR`` in an image."""
    named = os.environ.get("GF_PROTO_DIR")
    return Path(named) if named else Path(__file__).resolve().parents[2]


def load(folder: Path | None = None) -> Mapping[str, Topic]:
    """Read the topic files, in order of name; tests check their form against ``topics/topic.schema.json``."""
    topics = {}
    for path in sorted((folder or root() / "topics").glob("*.yaml")):
        topic = _topic(yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))
        if topic.name != path.stem:
            raise ValueError(f"{path.name} describes {topic.name}")
        topics[topic.name] = topic
    return MappingProxyType(topics)


def _topic(row: dict[str, Any]) -> Topic:
    package = row["package"]
    return Topic(
        name=row["topic"],
        owner=row["owner"],
        aggregate=row["aggregate"],
        key=row["key"],
        partitions=row["partitions"],
        retention=row["retention"],
        title=row["title"],
        events=tuple(f"{package}.{event['type']}" for event in row["events"]),
        titles=tuple(event["title"] for event in row["events"]),
        consumers=tuple(Consumer(c["service"], tuple(c["events"]), c["why"]) for c in row["consumers"]),
    )


TOPICS: Mapping[str, Topic] = load()


def topic_of(event: str) -> Topic:
    """The topic of an event type (full name)."""
    return next(topic for topic in TOPICS.values() if event in topic.events)
