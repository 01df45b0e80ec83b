"""Databases of tests: copies of one that each process migrates once, on engines that are told not to wait for the disk."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
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
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(url, timeout=30)
    except OSError as error:
        unavailable(f"no PostgreSQL at {SERVER}: {error}")
    try:
        yield connection
    finally:
        await connection.close()


async def _create(name: str, *, like: str = "") -> None:
    async with _connected(SERVER) as connection:
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


OTHERS_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
NO_ROWS = 21  # bytes of head and end in PostgreSQL's binary format
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
EMPTY = f"""DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN {TABLES} LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$"""


class Migrated:
    """A database with its tables and only what a migration writes into them, which others are copies of.

    A copy on PostgreSQL that was made before is emptied and filled anew: to drop a database is to wait for the disk.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._rows: dict[str, bytes] = {}
        self._copies: set[str] = set()

    async def make(self) -> None:
        """Migrate it."""
        await make_empty(self.settings)
        await asyncio.to_thread(migrate.migrate, self.settings)
        if self.settings.is_sqlite:  # all of it into the one file that is copied
            with contextlib.closing(sqlite3.connect(self.settings.sqlite_path)) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        async with _connected(self.settings.database_url) as connection:
            for (name,) in await connection.fetch(TABLES):
                held = io.BytesIO()
                await connection.copy_from_table(name, output=held, format="binary")
                self._rows[name] = held.getvalue()

    async def copy_to(self, settings: Settings) -> Settings:
        """Make the database of `settings` a copy of this one."""
        if settings.is_sqlite:
            await asyncio.to_thread(shutil.copyfile, self.settings.sqlite_path, settings.sqlite_path)
        elif settings.database_url not in self._copies or not await self._filled_anew(settings.database_url):
            source, target = (urlsplit(each.database_url).path[1:] for each in (self.settings, settings))
            await _create(target, like=source)
            self._copies.add(settings.database_url)
        return settings

    async def _filled_anew(self, url: str) -> bool:
        """Give a copy the rows of this one; tell whether that could be done, which it cannot where a test changed the tables."""
        async with _connected(url) as connection:
            await connection.execute(OTHERS_OUT)
            if [name for (name,) in await connection.fetch(TABLES)] != [*self._rows]:
                return False
            await connection.execute(EMPTY)
            await connection.execute("SET session_replication_role = replica")
            for name, rows in self._rows.items():
                if len(rows) > NO_ROWS:
                    await connection.copy_to_table(name, source=io.BytesIO(rows), format="binary")
        return True
