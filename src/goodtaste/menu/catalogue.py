"""The catalogue as it is stored, and the snapshot of it that every process holds."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Database, Read
from goodtaste.kernel.snapshot import Snapshot
from goodtaste.menu.book import Category, Dish, MenuBook, Option, OptionGroup, PriceRow, SetChoice, SetSlot, Sku
from goodtaste.menu.tables import SNAPSHOT, category, dish, option, option_group, price, set_choice, set_slot, sku


class _Dish(msgspec.Struct, frozen=True):
    id: str
    code: str
    category_id: str
    kind: str
    name: str
    name_en: str
    description: str
    picture: str
    tags: tuple[str, ...]
    allergens: tuple[str, ...]
    spice: int
    prep_minutes: int
    station: str
    on_sale: bool


class _Group(msgspec.Struct, frozen=True):
    id: str
    dish_id: str
    name: str
    name_en: str
    min_picks: int
    max_picks: int


class _Option(msgspec.Struct, frozen=True):
    id: str
    group_id: str
    name: str
    name_en: str
    price_fen: int


class _Slot(msgspec.Struct, frozen=True):
    id: str
    dish_id: str
    name: str
    name_en: str


class _Choice(msgspec.Struct, frozen=True):
    slot_id: str
    sku_id: str
    qty: int
    extra_fen: int


CATEGORIES = Read(
    select(category.c.id, category.c.name, category.c.name_en).order_by(category.c.rank, category.c.id), Category
)
DISHES = Read(select(*[dish.c[name] for name in _Dish.__struct_fields__]).order_by(dish.c.rank, dish.c.code), _Dish)
SKUS = Read(select(*[sku.c[name] for name in Sku.__struct_fields__]).order_by(sku.c.rank, sku.c.code), Sku)
GROUPS = Read(
    select(*[option_group.c[name] for name in _Group.__struct_fields__]).order_by(
        option_group.c.rank, option_group.c.id
    ),
    _Group,
)
OPTIONS = Read(
    select(*[option.c[name] for name in _Option.__struct_fields__]).order_by(option.c.rank, option.c.id), _Option
)
SLOTS = Read(
    select(*[set_slot.c[name] for name in _Slot.__struct_fields__]).order_by(set_slot.c.rank, set_slot.c.id), _Slot
)
CHOICES = Read(
    select(*[set_choice.c[name] for name in _Choice.__struct_fields__]).order_by(
        set_choice.c.rank, set_choice.c.sku_id
    ),
    _Choice,
)
PRICES = Read(select(*[price.c[name] for name in PriceRow.__struct_fields__]), PriceRow)


async def load(db: Database) -> MenuBook:
    """Load the whole catalogue."""
    skus, options, choices = defaultdict(list), defaultdict(list), defaultdict(list)
    groups: dict[str, list[OptionGroup]] = defaultdict(list)
    slots: dict[str, list[SetSlot]] = defaultdict(list)
    for s in await db.rows(SKUS()):
        skus[s.dish_id].append(s)
    for o in await db.rows(OPTIONS()):
        options[o.group_id].append(Option(o.id, o.name, o.name_en, o.price_fen))
    for g in await db.rows(GROUPS()):
        groups[g.dish_id].append(OptionGroup(g.id, g.name, g.name_en, g.min_picks, g.max_picks, tuple(options[g.id])))
    for c in await db.rows(CHOICES()):
        choices[c.slot_id].append(SetChoice(c.sku_id, c.qty, c.extra_fen))
    for slot in await db.rows(SLOTS()):
        slots[slot.dish_id].append(SetSlot(slot.id, slot.name, slot.name_en, tuple(choices[slot.id])))
    dishes = [
        Dish(**msgspec.structs.asdict(d), skus=tuple(skus[d.id]), groups=tuple(groups[d.id]), slots=tuple(slots[d.id]))
        for d in await db.rows(DISHES())
    ]
    return MenuBook(await db.rows(CATEGORIES()), dishes, await db.rows(PRICES()))


def menu_snapshot() -> Snapshot[MenuBook]:
    """Return the snapshot of the menu book."""
    return Snapshot(SNAPSHOT, load)
