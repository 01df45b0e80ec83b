"""What is seen of seatings: the map of a store's tables, a seating in full, and what a phone at the table shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from goodtaste.floor.kitchen.rows import OF_ORDERS, DishRow
from goodtaste.floor.kitchen.views import DishProgress, dishes_of
from goodtaste.floor.seating.cart import CartLine, cart_of, is_first, on_behalf, shown
from goodtaste.floor.seating.rows import (
    CART,
    GUESTS,
    OPEN_IN,
    ORDERS,
    ORDERS_OF,
    SEATING,
    SEATS,
    SEATS_OF,
    GuestRow,
    SeatingRow,
    at_table,
    seating_of,
)
from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.db import Steps, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.ordering import api as ordering
from goodtaste.org.api import Directory

K = TypeVar("K")
V = TypeVar("V")


class Party(msgspec.Struct, frozen=True):
    """A party at a table of the map; `slot` 2 is the second one of a shared table.  due_fen is what its bills still owe.

    `to_make` pieces are still to be made for it, `ready` wait to be carried to it.
    """

    id: str
    slot: int
    state: str
    party: int
    waiter_id: str | None
    opened_at: datetime
    bills: int
    due_fen: int
    to_make: int
    ready: int


class MapTable(msgspec.Struct, frozen=True):
    """A table of the map, with who sits there."""

    table_id: str
    label: str
    area: str
    seats: int
    parties: list[Party]


class GuestView(msgspec.Struct, frozen=True):
    """A phone at the table, as the others see it; lines of the bill bear its `mark`."""

    id: str
    mark: str
    name: str
    colour: int
    is_member: bool


class SeatingView(msgspec.Struct, frozen=True):
    """A seating in full: `quote` prices what is in the cart by itself, and is null where nothing in it can be ordered.

    `pay_first`: what is ordered now is a round that is made once it is paid; else it goes onto the bill.
    """

    id: str
    store_id: str
    state: str
    party: int
    waiter_id: str | None
    tables: list[str]
    table_ids: list[str]
    opened_at: datetime
    closed_at: datetime | None
    merged_into: str | None
    version: int
    guests: list[GuestView]
    cart: list[CartLine]
    pay_first: bool
    quote: ordering.Quote | None
    bills: list[ordering.TableBill]
    dishes: list[DishProgress]


@script
def map_of(store_id: str, *, actor: Actor, directory: Directory) -> Steps[list[MapTable]]:
    """Return the tables of a store by area and label, with who sits there."""
    actor.need("order.read", store_id=store_id)
    directory.store(store_id)
    return (yield from tables_of(store_id, directory))


def tables_of(store_id: str, directory: Directory) -> Steps[list[MapTable]]:
    """Read the map of a store."""
    open_ = yield from rows(OPEN_IN(store_id=store_id))
    ids = [each.id for each in open_]
    seats, of = yield from together(SEATS_OF(seating_ids=ids), ORDERS_OF(seating_ids=ids))
    order_ids = [each.order_id for each in of]
    found, made = yield from together(ordering.bill_rows(order_ids), OF_ORDERS(order_ids=order_ids))
    bills, owner = {each.id: each for each in found}, {each.order_id: each.seating_id for each in of}
    orders = _grouped([(each.seating_id, bills[each.order_id]) for each in of if each.order_id in bills])
    dishes = _grouped([(owner[each.order_id], each) for each in made])
    by_id = {each.id: each for each in open_}
    at = _grouped(
        [
            (each.table_id, _party(by_id[each.seating_id], each.slot, orders[each.seating_id], dishes[each.seating_id]))
            for each in seats
        ]
    )
    tables = [
        each for each in directory.tables.values() if each.store_id == store_id and (each.active or each.id in at)
    ]
    return [
        MapTable(each.id, each.label, each.area, each.seats, sorted(at[each.id], key=lambda p: p.slot))
        for each in sorted(tables, key=lambda each: (each.area, each.label))
    ]


def _grouped(pairs: Sequence[tuple[K, V]]) -> Mapping[K, list[V]]:
    found: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def _party(row: SeatingRow, slot: int, bills: Sequence[ordering.BillRow], dishes: Sequence[DishRow]) -> Party:
    return Party(
        id=row.id,
        slot=slot,
        state=row.state,
        party=row.party,
        waiter_id=row.waiter_id,
        opened_at=row.opened_at,
        bills=len(bills),
        due_fen=sum(each.due_fen for each in bills if each.owes),
        to_make=sum(each.waiting + each.cooking for each in dishes),
        ready=sum(each.ready for each in dishes),
    )


@script
def one(seating_id: str, *, actor: Actor, directory: Directory, place: ordering.WhereOf) -> Steps[SeatingView]:
    """Return a seating as the staff of its store see it; refuses `SeatingUnknown`."""
    row = seating_of((yield from rows(SEATING(id=seating_id))), seating_id, actor=actor)
    return (yield from whole(row, directory, place))


@script
def store_of(seating_id: str, *, actor: Actor) -> Steps[str]:
    """Return the store of a seating; refuses `SeatingUnknown`, and `NotAllowed` to the staff of other stores."""
    return seating_of((yield from rows(SEATING(id=seating_id))), seating_id, actor=actor).store_id


@script
def seating_of_phone(guest_id: str, epoch: int) -> Steps[str]:
    """Return at which seating a phone sits; refuses `SeatingOver`."""
    who = yield from at_table(guest_id, epoch)
    return who.seating.id


class SplitBill(ordering.Split, frozen=True, kw_only=True):
    """Which bill of the table is to be shared, and how."""

    order_id: IdText


@script
def shares_of(asked: SplitBill, *, guest_id: str, epoch: int) -> Steps[ordering.Shares]:
    """Return a bill of the table in shares, to any phone that sits there; refuses `OrderUnknown`, `SplitDoesNotAddUp`."""
    who = yield from at_table(guest_id, epoch)
    if asked.order_id not in {each.order_id for each in (yield from rows(ORDERS(seating_id=who.seating.id)))}:
        raise ordering.OrderUnknown(order_id=asked.order_id)
    how = ordering.Split(ways=asked.ways, amounts_fen=asked.amounts_fen, lines=asked.lines)
    return (yield from ordering.shares(asked.order_id, how, actor=SYSTEM))


@script
def of_phone(guest_id: str, epoch: int, *, directory: Directory, place: ordering.WhereOf) -> Steps[SeatingView]:
    """Return a seating as a phone at the table sees it; refuses `SeatingOver`."""
    who = yield from at_table(guest_id, epoch)
    return (yield from whole(who.seating, directory, place))


def whole(row: SeatingRow, directory: Directory, place: ordering.WhereOf) -> Steps[SeatingView]:
    """Read a seating in full, with its cart priced at this moment."""
    seats, guests, cart, of = yield from together(
        SEATS(seating_id=row.id), GUESTS(seating_id=row.id), CART(seating_id=row.id), ORDERS(seating_id=row.id)
    )
    bills = yield from ordering.bills([each.order_id for each in of])
    dishes = yield from dishes_of([each.order_id for each in of])
    where, table_ids = place(row.store_id), [each.table_id for each in seats]
    lines = shown(cart, row, where)
    quote = yield from _quote(row, lines, bills, table_ids, where)
    tables = sorted(directory.tables[each].label for each in table_ids if each in directory.tables)
    return SeatingView(
        id=row.id,
        store_id=row.store_id,
        state=row.state,
        party=row.party,
        waiter_id=row.waiter_id,
        tables=tables,
        table_ids=table_ids,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        merged_into=row.merged_into,
        version=row.version,
        guests=[_guest(each) for each in guests],
        cart=lines,
        pay_first=where.pays_first("dine_in"),
        quote=quote,
        bills=bills,
        dishes=dishes,
    )


def _guest(row: GuestRow) -> GuestView:
    return GuestView(row.id, row.mark, row.name, row.colour, row.member_id is not None)


def _quote(
    row: SeatingRow,
    lines: Sequence[CartLine],
    bills: Sequence[ordering.TableBill],
    table_ids: Sequence[str],
    where: ordering.Place,
) -> Steps[ordering.Quote | None]:
    """Price what is in the cart; a party in the name of a member who is gone or frozen sees no price, and is refused when it sends."""
    choices = [each.choice for each in lines if each.fault is None]
    if not choices or row.state == "closed":
        return None
    cart = cart_of(choices, row, table_id=table_ids[0] if table_ids else None, first=is_first(bills))
    try:
        return (yield from ordering.quote(cart, actor=on_behalf(row.id), where=where))
    except Refusal:
        return None
