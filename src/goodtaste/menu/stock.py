"""Portions: taken by an order in its own transaction, given back by a cancelled one, never below zero whatever races."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Change, Id, ListOf, Query, Read, Steps, add, in_list, par, rows
from goodtaste.kernel.errors import Refusal
from goodtaste.menu.tables import stock


class SoldOut(Refusal):
    """Raised when a dish is sold out, or fewer portions are left than asked.  Facts: `sku_id`, `portions_left`, `asked`."""

    code = "menu.sold_out"
    guards = ("menu_stock_portions", "menu_stock_available")


class Stock(msgspec.Struct, frozen=True):
    """What a store has of a SKU.

    `portions_left` None: not counted; at 0 it is sold out until some come back.  `portions_daily`: what each day starts with.
    `sold_out`: by hand, until the day `sold_out_until_on` begins, or with None until somebody lifts it.  `sold`: ever.
    """

    sku_id: str
    portions_left: int | None
    portions_daily: int | None
    sold_out: bool
    sold_out_until_on: date | None
    sold: int


GUARDS = ("menu_stock_portions", "menu_stock_available")
TAKE = add(
    stock,
    key=["store_id", "sku_id"],
    counters=["portions_left", "sold"],
    when=stock.c.sold_out.is_(False),
    guard="menu_stock_available",
)
RETURN = add(stock, key=["store_id", "sku_id"], counters=["portions_left", "sold"])
_COLUMNS = [stock.c[name] for name in Stock.__struct_fields__]
STOCK = Read(select(*_COLUMNS).where(stock.c.store_id == par("store_id", Id)).order_by(stock.c.sku_id), Stock)
STOCK_OF = Read(
    select(*_COLUMNS).where(stock.c.store_id == par("store_id", Id), in_list(stock.c.sku_id, par("sku_ids", ListOf))),
    Stock,
)


def stock_of(store_id: str, sku_ids: Sequence[str]) -> Query[Stock]:
    """Return the query of what a store has of these SKUs."""
    return STOCK_OF(store_id=store_id, sku_ids=list(sku_ids))


def total(takes: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the portions by SKU that several lines take together."""
    wanted: dict[str, int] = {}
    for one in takes:
        for sku_id, qty in one.items():
            wanted[sku_id] = wanted.get(sku_id, 0) + qty
    return wanted


def take(store_id: str, wanted: Mapping[str, int]) -> Change:
    """Take portions; `explain` says which were missing."""
    return TAKE.many(
        [
            {"store_id": store_id, "sku_id": sku_id, "portions_left": -qty, "sold": qty}
            for sku_id, qty in sorted(wanted.items())
        ]
    )


def give_back(store_id: str, wanted: Mapping[str, int]) -> Change:
    """Give portions back."""
    return RETURN.many(
        [
            {"store_id": store_id, "sku_id": sku_id, "portions_left": qty, "sold": -qty}
            for sku_id, qty in sorted(wanted.items())
        ]
    )


def explain(store_id: str, wanted: Mapping[str, int]) -> Steps[SoldOut]:
    """Return the refusal for portions that could not be taken, naming the SKU."""
    found = {s.sku_id: s for s in (yield from rows(STOCK_OF(store_id=store_id, sku_ids=list(wanted))))}
    for sku_id, qty in wanted.items():
        row = found.get(sku_id)
        left = 0 if row is None or row.sold_out else row.portions_left
        if left is not None and left < qty:
            return SoldOut(sku_id=sku_id, portions_left=left, asked=qty)
    return SoldOut()
