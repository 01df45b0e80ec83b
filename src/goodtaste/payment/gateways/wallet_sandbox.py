"""The sandbox wallet: a whole payment provider as a small ASGI application, for demonstrations, tests and the twin.

It speaks the protocol of `wallet_wire` and checks it: a request that is badly signed, stale or sent again is refused.  Its books
are those of one process, kept on a shelf.  A person sees what it holds at `/`, pays for an order there, and reconciles with `/holdings`.
"""

from __future__ import annotations

import asyncio
import html
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateways import wallet_wire as wire
from goodtaste.payment.gateways.genuine import Forged, Nonces, is_over
from goodtaste.payment.gateways.provider import Answer, Provider, Send, answer_with
from goodtaste.payment.gateways.shelf import Shelf
from goodtaste.payment.gateways.wallet_books import Books, Held, HeldRefund, Letter, Refused
from goodtaste.payment.gateways.wallet_diners import DINERS

SILENCE_S = 15.0  # how long a lost reply keeps its caller waiting
BREAKS = 2  # answers of 500 before it knows
SHOWN_MAX = 1_000  # newest payments, and newest refunds, that are listed
STALE_S = 301


class HoldingPayment(msgspec.Struct, frozen=True):
    """A payment in the list of what the wallet holds."""

    number: str
    state: str
    amount_fen: int
    refunded_fen: int
    transaction_id: str


class HoldingRefund(msgspec.Struct, frozen=True):
    """A refund in the list of what the wallet holds."""

    number: str
    payment: str
    state: str
    amount_fen: int


class Holdings(msgspec.Struct, frozen=True):
    """What the wallet holds: totals of all money since it was opened, and its newest payments and refunds."""

    merchant: str
    paid_fen: int
    refunded_fen: int
    payments: list[HoldingPayment]
    refunds: list[HoldingRefund]


