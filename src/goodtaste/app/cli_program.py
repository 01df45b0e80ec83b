"""`goodtaste program`: what the loyalty program says, and changing one of its terms, from the command line."""

from __future__ import annotations

import click
import msgspec
from rich.table import Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import out, stop, tell
from goodtaste.kernel.context import Ctx
from goodtaste.member import api as members

TERMS = members.PROGRAM_TERMS


@click.group()
def program() -> None:
    """See and change the loyalty program: what points are worth, holds, coupons on an order, refunds of thresholds."""


@program.command()
@click.pass_context
def show(context: click.Context) -> None:
    """Show the program."""
    found = in_house(context, lambda ctx: ctx.query(members.read_program()))
    table = Table("term", "value", title=f"version {found.version}")
    for name in TERMS:
        table.add_row(name, str(getattr(found, name)))
    out.print(table)


@program.command("set")
@click.argument("name", type=click.Choice(TERMS), metavar="TERM")
@click.argument("value")
@click.option("--reason", required=True, help="Why; the audit log keeps it.")
@click.pass_context
def set_(context: click.Context, name: str, value: str, reason: str) -> None:
    """Change one term of the program; `goodtaste program show` lists them."""

    async def run(ctx: Ctx) -> members.ProgramView:
        now = msgspec.to_builtins(await ctx.query(members.read_program()))
        try:
            asked = msgspec.convert(now | {name: value, "reason": reason}, members.ProgramChange, strict=False)
        except msgspec.ValidationError as error:
            stop("cli.bad_term", name=name, given=value, error=str(error))
        return await ctx.run(members.change_program(asked, actor=ctx.actor, at=ctx.now))

    after = in_house(context, run)
    tell("cli.program_set", name=name, value=str(getattr(after, name)), version=after.version)


COMMANDS = (program,)
