"""What is read of an open bill beside its lines: what people took off it, and what the goods come to that were split off it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import func, select

from goodtaste.kernel.db import Id, Query, Read, par
from goodtaste.ordering.cart import Ground
from goodtaste.ordering.orders import OrderRow
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import discount, order
from goodtaste.pricing import api as pricing


class Discount(msgspec.Struct, frozen=True):
    """What a person took off a bill: `value` pieces of a line as a `gift`, fen (`amount`) or basis points (`percent`) of it or of all; or
    the `minimum` that its table must spend.
    """

    id: str
    order_id: str
    kind: Literal["gift", "amount", "percent", "minimum"]
    line_no: int | None
    value: int
    reason: str
    actor_id: str
    approved_by: str | None
    at: datetime
    ended_at: datetime | None

    @property
    def by_hand(self) -> pricing.ByHand | None:
        """It as pricing takes it; None: it takes nothing off the goods."""
        return None if self.kind == "minimum" else pricing.ByHand(self.id, self.kind, self.value, self.line_no)


class Goods(msgspec.Struct, frozen=True):
    """What goods come to."""

    fen: int


_DISCOUNT = [discount.c[name] for name in Discount.__struct_fields__]
DISCOUNTS = Read(
    select(*_DISCOUNT).where(discount.c.order_id == par("order_id", Id)).order_by(discount.c.at, discount.c.id),
    Discount,
)
SPLIT_OFF = Read(
    select(
        func.coalesce(
            func.sum(
                order.c.list_fen - order.c.member_saving_fen - order.c.offer_fen - order.c.coupon_fen - order.c.hand_fen
            ),
            0,
        ).label("fen")
    ).where(order.c.split_from == par("order_id", Id), order.c.state != "cancelled", order.c.went_to.is_(None)),
    Goods,
)


def queries(found: OrderRow, where: Place) -> list[Query[Any]]:
    """Return the queries of what belongs to an open bill."""
    asked: list[Query[Any]] = [DISCOUNTS(order_id=found.id)]
    if found.table_id and where.fees.minimums:
        asked.append(SPLIT_OFF(order_id=found.reopens or found.id))
    return asked


def live(found: Sequence[Discount]) -> list[Discount]:
    """Return those that hold."""
    return [each for each in found if each.ended_at is None]


def with_discounts(ground: Ground, found: Sequence[Discount]) -> Ground:
    """Return a ground with what people take off."""
    by_hand = tuple(each for one in found if (each := one.by_hand))
    return msgspec.structs.replace(ground, by_hand=by_hand, waived=any(each.kind == "minimum" for each in found))


def goods_fen(found: OrderRow) -> int:
    """Return what the goods of a bill come to before points, as `SPLIT_OFF` adds them up."""
    return found.list_fen - found.member_saving_fen - found.offer_fen - found.coupon_fen - found.hand_fen
