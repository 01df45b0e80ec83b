"""A phone at a table calls: once for each kind until somebody comes, and only so often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import select, update

from goodtaste.floor.calls.tables import call
from goodtaste.floor.live import topics
from goodtaste.floor.seating.rows import SEATS_OF, at_table, stays
from goodtaste.floor.seating.tables import guest, seating
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    Moment,
    Read,
    Steps,
    Str,
    change,
    first,
    insert,
    par,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Input, Line
from goodtaste.org.api import Directory

OFTEN_IN = timedelta(minutes=5)
OFTEN = 6  # calls of one table in `OFTEN_IN`; whoever needs more stands up
OPEN_MAX = 200  # shown of a store

Kind = Literal["water", "staff", "bill"]


class CallUnknown(Refusal):
    """Raised for a call that does not exist or is of another table or store.  Facts: `call_id`."""

    code = "floor.call_unknown"
    status = 404


class CalledAlready(Refusal):
    """Raised when a table called for the same a moment ago and nobody has come yet."""

    code = "floor.called_already"
    guards = ("floor_call_open_once",)


class CalledTooOften(Refusal):
    """Raised when a table calls again and again.  Facts: `wait_s`."""

    code = "floor.called_too_often"
    status = 429


class CallOver(Refusal):
    """Raised when a call was answered or cancelled before.  Facts: `state`."""

    code = "floor.call_over"
    guards = ("floor_call_ended_once",)


class Call(Input, frozen=True):
    """What a phone sends to call somebody to its table."""

    id: IdText
    kind: Kind
    note: Line = ""


class CallView(msgspec.Struct, frozen=True):
    """A call, with the tables at which its party sits now."""

    id: str
    seating_id: str
    guest_id: str
    kind: str
    note: str
    state: str
    called_at: datetime
    ended_at: datetime | None
    tables: list[str] = []


class CallRow(msgspec.Struct, frozen=True):
    """A call as a row."""

    id: str
    seating_id: str
    nth: int
    store_id: str
    guest_id: str
    kind: str
    note: str
    state: str
    called_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    fingerprint: str


class OpenCall(CallRow, frozen=True):
    """A call that waits, with the seating at which its guest sits now."""

    sits_at: str


_COLUMNS = [call.c[name] for name in CallRow.__struct_fields__]
ONE = Read(select(*_COLUMNS).where(call.c.id == par("id", Id)), CallRow)
LATEST = Read(
    select(*_COLUMNS).where(call.c.seating_id == par("seating_id", Id)).order_by(call.c.nth.desc()).limit(OFTEN),
    CallRow,
)
OPEN_AT = Read(
    select(*_COLUMNS, guest.c.seating_id.label("sits_at"))
    .join(guest, guest.c.id == call.c.guest_id)
    .join(seating, seating.c.id == guest.c.seating_id)
    .where(call.c.store_id == par("store_id", Id), call.c.state == "open", seating.c.state != "closed")
    .order_by(call.c.called_at, call.c.id)
    .limit(OPEN_MAX),
    OpenCall,
)
NEW = insert(call)
END = change(
    update(call)
    .where(call.c.id == par("id", Id), call.c.state == "open")
    .values(state=par("state", Str), ended_at=par("at", Moment), ended_by=par("by", Str)),
    guard="floor_call_ended_once",
)


def view(row: CallRow, tables: list[str] | None = None) -> CallView:
    """Return a call as it is shown."""
    fields = {name: getattr(row, name) for name in CallView.__struct_fields__ if name != "tables"}
    return CallView(**fields, tables=tables or [])


@script
def make(asked: Call, *, guest_id: str, epoch: int, at: datetime) -> Steps[CallView]:
    """Call somebody to the table, once per `asked.id`.  Refuses `CalledAlready`, `CalledTooOften`, `SeatingOver`."""
    who = yield from at_table(guest_id, epoch)
    mark = fingerprint([guest_id, asked])
    known = yield from first(ONE(id=asked.id))
    if known is not None:
        same_or_taken(known.fingerprint, mark, id_=asked.id)
        return view(known)
    before = yield from rows(LATEST(seating_id=who.seating.id))
    if len(before) == OFTEN and at < before[-1].called_at + OFTEN_IN:
        raise CalledTooOften(wait_s=round((before[-1].called_at + OFTEN_IN - at).total_seconds()))
    row = CallRow(
        id=asked.id,
        seating_id=who.seating.id,
        nth=before[0].nth + 1 if before else 1,
        store_id=who.seating.store_id,
        guest_id=guest_id,
        kind=asked.kind,
        note=asked.note.strip(),
        state="open",
        called_at=at,
        ended_at=None,
        ended_by=None,
        fingerprint=mark,
    )
    try:
        yield [NEW(**msgspec.structs.asdict(row)), *stays(who), *_shown(row)]
    except GuardBroken as broken:
        if broken.name not in ("floor_call_nth", "floor_call_pkey"):
            raise
        return (yield from make(asked, guest_id=guest_id, epoch=epoch, at=at))
    return view(row)


@script
def of_table(guest_id: str, epoch: int) -> Steps[list[CallView]]:
    """Return the newest calls of the table where a phone sits, newest first."""
    who = yield from at_table(guest_id, epoch)
    return [view(each) for each in (yield from rows(LATEST(seating_id=who.seating.id)))]


@script
def cancel(call_id: str, *, guest_id: str, epoch: int, at: datetime) -> Steps[CallView]:
    """Cancel a call of one's table; the same twice is done once.  Refuses `CallUnknown`, `CallOver`."""
    who = yield from at_table(guest_id, epoch)
    row = yield from first(ONE(id=call_id))
    if row is None or who.seating.id != row.seating_id:
        raise CallUnknown(call_id=call_id)
    return (yield from _end(row, "cancelled", by=guest_id, at=at))


@script
def answer(call_id: str, *, actor: Actor, at: datetime) -> Steps[CallView]:
    """Say that somebody comes; the same twice is done once.  Refuses `CallUnknown`, `CallOver`, `NotAllowed`."""
    row = yield from first(ONE(id=call_id))
    if row is None:
        raise CallUnknown(call_id=call_id)
    actor.need("order.place", store_id=row.store_id)
    return (yield from _end(row, "answered", by=actor.id, at=at))


def _end(row: CallRow, state: str, *, by: str, at: datetime) -> Steps[CallView]:
    if row.state == state:
        return view(row)
    if row.state != "open":
        raise CallOver(state=row.state)
    yield [END(id=row.id, state=state, at=at, by=by), *_shown(row)]
    return view(msgspec.structs.replace(row, state=state, ended_at=at, ended_by=by))


def _shown(row: CallRow) -> list[Change]:
    return [topics.moved(topics.calls_of(row.store_id), topics.seating_of(row.seating_id))]


@script
def open_at(store_id: str, *, actor: Actor, directory: Directory) -> Steps[list[CallView]]:
    """Return the calls of a store that wait, oldest first."""
    actor.need("order.read", store_id=directory.store(store_id).id)
    return (yield from waiting(store_id, directory))


def waiting(store_id: str, directory: Directory) -> Steps[list[CallView]]:
    """Read the calls of a store that wait, oldest first, with the tables at which their parties sit now."""
    found = yield from rows(OPEN_AT(store_id=store_id))
    seats = yield from rows(SEATS_OF(seating_ids=sorted({each.sits_at for each in found})))
    at: Mapping[str, list[str]] = {each.sits_at: [] for each in found}
    for each in seats:
        at[each.seating_id].append(directory.tables[each.table_id].label)
    return [view(each, sorted(at[each.sits_at])) for each in found]
