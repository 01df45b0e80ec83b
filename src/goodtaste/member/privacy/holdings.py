"""What the house holds on a member: which rows of which table, and what becomes of them when the member is erased.

Each room says it of its tables; a test holds that no table with a member in it is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, delete, select, update

from goodtaste.kernel.db import Change, Id, Int, Query, Read, change, par

PAGE = 500  # rows read at once
NEVER = frozenset(
    {"fingerprint", "phone_index", "phone_sealed", "wrapped_key"}
)  # of no meaning to anybody but the house


class Holding(msgspec.Struct, frozen=True):
    """A table with rows of a member: found by `column`, or, with `via`, by a table whose rows are the member's by that column of it.

    When the member is erased its rows are `gone`, or what `blank` names is written over, or they are kept as they are: under an id
    that leads to nobody.  `sealed` names the columns under the member's key, each with what it is bound to.
    """

    table: Table
    column: str
    say: tuple[str, str]
    via: tuple[Table, str] | None = None
    gone: bool = False
    blank: Mapping[str, Any] = {}
    sealed: Mapping[str, str] = {}

    @property
    def fate(self) -> str:
        """What becomes of it: `gone`, `blanked` or `kept`."""
        return "gone" if self.gone else "blanked" if self.blank else "kept"

    def of(self) -> ColumnElement[bool]:
        """Return the condition of the member's rows."""
        if self.via is None:
            return self.table.c[self.column] == par("member_id", Id)
        parent, column = self.via
        return self.table.c[self.column].in_(select(parent.c.id).where(parent.c[column] == par("member_id", Id)))


class Held(msgspec.Struct, frozen=True):
    """A holding with the statements that read and end it."""

    holding: Holding
    names: tuple[str, ...]
    read: Read[Any]
    end: Any

    def page(self, member_id: str, *, skip: int) -> Query[Any]:
        """Return the query of some rows of a member."""
        return self.read(member_id=member_id, skip=skip)


class Waits(msgspec.Struct, frozen=True):
    """What has to end before a member can be erased: `why`, and the query that finds it."""

    why: str
    read: Read[Any]


class Holdings:
    """All that the house holds on members, and what has to end before it can be erased."""

    def __init__(self, held: Sequence[Holding], waits: Sequence[Waits]) -> None:
        self.held = [_prepared(each) for each in held]
        self.waits = list(waits)

    def ends(self, member_id: str) -> list[Change]:
        """Return the changes after which nothing here leads to the member any more."""
        return [each.end(member_id=member_id) for each in self.held if each.end]


def _prepared(each: Holding) -> Held:
    names = tuple(str(column.name) for column in each.table.c if column.name not in NEVER)
    row = msgspec.defstruct(str(each.table.name), [(name, Any) for name in names], frozen=True)
    ordered = select(*[each.table.c[name] for name in names]).where(each.of()).order_by(*each.table.primary_key.columns)
    read = Read(ordered.limit(PAGE).offset(par("skip", Int)), row)
    end = None
    if each.gone:
        end = change(delete(each.table).where(each.of()))
    elif each.blank:
        end = change(update(each.table).where(each.of()).values(**each.blank))
    return Held(each, names, read, end)
