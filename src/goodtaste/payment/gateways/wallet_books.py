"""What the sandbox wallet holds of one merchant: payments, refunds, and the notices it still has to send.

Nothing here waits: whatever takes time is written down with its time, and happens when somebody looks or the wallet turns.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from datetime import date, datetime, timedelta
from itertools import count
from typing import Literal

import msgspec

from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.kernel.money import part_of
from goodtaste.payment.gateways.genuine import BEIJING
from goodtaste.payment.gateways.shelf import Kept, Shelf
from goodtaste.payment.gateways.wallet_diners import DINERS, Diner, Forgery, diner_of
from goodtaste.payment.gateways.wallet_wire import (
    AskRefund,
    Charge,
    PayState,
    WalletBillLine,
    WalletError,
    WalletNotice,
    WalletPayment,
    WalletRefund,
)

HELD_MAX = 100_000  # payments; the oldest go first, their money stays in the totals
LETTERS_MAX = 100_000
LATE_S = 5  # after it was closed
FORGED_AT_S = 1
SLOW_REFUND_S = 90
FEE_BP = 60  # what is kept of a payment
AGAIN_AFTER_S = (15, 15, 30, 180, 600, 1_200, 1_800)  # a notice that was not taken


class Held(msgspec.Struct):
    """A payment in the books.  `way` and `sent` are how and when it was asked for, where the provider's words depend on it."""

    number: str
    amount_fen: int
    auth_code: str
    notify_url: str
    state: PayState
    diner: Diner | None = None
    transaction_id: str = ""
    code: str = ""
    pays_at: datetime | None = None
    paid_at: datetime | None = None
    refunded_fen: int = 0
    asked: int = 0
    way: str = ""
    sent: str = ""


class HeldRefund(msgspec.Struct):
    """A refund in the books."""

    number: str
    payment: str
    amount_fen: int
    notify_url: str
    state: Literal["PROCESSING", "SUCCESS"]
    refund_id: str
    fee_fen: int = 0
    done_at: datetime | None = None
    back_at: datetime | None = None


class Letter(msgspec.Struct):
    """A notice on its way."""

    id: str
    url: str
    body: bytes
    forged: Forgery | None = None
    tries: int = 0


class Totals(msgspec.Struct):
    """Money that went through the wallet, since it was opened."""

    paid_fen: int = 0
    refunded_fen: int = 0


