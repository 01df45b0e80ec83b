"""Refunds: the whole order or lines of it; money by the way it came, points and coupon with it, to the fen and the point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import select, update

from goodtaste.events.ordering import OrderCancelled, OrderRefunded
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, GuardBroken, Id, Int, Read, Steps, Str, change, first, insert, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Fen, Input, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.money import part_of
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.menu import api as menu
from goodtaste.ordering import facts, rules
from goodtaste.ordering.lines import portions
from goodtaste.ordering.orders import LineRow, OrderRow, may_see, read
from goodtaste.ordering.place import Place
from goodtaste.ordering.progress import step_of
from goodtaste.ordering.tables import line, order, refund, refund_line
from goodtaste.payment import api as payments
from goodtaste.pricing.api import LINES_MAX, QTY_MAX
from goodtaste.promo import api as promo


class NotRefundable(Refusal):
    """Raised when an order was not paid, or has nothing left to refund.  Facts: `order_id`, `pay_state`."""

    code = "ordering.not_refundable"


class BadRefund(Refusal):
    """Raised when lines are to be refunded that the order does not have, or more pieces than are left.

    Facts: `line_no`, `left`, `asked`.
    """

    code = "ordering.bad_refund"
    status = 422
    guards = ("ordering_line_refunded", "ordering_order_refunded")


class RefundChanged(Refusal):
    """Raised when a refund would not be what the sender saw.  Facts: `seen_fen`, `amount_fen`, `points_back`, `points_taken`."""

    code = "ordering.refund_changed"


class Piece(Input, frozen=True):
    """So many pieces of a line."""

    line_no: Annotated[int, msgspec.Meta(ge=1, le=LINES_MAX)]
    qty: Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]


class RefundOrder(Input, frozen=True):
    """What is sent to refund an order: all that is left of it, or the pieces named.  `seen_amount_fen` is what was agreed."""

    id: IdText
    reason: Reason
    seen_amount_fen: Fen
    pieces: Annotated[tuple[Piece, ...], msgspec.Meta(max_length=LINES_MAX)] = ()
    restock: bool = False


class RefundView(msgspec.Struct, frozen=True):
    """A refund: money, the points that come back, the points taken back, and whether the coupon comes back."""

    id: str
    order_id: str
    amount_fen: int
    points_back: int
    points_taken: int
    coupon_back: bool
    reason: str
    actor_id: str
    approved_by: str | None
    at: datetime


class _Known(RefundView, frozen=True):
    """A refund as a row."""

    fingerprint: str

    def again(self, mark: str) -> RefundView:
        """Return it to who sends it again; refuses `IdTaken` for other content."""
        same_or_taken(self.fingerprint, mark, id_=self.id)
        return RefundView(**{name: getattr(self, name) for name in RefundView.__struct_fields__})


class Worth(msgspec.Struct, frozen=True):
    """What pieces of an order are worth when they come back."""

    pieces: list[tuple[LineRow, int, int]]
    amount_fen: int
    points_back: int
    points_taken: int
    whole: bool

    def ends(self, found: OrderRow) -> bool:
        """Tell whether an order is over with this: nothing is left of it, and nobody has begun to make it."""
        return self.whole and "cancelled" in rules.possible(found.kind, found.state)


REFUND = insert(refund)
REFUND_LINES = insert(refund_line)
ONE = Read(select(*[refund.c[name] for name in _Known.__struct_fields__]).where(refund.c.id == par("id", Id)), _Known)
OF_ORDER = Read(
    select(*[refund.c[name] for name in RefundView.__struct_fields__])
    .where(refund.c.order_id == par("order_id", Id))
    .order_by(refund.c.at, refund.c.id),
    RefundView,
)
REFUNDED = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state.in_(["paid", "partly_refunded"]),
    )
    .values(
        state=par("state", Str),
        pay_state=par("pay_state", Str),
        refunded_fen=order.c.refunded_fen + par("amount_fen", Int),
        version=order.c.version + 1,
    ),
    guard="ordering_order_moved",
)
LINE_REFUNDED = change(
    update(line)
    .where(line.c.order_id == par("order_id", Id), line.c.line_no == par("line_no", Int))
    .values(refunded_qty=line.c.refunded_qty + par("qty", Int)),
    guard="ordering_line_gone",
)


def worth(found: OrderRow, lines: Sequence[LineRow], pieces: Sequence[Piece]) -> Worth:
    """Return what `pieces` (all that is left, if none are named) are worth; refuses `BadRefund` and `NotRefundable`.

    Each part is the difference of a running share, so refunds in any order and any split add up to exactly what was paid.
    """
    if found.pay_state not in ("paid", "partly_refunded"):
        raise NotRefundable(order_id=found.id, pay_state=found.pay_state)
    wanted = _wanted(lines, pieces)
    if not wanted:
        raise NotRefundable(order_id=found.id, pay_state=found.pay_state)
    parts = [(each, qty, part_of(each.due_fen, done=each.refunded_qty, more=qty, of=each.qty)) for each, qty in wanted]
    by_points = sum(part_of(each.points_fen, done=each.refunded_qty, more=qty, of=each.qty) for each, qty in wanted)
    points_before = sum(part_of(each.points_fen, done=0, more=each.refunded_qty, of=each.qty) for each in lines)
    amount = sum(amount for _, _, amount in parts)
    now = {each.line_no: qty for each, qty in wanted}
    return Worth(
        parts,
        amount,
        _running(found.points, before=points_before, more=by_points, of=found.points_fen),
        _running(found.points_earned, before=found.refunded_fen, more=amount, of=found.due_fen),
        whole=all(each.refunded_qty + now.get(each.line_no, 0) == each.qty for each in lines),
    )


def _running(total: int, *, before: int, more: int, of: int) -> int:
    return part_of(total, done=before, more=more, of=of) if of else 0


def _wanted(lines: Sequence[LineRow], pieces: Sequence[Piece]) -> list[tuple[LineRow, int]]:
    if not pieces:
        return [(each, each.qty - each.refunded_qty) for each in lines if each.qty > each.refunded_qty]
    by_no = {each.line_no: each for each in lines}
    wanted: dict[int, int] = {}
    for piece in pieces:
        wanted[piece.line_no] = wanted.get(piece.line_no, 0) + piece.qty
    for line_no, qty in wanted.items():
        left = by_no[line_no].qty - by_no[line_no].refunded_qty if line_no in by_no else 0
        if qty > left:
            raise BadRefund(line_no=line_no, left=left, asked=qty)
    return [(by_no[line_no], qty) for line_no, qty in wanted.items()]


@script
def preview(order_id: str, pieces: tuple[Piece, ...], *, actor: Actor) -> Steps[dict[str, Any]]:
    """Tell what a refund would be: money, points that come back, points taken back, and whether the coupon comes back."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id)
    value = worth(found, lines, pieces)
    return {
        "amount_fen": value.amount_fen,
        "points_back": value.points_back,
        "points_taken": value.points_taken,
        "coupon_back": value.whole and bool(found.coupon_ids),
    }


