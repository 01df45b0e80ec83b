"""A million lots on one account: what a spend costs there, and by which way the lots it takes from are found.

`python -m bench lots` keeps the figures, on both engines.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import uvloop

from bench import house
from bench.figures import Figure, figure
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Database, Steps, metadata, script
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.ledger.lots import txn_of
from goodtaste.ledger.tables import ISSUED

LOTS, POINTS_A_LOT, DAYS = 1_000_000, 7, 1_000
FEW, MANY = 100, 7 * 500  # points a spend takes: from 15 lots, and from 500
ROUNDS = 200
LOT_KIND, TXN_NUMBER = 30, 900_000
COMMAND = "python -m bench lots"
OWNER = house.uid(house.MEMBER, 1)
ACCOUNT = ledger.account_of(OWNER, "member")
PLAN = f"""SELECT id, remaining, expires_on FROM ledger_lot WHERE account_id = '{ACCOUNT}' AND remaining > 0
    AND expires_on >= '{house.TODAY}' ORDER BY expires_on, id LIMIT 64"""


def _columns(name: str) -> tuple[str, ...]:
    return tuple(metadata.tables[name].c.keys())


def _lots() -> Iterator[house.Table]:
    """Give one account so many lots, with last days over `DAYS` days, in one transaction of the journal."""
    source = house.uid(house.TXN, TXN_NUMBER)
    made = txn_of("grant", source)
    head = (made, "grant", source, OWNER, None, None, "bench", "", house.TODAY, house.NOW)
    yield "ledger_txn", _columns("ledger_txn"), [head]
    yield "ledger_entry", _columns("ledger_entry"), [(made, 1, ISSUED["PT"], ACCOUNT, LOTS * POINTS_A_LOT)]
    yield (
        "ledger_lot",
        ("id", "account_id", "txn_id", "amount", "remaining", "expires_on"),
        (
            (
                house.uid(LOT_KIND, i), ACCOUNT, made, POINTS_A_LOT, POINTS_A_LOT,
                house.TODAY + timedelta(days=1 + i % DAYS),
            )
            for i in range(LOTS)
        ),
    )  # fmt: skip


@script
def _spend(points: int) -> Steps[None]:
    cause = ledger.Cause(new_id(), OWNER, "bench", house.TODAY, house.NOW)
    uses = yield from ledger.find_lots(OWNER, points, today=house.TODAY)
    yield ledger.spend(cause, uses)


async def _spends(db: Database, points: int) -> list[float]:
    """Return the milliseconds that spends one after the other took, after a warm-up."""
    seen = []
    for i in range(ROUNDS + 10):
        begun = time.perf_counter()
        await db.run(_spend(points))
        seen.append((time.perf_counter() - begun) * 1e3)
        if i < 10:
            seen.clear()
    return seen


async def _run(settings: Settings) -> tuple[list[float], list[float], int, list[str]]:
    db = await open_database(settings)
    few, many = await _spends(db, FEW), await _spends(db, MANY)
    failed = [name for name, sql in ledger.PROOFS.items() if await db.execute(sql)]
    explain = "EXPLAIN QUERY PLAN" if db.engine == "sqlite" else "EXPLAIN"
    plan = [str(row[-1]) for row in await db.execute(f"{explain} {PLAN}")]
    await db.close()
    return few, many, len(failed), plan


def figures() -> list[Figure]:
    """Measure on both engines, and say by which plan the lots are found."""
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for engine in ("postgresql", "sqlite"):
            parts = itertools.chain(house.tables(members=2, coupons=0), _lots())
            if engine == "postgresql":
                url = house.on_postgres("goodtaste_bench_lots", parts)
            else:
                url = house.on_sqlite(folder / "house.db", parts)
            few, many, wrong, plan = uvloop.run(_run(house.settings(url, folder)))
            print(f"{engine}: {' / '.join(line.strip() for line in plan)}", flush=True)
            tail = statistics.quantiles(few, n=20)[-1]
            found.append(figure(f"lots.{engine}.spend_p50", few, "ms", at_most=20, command=COMMAND))
            found.append(figure(f"lots.{engine}.spend_p95", tail, "ms", at_most=20, command=COMMAND))
            found.append(figure(f"lots.{engine}.spend_500_lots_p50", many, "ms", at_most=20, command=COMMAND))
            found.append(figure(f"lots.{engine}.wrong", wrong, "proofs", at_most=0, command=COMMAND))
    return found
