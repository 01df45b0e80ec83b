"""Noticing: a subscriber is told of a renewal a week before, by a text message whose receipt is the proof, and by the gateway itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from sqlalchemy import func, select, update

from goodtaste.events.subscription import RenewalNoticed
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    insert,
    par,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.money import yuan
from goodtaste.kernel.outbox import tell
from goodtaste.member import api as members
from goodtaste.payment import api as payments
from goodtaste.promo.subscription import rules
from goodtaste.promo.subscription.granting import SAVED
from goodtaste.promo.subscription.record import Known, NoticeRow, load, save
from goodtaste.promo.subscription.tables import charge, renewal_notice

log = structlog.get_logger()

SEND_AGAIN = timedelta(minutes=10)


class Balance(msgspec.Struct, frozen=True):
    """What a subscriber paid so far, less what was given back, and what the coupons of the subscription saved them."""

    paid_fen: int
    saved_fen: int


class _Sum(msgspec.Struct, frozen=True):
    paid_fen: int


PAID = Read(
    select(func.coalesce(func.sum(charge.c.amount_fen - charge.c.refunded_fen), 0).label("paid_fen")).where(
        charge.c.subscription_id == par("id", Id), charge.c.state == "succeeded"
    ),
    _Sum,
)
BEGIN = insert(renewal_notice)
MOVE = change(
    update(renewal_notice)
    .where(renewal_notice.c.id == par("id", Id), renewal_notice.c.state == par("from_state", Str))
    .values(
        state=par("state", Str),
        reference=par("reference", Str),
        sent_at=par("sent_at", Moment),
        look_at=par("look_at", Moment),
        delivered_s=par("delivered_s", Int),
    ),
    guard="promo_renewal_notice_moved",
)


class NoticeMoved(Refusal):
    """Raised inside when another process took note of the same notice; it is looked at again."""

    code = "subscription.notice_moved"
    guards = ("promo_renewal_notice_moved",)


def balance(subscription_id: str) -> Steps[Balance]:
    """Read what a subscriber paid and saved so far."""
    paid, saved = yield from together(PAID(id=subscription_id), SAVED(id=subscription_id))
    return Balance(paid[0].paid_fen, saved[0].saved_fen)


@script
def begin(subscription_id: str, *, zone: str, at: datetime) -> Steps[tuple[NoticeRow, Balance] | None]:
    """Begin to tell of the next charge, or go on with a notice that was begun; None where nothing is to be told."""
    known = yield from load(subscription_id)
    if known is None or rules.next_act(known.standing(), at=at, zone=zone).what != "tell":
        return None
    so_far = yield from balance(subscription_id)
    newest = known.notices[0] if known.notices else None
    if newest is not None and newest.state == "begun":
        return newest, so_far
    made = _new(known, newest.try_no + 1 if newest else 1, at=at)
    try:
        yield [BEGIN(**msgspec.structs.asdict(made)), _told(known, made, so_far), *save(known.row, at=at)]
    except GuardBroken as broken:
        if broken.name in ("promo_renewal_notice_pkey", "promo_renewal_notice_try"):
            return None
        raise
    return made, so_far


def _new(known: Known, try_no: int, *, at: datetime) -> NoticeRow:
    n = known.row.n + 1
    return NoticeRow(
        id=derived_id(known.row.id, f"notice/{n}/{try_no}"),
        subscription_id=known.row.id,
        n=n,
        try_no=try_no,
        amount_fen=known.next_plan.price_fen,
        state="begun",
        reference="",
        begun_at=at,
        sent_at=None,
        look_at=at,
        delivered_s=None,
    )


def _told(known: Known, made: NoticeRow, so_far: Balance) -> Change:
    ends_on = known.row.ends_on or made.begun_at.date()
    event = RenewalNoticed(
        subscription_id=made.subscription_id,
        member_id=known.row.member_id,
        notice_id=made.id,
        period=made.n,
        amount_fen=made.amount_fen,
        charge_on=ends_on,
        paid_fen=so_far.paid_fen,
        saved_fen=so_far.saved_fen,
    )
    return tell(event, at=made.begun_at)


@script
def _move(before: NoticeRow, after: NoticeRow, *, at: datetime) -> Steps[None]:
    known = yield from load(before.subscription_id)
    names = ("id", "state", "reference", "sent_at", "look_at", "delivered_s")
    moved = MOVE(from_state=before.state, **{name: getattr(after, name) for name in names})
    yield [moved, *(save(known.row, at=at) if known else [])]


async def send(ctx: Ctx, known: Known, *, gateway: payments.Autopay, zone: str) -> None:
    """Tell a subscriber of the next charge: have the gateway announce it, then send the message, perhaps twice."""
    at = ctx.process.clock()
    begun = await ctx.run(begin(known.row.id, zone=zone, at=at))
    if begun is None:
        return
    made, so_far = begun
    answer = await gateway.announce(known.row.id, notice_id=made.id, amount_fen=made.amount_fen)
    if not isinstance(answer, payments.Announced):
        await _later(ctx, made, failed=isinstance(answer, payments.Declined), at=at)
        return
    params = {
        "plan": known.next_plan.name,
        "amount": yuan(made.amount_fen),
        "day": str(known.row.ends_on),
        "paid": yuan(so_far.paid_fen),
        "saved": yuan(so_far.saved_fen),
    }
    try:
        reference = await members.text(
            ctx,
            known.row.member_id,
            template=ctx.process.settings.sms_renewal_template,
            params=params,
            out_id=made.id,
            at=at,
        )
    except Refusal as refused:
        log.warning("renewal_notice_not_sent", notice_id=made.id, why=refused.code)
        await _later(ctx, made, failed=refused.status not in (429, 503), at=at)
        return
    after = msgspec.structs.replace(made, state="sent", reference=reference, sent_at=at, look_at=_receipt_at(at, at=at))
    await ctx.run(_move(made, after, at=at))


async def _later(ctx: Ctx, made: NoticeRow, *, failed: bool, at: datetime) -> None:
    """Keep a notice that was not sent: to be sent again soon, or, where it cannot be, as failed."""
    state = "failed" if failed else "begun"
    after = msgspec.structs.replace(made, state=state, look_at=at + SEND_AGAIN)
    await ctx.run(_move(made, after, at=at))


def _receipt_at(sent_at: datetime, *, at: datetime) -> datetime:
    return rules.next_ask(sent_at, at=at, steps=rules.RECEIPT_AT_S)


async def look(ctx: Ctx, known: Known) -> None:
    """Ask the carrier whether the newest notice was delivered; its receipt is the proof without which nothing is charged."""
    made, at = known.notices[0], ctx.process.clock()
    after = msgspec.structs.replace(made, look_at=_receipt_at(made.sent_at or made.begun_at, at=at))
    try:
        receipt = await members.receipt(
            ctx, known.row.member_id, reference=made.reference, sent_at=made.sent_at or made.begun_at, at=at
        )
    except Refusal as refused:
        log.warning("renewal_receipt_not_had", notice_id=made.id, why=refused.code)
        receipt = members.Receipt("waiting")
    if receipt.state == "failed":
        after = msgspec.structs.replace(after, state="failed")
    elif receipt.state == "delivered" and receipt.at is not None:
        arrived = min(receipt.at.astimezone(UTC), at)
        after = msgspec.structs.replace(after, state="delivered", delivered_s=int(arrived.timestamp()))
    await ctx.run(_move(made, after, at=at))
