"""Trace context (W3C) through HTTP and events; spans leave the process only when an exporter is configured."""

import os
import re
import secrets
from contextvars import Token

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


def parse(traceparent: str | None) -> SpanContext | None:
    """The context a ``traceparent`` names, or None."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    if match is None or match[1] == NO_TRACE or match[2] == _NO_SPAN:
        return None
    return SpanContext(int(match[1], 16), int(match[2], 16), True, TraceFlags(int(match[3], 16)))


def enter(traceparent: str | None) -> Context:
    """A context that continues the given trace, or starts one; a span that an exporter made goes first."""
    if trace.get_current_span().get_span_context().is_valid:
        return otel_context.get_current()
    parent = parse(traceparent)
    mine = SpanContext(
        parent.trace_id if parent else secrets.randbits(128) or 1,
        secrets.randbits(64) or 1,
        False,
        parent.trace_flags if parent else TraceFlags(0),
    )
    return trace.set_span_in_context(NonRecordingSpan(mine))


#: A request under way: how to leave its context, and its span where one is exported.
Begun = tuple[Token[Context], trace.Span | None]


def begin(given: str, name: str) -> Begun:
    """Enter the context of a request that comes in outside the framework, which makes the spans of all others."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return otel_context.attach(enter(given)), None
    parent = parse(given)
    context = trace.set_span_in_context(NonRecordingSpan(parent)) if parent else otel_context.get_current()
    span = trace.get_tracer(__name__).start_span(name, context=context, kind=trace.SpanKind.SERVER)
    return otel_context.attach(trace.set_span_in_context(span, context)), span


def end(begun: Begun, status: int) -> None:
    """Leave the context of a request."""
    token, span = begun
    if span is not None:
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(trace.StatusCode.ERROR)
        span.end()
    otel_context.detach(token)


def trace_id_of(traceparent: str) -> str:
    """The trace a caller named, or a new one, as 32 hex digits, where nothing is entered."""
    named = parse(traceparent)
    return f"{named.trace_id:032x}" if named else secrets.token_hex(16)


def trace_id() -> str:
    """The present trace as 32 hex digits, or nothing."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def traceparent() -> str:
    """The present context as a header, or nothing."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def configure(service: str) -> None:
    """Export spans when ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set and the exporter is installed; else nothing is made."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # type: ignore[import-not-found]
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider(resource=Resource.create({"service.name": f"greenladder-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
