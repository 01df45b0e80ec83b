"""`goodtaste import orders`: the order history of another system."""

from __future__ import annotations

import asyncio
import csv
import signal
import sys
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any, TextIO

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_database import revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import err, language, out, stop, tell, words
from goodtaste.app.process import running
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Unavailable
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.words import sentence
from goodtaste.ordering import api as ordering

SHOWN_MAX = 20  # rejected rows that are shown; all of them go into the file
SOME_REJECTED, STOPPED = 3, 130  # exit statuses
HEADER = ("line", "order", "column", "value", "reason")


class Rejects:
    """The rows that are not brought in: written to a file as they are found, the first of them kept to be shown."""

    def __init__(self, path: Path) -> None:
        self.path, self.shown, self.n = path, list[tuple[str, ...]](), 0
        self._file: TextIO | None = None

    def __call__(self, fault: ordering.Fault) -> None:
        """Write a row down."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(HEADER)
        reason = sentence(fault.code, language(), fault.facts).say
        row = (str(fault.line), fault.order, fault.column, fault.value, reason)
        csv.writer(self._file).writerow(row)
        self.n += 1
        if len(self.shown) < SHOWN_MAX:
            self.shown.append(row)

    def close(self) -> None:
        """End the file, where there is one."""
        if self._file is not None:
            self._file.close()


class Interrupt:
    """Ctrl-C: the first asks the import to end after what it is writing, the second ends it at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __call__(self) -> bool:
        """Tell whether it was asked for."""
        return self.asked

    def __enter__(self) -> Interrupt:
        self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _hear(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--prices", type=click.Path(dir_okay=False, path_type=Path), required=True, help="CSV of dishes and prices."
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="TOML that says what is where.",
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV that lists every row that is not brought in. Default: the name of FILE with .rejected.csv, in this folder.",
)
@click.pass_context
def orders(context: click.Context, file: Path, prices: Path, map_path: Path, rejects: Path | None) -> None:
    """Bring in the order history in FILE, each order once; it can be stopped with Ctrl-C and run again."""
    settings = settings_of(context)
    found, newest = revision(settings), migrations.newest()
    if found != newest:
        stop("cli.other_revision", where=where(settings), found=found or "-", newest=newest)
    named, started = Rejects(rejects or Path(f"{file.stem}.rejected.csv")), perf_counter()
    try:
        with Interrupt() as interrupt:
            report = asyncio.run(_bring_in(settings, file, prices, map_path, named, interrupt))
    except Refusal as refused:
        stop(refused.code, **refused.facts)
    except Unavailable as error:
        stop("cli.no_database", where=where(settings), error=str(error))
    except OSError as error:
        stop("cli.no_rejects", file=str(named.path), error=str(error.strerror))
    finally:
        named.close()
    _tell(report, named, seconds=perf_counter() - started)
    if report.stopped:
        sys.exit(STOPPED)
    if named.n:
        sys.exit(SOME_REJECTED)


async def _bring_in(
    settings: Settings, file: Path, prices: Path, map_path: Path, named: Rejects, interrupt: Interrupt
) -> ordering.Report:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    async with running(settings) as process:
        with Progress(*columns, console=err) as bar:
            tasks = {
                what: bar.add_task(words(f"cli.import_{what}"), total=None, start=what == "check")
                for what in ("check", "write")
            }

            def progress(what: str, done: int, of: int) -> None:
                bar.start_task(tasks[what])
                bar.update(tasks[what], completed=done, total=of)

            return await ordering.bring_in(
                process.context(),
                orders=file,
                prices=prices,
                map_=ordering.read_map(map_path),
                named=named,
                progress=progress,
                stop=interrupt,
            )


def _tell(report: ordering.Report, named: Rejects, *, seconds: float) -> None:
    """Print what became of the file, so that it can be compared with a sum over it."""
    tell("cli.import_rows", rows=report.rows, seconds=f"{seconds:.1f}")
    for what, count in (("fresh", report.fresh), ("known", report.known), ("all", report.all)):
        tell(f"cli.import_{what}", orders=count.orders, lines=count.lines, revenue_fen=count.revenue_fen)
    if report.other_prices:
        tell("cli.import_other_prices", rows=report.other_prices)
    if report.stopped:
        tell("cli.import_stopped")
    if named.n:
        tell("cli.import_rejected", rejected=report.rejected, left_out=report.left_out, file=str(named.path))
        for row in named.shown:
            out.print("  " + " | ".join(row), markup=False)


COMMANDS = [orders]
