"""What people take off an open bill by hand: dishes given free, an amount, a share, or what its table must spend; with a reason, and
within what one may."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from sqlalchemy import update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Moment, Steps, change, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Reason
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.money import FEN_MAX, basis_points
from goodtaste.ordering import bill_rows
from goodtaste.ordering.bill.pieces import Seen, by_line
from goodtaste.ordering.bill_price import NOTHING, Repriced, read_at_hand, reprice
from goodtaste.ordering.bill_rows import DISCOUNTS, Discount
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.open_bill import NONE, Changed, gifts_told, still_open, told
from goodtaste.ordering.orders import LINES, ORDER, LineRow, OrderRow, OrderView, may_see, read, view
from goodtaste.ordering.refund_worth import LINE_NO_MAX, Piece
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import discount

SOME = "order.discount"
ANY = "order.discount_any"
WAIVE = "order.waive_minimum"
SOME_BP = 1_000  # of the goods, for all that people took off a bill together: what `order.discount` allows
DISCOUNTS_MAX = 20  # that hold on one bill


class BadDiscount(Refusal):
    """Raised for a discount by hand that cannot be.  Facts: `why`: `nothing` (it takes nothing off), `percent` (more than all), `too_many`
    (`DISCOUNTS_MAX` hold already), `unknown` (the bill has no such discount).
    """

    code = "ordering.bad_discount"
    status = 422


class OverLimit(Refusal):
    """Raised when more is taken off by hand than a person may without asking.  Facts: `off_fen`, `limit_fen`, `permission` (who has it may
    approve).
    """

    code = "ordering.discount_over_limit"
    status = 403


class TakeOffPrice(Seen, frozen=True):
    """What is sent to take something off a bill: `value` pieces of a line as a `gift`, or fen (`amount`) or basis points (`percent`) of
    what a line costs, or, without `line_no`, all goods; or the `minimum` that its table must spend, as long as it holds.
    """

    id: IdText
    kind: Literal["gift", "amount", "percent", "minimum"]
    value: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    reason: Reason
    line_no: Annotated[int, msgspec.Meta(ge=1, le=LINE_NO_MAX)] | None = None

    def __post_init__(self) -> None:
        if self.kind == "gift" and self.line_no is None:
            raise ValueError("a gift is of a line: send line_no")
        if self.kind == "minimum" and (self.line_no is not None or self.value != 1):
            raise ValueError("the minimum is waived whole: send value 1 and no line_no")

    @property
    def permission(self) -> str:
        """Who has it may do this, whatever it comes to, and approve it."""
        return WAIVE if self.kind == "minimum" else ANY


class EndDiscount(Seen, frozen=True):
    """What is sent to take a discount by hand off a bill again."""

    reason: Reason


NEW = insert(discount)
ENDED = change(
    update(discount)
    .where(discount.c.id == par("id", Id), discount.c.ended_at.is_(None))
    .values(ended_at=par("at", Moment)),
    guard="ordering_discount_moved",
)


@script
def take_off_price(
    order_id: str, asked: TakeOffPrice, *, actor: Actor, approved_by: str | None, where: Place
) -> Steps[OrderView]:
    """Take something off an open bill by hand, once per `asked.id`; `approved_by` is who let a person do what is beyond their limit.

    Refuses `OverLimit`, `BadDiscount`, `NoSuchPieces`, `NotOpen`, and `Changed` where somebody else was quicker.
    """
    mark = fingerprint([order_id, asked])
    orders, lines, before, there = yield from together(
        ORDER(order_id=order_id), LINES(order_id=order_id), made_before(asked.id), DISCOUNTS(order_id=order_id)
    )
    found = may_see(actor, orders[0] if orders else None, order_id, permission="order.place")
    if is_same(before, mark):
        return view(found, lines)
    if found.version != asked.version:
        raise Changed(order_id=order_id, version=found.version)
    still_open(found)
    live = bill_rows.live(there)
    _fits(found, lines, live, asked)
    made = _made(order_id, asked, actor=actor, approved_by=approved_by, where=where)
    at_hand = yield from read_at_hand(found, NONE, points=0, donation_fen=found.donation_fen, where=where)
    at_hand = at_hand.with_discounts([*live, made])
    repriced = reprice(found, lines, NOTHING, asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where)
    saved_fen = _saved_fen(found, asked, repriced)
    if not saved_fen:
        raise BadDiscount(why="nothing")
    if not approved_by:
        _within(actor, asked, repriced)
    action = "ordering.minimum_waived" if asked.kind == "minimum" else "ordering.discounted"
    yield [
        *repriced.changes,
        NEW(**msgspec.structs.asdict(made)),
        remember(asked.id, mark),
        _noted(
            found,
            made,
            action,
            asked.reason,
            saved_fen,
            actor=actor,
            where=where,
        ),
        *told(gifts_told(repriced), where),
    ]
    return repriced.view


def _fits(found: OrderRow, lines: list[LineRow], there: list[Discount], asked: TakeOffPrice) -> None:
    """Refuse a discount of pieces that the bill does not have, of more than all, and one too many."""
    if len(there) >= DISCOUNTS_MAX:
        raise BadDiscount(why="too_many")
    if asked.kind == "percent" and asked.value > 10_000:
        raise BadDiscount(why="percent")
    if asked.line_no is not None:
        qty = 1
        if asked.kind == "gift":
            qty = asked.value + sum(
                each.value for each in there if (each.kind, each.line_no) == ("gift", asked.line_no)
            )
        by_line(found, lines, [Piece(line_no=asked.line_no, qty=qty)])


def _made(order_id: str, asked: TakeOffPrice, *, actor: Actor, approved_by: str | None, where: Place) -> Discount:
    return Discount(
        id=asked.id,
        order_id=order_id,
        kind=asked.kind,
        line_no=asked.line_no,
        value=asked.value,
        reason=asked.reason,
        actor_id=actor.id,
        approved_by=approved_by,
        at=where.at,
        ended_at=None,
    )


def _saved_fen(found: OrderRow, asked: TakeOffPrice, repriced: Repriced) -> int:
    """Return what it takes off the bill, in fen."""
    if asked.kind == "minimum":
        return sum(each.amount_fen for each in kept_of(found.applied).fees if each.code == "minimum")
    return sum(each.saved_fen for each in repriced.priced.reasons if each.offer_id == asked.id)


def _within(actor: Actor, asked: TakeOffPrice, repriced: Repriced) -> None:
    """Refuse `OverLimit` where all that people took off is more than the actor may without asking, `NotAllowed` who may not waive."""
    after = repriced.after
    if asked.kind == "minimum":
        actor.need(WAIVE, store_id=after.store_id)
        return
    if actor.can(ANY, store_id=after.store_id):
        return
    goods_fen = after.list_fen - after.member_saving_fen - after.offer_fen - after.coupon_fen
    limit_fen = basis_points(goods_fen, SOME_BP) if actor.can(SOME, store_id=after.store_id) else 0
    if after.hand_fen > limit_fen:
        raise OverLimit(off_fen=after.hand_fen, limit_fen=limit_fen, permission=ANY)


def _noted(
    found: OrderRow, of: Discount, action: str, reason: str, saved_fen: int, *, actor: Actor, where: Place
) -> Change:
    return audit.note(
        actor,
        action,
        subject=f"order/{found.id}",
        store_id=found.store_id,
        reason=reason,
        at=where.at,
        discount_id=of.id,
        kind=of.kind,
        line_no=of.line_no,
        value=of.value,
        saved_fen=saved_fen,
        approved_by=of.approved_by,
    )


@script
def end_discount(
    order_id: str, discount_id: str, asked: EndDiscount, *, actor: Actor, where: Place
) -> Steps[OrderView]:
    """Take a discount by hand off an open bill again; ending it again changes nothing."""
    orders, lines, there = yield from together(
        ORDER(order_id=order_id), LINES(order_id=order_id), DISCOUNTS(order_id=order_id)
    )
    found = may_see(actor, orders[0] if orders else None, order_id, permission="order.place")
    of = next((each for each in there if each.id == discount_id), None)
    if of is None:
        raise BadDiscount(why="unknown")
    if of.ended_at is not None:
        return view(found, lines)
    if found.version != asked.version:
        raise Changed(order_id=order_id, version=found.version)
    still_open(found)
    at_hand = yield from read_at_hand(found, NONE, points=0, donation_fen=found.donation_fen, where=where)
    at_hand = at_hand.with_discounts([each for each in bill_rows.live(there) if each.id != discount_id])
    repriced = reprice(found, lines, NOTHING, asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where)
    yield [
        *repriced.changes,
        ENDED(id=discount_id, at=where.at),
        _noted(found, of, "ordering.discount_ended", asked.reason, 0, actor=actor, where=where),
        *told(gifts_told(repriced), where),
    ]
    return repriced.view


@script
def of_order(order_id: str, *, actor: Actor) -> Steps[list[Discount]]:
    """Return what people took off an order, those that were ended too, oldest first."""
    found, _ = yield from read(order_id)
    may_see(actor, found, order_id)
    return (yield from rows(DISCOUNTS(order_id=order_id)))
