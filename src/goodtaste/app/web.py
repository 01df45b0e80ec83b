"""The web application: the routes of every room behind one edge."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

import goodtaste
from goodtaste.app import rooms
from goodtaste.app.process import background
from goodtaste.kernel.context import Process
from goodtaste.kernel.web import Edge, anybody, make_app


@get("/health", opt=anybody(), sync_to_thread=False, tags=["health"])
def health() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok", "version": goodtaste.__version__}


def litestar_app(process: Process) -> Litestar:
    """Return the application without its edge, as tests and the OpenAPI generator want it."""
    openapi = OpenAPIConfig(
        title="goodtaste 好味",
        version=goodtaste.__version__,
        path="/openapi",
        components=Components(
            security_schemes={"token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
        security=[{"token": []}],
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with background(process):
            yield

    return make_app(process, [health, *rooms.ROUTES], openapi=openapi, hooks={"lifespan": [lifespan]})


def asgi_app(process: Process) -> Any:
    """Return what a server serves."""
    return Edge(litestar_app(process))
