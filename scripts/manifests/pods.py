"""Pods: the restricted profile, images, resources, probes, volumes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scripts.manifests.context import Context
from scripts.manifests.objects import Finding, Manifest, quantity, workloads

#: An image that cannot live with a read-only root says why here.
WRITABLE_ROOT: Final = "greenladder/writable-root"
_VOLUMES: Final = {"configMap", "secret", "emptyDir", "projected", "persistentVolumeClaim", "downwardAPI", "csi"}
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_PROBES: Final = ("startupProbe", "livenessProbe", "readinessProbe")


def check(objects: Sequence[Manifest], context: Context) -> list[Finding]:
    return [finding for one in workloads(objects) for finding in _workload(one)]


def _workload(one: Manifest) -> Iterator[Finding]:
    yield from _pod_security(one)
    volumes = {str(volume.get("name")): volume for volume in one.pod.get("volumes") or ()}
    for name, volume in volumes.items():
        if not (volume.keys() - {"name"}) <= _VOLUMES:
            yield one.wrong(f"volume {name} is of a kind that the restricted profile refuses")
    claims = {(claim.get("metadata") or {}).get("name") for claim in one.spec.get("volumeClaimTemplates") or ()}
    if not one.containers:
        yield one.wrong("has no container")
    for container in one.containers:
        yield from _container_security(one, container)
        yield from _image(one, container)
        yield from _resources(one, container)
        yield from _mounts(one, container, volumes.keys() | claims)
        yield from _ports(one, container)
        if one.kind != "Job" and container in (one.pod.get("containers") or ()):
            yield from _probes(one, container)
    if one.kind == "Job":
        yield from _job(one)


def _pod_security(one: Manifest) -> Iterator[Finding]:
    pod, security = one.pod, one.pod.get("securityContext") or {}
    if security.get("runAsNonRoot") is not True:
        yield one.wrong("securityContext.runAsNonRoot is not true")
    if not isinstance(security.get("runAsUser"), int) or security["runAsUser"] == 0:
        yield one.wrong("securityContext.runAsUser is not a user other than root")
    if (security.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield one.wrong("securityContext.seccompProfile is not RuntimeDefault")
    if pod.get("automountServiceAccountToken") is not False:
        yield one.wrong("automountServiceAccountToken is not false")
    if pod.get("enableServiceLinks") is not False:
        yield one.wrong("enableServiceLinks is not false: addresses of services would come as environment variables")
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield one.wrong(f"{name} is refused by the restricted profile")


def _container_security(one: Manifest, container: Mapping[str, Any]) -> Iterator[Finding]:
    security, name = container.get("securityContext") or {}, container.get("name")
    if security.get("allowPrivilegeEscalation") is not False:
        yield one.wrong(f"{name}: securityContext.allowPrivilegeEscalation is not false")
    if "ALL" not in ((security.get("capabilities") or {}).get("drop") or ()):
        yield one.wrong(f"{name}: securityContext.capabilities.drop has no ALL")
    if (security.get("capabilities") or {}).get("add") or security.get("privileged"):
        yield one.wrong(f"{name}: privileges are added")
    if security.get("readOnlyRootFilesystem") is not True and not (one.metadata.get("annotations") or {}).get(
        WRITABLE_ROOT
    ):
        yield one.wrong(f"{name}: securityContext.readOnlyRootFilesystem is not true")


def _image(one: Manifest, container: Mapping[str, Any]) -> Iterator[Finding]:
    image = str(container.get("image", ""))
    last = image.rpartition("/")[2]
    if "@sha256:" in image:
        return
    if ":" not in last or last.endswith(":latest"):
        yield one.wrong(f"image {image!r} names no release")


def _resources(one: Manifest, container: Mapping[str, Any]) -> Iterator[Finding]:
    resources, name = container.get("resources") or {}, container.get("name")
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for place, values in (("requests", requests), ("limits", limits)):
        for what, value in values.items():
            if quantity(value) is None:
                yield one.wrong(f"{name}: resources.{place}.{what}: {value!r} is not a quantity")
    for what in requests.keys() & limits.keys():
        asked, most = quantity(requests[what]), quantity(limits[what])
        if asked is not None and most is not None and asked > most:
            yield one.wrong(
                f"{name}: resources: more {what} is requested ({requests[what]}) than allowed ({limits[what]})"
            )
    for place, values, what in (
        ("requests", requests, "cpu"), ("requests", requests, "memory"), ("limits", limits, "memory")
    ):  # fmt: skip
        if what not in values:
            yield one.wrong(f"{name}: resources.{place}.{what} is missing")


def _mounts(one: Manifest, container: Mapping[str, Any], volumes: Any) -> Iterator[Finding]:
    places = [mount.get("mountPath") for mount in container.get("volumeMounts") or ()]
    for mount in container.get("volumeMounts") or ():
        if mount.get("name") not in volumes:
            yield one.wrong(f"volumeMount {mount.get('name')} has no volume")
        if places.count(mount.get("mountPath")) > 1:
            yield one.wrong(f"mountPath {mount.get('mountPath')} is used twice")


def _ports(one: Manifest, container: Mapping[str, Any]) -> Iterator[Finding]:
    for port in container.get("ports") or ():
        name = str(port.get("name", ""))
        if len(name) > 15 or not _PORT_NAME.fullmatch(name):
            yield one.wrong(f"port name {name!r} is not of 1 to 15 lower-case letters, digits and hyphens")
        if not isinstance(port.get("containerPort"), int):
            yield one.wrong(f"port {name}: containerPort is not a number")
        if port.get("hostPort"):
            yield one.wrong(f"port {name}: hostPort is refused by the restricted profile")


def _probes(one: Manifest, container: Mapping[str, Any]) -> Iterator[Finding]:
    names = {str(port.get("name")) for port in container.get("ports") or ()}
    numbers = {port.get("containerPort") for port in container.get("ports") or ()}
    for kind in _PROBES:
        probe = container.get(kind)
        if not probe:
            yield one.wrong(f"{container.get('name')}: {kind} is missing")
            continue
        target = (probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port")
        if target is not None and target not in names | numbers:
            yield one.wrong(f"{kind}: port {target} is none of the container's ports")


def _job(one: Manifest) -> Iterator[Finding]:
    if one.pod.get("restartPolicy") not in ("Never", "OnFailure"):
        yield one.wrong(f"restartPolicy {one.pod.get('restartPolicy')} is not allowed in a Job")
    if not isinstance(one.spec.get("ttlSecondsAfterFinished"), int):
        yield one.wrong("ttlSecondsAfterFinished is missing: finished jobs would stay for ever")
