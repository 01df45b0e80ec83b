"""What each stream shows, in parts that change apart, and who may listen to it."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import msgspec

from goodtaste.floor.calls.calling import waiting
from goodtaste.floor.kitchen import pickups
from goodtaste.floor.kitchen.views import kitchen_of, progress_of
from goodtaste.floor.live.hub import Load, Parts, Shown
from goodtaste.floor.seating.rows import GUESTS, SEATING
from goodtaste.floor.seating.views import tables_of, whole
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Steps, script, together
from goodtaste.ordering import api as ordering
from goodtaste.org.api import Directory

STAFF = "staff"  # the key of those whose right does not end with a seating

_encode = msgspec.json.Encoder().encode


def _fields(view: Any) -> Parts:
    return {name: _encode(getattr(view, name)) for name in view.__struct_fields__}


def kitchen(process: Process, store_id: str, station_id: str | None) -> Load:
    """Return how a kitchen, or one of its stations, is loaded: a part for each ticket, the stations, and what is to be made."""

    @script
    def load() -> Steps[Shown]:
        view = yield from kitchen_of(store_id, station_id=station_id, directory=process.see(Directory))
        parts = {f"ticket/{each.id}/{each.label}": _encode(each) for each in view.tickets}
        return Shown(parts | {"stations": _encode(view.stations), "to_make": _encode(view.to_make)})

    return lambda: process.db.query(load())


def tables(process: Process, store_id: str) -> Load:
    """Return how the map of a store's tables is loaded: a part for each table."""

    @script
    def load() -> Steps[Shown]:
        found = yield from tables_of(store_id, process.see(Directory))
        return Shown({f"table/{each.table_id}": _encode(each) for each in found})

    return lambda: process.db.query(load())


def calls(process: Process, store_id: str) -> Load:
    """Return how the calls of a store's tables are loaded: a part for each that waits."""

    @script
    def load() -> Steps[Shown]:
        found = yield from waiting(store_id, process.see(Directory))
        return Shown({f"call/{each.id}": _encode(each) for each in found})

    return lambda: process.db.query(load())


def board(process: Process, store_id: str) -> Load:
    """Return how the board of pickup numbers is loaded: a part for each number of today."""

    def today() -> date:
        return process.see(Directory).store(store_id).calendar.business_date(process.clock())

    @script
    def load() -> Steps[Shown]:
        found = yield from pickups.board(store_id, today=today())
        return Shown({f"no/{each.no}": _encode(each) for each in found})

    return lambda: process.db.query(load())


def order(process: Process, order_id: str) -> Load:
    """Return how the progress of an order is loaded."""

    @script
    def load() -> Steps[Shown]:
        return Shown(_fields((yield from progress_of(order_id))))

    return lambda: process.db.query(load())


def seating(process: Process, seating_id: str) -> Load:
    """Return how a seating is loaded: phones listen as long as they sit there, the staff until they have had enough."""

    @script
    def load() -> Steps[Shown]:
        [row], guests = yield from together(SEATING(id=seating_id), GUESTS(seating_id=seating_id))
        where = partial(ordering.where, process.context())
        view = yield from whole(row, process.see(Directory), where)
        sits = frozenset(phone_key(each.id, each.epoch) for each in guests) if row.state != "closed" else frozenset()
        return Shown(_fields(view), sits | {STAFF})

    return lambda: process.db.query(load())


def phone_key(guest_id: str, epoch: int) -> str:
    """Return by which key a phone listens to its seating."""
    return f"{guest_id}.{epoch}"
