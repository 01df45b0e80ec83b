"""Serving: a socket, uvicorn on it, and a process of the house behind each worker."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import structlog
import uvicorn
from litestar.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from goodtaste.app.process import running
from goodtaste.app.roles import Role
from goodtaste.app.web import asgi_app
from goodtaste.floor.live.hub import Hub
from goodtaste.kernel.config import Settings
from goodtaste.kernel.telemetry import set_up_logs
from goodtaste.kernel.web import PROBLEM, NotHttp, problem_in
from goodtaste.kernel.words import LANGUAGES
from goodtaste.twin import brand

BACKLOG = 2_048  # connections that wait to be accepted
GRACE_S = 20  # time for requests under way when the server is asked to stop
KEEP_ALIVE_S = 75  # longer than the idle time-out of gateways, so that they close first
GC_THRESHOLDS = (50_000, 20, 20)  # almost nothing that a request makes is part of a cycle

log = structlog.get_logger()


class House:
    """The application as a worker gets it: settings only.  It opens its process when the server starts and closes it at the end."""

    def __init__(self, settings: Settings, role: Role) -> None:
        self._settings, self._role = settings, role
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection, or the life of the server."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        set_up_logs(level=self._settings.log_level, pretty=self._settings.log_format == "pretty")
        async with running(self._settings) as process:
            if self._settings.demo and self._role.serves:
                await brand.seed(process)
            self._app = asgi_app(process, self._role)
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            _when_asked_to_stop(process.part(Hub).close)
            await self._app(scope, receive, self._noting(send))

    def _noting(self, send: Send) -> Send:
        async def noted(message: Any) -> None:
            await send(message)
            log.info(message["type"], role=self._role.name, pid=os.getpid())

        return noted


def _when_asked_to_stop(act: Callable[[], None]) -> None:
    """Do something, cheap and quick, as soon as the server is asked to stop, before it waits for what is under way."""
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return  # signals come to the main thread
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def asked(number: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(act)
            if callable(before):
                before(number, frame)

        signal.signal(number, asked)


class Line(HttpToolsProtocol):
    """A line to a client.  What comes down it and is no HTTP is refused as everything else is, in the house's first language."""

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser stopped at, and hang up: nobody knows where the next request would begin."""
        log.info("not_http", why=msg)
        body = problem_in(LANGUAGES[0], NotHttp())
        head = f"content-type: {PROBLEM}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[400] + head.encode() + body)
        self.transport.close()


class _Announced(House):
    """A house that tells when it is ready."""

    def __init__(self, settings: Settings, role: Role, announce: Callable[[], None]) -> None:
        super().__init__(settings, role)
        self._announce = announce

    def _noting(self, send: Send) -> Send:
        below = super()._noting(send)

        async def noted(message: Any) -> None:
            await below(message)
            if message["type"] == "lifespan.startup.complete":
                self._announce()

        return noted


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket on `host` and `port`; raises OSError where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    listening.set_inheritable(True)
    return listening


def serve(settings: Settings, role: Role, listening: socket.socket, announce: Callable[[], None]) -> bool:
    """Serve until asked to stop by SIGINT or SIGTERM; tell whether the start went well."""
    if settings.workers > 1:
        return _serve_many(settings, role, listening, announce)
    server = uvicorn.Server(_config(_Announced(settings, role, announce), workers=1))
    with contextlib.suppress(
        KeyboardInterrupt, SystemExit
    ):  # it hands the signal on that stopped it, or has not started
        server.run(sockets=[listening])
    return server.started


def _serve_many(settings: Settings, role: Role, listening: socket.socket, announce: Callable[[], None]) -> bool:
    folder = tempfile.mkdtemp(prefix="goodtaste-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # workers count together, in files
    try:
        if settings.demo:
            asyncio.run(_seed(settings))  # before several workers would
        supervisor = Multiprocess(_config(House(settings, role), workers=settings.workers), sockets=[listening])
        set_up_logs(level=settings.log_level, pretty=settings.log_format == "pretty")
        announce()
        supervisor.run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


async def _seed(settings: Settings) -> None:
    async with running(settings) as process:
        await brand.seed(process)


def _config(app: House, *, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        workers=workers,
        loop="uvloop",
        http=Line,
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
