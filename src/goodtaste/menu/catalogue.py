"""The catalogue as it is stored, and the snapshot of it that every process holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Database, Query, Read, Steps, script
from goodtaste.kernel.snapshot import Snapshot, Version, version_of
from goodtaste.menu.book import Category, Dish, MenuBook, Option, OptionGroup, PriceRow, SetChoice, SetSlot, Sku
from goodtaste.menu.tables import SNAPSHOT, category, dish, option, option_group, price, set_choice, set_slot, sku


class DishRow(msgspec.Struct, frozen=True):
    """A dish as its row says."""

    id: str
    code: str
    category_id: str
    kind: str
    name: str
    name_en: str
    description: str
    description_en: str
    pictures: tuple[str, ...]
    tags: tuple[str, ...]
    allergens: tuple[str, ...]
    spice: int
    calories_kcal: int | None
    carbon_g: int | None
    prep_minutes: int
    station: str
    on_sale: bool
    rank: int
    version: int


class GroupRow(msgspec.Struct, frozen=True):
    """A group of options as its row says."""

    id: str
    dish_id: str
    name: str
    name_en: str
    min_picks: int
    max_picks: int


class OptionRow(msgspec.Struct, frozen=True):
    """An option as its row says."""

    id: str
    group_id: str
    name: str
    name_en: str
    price_fen: int


class SlotRow(msgspec.Struct, frozen=True):
    """A slot of a set meal as its row says."""

    id: str
    dish_id: str
    name: str
    name_en: str


class ChoiceRow(msgspec.Struct, frozen=True):
    """What may fill a slot, as its row says."""

    slot_id: str
    sku_id: str
    qty: int
    extra_fen: int


CATEGORY_COLUMNS = [category.c[name] for name in Category.__struct_fields__]
DISH_COLUMNS = [dish.c[name] for name in DishRow.__struct_fields__]
SKU_COLUMNS = [sku.c[name] for name in Sku.__struct_fields__]
GROUP_COLUMNS = [option_group.c[name] for name in GroupRow.__struct_fields__]
OPTION_COLUMNS = [option.c[name] for name in OptionRow.__struct_fields__]
SLOT_COLUMNS = [set_slot.c[name] for name in SlotRow.__struct_fields__]
CHOICE_COLUMNS = [set_choice.c[name] for name in ChoiceRow.__struct_fields__]
PRICE_COLUMNS = [price.c[name] for name in PriceRow.__struct_fields__]

CATEGORIES = Read(select(*CATEGORY_COLUMNS).order_by(category.c.rank, category.c.id), Category)
DISHES = Read(select(*DISH_COLUMNS).order_by(dish.c.rank, dish.c.code), DishRow)
SKUS = Read(select(*SKU_COLUMNS).order_by(sku.c.rank, sku.c.code), Sku)
GROUPS = Read(select(*GROUP_COLUMNS).order_by(option_group.c.rank, option_group.c.id), GroupRow)
OPTIONS = Read(select(*OPTION_COLUMNS).order_by(option.c.rank, option.c.id), OptionRow)
SLOTS = Read(select(*SLOT_COLUMNS).order_by(set_slot.c.rank, set_slot.c.id), SlotRow)
CHOICES = Read(select(*CHOICE_COLUMNS).order_by(set_choice.c.rank, set_choice.c.sku_id), ChoiceRow)
PRICES = Read(select(*PRICE_COLUMNS), PriceRow)


def assemble(
    dishes: Iterable[DishRow],
    skus: Iterable[Sku],
    groups: Iterable[GroupRow],
    options: Iterable[OptionRow],
    slots: Iterable[SlotRow],
    choices: Iterable[ChoiceRow],
) -> list[Dish]:
    """Put dishes together from their rows, each in the order given."""
    skus_of, options_of, choices_of = defaultdict(list), defaultdict(list), defaultdict(list)
    groups_of: dict[str, list[OptionGroup]] = defaultdict(list)
    slots_of: dict[str, list[SetSlot]] = defaultdict(list)
    for s in skus:
        skus_of[s.dish_id].append(s)
    for o in options:
        options_of[o.group_id].append(Option(o.id, o.name, o.name_en, o.price_fen))
    for g in groups:
        made = OptionGroup(g.id, g.name, g.name_en, g.min_picks, g.max_picks, tuple(options_of[g.id]))
        groups_of[g.dish_id].append(made)
    for c in choices:
        choices_of[c.slot_id].append(SetChoice(c.sku_id, c.qty, c.extra_fen))
    for slot in slots:
        slots_of[slot.dish_id].append(SetSlot(slot.id, slot.name, slot.name_en, tuple(choices_of[slot.id])))
    return [
        Dish(
            **msgspec.structs.asdict(d),
            skus=tuple(skus_of[d.id]),
            groups=tuple(groups_of[d.id]),
            slots=tuple(slots_of[d.id]),
        )
        for d in dishes
    ]


@script
def read_at_version() -> Steps[tuple[list[Version], MenuBook]]:
    """Read the whole catalogue, and the version it has, for `moved_from`."""
    queries: list[Query[Any]] = [
        version_of(SNAPSHOT), CATEGORIES(), PRICES(), DISHES(), SKUS(), GROUPS(), OPTIONS(), SLOTS(), CHOICES()
    ]  # fmt: skip
    seen, categories, prices, *parts = yield queries
    return seen, MenuBook(categories, assemble(*parts), prices)


async def load(db: Database) -> MenuBook:
    """Load the whole catalogue."""
    _, book = await db.query(read_at_version())
    return book


def menu_snapshot() -> Snapshot[MenuBook]:
    """Return the snapshot of the menu book."""
    return Snapshot(SNAPSHOT, load)
