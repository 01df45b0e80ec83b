"""Routes of printing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from goodtaste.floor.printing import feie_notices, habits, handling, previews, printers, wanted
from goodtaste.floor.printing.feie import NOTICES
from goodtaste.floor.printing.habits import Habit, HabitAsked
from goodtaste.floor.printing.handling import PAGE_MAX, Elsewhere, Handled, JobFile, Page, Reprint, TestAsked
from goodtaste.floor.printing.pages import test_page
from goodtaste.floor.printing.printers import NewPrinter, Printer, PrinterChange
from goodtaste.floor.printing.prints import JobRow
from goodtaste.kernel.ids import Id
from goodtaste.kernel.web import anybody, context, staff
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]
Before = FromQuery[str]


@get("/v1/stores/{store_id:str}/printers", opt=staff("print.read"), tags=["printing"])
async def list_printers(store_id: Id, request: Asked) -> list[Printer]:
    """List the printers of a store, with what keeps one from printing."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return await ctx.query(printers.of_store(store_id, actor=ctx.actor))


@post("/v1/stores/{store_id:str}/printers", opt=staff("printer.edit"), tags=["printing"])
async def make_printer(store_id: Id, data: JSONBody[NewPrinter], request: Asked) -> Printer:
    """Add a printer to a store."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return await ctx.run(printers.make(data, store_id=store_id, actor=ctx.actor, at=ctx.now))


@put("/v1/printers/{printer_id:str}", opt=staff("printer.edit"), tags=["printing"])
async def change_printer(printer_id: Id, data: JSONBody[PrinterChange], request: Asked) -> Printer:
    """Replace what a printer is."""
    ctx = context(request)
    return await ctx.run(printers.change_terms(printer_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/printers/{printer_id:str}/test", opt=staff("print.do"), tags=["printing"], status_code=200)
async def print_test(printer_id: Id, data: JSONBody[TestAsked], request: Asked) -> JobRow:
    """Print a test page."""
    ctx = context(request)
    return await ctx.run(handling.test(printer_id, data, page_of=test_page, actor=ctx.actor, at=ctx.now))


@get("/v1/stores/{store_id:str}/printing", opt=staff("print.read"), tags=["printing"])
async def read_habit(store_id: Id, request: Asked) -> Habit:
    """Show what a store prints by itself."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return await ctx.query(habits.of_store(store_id, actor=ctx.actor))


@put("/v1/stores/{store_id:str}/printing", opt=staff("printer.edit"), tags=["printing"])
async def change_habit(store_id: Id, data: JSONBody[HabitAsked], request: Asked) -> Habit:
    """Change what a store prints by itself."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return await ctx.run(habits.change(store_id, data, actor=ctx.actor, at=ctx.now))


@get("/v1/stores/{store_id:str}/print-jobs", opt=staff("print.read"), tags=["printing"])
async def list_jobs(
    store_id: Id,
    request: Asked,
    show: FromQuery[Literal["all", "work", "waiting"]] = "work",
    before: Before = "",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> Page:
    """List the print jobs of a store, newest first: those that want a person (`work`), those that wait, or all."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return await ctx.query(handling.page(store_id, show=show, before=before, limit=limit, actor=ctx.actor))


@get("/v1/print-jobs/{job_id:str}", opt=staff("print.read"), tags=["printing"])
async def read_job(job_id: Id, request: Asked) -> JobFile:
    """Show a print job, what it prints, and what happened to it."""
    ctx = context(request)
    return await ctx.query(handling.file(job_id, actor=ctx.actor))


@get("/v1/print-jobs/{job_id:str}/picture", opt=staff("print.read"), tags=["printing"])
async def picture_job(job_id: Id, request: Asked) -> Response[bytes]:
    """Show what a print job prints as a picture (PNG)."""
    return Response(await previews.preview(context(request), job_id), media_type="image/png")


@post("/v1/print-jobs/{job_id:str}/reprint", opt=staff("print.do"), tags=["printing"])
async def reprint_job(job_id: Id, data: JSONBody[Reprint], request: Asked) -> JobRow:
    """Print a job once more, at its printer or another one; the paper says 补打, by whom and why."""
    ctx = context(request)
    person = ctx.see(Directory).staff.get(ctx.actor.id)
    name = person.name if person else ctx.actor.id
    return await ctx.run(handling.reprint(job_id, data, name=name, actor=ctx.actor, at=ctx.now))


@post("/v1/print-jobs/{job_id:str}/move", opt=staff("print.do"), tags=["printing"], status_code=200)
async def move_job(job_id: Id, data: JSONBody[Elsewhere], request: Asked) -> JobRow:
    """Have another printer of the store print a job that waits."""
    ctx = context(request)
    return await ctx.run(handling.move(job_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/print-jobs/{job_id:str}/handle", opt=staff("print.do"), tags=["printing"], status_code=200)
async def handle_job(job_id: Id, data: JSONBody[Handled], request: Asked) -> JobRow:
    """Say that a job was printed after all, or is given up."""
    ctx = context(request)
    return await ctx.run(handling.handle(job_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/orders/{order_id:str}/prints", opt=staff("print.do"), tags=["printing"])
async def print_order(order_id: Id, data: JSONBody[wanted.PrintAsked], request: Asked) -> JobRow:
    """Print the receipt of a paid order that has none, or the bill of one that is not paid."""
    return await wanted.print_order(context(request), order_id, data)


@post("/v1/stores/{store_id:str}/z-reports/{number:int}/prints", opt=staff("print.do"), tags=["printing"])
async def print_z_report(
    store_id: Id, number: FromPath[int], data: JSONBody[wanted.ZPrintAsked], request: Asked
) -> JobRow:
    """Print a Z report of a shift or a day."""
    return await wanted.print_z(context(request), store_id, number, data)


@post(NOTICES, opt=anybody(), tags=["printing"], status_code=200)
async def hear_feie(request: Asked) -> Response[bytes]:
    """Hear of the cloud of Feie that a job was printed; who may tell is decided by the signature over these fields."""
    answer = await feie_notices.receive(context(request), await request.body())
    return Response(answer, media_type="text/plain")


ROUTES: list[Any] = [
    hear_feie,
    list_printers,
    make_printer,
    change_printer,
    print_test,
    read_habit,
    change_habit,
    list_jobs,
    read_job,
    picture_job,
    reprint_job,
    move_job,
    handle_job,
    print_order,
    print_z_report,
]
