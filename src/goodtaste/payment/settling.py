"""Settling: what a gateway says of a payment becomes its state, once, whoever brings the news and however often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import msgspec
from sqlalchemy import update

from goodtaste.events.payment import PaymentFailed, PaymentSucceeded
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Int, Moment, Steps, Str, change, first, par, script
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.outbox import tell
from goodtaste.payment import rules
from goodtaste.payment.attempts import HEARD, HOLDER, ONE, Payment, PaymentUnknown, UnderWay, ask_later
from goodtaste.payment.gateway import Closed, Declined, Outcome, Paid, Unknown
from goodtaste.payment.refunds import begin
from goodtaste.payment.tables import payment

Settled = tuple[Payment, list[Change]]
Hook = Callable[..., Steps[Settled]]

SETTLE = change(
    update(payment)
    .where(payment.c.id == par("id", Id), payment.c.state == par("from_state", Str))
    .values(
        state=par("state", Str),
        gateway_ref=par("gateway_ref", Str),
        detail=par("detail", Str),
        refunded_fen=par("refunded_fen", Int),
        settled_at=par("settled_at", Moment),
        holds_order_id=par("holds_order_id", Id),
        part_of=par("part_of", Id),
    ),
    guard="payment_moved",
)


def settle_changes(
    found: Payment, outcome: Outcome, *, today: date, at: datetime, back: rules.Back | None = None
) -> Settled:
    """Return a payment as `outcome` leaves it, and the changes that make it so; none where it changes nothing.

    A success holds the order, which it then pays; with `back` it holds nothing, and a refund of all of it is begun in the same batch.
    The changes are guarded by the state that `found` has, so that of many who bring the news one is heard.
    """
    state = rules.next_state(found.state, outcome)
    if state == found.state:
        return found, []
    final, paid = state not in rules.OPEN, state == "succeeded"
    after = msgspec.structs.replace(
        found,
        state=state,
        gateway_ref=getattr(outcome, "gateway_ref", "") or found.gateway_ref,
        detail=_detail(outcome, back),
        refunded_fen=found.amount_fen if back else found.refunded_fen,
        settled_at=at if final else None,
        holds_order_id=_kept(found, final=final, pays=paid and not back),
        part_of=found.part_of if not final or (paid and not back) else None,
    )
    changes = [
        SETTLE(
            id=after.id,
            from_state=found.state,
            state=after.state,
            gateway_ref=after.gateway_ref,
            detail=after.detail,
            refunded_fen=after.refunded_fen,
            settled_at=after.settled_at,
            holds_order_id=after.holds_order_id,
            part_of=after.part_of,
        )
    ]
    if paid:
        changes.append(tell(succeeded(after), at=at))
    elif final:
        changes.append(tell(_failed(after), at=at))
    if back:
        id_ = derived_id(after.id, "back")
        _, begun = begin(
            after, refund_id=id_, cause_id=after.id, amount_fen=after.amount_fen, reason=back, today=today, at=at
        )
        changes += begun
    return after, changes


def _kept(found: Payment, *, final: bool, pays: bool) -> str | None:
    """Return the order that an attempt holds from now on; one for a part of a bill holds none."""
    if found.part_of or not final:
        return found.holds_order_id
    return found.order_id if pays else None


def _detail(outcome: Outcome, back: rules.Back | None) -> str:
    if back:
        return back
    if isinstance(outcome, Unknown):
        return outcome.why[:200]
    return outcome.code[:200] if isinstance(outcome, Declined | Closed) else ""


def succeeded(found: Payment) -> PaymentSucceeded:
    """Return the event of money that arrived."""
    return PaymentSucceeded(
        payment_id=found.id,
        order_id=found.order_id,
        stream=found.stream,
        store_id=found.store_id,
        amount_fen=found.amount_fen,
        method=found.method,
        business_date=found.business_date,
    )


def _failed(found: Payment) -> PaymentFailed:
    return PaymentFailed(
        payment_id=found.id,
        order_id=found.order_id,
        stream=found.stream,
        store_id=found.store_id,
        amount_fen=found.amount_fen,
        method=found.method,
        state="failed" if found.state == "failed" else "closed",
        why=found.detail,
        business_date=found.business_date,
    )


def just_settle(found: Payment, *, outcome: Outcome, today: date, at: datetime) -> Steps[Settled]:
    """Settle a payment and nothing beside it: what is done where no order side is plugged in."""
    yield from ()
    return settle_changes(found, outcome, today=today, at=at)


class Settlements:
    """What is done, in one transaction, when it is known what became of a payment; see the room's docstring for the contract."""

    def __init__(self, *, on_success: Hook = just_settle, on_failure: Hook = just_settle) -> None:
        self.on_success, self.on_failure = on_success, on_failure

    def settle(self, found: Payment, *, outcome: Outcome, today: date, at: datetime) -> Steps[Settled]:
        """Return a payment as `outcome` leaves it, with all changes that belong to it, the order's too."""
        state = rules.next_state(found.state, outcome)
        if state == found.state or state in rules.OPEN:
            return settle_changes(found, outcome, today=today, at=at)
        if not isinstance(outcome, Paid):
            return (yield from self.on_failure(found, outcome=outcome, today=today, at=at))
        holder = None if found.part_of else (yield from first(HOLDER(order_id=found.order_id)))
        if holder is None or holder.id == found.id:
            return (yield from self.on_success(found, outcome=outcome, today=today, at=at))
        return settle_changes(found, outcome, today=today, at=at, back="late" if holder.is_open else "twice")


@script
def settle(
    payment_id: str,
    *,
    outcome: Outcome,
    settlements: Settlements,
    today: date,
    at: datetime,
    heard: tuple[str, str] | None = None,
    asked: bool = False,
) -> Steps[Payment]:
    """Settle a payment as a gateway says it stands; as often as anybody says it.  Refuses `PaymentUnknown`.

    `heard`: the gateway and number of the notice that said it, which is kept with it.  `asked`: the one who says it was sent to ask,
    and is sent again where it is not over.
    """
    found = yield from first(ONE(id=payment_id))
    if found is None:
        raise PaymentUnknown(payment_id=payment_id)
    outcome = rules.checked(outcome, amount_fen=found.amount_fen)
    after, changes = yield from settlements.settle(found, outcome=outcome, today=today, at=at)
    if heard:
        changes.append(HEARD(gateway=heard[0], notice_id=heard[1], at=at))
    if asked:
        changes += ask_later(after, at=at)
    if changes:
        yield changes
    return after


@script
def give_up(
    payment_id: str, *, reason: str, actor: Actor, settlements: Settlements, today: date, at: datetime
) -> Steps[Payment]:
    """Close an attempt whose time is over though nobody knows what became of it, so that its order can be paid another way.

    A person answers for it.  The gateway is still asked, and money that comes all the same goes back.  Refuses `PaymentUnknown`, and
    `UnderWay` while the diner may still pay.
    """
    found = yield from first(ONE(id=payment_id))
    if found is None:
        raise PaymentUnknown(payment_id=payment_id)
    if not found.is_open:
        return found
    if found.close_at is not None and at < found.close_at:
        raise UnderWay(payment_id=payment_id, state=found.state)
    after, changes = yield from settlements.settle(found, outcome=Closed("given_up"), today=today, at=at)
    subject = f"payment/{payment_id}"
    facts = {"order_id": found.order_id, "amount_fen": found.amount_fen, "state": found.state}
    written = audit.note(
        actor, "payment.given_up", subject=subject, at=at, store_id=found.store_id, reason=reason, **facts
    )
    yield [*changes, *ask_later(after, at=at), written]
    return after
