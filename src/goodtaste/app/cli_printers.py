"""`goodtaste printers`: look at printers and their jobs, print a test page, put a printer on a desk that has none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
from rich.table import Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import out, stop, tell
from goodtaste.floor.printing import escpos, handling, picture, printers
from goodtaste.floor.printing.emulator import Done
from goodtaste.floor.printing.pages import test_page
from goodtaste.floor.printing.sandbox_printer import SandboxPrinter
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import is_id, new_id
from goodtaste.org.api import Directory


@click.group("printers")
def printers_() -> None:
    """Look at printers and their jobs; print a test page; put a printer on a desk that has none."""


@printers_.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """List the printers of every store, with what keeps one from printing."""

    async def work(ctx: Ctx) -> list[tuple[str, ...]]:
        found = list[tuple[str, ...]]()
        for store in sorted(ctx.see(Directory).stores.values(), key=lambda each: each.code):
            for each in await ctx.query(printers.of_store(store.id, actor=ctx.actor)):
                state = each.trouble or ("ok" if each.active else "off")
                found.append((each.id, store.code, each.name, each.kind, each.address, " ".join(each.purposes), state))
        return found

    table = Table("printer", "store", "name", "kind", "address", "purposes", "state")
    for cells in in_house(context, work):
        table.add_row(*cells)
    out.print(table)


@printers_.command()
@click.argument("store_code", metavar="STORE")
@click.option(
    "--show", type=click.Choice(["all", "work", "waiting"]), default="work", show_default=True, help="Which jobs."
)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Newest jobs to show.")
@click.pass_context
def jobs(context: click.Context, store_code: str, show: str, limit: int) -> None:
    """List the print jobs of a store, by its code: those that want a person, those that wait, or all."""

    async def work(ctx: Ctx) -> handling.Page:
        stores = {each.code: each.id for each in ctx.see(Directory).stores.values()}
        if store_code not in stores:
            stop("cli.no_store", given=store_code)
        return await ctx.query(handling.page(stores[store_code], show=show, before="", limit=limit, actor=ctx.actor))

    table = Table("job", "purpose", "state", "why", "nth", "made at")
    for each in in_house(context, work).jobs:
        table.add_row(each.id, each.purpose, each.state, each.why, str(each.nth), f"{each.made_at:%Y-%m-%d %H:%M:%S}")
    out.print(table)


@printers_.command()
@click.argument("printer_id", metavar="PRINTER")
@click.pass_context
def test(context: click.Context, printer_id: str) -> None:
    """Put a test page into the queue of a printer; whoever serves prints it."""
    if not is_id(printer_id):
        stop("cli.not_an_id", given=printer_id)

    async def work(ctx: Ctx) -> str:
        asked = handling.TestAsked(id=new_id())
        made = await ctx.run(handling.test(printer_id, asked, page_of=test_page, actor=ctx.actor, at=ctx.now))
        return made.id

    tell("cli.test_page_queued", job_id=in_house(context, work))


@printers_.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(9100, 9109), default=9100, show_default=True, help="Port to listen on.")
@click.option(
    "--folder", type=click.Path(file_okay=False), default="slips", show_default=True, help="Where the pictures go."
)
@click.option("--slips", type=click.IntRange(min=1), help="Stop after so many slips. Default: never.")
@click.pass_context
def sandbox(context: click.Context, host: str, port: int, folder: str, slips: int | None) -> None:
    """Be an 80 mm receipt printer: every slip becomes a picture."""
    try:
        font = picture.font_file(settings_of(context).printer_font)
    except picture.NoFont as error:
        stop("cli.no_printer_font", error=str(error))
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)

    async def serve() -> None:
        enough, count = asyncio.Event(), 0

        def keep(done: list[Done]) -> None:
            nonlocal count
            count += 1
            file = place / f"{count:04d}.png"
            file.write_bytes(picture.file_of(picture.draw(done, dots=escpos.DOTS[80], font=font), "PNG"))
            tell("cli.slip_printed", file=str(file))
            if count == slips:
                enough.set()

        printer = SandboxPrinter(on_slip=keep)
        try:
            await printer.listen(host, port)
        except OSError as error:
            stop("cli.printer_cannot_listen", where=f"{host}:{port}", error=str(error))
        tell("cli.printer_listens", where=f"{host}:{port}")
        await enough.wait()
        await asyncio.sleep(0.1)  # the answer to the last one leaves
        await printer.unplug()

    asyncio.run(serve())


COMMANDS = [printers_]
