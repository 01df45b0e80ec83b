"""What pieces of an order are worth when they come back: money, points, and what is given back to the budgets of offers.

Pure.  Refunds in any order and any split add up to exactly what was paid, without what was given as a donation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input
from goodtaste.kernel.money import part_of
from goodtaste.ordering import rules
from goodtaste.ordering.kept import Kept, kept_of
from goodtaste.ordering.orders import LineRow, OrderRow
from goodtaste.pricing import api as pricing

LINE_NO_MAX = 10_000  # gifts that came and went have left numbers behind them


class NotRefundable(Refusal):
    """Raised when an order was not paid, or has nothing left to refund.  Facts: `order_id`, `pay_state`."""

    code = "ordering.not_refundable"


class BadRefund(Refusal):
    """Raised when lines are to be refunded that the order does not have, or more pieces than are left.

    Facts: `line_no`, `left`, `asked`.
    """

    code = "ordering.bad_refund"
    status = 422
    guards = ("ordering_line_refunded", "ordering_order_refunded")


class Piece(Input, frozen=True):
    """So many pieces of a line."""

    line_no: Annotated[int, msgspec.Meta(ge=1, le=LINE_NO_MAX)]
    qty: Annotated[int, msgspec.Meta(ge=1, le=pricing.QTY_MAX)]


class Worth(msgspec.Struct, frozen=True):
    """What pieces of an order are worth when they come back.

    `pieces`: each line with how many and their fen; `fee_fen`: the fees that come back; `offers`: the fen that go back to the budget of
    each offer; `lost`: what an offer whose threshold is lost by it takes out of it, or gives again;
    `policies`: which policy each offer and coupon with a threshold follows.
    """

    pieces: list[tuple[LineRow, int, int]]
    fee_fen: int
    amount_fen: int
    points_back: int
    points_taken: int
    offers: dict[str, int]
    lost: dict[str, int]
    whole: bool
    policies: dict[str, pricing.Policy]

    def ends(self, found: OrderRow) -> bool:
        """Tell whether an order is over with this: nothing is left of it, and nobody has begun to make it."""
        return self.whole and "cancelled" in rules.possible(found.kind, found.state)


def worth(
    found: OrderRow, lines: Sequence[LineRow], pieces: Sequence[Piece], *, policy: pricing.Policy | None = None
) -> Worth:
    """Return what `pieces` (all that is left, if none are named) are worth; refuses `BadRefund` and `NotRefundable`.

    Each piece brings back what it cost, less what is lost with a threshold, where the policy says so: that of the offer, else of the order.
    Fees come back with the last piece; a donation stays given.  With `policy`, as it would be if everything on the order followed that.
    """
    if found.pay_state not in ("paid", "partly_refunded"):
        raise NotRefundable(order_id=found.id, pay_state=found.pay_state)
    lines = [each for each in lines if each.qty]
    wanted = _wanted(lines, pieces)
    if not wanted:
        raise NotRefundable(order_id=found.id, pay_state=found.pay_state)
    kept = kept_of(found.applied)
    if policy:
        applied = tuple(msgspec.structs.replace(each, refund_policy=policy) for each in kept.applied)
        kept = msgspec.structs.replace(kept, policy=policy, applied=applied)
    returned = {each.line_no: each.refunded_qty for each in lines}
    now = {each.line_no: qty for each, qty in wanted}
    frozen = _frozen(found, lines, kept)
    made = pricing.refund(frozen, returned=returned, now=now, policy=kept.policy)
    by_points = sum(part_of(each.points_fen, done=each.refunded_qty, more=qty, of=each.qty) for each, qty in wanted)
    points_before = sum(part_of(each.points_fen, done=0, more=each.refunded_qty, of=each.qty) for each in lines)
    fen = {each.line_no: each.amount_fen for each in made.lines}
    return Worth(
        pieces=[(each, qty, fen[each.line_no]) for each, qty in wanted],
        fee_fen=made.fees_fen,
        amount_fen=made.amount_fen,
        points_back=_running(found.points, before=points_before, more=by_points, of=found.points_fen),
        points_taken=_running(
            found.points_earned, before=found.refunded_fen, more=made.amount_fen, of=found.due_fen - found.donation_fen
        ),
        offers=_of_offers(kept, wanted),
        lost={each.offer_id: each.lost_fen for each in made.lost},
        whole=all(each.refunded_qty + now.get(each.line_no, 0) == each.qty for each in lines),
        policies=pricing.policies(frozen, kept.policy),
    )


def _frozen(found: OrderRow, lines: Sequence[LineRow], kept: Kept) -> pricing.Frozen:
    parts = [pricing.FrozenLine(each.line_no, each.qty, each.due_fen) for each in lines]
    fees_fen = found.due_fen - found.donation_fen - sum(each.due_fen for each in lines)
    return pricing.Frozen(parts, kept.applied, fees_fen)


def _of_offers(kept: Kept, wanted: Sequence[tuple[LineRow, int]]) -> dict[str, int]:
    """Return what the pieces give back to the budget of each offer: their share of what it saved on their line."""
    by_no = {each.line_no: (each, qty) for each, qty in wanted}
    back: dict[str, int] = {}
    for applied in kept.applied:
        if applied.lane == pricing.COUPON_LANE:
            continue
        fen = 0
        for each in applied.shares:
            if each.line_no in by_no:
                line, qty = by_no[each.line_no]
                fen += part_of(each.saved_fen, done=line.refunded_qty, more=qty, of=line.qty)
        back[applied.offer_id] = fen
    return back


def _running(total: int, *, before: int, more: int, of: int) -> int:
    return part_of(total, done=before, more=more, of=of) if of else 0


def _wanted(lines: Sequence[LineRow], pieces: Sequence[Piece]) -> list[tuple[LineRow, int]]:
    if not pieces:
        return [(each, each.qty - each.refunded_qty) for each in lines if each.qty > each.refunded_qty]
    by_no = {each.line_no: each for each in lines}
    wanted: dict[int, int] = {}
    for piece in pieces:
        wanted[piece.line_no] = wanted.get(piece.line_no, 0) + piece.qty
    for line_no, qty in wanted.items():
        left = by_no[line_no].qty - by_no[line_no].refunded_qty if line_no in by_no else 0
        if qty > left:
            raise BadRefund(line_no=line_no, left=left, asked=qty)
    return [(by_no[line_no], qty) for line_no, qty in wanted.items()]
