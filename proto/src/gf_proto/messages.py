"""The generated message classes by full name (``greenladder.intake.v1.UnitChanged``)."""

from functools import cache
from importlib import import_module

from google.protobuf.message import Message

from gf_proto.topics import TOPICS

#: Every generated module; the test of freshness compares this with the .proto files.
MODULES = (
    "greenladder.common.v1.common_pb2",
    "greenladder.intake.v1.campaigns_pb2",
    "greenladder.intake.v1.submissions_pb2",
    "greenladder.intake.v1.units_pb2",
    "greenladder.registry.v1.agencies_pb2",
    "greenladder.registry.v1.editions_pb2",
    "greenladder.registry.v1.standings_pb2",
    "greenladder.review.v1.cases_pb2",
    "greenladder.review.v1.publicities_pb2",
    "greenladder.scoring.v1.rankings_pb2",
    "greenladder.scoring.v1.sheets_pb2",
)


@cache
def _registry() -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for name in MODULES:
        module = import_module(name)
        for descriptor in module.DESCRIPTOR.message_types_by_name.values():
            found[descriptor.full_name] = getattr(module, descriptor.name)
    return found


def message_type(full_name: str) -> type[Message] | None:
    """The class, or None for a name this build does not know."""
    return _registry().get(full_name)


def event_types() -> dict[str, type[Message]]:
    """Every message that is an event of some topic, by full name."""
    return {event: _registry()[event] for topic in TOPICS.values() for event in topic.events}
