"""Charging: a charge is written before the gateway is called, with the proof that it may be made, and asked about until it is known."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, GuardBroken, Steps, insert, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id
from goodtaste.payment import api as payments
from goodtaste.promo.subscription import rules
from goodtaste.promo.subscription.record import Charge, Known, SubscriptionRow, load, save
from goodtaste.promo.subscription.settling import settle
from goodtaste.promo.subscription.tables import charge

FIRST_LOOK = timedelta(seconds=rules.ASK_AT_S[0])
OCCASIONS: dict[str, payments.Occasion] = {"first": "signed", "renewal": "announced", "upgrade": "asked"}


class ChargeUnderWay(Refusal):
    """Raised when it is not known yet what became of a charge of the subscription, or one has paid the period."""

    code = "subscription.charge_under_way"
    guards = ("promo_charge_once", "promo_charge_moved")


class NotProved(Refusal):
    """Raised by the database itself for a renewal without a notice that was delivered five days before, or for a charge at a price that
    the subscriber did not agree to: neither is ever made."""

    code = "subscription.not_proved"
    guards = ("promo_charge_noticed", "promo_charge_proof", "promo_charge_agreed", "promo_charge_fkey")


BEGIN = insert(charge)


def new_charge(known: Known, *, charge_id: str, kind: str, credit_fen: int = 0, at: datetime) -> Charge:
    """Return a charge of the next period at what the subscriber agreed to pay, less a credit; a renewal with the proof of its notice."""
    n, price_fen = known.row.n + 1, known.next_plan.price_fen
    good = known.good(price_fen) if kind == "renewal" else None
    return Charge(
        id=charge_id,
        subscription_id=known.row.id,
        n=n,
        kind=kind,
        plan_id=known.next_plan.id,
        price_fen=price_fen,
        credit_fen=credit_fen,
        amount_fen=price_fen - credit_fen,
        notice_id=good.id if good else None,
        noticed_fen=good.amount_fen if good else None,
        noticed_s=good.delivered_s if good else None,
        made_s=int(at.timestamp()),
        state="pending",
        gateway_ref=None,
        detail="",
        refunded_fen=0,
        started_at=at,
        look_at=at + FIRST_LOOK,
        settled_at=None,
        holds=f"{known.row.id}/{n}",
    )


def begun(made: Charge, row: SubscriptionRow, *, at: datetime) -> list[Change]:
    """Return the changes that write a charge down; whoever dies after them finds it again."""
    return [BEGIN(**msgspec.structs.asdict(made)), *save(row, at=at)]


@script
def begin(subscription_id: str, *, zone: str, at: datetime) -> Steps[Charge | None]:
    """Begin the charge that is due, once however many come: the first of a subscription, or a renewal.  None where none is due."""
    known = yield from load(subscription_id)
    if known is None or rules.next_act(known.standing(), at=at, zone=zone).what != "charge":
        return None
    kind = "first" if known.row.state == "pending" else "renewal"
    id_ = derived_id(subscription_id, f"charge/{known.row.n + 1}/{known.row.failures}")
    made = new_charge(known, charge_id=id_, kind=kind, at=at)
    try:
        yield begun(made, known.row, at=at)
    except GuardBroken as broken:
        if broken.name in ("promo_charge_pkey", "promo_charge_once"):
            return None
        raise
    return made


async def send(ctx: Ctx, made: Charge, *, gateway: payments.Autopay, zone: str) -> Charge:
    """Ask the gateway for the money, and settle what it answers."""
    intent = payments.DeductIntent(
        charge_id=made.id,
        agreement_id=made.subscription_id,
        amount_fen=made.amount_fen,
        description="付费会员",
        occasion=OCCASIONS[made.kind],
    )
    outcome = await gateway.deduct(intent)
    return await ctx.run(settle(made.id, outcome=outcome, zone=zone, at=ctx.process.clock()))


async def ask(ctx: Ctx, made: Charge, *, over: bool, gateway: payments.Autopay, zone: str) -> Charge:
    """Ask the gateway what became of a charge, and settle it; one that it never saw is sent again, or, where all is `over`, ended."""
    outcome = await gateway.query(made.id)
    if isinstance(outcome, payments.Absent):
        if not over:
            return await send(ctx, made, gateway=gateway, zone=zone)
        outcome = payments.Closed("never_arrived")
    return await ctx.run(settle(made.id, outcome=outcome, zone=zone, at=ctx.process.clock()))
