"""Names, versions and plain values: what every object must get right by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from scripts.manifests.context import Context
from scripts.manifests.objects import Finding, Manifest, strings, workloads

#: Kind → the version to use. What is not here is refused: a removed version is among what is not here.
VERSIONS: Final[Mapping[str, str]] = {
    "Namespace": "v1",
    "ConfigMap": "v1",
    "Secret": "v1",
    "Service": "v1",
    "ServiceAccount": "v1",
    "PersistentVolumeClaim": "v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "TriggerAuthentication": "keda.sh/v1alpha1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
}
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_CREDENTIALS = re.compile(r"://[^\s:/@$]+:[^\s@/$]+@")
_SECRET_NAME = re.compile(r"password|secret|token|private|(^|_)key$", re.IGNORECASE)


def check(objects: Sequence[Manifest], context: Context) -> list[Finding]:
    found = [finding for one in objects for finding in _one(one)]
    seen = Counter((one.kind, one.metadata.get("namespace"), one.name) for one in objects)
    found += [
        one.wrong("is there twice") for one in objects if seen[(one.kind, one.metadata.get("namespace"), one.name)] > 1
    ]
    return found + [finding for one in workloads(objects) for finding in _environment(one)]


def _one(one: Manifest) -> Iterator[Finding]:
    wanted = VERSIONS.get(one.kind)
    if wanted is None:
        yield one.wrong(f"kind {one.kind} is not known to this check")
    elif one.doc.get("apiVersion") != wanted:
        yield one.wrong(f"apiVersion {one.doc.get('apiVersion')} is not {wanted}")
    # Names of these become labels and host names of pods, so they must be one label of at most 63.
    if not _LABEL.fullmatch(one.name):
        yield one.wrong(f"name {one.name!r} is not a DNS label of at most 63 characters")
    for place in ("labels", "annotations"):
        for key, value in (one.metadata.get(place) or {}).items():
            if not isinstance(value, str):
                yield one.wrong(f"metadata.{place}: the value of {key} is not a text")
            elif place == "labels" and not _LABEL_VALUE.fullmatch(value):
                yield one.wrong(f"metadata.labels: {key}: {value!r} cannot be a label")
    if one.kind == "ConfigMap":
        yield from (
            one.wrong(f"data.{key} is not a text") for key, value in (one.doc.get("data") or {}).items()
            if not isinstance(value, str)
        )  # fmt: skip
    if one.kind == "Secret":
        yield one.wrong("a Secret is given by hand, never part of an overlay")
    for place, text in strings(one.doc):
        if _CREDENTIALS.search(text):
            yield one.wrong(f"{place}: a password in plain text")


def _environment(one: Manifest) -> Iterator[Finding]:
    for container in one.containers:
        names = Counter(str(variable.get("name")) for variable in container.get("env") or ())
        yield from (one.wrong(f"env {name} is there {count} times") for name, count in names.items() if count > 1)
        for variable in container.get("env") or ():
            name, value = str(variable.get("name")), variable.get("value")
            if "value" in variable and not isinstance(value, str):
                yield one.wrong(f"env {name}: the value is not a text")
            if value and _SECRET_NAME.search(name):
                yield one.wrong(f"env {name}: a secret in plain text")
