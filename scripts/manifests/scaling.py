"""Scaling: HorizontalPodAutoscaler and KEDA, whose metadata no schema knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scripts.manifests.context import Context
from scripts.manifests.objects import Finding, Manifest, of_kind, workloads

#: The keys of KEDA's trigger for Apache Kafka (2.21). A key that it does not know it passes over in silence.
KAFKA_KEYS: Final = frozenset(
    {
        "bootstrapServers", "bootstrapServersFromEnv", "consumerGroup", "consumerGroupFromEnv", "topic",
        "topicFromEnv", "lagThreshold", "activationLagThreshold", "offsetResetPolicy", "allowIdleConsumers",
        "scaleToZeroOnInvalidOffset", "excludePersistentLag", "limitToPartitionsWithLag",
        "ensureEvenDistributionOfPartitions", "partitionLimitation", "version", "sasl", "tls", "unsafeSsl",
        "saslTokenProvider",
    }
)  # fmt: skip
TRIGGERS: Final[Mapping[str, frozenset[str]]] = {"kafka": KAFKA_KEYS}
_SASL: Final = ("none", "plaintext", "scram_sha256", "scram_sha512", "oauthbearer", "gssapi")
#: What the services call a mechanism → what KEDA calls it.
_MECHANISMS: Final = {"PLAIN": "plaintext", "SCRAM-SHA-256": "scram_sha256", "SCRAM-SHA-512": "scram_sha512"}
_AUTH_KEYS: Final = frozenset({"sasl", "tls", "username", "password", "ca", "cert", "key", "keyPassword"})


def check(objects: Sequence[Manifest], context: Context) -> list[Finding]:
    scalers = of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")
    found = [finding for one in scalers for finding in _target(one, objects)]
    targets = Counter((one.spec.get("scaleTargetRef") or {}).get("name") for one in scalers)
    found += [Finding("scaling", f"{name} is scaled by {n} objects") for name, n in targets.items() if n > 1]
    for one in of_kind(objects, "HorizontalPodAutoscaler"):
        found += _bounds(one, "minReplicas", "maxReplicas", 1)
    for one in of_kind(objects, "ScaledObject"):
        found += [*_bounds(one, "minReplicaCount", "maxReplicaCount", 0), *_scaled(one, objects, context)]
    for one in of_kind(objects, "TriggerAuthentication"):
        found += _authentication(one, context)
    return found


def _target(one: Manifest, objects: Sequence[Manifest]) -> Iterator[Finding]:
    ref = one.spec.get("scaleTargetRef") or {}
    kind = ref.get("kind", "Deployment")
    target = next((w for w in workloads(objects) if w.kind == kind and w.name == ref.get("name")), None)
    if target is None:
        yield one.wrong(f"scaleTargetRef: {kind} {ref.get('name')} does not exist")
    elif "replicas" in target.spec:
        yield target.wrong(f"replicas is set, but {one.kind} {one.name} decides it: each apply would set it back")


def _bounds(one: Manifest, least_name: str, most_name: str, floor: int) -> Iterator[Finding]:
    least, most = one.spec.get(least_name, floor), one.spec.get(most_name)
    if not isinstance(most, int) or not isinstance(least, int):
        yield one.wrong(f"{least_name} and {most_name} must be numbers")
    elif least < floor or most < 1 or least > most:
        yield one.wrong(f"{least_name} {least} and {most_name} {most} do not go together")


def _scaled(one: Manifest, objects: Sequence[Manifest], context: Context) -> Iterator[Finding]:
    triggers = one.spec.get("triggers") or ()
    if not triggers:
        yield one.wrong("has no trigger")
    if one.spec.get("cooldownPeriod", 300) < 120:
        yield one.wrong("cooldownPeriod below 120 s: each step gives every partition to another pod")
    if not one.spec.get("fallback"):
        yield one.wrong("fallback is missing: a lag that cannot be read would leave the old number for ever")
    known = []
    for trigger in triggers:
        kind, metadata = trigger.get("type"), trigger.get("metadata") or {}
        if kind not in TRIGGERS:
            yield one.wrong(f"trigger type {kind} is not known")
            continue
        yield from (
            one.wrong(f"trigger {kind}: key {key} is not known to KEDA") for key in metadata.keys() - TRIGGERS[kind]
        )
        yield from (
            one.wrong(f"trigger {kind}: {key} is not a text")
            for key, value in metadata.items()
            if not isinstance(value, str)
        )
        yield from _kafka(one, metadata, context)
        yield from _spoken(one, metadata, context)
        yield from _authenticated(one, trigger, objects)
        known.append(context.partitions.get(str(metadata.get("topic")), 0))
    most = one.spec.get("maxReplicaCount")
    if known and isinstance(most, int) and most > max(known):
        yield one.wrong(f"maxReplicaCount {most} is more than the {max(known)} partitions: the rest would be idle")


def _kafka(one: Manifest, metadata: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    if not {"bootstrapServers", "bootstrapServersFromEnv"} & metadata.keys():
        yield one.wrong("trigger kafka: bootstrapServers is missing")
    group, topic = metadata.get("consumerGroup"), metadata.get("topic")
    if topic not in context.partitions:
        yield one.wrong(f"trigger kafka: there is no topic {topic} in proto/topics")
    if group not in context.groups:
        yield one.wrong(f"trigger kafka: no service has a consumer group {group}")
    elif topic not in context.groups[str(group)]:
        yield one.wrong(f"trigger kafka: group {group} does not read {topic}")
    if not str(metadata.get("lagThreshold", "")).isdigit() or int(metadata["lagThreshold"]) < 1:
        yield one.wrong("trigger kafka: lagThreshold must be a number from 1 on")
    if metadata.get("offsetResetPolicy") != "earliest":
        yield one.wrong("trigger kafka: offsetResetPolicy must be earliest, as the consumers' is")
    if metadata.get("excludePersistentLag") == "true":
        yield one.wrong("trigger kafka: excludePersistentLag hides partitions that wait while one pod has them all")
    if metadata.get("allowIdleConsumers") == "true":
        yield one.wrong("trigger kafka: allowIdleConsumers would start pods without a partition")
    if metadata.get("sasl", "none") not in _SASL:
        yield one.wrong(f"trigger kafka: sasl {metadata.get('sasl')} is not known")


def _spoken(one: Manifest, metadata: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """KEDA speaks to the broker as the workers do."""
    broker = context.given.get(("Secret", "greenladder-kafka"), {})
    protocol, mechanism = broker.get("protocol", "PLAINTEXT"), broker.get("mechanism", "")
    tls = "enable" if protocol.endswith("SSL") else "disable"
    sasl = _MECHANISMS.get(mechanism, "none") if protocol.startswith("SASL") else "none"
    for key, wanted, default in (("tls", tls, "disable"), ("sasl", sasl, "none")):
        if metadata.get(key, default) != wanted:
            yield one.wrong(
                f"trigger kafka: {key} is {metadata.get(key, default)}, the broker's is {wanted} ({protocol})"
            )


def _authenticated(one: Manifest, trigger: Mapping[str, Any], objects: Sequence[Manifest]) -> Iterator[Finding]:
    name = (trigger.get("authenticationRef") or {}).get("name")
    if name and name not in {found.name for found in of_kind(objects, "TriggerAuthentication")}:
        yield one.wrong(f"TriggerAuthentication {name} does not exist")
    if (trigger.get("metadata") or {}).get("sasl", "none") != "none" and not name:
        yield one.wrong("trigger kafka: sasl needs an authenticationRef")


def _authentication(one: Manifest, context: Context) -> Iterator[Finding]:
    for field, kind in (("secretTargetRef", "Secret"), ("configMapTargetRef", "ConfigMap")):
        for ref in one.spec.get(field) or ():
            keys = context.given.get((kind, str(ref.get("name"))))
            if keys is None or ref.get("key") not in keys:
                yield one.wrong(f"{kind} {ref.get('name')} with key {ref.get('key')} is not in given.example.yaml")
            if ref.get("parameter") not in _AUTH_KEYS:
                yield one.wrong(f"parameter {ref.get('parameter')} is not known to the Kafka trigger")
