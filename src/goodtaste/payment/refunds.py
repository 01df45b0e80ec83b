"""Refunds of a payment: any number of parts, never more than was paid, by the way the money came.

A refund counts from its start, so that two cannot promise the same fen; one that the gateway will not make gives its part back.  There
is no refund of a refund: what is refunded is a payment.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import select, update

from goodtaste.events.payment import RefundSettled
from goodtaste.kernel.db import (
    Change,
    Id,
    Moment,
    Read,
    Steps,
    Str,
    add,
    change,
    first,
    insert,
    par,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.outbox import tell
from goodtaste.payment import rules
from goodtaste.payment.attempts import HEARD, ONE, Payment, PaymentUnknown
from goodtaste.payment.gateway import Declined, RefundOutcome, Unknown
from goodtaste.payment.split.undo import undone
from goodtaste.payment.tables import payment, refund

GIVE_BACK = "payment.refund"
OF_ORDER_MAX = 500  # refunds of one order that are shown


class RefundUnknown(Refusal):
    """Raised for a refund that does not exist.  Facts: `refund_id`."""

    code = "payment.refund_unknown"
    status = 404


class NotRefundable(Refusal):
    """Raised for a refund of a payment that brought no money.  Facts: `payment_id`, `state`."""

    code = "payment.not_refundable"
    guards = ("payment_refundable",)


class RefundTooMuch(Refusal):
    """Raised when more is to be given back than is left of what was paid.  Facts: `left_fen`, `asked_fen`."""

    code = "payment.refund_too_much"
    guards = ("payment_refunded",)


class RefundNothing(Refusal):
    """Raised for a refund of nothing, or of less.  Facts: `asked_fen`."""

    code = "payment.refund_nothing"
    status = 422
    guards = ("payment_refund_amount",)


class Refund(msgspec.Struct, frozen=True):
    """A refund, with what must be known of its payment."""

    id: str
    payment_id: str
    cause_id: str
    amount_fen: int
    state: rules.RefundState
    reason: str
    gateway_ref: str | None
    detail: str
    business_date: date
    started_at: datetime
    settled_at: datetime | None
    order_id: str
    store_id: str
    stream: str
    method: str
    drawer_id: str | None = None
    way: rules.Manner = "same"
    makes_up_for: str | None = None
    owner_id: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not known yet what becomes of it."""
        return self.state in rules.OPEN


class Begun(msgspec.Struct, frozen=True):
    """A refund that was begun now, with the changes that make it so, or before, with none."""

    refund: Refund
    changes: list[Change]


_OF_PAYMENT = ("order_id", "store_id", "stream", "method")
_COLUMNS = [(payment if name in _OF_PAYMENT else refund).c[name] for name in Refund.__struct_fields__]
_WITH_PAYMENT = select(*_COLUMNS).join_from(refund, payment, payment.c.id == refund.c.payment_id)
ONE_REFUND = Read(_WITH_PAYMENT.where(refund.c.id == par("refund_id", Id)), Refund)
REFUNDS_OF_ORDER = Read(
    _WITH_PAYMENT.where(payment.c.order_id == par("order_id", Id))
    .order_by(refund.c.started_at, refund.c.id)
    .limit(OF_ORDER_MAX),
    Refund,
)
OF_CAUSE = Read(
    _WITH_PAYMENT.where(refund.c.cause_id == par("cause_id", Id))
    .order_by(refund.c.started_at, refund.c.id)
    .limit(OF_ORDER_MAX),
    Refund,
)
BEGIN = insert(refund)
COUNT = add(
    payment, key=["id"], counters=["refunded_fen"], when=payment.c.state == "succeeded", guard="payment_refundable"
)
UNCOUNT = add(payment, key=["id"], counters=["refunded_fen"], guard="payment_gone")
SETTLE_REFUND = change(
    update(refund)
    .where(refund.c.id == par("id", Id), refund.c.state == par("from_state", Str))
    .values(
        state=par("state", Str),
        gateway_ref=par("gateway_ref", Str),
        detail=par("detail", Str),
        settled_at=par("settled_at", Moment),
    ),
    guard="payment_refund_moved",
)


def start_refund(
    payment_id: str,
    *,
    refund_id: str,
    cause_id: str,
    amount_fen: int,
    reason: str,
    drawer_id: str,
    today: date,
    at: datetime,
) -> Steps[Begun]:
    """Begin to give `amount_fen` of a payment back, once per `refund_id`: a step, whose changes go into the caller's batch.

    Cash is given back at once, and so is money taken elsewhere; a gateway is asked after the commit, by `give_back` or by the job.
    One part of a payment a batch.  `drawer_id`: where cash is taken from, a terminal or the store.
    Refuses `PaymentUnknown`, `NotRefundable`, `RefundNothing`, `RefundTooMuch`.
    """
    payments, refunds = yield from together(ONE(id=payment_id), ONE_REFUND(refund_id=refund_id))
    if refunds:
        asked = fingerprint([payment_id, cause_id, amount_fen])
        same_or_taken(_mark(refunds[0]), asked, id_=refund_id)
        return Begun(refunds[0], [])
    if not payments:
        raise PaymentUnknown(payment_id=payment_id)
    found = payments[0]
    if found.state != "succeeded":
        raise NotRefundable(payment_id=payment_id, state=found.state)
    if amount_fen <= 0:
        raise RefundNothing(asked_fen=amount_fen)
    if amount_fen > found.amount_fen - found.refunded_fen:
        raise RefundTooMuch(left_fen=found.amount_fen - found.refunded_fen, asked_fen=amount_fen)
    made, changes = begin(
        found,
        refund_id=refund_id,
        cause_id=cause_id,
        amount_fen=amount_fen,
        reason=reason,
        drawer_id=drawer_id,
        today=today,
        at=at,
    )
    return Begun(made, [COUNT(id=payment_id, refunded_fen=amount_fen), *changes])


