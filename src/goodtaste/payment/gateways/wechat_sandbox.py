"""The sandbox of WeChat Pay: the books and diners of the sandbox wallet, spoken of as WeChat speaks.

It checks what the real one checks: signature, time, nonce, merchant, app, and that a number comes again with the same content.  A diner
shows a code that begins with 1399 and the two digits of `wallet_diners.DINERS`, and no notice tells of it; who pays in an app pays on
the wallet's page.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateways import wallet_wire, wechat_bill
from goodtaste.payment.gateways import wechat_wire as wire
from goodtaste.payment.gateways.genuine import BEIJING, Forged, new_nonce
from goodtaste.payment.gateways.provider import Answer, Send, answer_with
from goodtaste.payment.gateways.shelf import Shelf
from goodtaste.payment.gateways.wallet_books import Held, HeldRefund, Letter, Refused
from goodtaste.payment.gateways.wallet_sandbox import STALE_S, WalletSandbox

CODE_START = "13"  # in front of the wallet's 99 and two digits, its last two left out
BILL_HOUR = 10  # of the next day in Beijing, when a bill is ready
_ASSOCIATED = "transaction"


class _Payer(msgspec.Struct, frozen=True):
    auth_code: str = ""
    openid: str = ""


class _Order(msgspec.Struct, frozen=True):
    appid: str
    mchid: str
    description: str
    out_trade_no: str
    amount: wire.Amount
    payer: _Payer = _Payer()
    notify_url: str = ""


class _AskRefund(msgspec.Struct, frozen=True):
    out_trade_no: str
    out_refund_no: str
    amount: wire.RefundAmount
    reason: str = ""
    notify_url: str = ""


class WechatSandbox(WalletSandbox):
    """WeChat Pay for one merchant and app.  `keys` are the sandbox's own; the merchant's are among the others."""

    place = "/sandbox/pay/wechat"
    api = "/v3/"
    name, shows = "微信支付沙箱", f"{CODE_START}99"

    def __init__(
        self,
        *,
        merchant: str,
        app_id: str,
        keys: wire.Keys,
        address: str,
        clock: Clock,
        client: httpx.AsyncClient,
        shelf: Shelf | None = None,
    ) -> None:
        super().__init__(merchant=merchant, secret="", address=address, clock=clock, client=client, shelf=shelf)
        self._app_id, self._keys, self._address = app_id, keys, address

    async def _api(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, send: Send) -> None:
        at, full = self._clock(), f"{path}?{query}" if query else path
        try:
            nonce = wire.check_request(
                headers.get("authorization", ""),
                self._keys,
                merchant=self.books.merchant,
                method=method,
                path=full,
                at=at,
                body=body,
            )
            if not self._nonces.use(nonce, at=at):
                raise Forged("replay")
            answer = await self._do(method, path, query, body, at)
        except Forged:
            answer = _error(401, "SIGN_ERROR")
        except Refused as refused:
            answer = _error(refused.status, _WORDS.get(refused.error.code, refused.error.code))
        except (msgspec.MsgspecError, ValueError):
            answer = _error(400, "PARAM_ERROR")
        if answer.lost:
            await asyncio.sleep(self.silence_s)
            answer = Answer(502, b"Bad Gateway", "text/plain")
        bare = answer.bare or answer.status == 502
        signed = {} if bare else wire.told_headers(self._keys, at=self._clock(), body=answer.body)
        await answer_with(send, answer, signed)

    async def _do(self, method: str, path: str, query: str, body: bytes, at: datetime) -> Answer:
        match method, path.removeprefix("/v3/").split("/"):
            case "POST", ["pay", "transactions", ("codepay" | "native" | "h5" | "jsapi") as way]:
                return await self._order(way, msgspec.json.decode(body, type=_Order), at)
            case "GET", ["pay", "transactions", "out-trade-no", number]:
                if parse_qs(query).get("mchid") != [self.books.merchant]:
                    raise Refused(403, "NO_AUTH")
                return self._told(self.books.query(number, at=at))
            case "POST", ["pay", "transactions", "out-trade-no", number, ("close" | "reverse") as how]:
                return self._end(number, how, at)
            case "POST", ["refund", "domestic", "refunds"]:
                return self._give_back(msgspec.json.decode(body, type=_AskRefund), at)
            case "GET", ["refund", "domestic", "refunds", number]:
                return _json(200, self._refund_told(self.books.query_refund(number, at=at)))
            case "GET", ["bill", "tradebill"]:
                return self._bill_place((parse_qs(query).get("bill_date") or [""])[0], at)
            case "GET", ["billdownload", "file"]:
                day = date.fromisoformat((parse_qs(query).get("token") or [""])[0])
                return Answer(200, self._bill_file(day), "text/plain", bare=True)
        raise Refused(404, "RESOURCE_NOT_EXISTS")

    def _bill_place(self, text: str, at: datetime) -> Answer:
        day = date.fromisoformat(text)
        self.books.pass_to(at)
        if at.astimezone(BEIJING) < datetime(day.year, day.month, day.day, BILL_HOUR, tzinfo=BEIJING) + timedelta(
            days=1
        ):
            raise Refused(400, "STATEMENT_CREATING")
        if not self.books.bill(day):
            raise Refused(400, "NO_STATEMENT_EXIST")
        place = f"{self._address}{self.api}billdownload/file?token={day}"
        return _json(200, wire.BillPlace("SHA1", wechat_bill.digest(self._bill_file(day)), place))

    def _bill_file(self, day: date) -> bytes:
        lines = [wallet_wire.bill_line(line) for line in self.books.bill(day)]
        return wechat_bill.write(lines, merchant=self.books.merchant, app_id=self._app_id)

    async def _order(self, way: str, asked: _Order, at: datetime) -> Answer:
        code = asked.payer.auth_code
        if (asked.mchid, asked.appid) != (self.books.merchant, self._app_id):
            raise Refused(400, "APPID_MCHID_NOT_MATCH")
        if (way == "codepay") != bool(code) or (way == "jsapi") != bool(asked.payer.openid):
            raise Refused(400, "PARAM_ERROR")
        if code and not code.startswith(f"{CODE_START}99"):
            raise Refused(400, "AUTH_CODE_INVALID")
        charge = wallet_wire.Charge(
            merchant=asked.mchid,
            number=asked.out_trade_no,
            amount_fen=asked.amount.total,
            currency=asked.amount.currency,
            description=asked.description,
            auth_code=f"{code[2:]}00" if code else "",
            notify_url=asked.notify_url,
        )
        answer = await self._charge(charge, at, way=way)
        if code:
            return answer
        if self.books.query(asked.out_trade_no, at=at).state == "SUCCESS":
            raise Refused(400, "ORDER_PAID")
        page = f"{self._address}/pay/{asked.out_trade_no}"
        created = {"native": {"code_url": page}, "h5": {"h5_url": page}, "jsapi": {"prepay_id": asked.out_trade_no}}
        return _json(200, created[way])

    def _end(self, number: str, how: str, at: datetime) -> Answer:
        held = self.books.close(number, at=at)
        if (how == "reverse") != (held.way == "codepay"):
            raise Refused(400, "INVALID_REQUEST")
        if held.state == "SUCCESS":
            raise Refused(400, "ORDER_PAID")
        return _json(200, {"recall": "N"}) if how == "reverse" else Answer(204, b"")

    def _give_back(self, asked: _AskRefund, at: datetime) -> Answer:
        paid = self.books.payments.get(asked.out_trade_no)
        if paid is not None and paid.amount_fen != asked.amount.total:
            raise Refused(400, "PARAM_ERROR")
        return self._refund(
            wallet_wire.AskRefund(
                merchant=self.books.merchant,
                number=asked.out_refund_no,
                payment=asked.out_trade_no,
                amount_fen=asked.amount.refund,
                reason=asked.reason,
                notify_url=asked.notify_url,
            ),
            at,
        )

    def _tell(self, held: Held) -> Any:
        return self._transaction(self.books.told(held))

    def _tell_refund(self, made: HeldRefund) -> Any:
        return self._refund_told(made)

    def _transaction(self, told: wallet_wire.WalletPayment) -> wire.Transaction:
        held = self.books.payments.get(told.number)
        return wire.Transaction(
            mchid=told.merchant,
            appid=self._app_id,
            out_trade_no=told.number,
            trade_state=told.state,
            transaction_id=told.transaction_id,
            trade_type="CODEPAY" if held and held.way == "codepay" else "NATIVE",
            trade_state_desc=told.code,
            amount=wire.Amount(told.amount_fen),
        )

    def _refund_told(self, made: HeldRefund | wallet_wire.WalletRefund) -> wire.RefundTold:
        paid = self.books.payments.get(made.payment)
        return wire.RefundTold(
            out_trade_no=made.payment,
            out_refund_no=made.number,
            refund_id=made.refund_id,
            status=made.state,
            refund_status=made.state,
            mchid=self.books.merchant,
            amount=wire.RefundAmount(made.amount_fen, paid.amount_fen if paid else made.amount_fen),
        )

    def _letter(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        told = msgspec.json.decode(letter.body, type=wallet_wire.WalletNotice)
        if told.type == "PAYMENT":
            event, what = "TRANSACTION.SUCCESS", self._transaction_of(told)
        else:
            refund = msgspec.json.decode(told.resource, type=wallet_wire.WalletRefund)
            event, what = f"REFUND.{refund.state}", self._refund_told(refund)
        nonce = new_nonce()[:12]
        sealed = wire.seal(self._keys.api_key, msgspec.json.encode(what), nonce=nonce, associated=_ASSOCIATED)
        resource = wire.Resource(wire.CIPHER, sealed, nonce, _ASSOCIATED, _ASSOCIATED)
        body = msgspec.json.encode(wire.Notice(told.id, event, resource))
        at = self._clock()
        if letter.forged == "stale":
            at -= timedelta(seconds=STALE_S)
        headers = wire.told_headers(self._keys, at=at, body=body)
        if letter.forged == "signature":
            body = body.replace(b"TRANSACTION.SUCCESS", b"TRANSACTION.PAID   ")
        return body, headers

    def _transaction_of(self, told: wallet_wire.WalletNotice) -> Any:
        return self._transaction(msgspec.json.decode(told.resource, type=wallet_wire.WalletPayment))


_WORDS = {
    "NUMBER_USED": "OUT_TRADE_NO_USED",
    "REFUND_NOT_EXIST": "RESOURCE_NOT_EXISTS",
    "REFUND_TOO_MUCH": "INVALID_REQUEST",
}


def _json(status: int, what: Any) -> Answer:
    return Answer(status, msgspec.json.encode(what))


def _error(status: int, code: str) -> Answer:
    return _json(status, wire.ErrorTold(code, code.replace("_", " ").lower()))
