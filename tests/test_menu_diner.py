"""The diner's menu: what is sold here and now, with its prices, in one's language, as ready bytes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from goodtaste.kernel import snapshot
from goodtaste.kernel.ids import new_id
from goodtaste.menu import api as menu
from goodtaste.menu.book import MenuBook, PriceRow
from goodtaste.menu.diner import Pages, Short, shown
from goodtaste.org.api import Directory, Hours
from tests.member_kit import eventually
from tests.menu_kit import a_category, a_dish, a_selling_store, a_sku
from tests.org_kit import a_person, an_admin, code_of, send
from tests.shop import LONG_AGO, Shop

EVERY_MORNING = tuple(Hours(day, 360, 600) for day in range(7))


async def read(shop: Shop, store_id: str, *, language: str = "zh-CN", channel: str = "mini_program") -> dict[str, Any]:
    answer = await shop.get(f"/v1/stores/{store_id}/menu?channel={channel}", {"accept-language": language})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def dish_in(page: dict[str, Any], dish_id: str) -> dict[str, Any] | None:
    return next((d for c in page["categories"] for d in c["dishes"] if d["id"] == dish_id), None)


async def test_tags_and_allergens_that_are_known_are_said_in_english(shop: Shop) -> None:
    store_id = await a_selling_store(shop)
    dish = await a_dish(shop, tags=("招牌", "外婆的味道"), allergens=("花生", "小麦"))
    seen = [dish_in(await read(shop, store_id, language=each), dish.id) or {} for each in ("zh-CN", "en")]
    assert [each["tags"] for each in seen] == [["招牌", "外婆的味道"], ["Signature", "外婆的味道"]]
    assert [each["allergens"] for each in seen] == [["花生", "小麦"], ["peanuts", "wheat"]]


async def test_it_shows_what_is_sold_with_prices_for_guests_and_members(shop: Shop) -> None:
    store_id = await a_selling_store(shop, licence="JY23101010000001")
    egg = menu.OptionAsked(id=new_id(), name="加蛋", name_en="Egg", price_fen=200)
    group = menu.GroupAsked(id=new_id(), name="加料", name_en="Extras", options=(egg,))
    dish = await a_dish(shop, list_fen=3800, member_fen=3500, groups=(group,), allergens=("花生",), spice=2)
    dear = await a_dish(shop, list_fen=3800, member_fen=4000)
    page = await read(shop, store_id)
    found = dish_in(page, dish.id)
    assert found is not None
    assert (found["name"], found["allergens"], found["spice"]) == ("宫保鸡丁", ["花生"], 2)
    assert found["skus"] == [
        {
            "id": dish.skus[0].id,
            "name": "",
            "list_fen": 3800,
            "member_fen": 3500,
            "reference_fen": 3800,
            "sold_out": False,
        }
    ]
    assert found["groups"][0]["options"] == [{"id": egg.id, "name": "加蛋", "price_fen": 200}]
    assert (page["licence"], page["open_now"]) == ("JY23101010000001", True)
    assert dish_in(page, dear.id)["skus"][0]["member_fen"] is None  # type: ignore[index]
    english = dish_in(await read(shop, store_id, language="en-GB"), dish.id)
    assert english is not None
    assert (english["name"], english["groups"][0]["name"]) == ("Kung Pao Chicken", "Extras")


def a_book_of(*steps: tuple[int, int], member_fen: int | None = None) -> MenuBook:
    """Return a book of one SKU whose list price was set so many days after the first day, one after the other."""
    starts = [LONG_AGO + timedelta(days=day) for day, _ in steps]
    rows = [
        PriceRow(new_id(), "sku", "list", None, None, fen, start, end)
        for (_, fen), start, end in zip(steps, starts, [*starts[1:], None], strict=True)
    ]
    if member_fen is not None:
        rows.append(PriceRow(new_id(), "sku", "member", None, None, member_fen, LONG_AGO, None))
    return MenuBook([], [], rows)


@pytest.mark.parametrize(
    ("steps", "day", "struck"),
    [
        (((0, 4_000),), 100, 4_000),
        (((0, 4_000),), 1, 4_000),
        (((0, 3_000), (100, 4_000)), 101, 3_000),  # raised yesterday
        (((0, 3_000), (100, 4_000)), 107.5, 4_000),  # raised more than seven days ago
        (((0, 4_000), (100, 3_000)), 101, 4_000),  # reduced yesterday
        (((0, 4_000), (100, 3_000)), 129, 4_000),
        (((0, 4_000), (100, 3_000)), 131, 3_000),  # no reduction any more: it is the price
        (((0, 3_000), (98, 9_000), (100, 3_500)), 101, 3_000),  # raised for two days, to be struck out
        (((0, 3_000), (92, 9_000), (100, 3_500)), 101, 9_000),
        (((0, 4_000), (95, 3_800), (100, 3_000)), 101, 3_800),  # reduced twice: the lowest before the last
    ],
)
def test_what_is_struck_out_is_the_lowest_price_of_the_seven_days_before(
    steps: tuple[tuple[int, int], ...], day: float, struck: int
) -> None:
    at = LONG_AGO + timedelta(days=day)
    assert a_book_of(*steps).reference_fen("sku", store_id="s", channel="web", at=at) == struck


async def test_a_price_raised_yesterday_is_not_struck_out_beside_the_members_price(shop: Shop) -> None:
    store_id, ctx = await a_selling_store(shop), shop.process.context()
    dish = await a_dish(shop, list_fen=3_000, member_fen=2_900)
    dearer = menu.PriceAsked(sku_id=dish.skus[0].id, amount_fen=4_000)
    await ctx.run(menu.set_prices(menu.NewPrices(id=new_id(), prices=(dearer,)), actor=ctx.actor, at=shop.now))
    await ctx.refresh()
    shown_now = dish_in(await read(shop, store_id), dish.id)
    assert shown_now
    [sku] = shown_now["skus"]
    assert (sku["list_fen"], sku["member_fen"], sku["reference_fen"]) == (4_000, 2_900, 3_000)


async def test_what_is_off_sale_or_has_no_price_here_is_not_shown(shop: Shop) -> None:
    here, there = await a_selling_store(shop), await a_selling_store(shop)
    gone, free, ctx = await a_dish(shop), await a_dish(shop, list_fen=None), shop.process.context()
    small, large = a_sku(name="小份"), a_sku(name="大份", on_sale=False)
    half = await a_dish(shop, skus=(small, large))
    assert dish_in(await read(shop, here), gone.id)
    await ctx.run(menu.switch_dish(gone.id, on_sale=False, reason="换季", actor=ctx.actor, at=ctx.now))
    only = menu.PriceAsked(sku_id=free.skus[0].id, amount_fen=100, store_id=here, channel="web")
    await ctx.run(menu.set_prices(menu.NewPrices(id=new_id(), prices=(only,)), actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    page = await read(shop, here)
    assert dish_in(page, gone.id) is None
    assert dish_in(page, free.id) is None
    assert [s["name"] for s in dish_in(page, half.id)["skus"]] == ["小份"]  # type: ignore[index]
    assert dish_in(await read(shop, here, channel="web"), free.id)
    assert dish_in(await read(shop, there, channel="web"), free.id) is None


async def test_who_has_the_page_is_told_that_nothing_changed(shop: Shop) -> None:
    store_id, path = await a_selling_store(shop), "/v1/stores/{}/menu"
    dish = await a_dish(shop)
    first = await shop.get(path.format(store_id))
    tag = first.headers["etag"]
    again = await shop.get(path.format(store_id), {"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await shop.get(path.format(store_id), {"if-none-match": tag, "accept-language": "en"})
    assert (other.status_code, other.headers["content-language"]) == (200, "en")
    ctx = shop.process.context()
    await ctx.run(menu.switch_dish(dish.id, on_sale=False, reason="换季", actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    changed = await shop.get(path.format(store_id), {"if-none-match": tag})
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)


async def test_a_member_reads_the_same_page_as_a_guest_and_a_forged_token_reads_nothing(shop: Shop) -> None:
    store_id, dish = await a_selling_store(shop), await a_dish(shop)
    path, member = f"/v1/stores/{store_id}/menu?channel=web", await a_person(shop)
    guest, signed_in = await shop.get(path), await shop.get(path, member.headers)
    assert guest.content == signed_in.content
    for name in ("etag", "cache-control", "vary", "content-type", "content-language", "x-content-type-options"):
        assert guest.headers[name] == signed_in.headers[name]
    for tag in (guest.headers["etag"], f"W/{guest.headers['etag']}", f'"other", {guest.headers["etag"]}'):
        known = {"if-none-match": tag}
        assert [(await shop.get(path, known | who)).status_code for who in ({}, member.headers)] == [304, 304]
    stale = {"if-none-match": '"000000000000000000000000"'}
    assert [(await shop.get(path, stale | who)).status_code for who in ({}, member.headers)] == [200, 200]
    forged = await shop.get(path, {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."})
    assert code_of(forged) == "auth.not_signed_in"
    assert dish_in(guest.json(), dish.id)


async def test_a_dish_sold_out_is_seen_to_be_within_a_second(shop: Shop) -> None:
    store_id, dish = await a_selling_store(shop), await a_dish(shop)
    part = menu.SlotAsked(id=new_id(), name="主菜", choices=(menu.ChoiceAsked(sku_id=dish.skus[0].id),))
    set_ = await a_dish(shop, kind="set", slots=(part,))
    ctx, asked = shop.process.context(), menu.SoldOutAsked(sold_out=True)
    today = shop.process.see(Directory).store(store_id).calendar.business_date(ctx.now)
    assert not dish_in(await read(shop, store_id), dish.id)["sold_out"]  # type: ignore[index]
    script = menu.switch_sold_out(
        store_id, sku_id=dish.skus[0].id, asked=asked, today=today, actor=ctx.actor, at=ctx.now
    )
    await ctx.run(script)

    async def seen() -> tuple[bool, bool]:
        page = await read(shop, store_id)
        return dish_in(page, dish.id)["sold_out"], dish_in(page, set_.id)["sold_out"]  # type: ignore[index]

    await eventually(seen, (True, True))
    assert snapshot.CHECK_S < 0.5


async def test_a_category_is_sold_in_its_hours_only(shop: Shop) -> None:
    store_id, category_id = await a_selling_store(shop), await a_category(shop, periods=EVERY_MORNING)
    dish = await a_dish(shop, category_id=category_id, list_fen=None)
    ctx = shop.process.context()
    price = menu.PriceAsked(sku_id=dish.skus[0].id, amount_fen=600)
    act = menu.NewPrices(id=new_id(), prices=(price,), from_at=LONG_AGO)
    await ctx.run(menu.set_prices(act, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    store, book = shop.process.see(Directory).store(store_id), shop.process.see(MenuBook)
    midnight = ctx.now.replace(hour=16, minute=0, second=0, microsecond=0)  # 00:00 in Shanghai
    choice = [menu.Choice(sku_id=dish.skus[0].id, qty=1)]
    for minute, open_now in ((359, False), (360, True), (599, True), (600, False)):
        at = midnight + timedelta(minutes=minute)
        page = shown(store, book=book, short=frozenset(), channel="web", language="en", at=at)
        [found] = [c for c in page.categories if c.id == category_id]
        assert (found.open_now, len(found.dishes)) == (open_now, 1)
        try:
            sold = bool(book.choose(choice, store_id=store_id, channel="web", zone=store.zone, at=at))
        except menu.NotOnMenu:
            sold = False
        assert sold == open_now


async def test_a_page_is_made_once_and_again_when_a_price_begins(shop: Shop) -> None:
    store_id, dish = await a_selling_store(shop), await a_dish(shop)
    ctx, pages = shop.process.context(), Pages()
    soon = ctx.now + timedelta(days=3, seconds=17)
    price = menu.PriceAsked(sku_id=dish.skus[0].id, amount_fen=4200)
    act = menu.NewPrices(id=new_id(), prices=(price,), from_at=soon)
    await ctx.run(menu.set_prices(act, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    store, book = shop.process.see(Directory).store(store_id), shop.process.see(MenuBook)

    def page(at: Any) -> Any:
        return pages.page(store, book=book, short=frozenset(), channel="web", language="en", at=at)

    def fen(at: Any) -> Any:
        return dish_in(msgspec.json.decode(page(at).body), dish.id)["skus"][0]["list_fen"]  # type: ignore[index]

    before = soon - timedelta(seconds=1)
    assert page(before) is page(before + timedelta(microseconds=999_999))
    assert (fen(before), fen(soon)) == (3800, 4200)
    assert shop.process.see(Short).at(new_id()) == frozenset()


@pytest.mark.parametrize("query", ["?channel=fax", "?channel="])
async def test_a_channel_that_does_not_exist_is_refused(shop: Shop, query: str) -> None:
    store_id = await a_selling_store(shop)
    assert code_of(await shop.get(f"/v1/stores/{store_id}/menu{query}")) == "request.malformed"
    assert code_of(await shop.get(f"/v1/stores/{new_id()}/menu")) == "org.store_unknown"


async def test_the_head_office_works_over_http_and_nobody_else(shop: Shop) -> None:
    admin, manager = await an_admin(shop), await a_person(shop, ("store_manager", None))
    category = {"id": new_id(), "name": f"汤{new_id()[-6:]}"}
    assert code_of(await shop.post("/v1/menu/categories", category, manager.headers)) == "auth.not_allowed"
    assert (await shop.post("/v1/menu/categories", category, admin.headers)).status_code == 201
    listed = (await shop.get("/v1/menu/categories", manager.headers)).json()
    assert category["id"] in {c["id"] for c in listed}
    change = {"name": category["name"], "rank": 5, "version": 1}
    path = f"/v1/menu/categories/{category['id']}"
    assert (await send(shop, "PUT", path, change, admin.headers)).json()["version"] == 2
    sku = {"id": new_id(), "code": f"S{new_id()[-8:]}"}
    dish = {
        "id": new_id(), "code": f"!{new_id()[-8:]}", "category_id": category["id"], "name": "酸辣汤", "skus": [sku],
        "pictures": ["javascript:alert(1)"],
    }  # fmt: skip
    for fix in ({"code": f"A{new_id()[-8:]}"}, {"pictures": ["https://img.example.com/a.webp", "dishes/a.webp"]}):
        assert code_of(await shop.post("/v1/menu/dishes", dish, admin.headers)) == "request.malformed"
        dish |= fix
    made = await shop.post("/v1/menu/dishes", dish, admin.headers)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    page = (await shop.get(f"/v1/menu/dishes?category_id={category['id']}", manager.headers)).json()
    assert [d["id"] for d in page] == [dish["id"]]
    prices = {"id": new_id(), "prices": [{"sku_id": sku["id"], "amount_fen": 1800}]}
    assert len((await shop.post("/v1/menu/prices", prices, admin.headers)).json()) == 1
    stray = {"id": new_id(), "prices": [{"sku_id": sku["id"], "amount_fen": 1, "store_id": new_id()}]}
    assert code_of(await shop.post("/v1/menu/prices", stray, admin.headers)) == "org.store_unknown"
    naive = prices | {"id": new_id(), "from_at": "2030-01-01T00:00:00"}
    assert code_of(await shop.post("/v1/menu/prices", naive, admin.headers)) == "request.malformed"
    [row] = (await shop.get(f"/v1/menu/prices?sku_id={sku['id']}", manager.headers)).json()
    assert (await send(shop, "DELETE", f"/v1/menu/prices/{row['id']}", None, admin.headers)).status_code == 204
    off = {"on_sale": False, "reason": "换季"}
    switched = await shop.post(f"/v1/menu/dishes/{dish['id']}/switch", off, admin.headers)
    assert (switched.json()["on_sale"], switched.json()["version"]) == (False, 2)
    assert (await shop.get(f"/v1/menu/dishes/{dish['id']}", manager.headers)).json()["on_sale"] is False
    assert code_of(await shop.get(f"/v1/menu/dishes/{new_id()}", manager.headers)) == "menu.dish_unknown"
