"""Orders as they are stored and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.db import (
    Id,
    Int,
    ListOf,
    Read,
    Steps,
    first,
    in_list,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.menu.api import Choice, Words
from goodtaste.ordering.kept import Kept, kept_of, kept_text
from goodtaste.ordering.tables import line, order
from goodtaste.pricing.api import Reason

PAGE_MAX = 100
AT_KIOSK = "kiosk.order"  # the permission of a kiosk, which knows the orders that were placed at it
BY_CODE = ("staff", "terminal")  # who orders for a member that showed them a code


class OrderUnknown(Refusal):
    """Raised for an order that does not exist or is not the caller's to see.  Facts: `order_id`."""

    code = "ordering.unknown"
    status = 404


class OrderRow(msgspec.Struct, frozen=True):
    """An order as a row."""

    id: str
    store_id: str
    member_id: str | None
    kind: str
    channel: str
    table_id: str | None
    party: int | None
    pay_first: bool
    state: str
    pay_state: str
    list_fen: int
    member_saving_fen: int
    offer_fen: int
    coupons: str
    coupon_fen: int
    hand_fen: int
    points: int
    points_fen: int
    fee_fen: int
    rounding_fen: int
    donation_fen: int
    due_fen: int
    refunded_fen: int
    points_earned: int
    hold_id: str | None
    reasons: str
    applied: str
    note: str
    version: int
    placed_by: str
    fingerprint: str
    business_date: date
    placed_at: datetime
    paid_at: datetime | None
    split_from: str | None
    reopens: str | None
    went_to: str | None
    stream_of: str | None

    @property
    def coupon_ids(self) -> list[str]:
        """The coupons on it."""
        return list(coupons_of(self.coupons))


class LineRow(msgspec.Struct, frozen=True):
    """A line as a row."""

    line_no: int
    round: int
    sku_id: str
    name: str
    words: str
    qty: int
    list_fen: int
    unit_fen: int
    offer_fen: int
    coupon_fen: int
    hand_fen: int
    points_fen: int
    rounding_fen: int
    due_fen: int
    choice: str
    takes: str
    refunded_qty: int
    dish_id: str
    ordered_qty: int
    held_qty: int
    voided_qty: int
    returned_qty: int
    carbon_g: int | None


class LineOf(LineRow, frozen=True):
    """A line as a row, with its order."""

    order_id: str


class LineView(msgspec.Struct, frozen=True):
    """A line of an order.  list_fen and unit_fen are for one piece, the rest for the line; due_fen is what it costs the diner.

    A gift is a line that costs nothing from the beginning: its list_fen is 0.  `qty` pieces are charged: `ordered_qty` without those that
    were voided or returned; `held_qty` of them are not to be made yet.  `dish_id` goes with the pieces to another bill.
    `carbon_g`: grams of CO2e of one piece, where the menu said it.
    """

    line_no: int
    round: int
    sku_id: str
    name: str
    words: Words
    qty: int
    list_fen: int
    unit_fen: int
    offer_fen: int
    coupon_fen: int
    points_fen: int
    rounding_fen: int
    due_fen: int
    refunded_qty: int
    choice: Choice
    dish_id: str
    ordered_qty: int
    held_qty: int
    voided_qty: int = 0
    returned_qty: int = 0
    hand_fen: int = 0
    carbon_g: int | None = None


class OnOrder(msgspec.Struct, frozen=True):
    """A coupon on an order, and what it took off, in fen."""

    coupon_id: str
    saved_fen: int


