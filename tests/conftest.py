"""Fixtures: each test that asks for `shop` runs twice, in a whole house on SQLite and in one on PostgreSQL.

GOODTASTE_TEST_POSTGRES names the server (default postgresql://postgres@127.0.0.1:5432/postgres); where there is none, its half is
skipped with the reason, except in CI (GOODTASTE_CI=1), where it fails.  GOODTASTE_TEST_AMQP names the broker in the same way.
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
from aio_pika.exceptions import AMQPError
from argon2 import PasswordHasher

from goodtaste.app import migrate
from goodtaste.kernel import secrets
from goodtaste.kernel.config import Settings, load
from goodtaste.twin import brand
from tests import amqp_kit
from tests.payment_kit import Till, open_till
from tests.shop import Shop, open_shop
from tests.shop_kit import Floor, open_floor

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


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Give the address of a virtual host at the broker, with nothing in it."""
    try:
        asyncio.run(amqp_kit.answers())
    except (AMQPError, OSError, TimeoutError) as error:
        _unavailable(f"no broker at {amqp_kit.SERVER}: {error!r}")
    with amqp_kit.own_host(_name("test")) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Hash passwords by argon2id still, but in a hundredth of the time: a thousand people are hired in these tests."""
    secrets._passwords = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)


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


@pytest.fixture
def empty(engine: str, tmp_path: Path) -> Settings:
    """Give the settings of a database with nothing in it."""
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    if engine == "postgresql":
        url = asyncio.run(_fresh_database(_name("empty")))
    return load({}, database=url, data_dir=str(tmp_path), secret_key=SECRET, log_level="warning")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(settings: Settings) -> AsyncIterator[Shop]:
    """Give a running house with one store that sells three dishes, for the whole session: tests make their own members and orders."""
    async with open_shop(settings) as opened:
        yield opened


async def _own(engine: str, purpose: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give the settings of a migrated database for one purpose."""
    folder = tmp_path_factory.mktemp(f"{purpose}-{engine}")
    url = f"sqlite:///{folder / 'house.db'}"
    if engine == "postgresql":
        url = await _fresh_database(_name(purpose))
    made = load({}, database=url, data_dir=str(folder), secret_key=SECRET, demo=True, log_level="warning")
    await asyncio.to_thread(migrate.migrate, made)
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def till(engine: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    """Give a till in a house of its own, where time passes when the test says so."""
    async with open_till(await _own(engine, "till", tmp_path_factory)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def floor(engine: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    """Give a restaurant in a house of its own, where time passes when the test says so."""
    async with open_floor(await _own(engine, "floor", tmp_path_factory)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(engine: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """Give a running house of its own with the demo brand."""
    folder = tmp_path_factory.mktemp(f"demo-{engine}")
    url = f"sqlite:///{folder / 'house.db'}"
    if engine == "postgresql":
        url = await _fresh_database(_name("demo"))
    made = load({}, database=url, data_dir=str(folder), secret_key=SECRET, demo=True, log_level="warning")
    await asyncio.to_thread(migrate.migrate, made)
    async with open_shop(made) as opened:
        await brand.seed(opened.process)
        yield opened