def _mark(found: Refund) -> str:
    return fingerprint([found.payment_id, found.cause_id, found.amount_fen])


def begin(
    found: Payment,
    *,
    refund_id: str,
    cause_id: str,
    amount_fen: int,
    reason: str,
    today: date,
    at: datetime,
    drawer_id: str | None = None,
    way: rules.Manner = "same",
    makes_up_for: str | None = None,
) -> tuple[Refund, list[Change]]:
    """Return a refund that begins, and the changes that make it so, except that its payment counts it."""
    at_once = found.method in rules.AT_ONCE or way != "same"
    made = Refund(
        id=refund_id,
        payment_id=found.id,
        cause_id=cause_id,
        amount_fen=amount_fen,
        state="succeeded" if at_once else "pending",
        reason=reason,
        gateway_ref=None,
        detail="",
        business_date=today,
        started_at=at,
        settled_at=at if at_once else None,
        order_id=found.order_id,
        store_id=found.store_id,
        stream=found.stream,
        method=found.method,
        drawer_id=drawer_id if found.method == "cash" or way == "cash" else None,
        way=way,
        makes_up_for=makes_up_for,
    )
    row = {name: value for name, value in msgspec.structs.asdict(made).items() if name not in _OF_PAYMENT}
    changes = [BEGIN(**row), tell(_settled(made), at=at) if at_once else _go(made, second=1)]
    return made, [*changes, *undone(found, refund_id=refund_id, amount_fen=amount_fen, today=today, at=at)]


def _go(found: Refund, *, second: int) -> Change:
    due_at = found.started_at + timedelta(seconds=second)
    return schedule(GIVE_BACK, {"refund_id": found.id}, due_at=due_at, once=f"{GIVE_BACK}:{found.id}:{second}")


def refund_asked_now(found: Refund, *, at: datetime) -> Change:
    """Return the change that has the gateway asked at once how a refund stands."""
    return schedule(GIVE_BACK, {"refund_id": found.id}, due_at=at, once=f"{GIVE_BACK}:{found.id}:now")


def _settled(found: Refund) -> RefundSettled:
    return RefundSettled(
        refund_id=found.id,
        payment_id=found.payment_id,
        order_id=found.order_id,
        cause_id=found.cause_id,
        stream=found.stream,
        store_id=found.store_id,
        amount_fen=found.amount_fen,
        method=found.method if found.way == "same" else found.way,
        state="succeeded" if found.state == "succeeded" else "failed",
        business_date=found.business_date,
    )


@script
def settle_refund(
    refund_id: str,
    *,
    outcome: RefundOutcome,
    at: datetime,
    heard: tuple[str, str] | None = None,
    asked: bool = False,
) -> Steps[Refund]:
    """Settle a refund as its gateway says it stands; as often as anybody says it.  Refuses `RefundUnknown`.

    `heard` and `asked` are what they are for `settle`.
    """
    found = yield from first(ONE_REFUND(refund_id=refund_id))
    if found is None:
        raise RefundUnknown(refund_id=refund_id)
    after, changes = _refund_changes(found, rules.checked_refund(outcome, amount_fen=found.amount_fen), at=at)
    if heard:
        changes.append(HEARD(gateway=heard[0], notice_id=heard[1], at=at))
    second = rules.next_refund_ask(after.state, started_at=after.started_at, at=at) if asked else None
    if second is not None:
        changes.append(_go(after, second=second))
    if changes:
        yield changes
    return after


def _refund_changes(found: Refund, outcome: RefundOutcome, *, at: datetime) -> tuple[Refund, list[Change]]:
    state = rules.next_refund_state(found.state, outcome)
    if state == found.state:
        return found, []
    detail = outcome.why[:200] if isinstance(outcome, Unknown) else ""
    after = msgspec.structs.replace(
        found,
        state=state,
        gateway_ref=getattr(outcome, "gateway_ref", "") or found.gateway_ref,
        detail=outcome.code[:200] if isinstance(outcome, Declined) else detail,
        settled_at=None if state in rules.OPEN else at,
    )
    changes = [
        SETTLE_REFUND(
            id=after.id,
            from_state=found.state,
            state=after.state,
            gateway_ref=after.gateway_ref,
            detail=after.detail,
            settled_at=after.settled_at,
        )
    ]
    if state == "failed":
        changes.append(UNCOUNT(id=after.payment_id, refunded_fen=-after.amount_fen))
    if state not in rules.OPEN:
        changes.append(tell(_settled(after), at=at))
    return after, changes
