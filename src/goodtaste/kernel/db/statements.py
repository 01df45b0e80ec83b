"""Statements: SQL written with SQLAlchemy Core, compiled once, and run by the raw drivers.

A *read* gives rows as frozen Structs, a *write* changes rows.  Each is compiled for SQLite as one ordinary statement with named
parameters, and for PostgreSQL as one that takes a JSON array of parameter rows, so that the rows of many scripts travel, and commit,
together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Delete,
    Select,
    Table,
    Update,
    column,
    literal_column,
    table,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.sqltypes import NullType
from sqlalchemy.sql.visitors import iterate, replacement_traverse

from goodtaste.kernel.db.columns import Doc, Portable

R = TypeVar("R", bound=msgspec.Struct)
Params = Mapping[str, Any]

POSTGRES: Dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
SQLITE: Dialect = sqlite_dialect()
INPUT = "input__"  # the parameter rows in a PostgreSQL text, until the statement gets its place in a batch
AMONG_TABLES = re.compile(rf"\b{INPUT}(?!\.)")  # where a text names them as a table, not a column of theirs


class _among(FunctionElement[Any]):  # noqa: N801 - stands for SQL
    """Whether a column is among the elements of a `ListOf` parameter, each of the type of the column."""

    type = NullType()  # not a column of truth values, which SQLite would be asked to compare with 1, past its index
    inherit_cache = False


@compiles(_among, "postgresql")
def _among_postgres(element: _among, compiler: Any, **kw: Any) -> str:
    """An array, since `IN (SELECT …)` is a join that PostgreSQL, as long as a table is small, plans from the table's side: such a
    plan outlives the small table, and then reads all of it."""
    col, values = element.clauses
    pg = col.type.pg  # type: ignore[attr-defined]
    elements = f"SELECT x::{pg} FROM jsonb_array_elements_text({compiler.process(values, **kw)}) x"
    return f"{compiler.process(col, **kw)} = ANY (ARRAY({elements}))"


@compiles(_among, "sqlite")
def _among_sqlite(element: _among, compiler: Any, **kw: Any) -> str:
    col, values = element.clauses
    return f"{compiler.process(col, **kw)} IN (SELECT value FROM json_each({compiler.process(values, **kw)}))"


def escaped(text: str) -> str:
    """Return a text as a part of a LIKE pattern whose escape is a backslash: what it holds stands for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def in_list(col: ColumnElement[Any], values: BindParameter[Any]) -> ColumnElement[bool]:
    """True where a column is among the values of a `ListOf` parameter: `in_list(t.c.id, par("ids", ListOf))`."""
    return _among(col, values)


class Query(msgspec.Struct, Generic[R], frozen=True):
    """A read with its parameters."""

    statement: Read[R]
    rows: Sequence[Params]


class Change(msgspec.Struct, frozen=True):
    """A write with its parameter rows."""

    statement: Write
    rows: Sequence[Params]


def joined(changes: Iterable[Change]) -> list[Change]:
    """Return `changes` with those of one statement made one, so that many rows travel as few statements; a row is in them once."""
    rows: dict[int, tuple[Write, list[Params]]] = {}
    for each in changes:
        rows.setdefault(id(each.statement), (each.statement, []))[1].extend(each.rows)
    return [statement.many(together) for statement, together in rows.values()]


def _parameters(*statements: Any) -> dict[str, Portable]:
    found: dict[str, Portable] = {}
    for statement in statements:
        for element in iterate(statement):
            if isinstance(element, BindParameter) and element.required:
                found.setdefault(element.key, element.type)  # type: ignore[arg-type]
    return found


def _text(statement: Any, dialect: Dialect, stand_in: Callable[[BindParameter[Any]], Any]) -> str:
    """Compile `statement` with constants written out and each parameter replaced by what `stand_in` makes of it."""

    def swap(element: Any, **_: Any) -> Any:
        return stand_in(element) if isinstance(element, BindParameter) and element.required else None

    return str(
        replacement_traverse(statement, {}, swap).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    )


