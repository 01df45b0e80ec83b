"""What the kitchen makes of what is fired: the dish itself, or each part of a set meal at the station that makes it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from goodtaste.events.ordering import FiredLine, MovedLine, ReturnedLine
from goodtaste.kernel.ids import derived_id


class Made(msgspec.Struct, frozen=True):
    """Pieces that the kitchen makes, or leaves: `each` of them for a piece of `of_dish_id` on the bill.

    `of_set` is what the set meal is called of which they are a part, "" where they are none.
    """

    dish_id: str
    of_dish_id: str
    each: int
    sku_id: str
    name: str
    of_set: str
    qty: int
    options: list[str]
    note: str
    course: int
    guest: str


def part_id(dish_id: str, number: int) -> str:
    """Return the id by which a part of a set meal is known in the kitchen; parts are numbered from 1."""
    return derived_id(dish_id, f"part{number}")


def made_of(lines: Iterable[FiredLine | ReturnedLine]) -> list[Made]:
    """Return what is made of lines; the options of a set meal are said with each of its parts."""
    return [each for line in lines for each in _made(line)]


def _made(line: FiredLine | ReturnedLine) -> list[Made]:
    whole = Made(
        dish_id=line.dish_id,
        of_dish_id=line.dish_id,
        each=1,
        sku_id=line.sku_id,
        name=line.name,
        of_set="",
        qty=line.qty,
        options=line.options,
        note=line.note,
        course=line.course,
        guest=line.guest,
    )
    return [
        msgspec.structs.replace(
            whole,
            dish_id=part_id(line.dish_id, number),
            each=part.qty,
            sku_id=part.sku_id,
            name=part.name,
            of_set=line.name,
            qty=line.qty * part.qty,
        )
        for number, part in enumerate(line.parts, 1)
    ] or [whole]


def moved_of(line: MovedLine) -> list[tuple[str, int]]:
    """Return which dishes of the kitchen stand on another bill with a line, and how many pieces of each that it knows of."""
    fired = line.qty - line.held_qty  # what is held is not in the kitchen
    parts = [(part_id(line.dish_id, number), fired * part.qty) for number, part in enumerate(line.parts, 1)]
    return parts or [(line.dish_id, fired)]
