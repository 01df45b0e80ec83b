"""`goodtaste shop`: the items of the points shop, and what a member exchanged points for, from the command line."""

from __future__ import annotations

from typing import BinaryIO

import click
from rich.table import Column, Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import an_id, from_json, out, tell
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import new_id
from goodtaste.member.api import Program
from goodtaste.promo.shop import exchanges, items

ITEM = click.argument("item_id", metavar="ITEM", callback=an_id)
FILE = click.argument("file", type=click.File("rb"))
REASON = click.option("--reason", required=True, help="Why; the audit log keeps it.")


@click.group()
def shop() -> None:
    """See and change what the points shop offers; see what a member exchanged points for."""


@shop.command("items")
@click.pass_context
def items_(context: click.Context) -> None:
    """List the items of the points shop, newest first."""
    table = Table(
        Column("item", no_wrap=True), "name", "kind", "points", "left", "each", "exchanged", "version", "offered"
    )
    for each in in_house(context, lambda ctx: ctx.query(items.all_items())):
        left = "-" if each.left is None else str(each.left)
        figures = (str(each.points), left, str(each.limit_each), str(each.exchanged), str(each.version))
        table.add_row(each.id, each.name, each.kind, *figures, "yes" if each.open else "no")
    out.print(table)


@shop.command()
@FILE
@click.pass_context
def make(context: click.Context, file: BinaryIO) -> None:
    """Make the item in FILE, JSON as `POST /v1/shop/items` takes it."""
    asked = from_json(file, items.NewItem)

    async def work(ctx: Ctx) -> items.Item:
        return await ctx.run(items.make(asked, program=ctx.see(Program), actor=ctx.actor, at=ctx.now))

    _told(in_house(context, work))


@shop.command()
@ITEM
@FILE
@click.pass_context
def change(context: click.Context, item_id: str, file: BinaryIO) -> None:
    """Change an item to the terms in FILE, JSON as `PUT /v1/shop/items/{item_id}` takes it."""
    asked = from_json(file, items.ItemTerms)

    async def work(ctx: Ctx) -> items.Item:
        program = ctx.see(Program)
        return await ctx.run(items.change_terms(item_id, asked=asked, program=program, actor=ctx.actor, at=ctx.now))

    _told(in_house(context, work))


@shop.command()
@ITEM
@click.argument("more", type=click.IntRange(-1_000_000, 1_000_000))
@REASON
@click.pass_context
def stock(context: click.Context, item_id: str, more: int, reason: str) -> None:
    """Put MORE of an item into the shop; after `--`, a number below zero takes some away."""
    asked = items.Stock(id=new_id(), more=more, reason=reason)
    _told(in_house(context, lambda ctx: ctx.run(items.stock(item_id, asked=asked, actor=ctx.actor, at=ctx.now))))


@shop.command()
@ITEM
@REASON
@click.option("--back", is_flag=True, help="Offer it again.")
@click.pass_context
def withdraw(context: click.Context, item_id: str, reason: str, back: bool) -> None:
    """Stop offering an item, or offer it again; what was exchanged is still handed over."""

    async def work(ctx: Ctx) -> items.Item:
        return await ctx.run(items.switch(item_id, open_=back, reason=reason, actor=ctx.actor, at=ctx.now))

    _told(in_house(context, work))


@shop.command("exchanges")
@click.argument("member_id", metavar="MEMBER", callback=an_id)
@click.pass_context
def exchanges_(context: click.Context, member_id: str) -> None:
    """List what a member exchanged points for, newest first; the codes are the member's own and are not shown."""
    table = Table(Column("exchange", no_wrap=True), "name", "points", "state", "at", "store")
    for each in in_house(context, lambda ctx: ctx.query(exchanges.of_member(member_id))):
        at = f"{each.changed_at:%Y-%m-%d %H:%M}"
        table.add_row(each.id, each.name, str(each.points), each.state, at, each.store_id or "")
    out.print(table)


def _told(item: items.Item) -> None:
    code = "cli.shop_item_offered" if item.open else "cli.shop_item_withdrawn"
    left = "∞" if item.left is None else item.left
    tell(code, item_id=item.id, name=item.name, points=item.points, left=left, version=item.version)


COMMANDS = (shop,)