class OrderView(msgspec.Struct, frozen=True):
    """An order as its member and the staff see it.  Amounts in fen.

    list_fen - member_saving_fen - offer_fen - coupon_fen - hand_fen - points_fen + fee_fen - rounding_fen + donation_fen == due_fen.
    `pay_first`: nothing of it is made before it is paid, unless the staff say so.  `coupon_id` is the first of its `coupons`, or null;
    `hand_fen` is what people took off.  `kept` says what made the price, as it was, whatever becomes of its offers.
    `carbon_g` are the grams of CO2e of all of it, null where a line does not say. `split_from`, `reopens` and `went_to` name the bills
    that it comes from and that goes on in its place.
    """

    id: str
    store_id: str
    member_id: str | None
    kind: str
    channel: str
    table_id: str | None
    party: int | None
    pay_first: bool
    state: str
    pay_state: str
    list_fen: int
    member_saving_fen: int
    offer_fen: int
    coupon_id: str | None
    coupons: list[OnOrder]
    coupon_fen: int
    points: int
    points_fen: int
    fee_fen: int
    rounding_fen: int
    donation_fen: int
    due_fen: int
    refunded_fen: int
    points_earned: int
    reasons: list[Reason]
    kept: Kept
    note: str
    version: int
    business_date: date
    placed_at: datetime
    paid_at: datetime | None
    lines: list[LineView]
    hand_fen: int = 0
    split_from: str | None = None
    reopens: str | None = None
    went_to: str | None = None
    stream_of: str | None = None
    carbon_g: int | None = None

    @property
    def coupon_ids(self) -> list[str]:
        """The coupons on it."""
        return [each.coupon_id for each in self.coupons]


_ORDER = [order.c[name] for name in OrderRow.__struct_fields__]
_LINE = [line.c[name] for name in LineRow.__struct_fields__]
ORDER = Read(select(*_ORDER).where(order.c.id == par("order_id", Id)), OrderRow)
LINES = Read(select(*_LINE).where(line.c.order_id == par("order_id", Id)).order_by(line.c.line_no), LineRow)
OF_MEMBER = Read(
    select(*_ORDER)
    .where(order.c.member_id == par("member_id", Id), older(order.c.placed_at, order.c.id))
    .order_by(order.c.placed_at.desc(), order.c.id.desc())
    .limit(par("limit", Int)),
    OrderRow,
)
OF_STORE = Read(
    select(*_ORDER)
    .where(order.c.store_id == par("store_id", Id), older(order.c.placed_at, order.c.id))
    .order_by(order.c.placed_at.desc(), order.c.id.desc())
    .limit(par("limit", Int)),
    OrderRow,
)
NEW_ORDER = insert(order)
NEW_LINES = insert(line)

_MADE = {"coupon_id", "coupons", "reasons", "kept", "lines", "carbon_g"}
_AS_IT_IS = [name for name in OrderView.__struct_fields__ if name not in _MADE]
_reasons = msgspec.json.Decoder(list[Reason])
coupons_of = msgspec.json.Decoder(dict[str, int]).decode
_choice = msgspec.json.Decoder(Choice)
_words = msgspec.json.Decoder(Words)
_encode = msgspec.json.Encoder().encode


def view(row: OrderRow, lines: Sequence[LineRow]) -> OrderView:
    """Return an order with its lines as it is shown."""
    coupons = [OnOrder(*each) for each in coupons_of(row.coupons).items()]
    return OrderView(
        **{name: getattr(row, name) for name in _AS_IT_IS},
        coupon_id=coupons[0].coupon_id if coupons else None,
        coupons=coupons,
        reasons=_reasons.decode(row.reasons),
        kept=kept_of(row.applied),
        lines=[_line_view(each) for each in lines],
        carbon_g=carbon_of(lines),
    )


def carbon_of(lines: Sequence[LineRow | LineView]) -> int | None:
    """Return the grams of CO2e of what lines charge; None where one of them does not say."""
    there = [each for each in lines if each.qty]
    known = [each.carbon_g * each.qty for each in there if each.carbon_g is not None]
    return sum(known) if there and len(known) == len(there) else None


def order_row(shown: OrderView) -> dict[str, Any]:
    """Return an order as it is stored, except for what nobody is shown."""
    return {
        **{name: getattr(shown, name) for name in _AS_IT_IS},
        "coupons": coupons_text({each.coupon_id: each.saved_fen for each in shown.coupons}),
        "reasons": reasons_text(shown.reasons),
        "applied": kept_text(shown.kept),
    }


