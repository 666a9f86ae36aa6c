"""Network policies: nothing is open that is not named, and nothing that is needed is shut."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from scripts.manifests import edges
from scripts.manifests.context import Context
from scripts.manifests.objects import Finding, Manifest, of_kind, selects, workloads


def check(objects: Sequence[Manifest], context: Context) -> list[Finding]:
    policies = of_kind(objects, "NetworkPolicy")
    found = [finding for policy in policies for finding in _policy(policy)]
    running = workloads(objects)
    if running and not any(_denies_all(policy) for policy in policies):
        found.append(Finding("NetworkPolicy", "none denies everything that is not named"))
    for one in running:
        if one.ours:
            found += _addresses(one, policies, objects, context)
    return [*found, *edges.check(objects, context.plan)]


def _denies_all(policy: Manifest) -> bool:
    return (
        policy.spec.get("podSelector") == {}
        and set(policy.spec.get("policyTypes") or ()) == {"Ingress", "Egress"}
        and not policy.spec.get("ingress")
        and not policy.spec.get("egress")
    )


def _policy(policy: Manifest) -> Iterator[Finding]:
    types = set(policy.spec.get("policyTypes") or ())
    for direction, side, types_name in (("ingress", "from", "Ingress"), ("egress", "to", "Egress")):
        rules = policy.spec.get(direction) or ()
        if rules and types_name not in types:
            yield policy.wrong(f"has {direction} rules, but policyTypes does not say {types_name}")
        for rule in rules:
            if not rule.get(side) or not rule.get("ports"):
                yield policy.wrong(f"{direction}: a rule without `{side}` or without ports opens everything")
            for peer in rule.get(side) or ():
                yield from _block(policy, peer)


def _block(policy: Manifest, peer: Mapping[str, Any]) -> Iterator[Finding]:
    block = peer.get("ipBlock")
    for cidr in [block.get("cidr"), *(block.get("except") or ())] if block else ():
        try:
            if ipaddress.ip_network(str(cidr)).prefixlen == 0:
                yield policy.wrong(f"ipBlock {cidr} is the whole world")
        except ValueError:
            yield policy.wrong(f"ipBlock {cidr!r} is not a CIDR")


def _out(one: Manifest, policies: Sequence[Manifest]) -> set[tuple[str, Any]]:
    """Protocol and port that some policy lets these pods out to."""
    return {
        (str(port.get("protocol", "TCP")), port.get("port"))
        for policy in policies
        if selects(policy.spec.get("podSelector"), one.pod_labels)
        for rule in policy.spec.get("egress") or ()
        for port in rule.get("ports") or ()
    }


def _addresses(
    one: Manifest, policies: Sequence[Manifest], objects: Sequence[Manifest], context: Context
) -> Iterator[Finding]:
    """The ports of the addresses that the office gives and of the settings are among those let out."""
    out, component = _out(one, policies), one.pod_labels.get("app.kubernetes.io/component")
    kafka = _kafka_ports(context)
    if component in ("worker", "sheets", "topics") and not {("TCP", port) for port in kafka} <= out:
        yield one.wrong(f"no NetworkPolicy lets its pods reach Kafka (port {', '.join(map(str, sorted(kafka)))})")
    if component == "api" and (issuer := _issuer_port(objects)) and ("TCP", issuer) not in out:
        yield one.wrong(f"no NetworkPolicy lets its pods reach the identity provider (port {issuer})")


def _kafka_ports(context: Context) -> set[int]:
    addresses = context.given.get(("Secret", "greenladder-kafka"), {}).get("bootstrap", "")
    return {int(address.rpartition(":")[2]) for address in addresses.split(",") if ":" in address}


def _issuer_port(objects: Sequence[Manifest]) -> int | None:
    for one in of_kind(objects, "ConfigMap"):
        data = one.doc.get("data") or {}
        if issuer := data.get("ISSUER_INSIDE_URL") or data.get("ISSUER"):
            parts = urlsplit(issuer)
            return parts.port or (443 if parts.scheme == "https" else 80)
    return None
