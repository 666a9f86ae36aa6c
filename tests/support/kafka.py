"""A real Kafka broker for tests, had in one of three ways, in this order: an address, a container, the Maven artefacts.

- ``GF_TEST_KAFKA`` (``host:port``) names a broker;
- else testcontainers, when a Docker engine answers and has the image ``apache/kafka:4.3.1``;
- else the artefacts of Apache Kafka from Maven (once, kept in a cache), started with the machine's Java.

``REQUIRE_KAFKA=1`` turns "none can be had" from a loud skip into a failure.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from gf_chassis.topics import TopicPlan, ensure
from tests.support.report import announce

VERSION = "4.3.1"
IMAGE = f"apache/kafka:{VERSION}"

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>greenladder</groupId><artifactId>test-broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
  </dependency></dependencies>
</project>
"""


_JAVA = ("java", "-XX:TieredStopAtLevel=1")


def _die_with_parent() -> None:
    """A killed test run leaves no broker behind (Linux: PR_SET_PDEATHSIG)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class NoKafka(Exception):
    """This way of having a broker is not open; the text says why."""


# --- the Maven way --------------------------------------------------------------------------------------------------


def jars() -> Path:
    """The folder with the broker's jars; fetched once and kept under the user's cache."""
    if shutil.which("java") is None:
        raise NoKafka("no java")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "greenladder" / "kafka"
    home.mkdir(parents=True, exist_ok=True)
    lib = home / VERSION
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not lib.is_dir():
            _fetch(home, lib)
    return lib


def _fetch(home: Path, lib: Path) -> None:
    if shutil.which("mvn") is None:
        raise NoKafka("no mvn")
    with tempfile.TemporaryDirectory(dir=home) as folder:
        (Path(folder) / "pom.xml").write_text(_POM, encoding="utf-8")
        done = subprocess.run(
            ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode != 0:
            raise NoKafka("mvn: " + (done.stdout.strip().splitlines() or ["failed"])[-1][:200])
        # Renamed when it is whole: an interrupted download leaves nothing behind.
        (Path(folder) / "lib").rename(lib)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@dataclass
class Broker:
    """One node of a KRaft cluster, broker and controller in one process."""

    node: int
    port: int
    folder: Path
    classpath: str
    properties: str
    cluster_id: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = self.folder / "server.properties"
        if not config.exists():
            config.write_text(self.properties, encoding="utf-8")
            self._java("kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", str(config))
        log = (self.folder / "broker.log").open("ab")
        self.process = subprocess.Popen(
            [*_JAVA, "-Xmx384m", "-XX:+UseSerialGC", "-cp", self.classpath, "kafka.Kafka", str(config)],
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches the tests first, then they stop it.
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        log.close()

    def _java(self, *arguments: str) -> None:
        done = subprocess.run(
            [*_JAVA, "-Xmx128m", "-cp", self.classpath, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            raise NoKafka(f"{arguments[0]}: {(done.stdout + done.stderr).strip()[-300:]}")

    def await_listening(self, timeout: float = 60) -> None:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                raise NoKafka("broker ended: " + self.tail())
            with socket.socket() as one:
                one.settimeout(0.5)
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise NoKafka(f"broker did not listen within {timeout:.0f} s: {self.tail()}")

    def tail(self) -> str:
        text = (self.folder / "broker.log").read_text(encoding="utf-8", errors="replace")
        return text[-500:]

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(sign)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@dataclass
class Cluster:
    """Brokers started from the Maven artefacts."""

    brokers: list[Broker]
    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def create(cls, nodes: int = 1) -> Cluster:
        lib = jars()
        folder = tempfile.TemporaryDirectory(prefix="gf-kafka-", ignore_cleanup_errors=True)
        ports = free_ports(nodes * 2)
        # A leading "A" rather than chance: an id that begins with "-" would be read as an option.
        cluster_id = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()[1:]
        voters = ",".join(f"{n + 1}@127.0.0.1:{ports[nodes + n]}" for n in range(nodes))
        brokers = []
        for n in range(nodes):
            place = Path(folder.name) / f"node{n + 1}"
            (place / "data").mkdir(parents=True)
            properties = _properties(n + 1, nodes, ports[n], ports[nodes + n], voters, place / "data")
            brokers.append(Broker(n + 1, ports[n], place, f"{lib}/*", properties, cluster_id))
        cluster = cls(brokers, folder)
        try:
            cluster.start()
        except BaseException:
            cluster.close()
            raise
        return cluster

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    def start(self) -> None:
        for broker in self.brokers:
            if broker.process is None:
                broker.start()
        for broker in self.brokers:
            broker.await_listening()

    def close(self) -> None:
        for broker in self.brokers:
            broker.kill()
        self.folder.cleanup()


def _properties(node: int, nodes: int, port: int, controller: int, voters: str, data: Path) -> str:
    copies = min(nodes, 3)
    settings = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": max(1, copies - 1),
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": max(1, copies - 1),
        "group.initial.rebalance.delay.ms": 0,
        "broker.session.timeout.ms": 3000 if nodes > 1 else 9000,
        "log.cleaner.enable": "false",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


# --- what tests get -------------------------------------------------------------------------------------------------


@dataclass
class KafkaServer:
    """The session's broker."""

    bootstrap: str
    how: str
    version: str
    close: Any = field(default=lambda: None)

    async def create_topics(self, partitions: int, *names: str) -> None:
        await ensure(self.bootstrap, [TopicPlan(name, partitions) for name in names])

    async def dump(self, *topics: str) -> list[Any]:
        """Every record of the topics, by topic, partition and offset."""
        return await dump(self.bootstrap, topics)


