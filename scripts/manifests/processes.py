"""Our own processes: settings by their names, parts of the workers, ports, and time enough to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from scripts.manifests.context import Context, Service
from scripts.manifests.objects import Finding, Manifest, of_kind, workloads

#: Names that are not a service's setting but mean something to a process of ours.
COMMON: Final = frozenset(
    {
        "GF_POLICIES_DIR", "GF_INSTANCE_ID", "PGSSLMODE", "PGSSLROOTCERT", "TZ", "OTEL_EXPORTER_OTLP_ENDPOINT",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ALLOW_HTTP",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    }
)  # fmt: skip
#: The reader lets the broker go within so many seconds after the drain.
_LEAVING: Final = 10.0


def check(objects: Sequence[Manifest], context: Context) -> list[Finding]:
    found: list[Finding] = []
    running: dict[str, set[str]] = {}
    for one in workloads(objects):
        if not one.ours:
            continue
        service = _service_of(one, context)
        if service is None:
            found.append(one.wrong("label app.kubernetes.io/name is none of the services"))
            continue
        values = _values(one, objects, context)
        found += [*_names(one, service), *_valid(one, service, values)]
        if one.kind == "Deployment":
            found += [*_rolling(one), *_ending(one, service, values), *_addresses(one, service, values)]
        if _module(one) == f"gf_{service.name}.worker":
            parts = _parts(values.get(f"{service.prefix}WORKER_PARTS", ""), service)
            running.setdefault(service.name, set()).update(parts)
            found += [*_worker(one, service, parts), *_fixed(one, service, parts, context)]
    for name, parts in running.items():
        missing = set(context.services[name].parts) - parts
        if missing:
            found.append(Finding(f"service {name}", f"no Deployment runs {', '.join(sorted(missing))}"))
    return found


def _service_of(one: Manifest, context: Context) -> Service | None:
    name = str(one.pod_labels.get("app.kubernetes.io/name"))
    # The topics job finds the broker through intake's settings.
    return context.services.get("intake" if name == "topics" else name)


def _command(one: Manifest) -> list[str]:
    return [str(word) for c in one.containers for word in (*(c.get("command") or ()), *(c.get("args") or ()))]


def _module(one: Manifest) -> str:
    return _after(_command(one), "-m")


def _after(words: Sequence[str], option: str, default: str = "") -> str:
    return words[words.index(option) + 1] if option in words[:-1] else default


def _values(one: Manifest, objects: Sequence[Manifest], context: Context) -> dict[str, str]:
    """The environment as far as it is known here: plain values, ConfigMaps, and the examples of what is given."""
    maps: dict[tuple[str, str], Mapping[str, Any]] = dict(context.given)
    maps |= {("ConfigMap", found.name): found.doc.get("data") or {} for found in of_kind(objects, "ConfigMap")}
    found = {}
    for container in one.containers:
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if ref := source.get(field):
                    value = maps.get((kind, str(ref.get("name"))), {}).get(str(ref.get("key")))
                    if value is not None:
                        found[str(variable["name"])] = str(value)
            if "value" in variable:
                found[str(variable["name"])] = str(variable["value"])
    return found


def _names(one: Manifest, service: Service) -> Iterator[Finding]:
    for container in one.containers:
        for variable in container.get("env") or ():
            name = str(variable.get("name"))
            if name not in COMMON and service.field_of(name) is None:
                yield one.wrong(f"env {name}: {service.name} has no such setting")


def _valid(one: Manifest, service: Service, values: Mapping[str, str]) -> Iterator[Finding]:
    """The values must be what the settings class takes."""
    given = {field: value for name, value in values.items() if (field := service.field_of(name))}
    try:
        service.settings(**given)
    except ValidationError as error:
        for wrong in error.errors():
            place = ".".join(str(part) for part in wrong["loc"]) or "settings"
            yield one.wrong(f"env {service.prefix}{place.upper()}: {wrong['msg']}")


def _rolling(one: Manifest) -> Iterator[Finding]:
    strategy = one.spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    if strategy.get("type") != "RollingUpdate" or rolling.get("maxUnavailable") not in (0, "0%"):
        yield one.wrong(
            "strategy: a rolling update must keep every pod until its successor is ready (maxUnavailable 0)"
        )
    if not one.pod.get("topologySpreadConstraints"):
        yield one.wrong("topologySpreadConstraints is missing")


def _ending(one: Manifest, service: Service, values: Mapping[str, str]) -> Iterator[Finding]:
    sleep = ((one.containers[0].get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}
    before = float(sleep.get("seconds", 0))
    api = _module(one) == "gf_chassis.serve"
    if api and before < 3:
        yield one.wrong("lifecycle.preStop.sleep below 3 s: requests would still come while the server stops")
    drain = float(
        values.get(f"{service.prefix}DRAIN_SECONDS") or service.settings.model_fields["drain_seconds"].default
    )
    needed = before + float(_after(_command(one), "--grace", "0")) + drain + (0 if api else _LEAVING)
    grace = one.pod.get("terminationGracePeriodSeconds", 30)
    if grace < needed + 3:
        yield one.wrong(
            f"terminationGracePeriodSeconds {grace} is less than the {needed:g} s that ending may take, and 3 s"
        )


def _addresses(one: Manifest, service: Service, values: Mapping[str, str]) -> Iterator[Finding]:
    container = one.containers[0]
    ports = {port.get("containerPort") for port in container.get("ports") or ()}
    api = _module(one) == "gf_chassis.serve"
    port = _after(_command(one), "--port", "8000") if api else values.get(f"{service.prefix}WORKER_PORT", "0")
    if ports != {int(port)}:
        yield one.wrong(f"the process listens at {port}, the container's ports are {sorted(ports)}")
    for probe, path in (("startupProbe", "healthz"), ("livenessProbe", "healthz"), ("readinessProbe", "readyz")):
        asked = ((container.get(probe) or {}).get("httpGet") or {}).get("path")
        if asked != f"/{service.name}/{path}":
            yield one.wrong(f"{probe}: {asked} is not /{service.name}/{path}")


def _parts(asked: str, service: Service) -> set[str]:
    return {name.strip() for name in asked.split(",") if name.strip()} or set(service.parts)


def _worker(one: Manifest, service: Service, parts: set[str]) -> Iterator[Finding]:
    for unknown in sorted(parts - set(service.parts)):
        yield one.wrong(f"worker part {unknown} does not exist in {service.name}")


def _fixed(one: Manifest, service: Service, parts: set[str], context: Context) -> Iterator[Finding]:
    """More pods than partitions: the rest would stand idle and come and go in the group."""
    for group, topics in service.groups.items():
        most = sum(context.partitions.get(topic, 0) for topic in topics)
        if f"consumer:{group}" in parts and int(one.spec.get("replicas", 1)) > most:
            yield one.wrong(f"replicas {one.spec['replicas']} is more than the {most} partitions of group {group}")
