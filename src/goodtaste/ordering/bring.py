"""Where an order is brought to: the member's address as it was when they ordered, sealed under their key still."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, ForeignKey, Index, select

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Read, Steps, Str, create_table, first, insert, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.secrets import Keyring
from goodtaste.member import api as members
from goodtaste.ordering.asked import PlaceOrder
from goodtaste.ordering.orders import ORDER, may_see
from goodtaste.ordering.spot import Place

MAY_BRING = "order.advance"  # who takes an order further is who brings it

delivery = create_table(
    "ordering_delivery",
    Column("order_id", Id, ForeignKey("ordering_order.id"), primary_key=True),
    Column("member_id", Id, nullable=False),
    Column("sealed", Str, nullable=False),
    Index("ordering_delivery_member_idx", "member_id"),
    narrow=True,
)


class NotDelivered(Refusal):
    """Raised when a store does not bring what its diners order.  Facts: `store_id`."""

    code = "ordering.not_delivered"


class AddressNeeded(Refusal):
    """Raised when it is not said where an order is to be brought to, or said of one that is not brought.  Facts: `kind`."""

    code = "ordering.address_needed"
    status = 422


class NoAddress(Refusal):
    """Raised for the address of an order that is not brought, or is known no more.  Facts: `order_id`."""

    code = "ordering.no_address"


class _Delivery(msgspec.Struct, frozen=True):
    member_id: str
    sealed: str


NEW = insert(delivery)
ONE = Read(select(delivery.c.member_id, delivery.c.sealed).where(delivery.c.order_id == par("order_id", Id)), _Delivery)


def to(asked: PlaceOrder, *, actor: Actor, where: Place) -> Steps[list[Change]]:
    """Return the change that keeps where an order of a member is brought to; none for one that is not.

    Refuses `AddressNeeded`, `NotDelivered`, and `AddressUnknown` for an address of somebody else's.
    """
    brought = asked.kind == "delivery" and actor.kind == "member"
    if brought != (asked.address_id is not None):
        raise AddressNeeded(kind=asked.kind)
    if not brought:
        return []
    if not where.fees.delivers:
        raise NotDelivered(store_id=asked.store_id)
    found = yield from first(members.one_address(asked.address_id or ""))
    if found is None or found.member_id != actor.id:
        raise members.AddressUnknown(address_id=asked.address_id)
    return [NEW(order_id=asked.id, member_id=found.member_id, sealed=found.sealed)]


@script
def read(order_id: str, *, actor: Actor, keyring: Keyring) -> Steps[members.WhereTo]:
    """Return where an order is brought to.  Refuses what `one` of an order refuses, and `NoAddress`."""
    may_see(actor, (yield from first(ORDER(order_id=order_id))), order_id, permission=MAY_BRING)
    kept = yield from first(ONE(order_id=order_id))
    if kept is None:
        raise NoAddress(order_id=order_id)
    return (yield from members.open_address(kept.sealed, member_id=kept.member_id, keyring=keyring))
