"""Alipay: codes that a diner shows, codes that a diner scans, pages in a browser, and Alipay's own mini-program.

Our numbers there are ids without their dashes.  Alipay does not know a code that nobody has scanned, nor a page that nobody has opened:
such a number is absent there until its diner acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.money import parse_fen, yuan
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
from goodtaste.payment.gateways import alipay_bill
from goodtaste.payment.gateways import alipay_wire as wire
from goodtaste.payment.gateways.genuine import Forged, Nonces, is_over
from goodtaste.payment.gateways.line import BILL_MAX, BILL_S, PAUSE_MS, Line, NoAnswer, Reply
from goodtaste.payment.gateways.numbers import id_of, number_of

METHOD = "alipay"
REAL_URL = "https://openapi.alipay.com"
BILL_HOST = ".alipay.com"  # where bills lie, by whatever name in front
SUBJECT_MAX = 256
REASON_MAX = 256

_ABSENT = frozenset({"ACQ.TRADE_NOT_EXIST"})
_CLOSED = frozenset({"ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_HAS_CLOSED"})
_DECLINED = frozenset(
    f"ACQ.{code}"
    for code in (
        "PAYMENT_AUTH_CODE_INVALID",
        "SOUNDWAVE_PARSER_FAIL",
        "BUYER_BALANCE_NOT_ENOUGH",
        "BUYER_BANKCARD_BALANCE_NOT_ENOUGH",
        "ERROR_BALANCE_PAYMENT_DISABLE",
        "PAYMENT_FAIL",
        "PAYMENT_REQUEST_HAS_RISK",
        "BUYER_SELLER_EQUAL",
        "BUYER_ENABLE_STATUS_FORBID",
        "BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",
        "BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
        "TOTAL_FEE_EXCEED",
        "USER_FACE_PAYMENT_SWITCH_OFF",
        "NO_PAYMENT_INSTRUMENTS_AVAILABLE",
        "INVALID_PARAMETER",
    )
)
_REFUND_DECLINED = frozenset(
    f"ACQ.{code}"
    for code in (
        "SELLER_BALANCE_NOT_ENOUGH",
        "REFUND_AMT_NOT_EQUAL_TOTAL",
        "REASON_TRADE_REFUND_FEE_ERR",
        "REASON_TRADE_STATUS_INVALID",
        "TRADE_NOT_ALLOW_REFUND",
        "TRADE_HAS_FINISHED",
        "TRADE_STATUS_ERROR",
        "INVALID_PARAMETER",
        "CUSTOMER_VALIDATE_ERROR",
    )
)

log = structlog.get_logger()


class AlipayGateway:
    """Speaks to Alipay at the base address of `client`, for one app and the seller it belongs to."""

    method, heard, knows_diners = METHOD, b"success", True

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        app_id: str,
        seller: str,
        keys: wire.Keys,
        notify_url: str,
        clock: Clock,
        total_s: float = TOTAL_S,
        pause_ms: int = PAUSE_MS,
    ) -> None:
        self._app_id, self._seller, self._keys, self._clock = app_id, seller, keys, clock
        self._notify_url, self._address = notify_url, client.base_url
        self._line = Line(client, name=METHOD, clock=clock, total_s=total_s, pause_ms=pause_ms)
        self._nonces = Nonces()

    async def charge(self, intent: Intent) -> Outcome:
        """Ask for money: at once with the code the diner shows, else by the way the diner goes."""
        asked = self._order(intent)
        if intent.auth_code:
            return await self._scan(asked, intent)
        if intent.way == "h5":
            return Pending(action={"pay_url": self._page(asked)})
        if intent.way == "mini_program":
            return await self._create(asked, intent)
        code = {"qr_code_timeout_express": asked["timeout_express"]}
        told = await self._call("alipay.trade.precreate", asked | code, again=True)
        created = self._outcome(told, intent.payment_id, declines=_DECLINED)
        if isinstance(told, wire.Told) and told.code == wire.OK and isinstance(created, Pending):
            return Pending(action={"code_url": told.qr_code})
        return created

    async def _scan(self, asked: dict[str, Any], intent: Intent) -> Outcome:
        code = {"scene": "bar_code", "auth_code": intent.auth_code, "store_id": number_of(intent.store_id)}
        told = await self._call("alipay.trade.pay", asked | code, again=False)
        if isinstance(told, wire.Told) and told.code == wire.OK:
            if told.out_trade_no != number_of(intent.payment_id):
                return Unknown("the reply is about something else")
            return _paid(told.trade_no, told.total_amount)
        return self._outcome(told, intent.payment_id, declines=_DECLINED)

    async def _create(self, asked: dict[str, Any], intent: Intent) -> Outcome:
        grant = {"grant_type": "authorization_code", "code": intent.payer}
        diner = await self._call("alipay.system.oauth.token", None, again=False, more=grant)
        if isinstance(diner, Unknown):
            return diner
        who = {"buyer_id": diner.user_id} if diner.user_id else {"buyer_open_id": diner.open_id}
        if not any(who.values()):
            return Declined(diner.sub_code or "the code of the app is not good")
        told = await self._call("alipay.trade.create", asked | who, again=True)
        created = self._outcome(told, intent.payment_id, declines=_DECLINED)
        if isinstance(told, wire.Told) and told.code == wire.OK and isinstance(created, Pending):
            return Pending(told.trade_no, {"trade_no": told.trade_no})
        return created

    def _order(self, intent: Intent) -> dict[str, Any]:
        minutes = max(1, -(-int((intent.close_at - self._clock()).total_seconds()) // 60))
        return {
            "out_trade_no": number_of(intent.payment_id),
            "total_amount": yuan(intent.amount_fen),
            "subject": intent.description[:SUBJECT_MAX],
            "timeout_express": f"{minutes}m",
        }

    def _page(self, asked: dict[str, Any]) -> str:
        """Return the address of Alipay's page for a browser: the request itself, signed; nothing is sent by us."""
        signed = self._signed("alipay.trade.wap.pay", asked | {"product_code": "QUICK_WAP_WAY"}, {})
        return f"{str(self._address).rstrip('/')}/gateway.do?{signed.decode()}"

    async def query(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """Ask how a payment stands."""
        asked = {"out_trade_no": number_of(payment_id)}
        return self._outcome(await self._call("alipay.trade.query", asked, again=True), payment_id)

    async def close(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """End a payment: one that waits is closed; what Alipay does not know is cancelled, so that it cannot come any more."""
        stands = await self.query(payment_id, started_at=started_at)
        if not isinstance(stands, Pending | Absent):
            return stands
        asked = {"out_trade_no": number_of(payment_id)}
        waits = isinstance(stands, Pending)
        told = await self._call("alipay.trade.close" if waits else "alipay.trade.cancel", asked, again=True)
        if isinstance(told, Unknown):
            return told
        if told.code != wire.OK:
            why = self._error(told)
            return await self.query(payment_id, started_at=started_at) if isinstance(why, Unknown) else why
        if told.retry_flag == "Y":
            return Unknown("cancelling is to be asked for again")
        return Closed("closed") if waits or told.action else Absent()

    async def refund(self, intent: RefundIntent) -> RefundOutcome:
        """Give money back.  Alipay's answer names the sum of all refunds, so that this one is asked about."""
        asked = {
            "out_trade_no": number_of(intent.payment_id),
            "out_request_no": number_of(intent.refund_id),
            "refund_amount": yuan(intent.amount_fen),
            "refund_reason": intent.reason[:REASON_MAX] or "refund",
        }
        told = await self._call("alipay.trade.refund", asked, again=True)
        if isinstance(told, Unknown):
            return told
        if told.code != wire.OK:
            why = self._error(told, declines=_REFUND_DECLINED)
            return Unknown(why.code) if isinstance(why, Closed) else why
        found = await self.query_refund(intent.refund_id, payment_id=intent.payment_id, started_at=intent.started_at)
        return Pending(told.trade_no) if isinstance(found, Absent) else found

    async def query_refund(self, refund_id: str, *, payment_id: str, started_at: datetime) -> RefundOutcome:
        """Ask how a refund stands."""
        number = number_of(refund_id)
        asked = {"out_trade_no": number_of(payment_id), "out_request_no": number}
        told = await self._call("alipay.trade.fastpay.refund.query", asked, again=True)
        if isinstance(told, Unknown):
            return told
        if told.code != wire.OK:
            why = self._error(told)
            return Unknown(why.code) if isinstance(why, Closed) else why
        if not told.refund_status and not told.refund_amount:
            return Absent()
        if (told.out_request_no, told.out_trade_no) != (number, number_of(payment_id)):
            return Unknown("the reply is about something else")
        return _of_refund(told)

    async def bill(self, day: date) -> BillOutcome:
        """Return the bill of trades of a day.  Alipay says of one that is late what it says of an empty one: it is waited for a day."""
        at = self._clock()
        if not is_over(day, at=at):
            return NotYet()
        asked = {"bill_type": "trade", "bill_date": day.isoformat()}
        told = await self._call("alipay.data.dataservice.bill.downloadurl.query", asked, again=True)
        if isinstance(told, Unknown):
            return told
        if told.sub_code.lower().endswith("bill_not_exist"):
            return Bill((), b"") if is_over(day + timedelta(days=1), at=at) else NotYet()
        url, here = urlsplit(told.bill_download_url), self._address.host
        if told.code != wire.OK or not (url.hostname == here or (url.hostname or "").endswith(BILL_HOST)):
            return Unknown(told.sub_code or "the bill lies elsewhere")
        at_place = url.geturl() if url.hostname == here else url._replace(scheme="https").geturl()
        file = await self._line.call(lambda: self._fetch(at_place), what="GET bill", again=True, total_s=BILL_S)
        if isinstance(file, Unknown):
            return file
        try:
            return Bill(tuple(alipay_bill.read(file.body, seller=self._seller)), file.body)
        except ValueError as error:
            return Unknown(f"bill: {error}")

    async def _fetch(self, url: str) -> Reply:
        reply = await self._line.send("GET", url, body=b"", headers={}, most=BILL_MAX)
        if reply.status != 200:
            raise NoAnswer(f"http {reply.status}")
        return reply

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | RefundNotice:
        """Return what a notice says, once it is known to be genuine."""
        at = self._clock()
        try:
            told = wire.form(raw)
            if not self._nonces.use(wire.check_notice(told, self._keys, at=at), at=at):
                raise Forged("replay")
            if (told.get("app_id"), told.get("seller_id")) != (self._app_id, self._seller):
                raise Forged("merchant")
            return _notice(told)
        except Forged as forged:
            raise NoticeRefused(str(forged)) from forged
        except (ValueError, KeyError) as error:
            raise NoticeRefused("body") from error

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._line.aclose()

    def _outcome(
        self, told: wire.Told | Unknown, payment_id: str, *, declines: frozenset[str] = frozenset()
    ) -> Outcome:
        if isinstance(told, Unknown):
            return told
        if told.code not in (wire.OK, wire.WAITING):
            return self._error(told, declines=declines)
        if told.out_trade_no != number_of(payment_id):
            return Unknown("the reply is about something else")
        return _of_trade(told)

    def _error(
        self, told: wire.Told, *, declines: frozenset[str] = frozenset()
    ) -> Pending | Declined | Closed | Absent | Unknown:
        """Return what a refusal means; only a call that asks for something can be declined, and only with a code that says so."""
        code = told.sub_code or told.code
        if told.code == wire.FAILED and code in declines:
            return Declined(code)
        if code in _ABSENT:
            return Absent()
        if code in _CLOSED:
            return Closed("closed")
        if told.code not in (wire.UNSURE, wire.FAILED):
            log.error("alipay_refuses", code=told.code, why=code)
        return Unknown(code)

    async def _call(
        self, method: str, content: Mapping[str, Any] | None, *, again: bool, more: Mapping[str, str] | None = None
    ) -> wire.Told | Unknown:
        body = self._signed(method, content, more)
        return await self._line.call(lambda: self._try(method, body), what=method, again=again)

    def _signed(self, method: str, content: Mapping[str, Any] | None, more: Mapping[str, str] | None) -> bytes:
        notify_url = self._notify_url if content is not None and "total_amount" in content else ""
        return wire.request(
            self._keys, method, content, app_id=self._app_id, at=self._clock(), notify_url=notify_url, more=more
        )

    async def _try(self, method: str, body: bytes) -> wire.Told:
        headers = {"content-type": "application/x-www-form-urlencoded;charset=utf-8", "accept": "application/json"}
        reply = await self._line.send("POST", wire.PATH, body=body, headers=headers)
        if reply.status != 200:
            raise NoAnswer(f"http {reply.status}")
        try:
            return wire.heard(reply.body, self._keys, method=method)
        except Forged as forged:
            raise NoAnswer(f"http {reply.status}, reply {forged}") from forged


def _paid(trade_no: str, amount: str) -> Paid | Unknown:
    try:
        return Paid(trade_no, parse_fen(amount))
    except ValueError as error:
        return Unknown(str(error))


def _of_trade(told: wire.Told) -> Outcome:
    """Return how a trade stands.  One that is closed holds no money of the diner, whether it was never paid or given back."""
    if told.code == wire.WAITING or told.trade_status in ("", "WAIT_BUYER_PAY"):
        return Pending(told.trade_no)
    if told.trade_status in ("TRADE_SUCCESS", "TRADE_FINISHED"):
        return _paid(told.trade_no, told.total_amount)
    return Closed("closed") if told.trade_status == "TRADE_CLOSED" else Unknown(told.trade_status)


def _of_refund(told: wire.Told) -> RefundOutcome:
    if told.refund_status == "REFUND_SUCCESS":
        try:
            return Refunded(told.trade_no, parse_fen(told.refund_amount))
        except ValueError as error:
            return Unknown(str(error))
    if told.refund_status == "REFUND_FAIL":
        return Declined(told.refund_status)
    return Pending(told.trade_no) if told.refund_status == "REFUND_PROCESSING" else Absent()


def _notice(told: Mapping[str, str]) -> PaymentNotice | RefundNotice:
    """Return what a genuine notice says.  Of a refund it names the sum of all, so that it only says that something moved."""
    payment_id = id_of(told["out_trade_no"])
    if told.get("refund_fee") or told.get("gmt_refund"):
        return RefundNotice(told["notify_id"], id_of(told["out_biz_no"]), payment_id, Pending(told["trade_no"]))
    fields = {name: told.get(name, "") for name in ("trade_no", "trade_status", "total_amount")}
    return PaymentNotice(told["notify_id"], payment_id, _of_trade(wire.Told(**fields)))
