"""Z reports: what a shift or a trading day came to, frozen when it was closed and numbered in each store without a gap."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel.db import Change, Id, Int, Read, Steps, first, insert, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.payment.tills.figures import Sales, Taken
from goodtaste.payment.tills.tables import z_report


class ZUnknown(Refusal):
    """Raised for a report that was not made.  Facts: `store_id`, `number`."""

    code = "payment.z_unknown"
    status = 404


class Cash(msgspec.Struct, frozen=True):
    """The cash of a shift or a day, in fen.

    What was there at the beginning, what came and went, what must be there, what was counted; `openings` without a sale; `loose_fen` of a
    day came while no shift was open on its drawer.
    """

    float_fen: int = 0
    taken_fen: int = 0
    back_fen: int = 0
    settled_fen: int = 0
    in_fen: int = 0
    out_fen: int = 0
    expected_fen: int = 0
    counted_fen: int = 0
    difference_fen: int = 0
    loose_fen: int = 0
    openings: int = 0


class ShiftLine(msgspec.Struct, frozen=True):
    """A shift in the report of its day."""

    shift_id: str
    z_number: int
    cashier_id: str
    expected_fen: int
    counted_fen: int
    difference_fen: int


class Z(msgspec.Struct, frozen=True, kw_only=True):
    """What a shift or a day came to: by tender, what was sold, the cash.

    A day names its shifts, and says what came for it after the day before was closed and before it began by the calendar (`carried`).
    """

    tenders: list[Taken]
    sales: Sales
    cash: Cash
    shifts: list[ShiftLine] = []
    carried_payments: int = 0
    carried_fen: int = 0


class ZReport(msgspec.Struct, frozen=True):
    """A report with its number; `digest` is the SHA-256 of what it says, and stands in the audit log too."""

    store_id: str
    number: int
    kind: str
    shift_id: str | None
    business_date: date
    made_by: str
    at: datetime
    digest: str
    report: Z


class ZPage(msgspec.Struct, frozen=True):
    """A page of reports of a store, newest first; `next` asks for the one after it, null at the end."""

    reports: list[ZReport]
    next: int | None


class ZRow(msgspec.Struct, frozen=True):
    """A report as a row."""

    store_id: str
    number: int
    kind: str
    shift_id: str | None
    business_date: date
    body: str
    digest: str
    made_by: str
    at: datetime


class _Last(msgspec.Struct, frozen=True):
    number: int


NEW = insert(z_report)
_COLUMNS = [z_report.c[name] for name in ZRow.__struct_fields__]
LAST = Read(
    select(func.coalesce(func.max(z_report.c.number), 0).label("number")).where(
        z_report.c.store_id == par("store_id", Id)
    ),
    _Last,
)
ONE = Read(
    select(*_COLUMNS).where(z_report.c.store_id == par("store_id", Id), z_report.c.number == par("number", Int)), ZRow
)
PAGE = Read(
    select(*_COLUMNS)
    .where(z_report.c.store_id == par("store_id", Id), z_report.c.number < par("before", Int))
    .order_by(z_report.c.number.desc())
    .limit(par("limit", Int)),
    ZRow,
)
_decode = msgspec.json.Decoder(Z).decode


def numbered(
    store_id: str, said: Z, *, kind: str, shift_id: str | None, business_date: date, made_by: str, at: datetime
) -> Steps[tuple[ZReport, Change]]:
    """Return a report with the next number of its store, and the change that writes it: of two at once the later takes the number after."""
    last = yield from first(LAST(store_id=store_id))
    body = msgspec.json.encode(said, order="deterministic").decode()
    row = ZRow(
        store_id=store_id,
        number=(last.number if last else 0) + 1,
        kind=kind,
        shift_id=shift_id,
        business_date=business_date,
        body=body,
        digest=hashlib.sha256(body.encode()).hexdigest(),
        made_by=made_by,
        at=at,
    )
    return shown(row), NEW(**msgspec.structs.asdict(row))


def shown(row: ZRow) -> ZReport:
    """Return a report as it is shown."""
    same = {name: getattr(row, name) for name in ZRow.__struct_fields__ if name != "body"}
    return ZReport(**same, report=_decode(row.body))


@script
def one(store_id: str, number: int) -> Steps[ZReport]:
    """Read a report; refuses `ZUnknown`."""
    found = yield from first(ONE(store_id=store_id, number=number))
    if found is None:
        raise ZUnknown(store_id=store_id, number=number)
    return shown(found)


@script
def page(store_id: str, *, before: int, limit: int) -> Steps[ZPage]:
    """Return a page of the reports of a store, newest first."""
    found = yield from rows(PAGE(store_id=store_id, before=before, limit=limit))
    return ZPage([shown(each) for each in found], found[-1].number if len(found) == limit else None)
