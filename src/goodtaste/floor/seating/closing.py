"""The end of a seating: the bill is asked for, paid, and the table is free; nothing that is owed is left behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import delete, update

from goodtaste.events.ordering import LinesMoved, MemberChanged, OrderPaid, OrderPlaced
from goodtaste.floor.live import topics
from goodtaste.floor.seating.rows import (
    AT_TABLES,
    BY_ORDERS,
    CART_COUNT,
    NEW_ORDER,
    ORDERS,
    RULES,
    SEATING,
    SEATS,
    OfSeating,
    Seat,
    SeatingRow,
    StoreRules,
    seating_of,
    stays_open,
    still,
)
from goodtaste.floor.seating.tables import seated, seating
from goodtaste.kernel import audit
from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.db import Change, Id, Int, Moment, Steps, Str, change, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input, Text
from goodtaste.ordering import api as ordering


class Unpaid(Refusal):
    """Raised when a table is to be closed while something on it is unpaid.  Facts: `order_ids`, `due_fen`."""

    code = "floor.unpaid"


class Billed(Input, frozen=True):
    """What is sent when the bill is asked for, or when the party wants more after all."""

    billed: bool


class Close(Input, frozen=True):
    """What is sent when a party has left."""

    reason: Text = ""


IN_NAME_OF = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.member_id.is_not_distinct_from(par("was", Id)))
    .values(member_id=par("member_id", Id))
)
STATE = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.version == par("seen", Int), seating.c.state != "closed")
    .values(state=par("state", Str), version=seating.c.version + 1),
    guard="floor_seating_moved",
)
CLOSED = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.version == par("seen", Int), seating.c.state != "closed")
    .values(state="closed", closed_at=par("at", Moment), version=seating.c.version + 1),
    guard="floor_seating_moved",
)
FREE = change(delete(seated).where(seated.c.seating_id == par("seating_id", Id)))


@script
def billed(seating_id: str, asked: Billed, *, actor: Actor) -> Steps[SeatingRow]:
    """Let no phone order more while the bill is settled, or let them order again."""
    row = still(seating_of((yield from rows(SEATING(id=seating_id))), seating_id, actor=actor))
    state = "billed" if asked.billed else "open"
    if row.state == state:
        return row
    yield [
        STATE(id=row.id, seen=row.version, state=state),
        topics.moved(topics.seating_of(row.id), topics.floor_of(row.store_id)),
    ]
    return msgspec.structs.replace(row, state=state, version=row.version + 1)


@script
def close(seating_id: str, asked: Close, *, actor: Actor, at: datetime) -> Steps[SeatingRow]:
    """Free the tables of a party; closing it again changes nothing.  Refuses `Unpaid` while anything on its bills is owed."""
    found, seats, of = yield from together(
        SEATING(id=seating_id), SEATS(seating_id=seating_id), ORDERS(seating_id=seating_id)
    )
    row = seating_of(found, seating_id, actor=actor)
    if row.state == "closed":
        return row
    bills = yield from _bills(row, seats, of)
    if owing := [each for each in bills if each.owes]:
        raise Unpaid(order_ids=[each.id for each in owing], due_fen=sum(each.due_fen for each in owing))
    yield _closed(row, actor=actor, reason=asked.reason, at=at)
    return msgspec.structs.replace(row, state="closed", closed_at=at, version=row.version + 1)


def _bills(row: SeatingRow, seats: Sequence[Seat], of: Sequence[OfSeating]) -> Steps[list[ordering.BillRow]]:
    """Read the bills of a party, and those owing at its tables that are no other party's."""
    own, tables = [each.order_id for each in of], [each.table_id for each in seats]
    bills, there = yield from together(
        ordering.bill_rows(own), ordering.owing_at(row.store_id, tables, since=row.opened_at)
    )
    strays = [each for each in there if each.id not in own]
    taken = yield from rows(BY_ORDERS(order_ids=[each.id for each in strays]))
    others = {each.order_id for each in taken if each.seating_id != row.id}  # one of its own may have come meanwhile
    return [*bills, *(each for each in strays if each.id not in others)]


def _closed(row: SeatingRow, *, actor: Actor, reason: str, at: datetime) -> list[Change]:
    return [
        CLOSED(id=row.id, seen=row.version, at=at),
        FREE(seating_id=row.id),
        topics.moved(topics.seating_of(row.id), topics.floor_of(row.store_id)),
        audit.note(
            actor,
            "floor.closed",
            subject=f"seating/{row.id}",
            store_id=row.store_id,
            at=at,
            reason=reason,
            party=row.party,
        ),
    ]


def on_placed(event: OrderPlaced, at: datetime) -> Steps[list[Change]]:
    """Let an order that was placed for a table be a bill of who sits there."""
    return (yield from _attached(event))


def on_paid(event: OrderPaid, at: datetime) -> Steps[list[Change]]:
    """Close a seating whose last bill was paid, where its store does so and nothing is in its cart.

    A party that pays each round before it is made stays until the staff free its tables.  An order that was paid as it was placed is a
    bill of who sits there.
    """
    [found] = yield [BY_ORDERS(order_ids=[event.order_id])]
    if not found:
        return (yield from _attached(event))
    seating_id = found[0].seating_id
    [row], of, rules, seats, [cart] = yield from together(
        SEATING(id=seating_id),
        ORDERS(seating_id=seating_id),
        RULES(store_id=event.store_id),
        SEATS(seating_id=seating_id),
        CART_COUNT(seating_id=seating_id, state="open"),
    )
    changes = [topics.moved(topics.seating_of(row.id), topics.floor_of(row.store_id))]
    if row.state == "closed" or cart.n or not (rules[0] if rules else StoreRules()).close_when_paid:
        return changes
    bills = yield from _bills(row, seats, of)
    if any(each.owes or each.pay_first for each in bills):
        return changes
    return _closed(row, actor=SYSTEM, reason="paid", at=at)


def on_moved(event: LinesMoved, at: datetime) -> Steps[list[Change]]:
    """Let a bill that was split off be one of the party whose bill it was."""
    found = {
        each.order_id: each.seating_id
        for each in (yield from rows(BY_ORDERS(order_ids=[event.from_order_id, event.to_order_id])))
    }
    seating_id = found.get(event.from_order_id)
    if seating_id is None or event.to_order_id in found:
        return []
    return [
        NEW_ORDER(order_id=event.to_order_id, seating_id=seating_id, round_id=None),
        stays_open(seating_id),
        topics.moved(topics.seating_of(seating_id), topics.floor_of(event.store_id)),
    ]


def on_member(event: MemberChanged, at: datetime) -> Steps[list[Change]]:
    """Let what a party orders next be in the name of whose its bill is now, if it was in the name of whose the bill was."""
    found = yield from rows(BY_ORDERS(order_ids=[event.order_id]))
    if not found:
        return []
    return [IN_NAME_OF(id=found[0].seating_id, was=event.was, member_id=event.member_id)]


def _attached(event: OrderPlaced | OrderPaid) -> Steps[list[Change]]:
    """Return the change that makes an order a bill of the one party at its table; where two share it, the staff say whose it is."""
    if event.kind != "dine_in" or event.table_id is None:
        return []
    found, there = yield from together(BY_ORDERS(order_ids=[event.order_id]), AT_TABLES(table_ids=[event.table_id]))
    if found or len(there) != 1:
        return []
    [row] = yield from rows(SEATING(id=there[0].seating_id))
    return [
        stays_open(row.id),
        NEW_ORDER(order_id=event.order_id, seating_id=row.id, round_id=None),
        topics.moved(topics.seating_of(row.id), topics.floor_of(row.store_id)),
    ]
