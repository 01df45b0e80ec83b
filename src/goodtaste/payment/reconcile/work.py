"""Differences as work: listed, taken by somebody, resolved with a reason; and the bills that were read."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Int, Moment, Read, Steps, Str, change, first, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.org.api import Directory
from goodtaste.payment.reconcile.books import BillRow
from goodtaste.payment.reconcile.match import COLUMNS, OWNER, Row
from goodtaste.payment.reconcile.tables import bill, difference

PAGE_MAX = 200
BILLS_MAX = 400  # bills of a gateway that are listed: more than a year

State = Literal["open", "explained", "resolved"]


class DifferenceUnknown(Refusal):
    """Raised for a difference that does not exist.  Facts: `difference_id`."""

    code = "payment.difference_unknown"
    status = 404


class DifferenceOver(Refusal):
    """Raised when a difference is to be changed that was explained or resolved.  Facts: `difference_id`, `state`."""

    code = "payment.difference_over"
    guards = ("payment_difference_open",)


class OwnerUnknown(Refusal):
    """Raised when a difference is to be given to somebody who does not work here.  Facts: `staff_id`."""

    code = "payment.owner_unknown"
    status = 422


class Give(Input, frozen=True):
    """What is sent to give a difference to somebody; null gives it back to whoever keeps the books."""

    staff_id: IdText | None


class Resolve(Input, frozen=True):
    """What is sent to resolve a difference."""

    reason: Reason


class DifferencePage(msgspec.Struct, frozen=True):
    """A page of differences, newest first; `next` asks for the one after it, null at the end."""

    differences: list[Row]
    next: str | None


ONE = Read(select(*COLUMNS).where(difference.c.id == par("id", Id)), Row)
PAGE = Read(
    select(*COLUMNS)
    .where(difference.c.state == par("state", Str), older(difference.c.opened_at, difference.c.id))
    .order_by(difference.c.opened_at.desc(), difference.c.id.desc())
    .limit(par("limit", Int)),
    Row,
)
BILLS = Read(
    select(*bill.c).where(bill.c.method == par("method", Str)).order_by(bill.c.day.desc()).limit(BILLS_MAX), BillRow
)
GIVEN = change(
    update(difference)
    .where(difference.c.id == par("id", Id), difference.c.state == "open")
    .values(owner=par("owner", Str)),
    guard="payment_difference_open",
)
RESOLVED = change(
    update(difference)
    .where(difference.c.id == par("id", Id), difference.c.state == "open")
    .values(state="resolved", reason=par("reason", Str), ended_by=par("ended_by", Str), ended_at=par("at", Moment)),
    guard="payment_difference_open",
)


@script
def page(state: str, *, before: str, limit: int) -> Steps[DifferencePage]:
    """Return a page of the differences in a state, newest first.  Refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(PAGE(state=state, before_at=edge.at, before_id=edge.id, limit=limit))
    return DifferencePage(found, next_of(found, limit, lambda each: each.opened_at))


@script
def give(difference_id: str, asked: Give, *, directory: Directory, actor: Actor, at: datetime) -> Steps[Row]:
    """Give a difference that waits to somebody.  Refuses `DifferenceUnknown`, `DifferenceOver`, `OwnerUnknown`."""
    found = yield from _waiting(difference_id)
    person = directory.staff.get(asked.staff_id) if asked.staff_id else None
    if asked.staff_id and (person is None or not person.active):
        raise OwnerUnknown(staff_id=asked.staff_id)
    owner = asked.staff_id or OWNER
    subject = f"difference/{difference_id}"
    written = audit.note(
        actor, "payment.difference_given", subject=subject, store_id=found.store_id, at=at, owner=owner
    )
    yield [GIVEN(id=difference_id, owner=owner), written]
    return msgspec.structs.replace(found, owner=owner)


@script
def resolve(difference_id: str, asked: Resolve, *, actor: Actor, at: datetime) -> Steps[Row]:
    """Resolve a difference with a reason; resolved again for the same reason it stands.  Refuses `DifferenceUnknown`, `DifferenceOver`."""
    found = yield from first(ONE(id=difference_id))
    if found is not None and (found.state, found.reason) == ("resolved", asked.reason):
        return found
    found = yield from _waiting(difference_id)
    written = audit.note(
        actor,
        "payment.difference_resolved",
        subject=f"difference/{difference_id}",
        store_id=found.store_id,
        reason=asked.reason,
        at=at,
        method=found.method,
        kind=found.kind,
        number=found.number,
        ours_fen=found.ours_fen,
        theirs_fen=found.theirs_fen,
    )
    yield [RESOLVED(id=difference_id, reason=asked.reason, ended_by=actor.id, at=at), written]
    return msgspec.structs.replace(found, state="resolved", reason=asked.reason, ended_by=actor.id, ended_at=at)


@script
def bills(method: str) -> Steps[list[BillRow]]:
    """Return the bills of a gateway that were read, newest first."""
    return (yield from rows(BILLS(method=method)))


def _waiting(difference_id: str) -> Steps[Row]:
    found = yield from first(ONE(id=difference_id))
    if found is None:
        raise DifferenceUnknown(difference_id=difference_id)
    if found.state != "open":
        raise DifferenceOver(difference_id=difference_id, state=found.state)
    return found
