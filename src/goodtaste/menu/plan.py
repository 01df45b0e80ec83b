"""What an import would do: rows of a file held against the catalogue, pure.  All of it fits, or none is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from goodtaste.kernel.ids import new_id
from goodtaste.menu.asked import CHOICES_MAX, GROUPS_MAX, OPTIONS_MAX, SKUS_MAX, SLOTS_MAX, fault_of
from goodtaste.menu.book import Category, Dish, MenuBook, Option, OptionGroup, SetChoice, SetSlot, Sku
from goodtaste.menu.columns import SHEETS, Cells, Fault, heading_of, read_table, sheet_of
from goodtaste.menu.sheets import Table

_DISH_KEYS = (
    "name", "name_en", "kind", "description", "description_en", "tags", "allergens", "spice", "calories_kcal", "carbon_g",
    "prep_minutes", "station", "pictures", "on_sale",
)  # fmt: skip


class PriceWanted(msgspec.Struct, frozen=True):
    """A price of the brand as the file has it; None ends the present one."""

    sku_id: str
    kind: str
    amount_fen: int | None


class Plan(msgspec.Struct, frozen=True):
    """What an import would write, and what stands in its way."""

    categories: list[Category]
    dishes: list[tuple[Dish | None, Dish]]
    prices: list[PriceWanted]
    same: int
    faults: list[Fault]
    ignored: list[str]

    @property
    def is_empty(self) -> bool:
        """Tell whether the catalogue already is as the file says."""
        return not (self.categories or self.dishes or self.prices)


def plan_of(tables: Sequence[Table], book: MenuBook, *, at: datetime) -> Plan:
    """Return what makes the catalogue as the tables say.

    Dishes, SKUs, options and slots are found by code or name and keep their ids, so a second import of a file changes nothing.  What the
    file does not name stays: other dishes, columns that are missing, options of a dish that the table of options does not name.
    """
    work = _Work(book, at)
    for table in tables:
        sheet = sheet_of(table)
        if sheet is None:
            work.ignored.append(table.name)
            continue
        rows, faults, unknown = read_table(table, sheet)
        work.faults += faults
        work.ignored += unknown
        work.rows[sheet] += rows
        work.seen.add(sheet)
    if not work.seen:
        work.faults.append(Fault("", 1, "", "", "no_table", {}))
    work.dishes()
    work.options()
    work.sets()
    return work.plan()


class _Work:
    """An import under way: dishes by code as they will be, and where each was named first."""

    def __init__(self, book: MenuBook, at: datetime) -> None:
        self.book, self.at = book, at
        self.rows: dict[str, list[Cells]] = {"菜品": [], "做法": [], "套餐": []}
        self.seen: set[str] = set()
        self.faults: list[Fault] = []
        self.ignored: list[str] = []
        self.before = {d.code: d for d in book.dishes}
        self.after: dict[str, Dish] = {}
        self.line: dict[str, tuple[str, int]] = {}
        self.categories = {c.name: c for c in book.categories}
        self.made: list[Category] = []
        self.skus = {s.code: s for s in book.sku.values()}
        self.prices: dict[tuple[str, str], PriceWanted] = {}
        self.rank = max((d.rank for d in book.dishes if d.rank < 9_000), default=0)

    def fault(self, sheet: str, line: int, column: str, value: str, why: str, **facts: Any) -> None:
        self.faults.append(Fault(sheet, line, column, value[:80], why, facts))

    def _agrees(self, sheet: str, row: Cells, first: Cells, keys: Sequence[str], code: str) -> None:
        """Note where a later row of a dish or group says other than its first; an empty cell says the same."""
        empty = {c.key: c.empty for c in SHEETS[sheet]}
        for key in keys:
            value = row.values.get(key)
            if key in row.values and value not in (first.values[key], empty[key]):
                heading = heading_of(sheet, key)
                self.fault(sheet, row.line, heading, _shown(value), "differs", code=code, first=first.line)

    def dishes(self) -> None:
        """Take the rows of the table of dishes: one a SKU."""
        by_code: dict[str, list[Cells]] = defaultdict(list)
        for row in self.rows["菜品"]:
            by_code[row.values["code"]].append(row)
        for code, rows in by_code.items():
            self._dish(code, rows)

    def _dish(self, code: str, rows: list[Cells]) -> None:
        first, present = rows[0], self.before.get(code)
        for row in rows[1:]:
            self._agrees("菜品", row, first, ("category", *_DISH_KEYS), code)
        given = {key: first.values[key] for key in _DISH_KEYS if key in first.values}
        category = self._category(first)
        if present is None:
            self.rank += 1
            present = Dish(
                id=new_id(), code=code, category_id=category.id, kind="dish", name="", name_en="", description="",
                description_en="", pictures=(), tags=(), allergens=(), spice=0, calories_kcal=None, carbon_g=None, prep_minutes=0,
                station="", on_sale=True, rank=self.rank, version=1, skus=(), groups=(), slots=(),
            )  # fmt: skip
        dish = msgspec.structs.replace(present, **given, category_id=category.id)
        self.line[code] = ("菜品", first.line)
        self.after[code] = msgspec.structs.replace(dish, skus=self._skus(dish, rows))

    def _category(self, row: Cells) -> Category:
        name = row.values["category"]
        found = self.categories.get(name)
        if found is None:
            rank = len(self.categories) + 1
            found = Category(new_id(), name, row.values.get("category_en", ""), (), True, rank, 1)
            self.categories[name] = found
            self.made.append(found)
        return found

    def _skus(self, dish: Dish, rows: list[Cells]) -> tuple[Sku, ...]:
        found = {s.code: s for s in dish.skus}
        named: set[str] = set()
        for row in rows:
            code = row.values.get("sku_code") or self._only_sku(dish, rows)
            owner = self.skus.get(code)
            if code in named:
                self.fault("菜品", row.line, "规格编号", code, "sku_twice", code=code)
                continue
            named.add(code)
            if owner and owner.dish_id != dish.id:
                self.fault("菜品", row.line, "规格编号", code, "sku_taken", code=code)
                continue
            old = found.get(code) or Sku(new_id(), code, dish.id, "", "", True)
            given = {
                name: row.values[key]
                for key, name in (("sku_name", "name"), ("sku_name_en", "name_en"))
                if key in row.values
            }
            found[code] = self.skus[code] = msgspec.structs.replace(old, **given, on_sale=True)
            self._list_price(row, found[code], dish)
            if "member_fen" in row.values:
                self._price(found[code], "member", row.values["member_fen"])
        return tuple(found.values())

    def _only_sku(self, dish: Dish, rows: list[Cells]) -> str:
        """Return the code of the SKU that a row without one means."""
        on_sale = [s.code for s in dish.skus if s.on_sale]
        return on_sale[0] if len(on_sale) == len(rows) == 1 else dish.code

    def _list_price(self, row: Cells, sku: Sku, dish: Dish) -> None:
        """Take a list price; only what has none and is not new on sale may stay without."""
        amount_fen = row.values["list_fen"]
        priced = self.book.brand_price(sku.id, "list", at=self.at) is not None
        if amount_fen is None and (priced or (dish.on_sale and sku.id not in self.book.sku)):
            self.fault("菜品", row.line, heading_of("菜品", "list_fen"), "", "empty")
        else:
            self._price(sku, "list", amount_fen)

    def _price(self, sku: Sku, kind: str, amount_fen: int | None) -> None:
        present = self.book.brand_price(sku.id, kind, at=self.at)
        if amount_fen != (present.amount_fen if present else None):
            self.prices[sku.id, kind] = PriceWanted(sku.id, kind, amount_fen)

    def _named(self, row: Cells, sheet: str) -> Dish | None:
        """Return the dish a row speaks of."""
        code = row.values["code"]
        dish = self.after.get(code) or self.before.get(code)
        if dish is None:
            self.fault(sheet, row.line, heading_of(sheet, "code"), code, "dish_unknown", code=code)
        else:
            self.line.setdefault(code, (sheet, row.line))
        return dish

    def options(self) -> None:
        """Take the rows of the table of options: those of a dish replace all it had."""
        by_dish: dict[str, dict[str, list[Cells]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows["做法"]:
            if self._named(row, "做法"):
                by_dish[row.values["code"]][row.values["group"]].append(row)
        for code, groups in by_dish.items():
            dish = self.after.get(code) or self.before[code]
            present = {g.name: g for g in dish.groups}
            made = tuple(self._group(name, rows, present.get(name)) for name, rows in groups.items())
            self.after[code] = msgspec.structs.replace(dish, groups=made)

    def _group(self, name: str, rows: list[Cells], present: OptionGroup | None) -> OptionGroup:
        first = rows[0]
        ids = {o.name: o.id for o in present.options} if present else {}
        for row in rows[1:]:
            self._agrees("做法", row, first, ("min_picks", "max_picks"), name)
        options = tuple(
            Option(
                ids.get(row.values["option"]) or new_id(),
                row.values["option"],
                row.values.get("option_en", ""),
                row.values.get("price_fen", 0),
            )
            for row in rows
        )
        lowest, most = first.values.get("min_picks", 0), first.values.get("max_picks", 1)
        english = first.values.get("group_en", "")
        return OptionGroup(present.id if present else new_id(), name, english, lowest, most, options)

    def sets(self) -> None:
        """Take the rows of the table of set meals: those of a set replace all it had."""
        by_set: dict[str, dict[str, list[Cells]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows["套餐"]:
            if self._named(row, "套餐"):
                by_set[row.values["code"]][row.values["slot"]].append(row)
        kinds = {s.id: d.kind for d in (*self.before.values(), *self.after.values()) for s in d.skus}
        for code, slots in by_set.items():
            dish = self.after.get(code) or self.before[code]
            present = {s.name: s.id for s in dish.slots}
            made = []
            for name, rows in slots.items():
                choices = tuple(c for row in rows if (c := self._choice(row, kinds)))
                english = rows[0].values.get("slot_en", "")
                made.append(SetSlot(present.get(name) or new_id(), name, english, choices))
            self.after[code] = msgspec.structs.replace(dish, slots=tuple(made))

    def _choice(self, row: Cells, kinds: dict[str, str]) -> SetChoice | None:
        code = row.values["sku_code"]
        sku = self.skus.get(code)
        kind = kinds.get(sku.id) if sku else None
        if sku is None or kind != "dish":
            self.fault("套餐", row.line, "可选规格编号", code, "part_is_set" if kind else "sku_unknown", code=code)
            return None
        return SetChoice(sku.id, row.values.get("qty", 1), row.values.get("extra_fen", 0))

    def plan(self) -> Plan:
        """Return what is to be written; dishes that cannot be are faults of the line that named them first."""
        changed, same = [], 0
        for code, dish in self.after.items():
            before = self.before.get(code)
            if before == dish:
                same += 1
                continue
            sheet, line = self.line[code]
            wrong = fault_of(dish)
            if wrong and not self.faults:
                self.fault(sheet, line, heading_of(sheet, "code"), code, "dish", cause=wrong.why, what=wrong.what)
            if _is_large(dish):
                self.fault(sheet, line, heading_of(sheet, "code"), code, "parts", code=code)
            changed.append(
                (before, dish if before is None else msgspec.structs.replace(dish, version=before.version + 1))
            )
        return Plan(self.made, changed, list(self.prices.values()), same, self.faults, self.ignored)


def _shown(value: Any) -> str:
    """Write a value as it stood in its cell, more or less: enough to find it."""
    return "、".join(value) if isinstance(value, tuple) else str(value)


def _is_large(dish: Dish) -> bool:
    return (
        len(dish.skus) > SKUS_MAX
        or len(dish.groups) > GROUPS_MAX
        or len(dish.slots) > SLOTS_MAX
        or any(len(g.options) > OPTIONS_MAX for g in dish.groups)
        or any(len(s.choices) > CHOICES_MAX for s in dish.slots)
    )
