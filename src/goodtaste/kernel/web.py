"""The web edge: who may call a route, what a refusal looks like on the wire, and what is counted of each request.

Every route says whom it allows (`opt=member()`, `opt=staff("order.refund")`); one that says nothing is refused to everybody, and the
application does not start with it.  Every error is problem+json (RFC 9457) with a stable code, a sentence and what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from goodtaste.kernel.auth import GUEST, Actor, Kind, NotAllowed, NotSignedIn
from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import Overloaded, Unavailable
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.sessions import SessionEnded
from goodtaste.kernel.telemetry import HTTP_SECONDS, REFUSALS_TOTAL, TRACE, trace_id_of
from goodtaste.kernel.words import language_of, sentence

BODY_MAX = 1_000_000  # bytes of a request body; uploads have a limit of their own
SLOW_S = 1.0
PROBLEM = "application/problem+json"

log = structlog.get_logger()


class BadRequest(Refusal):
    """Raised for a body, path or query that does not fit.  Facts: `where`, `what`."""

    code = "request.malformed"
    status = 400


class NoSuchPage(Refusal):
    """Raised for an address that nothing answers."""

    code = "request.no_such_page"
    status = 404


class MethodUnknown(Refusal):
    """Raised for an address that exists and does not take this method."""

    code = "request.method_not_allowed"
    status = 405


class TooLarge(Refusal):
    """Raised for a body beyond the limit."""

    code = "request.too_large"
    status = 413


class WrongType(Refusal):
    """Raised for a body that is not of the type the route takes."""

    code = "request.wrong_type"
    status = 415


class Busy(Refusal):
    """Raised when more waits than can be served soon; nothing was done."""

    code = "kernel.busy"
    status = 503


class NoAnswer(Refusal):
    """Raised when the database did not answer: whether the request took effect is unknown, so send the same id again."""

    code = "kernel.no_answer"
    status = 503


class Fault(Refusal):
    """Told for a bug of ours; the log has the rest under the trace id."""

    code = "kernel.fault"
    status = 500


class Allow(msgspec.Struct, frozen=True):
    """Whom a route lets in: kinds of callers, and for staff and services the permission they need (somewhere; the command asks where)."""

    kinds: frozenset[Kind]
    permission: str | None = None


def anybody() -> dict[str, Any]:
    """Let in everybody, signed in or not."""
    return {"allow": Allow(frozenset(("guest", "member", "staff", "terminal", "service")))}


def member() -> dict[str, Any]:
    """Let in members; the command sees to it that they touch only what is theirs."""
    return {"allow": Allow(frozenset(("member",)))}


def staff(permission: str) -> dict[str, Any]:
    """Let in staff with `permission`."""
    return {"allow": Allow(frozenset(("staff",)), permission)}


def terminal() -> dict[str, Any]:
    """Let in paired terminals."""
    return {"allow": Allow(frozenset(("terminal",)))}


def member_or_staff(permission: str) -> dict[str, Any]:
    """Let in members, and staff with `permission`."""
    return {"allow": Allow(frozenset(("member", "staff")), permission)}


def signed_in() -> dict[str, Any]:
    """Let in everybody with a session."""
    return {"allow": Allow(frozenset(("member", "staff", "terminal")))}


def context(request: Request[Any, Any, Any]) -> Ctx:
    """Return the context of a request."""
    return request.scope["ctx"]  # type: ignore[typeddict-item,no-any-return]


def _actor(process: Process, authorization: str | None, now: Any) -> Actor:
    if not authorization:
        return GUEST
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn
    claims = process.tokens.check(token, at=now)
    if process.ended_sessions and claims.sid in process.ended_sessions.value:
        raise SessionEnded
    return process.resolve_actor(claims)


def authorizer(process: Process) -> Callable[[Request[Any, Any, Any]], Any]:
    """Return the hook that runs before every handler: it finds out who calls, and refuses whom the route does not allow."""

    async def authorize(request: Request[Any, Any, Any]) -> None:
        allow: Allow | None = request.route_handler.opt.get("allow")
        now = process.clock()
        headers = dict(request.scope["headers"])
        actor = _actor(process, headers.get(b"authorization", b"").decode("latin-1"), now)
        if allow is None:
            raise NotAllowed(permission="")
        if actor.kind not in allow.kinds:
            raise NotSignedIn if actor.kind == "guest" else NotAllowed(permission=allow.permission or "")
        if allow.permission and actor.kind in ("staff", "service") and not actor.can_somewhere(allow.permission):
            raise NotAllowed(permission=allow.permission)
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        request.scope["ctx"] = Ctx(process, actor, now, language)  # type: ignore[typeddict-unknown-key]

    return authorize


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal on the wire (RFC 9457): `title` says what is wrong, `detail` what to do, `facts` are the values behind them."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    trace: str
    facts: dict[str, Any] = {}


def problem(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    """Return the answer for a refusal, in the caller's language."""
    REFUSALS_TOTAL.labels(refusal.code).inc()
    said = sentence(refusal.code, language_of(request.headers.get("accept-language")), refusal.facts)
    body = Problem(
        type=f"/docs/refusals#{refusal.code}",
        title=said.say,
        status=refusal.status,
        code=refusal.code,
        detail=said.do,
        trace=TRACE.get(),
        facts=refusal.facts,
    )
    headers = {"retry-after": "1"} if refusal.status == 503 else {}
    return Response(
        msgspec.json.encode(body, enc_hook=str), status_code=refusal.status, media_type=PROBLEM, headers=headers
    )