def _sqlite_text(statement: Any, types: Mapping[str, Portable]) -> str:
    places = {name: f"?{i}" for i, name in enumerate(types, 1)}
    return _text(statement, SQLITE, lambda p: literal_column(places[p.key], p.type))


def values(columns: int, n: int) -> str:
    """Return `VALUES (?, …), …` for `n` rows of so many columns."""
    row = f"({', '.join('?' * columns)})"
    return f"VALUES {', '.join([row] * n)}"


def quoted(names: Iterable[str]) -> str:
    """Return column names as a list for SQL text."""
    return ", ".join(f'"{name}"' for name in names)


class Statement:
    """What reads and writes share: named, typed parameters and how a row of them is laid out for each driver."""

    types: dict[str, Portable]

    @cached_property
    def for_sqlite(self) -> Callable[[Params], Sequence[Any]]:
        """Lay a parameter row out for sqlite3."""
        codecs = [(i, t.to_sqlite) for i, t in enumerate(self.types.values()) if t.to_sqlite]
        if not codecs:
            return self.for_postgres
        pick = self.for_postgres

        def encode(row: Params) -> Sequence[Any]:
            values = list(pick(row))
            for i, codec in codecs:
                if values[i] is not None:
                    values[i] = codec(values[i])
            return values

        return encode

    @cached_property
    def for_postgres(self) -> Callable[[Params], Sequence[Any]]:
        """Lay a parameter row out as one element of the JSON parameter."""
        names = tuple(self.types)
        if len(names) > 1:
            return itemgetter(*names)
        return lambda row: [row[name] for name in names]

    @cached_property
    def input_columns(self) -> str:
        """The SELECT list that takes a JSON element `e` apart into typed columns."""
        columns = [
            f"nullif(e->{i}, 'null') AS \"{name}\"" if type_.pg == "jsonb" else f'(e->>{i})::{type_.pg} AS "{name}"'
            for i, (name, type_) in enumerate(self.types.items())
        ]
        return ", ".join(columns) or "1 AS none"


class Read(Statement, Generic[R]):
    """A SELECT whose rows become `row` Structs; the selected columns bear the Struct's field names, in its order."""

    def __init__(self, select: Select[Any], row: type[R]) -> None:
        self.select, self.row, self.types = select, row, _parameters(select)
        names, fields = tuple(select.selected_columns.keys()), row.__struct_fields__
        if names != fields:
            raise TypeError(f"{row.__name__} has the fields {fields}, its SELECT gives {names}")

    def __call__(self, **params: Any) -> Query[R]:
        """Bind the parameters."""
        return Query(self, (params,))

    def __repr__(self) -> str:
        return f"Read({self.row.__name__})"

    @cached_property
    def sqlite(self) -> str:
        """The SQL text for sqlite3."""
        return _sqlite_text(self.select, self.types)

    @cached_property
    def from_sqlite(self) -> Callable[[Sequence[Any]], R]:
        """Make a Struct of a row that sqlite3 gave."""
        row, types = self.row, [field.type for field in msgspec.structs.fields(self.row)]
        codecs = [
            msgspec.json.Decoder(type_).decode if isinstance(c.type, Doc) else getattr(c.type, "from_sqlite", None)
            for c, type_ in zip(self.select.selected_columns, types, strict=True)
        ]
        if not any(codecs):
            return lambda values: row(*values)

        def build(values: Sequence[Any]) -> R:
            return row(*[v if f is None or v is None else f(v) for f, v in zip(codecs, values, strict=True)])

        return build

    @cached_property
    def postgres(self) -> str:
        """The SQL text of the SELECT, its parameters being columns of the input row it stands beside."""
        return _text(self.select, POSTGRES, lambda p: literal_column(f'{INPUT}."{p.key}"', p.type))

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[list[list[R] | None]]:
        """Decode PostgreSQL's answer: for each input row the list of its rows."""
        return msgspec.json.Decoder(list[list[self.row] | None])  # type: ignore[name-defined]


