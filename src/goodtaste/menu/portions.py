"""What the staff of a store says of its stock: sold out or back (沽清), so many portions left (限量), so many more."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Day, Flag, GuardBroken, Id, Int, Steps, add, change, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint
from goodtaste.kernel.input import Count, Input, Line, Positive
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.menu.stock import STOCK, STOCK_OF, Stock
from goodtaste.menu.tables import stock


class StockUnknown(Refusal):
    """Raised for a SKU that the store keeps no stock of.  Facts: `store_id`, `sku_id`."""

    code = "menu.stock_unknown"
    status = 404
    guards = ("menu_stock_unknown",)


class NotCounted(Refusal):
    """Raised for portions given back of what is not counted.  Facts: `sku_id`."""

    code = "menu.not_counted"


class SoldOutAsked(Input, frozen=True):
    """What is sent to sell a SKU out, or to bring it back.  `lasting`: until somebody lifts it, not only until the day ends."""

    sold_out: bool
    lasting: bool = False
    reason: Line = ""


class PortionsAsked(Input, frozen=True):
    """How many portions are left (None: not counted), and how many each day starts with (None: not counted)."""

    left: Count | None
    daily: Count | None = None
    reason: Line = ""


class MoreAsked(Input, frozen=True):
    """So many portions more.  The id is the act's."""

    id: IdText
    more: Positive
    reason: Line = ""


_HERE = (stock.c.store_id == par("store_id", Id), stock.c.sku_id == par("sku_id", Id))
SWITCH = change(
    update(stock).where(*_HERE).values(sold_out=par("sold_out", Flag), sold_out_until_on=par("until_on", Day)),
    guard="menu_stock_unknown",
)
COUNTED = change(
    update(stock).where(*_HERE).values(portions_left=par("left", Int), portions_daily=par("daily", Int)),
    guard="menu_stock_unknown",
)
MORE = add(
    stock,
    key=["store_id", "sku_id"],
    counters=["portions_left"],
    when=stock.c.portions_left.is_not(None),
    guard="menu_stock_not_counted",
)


def _known(found: list[Stock], store_id: str, sku_id: str) -> Stock:
    if not found:
        raise StockUnknown(store_id=store_id, sku_id=sku_id)
    return found[0]


@script
def in_store(store_id: str, *, actor: Actor) -> Steps[list[Stock]]:
    """Return what a store has of every SKU."""
    actor.need("menu.read", store_id=store_id)
    return (yield from rows(STOCK(store_id=store_id)))


@script
def switch_sold_out(
    store_id: str, *, sku_id: str, asked: SoldOutAsked, today: date, actor: Actor, at: datetime
) -> Steps[Stock]:
    """Sell a SKU out at a store, or bring it back.  Refuses `StockUnknown`."""
    actor.need("menu.portions", store_id=store_id)
    before = _known((yield from rows(STOCK_OF(store_id=store_id, sku_ids=[sku_id]))), store_id, sku_id)
    until = today + timedelta(days=1) if asked.sold_out and not asked.lasting else None
    if (before.sold_out, before.sold_out_until_on) == (asked.sold_out, until):
        return before
    action = "menu.sold_out" if asked.sold_out else "menu.back_on_sale"
    subject = f"stock/{sku_id}"
    yield [
        SWITCH(store_id=store_id, sku_id=sku_id, sold_out=asked.sold_out, until_on=until),
        audit.note(actor, action, subject=subject, store_id=store_id, at=at, reason=asked.reason, until=until),
    ]
    return Stock(sku_id, before.portions_left, before.portions_daily, asked.sold_out, until, before.sold)


@script
def set_portions(store_id: str, *, sku_id: str, asked: PortionsAsked, actor: Actor, at: datetime) -> Steps[Stock]:
    """Say how many portions are left now: what was counted by eye goes before what was reckoned.  Refuses `StockUnknown`."""
    actor.need("menu.portions", store_id=store_id)
    before = _known((yield from rows(STOCK_OF(store_id=store_id, sku_ids=[sku_id]))), store_id, sku_id)
    facts = {"before": before.portions_left, "left": asked.left, "daily": asked.daily}
    yield [
        COUNTED(store_id=store_id, sku_id=sku_id, left=asked.left, daily=asked.daily),
        audit.note(
            actor,
            "menu.portions_set",
            subject=f"stock/{sku_id}",
            store_id=store_id,
            at=at,
            reason=asked.reason,
            **facts,
        ),
    ]
    return Stock(sku_id, asked.left, asked.daily, before.sold_out, before.sold_out_until_on, before.sold)


@script
def add_portions(store_id: str, *, sku_id: str, asked: MoreAsked, actor: Actor, at: datetime) -> Steps[None]:
    """Add portions to those left, once per `asked.id`.  Refuses `StockUnknown`, `NotCounted`."""
    actor.need("menu.portions", store_id=store_id)
    mark = fingerprint([store_id, sku_id, asked])
    before, found = yield from together(made_before(asked.id), STOCK_OF(store_id=store_id, sku_ids=[sku_id]))
    if is_same(before, mark):
        return
    _known(found, store_id, sku_id)
    try:
        yield [
            MORE(store_id=store_id, sku_id=sku_id, portions_left=asked.more),
            remember(asked.id, mark),
            audit.note(
                actor,
                "menu.portions_added",
                subject=f"stock/{sku_id}",
                store_id=store_id,
                at=at,
                reason=asked.reason,
                more=asked.more,
            ),
        ]
    except GuardBroken as broken:
        if broken.name == "menu_stock_not_counted":
            raise NotCounted(sku_id=sku_id) from broken
        raise
