"""Refunds: the whole order or lines of it; money by the way it came, points and coupon with it, to the fen and the point."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select, update

from goodtaste.events.ordering import OrderCancelled, OrderRefunded
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    Int,
    Read,
    Steps,
    Str,
    change,
    first,
    insert,
    joined,
    par,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END, derived_id, fingerprint, same_or_taken
from goodtaste.kernel.input import Fen, Input, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import facts
from goodtaste.ordering import first as first_order
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.lines import portions
from goodtaste.ordering.orders import LineRow, OrderRow, may_see, read
from goodtaste.ordering.progress import step_of
from goodtaste.ordering.refund_worth import NotRefundable, Piece, Worth, worth
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import line, order, refund, refund_line
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


class _Known(RefundView, frozen=True):
    """A refund as a row."""

    fingerprint: str

    def again(self, mark: str) -> RefundView:
        """Return it to who sends it again; refuses `IdTaken` for other content."""
        same_or_taken(self.fingerprint, mark, id_=self.id)
        return RefundView(**{name: getattr(self, name) for name in RefundView.__struct_fields__})


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


REFUND = insert(refund)
REFUND_LINES = insert(refund_line)
ONE = Read(select(*[refund.c[name] for name in _Known.__struct_fields__]).where(refund.c.id == par("id", Id)), _Known)
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


@script
def preview(order_id: str, pieces: tuple[Piece, ...], *, actor: Actor) -> Steps[Preview]:
    """Tell what a refund would be; refuses what the refund would."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id)
    shown, _, _ = yield from _look_ahead(found, worth(found, lines, pieces))
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
        *_kept(found, shown, value, mark=mark, restock=asked.restock or ends, goes_to=goes_to, where=where),
        *(yield from _member_side(found, shown, coupons, actor=actor, where=where)),
        *(yield from _money(found, shown, payers, actor, where)),
        *(yield from _offers_back(found, value)),
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
        tell(_told(found, shown, value, where), at=where.at),
        *(_ended(found, asked.reason, actor, where) if ends else []),
    ]
    return shown, changes


def _kept(
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


def _ended(found: OrderRow, reason: str, actor: Actor, where: Place) -> list[Change]:
    """An order that is over before it was made is cancelled, and all are told that it is not to be made."""
    told = OrderCancelled(
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        reason=reason,
    )
    return [step_of(found, "cancelled", actor=actor, reason=reason, at=where.at), tell(told, at=where.at)]


def _member_side(
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


def _offers_back(found: OrderRow, value: Worth) -> Steps[list[Change]]:
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


def _money(
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


def _told(found: OrderRow, shown: RefundView, value: Worth, where: Place) -> OrderRefunded:
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


@script
def of_order(order_id: str, *, actor: Actor) -> Steps[list[RefundView]]:
    """Return the refunds of an order, oldest first."""
    found, _ = yield from read(order_id)
    may_see(actor, found, order_id)
    return (yield from rows(OF_ORDER(order_id=order_id)))
