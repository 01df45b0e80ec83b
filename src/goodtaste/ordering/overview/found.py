"""Orders of one store or of all, found by what they are, sorted and paged by the database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Day, Id, Int, ListOf, Moment, Read, Steps, Str, escaped, in_list, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.paging import Cursor, cursor_text, read_cursor
from goodtaste.member import api as members
from goodtaste.ordering.tables import line, order
from goodtaste.payment import api as payments

PAGE_MAX = 100
LINES_SHOWN = 3  # dishes of an order that a list names
PAID_BY_MAX = 2_000  # orders among which those of one tender are looked for
A_DAY = timedelta(days=1)

Sort = Literal["-placed_at", "placed_at", "-due_fen", "due_fen"]
State = Literal[
    "placed", "accepted", "preparing", "ready", "served", "picked_up", "delivered", "completed", "cancelled"
]
PayState = Literal["unpaid", "paying", "part_paid", "paid", "partly_refunded", "refunded", "open", "back"]
PHONE_TAIL = re.compile(r"[0-9]{4}$")  # what people say of a phone number
YUAN = re.compile(r"([0-9]{1,7})(?:[.]([0-9]{1,2}))?$")
MEMBERS_MAX = 200  # members whose phone ends alike, whose orders are looked at


class TooWide(Refusal):
    """Raised where more orders than are looked through were paid by one tender.  Facts: `orders_max`."""

    code = "ordering.search_too_wide"
    status = 422


class Sought(msgspec.Struct, frozen=True):
    """What orders are looked for by; None and "" look at all.  Days are trading days, both ends included.

    `q` is a part of a dish's name, of a note, the end of an order's number, the last four digits of its member's phone, what is due in
    yuan, or one of the `table_ids`; `method` what an attempt to pay it succeeded by.  `pay_state` is also `open`, which waits for money,
    and `back`, of which some or all was refunded.
    """

    store_id: str | None = None
    member_id: str | None = None
    state: State | None = None
    pay_state: PayState | None = None
    kind: str | None = None
    method: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    q: str = ""
    table_ids: Sequence[str] = ()


class Piece(msgspec.Struct, frozen=True):
    """So many of a dish."""

    name: str
    qty: int


class FoundOrder(msgspec.Struct, frozen=True):
    """An order in a list: amounts in fen, `pieces` the first of its dishes, `lines` how many lines it has."""

    id: str
    store_id: str
    member_id: str | None
    kind: str
    channel: str
    state: str
    pay_state: str
    due_fen: int
    refunded_fen: int
    note: str
    business_date: date
    placed_at: datetime
    table_id: str | None
    pieces: list[Piece]
    lines: int
    table: str = ""


class FoundPage(msgspec.Struct, frozen=True):
    """A page of orders; `next` asks for the one after it, null at the end."""

    orders: list[FoundOrder]
    next: str | None


class _Row(msgspec.Struct, frozen=True):
    id: str
    store_id: str
    member_id: str | None
    kind: str
    channel: str
    state: str
    pay_state: str
    due_fen: int
    refunded_fen: int
    note: str
    business_date: date
    placed_at: datetime
    table_id: str | None


class _Line(msgspec.Struct, frozen=True):
    order_id: str
    name: str
    qty: int


class _Edge(Cursor, frozen=True):
    """The last row of a page: its instant, its id, and what is due of it."""

    due_fen: int


_LIKE = par("like", Str)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "store_id": order.c.store_id == par("store_id", Id),
    "member_id": order.c.member_id == par("member_id", Id),
    "state": order.c.state == par("state", Str),
    "pay_state": order.c.pay_state == par("pay_state", Str),
    "open": and_(order.c.pay_state.in_(("unpaid", "paying", "part_paid")), order.c.state != "cancelled"),
    "back": order.c.pay_state.in_(("partly_refunded", "refunded")),
    "kind": order.c.kind == par("kind", Str),
    "order_ids": in_list(order.c.id, par("order_ids", ListOf)),
    "from_on": and_(order.c.business_date >= par("from_on", Day), order.c.placed_at >= par("from_at", Moment)),
    "to_on": and_(order.c.business_date <= par("to_on", Day), order.c.placed_at < par("to_at", Moment)),
    "like": or_(
        func.lower(order.c.note).like(_LIKE, escape="\\"),
        cast(order.c.id, Text).like(par("tail", Str), escape="\\"),
        order.c.due_fen == par("amount_fen", Int),
        in_list(order.c.member_id, par("member_ids", ListOf)),
        in_list(order.c.table_id, par("table_ids", ListOf)),
        order.c.id.in_(select(line.c.order_id).where(func.lower(line.c.name).like(_LIKE, escape="\\"))),
    ),
}
_COLUMNS = {"placed_at": (order.c.placed_at, "at", Moment), "due_fen": (order.c.due_fen, "due_fen", Int)}
LINES = Read(
    select(line.c.order_id, line.c.name, line.c.qty)
    .where(in_list(line.c.order_id, par("order_ids", ListOf)), line.c.qty > 0)
    .order_by(line.c.order_id, line.c.line_no),
    _Line,
)


@cache
def _read(names: frozenset[str], sort: Sort) -> Read[_Row]:
    """Return the statement that looks by `names`; there are few combinations, each compiled once."""
    column, name, kind = _COLUMNS[sort.removeprefix("-")]
    edge, id_ = par(f"edge_{name}", kind), par("edge_id", Id)
    where = [_CONDITIONS[each] for each in sorted(names - {"edge"})]
    by: tuple[Any, ...]
    if sort.startswith("-"):
        beyond = and_(column <= edge, or_(column < edge, and_(column == edge, order.c.id < id_)))
        by = (column.desc(), order.c.id.desc())
    else:
        beyond = and_(column >= edge, or_(column > edge, and_(column == edge, order.c.id > id_)))
        by = (column, order.c.id)
    if "edge" in names:
        where.append(beyond)
    columns = [order.c[each] for each in _Row.__struct_fields__]
    return Read(select(*columns).where(*where).order_by(*by).limit(par("limit", Int)), _Row)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _fen(text: str) -> int:
    """Return an amount in yuan as fen; -1, which nothing costs, where it is none."""
    found = YUAN.match(text.removeprefix("¥"))
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else -1


@script
def find(sought: Sought, *, actor: Actor, sort: Sort, before: str, limit: int) -> Steps[FoundPage]:
    """Return a page of the orders that are sought.  Refuses `NotAllowed`, `TooWide` and `BadCursor`."""
    actor.need("order.read", store_id=sought.store_id)
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(sought).items()
        if value and name not in ("q", "method", "table_ids")
    }
    if sought.pay_state in ("open", "back"):
        given[sought.pay_state] = given.pop("pay_state")
    names = set(given)
    if sought.from_on:
        given["from_at"] = _midnight(sought.from_on) - A_DAY  # no trading day begins earlier, wherever its store is
    if sought.to_on:
        given["to_at"] = _midnight(sought.to_on) + 3 * A_DAY
    if text := sought.q.strip().lower():
        plain = escaped(text)
        known = (yield from rows(members.by_phone_tail(text, limit=MEMBERS_MAX))) if PHONE_TAIL.match(text) else []
        given |= {"like": f"%{plain}%", "tail": f"%{plain}", "amount_fen": _fen(text)}
        given |= {"member_ids": [each.id for each in known], "table_ids": list(sought.table_ids)}
        names.add("like")
    if sought.method:
        asked = payments.orders_paid_by(
            sought.method, store_id=sought.store_id, from_on=sought.from_on, to_on=sought.to_on, limit=PAID_BY_MAX
        )
        ids = [each.order_id for each in (yield from rows(asked))]
        if len(ids) == PAID_BY_MAX:
            raise TooWide(orders_max=PAID_BY_MAX)
        given["order_ids"] = ids
        names.add("order_ids")
    if before:
        edge = read_cursor(before, _Edge)
        given |= {"edge_id": edge.id, "edge_at": edge.at, "edge_due_fen": edge.due_fen}
        names.add("edge")
    read = _read(frozenset(names), sort)
    found = yield from rows(read(**{name: given[name] for name in read.types if name != "limit"}, limit=limit))
    lines: dict[str, list[Piece]] = {each.id: [] for each in found}
    for each in (yield from rows(LINES(order_ids=list(lines)))):
        lines[each.order_id].append(Piece(each.name, each.qty))
    shown = [
        FoundOrder(**msgspec.structs.asdict(row), pieces=lines[row.id][:LINES_SHOWN], lines=len(lines[row.id]))
        for row in found
    ]
    return FoundPage(shown, _next(found, limit))


def labelled(page: FoundPage, labels: Mapping[str, str]) -> FoundPage:
    """Return a page whose orders say what their tables are called."""
    told = [msgspec.structs.replace(each, table=labels.get(each.table_id or "", "")) for each in page.orders]
    return msgspec.structs.replace(page, orders=told)


def _next(found: list[_Row], limit: int) -> str | None:
    return cursor_text(_Edge(found[-1].placed_at, found[-1].id, found[-1].due_fen)) if len(found) == limit else None
