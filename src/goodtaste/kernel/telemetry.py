"""Logs as JSON lines with a trace id and without secrets, and Prometheus metrics.  Every metric of the product stands here."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram

TRACE: ContextVar[str] = ContextVar("trace_id", default="")

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

HTTP_SECONDS = Histogram(
    "gt_http_seconds", "Time from request to answer", ["route", "method", "status"], buckets=_SECONDS
)
REFUSALS_TOTAL = Counter("gt_refusals_total", "Refusals given", ["code"])
EVENTS_DELIVERED = Counter("gt_events_delivered_total", "Events heard by a handler", ["topic", "handler"])
EVENTS_FAILED = Counter("gt_events_failed_total", "Failed tries to have an event heard", ["topic", "handler"])
EVENTS_BURIED = Counter("gt_dead_letters_total", "Events that became dead letters", ["topic", "handler"])
OUTBOX_LAG = Histogram("gt_outbox_lag_seconds", "Time from an event to its effect in a handler", buckets=_SECONDS)
JOBS_RUN = Counter("gt_jobs_run_total", "Jobs run, by outcome", ["job", "outcome"])
PAYMENT_SECONDS = Histogram(
    "gt_payment_seconds",
    "Time from the start of a payment to its end",
    ["method", "state"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400),
)
PRINT_SECONDS = Histogram(
    "gt_print_seconds",
    "Time from a print job's making to what became of it",
    ["purpose", "state"],
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200),
)
LIVE_LISTENERS = Gauge("gt_live_listeners", "Screens that listen to a stream", multiprocess_mode="livesum")
LIVE_CUT_OFF = Counter("gt_live_cut_off_total", "Streams ended because their screens fell too far behind")
READY_ERROR_SECONDS = Histogram(
    "gt_kitchen_ready_error_seconds",
    "By how much dishes were ready earlier or later than was told",
    buckets=(15, 30, 60, 120, 180, 300, 600, 1_200, 3_600),
)
CALLBACKS_REJECTED = Counter("gt_callback_rejected_total", "Notices of gateways refused", ["method", "reason"])
NIGHT_PARKED = Gauge(
    "gt_night_parked", "Steps of nights that failed and wait for a person", multiprocess_mode="livemax"
)
LEADER = Gauge("gt_leader", "1 where this process relays events and runs jobs", multiprocess_mode="livesum")

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_SECRET_KEYS = re.compile(
    r"(?i)(phone|openid|unionid|password|pin|token|secret|authorization|signature|auth_code|session_key|otp|^code$|cookie|name$)"
)
_SECRET_VALUES = re.compile(
    r"\b1[3-9][0-9]{9}\b|\beyJ[\w-]+\.[\w-]+\.[\w-]+\b|\bBearer\s+\S+|postgresql://[^@\s]+@|amqp://[^@\s]+@"
)
_HIDDEN = "***"


def trace_id_of(traceparent: str | None) -> str:
    """Return the trace id of a W3C `traceparent`, or a new one where there is none or it is malformed."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return found[1] if found else secrets.token_hex(16)


def new_span() -> str:
    """Return the id of a span: what this process did for a request."""
    return f"{secrets.randbits(64):016x}"


def redact(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what a log line must not hold: values under telling names, and phones, tokens and passwords wherever they stand."""
    for key, value in entry.items():
        if key != "event" and _SECRET_KEYS.search(key):
            entry[key] = _HIDDEN
        elif isinstance(value, str):
            entry[key] = _SECRET_VALUES.sub(_HIDDEN, value)
        elif isinstance(value, dict):
            entry[key] = redact(_, __, dict(value))
    return entry


def _trace(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if trace := TRACE.get():
        entry["trace_id"] = trace
    return entry


def _as_json(_: Any, __: str, entry: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(entry, enc_hook=str).decode()


class _Foreign(logging.Handler):
    """Brings what libraries log into our own lines, redacted like them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None
        )


def set_up_logs(*, level: str, pretty: bool) -> None:
    """Log from `level` up to standard error: JSON lines, or lines for people where `pretty`; from libraries, warnings and worse.

    The AMQP driver's own lines are left out: what becomes of a connection is told by `kernel.amqp`.
    """
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)
    for name in ("aio_pika", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="ts"),
            _trace,
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if pretty else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
