"""`goodtaste subscriptions`: look at subscriptions, and attend to what is due, from the command line."""

from __future__ import annotations

from typing import BinaryIO

import click
import msgspec
from rich.table import Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import an_id, from_json, out, tell
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.money import yuan
from goodtaste.member.api import Program
from goodtaste.promo.subscription import attending, owed, plans, views

STATES = ["pending", "trial", "active", "past_due", "cancelled", "ended"]


@click.group()
def subscriptions() -> None:
    """Look at plans and subscriptions; attend to what is due."""


@subscriptions.command("plans")
@click.pass_context
def plans_(context: click.Context) -> None:
    """List the newest versions of all plans."""
    table = Table("plan", "code", "version", "price", "trial", "level", "open")
    for each in in_house(context, lambda ctx: ctx.query(plans.all_plans())):
        cells = (each.id, each.code, str(each.version), yuan(each.price_fen), str(each.trial_days), each.level or "")
        table.add_row(*cells, "yes" if each.open else "")
    out.print(table)


@subscriptions.command()
@click.argument("file", type=click.File("rb"))
@click.pass_context
def save(context: click.Context, file: BinaryIO) -> None:
    """Save the plan in FILE, JSON as `POST /v1/subscription-plans` takes it, as the next version of its code, and offer it."""
    asked = from_json(file, plans.NewPlan)

    async def work(ctx: Ctx) -> plans.Plan:
        return await ctx.run(plans.make(asked, program=ctx.see(Program), actor=ctx.actor, at=ctx.now))

    saved = in_house(context, work)
    tell("cli.plan_saved", plan_id=saved.id, plan=saved.code, version=saved.version)


@subscriptions.command()
@click.argument("plan_id", metavar="PLAN", callback=an_id)
@click.option("--reason", required=True, help="Why; the audit log keeps it.")
@click.option("--back", is_flag=True, help="Offer it again.")
@click.pass_context
def retire(context: click.Context, plan_id: str, reason: str, back: bool) -> None:
    """Offer a version of a plan no more, or again; who has it keeps it."""
    after = in_house(
        context, lambda ctx: ctx.run(plans.switch(plan_id, open_=back, reason=reason, actor=ctx.actor, at=ctx.now))
    )
    tell("cli.plan_offered" if after.open else "cli.plan_retired", plan=after.code, version=after.version)


@subscriptions.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Newest subscriptions to show."
)
@click.pass_context
def list_(context: click.Context, state: str | None, limit: int) -> None:
    """List subscriptions, newest first."""
    found = in_house(context, lambda ctx: ctx.query(views.page(state=state, before="", limit=limit)))
    table = Table("subscription", "member", "family", "state", "period", "ends", "why")
    for each in found.subscriptions:
        ends = str(each.ends_on or "")
        table.add_row(each.id, each.member_id, each.family, each.state, str(each.period), ends, each.why)
    out.print(table)


@subscriptions.command("owed")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Newest refunds to show.")
@click.pass_context
def owed_(context: click.Context, limit: int) -> None:
    """List refunds that failed or take longer than a day, with who looks after them, newest first."""
    found = in_house(context, lambda ctx: ctx.query(owed.owed(at=ctx.now, before="", limit=limit)))
    table = Table("refund", "subscription", "amount", "state", "why", "owner", "since")
    for each in found.refunds:
        cells = (each.id, each.subscription_id, yuan(each.amount_fen), each.state, each.why, each.owner_id or "")
        table.add_row(*cells, f"{each.started_at:%Y-%m-%d %H:%M}")
    out.print(table)


@subscriptions.command()
@click.argument("subscription_id", metavar="SUBSCRIPTION", callback=an_id)
@click.pass_context
def show(context: click.Context, subscription_id: str) -> None:
    """Show a subscription with its charges, refunds and notices, as JSON."""

    async def work(ctx: Ctx) -> views.SubscriptionFile:
        return await ctx.query(views.file(subscription_id, zone=attending.zone_of(ctx), at=ctx.now))

    found = in_house(context, work)
    out.print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode(), markup=False)


@subscriptions.command()
@click.pass_context
def attend(context: click.Context) -> None:
    """Attend to what is due now, as the job does each minute: notices, charges, coupons, refunds."""

    async def work(ctx: Ctx) -> None:
        await attending.turn(ctx.process)

    in_house(context, work)
    tell("cli.subscriptions_attended")


COMMANDS = [subscriptions]
