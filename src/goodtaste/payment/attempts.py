"""Attempts to pay: written before any call, and asked about until it is known what became of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.db import (
    Change,
    Id,
    Moment,
    Query,
    Read,
    Steps,
    change,
    insert,
    par,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.money import FEN_MAX
from goodtaste.payment import pay_codes, rules
from goodtaste.payment.gateway import Gateways, Way
from goodtaste.payment.pay_codes import SHOWN
from goodtaste.payment.tables import notice, payment

POLL = "payment.poll"
OF_ORDER_MAX = 100  # attempts of one order that are shown


class PaymentUnknown(Refusal):
    """Raised for a payment that does not exist or is not the caller's to see.  Facts: `payment_id`."""

    code = "payment.unknown"
    status = 404


class AmountDiffers(Refusal):
    """Raised when another amount is offered than is due.  Facts: `due_fen`, `amount_fen`."""

    code = "payment.amount_differs"


class UnderWay(Refusal):
    """Raised when another attempt to pay the order is not over.  Facts: `payment_id`, `state`."""

    code = "payment.under_way"
    guards = ("payment_order_held",)


class AlreadyPaid(Refusal):
    """Raised when another attempt has paid the order.  Facts: `payment_id`."""

    code = "payment.already_paid"


Method = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,23}$(?!\n)")]
LoginCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{0,128}$(?!\n)")]


class Pay(Input, frozen=True):
    """What is sent to begin paying.  `auth_code` is what the scanner read from the diner's phone; without it the diner pays by the `way`
    there: a code to scan, a page in a browser, or the mini-program, which adds a fresh code of `wx.login`."""

    payment_id: IdText
    method: Method
    amount_fen: Annotated[
        int, msgspec.Meta(ge=1, le=FEN_MAX, description="Whole fen: what is due, and seen by the diner")
    ]
    auth_code: Annotated[str, msgspec.Meta(pattern=SHOWN)] = ""
    way: Way = "qr"
    login_code: LoginCode = ""


class Payment(msgspec.Struct, frozen=True):
    """An attempt to pay as a row.  `holds_order_id`, or `part_of` for a part of a bill, is set while it is open and where it paid."""

    id: str
    order_id: str
    store_id: str
    stream: str
    method: str
    state: rules.State
    amount_fen: int
    refunded_fen: int
    tendered_fen: int | None
    change_fen: int | None
    gateway_ref: str | None
    detail: str
    actor: str
    fingerprint: str
    business_date: date
    started_at: datetime
    close_at: datetime | None
    settled_at: datetime | None
    holds_order_id: str | None
    part_of: str | None = None
    tender_ref: str | None = None
    drawer_id: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not known yet what becomes of it."""
        return self.state in rules.OPEN


class Started(msgspec.Struct, frozen=True):
    """An attempt that was started now, with the changes that make it so, or before, with none."""

    payment: Payment
    changes: list[Change]

    @property
    def fresh(self) -> bool:
        """Whether it is started now."""
        return bool(self.changes)


COLUMNS = [payment.c[name] for name in Payment.__struct_fields__]
ONE = Read(select(*COLUMNS).where(payment.c.id == par("id", Id)), Payment)
HOLDER = Read(select(*COLUMNS).where(payment.c.holds_order_id == par("order_id", Id)), Payment)
OF_ORDER = Read(
    select(*COLUMNS)
    .where(payment.c.order_id == par("order_id", Id))
    .order_by(payment.c.started_at, payment.c.id)
    .limit(OF_ORDER_MAX),
    Payment,
)
START = insert(payment)
HEARD = insert(notice, conflict="skip")
CLOSE_AT = change(
    update(payment)
    .where(payment.c.id == par("id", Id), payment.c.settled_at.is_(None))
    .values(close_at=par("close_at", Moment))
)


def start(
    asked: Pay,
    *,
    order_id: str,
    due_fen: int,
    store_id: str,
    stream: str,
    gateways: Gateways,
    actor: str,
    today: date,
    at: datetime,
) -> Steps[Started]:
    """Begin to pay an order through a gateway, once per `asked.payment_id`: a step, whose changes go into the caller's batch.

    Whether the order may be paid at all is the caller's to say.  Refuses `MethodUnknown`, `AmountDiffers`, `UnderWay`, `AlreadyPaid`.
    """
    gateways.of(asked.method)
    mark = fingerprint([order_id, msgspec.structs.replace(asked, login_code="")])  # that one is good for one call
    found, holders = yield from together(ONE(id=asked.payment_id), HOLDER(order_id=order_id))
    if found:
        same_or_taken(found[0].fingerprint, mark, id_=asked.payment_id)
        return Started(found[0], [])
    if holders:
        raise _held_by(holders[0])
    row = opened(
        asked,
        order_id=order_id,
        store_id=store_id,
        stream=stream,
        actor=actor,
        mark=mark,
        today=today,
        at=at,
    )
    if asked.amount_fen != due_fen:
        raise AmountDiffers(due_fen=due_fen, amount_fen=asked.amount_fen)
    row = msgspec.structs.replace(row, holds_order_id=order_id)
    return Started(row, [START(**msgspec.structs.asdict(row)), *ask_later(row, at=at)])


def opened(
    asked: Pay,
    *,
    order_id: str,
    store_id: str,
    stream: str,
    actor: str,
    mark: str,
    today: date,
    at: datetime,
) -> Payment:
    """Return an attempt through a gateway as it begins, holding nothing yet.  Refuses `CodeOfAnother` and `NotAPayCode`."""
    pay_codes.check(asked.auth_code, method=asked.method)
    return Payment(
        id=asked.payment_id,
        order_id=order_id,
        store_id=store_id,
        stream=stream,
        method=asked.method,
        state="pending",
        amount_fen=asked.amount_fen,
        refunded_fen=0,
        tendered_fen=None,
        change_fen=None,
        gateway_ref=None,
        detail="",
        actor=actor,
        fingerprint=mark,
        business_date=today,
        started_at=at,
        close_at=at + rules.patience(asked.auth_code),
        settled_at=None,
        holds_order_id=None,
    )


def _held_by(holder: Payment) -> Refusal:
    if holder.is_open:
        return UnderWay(payment_id=holder.id, state=holder.state)
    return AlreadyPaid(payment_id=holder.id)


def ask_later(found: Payment, *, at: datetime) -> list[Change]:
    """Return the change that has the gateway asked when it is time, or none where nothing is left to ask."""
    if found.close_at is None:
        return []
    second = rules.next_ask(found.state, started_at=found.started_at, close_at=found.close_at, at=at)
    if second is None:
        return []
    due_at = found.started_at + timedelta(seconds=second)
    return [schedule(POLL, {"payment_id": found.id}, due_at=due_at, once=f"{POLL}:{found.id}:{second}")]


def ask_now(found: Payment, *, at: datetime) -> Change:
    """Return the change that has the gateway asked at once."""
    return schedule(POLL, {"payment_id": found.id}, due_at=at, once=f"{POLL}:{found.id}:now")


def end(found: Payment, *, at: datetime) -> list[Change]:
    """End an open attempt whose order is gone: the gateway is asked at once, and told to close it; money that comes all the same goes
    back by itself."""
    return [CLOSE_AT(id=found.id, close_at=at), ask_now(found, at=at)] if found.is_open else []


def one(payment_id: str) -> Query[Payment]:
    """Return the query for a payment."""
    return ONE(id=payment_id)


def holder_of(order_id: str) -> Query[Payment]:
    """Return the query for the attempt that is open for an order, or paid it."""
    return HOLDER(order_id=order_id)
