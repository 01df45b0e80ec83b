"""Fixtures: each test that asks for `shop` runs twice, in a whole house on SQLite and in one on PostgreSQL.

GOODTASTE_TEST_POSTGRES names the server (default postgresql://postgres@127.0.0.1:5432/postgres); where there is none, its half is
skipped with the reason, except in CI (GOODTASTE_CI=1), where it fails.  GOODTASTE_TEST_AMQP names the broker in the same way.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from aio_pika.exceptions import AMQPError
from argon2 import PasswordHasher

from goodtaste.kernel import relay, secrets
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import sqlite
from goodtaste.twin import brand
from tests import amqp_kit
from tests.databases import Migrated, make_empty, name_for, settings_for, unavailable
from tests.payment_kit import Till, open_till
from tests.shop import Shop, open_shop
from tests.shop_kit import Floor, open_floor
from tests.subscription_kit import Club, open_club

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the many processes started here would each compile the house anew


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Give the address of a virtual host at the broker, with nothing in it."""
    try:
        asyncio.run(amqp_kit.answers())
    except (AMQPError, OSError, TimeoutError) as error:
        unavailable(f"no broker at {amqp_kit.SERVER}: {error!r}")
    with amqp_kit.own_host(name_for("test")) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Hash passwords by argon2id still, but in a hundredth of the time: a thousand people are hired in these tests."""
    secrets._passwords = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def quick_relay() -> None:
    """Delete what was delivered at once: many wait here for the outbox to be empty, and nobody has events in such numbers."""
    relay.CLEAR_S = 0.005


@pytest.fixture(scope="session", autouse=True)
def quick_files() -> None:
    """Let SQLite not wait for the disk: no test here cuts the power, and `make crash` does without this."""
    careful = sqlite.connect

    def connect(path: str | Path, *, read_only: bool = False) -> sqlite3.Connection:
        db = careful(path, read_only=read_only)
        db.execute("PRAGMA synchronous=OFF")
        return db

    sqlite.connect = connect


FOR_TESTS = ("GOODTASTE_TEST_", "GOODTASTE_CI")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of who runs the tests reach a command."""
    for name in [each for each in os.environ if each.startswith("GOODTASTE_") and not each.startswith(FOR_TESTS)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Name the engine of the house."""
    return str(request.param)


@pytest.fixture(scope="session")
def migrated(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Migrated:
    """Give a database with its tables and nothing in them, to make copies of."""
    made = Migrated(settings_for(engine, "migrated", tmp_path_factory.mktemp(f"migrated-{engine}")))
    asyncio.run(made.make())
    return made


@pytest.fixture(scope="session")
def settings(engine: str, migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give the settings of a fresh, migrated database."""
    return asyncio.run(migrated.copy_to(settings_for(engine, "test", tmp_path_factory.mktemp(engine))))


@pytest.fixture
def empty(engine: str, tmp_path: Path) -> Settings:
    """Give the settings of a database with nothing in it."""
    made = settings_for(engine, "empty", tmp_path, demo=False)
    asyncio.run(make_empty(made))
    return made


@pytest.fixture
def blank(engine: str, migrated: Migrated, tmp_path: Path) -> Settings:
    """Give the settings of a database with its tables and nothing in them."""
    return asyncio.run(migrated.copy_to(settings_for(engine, "empty", tmp_path, demo=False)))


async def _own(engine: str, name: str, migrated: Migrated, factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of a migrated database of its own."""
    return await migrated.copy_to(settings_for(engine, name, factory.mktemp(name)))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(settings: Settings) -> AsyncIterator[Shop]:
    """Give a running house with one store that sells three dishes, for the whole session: tests make their own members and orders."""
    async with open_shop(settings) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def till(engine: str, migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    """Give a till in a house of its own, where time passes when the test says so."""
    async with open_till(await _own(engine, "till", migrated, tmp_path_factory)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def floor(engine: str, migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    """Give a restaurant in a house of its own, where time passes when the test says so."""
    async with open_floor(await _own(engine, "floor", migrated, tmp_path_factory)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def club(engine: str, migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Club]:
    """Give a house with plans to subscribe to, where time passes when the test says so."""
    async with open_club(await _own(engine, "club", migrated, tmp_path_factory)) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(engine: str, migrated: Migrated, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """Give a running house of its own with the demo brand."""
    async with open_shop(await _own(engine, "demo", migrated, tmp_path_factory)) as opened:
        await brand.seed(opened.process)
        yield opened
