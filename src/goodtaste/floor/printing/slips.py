"""Slips of the kitchen, labels of cups and bags, pickup slips, and reports of a shift or a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

import msgspec

from goodtaste.floor.printing.paper import Block, Cells, Cut, Document, Feed, Qr, Rule, Text, row
from goodtaste.floor.printing.receipts import Both, said

Turn = Literal["fire", "hurry", "return"]
LABELS_MAX = 60  # of one job


class Dish(msgspec.Struct, frozen=True):
    """Pieces of a dish for the kitchen.  `course` is 0 where none was said; `guest` is what the table calls who ordered it; `of_set` the
    set meal of which it is a part.
    """

    name: str
    qty: int
    options: tuple[str, ...] = ()
    note: str = ""
    course: int = 0
    guest: str = ""
    of_set: str = ""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a station is told at once."""

    turn: Turn
    where: Both
    number: str
    station: str
    at: str
    dishes: tuple[Dish, ...]
    reason: str = ""


def kitchen(ticket: Ticket, *, english: bool) -> Document:
    """Return the slip of a station: dishes by course, remarks large enough to be read at the stove."""
    dishes = sorted(ticket.dishes, key=lambda each: each.course)
    body = [
        block
        for course, some in groupby(dishes, key=lambda each: each.course)
        for block in _course(course, list(some), english)
    ]
    return Document(
        (
            *(
                []
                if ticket.turn == "fire"
                else [Text(said(f"print.{ticket.turn}", english), "center", "big", bold=True)]
            ),
            Text(ticket.where.on(english), "center", "big", bold=True),
            row(ticket.number, ticket.at),
            *([Text(ticket.station)] if ticket.station else []),
            Rule(),
            *body,
            *([Text(said("print.reason", english, reason=ticket.reason), bold=True)] if ticket.reason else []),
            Feed(2),
            Cut(),
        )
    )


def _course(course: int, dishes: Sequence[Dish], english: bool) -> Iterator[Block]:
    if course:
        yield Text(said("print.course", english, course=course), "center", bold=True)
    for dish in dishes:
        yield Cells(dish.name, ((f"x{dish.qty}", 5),), "tall", bold=True)
        of_set = dish.of_set and f"[{dish.of_set}]"
        for each in (of_set, " · ".join(dish.options), dish.note and f"※ {dish.note}", dish.guest and f"@{dish.guest}"):
            if each:
                yield Text(f"  {each}", size="tall")
    yield Rule()


def labels(number: str, dishes: Sequence[Dish], *, at: str, english: bool) -> Document:
    """Return a label for each piece, with its number among them; at most `LABELS_MAX`."""
    pieces = [dish for dish in dishes for _ in range(dish.qty)][:LABELS_MAX]
    blocks: list[Block] = []
    for n, dish in enumerate(pieces, 1):
        blocks += [
            Cells(number, ((f"{n}/{len(pieces)}", 6),), "tall", bold=True),
            Text(dish.name, size="tall", bold=True),
            *([Text(f"[{dish.of_set}]")] if dish.of_set else []),
            *([Text(" · ".join(dish.options))] if dish.options else []),
            *([Text(f"※ {dish.note}")] if dish.note else []),
            Text(at),
            Cut(),
        ]
    return Document(tuple(blocks))


def pickup(number: str, *, where: Both, at: str, url: str, english: bool) -> Document:
    """Return the slip with which something is fetched."""
    return Document(
        (
            Text(said("print.pickup", english), "center"),
            Text(number, "center", "big", bold=True),
            Text(where.on(english), "center"),
            Text(at, "center"),
            *([Qr(url)] if url else []),
            Feed(),
            Cut(),
        )
    )


class Section(msgspec.Struct, frozen=True):
    """A part of a report: a heading and rows of a name and a value, both as they are to be printed."""

    title: str
    rows: tuple[tuple[str, str], ...]


def report(title: str, sections: Sequence[Section], *, signed_by: Sequence[str] = ()) -> Document:
    """Return a report, such as that of a shift (交班) or a day (Z), of rows that are given; each of `signed_by` gets a line to sign."""
    blocks: list[Block] = [Text(title, "center", "tall", bold=True), Rule()]
    for section in sections:
        blocks.append(Text(section.title, bold=True))
        blocks += [row(name, value) for name, value in section.rows]
        blocks.append(Rule())
    for name in signed_by:
        blocks += [Feed(), row(f"{name}:", "_" * 16)]
    return Document((*blocks, Feed(), Cut()))
