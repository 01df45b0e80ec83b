"""The outermost layer of the web: trace ids, security headers, HEAD, and one time measured for each request.  Knows no framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

import msgspec
import structlog

from goodtaste.kernel.telemetry import HTTP_SECONDS, TRACE, new_span, trace_id_of

SLOW_S = 1.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

STREAM = b"text/event-stream; charset=utf-8"

log = structlog.get_logger()


async def _gone() -> Any:
    """Tell that whoever asked waits for nothing."""
    return {"type": "http.disconnect"}


_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=()"),
)


class Ready(msgspec.Struct, frozen=True):
    """An answer that lies ready as bytes, for the route of this template."""

    route: str
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Edge:
    """Serves an application with what every answer of the house has in common.

    `ready` may answer a GET of what everybody may read and which lies ready, without the application; None lets it pass on.
    """

    def __init__(self, app: Any, *, ready: Callable[[Scope], Ready | None] | None = None) -> None:
        self._app, self._ready = app, ready
        self._timers: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, method = perf_counter(), 500, scope["method"]
        answered: float | None = None
        trace = trace_id_of(next((v.decode("latin-1") for k, v in scope["headers"] if k == b"traceparent"), None))
        token = TRACE.set(trace)
        own = (b"x-trace-id", trace.encode()), (b"traceparent", f"00-{trace}-{new_span()}-01".encode())
        if method == "HEAD":  # what GET would answer, without its body, which nobody waits for
            scope, receive = {**scope, "method": "GET"}, _gone

        async def answer(message: Any) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
                if (b"content-type", STREAM) in message["headers"]:
                    answered = perf_counter()  # how long somebody listens is no time that we took
                message["headers"] = [*message["headers"], *_HEADERS, *own]
            elif method == "HEAD":
                return
            await send(message)

        found = self._ready(scope) if self._ready and scope["method"] == "GET" else None
        try:
            if found is None:
                await self._app(scope, receive, answer)
            else:
                scope["path_template"] = found.route
                await answer({"type": "http.response.start", "status": found.status, "headers": found.headers})
                await answer({"type": "http.response.body", "body": found.body, "more_body": False})
            if method == "HEAD":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._count(str(scope.get("path_template", "none")), method, status, (answered or perf_counter()) - started)
            TRACE.reset(token)

    def _count(self, route: str, method: str, status: int, took: float) -> None:
        key = (route, method, status)
        timer = self._timers.get(key)
        if timer is None:
            timer = self._timers[key] = HTTP_SECONDS.labels(*map(str, key))
        timer.observe(took)
        if took > SLOW_S:
            log.warning("slow_request", route=route, method=method, status=status, seconds=round(took, 3))
