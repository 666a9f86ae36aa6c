"""The overlays are in order, and each mistake that a real API server, node or KEDA would punish is refused here."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from scripts import check_k8s, manifests, network_table
from scripts.manifests import edges
from scripts.manifests.context import Context, of_repository
from scripts.manifests.objects import Manifest, quantity

pytestmark = pytest.mark.process

Doc = dict[str, Any]
Change = Callable[[Doc], object]


@functools.cache
def contexts(overlay: str) -> Context:
    return of_repository(check_k8s.OVERLAYS / overlay / "given.example.yaml")


@pytest.fixture(scope="module")
def built() -> dict[str, list[Manifest]]:
    try:
        overlays = [check_k8s.OVERLAYS / name for name in ("dev", "province", "country")]
        return {overlay.name: manifests.load(check_k8s.build(overlay)) for overlay in overlays}
    except check_k8s.NoKustomize:
        pytest.skip("no kustomize and no kubectl: nothing was built")


@pytest.mark.parametrize("overlay", ["dev", "province", "country"])
def test_the_overlay_is_in_order(built: dict[str, list[Manifest]], overlay: str) -> None:
    objects = built[overlay]
    assert len(objects) > 50
    assert [str(one) for one in manifests.check(objects, contexts(overlay))] == []
    assert not [one for one in objects if one.kind == "Secret"]


# --- one mistake at a time ------------------------------------------------------------------------------------------


def app(doc: Doc) -> Doc:
    found: Doc = doc["spec"]["template"]["spec"]["containers"][0]
    return found


def pod(doc: Doc) -> Doc:
    found: Doc = doc["spec"]["template"]["spec"]
    return found


def env(doc: Doc, name: str) -> Doc:
    return next(one for one in app(doc)["env"] if one["name"] == name)


def trigger(doc: Doc) -> Doc:
    found: Doc = doc["spec"]["triggers"][0]["metadata"]
    return found


def put(target: Callable[[Doc], Doc], **values: Any) -> Change:
    return lambda doc: target(doc).update(values)


def drop(target: Callable[[Doc], Doc], *names: str) -> Change:
    return lambda doc: [target(doc).pop(name) for name in names]


def from_namespace(doc: Doc) -> Doc:
    found: Doc = doc["spec"]["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"]
    return found


def operators(doc: Doc) -> list[str]:
    found: list[str] = doc["spec"]["podSelector"]["matchExpressions"][0]["values"]
    return found


def spec(doc: Doc) -> Doc:
    found: Doc = doc["spec"]
    return found


def whole(doc: Doc) -> Doc:
    return doc


def metadata(doc: Doc) -> Doc:
    found: Doc = doc["metadata"]
    return found


API, WORKER, SHEETS = ("Deployment", "intake-api"), ("Deployment", "intake-worker"), ("Deployment", "scoring-sheets")
JOB, HPA, KEDA = (
    ("Job", "intake-migrate-0-1-0"),
    ("HorizontalPodAutoscaler", "intake-api"),
    ("ScaledObject", "scoring-sheets"),
)
PDB, SERVICE, INGRESS = ("PodDisruptionBudget", "intake-api"), ("Service", "intake"), ("Ingress", "greenladder")
NAMES, KAFKA = ("NetworkPolicy", "names"), ("NetworkPolicy", "workers-to-kafka")
GATEWAY, METRICS = ("NetworkPolicy", "gateway-to-api"), ("NetworkPolicy", "monitoring-to-metrics")
DATABASE, NAMESPACE = ("NetworkPolicy", "to-postgres"), "kubernetes.io/metadata.name"
SETTINGS = ("ConfigMap", "greenladder-settings")

MISTAKES: dict[str, tuple[tuple[str, str], Change, str]] = {
    # What a real API server refuses and no schema knows.
    "hpa bounds": (HPA, put(spec, minReplicas=9), "minReplicas 9 and maxReplicas 6 do not go together"),
    "selector": (
        API,
        put(lambda d: d["spec"]["selector"]["matchLabels"], tier="web"),
        "does not take the labels of its own",
    ),
    "budget with both": (PDB, put(spec, minAvailable=1), "exactly one of minAvailable and maxUnavailable"),
    "budget that stops all": (PDB, put(spec, maxUnavailable=0), "no pod may ever be moved"),
    "bad quantity": (API, put(lambda d: app(d)["resources"]["limits"], memory="512 MB"), "'512 MB' is not a quantity"),
    "request over limit": (
        API,
        put(lambda d: app(d)["resources"]["requests"], memory="2Gi"),
        "more memory is requested (2Gi)",
    ),
    "job restarts always": (JOB, put(pod, restartPolicy="Always"), "restartPolicy Always is not allowed in a Job"),
    "removed version": (HPA, put(whole, apiVersion="autoscaling/v2beta2"), "autoscaling/v2beta2 is not autoscaling/v2"),
    "removed kind": (HPA, put(whole, kind="PodSecurityPolicy"), "kind PodSecurityPolicy is not known"),
    "long port name": (API, put(lambda d: app(d)["ports"][0], name="a-name-far-too-long"), "is not of 1 to 15"),
    "mount without volume": (
        API,
        put(lambda d: app(d)["volumeMounts"][0], name="temp"),
        "volumeMount temp has no volume",
    ),
    "bad cidr": (
        KAFKA,
        put(lambda d: d["spec"]["egress"][0]["to"][0]["ipBlock"], cidr="10.20.0.0/33"),
        "is not a CIDR",
    ),
    "the whole world": (
        KAFKA,
        put(lambda d: d["spec"]["egress"][0]["to"][0]["ipBlock"], cidr="0.0.0.0/0"),
        "the whole world",
    ),
    "long name": (JOB, put(metadata, name="m" * 60 + "-0-1-0"), "not a DNS label of at most 63"),
    "label that is no text": (API, put(lambda d: d["metadata"]["labels"], tier=1), "the value of tier is not a text"),
    # What it accepts, and what then goes wrong.
    "root": (API, drop(lambda d: pod(d)["securityContext"], "runAsNonRoot"), "runAsNonRoot is not true"),
    "user root": (API, put(lambda d: pod(d)["securityContext"], runAsUser=0), "not a user other than root"),
    "no seccomp": (
        API,
        drop(lambda d: pod(d)["securityContext"], "seccompProfile"),
        "seccompProfile is not RuntimeDefault",
    ),
    "escalation": (
        API,
        drop(lambda d: app(d)["securityContext"], "allowPrivilegeEscalation"),
        "allowPrivilegeEscalation is not",
    ),
    "capabilities": (API, drop(lambda d: app(d)["securityContext"], "capabilities"), "capabilities.drop has no ALL"),
    "writable root": (
        API,
        drop(lambda d: app(d)["securityContext"], "readOnlyRootFilesystem"),
        "readOnlyRootFilesystem",
    ),
    "token": (API, put(pod, automountServiceAccountToken=True), "automountServiceAccountToken is not false"),
    "links": (API, drop(pod, "enableServiceLinks"), "enableServiceLinks is not false"),
    "host path": (API, put(lambda d: pod(d)["volumes"][0], hostPath={"path": "/"}), "the restricted profile refuses"),
    "secret in plain text": (
        API,
        lambda d: app(d)["env"].append({"name": "GF_INTAKE_SESSION_SECRET", "value": "abc"}),
        "a secret in plain text",
    ),
    "password in an address": (
        SETTINGS,
        put(lambda d: d["data"], LOG="postgresql://a:b@c/d"),
        "a password in plain text",
    ),
    "secret object": (SETTINGS, put(whole, kind="Secret"), "never part of an overlay"),
    "latest": (API, put(app, image="greenladder:latest"), "names no release"),
    "no tag": (API, put(app, image="registry.example:5000/greenladder"), "names no release"),
    "another release": (API, put(app, image="greenladder:0.2.0"), "is not of release 0.1.0"),
    "job of another release": (JOB, put(metadata, name="intake-migrate-0-0-9"), "does not end with the release 0.1.0"),
    "job without end": (JOB, drop(spec, "ttlSecondsAfterFinished"), "ttlSecondsAfterFinished is missing"),
    "no startup probe": (API, drop(app, "startupProbe"), "startupProbe is missing"),
    "no liveness probe": (WORKER, drop(app, "livenessProbe"), "livenessProbe is missing"),
    "no readiness probe": (API, drop(app, "readinessProbe"), "readinessProbe is missing"),
    "probe of no port": (
        API,
        put(lambda d: app(d)["readinessProbe"]["httpGet"], port="web"),
        "none of the container's ports",
    ),
    "probe of another service": (
        API,
        put(lambda d: app(d)["readinessProbe"]["httpGet"], path="/review/readyz"),
        "/review/readyz is not /intake/readyz",
    ),
    "no request": (API, drop(lambda d: app(d)["resources"]["requests"], "cpu"), "resources.requests.cpu is missing"),
    "no limit": (API, drop(lambda d: app(d)["resources"], "limits"), "resources.limits.memory is missing"),
    "no sleep before the end": (API, drop(app, "lifecycle"), "lifecycle.preStop.sleep below 3 s"),
    "no time to end": (API, put(pod, terminationGracePeriodSeconds=10), "is less than the 27 s"),
    "no time for the worker": (WORKER, put(pod, terminationGracePeriodSeconds=30), "is less than the 30 s"),
    "pods go first": (
        API,
        put(lambda d: d["spec"]["strategy"]["rollingUpdate"], maxUnavailable=1),
        "must keep every pod until its successor is ready",
    ),
    "no spread": (API, drop(pod, "topologySpreadConstraints"), "topologySpreadConstraints is missing"),
    "replicas under a scaler": (API, put(spec, replicas=3), "replicas is set, but HorizontalPodAutoscaler"),
    "no such account": (API, put(pod, serviceAccountName="intak"), "serviceAccountName intak does not exist"),
    "no such secret": (
        API,
        put(lambda d: env(d, "GF_INTAKE_DATABASE_URL")["valueFrom"]["secretKeyRef"], name="intake-db"),
        "Secret intake-db is neither",
    ),
    "no such key": (
        API,
        put(lambda d: env(d, "GF_INTAKE_ISSUER")["valueFrom"]["configMapKeyRef"], key="ISSUR"),
        "has no key ISSUR",
    ),
    "hash in a job": (
        JOB,
        lambda d: app(d)["env"].append(
            {"name": "GF_INTAKE_LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "HASHED", "key": "LOG_LEVEL"}}}
        ),
        "cannot be applied again",
    ),
    "service of no pod": (SERVICE, put(lambda d: d["spec"]["selector"], tier="web"), "its selector takes no pod"),
    "service of no port": (
        SERVICE,
        put(lambda d: d["spec"]["ports"][0], targetPort="web"),
        "targetPort web is no port",
    ),
    "gateway to nothing": (
        INGRESS,
        lambda d: d["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"].update(name="intak"),
        "Service intak does not exist",
    ),
    "metrics for everybody": (
        INGRESS,
        lambda d: d["spec"]["rules"][0]["http"]["paths"][0].update(path="/intake"),
        "would show probes or metrics to everybody",
    ),
    # Who may speak to whom (deploy/k8s/edges.yaml).
    "no names": (NAMES, lambda d: d["spec"]["egress"][0]["ports"].pop(), "to dns, port 53, is shut, but must be open"),
    "names for everybody": (NAMES, put(spec, podSelector={}), "opens unlabelled to dns, port 53/UDP"),
    "no gateway": (
        GATEWAY,
        put(from_namespace, **{NAMESPACE: "gateway"}),
        "gateway: to intake-api, port 8000, is shut",
    ),
    "gateway to the workers": (GATEWAY, drop(lambda d: d["spec"]["podSelector"], "matchLabels"), "opens gateway to"),
    "api for everybody in the cluster": (
        GATEWAY,
        lambda d: d["spec"]["ingress"][0]["from"].append({"namespaceSelector": {}}),
        "opens dns to intake-api, port 8000",
    ),
    "metrics of a strange namespace": (METRICS, put(from_namespace, **{NAMESPACE: "default"}), "opens stranger to"),
    "no metrics of the workers": (
        METRICS,
        lambda d: d["spec"]["ingress"][0]["ports"].pop(),
        "monitoring: to intake-worker, port 8001, is shut",
    ),
    "no database": (
        DATABASE,
        put(lambda d: d["spec"]["egress"][0]["ports"][0], port=5433),
        "to postgres, port 5432, is shut",
    ),
    "no migration": (
        DATABASE,
        lambda d: operators(d).remove("migrate"),
        "intake-migrate: to postgres, port 5432, is shut",
    ),
    "database for the topics": (
        DATABASE,
        lambda d: operators(d).append("topics"),
        "opens topics to postgres, port 5432",
    ),
    "broker for the apis": (KAFKA, lambda d: operators(d).append("api"), "opens intake-api to kafka, port 9093"),
    "a wider network": (
        KAFKA,
        put(lambda d: d["spec"]["egress"][0]["to"][0]["ipBlock"], cidr="10.20.0.0/16"),
        "opens intake-worker to postgres, port 9093",
    ),
    "way out": (
        KAFKA,
        lambda d: d["spec"]["egress"].append(
            {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"protocol": "TCP", "port": 443}]}
        ),
        "opens intake-worker to internet, port 443",
    ),
    "range of ports": (
        KAFKA,
        put(lambda d: d["spec"]["egress"][0]["ports"][0], port=5000, endPort=9093),
        "opens intake-worker to kafka, port 5432",
    ),
    "nothing denied": (
        ("NetworkPolicy", "deny-all"),
        put(spec, podSelector={"matchLabels": {"app.kubernetes.io/part-of": "greenladder"}}),
        "no policy shuts dns to unlabelled, port 8000",
    ),
    "egress without an address": (KAFKA, lambda d: d["spec"]["egress"][0].pop("to"), "opens everything"),
    "no broker": (KAFKA, put(lambda d: d["spec"]["egress"][0]["ports"][0], port=9092), "reach Kafka (port 9093)"),
    # Names that nobody reads.
    "misspelt setting": (
        API,
        lambda d: env(d, "GF_INTAKE_ISSUER").update(name="GF_INTAKE_ISUER"),
        "intake has no such setting",
    ),
    "setting of another service": (
        API,
        lambda d: env(d, "GF_INTAKE_ISSUER").update(name="GF_REVIEW_ISSUER"),
        "env GF_REVIEW_ISSUER: intake has no such setting",
    ),
    "test build": (API, lambda d: app(d)["env"].append({"name": "GF_TEST_BUILD", "value": "1"}), "GF_TEST_BUILD"),
    "value that is refused": (
        API,
        lambda d: env(d, "GF_INTAKE_MODE").update(value="clustr"),
        "env GF_INTAKE_MODE: Input",
    ),
    "value that is no text": (
        API,
        lambda d: env(d, "GF_INTAKE_MODE").update(value=1),
        "env GF_INTAKE_MODE: the value is not",
    ),
    "setting twice": (API, lambda d: app(d)["env"].append(dict(env(d, "GF_INTAKE_MODE"))), "is there 2 times"),
    "port of the worker": (
        WORKER,
        lambda d: env(d, "GF_INTAKE_WORKER_PORT").update(value="9000"),
        "the process listens at 9000",
    ),
    "misspelt part": (
        SHEETS,
        lambda d: env(d, "GF_SCORING_WORKER_PARTS").update(value="consumer:scoring.sheet"),
        "worker part consumer:scoring.sheet does not exist",
    ),
    "part that nobody runs": (
        SHEETS,
        lambda d: env(d, "GF_SCORING_WORKER_PARTS").update(value="gauges"),
        "no Deployment runs consumer:scoring.sheets",
    ),
    "more pods than partitions": (WORKER, put(spec, replicas=13), "more than the 12 partitions of group intake"),
    # KEDA.
    "misspelt trigger key": (
        KEDA,
        lambda d: trigger(d).update(lagTreshold=trigger(d).pop("lagThreshold")),
        "lagTreshold is not known",
    ),
    "threshold of nothing": (KEDA, put(trigger, lagThreshold="0"), "lagThreshold must be a number from 1 on"),
    "threshold that is no text": (KEDA, put(trigger, lagThreshold=100), "lagThreshold is not a text"),
    "no broker to ask": (KEDA, drop(trigger, "bootstrapServersFromEnv"), "bootstrapServers is missing"),
    "lag that is hidden": (KEDA, put(trigger, excludePersistentLag="true"), "hides partitions that wait"),
    "begins at the end": (KEDA, put(trigger, offsetResetPolicy="newest"), "offsetResetPolicy must be earliest"),
    "no such topic": (KEDA, put(trigger, topic="intake.submission"), "there is no topic intake.submission"),
    "no such group": (KEDA, put(trigger, consumerGroup="scoring"), "no service has a consumer group scoring"),
    "group of another topic": (KEDA, put(trigger, topic="intake.units"), "does not read intake.units"),
    "unknown trigger": (
        KEDA,
        lambda d: d["spec"]["triggers"][0].update(type="kafkaa"),
        "trigger type kafkaa is not known",
    ),
    "no such target": (
        KEDA,
        put(lambda d: d["spec"]["scaleTargetRef"], name="scoring"),
        "Deployment scoring does not exist",
    ),
    "more than partitions": (KEDA, put(spec, maxReplicaCount=60), "more than the 48 partitions"),
    "nervous": (KEDA, put(spec, cooldownPeriod=5), "cooldownPeriod below 120 s"),
    "speaks in the clear": (KEDA, drop(trigger, "tls"), "tls is disable, the broker's is enable (SASL_SSL)"),
    "another mechanism": (
        KEDA,
        put(trigger, sasl="scram_sha256"),
        "sasl is scram_sha256, the broker's is scram_sha512",
    ),
    "certificates that are not there": (
        API,
        lambda d: env(d, "GF_INTAKE_CA_FILE").update(value="/etc/greenladder/root.crt"),
        "no ConfigMap is mounted that has /etc/greenladder/root.crt",
    ),
    "certificates that are not mounted": (
        WORKER,
        lambda d: app(d)["volumeMounts"].pop(),
        "env PGSSLROOTCERT: no ConfigMap is mounted",
    ),
    "sasl without a password": (
        KEDA,
        lambda d: d["spec"]["triggers"][0].pop("authenticationRef"),
        "needs an authenticationRef",
    ),
    "no such authentication": (
        KEDA,
        lambda d: d["spec"]["triggers"][0]["authenticationRef"].update(name="kafka"),
        "TriggerAuthentication kafka does not exist",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_its_file_and_reason(built: dict[str, list[Manifest]], name: str) -> None:
    (kind, wanted), change, reason = MISTAKES[name]
    objects = list(built["province"])
    hashed = next(one.name for one in objects if one.kind == "ConfigMap" and one.name.startswith(SETTINGS[1]))
    exact = hashed if wanted == SETTINGS[1] else wanted
    place = next(n for n, one in enumerate(objects) if (one.kind, one.name) == (kind, exact))
    doc = copy.deepcopy(dict(objects[place].doc))
    change(doc)
    doc = yaml.safe_load(yaml.safe_dump(doc).replace("HASHED", hashed))
    objects[place] = Manifest(doc, objects[place].source)
    found = [str(one) for one in manifests.check(objects, contexts("province"))]
    matching = [one for one in found if reason in one]
    assert matching, "\n".join(found) or "nothing was found"
    if not matching[0].startswith(("service ", "scaling")):
        assert matching[0].startswith("deploy/"), matching[0]


def test_the_edges_are_read_as_a_cluster_enforces_them(built: dict[str, list[Manifest]]) -> None:
    """Each half of a policy at its own: what a real enforcing network did with these very manifests."""
    network = edges.Network(built["dev"])

    def open_(source: edges.Place, target: edges.Place, number: int) -> bool:
        return network.open(source, target, edges.Port("TCP", number)) is not None

    def pod_of(name: str, component: str = "", namespace: str = "greenladder") -> edges.Place:
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}
        if component:
            labels["app.kubernetes.io/part-of"] = "greenladder"
        return edges.Place(name, namespace=namespace, labels=labels)

    kafka, postgres, worker, api = (
        pod_of("kafka"),
        pod_of("postgres"),
        pod_of("intake", "worker"),
        pod_of("review", "api"),
    )
    strange = pod_of("intake", "worker", "default")
    assert all([open_(worker, kafka, 9092), open_(worker, postgres, 5432), open_(api, postgres, 5432)])
    # One side alone opens nothing, and no other port is open.
    shut = [(api, kafka, 9092), (worker, kafka, 9093), (pod_of("topics", "topics"), postgres, 5432)]
    # Labels of ours in another namespace are nobody's; two APIs do not speak to each other.
    shut += [(strange, kafka, 9092), (api, pod_of("intake", "api"), 8000)]
    assert not any(open_(*edge) for edge in shut)
    assert open_(edges.Place("keda", namespace="keda"), kafka, 9092)
    # An address is no pod, and what no policy speaks of is not ours to shut.
    assert not open_(edges.Place("outside", address="10.20.1.10"), postgres, 5432)
    assert network.open(edges.Place("a", namespace="x"), edges.Place("b", namespace="y"), edges.Port("TCP", 1)) == ()


def test_names_of_the_edges_that_nobody_has_are_refused(built: dict[str, list[Manifest]]) -> None:
    plan = contexts("province").plan
    slip = plan.wanted[0]._replace(sources=("api", "wroker"))
    found = edges.check(built["province"], replace(plan, wanted=(slip, *plan.wanted[1:])))
    assert "wroker is no place, no component and no pod" in "\n".join(map(str, found))


def test_the_table_of_edges_is_fresh(built: dict[str, list[Manifest]]) -> None:
    text = network_table.render(built)
    assert network_table.TABLE.read_text(encoding="utf-8") == text
    assert "| 入口控制器 | 接口 | 8000 | `gateway-to-api` |" in text


def test_something_missing_is_refused(built: dict[str, list[Manifest]]) -> None:
    objects = list(built["province"])

    def without(kind: str, name: str) -> str:
        left = [one for one in objects if (one.kind, one.name) != (kind, name)]
        assert len(left) == len(objects) - 1
        return "\n".join(str(one) for one in manifests.check(left, contexts("province")))

    assert "none denies everything" in without("NetworkPolicy", "deny-all")
    assert "no Deployment runs consumer:scoring.sheets" in without("Deployment", "scoring-sheets")
    assert "Deployment intake-api does not exist" in without("Deployment", "intake-api")
    given = {key: value for key, value in contexts("province").given.items() if key[1] != "greenladder-tls"}
    found = manifests.check(objects, replace(contexts("province"), given=given))
    assert "Secret greenladder-tls is not in given.example.yaml" in "\n".join(map(str, found))
    twice = manifests.check([*objects, objects[5]], contexts("province"))
    assert any(one.reason == "is there twice" for one in twice)


def test_schemas_are_asked_too(built: dict[str, list[Manifest]]) -> None:
    objects = list(built["province"])
    one = next(found for found in objects if (found.kind, found.name) == ("Service", "intake"))
    doc = copy.deepcopy(dict(one.doc))
    doc["spec"]["ports"][0]["port"] = "8000"
    assert "schema" in check_k8s.schemas([Manifest(doc, "x")])[0].reason
    doc = copy.deepcopy(dict(one.doc))
    doc["spec"]["selectr"] = doc["spec"].pop("selector")
    assert "selectr" in check_k8s.schemas([Manifest(doc, "x")])[0].reason
    assert check_k8s.schemas([one]) == []


def test_quantities() -> None:
    assert [quantity(text) for text in ("250m", "1Gi", "2", "1e3", 1)] == [
        quantity("0.25"), quantity("1024Mi"), 2, 1000, 1,
    ]  # fmt: skip
    assert all(quantity(text) is None for text in ("", "1 Gi", "1GB", "-1", "1ki", True, None))
