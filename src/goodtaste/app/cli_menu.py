"""`goodtaste import menu`: a catalogue from a spreadsheet."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
from rich.table import Table

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_database import revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import language, out, stop, tell, words
from goodtaste.app.process import running
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Unavailable
from goodtaste.kernel.errors import Refusal
from goodtaste.menu import api as menus

SHOWN_MAX = 50  # bad cells that are shown
SOME_REFUSED = 3  # exit status


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check every row and tell what would be done; write nothing.")
@click.pass_context
def menu(context: click.Context, file: Path, dry_run: bool) -> None:
    """Take in the catalogue in FILE (xlsx or CSV), whole or not at all; a second time changes nothing."""
    settings = settings_of(context)
    found, newest = revision(settings), migrations.newest()
    if found != newest:
        stop("cli.other_revision", where=where(settings), found=found or "-", newest=newest)
    try:
        report = asyncio.run(_take(settings, file.read_bytes(), dry_run=dry_run))
    except menus.ImportRefused as refused:
        _show([menus.RowFault(**each) for each in refused.facts["faults"]], refused.facts["count"])
    except Refusal as refused:
        stop(refused.code, **refused.facts)
    except Unavailable as error:
        stop("cli.no_database", where=where(settings), error=str(error))
    else:
        if report.fault_count:
            _show(report.faults, report.fault_count)
        _tell(report)


async def _take(settings: Settings, data: bytes, *, dry_run: bool) -> menus.Report:
    async with running(settings) as process:
        ctx = Ctx(process, SYSTEM, process.clock(), language())
        return await menus.import_menu(data, dry_run=dry_run, ctx=ctx)


def _show(faults: list[menus.RowFault], count: int) -> None:
    """Show the cells that cannot be taken, and end the command."""
    table = Table("sheet", "line", "column", "value", "reason", "write", show_lines=False)
    for fault in faults[:SHOWN_MAX]:
        table.add_row(fault.sheet, str(fault.line), fault.column, fault.value, fault.reason, fault.write)
    out.print(table)
    out.print(words("menu.import_refused", count=count), markup=False)
    sys.exit(SOME_REFUSED)


def _tell(report: menus.Report) -> None:
    tell(
        "menu.cli_would_import" if report.dry_run else "menu.cli_imported",
        made=report.dishes_made,
        changed=report.dishes_changed,
        same=report.dishes_same,
        categories=report.categories_made,
        prices=report.prices_set,
    )
    if report.ignored:
        tell("menu.cli_ignored", names=report.ignored)


COMMANDS = (menu,)
