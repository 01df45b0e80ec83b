"""What the sandbox of agreements holds, and the payers who sign there: two digits say what happens to what is deducted from them.

Nothing here waits: whatever takes time is written down with its time, and happens when somebody looks or the sandbox turns.
"""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

import msgspec

from goodtaste.kernel.ids import new_id
from goodtaste.payment.gateways import autopay_wire as said
from goodtaste.payment.gateways.genuine import BEIJING
from goodtaste.payment.gateways.shelf import Kept, Shelf
from goodtaste.payment.gateways.wallet_books import AGAIN_AFTER_S, Refused
from goodtaste.payment.gateways.wallet_wire import AskRefund, WalletRefund

DAY_HOURS = range(6, 22)  # in Beijing: when payers are told of deductions to come
AHEAD = timedelta(hours=24)
FRESH = timedelta(hours=12)  # after the signature, when a deduction needs no announcement
SLOW_S = 60
HELD_MAX = 200_000


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """One who signed, and what becomes of deductions."""

    name: str
    name_en: str
    refuses: str = ""
    takes_s: int = 0
    loses_reply: bool = False
    loses_request: bool = False
    tells_first: bool = False
    refuses_refunds: bool = False


PAYERS = {
    "00": Payer(name="扣款成功", name_en="pays"),
    "01": Payer(name="余额不足", name_en="has too little money", refuses="NOT_ENOUGH"),
    "02": Payer(name="扣了款，回执丢了", name_en="pays, and the reply is lost", loses_reply=True),
    "03": Payer(name="受理后一分钟才扣", name_en="pays a minute after it was accepted", takes_s=SLOW_S),
    "04": Payer(name="通知抢在回执之前", name_en="is told of before the reply, and once more", tells_first=True),
    "05": Payer(name="请求半路丢了", name_en="the first request never arrives", loses_request=True),
    "06": Payer(name="退款被拒", name_en="is refused refunds", refuses_refunds=True),
}


class Signed(msgspec.Struct):
    """An agreement in the books."""

    number: str
    title: str
    limit_fen: int
    notify_url: str
    state: said.AgreementState = "ASKED"
    payer: str = "00"
    signed_at: datetime | None = None
    announced: dict[str, tuple[int, datetime]] = {}


class Deduction(msgspec.Struct):
    """A deduction in the books."""

    number: str
    agreement: str
    amount_fen: int
    notify_url: str
    state: said.DeductionState = "ACCEPTED"
    transaction_id: str = ""
    code: str = ""
    refunded_fen: int = 0
    due_at: datetime | None = None


class Letter(msgspec.Struct):
    """A notice on its way."""

    url: str
    body: bytes
    tries: int = 0


