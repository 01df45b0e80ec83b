"""The menu in the shop's words: categories, dishes, prices and stock for a test, made through the public commands."""

from __future__ import annotations

from typing import Any

import msgspec

from goodtaste.kernel.ids import new_id
from goodtaste.menu import api as menu
from goodtaste.menu.book import Dish
from tests.org_kit import a_store, serial
from tests.shop import Shop


async def a_category(shop: Shop, **details: Any) -> str:
    """Make a category and return its id."""
    ctx, id_ = shop.process.context(), new_id()
    asked = menu.NewCategory(id=id_, **({"name": f"热菜{serial()}"} | details))
    await ctx.run(menu.make_category(asked, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    return id_


def a_sku(**details: Any) -> menu.SkuAsked:
    """Return a SKU that no other test uses."""
    return menu.SkuAsked(**({"id": new_id(), "code": f"S{serial()}"} | details))


async def a_dish(shop: Shop, *, list_fen: int | None = 3800, member_fen: int | None = None, **details: Any) -> Dish:
    """Make a dish of one SKU that is sold everywhere for `list_fen`, and return it."""
    ctx = shop.process.context()
    given = {"name": "宫保鸡丁", "name_en": "Kung Pao Chicken", "skus": (a_sku(),), "station": "热菜档"} | details
    given.setdefault("category_id", await a_category(shop) if "category_id" not in given else None)
    asked = menu.NewDish(id=new_id(), code=f"D{serial()}", **given)
    made = await ctx.run(menu.make_dish(asked, actor=ctx.actor, at=ctx.now))
    prices = [
        menu.PriceAsked(sku_id=sku.id, kind=kind, amount_fen=fen)
        for sku in made.skus
        for kind, fen in (("list", list_fen), ("member", member_fen))
        if fen is not None
    ]
    if prices:
        act = menu.NewPrices(id=new_id(), prices=tuple(prices))
        await ctx.run(menu.set_prices(act, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    return made


async def a_selling_store(shop: Shop, **details: Any) -> str:
    """Make a store whose stock is kept, and return its id."""
    store_id = await a_store(shop, **details)
    await menu.begin_days(shop.process)
    return store_id


async def stock_of(shop: Shop, store_id: str, sku_id: str) -> Any:
    """Return the stock of a SKU at a store."""
    ctx = shop.process.context()
    return {s.sku_id: s for s in await ctx.query(menu.in_store(store_id, actor=ctx.actor))}[sku_id]


def asked_again(dish: Dish, **given: Any) -> dict[str, Any]:
    """Return what is sent to change a dish: what it is, with what is given."""
    whole = msgspec.to_builtins(dish)
    skus = [{name: value for name, value in s.items() if name != "dish_id"} for s in whole["skus"]]
    return {name: value for name, value in whole.items() if name not in ("id", "code")} | {"skus": skus} | given
