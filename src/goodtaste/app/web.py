"""The web application: the routes of every room behind one edge."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, Router, asgi
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Receive, Scope, Send

import goodtaste
from goodtaste.app import oversight, pages, rooms, screens
from goodtaste.app.process import background
from goodtaste.app.roles import ROLES, Role
from goodtaste.kernel.context import Process
from goodtaste.kernel.edge import Edge
from goodtaste.kernel.web import anybody, make_app


def litestar_app(process: Process, role: Role = ROLES["all"]) -> Litestar:
    """Return the application without its edge, as tests and the OpenAPI generator want it."""
    openapi = OpenAPIConfig(
        title="goodtaste 好味",
        version=goodtaste.__version__,
        openapi_router=Router("/openapi", route_handlers=[], opt=anybody()),
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={"token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
        security=[{"token": []}],
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with background(process, leads=role.leads):
            yield

    mounts = [_mount(path, app) for path, app in rooms.sandboxes(process).items()]
    routes = [*rooms.ROUTES, *oversight.ROUTES, *mounts, *screens.routes(process)] if role.serves else []
    return make_app(
        process, [*pages.ROUTES, pages.metrics(process), *routes], openapi=openapi, hooks={"lifespan": [lifespan]}
    )


def _mount(path: str, app: Any) -> Any:
    @asgi(path, is_mount=True, copy_scope=True, opt=anybody())
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return serve


def asgi_app(process: Process, role: Role = ROLES["all"]) -> Any:
    """Return what a server serves."""
    app = Edge(litestar_app(process, role), ready=rooms.ready(process) if role.serves else None)
    rooms.connect(process, app)
    return app
