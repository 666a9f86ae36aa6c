"""Every metric of the system in one typed list. Labels are routes, topics, groups, results: never a person or an id."""

from typing import Final, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY: Final = CollectorRegistry(auto_describe=False)

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics by name; ``service`` is a label because the standalone mode runs five services in one process."""

    http_requests: Final = Counter(
        "gf_http_requests_total", "Answers given", ("service", "method", "route", "status"), registry=REGISTRY
    )
    http_seconds: Final = Histogram(
        "gf_http_request_seconds", "Time to the answer", ("service", "route"), buckets=_FAST, registry=REGISTRY
    )
    http_in_flight: Final = Gauge("gf_http_in_flight", "Requests being worked on", ("service",), registry=REGISTRY)
    http_shed: Final = Counter(
        "gf_http_shed_total", "Requests refused because too many were in flight", ("service",), registry=REGISTRY
    )
    rejected: Final = Counter("gf_rejected_total", "Requests refused by a rule", ("service", "code"), registry=REGISTRY)
    tokens_refused: Final = Counter(
        "gf_tokens_refused_total", "Tokens that did not stand the checks", ("service",), registry=REGISTRY
    )
    idempotent_replays: Final = Counter(
        "gf_idempotent_replays_total", "First answers given again", ("service",), registry=REGISTRY
    )
    position_waits: Final = Counter(
        "gf_position_waits_total", "Reads that waited for an event", ("service", "result"), registry=REGISTRY
    )
    events_published: Final = Counter(
        "gf_events_published_total",
        "Events copied from the journal to the broker",
        ("service", "topic"),
        registry=REGISTRY,
    )
    relay_lag_seconds: Final = Gauge(
        "gf_relay_lag_seconds", "Age of the oldest journal row not yet published", ("service",), registry=REGISTRY
    )
    relay_leads: Final = Gauge(
        "gf_relay_leads", "1 in the process whose relay copies the journal", ("service",), registry=REGISTRY
    )
    held_keys: Final = Gauge("gf_held_keys", "Keys that wait for a person", ("service", "group"), registry=REGISTRY)
    pool_in_use: Final = Gauge(
        "gf_database_pool_in_use", "Connections lent to requests and handlers", ("service",), registry=REGISTRY
    )
    pool_size: Final = Gauge(
        "gf_database_pool_size", "Connections this process may have", ("service",), registry=REGISTRY
    )
    transient_errors: Final = Counter("gf_transient_errors_total", "Retries", ("service", "place"), registry=REGISTRY)


class Described(NamedTuple):
    """A metric that is read off the parts of the worker when it is asked for, rather than kept."""

    name: str
    help: str
    labels: tuple[str, ...]


#: Read from ``progress`` by ``gauges.PartsCollector``.
EVENTS_CONSUMED: Final = Described(
    "gf_events_consumed_total",
    "Events by result: applied, duplicate, skipped, waiting, held",
    ("service", "group", "result"),
)
CONSUMER_LAG_RECORDS: Final = Described(
    "gf_consumer_lag_records", "Records that wait in the lanes this process reads", ("service", "group")
)
CONSUMER_AGE_SECONDS: Final = Described(
    "gf_consumer_age_seconds", "Age of the last event applied, when it was applied", ("service", "group")
)
PART_SILENT_SECONDS: Final = Described(
    "gf_part_silent_seconds",
    "Time since a part of the worker last took a step or found nothing to do",
    ("service", "part"),
)
PART_STOPPED: Final = Described(
    "gf_part_stopped", "1 where a part has stopped for good and a person must look", ("service", "part")
)
DESCRIBED: Final = (EVENTS_CONSUMED, CONSUMER_LAG_RECORDS, CONSUMER_AGE_SECONDS, PART_SILENT_SECONDS, PART_STOPPED)


METRICS: Final = Metrics()


def names() -> dict[str, tuple[str, ...]]:
    """Every metric as Prometheus names it → its labels; histograms by their three series."""
    found: dict[str, tuple[str, ...]] = {one.name: one.labels for one in DESCRIBED}
    for metric in vars(Metrics).values():
        if isinstance(metric, Histogram):
            labels = tuple(metric._labelnames)
            found |= {f"{metric._name}{end}": (*labels, *extra) for end, extra in _SERIES}
        elif isinstance(metric, Counter):
            found[f"{metric._name}_total"] = tuple(metric._labelnames)
        elif isinstance(metric, Gauge):
            found[metric._name] = tuple(metric._labelnames)
    return found


_SERIES: Final = (("_bucket", ("le",)), ("_sum", ()), ("_count", ()))


def exposition() -> tuple[bytes, str]:
    """The metrics as Prometheus reads them, and their content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
