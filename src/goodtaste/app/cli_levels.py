"""`goodtaste levels`: the level plan shown, checked and saved, from the command line."""

from __future__ import annotations

from typing import BinaryIO

import click
import msgspec

from goodtaste.app.cli_house import in_house
from goodtaste.app.cli_words import from_json, out, tell
from goodtaste.member import level_plan

FILE = click.argument("file", type=click.File("rb"))


@click.group()
def levels() -> None:
    """See the level plan, check a new one, save it."""


@levels.command()
@click.pass_context
def show(context: click.Context) -> None:
    """Show the level plan that holds, as JSON; with a reason it is what `check` and `save` take."""
    found = in_house(context, lambda ctx: ctx.query(level_plan.plan()))
    plan = {"version": found.version, "reason": found.reason, "levels": found.levels}
    plan |= msgspec.structs.asdict(found.terms)
    out.print(msgspec.json.format(msgspec.json.encode(plan), indent=1).decode(), markup=False)


@levels.command()
@FILE
@click.pass_context
def check(context: click.Context, file: BinaryIO) -> None:
    """Tell what is wrong with the plan in FILE, if anything; write nothing."""
    asked = from_json(file, level_plan.PlanAsked)
    in_house(context, lambda ctx: ctx.query(level_plan.check_plan(asked, actor=ctx.actor, at=ctx.now)))
    tell("cli.level_plan_good")


@levels.command()
@FILE
@click.pass_context
def save(context: click.Context, file: BinaryIO) -> None:
    """Save the plan in FILE, JSON as `PUT /v1/level-plan` takes it; a running house carries it out."""
    asked = from_json(file, level_plan.PlanAsked)
    saved = in_house(context, lambda ctx: ctx.run(level_plan.save_plan(asked, actor=ctx.actor, at=ctx.now)))
    tell("cli.level_plan_saved", version=saved.version)


COMMANDS = (levels,)