def coupons_text(saved: Mapping[str, int]) -> str:
    """Return coupons as they are stored: what each took off, in fen, by its id."""
    return _encode(saved).decode()


def reasons_text(reasons: Sequence[Reason]) -> str:
    """Return reasons as they are stored."""
    return _encode(reasons).decode()


def _line_view(row: LineRow) -> LineView:
    fields = {name: getattr(row, name) for name in LineView.__struct_fields__ if name not in ("choice", "words")}
    return LineView(**fields, choice=_choice.decode(row.choice), words=words_of(row))


def words_of(line: LineRow | LineView) -> Words:
    """Return what was chosen by a line, as data."""
    if isinstance(line, LineView):
        return line.words
    return _words.decode(line.words) if line.words else Words(line.name)


def may_see(actor: Actor, row: OrderRow | None, order_id: str, *, permission: str = "order.read") -> OrderRow:
    """Return the order if `actor` is its member, the kiosk at which it was placed, or holds `permission` at its store.

    Refuses `OrderUnknown` to members and kiosks for what is not theirs (so that ids cannot be probed) and `NotAllowed` to staff of other
    stores.
    """
    row = _theirs(actor, row, order_id)
    if actor.kind not in ("member", "terminal", "system") and not actor.can(permission, store_id=row.store_id):
        raise NotAllowed(permission=permission)
    return row


def _theirs(actor: Actor, row: OrderRow | None, order_id: str) -> OrderRow:
    """Return an order if the actor may know of it: members and kiosks know their own."""
    if actor.kind == "terminal":
        actor.need(AT_KIOSK, store_id=actor.store_id)
    own = {"member": "member_id", "terminal": "placed_by"}.get(actor.kind)
    if row is None or (own and getattr(row, own) != actor.id):
        raise OrderUnknown(order_id=order_id)
    return row


def read(order_id: str) -> Steps[tuple[OrderRow | None, list[LineRow]]]:
    """Read an order with its lines."""
    found, lines = yield from together(ORDER(order_id=order_id), LINES(order_id=order_id))
    return (found[0] if found else None), lines


def read_row(order_id: str) -> Steps[OrderRow | None]:
    """Read an order without its lines."""
    return (yield from first(ORDER(order_id=order_id)))


class Page(msgspec.Struct, frozen=True):
    """A page of orders, newest first; `next` asks for the one after it, null at the end."""

    orders: list[OrderView]
    next: str | None


LINES_OF = Read(
    select(*_LINE, line.c.order_id)
    .where(in_list(line.c.order_id, par("order_ids", ListOf)))
    .order_by(line.c.order_id, line.c.line_no),
    LineOf,
)


@script
def one(order_id: str, *, actor: Actor) -> Steps[OrderView]:
    """Return an order with its lines; refuses `OrderUnknown` and `NotAllowed` to whom it does not belong."""
    found, lines = yield from read(order_id)
    return view(may_see(actor, found, order_id), lines)


@script
def store_of(order_id: str, *, actor: Actor) -> Steps[str]:
    """Return the store of an order that the actor may see."""
    return _theirs(actor, (yield from first(ORDER(order_id=order_id))), order_id).store_id


@script
def of_member(member_id: str, *, before: str, limit: int) -> Steps[Page]:
    """Return a page of a member's orders; refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(OF_MEMBER(member_id=member_id, before_at=edge.at, before_id=edge.id, limit=limit))
    return (yield from _page(found, limit))


@script
def of_store(store_id: str, *, before: str, limit: int) -> Steps[Page]:
    """Return a page of a store's orders; refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(OF_STORE(store_id=store_id, before_at=edge.at, before_id=edge.id, limit=limit))
    return (yield from _page(found, limit))


def _page(found: list[OrderRow], limit: int) -> Steps[Page]:
    lines: dict[str, list[LineRow]] = {row.id: [] for row in found}
    for each in (yield from rows(LINES_OF(order_ids=list(lines)))):
        lines[each.order_id].append(each)
    views = [view(row, lines[row.id]) for row in found]
    return Page(views, next_of(found, limit, lambda each: each.placed_at))
