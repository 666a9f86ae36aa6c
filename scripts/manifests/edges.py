"""Who may speak to whom 网络通路: every pair is tried against the built NetworkPolicies, as an enforcing network would.

``deploy/k8s/edges.yaml`` names the edges that must be open. Every other one must be shut: between pods of the overlay,
to and from places that are none (another namespace, a network outside, the internet), port by port, in both directions.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from scripts.manifests.objects import Finding, Manifest, of_kind, selects, workloads

SOURCE: Final = "deploy/k8s/edges.yaml"
_NAME, _COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
#: Kubernetes itself puts a namespace's name among its labels.
_NAMESPACE: Final = "kubernetes.io/metadata.name"


class Port(NamedTuple):
    protocol: str
    number: int

    def __str__(self) -> str:
        return f"{self.number}" if self.protocol == "TCP" else f"{self.number}/{self.protocol}"


@dataclass(frozen=True)
class Place:
    """One end of an edge: a pod of a namespace, or an address outside the cluster."""

    id: str
    title: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    ports: tuple[Port, ...] = ()
    #: Whether it is a pod of the overlay.
    workload: bool = False

    @property
    def names(self) -> set[str]:
        """What an edge may call it."""
        return {self.id, self.labels.get(_COMPONENT, "")} if self.workload else {self.id}


class Wanted(NamedTuple):
    """An edge that must be open."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Plan:
    """What ``edges.yaml`` says of one overlay."""

    places: tuple[Place, ...] = ()
    tried: tuple[Port, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    #: Names that some overlay knows: one that none knows is a slip.
    known: frozenset[str] = frozenset()


#: Of pods that listen nowhere the ports of the others are tried.
_ANY: Final = (Port("TCP", 8000), Port("TCP", 8001))


def read(path: Path, overlay: str) -> Plan:
    """The plan of one overlay."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    common, special = data["places"], data["overlays"]
    places = [_place(name, given) for name, given in {**common, **special.get(overlay, {})}.items()]
    wanted = [Wanted(tuple(one["from"]), tuple(one["to"]), one["why"]) for one in data["edges"]]
    known = frozenset(common) | {name for one in special.values() for name in one}
    return Plan(tuple(places), tuple(_port(port) for port in data["tried"]), tuple(wanted), known)


def _place(name: str, given: Mapping[str, Any]) -> Place:
    ports = tuple(_port(port) for port in given["ports"])
    address, namespace = given.get("address", ""), given.get("namespace", "")
    return Place(name, given["name"], namespace, given.get("labels") or {}, address, ports)


def _port(given: int | str) -> Port:
    number, _, protocol = str(given).partition("/")
    return Port(protocol or "TCP", int(number))


# --- what an enforcing network would do -----------------------------------------------------------------------------


class Network:
    """The policies of one namespace, and the labels of that namespace."""

    def __init__(self, objects: Sequence[Manifest]) -> None:
        self.policies = of_kind(objects, "NetworkPolicy")
        own = next(iter(of_kind(objects, "Namespace")), None)
        self.namespace = own.name if own else "default"
        self._labels = {self.namespace: dict(own.labels)} if own else {}

    def open(self, source: Place, target: Place, port: Port) -> tuple[Manifest, ...] | None:
        """The policies that let it through; empty where none is concerned, None where it is shut."""
        out = self._side(source, target, port, "egress")
        into = self._side(target, source, port, "ingress") if out is not None else None
        return None if out is None or into is None else (*out, *into)

    def _side(self, here: Place, there: Place, port: Port, side: str) -> tuple[Manifest, ...] | None:
        if here.namespace != self.namespace:
            return ()
        direction = side.capitalize()
        concerned = [
            one
            for one in self.policies
            if direction in (one.spec.get("policyTypes") or ()) and selects(one.spec.get("podSelector"), here.labels)
        ]
        letting = tuple(one for one in concerned if self._lets(one, side, there, port))
        return letting if letting or not concerned else None

    def _lets(self, policy: Manifest, side: str, peer: Place, port: Port) -> bool:
        field_name = "to" if side == "egress" else "from"
        for rule in policy.spec.get(side) or ():
            ports, peers = rule.get("ports"), rule.get(field_name)
            if (not ports or any(_matches(one, port) for one in ports)) and (
                not peers or any(self._is(one, peer) for one in peers)
            ):
                return True
        return False

    def _is(self, peer: Mapping[str, Any], place: Place) -> bool:
        if block := peer.get("ipBlock"):
            return bool(place.address) and _within(place.address, block)
        if place.address:
            return False
        if "namespaceSelector" in peer:
            labels = {**self._labels.get(place.namespace, {}), _NAMESPACE: place.namespace}
            if not selects(peer["namespaceSelector"], labels):
                return False
        elif place.namespace != self.namespace:
            return False
        return selects(peer.get("podSelector"), place.labels)


def _matches(given: Mapping[str, Any], port: Port) -> bool:
    first = given.get("port")
    if given.get("protocol", "TCP") != port.protocol:
        return False
    return first is None or (isinstance(first, int) and first <= port.number <= given.get("endPort", first))


def _within(address: str, block: Mapping[str, Any]) -> bool:
    try:
        inside = ipaddress.ip_address(address) in ipaddress.ip_network(str(block.get("cidr")))
        return inside and not any(_within(address, {"cidr": one}) for one in block.get("except") or ())
    except ValueError:
        return False  # said elsewhere


# --- the plan against it --------------------------------------------------------------------------------------------


class Tried(NamedTuple):
    """One edge: whether it must be open, and the policies that open it (none concerned: empty; shut: None)."""

    wanted: Wanted | None
    source: Place
    target: Place
    port: Port
    policies: tuple[Manifest, ...] | None


def check(objects: Sequence[Manifest], plan: Plan) -> list[Finding]:
    places = _places(objects, plan)
    if not plan.wanted or not any(one.workload for one in places):
        return []
    known = plan.known | {name for one in places for name in one.names}
    slips = {name for one in plan.wanted for name in (*one.sources, *one.targets)} - known
    found = [Finding(SOURCE, f"{slip} is no place, no component and no pod") for slip in sorted(slips)]
    # One finding for each policy and each end that lacks something, not one for each of hundreds of edges.
    wrong: dict[str, list[str]] = {}
    for wanted, source, target, port, policies in tried(objects, plan):
        if wanted and policies is None:
            text = f"to {target.id}, port {port}, is shut, but must be open: {wanted.why}"
            wrong.setdefault(f"{SOURCE} {source.id}", []).append(text)
        elif policies is not None and not wanted:
            where = policies[-1].where if policies else SOURCE
            how = "opens" if policies else "no policy shuts"
            text = f"{how} {source.id} to {target.id}, port {port}: edges.yaml does not name it"
            wrong.setdefault(where, []).append(text)
    for where, texts in wrong.items():
        found.append(Finding(where, texts[0] + (f" (and {len(texts) - 1} more)" if texts[1:] else "")))
    return found


def _places(objects: Sequence[Manifest], plan: Plan) -> list[Place]:
    """The pods of the overlay, one of each workload, and what is none."""
    namespace = Network(objects).namespace
    running = [
        Place(
            "-".join(dict.fromkeys(str(one.pod_labels[key]) for key in (_NAME, _COMPONENT) if key in one.pod_labels)),
            namespace=namespace,
            labels=one.pod_labels,
            ports=tuple(_ports(one)),
            workload=True,
        )
        for one in workloads(objects)
    ]
    return [*running, *plan.places]


def _ports(one: Manifest) -> Iterator[Port]:
    for container in one.containers:
        for port in container.get("ports") or ():
            if isinstance(number := port.get("containerPort"), int):
                yield Port(str(port.get("protocol", "TCP")), number)


def tried(objects: Sequence[Manifest], plan: Plan) -> list[Tried]:
    """Every pair with an end in our namespace. A place with itself is two pods of one kind."""
    network, places, found = Network(objects), _places(objects, plan), []
    for source in places:
        for target in places:
            if network.namespace not in (source.namespace, target.namespace):
                continue
            more = (() if target.ports else _ANY) if target.workload else plan.tried
            for port in dict.fromkeys((*target.ports, *more)):
                policies = network.open(source, target, port)
                found.append(Tried(_wanted(plan, source, target, port), source, target, port, policies))
    return found


def _wanted(plan: Plan, source: Place, target: Place, port: Port) -> Wanted | None:
    if port not in target.ports:
        return None
    return next((one for one in plan.wanted if source.names & {*one.sources} and target.names & {*one.targets}), None)
