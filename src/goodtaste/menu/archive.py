"""Dishes of the past: what was once sold and is still in the books stays in the catalogue, off sale, so that its orders keep their SKU."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import ListOf, Read, Steps, Str, in_list, insert, par, script, together
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.menu.tables import SNAPSHOT, category, dish, sku

CATEGORY, CATEGORY_EN = "历史菜品", "Past dishes"
LAST = 9_999  # the rank of what nobody looks for first
DISHES_MAX = 5_000  # archived with one command
CODE_SOURCE_MAX = 20


class PastDish(msgspec.Struct, frozen=True):
    """A dish of the past: its code as a SKU, and its name."""

    code: str
    name: str


class _Sku(msgspec.Struct, frozen=True):
    id: str
    code: str


class _Category(msgspec.Struct, frozen=True):
    id: str


SKUS = Read(select(sku.c.id, sku.c.code).where(in_list(sku.c.code, par("codes", ListOf))), _Sku)
OF_DISHES = Read(
    select(sku.c.id, dish.c.code)
    .join_from(sku, dish, dish.c.id == sku.c.dish_id)
    .where(in_list(dish.c.code, par("codes", ListOf)))
    .order_by(sku.c.rank.desc(), sku.c.code.desc()),
    _Sku,
)
PAST = Read(select(category.c.id).where(category.c.name == par("name", Str)), _Category)
NEW_CATEGORY = insert(category)
NEW_DISHES = insert(dish)
NEW_SKUS = insert(sku)


def past_code(source: str, name: str) -> str:
    """Return the code of a dish that has none: always the same for the same name from the same source."""
    digest = hashlib.sha256(f"{source}/{name}".encode()).hexdigest()
    return f"{source[:CODE_SOURCE_MAX]}-{digest[:10]}"


@script
def archive(dishes: Sequence[PastDish]) -> Steps[Mapping[str, str]]:
    """Return the SKU of each code; the dishes whose code the catalogue does not know are put into it, off sale.

    A code may also be that of a dish: then its first SKU is meant.  May be repeated.  Takes at most `DISHES_MAX`.
    """
    if len(dishes) > DISHES_MAX:
        raise ValueError(f"more than {DISHES_MAX} dishes")
    codes = [each.code for each in dishes]
    seen, known, of_dishes, past = yield from together(
        version_of(SNAPSHOT), SKUS(codes=codes), OF_DISHES(codes=codes), PAST(name=CATEGORY)
    )
    found = {each.code: each.id for each in (*of_dishes, *known)}
    missing = {each.code: each for each in dishes if each.code not in found}
    if not missing:
        return found
    category_id = past[0].id if past else new_id()
    rows = [(each, new_id(), new_id()) for each in missing.values()]
    yield [
        moved_from(SNAPSHOT, seen),
        NEW_CATEGORY.many([] if past else [_category_row(category_id)]),
        NEW_DISHES.many([_dish_row(each, dish_id, category_id) for each, dish_id, _ in rows]),
        NEW_SKUS.many([_sku_row(each, sku_id, dish_id) for each, dish_id, sku_id in rows]),
    ]
    return found | {each.code: sku_id for each, _, sku_id in rows}


def _category_row(category_id: str) -> dict[str, Any]:
    return {
        "id": category_id,
        "name": CATEGORY,
        "name_en": CATEGORY_EN,
        "periods": [],
        "on_sale": False,
        "rank": LAST,
        "version": 1,
    }


def _dish_row(past: PastDish, dish_id: str, category_id: str) -> dict[str, Any]:
    return {
        "id": dish_id,
        "code": past.code,
        "category_id": category_id,
        "kind": "dish",
        "name": past.name,
        "name_en": past.name,
        "description": "",
        "description_en": "",
        "pictures": [],
        "tags": [],
        "allergens": [],
        "spice": 0,
        "calories_kcal": None,
        "carbon_g": None,
        "prep_minutes": 0,
        "station": "",
        "on_sale": False,
        "rank": LAST,
        "version": 1,
    }


def _sku_row(past: PastDish, sku_id: str, dish_id: str) -> dict[str, Any]:
    return {"id": sku_id, "dish_id": dish_id, "code": past.code, "name": "", "name_en": "", "on_sale": True, "rank": 0}
