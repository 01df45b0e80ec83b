"""Column types that mean the same on SQLite (STRICT tables) and PostgreSQL, and the one MetaData of all tables.

Every value crosses as something JSON can say: ids and texts as str, money and counts as int, moments as aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, BindParameter, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy import bindparam as _bindparam
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(constraint_name)s",
    }
)


class Portable(TypeDecorator[Any]):
    """A type with one meaning on both engines.  `pg` names it in casts; the codecs serve SQLite only (None: as it is).

    `impl` decides what operators mean: `+` adds integers and joins texts.
    """

    impl: Any = Text
    cache_ok = True
    pg = "text"
    pg_impl: TypeEngine[Any] = Text()
    sqlite_impl: TypeEngine[Any] = Text()
    to_sqlite: Callable[[Any], Any] | None = None
    from_sqlite: Callable[[Any], Any] | None = None

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the engine's own type."""
        return dialect.type_descriptor(self.sqlite_impl if dialect.name == "sqlite" else self.pg_impl)


class Id(Portable):
    """A UUID as lower-case canonical text in Python; native `uuid` on PostgreSQL, text on SQLite."""

    pg, pg_impl = "uuid", Uuid(as_uuid=False)


class Str(Portable):
    """Text.  Give it a CHECK on its length where a person writes it."""


class Int(Portable):
    """A 64-bit integer: fen, points, counts, basis points."""

    impl = BigInteger
    pg, pg_impl, sqlite_impl = "bigint", BigInteger(), Integer()


class Flag(Portable):
    """True or false."""

    impl = Boolean
    pg, pg_impl, sqlite_impl = "boolean", Boolean(), Integer()
    to_sqlite, from_sqlite = staticmethod(int), staticmethod(bool)


@lru_cache(512)  # one command's rows bear one instant
def _moment_out(at: datetime) -> str:
    if at.tzinfo is None:
        raise TypeError(f"a moment needs a time zone: {at!r}")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class Moment(Portable):
    """An instant: aware UTC in Python, `timestamptz` on PostgreSQL, fixed-width ISO text (sorts by time) on SQLite."""

    impl = DateTime
    pg, pg_impl = "timestamptz", DateTime(timezone=True)
    to_sqlite, from_sqlite = staticmethod(_moment_out), staticmethod(datetime.fromisoformat)


class Day(Portable):
    """A calendar or business date."""

    impl = Date
    pg, pg_impl = "date", Date()
    to_sqlite, from_sqlite = staticmethod(date.isoformat), staticmethod(date.fromisoformat)


def _json_out(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _json_in(text: str) -> Any:
    return msgspec.json.decode(text)


class Doc(Portable):
    """A JSON document; `jsonb` on PostgreSQL, text on SQLite."""

    pg, pg_impl = "jsonb", JSONB(none_as_null=True)
    to_sqlite, from_sqlite = staticmethod(_json_out), staticmethod(_json_in)


class ListOf(Portable):
    """A parameter that is a list, for `in_list`; never a column."""

    pg, to_sqlite = "jsonb", staticmethod(_json_out)


def par(name: str, type_: type[Portable]) -> BindParameter[Any]:
    """Return the named parameter `name` of a statement, with its type."""
    return _bindparam(name, type_=type_(), required=True)


def create_table(name: str, *parts: Any, narrow: bool = False, numbered: bool = False) -> Table:
    """Return a table of the one MetaData, STRICT on SQLite.

    `narrow`: its rows are small (under about 200 bytes), so SQLite keeps them in the tree of the primary key itself.
    `numbered`: the database numbers its rows, and never gives a number twice; left alone, SQLite gives the last ones again.
    """
    more: dict[str, Any] = {"sqlite_autoincrement": True} if numbered else {}
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=not narrow, **more)


def id_column(name: str = "id", **options: Any) -> Column[Any]:
    """Return the primary key of a row whose id the caller made."""
    return Column(name, Id, primary_key=True, **options)
