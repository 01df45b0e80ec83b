"""64 writers on one account: each spends and is given points as fast as it can; nothing is lost, nothing deadlocks.

`python -m bench account` keeps the figures, on both engines.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import uvloop

from bench import house
from bench.figures import Figure, figure
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Database, Steps, script
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.ledger import lots

WRITERS, SECONDS, EACH = 64, 5.0, 7
COMMAND = "python -m bench account"
OWNER = house.uid(house.MEMBER, 1)


@script
def _spend(source_id: str) -> Steps[None]:
    cause = ledger.Cause(source_id, OWNER, "bench", house.TODAY, house.NOW, source_id)
    uses = yield from lots.find_lots(OWNER, EACH, today=house.TODAY)
    yield ledger.spend(cause, uses)


@script
def _grant(source_id: str) -> Steps[None]:
    cause = ledger.Cause(source_id, OWNER, "bench", house.TODAY, house.NOW, source_id)
    yield ledger.grant(cause, EACH, debt=0, expires_on=date(2099, 1, 1))


async def _balance(db: Database) -> int:
    account_id = ledger.account_of(OWNER, "member")
    [(balance,)] = await db.execute(f"SELECT balance FROM ledger_account WHERE id = '{account_id}'")
    return int(balance)


async def _run(settings: Settings, proofs: Mapping[str, str]) -> tuple[float, int]:
    """Return movements a second, and points that are missing plus proofs that fail."""
    db = await open_database(settings)
    before, counts, stop = await _balance(db), [0, 0], time.perf_counter() + SECONDS

    async def one(i: int) -> None:
        while time.perf_counter() < stop:
            await db.run((_spend, _grant)[i % 2](new_id()))
            counts[i % 2] += 1

    begun = time.perf_counter()
    await asyncio.gather(*(one(i) for i in range(WRITERS)))
    took = time.perf_counter() - begun
    missing = abs(before + (counts[1] - counts[0]) * EACH - await _balance(db))
    failed = [name for name, sql in proofs.items() if await db.execute(sql)]
    await db.close()
    return sum(counts) / took, missing + len(failed)


def figures() -> list[Figure]:
    """Measure on both engines."""
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        urls = {
            "postgresql": house.on_postgres("goodtaste_bench_account", house.tables(members=2, coupons=0)),
            "sqlite": house.on_sqlite(folder / "house.db", house.tables(members=2, coupons=0)),
        }
        for engine, url in urls.items():
            rate, wrong = uvloop.run(_run(house.settings(url, folder), ledger.PROOFS))
            found.append(figure(f"account.{engine}", rate, "movements/s", command=COMMAND))
            found.append(figure(f"account.{engine}_wrong", wrong, "points or proofs", at_most=0, command=COMMAND))
        deadlocks = asyncio.run(house.deadlocks(urls["postgresql"]))
        found.append(figure("account.deadlocks", deadlocks, "deadlocks", at_most=0, command=COMMAND))
    return found
