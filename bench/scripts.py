"""Paid orders in process on PostgreSQL, against pgbench: many stores, one hot store, carts of 1 to 12 lines; all in one interleaved run.

`python -m bench scripts` keeps the figures.  The orders are those of bench/orders.py; pgbench sends the same statements
(bench/pgbench.py).  Default durability: fsync and synchronous_commit are on.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import uvloop

from bench import house, pgbench
from bench.figures import Figure, figure, ratios
from bench.orders import CASHIER, order, where
from goodtaste.kernel.db.postgres import PostgresDatabase
from goodtaste.ordering.asked import PlaceOrder
from goodtaste.ordering.place import place

MEMBERS, IN_FLIGHT = 2_000, 32
WARM_S = 0.5
ROUNDS, SECONDS = 5, 2.5
COMMAND = "python -m bench scripts"


async def load(url: str, make: Callable[[int], PlaceOrder], start: int, seconds: float) -> tuple[float, float]:
    """Place orders with `IN_FLIGHT` under way; return orders a second, and CPU microseconds an order."""
    db = await PostgresDatabase.open(url)
    place_, n = where(), start
    warm = time.perf_counter() + WARM_S
    done, begun, cpu, stop = 0, warm, 0.0, warm + seconds

    async def one() -> None:
        nonlocal n, done, cpu, begun
        while (now := time.perf_counter()) < stop:
            if now >= warm and not cpu:
                cpu, begun, done = time.process_time(), now, 0
            i, n = n, n + 1
            await db.run(place(make(i), actor=CASHIER, where=place_))
            done += 1

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
    took, used = time.perf_counter() - begun, time.process_time() - cpu
    await db.close()
    return done / took, used / done * 1e6


def figures(rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    """Measure, interleaved."""
    room = 32 * pgbench.STRIDE
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        url = house.on_postgres("goodtaste_bench", house.tables(members=MEMBERS, coupons=0))
        asyncio.run(house.coupons(url, (rounds * 6 + 1) * room, members=MEMBERS))
        pgbench.prepare(url, folder, members=MEMBERS)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        seen: dict[str, list[float]] = defaultdict(list)
        base = 0
        for turn in range(rounds):
            for name in ("one", "orders", "pipe", "mixed", "hot pipe", "hot"):
                rate = _run(name, url, folder, base, seconds, seen)
                seen[name].append(rate)
                base += room
            print(f"round {turn + 1}/{rounds}:", {name: round(rates[-1]) for name, rates in seen.items()}, flush=True)
        deadlocks = asyncio.run(house.deadlocks(url))
    return _figures(seen, deadlocks)


def _run(name: str, url: str, folder: Path, base: int, seconds: float, seen: dict[str, list[float]]) -> float:
    if name in ("one", "pipe", "hot pipe"):
        script = folder / ("one_by_one.sql" if name == "one" else "pipeline.sql")
        stores = 1 if name == "hot pipe" else house.STORES
        return pgbench.run(url, script, base=base, seconds=seconds, stores=stores)
    kind = {"orders": {}, "mixed": {"lines": 0}, "hot": {"stores": 1}}[name]
    rate, cpu_us = uvloop.run(load(url, lambda i: order(i, members=MEMBERS, **kind), base, seconds))
    if name == "orders":
        seen["cpu"].append(cpu_us)
    return rate


def _figures(seen: dict[str, list[float]], deadlocks: int) -> list[Figure]:
    orders, mixed = seen["orders"], seen["mixed"]
    return [
        figure("scripts.orders", orders, "orders/s", command=COMMAND),
        figure("scripts.one_by_one", seen["one"], "orders/s", command=COMMAND),
        figure("scripts.pipeline", seen["pipe"], "orders/s", command=COMMAND),
        figure("scripts.cpu", seen["cpu"], "us/order", command=COMMAND),
        figure("scripts.to_one_by_one", ratios(orders, seen["one"]), "x", at_least=2.0, command=COMMAND),
        figure("scripts.to_pipeline", ratios(orders, seen["pipe"]), "x", at_least=0.9, command=COMMAND),
        figure("scripts.hot_to_pipeline", ratios(seen["hot"], seen["hot pipe"]), "x", at_least=1.8, command=COMMAND),
        figure("scripts.mixed_to_orders", ratios(mixed, orders), "x", at_least=0.8, command=COMMAND),
        figure("scripts.deadlocks", deadlocks, "deadlocks", at_most=0, command=COMMAND),
    ]
