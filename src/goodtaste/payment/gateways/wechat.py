"""WeChat Pay: codes that a diner shows, codes that a diner scans, pages in a browser, and the mini-program.

Our numbers there are ids without their dashes (32 characters, the most there may be).  An answer counts once it is known to be WeChat's;
a badly signed one leaves things unknown, as no answer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import httpx
import msgspec
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.payment.gateway import (
    TOTAL_S,
    Absent,
    Bill,
    BillOutcome,
    Closed,
    Declined,
    Intent,
    NoticeRefused,
    NotYet,
    Outcome,
    Paid,
    PaymentNotice,
    Pending,
    Refunded,
    RefundIntent,
    RefundNotice,
    RefundOutcome,
    Unknown,
)
from goodtaste.payment.gateways import wechat_bill
from goodtaste.payment.gateways import wechat_wire as wire
from goodtaste.payment.gateways.genuine import BEIJING, Forged, Nonces, is_over, new_nonce
from goodtaste.payment.gateways.line import BILL_MAX, BILL_S, PAUSE_MS, Line, NoAnswer, NotTaken, Reply
from goodtaste.payment.gateways.numbers import id_of, number_of

METHOD = "wechat_pay"
REAL_URL = "https://api.mch.weixin.qq.com"
DESCRIPTION_MAX = 127
REASON_MAX = 80

_PENDING = frozenset({"USER_PAYING", "USERPAYING"})
_ABSENT = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
_SEEN_LATE = frozenset({"ORDER_PAID", "ORDERPAID", "OUT_TRADE_NO_USED"})
_DECLINED = frozenset(
    {
        "AUTH_CODE_EXPIRED",
        "AUTH_CODE_INVALID",
        "AUTHCODEEXPIRE",
        "NOT_ENOUGH",
        "NOTENOUGH",
        "RULE_LIMIT",
        "PAYER_REFUSED",
        "PARAM_ERROR",
        "INVALID_REQUEST",
    }
)
_NO_BILL: dict[str, Bill | NotYet] = {"NO_STATEMENT_EXIST": Bill((), b""), "STATEMENT_CREATING": NotYet()}
_SCANNED = frozenset({"MICROPAY", "CODEPAY"})  # the kinds of payment that are reversed; the others are closed

log = structlog.get_logger()


class WechatGateway:
    """Speaks to WeChat Pay at the base address of `client`, for one merchant and app."""

    method, heard, knows_diners = METHOD, b"", False

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        merchant: str,
        app_id: str,
        keys: wire.Keys,
        notify_url: str,
        clock: Clock,
        total_s: float = TOTAL_S,
        pause_ms: int = PAUSE_MS,
    ) -> None:
        self._merchant, self._app_id, self._keys, self._clock = merchant, app_id, keys, clock
        self._notify_url = notify_url
        self._line = Line(client, name=METHOD, clock=clock, total_s=total_s, pause_ms=pause_ms)
        self._nonces = Nonces()

    async def charge(self, intent: Intent) -> Outcome:
        """Ask for money: at once with the code the diner shows, else by the way the diner goes."""
        if intent.auth_code:
            return await self._scan(intent)
        asked, way = self._order(intent) | {"notify_url": self._notify_url}, "native"
        if intent.way == "h5":
            way = "h5"
            asked["scene_info"] = {"payer_client_ip": intent.client_ip, "h5_info": {"type": "Wap"}}
        elif intent.way == "mini_program":
            way = "jsapi"
            asked["payer"] = {"openid": intent.payer}
        reply = await self._call("POST", f"/v3/pay/transactions/{way}", asked, again=True)
        if isinstance(reply, Unknown):
            return reply
        if reply.status != 200:
            return self._error(reply, declines=_DECLINED)
        created = _decoded(reply, wire.Created)
        return created if isinstance(created, Unknown) else Pending(action=self._action(created))

    async def _scan(self, intent: Intent) -> Outcome:
        asked = self._order(intent) | {
            "payer": {"auth_code": intent.auth_code},
            "scene_info": {"device_ip": intent.client_ip, "store_info": {"out_id": number_of(intent.store_id)}},
        }
        reply = await self._call("POST", "/v3/pay/transactions/codepay", asked, again=False)
        return self._outcome(reply, intent.payment_id, declines=_DECLINED)

    def _order(self, intent: Intent) -> dict[str, Any]:
        return {
            "appid": self._app_id,
            "mchid": self._merchant,
            "description": intent.description[:DESCRIPTION_MAX],
            "out_trade_no": number_of(intent.payment_id),
            "time_expire": intent.close_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            "amount": {"total": intent.amount_fen, "currency": "CNY"},
        }

    def _action(self, created: wire.Created) -> dict[str, str]:
        if created.prepay_id:
            timestamp = str(int(self._clock().timestamp()))
            return wire.pay_parameters(
                self._keys.own,
                app_id=self._app_id,
                prepay_id=created.prepay_id,
                timestamp=timestamp,
                nonce=new_nonce(),
            )
        return {"code_url": created.code_url} if created.code_url else {"pay_url": created.h5_url}

    async def query(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """Ask how a payment stands."""
        return self._outcome(await self._query(payment_id), payment_id)

    async def _query(self, payment_id: str) -> Reply | Unknown:
        path = f"/v3/pay/transactions/out-trade-no/{number_of(payment_id)}?mchid={self._merchant}"
        return await self._call("GET", path, None, again=True)

    async def close(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """End a payment: one by a shown code is reversed, which gives back what was taken meanwhile; any other is closed."""
        reply = await self._query(payment_id)
        stands = self._outcome(reply, payment_id)
        if isinstance(reply, Unknown) or not isinstance(stands, Pending):
            return stands
        told = _decoded(reply, wire.Transaction)
        scanned = isinstance(told, wire.Transaction) and told.trade_type in _SCANNED
        path = f"/v3/pay/transactions/out-trade-no/{number_of(payment_id)}/{'reverse' if scanned else 'close'}"
        asked = {"appid": self._app_id, "mchid": self._merchant} if scanned else {"mchid": self._merchant}
        ended = await self._call("POST", path, asked, again=True)
        if isinstance(ended, Unknown):
            return ended
        return Closed("closed") if ended.status in (200, 204) else self._error(ended)

    async def refund(self, intent: RefundIntent) -> RefundOutcome:
        """Give money back."""
        asked = {
            "out_trade_no": number_of(intent.payment_id),
            "out_refund_no": number_of(intent.refund_id),
            "reason": intent.reason[:REASON_MAX] or "refund",
            "notify_url": self._notify_url,
            "amount": {"refund": intent.amount_fen, "total": intent.paid_fen, "currency": "CNY"},
        }
        reply = await self._call("POST", "/v3/refund/domestic/refunds", asked, again=True)
        return self._refund_outcome(reply, intent.refund_id, declines=frozenset({"NOT_ENOUGH", "INVALID_REQUEST"}))

    async def query_refund(self, refund_id: str, *, payment_id: str, started_at: datetime) -> RefundOutcome:
        """Ask how a refund stands."""
        reply = await self._call("GET", f"/v3/refund/domestic/refunds/{number_of(refund_id)}", None, again=True)
        return self._refund_outcome(reply, refund_id)

    async def bill(self, day: date) -> BillOutcome:
        """Return the bill of trades of a day, whose file comes unsigned and is known by its hash."""
        if not is_over(day, at=self._clock()):
            return NotYet()
        reply = await self._call("GET", f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL", None, again=True)
        if isinstance(reply, Unknown):
            return reply
        if reply.status != 200:
            why = self._error(reply)
            if isinstance(why, Unknown) and why.why in _NO_BILL:
                return _NO_BILL[why.why]
            return why if isinstance(why, Unknown) else Unknown(str(why))
        place = _decoded(reply, wire.BillPlace)
        if isinstance(place, Unknown):
            return place
        path = "/v3/" + place.download_url.partition("/v3/")[2]  # of the host we know: no other is shown a signature
        file = await self._line.call(lambda: self._fetch(path), what="GET bill", again=True, total_s=BILL_S)
        if isinstance(file, Unknown):
            return file
        if place.hash_type != "SHA1" or wechat_bill.digest(file.body) != place.hash_value.lower():
            return Unknown("the bill is not whole")
        try:
            return Bill(tuple(wechat_bill.read(file.body, merchant=self._merchant)), file.body)
        except ValueError as error:
            return Unknown(f"bill: {error}")

    async def _fetch(self, path: str) -> Reply:
        reply = await self._line.send("GET", path, body=b"", headers=self._headers("GET", path, b""), most=BILL_MAX)
        if reply.status != 200:
            raise NoAnswer(f"http {reply.status}")
        return reply

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | RefundNotice:
        """Return what a notice says, once it is known to be genuine."""
        at = self._clock()
        try:
            nonce = wire.check_told(headers, self._keys, at=at, body=raw)
            if not self._nonces.use(nonce, at=at):
                raise Forged("replay")
            notice = msgspec.json.decode(raw, type=wire.Notice)
            sealed = notice.resource
            if sealed.algorithm != wire.CIPHER:
                raise Forged("seal")
            plain = wire.unseal(
                self._keys.api_key, sealed.ciphertext, nonce=sealed.nonce, associated=sealed.associated_data
            )
            return self._notice(notice, plain)
        except Forged as forged:
            raise NoticeRefused(str(forged)) from forged
        except (msgspec.MsgspecError, ValueError) as error:
            raise NoticeRefused("body") from error

    def _notice(self, notice: wire.Notice, plain: bytes) -> PaymentNotice | RefundNotice:
        if notice.event_type.startswith("TRANSACTION."):
            payment = msgspec.json.decode(plain, type=wire.Transaction)
            if (payment.mchid, payment.appid) != (self._merchant, self._app_id):
                raise Forged("merchant")
            return PaymentNotice(notice.id, id_of(payment.out_trade_no), _of_payment(payment))
        if notice.event_type.startswith("REFUND."):
            refund = msgspec.json.decode(plain, type=wire.RefundTold)
            if refund.mchid != self._merchant:
                raise Forged("merchant")
            return RefundNotice(notice.id, id_of(refund.out_refund_no), id_of(refund.out_trade_no), _of_refund(refund))
        raise Forged("kind")

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._line.aclose()

    def _outcome(self, reply: Reply | Unknown, payment_id: str, *, declines: frozenset[str] = frozenset()) -> Outcome:
        if isinstance(reply, Unknown):
            return reply
        if reply.status != 200:
            return self._error(reply, declines=declines)
        told = _decoded(reply, wire.Transaction)
        if isinstance(told, Unknown):
            return told
        if (told.mchid, told.out_trade_no) != (self._merchant, number_of(payment_id)):
            return Unknown("the reply is about something else")
        return _of_payment(told)

    def _refund_outcome(
        self, reply: Reply | Unknown, refund_id: str, *, declines: frozenset[str] = frozenset()
    ) -> RefundOutcome:
        if isinstance(reply, Unknown):
            return reply
        if reply.status != 200:
            error = self._error(reply, declines=declines)
            return Unknown(error.code) if isinstance(error, Closed) else error
        told = _decoded(reply, wire.RefundTold)
        if isinstance(told, Unknown):
            return told
        return _of_refund(told) if told.out_refund_no == number_of(refund_id) else Unknown("about something else")

    def _error(
        self, reply: Reply, *, declines: frozenset[str] = frozenset()
    ) -> Pending | Declined | Closed | Absent | Unknown:
        """Return what a refusal means; only a call that asks for something can be declined, and only with a code that says so."""
        told = _decoded(reply, wire.ErrorTold)
        if isinstance(told, Unknown):
            return told
        if told.code in declines:
            return Declined(told.code)
        if told.code in _ABSENT:
            return Absent()
        if told.code in _PENDING:
            return Pending()
        if told.code in ("ORDER_CLOSED", "ORDERCLOSED", "ORDERREVERSED"):
            return Closed("closed")
        if told.code not in _SEEN_LATE | _NO_BILL.keys():
            log.error("wechat_refuses", status=reply.status, why=told.code)
        return Unknown(told.code)

    async def _call(self, method: str, path: str, asked: Any, *, again: bool) -> Reply | Unknown:
        body = msgspec.json.encode(asked) if asked is not None else b""
        return await self._line.call(
            lambda: self._try(method, path, body), what=f"{method} {path.partition('?')[0]}", again=again
        )

    async def _try(self, method: str, path: str, body: bytes) -> Reply:
        reply = await self._line.send(method, path, body=body, headers=self._headers(method, path, body))
        try:
            if (
                reply.status < 400 or wire.SIGNATURE in reply.headers
            ):  # a refusal may come unsigned: it makes no money known
                wire.check_told(reply.headers, self._keys, at=self._clock(), body=reply.body)
        except Forged as forged:
            raise NoAnswer(f"http {reply.status}, reply {forged}") from forged
        if reply.status == 429:
            raise NotTaken("FREQUENCY_LIMITED")
        if reply.status >= 500:
            raise NoAnswer(f"http {reply.status}")
        return reply

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        signed = wire.authorization(
            self._keys, merchant=self._merchant, method=method, path=path, at=self._clock(), body=body
        )
        return {
            "authorization": signed,
            "accept": "application/json",
            "content-type": "application/json",
            "user-agent": "goodtaste",
            wire.SERIAL: self._keys.asks_for,
        }


def _decoded(reply: Reply, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except msgspec.MsgspecError as error:
        return Unknown(f"reply body: {error}")


def _of_payment(told: wire.Transaction) -> Outcome:
    """Return how a payment stands.  One that was refunded since was paid."""
    if told.trade_state in ("SUCCESS", "REFUND"):
        if told.amount is None or told.amount.currency != "CNY":
            return Unknown("paid in no fen")
        return Paid(told.transaction_id, told.amount.total)
    if told.trade_state in ("CLOSED", "REVOKED"):
        return Closed(told.trade_state.lower())
    if told.trade_state == "PAYERROR":
        return Declined(told.trade_state_desc or "PAYERROR")
    if told.trade_state in ("NOTPAY", "USERPAYING", "ACCEPT"):
        return Pending(told.transaction_id)
    return Unknown(told.trade_state)


def _of_refund(told: wire.RefundTold) -> RefundOutcome:
    status = told.status or told.refund_status
    if status == "SUCCESS" and told.amount is not None:
        return Refunded(told.refund_id, told.amount.refund)
    if status == "PROCESSING":
        return Pending(told.refund_id)
    return Declined(status) if status in ("CLOSED", "ABNORMAL") else Unknown(status)
