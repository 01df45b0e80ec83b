"""What cooks do: begin, bump, take back, hand over; the order of each dish goes on with it, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from goodtaste.floor.kitchen import pacing, pickups, rules
from goodtaste.floor.kitchen.rows import DISHES, OF_ORDERS, OF_TICKET, DishRow, Pass
from goodtaste.floor.kitchen.rules import Act
from goodtaste.floor.live import topics
from goodtaste.floor.seating.rows import BY_ORDERS
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Steps, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id, fingerprint
from goodtaste.kernel.input import Input, Positive
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.ordering import api as ordering

PIECES_MAX = 200  # of one act


class NotSoMany(Refusal):
    """Raised when fewer pieces stand where something is to be done with them.  Facts: `dish_id`, `order_id`, `there`, `asked`."""

    code = "floor.not_so_many"


class TicketUnknown(Refusal):
    """Raised for a ticket that is not this kitchen's.  Facts: `ticket_id`."""

    code = "floor.ticket_unknown"
    status = 404


class DishPieces(Input, frozen=True):
    """Pieces of a dish on a bill."""

    dish_id: Id
    order_id: Id
    qty: Positive


class KitchenAct(Input, frozen=True):
    """What is done with pieces, or with all of a ticket that it can be done with.

    start: they are begun; bump: they are ready; recall: they are not ready after all; serve: they are brought; unserve: they were not.
    """

    id: Id
    what: Act
    ticket_id: Id | None = None
    pieces: Annotated[tuple[DishPieces, ...], msgspec.Meta(max_length=PIECES_MAX)] = ()

    def __post_init__(self) -> None:
        if (self.ticket_id is None) is not bool(self.pieces):
            raise ValueError("a ticket or pieces: send one of them")


class DishStands(msgspec.Struct, frozen=True):
    """Where the pieces of a dish stand after an act."""

    dish_id: str
    order_id: str
    waiting: int
    cooking: int
    ready: int
    served: int
    returned: int


class Acted(msgspec.Struct, frozen=True):
    """Dishes after an act; off_s: by how many seconds each dish that it made ready was later than promised."""

    dishes: list[DishStands]
    off_s: list[int]


@script
def act(store_id: str, asked: KitchenAct, *, actor: Actor, today: date, at: datetime) -> Steps[Acted]:
    """Do something with dishes, once per `asked.id`.  Refuses `NotSoMany`, `TicketUnknown`; nothing is done then."""
    actor.need("order.advance", store_id=store_id)
    mark = fingerprint([store_id, asked])
    wanted = (
        OF_TICKET(ticket_id=asked.ticket_id) if asked.ticket_id else DISHES(dish_ids=[p.dish_id for p in asked.pieces])
    )
    known, found = yield from together(made_before(asked.id), wanted)
    here = {each.key: each for each in found if each.store_id == store_id}
    if is_same(known, mark):
        return Acted([stands(each) for each in here.values() if _named(each, asked)], [])
    kitchen, made = Pass(found, [], at=at), []
    for key, qty in _pieces(asked, here).items():
        row = here[key].having(rules.act(here[key].counts, asked.what, qty))
        if asked.what == "bump" and row.ready_at is None and not row.waiting and not row.cooking:
            row = msgspec.structs.replace(row, ready_at=at)
            made.append(row)
        kitchen.put(row)
    follows = yield from _orders(kitchen.changed, actor=actor, store_id=store_id, at=at)
    yield [*kitchen.changes(), *follows, pacing.took(made, today=today, at=at), remember(asked.id, mark)]
    return Acted([stands(each) for each in kitchen.changed], [round(pacing.off_s(each, at=at)) for each in made])


def _named(row: DishRow, asked: KitchenAct) -> bool:
    return asked.ticket_id is not None or row.key in {(each.dish_id, each.order_id) for each in asked.pieces}


def stands(row: DishRow) -> DishStands:
    """Return where the pieces of a dish stand."""
    return DishStands(row.dish_id, row.order_id, row.waiting, row.cooking, row.ready, row.served, row.returned)


def _pieces(asked: KitchenAct, here: dict[tuple[str, str], DishRow]) -> dict[tuple[str, str], int]:
    """Return with how many pieces of each dish something is done; refuses `NotSoMany`."""
    if asked.ticket_id:
        if not here:
            raise TicketUnknown(ticket_id=asked.ticket_id)
        found = {key: rules.possible(row.counts, asked.what) for key, row in here.items()}
        wanted = {key: qty for key, qty in found.items() if qty}
        if not wanted:
            raise NotSoMany(dish_id="", order_id="", there=0, asked=1)
        return wanted
    wanted = {}
    for each in asked.pieces:
        key = (each.dish_id, each.order_id)
        wanted[key] = wanted.get(key, 0) + each.qty
    for (dish_id, order_id), qty in wanted.items():
        row = here.get((dish_id, order_id))
        there = rules.possible(row.counts, asked.what) if row else 0
        if there < qty:
            raise NotSoMany(dish_id=dish_id, order_id=order_id, there=there, asked=qty)
    return wanted


def _orders(changed: Sequence[DishRow], *, actor: Actor, store_id: str, at: datetime) -> Steps[list[Change]]:
    """Return the changes by which the orders of dishes, and their numbers on the board, are as far as the kitchen is with them."""
    order_ids = list(dict.fromkeys(each.order_id for each in changed))
    there, numbers, of = yield from together(
        OF_ORDERS(order_ids=order_ids), pickups.OF_ORDERS(order_ids=order_ids), BY_ORDERS(order_ids=order_ids)
    )
    now = {each.key: each for each in there} | {each.key: each for each in changed}
    changes: list[Change] = []
    for order_id in order_ids:
        stage = rules.stage([each.counts for each in now.values() if each.order_id == order_id])
        changes += pickups.stands([each for each in numbers if each.order_id == order_id], stage, at=at)
        if stage:
            changes += yield from ordering.follow(order_id, stage, actor=actor, at=at)
    seatings = dict.fromkeys(each.seating_id for each in of)
    tables = [topics.floor_of(store_id)] if seatings else []
    names = [*map(topics.order_of, order_ids), *map(topics.seating_of, seatings), *tables]
    return [*changes, topics.moved(topics.kitchen_of(store_id), topics.pickups_of(store_id), *names)]
