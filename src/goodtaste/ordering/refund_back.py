"""What goes back with a refund: its rows, the money, points, coupons and offers, and what is told of it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.events.ordering import LinesReturned, OrderCancelled, OrderRefunded, ReturnedLine
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Int, Read, Steps, Str, change, insert, joined, par, rows
from goodtaste.kernel.ids import derived_id, same_or_taken
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.menu import api as menu
from goodtaste.ordering import facts, rules
from goodtaste.ordering import first as first_order
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.lines import portions
from goodtaste.ordering.orders import OrderRow
from goodtaste.ordering.progress import step_of
from goodtaste.ordering.refund_worth import NotRefundable, Worth
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import line, order, refund, refund_line
from goodtaste.payment import api as payments
from goodtaste.promo import api as promo


class RefundView(msgspec.Struct, frozen=True):
    """A refund: money, the points that come back, the points taken back, and whether the coupon comes back."""

    id: str
    order_id: str
    amount_fen: int
    points_back: int
    points_taken: int
    coupon_back: bool
    reason: str
    actor_id: str
    approved_by: str | None
    at: datetime


class Known(RefundView, frozen=True):
    """A refund as a row."""

    fingerprint: str

    def again(self, mark: str) -> RefundView:
        """Return it to who sends it again; refuses `IdTaken` for other content."""
        same_or_taken(self.fingerprint, mark, id_=self.id)
        return RefundView(**{name: getattr(self, name) for name in RefundView.__struct_fields__})


REFUND = insert(refund)
REFUND_LINES = insert(refund_line)
ONE = Read(select(*[refund.c[name] for name in Known.__struct_fields__]).where(refund.c.id == par("id", Id)), Known)
OF_ORDER = Read(
    select(*[refund.c[name] for name in RefundView.__struct_fields__])
    .where(refund.c.order_id == par("order_id", Id))
    .order_by(refund.c.at, refund.c.id),
    RefundView,
)
REFUNDED = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state.in_(["paid", "partly_refunded"]),
    )
    .values(
        state=par("state", Str),
        pay_state=par("pay_state", Str),
        went_to=par("went_to", Id),
        refunded_fen=order.c.refunded_fen + par("amount_fen", Int),
        version=order.c.version + 1,
    ),
    guard="ordering_order_moved",
)
LINE_REFUNDED = change(
    update(line)
    .where(line.c.order_id == par("order_id", Id), line.c.line_no == par("line_no", Int))
    .values(refunded_qty=line.c.refunded_qty + par("qty", Int)),
    guard="ordering_line_gone",
)


def written(
    found: OrderRow, shown: RefundView, value: Worth, *, mark: str, restock: bool, goes_to: str | None, where: Place
) -> list[Change]:
    """The refund itself, the order and its lines, and the portions where they go back on sale, or to the bill that goes on."""
    row = msgspec.structs.asdict(shown) | {
        "fee_fen": value.fee_fen,
        "fingerprint": mark,
        "restock": restock or goes_to is not None,
        "business_date": where.today,
    }
    parts = [
        {"refund_id": shown.id, "line_no": each.line_no, "qty": qty, "amount_fen": fen}
        for each, qty, fen in value.pieces
    ]
    pieces = [{"order_id": found.id, "line_no": each.line_no, "qty": qty} for each, qty, _ in value.pieces]
    back = portions((each, qty) for each, qty, _ in value.pieces) if restock else {}
    ends = goes_to is None and value.ends(found)
    return [
        REFUND(**row),
        REFUND_LINES.many(parts),
        REFUNDED(
            order_id=found.id,
            seen=found.version,
            state="cancelled" if ends else found.state,
            went_to=goes_to,
            pay_state="refunded" if value.whole else "partly_refunded",
            amount_fen=value.amount_fen,
        ),
        LINE_REFUNDED.many(pieces),
        menu.give_back(found.store_id, back),
    ]


def fired_before(value: Worth) -> list[ReturnedLine]:
    """Return those pieces that the kitchen was told to make; what is held comes back first."""
    found = []
    for each, qty, _ in value.pieces:
        fired = rules.fired_of(each, each.refunded_qty + qty) - rules.fired_of(each, each.refunded_qty)
        if fired:
            found.append(facts.returned(each, fired, from_held=False))
    return found


def unmade(found: OrderRow, value: Worth, reason: str, where: Place) -> list[Change]:
    """The kitchen leaves the pieces that come back of an order that is not handed over yet."""
    lines = [] if found.state in (rules.HANDED_OVER[found.kind], "completed") else fired_before(value)
    if not lines:
        return []
    stream = facts.stream(found)
    told = LinesReturned(order_id=found.id, stream=stream, store_id=found.store_id, lines=lines, reason=reason)
    return [tell(told, at=where.at)]


def ended(found: OrderRow, value: Worth, reason: str, actor: Actor, where: Place) -> list[Change]:
    """An order that is over before it was made is cancelled, and all are told that it is not to be made."""
    told = OrderCancelled(
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        reason=reason,
        returned=tuple(fired_before(value)),
    )
    return [step_of(found, "cancelled", actor=actor, reason=reason, at=where.at), tell(told, at=where.at)]


def member_side(
    found: OrderRow, shown: RefundView, coupons: list[promo.Held], *, actor: Actor, where: Place
) -> Steps[list[Change]]:
    """Points and coupon: what was spent comes back, what was earned is taken back, out of what comes back where nothing else is there."""
    changes: list[Change] = []
    if found.member_id is None:
        return changes
    cause = ledger.Cause(shown.id, found.member_id, actor.id, where.today, where.at, found.id)
    coming: list[ledger.LotUse] = []
    if shown.points_back:
        uses = yield from ledger.read_uses(found.id)
        changes += ledger.unspend(cause, shown.points_back, uses)
        coming = ledger.coming_back(shown.points_back, uses, today=where.today)
    if shown.points_taken:
        changes += yield from ledger.take_back(
            cause, shown.points_taken, policy=where.program.points.return_policy, coming=coming
        )
    for coupon in coupons:
        changes += promo.reverse(coupon, order_id=found.id, by=actor.id, at=where.at)
        changes += promo.back_at_store(coupon, store_id=found.store_id)
    return changes


def offers_back(found: OrderRow, value: Worth) -> Steps[list[Change]]:
    """What the pieces had of offers goes back to their budgets; a whole refund ends every use."""
    kept = kept_of(found.applied)
    if not kept.offers:
        return []
    uses = yield from rows(promo.offers_of_order(found.id))
    if value.whole:
        changes = promo.give_back_offers(uses)
        return (
            [*changes, first_order.give_back(found.member_id, found.id)] if found.member_id and kept.first else changes
        )
    return promo.give_back_offers([each for each in uses if value.offers.get(each.offer_id)], value.offers)


def money(
    found: OrderRow, shown: RefundView, payers: list[payments.Payment], actor: Actor, where: Place
) -> Steps[list[Change]]:
    """Money goes back by the ways it came, never more than each brought; the first refund of money has the id of this one."""
    shares = payments.spread(payers, shown.amount_fen)
    if sum(fen for _, fen in shares) != shown.amount_fen:
        raise NotRefundable(order_id=found.id, pay_state=found.pay_state)
    changes: list[Change] = []
    for place, (payer, amount_fen) in enumerate(shares):
        begun = yield from payments.start_refund(
            payer.id,
            refund_id=derived_id(shown.id, payer.id) if place else shown.id,
            cause_id=shown.id,
            amount_fen=amount_fen,
            reason=shown.reason,
            drawer_id=actor.terminal_id or found.store_id,
            today=where.today,
            at=where.at,
        )
        changes += begun.changes
    return joined(changes)


def told(found: OrderRow, shown: RefundView, value: Worth, where: Place) -> OrderRefunded:
    return OrderRefunded(
        refund_id=shown.id,
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        amount_fen=shown.amount_fen,
        points_back=shown.points_back,
        points_taken=shown.points_taken,
        whole=value.whole,
        business_date=where.today,
    )
