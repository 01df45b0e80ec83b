"""UnionPay QR: codes that a diner shows, and codes that a diner scans.

Our numbers there are ids without their dashes, together with the time they were first sent.  What an answer to a payment says is not yet
its fate: each is asked about.  UnionPay does not know a code that nobody has scanned, and ends it by itself at its time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import httpx
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
from goodtaste.payment.gateways import unionpay_bill
from goodtaste.payment.gateways import unionpay_wire as wire
from goodtaste.payment.gateways.genuine import BODY_MAX, Forged, Nonces, is_over
from goodtaste.payment.gateways.line import BILL_MAX, BILL_S, PAUSE_MS, Line, NoAnswer
from goodtaste.payment.gateways.numbers import id_of, number_of

METHOD = "unionpay"
REAL_URL, REAL_FILES = "https://gateway.95516.com", "https://filedownload.95516.com"
TERMINAL = "00000001"
CODES_MAX = 10_000  # codes to scan that are remembered, so that who asks again is told again

OK, ABSENT, TIMED_OUT, NO_FILE = "00", "34", "69", "98"
_PAID = (OK, "42")  # 42: taken, though after its time
_UNDER_WAY = frozenset({"03", "04", "05", "06", "12", "60"})
_DECLINED = frozenset({"01", "30", "33", "38", *map(str, range(61, 70)), "71", "73", *map(str, range(77, 82))})
_REFUND_DECLINED = frozenset(["01", "30", "33", "35", "36", "38"])

log = structlog.get_logger()


class UnionpayGateway:
    """Speaks to UnionPay at the base address of `client`, for one merchant; bills lie at `files`."""

    method, heard, knows_diners = METHOD, b"ok", False

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        merchant: str,
        keys: wire.Keys,
        files: str,
        notify_url: str,
        clock: Clock,
        total_s: float = TOTAL_S,
        pause_ms: int = PAUSE_MS,
    ) -> None:
        self._merchant, self._keys, self._files, self._clock = merchant, keys, files.rstrip("/"), clock
        self._notify_url = notify_url
        self._line = Line(client, name=METHOD, clock=clock, total_s=total_s, pause_ms=pause_ms)
        self._nonces = Nonces()
        self._codes: OrderedDict[str, str] = OrderedDict()

    async def charge(self, intent: Intent) -> Outcome:
        """Ask for money: with the code the diner shows, else have a code for the diner to scan."""
        if not intent.auth_code and intent.way != "qr":
            return Declined("only codes are paid with")
        if intent.payment_id in self._codes:
            return Pending(action={"code_url": self._codes[intent.payment_id]})
        code = {"txnSubType": "06", "qrNo": intent.auth_code, "termId": TERMINAL}
        told = await self._call(
            wire.TRADE,
            {
                **(code if intent.auth_code else {"txnSubType": "07", "payTimeout": wire.time_of(intent.close_at)}),
                "txnType": "01",
                "channelType": "08",
                "orderId": number_of(intent.payment_id),
                "txnTime": wire.time_of(intent.started_at),
                "txnAmt": str(intent.amount_fen),
                "currencyCode": "156",
                "backUrl": self._notify_url,
            },
            again=False,
        )
        if isinstance(told, Unknown):
            return told
        if told.get("respCode") in _DECLINED:
            return Declined(told["respCode"])
        if not intent.auth_code and told.get("respCode") == OK and told.get("qrCode"):
            while len(self._codes) >= CODES_MAX:
                self._codes.popitem(last=False)
            self._codes[intent.payment_id] = told["qrCode"]
            return Pending(action={"code_url": told["qrCode"]})
        stands = await self.query(intent.payment_id, started_at=intent.started_at)
        taken = told.get("respCode") in (OK, *_UNDER_WAY)
        return Pending() if isinstance(stands, Absent) and taken else stands

    async def query(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """Ask how a payment stands."""
        told = await self._ask(payment_id, started_at)
        if not isinstance(told, Mapping):
            return told
        code = told.get("origRespCode", "")
        if code in _PAID:
            return Paid(told.get("queryId", ""), int(told["txnAmt"])) if told.get("txnAmt", "").isdecimal() else _NO_FEN
        if code == TIMED_OUT:
            return Closed("closed")
        return Declined(code) if code in _DECLINED else Pending(told.get("queryId", ""))

    async def _ask(self, id_: str, started_at: datetime) -> Mapping[str, str] | Absent | Unknown:
        """Return what UnionPay says of a number, a payment's or a refund's."""
        number, sent = number_of(id_), wire.time_of(started_at)
        told = await self._call(
            wire.QUERY, {"txnType": "00", "txnSubType": "00", "orderId": number, "txnTime": sent}, again=True
        )
        if isinstance(told, Unknown):
            return told
        if told.get("respCode") == ABSENT:
            return Absent()
        if told.get("respCode") != OK:
            return self._unknown(told)
        return told if told.get("orderId") == number else Unknown("the reply is about something else")

    async def close(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """End a payment by reversing it, which gives back what was taken meanwhile; a code that nobody scanned ends by itself."""
        stands = await self.query(payment_id, started_at=started_at)
        if not isinstance(stands, Pending | Absent):
            return stands
        self._codes.pop(payment_id, None)
        told = await self._call(
            wire.TRADE,
            {
                "txnType": "99",
                "txnSubType": "01",
                "channelType": "08",
                "orderId": number_of(payment_id),
                "txnTime": wire.time_of(started_at),
            },
            again=True,
        )
        if isinstance(told, Unknown):
            return told
        if told.get("respCode") == OK:
            return Closed("reversed")
        return Absent() if told.get("respCode") == ABSENT else self._unknown(told)

    async def refund(self, intent: RefundIntent) -> RefundOutcome:
        """Give money back."""
        told = await self._call(
            wire.TRADE,
            {
                "txnType": "04",
                "txnSubType": "00",
                "channelType": "08",
                "orderId": number_of(intent.refund_id),
                "txnTime": wire.time_of(intent.started_at),
                "txnAmt": str(intent.amount_fen),
                "origQryId": intent.gateway_ref,
                "backUrl": self._notify_url,
            },
            again=False,
        )
        if isinstance(told, Unknown):
            return told
        if told.get("respCode") in _REFUND_DECLINED:
            return Declined(told["respCode"])
        stands = await self.query_refund(intent.refund_id, payment_id=intent.payment_id, started_at=intent.started_at)
        taken = told.get("respCode") in (OK, *_UNDER_WAY)
        return Pending() if isinstance(stands, Absent) and taken else stands

    async def query_refund(self, refund_id: str, *, payment_id: str, started_at: datetime) -> RefundOutcome:
        """Ask how a refund stands."""
        told = await self._ask(refund_id, started_at)
        if not isinstance(told, Mapping):
            return told
        code, amount = told.get("origRespCode", ""), told.get("txnAmt", "")
        if code == OK:
            return Refunded(told.get("queryId", ""), int(amount)) if amount.isdecimal() else _NO_FEN
        return Declined(code) if code in _REFUND_DECLINED else Pending(told.get("queryId", ""))

    async def bill(self, day: date) -> BillOutcome:
        """Return the bill of a settlement day, which ends at 23:00.  One that is late looks like an empty one: it is waited for a day."""
        at = self._clock()
        if not is_over(day, at=at):
            return NotYet()
        asked = {
            "txnType": "76",
            "txnSubType": "01",
            "channelType": "07",
            "settleDate": f"{day:%m%d}",
            "txnTime": wire.time_of(at),
            "fileType": "00",
        }
        told = await self._call(f"{self._files}{wire.FILE}", asked, again=True, most=BILL_MAX, total_s=BILL_S)
        if isinstance(told, Unknown):
            return told
        if told.get("respCode") == NO_FILE:
            return Bill((), b"") if is_over(day + timedelta(days=1), at=at) else NotYet()
        content = told.get("fileContent", "")
        if told.get("respCode") != OK or told.get("settleDate") != asked["settleDate"]:
            return self._unknown(told)
        try:
            return Bill(tuple(unionpay_bill.read(content, merchant=self._merchant, day=day)), content.encode())
        except ValueError as error:
            return Unknown(f"bill: {error}")

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | RefundNotice:
        """Return what a notice says, once it is known to be genuine.  It tells of successes only, and of a refund not which payment."""
        at = self._clock()
        try:
            told = wire.form(raw)
            wire.check(told, self._keys, at=at)
            wire.fresh(told, at=at)
            if not self._nonces.use(wire.digest(told), at=at):
                raise Forged("replay")
            if (told.get("merId"), told.get("currencyCode")) != (self._merchant, "156"):
                raise Forged("merchant")
            if told["respCode"] != OK or told["txnType"] not in ("01", "04"):
                raise Forged("kind")
            id_, amount_fen = id_of(told["orderId"]), int(told["txnAmt"])
            if told["txnType"] == "04":
                return RefundNotice(told["queryId"], id_, "", Refunded(told["queryId"], amount_fen))
            return PaymentNotice(told["queryId"], id_, Paid(told["queryId"], amount_fen))
        except Forged as forged:
            raise NoticeRefused(str(forged)) from forged
        except (ValueError, KeyError) as error:
            raise NoticeRefused("body") from error

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._line.aclose()

    def _unknown(self, told: Mapping[str, str]) -> Unknown:
        code = told.get("respCode", "")
        if code not in _UNDER_WAY:
            log.error("unionpay_refuses", code=code, why=told.get("respMsg", ""))
        return Unknown(code)

    async def _call(
        self,
        path: str,
        fields: Mapping[str, str],
        *,
        again: bool,
        most: int = BODY_MAX,
        total_s: float | None = None,
    ) -> dict[str, str] | Unknown:
        body = wire.request(self._keys, {"bizType": "000000", **fields}, merchant=self._merchant)
        what = f"{fields['txnType']}/{fields['txnSubType']}"
        return await self._line.call(lambda: self._try(path, body, most), what=what, again=again, total_s=total_s)

    async def _try(self, path: str, body: bytes, most: int) -> dict[str, str]:
        headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
        reply = await self._line.send("POST", path, body=body, headers=headers, most=most)
        if reply.status != 200:
            raise NoAnswer(f"http {reply.status}")
        try:
            told = wire.answer(reply.body)
            wire.check(told, self._keys, at=self._clock())
        except (Forged, ValueError) as error:
            raise NoAnswer(f"http {reply.status}, reply {error}") from error
        if told.get("merId") != self._merchant:
            raise NoAnswer("the reply is to another merchant")
        return told


_NO_FEN = Unknown("an amount that is none")
