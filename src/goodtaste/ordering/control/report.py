"""The report of discounts, gifts, returns, cancels, refunds, reopenings, drawers and differences by person and trading day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel import audit
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.db import Day, Id, Int, Moment, Read, Steps, par, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.ordering.control import rules
from goodtaste.ordering.control.rules import Act, Kind, Outlier, Sold, Sum
from goodtaste.ordering.tables import order
from goodtaste.org.api import Directory

DAYS_MAX = 92
ACTS_MAX = 100_000
SOLD_MAX = 20_000  # persons times days


class ReportTooLong(Refusal):
    """Raised for a report over more days, or more acts, than are read at once, or that ends before it begins.  Facts: `days_max`."""

    code = "ordering.report_too_long"
    status = 422


class DayLine(msgspec.Struct, frozen=True):
    """What a person sold and did on a trading day; `acts` are how often and how much, in fen, by kind."""

    staff_id: str
    business_date: date
    sold: Sold
    acts: dict[Kind, Sum]


class StaffLine(msgspec.Struct, frozen=True):
    """What a person sold and did in the whole time, the share of their own sales in ten-thousandths, and of what
    they do more than others."""

    staff_id: str
    name: str
    sold: Sold
    acts: dict[Kind, Sum]
    shares_bp: dict[Kind, int]
    outliers: list[Outlier]


class StaffReport(msgspec.Struct, frozen=True):
    """A report of a store over trading days, both ends included: by person, who stands out first, and by person and day."""

    store_id: str
    from_on: date
    to_on: date
    staff: list[StaffLine]
    days: list[DayLine]


class _Sold(msgspec.Struct, frozen=True):
    staff_id: str
    business_date: date
    orders: int
    due_fen: int


SOLD = Read(
    select(
        order.c.placed_by.label("staff_id"),
        order.c.business_date,
        func.count().label("orders"),
        func.coalesce(func.sum(order.c.due_fen), 0).label("due_fen"),
    )
    .where(
        order.c.store_id == par("store_id", Id),
        order.c.placed_at >= par("from_at", Moment),
        order.c.placed_at < par("to_at", Moment),
        order.c.business_date.between(par("from_on", Day), par("to_on", Day)),
        order.c.state != "cancelled",
        order.c.source == "",
    )
    .group_by(order.c.placed_by, order.c.business_date)
    .order_by(order.c.business_date, order.c.placed_by)
    .limit(par("limit", Int)),
    _Sold,
)


@script
def staff_report(store_id: str, *, from_on: date, to_on: date, directory: Directory) -> Steps[StaffReport]:
    """Return what the staff of a store sold, took off, took back and took out on trading days.  Refuses `ReportTooLong`, `StoreUnknown`."""
    calendar = directory.store(store_id).calendar
    if not timedelta(0) <= to_on - from_on < timedelta(days=DAYS_MAX):
        raise ReportTooLong(days_max=DAYS_MAX)
    from_at, to_at = calendar.day_of(from_on)[0], calendar.day_of(to_on)[1]
    span: dict[str, Any] = {"store_id": store_id, "from_at": from_at, "to_at": to_at}
    early = span | {"from_at": from_at - timedelta(days=1)}  # what came after the day before was closed
    sold, written = yield from together(
        SOLD(**early, from_on=from_on, to_on=to_on, limit=SOLD_MAX), audit.acts_at(**span, limit=ACTS_MAX)
    )
    if len(written) == ACTS_MAX:
        raise ReportTooLong(days_max=DAYS_MAX)
    return made(store_id, from_on, to_on, sold, _by_day(written, calendar), directory)


def _by_day(written: list[audit.AuditRow], calendar: BusinessCalendar) -> dict[tuple[str, date], list[Act]]:
    found: dict[tuple[str, date], list[Act]] = defaultdict(list)
    for row in written:
        if row.action in rules.OF_ACTION:
            for act in rules.acts_of(row.action, row.actor_id, msgspec.json.decode(row.facts)):
                found[act.staff_id, calendar.business_date(row.at)].append(act)
    return found


def made(
    store_id: str,
    from_on: date,
    to_on: date,
    sold: list[_Sold],
    acts: dict[tuple[str, date], list[Act]],
    directory: Directory,
) -> StaffReport:
    """Return the report of what was sold and done."""
    persons = directory.staff
    of_day = {
        (each.staff_id, each.business_date): Sold(each.orders, each.due_fen)
        for each in sold
        if each.staff_id in persons
    }
    keys = sorted({*of_day, *(key for key in acts if key[0] in persons)}, key=lambda key: (key[1], key[0]))
    days = [DayLine(who, on, of_day.get((who, on), Sold()), rules.summed(acts.get((who, on), []))) for who, on in keys]
    whole = {
        who: Sold(
            sum(each.sold.orders for each in days if each.staff_id == who),
            sum(each.sold.due_fen for each in days if each.staff_id == who),
        )
        for who in dict.fromkeys(each.staff_id for each in days)
    }
    sums = {who: rules.summed([act for (by, _), done in acts.items() if by == who for act in done]) for who in whole}
    stand_out = rules.outliers(sums, whole)
    staff = [
        StaffLine(
            who,
            persons[who].name,
            whole[who],
            sums[who],
            {kind: rules.share_bp(each, whole[who]) for kind, each in sums[who].items()},
            stand_out.get(who, []),
        )
        for who in whole
    ]
    staff.sort(key=lambda each: (-len(each.outliers), -each.sold.due_fen, each.staff_id))
    return StaffReport(store_id, from_on, to_on, staff, days)
