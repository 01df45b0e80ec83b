"""The menu of the demo brand: categories, dishes with sizes, options and set meals, prices, and what each store has of them a day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from goodtaste.kernel.context import Ctx
from goodtaste.menu import api as menu
from goodtaste.twin import data
from goodtaste.twin.data import DishData, GroupData, SlotData, id_of

WHY = "演示备货"


async def seed(ctx: Ctx, store_ids: Sequence[str]) -> None:
    """Make the menu, or complete it; then say how many portions of each SKU every store has a day."""
    told = data.menu()
    for rank, category in enumerate(told.categories):
        asked = menu.NewCategory(
            id=id_of("category", category.name), rank=rank, name=category.name, name_en=category.name_en
        )
        await ctx.run(menu.make_category(asked, actor=ctx.actor, at=ctx.now))
    groups = {group.key: group for group in told.groups}
    for rank, dish in enumerate(
        sorted(told.dishes, key=lambda dish: bool(dish.slots))
    ):  # set meals are made of the others
        await ctx.run(menu.make_dish(_dish(dish, rank, groups), actor=ctx.actor, at=ctx.now))
    prices = menu.NewPrices(id=id_of("prices", "first"), prices=tuple(_prices(told.dishes)))
    await ctx.run(menu.set_prices(prices, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    await menu.begin_days(ctx.process)  # which gives every store a row of stock for each SKU
    await asyncio.gather(*[_stock(ctx, store_id, dish) for store_id in store_ids for dish in told.dishes])


def _dish(told: DishData, rank: int, groups: dict[str, GroupData]) -> menu.NewDish:
    given = {name: getattr(told, name) for name in _SAME}
    return menu.NewDish(
        id=id_of("dish", told.code),
        category_id=id_of("category", told.category),
        kind="set" if told.slots else "dish",
        pictures=(f"pictures/{told.code}.webp",),
        tags=tuple(told.tags),
        allergens=tuple(told.allergens),
        rank=rank,
        skus=tuple(
            menu.SkuAsked(id=id_of("sku", size.code), code=size.code, name=size.name, name_en=size.name_en)
            for size in told.sizes
        ),
        groups=tuple(_group(told.code, groups[key]) for key in told.groups),
        slots=tuple(_slot(told.code, slot) for slot in told.slots),
        **given,
    )


_SAME = ("code", "name", "name_en", "description", "description_en", "spice", "prep_minutes", "station")


def _group(dish: str, told: GroupData) -> menu.GroupAsked:
    name = f"{dish}/{told.key}"
    return menu.GroupAsked(
        id=id_of("group", name),
        name=told.name,
        name_en=told.name_en,
        min_picks=told.min_picks,
        max_picks=told.max_picks,
        options=tuple(
            menu.OptionAsked(
                id=id_of("option", f"{name}/{each.name}"),
                name=each.name,
                name_en=each.name_en,
                price_fen=each.price_fen,
            )
            for each in told.options
        ),
    )


def _slot(dish: str, told: SlotData) -> menu.SlotAsked:
    choices = tuple(
        menu.ChoiceAsked(sku_id=id_of("sku", each.sku), qty=each.qty, extra_fen=each.extra_fen) for each in told.choices
    )
    return menu.SlotAsked(
        id=id_of("slot", f"{dish}/{told.name}"), name=told.name, name_en=told.name_en, choices=choices
    )


def _prices(dishes: Sequence[DishData]) -> list[menu.PriceAsked]:
    found = []
    for size in (size for dish in dishes for size in dish.sizes):
        sku_id = id_of("sku", size.code)
        found.append(menu.PriceAsked(sku_id=sku_id, amount_fen=size.list_fen))
        if size.member_fen is not None:
            found.append(menu.PriceAsked(sku_id=sku_id, kind="member", amount_fen=size.member_fen))
    return found


async def _stock(ctx: Ctx, store_id: str, dish: DishData) -> None:
    for size in dish.sizes:
        asked = menu.PortionsAsked(left=dish.portions, daily=dish.portions, reason=WHY)
        sku_id = id_of("sku", size.code)
        await ctx.run(menu.set_portions(store_id, sku_id=sku_id, asked=asked, actor=ctx.actor, at=ctx.now))
