"""The catalogue in and out as one file: xlsx or CSV, checked row by row, and taken whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, GuardBroken, Steps, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.money import yuan
from goodtaste.kernel.snapshot import Version, moved_from
from goodtaste.kernel.words import sentence
from goodtaste.menu import catalogue, categories, days, dishes, prices
from goodtaste.menu.book import Dish, MenuBook, PriceRow, Sku
from goodtaste.menu.categories import CATEGORIES_MAX, ChangedMeanwhile, TooMany, same_version
from goodtaste.menu.changes import Changed, changes_in
from goodtaste.menu.columns import DISHES, OPTIONS, SETS, Fault, written
from goodtaste.menu.dishes import DISHES_MAX
from goodtaste.menu.plan import Plan, plan_of
from goodtaste.menu.prices import PriceAsked
from goodtaste.menu.sheets import csv_of, read, xlsx_of
from goodtaste.menu.spans import Plan as PricePlan
from goodtaste.menu.tables import SNAPSHOT

FAULTS_MAX = 500  # told of one file
TRIES = 5  # against others who change the catalogue at the same time

Kind = Literal["xlsx", "csv"]


class ImportRefused(Refusal):
    """Raised for a file with rows that cannot be taken; nothing was written.  Facts: `faults` (a list of `RowFault`), `count`."""

    code = "menu.import_refused"
    status = 422


class RowFault(msgspec.Struct, frozen=True):
    """What is wrong with a cell: where it is, what stands there, why not (`code`, `reason`) and what to write."""

    sheet: str
    line: int
    column: str
    value: str
    code: str
    reason: str
    write: str


class Report(msgspec.Struct, frozen=True):
    """What an import did, or with `dry_run` would do.

    `changes`: the first things that it makes or changes.  `ignored`: tables and columns that nobody knows.  `seen`: the version of the
    catalogue that the file was held against.
    """

    dry_run: bool
    categories_made: int
    dishes_made: int
    dishes_changed: int
    dishes_same: int
    prices_set: int
    faults: list[RowFault]
    fault_count: int
    ignored: list[str]
    changes: list[Changed]
    seen: int


async def import_menu(data: bytes, *, dry_run: bool, ctx: Ctx, seen_version: int | None = None) -> Report:
    """Make the catalogue as a file says, whole or not at all; a second time changes nothing.

    With `seen_version` only while the catalogue is the one that a dry run was held against.

    Refuses `BadFile`, `ImportRefused`, and `ChangedMeanwhile` where others change the catalogue again and again.
    """
    ctx.actor.need("menu.edit")
    tables = await asyncio.to_thread(read, data)
    for turn in range(TRIES):
        seen, book = await ctx.query(catalogue.read_at_version())
        version = seen[0].n if seen else 0
        if seen_version is not None:
            same_version(seen_version, version)
        plan = await asyncio.to_thread(plan_of, tables, book, at=ctx.now)
        _within(plan, book)
        changes = changes_in(plan, book, at=ctx.now)
        report = _report(plan, dry_run=dry_run, language=ctx.language, changes=changes, version=version)
        if dry_run:
            return report
        if plan.faults:
            faults = msgspec.to_builtins(report.faults)
            raise ImportRefused(count=report.fault_count, faults=faults)
        if plan.is_empty:
            return report
        digest = hashlib.sha256(data).hexdigest()
        try:
            await ctx.run(_write(plan, seen, book, digest=digest, actor=ctx.actor, at=ctx.now))
        except ChangedMeanwhile:
            if turn == TRIES - 1:
                raise
            continue
        await ctx.refresh()
        return report
    raise AssertionError("the last turn returns or raises")


def _within(plan: Plan, book: MenuBook) -> None:
    if len(book.categories) + len(plan.categories) > CATEGORIES_MAX:
        raise TooMany(what="categories", limit=CATEGORIES_MAX)
    if len(book.dishes) + sum(before is None for before, _ in plan.dishes) > DISHES_MAX:
        raise TooMany(what="dishes", limit=DISHES_MAX)


def _report(plan: Plan, *, dry_run: bool, language: str, changes: list[Changed], version: int) -> Report:
    faults = sorted(plan.faults, key=lambda f: (f.sheet, f.line))
    return Report(
        dry_run=dry_run,
        categories_made=len(plan.categories),
        dishes_made=sum(before is None for before, _ in plan.dishes),
        dishes_changed=sum(before is not None for before, _ in plan.dishes),
        dishes_same=plan.same,
        prices_set=len(plan.prices),
        faults=[_told(fault, language) for fault in faults[:FAULTS_MAX]],
        fault_count=len(faults),
        ignored=plan.ignored,
        changes=changes,
        seen=version,
    )


def _told(fault: Fault, language: str) -> RowFault:
    said = sentence(f"menu.row_{fault.why}", language, {**fault.facts, "value": fault.value})
    return RowFault(fault.sheet, fault.line, fault.column, fault.value, fault.why, said.say, said.do)


@script
def _write(plan: Plan, seen: list[Version], book: MenuBook, *, digest: str, actor: Actor, at: datetime) -> Steps[None]:
    """Write a plan that rests on the catalogue as it was `seen`.  Refuses `ChangedMeanwhile`."""
    stores = yield from rows(days.STORES())
    act_id = new_id()
    writes: list[Change] = [categories.NEW.many([msgspec.structs.asdict(each) for each in plan.categories])]
    store_ids = [each.store_id for each in stores]
    for before, after in plan.dishes:
        writes += dishes.changes_of(before, after, stores=store_ids)
    writes += _prices(plan, book, act_id=act_id, at=at)
    facts: dict[str, Any] = {
        "sha256": digest,
        "categories": [each.name for each in plan.categories],
        "made": [after.code for before, after in plan.dishes if before is None],
        "changed": [after.code for before, after in plan.dishes if before is not None],
        "prices": [msgspec.structs.asdict(each) for each in plan.prices],
    }
    noted = audit.note(actor, "menu.imported", subject=f"import/{act_id}", at=at, **facts)
    try:
        yield [moved_from(SNAPSHOT, seen), *_together(writes), noted]
    except GuardBroken as broken:
        if broken.name in ("kernel_version_stale", "kernel_version_pkey"):
            raise ChangedMeanwhile(seen_version=seen[0].n if seen else 0, version=0) from broken
        raise


def _prices(plan: Plan, book: MenuBook, *, act_id: str, at: datetime) -> list[Change]:
    asked = [
        PriceAsked(sku_id=each.sku_id, kind=each.kind, amount_fen=each.amount_fen)  # type: ignore[arg-type]
        for each in plan.prices
        if each.amount_fen is not None
    ]
    present = [row for each in asked for row in book.prices_of(each.sku_id, each.kind)]
    plans = prices.plans_of(asked, present, from_at=at, to_at=None, at=at) if asked else []
    for each in plan.prices:
        row = book.brand_price(each.sku_id, each.kind, at=at)
        if each.amount_fen is None and row is not None:
            ended = PriceAsked(sku_id=each.sku_id, kind=each.kind, amount_fen=0)  # type: ignore[arg-type]
            plans.append((ended, PricePlan(close=((row.id, at),))))
    return prices.writes(plans, act_id=act_id)


def _together(writes: Sequence[Change]) -> list[Change]:
    """Return the writes with those of one statement made one: new categories and dishes first, the rest in the order of their first."""
    found: dict[Any, list[Any]] = {categories.NEW: [], dishes.NEW: []}
    for each in writes:
        found.setdefault(each.statement, []).extend(each.rows)
    return [Change(statement, many) for statement, many in found.items()]


# Out


def export(book: MenuBook, *, kind: Kind, at: datetime) -> bytes:
    """Return the whole catalogue as a file that `import_menu` takes back without a change."""
    tables = (
        (
            "菜品",
            written(DISHES),
            [_row(book, dish, sku, at) for dish in book.dishes for sku in dish.skus if sku.on_sale],
        ),
        ("做法", written(OPTIONS), _option_rows(book.dishes)),
        ("套餐", written(SETS), _set_rows(book)),
    )
    return xlsx_of(tables) if kind == "xlsx" else csv_of(tables)


def template(kind: Kind) -> bytes:
    """Return a file with the headings and an example of each table."""
    dish = [
        "热菜",
        "Hot dishes",
        "HOT-01",
        "宫保鸡丁",
        "Kung Pao Chicken",
        "单品",
        "",
        "",
        "",
        "38.00",
        "35.00",
        "花生酥脆，糊辣荔枝味",
    ]
    dish += ["Crisp peanuts", "招牌、下饭", "花生", "2", "620", "", "12", "热菜档", "", "是"]
    combo = [
        "套餐",
        "Set meals",
        "SET-01",
        "单人套餐",
        "Set for one",
        "套餐",
        "",
        "",
        "",
        "45.00",
        "",
        "",
        "",
        "",
        "",
        "0",
        "",
        "",
        "12",
        "",
        "",
        "是",
    ]
    option = ["HOT-01", "辣度", "Spice", "1", "1", "少辣", "Mild", "0.00"]
    slot = ["SET-01", "主菜", "Main", "HOT-01", "1", "0.00"]
    tables = (
        ("菜品", written(DISHES), [dish, combo]),
        ("做法", written(OPTIONS), [option]),
        ("套餐", written(SETS), [slot]),
    )
    return xlsx_of(tables) if kind == "xlsx" else csv_of(tables)


def _row(book: MenuBook, dish: Dish, sku: Sku, at: datetime) -> list[str]:
    category = book.category[dish.category_id]
    return [
        category.name,
        category.name_en,
        dish.code,
        dish.name,
        dish.name_en,
        "套餐" if dish.kind == "set" else "单品",
        sku.code,
        sku.name,
        sku.name_en,
        _fen(book.brand_price(sku.id, "list", at=at)),
        _fen(book.brand_price(sku.id, "member", at=at)),
        dish.description,
        dish.description_en,
        "、".join(dish.tags),
        "、".join(dish.allergens),
        str(dish.spice),
        "" if dish.calories_kcal is None else str(dish.calories_kcal),
        "" if dish.carbon_g is None else str(dish.carbon_g),
        str(dish.prep_minutes),
        dish.station,
        " ".join(dish.pictures),
        "是" if dish.on_sale else "否",
    ]


def _fen(row: PriceRow | None) -> str:
    return "" if row is None else yuan(row.amount_fen)


def _option_rows(all_dishes: Sequence[Dish]) -> list[list[str]]:
    return [
        [d.code, g.name, g.name_en, str(g.min_picks), str(g.max_picks), o.name, o.name_en, yuan(o.price_fen)]
        for d in all_dishes
        for g in d.groups
        for o in g.options
    ]


def _set_rows(book: MenuBook) -> list[list[str]]:
    return [
        [d.code, s.name, s.name_en, book.sku[c.sku_id].code, str(c.qty), yuan(c.extra_fen)]
        for d in book.dishes
        for s in d.slots
        for c in s.choices
    ]
