"""What the floor asks of the bills of its tables, and the one thing it does to them: carrying them to another table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.db import Change, Id, ListOf, Moment, Query, Read, Steps, change, first, in_list, par, together
from goodtaste.ordering.orders import LINES_OF
from goodtaste.ordering.pay import left_of
from goodtaste.ordering.rules import WAITS
from goodtaste.ordering.tables import order, round_
from goodtaste.payment import api as payments


class BillLine(msgspec.Struct, frozen=True):
    """A line of a bill, as everybody at the table may see it."""

    line_no: int
    round: int
    name: str
    qty: int
    due_fen: int
    refunded_qty: int


class BillRow(msgspec.Struct, frozen=True):
    """A bill of a table, without its lines."""

    id: str
    store_id: str
    kind: str
    table_id: str | None
    state: str
    pay_state: str
    pay_first: bool
    due_fen: int
    refunded_fen: int
    coupons: str
    hold_id: str | None
    business_date: date

    @property
    def owes(self) -> bool:
        """Whether it has still to be paid."""
        return self.state != "cancelled" and self.pay_state in WAITS

    @property
    def takes_more(self) -> bool:
        """Whether more can be ordered on it: it is to be paid later, with no coupon and no points on it."""
        return (
            not self.pay_first
            and self.state != "cancelled"
            and self.pay_state == "unpaid"
            and self.coupons == "{}"
            and not self.hold_id
        )


class TableBill(msgspec.Struct, frozen=True):
    """A bill of a table with its lines; amounts in fen.  One that is `pay_first` is a round by itself, made once it is paid.

    `left_fen`: what nobody has paid or begun to pay.
    """

    id: str
    state: str
    pay_state: str
    pay_first: bool
    due_fen: int
    refunded_fen: int
    left_fen: int
    lines: list[BillLine]


_BILL = [order.c[name] for name in BillRow.__struct_fields__]
BILLS = Read(
    select(*_BILL).where(in_list(order.c.id, par("order_ids", ListOf))).order_by(order.c.placed_at, order.c.id), BillRow
)
OWING = Read(
    select(*_BILL).where(
        order.c.store_id == par("store_id", Id),
        order.c.placed_at >= par("since", Moment),
        in_list(order.c.table_id, par("table_ids", ListOf)),
        order.c.pay_state.in_(WAITS),
        order.c.state != "cancelled",
    ),
    BillRow,
)
CARRIED = change(
    update(order)
    .where(order.c.id == par("order_id", Id), order.c.state != "cancelled")
    .values(table_id=par("table_id", Id), version=order.c.version + 1)
)


class _Of(msgspec.Struct, frozen=True):
    order_id: str


ROUND = Read(select(round_.c.order_id).where(round_.c.id == par("id", Id)), _Of)


def bill_rows(order_ids: Sequence[str]) -> Query[BillRow]:
    """Return the query of these bills, oldest first."""
    return BILLS(order_ids=list(order_ids))


def owing_at(store_id: str, table_ids: Sequence[str], *, since: datetime) -> Query[BillRow]:
    """Return the query of the unpaid bills that were opened at these tables since an instant."""
    return OWING(store_id=store_id, table_ids=list(table_ids), since=since)


def bills(order_ids: Sequence[str]) -> Steps[list[TableBill]]:
    """Read bills with their lines, oldest first."""
    ids = list(order_ids)
    found, lines, splits = yield from together(BILLS(order_ids=ids), LINES_OF(order_ids=ids), payments.splits_of(ids))
    split_of = {each.order_id: each for each in splits}
    of: dict[str, list[BillLine]] = {row.id: [] for row in found}
    for each in lines:
        shown = BillLine(each.line_no, each.round, each.name, each.qty, each.due_fen, each.refunded_qty)
        of[each.order_id].append(shown)
    return [
        TableBill(
            row.id,
            row.state,
            row.pay_state,
            row.pay_first,
            row.due_fen,
            row.refunded_fen,
            left_of(row, split_of.get(row.id)),
            of[row.id],
        )
        for row in found
    ]


def order_of_round(round_id: str) -> Steps[str | None]:
    """Read on which bill a round was ordered, or None where there is no such round."""
    found = yield from first(ROUND(id=round_id))
    return found.order_id if found else None


def carried(order_ids: Sequence[str], table_id: str) -> Change:
    """Return the change by which bills stand at another table; their prices stay as they were agreed."""
    return CARRIED.many([{"order_id": each, "table_id": table_id} for each in order_ids])
