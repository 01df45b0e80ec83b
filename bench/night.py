"""A night of 100,000 members: growth leaves, levels are reviewed, birthdays are kept; and the same night run again.

A fiftieth of the members have growth that leaves, a tenth are in the last month before their review, a twentieth are reviewed (half are
kept), one in 365 has a birthday.  `python -m bench night` keeps the figures, on both engines.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import uvloop

from bench import house
from bench.figures import Figure, figure
from goodtaste.app import rooms
from goodtaste.app.process import running
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Steps, metadata, script
from goodtaste.kernel.ids import derived_id
from goodtaste.ledger import api as ledger
from goodtaste.ledger.moves import txn_of
from goodtaste.ledger.tables import ISSUED
from goodtaste.member.level_rules import LevelGrant
from goodtaste.member.rules import Program
from goodtaste.member.standing import set_program

MEMBERS = 100_000
NIGHT = house.TODAY
TEMPLATE = house.uid(house.TEMPLATE, 1)
GROWTH_TXN, GROWTH_LOT = 30, 31
COMMAND = "python -m bench night"
DAY = timedelta(days=1)


def _review_on(i: int) -> date:
    """Return when the i-th member's level is reviewed: tonight for a twentieth, within the notice for a tenth, later for the rest."""
    return NIGHT if i % 20 == 0 else NIGHT + (1 + i % 29) * DAY if i % 10 == 1 else NIGHT + (40 + i % 300) * DAY


def _growth(i: int) -> int:
    """Return the growth of the i-th member: half of them have enough to keep silver."""
    return 450 if i // 20 % 2 else 100


def parts(members: int) -> Iterator[house.Table]:
    """Give the rows of the house, whose members have birthdays, growth and levels of their own."""
    for name, columns, rows in house.tables(members=members, coupons=0):
        if name == "member_member":
            born = (
                (*row, NIGHT.month, NIGHT.day) if i % 365 == 0 else (*row, None, None) for i, row in enumerate(rows, 1)
            )
            yield name, (*columns, "birth_month", "birth_day"), born
        elif name != "member_level_grant":
            yield name, columns, rows
    numbers = range(1, members + 1)
    sources = [(i, txn_of("grow", house.uid(GROWTH_TXN, i))) for i in numbers]
    accounts = [ledger.account_of(house.uid(house.MEMBER, i), "member", "GROWTH") for i in numbers]
    then = house.NOW - timedelta(days=200)
    yield (
        "ledger_txn",
        tuple(metadata.tables["ledger_txn"].c.keys()),
        (
            (
                t,
                "grow",
                house.uid(GROWTH_TXN, i),
                house.uid(house.MEMBER, i),
                None,
                None,
                "bench",
                "",
                NIGHT - DAY,
                then,
            )
            for i, t in sources
        ),
    )
    yield (
        "ledger_entry",
        tuple(metadata.tables["ledger_entry"].c.keys()),
        ((t, 1, ISSUED["GROWTH"], account, _growth(i)) for (i, t), account in zip(sources, accounts, strict=True)),
    )
    yield (
        "ledger_lot",
        ("id", "account_id", "txn_id", "amount", "remaining", "expires_on"),
        (
            (
                house.uid(GROWTH_LOT, i),
                account,
                t,
                _growth(i),
                _growth(i),
                NIGHT - DAY if i % 50 == 7 else NIGHT + 99 * DAY,
            )
            for (i, t), account in zip(sources, accounts, strict=True)
        ),
    )
    yield (
        "member_level_grant",
        LevelGrant.__struct_fields__,
        (
            msgspec.structs.astuple(
                LevelGrant(
                    derived_id(house.uid(house.MEMBER, i), "level/earned"), house.uid(house.MEMBER, i), "earned", "silver", then,
                    None, _review_on(i), None, _review_on(i) - 30 * DAY, None, "bench",
                )
            )
            for i in numbers
        ),
    )  # fmt: skip


@script
def _prepare() -> Steps[None]:
    regular, silver, *above = Program().levels
    silver = msgspec.structs.replace(silver, birthday_template_id=TEMPLATE)
    yield set_program(Program(levels=(regular, silver, *above)))


def _held_mib() -> float:
    """Return how much memory the process holds, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def _run(settings: Settings) -> tuple[float, float, int, float]:
    """Return the seconds of the night, of the same night again, what that changed, and by how many MiB the process grew at most."""
    async with running(settings) as process:
        await process.db.run(_prepare())
        await process.snapshots.refresh()
        steps, before, most = rooms.night(process), _held_mib(), 0.0
        begun = time.perf_counter()
        for step in steps:
            await step.run(NIGHT)
            most = max(most, _held_mib())
        took = time.perf_counter() - begun
        begun = time.perf_counter()
        again = sum([await step.run(NIGHT) for step in steps])
        return took, time.perf_counter() - begun, again, max(most - before, 0)


def figures(members: int = MEMBERS) -> list[Figure]:
    """Measure on both engines."""
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        urls = {
            "postgresql": house.on_postgres("goodtaste_bench_night", parts(members)),
            "sqlite": house.on_sqlite(folder / "house.db", parts(members)),
        }
        for engine, url in urls.items():
            took, again_s, again, grew = uvloop.run(_run(house.settings(url, folder)))
            found.append(figure(f"night.{engine}", took, "s", at_most=120, command=COMMAND))
            found.append(figure(f"night.{engine}_again", again_s, "s", command=COMMAND))
            found.append(figure(f"night.{engine}_changed_again", again, "changes", at_most=0, command=COMMAND))
            found.append(figure(f"night.{engine}_memory", grew, "MiB", at_most=100, command=COMMAND))
        asyncio.run(house.drop("goodtaste_bench_night"))
    return found
