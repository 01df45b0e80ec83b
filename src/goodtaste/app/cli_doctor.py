"""`goodtaste doctor`: what is in order, what is not, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import asyncpg
import click
import msgspec
from rich.table import Table

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_database import UNREACHABLE, where
from goodtaste.app.cli_words import language, out, stop, tell, words
from goodtaste.kernel import amqp, clock
from goodtaste.kernel.config import HERE, SECRET_FILE, BadSettings, Settings, load

SKEW_MAX_S = 2.0  # between the clocks of this machine and of PostgreSQL
FREE_MIN_BYTES = 1_000_000_000
TIMEOUT_S = 5.0

State = Literal["good", "look", "bad"]
COLOURS = {"good": "green", "look": "yellow", "bad": "red"}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `code` names the sentence that says what was found, of `facts`."""

    subject: str
    state: State
    code: str
    facts: dict[str, object]


def _finding(subject: str, state: State, code: str, **facts: object) -> Finding:
    return Finding(subject, state, code, facts)


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Check settings, database, bus, clock and disk; exit status 1 where something must be mended."""
    try:
        settings = load(file=context.find_root().obj)
    except BadSettings as bad:
        findings = [_finding("settings", "bad", "settings_bad", faults=bad.say(language()))]
    else:
        findings = [found for check in CHECKS for found in check(settings)]
    table = Table("", "", "", show_header=False)
    for each in findings:
        table.add_row(
            f"[{COLOURS[each.state]}]{words(f'doctor.{each.state}')}[/]",
            each.subject,
            words(f"doctor.{each.code}", **each.facts),
        )
    out.print(table)
    if any(each.state == "bad" for each in findings):
        stop("doctor.ill")
    tell("doctor.well")


def settings_fit(settings: Settings) -> Iterator[Finding]:
    """Look at the settings beside each other."""
    yield _finding("settings", "good", "settings_good", demo=str(settings.demo).lower())
    if settings.demo and settings.host not in HERE:
        yield _finding("settings", "look", "demo_open", host=settings.host)
    kept = Path(settings.data_dir) / SECRET_FILE
    if not settings.secret_key:
        yield _finding("secret", "look", "secret_kept", path=str(kept))
        if kept.exists() and kept.stat().st_mode & 0o077:
            yield _finding("secret", "bad", "secret_readable", path=str(kept))


def database_answers(settings: Settings) -> Iterator[Finding]:
    """Look whether the database is there and at the newest revision."""
    if settings.is_sqlite and not settings.sqlite_path.exists():
        yield _finding("database", "look", "database_none", where=where(settings))
        return
    try:
        found, newest = migrations.current(settings), migrations.newest()
    except UNREACHABLE as error:
        yield _finding("database", "bad", "database_silent", where=where(settings), error=str(error).splitlines()[0])
        return
    if found != newest:
        yield _finding("database", "bad", "database_old", where=where(settings), found=found or "-", newest=newest)
    else:
        yield _finding("database", "good", "database_good", where=where(settings), found=found)


def bus_answers(settings: Settings) -> Iterator[Finding]:
    """Look whether the broker answers, and lets this deployment in."""
    if not settings.broker:
        yield _finding("bus", "good", "bus_inside")
        return
    parts = urlsplit(settings.broker)
    host, port = parts.hostname or "localhost", parts.port or (5671 if parts.scheme == "amqps" else 5672)
    try:
        product = asyncio.run(amqp.ask(settings.broker))
    except amqp.FAULTS as error:
        yield _finding("bus", "bad", "bus_silent", host=host, port=port, error=str(error) or type(error).__name__)
    else:
        yield _finding("bus", "good", "bus_good", host=host, port=port, product=product)


def clock_agrees(settings: Settings) -> Iterator[Finding]:
    """Look whether the clock can be right, and agrees with that of the database."""
    if clock.now() < datetime(2026, 1, 1, tzinfo=UTC):
        yield _finding("clock", "bad", "clock_past", at=clock.now().isoformat(timespec="seconds"))
        return
    skew = 0.0
    if not settings.is_sqlite:
        try:
            skew = asyncio.run(_skew_s(settings.database_url))
        except UNREACHABLE:
            return  # the database itself has been found silent
    if abs(skew) > SKEW_MAX_S:
        yield _finding("clock", "bad", "clock_skew", seconds=f"{skew:+.1f}")
    else:
        yield _finding("clock", "good", "clock_good", at=clock.now().isoformat(timespec="seconds"))


async def _skew_s(url: str) -> float:
    connection = await asyncpg.connect(url, timeout=TIMEOUT_S)
    try:
        theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
        return (theirs - clock.now()).total_seconds()
    finally:
        await connection.close()


def disk_has_room(settings: Settings) -> Iterator[Finding]:
    """Look whether the data folder can be written and has room."""
    folder = Path(settings.data_dir).absolute()
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        yield _finding("disk", "bad", "disk_read_only", path=str(folder))
        return
    free = shutil.disk_usage(folder).free
    state: State = "good" if free >= FREE_MIN_BYTES else "look"
    yield _finding("disk", state, f"disk_{state}", path=str(folder), free_mb=free // 1_000_000)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    settings_fit,
    database_answers,
    bus_answers,
    clock_agrees,
    disk_has_room,
)
COMMANDS = [doctor]
