"""The periods of a subscription as rows: which one runs, and what of it is not used."""

from __future__ import annotations

from datetime import date

import msgspec
from sqlalchemy import and_, select, update

from goodtaste.kernel.db import Day, Id, Int, Read, change, insert, par
from goodtaste.promo.subscription import granting, rules
from goodtaste.promo.subscription.tables import period, subscription


class PeriodRow(msgspec.Struct, frozen=True):
    """A period as stored."""

    n: int
    plan_id: str
    starts_on: date
    ends_on: date
    value_fen: int
    charge_id: str | None


RUNNING = Read(
    select(*[period.c[name] for name in PeriodRow.__struct_fields__]).join_from(
        period,
        subscription,
        and_(
            subscription.c.id == period.c.subscription_id,
            subscription.c.n == period.c.n,
            subscription.c.id == par("id", Id),
        ),
    ),
    PeriodRow,
)
OPEN_PERIOD = insert(period)
CUT = change(
    update(period)
    .where(
        period.c.subscription_id == par("id", Id),
        period.c.n == par("the_n", Int),
        period.c.value_fen == par("seen_fen", Int),
    )
    .values(value_fen=par("value_fen", Int), ends_on=par("ends_on", Day)),
    guard="promo_period_moved",
)


def unused_fen(running: PeriodRow, given: list[granting.Given], *, today: date) -> int:
    """Return what of a period's value is not used by `today`."""
    saved_fen = sum(each.saved_fen for each in given if each.coupon_state in ("redeemed", "held"))
    used = rules.used_fen(
        running.value_fen, starts_on=running.starts_on, ends_on=running.ends_on, today=today, saved_fen=saved_fen
    )
    return running.value_fen - used
