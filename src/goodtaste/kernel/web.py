"""Routes: who may call one, how strictly its body is read, and what a refusal looks like on the wire.

Every route says whom it allows (`opt=member()`, `opt=staff("order.refund")`); one that says nothing is refused to everybody, and the
application does not start with it.  Every error is problem+json (RFC 9457) with a stable code, a sentence and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import KwargDefinition, QueryParameter
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from goodtaste.kernel.auth import GUEST, Actor, Kind, NotAllowed, NotSignedIn
from goodtaste.kernel.choices import with_choices
from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import Overloaded, Unavailable
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import UUID_PATTERN, is_id
from goodtaste.kernel.misfits import in_chinese
from goodtaste.kernel.sessions import SessionEnded
from goodtaste.kernel.telemetry import REFUSALS_TOTAL, TRACE
from goodtaste.kernel.words import language_of, on_clock, sentence

BODY_MAX = 1_000_000  # bytes of a request body; uploads have a limit of their own
PROBLEM = "application/problem+json"
EMPTY = "Input data was truncated"  # as the decoder says of a body that ends too soon

# In a query the limits of `kernel.input` are not looked at, only those of the framework's own parameters; ids in a path are checked below.
QueryId = Annotated[str, QueryParameter(pattern=UUID_PATTERN, description="UUID, lower case")]
OptionalId = Annotated[str | None, QueryParameter(pattern=UUID_PATTERN, description="UUID, lower case")]
Sought = Annotated[str, QueryParameter(max_length=100, description="A part of what is sought, in capitals or not")]
Before = Annotated[str, QueryParameter(max_length=200, description="`next` of the page before; absent for the newest")]

log = structlog.get_logger()


class BadRequest(Refusal):
    """Raised for a body, path or query that does not fit.  Facts: `where`, `what`."""

    code = "request.malformed"
    status = 400


class NotHttp(Refusal):
    """Raised for what comes down a line and is no HTTP request."""

    code = "request.not_http"
    status = 400


class NoSuchPage(Refusal):
    """Raised for an address that nothing answers."""

    code = "request.no_such_page"
    status = 404


class MethodUnknown(Refusal):
    """Raised for an address that exists and does not take this method.  Facts: `allowed`."""

    code = "request.method_not_allowed"
    status = 405


class TooLarge(Refusal):
    """Raised for a body beyond the limit.  Facts: `limit_bytes`."""

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


def who_orders(permission: str) -> dict[str, Any]:
    """Let in who orders: members, staff with `permission`, and terminals, of which the command takes kiosks alone."""
    return {"allow": Allow(frozenset(("member", "staff", "terminal")), permission)}


def signed_in() -> dict[str, Any]:
    """Let in everybody with a session."""
    return {"allow": Allow(frozenset(("member", "staff", "terminal")))}


def context(request: Request[Any, Any, Any]) -> Ctx:
    """Return the context of a request."""
    return request.scope["ctx"]  # type: ignore[typeddict-item,no-any-return]


def address_of(request: Request[Any, Any, Any]) -> str:
    """Return the network address that a request came from; empty where it came over none."""
    return request.client.host if request.client else ""


async def _actor(process: Process, authorization: str | None, now: Any) -> Actor:
    if not authorization:
        return GUEST
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn
    claims = process.tokens.check(token, at=now)
    if process.ended_sessions and claims.sid in process.ended_sessions.value:
        raise SessionEnded
    return await process.actor_of(claims)


def _check_ids(path: Mapping[str, Any]) -> None:
    """Refuse an address whose ids are none: the framework leaves the pattern of a path parameter unchecked."""
    for name, value in path.items():
        if name.endswith("_id") and not is_id(value):
            raise BadRequest(where=name, what="is not an id", faults=[])


def authorizer(process: Process) -> Callable[[Request[Any, Any, Any]], Any]:
    """Return the hook that runs before every handler: it finds out who calls, and refuses whom the route does not allow."""

    async def authorize(request: Request[Any, Any, Any]) -> None:
        allow: Allow | None = request.route_handler.opt.get("allow")
        now = process.clock()
        headers = dict(request.scope["headers"])
        actor = await _actor(process, headers.get(b"authorization", b"").decode("latin-1"), now)
        if allow is None:
            if request.scope["method"] == "OPTIONS":  # which methods an address takes is no secret
                return
            raise NotAllowed(permission="")
        if actor.kind not in allow.kinds:
            raise NotSignedIn if actor.kind == "guest" else NotAllowed(permission=allow.permission or "")
        if allow.permission and actor.kind in ("staff", "service") and not actor.can_somewhere(allow.permission):
            raise NotAllowed(permission=allow.permission)
        _check_ids(request.path_params)
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        request.scope["ctx"] = Ctx(process, actor, now, language, address_of(request))  # type: ignore[typeddict-unknown-key]

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
    headers = {"retry-after": "1"} if refusal.status == 503 else {}
    if isinstance(refusal, MethodUnknown):
        headers["allow"] = ", ".join(refusal.facts["allowed"])
    ctx: Ctx | None = request.scope.get("ctx")  # type: ignore[assignment]
    zone = ctx.process.zone_of(ctx.actor) if ctx else "UTC"
    body = problem_in(language_of(request.headers.get("accept-language")), refusal, zone=zone)
    return Response(body, status_code=refusal.status, media_type=PROBLEM, headers=headers)


def problem_in(language: str, refusal: Refusal, *, zone: str = "UTC") -> bytes:
    """Return the body of the answer for a refusal, which is counted; its sentence tells times on the clock of `zone`."""
    REFUSALS_TOTAL.labels(refusal.code).inc()
    facts = on_clock(refusal.facts, zone)
    if language == "zh-CN" and isinstance(refusal, BadRequest):
        facts = facts | {"what": in_chinese(str(facts.get("what", "")))}
    said = sentence(refusal.code, language, facts)
    body = Problem(
        type=f"/docs/refusals#{refusal.code}",
        title=said.say,
        status=refusal.status,
        code=refusal.code,
        detail=said.do,
        trace=TRACE.get(),
        facts=refusal.facts,
    )
    return msgspec.json.encode(body, enc_hook=str)


def _refusal_of(request: Request[Any, Any, Any], error: HTTPException) -> Refusal:
    if isinstance(error, NotFoundException):
        return NoSuchPage()
    if isinstance(error, MethodNotAllowedException):
        return MethodUnknown(allowed=_methods_at(request))
    if error.status_code == 413:
        return TooLarge(limit_bytes=request.route_handler.resolve_request_max_body_size())
    if error.status_code == 415:
        return WrongType()
    asked = {name: each.annotation for name, each in request.route_handler.parsed_fn_signature.parameters.items()}
    faults = [
        {"where": where, "what": with_choices(str(fault.get("message", "")), asked.get(where, Any), "")}
        for fault in (error.extra if isinstance(error.extra, list) else [])
        if isinstance(fault, dict)
        for where in [str(fault.get("key", "body")).removeprefix("data.")]
    ] or [{"where": "body", "what": error.detail}]
    if error.status_code >= 500:
        return Fault()
    if faults[0]["where"] == "data":  # the framework's word for a body of nothing at all, which it does not decode
        faults = [{"where": "body", "what": EMPTY}]
    return BadRequest(where=faults[0]["where"], what=faults[0]["what"], faults=faults)


def _methods_at(request: Request[Any, Any, Any]) -> list[str]:
    """Return the methods that the address of a request takes."""
    found: set[str] = set()
    for route in request.app.routes:
        pattern = re.sub(r"\\{[^/]*\\}", "[^/]+", re.escape(route.path_format))
        if re.fullmatch(pattern, request.scope["path"].rstrip("/") or "/"):
            found.update(getattr(route, "methods", ()))
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    if isinstance(error, Refusal):
        return problem(request, error)
    if isinstance(error, HTTPException):
        found = _refusal_of(request, error)
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


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON body is read straight into the type its route takes: a text is no number, and a type has to be named."""

    async def json(self) -> Any:
        """Return the body as the route's type; refuses `WrongType` and `BadRequest`."""
        body = await self.body()
        if _media_type(self.scope["headers"]) != b"application/json":
            raise WrongType
        decoder: msgspec.json.Decoder[Any] = self.route_handler.opt["body"]
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            raise _misfit(str(error), decoder.type) from error
        except msgspec.DecodeError as error:
            raise BadRequest(where="body", what=str(error), faults=[]) from error


