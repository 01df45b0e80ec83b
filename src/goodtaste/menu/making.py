"""How dishes are made: what the kitchen asks of the menu about what it is to make."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import ListOf, Query, Read, in_list, par
from goodtaste.menu.tables import dish, sku


class Making(msgspec.Struct, frozen=True):
    """How a SKU is made: its dish and category, the station that the menu names (or ""), and the minutes a piece takes (0: not said)."""

    sku_id: str
    dish_id: str
    category_id: str
    station: str
    prep_minutes: int


MAKINGS = Read(
    select(sku.c.id.label("sku_id"), sku.c.dish_id, dish.c.category_id, dish.c.station, dish.c.prep_minutes)
    .join_from(sku, dish, dish.c.id == sku.c.dish_id)
    .where(in_list(sku.c.id, par("sku_ids", ListOf))),
    Making,
)


def makings(sku_ids: Sequence[str]) -> Query[Making]:
    """Return the query of how these SKUs are made."""
    return MAKINGS(sku_ids=list(dict.fromkeys(sku_ids)))
