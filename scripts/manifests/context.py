"""What the checks know of the rest of the repository: topics, groups, settings, parts, and what the office gives."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.manifests import edges

SERVICES: Final = ("intake", "scoring", "review", "registry", "notify")


@dataclass(frozen=True)
class Service:
    """One service as its own code describes it."""

    name: str
    settings: Any
    #: What its worker consists of.
    parts: tuple[str, ...] = ()
    #: Consumer group → its topics.
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        return f"GF_{self.name.upper()}_"

    def field_of(self, variable: str) -> str | None:
        """The setting an environment variable sets; None where it sets nothing."""
        name = variable.removeprefix(self.prefix).lower()
        return name if variable.startswith(self.prefix) and name in self.settings.model_fields else None


@dataclass(frozen=True)
class Context:
    services: Mapping[str, Service] = field(default_factory=dict)
    #: Topic → partitions, from proto/topics.
    partitions: Mapping[str, int] = field(default_factory=dict)
    #: (kind, name) → keys of what is applied by hand before the overlay.
    given: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    #: Who may speak to whom.
    plan: edges.Plan = field(default_factory=edges.Plan)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        return {group: topics for one in self.services.values() for group, topics in one.groups.items()}


def given(path: Path) -> dict[tuple[str, str], Mapping[str, str]]:
    """Names and keys of the Secrets and ConfigMaps in an overlay's ``given.example.yaml``."""
    found = {}
    for doc in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        if doc:
            data = {**(doc.get("data") or {}), **(doc.get("stringData") or {})}
            found[(doc["kind"], doc["metadata"]["name"])] = data
    return found


def of_repository(given_file: Path) -> Context:
    """Ask the services themselves."""
    from gf_proto import TOPICS

    partitions = {name: topic.partitions for name, topic in TOPICS.items()}
    plan = edges.read(given_file.parents[2] / "edges.yaml", given_file.parent.name)
    return Context(services=_services(), partitions=partitions, given=given(given_file), plan=plan)


_SERVICES: dict[str, Service] = {}


def _services() -> dict[str, Service]:
    """Built once: the policies take a moment."""
    if not _SERVICES:
        with tempfile.TemporaryDirectory() as folder:
            _SERVICES.update({name: _service(name, Path(folder)) for name in SERVICES})
    return dict(_SERVICES)


def _service(name: str, folder: Path) -> Service:
    from gf_chassis.worker import part_names

    settings = importlib.import_module(f"gf_{name}.settings").Settings
    bootstrap = importlib.import_module(f"gf_{name}.bootstrap").bootstrap
    given = {"database_url": "postgresql://nobody@localhost/nothing", "mode": "cluster", "events": "kafka"}
    places = {"evidence_url": str(folder / "evidence"), "documents_dir": folder / "documents"}
    given |= {key: value for key, value in places.items() if key in settings.model_fields}
    runtime = bootstrap(settings(**given)).runtime
    groups = {one.group: tuple(one.topics) for one in runtime.subscriptions}
    return Service(name, settings, part_names(runtime), groups)
