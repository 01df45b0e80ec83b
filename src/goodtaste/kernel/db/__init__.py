"""The database: portable tables, statements compiled once, transaction scripts and the two runners of them."""

from goodtaste.kernel.db.columns import (
    Day,
    Doc,
    Flag,
    Id,
    Int,
    ListOf,
    Moment,
    Str,
    create_table,
    id_column,
    metadata,
    par,
)
from goodtaste.kernel.db.runner import Database, Overloaded, Unavailable
from goodtaste.kernel.db.script import Batch, GuardBroken, Script, Steps, beside, first, rows, script, together
from goodtaste.kernel.db.statements import Change, Query, Read, add, change, escaped, in_list, insert, joined, put

__all__ = [
    "Batch", "Change", "Database", "Day", "Doc", "Flag", "GuardBroken", "Id", "Int", "ListOf", "Moment", "Overloaded", "Query", "Read",
    "Script", "Steps", "Str", "Unavailable", "add", "beside", "change", "create_table", "escaped", "first", "id_column", "in_list",
    "insert", "joined", "metadata", "par", "put", "rows", "script", "together",
]  # fmt: skip
