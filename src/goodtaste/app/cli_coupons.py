"""`goodtaste coupons`: templates and their numbers, codes in bulk, campaigns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO

import click
from rich.table import Column, Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import an_id, checked_id, from_json, out, tell
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import new_id
from goodtaste.promo import api as promo

TEMPLATE = click.argument("template_id", metavar="TEMPLATE", callback=an_id)


@click.group()
def coupons() -> None:
    """Coupon templates in numbers, codes by the thousand, campaigns for a crowd."""


@coupons.command()
@click.option("--name", default="", help="A part of the name, in either language.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Newest templates to show.")
@click.pass_context
def templates(context: click.Context, name: str, limit: int) -> None:
    """List coupon templates, newest first."""
    found = in_house(context, lambda ctx: ctx.query(promo.templates(q=name, limit=limit)))
    table = Table(Column("template", no_wrap=True), "name", "kind", "value", "issued", "budget", "open")
    for each in found.templates:
        budget = "-" if each.budget_count is None else str(each.budget_count)
        row = (each.id, each.name, each.kind, str(each.value), str(each.issued), budget, "yes" if each.open else "no")
        table.add_row(*row)
    out.print(table)


@coupons.command()
@TEMPLATE
@click.pass_context
def numbers(context: click.Context, template_id: str) -> None:
    """Show what became of the coupons of TEMPLATE."""
    shown = in_house(context, lambda ctx: ctx.query(promo.numbers(template_id)))
    for name in shown.__struct_fields__:
        if name != "stores":
            out.print(f"{name:16} {getattr(shown, name)}", markup=False)
    for store in shown.stores:
        count = "-" if store.budget_count is None else store.budget_count
        fen = "-" if store.budget_fen is None else store.budget_fen
        out.print(f"store {store.store_id}  {store.used} of {count}, {store.used_fen} of {fen} fen", markup=False)


@coupons.command()
@TEMPLATE
@click.option("--count", type=click.IntRange(1, promo.CODES_MAX), required=True, help="Codes to make.")
@click.option("--name", required=True, help="What they are for.")
@click.option("--out", "to", type=click.Path(dir_okay=False, path_type=Path), required=True, help="CSV file to write.")
@click.pass_context
def codes(context: click.Context, template_id: str, count: int, name: str, to: Path) -> None:
    """Make codes for coupons of TEMPLATE and write them to a CSV file that only its owner may read."""

    async def work(ctx: Ctx) -> str:
        asked = promo.NewBatch(id=new_id(), template_id=template_id, name=name, count=count)
        batch = await ctx.run(promo.order_codes(asked, actor=ctx.actor, at=ctx.now))
        await promo.make_codes(ctx.db, batch.id)
        await ctx.run(promo.open_download(batch.id, actor=ctx.actor, at=ctx.now))
        async for part in promo.code_lines(ctx.db, batch.id):
            file.write(part)
        return batch.id

    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        batch_id = in_house(context, work)
    tell("cli.codes_made", count=count, batch_id=batch_id, file=str(to))


@coupons.command()
@click.argument("file", type=click.File("rb"))
@click.pass_context
def make(context: click.Context, file: BinaryIO) -> None:
    """Make the coupon template in FILE, JSON as `POST /v1/coupon-templates` takes it."""
    asked = from_json(file, promo.NewTemplate)

    async def work(ctx: Ctx) -> promo.Template:
        return await ctx.run(promo.make(asked, ground=promo.ground(ctx), actor=ctx.actor, at=ctx.now))

    tell("cli.template_made", template_id=in_house(context, work).id)


@coupons.command()
@TEMPLATE
@click.option("--name", required=True, help="What it is called.")
@click.option("--reason", required=True, help="Why; the audit log keeps it.")
@click.option("--level", default="", help="For the members of this level alone.")
@click.option("--members", type=click.File("r", encoding="utf-8"), help="For the members in this file: an id a line.")
@click.pass_context
def campaign(
    context: click.Context, template_id: str, name: str, reason: str, level: str, members: TextIO | None
) -> None:
    """Give a coupon of TEMPLATE to each of a crowd: to all members, those of a level, or those in a file.

    It may be interrupted: the job of a running house goes on with it.
    """
    ids = [checked_id(line.strip()) for line in members if line.strip()] if members else []
    audience: Literal["all", "level", "list"] = "list" if members else "level" if level else "all"

    async def work(ctx: Ctx) -> promo.Campaign:
        asked = promo.NewCampaign(id=new_id(), template_id=template_id, name=name, audience=audience, level=level)
        by: dict[str, Any] = {"actor": ctx.actor, "at": ctx.now}
        await ctx.run(promo.make_campaign(asked, **by))
        for i in range(0, len(ids), promo.LIST_MAX):
            some = promo.CampaignMembers(member_ids=tuple(ids[i : i + promo.LIST_MAX]))
            await ctx.run(promo.enlist(asked.id, some, at=ctx.now))
        await ctx.run(promo.go_campaign(asked.id, promo.Go(to="running", reason=reason), **by))
        await promo.run_campaign(ctx.db, asked.id, clock=ctx.process.clock)
        return await ctx.query(promo.read_campaign(asked.id))

    seen = in_house(context, work)
    tell(
        "cli.campaign_ran",
        campaign_id=seen.id,
        state=seen.state,
        why=seen.why or "-",
        issued=seen.issued,
        skipped=seen.limited + seen.frozen + seen.unknown,
    )


COMMANDS = [coupons]
