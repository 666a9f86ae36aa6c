"""The objects of a built overlay, and small questions about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

import yaml

#: kustomize notes here which file an object comes from (``buildMetadata: [originAnnotations]``).
ORIGIN: Final = "config.kubernetes.io/origin"
#: Where each kind keeps its pod template.
WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job")
OURS: Final = ("app.kubernetes.io/part-of", "greenladder")

#: libyaml where it is there: ten times as fast.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][+-]?[0-9]+)?", re.ASCII)
_UNITS: Final = {"": Decimal(1), "m": Decimal("0.001")} | {
    unit: Decimal(base) ** power
    for base, names in ((1000, ("k", "M", "G", "T", "P", "E")), (1024, ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")))
    for power, unit in enumerate(names, 1)
}


class Finding(NamedTuple):
    """What is wrong where: the file and the object, and the reason in a sentence."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True)
class Manifest:
    """One object, with the file it comes from."""

    doc: Mapping[str, Any]
    source: str = ""

    @property
    def kind(self) -> str:
        return str(self.doc.get("kind", ""))

    @property
    def name(self) -> str:
        return str(self.metadata.get("name", ""))

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.doc.get("metadata") or {}

    @property
    def spec(self) -> Mapping[str, Any]:
        return self.doc.get("spec") or {}

    @property
    def labels(self) -> Mapping[str, Any]:
        return self.metadata.get("labels") or {}

    @property
    def where(self) -> str:
        return f"{self.source} {self.kind} {self.name}".strip()

    def wrong(self, reason: str) -> Finding:
        return Finding(self.where, reason)

    # --- workloads ------------------------------------------------------------------------------------------------

    @property
    def template(self) -> Mapping[str, Any]:
        return self.spec.get("template") or {}

    @property
    def pod(self) -> Mapping[str, Any]:
        return self.template.get("spec") or {}

    @property
    def pod_labels(self) -> Mapping[str, Any]:
        return (self.template.get("metadata") or {}).get("labels") or {}

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        return [*(self.pod.get("initContainers") or ()), *(self.pod.get("containers") or ())]

    @property
    def ours(self) -> bool:
        """Whether its pods run our image."""
        return self.pod_labels.get(OURS[0]) == OURS[1]


def load(text: str, source: str = "") -> list[Manifest]:
    """The objects of a stream of YAML; the origin that kustomize noted becomes ``source`` and is taken out."""
    found = []
    for doc in yaml.load_all(text, Loader=_LOADER):
        if not doc:
            continue
        annotations = (doc.get("metadata") or {}).get("annotations") or {}
        origin = yaml.safe_load(annotations.pop(ORIGIN, "") or "{}")
        if "annotations" in (doc.get("metadata") or {}) and not annotations:
            del doc["metadata"]["annotations"]
        path = str(origin.get("path") or origin.get("configuredIn") or source).replace("../", "")
        found.append(Manifest(doc, path))
    return found


def workloads(objects: Sequence[Manifest]) -> list[Manifest]:
    return [one for one in objects if one.kind in WORKLOADS]


def of_kind(objects: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    return [one for one in objects if one.kind in kinds]


def quantity(value: object) -> Decimal | None:
    """A quantity of Kubernetes as a number; None where it is not one."""
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, (str, int, float)) else None
    if match is None or isinstance(value, bool):
        return None
    unit = match.group(2) or ""
    if unit and unit not in _UNITS:
        return Decimal(match.group(1)) * Decimal(10) ** int(unit[1:])
    return Decimal(match.group(1)) * _UNITS[unit]


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, Any]) -> bool:
    """Whether a label selector (matchLabels and matchExpressions) takes these labels; an empty one takes all."""
    chosen = selector or {}
    if any(labels.get(key) != value for key, value in (chosen.get("matchLabels") or {}).items()):
        return False
    return all(_expression(one, labels) for one in chosen.get("matchExpressions") or ())


def _expression(one: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = one["key"], one.get("values") or ()
    match one["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in an object, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from strings(inner, f"{path}[{index}]")
