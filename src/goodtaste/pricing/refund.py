"""What comes back when pieces of a priced order are returned: under either policy the same, in whatever order and parts they return.

The price is frozen: no offer is looked for again.  Each piece carries its part of what was paid, so `threshold_kept` gives that part back.
Under `threshold_lost` an offer whose threshold what stays no longer reaches is charged again on what stays; it is taken out
of what comes back, but never more of it than was worth the pieces returned beyond those that the threshold could spare.  So nobody
pays to return something, the refunds of all pieces are what was paid, and several refunds bring as much as one.  An offer or a coupon
may have a policy of its own; the others follow that of the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from goodtaste.kernel.money import part_of, share
from goodtaste.pricing.offers import RefundPolicy
from goodtaste.pricing.values import COUPON_LANE, Applied, Coupon, Line, Priced, Share

Policy = RefundPolicy


class FrozenLine(msgspec.Struct, frozen=True):
    """A line of a priced order: so many pieces for `due_fen` in all."""

    line_no: int
    qty: int
    due_fen: int


class Frozen(msgspec.Struct, frozen=True):
    """What a return must know of a price: its lines, what applied to them, and the fees, which come back with the last piece.

    A donation is none of them: it stays given.
    """

    lines: list[FrozenLine]
    applied: list[Applied]
    fees_fen: int = 0

    @property
    def paid_fen(self) -> int:
        """What comes back when everything is returned."""
        return sum(line.due_fen for line in self.lines) + self.fees_fen


class RefundLine(msgspec.Struct, frozen=True):
    """So many pieces of a line for `amount_fen` in all."""

    line_no: int
    qty: int
    amount_fen: int


class Lost(msgspec.Struct, frozen=True):
    """What an offer that lost its threshold takes out of a refund; below zero where that comes back with the pieces it was charged on."""

    offer_id: str
    lost_fen: int


class Refund(msgspec.Struct, frozen=True):
    """What a return brings: amount_fen == the sum over its lines + fees_fen."""

    lines: list[RefundLine]
    fees_fen: int
    amount_fen: int
    lost: list[Lost]


class _Step(msgspec.Struct, frozen=True):
    """One threshold of one offer: from `threshold_fen` on, `saved_fen` came off these shares together."""

    offer_id: str
    threshold_fen: int
    saved_fen: int
    shares: list[Share]


def freeze(priced: Priced, *, lines: Sequence[Line], coupons: Sequence[Coupon] = ()) -> Frozen:
    """Return what a return must know of a price of `lines`; `coupons` are those that were at hand."""
    applied = priced.applied
    if not applied and priced.coupon_id:
        applied = [_of_coupon(priced, lines, next(each for each in coupons if each.id == priced.coupon_id))]
    frozen = [FrozenLine(line.line_no, line.qty, line.due_fen) for line in priced.lines]
    return Frozen(frozen, applied, priced.due_fen - priced.donation_fen - sum(line.due_fen for line in frozen))


def _of_coupon(priced: Priced, lines: Sequence[Line], coupon: Coupon) -> Applied:
    shares = [
        Share(done.line_no, done.qty, done.unit_fen * done.qty, done.coupon_fen)
        for line, done in zip(lines, priced.lines, strict=True)
        if not coupon.dish_ids or line.dish_id in coupon.dish_ids
    ]
    tiers = [(coupon.threshold_fen, priced.coupon_fen)] if coupon.threshold_fen else []
    return Applied(
        coupon.id,
        f"coupon_{coupon.kind}",
        COUPON_LANE,
        priced.coupon_fen,
        shares,
        tiers=tiers,
        refund_policy=coupon.refund_policy,
    )


def policies(frozen: Frozen, policy: Policy) -> dict[str, Policy]:
    """Return the policy of each offer and coupon that has a threshold: its own, else `policy`, that of the order."""
    return {used.offer_id: used.refund_policy or policy for used in frozen.applied if used.tiers}


def refund(frozen: Frozen, *, returned: Mapping[int, int], now: Mapping[int, int], policy: Policy) -> Refund:
    """Return what comes back for the pieces `now` (line_no → pieces) after those `returned` before.

    `policy` is for what applied without one of its own.

    Raises ValueError for a line that is not there and for more pieces than are left of it.
    """
    after = {line.line_no: returned.get(line.line_no, 0) + now.get(line.line_no, 0) for line in frozen.lines}
    if now.keys() - after.keys() or any(not 0 <= after[line.line_no] <= line.qty for line in frozen.lines):
        raise ValueError("more pieces are returned than were ordered")
    asked = [line for line in frozen.lines if now.get(line.line_no)]
    parts = [
        part_of(line.due_fen, done=returned.get(line.line_no, 0), more=now[line.line_no], of=line.qty) for line in asked
    ]
    lost: dict[str, int] = {}
    steps = _steps(frozen, policy)
    for pieces, sign in ((after, 1), (returned, -1)):
        for offer_id, fen in _lost(frozen, steps, pieces):
            lost[offer_id] = lost.get(offer_id, 0) + sign * fen
    amount = sum(parts) - sum(lost.values())
    fees = frozen.fees_fen if asked and all(after[line.line_no] == line.qty for line in frozen.lines) else 0
    amounts = share(amount, weights=parts) if asked else []
    return Refund(
        [RefundLine(line.line_no, now[line.line_no], fen) for line, fen in zip(asked, amounts, strict=True)],
        fees,
        amount + fees,
        [Lost(offer_id, fen) for offer_id, fen in lost.items() if fen],
    )


def _lost(frozen: Frozen, steps: Sequence[_Step], returned: Mapping[int, int]) -> list[tuple[str, int]]:
    """Return what each threshold that is lost takes out of all that has come back so far.

    What a piece was worth is shared between the thresholds its line had a part in, so together they never take more than it.
    """
    due = {line.line_no: line for line in frozen.lines}
    wanted: dict[int, int] = {}
    for step in steps:
        for part in step.shares:
            wanted[part.line_no] = wanted.get(part.line_no, 0) + 1
    used: dict[int, int] = {}
    found = []
    for step in steps:
        stays = worth = kept = 0
        for part in step.shares:
            line, gone = due[part.line_no], returned.get(part.line_no, 0)
            stays += part.base_fen - part_of(part.base_fen, done=0, more=gone, of=line.qty)
            kept += part.saved_fen - part_of(part.saved_fen, done=0, more=gone, of=line.qty)
            nth = used[part.line_no] = used.get(part.line_no, -1) + 1
            worth += (part_of(line.due_fen, done=0, more=gone, of=line.qty) + nth) // wanted[part.line_no]
        if stays < step.threshold_fen:
            whole = sum(part.saved_fen for part in step.shares)
            charged = kept * step.saved_fen // whole if whole else 0
            found.append((step.offer_id, min(charged, max(0, worth - _spared(step, due, wanted)))))
    return found


def _steps(frozen: Frozen, policy: Policy) -> list[_Step]:
    """Return the thresholds that can be lost, of all offers that applied, each with what it alone brought."""
    steps = []
    lose = {offer_id for offer_id, of in policies(frozen, policy).items() if of == "threshold_lost"}
    for used in frozen.applied:
        if used.offer_id not in lose:
            continue
        before = [0, *(off for _, off in used.tiers)]
        brought = share(used.saved_fen, weights=[off - low for (_, off), low in zip(used.tiers, before, strict=False)])
        steps += [
            _Step(used.offer_id, threshold, fen, used.shares)
            for (threshold, _), fen in zip(used.tiers, brought, strict=True)
        ]
    return steps


def _spared(step: _Step, due: Mapping[int, FrozenLine], wanted: Mapping[int, int]) -> int:
    """Return what the pieces that the threshold can spare are worth at most, rounded up."""
    spare = sum(part.base_fen for part in step.shares) - step.threshold_fen + len(step.shares)
    worth = 0
    for part in step.shares:
        if part.base_fen:
            times = wanted[part.line_no] * part.base_fen
            worth = max(worth, -(-spare * due[part.line_no].due_fen // times))
    return worth + len(step.shares)
