"""What became of the coupons of a template: how many in which state, what they saved, what was paid with them."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select

from goodtaste.kernel.db import Id, Int, Read, Steps, par, script, together
from goodtaste.promo import rules
from goodtaste.promo.tables import coupon, sale, store_budget
from goodtaste.promo.templates import ONE, one


class StoreUse(msgspec.Struct, frozen=True):
    """What the orders of a store have used of its budget."""

    store_id: str
    budget_count: int | None
    budget_fen: int | None
    used: int
    used_fen: int


class Numbers(msgspec.Struct, frozen=True):
    """A template in numbers.

    `issued` counts coupons that were made and codes that were printed and may still be redeemed; a coupon that was given on counts once,
    in the state it is in at its last owner.  `redeemed_bp`: redeemed in basis points of issued.  `paid_fen` is what was paid, less what
    was refunded, of the orders with such a coupon, as far as their events were heard.
    """

    template_id: str
    issued: int
    usable: int
    offered: int
    held: int
    redeemed: int
    expired: int
    revoked: int
    redeemed_bp: int
    cost_at_most_fen: int
    saved_fen: int
    orders: int
    paid_fen: int
    stores: list[StoreUse]


class _OfState(msgspec.Struct, frozen=True):
    state: str
    n: int
    saved_fen: int


class _Sales(msgspec.Struct, frozen=True):
    orders: int
    paid_fen: int


def _sum(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column, type_=Int()), 0).label(name)


STATES = Read(
    select(coupon.c.state, func.count().label("n"), _sum(coupon.c.saved_fen, "saved_fen"))
    .where(coupon.c.template_id == par("template_id", Id))
    .group_by(coupon.c.state),
    _OfState,
)
SALES = Read(
    select(func.count().label("orders"), _sum(sale.c.paid_fen - sale.c.refunded_fen, "paid_fen"))
    .where(sale.c.template_id == par("template_id", Id)),
    _Sales,
)  # fmt: skip
STORES = Read(
    select(*[store_budget.c[name] for name in StoreUse.__struct_fields__])
    .where(store_budget.c.template_id == par("template_id", Id))
    .order_by(store_budget.c.store_id),
    StoreUse,
)


@script
def numbers(template_id: str) -> Steps[Numbers]:
    """Return a template in numbers, counted from its coupons; refuses `TemplateUnknown`."""
    found, states, sales, stores = yield from together(
        ONE(id=template_id),
        STATES(template_id=template_id),
        SALES(template_id=template_id),
        STORES(template_id=template_id),
    )
    of = one(found, template_id)
    n = {each.state: each.n for each in states}
    redeemed = n.get("redeemed", 0)
    return Numbers(
        template_id=template_id,
        issued=of.issued,
        usable=n.get("issued", 0),
        offered=n.get("offered", 0),
        held=n.get("held", 0),
        redeemed=redeemed,
        expired=n.get("expired", 0),
        revoked=n.get("revoked", 0),
        redeemed_bp=rules.rate_bp(redeemed, of.issued),
        cost_at_most_fen=of.issued_fen,
        saved_fen=sum(each.saved_fen for each in states if each.state == "redeemed"),
        orders=sales[0].orders,
        paid_fen=sales[0].paid_fen,
        stores=stores,
    )