class Write(Statement):
    """A statement that changes rows.

    With a `guard`, each parameter row must touch a row; where one does not, the script is stopped by the guard of that name, as
    by a constraint.
    """

    guard: str | None = None

    def __call__(self, **params: Any) -> Change:
        """Bind one parameter row."""
        return Change(self, (params,))

    def many(self, rows: Sequence[Params]) -> Change:
        """Bind any number of parameter rows; none is allowed and changes nothing."""
        return Change(self, rows)

    per_row = False  # on SQLite: one statement a parameter row, where it cannot be one for many

    def sqlite(self, n: int) -> str:
        """Return the SQL text for sqlite3 that takes `n` parameter rows, one after the other, as one flat sequence."""
        text = self._sqlite_texts.get(n)
        if text is None:
            text = self._sqlite_texts[n] = self._sqlite_text(values(len(self.types), n))
        return text

    @cached_property
    def _sqlite_texts(self) -> dict[int, str]:
        return {}

    def _sqlite_text(self, rows: str) -> str:
        """Return the SQL text for sqlite3, where `rows` is the text `VALUES (?, …), …` of the parameter rows."""
        raise NotImplementedError

    @cached_property
    def postgres(self) -> str:
        """The SQL text that changes the rows for all parameter rows in `INPUT` at once."""
        raise NotImplementedError

    @cached_property
    def source(self) -> str | None:
        """SQL that sums the rows up before they are used, as a second input named `INPUT` + 's', or None."""
        return None

    def summed(self, rows: Sequence[Params]) -> Sequence[Params]:
        """Return `rows` with those of one key made one, where this statement adds."""
        return rows


class insert(Write):  # noqa: N801 - it reads as a word of SQL
    """INSERT into `table`.  Parameters are the named columns (all, if none is named).

    `conflict` "refuse" leaves a duplicate to the constraints; "skip" lets the stored row stand.
    """

    def __init__(self, into: Table, *names: str, conflict: str = "refuse") -> None:
        self.table, self.conflict = into, conflict
        self.types = {name: into.c[name].type for name in names or into.c.keys()}  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"insert({self.table.name})"

    @property
    def _tail(self) -> str:
        return " ON CONFLICT DO NOTHING" if self.conflict == "skip" else ""

    def _sqlite_text(self, rows: str) -> str:
        return f"INSERT INTO {self.table.name} ({quoted(self.types)}) {rows}{self._tail}"

    @cached_property
    def postgres(self) -> str:
        return (
            f"INSERT INTO {self.table.name} ({quoted(self.types)}) SELECT {quoted(self.types)} FROM {INPUT}{self._tail}"
        )


class put(Write):  # noqa: N801
    """INSERT a row or, where its `key` is taken, replace its other named columns."""

    def __init__(self, into: Table, *names: str, key: Sequence[str]) -> None:
        self.table, self.key = into, key
        self.types = {name: into.c[name].type for name in names or into.c.keys()}  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"put({self.table.name})"

    @property
    def _tail(self) -> str:
        changes = ", ".join(f'"{n}" = excluded."{n}"' for n in self.types if n not in self.key)
        return f" ON CONFLICT ({quoted(self.key)}) DO UPDATE SET {changes}"

    def _sqlite_text(self, rows: str) -> str:
        return f"INSERT INTO {self.table.name} ({quoted(self.types)}) {rows}{self._tail}"

    @cached_property
    def postgres(self) -> str:
        return (
            f"INSERT INTO {self.table.name} ({quoted(self.types)}) SELECT {quoted(self.types)} FROM {INPUT}{self._tail}"
        )


