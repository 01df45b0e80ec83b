"""Sending a cart to the kitchen: exactly the lines that the phone saw, at the price it saw, and each of them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select, update

from goodtaste.events.ordering import OrderCancelled
from goodtaste.floor.live import topics
from goodtaste.floor.seating.cart import (
    CART_MAX,
    CHANGES_MAX,
    CHANNEL,
    cart_of,
    choice_of,
    is_first,
    on_behalf,
    state_of,
)
from goodtaste.floor.seating.rows import (
    BILLS_MAX,
    BY_ORDERS,
    CART_LINES,
    NEW_ORDER,
    ORDERS,
    SEATINGS,
    SEATS,
    CartRow,
    SeatingBilled,
    SeatingRow,
    at_table,
    goes_on,
    mark_of,
    stays_open,
)
from goodtaste.floor.seating.tables import cart_line
from goodtaste.kernel.db import Change, Id, Int, Read, Steps, beside, change, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import derived_id, fingerprint
from goodtaste.kernel.input import Fen, Input, Text
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.ordering import api as ordering
from goodtaste.org.api import StoreClosed

IsOpen = Callable[[str], bool]


class CartChanged(Refusal):
    """Raised when a line to be ordered was changed, taken out or ordered by another phone.  Facts: `lines` (as they stand now)."""

    code = "floor.cart_changed"


class TooManyBills(Refusal):
    """Raised when a seating would have more bills than it may.  Facts: `limit`."""

    code = "floor.too_many_bills"


class SeenLine(Input, frozen=True):
    """A line that the phone saw in the cart."""

    id: IdText
    version: Annotated[int, msgspec.Meta(ge=1, le=CHANGES_MAX)]


class SendCart(Input, frozen=True):
    """What is sent to order what is in the cart: these lines, which the quote priced at `seen_due_fen`."""

    id: IdText
    lines: Annotated[tuple[SeenLine, ...], msgspec.Meta(min_length=1, max_length=CART_MAX)]
    seen_due_fen: Fen
    note: Text = ""


class Sent(msgspec.Struct, frozen=True):
    """What was ordered: the bill on which it stands, and the lines."""

    order_id: str
    line_ids: list[str]


SENT = change(
    update(cart_line)
    .where(cart_line.c.id == par("id", Id), cart_line.c.version == par("version", Int), cart_line.c.state == "open")
    .values(state="sent", round_id=par("round_id", Id)),
    guard="floor_seating_moved",
)


BACK = change(
    update(cart_line)
    .where(cart_line.c.id == par("id", Id), cart_line.c.round_id == par("round_id", Id))
    .values(state="open", round_id=None, version=cart_line.c.version + 1)
)
OF_ROUND = Read(
    select(*[cart_line.c[name] for name in CartRow.__struct_fields__]).where(
        cart_line.c.round_id == par("round_id", Id)
    ),
    CartRow,
)


@script
def send(asked: SendCart, *, guest_id: str, epoch: int, place: ordering.WhereOf, is_open: IsOpen) -> Steps[Sent]:
    """Order lines of the cart, once per `asked.id`: the first time as a bill, later as a round of the bill that is open.

    Where the tables of the store pay first each round is an order of its own, which is made once it is paid.
    Refuses `CartChanged` where a line is not as it was seen, `ordering.PriceChanged`, `SeatingBilled`, and what ordering refuses;
    then nothing was ordered.
    """
    who = yield from at_table(guest_id, epoch)
    seating, mark = who.seating, fingerprint([guest_id, asked])
    known, lines, of, seats = yield from together(
        made_before(asked.id),
        CART_LINES(ids=[each.id for each in asked.lines]),
        ORDERS(seating_id=seating.id),
        SEATS(seating_id=seating.id),
    )
    if is_same(known, mark):
        return (yield from _sent_before(asked, [each.order_id for each in of]))
    if seating.state != "open":
        raise SeatingBilled(seating_id=seating.id)
    if not is_open(seating.store_id):
        raise StoreClosed(store_id=seating.store_id)
    choices = [
        msgspec.structs.replace(choice_of(each), guest=mark_of(each.guest_id))
        for each in _as_seen(asked, lines, seating)
    ]
    bills = yield from rows(ordering.bill_rows([each.order_id for each in of]))
    where, by = place(seating.store_id), on_behalf(guest_id)
    bill = None if where.pays_first("dine_in") else next((each for each in bills if each.takes_more), None)
    if bill is None and len(of) >= BILLS_MAX:
        raise TooManyBills(limit=BILLS_MAX)
    cart = cart_of(choices, seating, table_id=seats[0].table_id if seats else None, first=is_first(bills))
    quoted = yield from ordering.quote(cart, actor=by, where=where)
    if quoted.priced.due_fen != asked.seen_due_fen:
        priced = msgspec.to_builtins(quoted.priced)
        raise ordering.PriceChanged(seen_fen=asked.seen_due_fen, due_fen=quoted.priced.due_fen, priced=priced)
    changes = _ordered(asked, seating, mark)
    if bill:
        more = ordering.AddRound(id=asked.id, lines=tuple(choices))
        yield from beside(ordering.add_round(bill.id, more, actor=by, where=where), changes)
        return Sent(bill.id, [each.id for each in asked.lines])
    order = _order(asked, cart)
    changes.append(NEW_ORDER(order_id=order.id, seating_id=seating.id, round_id=asked.id))
    yield from beside(ordering.place(order, actor=by, where=where), changes)
    return Sent(order.id, [each.id for each in asked.lines])


def on_cancelled(event: OrderCancelled, at: datetime) -> Steps[list[Change]]:
    """Put the dishes of a round that had to be paid first, and that nobody paid in time, back into the cart as they were put there."""
    found = yield from rows(BY_ORDERS(order_ids=[event.order_id]))
    round_id = found[0].round_id if found and event.reason == ordering.TIMED_OUT else None
    if round_id is None:
        return []
    lines = yield from rows(OF_ROUND(round_id=round_id))
    seatings = yield from rows(SEATINGS(ids=list(dict.fromkeys(each.seating_id for each in lines))))
    there = [each.id for each in seatings if each.state != "closed"]
    if not there:
        return []
    return [
        BACK.many([{"id": each.id, "round_id": round_id} for each in lines if each.seating_id in there]),
        *[stays_open(each) for each in there],
        topics.moved(*map(topics.seating_of, there)),
    ]


def _sent_before(asked: SendCart, order_ids: Sequence[str]) -> Steps[Sent]:
    """Return on which of a seating's bills lines stand that were ordered before: the one they opened, or the one of their round."""
    made = derived_id(asked.id, "order")
    order_id = made if made in order_ids else (yield from ordering.order_of_round(asked.id))
    return Sent(order_id or made, [each.id for each in asked.lines])


