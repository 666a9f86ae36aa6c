"""Every metric of the system in one typed list. Labels are routes, topics, groups, results: never a person or an id."""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY: Final = CollectorRegistry(auto_describe=False)

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)


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
    events_consumed: Final = Counter(
        "gf_events_consumed_total",
        "Events by result: applied, duplicate, unused, unknown, held",
        ("service", "group", "topic", "result"),
        registry=REGISTRY,
    )
    consumer_lag_seconds: Final = Gauge(
        "gf_consumer_lag_seconds",
        "Age of the last applied event when it was applied",
        ("service", "group"),
        registry=REGISTRY,
    )
    consume_seconds: Final = Histogram(
        "gf_consume_batch_seconds", "Time of one batch", ("service", "group"), buckets=_FAST, registry=REGISTRY
    )
    held_keys: Final = Gauge("gf_held_keys", "Keys that wait for a person", ("service", "group"), registry=REGISTRY)
    transient_errors: Final = Counter("gf_transient_errors_total", "Retries", ("service", "place"), registry=REGISTRY)
    lane_stalled_seconds: Final = Gauge(
        "gf_lane_stalled_seconds", "Time since a reader lane last moved", ("service", "lane"), registry=REGISTRY
    )
    deadline_lateness: Final = Histogram(
        "gf_deadline_lateness_seconds",
        "How late a deadline was acted on",
        ("service",),
        buckets=_LONG,
        registry=REGISTRY,
    )


METRICS: Final = Metrics()


def exposition() -> tuple[bytes, str]:
    """The metrics as Prometheus reads them, and their content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
