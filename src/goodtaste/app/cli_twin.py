"""`goodtaste twin`: seed the demo brand, and play a day of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click
import httpx
import msgspec
from rich.table import Table

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_database import migrate_up, revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import out, stop, tell
from goodtaste.app.process import running
from goodtaste.app.rooms import PROOFS
from goodtaste.kernel.config import PREFIX, Settings, load
from goodtaste.kernel.db import Database
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.money import yuan
from goodtaste.org.api import Directory
from goodtaste.twin import brand as brands
from goodtaste.twin import data
from goodtaste.twin import day as days
from goodtaste.twin.floor import NoBrand
from goodtaste.twin.proof import prove_house

SHOWN_MAX = 20  # differences, and unexpected answers, that are shown
FIRST_STORE = "HW-01"  # whose people are shown; those of the others sign in alike
STOP_S = 30  # for the house of the day to close
_ADDRESS = re.compile(r"https?://[^\s/]+:\d+")


@click.command()
@click.pass_context
def brand(context: click.Context) -> None:
    """Seed the demo brand into the database of the settings.  A house that has a brand is left alone."""
    settings = settings_of(context, demo=True)
    if revision(settings) != migrations.newest():
        migrate_up(settings)
    name = asyncio.run(_seed(settings))
    if name:
        tell("twin.brand_there", where=where(settings), name=name)
        return
    told = data.brand()
    counts = {"stores": len(told.stores), "staff": len(told.staff), "dishes": len(data.menu().dishes)}
    tell("twin.brand_seeded", where=where(settings), **counts)


async def _seed(settings: Settings) -> str:
    """Seed; return the name of the brand that was there, empty where this made it."""
    async with running(settings) as process:
        found = process.see(Directory).brand.name
        await brands.seed(process)
        return found


@click.command()
@click.option("--url", help="A house that runs with --demo. Default: one of its own in a temporary folder.")
@click.option("--database", help="Database of that house, for its own proofs; or for a house of its own there.")
@click.option("--bus", help="RabbitMQ for the house of its own: amqp://user:password@host:5672/")
@click.option("--orders", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Orders of the day.")
@click.option("--diners", type=click.IntRange(1, 256), default=16, show_default=True, help="Diners at once.")
@click.option("--stores", type=click.IntRange(1, 5), default=5, show_default=True, help="Stores that open.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed plays the same day.")
@click.option("--speed", type=click.FloatRange(min=0), default=0, help="Times faster than life; 0: as fast as it goes.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there as JSON too.")
def day(
    url: str | None,
    database: str | None,
    bus: str | None,
    orders: int,
    diners: int,
    stores: int,
    seed: int,
    speed: float,
    report: Path | None,
) -> None:
    """Play a day of the demo brand over the public API, and prove its books; exit status 1 where they do not hold."""
    how = {"orders": orders, "diners": diners, "stores": stores, "seed": seed, "speed": speed}
    if url is not None:
        settings = load({}, database=database, demo=True) if database else None
        made = _play(url, settings, how)
    else:
        with _own_house(database, bus) as (url, settings):
            made = _play(url, settings, how)
    if report is not None:
        report.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1))
    _show(made)
    if not made.holds:
        stop("twin.day_broken", differences=len(made.differences), unexpected=len(made.unexpected))
    tell("twin.day_holds" if settings is None else "twin.day_and_house_hold", proofs=len(PROOFS))


def _play(url: str, settings: Settings | None, how: dict[str, int | float]) -> days.Report:
    try:
        return asyncio.run(_played(url, settings, how))
    except NoBrand:
        stop("twin.no_brand", url=url)
    except httpx.HTTPError as error:
        stop("twin.no_house", url=url, error=str(error) or type(error).__name__)


async def _played(url: str, settings: Settings | None, how: dict[str, int | float]) -> days.Report:
    async with days.client(url, diners=int(how["diners"])) as http:
        played = await days.play(http, **how)  # type: ignore[arg-type]
        await played.reconcile()
        if settings is not None:
            async with _database(settings) as db:
                await prove_house(played.floor, PROOFS, db.execute)
        return played.report()


@contextlib.asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    db = await open_database(settings)
    try:
        yield db
    finally:
        await db.close()


@contextlib.contextmanager
def _own_house(database: str | None, bus: str | None) -> Iterator[tuple[str, Settings]]:
    """Serve a house in a process of its own, on a temporary SQLite file or the database named, and give its address."""
    with tempfile.TemporaryDirectory(prefix="goodtaste-day-") as folder:
        asked = {"data_dir": folder, "database": database or "", "broker": bus or "", "demo": "true", "port": "0"}
        asked["log_level"] = "error"
        plain = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        env = plain | {f"{PREFIX}{name.upper()}": value for name, value in asked.items() if value}
        house = subprocess.Popen(
            [sys.executable, "-m", "goodtaste", "serve"], env=env, stdout=subprocess.PIPE, text=True
        )
        try:
            yield _address_of(house), load({}, data_dir=folder, database=database, demo=True)
        finally:
            house.terminate()
            house.wait(STOP_S)


def _address_of(house: subprocess.Popen[str]) -> str:
    """Wait until a house tells its address."""
    told = (_ADDRESS.search(line) for line in house.stdout or ())
    found = next(filter(None, told), None)
    if found is None:
        stop("twin.not_started")
    return found[0]


def show_sign_ins(url: str) -> None:
    """Print how the people of the demo brand sign in."""
    table = Table("login", "password", "PIN", "who", "where")
    for each in brands.sign_ins():
        if each.store in ("", FIRST_STORE):
            table.add_row(
                each.login, each.password, each.pin or "-", f"{each.name} {each.role}", each.store_name or "-"
            )
    out.print(table)
    phones = ", ".join(each.phone for each in data.brand().members)
    tell("twin.sign_ins", url=url, phones=phones)


def _show(made: days.Report) -> None:
    """Print what the day was."""
    table = Table(show_header=False, title="twin day")
    minutes = made.took_s / 60
    table.add_row("orders", f"{made.orders}, {made.orders / minutes:.0f} a minute, in {made.took_s:.1f} s")
    table.add_row("diners", f"{made.diners}, of them members {made.members}")
    table.add_row("calls", f"{made.calls}")
    table.add_row("paid", _money(made.paid_fen))
    table.add_row("given back", _money(made.refunded_fen))
    table.add_row("coupons", f"{made.coupons_used} used, worth ¥{yuan(made.coupon_fen)}")
    table.add_row("points", f"{made.points_used} used, {made.points_earned} earned")
    for name, values in made.times.items():
        p50, p99 = (days.quantile(values, share) * 1e3 for share in (0.5, 0.99))
        table.add_row(name, f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, of {len(values)}")
    table.add_row("what happened", _counts(made.fates))
    table.add_row("refused", _counts(made.refusals))
    out.print(table)
    for row in [*made.differences[:SHOWN_MAX], *made.unexpected[:SHOWN_MAX]]:
        out.print(f"  {row}", markup=False)


def _money(by_method: dict[str, int]) -> str:
    return ", ".join(f"{method} ¥{yuan(fen)}" for method, fen in by_method.items())


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in found.items())


COMMANDS = [brand, day]
