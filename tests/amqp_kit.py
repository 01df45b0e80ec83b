"""A broker for tests: a virtual host of their own where this machine lets them make one, and a line to it that a test can cut."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote, urlsplit, urlunsplit

import aio_pika

SERVER = os.environ.get("GOODTASTE_TEST_AMQP", "amqp://guest:guest@127.0.0.1:5672/")


async def answers() -> None:
    """Connect once; raises where there is no broker."""
    connection = await aio_pika.connect(SERVER, timeout=5)
    await connection.close()


def _ctl(expression: str) -> bool:
    if shutil.which("rabbitmqctl") is None or urlsplit(SERVER).hostname not in ("127.0.0.1", "localhost"):
        return False
    return subprocess.run(["rabbitmqctl", "eval", expression], capture_output=True, timeout=60).returncode == 0


@contextlib.contextmanager
def own_host(name: str) -> Iterator[str]:
    """Give the address of a fresh virtual host, or, where none can be made, that of the server, which must then be for tests alone."""
    parts = urlsplit(SERVER)
    user = parts.username or "guest"
    made = _ctl(
        f'catch rabbit_vhost:delete(<<"{name}">>, <<"tests">>), rabbit_vhost:add(<<"{name}">>, <<"tests">>), '
        f'rabbit_auth_backend_internal:set_permissions(<<"{user}">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>).'
    )
    try:
        yield urlunsplit(parts._replace(path="/" + quote(name, safe=""))) if made else SERVER
    finally:
        if made:
            _ctl(f'rabbit_vhost:delete(<<"{name}">>, <<"tests">>).')


class Line:
    """A TCP line to the broker.  `cut` breaks what is connected, and `down` lets nobody through until `up`."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        login = f"{self._target.username}:{self._target.password}@"
        self.url = urlunsplit(self._target._replace(netloc=f"{login}127.0.0.1:{port}"))

    def cut(self) -> None:
        """Break every connection, in the middle of whatever it carries."""
        for writer in list(self._writers):
            writer.transport.abort()

    def down(self) -> None:
        """Break every connection and let none through."""
        self._open = False
        self.cut()

    def up(self) -> None:
        """Let connections through again."""
        self._open = True

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if not self._open:
            writer.transport.abort()
            return
        there = await asyncio.open_connection(self._target.hostname, self._target.port or 5672)
        self._writers.add(there[1])
        for source, sink in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)


@contextlib.asynccontextmanager
async def line_to(target: str) -> AsyncIterator[Line]:
    """Give a line to the broker at `target`."""
    line = Line(target)
    await line.start()
    try:
        yield line
    finally:
        await line.close()
