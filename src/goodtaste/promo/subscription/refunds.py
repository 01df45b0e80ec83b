"""Giving back: parts of what was charged, the newest charge first, never more than was charged; asked for until the payer has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
import structlog
from sqlalchemy import select, update

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import (
    Change,
    Id,
    Int,
    Moment,
    Query,
    Read,
    Steps,
    Str,
    add,
    change,
    first,
    insert,
    par,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id
from goodtaste.payment import api as payments
from goodtaste.promo.subscription import rules
from goodtaste.promo.subscription.record import CHARGE_COLUMNS, Charge
from goodtaste.promo.subscription.tables import charge, charge_refund

CHARGES_MAX = 200  # newest charges of a subscription that are looked at

Way = Literal["same", "transfer"]

log = structlog.get_logger()


class RefundTooMuch(Refusal):
    """Raised when more is to be given back than is left of the running period.  Facts: `left_fen`, `asked_fen`."""

    code = "subscription.refund_too_much"
    guards = ("promo_charge_refunded", "promo_period_value")


class Refund(msgspec.Struct, frozen=True):
    """Money on its way back, as stored: the way it came, or by a transfer that somebody made elsewhere."""

    id: str
    charge_id: str
    cause_id: str
    amount_fen: int
    reason: str
    state: str
    gateway_ref: str | None
    detail: str
    started_at: datetime
    settled_at: datetime | None
    next_at: datetime | None
    way: Way
    makes_up_for: str | None
    owner_id: str | None


_COLUMNS = [charge_refund.c[name] for name in Refund.__struct_fields__]
ONE = Read(select(*_COLUMNS).where(charge_refund.c.id == par("id", Id)), Refund)
OF_CHARGE = Read(
    select(*_COLUMNS).where(charge_refund.c.charge_id == par("charge_id", Id)).order_by(charge_refund.c.id), Refund
)
OF_SUBSCRIPTION = Read(
    select(*_COLUMNS)
    .join_from(charge_refund, charge, charge.c.id == charge_refund.c.charge_id)
    .where(charge.c.subscription_id == par("id", Id))
    .order_by(charge_refund.c.started_at.desc(), charge_refund.c.id)
    .limit(CHARGES_MAX),
    Refund,
)
DUE = Read(
    select(*_COLUMNS)
    .where(charge_refund.c.next_at <= par("at", Moment), charge_refund.c.id > par("after", Id))
    .order_by(charge_refund.c.id)
    .limit(par("limit", Int)),
    Refund,
)
PAID = Read(
    select(*CHARGE_COLUMNS)
    .where(charge.c.subscription_id == par("id", Id), charge.c.state == "succeeded", charge.c.holds.is_not(None))
    .order_by(charge.c.n.desc())
    .limit(CHARGES_MAX),
    Charge,
)
BEGIN = insert(charge_refund)
COUNT = add(charge, key=["id"], counters=["refunded_fen"], guard="promo_charge_gone")
SETTLE = change(
    update(charge_refund)
    .where(charge_refund.c.id == par("id", Id), charge_refund.c.state == par("from_state", Str))
    .values(
        state=par("state", Str),
        gateway_ref=par("gateway_ref", Str),
        detail=par("detail", Str),
        settled_at=par("settled_at", Moment),
        next_at=par("next_at", Moment),
    ),
)


def _begun(charge_id: str, *, cause_id: str, amount_fen: int, reason: str, at: datetime) -> Refund:
    return Refund(
        id=derived_id(cause_id, f"back/{charge_id}"),
        charge_id=charge_id,
        cause_id=cause_id,
        amount_fen=amount_fen,
        reason=reason,
        state="pending",
        gateway_ref=None,
        detail="",
        started_at=at,
        settled_at=None,
        next_at=at,
        way="same",
        makes_up_for=None,
        owner_id=None,
    )


def begin(wanted: Sequence[Refund]) -> Change:
    """Return the change that begins refunds; their charges count them in the same batch, or have counted them."""
    return BEGIN.many([msgspec.structs.asdict(each) for each in wanted])


def whole(found: Charge, *, why: str, at: datetime) -> Change:
    """Return the change that gives all of a charge back; the charge itself counts it in the same batch."""
    return begin([_begun(found.id, cause_id=found.id, amount_fen=found.amount_fen, reason=why, at=at)])


def paid(subscription_id: str) -> Query[Charge]:
    """Return the query of the charges that paid for periods, newest first."""
    return PAID(id=subscription_id)


def parts(charges: list[Charge], amount_fen: int, *, cause_id: str, reason: str, at: datetime) -> list[Change]:
    """Return the changes that give `amount_fen` back by the ways it came, the newest charge first.  Refuses `RefundTooMuch`."""
    left_fen, wanted, counts = amount_fen, [], []
    for each in charges:
        part = min(left_fen, each.amount_fen - each.refunded_fen)
        if part > 0:
            wanted.append(_begun(each.id, cause_id=cause_id, amount_fen=part, reason=reason, at=at))
            counts.append({"id": each.id, "refunded_fen": part})
            left_fen -= part
    if left_fen:
        raise RefundTooMuch(left_fen=amount_fen - left_fen, asked_fen=amount_fen)
    return [begin(wanted), COUNT.many(counts)]


@script
def settle(refund_id: str, *, outcome: payments.RefundOutcome, at: datetime) -> Steps[Refund | None]:
    """Settle a refund as its gateway says it stands; as often as anybody says it.  None for one that is not ours."""
    found = yield from first(ONE(id=refund_id))
    if found is None or found.state not in rules.OPEN:
        return found
    state, detail = "unknown", getattr(outcome, "why", "")
    if isinstance(outcome, payments.Refunded) and outcome.amount_fen == found.amount_fen:
        state = "succeeded"
    elif isinstance(outcome, payments.Declined):
        state, detail = "failed", outcome.code
    elif isinstance(outcome, payments.Pending):
        state = "pending"
    final = state not in rules.OPEN
    after = msgspec.structs.replace(
        found,
        state=state,
        detail=detail[:200],
        gateway_ref=getattr(outcome, "gateway_ref", "") or found.gateway_ref,
        settled_at=at if final else None,
        next_at=None if final else rules.next_ask(found.started_at, at=at),
    )
    names = ("id", "state", "gateway_ref", "detail", "settled_at", "next_at")
    yield [SETTLE(from_state=found.state, **{name: getattr(after, name) for name in names})]
    return after


async def give_back(ctx: Ctx, found: Refund, *, gateway: payments.Autopay) -> Refund | None:
    """Have the gateway make a refund, and settle it; for one it knows, see how it stands."""
    outcome = await gateway.query_refund(found.id)
    if isinstance(outcome, payments.Absent):
        intent = payments.RefundIntent(
            started_at=found.started_at,
            refund_id=found.id,
            payment_id=found.charge_id,
            amount_fen=found.amount_fen,
            reason=found.reason,
        )
        outcome = await gateway.refund(intent)
    after = await ctx.run(settle(found.id, outcome=outcome, at=ctx.process.clock()))
    if after is not None and after.state == "failed":
        log.error("subscription_refund_needs_a_person", refund_id=after.id, charge_id=after.charge_id, why=after.detail)
    return after
