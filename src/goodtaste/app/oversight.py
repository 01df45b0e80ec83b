"""Routes by which the head office looks after the house: the audit log with its proof, and how the house is."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import FromQuery, QueryParameter

import goodtaste
from goodtaste.app.cli_doctor import CHECKS, State
from goodtaste.floor.printing import printers as printing
from goodtaste.kernel import audit, dead_letters, jobs, night, outbox
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.web import OptionalId, Sought, context, staff
from goodtaste.kernel.words import sentence
from goodtaste.member import api as members
from goodtaste.org.api import Directory
from goodtaste.payment.api import Gateways

AUDIT, HOUSE = "audit.read", "event.replay"
NIGHTS_SHOWN = 30
Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=audit.FOUND_MAX)]
Part = Annotated[str, QueryParameter(max_length=100)]


class AuditEntry(msgspec.Struct, frozen=True):
    """A row of the audit log; `actor_name` is that of somebody of the staff, "" for others."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    subject: str
    store_id: str | None
    reason: str
    facts: dict[str, Any]


class AuditPage(msgspec.Struct, frozen=True):
    """A page of the audit log, newest first; `next` is `before` of the page after it, null at the end."""

    entries: list[AuditEntry]
    next: str | None


class Look(msgspec.Struct, frozen=True):
    """One thing that was looked at, in a sentence."""

    subject: str
    state: State
    say: str


class House(msgspec.Struct, frozen=True):
    """How the house is: what `goodtaste doctor` finds, what waits and since when, what failed, and printers in trouble."""

    version: str
    at: datetime
    looks: list[Look]
    events_waiting: outbox.Waiting
    letters: int
    jobs_waiting: jobs.Waiting
    failing: list[jobs.Failing]
    nights: list[night.NightDone]
    night_faults: list[night.NightFault]
    gateways: list[str]
    printers: list[printing.Troubled]


@get("/v1/audit", opt=staff(AUDIT), tags=["oversight"])
async def find_audit(
    request: Asked,
    store_id: OptionalId = None,
    actor_id: OptionalId = None,
    action: Part = "",
    subject: Part = "",
    q: Sought = "",
    from_on: FromQuery[date | None] = None,
    to_on: FromQuery[date | None] = None,
    before: OptionalId = None,
    limit: Limit = 50,
) -> AuditPage:
    """Search the audit log, newest first: by store, by who, by the beginning of an action or subject, by a part of all of it, by days."""
    ctx = context(request)
    ctx.actor.need(AUDIT, store_id=store_id)
    calendar = _calendar(ctx, store_id)
    found = await ctx.db.rows(
        audit.search(
            store_id=store_id,
            actor_id=actor_id,
            action=action,
            subject=subject,
            q=q,
            from_at=calendar.day_of(from_on)[0] if from_on else None,
            to_at=calendar.day_of(to_on)[1] if to_on else None,
            before=before,
            limit=limit,
        )
    )
    people = ctx.see(Directory).staff
    entries = [
        AuditEntry(
            **{
                name: getattr(row, name) for name in AuditEntry.__struct_fields__ if name not in ("actor_name", "facts")
            },
            actor_name=people[row.actor_id].name if row.actor_id in people else "",
            facts=msgspec.json.decode(row.facts),
        )
        for row in found
    ]
    return AuditPage(entries, found[-1].id if len(found) == limit else None)


@get("/v1/audit/verdict", opt=staff(AUDIT), tags=["oversight"])
async def verify_audit(request: Asked) -> audit.Verdict:
    """Verify the hash chain of the audit log from its first row on."""
    ctx = context(request)
    ctx.actor.need(AUDIT)
    return await audit.verify(ctx.db)


@get("/v1/house", opt=staff(HOUSE), tags=["oversight"])
async def show_house(request: Asked) -> House:
    """Show how the house is: the doctor's findings, what waits, what failed, and printers in trouble."""
    ctx = context(request)
    ctx.actor.need(HOUSE)
    settings = ctx.process.settings
    findings = await asyncio.to_thread(lambda: [found for check in CHECKS for found in check(settings)])
    waiting, letters, due = await asyncio.gather(
        ctx.db.rows(outbox.WAITING()), ctx.db.rows(dead_letters.COUNT()), ctx.db.rows(jobs.WAITING(now=ctx.now))
    )
    failing, nights, faults, printers = await asyncio.gather(
        ctx.db.rows(jobs.FAILING()),
        ctx.db.rows(night.RECENT(limit=NIGHTS_SHOWN)),
        ctx.db.rows(night.FAULTS()),
        ctx.db.rows(printing.TROUBLED()),
    )
    return House(
        version=goodtaste.__version__,
        at=ctx.now,
        looks=[Look(each.subject, each.state, _said(each.code, each.facts, ctx.language)) for each in findings],
        events_waiting=waiting[0],
        letters=letters[0].n,
        jobs_waiting=due[0],
        failing=failing,
        nights=nights,
        night_faults=faults,
        gateways=ctx.part(Gateways).methods(),
        printers=printers,
    )


def _said(code: str, facts: dict[str, Any], language: str) -> str:
    said = sentence(f"doctor.{code}", language, facts)
    return " ".join(filter(None, (said.say, said.do)))


def _calendar(ctx: Ctx, store_id: str | None) -> BusinessCalendar:
    """Return the calendar by which days are meant: that of the store, or, where none is chosen, of the loyalty program."""
    return ctx.see(Directory).store(store_id).calendar if store_id else ctx.see(members.Program).calendar


ROUTES: list[Any] = [find_audit, verify_audit, show_house]
