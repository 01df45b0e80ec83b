"""`goodtaste night`: what was done for each business date, and a night run by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import click
from rich.table import Table

from goodtaste.app import migrate as migrations
from goodtaste.app import rooms
from goodtaste.app.cli_database import revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import out, stop, tell
from goodtaste.app.process import running
from goodtaste.kernel import night as nights
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Unavailable
from goodtaste.kernel.errors import Refusal

T = TypeVar("T")


@click.group()
def night() -> None:
    """What is done once for each business date: shown, and run again."""


@night.command()
@click.option("--on", required=True, type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The business date.")
@click.pass_context
def run(context: click.Context, on: datetime) -> None:
    """Run the night of a business date: what is missing up to it is done, what was done is run again and changes nothing."""
    found, faults = _with_process(settings_of(context), lambda process: _replay(process, on))
    table = Table("step", "changed", "changed again")
    for each in found:
        table.add_row(each.step, str(each.touched), "-" if each.again is None else str(each.again))
    out.print(table)
    _tell_faults(faults)
    tell("cli.night_run", on=f"{on:%Y-%m-%d}")


def _tell_faults(faults: list[nights.NightFault]) -> None:
    for each in faults:
        code = "cli.night_parked" if each.parked else "cli.night_failed"
        tell(code, step=each.step, on=str(each.business_date), tries=each.tries, error=each.error)


@night.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=40, show_default=True, help="Steps to show.")
@click.pass_context
def show(context: click.Context, limit: int) -> None:
    """Show the steps that were done last, newest night first, and the order of a night."""
    order, done, faults = _with_process(settings_of(context), lambda process: _show(process, limit))
    table = Table("business date", "step", "changed", "done at")
    for each in done:
        done_at = each.done_at.isoformat(timespec="seconds")
        table.add_row(str(each.business_date), each.step, str(each.touched), done_at)
    out.print(table)
    _tell_faults(faults)
    tell("cli.night_order", order=" → ".join(order))


async def _replay(process: Process, on: datetime) -> tuple[list[nights.Replayed], list[nights.NightFault]]:
    replayed = await nights.replay(
        process.db,
        rooms.night(process),
        on=on.date(),
        today=rooms.tonight(process),
        clock=process.clock,
    )
    return replayed, await process.db.rows(nights.FAULTS())


async def _show(process: Process, limit: int) -> tuple[list[str], list[nights.NightDone], list[nights.NightFault]]:
    order = [step.name for step in rooms.night(process)]
    return order, await process.db.rows(nights.RECENT(limit=limit)), await process.db.rows(nights.FAULTS())


def _with_process(settings: Settings, work: Callable[[Process], Awaitable[T]]) -> T:
    found, newest = revision(settings), migrations.newest()
    if found != newest:
        stop("cli.other_revision", where=where(settings), found=found or "-", newest=newest)

    async def do() -> T:
        async with running(settings) as process:
            return await work(process)

    try:
        return asyncio.run(do())
    except Refusal as refused:
        stop(refused.code, **refused.facts)
    except Unavailable as error:
        stop("cli.no_database", where=where(settings), error=str(error))


COMMANDS = [night]
