"""What the sandboxes of payment providers share: they serve requests, time passes for them, and they tell what they have to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import httpx
import msgspec
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateways.genuine import BODY_MAX

TURN_S = 0.2

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = structlog.get_logger()


class Answer(msgspec.Struct, frozen=True):
    """What is answered; `lost` is answered to nobody, and what is `bare` bears no signature."""

    status: int
    body: bytes
    type: str = "application/json"
    lost: bool = False
    bare: bool = False


class ProviderBooks(Protocol):
    """What a provider knows: which notices are due, which were not taken, and what changed and is to be written down."""

    def letters(self, *, at: datetime) -> list[Any]: ...

    def not_taken(self, letter: Any, *, at: datetime) -> None: ...

    def flush(self) -> None: ...


B = TypeVar("B", bound=ProviderBooks)


class Provider(Generic[B]):
    """A provider.  `client` is how it reaches its merchant; `tells` switches its notices off, for one that goes silent."""

    place: str  # where it is mounted
    api: str  # what the paths of its signed interface begin with
    speaks = "application/json"  # what its notices are
    thanks: bytes | None = None  # how a notice must be answered; None: in whatever words

    def __init__(self, books: B, *, clock: Clock, client: httpx.AsyncClient) -> None:
        self.books, self.client, self.tells = books, client, True
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"a provider does not speak {scope['type']}")
        body = await _body_of(receive)
        if body is None:
            await answer_with(send, Answer(413, b"{}"), {})
            return

        async def kept(message: MutableMapping[str, Any]) -> None:
            self.books.flush()
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method, path = scope["method"], "/" + scope["path"].removeprefix(self.place).strip("/")
        if path.startswith(self.api):
            await self._api(method, path, scope["query_string"].decode("latin-1"), headers, body, kept)
        else:
            await answer_with(kept, self._page(method, path, body), {})

    async def run(self) -> None:
        """Let time pass until cancelled."""
        while True:
            try:
                await self.turn()
            except Exception as error:
                log.error("provider_stumbled", provider=self.place, exc_info=error)
            await asyncio.sleep(TURN_S)

    async def turn(self) -> None:
        """Let happen what is due, and send the notices that are."""
        for letter in self.books.letters(at=self._clock()):
            await self._deliver(letter)
        self.books.flush()

    async def aclose(self) -> None:
        """Give the connections back."""
        await self.client.aclose()

    async def _deliver(self, letter: Any) -> None:
        if not (self.tells and await self._taken(letter)):
            self.books.not_taken(letter, at=self._clock())

    async def _taken(self, letter: Any) -> bool:
        """Send a notice; tell whether the merchant took it."""
        body, headers = self._letter(letter)
        try:
            reply = await self.client.post(letter.url, content=body, headers={**headers, "content-type": self.speaks})
        except httpx.HTTPError as error:
            log.warning("notice_not_delivered", provider=self.place, error=repr(error))
            return False
        return reply.is_success and self.thanks in (None, reply.content)

    async def _api(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, send: Send) -> None:
        """Answer what is asked at the signed interface."""
        raise NotImplementedError

    def _page(self, method: str, path: str, body: bytes) -> Answer:
        """Return what a person sees."""
        raise NotImplementedError

    def _letter(self, letter: Any) -> tuple[bytes, dict[str, str]]:
        """Return a notice as it is sent: its body, and the headers that make it genuine, or do not."""
        raise NotImplementedError


async def _body_of(receive: Receive) -> bytes | None:
    """Return the body of a request, or None where it is too long."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > BODY_MAX:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


async def answer_with(send: Send, answer: Answer, headers: dict[str, str]) -> None:
    """Send an answer, with headers beside its own."""
    head = [(b"content-type", answer.type.encode()), (b"content-length", str(len(answer.body)).encode())]
    head += [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    await send({"type": "http.response.body", "body": answer.body})
