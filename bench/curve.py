"""The cost of an order where 10^3, 10^4, 10^5 or 10^6 orders and as many members are stored already, on both engines.

`python -m bench curve` keeps the figures; it takes a quarter of an hour and 12 GB of disk.  The houses are measured by turns, and on
PostgreSQL pgbench sends the same statements one by one in the same house: what more data costs the database itself, it costs both.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench import house, pgbench
from bench.figures import Figure, figure, ratios
from bench.orders import CASHIER, order, where
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


def figures() -> list[Figure]:
    """Lay the houses down, measure them by turns, and compare the largest with the smallest."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, houses = Path(temporary), {}
        for size in SIZES:
            houses["postgresql", size] = url = house.on_postgres(f"goodtaste_bench_curve_{size}", _tables(size))
            asyncio.run(house.coupons(url, (ROUNDS + 1) * CLIENTS * pgbench.STRIDE, members=size, start=FRESH))
            (folder / str(size)).mkdir()
            pgbench.prepare(url, folder / str(size), members=size)
            houses["sqlite", size] = house.on_sqlite(folder / f"{size}.db", _tables(size))
            print(f"{size:,} orders and members are laid down", flush=True)
        gc.collect()
        gc.freeze()
        seen = uvloop.run(_measure(houses, folder))
        for engine, size in houses:
            if engine == "postgresql":
                asyncio.run(house.drop(f"goodtaste_bench_curve_{size}"))
    found = [figure(f"curve.{e}_{n}", costs, "us/order", command=COMMAND) for (e, n), costs in seen.items()]
    growth = {e: ratios(seen[e, SIZES[-1]], seen[e, SIZES[0]]) for e in ("postgresql", "pgbench", "sqlite")}
    beside = ratios(growth["postgresql"], growth["pgbench"])
    return [
        *found,
        *[figure(f"curve.{e}_growth", each, "x", command=COMMAND) for e, each in growth.items()],
        figure("curve.postgresql_growth_to_pgbench", beside, "x", at_most=1.2, command=COMMAND),
    ]
