"""What the kitchen does on events: it makes what is fired, leaves what is returned, and carries what moves to another bill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from goodtaste.events.ordering import (
    FiredLine,
    LinesFired,
    LinesMoved,
    LinesReturned,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    RoundAdded,
    TableChanged,
)
from goodtaste.floor.kitchen import pacing
from goodtaste.floor.kitchen.parts import Made, made_of, moved_of
from goodtaste.floor.kitchen.pickups import NEXT, number
from goodtaste.floor.kitchen.rows import OF_ORDERS, OWED, DishRow, OwedRow, Pass, of_dishes
from goodtaste.floor.kitchen.stations import ROUTES, STATIONS, Routing
from goodtaste.floor.live import topics
from goodtaste.floor.seating.rows import BY_ORDERS
from goodtaste.kernel.db import Change, Query, Steps, rows, together
from goodtaste.kernel.ids import derived_id
from goodtaste.menu import api as menu
from goodtaste.ordering import api as ordering

FETCHED = ("counter", "kiosk", "pickup")  # kinds of orders that a number is called for


class _Fire(msgspec.Struct, frozen=True):
    """What is to be made of an order now."""

    order_id: str
    store_id: str
    table_id: str | None
    kind: str
    lines: Sequence[FiredLine]


def on_order(event: OrderPlaced | RoundAdded | OrderPaid, at: datetime) -> Steps[list[Change]]:
    """Make what an order fires by being placed, a round by being added, or an order by being paid."""
    return (yield from _fire(_Fire(event.order_id, event.store_id, event.table_id, event.kind, event.fired), at))


def on_fired(event: LinesFired, at: datetime) -> Steps[list[Change]]:
    """Make what was held until now."""
    return (yield from _fire(_Fire(event.order_id, event.store_id, event.table_id, event.kind, event.lines), at))


def _fire(what: _Fire, at: datetime) -> Steps[list[Change]]:
    if not what.lines:
        return []
    made = made_of(what.lines)
    dishes, owing = of_dishes([each.dish_id for each in made])
    batch: list[Query[Any]] = [
        dishes,
        owing,
        menu.makings([each.sku_id for each in made]),
        ROUTES(store_id=what.store_id),
        STATIONS(store_id=what.store_id),
        *pacing.queries(what.store_id, at=at),
        ordering.bill_rows([what.order_id]),
        BY_ORDERS(order_ids=[what.order_id]),
    ]
    found, owed, makings, routes, stations, load, paces, [bill], of = yield batch
    routing = Routing(makings, routes, stations)
    queue = pacing.Queue(load, paces, {each.id: each.capacity for each in stations})
    kitchen = Pass(found, owed, at=at)
    for each in made:
        kitchen.fire(_row(what, each, routing, queue, at), each.qty)
    changes = [*kitchen.changes(), _told(what.store_id, [what.order_id], [each.seating_id for each in of])]
    if what.kind in FETCHED:
        last = yield from rows(NEXT(store_id=what.store_id, business_date=bill.business_date, order_id=what.order_id))
        changes += number(last, what.order_id, what.store_id, bill.business_date, at=at)
    return changes


def _row(what: _Fire, made: Made, routing: Routing, queue: pacing.Queue, at: datetime) -> DishRow:
    station_id, minutes = routing.of(made.sku_id)
    promise = queue.promise(station_id, minutes=minutes, qty=made.qty)
    return DishRow(
        dish_id=made.dish_id,
        of_dish_id=made.of_dish_id,
        each=made.each,
        order_id=what.order_id,
        ticket_id=derived_id(what.order_id, f"{station_id}/{at.isoformat()}"),
        store_id=what.store_id,
        station_id=station_id,
        table_id=what.table_id,
        kind=what.kind,
        sku_id=made.sku_id,
        name=made.name,
        of_set=made.of_set,
        options=msgspec.json.encode(made.options).decode(),
        note=made.note,
        course=made.course,
        guest=made.guest,
        minutes=minutes,
        fired=0,
        waiting=0,
        cooking=0,
        ready=0,
        served=0,
        returned=0,
        hurried=0,
        hurried_at=None,
        fired_at=at,
        raw_s=promise.raw_s,
        promised_s=promise.promised_s,
        ready_at=None,
        version=0,
    )


def on_returned(event: LinesReturned, at: datetime) -> Steps[list[Change]]:
    """Leave what is not wanted any more; what was never fired is none of the kitchen's business."""
    made = made_of(each for each in event.lines if not each.from_held)
    if not made:
        return []
    kitchen, seatings = yield from _known([each.dish_id for each in made], [event.order_id], at)
    for each in made:
        kitchen.give_back((each.dish_id, event.order_id), each.qty)
    return [*kitchen.changes(), _told(event.store_id, [event.order_id], seatings)]


def on_moved(event: LinesMoved, at: datetime) -> Steps[list[Change]]:
    """Let dishes be of the bill on which they stand now: nothing is made again, and each piece stays where it is."""
    orders = [event.from_order_id, event.to_order_id]
    made = [(dish_id, qty) for each in event.lines for dish_id, qty in moved_of(each) if qty]
    kitchen, seatings = yield from _known([dish_id for dish_id, _ in made], orders, at)
    for dish_id, qty in made:
        kitchen.move(dish_id, qty, from_=event.from_order_id, to=event.to_order_id, table_id=event.table_id)
    return [*kitchen.changes(), _told(event.store_id, orders, seatings)]


def on_cancelled(event: OrderCancelled, at: datetime) -> Steps[list[Change]]:
    """Leave everything of an order that is not wanted any more."""
    found, of = yield from together(OF_ORDERS(order_ids=[event.order_id]), BY_ORDERS(order_ids=[event.order_id]))
    owing: list[OwedRow] = yield from rows(OWED(dish_ids=[each.dish_id for each in found]))
    kitchen = Pass(found, owing, at=at)
    kitchen.give_all_back()
    return [*kitchen.changes(), _told(event.store_id, [event.order_id], [each.seating_id for each in of])]


def on_table(event: TableChanged, at: datetime) -> Steps[list[Change]]:
    """Let the dishes of a bill go to the table at which it stands now."""
    found, of = yield from together(OF_ORDERS(order_ids=[event.order_id]), BY_ORDERS(order_ids=[event.order_id]))
    kitchen = Pass(found, [], at=at)
    for row in found:
        kitchen.put(msgspec.structs.replace(row, table_id=event.table_id))
    return [*kitchen.changes(), _told(event.store_id, [event.order_id], [each.seating_id for each in of])]


def _known(dish_ids: Sequence[str], order_ids: Sequence[str], at: datetime) -> Steps[tuple[Pass, list[str]]]:
    dishes, owing = of_dishes(dish_ids)
    found, owed, of = yield from together(dishes, owing, BY_ORDERS(order_ids=list(order_ids)))
    return Pass(found, owed, at=at), [each.seating_id for each in of]


def _told(store_id: str, order_ids: Sequence[str], seating_ids: Sequence[str]) -> Change:
    orders, seatings = map(topics.order_of, order_ids), map(topics.seating_of, dict.fromkeys(seating_ids))
    tables = [topics.floor_of(store_id)] if seating_ids else []
    return topics.moved(topics.kitchen_of(store_id), topics.pickups_of(store_id), *orders, *seatings, *tables)
