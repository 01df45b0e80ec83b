"""The port to those who move money: what is asked of a gateway, what it may answer, and which gateways this process has.

An adapter gets its address, credentials, clock and HTTP client from outside, and speaks for one merchant.  `payment_id` and `refund_id`
are the merchant's numbers at the gateway, so asking twice with one number is asking once.  An adapter never raises for what the outside
does: a time-out, a 5xx, a broken or badly signed reply is `Unknown`, which is not a failure and is asked about until it is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, Protocol

import msgspec

from goodtaste.kernel.errors import Refusal

CONNECT_S = 3.0
TOTAL_S = 10.0  # for one call with all its tries
NOTICE_BYTES_MAX = 65_536

Way = Literal["qr", "h5", "mini_program"]


class MethodUnknown(Refusal):
    """Raised for a way of paying that this deployment does not have.  Facts: `method`, `methods`."""

    code = "payment.method_unknown"
    status = 422


class NoticeRefused(Refusal):
    """Raised for a notice that is not genuine, fresh, new and about what we asked for.  `why` goes to the log, not to the sender."""

    code = "payment.notice_refused"
    status = 401

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid.  `auth_code` is what the diner's phone showed, good for a minute and stored nowhere; without it the diner
    pays in an app, before `close_at`, by the `way` there: a code to scan, a page, or the mini-program that knows the diner as `payer`."""

    payment_id: str
    amount_fen: int
    description: str
    auth_code: str
    started_at: datetime
    close_at: datetime
    store_id: str = ""
    client_ip: str = "127.0.0.1"
    way: Way = "qr"
    payer: str = ""


class RefundIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be given back of a payment of `paid_fen`, which the gateway knows as `gateway_ref`; not every gateway asks for these."""

    refund_id: str
    payment_id: str
    amount_fen: int
    paid_fen: int = 0
    gateway_ref: str = ""
    reason: str
    started_at: datetime


class Paid(msgspec.Struct, frozen=True):
    """The gateway has the money."""

    gateway_ref: str
    amount_fen: int


class Refunded(msgspec.Struct, frozen=True):
    """The diner has the money back."""

    gateway_ref: str
    amount_fen: int


class Pending(msgspec.Struct, frozen=True):
    """The gateway is at it: the diner types a password, a bank takes its time.  `action` is what the diner's app needs to go on."""

    gateway_ref: str = ""
    action: Mapping[str, str] = {}


class Declined(msgspec.Struct, frozen=True):
    """The gateway will not do it, for good.  `code` says why in the gateway's words."""

    code: str


class Closed(msgspec.Struct, frozen=True):
    """The attempt was ended without money.  (Money may come all the same: then it came late.)"""

    code: str = ""


class Absent(msgspec.Struct, frozen=True):
    """The gateway has never seen this number; what is on its way to it may still arrive."""


class Unknown(msgspec.Struct, frozen=True):
    """Nobody can say yet.  `why` is for people: timeout, http 502, reply signature."""

    why: str


Outcome = Paid | Pending | Declined | Closed | Absent | Unknown
RefundOutcome = Refunded | Pending | Declined | Absent | Unknown


class PaymentNotice(msgspec.Struct, frozen=True):
    """What a gateway told of a payment; `id` is its own number for the telling, the same each time it repeats it."""

    id: str
    payment_id: str
    outcome: Outcome


class RefundNotice(msgspec.Struct, frozen=True):
    """What a gateway told of a refund; not each says of which payment it is."""

    id: str
    refund_id: str
    payment_id: str
    outcome: RefundOutcome


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a gateway's bill: money that came for a payment, or went back.

    `payment_id` and `refund_id` are our numbers where they are ours, and what the gateway wrote where they are not; a refund that the
    gateway made without a number of ours (a reversal) has no `refund_id`.  `amount_fen` > 0; `fee_fen` is what the gateway kept of it,
    below zero where it gave a fee back.
    """

    kind: Literal["paid", "refunded"]
    payment_id: str
    refund_id: str = ""
    gateway_ref: str
    amount_fen: int
    fee_fen: int
    at: datetime


class Bill(msgspec.Struct, frozen=True):
    """A gateway's bill of a day: its lines, and the file they were read from as it came (empty for a day without money)."""

    lines: tuple[BillLine, ...]
    file: bytes


class NotYet(msgspec.Struct, frozen=True):
    """The gateway has not made the bill of that day yet."""


BillOutcome = Bill | NotYet | Unknown


class Gateway(Protocol):
    """One gateway, one merchant.

    `heard` is what a notice is answered with once it was heard.  `knows_diners`: it finds out itself who the diner is, from the code of
    its own app, which is then what an intent bears as `payer`.  `started_at` is when a number was first sent.
    """

    method: str
    heard: bytes
    knows_diners: bool

    async def charge(self, intent: Intent) -> Outcome:
        """Ask for money.  With a number that was used before, and the same content: how that stands."""

    async def query(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """Ask how a payment stands."""

    async def close(self, payment_id: str, *, started_at: datetime) -> Outcome:
        """See to it that no money is taken any more: `Closed`, or `Paid` where it was taken before.

        A gateway that keeps no number it has never seen answers `Absent`.
        """

    async def refund(self, intent: RefundIntent) -> RefundOutcome:
        """Ask to give money back.  With a number that was used before: how that refund stands."""

    async def query_refund(self, refund_id: str, *, payment_id: str, started_at: datetime) -> RefundOutcome:
        """Ask how a refund stands."""

    async def bill(self, day: date) -> BillOutcome:
        """Return the bill of a day of the gateway (in China, from midnight to midnight, whatever the store's trading day is).

        A file that is not whole, or whose lines do not add up to its own totals, is `Unknown`.
        """

    def parse_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | RefundNotice:
        """Return what a notice says; refuses `NoticeRefused` unless these exact bytes were signed by the gateway, lately, once, for this
        merchant.  Header names come in any case."""

    async def aclose(self) -> None:
        """Give the connections back."""


class Gateways:
    """The gateways of this process by the name of the method."""

    def __init__(self, *gateways: Gateway) -> None:
        self._by_method = {gateway.method: gateway for gateway in gateways}

    def of(self, method: str) -> Gateway:
        """Return the gateway of a method; refuses `MethodUnknown`."""
        found = self._by_method.get(method)
        if found is None:
            raise MethodUnknown(method=method, methods=self.methods())
        return found

    def methods(self) -> list[str]:
        """Return the methods by which a diner can pay here, in alphabetical order."""
        return sorted(self._by_method)

    async def aclose(self) -> None:
        """Give all connections back."""
        for gateway in self._by_method.values():
            await gateway.aclose()
