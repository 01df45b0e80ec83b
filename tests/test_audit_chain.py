"""The audit log against somebody with the keys of the database: every single edit, deletion, swap, insertion and cut is found.

`make audit` tries 1,000 random mutations on each engine; the ordinary suite tries a sample of them.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.clock import now
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Database, Steps, script
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.ids import new_id

MUTATIONS = int(os.environ.get("GOODTASTE_TEST_MUTATIONS", "120"))
ROWS = 24
LOG, CHAIN = "kernel_audit", "kernel_audit_chain"
LOG_COLUMNS = [column.name for column in audit.audit_log.c]
CHAIN_COLUMNS = [column.name for column in audit.audit_chain.c]

Act = Callable[[str], Awaitable[Any]]


@script
def _note(n: int) -> Steps[None]:
    at = now() + timedelta(seconds=n)
    who = Actor("staff", new_id())
    store_id = new_id() if n % 3 else None
    yield [
        audit.note(
            who,
            f"act.{n % 4}",
            subject=f"order/{n}",
            store_id=store_id,
            reason="因为" * (n % 2),
            at=at,
            amount_fen=n,
        )
    ]


class Forger:
    """Somebody with the keys of the database, past its triggers; what is there is kept, and put back."""

    def __init__(self, act: Act, seed: int) -> None:
        self.act, self.chance = act, random.Random(seed)

    async def begin(self) -> None:
        """Remember the log as it is."""
        self.rows = await self.act(f"SELECT {', '.join(LOG_COLUMNS)} FROM {LOG} ORDER BY id")
        self.links = await self.act(f"SELECT {', '.join(CHAIN_COLUMNS)} FROM {CHAIN} ORDER BY seq")

    async def restore(self) -> None:
        """Put the log back as it was."""
        await self.act(f"DELETE FROM {CHAIN}")
        await self.act(f"DELETE FROM {LOG}")
        for table, columns, found in ((LOG, LOG_COLUMNS, self.rows), (CHAIN, CHAIN_COLUMNS, self.links)):
            values = ", ".join(f"({', '.join(map(literal, row))})" for row in found)
            await self.act(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}")

    async def mutate(self) -> str:
        """Do one thing to the log that nobody may do, and say what."""
        kind = self.chance.choice(
            [
                "edit",
                "edit",
                "edit_and_digest",
                "edit_link",
                "delete",
                "delete_link",
                "delete_both",
                "swap",
                "swap_links",
                "insert",
                "insert_both",
                "cut",
            ]
        )
        await getattr(self, kind)()
        return kind

    def _row(self) -> dict[str, Any]:
        return dict(zip(LOG_COLUMNS, self.chance.choice(self.rows), strict=True))

    def _link(self) -> dict[str, Any]:
        return dict(zip(CHAIN_COLUMNS, self.chance.choice(self.links), strict=True))

    def _other(self, column: str, value: Any) -> Any:
        if column in ("id", "store_id", "audit_id"):
            return None if column == "store_id" and value and self.chance.random() < 0.5 else new_id()
        if column == "at":
            return _later(value)
        if column == "seq":
            return self.chance.choice([0, -value, value + 1_000])
        if not value:
            return "x"
        place = self.chance.randrange(len(value))
        return value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]

    async def edit(self) -> None:
        row, column = self._row(), self.chance.choice(LOG_COLUMNS)
        value = literal(self._other(column, row[column]))
        await self.act(f"UPDATE {LOG} SET {column} = {value} WHERE id = {literal(row['id'])}")

    async def edit_and_digest(self) -> None:
        row = self._row()
        forged = row | {"reason": row["reason"] + "!"}
        store_id = str(row["store_id"]) if row["store_id"] else None
        digest = audit._digest(forged | {"id": str(row["id"]), "store_id": store_id, "at": _moment(row["at"])})
        set_ = f"reason = {literal(forged['reason'])}, digest = {literal(digest)}"
        await self.act(f"UPDATE {LOG} SET {set_} WHERE id = {literal(row['id'])}")

    async def edit_link(self) -> None:
        link, column = self._link(), self.chance.choice(CHAIN_COLUMNS)
        value = literal(self._other(column, link[column]))
        await self.act(f"UPDATE {CHAIN} SET {column} = {value} WHERE seq = {link['seq']}")

    async def delete(self) -> None:
        await self.act(f"DELETE FROM {LOG} WHERE id = {literal(self._row()['id'])}")

    async def delete_link(self) -> None:
        await self.act(f"DELETE FROM {CHAIN} WHERE seq = {self._link()['seq']}")

    async def delete_both(self) -> None:
        link = self._link()
        await self.act(f"DELETE FROM {CHAIN} WHERE seq = {link['seq']}")
        await self.act(f"DELETE FROM {LOG} WHERE id = {literal(link['audit_id'])}")

    async def cut(self) -> None:
        first = self.chance.randrange(1, len(self.links) + 1)
        await self.act(f"DELETE FROM {LOG} WHERE id IN (SELECT audit_id FROM {CHAIN} WHERE seq >= {first})")
        await self.act(f"DELETE FROM {CHAIN} WHERE seq >= {first}")

    async def swap(self) -> None:
        one, two = self.chance.sample(self.rows, 2)
        for to, what in ((one, two), (two, one)):
            named = dict(zip(LOG_COLUMNS, what, strict=True))
            set_ = ", ".join(f"{name} = {literal(named[name])}" for name in LOG_COLUMNS if name != "id")
            await self.act(f"UPDATE {LOG} SET {set_} WHERE id = {literal(to[0])}")

    async def swap_links(self) -> None:
        one, two = self.chance.sample(self.links, 2)
        spare = literal(new_id())
        for seq, audit_id in ((one[0], spare), (two[0], literal(one[1])), (one[0], literal(two[1]))):
            await self.act(f"UPDATE {CHAIN} SET audit_id = {audit_id} WHERE seq = {seq}")

    async def insert(self) -> None:
        row = self._row() | {"id": new_id()}
        values = ", ".join(literal(row[name]) for name in LOG_COLUMNS)
        await self.act(f"INSERT INTO {LOG} ({', '.join(LOG_COLUMNS)}) VALUES ({values})")

    async def insert_both(self) -> None:
        row = self._row() | {"id": new_id()}
        values = ", ".join(literal(row[name]) for name in LOG_COLUMNS)
        await self.act(f"INSERT INTO {LOG} ({', '.join(LOG_COLUMNS)}) VALUES ({values})")
        link = (len(self.links) + 1, row["id"], self.links[-1][2])
        await self.act(f"INSERT INTO {CHAIN} ({', '.join(CHAIN_COLUMNS)}) VALUES ({', '.join(map(literal, link))})")


def _later(value: Any) -> Any:
    if not isinstance(value, str):
        return value + timedelta(microseconds=1)
    text, _, zone = value.partition("+")
    return f"{text[:-1]}{(int(text[-1]) + 1) % 10}+{zone}"


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def literal(value: Any) -> str:
    """Return a value as SQL."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


