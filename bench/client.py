"""A lean HTTP client for measuring: requests are ready bytes, an answer is its status and its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import urlsplit


def request(method: str, path: str, *, token: str = "", body: bytes = b"", host: str = "bench") -> bytes:
    """Return an HTTP/1.1 request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as an answer is complete."""

    def __init__(self, run: Run) -> None:
        self.run, self.buffer, self.sent_at = run, b"", 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self._next()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length: ")
        length = int(head[at + 16 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        status = int(head[9:12])
        self.run.answers.append((time.perf_counter() - self.sent_at, status))
        if status >= 400 and len(self.run.refused) < 3:
            self.run.refused.append(self.buffer[end + 4 : end + 4 + length])
        self.buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self.run.left(self)

    def _next(self) -> None:
        ready = next(self.run.requests, None)
        if ready is None or time.perf_counter() >= self.run.stop or self.transport is None:
            if self.transport:
                self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(ready)


class Run:
    """One run of a load: requests from an iterator over so many connections for so long."""

    def __init__(self, requests: Iterator[bytes], *, connections: int, seconds: float) -> None:
        self.requests, self.connections = requests, connections
        self.stop = time.perf_counter() + seconds
        self.answers: list[tuple[float, int]] = []
        self.refused: list[bytes] = []
        self._open = connections
        self._done = asyncio.Event()

    def left(self, _: _Connection) -> None:
        """Note that a connection has ended."""
        self._open -= 1
        if self._open == 0:
            self._done.set()

    async def __call__(self, url: str) -> float:
        """Run the load against `url`; return the seconds it took."""
        parts, loop = urlsplit(url), asyncio.get_running_loop()
        begun = time.perf_counter()
        for _ in range(self.connections):
            await loop.create_connection(lambda: _Connection(self), parts.hostname, parts.port)
        await self._done.wait()
        return time.perf_counter() - begun
