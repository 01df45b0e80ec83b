"""What promotions do when something happened elsewhere: welcome a member, count what was paid and refunded with coupons."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import case, select, update

from goodtaste.events.member import MemberJoined
from goodtaste.events.ordering import OrderPaid, OrderRefunded
from goodtaste.kernel.db import Change, Id, Int, ListOf, Read, Steps, change, first, in_list, insert, par, rows
from goodtaste.kernel.ids import derived_id
from goodtaste.promo import issue
from goodtaste.promo.tables import coupon, sale, template
from goodtaste.promo.templates import Template

WELCOMES_MAX = 20  # templates that are given on one event, the earliest made first


class _OfTemplate(msgspec.Struct, frozen=True):
    template_id: str


ON_EVENT = Read(
    select(*[template.c[name] for name in Template.__struct_fields__])
    .where(template.c.on_event == "member_joined", template.c.open.is_(True))
    .order_by(template.c.made_at, template.c.id)
    .limit(WELCOMES_MAX),
    Template,
)
TEMPLATES_OF = Read(
    select(coupon.c.template_id).where(in_list(coupon.c.id, par("ids", ListOf))).distinct(), _OfTemplate
)
SALES_OF = Read(select(sale.c.template_id).where(sale.c.order_id == par("order_id", Id)), _OfTemplate)
SOLD = insert(sale, conflict="skip")
REFUNDED = change(
    update(sale)
    .where(sale.c.order_id == par("order_id", Id))
    .values(
        refunded_fen=case(
            (sale.c.refunded_fen + par("fen", Int) > sale.c.paid_fen, sale.c.paid_fen),
            else_=sale.c.refunded_fen + par("fen", Int),
        )
    )
)


def on_joined(event: MemberJoined, at: datetime) -> Steps[list[Change]]:
    """Give a new member what is given to all who join: each such template once, as long as it is open and its budget lasts."""
    changes: list[Change] = []
    for found in (yield from rows(ON_EVENT())):
        span = found.span(at)
        had = yield from first(issue.had(found.id, [event.member_id]))
        so_far = had.n if had else 0  # claimed, or given by somebody, before this was heard
        if span is None or issue.room(found) < 1 or so_far >= found.limit_each:
            continue
        grant = issue.Grant(derived_id(event.member_id, f"welcome/{found.id}"), event.member_id, by="system")
        row = issue.coupon_row(found, grant, nth=so_far + 1, span=span, at=at)
        changes += [issue.count(found, 1), issue.NEW(**row)]
    return changes


def on_paid(event: OrderPaid, at: datetime) -> Steps[list[Change]]:
    """Count what was paid of an order with coupons, for the template of each."""
    if not event.coupon_ids:
        return []
    found = yield from rows(TEMPLATES_OF(ids=event.coupon_ids))
    sold = {"order_id": event.order_id, "paid_fen": event.paid_fen, "refunded_fen": 0}
    return [SOLD.many([sold | {"template_id": each.template_id} for each in found])]


def on_refunded(event: OrderRefunded, at: datetime) -> Steps[list[Change]]:
    """Count what was refunded of an order with coupons."""
    if not (yield from rows(SALES_OF(order_id=event.order_id))):
        return []
    return [REFUNDED(order_id=event.order_id, fen=event.amount_fen)]