@script
def refund_order(
    order_id: str, asked: RefundOrder, *, actor: Actor, approved_by: str | None, where: Place
) -> Steps[RefundView]:
    """Refund an order, or pieces of it, once per `asked.id`; `approved_by` is who let a person without the permission do it.

    What comes back: money by the way it came, points spent into their lots, the coupon when the whole order is refunded;
    what was earned on it is taken back, as a debt where it was spent.  An order of which nothing is left before it is made is
    cancelled, so that nobody makes it, and its portions go back on sale.
    """
    mark = fingerprint([order_id, asked])
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.read" if approved_by else "order.refund")
    known = yield from first(ONE(id=asked.id))
    if known is not None:
        return known.again(mark)
    value = worth(found, lines, asked.pieces)
    if value.amount_fen != asked.seen_amount_fen:
        raise RefundChanged(
            seen_fen=asked.seen_amount_fen,
            amount_fen=value.amount_fen,
            points_back=value.points_back,
            points_taken=value.points_taken,
        )
    shown = RefundView(
        id=asked.id,
        order_id=order_id,
        amount_fen=value.amount_fen,
        points_back=value.points_back,
        points_taken=value.points_taken,
        coupon_back=value.whole and bool(found.coupon_ids),
        reason=asked.reason,
        actor_id=actor.id,
        approved_by=approved_by,
        at=where.at,
    )
    changes = [
        *_kept(found, shown, value, mark=mark, restock=asked.restock or value.ends(found), where=where),
        *(yield from _member_side(found, shown, value, actor=actor, where=where)),
        *(yield from _money(found, shown, where)),
        audit.note(
            actor,
            "ordering.refunded",
            subject=f"order/{order_id}",
            store_id=found.store_id,
            reason=asked.reason,
            at=where.at,
            refund_id=shown.id,
            amount_fen=shown.amount_fen,
            approved_by=approved_by,
        ),
        tell(_told(found, shown, value, where), at=where.at),
        *(_ended(found, asked.reason, actor, where) if value.ends(found) else []),
    ]
    try:
        yield changes
    except GuardBroken:
        again = yield from first(ONE(id=asked.id))
        if again is None:
            raise
        return again.again(mark)
    return shown


