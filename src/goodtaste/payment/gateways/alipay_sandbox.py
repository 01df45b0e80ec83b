"""The sandbox of Alipay: the books and diners of the sandbox wallet, spoken of as Alipay's open platform speaks.

It checks what the real one checks: app, signature, time, and that a number comes again with the same content.  A diner shows a code that
begins with 2899 and the two digits of `wallet_diners.DINERS`; who pays in an app pays on the wallet's page.  Its answers come with the
signature in front or behind, and with `/` written as `\\/`, as the real ones do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.money import parse_fen, yuan
from goodtaste.payment.gateways import alipay_bill, wallet_wire
from goodtaste.payment.gateways import alipay_wire as wire
from goodtaste.payment.gateways.genuine import BEIJING, Forged
from goodtaste.payment.gateways.numbers import digits
from goodtaste.payment.gateways.provider import Answer, Send, answer_with
from goodtaste.payment.gateways.shelf import Shelf
from goodtaste.payment.gateways.wallet_books import Held, HeldRefund, Letter, Refused
from goodtaste.payment.gateways.wallet_sandbox import STALE_S, WalletSandbox

CODE_START = "28"  # in front of the wallet's 99 and two digits
BILL_HOUR = 9  # of the next day in Beijing, when a bill is ready
UNSEEN = "unseen"  # how a trade was asked for that does not exist before its diner acts
_CODE_OK, _CODE_WAITING = b'"code":"10000"', b'"code":"10003"'
SUBJECT = "牛肉面+小菜 100%&=好味"  # whatever was ordered: what those who decode carelessly stumble over


class _Content(msgspec.Struct, frozen=True):
    out_trade_no: str = ""
    total_amount: str = ""
    subject: str = ""
    auth_code: str = ""
    scene: str = ""
    buyer_id: str = ""
    buyer_open_id: str = ""
    out_request_no: str = ""
    refund_amount: str = ""
    refund_reason: str = ""
    bill_type: str = ""
    bill_date: str = ""


class AlipaySandbox(WalletSandbox):
    """Alipay for one app and its seller.  `keys` are the sandbox's own, and the app's."""

    place = "/sandbox/pay/alipay"
    api = "/gateway.do"
    name, shows = "支付宝沙箱", f"{CODE_START}99"
    speaks = "application/x-www-form-urlencoded; charset=utf-8"
    thanks = b"success"

    def __init__(
        self,
        *,
        app_id: str,
        seller: str,
        keys: wire.Keys,
        address: str,
        clock: Clock,
        client: httpx.AsyncClient,
        shelf: Shelf | None = None,
    ) -> None:
        super().__init__(merchant=seller, secret="", address=address, clock=clock, client=client, shelf=shelf)
        self._app_id, self._keys, self._address = app_id, keys, address
        self._answers = 0

    async def _api(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, send: Send) -> None:
        at, asked = self._clock(), ""
        try:
            fields = wire.form(body if method == "POST" else query.encode())
            asked = fields.get("method", "")
            wire.check_request(fields, self._keys, app_id=self._app_id, at=at)
            content = msgspec.json.decode(fields.get("biz_content", "{}"), type=_Content)
            if method == "GET":
                await answer_with(send, self._open_page(asked, fields, content, at), {})
                return
            answer = await self._asked(asked, fields, content, at)
        except Forged:
            answer = _failed("40002", "isv.invalid-signature")
        except Refused as refused:
            unsure = refused.status >= 500
            code = _WORDS.get(refused.error.code, refused.error.code)
            answer = _failed(wire.UNSURE if unsure else wire.FAILED, code if "." in code else f"ACQ.{code}")
        except (msgspec.MsgspecError, ValueError):
            answer = _failed(wire.FAILED, "ACQ.INVALID_PARAMETER")
        if answer.lost:
            await asyncio.sleep(self.silence_s)
            await answer_with(send, Answer(502, b"Bad Gateway", "text/plain"), {})
            return
        self._answers += 1
        told = answer.body.replace(b"/", b"\\/")
        body = wire.answer(self._keys, asked or "error", told, sign_first=self._answers % 2 == 0)
        await answer_with(send, Answer(200, body, "text/html;charset=utf-8"), {})

    async def _asked(self, asked: str, fields: Mapping[str, str], content: _Content, at: datetime) -> Answer:
        match asked:
            case "alipay.trade.pay" | "alipay.trade.precreate" | "alipay.trade.create":
                return await self._order(asked, content, fields.get("notify_url", ""), at)
            case "alipay.trade.query":
                return self._told(self._seen(content.out_trade_no, at))
            case "alipay.trade.close":
                return self._close(content.out_trade_no, at)
            case "alipay.trade.cancel":
                return self._cancel(content.out_trade_no, at)
            case "alipay.trade.refund":
                return self._give_back(content, fields.get("notify_url", ""), at)
            case "alipay.trade.fastpay.refund.query":
                return self._refund_stands(content, at)
            case "alipay.system.oauth.token":
                if not fields.get("code", "").isalnum():
                    raise Refused(400, "isv.code-invalid")
                return _ok(code="", user_id=f"2088{digits(fields['code'], 12)}")
            case "alipay.data.dataservice.bill.downloadurl.query":
                return self._bill_place(content, at)
        raise Refused(400, "isv.invalid-method")

    async def _order(self, asked: str, content: _Content, notify_url: str, at: datetime) -> Answer:
        code = content.auth_code
        if (asked == "alipay.trade.pay") != bool(code) or not content.subject:
            raise Refused(400, "PARAM_ERROR")
        if (asked == "alipay.trade.create") != bool(content.buyer_id or content.buyer_open_id):
            raise Refused(400, "PARAM_ERROR")
        if code and (content.scene != "bar_code" or not code.startswith(f"{CODE_START}99")):
            raise Refused(400, "AUTH_CODE_INVALID")
        way = UNSEEN if asked == "alipay.trade.precreate" else asked
        answer = await self._charge(self._charge_of(content, notify_url), at, way=way)
        if code and self.books.payments[content.out_trade_no].state == "USERPAYING":
            return msgspec.structs.replace(answer, body=answer.body.replace(_CODE_OK, _CODE_WAITING, 1))
        if code:
            return answer
        if self.books.query(content.out_trade_no, at=at).state == "SUCCESS":
            raise Refused(400, "ORDER_PAID")
        if asked == "alipay.trade.create":
            return _ok(out_trade_no=content.out_trade_no, trade_no=_trade_no(content.out_trade_no))
        return _ok(out_trade_no=content.out_trade_no, qr_code=f"{self._address}/pay/{content.out_trade_no}")

    def _charge_of(self, content: _Content, notify_url: str) -> wallet_wire.Charge:
        code = content.auth_code
        return wallet_wire.Charge(
            merchant=self.books.merchant,
            number=content.out_trade_no,
            amount_fen=parse_fen(content.total_amount),
            currency="CNY",
            description=content.subject,
            auth_code=code[2:].ljust(18, "0")[:18] if code else "",
            notify_url=notify_url,
        )

    def _open_page(self, asked: str, fields: Mapping[str, str], content: _Content, at: datetime) -> Answer:
        """Show the page of a diner who was sent here with a signed address."""
        if asked != "alipay.trade.wap.pay":
            raise Refused(400, "isv.invalid-method")
        self.books.charge(self._charge_of(content, fields.get("notify_url", "")), at=at)
        target = f"{self._address}/pay/{content.out_trade_no}"
        return Answer(200, f'<!doctype html><meta http-equiv="refresh" content="0;url={target}">'.encode(), "text/html")

    def _seen(self, number: str, at: datetime) -> Held:
        """Return a trade; a code that nobody scanned is none yet."""
        held = self.books.query(number, at=at)
        if held.way == UNSEEN and held.diner is None:
            raise Refused(404, "ORDER_NOT_EXIST")
        return held

    def _close(self, number: str, at: datetime) -> Answer:
        if self._seen(number, at).state not in ("NOTPAY", "USERPAYING"):
            raise Refused(400, "REASON_TRADE_STATUS_INVALID")
        self.books.close(number, at=at)
        return _ok(out_trade_no=number, trade_no=_trade_no(number))

    def _cancel(self, number: str, at: datetime) -> Answer:
        """End a trade: what was paid goes back, and a number that was never seen is kept as ended."""
        try:
            held = self._seen(number, at)
        except Refused:
            self.books.close(number, at=at).way = UNSEEN
            return _ok(out_trade_no=number, retry_flag="N")
        action = "refund" if self._undo(held, at) else "close"
        return _ok(out_trade_no=number, trade_no=_trade_no(number), retry_flag="N", action=action)

    # Refunds

    def _give_back(self, content: _Content, notify_url: str, at: datetime) -> Answer:
        held = self._seen(content.out_trade_no, at)
        return self._refund(
            wallet_wire.AskRefund(
                merchant=self.books.merchant,
                number=content.out_request_no,
                payment=held.number,
                amount_fen=parse_fen(content.refund_amount),
                reason=content.refund_reason,
                notify_url=notify_url or held.notify_url,
            ),
            at,
        )

    def _refund_stands(self, content: _Content, at: datetime) -> Answer:
        self._seen(content.out_trade_no, at)
        try:
            made = self.books.query_refund(content.out_request_no, at=at)
        except Refused:
            return _ok()  # a refund that is not known is told by silence
        return _ok(
            out_trade_no=made.payment,
            out_request_no=made.number,
            trade_no=_trade_no(made.payment),
            refund_amount=yuan(made.amount_fen),
            refund_status="REFUND_SUCCESS" if made.state == "SUCCESS" else "REFUND_PROCESSING",
        )

    # Bills

    def _bill_place(self, content: _Content, at: datetime) -> Answer:
        day = date.fromisoformat(content.bill_date)
        self.books.pass_to(at)
        ready = datetime(day.year, day.month, day.day, BILL_HOUR, tzinfo=BEIJING) + timedelta(days=1)
        if content.bill_type != "trade" or at < ready or not self.books.bill(day):
            raise Refused(400, "isp.bill_not_exist")
        return _ok(bill_download_url=f"{self._address}/bill?day={day}")

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Serve one request; bills lie beside the signed interface, at an address that is told in it."""
        if scope["type"] == "http" and scope["path"].removeprefix(self.place) == "/bill":
            text = (parse_qs(scope["query_string"].decode("latin-1")).get("day") or [""])[0]
            await answer_with(send, self._bill_file(text), {})
            return
        await super().__call__(scope, receive, send)

    def _bill_file(self, text: str) -> Answer:
        try:
            found = [wallet_wire.bill_line(line) for line in self.books.bill(date.fromisoformat(text))]
        except ValueError:
            return Answer(404, b"")
        lines = [msgspec.structs.replace(line, gateway_ref=_trade_no(line.payment_id)) for line in found]
        return Answer(200, alipay_bill.write(lines, seller=self.books.merchant), "application/zip")

    # What it tells

    def _tell(self, held: Held) -> Any:
        return {
            "code": wire.OK,
            "msg": "Success",
            "out_trade_no": held.number,
            "trade_no": _trade_no(held.number),
            "trade_status": _status(held),
            "total_amount": yuan(held.amount_fen),
            "buyer_logon_id": "138****0000/x",
        }

    def _tell_refund(self, made: HeldRefund) -> Any:
        paid = self.books.payments[made.payment]
        return {
            "code": wire.OK,
            "msg": "Success",
            "out_trade_no": made.payment,
            "trade_no": _trade_no(made.payment),
            "fund_change": "Y" if made.state == "SUCCESS" else "N",
            "refund_fee": yuan(paid.refunded_fen),
        }

    def _letter(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        told, at = msgspec.json.decode(letter.body, type=wallet_wire.WalletNotice), self._clock()
        if letter.forged == "stale":
            at -= timedelta(seconds=STALE_S)
        now = at.astimezone(BEIJING).strftime(wire.TIME)
        if told.type == "PAYMENT":
            payment = msgspec.json.decode(told.resource, type=wallet_wire.WalletPayment)
            number, seller, amount_fen = payment.number, payment.merchant, payment.amount_fen
            fields = {"trade_status": "TRADE_SUCCESS", "gmt_payment": now}
        else:
            refund = msgspec.json.decode(told.resource, type=wallet_wire.WalletRefund)
            held = self.books.payments[refund.payment]
            number, seller, amount_fen = refund.payment, self.books.merchant, held.amount_fen
            back = {"refund_fee": yuan(held.refunded_fen), "gmt_refund": now, "out_biz_no": refund.number}
            fields = {"trade_status": _status(held), **back}
        body = wire.notice(
            self._keys,
            {
                "notify_type": "trade_status_sync",
                "notify_id": told.id,
                "notify_time": now,
                "charset": "utf-8",
                "version": "1.0",
                "app_id": self._app_id,
                "seller_id": seller,
                "subject": SUBJECT,
                "out_trade_no": number,
                "trade_no": _trade_no(number),
                "total_amount": yuan(amount_fen),
                **fields,
            },
        )
        if letter.forged == "signature":
            body = body.replace(b"TRADE_SUCCESS", b"TRADE_FINISHED")
        return body, {}


_WORDS = {
    "ORDER_NOT_EXIST": "TRADE_NOT_EXIST",
    "PAYMENT_NOT_EXIST": "TRADE_NOT_EXIST",
    "NUMBER_USED": "CONTEXT_INCONSISTENT",
    "ORDER_CLOSED": "TRADE_HAS_CLOSE",
    "ORDER_PAID": "TRADE_HAS_SUCCESS",
    "NOT_ENOUGH": "BUYER_BALANCE_NOT_ENOUGH",
    "AUTH_CODE_EXPIRED": "PAYMENT_AUTH_CODE_INVALID",
    "AUTH_CODE_INVALID": "PAYMENT_AUTH_CODE_INVALID",
    "PAYER_REFUSED": "PAYMENT_FAIL",
    "PARAM_ERROR": "INVALID_PARAMETER",
    "REFUND_REFUSED": "TRADE_NOT_ALLOW_REFUND",
    "REFUND_TOO_MUCH": "REASON_TRADE_REFUND_FEE_ERR",
}


def _status(held: Held) -> str:
    if held.state == "SUCCESS":
        return "TRADE_CLOSED" if held.refunded_fen >= held.amount_fen else "TRADE_SUCCESS"
    return "WAIT_BUYER_PAY" if held.state in ("NOTPAY", "USERPAYING") else "TRADE_CLOSED"


def _trade_no(number: str) -> str:
    return f"2026{digits(number, 24)}"


def _ok(**told: str) -> Answer:
    return Answer(200, msgspec.json.encode({"code": wire.OK, "msg": "Success", **told}))


def _failed(code: str, sub_code: str) -> Answer:
    return Answer(200, msgspec.json.encode({"code": code, "msg": "failed", "sub_code": sub_code, "sub_msg": "沙箱"}))