class WalletSandbox(Provider[Books]):
    """The wallet.  `silence_s` is how long a lost reply takes."""

    place = "/sandbox/wallet"
    api = "/v1/"
    name, shows = "沙箱钱包", "99"  # how the page calls it, and what the code of a diner begins with
    thanks = b""

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
        books = Books(merchant, pay_page=f"{address}/pay/", shelf=shelf, book=self.place)
        super().__init__(books, clock=clock, client=client)
        self.silence_s = SILENCE_S
        self._secret, self._nonces = secret, Nonces()

    def holdings(self) -> Holdings:
        """Return what the wallet holds."""
        payments, refunds = list(self.books.payments.values()), list(self.books.refunds.values())
        return Holdings(
            merchant=self.books.merchant,
            paid_fen=self.books.totals.paid_fen,
            refunded_fen=self.books.totals.refunded_fen,
            payments=[
                HoldingPayment(p.number, p.state, p.amount_fen, p.refunded_fen, p.transaction_id)
                for p in payments[-SHOWN_MAX:]
            ],
            refunds=[HoldingRefund(r.number, r.payment, r.state, r.amount_fen) for r in refunds[-SHOWN_MAX:]],
        )

    # The signed interface

    async def _api(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, send: Send) -> None:
        at, full = self._clock(), f"{path}?{query}" if query else path
        nonce = headers.get(wire.NONCE, "")
        try:
            wire.check(headers, secret=self._secret, kind="request", method=method, path=full, at=at, body=body)
            if not self._nonces.use(nonce, at=at):
                raise Forged("replay")
            answer = await self._do(method, path, query, body, at)
        except Forged as forged:
            answer = _error(Refused(401, f"SIGN_ERROR_{forged}".upper()))
        except Refused as refused:
            answer = _error(refused)
        except (msgspec.DecodeError, ValueError):
            answer = _error(Refused(400, "PARAM_ERROR"))
        if answer.lost:
            await asyncio.sleep(self.silence_s)
            answer = Answer(502, b"Bad Gateway", "text/plain")
        kind = f"reply {answer.status}"
        signed = wire.sealed(
            self._secret, kind=kind, method=method, path=full, at=self._clock(), body=answer.body, nonce=nonce
        )
        await answer_with(send, answer, {} if answer.status == 502 else signed)

    async def _do(self, method: str, path: str, query: str, body: bytes, at: datetime) -> Answer:
        parts = path.removeprefix("/v1/").split("/")
        named = method == "GET" or parts[-1] == "close"
        if named and parse_qs(query).get("merchant") != [self.books.merchant]:
            raise Refused(403, "NO_AUTH")
        match method, parts:
            case "POST", ["payments"]:
                return await self._charge(msgspec.json.decode(body, type=wire.Charge), at)
            case "GET", ["payments", number]:
                return self._told(self.books.query(number, at=at))
            case "POST", ["payments", number, "close"]:
                return self._told(self.books.close(number, at=at))
            case "POST", ["refunds"]:
                return self._refund(msgspec.json.decode(body, type=wire.AskRefund), at)
            case "GET", ["refunds", number]:
                return _json(200, self._tell_refund(self.books.query_refund(number, at=at)))
            case "GET", ["bills", day]:
                return _json(200, wire.WalletBill(self.books.merchant, date.fromisoformat(day), self._bill(day, at)))
        raise Refused(404, "NO_SUCH_PAGE")

    def _bill(self, day: str, at: datetime) -> list[wire.WalletBillLine]:
        """Return the bill of a day; it is made when the day is over."""
        self.books.pass_to(at)
        if not is_over(date.fromisoformat(day), at=at):
            raise Refused(400, "BILL_CREATING")
        return self.books.bill(date.fromisoformat(day))

    def _undo(self, held: Held, at: datetime) -> bool:
        """End a payment; give back what was paid, and tell whether it was."""
        rest_fen = held.amount_fen - held.refunded_fen if held.state == "SUCCESS" else 0
        if rest_fen:
            asked = wire.AskRefund(self.books.merchant, f"undo{held.number}", held.number, rest_fen, "undo", "")
            self.books.refund(asked, at=at)
        self.books.close(held.number, at=at)
        return bool(rest_fen)

    async def _charge(self, asked: wire.Charge, at: datetime, *, way: str = "", sent: str = "") -> Answer:
        known = asked.number in self.books.payments
        held = self.books.charge(asked, at=at)
        if not known:
            held.way, held.sent = way, sent
        if held.state == "PAYERROR" and not known:
            raise Refused(400, held.code)
        if held.diner and held.diner.tells_first and not known:
            for letter in self.books.early(held):
                await self._deliver(letter)
        told = self._told(held)
        return msgspec.structs.replace(told, lost=bool(held.diner and held.diner.loses_reply and not known))

    def _told(self, held: Held) -> Answer:
        if held.diner and held.diner.breaks and held.asked < BREAKS:
            held.asked += 1
            raise Refused(500, "SYSTEM_ERROR")
        return _json(200, self._tell(held))

    def _tell(self, held: Held) -> Any:
        return self.books.told(held)

    def _tell_refund(self, made: HeldRefund) -> Any:
        return self.books.refund_told(made)

    def _refund(self, asked: wire.AskRefund, at: datetime) -> Answer:
        known = asked.number in self.books.refunds
        made: HeldRefund = self.books.refund(asked, at=at)
        diner = self.books.payments[made.payment].diner
        told = _json(200, self._tell_refund(made))
        return msgspec.structs.replace(told, lost=bool(diner and diner.refunds == "loses reply" and not known))

    # Notices

    def _letter(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        at = self._clock()
        if letter.forged == "stale":
            at -= timedelta(seconds=STALE_S)
        secret = "somebody else's" if letter.forged == "signature" else self._secret
        path = urlsplit(letter.url).path
        return letter.body, wire.sealed(secret, kind="notice", method="POST", path=path, at=at, body=letter.body)

    # What people see

    def _page(self, method: str, path: str, body: bytes) -> Answer:
        at = self._clock()
        match method, path.strip("/").split("/"):
            case "GET", ["holdings"]:
                self.books.pass_to(at)
                return _json(200, self.holdings())
            case "GET", [""]:
                self.books.pass_to(at)
                return _html(_list(self.holdings(), self.name, self.shows))
            case "GET", ["pay", number]:
                try:
                    return _html(_pay(self.books.query(number, at=at)))
                except Refused as refused:
                    return _error(refused)
            case "POST", ["pay", number]:
                key = (parse_qs(body.decode("latin-1")).get("diner") or [""])[0]
                try:
                    return _html(_pay(self.books.pay(number, key, at=at)))
                except Refused as refused:
                    return _error(refused)
        return _error(Refused(404, "NO_SUCH_PAGE"))


def _json(status: int, what: Any) -> Answer:
    return Answer(status, msgspec.json.encode(what))


def _error(refused: Refused) -> Answer:
    return _json(refused.status, refused.error)


def _html(inner: str) -> Answer:
    page = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>沙箱钱包</title><body>{inner}</body></html>'
    return Answer(200, page.encode(), "text/html; charset=utf-8")


def _row(*cells: object) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _yuan(fen: int) -> str:
    return f"¥{fen // 100}.{fen % 100:02d}"


def _list(held: Holdings, name: str, shows: str) -> str:
    payments = "".join(_row(p.number, p.state, _yuan(p.amount_fen), _yuan(p.refunded_fen)) for p in held.payments[::-1])
    refunds = "".join(_row(r.number, r.payment, r.state, _yuan(r.amount_fen)) for r in held.refunds[::-1])
    diners = "".join(_row(f"{shows}{key}…", diner.name, diner.name_en) for key, diner in DINERS.items())
    return (
        f"<h1>{name}</h1><p>已收 {_yuan(held.paid_fen)}，已退 {_yuan(held.refunded_fen)}</p>"
        f"<h2>付款</h2><table>{payments}</table><h2>退款</h2><table>{refunds}</table>"
        f"<h2>付款码（18 位，开头决定结果）</h2><table>{diners}</table>"
    )


def _pay(held: Held) -> str:
    head = f"<h1>{_yuan(held.amount_fen)}</h1><p>{html.escape(held.state)}</p>"
    if held.state != "NOTPAY":
        return head
    choices = "".join(
        f'<button name="diner" value="{key}">{html.escape(diner.name)}</button> ' for key, diner in DINERS.items()
    )
    return f'{head}<form method="post">{choices}</form>'