class AutopayBooks(Kept):
    """The books of one merchant, kept on a shelf where there is one."""

    def __init__(self, merchant: str, *, page: str, shelf: Shelf | None = None) -> None:
        super().__init__(shelf, "autopay")
        self.merchant, self._page = merchant, page
        self.agreements: dict[str, Signed] = {}
        self.deductions: dict[str, Deduction] = {}
        self.refunds: dict[str, WalletRefund] = {}
        self.lost: set[str] = set()
        self.paid_fen = self.refunded_fen = 0
        self._events: list[tuple[datetime, int, str]] = []
        self._letters: list[tuple[datetime, int, Letter]] = []
        self._turn = count()
        self._open()

    def _open(self) -> None:
        """Go on with what is on the shelf."""
        self.agreements.update(self._read("agreement", Signed))
        self.deductions.update(self._read("deduction", Deduction))
        self.refunds.update(self._read("refund", WalletRefund))
        for held in self.deductions.values():
            if held.state == "ACCEPTED" and held.due_at is not None:
                heapq.heappush(self._events, (held.due_at, next(self._turn), held.number))
        self.paid_fen = sum(each.amount_fen for each in self.deductions.values() if each.state == "SUCCESS")
        self.refunded_fen = sum(each.amount_fen for each in self.refunds.values())

    def _held_as(self, kind: str, key: str) -> Signed | Deduction | WalletRefund | None:
        held: dict[str, dict[str, Any]] = {"agreement": self.agreements, "deduction": self.deductions}
        found: Signed | Deduction | WalletRefund | None = held.get(kind, self.refunds).get(key)
        return found

    # Agreements

    def invite(self, asked: said.AskAgreement) -> Signed:
        """Lay an agreement before a person; the same number with the same content is the same agreement."""
        held = self.agreements.get(asked.number)
        if held is None:
            if len(self.agreements) >= HELD_MAX:
                raise Refused(500, "SYSTEM_ERROR")
            held = Signed(asked.number, asked.title, asked.limit_fen, asked.notify_url)
            self.agreements[asked.number] = held
            self._touch("agreement", asked.number)
        elif (held.title, held.limit_fen) != (asked.title, asked.limit_fen):
            raise Refused(400, "NUMBER_USED")
        return held

    def agreement(self, number: str) -> Signed:
        """Return an agreement."""
        held = self.agreements.get(number)
        if held is None:
            raise Refused(404, "AGREEMENT_NOT_EXIST")
        return held

    def sign(self, number: str, payer: str, *, at: datetime) -> Signed:
        """Let a person sign, as a payer of `PAYERS`."""
        held = self.agreement(number)
        if held.state != "ASKED" or payer not in PAYERS:
            raise Refused(400, "AGREEMENT_ENDED" if held.state == "ENDED" else "PARAM_ERROR")
        held.state, held.payer, held.signed_at = "SIGNED", payer, at
        self._touch("agreement", number)
        self._tell(held.notify_url, "AGREEMENT", self.told(held), at=at)
        return held

    def end(self, number: str, *, at: datetime, by_payer: bool = False) -> Signed:
        """End an agreement."""
        held = self.agreement(number)
        if held.state != "ENDED":
            held.state = "ENDED"
            self._touch("agreement", number)
            if by_payer:
                self._tell(held.notify_url, "AGREEMENT", self.told(held), at=at)
        return held

    def announce(self, asked: said.Announce, *, at: datetime) -> said.ToldAnnouncement:
        """Tell the payer of a deduction to come, by day."""
        held = self.agreement(asked.agreement)
        if held.state != "SIGNED":
            raise Refused(400, f"AGREEMENT_{'ENDED' if held.state == 'ENDED' else 'NOT_SIGNED'}")
        if at.astimezone(BEIJING).hour not in DAY_HOURS:
            raise Refused(400, "NOT_BY_NIGHT")
        held.announced = {**held.announced, asked.number: held.announced.get(asked.number, (asked.amount_fen, at))}
        self._touch("agreement", asked.agreement)
        return said.ToldAnnouncement(self.merchant, asked.number)

    # Deductions

    def deduct(self, asked: said.Deduct, *, at: datetime) -> Deduction:
        """Take a deduction on; the same number with the same content is the same deduction."""
        self.pass_to(at)
        known = self.deductions.get(asked.number)
        if known is not None:
            if (known.agreement, known.amount_fen) != (asked.agreement, asked.amount_fen):
                raise Refused(400, "NUMBER_USED")
            return known
        signed = self.agreement(asked.agreement)
        self._may(signed, asked, at)
        payer = PAYERS[signed.payer]
        if len(self.deductions) >= HELD_MAX:
            raise Refused(500, "SYSTEM_ERROR")
        held = Deduction(asked.number, asked.agreement, asked.amount_fen, asked.notify_url)
        held.due_at = at + timedelta(seconds=payer.takes_s)
        self.deductions[asked.number] = held
        self._touch("deduction", asked.number)
        heapq.heappush(self._events, (held.due_at, next(self._turn), asked.number))
        self.pass_to(at)
        return held

    def _may(self, signed: Signed, asked: said.Deduct, at: datetime) -> None:
        if signed.state != "SIGNED" or signed.signed_at is None:
            raise Refused(400, f"AGREEMENT_{'ENDED' if signed.state == 'ENDED' else 'NOT_SIGNED'}")
        if asked.currency != "CNY" or asked.amount_fen <= 0:
            raise Refused(400, "PARAM_ERROR")
        if asked.amount_fen > signed.limit_fen:
            raise Refused(400, "OVER_LIMIT")
        told = any(fen >= asked.amount_fen and at - when >= AHEAD for fen, when in signed.announced.values())
        fresh = asked.occasion == "signed" and at - signed.signed_at <= FRESH
        if not (told or fresh or asked.occasion == "asked"):
            raise Refused(400, "NOT_ANNOUNCED")

    def query(self, number: str, *, at: datetime) -> Deduction:
        """Return how a deduction stands."""
        self.pass_to(at)
        held = self.deductions.get(number)
        if held is None:
            raise Refused(404, "DEDUCTION_NOT_EXIST")
        return held

    def refund(self, asked: AskRefund, *, at: datetime) -> WalletRefund:
        """Give money back; the same number with the same content is the same refund."""
        known = self.refunds.get(asked.number)
        if known is not None:
            if (known.payment, known.amount_fen) != (asked.payment, asked.amount_fen):
                raise Refused(400, "NUMBER_USED")
            return known
        held = self.query(asked.payment, at=at)
        if held.state != "SUCCESS" or asked.amount_fen <= 0:
            raise Refused(400, "PARAM_ERROR")
        if PAYERS[self.agreement(held.agreement).payer].refuses_refunds:
            raise Refused(400, "REFUND_REFUSED")
        if held.refunded_fen + asked.amount_fen > held.amount_fen:
            raise Refused(400, "REFUND_TOO_MUCH")
        held.refunded_fen += asked.amount_fen
        self.refunded_fen += asked.amount_fen
        made = WalletRefund(self.merchant, asked.number, asked.payment, "SUCCESS", asked.amount_fen, new_id())
        self.refunds[asked.number] = made
        self._touch("refund", asked.number)
        self._touch("deduction", held.number)
        return made

    def query_refund(self, number: str) -> WalletRefund:
        """Return how a refund stands."""
        known = self.refunds.get(number)
        if known is None:
            raise Refused(404, "REFUND_NOT_EXIST")
        return known

    # What happens with time

    def pass_to(self, at: datetime) -> None:
        """Let happen what was to happen by now."""
        while self._events and self._events[0][0] <= at:
            when, _, number = heapq.heappop(self._events)
            held = self.deductions[number]
            self._touch("deduction", number)
            payer = PAYERS[self.agreement(held.agreement).payer]
            if payer.refuses:
                held.state, held.code = "PAY_FAIL", payer.refuses
            else:
                held.state, held.transaction_id = "SUCCESS", new_id()
                self.paid_fen += held.amount_fen
            self._tell(held.notify_url, "DEDUCTION", self.deduction_told(held), at=when)

    def _tell(self, url: str, kind: Literal["AGREEMENT", "DEDUCTION"], what: Any, *, at: datetime) -> None:
        notice = said.AutopayNotice(new_id(), kind, msgspec.Raw(msgspec.json.encode(what)))
        self._send(Letter(url, msgspec.json.encode(notice)), at=at)

    def _send(self, letter: Letter, *, at: datetime) -> None:
        heapq.heappush(self._letters, (at, next(self._turn), letter))

    def letters(self, *, at: datetime) -> list[Letter]:
        """Take the notices that are to be sent by now."""
        self.pass_to(at)
        found = []
        while self._letters and self._letters[0][0] <= at:
            found.append(heapq.heappop(self._letters)[2])
        return found

    def not_taken(self, letter: Letter, *, at: datetime) -> None:
        """Send a notice again later, a bounded number of times."""
        if letter.tries < len(AGAIN_AFTER_S):
            pause = timedelta(seconds=AGAIN_AFTER_S[letter.tries])
            self._send(msgspec.structs.replace(letter, tries=letter.tries + 1), at=at + pause)

    # What it tells

    def told(self, held: Signed) -> said.ToldAgreement:
        """Return an agreement as the provider tells of it."""
        return said.ToldAgreement(
            self.merchant, held.number, held.state, f"{self._page}{held.number}" if held.state == "ASKED" else ""
        )

    def deduction_told(self, held: Deduction) -> said.ToldDeduction:
        """Return a deduction as the provider tells of it."""
        return said.ToldDeduction(
            merchant=self.merchant,
            number=held.number,
            state=held.state,
            amount_fen=held.amount_fen,
            transaction_id=held.transaction_id,
            code=held.code,
        )
