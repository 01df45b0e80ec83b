"""Migrations: one history for both engines, run by Alembic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import goodtaste
from goodtaste.app.rooms import TABLES
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import sqlite


def folder() -> Path:
    """Return the folder of the history: in the wheel, or at the root of a checkout."""
    packed = Path(goodtaste.__file__).parent / "_migrations"
    return packed if packed.exists() else Path(goodtaste.__file__).parents[2] / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for a connection."""
    made = Config()
    made.set_main_option("script_location", str(folder()))
    made.attributes["connection"] = connection
    made.attributes["metadata"] = TABLES
    return made


def newest() -> str:
    """Return the newest revision in the history."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise RuntimeError("the history of migrations is empty")
    return head


def migrate(settings: Settings, revision: str = "head") -> None:
    """Bring the database of `settings` up, or down, to `revision`; creates the SQLite file where there is none."""
    down = revision == "base" or revision.startswith("-")

    def work(connection: Connection) -> None:
        (command.downgrade if down else command.upgrade)(config(connection), revision)

    _with_connection(settings, work)


def current(settings: Settings) -> str | None:
    """Return the revision of the database, or None where it has none."""

    def work(connection: Connection) -> str | None:
        if not connection.dialect.has_table(connection, "alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    return _with_connection(settings, work)  # type: ignore[no-any-return]


def _with_connection(settings: Settings, work: Any) -> Any:
    if settings.is_sqlite:
        return _on_sqlite(settings.sqlite_path, work)
    return asyncio.run(_on_postgres(settings.database_url, work))


def _on_sqlite(path: Path, work: Any) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(path), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # the driver's own BEGIN would leave DDL outside the transaction
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        return work(connection)


async def _on_postgres(url: str, work: Any) -> Any:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    async with engine.begin() as connection:
        result = await connection.run_sync(work)
    await engine.dispose()
    return result
