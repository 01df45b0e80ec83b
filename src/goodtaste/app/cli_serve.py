"""`goodtaste serve` and `goodtaste worker`: run the house."""

from __future__ import annotations

import asyncio

import click

from goodtaste.app import migrate as migrations
from goodtaste.app import server
from goodtaste.app.cli_database import is_served, migrate_up, need_files, revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_twin import show_sign_ins
from goodtaste.app.cli_words import stop, tell
from goodtaste.app.roles import ROLES, Role
from goodtaste.kernel.config import Settings, keyring_of
from goodtaste.kernel.db.open import open_database
from goodtaste.member import api as members


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=int, help="Web processes; more than one needs PostgreSQL.")
@click.option("--role", type=click.Choice(list(ROLES)), default="all", show_default=True, help="What to do.")
@click.option("--demo", is_flag=True, default=None, help="Seed the demo brand and open the sandboxes.")
@click.pass_context
def serve(
    context: click.Context, host: str | None, port: int | None, workers: int | None, role: str, demo: bool | None
) -> None:
    """Serve the house until it is asked to stop."""
    _run(settings_of(context, host=host, port=port, workers=workers, demo=demo), ROLES[role])


@click.command()
@click.option("--host", help="Address on which probes and metrics are answered.")
@click.option("--port", type=int, help="Port on which probes and metrics are answered; 0 takes a free one.")
@click.pass_context
def worker(context: click.Context, host: str | None, port: int | None) -> None:
    """Relay events and run jobs, beside others that serve."""
    _run(settings_of(context, host=host, port=port, workers=1), ROLES["worker"])


def _run(settings: Settings, role: Role) -> None:
    if settings.is_sqlite:
        need_files(settings)
        if is_served(settings.sqlite_path):  # two would not know of each other's sandboxes and limits
            stop("cli.served_already", where=str(settings.sqlite_path))
    _bring_up(settings)
    try:
        listening = server.bind(settings.host, settings.port)
    except OSError as error:
        stop("cli.no_port", host=settings.host, port=settings.port, error=error.strerror or str(error))
    host, port = listening.getsockname()[:2]

    def announce() -> None:
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        tell("cli.serving", url=url, where=where(settings))
        if settings.demo and role.serves:
            show_sign_ins(url)

    with listening:
        if not server.serve(settings, role, listening, announce):
            stop("cli.did_not_start")


def _bring_up(settings: Settings) -> None:
    """Migrate a database of this machine's own; one that others share is migrated by a person.  Refuse one under another secret."""
    found, newest = revision(settings), migrations.newest()
    if found != newest and not settings.is_sqlite and not settings.demo:
        stop("cli.other_revision", where=where(settings), found=found or "-", newest=newest)
    if found != newest:
        migrate_up(settings)
    if not asyncio.run(_knows_members(settings)):
        stop("cli.other_secret", where=where(settings))


async def _knows_members(settings: Settings) -> bool:
    db = await open_database(settings)
    try:
        return await members.is_ours(db, keyring_of(settings))
    finally:
        await db.close()


COMMANDS = [serve, worker]
