"""An order history for tests: small files with a map, brought in as the house does it."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from goodtaste.ordering import api as ordering
from tests.org_kit import serial
from tests.shop import Shop

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("GOODTASTE_SHARED", ROOT.parent / "shared"))
EXAMPLE = ROOT / "examples" / "import" / "restaurant-1.toml"
HEADER = "No,When,Dish,Qty,Price,Branch"
PRICES = "Dish,Price,Code\n牛肉面,38.00,\n柠檬茶,12.00,\n小菜,0,\n"


def shared(name: str) -> Path:
    """Return a file of the shared data; skips the test where it is not there (GOODTASTE_SHARED names the folder)."""
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path


class Folder:
    """Files of a history: what is put into them, and what became of them when they were brought in."""

    def __init__(self, path: Path) -> None:
        self.path, self.source, self.store_code = path, f"till-{serial()}", f"H-{serial().upper()}"
        self.faults: list[ordering.Fault] = []
        self.orders, self.prices, self.map = path / "orders.csv", path / "prices.csv", path / "map.toml"
        self.prices.write_text(PRICES, "utf-8")
        self.write_map()

    def write_map(self, *, change: Callable[[str], str] = str, encoding: str = "utf-8", others: str = "keep") -> None:
        """Write the map, changed as a test wants it."""
        text = f"""
            source = "{self.source}"
            kind = "pickup"
            channel = "counter"
            file = {{ encoding = "{encoding}" }}
            columns = {{ order = "No", placed_at = "When", dish = "Dish", qty = "Qty", price = "Price" }}
            dates = {{ format = "%d/%m/%Y %H:%M" }}
            prices = {{ dish = "Dish", price = "Price", others = "{others}" }}
            stores = [{{ code = "{self.store_code}", name = "老店", zone = "Europe/London", day_start_minute = 300 }}]
        """
        self.map.write_text(change(text), "utf-8")

    def write(self, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> None:
        """Write the order file."""
        self.orders.write_bytes("\n".join([header, *rows]).encode(encoding))

    async def bring_in(
        self, shop: Shop, *, stop: Callable[[], bool] = lambda: False, progress: Callable[..., None] = lambda *_: None
    ) -> ordering.Report:
        """Bring the files in."""
        ctx = shop.process.context()
        self.faults = []
        return await ordering.bring_in(
            ctx,
            orders=self.orders,
            prices=self.prices,
            map_=ordering.read_map(self.map),
            named=self.faults.append,
            progress=progress,
            stop=stop,
        )

    @property
    def named(self) -> list[tuple[int, str, str]]:
        """The rows that were not brought in: line, column, and why in short."""
        return [(each.line, each.column, each.code.removeprefix("ordering.row.")) for each in self.faults]

    async def in_house(self, shop: Shop) -> ordering.Count:
        """Return what the house holds of this history, summed by the database."""
        return await in_house(shop, self.source)


async def in_house(shop: Shop, source: str) -> ordering.Count:
    """Return what a house holds of a source, summed by the database."""
    [(orders, due_fen)] = await shop.db.execute(
        f"SELECT count(*), coalesce(sum(due_fen), 0) FROM ordering_order WHERE source = '{source}'"
    )
    [(lines,)] = await shop.db.execute(
        f"SELECT count(*) FROM ordering_line l JOIN ordering_order o ON o.id = l.order_id WHERE o.source = '{source}'"
    )
    [(paid_fen,)] = await shop.db.execute(
        "SELECT coalesce(sum(p.amount_fen), 0) FROM payment_payment p JOIN ordering_order o ON o.id = p.holds_order_id"
        f" WHERE o.source = '{source}'"
    )
    assert int(paid_fen) == int(due_fen)
    return ordering.Count(int(orders), int(lines), int(due_fen))


def plain_sum(path: Path) -> ordering.Count:
    """Sum the restaurant's file up with nothing but csv and decimal: minor units, taken 1:1."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    total = sum(int(row["Quantity"]) * Decimal(row["ProductPrice"]) * 100 for row in rows)
    assert total == int(total)
    return ordering.Count(len({row["OrderNumber"] for row in rows}), len(rows), int(total))


def many_rows(orders: int) -> Iterator[str]:
    """Return rows of so many orders with two lines each, that stand apart: first all noodles, then all teas; 50.00 an order."""
    numbers: Iterable[Any] = range(10_000, 10_000 + orders)
    days = {
        number: f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/2018 {number % 12 + 8:02d}:{number % 60:02d}"
        for number in numbers
    }
    yield from (f"{number},{days[number]},牛肉面,1,38.00," for number in numbers)
    yield from (f"{number},{days[number]},柠檬茶,1,12.00," for number in reversed(list(numbers)))
