"""`goodtaste points`: corrections of points that one person asks for and a second one decides on, from the command line."""

from __future__ import annotations

from typing import get_args

import click
from rich.table import Column, Table

from goodtaste.app.cli_house import as_person, in_house
from goodtaste.app.cli_words import an_id, out, tell
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import new_id
from goodtaste.member import adjustments
from goodtaste.member.api import Program
from goodtaste.org.api import Directory

ADJUSTMENT = click.argument("adjustment_id", metavar="CORRECTION", callback=an_id)
LOGIN = click.option("--login", required=True, help="Who does it; their password is asked for.")
REASON = click.option("--reason", required=True, help="Why; the audit log keeps it.")


@click.group()
def points() -> None:
    """Ask for corrections of points, and decide on what another person asked for."""


@points.command()
@click.argument("member_id", metavar="MEMBER", callback=an_id)
@click.argument("number", metavar="POINTS", type=int)
@REASON
@LOGIN
@click.option("--store", "store_id", callback=an_id, help="At which store, by its id; the whole brand unless named.")
@click.pass_context
def ask(context: click.Context, member_id: str, number: int, reason: str, login: str, store_id: str | None) -> None:
    """Ask that POINTS be given to a member, or, below zero and after `--`, taken; nothing moves before a second person approves."""
    asked = adjustments.AdjustmentAsked(
        id=new_id(), member_id=member_id, points=number, reason=reason, store_id=store_id
    )

    async def work(ctx: Ctx) -> adjustments.AdjustmentView:
        program = ctx.see(Program)
        calendar = ctx.see(Directory).store(store_id).calendar if store_id else program.calendar
        ctx.actor.need(adjustments.RIGHT, store_id=store_id)
        today = calendar.business_date(ctx.now)
        return await ctx.run(adjustments.ask(asked, actor=ctx.actor, program=program, today=today, at=ctx.now))

    _told(as_person(context, login, adjustments.RIGHT, work))


@points.command()
@click.option(
    "--state",
    type=click.Choice(get_args(adjustments.State)),
    default="requested",
    show_default=True,
    help="Those that wait, or were decided on so.",
)
@click.pass_context
def corrections(context: click.Context, state: adjustments.State) -> None:
    """List the newest corrections in a state."""
    found = in_house(context, lambda ctx: ctx.query(adjustments.in_state(state, actor=ctx.actor, at=ctx.now)))
    table = Table(Column("correction", no_wrap=True), "member", "points", "reason", "state", "asked by", "until")
    for each in found:
        until = f"{each.expires_at:%Y-%m-%d %H:%M}"
        table.add_row(each.id, each.member_id, f"{each.points:+d}", each.reason, each.state, each.asked_by, until)
    out.print(table)


@points.command()
@ADJUSTMENT
@LOGIN
@click.pass_context
def approve(context: click.Context, adjustment_id: str, login: str) -> None:
    """Approve a correction that somebody else asked for, which makes it."""

    async def work(ctx: Ctx) -> adjustments.AdjustmentView:
        program = ctx.see(Program)
        today = program.calendar.business_date(ctx.now)
        approving = adjustments.approve(adjustment_id, actor=ctx.actor, program=program, today=today, at=ctx.now)
        return await ctx.run(approving)

    _told(as_person(context, login, adjustments.RIGHT, work))


@points.command()
@ADJUSTMENT
@REASON
@LOGIN
@click.pass_context
def refuse(context: click.Context, adjustment_id: str, reason: str, login: str) -> None:
    """Refuse a correction that somebody else asked for."""

    async def work(ctx: Ctx) -> adjustments.AdjustmentView:
        return await ctx.run(adjustments.refuse(adjustment_id, answer=reason, actor=ctx.actor, at=ctx.now))

    _told(as_person(context, login, adjustments.RIGHT, work))


def _told(made: adjustments.AdjustmentView) -> None:
    tell(f"cli.correction_{made.state}", adjustment_id=made.id, member_id=made.member_id, points=f"{made.points:+d}")


COMMANDS = (points,)
