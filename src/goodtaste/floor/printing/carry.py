"""Carrying jobs to printers: every step that is written down before and after something goes over the wire.

A job is `sent` before its first byte leaves.  From then on it goes back into the queue only where it is certain that nothing was sent;
where nobody knows, it is `unknown`, and what is printed once more is a job of its own that says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select, update

from goodtaste.events.printing import PrinterTroubled
from goodtaste.floor.printing import prints
from goodtaste.floor.printing.paper import without_drawer
from goodtaste.floor.printing.printers import COLUMNS, Printer
from goodtaste.floor.printing.prints import ROW, SAME, WHOLE, Job, JobRow, Key, again, step, wants_person
from goodtaste.floor.printing.rules import AGAIN_BY_ITSELF, DRAWER_WITHIN, REPRINTS_MAX
from goodtaste.floor.printing.tables import print_job, printer
from goodtaste.kernel.db import (
    Change,
    Doc,
    GuardBroken,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.outbox import tell

LEASE = timedelta(seconds=30)  # whose carrier was not heard of for so long, of that nobody knows what became
BATCH_MAX = 100  # jobs that expire, move or are given up at a time
PAUSE_MAX_S = 30  # between two tries at a printer in trouble
BY = "system/printing"
POSSIBLY_DOUBLE = "可能重复 POSSIBLE DUPLICATE"


class Taken(msgspec.Struct, frozen=True):
    """A job that is being carried, and the printer it goes to."""

    job: Job
    printer: Printer


class _Printer(Printer, frozen=True):
    tries: int


class _Due(msgspec.Struct, frozen=True):
    id: str


class Moving(JobRow, frozen=True):
    """A waiting job whose printer has another one to stand in for it."""

    fallback_id: str
    printer_name: str


_OF_JOB = print_job.c.printer_id == printer.c.id
DUE = Read(
    select(printer.c.id)
    .where(
        printer.c.next_at <= par("at", Moment),
        printer.c.active.is_(True),
        select(print_job.c.id)
        .where(_OF_JOB, print_job.c.state == "queued", print_job.c.expires_at > par("at", Moment))
        .exists(),
        ~select(print_job.c.id).where(print_job.c.on_printer_id == printer.c.id).exists(),
    )
    .order_by(printer.c.id),
    _Due,
)
PRINTER = Read(select(*COLUMNS, printer.c.tries).where(printer.c.id == par("id", Id)), _Printer)
HEAD = Read(
    select(*WHOLE)
    .where(
        print_job.c.printer_id == par("printer_id", Id),
        print_job.c.state == "queued",
        print_job.c.expires_at > par("at", Moment),
    )
    .order_by(print_job.c.made_at, print_job.c.id)
    .limit(1),
    Job,
)
OVERDUE = Read(
    select(*ROW)
    .where(print_job.c.state == "queued", print_job.c.expires_at <= par("at", Moment))
    .order_by(print_job.c.expires_at)
    .limit(BATCH_MAX),
    JobRow,
)
LAPSED = Read(
    select(*WHOLE)
    .where(print_job.c.state == "sent", print_job.c.lease_until <= par("at", Moment))
    .order_by(print_job.c.lease_until)
    .limit(BATCH_MAX),
    Job,
)
MOVING = Read(
    select(*ROW, printer.c.fallback_id, printer.c.name.label("printer_name"))
    .where(
        _OF_JOB,
        print_job.c.state == "queued",
        print_job.c.moves_at <= par("at", Moment),
        printer.c.fallback_id.is_not(None),
        (printer.c.trouble != "") | printer.c.active.is_(False),
    )
    .order_by(print_job.c.moves_at)
    .limit(BATCH_MAX),
    Moving,
)
TAKE = change(
    update(print_job)
    .where(
        print_job.c.id == par("id", Id), print_job.c.state == "queued", print_job.c.printer_id == par("printer_id", Id)
    )
    .values(
        state="sent",
        attempt=print_job.c.attempt + 1,
        on_printer_id=par("printer_id", Id),
        lease_until=par("lease_until", Moment),
        why="",
    ),
    guard="floor_print_job_as_seen",
)
_HELD = (print_job.c.id == par("id", Id), print_job.c.state == "sent", print_job.c.attempt == par("attempt", Int))
HOLD = change(
    update(print_job)
    .where(*_HELD)
    .values(lease_until=par("lease_until", Moment), why=par("why", Str), remote_id=par("remote_id", Str)),
    guard="floor_print_job_as_seen",
)
RELEASE = change(
    update(print_job).where(*_HELD).values(state="queued", on_printer_id=None, lease_until=None, why=par("why", Str)),
    guard="floor_print_job_as_seen",
)
SETTLE = change(
    update(print_job)
    .where(*_HELD)
    .values(
        state=par("state", Str), on_printer_id=None, lease_until=None, why=par("why", Str), settled_at=par("at", Moment)
    ),
    guard="floor_print_job_as_seen",
)
EXPIRE = change(
    update(print_job)
    .where(print_job.c.id == par("id", Id), print_job.c.state == "queued")
    .values(state="expired", settled_at=par("at", Moment)),
    guard="floor_print_job_as_seen",
)
FALL_BACK = change(
    update(print_job)
    .where(print_job.c.id == par("id", Id), print_job.c.state == "queued", print_job.c.printer_id == par("from_id", Id))
    .values(printer_id=par("printer_id", Id), moves_at=None, marks=par("marks", Doc)),
    guard="floor_print_job_as_seen",
)
WELL = change(
    update(printer)
    .where(printer.c.id == par("id", Id))
    .values(trouble="", trouble_at=None, tries=0, next_at=par("at", Moment))
)
TROUBLED = change(
    update(printer)
    .where(printer.c.id == par("id", Id))
    .values(
        trouble=par("trouble", Str),
        trouble_at=par("trouble_at", Moment),
        tries=printer.c.tries + 1,
        next_at=par("next_at", Moment),
    )
)


@script
def take(printer_id: str, *, at: datetime) -> Steps[Taken | None]:
    """Take the job that has waited longest for a printer, and write that it is being sent; None where there is none to be taken."""
    there, heads = yield from together(PRINTER(id=printer_id), HEAD(printer_id=printer_id, at=at))
    if not heads:
        return None
    job = heads[0]
    try:
        yield [
            TAKE(id=job.id, printer_id=printer_id, lease_until=at + LEASE),
            step(job.id, "sent", why="", printer_id=printer_id, by=BY, at=at),
        ]
    except GuardBroken:  # another process carries to this printer
        return None
    carried = msgspec.structs.replace(job, state="sent", attempt=job.attempt + 1, on_printer_id=printer_id)
    if at - job.made_at > DRAWER_WITHIN:
        carried = msgspec.structs.replace(carried, document=without_drawer(job.document))
    return Taken(carried, there[0])


@script
def hold(taken: Taken, *, why: str, remote_id: str, news: bool, at: datetime) -> Steps[None]:
    """Write that a job is still being carried, and, where that is `news`, what it waits for.

    Refuses `NotNow` where somebody has settled it.
    """
    job, on = taken.job, taken.printer
    held = HOLD(id=job.id, attempt=job.attempt, lease_until=at + LEASE, why=why, remote_id=remote_id)
    found = yield from rows(PRINTER(id=on.id))
    if not news:
        yield [held]
        return
    told = _troubles(found[0], why, at=at) if why else []
    yield [held, step(job.id, "sent", why=why, printer_id=on.id, by=BY, at=at), *told]


@script
def release(taken: Taken, *, why: str, at: datetime) -> Steps[None]:
    """Put a job back of which it is certain that nothing of it was printed; its printer rests for a while."""
    job = taken.job
    found = yield from rows(PRINTER(id=taken.printer.id))
    yield [
        RELEASE(id=job.id, attempt=job.attempt, why=why),
        step(job.id, "queued", why=why, printer_id=taken.printer.id, by=BY, at=at),
        *_troubles(found[0], why, at=at),
    ]


@script
def settle(taken: Taken, *, state: str, why: str, at: datetime) -> Steps[None]:
    """Write what became of a job: `confirmed`, `failed`, or `unknown`, after which some are printed once more, marked."""
    job, on = taken.job, taken.printer
    key = {name: getattr(job, name) for name in Key.__struct_fields__}
    found, same = yield from together(PRINTER(id=on.id), SAME(**key))
    changes: list[Change] = [
        SETTLE(id=job.id, attempt=job.attempt, state=state, why=why, at=at),
        step(job.id, state, why=why, printer_id=on.id, by=BY, at=at),
    ]
    if state == "confirmed":
        changes += [WELL(id=on.id, at=at), *_recovers(found[0], at=at)]
    elif state == "unknown" and job.purpose in AGAIN_BY_ITSELF and not job.nth and same[0].nth < REPRINTS_MAX:
        changes += again(job, same[0].nth + 1, printer=on, at=at, by=BY, mark=POSSIBLY_DOUBLE, reason=why)
    if state != "confirmed":
        changes.append(wants_person(job, state=state, why=why, at=at))
    yield changes


@script
def expire(at: datetime) -> Steps[int]:
    """Expire the jobs that nobody wants on paper any more; return how many."""
    found = yield from rows(OVERDUE(at=at))
    yield [
        change
        for each in found
        for change in (
            EXPIRE(id=each.id, at=at),
            step(each.id, "expired", why=each.why, printer_id=each.printer_id, by=BY, at=at),
            wants_person(each, state="expired", why=each.why, at=at),
        )
    ]
    return len(found)


@script
def fall_back(at: datetime) -> Steps[int]:
    """Give the jobs that their printers did not take in time to those that stand in for them; return how many."""
    found = yield from rows(MOVING(at=at))
    yield [
        change
        for each in found
        for change in (
            FALL_BACK(
                id=each.id,
                from_id=each.printer_id,
                printer_id=each.fallback_id,
                marks=(*each.marks, f"代 {each.printer_name} 打印 STAND-IN"),
            ),
            step(each.id, "queued", why="fallback", printer_id=each.fallback_id, by=BY, at=at),
        )
    ]
    return len(found)


def _troubles(found: _Printer, trouble: str, *, at: datetime) -> list[Change]:
    pause = timedelta(seconds=min(2**found.tries, PAUSE_MAX_S) if found.tries < 10 else PAUSE_MAX_S)
    since = found.trouble_at if found.trouble == trouble else at
    changes = [TROUBLED(id=found.id, trouble=trouble, trouble_at=since, next_at=at + pause)]
    if found.trouble != trouble:
        told = PrinterTroubled(store_id=found.store_id, printer_id=found.id, trouble=trouble)
        changes.append(tell(told, at=at))
    return changes


def _recovers(found: _Printer, *, at: datetime) -> list[Change]:
    if not found.trouble:
        return []
    return [tell(PrinterTroubled(store_id=found.store_id, printer_id=found.id, trouble=""), at=at)]


__all__ = ["DUE", "LAPSED", "Taken", "expire", "fall_back", "hold", "prints", "release", "settle", "take"]
