"""What was made under an id that the caller gave: the same id with the same content is the same act, with other content a conflict."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, select

from goodtaste.kernel.db import Change, Id, Query, Read, Str, create_table, id_column, insert, par
from goodtaste.kernel.ids import same_or_taken

made = create_table("kernel_made", id_column(), Column("fingerprint", Str, nullable=False))


class Made(msgspec.Struct, frozen=True):
    """That something was made, and of what content."""

    id: str
    fingerprint: str


FOUND = Read(select(made.c.id, made.c.fingerprint).where(made.c.id == par("id", Id)), Made)
NEW = insert(made)


def made_before(id_: str) -> Query[Made]:
    """Return the query for what was made under an id, for `is_same`."""
    return FOUND(id=id_)


def is_same(found: list[Made], mark: str) -> bool:
    """Tell whether this was made before, with this fingerprint; refuses `IdTaken` where it had another."""
    for each in found:
        same_or_taken(each.fingerprint, mark, id_=each.id)
    return bool(found)


def remember(id_: str, mark: str) -> Change:
    """Write that something is made under an id."""
    return NEW(id=id_, fingerprint=mark)
