"""Stations: where dishes are made, and which dish goes where, as data of each store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from sqlalchemy import delete, select

from goodtaste.floor.kitchen.rules import MINUTES_DEFAULT
from goodtaste.floor.kitchen.tables import NO_STATION, route, station
from goodtaste.floor.live import topics
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Read, Steps, change, par, put, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import Input, Name
from goodtaste.menu.api import Making

STATIONS_MAX = 50  # of one store
ROUTES_MAX = 1_000  # of one store


class StationUnknown(Refusal):
    """Raised for a station that does not exist, is in another store, or makes nothing.  Facts: `station_id`."""

    code = "floor.station_unknown"
    status = 404


class StationNameTaken(Refusal):
    """Raised when another station of the store has the name.  Facts: `name`."""

    code = "floor.station_name_taken"
    guards = ("floor_station_name_key",)


class TooManyStations(Refusal):
    """Raised when a store would have more stations than it may.  Facts: `limit`."""

    code = "floor.too_many_stations"


class PutStation(Input, frozen=True):
    """What a station is: one that makes dishes, so many pieces side by side, or the pass (expo), which sees all of them."""

    name: Name
    kind: Literal["make", "expo"] = "make"
    capacity: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    active: bool = True


class RouteAsked(Input, frozen=True):
    """That a dish, or the dishes of a category, are made at a station."""

    subject_id: IdText
    station_id: IdText


class PutRoutes(Input, frozen=True):
    """All routes of a store; the ones it had before are gone."""

    routes: Annotated[tuple[RouteAsked, ...], msgspec.Meta(max_length=ROUTES_MAX)]


class Station(msgspec.Struct, frozen=True):
    """A station."""

    id: str
    store_id: str
    name: str
    kind: str
    capacity: int
    active: bool


class Route(msgspec.Struct, frozen=True):
    """Where a dish, or the dishes of a category, are made."""

    subject_id: str
    station_id: str


class KitchenPlan(msgspec.Struct, frozen=True):
    """The stations of a store, and which dish goes where."""

    stations: list[Station]
    routes: list[Route]


_STATION = [station.c[name] for name in Station.__struct_fields__]
STATIONS = Read(
    select(*_STATION).where(station.c.store_id == par("store_id", Id)).order_by(station.c.name).limit(STATIONS_MAX),
    Station,
)
ONE = Read(select(*_STATION).where(station.c.id == par("id", Id)), Station)
ROUTES = Read(
    select(route.c.subject_id, route.c.station_id)
    .where(route.c.store_id == par("store_id", Id))
    .order_by(route.c.subject_id)
    .limit(ROUTES_MAX),
    Route,
)
SET = put(station, key=["id"])
SET_ROUTES = put(route, key=["store_id", "subject_id"])
DROP_ROUTE = change(
    delete(route).where(route.c.store_id == par("store_id", Id), route.c.subject_id == par("subject_id", Id))
)


class Routing:
    """Which station makes what, and in how many minutes."""

    def __init__(self, makings: Sequence[Making], routes: Sequence[Route], stations: Sequence[Station]) -> None:
        self._makings = {each.sku_id: each for each in makings}
        self._makes = {each.id for each in stations if each.active and each.kind == "make"}
        self._names = {each.name: each.id for each in stations if each.id in self._makes}
        self._routes = {each.subject_id: each.station_id for each in routes if each.station_id in self._makes}
        self._only = next(iter(self._makes)) if len(self._makes) == 1 else NO_STATION

    def of(self, sku_id: str) -> tuple[str, int]:
        """Return the station of a SKU, and how many minutes a piece takes there.

        The dish's own route goes before its category's, then the station that the menu names, then the only one there is.
        """
        making = self._makings.get(sku_id)
        if making is None:
            return self._only, MINUTES_DEFAULT
        for found in (
            self._routes.get(making.dish_id),
            self._routes.get(making.category_id),
            self._names.get(making.station),
        ):
            if found:
                return found, making.prep_minutes or MINUTES_DEFAULT
        return self._only, making.prep_minutes or MINUTES_DEFAULT


@script
def plan(store_id: str, *, actor: Actor) -> Steps[KitchenPlan]:
    """Return the stations of a store and its routes."""
    actor.need("order.read", store_id=store_id)
    stations, routes = yield from together(STATIONS(store_id=store_id), ROUTES(store_id=store_id))
    return KitchenPlan(stations, routes)


@script
def set_station(store_id: str, *, station_id: str, asked: PutStation, actor: Actor, at: datetime) -> Steps[Station]:
    """Make a station, or change it.  Refuses `StationNameTaken`, `TooManyStations`, and the id of another store's."""
    actor.need("table.edit", store_id=store_id)
    found, there = yield from together(ONE(id=station_id), STATIONS(store_id=store_id))
    if found and found[0].store_id != store_id:
        raise IdTaken(id=station_id)
    after = Station(station_id, store_id, asked.name, asked.kind, asked.capacity, asked.active)
    if found and found[0] == after:
        return after
    if any(each.name == asked.name and each.id != station_id for each in there):
        raise StationNameTaken(name=asked.name)
    if not found and len(there) >= STATIONS_MAX:
        raise TooManyStations(limit=STATIONS_MAX)
    yield [
        SET(**msgspec.structs.asdict(after)),
        topics.moved(topics.kitchen_of(store_id)),
        audit.note(actor, "floor.station_set", subject=f"station/{station_id}", store_id=store_id, at=at, after=after),
    ]
    return after


@script
def set_routes(store_id: str, asked: PutRoutes, *, actor: Actor, at: datetime) -> Steps[KitchenPlan]:
    """Decide which dish goes where; of a dish or category named twice the last one counts.  Refuses `StationUnknown`."""
    actor.need("table.edit", store_id=store_id)
    stations, before = yield from together(STATIONS(store_id=store_id), ROUTES(store_id=store_id))
    makes = {each.id for each in stations if each.kind == "make"}
    wanted = {each.subject_id: each.station_id for each in asked.routes}
    for station_id in wanted.values():
        if station_id not in makes:
            raise StationUnknown(station_id=station_id)
    gone = [each.subject_id for each in before if each.subject_id not in wanted]
    yield [
        DROP_ROUTE.many([{"store_id": store_id, "subject_id": each} for each in gone]),
        SET_ROUTES.many([{"store_id": store_id, "subject_id": k, "station_id": v} for k, v in wanted.items()]),
        audit.note(
            actor,
            "floor.routes_set",
            subject=f"store/{store_id}",
            store_id=store_id,
            at=at,
            before=before,
            after=wanted,
        ),
    ]
    return KitchenPlan(stations, [Route(*each) for each in sorted(wanted.items())])
