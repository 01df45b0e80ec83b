"""What an unpaid order holds of its member: coupons and points, used when it is paid, freed when it is not."""

from __future__ import annotations

from datetime import datetime

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Steps, rows
from goodtaste.ledger import api as ledger
from goodtaste.ordering import first
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.orders import OrderRow
from goodtaste.ordering.spot import Place
from goodtaste.promo import api as promo


def free(found: OrderRow, *, actor: Actor, where: Place) -> Steps[list[Change]]:
    """Give back what an unpaid order holds: its coupons as they were, its points into their lots."""
    changes: list[Change] = []
    for coupon in (yield from _coupons(found)):
        changes.append(promo.give_back(coupon.id, order_id=found.id, valid_to_at=coupon.valid_to_at, at=where.at))
        changes += promo.back_at_store(coupon, store_id=found.store_id)
    if found.hold_id:
        held = yield from ledger.read_hold(found.hold_id)
        uses = yield from ledger.read_uses(found.id)
        if held is not None and held.qty > held.used + held.released:
            changes += ledger.release(_cause(found, held.id, actor, where), held, uses)
    return changes


def offers(found: OrderRow) -> Steps[list[Change]]:
    """Give back what a cancelled order uses of offers."""
    kept = kept_of(found.applied)
    if not kept.offers:
        return []
    changes = promo.give_back_offers((yield from rows(promo.offers_of_order(found.id))))
    return [*changes, first.give_back(found.member_id, found.id)] if found.member_id and kept.first else changes


def until(found: OrderRow, *, where: Place) -> Steps[datetime | None]:
    """Return until when an unpaid order may keep what it holds of its member; None where it holds nothing."""
    ends = [coupon.changed_at + where.bill_hold for coupon in (yield from _coupons(found))]
    if found.hold_id:
        held = yield from ledger.read_hold(found.hold_id)
        if held is not None:
            ends.append(held.expires_at)
    return max(ends, default=None)


def use(found: OrderRow, *, actor: Actor, where: Place) -> Steps[list[Change]]:
    """Use what an order holds, since it is paid now: the coupons are redeemed, the points are spent."""
    changes = [promo.redeem_held(each, order_id=found.id, at=where.at) for each in found.coupon_ids]
    if found.hold_id:
        held = yield from ledger.read_hold(found.hold_id)
        if held is not None:
            changes += ledger.capture(_cause(found, held.id, actor, where), held)
    return changes


def _coupons(found: OrderRow) -> Steps[list[promo.Held]]:
    ids = found.coupon_ids
    return (yield from rows(promo.by_ids(ids))) if ids else []


def _cause(found: OrderRow, source_id: str, actor: Actor, where: Place) -> ledger.Cause:
    return ledger.Cause(source_id, found.member_id or "", actor.id, where.today, where.at, found.id)
