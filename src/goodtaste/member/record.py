"""A member's row: how it is read, written over the version that was read, and told to the other channels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.events.member import MemberUpdated
from goodtaste.kernel.db import Change, Id, Int, ListOf, Read, Str, change, in_list, insert, par
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member.standing import MemberUnknown
from goodtaste.member.tables import member


class MemberRow(msgspec.Struct, frozen=True):
    """A member as stored."""

    id: str
    handle: str
    status: str
    nickname: str
    gender: str
    birth_month: int | None
    birth_day: int | None
    birth_year: int | None
    city: str
    language: str
    level: str
    phone_sealed: str | None
    phone_index: str | None
    phone_masked: str
    joined_at: datetime
    version: int


class Handle(msgspec.Struct, frozen=True):
    """A handle that is taken."""

    handle: str


_FIXED = ("id", "handle", "joined_at", "version")
_COLUMNS = [member.c[name] for name in MemberRow.__struct_fields__]
MEMBER = Read(select(*_COLUMNS).where(member.c.id == par("id", Id)), MemberRow)
BY_HANDLE = Read(select(*_COLUMNS).where(member.c.handle == par("handle", Str)), MemberRow)
BY_PHONE = Read(select(*_COLUMNS).where(member.c.phone_index == par("phone_index", Str)), MemberRow)
HANDLES = Read(select(member.c.handle).where(in_list(member.c.handle, par("handles", ListOf))), Handle)
NEW = insert(member)
SAVE = change(
    update(member)
    .where(member.c.id == par("id", Id), member.c.version == par("seen", Int))
    .values(
        version=member.c.version + 1,
        **{
            name: par(name, type(member.c[name].type))  # type: ignore[arg-type]
            for name in MemberRow.__struct_fields__
            if name not in _FIXED
        },
    ),
    guard="member_moved",
)


def one(found: list[MemberRow], member_id: str) -> MemberRow:
    """Return the member of `found`; refuses `MemberUnknown`."""
    if not found or found[0].status == "erased":
        raise MemberUnknown(member_id=member_id)
    return found[0]


def told(row: MemberRow, balances: Mapping[str, ledger.Balances]) -> MemberUpdated:
    """Return the event that shows a member as `row` and `balances` say."""
    points, growth = balances[ledger.POINTS], balances[ledger.GROWTH]
    return MemberUpdated(
        member_id=row.id,
        available=points.available,
        pending=points.pending,
        growth=growth.available,
        level=row.level,
        version=row.version,
    )


def save(row: MemberRow, *, balances: Mapping[str, ledger.Balances], at: datetime) -> list[Change]:
    """Write `row` over the version it was read in, and tell it with the `balances` that the same batch makes.

    A member who was changed meanwhile stops the batch, and the script that wants it runs again.
    """
    fields = {name: getattr(row, name) for name in MemberRow.__struct_fields__ if name not in _FIXED}
    after = msgspec.structs.replace(row, version=row.version + 1)
    return [SAVE(id=row.id, seen=row.version, **fields), tell(told(after, balances), at=at)]
