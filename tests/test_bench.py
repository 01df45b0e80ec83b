"""The benchmarks' own house fits the tables, and a small paid order runs in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bench import figures, house, pgbench
from bench.orders import CASHIER, order, where

from goodtaste.app import rooms
from goodtaste.kernel.db.open import open_database
from goodtaste.ordering.place import place
from tests.databases import SERVER, name_for, unavailable


def test_the_rows_laid_down_have_the_columns_of_their_tables() -> None:
    for name, columns, rows in [*house.tables(members=2, coupons=2), *house.history(2, members=2)]:
        assert set(columns) <= set(rooms.TABLES.tables[name].c.keys())
        for row in rows:
            assert len(row) == len(columns), name


async def test_a_measured_order_is_a_paid_order(tmp_path: Path) -> None:
    url = house.on_sqlite(tmp_path / "house.db", house.tables(members=3, coupons=10))
    db = await open_database(house.settings(url, tmp_path))
    made = await db.run(place(order(7, members=3), actor=CASHIER, where=where()))
    assert (made.pay_state, made.coupon_fen, made.points, len(made.lines)) == ("paid", 500, 100, 4)
    await db.close()


@pytest.mark.long
def test_what_pgbench_sends_is_a_paid_order_too(tmp_path: Path) -> None:
    if not Path(pgbench.BINARY).exists():
        unavailable("pgbench is not installed (Debian: apt install postgresql-contrib)")
    url = house.on_postgres(name_for("pgbench"), house.tables(members=40, coupons=pgbench.STRIDE), server=SERVER)
    pgbench.prepare(url, tmp_path, members=40)
    assert pgbench.run(url, tmp_path / "one_by_one.sql", base=0, seconds=1, clients=1, stores=house.STORES) > 0
    asyncio.run(house.drop(name_for("pgbench")))


def test_a_figure_replaces_the_one_of_its_name_and_knows_whether_its_target_is_met(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    slow = figures.figure("a", [1.0, 3.0, 2.0], "x", at_least=2.5, command="c")
    quick = figures.figure("a", [3.0], "x", at_least=2.5, command="c")
    assert (slow.value, slow.met, quick.met) == (2.0, False, True)
    figures.keep([slow], path)
    assert [each.value for each in figures.keep([quick], path)] == [3.0]


@pytest.mark.parametrize("at_most, met", [(1.9, False), (2.0, True)])
def test_a_figure_may_have_an_upper_bound(at_most: float, met: bool) -> None:
    assert figures.figure("a", 2.0, "x", at_most=at_most, command="c").met is met
