"""Issuing: the intent is written, the issuer is called, what it said is written; what nobody knows is asked for until it is known.

When money goes back after an invoice was issued, so much of it is taken back in red, by an invoice of its own that names it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import update

from goodtaste.events.ordering import OrderRefunded
from goodtaste.floor.invoice.asking import ISSUE, NEW, OF_ORDER, ONE, InvoiceUnknown, Row, buyer_of, living, payable_fen
from goodtaste.floor.invoice.issuer import Absent, Ask, Invoices, Issued, Outcome, Rejected
from goodtaste.floor.invoice.rules import ITEM
from goodtaste.floor.invoice.tables import invoice
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import Change, Id, Int, Moment, Steps, Str, add, change, first, par, rows, script
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.ordering import api as ordering
from goodtaste.payment import api as payments

CHECK = "floor.check_invoice"
PAUSES_S = (2, 5, 15, 60, 300, 1_800)  # between two times that the issuer is asked, the last one again and again
PERSON_AFTER = timedelta(hours=6)  # then somebody should look why nobody knows
SETTLE_REFUND = timedelta(seconds=5)

log = structlog.get_logger()

_OPEN = (invoice.c.id == par("id", Id), invoice.c.state.in_(("requested", "issuing")))
ISSUING = change(
    update(invoice)
    .where(invoice.c.id == par("id", Id), invoice.c.state == "requested")
    .values(state="issuing", amount_fen=par("amount_fen", Int)),
    guard="floor_invoice_requested",
)
ISSUED = change(
    update(invoice)
    .where(*_OPEN)
    .values(state="issued", number=par("number", Str), url=par("url", Str), why="", settled_at=par("at", Moment)),
    guard="floor_invoice_open",
)
FAILED = change(
    update(invoice)
    .where(*_OPEN)
    .values(state="failed", why=par("why", Str), settled_at=par("at", Moment), holds_order_id=None),
    guard="floor_invoice_open",
)
WAITS = change(update(invoice).where(*_OPEN).values(why=par("why", Str)), guard="floor_invoice_open")
TAKEN_BACK = add(invoice, key=["id"], counters=["reversed_fen"], guard="floor_invoice_reversed_row")
FREE = change(
    update(invoice)
    .where(invoice.c.id == par("id", Id), invoice.c.reversed_fen == invoice.c.amount_fen)
    .values(holds_order_id=None)
)


@script
def _begin(found: Row, amount_fen: int, *, at: datetime) -> Steps[None]:
    """Write that an invoice is being issued, of what is left of the order now; of nothing, none is."""
    if amount_fen <= 0:
        yield [FAILED(id=found.id, why="refunded", at=at)]
        return
    yield [ISSUING(id=found.id, amount_fen=amount_fen)]


@script
def _conclude(found: Row, outcome: Outcome, *, tries: int, at: datetime) -> Steps[None]:
    """Write what the issuer said.  What is not known is asked for again, and what money went back meanwhile is looked at."""
    stands = yield from first(ONE(id=found.id))
    if stands is None or stands.state not in ("requested", "issuing"):
        return
    if isinstance(outcome, Issued):
        wrong = outcome.amount_fen != stands.amount_fen
        if wrong:
            log.error("invoice_needs_a_person", invoice_id=found.id, why="amount", number=outcome.number)
        check = schedule(CHECK, {"order_id": found.order_id}, due_at=at)
        yield [ISSUED(id=found.id, number=outcome.number, url=outcome.url, at=at), check]
    elif isinstance(outcome, Rejected):
        changes: list[Change] = [FAILED(id=found.id, why=outcome.why, at=at)]
        if found.red_of:
            log.error("invoice_needs_a_person", invoice_id=found.id, why=outcome.why)
        yield changes
    else:
        pause = timedelta(seconds=PAUSES_S[min(tries, len(PAUSES_S) - 1)])
        again = schedule(ISSUE, {"invoice_id": found.id, "tries": tries + 1}, due_at=at + pause)
        yield [WAITS(id=found.id, why=type(outcome).__name__.lower()), again]


async def issue(ctx: Ctx, invoice_id: str, *, tries: int = 0) -> Row:
    """Bring an invoice on: begin it, or ask what became of it.  Refuses `InvoiceUnknown`."""
    found = await ctx.db.first(ONE(id=invoice_id))
    if found is None:
        raise InvoiceUnknown(invoice_id=invoice_id)
    issuer = ctx.part(Invoices).issuer
    if found.state in ("issued", "failed") or issuer is None:
        return found
    if found.state == "requested":
        amount_fen = found.amount_fen if found.red_of else await _payable(ctx, found.order_id)
        await ctx.run(_begin(found, amount_fen, at=ctx.process.clock()))
        found = await ctx.db.first(ONE(id=invoice_id)) or found
        outcome: Outcome = Absent()
    else:
        outcome = await issuer.query(found.id)
    if found.state == "issuing" and isinstance(outcome, Absent):
        outcome = await issuer.issue(await _what(ctx, found))
    if found.state == "issuing":
        await ctx.run(_conclude(found, outcome, tries=tries, at=ctx.process.clock()))
    after = await ctx.db.first(ONE(id=invoice_id)) or found
    if after.state == "issuing" and ctx.process.clock() - after.asked_at > PERSON_AFTER:
        log.error("invoice_needs_a_person", invoice_id=after.id, why=after.why)
    return after


async def _what(ctx: Ctx, found: Row) -> Ask:
    """Return what the issuer is asked for: the same for the same invoice, however often."""
    ours, buyer = ctx.part(Invoices), buyer_of(found, ctx.process.keyring)
    blue = await ctx.db.first(ONE(id=found.red_of)) if found.red_of else None
    return Ask(
        request_no=found.id,
        seller_tax_no=ours.seller_tax_no,
        title=buyer.title,
        tax_no=buyer.tax_no,
        email=buyer.email,
        item=ITEM,
        amount_fen=found.amount_fen,
        tax_bp=ours.tax_bp,
        red_of=blue.number if blue else "",
    )


async def _payable(ctx: Ctx, order_id: str) -> int:
    order = await ctx.query(ordering.order(order_id, actor=SYSTEM))
    paid = await ctx.query(payments.of_order(order_id))
    return payable_fen(order, paid)


@script
def _correct(order_id: str, payable: int, *, at: datetime) -> Steps[str | None]:
    """Take back in red what an issued invoice says above what is left of its order; return the red one."""
    there = yield from rows(OF_ORDER(order_id=order_id))
    blue = living(there)
    if blue is None or blue.state != "issued":
        return None
    too_much = blue.amount_fen - blue.reversed_fen - payable
    if too_much <= 0:
        return None
    red = msgspec.structs.replace(
        blue,
        id=derived_id(blue.id, f"red/{blue.reversed_fen}"),
        red_of=blue.id,
        amount_fen=too_much,
        reversed_fen=0,
        state="requested",
        number="",
        url="",
        asked_by="system/refund",
        asked_at=at,
        settled_at=None,
    )
    yield [
        NEW(**msgspec.structs.asdict(red), holds_order_id=None),
        TAKEN_BACK(id=blue.id, reversed_fen=too_much),
        schedule(ISSUE, {"invoice_id": red.id}, due_at=at, once=f"{ISSUE}:{red.id}"),
    ]
    return red.id


@script
def _free(blue_id: str) -> Steps[None]:
    yield [FREE(id=blue_id)]


def on_refunded(event: OrderRefunded, at: datetime) -> Steps[list[Change]]:
    """Have the invoice of an order looked at from which money went back."""
    there = yield from rows(OF_ORDER(order_id=event.order_id))
    if not there:
        return []
    return [schedule(CHECK, {"order_id": event.order_id}, due_at=at + SETTLE_REFUND)]


def job_functions(process: Process) -> dict[str, JobFunction]:
    """Return the functions of the jobs by name."""

    async def issue_one(args: dict[str, Any]) -> None:
        await issue(process.context(), args["invoice_id"], tries=args.get("tries", 0))

    async def check(args: dict[str, Any]) -> None:
        ctx = process.context()
        order_id = args["order_id"]
        await ctx.run(_correct(order_id, await _payable(ctx, order_id), at=ctx.now))
        for each in await ctx.db.rows(OF_ORDER(order_id=order_id)):
            if not each.red_of and each.reversed_fen == each.amount_fen:
                await ctx.run(_free(each.id))

    return {ISSUE: issue_one, CHECK: check}
