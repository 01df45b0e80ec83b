"""What the staff have printed: a receipt that was not, a bill before it is paid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from sqlalchemy import select

from goodtaste.floor.printing import compose, habits, printers
from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.printers import Printer, fitting
from goodtaste.floor.printing.prints import ONE, ROW, JobRow, Key, new_job
from goodtaste.floor.printing.receipts import pre_bill, receipt
from goodtaste.floor.printing.tables import print_job
from goodtaste.floor.printing.z_slip import z_slip
from goodtaste.kernel import audit
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Id, Read, Steps, Str, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import derived_id, fingerprint
from goodtaste.kernel.input import Input
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.org.api import Directory
from goodtaste.payment import api as payments

NEWEST = Read(
    select(*ROW)
    .where(
        print_job.c.subject_id == par("subject_id", Id),
        print_job.c.purpose == par("purpose", Str),
        print_job.c.nth == 0,
        print_job.c.kind == "",
    )
    .order_by(print_job.c.round.desc())
    .limit(1),
    JobRow,
)


class NothingToPrint(Refusal):
    """Raised when a document cannot be printed.

    Facts: `why` (`no_printer`, `not_paid`, `paid`, `printed`), `job_id` (the job that printed it, else empty).
    """

    code = "floor.nothing_to_print"


class PrintAsked(Input, frozen=True):
    """What is sent to have a document of an order printed, at the store's printer for it or at another one."""

    id: IdText
    what: Literal["receipt", "pre_bill"]
    printer_id: IdText | None = None


class ZPrintAsked(Input, frozen=True):
    """What is sent to have a Z report printed, at the store's printer for reports or at another one."""

    id: IdText
    printer_id: IdText | None = None


async def print_order(ctx: Ctx, order_id: str, asked: PrintAsked) -> JobRow:
    """Print the receipt of a paid order, or the bill of one that is not, once per `asked.id`.

    Refuses `OrderUnknown`, `PrinterUnknown`, `NothingToPrint`, `NotAllowed` and `IdTaken`.
    """
    order = await compose.order_of(ctx, order_id)
    ctx.actor.need("print.do", store_id=order.store_id)
    version = order.version if asked.what == "pre_bill" else 0
    wish = _Wish(asked.id, fingerprint([order_id, asked]), order.store_id, Key(asked.what, order.id, round=version))

    async def document() -> Document:
        if (order.paid_at is not None) != (asked.what == "receipt"):
            raise NothingToPrint(why="not_paid" if order.paid_at is None else "paid", job_id="")
        english = (await habits.of(ctx, order.store_id)).english
        return (receipt if asked.what == "receipt" else pre_bill)(await compose.sale_of(ctx, order), english=english)

    return await _print(ctx, wish, document, printer_id=asked.printer_id)


async def print_z(ctx: Ctx, store_id: str, number: int, asked: ZPrintAsked) -> JobRow:
    """Print a Z report of a store, once per `asked.id`.

    Refuses `ZUnknown`, `PrinterUnknown`, `NothingToPrint`, `NotAllowed` and `IdTaken`.
    """
    store = ctx.see(Directory).store(store_id)
    for permission in ("print.do", "shift.read"):
        ctx.actor.need(permission, store_id=store_id)
    found = await ctx.query(payments.z_report(store_id, number))
    key = Key("report", derived_id(store_id, f"z/{number}"), round=number)
    wish = _Wish(asked.id, fingerprint([store_id, number, asked]), store_id, key)

    async def document() -> Document:
        english = (await habits.of(ctx, store_id)).english
        return z_slip(found, store=store.name, at=compose.local(store, found.at), english=english)

    return await _print(ctx, wish, document, printer_id=asked.printer_id)


class _Wish(msgspec.Struct, frozen=True):
    """What somebody wants printed: the id and the mark of asking, the store, and what the document is for."""

    id: str
    mark: str
    store_id: str
    key: Key


async def _print(
    ctx: Ctx, wish: _Wish, document: Callable[[], Awaitable[Document]], *, printer_id: str | None
) -> JobRow:
    """Make a document and queue it, unless this was asked for before; refuses `NothingToPrint` for one that was printed."""
    if not is_same(await ctx.db.rows(made_before(wish.id)), wish.mark):
        if await ctx.db.first(ONE(id=wish.key.job_id())):
            raise NothingToPrint(why="printed", job_id=wish.key.job_id())
        made = await document()
        on = await _printer(ctx, wish, printer_id)
        by = f"{ctx.actor.kind}/{ctx.actor.id}"
        note = audit.note(
            ctx.actor,
            "floor.printed",
            subject=f"print-job/{wish.key.job_id()}",
            store_id=wish.store_id,
            at=ctx.now,
            purpose=wish.key.purpose,
            subject_id=wish.key.subject_id,
        )
        await ctx.run(_once([*new_job(wish.key, made, printer=on, at=ctx.now, by=by), note], wish.id, wish.mark))
    [job] = await ctx.db.rows(NEWEST(subject_id=wish.key.subject_id, purpose=wish.key.purpose))
    return job


async def _printer(ctx: Ctx, wish: _Wish, printer_id: str | None) -> Printer:
    there = await ctx.db.rows(printers.OF_STORE(store_id=wish.store_id))
    if printer_id is not None:
        return printers.known(next((each for each in there if each.id == printer_id), None), printer_id)
    on = fitting(there, wish.key.purpose)
    if on is None:
        raise NothingToPrint(why="no_printer", job_id="")
    return on


@script
def _once(changes: list[Change], id_: str, mark: str) -> Steps[None]:
    yield [*changes, remember(id_, mark)]
