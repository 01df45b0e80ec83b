"""Members found by name, phone, level and state, sorted and paged by the database; how many joined in a span of time."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select

from goodtaste.kernel.db import Id, Int, Moment, Query, Read, Steps, Str, escaped, par, rows, script
from goodtaste.kernel.ids import is_id
from goodtaste.kernel.paging import Cursor, next_of, read_cursor
from goodtaste.kernel.secrets import Keyring
from goodtaste.ledger import api as ledger
from goodtaste.member import phone as phones
from goodtaste.member import vault
from goodtaste.member.tables import member

PAGE_MAX = 100
NOBODY = "00000000-0000-0000-0000-000000000000"

Sort = Literal["-joined_at", "joined_at"]
Status = Literal["active", "frozen", "erased"]


class FoundMember(msgspec.Struct, frozen=True):
    """A member in a list, the phone number masked."""

    id: str
    nickname: str
    phone: str
    level: str
    status: str
    joined_at: datetime


class MembersPage(msgspec.Struct, frozen=True):
    """A page of members; `next` asks for the one after it, null at the end."""

    members: list[FoundMember]
    next: str | None


class Count(msgspec.Struct, frozen=True):
    """How many there are."""

    n: int


class Found(msgspec.Struct, frozen=True):
    """A member."""

    id: str


JOINED = Read(
    select(func.count().label("n")).where(
        member.c.joined_at >= par("from_at", Moment), member.c.joined_at < par("to_at", Moment)
    ),
    Count,
)
BY_PHONE_TAIL = Read(
    select(member.c.id)
    .where(member.c.phone_masked.like(par("tail", Str), escape="\\"))
    .order_by(member.c.joined_at.desc(), member.c.id.desc())
    .limit(par("limit", Int)),
    Found,
)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "level": member.c.level == par("level", Str),
    "status": member.c.status == par("status", Str),
    "id": member.c.id == par("id", Id),
    "owing": ledger.owes(member.c.id),
    "phone_index": member.c.phone_index == par("phone_index", Str),
    "like": or_(
        func.lower(member.c.nickname).like(par("like", Str), escape="\\"),
        member.c.phone_masked.like(par("tail", Str), escape="\\"),
    ),
}


def joined(from_at: datetime, to_at: datetime) -> Query[Count]:
    """Return the query of how many joined in from_at <= time < to_at."""
    return JOINED(from_at=from_at, to_at=to_at)


def by_phone_tail(tail: str, *, limit: int) -> Query[Found]:
    """Return the query for the members whose phone number ends so, who joined last first."""
    return BY_PHONE_TAIL(tail=f"%{escaped(tail)}", limit=limit)


@cache
def _read(names: frozenset[str], sort: Sort) -> Read[FoundMember]:
    """Return the statement that looks by `names`; there are few combinations, each compiled once."""
    at, edge, id_ = member.c.joined_at, par("edge_at", Moment), par("edge_id", Id)
    where = [_CONDITIONS[each] for each in sorted(names - {"edge"})]
    by: tuple[Any, ...]
    if sort == "-joined_at":
        beyond = and_(at <= edge, or_(at < edge, and_(at == edge, member.c.id < id_)))
        by = (at.desc(), member.c.id.desc())
    else:
        beyond = and_(at >= edge, or_(at > edge, and_(at == edge, member.c.id > id_)))
        by = (at, member.c.id)
    if "edge" in names:
        where.append(beyond)
    columns = [
        member.c.phone_masked.label("phone") if name == "phone" else member.c[name]
        for name in FoundMember.__struct_fields__
    ]
    return Read(select(*columns).where(*where).order_by(*by).limit(par("limit", Int)), FoundMember)


def _phone(text: str) -> str | None:
    try:
        return phones.normalised(text)
    except phones.BadPhone:
        return None


@script
def find(
    *, q: str, level: str | None, status: Status | None, sort: Sort, before: str, limit: int, keyring: Keyring
) -> Steps[MembersPage]:
    """Return a page of members, found as `read_page` says."""
    page = yield from read_page(
        q=q, level=level, status=status, owing=False, sort=sort, before=before, limit=limit, keyring=keyring
    )
    return page


def read_page(
    *,
    q: str,
    level: str | None,
    status: Status | None,
    owing: bool,
    sort: Sort,
    before: str,
    limit: int,
    keyring: Keyring,
) -> Steps[MembersPage]:
    """Read a page of members, with `owing` of those who owe points.

    `q` is a part of a nickname, a whole phone number, the last digits of one, or an id.

    Refuses `BadCursor`.
    """
    given: dict[str, Any] = {name: value for name, value in (("level", level), ("status", status)) if value}
    names = set(given) | ({"owing"} if owing else set())
    if text := q.strip().lower():
        if is_id(text):
            given["id"] = text
        elif (phone := _phone(text)) is not None:
            given["phone_index"] = vault.index_of(phone, keyring)
        else:
            plain = escaped(text)
            given |= {"like": f"%{plain}%", "tail": f"%{plain}"}
        names |= {"id", "phone_index", "like"} & set(given)
    if before:
        edge = read_cursor(before, Cursor)
        given |= {"edge_at": edge.at, "edge_id": edge.id}
        names.add("edge")
    read = _read(frozenset(names), sort)
    found = yield from rows(read(**{name: given[name] for name in read.types if name != "limit"}, limit=limit))
    return MembersPage(found, next_of(found, limit, lambda each: each.joined_at))
