"""`goodtaste ledger` and `goodtaste audit`: whether the books hold, and who did what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TypeVar

import click
from rich.table import Table

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_database import revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import an_id, out, stop, tell, words
from goodtaste.app.rooms import PROOFS
from goodtaste.kernel import audit as audits
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Database, Unavailable
from goodtaste.kernel.db.open import open_database
from goodtaste.ledger import api as ledger_room
from goodtaste.member import api as members

T = TypeVar("T")

SHOWN_MAX = 5  # rows that break a proof, shown of it
HEAD_HELP = "Head of the chain kept elsewhere; a log that ends otherwise was cut."
NEWEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"


def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the database of `settings`, which must be there and migrated."""
    found, newest = revision(settings), migrations.newest()
    if found != newest:
        stop("cli.other_revision", where=where(settings), found=found or "-", newest=newest)

    async def run() -> T:
        db = await open_database(settings)
        try:
            return await work(db)
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except Unavailable as error:
        stop("cli.no_database", where=where(settings), error=str(error))


@click.group(invoke_without_command=True)
@click.pass_context
def ledger(context: click.Context) -> None:
    """Prove the books: every proof of every room; exit status 1 where one fails."""
    if context.invoked_subcommand is None:
        _prove(settings_of(context))


@ledger.command()
@click.argument("member_id", metavar="MEMBER", callback=an_id)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Movements to show.")
@click.pass_context
def account(context: click.Context, member_id: str, limit: int) -> None:
    """Show what a member has, by the member's id, and what moved it last."""
    balances, moved = with_database(settings_of(context), lambda db: _account(db, member_id, limit))
    if balances is None:
        stop("cli.no_account", member_id=member_id)
    table = Table("unit", "available", "pending", "owed", "spendable", title=member_id)
    for unit, of_unit in balances.items():
        owed = -of_unit.debt
        cells = (of_unit.available, of_unit.pending, owed, max(0, of_unit.available - owed))
        table.add_row(unit, *map(str, cells))
    out.print(table)
    table = Table("at", "kind", "available", "pending", "owed", "order", "note")
    for each in moved:
        at = each.at.isoformat(timespec="seconds")
        figures = [f"{n:+d}" if n else "" for n in (each.available, each.pending, -each.debt)]
        table.add_row(at, each.kind, *figures, each.order_id or "", each.note)
    out.print(table)


@ledger.command()
@click.pass_context
def liability(context: click.Context) -> None:
    """Show what is owed to members in points, by the month it runs out, and what became of what was given, by month."""
    found = with_database(settings_of(context), _liability)
    table = Table("available", "held", "pending", "owed", "total", "worth_fen")
    table.add_row(*map(str, (found.available, found.held, found.pending, found.debt, found.total, found.worth_fen)))
    out.print(table)
    table = Table("runs out in", "points", "worth_fen")
    for due in found.by_month:
        table.add_row(due.month, str(due.points), str(due.worth_fen))
    out.print(table)
    fields = [name for name in ledger_room.Cohort.__struct_fields__ if name not in ("month", "breakage_bp")]
    table = Table("opened in", *fields, "breakage")
    for cohort in found.cohorts:
        figures = [str(getattr(cohort, name)) for name in fields]
        table.add_row(cohort.month, *figures, f"{cohort.breakage_bp / 100:.2f} %")
    out.print(table)
    if not found.holds:
        stop("cli.liability_apart", total=found.total)
    tell("cli.liability_holds", total=found.total)


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(0, 1000), default=20, show_default=True, help="Newest rows to show.")
@click.option("--head", help=HEAD_HELP)
@click.pass_context
def audit(context: click.Context, limit: int, head: str | None) -> None:
    """Verify the hash chain of the audit log, and show its newest rows; exit status 1 where it is broken."""
    if context.invoked_subcommand is None:
        _verify(settings_of(context), limit, head)


@audit.command()
@click.option("--head", help=HEAD_HELP)
@click.pass_context
def verify(context: click.Context, head: str | None) -> None:
    """Verify the hash chain of the audit log: any row that was edited, deleted, swapped or put in; exit status 1 where it is broken."""
    _verify(settings_of(context), 0, head)


def _verify(settings: Settings, limit: int, head: str | None) -> None:
    verdict, recent = with_database(settings, lambda db: _audit(db, limit))
    table = Table("at", "who", "action", "subject", "reason")
    for row in recent:
        at = row.at.isoformat(timespec="seconds")
        table.add_row(at, f"{row.actor_kind} {row.actor_id}".strip(), row.action, row.subject, row.reason)
    if recent:
        out.print(table)
    if verdict.fault:
        stop("cli.audit_broken", fault=verdict.fault, rows=verdict.rows)
    if head and head != verdict.head:
        stop("cli.audit_cut", head=head, found=verdict.head)
    tell("cli.audit_holds", rows=verdict.rows, head=verdict.head)


def _prove(settings: Settings) -> None:
    found = with_database(settings, _find_faults)
    table = Table("proof", "result", "ms", title=words("cli.proofs_of", where=where(settings)))
    for name, (faults, ms) in found.items():
        table.add_row(name, "[red]FAULT[/red]" if faults else "[green]holds[/green]", f"{ms:.1f}")
    out.print(table)
    broken = {name: faults for name, (faults, _) in found.items() if faults}
    for name, faults in broken.items():
        out.print(f"{name}: {len(faults)}", markup=False)
        for row in faults[:SHOWN_MAX]:
            out.print("  " + ", ".join(map(str, row)), markup=False)
    if broken:
        stop("cli.books_broken", broken=len(broken), proofs=len(found))
    tell("cli.books_hold", proofs=len(found))


async def _find_faults(db: Database) -> dict[str, tuple[list[tuple[object, ...]], float]]:
    found: dict[str, tuple[list[tuple[object, ...]], float]] = {}
    for name, query in PROOFS.items():
        started = perf_counter()
        faults = await db.execute(query)
        found[name] = faults, (perf_counter() - started) * 1e3
    return found


async def _account(
    db: Database, member_id: str, limit: int
) -> tuple[dict[str, ledger_room.Balances] | None, list[ledger_room.Movement]]:
    balances = await db.rows(ledger_room.READ_BALANCES(owner_id=member_id))
    if not balances:
        return None, []
    page = ledger_room.movements(member_id, limit=limit)
    return ledger_room.as_balances(balances), await db.rows(page)


async def _liability(db: Database) -> members.Liability:
    program = members.program_snapshot()
    await program.load(db, 0)
    return await members.liability(db, program=program.value)


async def _audit(db: Database, limit: int) -> tuple[audits.Verdict, list[audits.AuditRow]]:
    return await audits.verify(db), await db.rows(audits.RECENT(before=NEWEST_ID, limit=limit))


COMMANDS = [ledger, audit]
