"""`goodtaste program`: what the loyalty program says, and changing one of its terms, from the command line."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.table import Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import out, stop, tell
from goodtaste.kernel.context import Ctx
from goodtaste.member import api as members
from goodtaste.org.api import Directory

TERMS = members.PROGRAM_TERMS


@click.group()
def program() -> None:
    """See and change the loyalty program: what points are worth, holds, coupons on an order, refunds of thresholds."""


def _said(term: Any) -> str:
    return term if isinstance(term, str) else msgspec.json.encode(term).decode()


def _meant(given: str) -> Any:
    """Return a list as JSON says it, anything else as it was written."""
    return msgspec.json.decode(given) if given.startswith("[") else given


@program.command()
@click.pass_context
def show(context: click.Context) -> None:
    """Show the program."""
    found = in_house(context, lambda ctx: ctx.query(members.read_program()))
    table = Table("term", "value", title=f"version {found.version}")
    for name in TERMS:
        table.add_row(name, _said(getattr(found, name)))
    out.print(table)


@program.command("set")
@click.argument("name", type=click.Choice(TERMS), metavar="TERM")
@click.argument("value")
@click.option("--reason", required=True, help="Why; the audit log keeps it.")
@click.pass_context
def set_(context: click.Context, name: str, value: str, reason: str) -> None:
    """Change one term of the program; `goodtaste program show` lists them.

    A list is written as JSON: points twice on Wednesdays are earn_rules '[{"times_bp": 20000, "weekdays": [3]}]'.
    """

    async def run(ctx: Ctx) -> members.ProgramView:
        now = msgspec.to_builtins(await ctx.query(members.read_program()))
        try:
            asked = msgspec.convert(now | {name: _meant(value), "reason": reason}, members.ProgramChange, strict=False)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            stop("cli.bad_term", name=name, given=value, error=str(error))
        return await ctx.run(members.change_program(asked, directory=ctx.see(Directory), actor=ctx.actor, at=ctx.now))

    after = in_house(context, run)
    tell("cli.program_set", name=name, value=_said(getattr(after, name)), version=after.version)


COMMANDS = (program,)
