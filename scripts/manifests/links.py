"""Links between objects: selectors, services, budgets, accounts, ConfigMaps, Secrets, gateway, monitors, releases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scripts.manifests.context import Context
from scripts.manifests.objects import Finding, Manifest, of_kind, selects, workloads

_HASHED = re.compile(r"-[a-z0-9]{10}$", re.ASCII)
_VERSION: Final = "app.kubernetes.io/version"


def check(objects: Sequence[Manifest], context: Context) -> list[Finding]:
    found: list[Finding] = []
    for one in workloads(objects):
        found += [*_selector(one), *_account(one, objects), *_references(one, objects, context)]
        found += _certificates(one, objects, context)
    for service in of_kind(objects, "Service"):
        found += _service(service, objects)
    for budget in of_kind(objects, "PodDisruptionBudget"):
        found += _budget(budget, objects)
    for ingress in of_kind(objects, "Ingress"):
        found += _ingress(ingress, objects, context)
    for monitor in of_kind(objects, "ServiceMonitor"):
        found += _monitor(monitor, objects)
    return [*found, *_release(objects)]


def _selector(one: Manifest) -> Iterator[Finding]:
    if one.kind == "Job":
        return
    selector = one.spec.get("selector") or {}
    if not selector.get("matchLabels"):
        yield one.wrong("spec.selector.matchLabels is missing")
    elif not selects(selector, one.pod_labels):
        yield one.wrong("spec.selector does not take the labels of its own pods")


def _account(one: Manifest, objects: Sequence[Manifest]) -> Iterator[Finding]:
    if not one.ours:
        return
    name = one.pod.get("serviceAccountName")
    account = next((found for found in of_kind(objects, "ServiceAccount") if found.name == name), None)
    if account is None:
        yield one.wrong(f"serviceAccountName {name} does not exist")
    elif account.doc.get("automountServiceAccountToken") is not False:
        yield account.wrong("automountServiceAccountToken is not false")


def _references(one: Manifest, objects: Sequence[Manifest], context: Context) -> Iterator[Finding]:
    here = {("ConfigMap", found.name): found.doc.get("data") or {} for found in of_kind(objects, "ConfigMap")}
    claims = {found.name for found in of_kind(objects, "PersistentVolumeClaim")}
    known: dict[tuple[str, str], Mapping[str, Any]] = {**context.given, **here}
    for kind, name, key in _used(one):
        if (kind, name) not in known:
            yield one.wrong(f"{kind} {name} is neither in the overlay nor in given.example.yaml")
        elif key and key not in known[(kind, name)]:
            yield one.wrong(f"{kind} {name} has no key {key}")
        if one.kind == "Job" and (kind, name) in here and _HASHED.search(name):
            yield one.wrong(
                f"a Job that uses {name} cannot be applied again: the hash in the name changes its template"
            )
    for volume in one.pod.get("volumes") or ():
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim and claim not in claims:
            yield one.wrong(f"PersistentVolumeClaim {claim} does not exist")


def _certificates(one: Manifest, objects: Sequence[Manifest], context: Context) -> Iterator[Finding]:
    """A file of certificates is a key of a ConfigMap that is mounted at that place."""
    here = {("ConfigMap", found.name): found.doc.get("data") or {} for found in of_kind(objects, "ConfigMap")}
    known: dict[tuple[str, str], Mapping[str, Any]] = {**context.given, **here}
    maps = {volume.get("name"): volume.get("configMap") or {} for volume in one.pod.get("volumes") or ()}
    for container in one.containers:
        files = {
            f"{mount.get('mountPath')}/{key}"
            for mount in container.get("volumeMounts") or ()
            for key in known.get(("ConfigMap", str(maps.get(mount.get("name"), {}).get("name"))), {})
        }
        for variable in container.get("env") or ():
            name, value = str(variable.get("name")), variable.get("value")
            if value and (name == "PGSSLROOTCERT" or name.endswith("_CA_FILE")) and value not in files:
                yield one.wrong(f"env {name}: no ConfigMap is mounted that has {value}")


def _used(one: Manifest) -> Iterator[tuple[str, str, str]]:
    """ConfigMaps and Secrets that must be there: kind, name and key (or nothing)."""
    for container in one.containers:
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if (ref := source.get(field)) and not ref.get("optional"):
                    yield kind, str(ref.get("name")), str(ref.get("key"))
        for source in container.get("envFrom") or ():
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if (ref := source.get(field)) and not ref.get("optional"):
                    yield kind, str(ref.get("name")), ""
    for volume in one.pod.get("volumes") or ():
        if config := volume.get("configMap"):
            yield "ConfigMap", str(config.get("name")), ""
        if secret := volume.get("secret"):
            yield "Secret", str(secret.get("secretName")), ""


def _service(service: Manifest, objects: Sequence[Manifest]) -> Iterator[Finding]:
    selector = {"matchLabels": service.spec.get("selector") or {}}
    behind = [one for one in workloads(objects) if one.kind != "Job" and selects(selector, one.pod_labels)]
    if not service.spec.get("selector") or not behind:
        yield service.wrong("its selector takes no pod")
    for port in service.spec.get("ports") or ():
        target = port.get("targetPort", port.get("port"))
        for one in behind:
            if target not in _ports(one):
                yield service.wrong(f"targetPort {target} is no port of {one.kind} {one.name}")


def _ports(one: Manifest) -> set[Any]:
    ports = [port for container in one.containers for port in container.get("ports") or ()]
    return {value for port in ports for value in (port.get("name"), port.get("containerPort"))}


def _budget(budget: Manifest, objects: Sequence[Manifest]) -> Iterator[Finding]:
    least, most = budget.spec.get("minAvailable"), budget.spec.get("maxUnavailable")
    if (least is None) == (most is None):
        yield budget.wrong("exactly one of minAvailable and maxUnavailable must be there")
    if most in (0, "0%") or least == "100%":
        yield budget.wrong("no pod may ever be moved: nodes could not be drained")
    if not any(
        selects(budget.spec.get("selector"), one.pod_labels) for one in of_kind(objects, "Deployment", "StatefulSet")
    ):
        yield budget.wrong("its selector takes no pod")


def _ingress(ingress: Manifest, objects: Sequence[Manifest], context: Context) -> Iterator[Finding]:
    services = {one.name: one for one in of_kind(objects, "Service")}
    if not ingress.spec.get("ingressClassName"):
        yield ingress.wrong("ingressClassName is missing")
    for tls in ingress.spec.get("tls") or ():
        if ("Secret", str(tls.get("secretName"))) not in context.given:
            yield ingress.wrong(f"Secret {tls.get('secretName')} is not in given.example.yaml")
    hosts = {host for tls in ingress.spec.get("tls") or () for host in tls.get("hosts") or ()}
    for rule in ingress.spec.get("rules") or ():
        if hosts and rule.get("host") not in hosts:
            yield ingress.wrong(f"host {rule.get('host')} is not among the hosts of the certificate")
        for path in (rule.get("http") or {}).get("paths") or ():
            backend = (path.get("backend") or {}).get("service") or {}
            target = services.get(str(backend.get("name")))
            port = (backend.get("port") or {}).get("name") or (backend.get("port") or {}).get("number")
            if target is None:
                yield ingress.wrong(f"{path.get('path')}: Service {backend.get('name')} does not exist")
            elif port not in {
                value for one in target.spec.get("ports") or () for value in (one.get("name"), one.get("port"))
            }:
                yield ingress.wrong(f"{path.get('path')}: Service {target.name} has no port {port}")
            yield from _exposed(ingress, str(path.get("path")), str(path.get("pathType")))


def _exposed(ingress: Manifest, path: str, how: str) -> Iterator[Finding]:
    """Probes and metrics are for the cluster alone."""
    parts = [part for part in path.split("/") if part]
    if (how != "Exact" and len(parts) < 2) or (len(parts) > 1 and parts[1] in ("metrics", "healthz", "readyz")):
        yield ingress.wrong(f"{path}: would show probes or metrics to everybody")


def _monitor(monitor: Manifest, objects: Sequence[Manifest]) -> Iterator[Finding]:
    chosen = [one for one in of_kind(objects, "Service") if selects(monitor.spec.get("selector"), one.labels)]
    if not chosen:
        yield monitor.wrong("its selector takes no Service")
    names = {port.get("name") for service in chosen for port in service.spec.get("ports") or ()}
    for endpoint in monitor.spec.get("endpoints") or ():
        if endpoint.get("port") not in names:
            yield monitor.wrong(f"port {endpoint.get('port')} is no port of the Services it takes")


def _release(objects: Sequence[Manifest]) -> Iterator[Finding]:
    """Image, label and the names of the jobs say the same release."""
    for one in workloads(objects):
        version = str(one.labels.get(_VERSION, ""))
        if not one.ours:
            continue
        if not version:
            yield one.wrong(f"label {_VERSION} is missing: components/release brings it")
        for container in one.containers:
            image = str(container.get("image"))
            tag = image.rpartition("/")[2].partition(":")[2]
            if "@" not in image and tag != version:
                yield one.wrong(f"image {image} is not of release {version}")
        if one.kind == "Job" and not one.name.endswith("-" + version.replace(".", "-")):
            yield one.wrong(f"the name does not end with the release {version}: the next one could not be applied")
