"""An order as an event tells it, and what of it the kitchen is to make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from goodtaste.events.ordering import (
    FiredLine,
    LinesFired,
    MovedLine,
    OrderLine,
    OrderPaid,
    OrderPlaced,
    PartsChanged,
    ReturnedLine,
    SetPart,
)
from goodtaste.menu.api import Choice, Words
from goodtaste.ordering.orders import LineRow, LineView, OrderRow, OrderView, words_of
from goodtaste.payment import api as payments

_choice = msgspec.json.Decoder(Choice).decode


def stream(order: OrderRow | OrderView) -> str:
    """Return whose events those of an order are ordered with: as it began, whoever's it is now, else its member's, or its own."""
    return order.stream_of or order.member_id or order.id


def told_lines(lines: Sequence[LineView] | Sequence[LineRow]) -> list[OrderLine]:
    """Return lines as an event tells them."""
    return [OrderLine(each.line_no, each.sku_id, each.qty, each.due_fen) for each in lines]


def sent(order: OrderRow | OrderView) -> bool:
    """Tell whether the kitchen knows of an order: a bill to be paid later from the beginning, any other once it is paid, or being made."""
    waits = order.paid_at is None and order.state in ("placed", "cancelled")
    return not order.pay_first or order.reopens is not None or not waits


def fired(pieces: Iterable[tuple[LineView | LineRow, int]]) -> tuple[FiredLine, ...]:
    """Return pieces of lines as the kitchen is told to make them."""
    return tuple(_fired(line, qty) for line, qty in pieces if qty)


def not_held(lines: Iterable[LineView | LineRow]) -> tuple[FiredLine, ...]:
    """Return what of lines is to be made as soon as the kitchen knows of them."""
    return fired((each, each.qty - each.held_qty) for each in lines)


def choice_of(line: LineView | LineRow) -> Choice:
    """Return what was asked for by a line."""
    return _choice(line.choice) if isinstance(line, LineRow) else line.choice


def _fired(line: LineView | LineRow, qty: int) -> FiredLine:
    return FiredLine(dish_id=line.dish_id, line_no=line.line_no, qty=qty, **_said(line))


def _said(line: LineView | LineRow) -> dict[str, Any]:
    """Return what the kitchen is told of the pieces of a line beside how many they are."""
    choice, words = choice_of(line), words_of(line)
    return {
        "sku_id": line.sku_id,
        "name": words.name,
        "options": words.options,
        "note": choice.note,
        "course": choice.course,
        "guest": choice.guest,
        "parts": _parts(words),
    }


def _parts(words: Words) -> list[SetPart]:
    return [SetPart(each.sku_id, each.name, each.qty) for each in words.parts]


def returned(line: LineRow, qty: int, *, from_held: bool) -> ReturnedLine:
    """Return pieces of a line as the kitchen is told that they are not wanted any more."""
    return ReturnedLine(dish_id=line.dish_id, qty=qty, from_held=from_held, **_said(line))


def moved(line: LineRow) -> MovedLine:
    """Return the pieces of a line as the kitchen is told that they stand on another bill."""
    return MovedLine(line.dish_id, line.qty, line.held_qty, _parts(words_of(line)))


def lines_fired(order: OrderRow, lines: Sequence[FiredLine]) -> LinesFired:
    """Return the event that held pieces are to be made now."""
    return LinesFired(
        order_id=order.id,
        stream=stream(order),
        store_id=order.store_id,
        table_id=order.table_id,
        kind=order.kind,
        channel=order.channel,
        lines=list(lines),
    )


def paid(
    order: OrderRow | OrderView, lines: Sequence[LineView] | Sequence[LineRow], *, points_earned: int
) -> OrderPaid:
    """Return the event that an order was paid; `order` is as it was before, or as it is made and paid in one act.

    It fires what the kitchen does not know yet; of an order that was over before it came here, nothing.
    """
    known = sent(order) if order.paid_at is None else order.state != "placed"
    return OrderPaid(
        order_id=order.id,
        stream=stream(order),
        store_id=order.store_id,
        member_id=order.member_id,
        kind=order.kind,
        channel=order.channel,
        table_id=order.table_id,
        paid_fen=order.due_fen,
        points_spent=order.points,
        points_earned=points_earned,
        coupon_ids=order.coupon_ids,
        business_date=order.business_date,
        lines=told_lines(lines),
        fired=() if known else not_held(lines),
    )


def parts_changed(part: payments.Payment, sums: payments.Split) -> PartsChanged:
    """Return the event that a part of a bill changed what its parts bring together."""
    return PartsChanged(part.order_id, part.stream, part.store_id, sums.captured_fen, sums.pending_fen)


def placed(order: OrderView, *, fires: bool = True) -> OrderPlaced:
    """Return the event that an order was placed, to be paid later; one that has been made of others `fires` nothing."""
    return OrderPlaced(
        order_id=order.id,
        stream=stream(order),
        store_id=order.store_id,
        member_id=order.member_id,
        kind=order.kind,
        channel=order.channel,
        table_id=order.table_id,
        due_fen=order.due_fen,
        business_date=order.business_date,
        lines=told_lines(order.lines),
        fired=not_held(order.lines) if fires and sent(order) else (),
    )