def _media_type(headers: Any) -> bytes:
    kind = next((value for name, value in headers if name == b"content-type"), b"")
    return bytes(kind).partition(b";")[0].strip().lower()


def _misfit(message: str, kind: Any) -> BadRequest:
    """Return the refusal for what msgspec says of a value for `kind`: `Expected ..., got ... - at `$.lines[0].quantity``."""
    what, _, place = message.partition(" - at `")
    where = place.rstrip("`").removeprefix("$").lstrip(".") or "body"
    what = with_choices(what, kind, "" if where == "body" else where)
    return BadRequest(where=where, what=what, faults=[{"where": where, "what": what}])


class _ListsInSchema(OpenAPISchemaPlugin):
    """Describes `tuple[X, ...]` with limits as a list of X, where Litestar alone lets an item be an X or anything."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        inner = field_definition.inner_types
        return field_definition.origin is tuple and len(inner) == 2 and inner[1].annotation is Ellipsis

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        items = schema_creator.for_field_definition(field_definition.inner_types[0])
        limits = field_definition.kwarg_definition
        least, most = (limits.min_items, limits.max_items) if isinstance(limits, KwargDefinition) else (None, None)
        return Schema(type=OpenAPIType.ARRAY, items=items, min_items=least, max_items=most)


def make_app(
    process: Process, routes: list[Any], *, openapi: OpenAPIConfig | None, hooks: dict[str, Any] | None = None
) -> Litestar:
    """Return the Litestar application of `routes`; raises ValueError for a route that does not say whom it allows."""
    app = Litestar(
        route_handlers=routes,
        before_request=authorizer(process),
        exception_handlers={Exception: _on_error, HTTPException: _on_error},
        openapi_config=openapi,
        plugins=[_ListsInSchema()],
        request_class=StrictRequest,
        request_max_body_size=BODY_MAX,
        logging_config=None,
        **(hooks or {}),
    )
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.fn.__module__.startswith("litestar"):  # OPTIONS, and the description of the API
                continue
            if "allow" not in handler.opt:
                raise ValueError(f"{route.path} does not say whom it allows")
            if data := handler.parsed_fn_signature.parameters.get("data"):
                handler.opt["body"] = msgspec.json.Decoder(data.annotation)
    return app
