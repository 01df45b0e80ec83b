"""What is seen of the kitchen: its screens by station, and how far it is with an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from goodtaste.floor.kitchen import pickups
from goodtaste.floor.kitchen.rows import OF_ORDERS, UNDER_WAY, DishRow
from goodtaste.floor.kitchen.stations import STATIONS, Station, StationUnknown
from goodtaste.floor.seating.rows import BY_ORDERS, SEATS_OF
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, rows, script, together
from goodtaste.ordering import api as ordering
from goodtaste.org.api import Directory

_options = msgspec.json.Decoder(list[str])


class DishOnTicket(msgspec.Struct, frozen=True):
    """Pieces of a dish that one ticket asks for; `ready_by` is what was promised, `of_set` the set meal of which they are a part."""

    dish_id: str
    order_id: str
    sku_id: str
    name: str
    of_set: str
    options: list[str]
    note: str
    course: int
    guest: str
    waiting: int
    cooking: int
    ready: int
    hurried: int
    hurried_at: datetime | None
    ready_by: datetime


class Ticket(msgspec.Struct, frozen=True):
    """What one round sends to one station: `label` is the table, or the pickup number, at which it is wanted."""

    id: str
    station_id: str
    kind: str
    label: str
    fired_at: datetime
    dishes: list[DishOnTicket]


class ToMake(msgspec.Struct, frozen=True):
    """How many pieces of the same dish, done the same way, are to be made for everybody."""

    sku_id: str
    name: str
    options: list[str]
    waiting: int
    cooking: int


class KitchenView(msgspec.Struct, frozen=True):
    """A kitchen, or one of its stations: tickets, the longest waiting first, and what they come to by dish."""

    stations: list[Station]
    tickets: list[Ticket]
    to_make: list[ToMake]


class DishProgress(msgspec.Struct, frozen=True):
    """How far the kitchen is with a dish; `ready_by` is what was promised, null once nothing of it is to be made.

    A part of a set meal is a dish of its own: `of_dish_id` is the dish on the bill, `of_set` what that is called.
    """

    order_id: str
    dish_id: str
    of_dish_id: str
    name: str
    of_set: str
    options: list[str]
    guest: str
    waiting: int
    cooking: int
    ready: int
    served: int
    hurried: int
    ready_by: datetime | None


class OrderProgress(msgspec.Struct, frozen=True):
    """How far an order is: its state, its number on the board, when it will be ready, and each dish."""

    order_id: str
    state: str
    pickup_no: int | None
    called: int
    ready_by: datetime | None
    dishes: list[DishProgress]


@script
def kitchen(store_id: str, *, station_id: str | None, actor: Actor, directory: Directory) -> Steps[KitchenView]:
    """Return a kitchen as a screen shows it; at a station that makes dishes only what is still to be made there, at the pass all."""
    actor.need("order.advance", store_id=store_id)
    directory.store(store_id)
    return (yield from kitchen_of(store_id, station_id=station_id, directory=directory))


def kitchen_of(store_id: str, *, station_id: str | None, directory: Directory) -> Steps[KitchenView]:
    """Read a kitchen."""
    stations, found = yield from together(STATIONS(store_id=store_id), UNDER_WAY(store_id=store_id))
    if station_id is not None:
        here = next((each for each in stations if each.id == station_id), None)
        if here is None:
            raise StationUnknown(station_id=station_id)
        if here.kind == "make":
            found = [each for each in found if each.station_id == station_id and each.waiting + each.cooking]
    labels = yield from _labels(found, directory)
    return KitchenView(stations, _tickets(found, labels), _to_make(found))


def _labels(found: Sequence[DishRow], directory: Directory) -> Steps[Mapping[str, str]]:
    """Read where the dishes of each order are wanted: where its party sits now, else at its table, else by its number."""
    order_ids = list(dict.fromkeys(each.order_id for each in found))
    of, numbers = yield from together(BY_ORDERS(order_ids=order_ids), pickups.OF_ORDERS(order_ids=order_ids))
    seats = yield from rows(SEATS_OF(seating_ids=list(dict.fromkeys(each.seating_id for each in of))))

    def table(table_id: str) -> str:
        return directory.tables[table_id].label if table_id in directory.tables else ""

    sits: dict[str, list[str]] = {}
    for seat in seats:
        sits.setdefault(seat.seating_id, []).append(table(seat.table_id))
    labels = {each.order_id: table(each.table_id) for each in found if each.table_id}
    labels |= {each.order_id: "+".join(sorted(sits[each.seating_id])) for each in of if each.seating_id in sits}
    return labels | {each.order_id: str(each.no) for each in numbers}


def _tickets(found: Sequence[DishRow], labels: Mapping[str, str]) -> list[Ticket]:
    tickets: dict[tuple[str, str], list[DishRow]] = {}
    for row in found:
        tickets.setdefault((row.ticket_id, labels.get(row.order_id, "")), []).append(row)
    return [
        Ticket(
            id=ticket_id,
            station_id=of[0].station_id,
            kind=of[0].kind,
            label=label,
            fired_at=of[0].fired_at,
            dishes=[_on_ticket(each) for each in of],
        )
        for (ticket_id, label), of in tickets.items()
    ]


def _on_ticket(row: DishRow) -> DishOnTicket:
    return DishOnTicket(
        dish_id=row.dish_id,
        order_id=row.order_id,
        sku_id=row.sku_id,
        name=row.name,
        of_set=row.of_set,
        options=_options.decode(row.options),
        note=row.note,
        course=row.course,
        guest=row.guest,
        waiting=row.waiting,
        cooking=row.cooking,
        ready=row.ready,
        hurried=row.hurried,
        hurried_at=row.hurried_at,
        ready_by=row.fired_at + timedelta(seconds=row.promised_s),
    )


def _to_make(found: Sequence[DishRow]) -> list[ToMake]:
    counts: dict[tuple[str, str, str], list[int]] = {}
    for row in found:
        if row.waiting + row.cooking:
            so_far = counts.setdefault((row.sku_id, row.name, row.options), [0, 0])
            so_far[0] += row.waiting
            so_far[1] += row.cooking
    made = [ToMake(sku, name, _options.decode(options), *n) for (sku, name, options), n in counts.items()]
    return sorted(made, key=lambda each: (-each.waiting - each.cooking, each.name))


@script
def progress(order_id: str, *, actor: Actor) -> Steps[OrderProgress]:
    """Return how far an order is; refuses `ordering.OrderUnknown` to whom it does not belong."""
    store_id = yield from ordering.store_of(order_id, actor=actor)
    if actor.kind not in ("member", "terminal"):
        actor.need("order.read", store_id=store_id)
    return (yield from progress_of(order_id))


def progress_of(order_id: str) -> Steps[OrderProgress]:
    """Read how far an order is."""
    [bill], found, numbers = yield from together(
        ordering.bill_rows([order_id]), OF_ORDERS(order_ids=[order_id]), pickups.OF_ORDERS(order_ids=[order_id])
    )
    dishes = [shown(each) for each in found if each.counts.wanted]
    ready_by = max((each.ready_by for each in dishes if each.ready_by), default=None)
    number = numbers[0] if numbers else None
    return OrderProgress(
        order_id, bill.state, number.no if number else None, number.called if number else 0, ready_by, dishes
    )


def dishes_of(order_ids: Sequence[str]) -> Steps[list[DishProgress]]:
    """Read how far the kitchen is with the dishes of orders."""
    found = yield from rows(OF_ORDERS(order_ids=list(order_ids)))
    return [shown(each) for each in found if each.counts.wanted]


def shown(row: DishRow) -> DishProgress:
    """Return a dish as its diners see it."""
    return DishProgress(
        order_id=row.order_id,
        dish_id=row.dish_id,
        of_dish_id=row.of_dish_id,
        name=row.name,
        of_set=row.of_set,
        options=_options.decode(row.options),
        guest=row.guest,
        waiting=row.waiting,
        cooking=row.cooking,
        ready=row.ready,
        served=row.served,
        hurried=row.hurried,
        ready_by=row.fired_at + timedelta(seconds=row.promised_s) if row.waiting + row.cooking else None,
    )
