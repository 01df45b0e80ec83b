"""The sandbox of agreements: a provider of signed deductions as a small ASGI application, for demonstrations and tests.

It checks what is sealed to it, keeps its own rules (by day, announced, within the limit), tells its merchant by signed notices that it
repeats until they are taken, and has a page on which a person signs or ends an agreement.  Its books are kept on a
shelf; what it still had to tell is forgotten when it ends, and asked about.
"""

from __future__ import annotations

import html
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateways import autopay_wire as said
from goodtaste.payment.gateways import wallet_wire as wire
from goodtaste.payment.gateways.autopay_books import PAYERS, AutopayBooks, Deduction, Letter, Signed
from goodtaste.payment.gateways.genuine import Forged, Nonces
from goodtaste.payment.gateways.provider import Answer, Provider, Send, answer_with
from goodtaste.payment.gateways.shelf import Shelf
from goodtaste.payment.gateways.wallet_books import Refused


class _Lost(Exception):
    """Nobody hears an answer."""


class AutopaySandbox(Provider[AutopayBooks]):
    """The provider of deductions."""

    place, api = "/sandbox/autopay", "/v1/"

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
        super().__init__(AutopayBooks(merchant, page=f"{address}/agreements/", shelf=shelf), clock=clock, client=client)
        self._secret, self._nonces = secret, Nonces()

    async def _api(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, send: Send) -> None:
        at, full = self._clock(), f"{path}?{query}" if query else path
        status, answer = 200, b""
        try:
            wire.check(headers, secret=self._secret, kind="request", method=method, path=full, at=at, body=body)
            if not self._nonces.use(headers.get(wire.NONCE, ""), at=at):
                raise Forged("replay")
            answer = msgspec.json.encode(await self._do(method, path, query, body, at))
        except _Lost:
            await answer_with(send, Answer(502, b"Bad Gateway", "text/plain"), {})
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
        await answer_with(send, Answer(status, answer), signed)

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

    def _letter(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        path = urlsplit(letter.url).path
        sealed = wire.sealed(self._secret, kind="notice", method="POST", path=path, at=self._clock(), body=letter.body)
        return letter.body, sealed

    # What people see

    def _page(self, method: str, path: str, body: bytes) -> Answer:
        try:
            page = _shown(self._agreement(method, path, body))
        except Refused as refused:
            return Answer(refused.status, html.escape(refused.error.code).encode(), "text/html")
        return Answer(200, page.encode(), "text/html; charset=utf-8")

    def _agreement(self, method: str, path: str, body: bytes) -> Signed:
        """Return an agreement after what its payer did to it."""
        at = self._clock()
        match method, path.strip("/").split("/"):
            case "GET", ["agreements", number]:
                return self.books.agreement(number)
            case "POST", ["agreements", number]:
                payer = (parse_qs(body.decode("latin-1")).get("payer") or ["00"])[0]
                return self.books.sign(number, payer, at=at)
            case "POST", ["agreements", number, "end"]:
                return self.books.end(number, at=at, by_payer=True)
        raise Refused(404, "NO_SUCH_PAGE")


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