async def dump(bootstrap: str, topics: Sequence[str]) -> list[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", max_partition_fetch_bytes=8 * 1024 * 1024
    )
    await consumer.start()
    try:
        partitions = []
        for topic in topics:
            found = consumer.partitions_for_topic(topic)
            if found is None:
                await consumer._client._wait_on_metadata(topic)
                found = consumer.partitions_for_topic(topic)
            partitions += [TopicPartition(topic, number) for number in sorted(found or ())]
        consumer.assign(partitions)
        ends = {place: end for place, end in (await consumer.end_offsets(partitions)).items() if end > 0}
        records: dict[Any, list[Any]] = {place: [] for place in partitions}
        while any(len(records[place]) < end for place, end in ends.items()):
            for place, got in (await consumer.getmany(timeout_ms=200)).items():
                records[place] += got
        return [record for place in partitions for record in records[place]]
    finally:
        await consumer.stop()


def _by_address() -> KafkaServer:
    address = os.environ.get("GF_TEST_KAFKA", "")
    if not address:
        raise NoKafka("GF_TEST_KAFKA is not set")
    return KafkaServer(address, "address", _version_of(address))


def _version_of(address: str) -> str:
    """The release is not part of the protocol; the newest API version of Fetch tells the generation."""
    host, _, port = address.partition(",")[0].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5):
        return f"at {address}"


def _by_container() -> KafkaServer:
    if shutil.which("docker") is None:
        raise NoKafka("no docker")
    for command, what in (
        (["docker", "info"], "the engine does not answer"),
        (["docker", "image", "inspect", IMAGE], f"no image {IMAGE}"),
    ):
        if subprocess.run(command, capture_output=True, timeout=30, check=False).returncode != 0:
            raise NoKafka(f"docker: {what}")
    # Reached by its published port on the engine's host, whether or not this runs in a container itself.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    from testcontainers.community.kafka import KafkaContainer

    class ApacheKafka(KafkaContainer):
        """The official image in KRaft mode; the library's own start script is for Confluent's image and numbering."""

        def __init__(self) -> None:
            super().__init__(IMAGE)
            self.kraft_enabled = True
            self.with_env("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1")
            self.with_env("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1")
            self.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
            self.with_env("KAFKA_HEAP_OPTS", "-Xmx512M")

        def tc_start(self) -> None:
            address = f"PLAINTEXT://{self.get_bootstrap_server()},BROKER://localhost:9092"
            script = f"export KAFKA_ADVERTISED_LISTENERS={address}\nexec /etc/kafka/docker/run\n"
            self.create_file(script.encode(), self.TC_START_SCRIPT)

    container = ApacheKafka()
    try:
        container.start(timeout=120)
    except Exception as error:
        container.stop()
        raise NoKafka(f"testcontainers: {type(error).__name__}: {error}") from error
    return KafkaServer(container.get_bootstrap_server(), "container", VERSION, container.stop)


def _by_maven() -> KafkaServer:
    cluster = Cluster.create(1)
    return KafkaServer(cluster.bootstrap, "maven", VERSION, cluster.close)


def obtain() -> KafkaServer:
    """Try the ways in their order."""
    reasons = []
    for name, way in (("address", _by_address), ("container", _by_container), ("maven", _by_maven)):
        try:
            return way()
        except (NoKafka, OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{name}: {error}")
            if name == "address" and os.environ.get("GF_TEST_KAFKA"):
                break  # an address that was asked for is not replaced by something else
    raise NoKafka("; ".join(reasons))


def missing(config: pytest.Config, error: NoKafka) -> None:
    """No broker: fail where one is demanded, else say so loudly and skip."""
    announce(config, "Kafka", f"NONE, its tests were left out ({error})")
    if os.environ.get("REQUIRE_KAFKA") == "1":
        pytest.fail(f"REQUIRE_KAFKA=1 and no Kafka: {error}", pytrace=False)
    pytest.skip(f"no Kafka: {error}")


@contextlib.contextmanager
def serve(config: pytest.Config) -> Iterator[KafkaServer]:
    """The session's broker."""
    try:
        server = obtain()
    except NoKafka as error:
        missing(config, error)
        raise
    announce(config, "Kafka", f"{server.how} {server.version}")
    try:
        # In a thread of its own: an asynchronous fixture may ask for the broker while the session's loop runs.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, await_ready(server.bootstrap)).result()
        yield server
    finally:
        server.close()


async def await_ready(bootstrap: str) -> None:
    """Listening is not yet answering: the first topic shows that the controller works."""
    end = time.monotonic() + 60
    while True:
        try:
            await ensure(bootstrap, [TopicPlan("ready", 1)])
            return
        except Exception:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.3)
