"""Refunds: the whole order or lines of it; money by the way it came, points and coupon with it, to the fen and the point."""

from __future__ import annotations

from typing import Annotated

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Steps,
    first,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END, fingerprint
from goodtaste.kernel.input import Fen, Input, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.member import api as members
from goodtaste.ordering import refund_back
from goodtaste.ordering.orders import LineRow, OrderRow, may_see, read
from goodtaste.ordering.refund_back import OF_ORDER, ONE, RefundView
from goodtaste.ordering.refund_worth import Piece, Worth, worth
from goodtaste.ordering.spot import Place
from goodtaste.payment import api as payments
from goodtaste.pricing.api import LINES_MAX, Policy
from goodtaste.promo import api as promo


class RefundChanged(Refusal):
    """Raised when a refund would not be what the sender saw.  Facts: `seen_fen`, `amount_fen`, `points_back`, `points_taken`."""

    code = "ordering.refund_changed"


class RefundOrder(Input, frozen=True):
    """What is sent to refund an order: all that is left of it, or the pieces named.

    `seen_amount_fen` is what was agreed; with `seen_mark`, that of the preview, nothing else of it may be another by now either.
    """

    id: IdText
    reason: Reason
    seen_amount_fen: Fen
    pieces: Annotated[tuple[Piece, ...], msgspec.Meta(max_length=LINES_MAX)] = ()
    restock: bool = False
    seen_mark: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?" + END)] = ""


class Tender(msgspec.Struct, frozen=True):
    """A way by which money goes back."""

    method: str
    amount_fen: int


class Preview(msgspec.Struct, frozen=True):
    """What a refund would be: money by the ways it came, `fee_fen` of it fees; points that come back and are taken back; growth that is
    taken back; coupons that come back; `offers`, what goes back to their budgets; `lost`, what offers whose threshold is lost take out of
    it; `policies`: whether each offer and coupon with a threshold does.  `mark` stands for all of it.
    """

    amount_fen: int
    fee_fen: int
    tenders: list[Tender]
    points_back: int
    points_taken: int
    growth_taken: int
    coupon_back: bool
    coupons: list[str]
    offers: dict[str, int]
    lost: dict[str, int]
    policies: dict[str, Policy]
    whole: bool
    mark: str = ""


@script
def preview(order_id: str, pieces: tuple[Piece, ...], *, actor: Actor, policy: Policy | None = None) -> Steps[Preview]:
    """Tell what a refund would be, or, with `policy`, would have been under that one; refuses what the refund would."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id)
    shown, _, _ = yield from _look_ahead(found, worth(found, lines, pieces, policy=policy))
    return shown


def _look_ahead(found: OrderRow, value: Worth) -> Steps[tuple[Preview, list[payments.Payment], list[promo.Held]]]:
    """Return what a refund would be, with the payments that it takes back and the coupons that leave the order."""
    payers = yield from rows(payments.payers_of(found.id))
    ids = found.coupon_ids if value.whole else []
    held = (yield from rows(promo.by_ids(ids))) if ids else []
    back = [each.id for each in held if each.comes_back]
    return previewed(found, value, payers=payers, coupons=back), payers, held


def previewed(found: OrderRow, value: Worth, *, payers: list[payments.Payment], coupons: list[str]) -> Preview:
    """Return what a refund would be, where the order was paid by `payers` and these coupons would come back."""
    left_fen = found.due_fen - found.refunded_fen
    growth = members.growth_earned(left_fen) - members.growth_earned(left_fen - value.amount_fen)
    shown = Preview(
        amount_fen=value.amount_fen,
        fee_fen=value.fee_fen,
        tenders=[Tender(each.method, fen) for each, fen in payments.spread(payers, value.amount_fen)],
        points_back=value.points_back,
        points_taken=value.points_taken,
        growth_taken=growth if found.member_id and found.state == "completed" else 0,
        coupon_back=bool(coupons),
        coupons=coupons,
        offers=value.offers,
        lost=value.lost,
        policies=value.policies,
        whole=value.whole,
    )
    return msgspec.structs.replace(shown, mark=fingerprint(shown))


@script
def refund_order(
    order_id: str, asked: RefundOrder, *, actor: Actor, approved_by: str | None, where: Place
) -> Steps[RefundView]:
    """Refund an order, or pieces of it, once per `asked.id`; `approved_by` is who let a person without the permission do it.

    What comes back: money by the way it came, points spent into their lots, the coupon when the whole order is refunded;
    what was earned on it is taken back, as a debt where it was spent.  An order of which nothing is left before it is made is
    cancelled, so that nobody makes it, and its portions go back on sale.
    """
    mark = fingerprint([order_id, asked])
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.read" if approved_by else "order.refund")
    known = yield from first(ONE(id=asked.id))
    if known is not None:
        return known.again(mark)
    shown, changes = yield from taken_back(
        found, lines, asked, mark=mark, actor=actor, approved_by=approved_by, where=where
    )
    try:
        yield changes
    except GuardBroken:
        again = yield from first(ONE(id=asked.id))
        if again is None:
            raise
        return again.again(mark)
    return shown


def taken_back(
    found: OrderRow,
    lines: list[LineRow],
    asked: RefundOrder,
    *,
    mark: str,
    actor: Actor,
    approved_by: str | None,
    where: Place,
    goes_to: str | None = None,
) -> Steps[tuple[RefundView, list[Change]]]:
    """Return what is given back of an order, and the changes that do it; `goes_to` is the bill that goes on with its dishes, if any."""
    value = worth(found, lines, asked.pieces)
    seen, payers, coupons = yield from _look_ahead(found, value)
    if value.amount_fen != asked.seen_amount_fen or asked.seen_mark not in ("", seen.mark):
        raise RefundChanged(
            seen_fen=asked.seen_amount_fen,
            amount_fen=value.amount_fen,
            points_back=value.points_back,
            points_taken=value.points_taken,
        )
    shown = RefundView(
        id=asked.id,
        order_id=found.id,
        amount_fen=value.amount_fen,
        points_back=value.points_back,
        points_taken=value.points_taken,
        coupon_back=seen.coupon_back,
        reason=asked.reason,
        actor_id=actor.id,
        approved_by=approved_by,
        at=where.at,
    )
    ends = goes_to is None and value.ends(found)
    changes = [
        *refund_back.written(
            found, shown, value, mark=mark, restock=asked.restock or ends, goes_to=goes_to, where=where
        ),
        *(yield from refund_back.member_side(found, shown, coupons, actor=actor, where=where)),
        *(yield from refund_back.money(found, shown, payers, actor, where)),
        *(yield from refund_back.offers_back(found, value)),
        audit.note(
            actor,
            "ordering.refunded",
            subject=f"order/{found.id}",
            store_id=found.store_id,
            reason=asked.reason,
            at=where.at,
            refund_id=shown.id,
            amount_fen=shown.amount_fen,
            approved_by=approved_by,
        ),
        tell(refund_back.told(found, shown, value, where), at=where.at),
        *(refund_back.ended(found, value, asked.reason, actor, where) if ends else []),
        *(refund_back.unmade(found, value, asked.reason, where) if not ends and goes_to is None else []),
    ]
    return shown, changes


@script
def of_order(order_id: str, *, actor: Actor) -> Steps[list[RefundView]]:
    """Return the refunds of an order, oldest first."""
    found, _ = yield from read(order_id)
    may_see(actor, found, order_id)
    return (yield from rows(OF_ORDER(order_id=order_id)))
