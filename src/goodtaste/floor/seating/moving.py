"""Parties that move: to other tables, together, apart, and from one waiter to another.  What they ordered and paid goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec
from sqlalchemy import delete, update

from goodtaste.floor.live import topics
from goodtaste.floor.seating.opening import Party, Tables, free_slots, new_row, opened, works_here
from goodtaste.floor.seating.rows import (
    AT_TABLES,
    BILLS_MAX,
    BY_ORDERS,
    GUESTS,
    GUESTS_MAX,
    NEW_ORDER,
    NEW_SEATS,
    ORDERS,
    SEATING,
    SEATINGS,
    SEATS,
    TABLES_MAX,
    OfSeating,
    Seat,
    SeatingRow,
    goes_on,
    seating_of,
    still,
)
from goodtaste.floor.seating.tables import cart_line, guest, seated, seating, seating_order
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Int, Moment, Steps, change, first, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Input, Reason, Text
from goodtaste.ordering import api as ordering
from goodtaste.org.api import Directory


class OtherStore(Refusal):
    """Raised when parties of two stores are to be brought together.  Facts: `seating_id`."""

    code = "floor.other_store"


class TooMuch(Refusal):
    """Raised when a seating would have more tables or bills than it may.  Facts: `what`, `limit`."""

    code = "floor.too_much"


class NotOfSeating(Refusal):
    """Raised when a bill or a phone is to go with a party that is not of the one it leaves.  Facts: `what`, `id`."""

    code = "floor.not_of_seating"


class MoveTables(Input, frozen=True):
    """What is sent to let a party sit at these tables, and at no others.  `share`: beside the party that sits there."""

    table_ids: Tables
    share: bool = False
    reason: Text = ""


class Merge(Input, frozen=True):
    """What is sent to bring another party into this one: its tables, phones, cart and bills."""

    from_id: IdText
    reason: Text = ""


class Part(Input, frozen=True):
    """What is sent to let a part of a party sit by itself, with its bills and phones: `table_ids` are free ones, or some it sits at."""

    id: IdText
    table_ids: Tables
    party: Party
    order_ids: Annotated[tuple[IdText, ...], msgspec.Meta(max_length=BILLS_MAX)] = ()
    guest_ids: Annotated[tuple[IdText, ...], msgspec.Meta(max_length=GUESTS_MAX)] = ()
    share: bool = False


class TakeBill(Input, frozen=True):
    """What is sent to let a bill be this party's: one of a shared table that nobody's is yet, or another party's."""

    order_id: IdText


class Transfer(Input, frozen=True):
    """What is sent to give a party to another waiter."""

    waiter_id: IdText
    reason: Reason


class Resize(Input, frozen=True):
    """What is sent when more people come, or some leave."""

    party: Party


LEAVE = change(
    delete(seated).where(seated.c.table_id == par("table_id", Id), seated.c.slot == par("slot", Int)),
    guard="floor_seating_moved",
)
SEATS_GO = change(
    update(seated)
    .where(seated.c.table_id == par("table_id", Id), seated.c.slot == par("slot", Int))
    .values(seating_id=par("to", Id)),
    guard="floor_seating_moved",
)
GUESTS_GO = change(update(guest).where(guest.c.seating_id == par("from", Id)).values(seating_id=par("to", Id)))
CART_GOES = change(update(cart_line).where(cart_line.c.seating_id == par("from", Id)).values(seating_id=par("to", Id)))
GUEST_GOES = change(
    update(guest)
    .where(guest.c.id == par("id", Id), guest.c.seating_id == par("from", Id))
    .values(seating_id=par("to", Id)),
    guard="floor_seating_moved",
)
GUESTS_CART_GOES = change(
    update(cart_line)
    .where(cart_line.c.guest_id == par("id", Id), cart_line.c.seating_id == par("from", Id))
    .values(seating_id=par("to", Id))
)
BILL_GOES = change(
    update(seating_order)
    .where(seating_order.c.order_id == par("order_id", Id), seating_order.c.seating_id == par("from", Id))
    .values(seating_id=par("to", Id)),
    guard="floor_seating_moved",
)
MERGED = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.version == par("seen", Int), seating.c.state != "closed")
    .values(state="closed", closed_at=par("at", Moment), merged_into=par("into", Id), version=seating.c.version + 1),
    guard="floor_seating_moved",
)
SIZED = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.version == par("seen", Int))
    .values(party=par("party", Int), version=seating.c.version + 1),
    guard="floor_seating_moved",
)
GIVEN = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.version == par("seen", Int))
    .values(waiter_id=par("waiter_id", Id), version=seating.c.version + 1),
    guard="floor_seating_moved",
)


