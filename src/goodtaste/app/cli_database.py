"""`goodtaste migrate` and `goodtaste reset`: the database as a whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from pathlib import Path

import asyncpg
import click
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import stop, tell, words
from goodtaste.kernel.config import SECRET_FILE, Settings
from goodtaste.payment.gateways.shelf import FILE as SANDBOXES

UNREACHABLE = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)


def where(settings: Settings) -> str:
    """Return where the data lives, without the password."""
    url = settings.database_url
    user, at, host = url.rpartition("@")
    return f"{user.rpartition(':')[0]}:***@{host}" if at and user.count(":") > 1 else url


def revision(settings: Settings) -> str | None:
    """Return the revision of the database; ends the command where it cannot be reached."""
    try:
        return migrations.current(settings)
    except UNREACHABLE as error:
        stop("cli.no_database", where=where(settings), error=str(error).splitlines()[0])


def migrate_up(settings: Settings) -> None:
    """Bring the database to the newest revision; ends the command where it cannot be reached, or is of a newer version than this."""
    try:
        migrations.migrate(settings)
    except CommandError:
        stop("cli.newer_database", where=where(settings), found=revision(settings), newest=migrations.newest())
    except UNREACHABLE as error:
        stop("cli.no_database", where=where(settings), error=str(error).splitlines()[0])


@click.command()
@click.option("--to", default="head", help="Revision, `base` for nothing, `-1` for one step down. Default: the newest.")
@click.pass_context
def migrate(context: click.Context, to: str) -> None:
    """Bring the tables of the database to the newest revision."""
    settings = settings_of(context)
    before = revision(settings)
    try:
        migrations.migrate(settings, to)
    except CommandError:
        stop("cli.no_such_revision", to=to, newest=migrations.newest())
    except UNREACHABLE as error:
        stop("cli.no_database", where=where(settings), error=str(error).splitlines()[0])
    tell("cli.migrated", where=where(settings), before=before or "-", after=revision(settings) or "-")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def reset(context: click.Context, yes: bool) -> None:
    """Delete all data of the embedded database, and the secret made for it."""
    settings = settings_of(context)
    if not settings.is_sqlite:
        stop("cli.reset_embedded_only", where=where(settings))
    path = settings.sqlite_path
    held = (*_files_of(path), *_files_of(path.parent / SANDBOXES), Path(settings.data_dir) / SECRET_FILE)
    files = [each for each in held if each.exists()]
    if not files:
        tell("cli.nothing_to_reset", where=str(path))
        return
    if is_served(path):
        stop("cli.is_served", where=str(path))
    if not yes and not click.confirm(words("cli.reset_sure", where=str(path))):
        stop("cli.not_reset")
    for each in files:
        each.unlink()
    tell("cli.reset_done", where=str(path))


def _files_of(path: Path) -> list[Path]:
    return [path, *(Path(f"{path}{end}") for end in ("-wal", "-shm", "-journal", ".leader"))]


def need_files(settings: Settings) -> None:
    """End the command where the files of the embedded database are not ours to write, before anything else stumbles over them."""
    path = settings.sqlite_path
    secret = [] if settings.secret_key else [Path(settings.data_dir) / SECRET_FILE]
    try:
        for each in {path.parent, *(file.parent for file in secret)}:
            each.mkdir(parents=True, exist_ok=True)
            if not os.access(each, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(each))
        for each in (*_files_of(path), *secret):
            if each.exists():
                each.open("ab").close()
    except OSError as error:
        stop("cli.no_files", path=error.filename, error=error.strerror)
    if secret and path.exists() and not secret[0].exists() and _has_sealed(path):
        stop("cli.no_secret", path=str(secret[0]), where=str(path))


def _has_sealed(path: Path) -> bool:
    """Tell whether members are in the database at `path` whose phones only the secret that sealed them opens."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            return database.execute("SELECT 1 FROM member_secret LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return False  # no database yet, or none at all, which is told when it is brought up


def is_served(path: Path) -> bool:
    """Tell whether a process leads the embedded database at `path`: it holds the lock on the file beside it."""
    try:
        with open(f"{path}.leader") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


COMMANDS = [migrate, reset]