class Refused(Exception):
    """The wallet says no, with an HTTP status."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.error = status, WalletError(code, code.replace("_", " ").lower())


class Books(Kept):
    """The books of one merchant, kept on a shelf under the name `book` where there is one."""

    def __init__(self, merchant: str, *, pay_page: str, shelf: Shelf | None = None, book: str = "") -> None:
        super().__init__(shelf, book)
        self.merchant, self.totals = merchant, Totals()
        self._pay_page = pay_page
        self.payments: OrderedDict[str, Held] = OrderedDict()
        self.refunds: OrderedDict[str, HeldRefund] = OrderedDict()
        self._events: list[tuple[datetime, int, str]] = []
        self._letters: list[tuple[datetime, int, Letter]] = []
        self._mail: dict[str, tuple[datetime, Letter]] = {}
        self._turn = count()
        self._open()

    def _open(self) -> None:
        """Go on with what is on the shelf."""
        for _, totals in self._read("totals", Totals):
            self.totals = totals
        for number, held in self._read("payment", Held):
            self.payments[number] = held
            if held.pays_at is not None:
                self._later(number, held.pays_at)
        for number, made in self._read("refund", HeldRefund):
            self.refunds[number] = made
            if made.done_at is not None:
                self._later(number, made.done_at)
        waiting = list(self._read("letter", tuple[datetime, Letter]))
        self._turn = count(max((int(turn) for turn, _ in waiting), default=0) + len(self.payments) + 1)
        for turn, (at, letter) in waiting:
            heapq.heappush(self._letters, (at, int(turn), letter))
            self._mail[turn] = at, letter

    def _held_as(self, kind: str, key: str) -> Held | HeldRefund | Totals | tuple[datetime, Letter] | None:
        if kind == "payment":
            return self.payments.get(key)
        if kind == "refund":
            return self.refunds.get(key)
        return self.totals if kind == "totals" else self._mail.get(key)

    # Payments

    def charge(self, asked: Charge, *, at: datetime) -> Held:
        """Take a payment on; the same number with the same content is the same payment."""
        self.pass_to(at)
        held = self.payments.get(asked.number)
        if held is not None:
            if held.state == "CLOSED":
                raise Refused(400, "ORDER_CLOSED")
            if (held.amount_fen, held.auth_code) != (asked.amount_fen, asked.auth_code):
                raise Refused(400, "NUMBER_USED")
            return held
        if asked.merchant != self.merchant or asked.currency != "CNY" or asked.amount_fen <= 0:
            raise Refused(400, "PARAM_ERROR")
        diner = diner_of(asked.auth_code)
        if asked.auth_code and diner is None:
            raise Refused(400, "AUTH_CODE_INVALID")
        held = self._keep(Held(asked.number, asked.amount_fen, asked.auth_code, asked.notify_url, "NOTPAY"))
        if diner is not None:
            self._begin(held, diner, at)
        return held

    def pay(self, number: str, key: str, *, at: datetime) -> Held:
        """Let a diner pay on the wallet's own page."""
        self.pass_to(at)
        held, diner = self.payments.get(number), DINERS.get(key)
        if held is None or diner is None:
            raise Refused(404, "ORDER_NOT_EXIST")
        if held.state != "NOTPAY":
            raise Refused(400, "ORDER_CLOSED" if held.state == "CLOSED" else "ORDER_PAID")
        self._begin(held, diner, at)
        return held

    def _begin(self, held: Held, diner: Diner, at: datetime) -> None:
        held.diner = diner
        self._touch("payment", held.number)
        if diner.refuses and diner.pays_after_s == 0:
            held.state, held.code = "PAYERROR", diner.refuses
            return
        held.state = "USERPAYING"
        if diner.pays_after_s is not None:
            held.pays_at = self._later(held.number, at + timedelta(seconds=diner.pays_after_s))
        if diner.forged:
            lie = msgspec.structs.replace(self.told(held), state="SUCCESS", transaction_id=new_id())
            self._post(held.notify_url, "PAYMENT", lie, at=at + timedelta(seconds=FORGED_AT_S), forged=diner.forged)
        self.pass_to(at)

    def query(self, number: str, *, at: datetime) -> Held:
        """Return how a payment stands."""
        self.pass_to(at)
        held = self.payments.get(number)
        if held is None:
            raise Refused(404, "ORDER_NOT_EXIST")
        return held

    def close(self, number: str, *, at: datetime) -> Held:
        """End a payment; a number that was never seen is kept as closed, so that what is on its way finds it so."""
        self.pass_to(at)
        held = self.payments.get(number) or self._keep(Held(number, 0, "", "", "CLOSED"))
        if held.state in ("NOTPAY", "USERPAYING"):
            held.state, held.pays_at = "CLOSED", None
            self._touch("payment", number)
            if held.diner and held.diner.late:
                held.pays_at = self._later(number, at + timedelta(seconds=LATE_S))
        return held

    def _keep(self, held: Held) -> Held:
        while len(self.payments) >= HELD_MAX:
            self._touch("payment", self.payments.popitem(last=False)[0])
        self.payments[held.number] = held
        self._touch("payment", held.number)
        return held

    # Refunds

    def refund(self, asked: AskRefund, *, at: datetime) -> HeldRefund:
        """Give money back; the same number with the same content is the same refund."""
        self.pass_to(at)
        known = self.refunds.get(asked.number)
        if known is not None:
            if (known.payment, known.amount_fen) != (asked.payment, asked.amount_fen):
                raise Refused(400, "NUMBER_USED")
            return known
        held = self.payments.get(asked.payment)
        if held is None or held.diner is None:
            raise Refused(404, "PAYMENT_NOT_EXIST")
        if held.state != "SUCCESS" or asked.merchant != self.merchant or asked.amount_fen <= 0:
            raise Refused(400, "PARAM_ERROR")
        if held.diner.refunds == "refuses":
            raise Refused(400, "REFUND_REFUSED")
        if held.refunded_fen + asked.amount_fen > held.amount_fen:
            raise Refused(400, "REFUND_TOO_MUCH")
        fee_fen = part_of(_fee(held), done=held.refunded_fen, more=asked.amount_fen, of=held.amount_fen)
        held.refunded_fen += asked.amount_fen
        wait_s = SLOW_REFUND_S if held.diner.refunds == "slowly" else 0
        made = HeldRefund(
            asked.number, asked.payment, asked.amount_fen, asked.notify_url, "PROCESSING", new_id(), fee_fen
        )
        made.done_at = self._later(made.number, at + timedelta(seconds=wait_s))
        while len(self.refunds) >= HELD_MAX:
            self._touch("refund", self.refunds.popitem(last=False)[0])
        self.refunds[asked.number] = made
        self._touch("refund", made.number)
        self._touch("payment", held.number)
        self.pass_to(at)
        return made

    def query_refund(self, number: str, *, at: datetime) -> HeldRefund:
        """Return how a refund stands."""
        self.pass_to(at)
        known = self.refunds.get(number)
        if known is None:
            raise Refused(404, "REFUND_NOT_EXIST")
        return known

    # What happens with time

    def pass_to(self, at: datetime) -> None:
        """Let happen what was to happen by now."""
        while self._events and self._events[0][0] <= at:
            when, _, number = heapq.heappop(self._events)
            held, made = self.payments.get(number), self.refunds.get(number)
            if held is not None and held.pays_at == when:
                self._decide(held, when)
            if made is not None and made.done_at == when:
                made.done_at, made.back_at, made.state = None, when, "SUCCESS"
                self.totals.refunded_fen += made.amount_fen
                self._touch("refund", number)
                self._touch("totals")
                self._post(made.notify_url, "REFUND", self.refund_told(made), at=when + timedelta(seconds=1))

    def _later(self, number: str, at: datetime) -> datetime:
        heapq.heappush(self._events, (at, next(self._turn), number))
        return at

    def _decide(self, held: Held, at: datetime) -> None:
        held.pays_at, diner = None, held.diner
        self._touch("payment", held.number)
        if diner is None:
            return
        if diner.refuses:
            held.state, held.code = "PAYERROR", diner.refuses
            return
        held.state, held.transaction_id, held.paid_at = "SUCCESS", new_id(), at
        self.totals.paid_fen += held.amount_fen
        self._touch("totals")
        id_ = new_id()
        for after_s in diner.tells:
            self._post(held.notify_url, "PAYMENT", self.told(held), at=at + timedelta(seconds=after_s), id_=id_)

    def _post(
        self,
        url: str,
        kind: Literal["PAYMENT", "REFUND"],
        what: WalletPayment | WalletRefund,
        *,
        at: datetime,
        id_: str = "",
        forged: Forgery | None = None,
    ) -> None:
        """Write a notice, to be sent at `at`; for those who left no address there is none."""
        if not url:
            return
        if forged == "amount":
            what = msgspec.structs.replace(what, amount_fen=what.amount_fen + 1)
        elif forged == "merchant":
            what = msgspec.structs.replace(what, merchant=f"{what.merchant}-2")
        notice = WalletNotice(id_ or new_id(), kind, msgspec.Raw(msgspec.json.encode(what)))
        self._send(Letter(notice.id, url, msgspec.json.encode(notice), forged), at=at)

    def _send(self, letter: Letter, *, at: datetime) -> None:
        if len(self._letters) < LETTERS_MAX:
            turn = next(self._turn)
            heapq.heappush(self._letters, (at, turn, letter))
            self._mail[str(turn)] = at, letter
            self._touch("letter", str(turn))

    def _sent(self, entry: tuple[datetime, int, Letter]) -> Letter:
        """Take a notice out of the mail."""
        self._mail.pop(str(entry[1]), None)
        self._touch("letter", str(entry[1]))
        return entry[2]

    def letters(self, *, at: datetime) -> list[Letter]:
        """Take the notices that are to be sent by now."""
        self.pass_to(at)
        found = []
        while self._letters and self._letters[0][0] <= at:
            found.append(self._sent(heapq.heappop(self._letters)))
        return found

    def early(self, held: Held) -> list[Letter]:
        """Take the first notice of a payment out of the mail, to be sent before anything else is said of it."""
        mine = [entry for entry in self._letters if held.number.encode() in entry[2].body]
        if not mine:
            return []
        self._letters.remove(min(mine))
        heapq.heapify(self._letters)
        return [self._sent(min(mine))]

    def not_taken(self, letter: Letter, *, at: datetime) -> None:
        """Send a notice again later, a bounded number of times."""
        if letter.tries < len(AGAIN_AFTER_S) and letter.forged is None:
            pause = timedelta(seconds=AGAIN_AFTER_S[letter.tries])
            self._send(msgspec.structs.replace(letter, tries=letter.tries + 1), at=at + pause)

    def next_at(self) -> datetime | None:
        """Return when something is to happen next."""
        return min((heap[0][0] for heap in (self._events, self._letters) if heap), default=None)

    # The bill

    def bill(self, day: date) -> list[WalletBillLine]:
        """Return the money that came and went on a day in China, in the order it did, as the diners have it billed."""
        lines = [line for held in self.payments.values() if _on(held.paid_at, day) for line in _billed(held)]
        for made in self.refunds.values():
            if made.back_at is not None and _on(made.back_at, day):
                lines.append(
                    WalletBillLine(
                        "REFUND",
                        made.payment,
                        made.number,
                        made.refund_id,
                        made.amount_fen,
                        -made.fee_fen,
                        made.back_at,
                    )
                )
        return sorted(lines, key=lambda line: line.at)

    # What it tells

    def told(self, held: Held) -> WalletPayment:
        """Return a payment as the wallet tells of it."""
        return WalletPayment(
            merchant=self.merchant,
            number=held.number,
            state=held.state,
            amount_fen=held.amount_fen,
            transaction_id=held.transaction_id,
            code=held.code,
            pay_url=f"{self._pay_page}{held.number}" if held.state == "NOTPAY" else "",
        )

    def refund_told(self, made: HeldRefund) -> WalletRefund:
        """Return a refund as the wallet tells of it."""
        return WalletRefund(
            merchant=self.merchant,
            number=made.number,
            payment=made.payment,
            state=made.state,
            amount_fen=made.amount_fen,
            refund_id=made.refund_id,
        )


def _fee(held: Held) -> int:
    return (held.amount_fen * FEE_BP + 5_000) // 10_000


def _on(at: datetime | None, day: date) -> bool:
    return at is not None and at.astimezone(BEIJING).date() == day


def _billed(held: Held) -> list[WalletBillLine]:
    billed = held.diner.billed if held.diner else "as it is"
    if held.paid_at is None or billed == "not":
        return []
    amount_fen = held.amount_fen + (billed == "one fen more")
    line = WalletBillLine("PAYMENT", held.number, "", held.transaction_id, amount_fen, _fee(held), held.paid_at)
    if billed != "and another":
        return [line]
    stranger = derived_id(held.transaction_id, "another").replace("-", "")
    return [line, msgspec.structs.replace(line, payment=stranger, reference=stranger)]
