"""The cost of an order where 10^3, 10^4, 10^5 or 10^6 orders and as many members are stored already, on both engines.

`python -m bench curve` keeps the figures; it takes a quarter of an hour and 12 GB of disk.  The houses are measured by turns, and on
PostgreSQL pgbench sends the same statements one by one in the same house: what more data costs the database itself, it costs both.
The server is one of our own with the memory that PostgreSQL's manual gives it (20.4.1: a quarter of the machine's); else default.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench import house, pgbench
from bench.figures import Figure, figure, ratios
from bench.orders import CASHIER, order, where
from bench.postgres import OwnPostgres
from goodtaste.kernel.db import Database
from goodtaste.kernel.db.open import open_database
from goodtaste.ordering.place import place

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS, SECONDS, WARM_S, IN_FLIGHT, CLIENTS, FRESH = 5, 2.0, 1.0, 32, 32, 60_000
COMMAND = "python -m bench curve"


def _tables(size: int) -> Iterator[house.Table]:
    yield from house.tables(members=size, coupons=FRESH)
    yield from house.history(size, members=size)


async def _cost(db: Database, start: int, seconds: float, size: int) -> tuple[int, float]:
    """Place orders for so long; return the next number, and microseconds an order."""
    n, place_, begun = start, where(), time.perf_counter()

    async def one() -> None:
        nonlocal n
        while time.perf_counter() - begun < seconds:
            i, n = n, n + 1
            await db.run(place(order(i, members=size), actor=CASHIER, where=place_))

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
    return n, (time.perf_counter() - begun) / (n - start) * 1e6


async def _measure(houses: dict[tuple[str, int], str], folder: Path) -> dict[tuple[str, int], list[float]]:
    seen: dict[tuple[str, int], list[float]] = defaultdict(list)
    next_ = dict.fromkeys(houses, 0)
    open_ = {which: await open_database(house.settings(url, folder)) for which, url in houses.items()}
    for turn in range(ROUNDS + 1):
        for (engine, size), db in open_.items():
            seconds = SECONDS if turn else WARM_S
            next_[engine, size], cost_us = await _cost(db, next_[engine, size], seconds, size)
            costs = {engine: cost_us}
            if engine == "postgresql":
                base, script = FRESH + turn * CLIENTS * pgbench.STRIDE, folder / str(size) / "one_by_one.sql"
                url = houses[engine, size]
                rate = await asyncio.to_thread(
                    pgbench.run, url, script, base=base, seconds=SECONDS, clients=CLIENTS, stores=house.STORES
                )
                costs["pgbench"] = 1e6 / rate
            for name, cost in costs.items() if turn else ():
                seen[name, size].append(cost)
        print(f"round {turn}/{ROUNDS}:", {which: round(costs[-1]) for which, costs in seen.items()}, flush=True)
    for db in open_.values():
        await db.close()
    return seen


def _server(folder: Path) -> OwnPostgres:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return OwnPostgres(folder, shared_buffers=f"{memory // 4 // 2**20}MB", max_connections="200")


def _seen(folder: Path, server: str) -> dict[tuple[str, int], list[float]]:
    """Lay the houses down, and measure them by turns."""
    houses: dict[tuple[str, int], str] = {}
    for size in SIZES:
        name = f"goodtaste_bench_curve_{size}"
        houses["postgresql", size] = url = house.on_postgres(name, _tables(size), server=server)
        asyncio.run(house.coupons(url, (ROUNDS + 1) * CLIENTS * pgbench.STRIDE, members=size, start=FRESH))
        (folder / str(size)).mkdir()
        pgbench.prepare(url, folder / str(size), members=size)
        houses["sqlite", size] = house.on_sqlite(folder / f"{size}.db", _tables(size))
        print(f"{size:,} orders and members are laid down", flush=True)
    gc.collect()
    gc.freeze()
    return uvloop.run(_measure(houses, folder))


def figures() -> list[Figure]:
    """Measure, and compare the largest house with the smallest."""
    with tempfile.TemporaryDirectory() as temporary:
        server = _server(Path(temporary))
        server.start()
        try:
            seen = _seen(Path(temporary), f"{server.address}/postgres")
        finally:
            server.stop()
    found = [figure(f"curve.{e}_{n}", costs, "us/order", command=COMMAND) for (e, n), costs in seen.items()]
    growth = {e: ratios(seen[e, SIZES[-1]], seen[e, SIZES[0]]) for e in ("postgresql", "pgbench", "sqlite")}
    beside = ratios(growth["postgresql"], growth["pgbench"])
    return [
        *found,
        *[figure(f"curve.{e}_growth", each, "x", command=COMMAND) for e, each in growth.items()],
        figure("curve.postgresql_growth_to_pgbench", beside, "x", at_most=1.2, command=COMMAND),
    ]
