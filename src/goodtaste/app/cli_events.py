"""`goodtaste events`: the desk of dead letters, from the command line."""

from __future__ import annotations

from typing import TextIO, TypeVar

import click
from rich.table import Table

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import out, stop, tell
from goodtaste.channel import api as channel
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import is_id

T = TypeVar("T")

REASON = click.option("--reason", required=True, help="Why; the audit log keeps it.")
LETTER = click.argument("letter_id", metavar="LETTER")


def _checked(letter_id: str) -> str:
    if not is_id(letter_id):
        stop("cli.not_an_id", given=letter_id)
    return letter_id


@click.group()
def events() -> None:
    """Look at dead letters: events and orders from outside that could not be digested; replay or discard them."""


@events.command("list")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Newest letters to show.")
@click.pass_context
def list_(context: click.Context, limit: int) -> None:
    """List dead letters, newest first."""
    found = in_house(context, lambda ctx: ctx.query(channel.page(before="", limit=limit)))
    table = Table("letter", "at", "topic", "handler", "tries", "error")
    for each in found.letters:
        at = each.at.isoformat(timespec="seconds")
        table.add_row(each.id, at, each.topic, each.handler, str(each.tries), each.error[:120])
    out.print(table)


@events.command()
@LETTER
@click.pass_context
def show(context: click.Context, letter_id: str) -> None:
    """Show a dead letter with its body and the last error."""
    letter = in_house(context, lambda ctx: ctx.query(channel.one(_checked(letter_id))))
    for name in letter.__struct_fields__:
        out.print(f"{name:10} {getattr(letter, name)}", markup=False)


@events.command()
@LETTER
@REASON
@click.option("--body", type=click.File("r", encoding="utf-8"), help="File with the body as it should have been.")
@click.pass_context
def replay(context: click.Context, letter_id: str, reason: str, body: TextIO | None) -> None:
    """Replay a dead letter for the handler that failed, or take the order that it holds."""
    asked = channel.Replay(reason=reason, body=body.read() if body else None)
    done = in_house(context, lambda ctx: channel.replay_letter(ctx, _checked(letter_id), asked))
    tell("cli.letter_replayed", letter_id=done.letter_id, order_id=done.order_id or "-")


@events.command()
@LETTER
@REASON
@click.pass_context
def discard(context: click.Context, letter_id: str, reason: str) -> None:
    """Discard a dead letter for good; the audit log keeps what it said."""

    async def work(ctx: Ctx) -> None:
        asked = channel.Discard(reason=reason)
        await ctx.run(channel.discard_letter(_checked(letter_id), asked, actor=ctx.actor, at=ctx.now))

    in_house(context, work)
    tell("cli.letter_discarded", letter_id=letter_id)


COMMANDS = [events]
