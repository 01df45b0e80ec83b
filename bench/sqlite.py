"""Paid orders on SQLite, against the same orders by plain sqlite3, one to a commit and sixteen to a commit.

Plain sqlite3: WAL, synchronous=FULL, foreign keys, otherwise its defaults; it runs the same script, its statements as they are, in
one thread, and commits.  `python -m bench sqlite` keeps the figures.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import sqlite3
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import uvloop

from bench import house
from bench.figures import Figure, figure, ratios
from bench.orders import CASHIER, order, where
from goodtaste.kernel.db import Change, Script
from goodtaste.kernel.db.sqlite import SqliteDatabase
from goodtaste.ordering.asked import PlaceOrder
from goodtaste.ordering.place import place

MEMBERS, IN_FLIGHT, RATE_MAX = 2_000, 32, 4_000
ROUNDS, SECONDS = 5, 2.5
COMMAND = "python -m bench sqlite"


def _plain(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        db.execute(f"PRAGMA {pragma}")
    db.create_function("sha256_hex", 1, lambda text: hashlib.sha256(text.encode()).hexdigest())
    return db


def _run_plainly(db: sqlite3.Connection, script: Script[Any]) -> None:
    steps, sent = script.start(), None
    while True:
        try:
            batch = steps.send(sent)
        except StopIteration:
            return
        sent = []
        for item in batch:
            statement: Any = item.statement
            if isinstance(item, Change):
                db.executemany(statement.sqlite(1), map(statement.for_sqlite, item.rows))
            else:
                found = db.execute(statement.sqlite, statement.for_sqlite(item.rows[0]))
                sent.append([statement.from_sqlite(row) for row in found])


def _orders(start: int, seconds: float) -> list[PlaceOrder]:
    """Return more orders than can be placed in so long, made beforehand: making them is the till's work."""
    return [order(n, members=MEMBERS) for n in range(start, start + int(seconds * RATE_MAX))]


def _limit(path: Path, start: int, seconds: float, group: int) -> tuple[int, float]:
    db, place_, n, ready = _plain(path), where(), start, iter(_orders(start, seconds))
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        db.execute("BEGIN IMMEDIATE")
        for _ in range(group):
            _run_plainly(db, place(next(ready), actor=CASHIER, where=place_))
            n += 1
        db.execute("COMMIT")
    rate = (n - start) / (time.perf_counter() - begun)
    db.close()
    return n, rate


async def _ours(path: Path, start: int, seconds: float) -> tuple[int, float]:
    db, place_, n, ready = SqliteDatabase(path), where(), start, iter(_orders(start, seconds))
    begun = time.perf_counter()

    async def one() -> None:
        nonlocal n
        while time.perf_counter() - begun < seconds:
            n += 1
            await db.run(place(next(ready), actor=CASHIER, where=place_))

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
    rate = (n - start) / (time.perf_counter() - begun)
    await db.close()
    return n, rate


def figures(rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    """Measure, interleaved."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    seen: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "house.db"
        house.on_sqlite(path, house.tables(members=MEMBERS, coupons=int((rounds * 3 + 2) * seconds * 2_500)))
        n, _ = _limit(path, 0, 1.0, 1)
        for turn in range(rounds):
            n, one = _limit(path, n, seconds, 1)
            n, sixteen = _limit(path, n, seconds, 16)
            n, ours = uvloop.run(_ours(path, n, seconds))
            for name, rate in (("one", one), ("sixteen", sixteen), ("ours", ours)):
                seen[name].append(rate)
            print(f"round {turn + 1}/{rounds}:", {name: round(rates[-1]) for name, rates in seen.items()}, flush=True)
    ours_, one_, sixteen_ = seen["ours"], seen["one"], seen["sixteen"]
    return [
        figure("sqlite.orders", ours_, "orders/s", command=COMMAND),
        figure("sqlite.one_by_one", one_, "orders/s", command=COMMAND),
        figure("sqlite.sixteen", sixteen_, "orders/s", command=COMMAND),
        figure("sqlite.to_one_by_one", ratios(ours_, one_), "x", at_least=2.0, command=COMMAND),
        figure("sqlite.to_sixteen", ratios(ours_, sixteen_), "x", at_least=0.8, command=COMMAND),
    ]
