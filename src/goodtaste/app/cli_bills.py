"""`goodtaste books`: the bills of the gateways, read and matched, and what differs."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click
from rich.table import Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import out, tell
from goodtaste.kernel.context import Ctx
from goodtaste.payment import api as payments

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def books() -> None:
    """Hold the bills of the gateways against our books."""


@books.command()
@click.option("--method", required=True, help="The gateway, such as wechat_pay.")
@click.option("--day", required=True, type=DAY, metavar="DATE", help="The gateway's day, in China.")
@click.pass_context
def reconcile(context: click.Context, method: str, day: datetime) -> None:
    """Have a gateway make its bill of a day, and match it; run again it changes nothing that stands."""
    _show(in_house(context, lambda ctx: payments.fetch_bill(ctx, method, day.date())))


@books.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--method", required=True, help="The gateway, such as wechat_pay.")
@click.option("--day", required=True, type=DAY, metavar="DATE", help="The gateway's day, in China.")
@click.pass_context
def import_(context: click.Context, file: Path, method: str, day: datetime) -> None:
    """Match a bill from a file: WeChat Pay's bill of trades, or CSV (kind,payment_id,refund_id,gateway_ref,amount_fen,fee_fen,at)."""
    _show(in_house(context, lambda ctx: _import(ctx, file.read_bytes(), method, day.date())))


@books.command()
@click.option(
    "--state",
    type=click.Choice(["open", "explained", "resolved"]),
    default="open",
    show_default=True,
    help="Those that wait, were explained by a later bill, or resolved by a person.",
)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Newest differences to show.")
@click.pass_context
def differences(context: click.Context, state: str, limit: int) -> None:
    """Show what differs between our books and the bills, newest first."""
    found = in_house(context, lambda ctx: ctx.query(payments.differences(state, before="", limit=limit)))
    table = Table("day", "method", "what", "kind", "number", "ours", "theirs", "owner", "reason")
    for each in found.differences:
        fens = ["-" if fen is None else str(fen) for fen in (each.ours_fen, each.theirs_fen)]
        table.add_row(
            str(each.day), each.method, each.direction, each.kind, each.number, *fens, each.owner, each.reason
        )
    out.print(table)


async def _import(ctx: Ctx, file: bytes, method: str, day: date) -> payments.Reconciled:
    return await payments.match_file(ctx, file, method, day)


def _show(found: payments.Reconciled) -> None:
    table = Table("method", "day", "lines", "came", "went back", "fees")
    kept = found.bill
    sums = (kept.lines, kept.paid_fen, kept.refunded_fen, kept.fee_fen)
    table.add_row(kept.method, str(kept.day), *map(str, sums))
    out.print(table)
    tell(
        "cli.bill_matched",
        agree=found.agree,
        opened=found.opened,
        explained=found.explained,
        waiting=found.waiting,
    )


COMMANDS = [books]
