"""Hearing: what the gateway tells by itself.  Genuine, fresh and about what is ours; heard again it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import is_id
from goodtaste.kernel.telemetry import CALLBACKS_REJECTED
from goodtaste.payment import api as payments
from goodtaste.promo.subscription import refunds, settling, signing
from goodtaste.promo.subscription.attending import attend, zone_of
from goodtaste.promo.subscription.record import ChargeUnknown, SubscriptionUnknown

log = structlog.get_logger()


async def receive(ctx: Ctx, *, headers: Mapping[str, str], raw: bytes) -> None:
    """Hear a notice, settle what it is about, and do what follows from it.

    Refuses `NoticeRefused`, and `SubscriptionUnknown` or `ChargeUnknown` for numbers that are not ours.
    """
    gateway = signing.gateway_of(ctx)
    try:
        notice = gateway.parse_notice(headers, raw)
    except payments.NoticeRefused as refused:
        CALLBACKS_REJECTED.labels(gateway.method, refused.why).inc()
        log.warning("notice_refused", method=gateway.method, why=refused.why)
        raise
    at = ctx.process.clock()
    if isinstance(notice, payments.AgreementNotice):
        if not is_id(notice.agreement_id):
            raise SubscriptionUnknown(subscription_id=notice.agreement_id)
        await ctx.run(signing.signed(notice.agreement_id, agreement=notice.agreement, at=at))
        await attend(ctx, notice.agreement_id)
    elif isinstance(notice, payments.PaymentNotice):
        if not is_id(notice.payment_id):
            raise ChargeUnknown(charge_id=notice.payment_id)
        settled = await ctx.run(settling.settle(notice.payment_id, outcome=notice.outcome, zone=zone_of(ctx), at=at))
        await attend(ctx, settled.subscription_id)
    elif is_id(notice.refund_id):
        await ctx.run(refunds.settle(notice.refund_id, outcome=notice.outcome, at=at))
