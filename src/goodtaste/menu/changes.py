"""What an import changes, thing by thing, as somebody reads it before they confirm it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from goodtaste.menu.book import Dish, MenuBook
from goodtaste.menu.plan import Plan

CHANGES_MAX = 500  # told of one file


class Changed(msgspec.Struct, frozen=True):
    """One thing that an import makes or changes.

    `fields`: what of a dish differs.  A price tells of which kind it is, and what it was and becomes in fen (None: none).
    """

    kind: Literal["category", "dish", "price"]
    code: str
    name: str
    made: bool
    fields: list[str] = []
    price_kind: str = ""
    before_fen: int | None = None
    after_fen: int | None = None


def changes_in(plan: Plan, book: MenuBook, *, at: datetime) -> list[Changed]:
    """Return the first `CHANGES_MAX` things that a plan makes or changes: categories, dishes, then prices."""
    made = [Changed("category", "", each.name, made=True) for each in plan.categories]
    made += [
        Changed("dish", after.code, after.name, made=before is None, fields=_fields(before, after))
        for before, after in plan.dishes
    ]
    skus = {sku.id: (sku, dish) for dish in book.dishes for sku in dish.skus}
    skus |= {sku.id: (sku, after) for _, after in plan.dishes for sku in after.skus}
    for wanted in plan.prices[:CHANGES_MAX]:
        sku, dish = skus[wanted.sku_id]
        before = book.brand_price(sku.id, wanted.kind, at=at)
        made.append(
            Changed(
                "price",
                sku.code,
                f"{dish.name}（{sku.name}）" if sku.name else dish.name,
                made=before is None,
                price_kind=wanted.kind,
                before_fen=before.amount_fen if before else None,
                after_fen=wanted.amount_fen,
            )
        )
    return made[:CHANGES_MAX]


def _fields(before: Dish | None, after: Dish) -> list[str]:
    if before is None:
        return []
    return [
        name
        for name in Dish.__struct_fields__
        if name not in ("version", "rank") and getattr(before, name) != getattr(after, name)
    ]
