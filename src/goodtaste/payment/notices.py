"""Notices: what gateways tell by themselves.  Genuine, fresh, about the amount we asked for, and each heard once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import literal, select

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Read, Steps, Str, par, script
from goodtaste.kernel.ids import is_id
from goodtaste.kernel.telemetry import CALLBACKS_REJECTED
from goodtaste.payment import rules
from goodtaste.payment.attempts import HEARD, ONE, PaymentUnknown, ask_now
from goodtaste.payment.calls import conclude
from goodtaste.payment.gateway import Gateways, NoticeRefused, Paid, PaymentNotice, Pending, Refunded, RefundNotice
from goodtaste.payment.refunds import ONE_REFUND, RefundUnknown, refund_asked_now, settle_refund
from goodtaste.payment.tables import notice as notices

log = structlog.get_logger()


class _Seen(msgspec.Struct, frozen=True):
    seen: int


SEEN = Read(
    select(literal(1).label("seen")).where(
        notices.c.gateway == par("gateway", Str), notices.c.notice_id == par("notice_id", Str)
    ),
    _Seen,
)


async def receive(ctx: Ctx, method: str, *, headers: Mapping[str, str], raw: bytes) -> bytes:
    """Hear a notice and settle what it is about, and return what the gateway wants to hear.  One that was heard before changes nothing.

    Refuses `MethodUnknown`, `NoticeRefused`, and `PaymentUnknown` or `RefundUnknown` for numbers that are not ours.
    """
    gateway = ctx.part(Gateways).of(method)
    try:
        notice = gateway.parse_notice(headers, raw)
        if await ctx.db.first(SEEN(gateway=method, notice_id=notice.id)):
            return gateway.heard
        if isinstance(notice, PaymentNotice):
            await _payment(ctx, method, notice)
        else:
            await _refund(ctx, method, notice)
    except NoticeRefused as refused:
        CALLBACKS_REJECTED.labels(method, refused.why).inc()
        log.warning("notice_refused", method=method, why=refused.why)
        raise
    return gateway.heard


async def _payment(ctx: Ctx, method: str, notice: PaymentNotice) -> None:
    found = await ctx.db.first(ONE(id=notice.payment_id)) if is_id(notice.payment_id) else None
    if found is None or found.method != method:
        raise PaymentUnknown(payment_id=notice.payment_id)
    outcome, heard = notice.outcome, (method, notice.id)
    if isinstance(outcome, Paid):
        if outcome.amount_fen != found.amount_fen:
            raise NoticeRefused("amount")
        if outcome.amount_fen > rules.CERTAIN_FEN and found.state != "succeeded":
            at = ctx.process.clock()
            await ctx.run(_ask_first(ask_now(found, at=at), heard=heard, at=at))
            return
    await conclude(ctx, found, outcome, heard=heard)


@script
def _ask_first(ask: Change, *, heard: tuple[str, str], at: datetime) -> Steps[None]:
    """Keep a notice that does not settle anything by itself, and have the gateway asked at once."""
    yield [HEARD(gateway=heard[0], notice_id=heard[1], at=at), ask]


async def _refund(ctx: Ctx, method: str, notice: RefundNotice) -> None:
    found = await ctx.db.first(ONE_REFUND(refund_id=notice.refund_id)) if is_id(notice.refund_id) else None
    if found is None or found.method != method or notice.payment_id not in ("", found.payment_id):
        raise RefundUnknown(refund_id=notice.refund_id)
    outcome = notice.outcome
    if isinstance(outcome, Refunded) and outcome.amount_fen != found.amount_fen:
        raise NoticeRefused("amount")
    at, heard = ctx.process.clock(), (method, notice.id)
    if isinstance(outcome, Pending):  # it says that something moved, and not what
        await ctx.run(_ask_first(refund_asked_now(found, at=at), heard=heard, at=at))
        return
    await ctx.run(settle_refund(found.id, outcome=outcome, at=at, heard=heard))
