"""Write the migration that brings the newest history to the tables as the code has them now.

Needs PostgreSQL (GOODTASTE_TEST_POSTGRES, default postgresql://postgres@127.0.0.1:5432/postgres), where it uses a scratch database.
Usage: python tools/migration.py "what changes".  Read what it wrote: CHECK constraints on existing tables are yours to add.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from alembic import command
from alembic.script import ScriptDirectory

from goodtaste.app import migrate
from goodtaste.kernel.config import load

SERVER = os.environ.get("GOODTASTE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
SCRATCH = f"goodtaste_migration_{os.getpid()}"  # another checkout may write one at the same moment


async def _at_server(statement: str) -> None:
    connection = await asyncpg.connect(SERVER)
    await connection.execute(statement)
    await connection.close()


def main(message: str) -> None:
    """Write one migration."""
    asyncio.run(_at_server(f"CREATE DATABASE {SCRATCH}"))
    try:
        _write(message)
    finally:
        asyncio.run(_at_server(f"DROP DATABASE {SCRATCH} WITH (FORCE)"))


def _write(message: str) -> None:
    settings = load({}, database=urlunsplit(urlsplit(SERVER)._replace(path=f"/{SCRATCH}")), demo=True)
    revisions = list(ScriptDirectory.from_config(migrate.config()).walk_revisions())
    if revisions:
        migrate.migrate(settings)
    rev_id = f"{len(revisions) + 1:04d}"

    def write(connection: object) -> None:
        command.revision(migrate.config(connection), message=message, autogenerate=True, rev_id=rev_id)  # type: ignore[arg-type]

    migrate._with_connection(settings, write)
    for path in Path(migrate.folder() / "versions").glob(f"{rev_id}_*.py"):
        os.system(f"{sys.executable} -m ruff format -q {path} && {sys.executable} -m ruff check -q --fix {path}")


if __name__ == "__main__":
    main(sys.argv[1])
