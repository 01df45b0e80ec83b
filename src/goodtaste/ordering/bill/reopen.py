"""A paid order taken back and opened anew: what was paid goes back by entries, and a new bill has the same dishes at the same prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, GuardBroken, Id, Query, Read, Steps, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, derived_id, fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Reason
from goodtaste.kernel.outbox import tell
from goodtaste.ordering import facts, first, refund, rules
from goodtaste.ordering.bill import discounts
from goodtaste.ordering.bill.kitchen import waiting
from goodtaste.ordering.bill.moves import bare, one_batch, told_moved
from goodtaste.ordering.bill.pieces import Seen
from goodtaste.ordering.bill_price import Coming, Repriced, read_at_hand, reprice
from goodtaste.ordering.bill_rows import DISCOUNTS, Discount
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.lines import portions
from goodtaste.ordering.open_bill import NONE, Changed, gifts_told
from goodtaste.ordering.orders import LINES, NEW_ORDER, ORDER, LineRow, OrderRow, OrderView, may_see, view
from goodtaste.ordering.progress import completed_later
from goodtaste.ordering.refund_back import ONE, RefundView
from goodtaste.ordering.refund_worth import worth
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import order

PERMISSION = "order.reopen"


class NotReopenable(Refusal):
    """Raised for an order that is not opened anew.  Facts: `order_id`, `why`: `state` (it is not paid, or was taken back already), `day`
    (it is of a business day that is over: refund it), `source` (it was recorded from elsewhere).
    """

    code = "ordering.not_reopenable"
    guards = ("ordering_order_reopened_once",)


class Reopen(Seen, frozen=True):
    """What is sent to take a paid order back and open it anew: `id` is that of the new bill."""

    id: IdText
    reason: Reason


class Reopened(msgspec.Struct, frozen=True):
    """An order that was taken back, the refund by which it was, and the new bill."""

    closed: OrderView
    refund: RefundView
    bill: OrderView


class _Source(msgspec.Struct, frozen=True):
    source: str


SOURCE = Read(select(order.c.source).where(order.c.id == par("order_id", Id)), _Source)


def refund_id_of(bill_id: str) -> str:
    """Return the id of the refund by which an order was taken back for a new bill."""
    return derived_id(bill_id, "reversal")


@script
def reopen(order_id: str, asked: Reopen, *, actor: Actor, approved_by: str | None, where: Place) -> Steps[Reopened]:
    """Take a paid order of this business day back and open it anew, once per `asked.id`; nothing of it is fired again.

    All that was paid and not refunded goes back by the way it came, points and coupons as with a refund; the new bill has the pieces
    that were not refunded, at the prices at which they were ordered, with the offers that made their price and what people took off.
    Refuses `NotReopenable`, `NotRefundable`, and `Changed` where somebody else was quicker.
    """
    mark = fingerprint([order_id, asked])
    queries: list[Query[Any]] = [
        ORDER(order_id=order_id),
        LINES(order_id=order_id),
        ORDER(order_id=asked.id),
        LINES(order_id=asked.id),
        DISCOUNTS(order_id=order_id),
        SOURCE(order_id=order_id),
        ONE(id=refund_id_of(asked.id)),
    ]
    orders, lines, bills, bill_lines, there, sources, refunds = yield queries
    permission = "order.read" if approved_by else PERMISSION
    found = may_see(actor, orders[0] if orders else None, order_id, permission=permission)
    if bills:
        same_or_taken(bills[0].fingerprint, mark, id_=asked.id)
        return Reopened(view(found, lines), refunds[0].again(mark), view(bills[0], bill_lines))
    if found.version != asked.version:
        raise Changed(order_id=order_id, version=found.version)
    _reopenable(found, sources[0].source, where)
    back = refund.RefundOrder(
        id=refund_id_of(asked.id), reason=asked.reason, seen_amount_fen=worth(found, lines, ()).amount_fen
    )
    shown, changes = yield from refund.taken_back(
        found, lines, back, mark=mark, actor=actor, approved_by=approved_by, where=where, goes_to=asked.id
    )
    live = [_copied(each, asked.id) for each in there if each.ended_at is None]
    opened = yield from _opened(found, lines, asked, live, actor=actor, mark=mark, where=where)
    came = [each for each in opened.lines if each.dish_id in {old.dish_id for old in lines}]
    try:
        yield [
            *one_batch(
                _with_first(
                    [
                        tell(
                            facts.placed(opened.view, fires=False),
                            told_moved(found, opened.after, came),
                            *gifts_told(opened),
                            at=where.at,
                        ),
                        NEW_ORDER(**msgspec.structs.asdict(opened.after), source="", external_no=None),
                        discounts.NEW.many([msgspec.structs.asdict(each) for each in live]),
                        _noted(found, asked, shown, actor=actor, where=where),
                        *completed_later(opened.after, where.at),
                        *changes,
                    ],
                    found,
                    opened,
                ),
                opened,
            ),
        ]
    except GuardBroken as broken:
        if broken.name == "ordering_order_pkey":
            raise IdTaken(id=asked.id) from broken
        raise
    closed = msgspec.structs.replace(
        found,
        pay_state="refunded",
        refunded_fen=found.refunded_fen + shown.amount_fen,
        version=found.version + 1,
        went_to=asked.id,
    )
    gone = [msgspec.structs.replace(each, refunded_qty=each.qty) for each in lines]
    return Reopened(view(closed, gone), shown, opened.view)


def _reopenable(found: OrderRow, source: str, where: Place) -> None:
    why = ""
    if found.pay_state not in ("paid", "partly_refunded") or found.went_to:
        why = "state"
    elif found.business_date != where.today:
        why = "day"
    elif source:
        why = "source"
    if why:
        raise NotReopenable(order_id=found.id, why=why)


def _copied(each: Discount, bill_id: str) -> Discount:
    return msgspec.structs.replace(each, id=derived_id(bill_id, each.id), order_id=bill_id)


def _opened(
    found: OrderRow,
    lines: Sequence[LineRow],
    asked: Reopen,
    live: Sequence[Discount],
    *,
    actor: Actor,
    mark: str,
    where: Place,
) -> Steps[Repriced]:
    """Return the new bill: its price is reckoned as that of the order was, which goes as it comes."""
    row = msgspec.structs.replace(
        bare(found),
        id=asked.id,
        pay_first=found.pay_first and found.kind != "dine_in",  # at a table it goes on as a bill: it is being made
        state=rules.HANDED_OVER[found.kind] if found.state == "completed" else found.state,
        version=0,
        placed_by=actor.id,
        fingerprint=mark,
        reopens=found.id,
        went_to=None,
        stream_of=facts.stream(found),
    )
    as_it_was = msgspec.structs.replace(row, id=found.id)
    at_hand = yield from read_at_hand(as_it_was, NONE, points=0, donation_fen=0, where=where)
    at_hand = msgspec.structs.replace(at_hand, own=(), beside=at_hand.own)
    at_hand = at_hand.with_discounts(live)
    gifts = kept_of(found.applied).gifts
    left = [_left(each) for each in lines if each.qty > each.refunded_qty]
    given = [each for each in left if each.line_no in gifts]
    coming = Coming(
        arriving=[each for each in left if each.line_no not in gifts],
        gifts=given,
        back=portions((each, each.qty) for each in given),
    )
    return reprice(row, [], coming, asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where)


def _left(each: LineRow) -> LineRow:
    """Return a line with the pieces that were not refunded."""
    qty = each.qty - each.refunded_qty
    return msgspec.structs.replace(
        each,
        qty=qty,
        ordered_qty=qty,
        held_qty=waiting(each),
        voided_qty=0,
        returned_qty=0,
        refunded_qty=0,
    )


def _with_first(changes: list[Change], found: OrderRow, opened: Repriced) -> list[Change]:
    """Return changes in which the price of a first order goes to the new bill, where it has it too; its writes are left to do the rest."""
    takes = [each for each in opened.writes if each.statement is first.NEW]
    gives = [each for each in changes if each.statement is first.GONE]
    if not takes or not gives or found.member_id is None:
        return changes
    opened.writes.remove(takes[0])
    kept = [each for each in changes if each.statement is not first.GONE]
    return [*kept, first.carry(found.member_id, found.id, opened.after.id)]


def _noted(found: OrderRow, asked: Reopen, shown: RefundView, *, actor: Actor, where: Place) -> Change:
    return audit.note(
        actor,
        "ordering.reopened",
        subject=f"order/{found.id}",
        store_id=found.store_id,
        reason=asked.reason,
        at=where.at,
        bill_id=asked.id,
        refund_id=shown.id,
        amount_fen=shown.amount_fen,
        approved_by=shown.approved_by,
    )
