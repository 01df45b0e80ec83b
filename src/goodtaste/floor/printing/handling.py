"""Print jobs in the hands of people: looked at, printed again, given to another printer, given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import and_, select, update

from goodtaste.floor.printing import printers
from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.printers import Printer
from goodtaste.floor.printing.prints import (
    ONE,
    ROW,
    SAME,
    Job,
    JobRow,
    Key,
    NotNow,
    again,
    known,
    new_job,
    row_of,
    step,
)
from goodtaste.floor.printing.rules import REPRINTS_MAX, WANTS_A_PERSON
from goodtaste.floor.printing.tables import print_job, print_step
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Int, Moment, Read, Steps, Str, change, first, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint
from goodtaste.kernel.input import PRINTABLE, Input, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.paging import next_of, older, start

PAGE_MAX = 100
STEPS_MAX = 200


class TooManyReprints(Refusal):
    """Raised when a job was printed again as often as it may be.  Facts: `most`."""

    code = "floor.too_many_reprints"
    guards = ("floor_print_job_nth",)


class Step(msgspec.Struct, frozen=True):
    """A step in the life of a job."""

    id: str
    state: str
    why: str
    printer_id: str
    by: str
    at: datetime


class JobFile(msgspec.Struct, frozen=True):
    """A job with what it prints and all that happened to it."""

    job: Job
    steps: list[Step]


class Page(msgspec.Struct, frozen=True):
    """A page of jobs, newest first; `next` asks for the one after it, null at the end."""

    jobs: list[JobRow]
    next: str | None


class Reprint(Input, frozen=True):
    """What is sent to have a job printed again, at its printer or another one of the store; the paper says so, with the reason."""

    id: IdText
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PRINTABLE)]
    printer_id: IdText | None = None


class TestAsked(Input, frozen=True):
    """What is sent to have a test page printed, once per id."""

    id: IdText


class Elsewhere(Input, frozen=True):
    """Which printer is to print a waiting job."""

    printer_id: IdText


class Handled(Input, frozen=True):
    """What became of a job that waits for a person: it was `printed` after all, or it is `given_up`."""

    outcome: Literal["printed", "given_up"]
    reason: Reason


STEPS = Read(
    select(*[print_step.c[name] for name in Step.__struct_fields__])
    .where(print_step.c.job_id == par("job_id", Id))
    .order_by(print_step.c.at, print_step.c.id)
    .limit(STEPS_MAX),
    Step,
)
_PAGE = [print_job.c.store_id == par("store_id", Id), older(print_job.c.made_at, print_job.c.id)]
_NEWEST = [print_job.c.made_at.desc(), print_job.c.id.desc()]
_WANTS = and_(print_job.c.state.in_(WANTS_A_PERSON), print_job.c.handled_at.is_(None))
PAGES = {
    "all": Read(select(*ROW).where(*_PAGE).order_by(*_NEWEST).limit(par("limit", Int)), JobRow),
    "work": Read(select(*ROW).where(*_PAGE, _WANTS).order_by(*_NEWEST).limit(par("limit", Int)), JobRow),
    "waiting": Read(
        select(*ROW).where(*_PAGE, print_job.c.settled_at.is_(None)).order_by(*_NEWEST).limit(par("limit", Int)), JobRow
    ),
}
MOVE = change(
    update(print_job)
    .where(print_job.c.id == par("id", Id), print_job.c.state == "queued")
    .values(printer_id=par("printer_id", Id), moves_at=None),
    guard="floor_print_job_as_seen",
)
HANDLE = change(
    update(print_job)
    .where(print_job.c.id == par("id", Id), print_job.c.state == par("seen", Str), print_job.c.handled_at.is_(None))
    .values(state=par("state", Str), why=par("why", Str), handled_at=par("at", Moment), settled_at=par("at", Moment)),
    guard="floor_print_job_as_seen",
)


@script
def test(
    printer_id: str, asked: TestAsked, *, page_of: Callable[[Printer, datetime], Document], actor: Actor, at: datetime
) -> Steps[JobRow]:
    """Print a test page, once per `asked.id`.  Refuses `PrinterUnknown`, `NotAllowed` and `IdTaken`."""
    on = printers.known((yield from first(printers.ONE(id=printer_id))), printer_id)
    actor.need("print.do", store_id=on.store_id)
    mark = fingerprint(["test", printer_id])
    before, made = yield from together(made_before(asked.id), ONE(id=asked.id))
    if is_same(before, mark):
        return row_of(made[0])
    by = f"{actor.kind}/{actor.id}"
    changes = new_job(Key("test", asked.id), page_of(on, at), printer=on, at=at, by=by, job_id=asked.id)
    yield [*changes, remember(asked.id, mark)]
    return JobRow(**_made(changes))


@script
def reprint(job_id: str, asked: Reprint, *, name: str, actor: Actor, at: datetime) -> Steps[JobRow]:
    """Print a job once more, marked 补打 with its number, who asked and why; once per `asked.id`.

    Refuses `PrintJobUnknown`, `PrinterUnknown`, `NotNow` while it is being printed, `TooManyReprints` and `NotAllowed`.
    """
    found = known((yield from first(ONE(id=job_id))), job_id)
    actor.need("print.do", store_id=found.store_id)
    fields = msgspec.structs.asdict(found)
    key = {part: fields[part] for part in Key.__struct_fields__}
    before, made, same, there = yield from together(
        made_before(asked.id), ONE(id=asked.id), SAME(**key), printers.OF_STORE(store_id=found.store_id)
    )
    if is_same(before, fingerprint([job_id, msgspec.to_builtins(asked)])):
        return row_of(made[0])
    if found.state in ("queued", "sent") or not found.kept:
        raise NotNow(state=found.state if found.kept else "forgotten")
    nth = same[0].nth + 1
    if nth > REPRINTS_MAX:
        raise TooManyReprints(most=REPRINTS_MAX)
    wanted = asked.printer_id or found.printer_id
    on = printers.known(next((each for each in there if each.id == wanted), None), wanted)
    mark = f"补打 {nth} REPRINT · {name} · {asked.reason}"
    changes = again(
        found, nth, printer=on, at=at, by=f"{actor.kind}/{actor.id}", mark=mark, reason=asked.reason, job_id=asked.id
    )
    if found.state in WANTS_A_PERSON and found.handled_at is None:
        changes.append(HANDLE(id=job_id, seen=found.state, state=found.state, why=found.why, at=at))
    yield [
        *changes,
        remember(asked.id, fingerprint([job_id, msgspec.to_builtins(asked)])),
        _note(actor, "floor.reprinted", found, reason=asked.reason, at=at, nth=nth),
    ]
    return JobRow(**_made(changes))


@script
def move(job_id: str, asked: Elsewhere, *, actor: Actor, at: datetime) -> Steps[JobRow]:
    """Have another printer of the store print a job that waits.  Refuses `PrintJobUnknown`, `PrinterUnknown`, `NotNow`, `NotAllowed`."""
    found = known((yield from first(ONE(id=job_id))), job_id)
    actor.need("print.do", store_id=found.store_id)
    on = yield from first(printers.ONE(id=asked.printer_id))
    if on is None or on.store_id != found.store_id:
        raise printers.PrinterUnknown(printer_id=asked.printer_id)
    if found.state != "queued":
        raise NotNow(state=found.state)
    by = f"{actor.kind}/{actor.id}"
    yield [
        MOVE(id=job_id, printer_id=on.id),
        step(job_id, "queued", why="moved", printer_id=on.id, by=by, at=at),
        _note(actor, "floor.print_moved", found, reason="", at=at, printer_id=on.id),
    ]
    return msgspec.structs.replace(row_of(found), printer_id=on.id, moves_at=None)


@script
def handle(job_id: str, asked: Handled, *, actor: Actor, at: datetime) -> Steps[JobRow]:
    """Take note of what a person says of a job: that it is given up, or, of one nobody knows of, that it was printed.

    Refuses `PrintJobUnknown`, `NotNow` for one that is under way or was handled, and `NotAllowed`.
    """
    found = known((yield from first(ONE(id=job_id))), job_id)
    actor.need("print.do", store_id=found.store_id)
    fits = ("unknown",) if asked.outcome == "printed" else (*WANTS_A_PERSON, "queued")
    if found.state not in fits or found.handled_at is not None:
        raise NotNow(state=found.state)
    state = "confirmed" if asked.outcome == "printed" else "failed"
    by, why = f"{actor.kind}/{actor.id}", asked.outcome
    yield [
        HANDLE(id=job_id, seen=found.state, state=state, why=why, at=at),
        step(job_id, state, why=asked.reason, printer_id=found.printer_id, by=by, at=at),
        _note(actor, "floor.print_handled", found, reason=asked.reason, at=at, outcome=asked.outcome),
    ]
    return msgspec.structs.replace(row_of(found), state=state, why=why, handled_at=at, settled_at=at)


@script
def page(store_id: str, *, show: str, before: str, limit: int, actor: Actor) -> Steps[Page]:
    """Return a page of the jobs of a store: all, those that wait, or those that want a person.  Refuses `BadCursor`, `NotAllowed`."""
    actor.need("print.read", store_id=store_id)
    edge = start(before)
    found = yield from rows(PAGES[show](store_id=store_id, before_at=edge.at, before_id=edge.id, limit=limit))
    return Page(found, next_of(found, limit, lambda each: each.made_at))


@script
def file(job_id: str, *, actor: Actor) -> Steps[JobFile]:
    """Return a job with what it prints and its steps.  Refuses `PrintJobUnknown` and `NotAllowed`."""
    jobs, steps = yield from together(ONE(id=job_id), STEPS(job_id=job_id))
    found = known(jobs[0] if jobs else None, job_id)
    actor.need("print.read", store_id=found.store_id)
    return JobFile(found, steps)


def _made(changes: Sequence[Change]) -> dict[str, Any]:
    return {name: value for name, value in changes[0].rows[0].items() if name in JobRow.__struct_fields__}


def _note(actor: Actor, action: str, found: JobRow, *, reason: str, at: datetime, **facts: Any) -> Change:
    return audit.note(
        actor,
        action,
        subject=f"print-job/{found.id}",
        store_id=found.store_id,
        reason=reason,
        at=at,
        purpose=found.purpose,
        **facts,
    )