def _kept(found: OrderRow, shown: RefundView, value: Worth, *, mark: str, restock: bool, where: Place) -> list[Change]:
    """The refund itself, the order and its lines, and the portions where they go back on sale."""
    row = msgspec.structs.asdict(shown) | {"fingerprint": mark, "restock": restock, "business_date": where.today}
    parts = [
        {"refund_id": shown.id, "line_no": each.line_no, "qty": qty, "amount_fen": fen}
        for each, qty, fen in value.pieces
    ]
    pieces = [{"order_id": found.id, "line_no": each.line_no, "qty": qty} for each, qty, _ in value.pieces]
    back = portions((each, qty) for each, qty, _ in value.pieces) if restock else {}
    return [
        REFUND(**row),
        REFUND_LINES.many(parts),
        REFUNDED(
            order_id=found.id,
            seen=found.version,
            state="cancelled" if value.ends(found) else found.state,
            pay_state="refunded" if value.whole else "partly_refunded",
            amount_fen=value.amount_fen,
        ),
        LINE_REFUNDED.many(pieces),
        menu.give_back(found.store_id, back),
    ]


def _ended(found: OrderRow, reason: str, actor: Actor, where: Place) -> list[Change]:
    """An order that is over before it was made is cancelled, and all are told that it is not to be made."""
    told = OrderCancelled(
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        reason=reason,
    )
    return [step_of(found, "cancelled", actor=actor, reason=reason, at=where.at), tell(told, at=where.at)]


def _member_side(
    found: OrderRow, shown: RefundView, value: Worth, *, actor: Actor, where: Place
) -> Steps[list[Change]]:
    """Points and coupon: what was spent comes back, what was earned is taken back, out of what comes back where nothing else is there."""
    changes: list[Change] = []
    if found.member_id is None:
        return changes
    cause = ledger.Cause(shown.id, found.member_id, actor.id, where.today, where.at, found.id)
    coming: list[ledger.LotUse] = []
    if shown.points_back:
        uses = yield from ledger.read_uses(found.id)
        changes += ledger.unspend(cause, shown.points_back, uses)
        coming = ledger.coming_back(shown.points_back, uses, today=where.today)
    if shown.points_taken:
        changes += yield from ledger.take_back(
            cause, shown.points_taken, policy=where.program.points.return_policy, coming=coming
        )
    if value.whole and found.coupon_ids:
        for coupon in (yield from rows(promo.by_ids(found.coupon_ids))):
            changes += promo.reverse(coupon, order_id=found.id, by=actor.id, at=where.at)
            changes += promo.back_at_store(coupon, store_id=found.store_id)
    return changes


def _money(found: OrderRow, shown: RefundView, where: Place) -> Steps[list[Change]]:
    """Money goes back by the way it came."""
    if not shown.amount_fen:
        return []
    holder = yield from first(payments.holder_of(found.id))
    if holder is None:
        raise NotRefundable(order_id=found.id, pay_state=found.pay_state)
    begun = yield from payments.start_refund(
        holder.id,
        refund_id=shown.id,
        cause_id=shown.id,
        amount_fen=shown.amount_fen,
        reason=shown.reason,
        today=where.today,
        at=where.at,
    )
    return begun.changes


def _told(found: OrderRow, shown: RefundView, value: Worth, where: Place) -> OrderRefunded:
    return OrderRefunded(
        refund_id=shown.id,
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        amount_fen=shown.amount_fen,
        points_back=shown.points_back,
        points_taken=shown.points_taken,
        whole=value.whole,
        business_date=where.today,
    )


@script
def of_order(order_id: str, *, actor: Actor) -> Steps[list[RefundView]]:
    """Return the refunds of an order, oldest first."""
    found, _ = yield from read(order_id)
    may_see(actor, found, order_id)
    return (yield from rows(OF_ORDER(order_id=order_id)))
