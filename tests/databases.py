"""Databases of tests: copies of one that each process migrates once, on engines that are told not to wait for the disk."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from goodtaste.app import migrate
from goodtaste.kernel.config import Settings, load

SERVER = os.environ.get("GOODTASTE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
SECRET = "TEST KEY, not a secret: 0123456789abcdef0123456789abcdef"  # opens test databases only


def unavailable(reason: str) -> None:
    """Skip what cannot be tested here, or, in CI, let it fail."""
    if os.environ.get("GOODTASTE_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def name_for(purpose: str) -> str:
    """Return a database name of this checkout and this test process."""
    place = hashlib.sha256(str(Path.cwd()).encode()).hexdigest()[:8]
    return f"goodtaste_{purpose}_{place}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def _url(name: str) -> str:
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


@contextlib.asynccontextmanager
async def _server() -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(SERVER, timeout=30)
    except OSError as error:
        unavailable(f"no PostgreSQL at {SERVER}: {error}")
    try:
        yield connection
    finally:
        await connection.close()


async def _create(name: str, *, like: str = "") -> None:
    async with _server() as connection:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like}"' if like else ""))
        await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')


def settings_for(engine: str, purpose: str, folder: Path, *, demo: bool = True, broker: str = "") -> Settings:
    """Return the settings of a database, which is yet to be made."""
    url = f"sqlite:///{folder / 'house.db'}" if engine == "sqlite" else _url(name_for(purpose))
    return load(
        {}, database=url, data_dir=str(folder), secret_key=SECRET, demo=demo, log_level="warning", broker=broker
    )


async def make_empty(settings: Settings) -> None:
    """Make a database with nothing in it; a file is made by whoever migrates it."""
    if not settings.is_sqlite:
        await _create(urlsplit(settings.database_url).path[1:])


class Migrated:
    """A database with its tables and nothing in them, which others are copies of."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def make(self) -> None:
        """Migrate it."""
        await make_empty(self.settings)
        await asyncio.to_thread(migrate.migrate, self.settings)
        if self.settings.is_sqlite:  # all of it into the one file that is copied
            with contextlib.closing(sqlite3.connect(self.settings.sqlite_path)) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def copy_to(self, settings: Settings) -> Settings:
        """Make the database of `settings` a copy of this one."""
        if settings.is_sqlite:
            await asyncio.to_thread(shutil.copyfile, self.settings.sqlite_path, settings.sqlite_path)
        else:
            source, target = (urlsplit(each.database_url).path[1:] for each in (self.settings, settings))
            await _create(target, like=source)
        return settings
