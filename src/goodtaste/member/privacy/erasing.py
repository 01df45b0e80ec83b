"""Erasing a member: asked for with a proof, done after days in which it can be taken back.

The member's key is thrown away, and with it everything that was sealed under it; identities, number and words of their own go.  Orders,
money and points stay in the books, under an id that leads to nobody: the law wants them for three years and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select, update

from goodtaste.events.member import MemberErased
from goodtaste.kernel import audit, sessions
from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.context import Ctx, Process
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
    first,
    insert,
    par,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.kernel.outbox import tell
from goodtaste.member.privacy.holdings import Holdings, Waits
from goodtaste.member.privacy.proving import PrivacyProof, proven
from goodtaste.member.privacy.tables import erasure
from goodtaste.member.record import MEMBER, MemberRow, one
from goodtaste.member.tables import member

COOLING_OFF = timedelta(days=7)
LOOK_AGAIN = timedelta(days=1)  # where something has not ended yet
ERASE = "member.erase"


class EraseWaits(Refusal):
    """Raised when something has to end before a member can be erased.  Facts: `why` (`orders`, `subscription`)."""

    code = "member.erase_waits"


class NothingToCancel(Refusal):
    """Raised when no erasure is waiting that could be taken back."""

    code = "member.nothing_to_cancel"
    guards = ("member_erasure_over",)


class ErasureView(msgspec.Struct, frozen=True):
    """How it stands with being erased: `none`, or `waiting` for the day on which it is done."""

    state: str
    asked_at: datetime | None = None
    due_at: datetime | None = None


class _Erasure(msgspec.Struct, frozen=True):
    id: str
    member_id: str
    state: str
    asked_at: datetime
    due_at: datetime


_COLUMNS = [erasure.c[name] for name in _Erasure.__struct_fields__]
WAITING = Read(
    select(*_COLUMNS).where(erasure.c.member_id == par("member_id", Id), erasure.c.state == "waiting"), _Erasure
)
ONE = Read(select(*_COLUMNS).where(erasure.c.id == par("id", Id)), _Erasure)
NEW = insert(erasure)
END = change(
    update(erasure)
    .where(erasure.c.id == par("id", Id), erasure.c.state == "waiting")
    .values(state=par("state", Str), ended_at=par("at", Moment)),
    guard="member_erasure_over",
)
BLANK = change(
    update(member)
    .where(member.c.id == par("id", Id), member.c.version == par("seen", Int))
    .values(
        status="erased",
        nickname="",
        avatar="",
        gender="",
        birth_month=None,
        birth_day=None,
        birth_year=None,
        city="",
        source=par("source", Doc),
        phone_sealed=None,
        phone_index=None,
        phone_masked="",
        version=member.c.version + 1,
    ),
    guard="member_moved",
)


@script
def of_member(member_id: str) -> Steps[ErasureView]:
    """Tell how it stands with being erased."""
    found = yield from first(WAITING(member_id=member_id))
    return _view(found) if found else ErasureView("none")


def _view(row: _Erasure) -> ErasureView:
    return ErasureView(row.state, row.asked_at, row.due_at)


async def ask(ctx: Ctx, asked: PrivacyProof) -> ErasureView:
    """Ask to be erased after `COOLING_OFF`.  Refuses `EraseWaits` and what `proven` refuses."""
    await ctx.query(_free(ctx.actor.id, ctx.part(Holdings).waits))
    used = await proven(ctx, asked)
    return await ctx.run(_asked(ctx.actor, used, waits=ctx.part(Holdings).waits, at=ctx.now))


@script
def _free(member_id: str, waits: Sequence[Waits]) -> Steps[None]:
    found: list[list[Any]] = yield [each.read(member_id=member_id) for each in waits]
    for each, there in zip(waits, found, strict=True):
        if there:
            raise EraseWaits(why=each.why)


@script
def _asked(actor: Actor, used: list[Change], *, waits: Sequence[Waits], at: datetime) -> Steps[ErasureView]:
    yield from _free(actor.id, waits)
    known = yield from first(WAITING(member_id=actor.id))
    if known is not None:
        return _view(known)
    row = _Erasure(new_id(), actor.id, "waiting", at, at + COOLING_OFF)
    try:
        yield [
            *used,
            NEW(**msgspec.structs.asdict(row), ended_at=None),
            schedule(ERASE, {"erasure_id": row.id}, due_at=row.due_at),
            audit.note(actor, "member.erase_asked", subject=f"member/{actor.id}", at=at),
        ]
    except GuardBroken as broken:
        if broken.name != "member_erasure_waits_once":
            raise
        known = yield from first(WAITING(member_id=actor.id))
        return _view(known) if known else ErasureView("none")
    return _view(row)


@script
def cancel(*, actor: Actor, at: datetime) -> Steps[ErasureView]:
    """Take it back while it waits.  Refuses `NothingToCancel`."""
    found = yield from first(WAITING(member_id=actor.id))
    if found is None:
        raise NothingToCancel
    yield [
        END(id=found.id, state="cancelled", at=at),
        audit.note(actor, "member.erase_cancelled", subject=f"member/{actor.id}", at=at),
    ]
    return ErasureView("none")


@script
def erase(erasure_id: str, *, holdings: Holdings, at: datetime) -> Steps[bool]:
    """Erase the member who asked; tells whether it has to be looked at again, because something has not ended yet."""
    found = yield from first(ONE(id=erasure_id))
    if found is None or found.state != "waiting":
        return False
    try:
        yield from _free(found.member_id, holdings.waits)
    except EraseWaits:
        yield [schedule(ERASE, {"erasure_id": erasure_id}, due_at=at + LOOK_AGAIN)]
        return True
    [rows] = yield [MEMBER(id=found.member_id)]
    row: MemberRow = one(rows, found.member_id)
    yield [
        END(id=erasure_id, state="done", at=at),
        BLANK(id=row.id, seen=row.version, source={}),
        *sessions.forget(row.id, at=at),
        *holdings.ends(row.id),
        audit.note(SYSTEM, "member.erased", subject=f"member/{row.id}", at=at),
        tell(MemberErased(member_id=row.id), at=at),
    ]
    return False


def erase_job(process: Process) -> JobFunction:
    """Return the job that erases a member whose days to take it back are over."""

    async def run(args: dict[str, Any]) -> None:
        await process.db.run(erase(args["erasure_id"], holdings=process.part(Holdings), at=process.clock()))

    return run
