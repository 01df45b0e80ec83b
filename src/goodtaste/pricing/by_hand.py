"""What people take off a price by hand: dishes given free, and an amount or a share off a line or the whole bill.

Pieces that are given free stand outside of everything else: no offer counts them, no coupon is spent on them.  What is taken off comes
after offers and coupons, which are chosen as if there were none of it, and before points, fees and rounding; never more than is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from goodtaste.kernel.money import basis_points, share
from goodtaste.pricing.values import ByHand, Line, Priced, PricedLine, Reason


def given(by_hand: Sequence[ByHand], lines: Sequence[Line]) -> dict[int, int]:
    """Return how many pieces of each line are given free, at most those there are."""
    qty = {line.line_no: line.qty for line in lines}
    free: dict[int, int] = {}
    for each in by_hand:
        if each.kind == "gift" and each.line_no in qty:
            free[each.line_no] = min(qty[each.line_no], free.get(each.line_no, 0) + each.value)
    return free


def take_off(by_hand: Sequence[ByHand], lines: Sequence[Line], left: Sequence[int]) -> tuple[list[int], list[Reason]]:
    """Return what comes off each line by hand of what is `left` of it, and why; one after another, in the order given."""
    cut, reasons = [0] * len(left), list[Reason]()
    for each in by_hand:
        if each.kind == "gift":
            continue
        rest = [
            amount - off if each.line_no in (None, line.line_no) else 0
            for line, amount, off in zip(lines, left, cut, strict=True)
        ]
        base = sum(rest)
        saved = min(each.value, base) if each.kind == "amount" else basis_points(base, each.value)
        if saved:
            cut = [off + part for off, part in zip(cut, share(saved, weights=rest), strict=True)]
            reasons.append(Reason(f"hand_{each.kind}", saved, each.line_no, each.id))
    return cut, reasons


def put_back(
    priced: Priced, lines: Sequence[Line], units: Sequence[int], free: Mapping[int, int], by_hand: Sequence[ByHand]
) -> Priced:
    """Return a price of what is not given free, with the pieces that are."""
    bought = {line.line_no: line for line in priced.lines}
    whole, hand_fen, list_fen, saving_fen = list[PricedLine](), 0, 0, 0
    for line, unit in zip(lines, units, strict=True):
        pieces = free.get(line.line_no, 0)
        nothing = PricedLine(line.line_no, line.sku_id, 0, line.list_fen, unit, 0, 0, 0)
        found = bought.get(line.line_no, nothing)
        worth = unit * pieces
        whole.append(msgspec.structs.replace(found, qty=line.qty, hand_fen=found.hand_fen + worth))
        hand_fen += worth
        list_fen += line.list_fen * pieces
        saving_fen += (line.list_fen - unit) * pieces
    return msgspec.structs.replace(
        priced,
        lines=whole,
        reasons=[*priced.reasons, *_gifts(by_hand, lines, units, free)],
        list_fen=priced.list_fen + list_fen,
        member_saving_fen=priced.member_saving_fen + saving_fen,
        hand_fen=priced.hand_fen + hand_fen,
    )


def _gifts(
    by_hand: Sequence[ByHand], lines: Sequence[Line], units: Sequence[int], free: Mapping[int, int]
) -> list[Reason]:
    """Return a row for each gift, as many pieces of it as there are."""
    unit, left = {line.line_no: fen for line, fen in zip(lines, units, strict=True)}, dict(free)
    reasons = []
    for each in by_hand:
        if each.kind == "gift" and each.line_no is not None and (pieces := min(each.value, left.get(each.line_no, 0))):
            left[each.line_no] -= pieces
            reasons.append(Reason("hand_gift", unit[each.line_no] * pieces, each.line_no, each.id))
    return reasons