def _as_seen(asked: SendCart, found: Sequence[CartRow], seating: SeatingRow) -> list[CartRow]:
    """Return the lines in the order in which they are sent; refuses `CartChanged` where one is not as it was seen."""
    there = {each.id: each for each in found if each.seating_id == seating.id}
    lines = [there.get(each.id) for each in asked.lines]
    good = [
        row
        for row, seen in zip(lines, asked.lines, strict=True)
        if row and row.state == "open" and row.version == seen.version
    ]
    if len({each.id for each in good}) != len(asked.lines):
        raise CartChanged(lines=[msgspec.to_builtins(state_of(each)) for each in there.values()])
    return good


def _ordered(asked: SendCart, seating: SeatingRow, mark: str) -> list[Change]:
    return [
        SENT.many([{"id": each.id, "version": each.version, "round_id": asked.id} for each in asked.lines]),
        goes_on(seating),
        remember(asked.id, mark),
        topics.moved(topics.seating_of(seating.id), topics.floor_of(seating.store_id)),
    ]


def _order(asked: SendCart, cart: ordering.Cart) -> ordering.PlaceOrder:
    return ordering.PlaceOrder(
        id=derived_id(asked.id, "order"),
        store_id=cart.store_id,
        kind="dine_in",
        channel=CHANNEL,
        lines=cart.lines,
        seen_due_fen=asked.seen_due_fen,
        table_id=cart.table_id,
        party=cart.party,
        member_id=cart.member_id,
        note=asked.note,
    )
