"""The cart that the phones at a table share: each change is of one line, and the line's later version wins, in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from sqlalchemy import update

from goodtaste.floor.live import topics
from goodtaste.floor.seating.rows import (
    CART_COUNT,
    CART_LINES,
    AtTable,
    CartRow,
    Many,
    SeatingRow,
    at_table,
    stays,
)
from goodtaste.floor.seating.tables import cart_line
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Int, Steps, Str, change, insert, par, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import Input
from goodtaste.menu import api as menu
from goodtaste.ordering import api as ordering
from goodtaste.pricing import api as pricing

CART_MAX = 100  # lines at once
KEPT_MAX = 2_000  # lines that were taken out of one cart
CHANGES_MAX = 10_000  # versions of one line
CHANNEL: pricing.Channel = "table_qr"


class LineChanged(Refusal):
    """Raised when another phone changed a line at the same moment.  Facts: `line` (as it stands now)."""

    code = "floor.line_changed"


class LineSent(Refusal):
    """Raised for a line that was ordered by now.  Facts: `line_id`."""

    code = "floor.line_sent"


class CartFull(Refusal):
    """Raised when a cart would have more lines than it may.  Facts: `limit`."""

    code = "floor.cart_full"


class PutLine(Input, frozen=True):
    """What a phone sends about one line: what it is to be, or null where it is taken out.

    `version` is one more than that of the line the phone saw, 1 for a new one.
    """

    version: Annotated[int, msgspec.Meta(ge=1, le=CHANGES_MAX)]
    choice: menu.Choice | None


class CartLine(msgspec.Struct, frozen=True):
    """A line of the cart; `unit_fen` is what one piece costs before offers, `fault` the refusal that stands against it now."""

    id: str
    guest_id: str
    version: int
    choice: menu.Choice
    name: str
    unit_fen: int
    fault: str | None


class LineState(msgspec.Struct, frozen=True):
    """A line as it stands after a change: `open`, `sent` or `gone`."""

    id: str
    guest_id: str
    version: int
    state: str
    choice: menu.Choice | None


NEW_LINE = insert(cart_line)
CHANGED = change(
    update(cart_line)
    .where(cart_line.c.id == par("id", Id), cart_line.c.version == par("seen", Int), cart_line.c.state != "sent")
    .values(choice=par("choice", Str), version=par("version", Int), state=par("state", Str)),
    guard="floor_seating_moved",
)
_choice: msgspec.json.Decoder[menu.Choice | None] = msgspec.json.Decoder(menu.Choice | None)
_text = msgspec.json.Encoder().encode


@script
def put_line(line_id: str, asked: PutLine, *, guest_id: str, epoch: int, place: ordering.WhereOf) -> Steps[LineState]:
    """Make, change or take out one line of the cart; what an older version says is passed over.

    Sent again it changes nothing.  Refuses `LineChanged`, `LineSent`, `CartFull`, and what the menu refuses.
    """
    who = yield from at_table(guest_id, epoch)
    seating = who.seating
    found, count, gone = yield from together(
        CART_LINES(ids=[line_id]),
        CART_COUNT(seating_id=seating.id, state="open"),
        CART_COUNT(seating_id=seating.id, state="gone"),
    )
    text = _text(asked.choice).decode()
    if found:
        before = found[0]
        if before.seating_id != seating.id:
            raise IdTaken(id=line_id)
        if asked.version < before.version or (asked.version == before.version and text == before.choice):
            return state_of(before)
        if before.state == "sent":
            raise LineSent(line_id=line_id)
        if asked.version == before.version:
            raise LineChanged(line=msgspec.to_builtins(state_of(before)))
    if asked.choice is not None:
        where = place(seating.store_id)
        where.book.choose(
            [asked.choice], store_id=seating.store_id, channel=CHANNEL, zone=where.calendar.zone, at=where.at
        )
    row = _after(line_id, asked, found, who, text)
    _fits(row, found, count[0], gone[0])
    fields = {"id": line_id, "choice": text, "version": row.version, "state": row.state}
    yield [
        CHANGED(**fields, seen=found[0].version)
        if found
        else NEW_LINE(**fields, seating_id=seating.id, guest_id=row.guest_id, round_id=None),
        *stays(who),
        topics.moved(topics.seating_of(seating.id)),
    ]
    return state_of(row)


def _after(line_id: str, asked: PutLine, found: Sequence[CartRow], who: AtTable, text: str) -> CartRow:
    state = "gone" if asked.choice is None else "open"
    guest_id = found[0].guest_id if found else who.guest.id
    return CartRow(line_id, who.seating.id, guest_id, text, asked.version, state, None)


def _fits(row: CartRow, found: Sequence[CartRow], count: Many, gone: Many) -> None:
    was = found[0].state if found else ""
    if row.state == "open" and was != "open" and count.n >= CART_MAX:
        raise CartFull(limit=CART_MAX)
    if row.state == "gone" and was != "gone" and gone.n >= KEPT_MAX:
        raise CartFull(limit=KEPT_MAX)


def state_of(row: CartRow) -> LineState:
    """Return a line as it is told to phones."""
    return LineState(row.id, row.guest_id, row.version, row.state, _choice.decode(row.choice))


def choice_of(row: CartRow) -> menu.Choice:
    """Return what a line that is not gone asks for."""
    found = _choice.decode(row.choice)
    if found is None:
        raise ValueError(f"the line {row.id} is gone")
    return found


def shown(rows: Sequence[CartRow], seating: SeatingRow, where: ordering.Place) -> list[CartLine]:
    """Return lines with their names and prices; one that cannot be ordered now says why."""
    lines = []
    for row in rows:
        choice, name, unit_fen, fault = choice_of(row), "", 0, None
        try:
            [chosen] = where.book.choose(
                [choice], store_id=seating.store_id, channel=CHANNEL, zone=where.calendar.zone, at=where.at
            )
            name, unit_fen = chosen.name, _unit_fen(chosen.line, is_member=seating.member_id is not None)
        except (menu.NotOnMenu, menu.BadChoice) as refused:
            fault = refused.code
        lines.append(CartLine(row.id, row.guest_id, row.version, choice, name, unit_fen, fault))
    return lines


def _unit_fen(line: pricing.Line, *, is_member: bool) -> int:
    return min(line.list_fen, line.member_fen) if is_member and line.member_fen is not None else line.list_fen


def cart_of(lines: Sequence[menu.Choice], seating: SeatingRow, *, table_id: str | None, first: bool) -> ordering.Cart:
    """Return lines as a cart to be priced by itself; only the first order of a party pays for its seats."""
    return ordering.Cart(
        store_id=seating.store_id,
        channel=CHANNEL,
        lines=tuple(lines),
        kind="dine_in",
        table_id=table_id,
        party=seating.party if first else None,
        member_id=seating.member_id,
        no_coupon=True,
    )


def is_first(bills: Sequence[ordering.BillRow] | Sequence[ordering.TableBill]) -> bool:
    """Tell whether a party has no bill yet that stands, so that the next one has its seats."""
    return all(each.state == "cancelled" for each in bills)


def on_behalf(guest_id: str) -> Actor:
    """Return who orders for a table: the house, for the phone whose right to its cart was checked."""
    return Actor("system", guest_id)
