"""What a store prints by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select, update

from goodtaste.floor.printing.tables import print_habit
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Flag, Id, Int, Read, Steps, first, insert, par, script
from goodtaste.kernel.db import change as _change
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input


class HabitChanged(Refusal):
    """Raised when what a store prints was changed since it was read.  Facts: `version`."""

    code = "floor.print_habit_changed"
    guards = ("floor_print_habit_as_seen",)


class Habit(msgspec.Struct, frozen=True):
    """What a store prints by itself: `receipts` of orders that are paid; `english` beside the Chinese."""

    receipts: bool = True
    english: bool = False
    version: int = 0


class HabitAsked(Input, frozen=True):
    """What a store is to print by itself; `version` is what was read."""

    receipts: bool
    english: bool
    version: Annotated[int, msgspec.Meta(ge=0)]


USUAL = Habit()
ONE = Read(
    select(*[print_habit.c[name] for name in Habit.__struct_fields__]).where(
        print_habit.c.store_id == par("store_id", Id)
    ),
    Habit,
)
FIRST = insert(print_habit)
CHANGE = _change(
    update(print_habit)
    .where(print_habit.c.store_id == par("store_id", Id), print_habit.c.version == par("version", Int) - 1)
    .values(receipts=par("receipts", Flag), english=par("english", Flag), version=par("version", Int)),
    guard="floor_print_habit_as_seen",
)


@script
def of_store(store_id: str, *, actor: Actor) -> Steps[Habit]:
    """Return what a store prints by itself.  Refuses `NotAllowed`."""
    actor.need("print.read", store_id=store_id)
    return (yield from first(ONE(store_id=store_id))) or USUAL


@script
def change(store_id: str, asked: HabitAsked, *, actor: Actor, at: datetime) -> Steps[Habit]:
    """Change what a store prints by itself.  Refuses `HabitChanged` and `NotAllowed`."""
    actor.need("printer.edit", store_id=store_id)
    found = (yield from first(ONE(store_id=store_id))) or USUAL
    if found.version != asked.version:
        raise HabitChanged(version=found.version)
    made = Habit(asked.receipts, asked.english, found.version + 1)
    yield [
        (CHANGE if found.version else FIRST)(store_id=store_id, **msgspec.structs.asdict(made)),
        audit.note(
            actor,
            "floor.print_habit_changed",
            subject=f"store/{store_id}",
            store_id=store_id,
            at=at,
            receipts=made.receipts,
            english=made.english,
        ),
    ]
    return made


async def of(ctx: Ctx, store_id: str) -> Habit:
    """Return what a store prints by itself, for who makes its documents."""
    return await ctx.db.first(ONE(store_id=store_id)) or USUAL