class change(Write):  # noqa: N801
    """An UPDATE or DELETE written with Core, once for each parameter row."""

    def __init__(self, statement: Update | Delete, *, guard: str | None = None) -> None:
        self.statement, self.guard, self.types = statement, guard, _parameters(statement)
        self.table = statement.table
        self.per_row = isinstance(statement, Delete)

    def __repr__(self) -> str:
        return f"change({self.table}, {self.guard})"

    def _sqlite_text(self, rows: str) -> str:
        if self.per_row:
            return _sqlite_text(self.statement, self.types)
        places = {name: f"column{i}" for i, name in enumerate(self.types, 1)}
        source = table(INPUT, *[column(places[name], type_) for name, type_ in self.types.items()])
        text = _text(self.statement, SQLITE, lambda p: source.c[places[p.key]])
        return AMONG_TABLES.sub(f"({rows}) AS {INPUT}", text)

    @cached_property
    def postgres(self) -> str:
        rows = table(INPUT, *[column(name, type_) for name, type_ in self.types.items()])
        return _text(self.statement, POSTGRES, lambda p: rows.c[p.key])


class add(Write):  # noqa: N801
    """Add to counters: `counter = counter + :counter` on the row with this `key`, where `when` holds.

    Rows of one batch with the same key are summed, so additions commute and may meet in one commit.  `create` makes a missing row.
    """

    def __init__(
        self,
        to: Table,
        *,
        key: Sequence[str],
        counters: Sequence[str],
        when: ColumnElement[bool] | None = None,
        create: bool = False,
        guard: str | None = None,
    ) -> None:
        self.table, self.key, self.counters, self.create, self.guard = to, key, counters, create, guard
        self.types = {name: to.c[name].type for name in (*key, *counters)}  # type: ignore[misc]
        self.when = "" if when is None else " AND " + str(when.compile(compile_kwargs={"literal_binds": True}))

    def __repr__(self) -> str:
        return f"add({self.table.name}, {self.guard})"

    def summed(self, rows: Sequence[Params]) -> Sequence[Params]:
        if len(rows) == 1:
            return rows
        sums: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in rows:
            key = tuple([row[name] for name in self.key])
            so_far = sums.get(key)
            if so_far is None:
                sums[key] = dict(row)
            else:
                for name in self.counters:
                    so_far[name] += row[name]
        return list(sums.values())

    def _sqlite_text(self, rows: str) -> str:
        t, names = self.table.name, quoted(self.types)
        if self.create:
            return f"INSERT INTO {t} ({names}) {rows} ON CONFLICT ({quoted(self.key)}) DO UPDATE SET {self._sums('excluded')}"
        place = {name: f"v.column{i}" for i, name in enumerate(self.types, 1)}
        sums = ", ".join(f'"{n}" = {t}."{n}" + {place[n]}' for n in self.counters)
        keys = " AND ".join(f'{t}."{n}" = {place[n]}' for n in self.key)
        return f"UPDATE {t} SET {sums} FROM ({rows}) AS v WHERE {keys}{self.when}"

    @cached_property
    def source(self) -> str:
        """One row a key, in the order of keys so that row locks are taken in one order."""
        keys, sums = quoted(self.key), ", ".join(f'sum("{n}")::bigint AS "{n}"' for n in self.counters)
        return f"SELECT {keys}, {sums} FROM {INPUT} GROUP BY {keys} ORDER BY {keys}"

    @cached_property
    def postgres(self) -> str:
        t, names, summed = self.table.name, quoted(self.types), f"{INPUT}s"
        if self.create:
            tail = f" ON CONFLICT ({quoted(self.key)}) DO UPDATE SET {self._sums('excluded')}"
            return f"INSERT INTO {t} ({names}) SELECT {names} FROM {summed}{tail}"
        keys = " AND ".join(f'{t}."{n}" = {summed}."{n}"' for n in self.key)
        return f"UPDATE {t} SET {self._sums(summed)} FROM {summed} WHERE {keys}{self.when}"

    def _sums(self, other: str) -> str:
        return ", ".join(f'"{n}" = {self.table.name}."{n}" + {other}."{n}"' for n in self.counters)
