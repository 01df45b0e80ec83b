"""A house to measure: stores, dishes, members with points, and coupons, laid down in bulk on either engine.

Ids are made of numbers, so that pgbench can make them too: `uid(kind, i)`.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

from goodtaste.app import migrate
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.config import Settings, load
from goodtaste.kernel.db import metadata, sqlite
from goodtaste.kernel.ids import derived_id
from goodtaste.ledger import api as ledger
from goodtaste.ledger.lots import txn_of
from goodtaste.ledger.tables import ISSUED
from goodtaste.menu.book import Category, Dish, MenuBook, PriceRow, Sku

SERVER = os.environ.get("GOODTASTE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
SECRET = "BENCH KEY, not a secret: 0123456789abcdef0123456789abcdef"

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = date(2026, 11, 22)
CALENDAR = BusinessCalendar("Asia/Shanghai", 240)
STORES, DISHES, TEMPLATES = 50, 60, 50
POINTS_EACH = 100_000_000

CATEGORY, DISH, SKU, LIST, MEMBER_PRICE, MEMBER, STORE, TEMPLATE, STAFF = range(1, 10)
TXN, LOT, COUPON, ORDER, PAYMENT, VISIT, HOT_VISIT, OLD_ORDER, OLD_PAYMENT, OLD_TXN = range(10, 20)

Rows = Iterable[tuple[Any, ...]]
Table = tuple[str, tuple[str, ...], Rows]


def uid(kind: int, i: int) -> str:
    """Return the id of the i-th thing of a kind: where a UUIDv7 has the time it has the number, so ids follow each other as in life."""
    digits = f"{i:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{kind:012x}"


def sql_uid(kind: int, number: str) -> str:
    """Return the SQL for the id of the thing of a kind whose number is an expression."""
    return f"(lpad(to_hex(({number})::bigint), 12, '0') || '70008000{kind:012x}')::uuid"


def list_fen(dish: int) -> int:
    """Return the list price of a dish."""
    return 1_800 + dish * 37


def member_fen(dish: int) -> int:
    """Return the member price of a dish."""
    return 1_500 + dish * 37


def book() -> MenuBook:
    """Return the menu."""
    dishes = [
        Dish(
            uid(DISH, i), f"d{i}", uid(CATEGORY, 1), "dish", f"菜{i}", f"Dish {i}", "", "", (), (), (), 0, None, None, 10,
            "wok", True, i, 1, (Sku(uid(SKU, i), f"s{i}", uid(DISH, i), "", "", True),), (), (),
        )
        for i in range(1, DISHES + 1)
    ]  # fmt: skip
    since = NOW - timedelta(days=30)
    prices = [
        PriceRow(uid(LIST, i), uid(SKU, i), "list", None, None, list_fen(i), since, None) for i in range(1, DISHES + 1)
    ]
    prices += [
        PriceRow(uid(MEMBER_PRICE, i), uid(SKU, i), "member", None, None, member_fen(i), since, None)
        for i in range(1, DISHES + 1)
    ]
    return MenuBook([Category(uid(CATEGORY, 1), "热菜", "Hot", (), True, 1, 1)], dishes, prices)


def member_of(order: int, members: int) -> int:
    """Return the number of the member who makes the i-th order and holds the i-th coupon."""
    return (order * 7919) % members + 1


def store_of(member: int, stores: int = STORES) -> int:
    """Return the number of the store that a member goes to, where there are so many."""
    return member % stores + 1


def _owned(table: str, *names: str) -> tuple[str, ...]:
    return names or tuple(metadata.tables[table].c.keys())


def tables(*, members: int, coupons: int) -> Iterator[Table]:
    """Give the rows of a house with so many members and so many coupons."""
    yield from _catalogue()
    yield from _people(members)
    yield (
        "promo_template",
        _owned("promo_template"),
        [
            (
                uid(TEMPLATE, i), "券", "Coupon", "cash", 500, 1_000, None, [], [], [], None, None, 30, None, None, 1_000_000,
                True, True, len(range(i - 1, coupons, TEMPLATES)), 0, "", NOW, None, "issue", CALENDAR.zone, 240, {}, None,
                [], None, "", 1, None, [], False, 0, 72, "brand", "", True, 7, None, None, 1,
            )
            for i in range(1, TEMPLATES + 1)
        ],
    )  # fmt: skip
    until = NOW + timedelta(days=365)
    yield (
        "promo_coupon",
        _owned("promo_coupon"),
        (
            (
                uid(COUPON, i), f"c{i}", uid(TEMPLATE, i % TEMPLATES + 1), uid(MEMBER, member_of(i, members)), i, "issued", NOW,
                until, None, 0, "bench", NOW, NOW, 0, None, 0, None,
            )
            for i in range(coupons)
        ),
    )  # fmt: skip


def _catalogue() -> Iterator[Table]:
    stores = [
        (uid(STORE, i), f"S{i}", f"{i} 号店", f"Store {i}", "上海", "", "", "", None, None, "Asia/Shanghai", 240,
         [{"weekday": d, "opens": 0, "closes": 1440} for d in range(7)], "", {}, "pay_after", True)
        for i in range(1, STORES + 1)
    ]  # fmt: skip
    yield "org_brand", _owned("org_brand"), [(1, "好味", "goodtaste", "CNY")]
    yield "org_store", _owned("org_store"), stores
    yield "org_staff", _owned("org_staff"), [(uid(STAFF, 1), "bench", "Bench", "", None, True)]
    yield (
        "org_staff_role",
        _owned("org_staff_role"),
        [(uid(STAFF, 1), "cashier", "00000000-0000-8000-8000-0000000000ff")],
    )
    yield "menu_category", _owned("menu_category"), [(uid(CATEGORY, 1), "热菜", "Hot", [], True, 1, 1)]
    numbers = range(1, DISHES + 1)
    yield (
        "menu_dish",
        _owned("menu_dish"),
        [
            (
                uid(DISH, i),
                f"d{i}",
                uid(CATEGORY, 1),
                "dish",
                f"菜{i}",
                f"Dish {i}",
                "",
                "",
                [],
                [],
                [],
                0,
                None,
                None,
                10,
                "wok",
                True,
                i,
                1,
            )
            for i in numbers
        ],
    )
    yield "menu_sku", _owned("menu_sku"), [(uid(SKU, i), uid(DISH, i), f"s{i}", "", "", True, 1) for i in numbers]
    since = NOW - timedelta(days=30)
    prices = [(uid(LIST, i), uid(SKU, i), "list", None, None, list_fen(i), since, None) for i in numbers]
    prices += [(uid(MEMBER_PRICE, i), uid(SKU, i), "member", None, None, member_fen(i), since, None) for i in numbers]
    yield "menu_price", _owned("menu_price"), prices
    stock = [
        (uid(STORE, s), uid(SKU, i), 1_000_000_000, None, False, None, 0) for s in range(1, STORES + 1) for i in numbers
    ]
    yield "menu_stock", _owned("menu_stock"), stock


def _people(members: int) -> Iterator[Table]:
    numbers, far = range(1, members + 1), NOW + timedelta(days=365)
    yield (
        "member_member",
        (
            "id", "handle", "status", "nickname", "avatar", "gender", "city", "language", "source", "level", "phone_masked",
            "joined_at", "version",
        ),
        ((uid(MEMBER, i), f"{i:016x}", "active", "食客", "", "", "", "zh-CN", {}, "silver", "", NOW, 1) for i in numbers),
    )  # fmt: skip
    then, review_on = NOW - timedelta(days=200), date(2099, 1, 1)
    yield (
        "member_level_grant",
        (
            "id", "member_id", "source", "level", "from_at", "until_at", "review_on", "warned_on", "next_on", "ended_at", "given_by",
        ),
        (
            (derived_id(uid(MEMBER, i), "level/earned"), uid(MEMBER, i), "earned", "silver", then, None, review_on, None, review_on,
             None, "bench")
            for i in numbers
        ),
    )  # fmt: skip
    yield (
        "member_visit",
        _owned("member_visit"),
        (
            (uid(kind, i), uid(MEMBER, i), uid(STORE, store_of(i, stores)), uid(STAFF, 1), NOW, far)
            for i in numbers
            for kind, stores in ((VISIT, STORES), (HOT_VISIT, 1))
        ),
    )
    yield (
        "ledger_account",
        _owned("ledger_account"),
        (
            (ledger.account_of(uid(MEMBER, i), kind, unit), uid(MEMBER, i), kind, unit, True, 0)
            for i in numbers
            for unit, kind in (
                ("PT", "member"),
                ("PT", "pending"),
                ("PT", "debt"),
                ("GROWTH", "member"),
                ("GROWTH", "debt"),
            )
        ),
    )
    sources = [(i, txn_of("grant", uid(TXN, i))) for i in numbers]
    yield (
        "ledger_txn",
        _owned("ledger_txn"),
        ((t, "grant", uid(TXN, i), uid(MEMBER, i), None, None, "bench", "", TODAY, NOW) for i, t in sources),
    )
    yield (
        "ledger_entry",
        _owned("ledger_entry"),
        ((t, 1, ISSUED["PT"], ledger.account_of(uid(MEMBER, i), "member"), POINTS_EACH) for i, t in sources),
    )
    yield (
        "ledger_lot",
        _owned("ledger_lot"),
        (
            (
                uid(LOT, i),
                ledger.account_of(uid(MEMBER, i), "member"),
                t,
                POINTS_EACH,
                POINTS_EACH,
                date(2099, 1, 1),
                None,
            )
            for i, t in sources
        ),
    )


def history(orders: int, *, members: int) -> Iterator[Table]:
    """Give the rows of so many orders of the past, with four lines each, a payment and points."""
    numbers, then = range(orders), NOW - timedelta(days=7)
    day = TODAY - timedelta(days=7)
    members_of = [member_of(i, members) for i in numbers]
    yield (
        "ordering_order",
        _owned("ordering_order"),
        (
            (
                uid(OLD_ORDER, i), uid(STORE, store_of(m)), uid(MEMBER, m), "counter", "counter", None, None, True, "completed", "paid",
                12_000, 0,
                0, "{}", 0, 0, 0, 0, 0, 0, 0, 12_000, 0, 12, None, "[]", "", "", 1, "", None, uid(STAFF, 1), f"{i:064x}", day, then, then,
                None, None, None, None,
            )
            for i, m in zip(numbers, members_of, strict=True)
        ),
    )  # fmt: skip
    yield (
        "ordering_line",
        _owned("ordering_line"),
        (
            (
                uid(OLD_ORDER, i),
                k,
                1,
                uid(SKU, (i + k) % DISHES + 1),
                "菜",
                "",
                1,
                3_000,
                3_000,
                0,
                0,
                0,
                0,
                0,
                3_000,
                "{}",
                "",
                0,
                uid(OLD_ORDER, i),
                1,
                0,
                0,
                0,
                None,
            )
            for i in numbers
            for k in range(1, 5)
        ),
    )
    yield (
        "payment_payment",
        _owned("payment_payment"),
        (
            (
                uid(OLD_PAYMENT, i), uid(OLD_ORDER, i), uid(STORE, store_of(m)), uid(MEMBER, m), "cash", "succeeded", 12_000, 0,
                12_000, 0, None, "", uid(STAFF, 1), f"{i:064x}", day, then, None, then, uid(OLD_ORDER, i), None, None,
                None,
            )
            for i, m in zip(numbers, members_of, strict=True)
        ),
    )  # fmt: skip
    sources = [txn_of("earn", uid(OLD_TXN, i)) for i in numbers]
    yield (
        "ledger_txn",
        _owned("ledger_txn"),
        (
            (t, "earn", uid(OLD_TXN, i), uid(MEMBER, m), uid(OLD_ORDER, i), None, "bench", "", day, then)
            for i, m, t in zip(numbers, members_of, sources, strict=True)
        ),
    )
    yield (
        "ledger_entry",
        _owned("ledger_entry"),
        (
            (t, 1, ISSUED["PT"], ledger.account_of(uid(MEMBER, m), "pending"), 12)
            for m, t in zip(members_of, sources, strict=True)
        ),
    )


def settings(url: str, folder: Path, **more: Any) -> Settings:
    """Return the settings of a house at `url`."""
    return load({}, database=url, data_dir=str(folder), secret_key=SECRET, demo=True, log_level="error", **more)


async def _fresh(name: str, server: str) -> str:
    connection = await asyncpg.connect(server)
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def drop(name: str) -> None:
    """Drop a database."""
    connection = await asyncpg.connect(SERVER)
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.close()


async def _copy(url: str, parts: Iterable[Table]) -> None:
    connection = await asyncpg.connect(url)
    encode = msgspec.json.encode
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda v: b"\x01" + encode(v), decoder=bytes, format="binary"
    )
    for name, columns, rows in parts:
        await connection.copy_records_to_table(name, records=rows, columns=columns)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def coupons(url: str, count: int, *, members: int, start: int = 0) -> None:
    """Lay coupons down in SQL: one for each of `count` order numbers from `start`, of the member who makes that order."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"""INSERT INTO promo_coupon SELECT {sql_uid(COUPON, "i")}, 'c'||i, {sql_uid(TEMPLATE, f"i % {TEMPLATES} + 1")},
        {sql_uid(MEMBER, f"(i * 7919::bigint) % {members} + 1")}, i, 'issued',
        now() - interval '1 hour', now() + interval '1 year', NULL, 0, 'bench', now(), now(), 0, NULL, 0, NULL
        FROM generate_series({start}, {start + count - 1}) i"""
    )
    await connection.execute("VACUUM ANALYZE promo_coupon")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def deadlocks(url: str) -> int:
    """Return how many deadlocks a database has seen."""
    connection = await asyncpg.connect(url)
    found = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    await connection.close()
    return int(found)


def on_postgres(name: str, parts: Iterable[Table], *, server: str = SERVER) -> str:
    """Lay a house down in a fresh PostgreSQL database and return its address."""
    url = asyncio.run(_fresh(name, server))
    with tempfile.TemporaryDirectory() as folder:
        migrate.migrate(settings(url, Path(folder)))
    asyncio.run(_copy(url, parts))
    return url


def on_sqlite(path: Path, parts: Iterable[Table]) -> str:
    """Lay a house down in a fresh SQLite file and return its address."""
    for ending in ("", "-wal", "-shm", ".leader"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    url = f"sqlite:///{path}"
    migrate.migrate(settings(url, path.parent))
    db = sqlite.connect(path)
    db.execute("BEGIN")
    for name, columns, rows in parts:
        kinds = [metadata.tables[name].c[column].type.to_sqlite for column in columns]
        marks = ", ".join("?" * len(columns))
        text = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"
        db.executemany(
            text, ([v if k is None or v is None else k(v) for k, v in zip(kinds, row, strict=True)] for row in rows)
        )
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return url
