"""The hour of an instant, for sums by hour."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from goodtaste.kernel.db.columns import Str


class hour_of(FunctionElement[str]):  # noqa: N801 - stands for SQL
    """The hour of a `Moment` column in UTC, as 2026-11-23T04 on both engines."""

    type = Str()
    inherit_cache = False


@compiles(hour_of, "postgresql")
def _hour_postgres(element: hour_of, compiler: Any, **kw: Any) -> str:
    at = compiler.process(next(iter(element.clauses)), **kw)
    return f"to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24')"


@compiles(hour_of, "sqlite")
def _hour_sqlite(element: hour_of, compiler: Any, **kw: Any) -> str:
    return f"substr({compiler.process(next(iter(element.clauses)), **kw)}, 1, 13)"
