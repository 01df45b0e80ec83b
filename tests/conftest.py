"""Fixtures: each test that asks for `shop` runs twice, in a whole house on SQLite and in one on PostgreSQL.

GOODTASTE_TEST_POSTGRES names the server (default postgresql://postgres@127.0.0.1:5432/postgres); where there is none, its half is
skipped with the reason, except in CI (GOODTASTE_CI=1), where it fails.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from goodtaste.app import migrate
from goodtaste.kernel.config import Settings, load
from tests.shop import Shop, open_shop

SERVER = os.environ.get("GOODTASTE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
SECRET = "TEST KEY, not a secret: 0123456789abcdef0123456789abcdef"  # opens test databases only


def _unavailable(reason: str) -> None:
    if os.environ.get("GOODTASTE_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


async def _fresh_database(name: str) -> str:
    try:
        connection = await asyncpg.connect(SERVER, timeout=5)
    except OSError as error:
        _unavailable(f"no PostgreSQL at {SERVER}: {error}")
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


def _name(purpose: str) -> str:
    """Return a database name of this checkout and this test process."""
    place = hashlib.sha256(str(Path.cwd()).encode()).hexdigest()[:8]
    return f"goodtaste_{purpose}_{place}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Name the engine of the house."""
    return str(request.param)


@pytest.fixture(scope="session")
def settings(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Give the settings of a fresh, migrated database."""
    folder = tmp_path_factory.mktemp(engine)
    url = f"sqlite:///{folder / 'house.db'}"
    if engine == "postgresql":
        url = asyncio.run(_fresh_database(_name("test")))
    made = load({}, database=url, data_dir=str(folder), secret_key=SECRET, demo=True, log_level="warning")
    migrate.migrate(made)
    return made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(settings: Settings) -> AsyncIterator[Shop]:
    """Give a running house with one store that sells three dishes, for the whole session: tests make their own members and orders."""
    async with open_shop(settings) as opened:
        yield opened
