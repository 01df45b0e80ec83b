"""`goodtaste offers`: drafts, what is live, stopping one or all, and a dry run, from the command line."""

from __future__ import annotations

from typing import Any, BinaryIO, get_args

import click
from rich.table import Column, Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import an_id, from_json, language, out, tell
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.money import yuan
from goodtaste.ordering import api as ordering
from goodtaste.promo import api as promo

REASON = click.option("--reason", required=True, help="Why; the audit log keeps it.")
ID_WIDTH = 36  # an id is copied from the screen: it is never cut
OFFER = click.argument("offer_id", metavar="OFFER", callback=an_id)


@click.group()
def offers() -> None:
    """See what offers there are, save and publish them, try one on last month's orders, stop one or halt all."""


@offers.command("list")
@click.option("--state", type=click.Choice(get_args(promo.OfferState)), help="Those in this state alone.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Newest offers to show.")
@click.pass_context
def list_(context: click.Context, state: promo.OfferState | None, limit: int) -> None:
    """List offers, newest first."""
    found = in_house(context, lambda ctx: ctx.query(promo.offers_page(state=state, before="", limit=limit, at=ctx.now)))
    table = Table(
        Column("offer", no_wrap=True, min_width=ID_WIDTH), "name", "state", "version", "live", "used", "saved"
    )
    for each in found.offers:
        shown = f"{each.state} (halted)" if each.halted and each.state == "live" else each.state
        live = "" if each.live_version is None else str(each.live_version)
        name = each.terms.offer.name
        table.add_row(each.id, name, shown, str(each.version), live, str(each.used), yuan(each.used_fen))
    out.print(table)


@offers.command()
@click.argument("file", type=click.File("rb"))
@click.option("--over", type=click.IntRange(min=1), help="Save it as the next version of an offer; this one was seen.")
@click.pass_context
def save(context: click.Context, file: BinaryIO, over: int | None) -> None:
    """Save the offer in FILE, JSON as `POST /v1/offers` takes it, as a draft, or as the next version of one that there is."""
    terms = from_json(file, promo.Terms)

    async def run(ctx: Ctx) -> promo.OfferView:
        by: dict[str, Any] = {"known_here": promo.known_here(ctx), "actor": ctx.actor, "at": ctx.now}
        if over is None:
            return await ctx.run(promo.make_offer(terms, **by))
        fields = {name: getattr(terms, name) for name in promo.Terms.__struct_fields__}
        asked = promo.OfferChange(**fields, version=over)
        return await ctx.run(promo.change_offer(terms.offer.id, asked, **by))

    saved = in_house(context, run)
    tell("cli.offer_saved", offer_id=saved.id, version=saved.version)


@offers.command()
@OFFER
@click.option("--version", type=click.IntRange(min=1), required=True, help="Which version holds from now on.")
@click.pass_context
def publish(context: click.Context, offer_id: str, version: int) -> None:
    """Let a version of an offer hold."""
    asked = promo.Publish(version=version)

    async def run(ctx: Ctx) -> promo.OfferView:
        by: dict[str, Any] = {"known_here": promo.known_here(ctx), "actor": ctx.actor, "at": ctx.now}
        return await ctx.run(promo.publish(offer_id, asked, **by))

    in_house(context, run)
    tell("cli.offer_published", offer_id=offer_id, version=version)


@offers.command("stop")
@OFFER
@REASON
@click.pass_context
def stop_(context: click.Context, offer_id: str, reason: str) -> None:
    """Stop an offer everywhere: no order takes it from now on."""
    in_house(context, lambda ctx: ctx.run(promo.stop_offer(offer_id, reason=reason, actor=ctx.actor, at=ctx.now)))
    tell("cli.offer_stopped", offer_id=offer_id)


@offers.command()
@REASON
@click.option("--lift", is_flag=True, help="Let them on again, each as it was.")
@click.pass_context
def halt(context: click.Context, reason: str, lift: bool) -> None:
    """Halt all offers of the brand at once, or let them on again."""
    asked = promo.Halt(halted=not lift, reason=reason)
    in_house(context, lambda ctx: ctx.run(promo.halt(asked, actor=ctx.actor, at=ctx.now)))
    tell("cli.offers_let_on" if lift else "cli.offers_halted")


@offers.command("dry-run")
@OFFER
@click.option("--version", type=click.IntRange(min=1), help="Which version; the newest unless named.")
@click.option("--days", type=click.IntRange(1, ordering.DAYS_MAX), default=30, show_default=True, help="Days back.")
@click.option(
    "--orders",
    type=click.IntRange(1, ordering.ORDERS_MAX),
    default=ordering.ORDERS_MAX,
    show_default=True,
    help="Orders to price at most; of more, a sample.",
)
@click.pass_context
def dry_run(context: click.Context, offer_id: str, version: int | None, days: int, orders: int) -> None:
    """Tell what an offer would have cost with the orders of the last days; write nothing."""
    asked = ordering.DryRunAsked(version=version, days=days, orders_max=orders)
    said = language()

    async def run(ctx: Ctx) -> ordering.DryRun:
        return await ordering.dry_run(Ctx(ctx.process, ctx.actor, ctx.now, said), offer_id, asked)

    _show(in_house(context, run))


def _show(report: ordering.DryRun) -> None:
    tell(
        "cli.dry_run",
        orders=report.orders,
        read=report.read,
        affected=report.affected,
        cost_fen=report.cost_fen,
        estimate_fen=report.cost_estimate_fen,
        average_fen=report.average_saving_fen,
    )
    table = Table("store or time", "orders", "affected", "cost")
    for each in (*report.by_store, *report.by_daypart):
        table.add_row(each.key, str(each.orders), str(each.affected), yuan(each.cost_fen))
    out.print(table)
    for line in report.assumes:
        out.print(f"- {line}", markup=False)


COMMANDS = (offers,)
