"""Print jobs as people see and handle them: what is to be printed, once each; what was, and what was not.

A job goes to a printer at most once.  What is printed again is a job of its own, which says so on the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select

from goodtaste.events.printing import PrintNeedsPerson
from goodtaste.floor.printing.paper import Document, is_drawer_alone, opens_drawer, without_drawer
from goodtaste.floor.printing.printers import Printer
from goodtaste.floor.printing.rules import DRAWER_WITHIN, REPRINTS_MAX, WORTH, Purpose, State
from goodtaste.floor.printing.tables import print_job, print_step
from goodtaste.kernel.db import (
    Change,
    Id,
    Int,
    Read,
    Str,
    insert,
    par,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.kernel.outbox import tell

PAGE_MAX = 100
STEPS_MAX = 200


FIRST_STEP = "00000000-0000-7000"  # the ids of first steps begin so: made twice it is one, and it sorts before those of its moment


class PrintJobUnknown(Refusal):
    """Raised for a print job that does not exist.  Facts: `job_id`."""

    code = "floor.print_job_unknown"
    status = 404


class NotNow(Refusal):
    """Raised for what cannot be done with a job in its state.  Facts: `state`."""

    code = "floor.print_not_now"
    guards = ("floor_print_job_as_seen", "floor_print_job_once")


class Key(msgspec.Struct, frozen=True):
    """What a job is for: it is printed once.  `subject_id`: the order, shift or printer; `kind`: what of it, such as `hurry/7`."""

    purpose: Purpose
    subject_id: str
    round: int = 0
    station: str = ""
    kind: str = ""

    def job_id(self, nth: int = 0) -> str:
        """Return the id of its job, always the same."""
        return derived_id(self.subject_id, f"print/{self.purpose}/{self.round}/{self.station}/{self.kind}/{nth}")


class JobRow(msgspec.Struct, frozen=True):
    """A job without what it prints."""

    id: str
    store_id: str
    printer_id: str
    purpose: Purpose
    subject_id: str
    round: int
    station: str
    kind: str
    nth: int
    copies: int
    drawer: bool
    marks: tuple[str, ...]
    state: State
    attempt: int
    on_printer_id: str | None
    lease_until: datetime | None
    remote_id: str
    why: str
    made_at: datetime
    made_by: str
    reason: str
    expires_at: datetime
    moves_at: datetime | None
    settled_at: datetime | None
    handled_at: datetime | None
    reprint_of: str | None
    kept: bool


class Job(JobRow, frozen=True):
    """A job with what it prints."""

    document: Document


ROW = [print_job.c[name] for name in JobRow.__struct_fields__]
WHOLE = [print_job.c[name] for name in Job.__struct_fields__]
NEW = insert(print_job, conflict="skip")
NEW_REPRINT = insert(print_job)
NEW_STEP = insert(print_step, conflict="skip")
ONE = Read(select(*WHOLE).where(print_job.c.id == par("id", Id)), Job)
SAME = Read(
    select(*ROW)
    .where(
        print_job.c.subject_id == par("subject_id", Id),
        print_job.c.purpose == par("purpose", Str),
        print_job.c.round == par("round", Int),
        print_job.c.station == par("station", Str),
        print_job.c.kind == par("kind", Str),
    )
    .order_by(print_job.c.nth.desc())
    .limit(REPRINTS_MAX + 1),
    JobRow,
)


def new_job(
    key: Key,
    document: Document,
    *,
    printer: Printer,
    at: datetime,
    by: str = "",
    copies: int = 1,
    again: Job | None = None,
    job_id: str = "",
    nth: int = 0,
    marks: Sequence[str] = (),
    reason: str = "",
) -> list[Change]:
    """Return the changes that put a document into the queue of a printer, once per `key` and `nth`: a second time changes nothing."""
    made_id = job_id or key.job_id(nth)
    drawer = opens_drawer(document)
    row = {
        **msgspec.structs.asdict(key),
        "id": made_id,
        "store_id": printer.store_id,
        "printer_id": printer.id,
        "nth": nth,
        "document": document,
        "copies": copies,
        "drawer": drawer,
        "marks": tuple(marks),
        "state": "queued",
        "attempt": 0,
        "on_printer_id": None,
        "lease_until": None,
        "remote_id": "",
        "why": "",
        "made_at": at,
        "made_by": by,
        "reason": reason,
        "expires_at": at + (DRAWER_WITHIN if is_drawer_alone(document) else WORTH[key.purpose]),
        "moves_at": at + timedelta(seconds=printer.fallback_after_s) if printer.fallback_id else None,
        "settled_at": None,
        "handled_at": None,
        "reprint_of": again.id if again else None,
        "kept": True,
    }
    return [
        (NEW_REPRINT if nth else NEW)(**row),
        step(made_id, "queued", why="", printer_id=printer.id, by=by, at=at, step_id=FIRST_STEP + made_id[18:]),
    ]


def step(job_id: str, state: str, *, why: str, printer_id: str, by: str, at: datetime, step_id: str = "") -> Change:
    """Write what happened to a job."""
    return NEW_STEP(id=step_id or new_id(), job_id=job_id, state=state, why=why, printer_id=printer_id, by=by, at=at)


def again(
    found: Job, nth: int, *, printer: Printer, at: datetime, by: str, mark: str, reason: str, job_id: str = ""
) -> list[Change]:
    """Return the changes that put a job into the queue once more, as reprint `nth`, with a mark on the paper and the drawer shut."""
    key = Key(found.purpose, found.subject_id, found.round, found.station, found.kind)
    document = without_drawer(found.document)
    return new_job(
        key, document, printer=printer, at=at, by=by, copies=found.copies, again=found, job_id=job_id, nth=nth,
        marks=(mark,), reason=reason,
    )  # fmt: skip


def known(found: Job | None, job_id: str) -> Job:
    """Return a job that was found; refuses `PrintJobUnknown`."""
    if found is None:
        raise PrintJobUnknown(job_id=job_id)
    return found


def wants_person(found: JobRow, *, state: str, why: str, at: datetime) -> Change:
    """Tell that a job waits for a person."""
    return tell(
        PrintNeedsPerson(
            store_id=found.store_id,
            printer_id=found.printer_id,
            job_id=found.id,
            purpose=found.purpose,
            state=state,
            why=why,
        ),
        at=at,
    )


def row_of(found: Job) -> JobRow:
    """Return a job without what it prints."""
    return JobRow(**{name: getattr(found, name) for name in JobRow.__struct_fields__})
