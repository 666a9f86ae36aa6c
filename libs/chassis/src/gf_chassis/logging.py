"""Structured logs (结构化日志): one JSON object a line, Chinese readable, without personal data."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import orjson
import structlog

from gf_chassis import tracing
from gf_chassis.settings import ServiceSettings

#: Field names whose values never reach a log, whatever their depth.
PERSONAL = frozenset(
    {
        "name", "names", "phone", "mobile", "telephone", "tel", "fax", "email", "mail", "id_card", "idcard",
        "id_number", "contact", "contacts", "contact_name", "contact_phone", "address", "person", "representative",
        "legal_person",
        "legal_representative", "password", "token", "authorization", "cookie", "secret", "session", "code_verifier",
        "bank_account", "wechat", "body", "payload", "values",
    }
)  # fmt: skip
REMOVED = "[removed]"


def configure(
    service: str, level: str = "INFO", *, console: bool = False, stream: TextIO | None = None, for_good: bool = False
) -> None:
    """Set up structlog and the standard library's logging for the process.

    ``for_good``: nothing will set it up again, so each logger is made once instead of for every line.

    ``console`` (standalone on a terminal only) prints for people instead of machines. Our own lines are written
    directly, because an access line per request through the standard library would cost four times as much; lines of
    libraries go through the same processors.
    """
    output = stream or sys.stdout
    number = logging.getLevelNamesMapping()[level]
    renderer: structlog.typing.Processor
    renderer = structlog.dev.ConsoleRenderer() if console and output.isatty() else _render
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        drop_personal,
        _named(service),
    ]
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for noisy in ("uvicorn.access", "httpx", "httpcore", "aiokafka", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, number))
    for theirs in ("uvicorn", "uvicorn.error"):
        logging.getLogger(theirs).handlers.clear()
        logging.getLogger(theirs).propagate = True
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(output),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=for_good,
    )


def _named(service: str) -> structlog.typing.Processor:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("service", service)
        return event

    return add


def _trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if identifier := tracing.trace_id():
        event.setdefault("trace_id", identifier)
    return event


def drop_personal(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out fields that hold personal data; the last guard, callers should not log them at all."""
    for key, value in event.items():
        if key.lower() in PERSONAL:
            event[key] = REMOVED
        elif isinstance(value, Mapping | list | tuple):
            event[key] = _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: REMOVED if str(key).lower() in PERSONAL else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _render(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    # orjson writes UTF-8 as it is and escapes line ends: one line stays one line.
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode("utf-8", "replace")


def log_settings(settings: ServiceSettings) -> None:
    """The settings of the process, redacted, once at start."""
    structlog.get_logger(__name__).info("settings", settings=settings.redacted())
