"""The sandbox of UnionPay QR: the books and diners of the sandbox wallet, spoken of as UnionPay (ACP 5.1.0) speaks.

It checks what the real one checks: signature, merchant, and that a number comes with the time it was first sent and only once.  A diner
shows a code that begins with 6299 and the two digits of `wallet_diners.DINERS`; who scans a code pays on the wallet's page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateways import testing_keys, unionpay_bill, wallet_wire
from goodtaste.payment.gateways import unionpay_wire as wire
from goodtaste.payment.gateways.genuine import BEIJING, Forged
from goodtaste.payment.gateways.numbers import digits
from goodtaste.payment.gateways.provider import Answer, Send, answer_with
from goodtaste.payment.gateways.shelf import Shelf
from goodtaste.payment.gateways.unionpay import ABSENT, NO_FILE, OK, TIMED_OUT
from goodtaste.payment.gateways.wallet_books import Held, HeldRefund, Letter, Refused
from goodtaste.payment.gateways.wallet_sandbox import STALE_S, WalletSandbox

CODE_START = "62"  # in front of the wallet's 99 and two digits
BILL_HOUR = 9  # of the next day in Beijing, when a bill is ready
UNDER_WAY, SHOWN, SCANNED = "05", "06", "07"


class UnionpaySandbox(WalletSandbox):
    """UnionPay for one merchant, whose certificate is known by its number."""

    place = "/sandbox/pay/unionpay"
    api = "/gateway/api/"
    speaks = "application/x-www-form-urlencoded; charset=utf-8"
    thanks = b"ok"
    name, shows = "银联沙箱", f"{CODE_START}99"

    def __init__(
        self, *, merchant: str, address: str, clock: Clock, client: httpx.AsyncClient, shelf: Shelf | None = None
    ) -> None:
        super().__init__(merchant=merchant, secret="", address=address, clock=clock, client=client, shelf=shelf)
        self._address, self._merchant_keys = address, testing_keys.unionpay_keys()
        self._own, self._certificate = testing_keys.unionpay_platform()

    async def _api(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, send: Send) -> None:
        at, asked, lost = self._clock(), {"merId": self.books.merchant}, False
        try:
            asked = wire.form(body)
            key = self._merchant_keys
            known = (asked.get("certId"), asked.get("version")) == (key.cert_id, wire.VERSION)
            if not known or not wire.is_signed(asked, key.own.public_key()):
                raise Forged("signature")
            if asked.get("merId") != self.books.merchant:
                raise Refused(400, "31")
            told, lost = await self._asked(asked, at)
        except Forged:
            told = {"respCode": "11", "respMsg": "验证签名失败"}
        except Refused as refused:
            told = {"respCode": _WORDS.get(refused.error.code, refused.error.code), "respMsg": refused.error.message}
        except (msgspec.MsgspecError, ValueError, KeyError):
            told = {"respCode": "10", "respMsg": "报文格式错误"}
        if lost:
            await asyncio.sleep(self.silence_s)
            await answer_with(send, Answer(502, b"Bad Gateway", "text/plain"), {})
            return
        echo = ("bizType", "merId", "orderId", "txnTime", "txnType", "txnSubType", "accessType")
        fields = self._signed({**{name: asked[name] for name in echo if asked.get(name)}, **told})
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        await answer_with(send, Answer(200, body, "text/html;charset=UTF-8"), {})

    def _signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        common = {"version": wire.VERSION, "encoding": "UTF-8", "signMethod": wire.SIGN_METHOD}
        filled = {name: value for name, value in fields.items() if value}
        return wire.signed(self._own, {**common, **filled, wire.CERTIFICATE: self._certificate})

    async def _asked(self, asked: Mapping[str, str], at: datetime) -> tuple[dict[str, str], bool]:
        match asked["txnType"], asked["txnSubType"]:
            case "01", ("06" | "07") as way:
                return await self._order(asked, way, at)
            case "00", "00":
                return self._stands(asked, at), False
            case "99", "01":
                held = self._held(asked, at)
                if held.way != SHOWN:
                    raise Refused(400, "35")
                self._undo(held, at)
                return {"respCode": OK}, False
            case "04", "00":
                return self._give_back(asked, at)
            case "76", "01":
                return self._bill_told(asked, at), False
        raise Refused(400, "32")

    async def _order(self, asked: Mapping[str, str], way: str, at: datetime) -> tuple[dict[str, str], bool]:
        code = asked.get("qrNo", "")
        if asked["orderId"] in self.books.payments:
            raise Refused(400, "NUMBER_USED")
        if abs((at - _time(asked["txnTime"])).total_seconds()) > 86_400 or asked["currencyCode"] != "156":
            raise Refused(400, "PARAM_ERROR")
        if (way == SHOWN) != bool(code) or (code and not code.startswith(f"{CODE_START}99")):
            raise Refused(400, "AUTH_CODE_INVALID")
        charge = wallet_wire.Charge(
            merchant=asked["merId"],
            number=asked["orderId"],
            amount_fen=int(asked["txnAmt"]),
            currency="CNY",
            description="",
            auth_code=code[2:].ljust(18, "0")[:18] if code else "",
            notify_url=asked["backUrl"],
        )
        answer = await self._charge(charge, at, way=way, sent=asked["txnTime"])
        if code:
            return {"respCode": OK}, answer.lost
        return {"respCode": OK, "qrCode": f"{self._address}/pay/{asked['orderId']}"}, answer.lost

    def _held(self, asked: Mapping[str, str], at: datetime) -> Held:
        """Return a payment by its number and the time it was first sent; a code that nobody scanned is none yet."""
        held = self.books.query(asked["orderId"], at=at)
        if held.sent != asked["txnTime"] or (held.way == SCANNED and held.diner is None):
            raise Refused(404, "ORDER_NOT_EXIST")
        return held

    def _stands(self, asked: Mapping[str, str], at: datetime) -> dict[str, str]:
        if asked["orderId"] in self.books.refunds:
            made = self.books.query_refund(asked["orderId"], at=at)
            done = made.state == "SUCCESS"
            known = {"queryId": _query_id(made.refund_id), "txnAmt": str(made.amount_fen)}
            return {"respCode": OK, "origRespCode": OK if done else UNDER_WAY, **known}
        held = self._held(asked, at)
        self._told(held)  # a server that breaks says so here
        codes = {"SUCCESS": OK, "CLOSED": TIMED_OUT, "PAYERROR": _WORDS.get(held.code, "30")}
        known = {"queryId": _query_id(held.transaction_id), "txnAmt": str(held.amount_fen)}
        return {"respCode": OK, "origRespCode": codes.get(held.state, UNDER_WAY), **known}

    def _give_back(self, asked: Mapping[str, str], at: datetime) -> tuple[dict[str, str], bool]:
        if asked["orderId"] in self.books.refunds:
            raise Refused(400, "NUMBER_USED")
        self.books.pass_to(at)
        paid = next(
            (each for each in self.books.payments.values() if _query_id(each.transaction_id) == asked["origQryId"]),
            None,
        )
        if paid is None:
            raise Refused(404, "PAYMENT_NOT_EXIST")
        answer = self._refund(
            wallet_wire.AskRefund(
                merchant=asked["merId"],
                number=asked["orderId"],
                payment=paid.number,
                amount_fen=int(asked["txnAmt"]),
                reason="",
                notify_url=asked["backUrl"],
            ),
            at,
        )
        return {"respCode": OK}, answer.lost

    def _bill_told(self, asked: Mapping[str, str], at: datetime) -> dict[str, str]:
        day = _time(f"{at.astimezone(BEIJING).year}{asked['settleDate']}000000").date()
        if day > at.astimezone(BEIJING).date():
            day = day.replace(year=day.year - 1)
        self.books.pass_to(at)
        ready = datetime(day.year, day.month, day.day, BILL_HOUR, tzinfo=BEIJING) + timedelta(days=1)
        found = [wallet_wire.bill_line(line) for line in self.books.bill(day)]
        lines = [msgspec.structs.replace(line, gateway_ref=_query_id(line.gateway_ref)) for line in found]
        if at < ready or not lines:
            raise Refused(400, NO_FILE)
        content = unionpay_bill.write(lines, merchant=self.books.merchant)
        return {"respCode": OK, "settleDate": asked["settleDate"], "fileContent": content}

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Serve one request; bills are asked for beside the gateway."""
        if scope["type"] == "http" and scope["path"].removeprefix(self.place) == "/files/":
            scope = {**scope, "path": f"{self.api}files"}
        await super().__call__(scope, receive, send)

    def _tell_refund(self, made: HeldRefund) -> Any:
        return {}

    def _letter(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        told, at = msgspec.json.decode(letter.body, type=wallet_wire.WalletNotice), self._clock()
        if letter.forged == "stale":
            at -= timedelta(seconds=STALE_S)
        if told.type == "PAYMENT":
            payment = msgspec.json.decode(told.resource, type=wallet_wire.WalletPayment)
            number, merchant, amount_fen = payment.number, payment.merchant, payment.amount_fen
            kind, query_id = {"txnType": "01", "txnSubType": "06"}, _query_id(payment.transaction_id)
        else:
            refund = msgspec.json.decode(told.resource, type=wallet_wire.WalletRefund)
            number, merchant, amount_fen = refund.number, self.books.merchant, refund.amount_fen
            kind, query_id = {"txnType": "04", "txnSubType": "00"}, _query_id(refund.refund_id)
        fields = self._signed(
            {
                **kind,
                "merId": merchant,
                "orderId": number,
                "queryId": query_id,
                "txnAmt": str(amount_fen),
                "currencyCode": "156",
                "respCode": OK,
                "respMsg": "success",
                "traceTime": wire.trace_of(at),
                "traceNo": "000001",
            }
        )
        if letter.forged == "signature":
            fields["txnAmt"] += "0"
        return wire.encoded(fields), {}


_WORDS = {
    "ORDER_NOT_EXIST": ABSENT,
    "REFUND_NOT_EXIST": ABSENT,
    "PAYMENT_NOT_EXIST": "35",
    "NUMBER_USED": "12",
    "ORDER_CLOSED": "36",
    "ORDER_PAID": "36",
    "NOT_ENOUGH": "64",
    "AUTH_CODE_EXPIRED": "61",
    "AUTH_CODE_INVALID": "61",
    "PAYER_REFUSED": "30",
    "PARAM_ERROR": "10",
    "REFUND_REFUSED": "38",
    "REFUND_TOO_MUCH": "36",
    "SYSTEM_ERROR": "06",
}


def _query_id(transaction_id: str) -> str:
    return digits(transaction_id, 21) if transaction_id else ""


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
