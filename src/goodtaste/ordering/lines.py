"""Lines of an order: from a choice to a row, and the portions that a row stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from goodtaste.kernel.ids import derived_id
from goodtaste.menu import api as menu
from goodtaste.ordering.orders import LineRow, LineView
from goodtaste.pricing.api import Priced, PricedLine

_encode = msgspec.json.Encoder().encode
_takes = msgspec.json.Decoder(dict[str, int])


def dish_id_of(owner: str, line_no: int) -> str:
    """Return the id by which the pieces of a line are known for ever; `owner` is the order or round that brings it."""
    return derived_id(owner, f"dish{line_no}")


def line_view(priced: PricedLine, chosen: menu.Chosen, *, round_: int, owner: str) -> LineView:
    """Return a line as it is shown when it is placed, by the order or round `owner`."""
    return LineView(
        line_no=priced.line_no,
        round=round_,
        sku_id=priced.sku_id,
        name=chosen.name,
        words=chosen.words,
        qty=priced.qty,
        list_fen=priced.list_fen,
        unit_fen=priced.unit_fen,
        offer_fen=priced.offer_fen,
        coupon_fen=priced.coupon_fen,
        points_fen=priced.points_fen,
        rounding_fen=priced.rounding_fen,
        due_fen=priced.due_fen,
        refunded_qty=0,
        choice=chosen.choice,
        dish_id=dish_id_of(owner, priced.line_no),
        ordered_qty=priced.qty,
        held_qty=priced.qty if chosen.choice.hold else 0,
        hand_fen=priced.hand_fen,
        carbon_g=chosen.carbon_g,
    )


def gift_views(priced: Priced, *, after: int, round_: int, book: menu.MenuBook, owner: str) -> list[LineView]:
    """Return the gifts of a price as lines that cost nothing, numbered on from the line `after`; `owner` is what brings them."""
    return [
        LineView(
            line_no=line_no,
            round=round_,
            sku_id=each.sku_id,
            name=(name := book.dish[book.sku[each.sku_id].dish_id].name),
            words=menu.Words(name),
            qty=each.qty,
            list_fen=0,
            unit_fen=0,
            offer_fen=0,
            coupon_fen=0,
            points_fen=0,
            rounding_fen=0,
            due_fen=0,
            refunded_qty=0,
            choice=menu.Choice(sku_id=each.sku_id, qty=each.qty),
            dish_id=dish_id_of(owner, line_no),
            ordered_qty=each.qty,
            held_qty=0,
            carbon_g=book.dish[book.sku[each.sku_id].dish_id].carbon_g,
        )
        for line_no, each in enumerate(priced.gifts, after + 1)
    ]


def line_row(order_id: str, shown: LineView, takes: Mapping[str, int]) -> dict[str, Any]:
    """Return a line as it is stored; what a piece takes is written down where it is more than the SKU itself."""
    row = msgspec.structs.asdict(shown)
    row["order_id"] = order_id
    row["choice"] = _encode(shown.choice).decode()
    row["words"] = "" if shown.words == menu.Words(shown.name) else _encode(shown.words).decode()
    each = {sku_id: taken // shown.qty for sku_id, taken in takes.items()}
    row["takes"] = _encode(each).decode() if len(each) > 1 else ""
    return row


def portions(parts: Iterable[tuple[LineRow, int]]) -> dict[str, int]:
    """Return the portions by SKU that `qty` pieces of each line stand for."""
    found: dict[str, int] = {}
    for line, qty in parts:
        takes = _takes.decode(line.takes) if line.takes else {line.sku_id: 1}
        for sku_id, taken in takes.items():
            found[sku_id] = found.get(sku_id, 0) + taken * qty
    return found