@script
def move(seating_id: str, asked: MoveTables, *, actor: Actor, directory: Directory, at: datetime) -> Steps[SeatingRow]:
    """Let a party sit at other tables, or at more or fewer; where it sits there already, nothing changes.

    Its bills stand at the first of them.  Refuses `TableTaken`, `TableUnknown`, `SeatingOver`.
    """
    found, seats, of, there = yield from together(
        SEATING(id=seating_id),
        SEATS(seating_id=seating_id),
        ORDERS(seating_id=seating_id),
        AT_TABLES(table_ids=list(asked.table_ids)),
    )
    row = still(seating_of(found, seating_id, actor=actor))
    wanted, sits = dict.fromkeys(asked.table_ids), {each.table_id for each in seats}
    if wanted.keys() == sits:
        return row
    for table_id in wanted:
        directory.table(table_id, store_id=row.store_id)
    others = [each for each in there if each.seating_id != seating_id]
    slots = free_slots([each for each in wanted if each not in sits], others, share=asked.share)
    yield [
        goes_on(row),
        LEAVE.many([{"table_id": s.table_id, "slot": s.slot} for s in seats if s.table_id not in wanted]),
        NEW_SEATS.many([{"table_id": table, "slot": slot, "seating_id": seating_id} for table, slot in slots]),
        *_stand(of, asked.table_ids[0]),
        _told(row),
        _noted("floor.moved", row, actor, at, reason=asked.reason, before=sorted(sits), tables=list(wanted)),
    ]
    return msgspec.structs.replace(row, version=row.version + 1)


def _stand(of: Sequence[OfSeating], table_id: str) -> list[Change]:
    return [ordering.carried([each.order_id for each in of], table_id)]


def _told(*seatings: SeatingRow) -> Change:
    names = [topics.seating_of(each.id) for each in seatings]
    return topics.moved(topics.floor_of(seatings[0].store_id), *names)


def _noted(action: str, row: SeatingRow, actor: Actor, at: datetime, *, reason: str = "", **facts: object) -> Change:
    return audit.note(actor, action, subject=f"seating/{row.id}", store_id=row.store_id, at=at, reason=reason, **facts)


@script
def merge(seating_id: str, asked: Merge, *, actor: Actor, at: datetime) -> Steps[SeatingRow]:
    """Bring another party of the store into this one; it is over, and its phones sit here.  Done again it changes nothing."""
    both, seats, of, theirs = yield from together(
        SEATINGS(ids=[seating_id, asked.from_id]),
        SEATS(seating_id=seating_id),
        ORDERS(seating_id=seating_id),
        SEATS(seating_id=asked.from_id),
    )
    row = still(seating_of([each for each in both if each.id == seating_id], seating_id, actor=actor))
    other = seating_of([each for each in both if each.id == asked.from_id], asked.from_id, actor=actor)
    if other.merged_into == row.id:
        return row
    if still(other).store_id != row.store_id or other.id == row.id:
        raise OtherStore(seating_id=other.id)
    their_orders = yield from rows(ORDERS(seating_id=other.id))
    _bounded(seats, theirs, of, their_orders)
    both_at = {each.table_id for each in seats}
    party = min(row.party + other.party, ordering.PARTY_MAX)
    yield [
        SIZED(id=row.id, seen=row.version, party=party),
        MERGED(id=other.id, seen=other.version, into=row.id, at=at),
        SEATS_GO.many(
            [{"table_id": s.table_id, "slot": s.slot, "to": row.id} for s in theirs if s.table_id not in both_at]
        ),
        LEAVE.many([{"table_id": s.table_id, "slot": s.slot} for s in theirs if s.table_id in both_at]),
        GUESTS_GO(**{"from": other.id, "to": row.id}),
        CART_GOES(**{"from": other.id, "to": row.id}),
        _bills_go(their_orders, other.id, row.id),
        _told(row, other),
        _noted(
            "floor.merged", row, actor, at, reason=asked.reason, from_id=other.id, tables=[s.table_id for s in theirs]
        ),
    ]
    return msgspec.structs.replace(row, party=party, version=row.version + 1)


def _bounded(seats: Sequence[Seat], more: Sequence[Seat], of: Sequence[OfSeating], orders: Sequence[OfSeating]) -> None:
    if len(seats) + len(more) > TABLES_MAX:
        raise TooMuch(what="tables", limit=TABLES_MAX)
    if len(of) + len(orders) > BILLS_MAX:
        raise TooMuch(what="bills", limit=BILLS_MAX)


def _bills_go(of: Sequence[OfSeating], from_: str, to: str) -> Change:
    return BILL_GOES.many([{"order_id": each.order_id, "from": from_, "to": to} for each in of])


