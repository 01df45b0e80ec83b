"""The trading day of a store: what it has come to so far, closed once nothing of it is open, and what comes after that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.db import Database, Day, Id, Moment, Read, Steps, first, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input, Text
from goodtaste.kernel.snapshot import Snapshot, moved
from goodtaste.payment.accounts.tables import entry
from goodtaste.payment.tables import payment
from goodtaste.payment.tills import figures, z
from goodtaste.payment.tills.figures import DayBooks, Taken
from goodtaste.payment.tills.tables import SNAPSHOT, day, shift

SHOWN_MAX = 50  # shifts and bills that a refusal names
SHIFTS_MAX = 200  # of a day


class DayNotBegun(Refusal):
    """Raised when a day is to be closed that has not begun.  Facts: `business_date`, `today`."""

    code = "payment.day_not_begun"


class DayPast(Refusal):
    """Raised when a day is to be closed after a later one was.  Facts: `business_date`, `closed_to`."""

    code = "payment.day_past"


class ShiftsOpen(Refusal):
    """Raised when a day is to be closed while shifts of it are open.  Facts: `shift_ids` (up to `SHOWN_MAX`)."""

    code = "payment.shifts_open"


class BillsOpen(Refusal):
    """Raised when a day is to be closed while bills of it are not settled.  Facts: `order_ids` (up to `SHOWN_MAX`)."""

    code = "payment.bills_open"


class LooseCash(Refusal):
    """Raised when a day is to be closed on which cash came that no shift answers for, and nobody says why.  Facts: `loose_fen`."""

    code = "payment.loose_cash"


class CloseDay(Input, frozen=True):
    """What is sent to close a day; a reason where cash came while no shift was open."""

    reason: Text = ""


class ClosedDays(msgspec.Struct, frozen=True):
    """The last day that each store has closed.  Immutable."""

    last: Mapping[str, date] = {}

    def today(self, store_id: str, calendar: BusinessCalendar, *, at: datetime) -> date:
        """Return the trading day that what happens at `at` belongs to: the calendar's, or the next one where that is closed."""
        natural, last = calendar.business_date(at), self.last.get(store_id)
        return max(natural, last + timedelta(days=1)) if last else natural


class DayView(msgspec.Struct, frozen=True):
    """A trading day: what it came to, as its report says once it is closed.  `late`: what its tenders brought or gave back after that."""

    store_id: str
    business_date: date
    closed_at: datetime | None
    closed_by: str | None
    reason: str
    z_number: int | None
    report: z.Z
    late: list[Taken]


class DayRow(msgspec.Struct, frozen=True):
    """A closed day as a row."""

    store_id: str
    business_date: date
    z_number: int
    loose_fen: int
    reason: str
    closed_by: str
    closed_at: datetime


class _Last(msgspec.Struct, frozen=True):
    store_id: str
    business_date: date


class _Id(msgspec.Struct, frozen=True):
    id: str


class _Shift(msgspec.Struct, frozen=True):
    id: str
    z_number: int | None
    cashier_id: str
    expected_fen: int | None
    counted_fen: int | None


class _Late(msgspec.Struct, frozen=True):
    n: int
    fen: int


ONE = Read(select(*day.c).where(day.c.store_id == par("store_id", Id), day.c.business_date == par("on", Day)), DayRow)
LATER = Read(
    select(*day.c)
    .where(day.c.store_id == par("store_id", Id), day.c.business_date > par("on", Day))
    .order_by(day.c.business_date.desc())
    .limit(1),
    DayRow,
)
LAST = Read(
    select(day.c.store_id, func.max(day.c.business_date).label("business_date")).group_by(day.c.store_id), _Last
)
NEW = insert(day)
OPEN_SHIFTS = Read(
    select(shift.c.id)
    .where(shift.c.store_id == par("store_id", Id), shift.c.state != "closed", shift.c.business_date <= par("on", Day))
    .order_by(shift.c.opened_at, shift.c.id)
    .limit(SHOWN_MAX),
    _Id,
)
SHIFTS = Read(
    select(*[shift.c[name] for name in _Shift.__struct_fields__])
    .where(shift.c.store_id == par("store_id", Id), shift.c.business_date == par("on", Day), shift.c.state == "closed")
    .order_by(shift.c.z_number)
    .limit(SHIFTS_MAX),
    _Shift,
)
SETTLED = Read(
    select(func.coalesce(func.sum(-entry.c.amount_fen), 0).label("fen")).where(
        entry.c.store_id == par("store_id", Id), entry.c.business_date == par("on", Day), entry.c.method == "cash"
    ),
    figures.Fen,
)
CARRIED = Read(
    select(func.count().label("n"), func.coalesce(func.sum(payment.c.amount_fen), 0).label("fen")).where(
        payment.c.store_id == par("store_id", Id),
        payment.c.business_date == par("on", Day),
        payment.c.state == "succeeded",
        payment.c.started_at < par("begins_at", Moment),
    ),
    _Late,
)


async def _load(db: Database) -> ClosedDays:
    return ClosedDays({each.store_id: each.business_date for each in await db.rows(LAST())})


def closed_days_snapshot() -> Snapshot[ClosedDays]:
    """Return the snapshot of the days that are closed."""
    return Snapshot(SNAPSHOT, _load)


