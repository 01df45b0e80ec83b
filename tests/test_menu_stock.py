"""Stock: sold out and back by the staff of the store, the last portion sold once, and each day a fresh start."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.menu import api as menu
from goodtaste.menu.days import ONE, begin_day
from goodtaste.menu.diner import Short
from goodtaste.org.api import Directory
from tests.member_kit import eventually
from tests.menu_kit import a_dish, a_selling_store, stock_of
from tests.org_kit import a_person, a_store, actions_on, code_of, send
from tests.shop import Shop, at_once, write

DAY = timedelta(days=1)


async def portions(shop: Shop, store_id: str, sku_id: str, left: int | None, daily: int | None = None) -> Any:
    ctx = shop.process.context()
    asked = menu.PortionsAsked(left=left, daily=daily)
    return await ctx.run(menu.set_portions(store_id, sku_id=sku_id, asked=asked, actor=ctx.actor, at=ctx.now))


def order(store_id: str, sku_id: str, *, qty: int = 1, fen: int = 3800) -> dict[str, Any]:
    return {
        "id": new_id(), "store_id": store_id, "kind": "counter", "channel": "counter", "lines": [{"sku_id": sku_id, "qty": qty}],
        "seen_due_fen": fen * qty, "cash": {"payment_id": new_id(), "tendered_fen": fen * qty},
    }  # fmt: skip


async def is_short(shop: Shop, store_id: str, sku_id: str, *, want: bool) -> None:
    """Wait until the process shows by itself whether a SKU is sold out."""

    async def shown() -> bool:
        return sku_id in shop.process.see(Short).at(store_id)

    await eventually(shown, want)


async def test_sixty_four_tills_sell_the_last_five_portions_exactly(shop: Shop) -> None:
    store_id, dish = await a_selling_store(shop), await a_dish(shop)
    sku_id, cashier = dish.skus[0].id, await a_person(shop, ("cashier", store_id))
    await portions(shop, store_id, sku_id, 5)

    async def sell(_: int) -> str:
        answer = await shop.post("/v1/orders", order(store_id, sku_id), cashier.headers)
        return code_of(answer) or "sold"

    outcomes = await at_once(64, sell)
    assert (outcomes.count("sold"), outcomes.count("menu.sold_out")) == (5, 59)
    stock = await stock_of(shop, store_id, sku_id)
    assert (stock.portions_left, stock.sold, stock.sold_out) == (0, 5, False)
    await is_short(shop, store_id, sku_id, want=True)
    ctx = shop.process.context()
    more = menu.MoreAsked(id=new_id(), more=2)
    for _ in range(2):
        await ctx.run(menu.add_portions(store_id, sku_id=sku_id, asked=more, actor=ctx.actor, at=ctx.now))
    assert (await stock_of(shop, store_id, sku_id)).portions_left == 2
    await is_short(shop, store_id, sku_id, want=False)
    too_many = await shop.post("/v1/orders", order(store_id, sku_id, qty=3), cashier.headers)
    assert (code_of(too_many), too_many.json()["facts"]["portions_left"]) == ("menu.sold_out", 2)


async def test_the_staff_of_a_store_sells_a_dish_out_there_and_nowhere_else(shop: Shop) -> None:
    here, there, dish = await a_selling_store(shop), await a_selling_store(shop), await a_dish(shop)
    sku_id = dish.skus[0].id
    cook, waiter = await a_person(shop, ("kitchen", here)), await a_person(shop, ("waiter", here))
    path = f"/v1/stores/{here}/stock/{sku_id}"
    off = {"sold_out": True, "reason": "鸡丁没了"}
    assert code_of(await send(shop, "PUT", f"{path}/sold-out", off, waiter.headers)) == "auth.not_allowed"
    elsewhere = path.replace(here, there)
    assert code_of(await send(shop, "PUT", f"{elsewhere}/sold-out", off, cook.headers)) == "auth.not_allowed"
    done = await send(shop, "PUT", f"{path}/sold-out", off, cook.headers)
    today = shop.process.see(Directory).store(here).calendar.business_date(shop.now)
    assert (done.json()["sold_out"], done.json()["sold_out_until_on"]) == (True, (today + DAY).isoformat())
    cashier = await a_person(shop, ("cashier", None))
    assert code_of(await shop.post("/v1/orders", order(here, sku_id), cashier.headers)) == "menu.sold_out"
    assert (await shop.post("/v1/orders", order(there, sku_id), cashier.headers)).status_code == 201
    back = await send(shop, "PUT", f"{path}/sold-out", {"sold_out": False}, cook.headers)
    assert (back.json()["sold_out"], back.json()["sold_out_until_on"]) == (False, None)
    assert (await shop.post("/v1/orders", order(here, sku_id), cashier.headers)).status_code == 201
    assert (await actions_on(shop, f"stock/{sku_id}")) == ["menu.sold_out", "menu.back_on_sale"]
    unknown = f"/v1/stores/{here}/stock/{new_id()}/sold-out"
    assert code_of(await send(shop, "PUT", unknown, off, cook.headers)) == "menu.stock_unknown"
    assert code_of(await send(shop, "PUT", f"/v1/stores/{new_id()}/stock/{sku_id}/sold-out", off, cook.headers)) in (
        "org.store_unknown",
        "auth.not_allowed",
    )


@pytest.mark.parametrize(
    "body", [{"left": -1}, {"left": 1.5}, {"left": "five"}, {"left": 10**9}, {}, {"left": 1, "daily": -1}]
)
async def test_portions_that_cannot_be_are_refused(shop: Shop, body: dict[str, Any]) -> None:
    store_id, dish = await a_selling_store(shop), await a_dish(shop)
    cook, path = await a_person(shop, ("kitchen", store_id)), f"/v1/stores/{store_id}/stock/{dish.skus[0].id}/portions"
    assert code_of(await send(shop, "PUT", path, body, cook.headers)) == "request.malformed"
    assert (await send(shop, "PUT", path, {"left": 7, "daily": 20}, cook.headers)).json()["portions_left"] == 7


async def test_portions_are_added_only_to_what_is_counted(shop: Shop) -> None:
    store_id, dish = await a_selling_store(shop), await a_dish(shop)
    cook, path = await a_person(shop, ("kitchen", store_id)), f"/v1/stores/{store_id}/stock/{dish.skus[0].id}/portions"
    more = {"id": new_id(), "more": 3}
    assert code_of(await shop.post(path, more, cook.headers)) == "menu.not_counted"
    await send(shop, "PUT", path, {"left": 1}, cook.headers)
    assert (await shop.post(path, more, cook.headers)).status_code == 204
    assert code_of(await shop.post(path, more | {"more": 4}, cook.headers)) == "request.id_taken"
    listed = (await shop.get(f"/v1/stores/{store_id}/stock", cook.headers)).json()
    assert {s["sku_id"]: s["portions_left"] for s in listed}[dish.skus[0].id] == 4


async def test_an_order_that_is_cancelled_gives_its_portions_back(shop: Shop) -> None:
    store_id, dish = await a_selling_store(shop), await a_dish(shop)
    sku_id = dish.skus[0].id
    await portions(shop, store_id, sku_id, 1)
    await shop.db.run(write(menu.take(store_id, {sku_id: 1})))
    await is_short(shop, store_id, sku_id, want=True)
    await shop.db.run(write(menu.give_back(store_id, {sku_id: 1})))
    await is_short(shop, store_id, sku_id, want=False)
    stock = await stock_of(shop, store_id, sku_id)
    assert (stock.portions_left, stock.sold) == (1, 0)


async def test_a_new_day_brings_the_daily_portions_and_lifts_what_was_for_today(shop: Shop) -> None:
    store_id = await a_selling_store(shop)
    daily, once, today_only, lasting = [(await a_dish(shop)).skus[0].id for _ in range(4)]
    [marker] = await shop.db.rows(ONE(store_id=store_id))
    today, ctx = marker.business_date, shop.process.context()
    await portions(shop, store_id, daily, 0, daily=20)
    await portions(shop, store_id, once, 3)
    for sku_id, for_long in ((today_only, False), (lasting, True)):
        asked = menu.SoldOutAsked(sold_out=True, lasting=for_long)
        await ctx.run(
            menu.switch_sold_out(store_id, sku_id=sku_id, asked=asked, today=today, actor=ctx.actor, at=ctx.now)
        )
    assert not await ctx.run(begin_day(store_id, today=today))
    outcomes = await at_once(8, lambda _: ctx.run(begin_day(store_id, today=today + DAY)))
    assert outcomes.count(True) == 1
    found = {sku_id: await stock_of(shop, store_id, sku_id) for sku_id in (daily, once, today_only, lasting)}
    assert [s.portions_left for s in found.values()] == [20, None, None, None]
    assert [s.sold_out for s in found.values()] == [False, False, False, True]
    await portions(shop, store_id, daily, 7, daily=20)
    assert not await ctx.run(begin_day(store_id, today=today))
    assert (await stock_of(shop, store_id, daily)).portions_left == 7


async def test_the_day_begins_by_the_stores_own_calendar(shop: Shop) -> None:
    store_id = await a_store(shop, zone="Pacific/Honolulu", day_start_minute=300)
    await menu.begin_days(shop.process)
    [marker] = await shop.db.rows(ONE(store_id=store_id))
    assert marker.business_date == shop.process.see(Directory).store(store_id).calendar.business_date(shop.now)
    assert isinstance(marker.business_date, date)
