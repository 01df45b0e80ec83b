"""The floor of a store of the demo brand: how it runs its tables, the stations of its kitchen, and its printers."""

from __future__ import annotations

import msgspec

from goodtaste.floor import api as floor
from goodtaste.kernel.context import Ctx
from goodtaste.twin import data
from goodtaste.twin.data import PrinterData, id_of

TABLES = floor.RulesAsked(
    diners_open=True, close_when_paid=True
)  # a scan of the code on a table is enough to sit down there


async def seed(ctx: Ctx, store: str) -> None:
    """Make the floor of the store with this code, or complete it."""
    store_id, told = id_of("store", store), data.brand()
    await ctx.run(floor.set_rules(store_id, TABLES, actor=ctx.actor, at=ctx.now))
    for station in told.stations:
        asked = floor.PutStation(name=station.name, kind=station.kind, capacity=station.capacity)
        made_id = _id("station", store, station.name)
        await ctx.run(floor.set_station(store_id, station_id=made_id, asked=asked, actor=ctx.actor, at=ctx.now))
    routes = tuple(
        floor.RouteAsked(subject_id=id_of("category", category), station_id=_id("station", store, station))
        for category, station in told.routes.items()
    )
    await ctx.run(floor.set_routes(store_id, floor.PutRoutes(routes=routes), actor=ctx.actor, at=ctx.now))
    for printer in told.printers:
        made = _printer(store, printer)
        await ctx.run(floor.make_printer(made, store_id=store_id, actor=ctx.actor, at=ctx.now))


def _printer(store: str, told: PrinterData) -> floor.NewPrinter:
    given = {
        "id": _id("printer", store, told.name),
        "name": told.name,
        "kind": told.kind,
        "address": f"{told.host}.{store.lower()}.sandbox:9100",
        "paper_mm": told.paper_mm,
        "purposes": told.purposes,
        "stations": [_id("station", store, each) for each in told.stations],
        "fallback_id": _id("printer", store, told.fallback) if told.fallback else None,
    }
    return msgspec.convert(given, floor.NewPrinter)


def _id(kind: str, store: str, name: str) -> str:
    return id_of(kind, f"{store}/{name}")