@script
def close_day(
    store_id: str,
    on: date,
    asked: CloseDay,
    *,
    actor: Actor,
    books: DayBooks,
    calendar: BusinessCalendar,
    today: date,
    at: datetime,
) -> Steps[DayView]:
    """Close a trading day once; what happens after that belongs to the next one.  Closing it again shows what it was closed with.

    Refuses `DayNotBegun`, `DayPast`, `ShiftsOpen`, `BillsOpen`, `LooseCash`.
    """
    known, later = yield from together(ONE(store_id=store_id, on=on), LATER(store_id=store_id, on=on))
    if known:
        return (yield from _view(known[0]))
    if on > today:
        raise DayNotBegun(business_date=str(on), today=str(today))
    if later:
        raise DayPast(business_date=str(on), closed_to=str(later[0].business_date))
    open_shifts = yield from rows(OPEN_SHIFTS(store_id=store_id, on=on))
    if open_shifts:
        raise ShiftsOpen(shift_ids=[each.id for each in open_shifts])
    bills = yield from books.open_bills(store_id=store_id, on=on, begins_at=calendar.day_of(on)[0], limit=SHOWN_MAX)
    if bills:
        raise BillsOpen(order_ids=bills)
    said = yield from reckoned(store_id, on, books=books, calendar=calendar)
    if said.cash.loose_fen and not asked.reason:
        raise LooseCash(loose_fen=said.cash.loose_fen)
    report, made = yield from z.numbered(
        store_id, said, kind="day", shift_id=None, business_date=on, made_by=actor.id, at=at
    )
    row = DayRow(store_id, on, report.number, said.cash.loose_fen, asked.reason, actor.id, at)
    written = audit.note(
        actor,
        "payment.day_closed",
        subject=f"store/{store_id}",
        store_id=store_id,
        reason=asked.reason,
        at=at,
        business_date=str(on),
        z_number=report.number,
        digest=report.digest,
        loose_fen=said.cash.loose_fen,
    )
    yield [NEW(**msgspec.structs.asdict(row)), made, moved(SNAPSHOT), written]
    return DayView(store_id, on, at, actor.id, asked.reason, report.number, said, [])


def reckoned(store_id: str, on: date, *, books: DayBooks, calendar: BusinessCalendar) -> Steps[z.Z]:
    """Return what a trading day has come to by now."""
    begins_at, ends_at = calendar.day_of(on)
    tenders = yield from figures.tenders_of_day(store_id, on)
    sales = yield from books.of_day(store_id=store_id, on=on, begins_at=begins_at, ends_at=ends_at)
    moves, shifts, settled, carried = yield from together(
        figures.MOVES_ON(store_id=store_id, business_date=on),
        SHIFTS(store_id=store_id, on=on),
        SETTLED(store_id=store_id, on=on),
        CARRIED(store_id=store_id, on=on, begins_at=begins_at),
    )
    loose, loose_back = yield from together(
        figures.LOOSE(store_id=store_id, business_date=on), figures.LOOSE_BACK(store_id=store_id, business_date=on)
    )
    lines = [
        z.ShiftLine(
            each.id,
            each.z_number or 0,
            each.cashier_id,
            each.expected_fen or 0,
            each.counted_fen or 0,
            (each.counted_fen or 0) - (each.expected_fen or 0),
        )
        for each in shifts
    ]
    in_cash = next((each for each in tenders if each.method == "cash"), Taken("cash", 0, 0, 0, 0))
    cash = z.Cash(
        taken_fen=in_cash.paid_fen,
        back_fen=in_cash.back_fen,
        settled_fen=settled[0].fen,
        in_fen=moves[0].in_fen,
        out_fen=moves[0].out_fen,
        openings=moves[0].openings,
        expected_fen=sum(each.expected_fen for each in lines),
        counted_fen=sum(each.counted_fen for each in lines),
        difference_fen=sum(each.difference_fen for each in lines),
        loose_fen=loose[0].fen - loose_back[0].fen,
    )
    return z.Z(
        tenders=tenders,
        sales=sales,
        cash=cash,
        shifts=lines,
        carried_payments=carried[0].n,
        carried_fen=carried[0].fen,
    )


@script
def read_day(store_id: str, on: date, *, books: DayBooks, calendar: BusinessCalendar) -> Steps[DayView]:
    """Return a trading day: as its report says where it is closed, else what it has come to so far."""
    known = yield from first(ONE(store_id=store_id, on=on))
    if known:
        return (yield from _view(known))
    said = yield from reckoned(store_id, on, books=books, calendar=calendar)
    return DayView(store_id, on, None, None, "", None, said, [])


def _view(row: DayRow) -> Steps[DayView]:
    report = yield from z.one(row.store_id, row.z_number)
    now = yield from figures.tenders_of_day(row.store_id, row.business_date)
    return DayView(
        row.store_id,
        row.business_date,
        row.closed_at,
        row.closed_by,
        row.reason,
        row.z_number,
        report.report,
        _late(report.report.tenders, now),
    )


def _late(then: list[Taken], now: list[Taken]) -> list[Taken]:
    before = {each.method: each for each in then}
    late = []
    for each in now:
        was = before.get(each.method, Taken(each.method, 0, 0, 0, 0))
        if each != was:
            late.append(
                Taken(
                    each.method,
                    each.payments - was.payments,
                    each.paid_fen - was.paid_fen,
                    each.refunds - was.refunds,
                    each.back_fen - was.back_fen,
                )
            )
    return late
