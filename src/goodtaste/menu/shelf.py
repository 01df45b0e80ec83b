"""The catalogue in brief: every dish with what its sizes cost now, for lists that are searched where they are shown."""

from __future__ import annotations

from datetime import datetime

import msgspec

from goodtaste.menu.book import Dish, MenuBook, Sku


class ShelfSku(msgspec.Struct, frozen=True):
    """A SKU with its prices in fen of this moment; None: it has none.  `next_at`: when a price of it begins or ends."""

    id: str
    code: str
    name: str
    name_en: str
    on_sale: bool
    list_fen: int | None
    member_fen: int | None
    next_at: datetime | None


class ShelfDish(msgspec.Struct, frozen=True):
    """A dish in brief."""

    id: str
    code: str
    category_id: str
    kind: str
    name: str
    name_en: str
    tags: tuple[str, ...]
    picture: str
    on_sale: bool
    rank: int
    skus: list[ShelfSku]


def shelf(book: MenuBook, *, store_id: str | None, at: datetime) -> list[ShelfDish]:
    """Return every dish in brief as it is at `at`, those off sale too: at a store, or with None as it is for all of them."""
    return [_dish(book, each, store_id=store_id or "", at=at) for each in book.dishes]


def _dish(book: MenuBook, dish: Dish, *, store_id: str, at: datetime) -> ShelfDish:
    return ShelfDish(
        id=dish.id,
        code=dish.code,
        category_id=dish.category_id,
        kind=dish.kind,
        name=dish.name,
        name_en=dish.name_en,
        tags=dish.tags,
        picture=dish.pictures[0] if dish.pictures else "",
        on_sale=dish.on_sale,
        rank=dish.rank,
        skus=[_sku(book, each, store_id=store_id, at=at) for each in dish.skus],
    )


def _sku(book: MenuBook, sku: Sku, *, store_id: str, at: datetime) -> ShelfSku:
    here = [
        row for kind in ("list", "member") for row in book.prices_of(sku.id, kind) if row.store_id in (None, store_id)
    ]
    edges = [edge for row in here for edge in (row.valid_from_at, row.valid_to_at) if edge and edge > at]
    list_fen, member_fen = (
        book.price_of(sku.id, kind, store_id=store_id, channel="", at=at) for kind in ("list", "member")
    )
    return ShelfSku(
        sku.id, sku.code, sku.name, sku.name_en, sku.on_sale, list_fen, member_fen, min(edges, default=None)
    )
