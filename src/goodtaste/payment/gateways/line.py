"""The line to a gateway: one call with all its tries, within its time, behind a fuse.  What was not answered is `Unknown`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import httpx
import msgspec
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateway import CONNECT_S, TOTAL_S, Unknown
from goodtaste.payment.gateways.fuse import Fuse
from goodtaste.payment.gateways.genuine import BODY_MAX

TRIES_MAX = 3
BILL_S = 60.0  # for a bill with all its tries
BILL_MAX = 33_554_432  # bytes of a bill: some 100,000 payments a day
PAUSE_MS = 100  # before the second try, doubled before the next; the pause is anywhere between half of it and all of it

T = TypeVar("T")

log = structlog.get_logger()


class Reply(msgspec.Struct, frozen=True):
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """The call may have had its effect; nobody knows."""


class NotTaken(NoAnswer):
    """The call did not reach the gateway, or it was turned away unread: it may be made again, whatever it was."""


class Line:
    """The line to one gateway."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        name: str,
        clock: Clock,
        total_s: float = TOTAL_S,
        pause_ms: int = PAUSE_MS,
    ) -> None:
        self._client, self._name, self._clock = client, name, clock
        self._total_s, self._pause_ms = total_s, pause_ms
        self._fuse = Fuse()

    async def call(
        self, attempt: Callable[[], Awaitable[T]], *, what: str, again: bool, total_s: float | None = None
    ) -> T | Unknown:
        """Make a call within its time; one that may be made `again` is, after a pause, while nobody knows what it did."""
        if again and not self._fuse.lets(at=self._clock()):
            return Unknown(f"{self._name} does not answer")
        try:
            async with asyncio.timeout(total_s or self._total_s):
                reply = await self._tries(attempt, again=again)
        except TimeoutError:
            why = "timeout"
        except NoAnswer as error:
            why = str(error)
        else:
            self._fuse.answered()
            return reply
        self._fuse.was_silent(at=self._clock())
        log.warning("gateway_no_answer", gateway=self._name, call=what, why=why)
        return Unknown(why)

    async def _tries(self, attempt: Callable[[], Awaitable[T]], *, again: bool) -> T:
        last = NoAnswer("")
        for n in range(TRIES_MAX):
            if n:
                await asyncio.sleep(_jittered_s(self._pause_ms << (n - 1)))
            try:
                return await attempt()
            except NoAnswer as error:
                if not again and not isinstance(error, NotTaken):
                    raise
                last = error
        raise last

    async def send(
        self, method: str, path: str, *, body: bytes, headers: Mapping[str, str], most: int = BODY_MAX
    ) -> Reply:
        """Send one request and return its reply, whatever its status; raises `NoAnswer` and `NotTaken`."""
        try:
            async with self._client.stream(method, path, content=body, headers=headers) as response:
                return Reply(response.status_code, response.headers, await _read(response, most))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotTaken(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise NoAnswer(type(error).__name__) from error

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def client_for(base_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return an HTTP client with the time limits of gateways."""
    return httpx.AsyncClient(
        base_url=base_url, transport=transport, timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S, pool=CONNECT_S)
    )


async def _read(response: httpx.Response, most: int) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > most:
            raise NoAnswer("the reply is too long")
    return b"".join(parts)


def _jittered_s(most_ms: int) -> float:
    return (most_ms / 2 + secrets.randbelow(most_ms // 2 + 1)) / 1_000
