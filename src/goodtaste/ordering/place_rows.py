"""An order as it is written when it is placed: the order, its lines and gifts, and what it takes, holds, uses and pays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import cart, coupons, facts, first
from goodtaste.ordering.asked import Cash, PlaceOrder
from goodtaste.ordering.lines import gift_views, line_row, line_view
from goodtaste.ordering.orders import NEW_LINES, NEW_ORDER, OnOrder, OrderView, carbon_of, order_row
from goodtaste.ordering.spot import Place
from goodtaste.payment import api as payments
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

EXPIRE_UNPAID = "ordering.expire_unpaid"
FREE_HELD = "ordering.free_held"


class Decided(msgspec.Struct, frozen=True):
    """What is ordered, what it costs, and by whom."""

    chosen: Sequence[menu.Chosen]
    reckoned: cart.Reckoned
    standing: members.Standing | None
    coupons: Sequence[promo.Held]

    @property
    def priced(self) -> pricing.Priced:
        """The price."""
        return self.reckoned.priced

    @property
    def portions(self) -> dict[str, int]:
        """The portions that it takes, gifts too."""
        gifts = [{each.sku_id: each.qty} for each in self.priced.gifts]
        return menu.total([*(each.takes for each in self.chosen), *gifts])


def written(
    asked: PlaceOrder, decided: Decided, *, uses: list[ledger.LotUse], actor: Actor, mark: str, where: Place
) -> tuple[OrderView, list[Change]]:
    """Return the order as it will be shown, and every change that makes it so."""
    priced, standing = decided.priced, decided.standing
    paid = asked.cash is not None or (priced.due_fen == 0 and where.pays_first(asked.kind))
    earned = 0
    if standing and paid:
        earned = where.earns(priced.due_fen, standing.level, store_id=asked.store_id, channel=asked.channel)
    shown = _shown(asked, decided, paid=paid, earned=earned, where=where)
    hold_id = derived_id(asked.id, "hold") if uses and not paid else None
    bought = shown.lines[: len(decided.chosen)]
    lines = [line_row(asked.id, each, what.takes) for each, what in zip(bought, decided.chosen, strict=True)]
    lines += [line_row(asked.id, each, {}) for each in shown.lines[len(bought) :]]
    use = promo.redeem if paid else promo.hold
    changes = [
        NEW_ORDER(
            **order_row(shown),
            hold_id=hold_id,
            placed_by=actor.id,
            fingerprint=mark,
            source="",
            external_no=None,
        ),
        NEW_LINES.many(lines),
        menu.take(asked.store_id, decided.portions),
        *(
            use(each.coupon_id, member_id=asked.member_id, order_id=asked.id, saved_fen=each.saved_fen, at=where.at)
            for each in shown.coupons
        ),
        *coupons.at_store(coupons.of_price(priced), decided.coupons, store_id=asked.store_id),
        *used_offers(asked.id, asked.member_id, decided.reckoned, where),
    ]
    if standing:
        changes += _points(asked, uses, paid=paid, earned=earned, hold_id=hold_id, actor=actor, where=where)
    return shown, changes + (_paid(asked.cash, shown, actor, mark) if paid else _unpaid(shown, where))


def used_offers(order_id: str, member_id: str | None, reckoned: cart.Reckoned, where: Place) -> list[Change]:
    """Return the changes by which a new order uses what its price has of offers, and a member's first order."""
    uses = reckoned.uses
    if not uses:
        return []
    changes = promo.use_offers(uses, order_id=order_id, member_id=member_id, had=reckoned.hand.had, at=where.at)
    return [*changes, first.take(member_id, order_id)] if member_id and reckoned.is_first else changes


def _points(
    asked: PlaceOrder,
    uses: list[ledger.LotUse],
    *,
    paid: bool,
    earned: int,
    hold_id: str | None,
    actor: Actor,
    where: Place,
) -> list[Change]:
    cause = ledger.Cause(hold_id or asked.id, asked.member_id or "", actor.id, where.today, where.at, asked.id)
    if paid:
        return [*ledger.spend(cause, uses), *ledger.earn(cause, earned)]
    expires_at = where.at + where.bill_hold
    return ledger.set_aside(cause, uses, hold_id=hold_id, expires_at=expires_at) if hold_id else []


def _paid(cash: Cash | None, shown: OrderView, actor: Actor, mark: str) -> list[Change]:
    told = tell(facts.paid(shown, shown.lines, points_earned=shown.points_earned), at=shown.placed_at)
    if cash is None:
        return [told]
    taken = payments.take(
        payment_id=cash.payment_id,
        order_id=shown.id,
        store_id=shown.store_id,
        stream=facts.stream(shown),
        due_fen=shown.due_fen,
        tendered_fen=cash.tendered_fen,
        actor=actor.id,
        fingerprint=mark,
        business_date=shown.business_date,
        at=shown.placed_at,
        drawer_id=actor.terminal_id or shown.store_id,
    )
    return [taken, told]


def _unpaid(shown: OrderView, where: Place) -> list[Change]:
    changes = [tell(facts.placed(shown), at=where.at)]
    if not shown.pay_first:
        if shown.coupons or shown.points:
            changes.append(free_later(shown.id, where))
    else:
        due_at = where.at + timedelta(minutes=where.program.hold_minutes)
        changes.append(
            schedule(EXPIRE_UNPAID, {"order_id": shown.id}, due_at=due_at, once=f"{EXPIRE_UNPAID}:{shown.id}")
        )
    return changes


def free_later(order_id: str, where: Place) -> Change:
    """Have what an unpaid order holds of its member looked at when the time to keep it is over."""
    return schedule(FREE_HELD, {"order_id": order_id}, due_at=where.at + where.bill_hold)


def _shown(asked: PlaceOrder, decided: Decided, *, paid: bool, earned: int, where: Place) -> OrderView:
    priced = decided.priced
    used = [OnOrder(*each) for each in coupons.of_price(priced).items()]
    gifts = gift_views(priced, after=len(decided.chosen), round_=1, book=where.book, owner=asked.id)
    lines = [
        line_view(each, what, round_=1, owner=asked.id) for each, what in zip(priced.lines, decided.chosen, strict=True)
    ]
    return OrderView(
        id=asked.id,
        store_id=asked.store_id,
        member_id=asked.member_id,
        kind=asked.kind,
        channel=asked.channel,
        table_id=asked.table_id,
        party=asked.party,
        pay_first=where.pays_first(asked.kind),
        state="placed",
        pay_state="paid" if paid else "unpaid",
        list_fen=priced.list_fen,
        member_saving_fen=priced.member_saving_fen,
        offer_fen=priced.offer_fen,
        coupon_id=used[0].coupon_id if used else None,
        coupons=used,
        coupon_fen=priced.coupon_fen,
        points=priced.points,
        points_fen=priced.points_fen,
        fee_fen=cart.fee_fen(priced),
        rounding_fen=priced.rounding_fen,
        donation_fen=priced.donation_fen,
        due_fen=priced.due_fen,
        refunded_fen=0,
        points_earned=earned,
        reasons=priced.reasons,
        kept=decided.reckoned.kept(decided.coupons, gifts, policy=where.program.refund_policy),
        note=asked.note,
        version=1,
        business_date=where.today,
        placed_at=where.at,
        paid_at=where.at if paid else None,
        lines=[*lines, *gifts],
        carbon_g=carbon_of([*lines, *gifts]),
    )
