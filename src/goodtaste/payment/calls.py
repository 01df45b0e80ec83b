"""Between the intent and the outcome: the gateway is called here, outside any transaction, and what it says is settled.

Whoever calls may die at any line: the payment was written before, and the job that asks about it was written with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import msgspec
import structlog

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.telemetry import PAYMENT_SECONDS
from goodtaste.org.api import Directory
from goodtaste.payment import rules
from goodtaste.payment.attempts import ONE, Pay, Payment, PaymentUnknown, Started
from goodtaste.payment.gateway import Absent, Gateways, Intent, Outcome, Pending, RefundIntent
from goodtaste.payment.refunds import OF_CAUSE, ONE_REFUND, Refund, RefundUnknown, settle_refund
from goodtaste.payment.settling import Settlements, settle
from goodtaste.payment.tills.days import ClosedDays

NOWHERE = "127.0.0.1"  # the address of a diner who did not come over the network

log = structlog.get_logger()


class Charged(msgspec.Struct, frozen=True):
    """A payment after its gateway was asked, and what the diner's app needs to go on, where it is pending there."""

    payment: Payment
    action: Mapping[str, str] = {}


async def charge(
    ctx: Ctx, started: Started, asked: Pay, *, description: str, client_ip: str = NOWHERE, payer: str = ""
) -> Charged:
    """Have the gateway charge an attempt that was just started, and settle it; for one that was started before, see how it stands.

    `payer`: who the diner is at the gateway, for a mini-program.  Whoever asks again how to go on in an app is told again.
    """
    found = started.payment
    if not found.is_open:
        return Charged(found)
    gateway = ctx.part(Gateways).of(found.method)
    outcome: Outcome = Absent() if started.fresh else await gateway.query(found.id, started_at=found.started_at)
    forgotten = isinstance(outcome, Pending) and not outcome.action and not asked.auth_code
    if isinstance(outcome, Absent) or forgotten:
        intent = Intent(
            payment_id=found.id,
            amount_fen=found.amount_fen,
            description=description,
            auth_code=asked.auth_code,
            started_at=found.started_at,
            close_at=found.close_at or found.started_at,
            store_id=found.store_id,
            client_ip=client_ip,
            way=asked.way,
            payer=payer,
        )
        outcome = await gateway.charge(intent)
    action = outcome.action if isinstance(outcome, Pending) else {}
    return Charged(await conclude(ctx, found, outcome), action)


async def ask(ctx: Ctx, payment_id: str, *, sent: bool = False) -> Payment:
    """Ask the gateway how a payment stands, end it where its time is over, and settle it.  Refuses `PaymentUnknown`.

    `sent`: the one who asks is the job, which comes again until it is known.
    """
    found = await ctx.db.first(ONE(id=payment_id))
    if found is None:
        raise PaymentUnknown(payment_id=payment_id)
    if found.close_at is None or found.state in ("succeeded", "failed"):
        return found
    gateway = ctx.part(Gateways).of(found.method)
    outcome = await gateway.query(found.id, started_at=found.started_at)
    at = ctx.process.clock()
    if at >= found.close_at and rules.is_to_end(found.state, outcome):
        ended = await gateway.close(found.id, started_at=found.started_at)
        outcome = rules.ended(ended, close_at=found.close_at, at=at)
    return await conclude(ctx, found, outcome, asked=sent)


async def conclude(
    ctx: Ctx, found: Payment, outcome: Outcome, *, heard: tuple[str, str] | None = None, asked: bool = False
) -> Payment:
    """Settle a payment as its gateway says it stands now."""
    at = ctx.process.clock()
    if rules.checked(outcome, amount_fen=found.amount_fen) is not outcome:
        log.error("payment_amount_differs", payment_id=found.id, method=found.method, outcome=str(outcome))
    after = await ctx.run(
        settle(
            found.id,
            outcome=outcome,
            settlements=ctx.part(Settlements),
            today=today_at(ctx, found.store_id, at=at),
            at=at,
            heard=heard,
            asked=asked,
        )
    )
    if not after.is_open and after.settled_at == at:
        PAYMENT_SECONDS.labels(after.method, after.state).observe((at - after.started_at).total_seconds())
        if after.detail in ("late", "twice"):
            log.warning("payment_goes_back", payment_id=after.id, order_id=after.order_id, why=after.detail)
    return after


def today_at(ctx: Ctx, store_id: str, *, at: datetime) -> date:
    """Return the trading day of a store at an instant: the next one where that of the calendar is closed."""
    return ctx.see(ClosedDays).today(store_id, ctx.see(Directory).store(store_id).calendar, at=at)


async def give_back(ctx: Ctx, refund_id: str, *, sent: bool = False) -> Refund:
    """Have the gateway make a refund that was begun, and settle it; for one it knows, see how it stands.  Refuses `RefundUnknown`."""
    found = await ctx.db.first(ONE_REFUND(refund_id=refund_id))
    if found is None:
        raise RefundUnknown(refund_id=refund_id)
    if not found.is_open:
        return found
    gateway = ctx.part(Gateways).of(found.method)
    outcome = await gateway.query_refund(found.id, payment_id=found.payment_id, started_at=found.started_at)
    if isinstance(outcome, Absent):
        paid = await ctx.db.first(ONE(id=found.payment_id))
        intent = RefundIntent(
            refund_id=found.id,
            payment_id=found.payment_id,
            amount_fen=found.amount_fen,
            paid_fen=paid.amount_fen if paid else found.amount_fen,
            gateway_ref=(paid.gateway_ref or "") if paid else "",
            reason=found.reason,
            started_at=found.started_at,
        )
        outcome = await gateway.refund(intent)
    after = await ctx.run(settle_refund(found.id, outcome=outcome, at=ctx.process.clock(), asked=sent))
    if after.state == "failed" or rules.checked_refund(outcome, amount_fen=found.amount_fen) is not outcome:
        log.error("refund_needs_a_person", refund_id=after.id, payment_id=after.payment_id, why=after.detail)
    return after


async def give_back_of(ctx: Ctx, cause_id: str) -> None:
    """Have the gateways make what was begun to be given back for one cause: a refund of an order, or a part that was taken back."""
    for found in await ctx.db.rows(OF_CAUSE(cause_id=cause_id)):
        if found.is_open:
            await give_back(ctx, found.id)
