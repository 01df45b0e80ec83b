"""What the staff have printed: a receipt that was not, a bill before it is paid."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select

from goodtaste.floor.printing import compose, habits, printers
from goodtaste.floor.printing.printers import fitting
from goodtaste.floor.printing.prints import ONE, ROW, JobRow, Key, new_job
from goodtaste.floor.printing.receipts import pre_bill, receipt
from goodtaste.floor.printing.tables import print_job
from goodtaste.kernel import audit
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Id, Read, Steps, Str, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import fingerprint
from goodtaste.kernel.input import Input
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.ordering.api import OrderView

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


async def print_order(ctx: Ctx, order_id: str, asked: PrintAsked) -> JobRow:
    """Print the receipt of a paid order, or the bill of one that is not, once per `asked.id`.

    Refuses `OrderUnknown`, `PrinterUnknown`, `NothingToPrint`, `NotAllowed` and `IdTaken`.
    """
    mark = fingerprint([order_id, asked])
    order = await compose.order_of(ctx, order_id)
    ctx.actor.need("print.do", store_id=order.store_id)
    key = _key(order, asked)
    if not is_same(await ctx.db.rows(made_before(asked.id)), mark):
        await ctx.run(_once(await _changes(ctx, order, asked, key), asked.id, mark))
    [job] = await ctx.db.rows(NEWEST(subject_id=order_id, purpose=asked.what))
    return job


def _key(order: OrderView, asked: PrintAsked) -> Key:
    """Return what the document is: one receipt of an order, one bill of each of its versions."""
    return Key(asked.what, order.id, round=order.version if asked.what == "pre_bill" else 0)


@script
def _once(changes: list[Change], id_: str, mark: str) -> Steps[None]:
    yield [*changes, remember(id_, mark)]


async def _changes(ctx: Ctx, order: OrderView, asked: PrintAsked, key: Key) -> list[Change]:
    if (order.paid_at is not None) != (asked.what == "receipt"):
        raise NothingToPrint(why="not_paid" if order.paid_at is None else "paid", job_id="")
    if await ctx.db.first(ONE(id=key.job_id())):
        raise NothingToPrint(why="printed", job_id=key.job_id())
    there = await ctx.db.rows(printers.OF_STORE(store_id=order.store_id))
    on = fitting(there, asked.what)
    if asked.printer_id is not None:
        found = next((each for each in there if each.id == asked.printer_id), None)
        on = printers.known(found, asked.printer_id)
    if on is None:
        raise NothingToPrint(why="no_printer", job_id="")
    habit = await ctx.db.first(habits.ONE(store_id=order.store_id)) or habits.USUAL
    sale = await compose.sale_of(ctx, order)
    document = (receipt if asked.what == "receipt" else pre_bill)(sale, english=habit.english)
    by = f"{ctx.actor.kind}/{ctx.actor.id}"
    note = audit.note(
        ctx.actor,
        "floor.printed",
        subject=f"order/{order.id}",
        store_id=order.store_id,
        at=ctx.now,
        what=asked.what,
    )
    return [*new_job(key, document, printer=on, at=ctx.now, by=by), note]
