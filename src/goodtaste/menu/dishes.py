"""Dishes and set meals: made, changed and taken off sale by the head office, each whole in one act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import Any

import msgspec
from sqlalchemy import delete, func, or_, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    Id,
    ListOf,
    Query,
    Read,
    Steps,
    Str,
    change,
    in_list,
    insert,
    par,
    put,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, fingerprint
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.snapshot import Version, moved_from, version_of
from goodtaste.menu import catalogue as rows
from goodtaste.menu import categories, days
from goodtaste.menu.asked import BadDish, DishChange, DishDetails, NewDish, as_dish, fault_of
from goodtaste.menu.book import Category, Dish, MenuBook, Sku
from goodtaste.menu.categories import TooMany, differences, same_version
from goodtaste.menu.tables import SNAPSHOT, dish, option, option_group, set_choice, set_slot, sku

DISHES_MAX = 5_000


class DishUnknown(Refusal):
    """Raised for a dish that does not exist.  Facts: `dish_id`."""

    code = "menu.dish_unknown"
    status = 404


class CodeTaken(Refusal):
    """Raised when another dish, or another SKU, has the code.  Facts: `taken`."""

    code = "menu.code_taken"
    guards = ("menu_dish_code_key", "menu_sku_code_key")


class _Key(msgspec.Struct, frozen=True):
    id: str
    code: str


class _Owned(msgspec.Struct, frozen=True):
    id: str
    dish_id: str


class _Part(msgspec.Struct, frozen=True):
    sku_id: str
    kind: str


class _Count(msgspec.Struct, frozen=True):
    n: int


_OF = par("dish_id", Id)
_IDS = par("ids", ListOf)
ONE = Read(select(*rows.DISH_COLUMNS).where(dish.c.id == _OF), rows.DishRow)
WITH_CODE = Read(select(dish.c.id, dish.c.code).where(dish.c.code == par("code", Str)), _Key)
COUNT = Read(select(func.count().label("n")).select_from(dish), _Count)
SKUS = Read(
    select(*rows.SKU_COLUMNS)
    .where(or_(sku.c.dish_id == _OF, in_list(sku.c.id, _IDS), in_list(sku.c.code, par("codes", ListOf))))
    .order_by(sku.c.rank, sku.c.code),
    Sku,
)
GROUPS = Read(
    select(*rows.GROUP_COLUMNS)
    .where(or_(option_group.c.dish_id == _OF, in_list(option_group.c.id, _IDS)))
    .order_by(option_group.c.rank, option_group.c.id),
    rows.GroupRow,
)
OPTIONS = Read(
    select(*rows.OPTION_COLUMNS)
    .join(option_group, option_group.c.id == option.c.group_id)
    .where(option_group.c.dish_id == _OF)
    .order_by(option.c.rank, option.c.id),
    rows.OptionRow,
)
OPTION_OWNERS = Read(
    select(option.c.id, option_group.c.dish_id)
    .join(option_group, option_group.c.id == option.c.group_id)
    .where(in_list(option.c.id, _IDS)),
    _Owned,
)
SLOTS = Read(
    select(*rows.SLOT_COLUMNS)
    .where(or_(set_slot.c.dish_id == _OF, in_list(set_slot.c.id, _IDS)))
    .order_by(set_slot.c.rank, set_slot.c.id),
    rows.SlotRow,
)
CHOICES = Read(
    select(*rows.CHOICE_COLUMNS)
    .join(set_slot, set_slot.c.id == set_choice.c.slot_id)
    .where(set_slot.c.dish_id == _OF)
    .order_by(set_choice.c.rank, set_choice.c.sku_id),
    rows.ChoiceRow,
)
PARTS = Read(
    select(sku.c.id.label("sku_id"), dish.c.kind).join(dish, dish.c.id == sku.c.dish_id).where(in_list(sku.c.id, _IDS)),
    _Part,
)

NEW = insert(dish)
_CHANGED = [name for name in rows.DishRow.__struct_fields__ if name not in ("id", "code")]
CHANGE = change(
    update(dish)
    .where(dish.c.id == par("id", Id))
    .values({name: par(name, type(dish.c[name].type)) for name in _CHANGED})  # type: ignore[arg-type]
)
PUT_SKUS = put(sku, key=["id"])
PUT_GROUPS = put(option_group, key=["id"])
PUT_OPTIONS = put(option, key=["id"])
PUT_SLOTS = put(set_slot, key=["id"])
PUT_CHOICES = put(set_choice, key=["slot_id", "sku_id"])
DROP_GROUP = change(delete(option_group).where(option_group.c.id == par("id", Id)))
DROP_OPTION = change(delete(option).where(option.c.id == par("id", Id)))
DROP_SLOT = change(delete(set_slot).where(set_slot.c.id == par("id", Id)))
DROP_CHOICE = change(
    delete(set_choice).where(set_choice.c.slot_id == par("slot_id", Id), set_choice.c.sku_id == par("sku_id", Id))
)


class _Found(msgspec.Struct, frozen=True):
    """What was read before a dish is written."""

    seen: list[Version]
    mark: list[Any]
    before: Dish | None
    same_code: list[_Key]
    categories: list[Category]
    stolen: str | None
    codes: Mapping[str, str]
    parts: Mapping[str, str]
    dishes: int
    stores: list[days.StoreDay]


def _read(dish_id: str, code: str, asked: DishDetails) -> Steps[_Found]:
    """Read the dish as it is, and what its change may collide with, in one trip."""
    sku_ids = [s.id for s in asked.skus]
    group_ids = [g.id for g in asked.groups]
    queries: list[Query[Any]] = [
        version_of(SNAPSHOT),
        made_before(dish_id),
        WITH_CODE(code=code),
        categories.ONE(id=asked.category_id),
        COUNT(),
        days.STORES(),
        PARTS(ids=[c.sku_id for s in asked.slots for c in s.choices]),
        OPTION_OWNERS(ids=[o.id for g in asked.groups for o in g.options]),
        ONE(dish_id=dish_id),
        SKUS(dish_id=dish_id, ids=sku_ids, codes=[s.code for s in asked.skus]),
        GROUPS(dish_id=dish_id, ids=group_ids),
        OPTIONS(dish_id=dish_id),
        SLOTS(dish_id=dish_id, ids=[s.id for s in asked.slots]),
        CHOICES(dish_id=dish_id),
    ]
    seen, mark, same_code, category, [count], stores, parts, owners, *whole = yield queries
    _, skus, groups, _, slots, _ = whole
    given = {*sku_ids, *group_ids, *(s.id for s in asked.slots)}
    others = [each.id for each in (*skus, *groups, *slots) if each.dish_id != dish_id and each.id in given]
    others += [each.id for each in owners if each.dish_id != dish_id]
    before = rows.assemble(*whole)
    return _Found(
        seen=seen,
        mark=mark,
        before=before[0] if before else None,
        same_code=same_code,
        categories=category,
        stolen=others[0] if others else None,
        codes={s.code: s.id for s in skus},
        parts={p.sku_id: p.kind for p in parts},
        dishes=count.n,
        stores=stores,
    )


def _check(wanted: Dish, found: _Found) -> None:
    """Refuse a dish that cannot be, or that takes what belongs to another."""
    fault = fault_of(wanted)
    if fault:
        raise BadDish(why=fault.why, what=fault.what)
    categories.known(found.categories, wanted.category_id)
    if found.stolen:
        raise IdTaken(id=found.stolen)
    for each in wanted.skus:
        if found.codes.get(each.code, each.id) != each.id:
            raise CodeTaken(taken=each.code)
    for slot in wanted.slots:
        for choice in slot.choices:
            kind = found.parts.get(choice.sku_id)
            if kind != "dish":
                raise BadDish(why="part_is_set" if kind else "part_unknown", what=slot.name)


def changes_of(before: Dish | None, after: Dish, *, stores: Sequence[str]) -> list[Change]:
    """Return the writes that make of `before` (None: nothing) the dish `after`, with stock rows for new SKUs at `stores`.

    A SKU that is left out goes off sale.  What is deleted is deleted before what is written, children before parents.
    """
    row = {name: getattr(after, name) for name in rows.DishRow.__struct_fields__}
    old_skus = {s.id: s for s in before.skus} if before else {}
    kept = {s.id for s in after.skus}
    left_out = [msgspec.structs.replace(s, on_sale=False) for s in old_skus.values() if s.id not in kept]
    all_skus = [*after.skus, *left_out]
    back = before is not None and after.on_sale and not before.on_sale
    return [
        NEW(**row) if before is None else CHANGE(**row),
        PUT_SKUS.many([{**msgspec.structs.asdict(s), "rank": i} for i, s in enumerate(all_skus, 1)]),
        *_drops(before, after),
        PUT_GROUPS.many(
            [
                {
                    "id": g.id, "dish_id": after.id, "name": g.name, "name_en": g.name_en, "min_picks": g.min_picks,
                    "max_picks": g.max_picks, "rank": i,
                }
                for i, g in enumerate(after.groups, 1)
            ]
        ),
        PUT_OPTIONS.many(
            [
                {**msgspec.structs.asdict(o), "group_id": g.id, "rank": i}
                for g in after.groups
                for i, o in enumerate(g.options, 1)
            ]
        ),
        PUT_SLOTS.many(
            [
                {"id": s.id, "dish_id": after.id, "name": s.name, "name_en": s.name_en, "rank": i}
                for i, s in enumerate(after.slots, 1)
            ]
        ),
        PUT_CHOICES.many(
            [
                {**msgspec.structs.asdict(c), "slot_id": s.id, "rank": i}
                for s in after.slots
                for i, c in enumerate(s.choices, 1)
            ]
        ),
        days.rows_for(stores, [s.id for s in after.skus if back or s.id not in old_skus]),
    ]  # fmt: skip


def _drops(before: Dish | None, after: Dish) -> list[Change]:
    if before is None:
        return []
    groups, options = {g.id for g in after.groups}, {o.id for g in after.groups for o in g.options}
    slots, choices = {s.id for s in after.slots}, {(s.id, c.sku_id) for s in after.slots for c in s.choices}
    return [
        DROP_CHOICE.many(
            [
                {"slot_id": s.id, "sku_id": c.sku_id}
                for s in before.slots
                for c in s.choices
                if (s.id, c.sku_id) not in choices
            ]
        ),
        DROP_OPTION.many([{"id": o.id} for g in before.groups for o in g.options if o.id not in options]),
        DROP_SLOT.many([{"id": s.id} for s in before.slots if s.id not in slots]),
        DROP_GROUP.many([{"id": g.id} for g in before.groups if g.id not in groups]),
    ]


@script
def make_dish(asked: NewDish, *, actor: Actor, at: datetime) -> Steps[Dish]:
    """Make a dish or a set meal, once per `asked.id`; it is sold from when it has a list price.

    Refuses `BadDish`, `CategoryUnknown`, `CodeTaken`, `TooMany`.
    """
    actor.need("menu.edit")
    mark = fingerprint(asked)
    found = yield from _read(asked.id, asked.code, asked)
    if is_same(found.mark, mark) and found.before:
        return found.before
    if found.before:
        raise IdTaken(id=asked.id)
    made = as_dish(asked, dish_id=asked.id, code=asked.code, version=1)
    _check(made, found)
    if found.same_code:
        raise CodeTaken(taken=asked.code)
    if found.dishes >= DISHES_MAX:
        raise TooMany(what="dishes", limit=DISHES_MAX)
    yield [
        moved_from(SNAPSHOT, found.seen),
        *changes_of(None, made, stores=[s.store_id for s in found.stores]),
        remember(asked.id, mark),
        audit.note(actor, "menu.dish_made", subject=f"dish/{made.id}", at=at, code=made.code, name=made.name),
    ]
    return made


@script
def change_dish(dish_id: str, asked: DishChange, *, actor: Actor, at: datetime) -> Steps[Dish]:
    """Replace what a dish is; a SKU that is left out goes off sale.

    Refuses `DishUnknown`, `ChangedMeanwhile`, `BadDish`, `CategoryUnknown`, `CodeTaken`.
    """
    actor.need("menu.edit")
    found = yield from _read(dish_id, "", asked)
    before = found.before
    if before is None:
        raise DishUnknown(dish_id=dish_id)
    after = as_dish(asked, dish_id=dish_id, code=before.code, version=before.version)
    kept = {s.id for s in after.skus}
    gone = tuple(msgspec.structs.replace(s, on_sale=False) for s in before.skus if s.id not in kept)
    after = msgspec.structs.replace(after, skus=(*after.skus, *gone))
    if after == before:
        return before
    same_version(asked.version, before.version)
    _check(after, found)
    after = msgspec.structs.replace(after, version=before.version + 1)
    yield [
        moved_from(SNAPSHOT, found.seen),
        *changes_of(before, after, stores=[s.store_id for s in found.stores]),
        audit.note(actor, "menu.dish_changed", subject=f"dish/{dish_id}", at=at, changes=differences(before, after)),
    ]
    return after


@script
def switch_dish(dish_id: str, *, on_sale: bool, reason: str, actor: Actor, at: datetime) -> Steps[Dish]:
    """Take a dish off sale everywhere, or put it on sale again, whatever its version."""
    actor.need("menu.edit")
    queries: list[Query[Any]] = [
        version_of(SNAPSHOT),
        ONE(dish_id=dish_id),
        SKUS(dish_id=dish_id, ids=[], codes=[]),
        GROUPS(dish_id=dish_id, ids=[]),
        OPTIONS(dish_id=dish_id),
        SLOTS(dish_id=dish_id, ids=[]),
        CHOICES(dish_id=dish_id),
        days.STORES(),
    ]
    seen, *whole, stores = yield queries
    dishes = rows.assemble(*whole)
    if not dishes:
        raise DishUnknown(dish_id=dish_id)
    before = dishes[0]
    if before.on_sale == on_sale:
        return before
    after = msgspec.structs.replace(before, on_sale=on_sale, version=before.version + 1)
    action = "menu.dish_on_sale" if on_sale else "menu.dish_off_sale"
    yield [
        moved_from(SNAPSHOT, seen),
        CHANGE(**{name: getattr(after, name) for name in rows.DishRow.__struct_fields__}),
        days.rows_for([s.store_id for s in stores] if on_sale else [], [s.id for s in after.skus]),
        audit.note(actor, action, subject=f"dish/{dish_id}", at=at, reason=reason, code=before.code),
    ]
    return after


def one(book: MenuBook, dish_id: str) -> Dish:
    """Return a dish; refuses `DishUnknown`."""
    found = book.dish.get(dish_id)
    if found is None:
        raise DishUnknown(dish_id=dish_id)
    return found


def page(book: MenuBook, *, category_id: str | None, after: str | None, limit: int) -> list[Dish]:
    """Return `limit` dishes by code that come after the code `after`."""
    found = (d for d in book.dishes if category_id in (None, d.category_id) and (after is None or d.code > after))
    return nsmallest(limit, found, key=lambda d: d.code)