def _refusal_of(error: HTTPException) -> Refusal:
    if isinstance(error, NotFoundException):
        return NoSuchPage()
    if isinstance(error, MethodNotAllowedException):
        return MethodUnknown()
    if error.status_code == 413:
        return TooLarge(limit_bytes=BODY_MAX)
    if error.status_code == 415:
        return WrongType()
    faults = [
        {"where": str(fault.get("key", "body")).removeprefix("data."), "what": str(fault.get("message", ""))}
        for fault in (error.extra if isinstance(error.extra, list) else [])
        if isinstance(fault, dict)
    ] or [{"where": "body", "what": error.detail}]
    if error.status_code >= 500:
        return Fault()
    return BadRequest(where=faults[0]["where"], what=faults[0]["what"], faults=faults)


def _on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    if isinstance(error, Refusal):
        return problem(request, error)
    if isinstance(error, HTTPException):
        found = _refusal_of(error)
        if found.status < 500:
            return problem(request, found)
    if isinstance(error, Overloaded):
        return problem(request, Busy())
    if isinstance(error, Unavailable):
        log.error("database_unavailable", error=str(error))
        return problem(request, NoAnswer())
    if isinstance(error, RecursionError | UnicodeError):
        return problem(request, BadRequest(where="body", what=type(error).__name__, faults=[]))
    log.error("fault", path=request.url.path, exc_info=error)
    return problem(request, Fault())


class Edge:
    """The outermost layer: trace id, security headers, one time measured for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._timers: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 500
        trace = trace_id_of(next((v.decode("latin-1") for k, v in scope["headers"] if k == b"traceparent"), None))
        token = TRACE.set(trace)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_HEADERS, (b"x-trace-id", trace.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            took = perf_counter() - started
            key = (str(scope.get("path_template", "none")), scope["method"], status)
            timer = self._timers.get(key)
            if timer is None:
                timer = self._timers[key] = HTTP_SECONDS.labels(*map(str, key))
            timer.observe(took)
            if took > SLOW_S:
                log.warning("slow_request", route=key[0], method=key[1], status=status, seconds=round(took, 3))
            TRACE.reset(token)


_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'"),
)


def make_app(
    process: Process, routes: list[Any], *, openapi: OpenAPIConfig | None, hooks: dict[str, Any] | None = None
) -> Litestar:
    """Return the Litestar application of `routes`; raises ValueError for a route that does not say whom it allows."""
    app = Litestar(
        route_handlers=routes,
        before_request=authorizer(process),
        exception_handlers={Exception: _on_error, HTTPException: _on_error},
        openapi_config=openapi,
        request_max_body_size=BODY_MAX,
        logging_config=None,
        **(hooks or {}),
    )
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "allow" not in handler.opt and handler.fn.__module__.startswith("goodtaste"):
                raise ValueError(f"{route.path} does not say whom it allows")
    return app
