"""Dishes that members mark as their favourites, and which of them are cheaper for it.

A member chooses them alone, so the program bounds what that is worth: the reduction counts for the few that were marked first, and for
each only some days after it was marked.  Whoever marks a dish at the table, or changes their favourites each day, gains nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, select

from goodtaste.kernel.db import GuardBroken, Id, Int, Moment, Query, Read, Steps, change, insert, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.member.rules import Program
from goodtaste.member.tables import favourite
from goodtaste.menu.api import DishUnknown, MenuBook

MARKED_MAX = 50


class FavouritesFull(Refusal):
    """Raised when a member would mark more dishes than there is room for.  Facts: `most`."""

    code = "member.favourites_full"
    guards = ("member_favourite_full",)


class FavouriteDish(msgspec.Struct, frozen=True):
    """A favourite that is cheaper for its member."""

    dish_id: str


class Favourite(msgspec.Struct, frozen=True):
    """A dish that was marked; `off_bp` of its list price come off for its member from `counts_from_at` on, null where none will."""

    dish_id: str
    marked_at: datetime
    off_bp: int
    counts_from_at: datetime | None


class _Marked(msgspec.Struct, frozen=True):
    dish_id: str
    nth: int
    marked_at: datetime


_MINE = favourite.c.member_id == par("member_id", Id)
_OLDEST = (favourite.c.marked_at, favourite.c.dish_id)
MARKED = Read(
    select(favourite.c.dish_id, favourite.c.nth, favourite.c.marked_at)
    .where(_MINE)
    .order_by(*_OLDEST)
    .limit(MARKED_MAX),
    _Marked,
)
CHEAPER = Read(
    select(favourite.c.dish_id)
    .where(_MINE, favourite.c.marked_at <= par("by", Moment))
    .order_by(*_OLDEST)
    .limit(par("limit", Int)),
    FavouriteDish,
)
MARK = insert(favourite)
UNMARK = change(delete(favourite).where(_MINE, favourite.c.dish_id == par("dish_id", Id)))


def cheaper(member_id: str, *, program: Program, at: datetime) -> list[Query[FavouriteDish]]:
    """Return the query of the favourites that are cheaper for a member now; none where the program has no such price."""
    if not program.favourite_bp or not program.favourites_max:
        return []
    by = at - timedelta(days=program.favourite_days)
    return [CHEAPER(member_id=member_id, by=by, limit=program.favourites_max)]


def _shown(marked: list[_Marked], program: Program) -> list[Favourite]:
    wait, found = timedelta(days=program.favourite_days), []
    for n, each in enumerate(marked):
        counts = program.favourite_bp > 0 and n < program.favourites_max
        from_at = each.marked_at + wait if counts else None
        found.append(Favourite(each.dish_id, each.marked_at, program.favourite_bp if counts else 0, from_at))
    return found


@script
def of_member(member_id: str, *, program: Program) -> Steps[list[Favourite]]:
    """Return a member's favourites, in the order in which they were marked."""
    return _shown((yield from rows(MARKED(member_id=member_id))), program)


@script
def mark(member_id: str, dish_id: str, *, book: MenuBook, program: Program, at: datetime) -> Steps[list[Favourite]]:
    """Mark a dish, and return all favourites; one that is marked stays as it is.  Refuses `DishUnknown`, `FavouritesFull`."""
    if dish_id not in book.dish:
        raise DishUnknown(dish_id=dish_id)
    marked = yield from rows(MARKED(member_id=member_id))
    if any(each.dish_id == dish_id for each in marked):
        return _shown(marked, program)
    free = {*range(1, MARKED_MAX + 1)} - {each.nth for each in marked}
    if not free:
        raise FavouritesFull(most=MARKED_MAX)
    new = _Marked(dish_id, min(free), at)
    try:
        yield [MARK(member_id=member_id, **msgspec.structs.asdict(new))]
    except GuardBroken as broken:
        if broken.name not in ("member_favourite_pkey", "member_favourite_nth"):
            raise
        return (yield from mark(member_id, dish_id, book=book, program=program, at=at))
    return _shown([*marked, new], program)


@script
def unmark(member_id: str, dish_id: str) -> Steps[None]:
    """Take a mark off a dish; marked again, it has to wait again."""
    yield [UNMARK(member_id=member_id, dish_id=dish_id)]
