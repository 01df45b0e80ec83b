"""Where a bill stands: an unpaid one may go to another table, and its number of people may be another."""

from __future__ import annotations

import msgspec

from goodtaste.events.ordering import TableChanged
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, script
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.ordering import facts
from goodtaste.ordering.asked import Party
from goodtaste.ordering.bill.pieces import Seen
from goodtaste.ordering.bill_price import NOTHING, read_at_hand, reprice
from goodtaste.ordering.open_bill import NONE, Changed, NotOpen, gifts_told, still_open
from goodtaste.ordering.orders import OrderView, may_see, read, view
from goodtaste.ordering.spot import Place
from goodtaste.org.api import TableUnknown


class Seat(Seen, frozen=True):
    """What is sent to say at which table a bill stands, and for how many people it is."""

    table_id: IdText
    party: Party | None = None


@script
def change_seat(order_id: str, asked: Seat, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Have an unpaid bill stand at a table for so many people, priced as it is there; saying it again changes nothing.

    Refuses `NotOpen` for a bill that is at no table, `TableUnknown`, and `Changed` where somebody else was quicker.
    """
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.place")
    if (found.table_id, found.party) == (asked.table_id, asked.party):
        return view(found, lines)
    if found.version != asked.version:
        raise Changed(order_id=order_id, version=found.version)
    still_open(found)
    if found.kind != "dine_in":
        raise NotOpen(order_id=order_id)
    table = where.tables.get(asked.table_id)
    if table is None or table.store_id != found.store_id or not table.active:
        raise TableUnknown(table=asked.table_id)
    there = msgspec.structs.replace(found, table_id=asked.table_id, party=asked.party)
    at_hand = yield from read_at_hand(there, NONE, points=0, donation_fen=found.donation_fen, where=where)
    repriced = reprice(there, lines, NOTHING, asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where)
    changed = TableChanged(
        order_id=order_id,
        stream=facts.stream(found),
        store_id=found.store_id,
        table_id=asked.table_id,
        party=asked.party,
    )
    yield [
        *repriced.changes,
        audit.note(
            actor,
            "ordering.table_changed",
            subject=f"order/{order_id}",
            store_id=found.store_id,
            at=where.at,
            before={"table_id": found.table_id, "party": found.party},
            after={"table_id": asked.table_id, "party": asked.party},
        ),
        tell(changed, *gifts_told(repriced), at=where.at),
    ]
    return repriced.view