@script
def part(
    seating_id: str, asked: Part, *, actor: Actor, directory: Directory, today: date, at: datetime
) -> Steps[SeatingRow]:
    """Let a part of a party sit by itself, once per `asked.id`; bills and phones that are named go with it.

    Refuses `NotOfSeating`, `TableTaken`, and to leave the party without a table.
    """
    found, before, seats, there = yield from together(
        SEATING(id=seating_id),
        SEATING(id=asked.id),
        SEATS(seating_id=seating_id),
        AT_TABLES(table_ids=list(asked.table_ids)),
    )
    row, mark = seating_of(found, seating_id, actor=actor), fingerprint([seating_id, asked])
    if before:
        same_or_taken(before[0].fingerprint, mark, id_=asked.id)
        return before[0]
    still(row)
    of, guests = yield from together(ORDERS(seating_id=seating_id), GUESTS(seating_id=seating_id))
    _of_seating("bill", asked.order_ids, {each.order_id for each in of})
    _of_seating("phone", asked.guest_ids, {each.id for each in guests})
    for table_id in asked.table_ids:
        directory.table(table_id, store_id=row.store_id)
    own = [each for each in seats if each.table_id in asked.table_ids]
    if len(own) == len(seats):
        raise TooMuch(what="tables", limit=len(seats) - 1)
    sits = {each.table_id for each in own}
    slots = free_slots([each for each in asked.table_ids if each not in sits], there, share=asked.share)
    made = new_row(asked.id, row.store_id, party=asked.party, opened_by=actor.id, mark=mark, today=today, at=at)
    made = msgspec.structs.replace(made, waiter_id=row.waiter_id)
    went = {"from": row.id, "to": made.id}
    yield [
        SIZED(id=row.id, seen=row.version, party=max(row.party - asked.party, 1)),
        *opened(made, slots),
        SEATS_GO.many([{"table_id": each.table_id, "slot": each.slot, "to": made.id} for each in own]),
        BILL_GOES.many([{"order_id": each, **went} for each in dict.fromkeys(asked.order_ids)]),
        GUEST_GOES.many([{"id": each, **went} for each in dict.fromkeys(asked.guest_ids)]),
        GUESTS_CART_GOES.many([{"id": each, **went} for each in dict.fromkeys(asked.guest_ids)]),
        ordering.carried(list(dict.fromkeys(asked.order_ids)), asked.table_ids[0]),
        topics.moved(topics.seating_of(row.id)),
        _noted(
            "floor.parted", row, actor, at, to_id=made.id, tables=list(asked.table_ids), bills=list(asked.order_ids)
        ),
    ]
    return made


def _of_seating(what: str, ids: Sequence[str], own: set[str]) -> None:
    for id_ in ids:
        if id_ not in own:
            raise NotOfSeating(what=what, id=id_)


@script
def take_bill(seating_id: str, asked: TakeBill, *, actor: Actor, at: datetime) -> Steps[SeatingRow]:
    """Let a bill be one of this party's, whosever it was; where it is already, nothing changes.  Refuses `NotOfSeating`, `TooMuch`."""
    found, seats, of, bills = yield from together(
        SEATING(id=seating_id),
        SEATS(seating_id=seating_id),
        ORDERS(seating_id=seating_id),
        ordering.bill_rows([asked.order_id]),
    )
    row = still(seating_of(found, seating_id, actor=actor))
    if not bills or bills[0].store_id != row.store_id or bills[0].kind != "dine_in":
        raise NotOfSeating(what="bill", id=asked.order_id)
    if any(each.order_id == asked.order_id for each in of):
        return row
    _bounded([], [], of, [OfSeating(asked.order_id, row.id, None)])
    owner = yield from first(BY_ORDERS(order_ids=[asked.order_id]))
    went = {"order_id": asked.order_id, "from": owner.seating_id, "to": row.id} if owner else {}
    yield [
        goes_on(row),
        BILL_GOES(**went) if owner else NEW_ORDER(order_id=asked.order_id, seating_id=row.id, round_id=None),
        ordering.carried([asked.order_id], seats[0].table_id),
        topics.moved(*([topics.seating_of(owner.seating_id)] if owner else [])),
        _told(row),
        _noted("floor.bill_taken", row, actor, at, order_id=asked.order_id, before=owner.seating_id if owner else None),
    ]
    return msgspec.structs.replace(row, version=row.version + 1)


@script
def transfer(
    seating_id: str, asked: Transfer, *, actor: Actor, directory: Directory, at: datetime
) -> Steps[SeatingRow]:
    """Give a party to another waiter of the store.  Refuses `WaiterUnknown`."""
    row = still(seating_of((yield from rows(SEATING(id=seating_id))), seating_id, actor=actor))
    works_here(directory, asked.waiter_id, store_id=row.store_id)
    if row.waiter_id == asked.waiter_id:
        return row
    yield [
        GIVEN(id=row.id, seen=row.version, waiter_id=asked.waiter_id),
        _told(row),
        _noted(
            "floor.transferred", row, actor, at, reason=asked.reason, before=row.waiter_id, waiter_id=asked.waiter_id
        ),
    ]
    return msgspec.structs.replace(row, waiter_id=asked.waiter_id, version=row.version + 1)


@script
def resize(seating_id: str, asked: Resize, *, actor: Actor, at: datetime) -> Steps[SeatingRow]:
    """Write how many people sit at a table now."""
    row = still(seating_of((yield from rows(SEATING(id=seating_id))), seating_id, actor=actor))
    if row.party == asked.party:
        return row
    yield [
        SIZED(id=row.id, seen=row.version, party=asked.party),
        _told(row),
        _noted("floor.resized", row, actor, at, before=row.party, party=asked.party),
    ]
    return msgspec.structs.replace(row, party=asked.party, version=row.version + 1)
