"""The first order of a member: known when a cart is priced, and kept to one by a constraint when two are placed at once."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import delete, select, update

from goodtaste.kernel.db import Change, Id, Query, Read, change, insert, par
from goodtaste.ordering.tables import first, order

GUARD = "ordering_first_pkey"


class Before(msgspec.Struct, frozen=True):
    """An order of the member that came before."""

    order_id: str


PAID = Read(
    select(order.c.id.label("order_id"))
    .where(
        order.c.member_id == par("member_id", Id),
        order.c.pay_state.in_(["paid", "partly_refunded"]),
        order.c.id != par("order_id", Id),
    )
    .limit(1),
    Before,
)
TAKEN = Read(
    select(first.c.order_id).where(first.c.member_id == par("member_id", Id), first.c.order_id != par("order_id", Id)),
    Before,
)
NEW = insert(first)
MOVED = change(
    update(first)
    .where(first.c.member_id == par("member_id", Id), first.c.order_id == par("order_id", Id))
    .values(order_id=par("to_order_id", Id)),
    guard="ordering_first_gone",
)
GONE = change(delete(first).where(first.c.member_id == par("member_id", Id), first.c.order_id == par("order_id", Id)))
NO_ORDER = "00000000-0000-8000-8000-000000000000"


def before(member_id: str, *, order_id: str = "") -> list[Query[Any]]:
    """Return the queries of what came before an order: one that is paid and not all refunded, or one that took the price of a first."""
    asked = {"member_id": member_id, "order_id": order_id or NO_ORDER}
    return [PAID(**asked), TAKEN(**asked)]


def take(member_id: str, order_id: str) -> Change:
    """Keep that this order took the price of a first one; `GUARD` stops a second."""
    return NEW(member_id=member_id, order_id=order_id)


def carry(member_id: str, order_id: str, to_order_id: str) -> Change:
    """Let the price of a first order go from one that is taken back to the bill that goes on in its place."""
    return MOVED(member_id=member_id, order_id=order_id, to_order_id=to_order_id)


def give_back(member_id: str, order_id: str) -> Change:
    """Let the member's next order be their first: this one was cancelled, or refunded whole."""
    return GONE(member_id=member_id, order_id=order_id)
