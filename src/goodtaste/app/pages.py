"""What is served beside the rooms: probes, metrics, the description of the API, and what each refusal means."""

from __future__ import annotations

import hmac
import html
import os
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar import Request, Response, asgi, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

import goodtaste
from goodtaste.kernel.auth import NotAllowed
from goodtaste.kernel.context import Process
from goodtaste.kernel.errors import REFUSALS
from goodtaste.kernel.snapshot import VERSIONS
from goodtaste.kernel.web import NoSuchPage, anybody, context
from goodtaste.kernel.words import sentences

HERE = frozenset(("127.0.0.1", "::1"))
OPENAPI = "/openapi/openapi.json"
TYPES = {".css": "text/css", ".js": "text/javascript", ".png": "image/png"}
# The bundled viewer takes nothing newer than 3.0, and what 3.1 adds it shows as it stands.
START = f"""window.onload = async () => {{
  const spec = await (await fetch("{OPENAPI}")).json();
  spec.openapi = "3.0.3";
  SwaggerUIBundle({{ spec, dom_id: "#swagger-ui", deepLinking: true, docExpansion: "list" }});
}};
"""
PAGE = """<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>{title}</title><link rel="stylesheet" href="/docs/assets/{style}"></head>
<body>{body}</body>
</html>
"""
STYLE = "body{font:16px/1.5 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}code{background:#eee}"


@get(["/health", "/health/live"], opt=anybody(), sync_to_thread=False, tags=["health"])
def live() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok", "version": goodtaste.__version__}


@get("/health/ready", opt=anybody(), tags=["health"])
async def ready(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Tell that the process can do its work: the database answers."""
    await context(request).db.rows(VERSIONS())
    return {"status": "ready", "version": goodtaste.__version__}


def metrics(process: Process) -> Any:
    """Return the route of metrics: to who has the token, or, where none is set, to this machine."""
    token = process.settings.metrics_token

    @asgi("/metrics", copy_scope=False, opt=anybody())
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if token:
            sent = dict(scope["headers"]).get(b"authorization", b"")
            allowed = hmac.compare_digest(sent, f"Bearer {token}".encode())
        else:
            allowed = (scope["client"] or ("",))[0] in HERE
        if not allowed:
            raise NotAllowed(permission="metrics")
        answer = ASGIResponse(body=_collect(), headers={"content-type": CONTENT_TYPE_LATEST})
        await answer(scope, receive, send)

    return serve


def _collect() -> bytes:
    """Return the metrics of this process, or of all workers of this server."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return generate_latest(REGISTRY)
    for pid in {path.stem.rpartition("_")[2] for path in Path(folder).glob("gauge_live*.db")}:
        if not Path(f"/proc/{pid}").exists():
            mark_process_dead(int(pid), folder)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


@get("/docs", opt=anybody(), sync_to_thread=False, include_in_schema=False, media_type="text/html")
def docs() -> str:
    """Show the API: every route, what it takes, what it answers."""
    scripts = "".join(f'<script src="/docs/assets/{name}"></script>' for name in ("swagger-ui-bundle.js", "start.js"))
    return PAGE.format(title="goodtaste API", style="swagger-ui.css", body=f'<div id="swagger-ui"></div>{scripts}')


@get("/docs/assets/{name:str}", opt=anybody(), sync_to_thread=False, include_in_schema=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """Return a file of the documentation."""
    made = {"start.js": START.encode(), "plain.css": STYLE.encode()}
    kind = TYPES.get(Path(name).suffix)
    found = made.get(name) or (_bundled(name) if kind else None)
    if found is None or kind is None:
        raise NoSuchPage
    return Response(found, media_type=kind, headers={"cache-control": "public, max-age=86400"})


@cache
def _bundled(name: str) -> bytes | None:
    folder = files("swagger_ui_bundle") / "vendor"
    found = next((each for version in folder.iterdir() for each in _files(version) if each.name == name), None)
    return found.read_bytes() if found else None


def _files(place: Any) -> Iterable[Any]:
    return place.iterdir() if place.is_dir() else (place,)


@get("/docs/refusals", opt=anybody(), sync_to_thread=False, include_in_schema=False, media_type="text/html")
def refusals() -> str:
    """Show what each refusal means, in every language: where the `type` of a problem leads."""
    return _refusals()


@cache
def _refusals() -> str:
    zh, en = sentences("zh-CN"), sentences("en")
    parts = ["<h1>好味 goodtaste</h1>"]
    for code, refusal in sorted(REFUSALS.items()):
        said = "".join(f"<p>{html.escape(each[code].say)} — {html.escape(each[code].do)}</p>" for each in (zh, en))
        parts.append(f'<h2 id="{code}"><code>{code}</code> {refusal.status}</h2>{said}')
    return PAGE.format(title="refusals", style="plain.css", body="".join(parts))


ROUTES = [live, ready, docs, asset, refusals]