async def _past_the_triggers(settings: Settings) -> tuple[Act, Callable[[], Awaitable[None]]]:
    """Return how to do as one likes with the database, and how to leave it."""
    if settings.is_sqlite:
        db = sqlite3.connect(settings.sqlite_path, isolation_level=None)
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'kernel_audit%'"
        for (name,) in db.execute(triggers).fetchall():
            db.execute(f"DROP TRIGGER {name}")

        async def on_sqlite(sql: str) -> Any:
            return db.execute(sql).fetchall()

        async def close() -> None:
            db.close()

        return on_sqlite, close
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute("SET session_replication_role = replica; SET timezone = 'UTC'")

    async def on_postgres(sql: str) -> Any:
        return [tuple(row) for row in await connection.fetch(sql)]

    return on_postgres, connection.close


async def test_every_single_mutation_is_found(blank: Settings) -> None:
    db: Database = await open_database(blank)
    for n in range(ROWS):
        await db.run(_note(n))
    kept = await audit.verify(db)
    assert (kept.rows, kept.fault) == (ROWS, None)
    act, close = await _past_the_triggers(blank)
    forger = Forger(act, seed=20_261_122)
    await forger.begin()
    missed, tried = [], set()
    for _ in range(MUTATIONS):
        kind = await forger.mutate()
        tried.add(kind)
        found = await audit.verify(db)
        if found.fault is None and found.head == kept.head:
            missed.append(kind)
        await forger.restore()
    assert (await audit.verify(db)) == kept, "put back as it was, it holds"
    await close()
    await db.close()
    assert missed == []
    assert len(tried) == 11 or MUTATIONS < 100


@pytest.mark.parametrize("gone", [1, 5])
async def test_a_cut_of_the_newest_is_found_by_a_head_kept_elsewhere_and_by_nothing_else(
    blank: Settings, gone: int
) -> None:
    db: Database = await open_database(blank)
    for n in range(8):
        await db.run(_note(n))
    kept = await audit.verify(db)
    act, close = await _past_the_triggers(blank)
    await act(f"DELETE FROM {LOG} WHERE id IN (SELECT audit_id FROM {CHAIN} WHERE seq > {8 - gone})")
    await act(f"DELETE FROM {CHAIN} WHERE seq > {8 - gone}")
    found = await audit.verify(db)
    await close()
    await db.close()
    assert (found.fault, found.rows) == (None, 8 - gone)
    assert found.head != kept.head
