"""Opening the database that the settings name."""

from __future__ import annotations

from goodtaste.kernel.config import Settings
from goodtaste.kernel.db.postgres import PostgresDatabase
from goodtaste.kernel.db.runner import Database
from goodtaste.kernel.db.sqlite import SqliteDatabase


async def open_database(settings: Settings) -> Database:
    """Open the database of `settings`, which must have been migrated."""
    if settings.is_sqlite:
        return SqliteDatabase(settings.sqlite_path)
    return await PostgresDatabase.open(settings.database_url, connections=settings.database_connections)
