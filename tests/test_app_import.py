"""`goodtaste import orders`: what it says, what it writes, and that nothing is lost or doubled when it is stopped or killed."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from goodtaste.app import migrate
from goodtaste.app.cli import main
from goodtaste.app.cli_import import SHOWN_MAX
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db.open import open_database
from goodtaste.ordering import api as ordering
from tests.history_kit import EXAMPLE, Folder, in_house, many_rows, plain_sum, shared
from tests.ledger_kit import broken_proofs
from tests.processes import Run, run
from tests.shop import open_shop

pytestmark = pytest.mark.long

ORDERS, PRICES = "restaurant-1-orders.csv", "restaurant-1-products-price.csv"


class House:
    """A migrated house that only the command line enters."""

    def __init__(self, settings: Settings, folder: Folder) -> None:
        self.folder = folder
        self.env = {
            "GOODTASTE_DATABASE": settings.database,
            "GOODTASTE_DATA_DIR": settings.data_dir,
            "GOODTASTE_SECRET_KEY": settings.secret_key,
            "GOODTASTE_LOG_LEVEL": "warning",
            "LANG": "en_GB.UTF-8",
            "LC_ALL": "",
        }

    @property
    def arguments(self) -> list[str]:
        """What is typed."""
        folder = self.folder
        files = [str(each) for each in (folder.orders, folder.prices, folder.map, self.rejected)]
        return ["import", "orders", files[0], "--prices", files[1], "--map", files[2], "--rejects", files[3]]

    @property
    def rejected(self) -> Path:
        """Where rejected rows are listed."""
        return self.folder.path / "rejected.csv"

    def run(self, *more: str, **env: str) -> Result:
        """Run the command to its end."""
        arguments = [*self.arguments, *more]
        alone: dict[str, str | None] = {name: None for name in os.environ if name.startswith("GOODTASTE_")}
        return CliRunner(env=alone | self.env | env).invoke(main, arguments)

    def start(self) -> contextlib.AbstractContextManager[Run]:
        """Start the command as a process of its own."""
        return run(*self.arguments, env=self.env, folder=self.folder.path)


@pytest.fixture
def house(blank: Settings, tmp_path: Path) -> House:
    """Give a house with nothing in it."""
    return House(blank, Folder(tmp_path))


def until_some(settings: Settings, least: int) -> int:
    """Wait until so many orders are in a house; return how many are."""

    async def look() -> int:
        db = await open_database(settings)
        try:
            async with asyncio.timeout(60):
                while (n := (await db.execute("SELECT count(*) FROM ordering_order"))[0][0]) < least:  # noqa: ASYNC110
                    await asyncio.sleep(0.03)
            return int(n)
        finally:
            await db.close()

    return asyncio.run(look())


def inside(settings: Settings, house: House) -> tuple[ordering.Count, dict[str, int]]:
    """Return what the house holds of the history, and the proofs that do not hold."""

    async def look() -> tuple[ordering.Count, dict[str, int]]:
        async with open_shop(settings) as shop:
            return await in_house(shop, house.folder.source), await broken_proofs(shop)

    return asyncio.run(look())


def test_it_says_what_came_in_and_lists_what_did_not(house: House) -> None:
    bad = [f"B{n},31/12/2018 18:05,佛跳墙,1,38.00," for n in range(SHOWN_MAX + 5)]
    house.folder.write("A1,31/12/2018 18:05,牛肉面,2,38.00,", *bad, "B0,31/12/2018 18:05,柠檬茶,1,12.00,")
    done = house.run()
    assert done.exit_code == 3, done.output
    assert "Brought in now: 1 orders, 1 lines, 7600 fen." in done.output
    assert f"{len(bad)} rows are rejected and 1 left out" in done.output
    assert "3 | B0 | Dish | 佛跳墙 | this dish is not in the price file" in done.output
    assert f"| B{SHOWN_MAX - 1} |" in done.output
    assert f"| B{SHOWN_MAX} |" not in done.output
    with open(house.rejected, encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    assert len(listed) == len(bad) + 1
    assert listed[-1] == {
        "line": str(len(bad) + 3),
        "order": "B0",
        "column": "No",
        "value": "B0",
        "reason": "left out with its order: line 3 is rejected",
    }


def test_it_speaks_chinese_too(house: House) -> None:
    house.folder.write("A1,31/12/2018 18:05,佛跳墙,2,38.00,")
    done = house.run(LANG="zh_CN.UTF-8")
    assert done.exit_code == 3
    assert "价格文件中没有这道菜" in done.output


def test_a_second_run_adds_nothing_and_says_so(house: House) -> None:
    house.folder.write(*many_rows(400))
    first, second = house.run(), house.run()
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "Known before: 400 orders, 800 lines, 2000000 fen." in second.output
    assert "Brought in now: 0 orders, 0 lines, 0 fen." in second.output
    assert not house.rejected.exists()


@pytest.mark.parametrize("spoil", ["map", "orders", "prices"])
def test_a_file_that_is_not_there_ends_it_with_a_sentence(house: House, spoil: str) -> None:
    house.folder.write("A1,31/12/2018 18:05,牛肉面,2,38.00,")
    path: Path = getattr(house.folder, spoil)
    path.unlink()
    done = house.run()
    assert done.exit_code == 1
    assert str(path) in done.output
    assert "Traceback" not in done.output


def test_a_list_that_cannot_be_written_ends_it_with_a_sentence(house: House) -> None:
    house.folder.write("A1,31/12/2018 18:05,佛跳墙,2,38.00,")
    done = house.run("--rejects", str(house.folder.path / "nowhere" / "rejected.csv"))
    assert done.exit_code == 1
    assert "cannot be written" in done.output


def test_a_database_that_is_not_migrated_is_left_alone(house: House, blank: Settings) -> None:
    migrate.migrate(blank, "base")
    house.folder.write("A1,31/12/2018 18:05,牛肉面,2,38.00,")
    done = house.run()
    assert done.exit_code == 1
    assert "revision" in done.output


def test_killed_in_the_middle_it_goes_on_from_there(house: House, blank: Settings) -> None:
    house.folder.write(*many_rows(4_000))
    with house.start() as process:
        until_some(blank, 300)
        process.kill()
    part = until_some(blank, 0)
    assert part < 4_000, "it was killed too late"
    again = house.run()
    assert again.exit_code == 0, again.output
    assert f"Known before: {part} orders" in again.output
    assert inside(blank, house) == (ordering.Count(4_000, 8_000, 200_000_00), {})


def test_ctrl_c_ends_it_after_what_it_is_writing(house: House, blank: Settings) -> None:
    house.folder.write(*many_rows(4_000))
    with house.start() as process:
        until_some(blank, 300)
        process.ask_to_stop(signal.SIGINT)
        assert process.ended() == 130
    part = until_some(blank, 0)
    assert 300 <= part < 4_000
    assert "Stopped. Run the same command to go on." in process.said
    assert f"Brought in now: {part} orders" in process.said
    assert house.run().exit_code == 0
    assert inside(blank, house) == (ordering.Count(4_000, 8_000, 200_000_00), {})


def test_two_processes_at_once_bring_it_in_once(house: House, blank: Settings) -> None:
    house.folder.write(*many_rows(1_500))
    with house.start() as one, house.start() as other:
        for each in (one, other):
            assert each.ended() == 0, each.said
            assert "In the house from this file: 1500 orders" in each.said
    assert inside(blank, house) == (ordering.Count(1_500, 3_000, 75_000_00), {})


def test_four_years_of_a_restaurant_come_in_to_the_last_fen(house: House, blank: Settings) -> None:
    folder = house.folder
    folder.orders, folder.prices, folder.map, folder.source = shared(ORDERS), shared(PRICES), EXAMPLE, "restaurant-1"
    expected = plain_sum(folder.orders)
    assert expected == ordering.Count(13_397, 74_818, 44_651_745)
    done = house.run()
    assert done.exit_code == 0, done.output
    told = f"{expected.orders} orders, {expected.lines} lines, {expected.revenue_fen} fen."
    assert f"Brought in now: {told}" in done.output
    assert f"In the house from this file: {told}" in done.output
    assert "967 rows have another price" in done.output
    assert inside(blank, house) == (expected, {})
    asyncio.run(_agrees_by_dish(blank, folder.orders))


async def _agrees_by_dish(settings: Settings, path: Path) -> None:
    """What was sold of each dish in the house is what the file says."""
    with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: ASYNC230
        wanted: dict[str, int] = {}
        for row in csv.DictReader(file):
            wanted[row["ItemName"]] = wanted.get(row["ItemName"], 0) + int(row["Quantity"])
    async with open_shop(settings) as shop:
        found = await shop.db.execute("SELECT name, sum(qty) FROM ordering_line GROUP BY name")
    assert {name: int(qty) for name, qty in found} == wanted
    assert len(wanted) == 248
