"""The sandbox of agreements: a provider of signed deductions as a small ASGI application, for demonstrations and tests.

It checks what is sealed to it, keeps its own rules (by day, announced, within the limit), tells its merchant by signed notices that it
repeats until they are taken, and has a page on which a person signs or ends an agreement.  Its books are kept on a
shelf; what it still had to tell is forgotten when it ends, and asked about.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateways import autopay_wire as said
from goodtaste.payment.gateways import wallet_wire as wire
from goodtaste.payment.gateways.autopay_books import PAYERS, AutopayBooks, Deduction, Letter, Signed
from goodtaste.payment.gateways.genuine import Forged, Nonces
from goodtaste.payment.gateways.shelf import Shelf
from goodtaste.payment.gateways.wallet_books import Refused
from goodtaste.payment.gateways.wallet_sandbox import body_of

TURN_S = 0.5

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
log = structlog.get_logger()


class _Lost(Exception):
    """Nobody hears an answer."""


class AutopaySandbox:
    """The provider.  `client` is how it reaches its merchant; `tells` switches its notices off."""

    place = "/sandbox/autopay"  # where it is mounted

    def __init__(
        self,
        *,
        merchant: str,
        secret: str,
        address: str,
        clock: Clock,
        client: httpx.AsyncClient,
        shelf: Shelf | None = None,
    ) -> None:
        self.books = AutopayBooks(merchant, page=f"{address}/agreements/", shelf=shelf)
        self.client, self.tells = client, True
        self._secret, self._clock = secret, clock
        self._nonces = Nonces()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body = await body_of(receive)
        if body is None:
            await _answer(send, 413, b"{}", {})
            return

        async def kept(message: MutableMapping[str, Any]) -> None:
            self.books.flush()
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method, path = scope["method"], "/" + scope["path"].removeprefix(self.place).strip("/")
        query = scope["query_string"].decode("latin-1")
        if path.startswith("/v1/"):
            await self._api(method, path, query, headers, body, kept)
            return
        try:
            page = self._page(method, path, body)
        except Refused as refused:
            await _answer(send, refused.status, html.escape(refused.error.code).encode(), {}, "text/html")
            return
        await _answer(kept, 200, page.encode(), {}, "text/html; charset=utf-8")

    async def run(self) -> None:
        """Let time pass until cancelled."""
        while True:
            try:
                await self.turn()
            except Exception as error:
                log.error("autopay_stumbled", exc_info=error)
            await asyncio.sleep(TURN_S)

    async def turn(self) -> None:
        """Let happen what is due, and send the notices that are."""
        for letter in self.books.letters(at=self._clock()):
            await self._deliver(letter)
        self.books.flush()

    async def aclose(self) -> None:
        """Give the connections back."""
        await self.client.aclose()

    async def _api(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, send: Send) -> None:
        at, full = self._clock(), f"{path}?{query}" if query else path
        status, answer = 200, b""
        try:
            wire.check(headers, secret=self._secret, kind="request", method=method, path=full, at=at, body=body)
            if not self._nonces.use(headers.get(wire.NONCE, ""), at=at):
                raise Forged("replay")
            answer = msgspec.json.encode(await self._do(method, path, query, body, at))
        except _Lost:
            await _answer(send, 502, b"Bad Gateway", {}, "text/plain")
            return
        except Forged as forged:
            status, answer = 401, msgspec.json.encode(wire.WalletError(f"SIGN_ERROR_{forged}".upper()))
        except Refused as refused:
            status, answer = refused.status, msgspec.json.encode(refused.error)
        except msgspec.DecodeError:
            status, answer = 400, msgspec.json.encode(wire.WalletError("PARAM_ERROR"))
        signed = wire.sealed(
            self._secret,
            kind=f"reply {status}",
            method=method,
            path=full,
            at=self._clock(),
            body=answer,
            nonce=headers.get(wire.NONCE, ""),
        )
        await _answer(send, status, answer, signed)

    async def _do(self, method: str, path: str, query: str, body: bytes, at: datetime) -> Any:
        books, parts = self.books, path.removeprefix("/v1/").split("/")
        if (method == "GET" or parts[-1] == "end") and parse_qs(query).get("merchant") != [books.merchant]:
            raise Refused(403, "NO_AUTH")
        match method, parts:
            case "POST", ["agreements"]:
                return books.told(books.invite(self._mine(msgspec.json.decode(body, type=said.AskAgreement))))
            case "GET", ["agreements", number]:
                return books.told(books.agreement(number))
            case "POST", ["agreements", number, "end"]:
                return books.told(books.end(number, at=at))
            case "POST", ["announcements"]:
                return books.announce(self._mine(msgspec.json.decode(body, type=said.Announce)), at=at)
            case "POST", ["deductions"]:
                return await self._deduct(self._mine(msgspec.json.decode(body, type=said.Deduct)), at)
            case "GET", ["deductions", number]:
                return books.deduction_told(books.query(number, at=at))
            case "POST", ["refunds"]:
                return books.refund(self._mine(msgspec.json.decode(body, type=wire.AskRefund)), at=at)
            case "GET", ["refunds", number]:
                return books.query_refund(number)
        raise Refused(404, "NO_SUCH_PAGE")

    def _mine(self, asked: Any) -> Any:
        if asked.merchant != self.books.merchant:
            raise Refused(403, "NO_AUTH")
        return asked

    async def _deduct(self, asked: said.Deduct, at: datetime) -> said.ToldDeduction:
        books, known = self.books, asked.number in self.books.deductions
        payer = PAYERS[books.agreement(asked.agreement).payer]
        if payer.loses_request and asked.number not in books.lost:
            books.lost.add(asked.number)
            raise _Lost
        held: Deduction = books.deduct(asked, at=at)
        if payer.tells_first and not known:
            letters = books.letters(at=at)
            for letter in [*letters, *letters]:
                await self._deliver(letter)
        if payer.loses_reply and not known:
            raise _Lost
        return books.deduction_told(held)

    async def _deliver(self, letter: Letter) -> None:
        if not self.tells:
            self.books.not_taken(letter, at=self._clock())
            return
        headers = wire.sealed(
            self._secret,
            kind="notice",
            method="POST",
            path=urlsplit(letter.url).path,
            at=self._clock(),
            body=letter.body,
        )
        try:
            sent = {**headers, "content-type": "application/json"}
            taken = (await self.client.post(letter.url, content=letter.body, headers=sent)).is_success
        except httpx.HTTPError as error:
            log.warning("autopay_notice_not_delivered", error=repr(error))
            taken = False
        if not taken:
            self.books.not_taken(letter, at=self._clock())

    # What people see

    def _page(self, method: str, path: str, body: bytes) -> str:
        at = self._clock()
        match method, path.strip("/").split("/"):
            case "GET", ["agreements", number]:
                return _shown(self.books.agreement(number))
            case "POST", ["agreements", number]:
                payer = (parse_qs(body.decode("latin-1")).get("payer") or ["00"])[0]
                return _shown(self.books.sign(number, payer, at=at))
            case "POST", ["agreements", number, "end"]:
                return _shown(self.books.end(number, at=at, by_payer=True))
        raise Refused(404, "NO_SUCH_PAGE")


async def _answer(send: Send, status: int, body: bytes, more: dict[str, str], kind: str = "application/json") -> None:
    head = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    head += [(name.encode(), value.encode()) for name, value in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def _shown(held: Signed) -> str:
    head = (
        f"<h1>{html.escape(held.title)}</h1><p>每次最多 ¥{held.limit_fen // 100}.{held.limit_fen % 100:02d}</p>"
        f"<p>{held.state}</p>"
    )
    if held.state == "ASKED":
        choices = "".join(
            f'<button name="payer" value="{key}">{html.escape(payer.name)}</button> ' for key, payer in PAYERS.items()
        )
        head += f'<form method="post">{choices}</form>'
    if held.state == "SIGNED":
        head += f'<form method="post" action="{held.number}/end"><button>解约</button></form>'
    return f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>沙箱代扣</title><body>{head}</body></html>'
