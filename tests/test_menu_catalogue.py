"""Categories and dishes: made once, changed by whoever saw the newest version, taken off sale, never forgotten."""

from typing import Any

import msgspec
import pytest

from goodtaste.kernel.auth import GUEST, NotAllowed
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, new_id
from goodtaste.menu import api as menu
from goodtaste.menu.book import Dish, MenuBook
from goodtaste.menu.categories import BadPeriods, CategoryUnknown, NameTaken
from goodtaste.menu.dishes import CodeTaken, DishUnknown
from goodtaste.org.api import Hours
from tests.menu_kit import a_category, a_dish, a_selling_store, a_sku, asked_again, stock_of
from tests.org_kit import actions_on, serial
from tests.shop import Shop, at_once


async def act(shop: Shop, script: Any) -> Any:
    try:
        return await shop.process.context().run(script)
    finally:
        await shop.process.snapshots.refresh()


async def make(shop: Shop, asked: menu.NewDish) -> Dish:
    ctx = shop.process.context()
    made: Dish = await act(shop, menu.make_dish(asked, actor=ctx.actor, at=ctx.now))
    return made


async def change(shop: Shop, dish: Dish, **given: Any) -> Dish:
    ctx = shop.process.context()
    asked = msgspec.convert(asked_again(dish, **given), menu.DishChange)
    made: Dish = await act(shop, menu.change_dish(dish.id, asked, actor=ctx.actor, at=ctx.now))
    return made


def shown(shop: Shop, dish_id: str) -> Dish:
    return shop.process.see(MenuBook).dish[dish_id]


def spice() -> menu.GroupAsked:
    options = tuple(menu.OptionAsked(id=new_id(), name=name) for name in ("免辣", "少辣", "多辣"))
    return menu.GroupAsked(id=new_id(), name="辣度", options=options, min_picks=1, max_picks=1)


async def test_a_category_is_made_once_and_changed_by_who_saw_it_as_it_is(shop: Shop) -> None:
    ctx, name = shop.process.context(), f"凉菜{serial()}"
    asked = menu.NewCategory(id=new_id(), name=name, periods=(Hours(0, 600, 840),))
    made = await act(shop, menu.make_category(asked, actor=ctx.actor, at=ctx.now))
    assert await act(shop, menu.make_category(asked, actor=ctx.actor, at=ctx.now)) == made
    other = menu.NewCategory(id=asked.id, name=f"{name}2")
    with pytest.raises(IdTaken):
        await act(shop, menu.make_category(other, actor=ctx.actor, at=ctx.now))
    with pytest.raises(NameTaken):
        await act(shop, menu.make_category(menu.NewCategory(id=new_id(), name=name), actor=ctx.actor, at=ctx.now))
    off = menu.CategoryChange(name=name, on_sale=False, version=1)
    changed = await act(shop, menu.change_category(made.id, off, actor=ctx.actor, at=ctx.now))
    assert (changed.on_sale, changed.periods, changed.version) == (False, (), 2)
    assert await act(shop, menu.change_category(made.id, off, actor=ctx.actor, at=ctx.now)) == changed
    late = menu.CategoryChange(name=name, rank=7, version=1)
    with pytest.raises(menu.ChangedMeanwhile):
        await act(shop, menu.change_category(made.id, late, actor=ctx.actor, at=ctx.now))
    assert await actions_on(shop, f"category/{made.id}") == ["menu.category_made", "menu.category_changed"]
    with pytest.raises(CategoryUnknown):
        await act(shop, menu.change_category(new_id(), off, actor=ctx.actor, at=ctx.now))
    bad = menu.NewCategory(id=new_id(), name=f"{name}3", periods=(Hours(0, 840, 600),))
    with pytest.raises(BadPeriods):
        await act(shop, menu.make_category(bad, actor=ctx.actor, at=ctx.now))


async def test_a_dish_stands_in_the_book_with_all_its_parts(shop: Shop) -> None:
    small, large = a_sku(name="小份"), a_sku(name="大份")
    made = await a_dish(
        shop, skus=(small, large), groups=(spice(),), tags=("招牌",), allergens=("花生",), spice=2,
        pictures=("dishes/gongbao.webp",), calories_kcal=620, prep_minutes=12,
    )  # fmt: skip
    dish = shown(shop, made.id)
    assert dish == made
    assert [s.name for s in dish.skus] == ["小份", "大份"]
    assert [o.name for o in dish.groups[0].options] == ["免辣", "少辣", "多辣"]
    assert (dish.allergens, dish.pictures, dish.version) == (("花生",), ("dishes/gongbao.webp",), 1)


async def test_a_dish_is_made_once_and_its_codes_belong_to_it_alone(shop: Shop) -> None:
    category_id = await a_category(shop)
    asked = menu.NewDish(id=new_id(), code=f"D{serial()}", category_id=category_id, name="回锅肉", skus=(a_sku(),))
    made = await make(shop, asked)
    assert await make(shop, asked) == made
    other = a_sku()
    for code, skus, refused in (
        (asked.code, (other,), CodeTaken),
        (f"D{serial()}", (a_sku(code=asked.skus[0].code),), CodeTaken),
        (f"D{serial()}", (a_sku(id=asked.skus[0].id),), IdTaken),
    ):
        with pytest.raises(refused):
            await make(shop, menu.NewDish(id=new_id(), code=code, category_id=category_id, name="回锅肉", skus=skus))
    with pytest.raises(CategoryUnknown):
        await make(shop, menu.NewDish(id=new_id(), code="X1", category_id=new_id(), name="无类", skus=(other,)))
    with pytest.raises(NotAllowed):
        await act(shop, menu.make_dish(asked, actor=GUEST, at=shop.now))


async def test_a_change_replaces_the_whole_dish_and_what_is_left_out_goes_off_sale(shop: Shop) -> None:
    small, large, group = a_sku(name="小份"), a_sku(name="大份"), spice()
    made = await a_dish(shop, skus=(small, large), groups=(group,))
    egg = {"id": new_id(), "name": "加料", "options": [{"id": new_id(), "name": "加蛋", "price_fen": 200}]}
    kept = msgspec.to_builtins(group) | {"options": msgspec.to_builtins(group.options[1:]), "max_picks": 2}
    changed = await change(
        shop, made, name="新宫保鸡丁", skus=[msgspec.to_builtins(large)], groups=[egg, kept], spice=3
    )
    dish = shown(shop, made.id)
    assert dish == changed
    assert (dish.name, dish.spice, dish.version) == ("新宫保鸡丁", 3, 2)
    assert [(s.name, s.on_sale) for s in dish.skus] == [("大份", True), ("小份", False)]
    assert [(g.name, len(g.options)) for g in dish.groups] == [("加料", 1), ("辣度", 2)]
    assert await change(shop, changed, skus=[msgspec.to_builtins(large)]) == changed
    with pytest.raises(menu.ChangedMeanwhile):
        await change(shop, made, name="旧的")
    assert await actions_on(shop, f"dish/{made.id}") == ["menu.dish_made", "menu.dish_changed"]
    with pytest.raises(DishUnknown):
        await change(shop, msgspec.structs.replace(changed, id=new_id()))


async def test_of_changes_made_at_once_to_what_was_seen_one_stands(shop: Shop) -> None:
    made = await a_dish(shop)
    outcomes = await at_once(8, lambda n: change(shop, made, name=f"菜 {n}"))
    assert outcomes.count("menu.changed_meanwhile") == 7
    assert shown(shop, made.id).version == 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"skus": (a_sku(id="0197a000-0000-7000-8000-000000000001"),) * 2}, "twice"),
        ({"skus": (a_sku(name="大"), a_sku(name="大"))}, "twice"),
        ({"groups": (msgspec.structs.replace(spice(), max_picks=4),)}, "picks"),
        ({"groups": (msgspec.structs.replace(spice(), min_picks=2),)}, "picks"),
        ({"groups": (spice(), spice())}, "twice"),
        ({"kind": "set"}, "slots"),
        ({"slots": (menu.SlotAsked(id=new_id(), name="主菜", choices=(menu.ChoiceAsked(sku_id=new_id()),)),)}, "slots"),
    ],
)
async def test_a_dish_that_cannot_be_is_refused(shop: Shop, given: dict[str, Any], why: str) -> None:
    with pytest.raises(menu.BadDish) as refused:
        await a_dish(shop, **given)
    assert refused.value.facts["why"] == why


async def test_a_set_meal_is_made_of_dishes_and_not_of_sets(shop: Shop) -> None:
    rice, soup = await a_dish(shop, name="米饭"), await a_dish(shop, name="酸辣汤")

    def slot(*skus: str) -> menu.SlotAsked:
        choices = tuple(menu.ChoiceAsked(sku_id=s, extra_fen=100 * i) for i, s in enumerate(skus))
        return menu.SlotAsked(id=new_id(), name=f"任选{serial()}", choices=choices)

    set_ = await a_dish(shop, kind="set", name="双人套餐", slots=(slot(rice.skus[0].id, soup.skus[0].id),))
    assert [c.extra_fen for c in shown(shop, set_.id).slots[0].choices] == [0, 100]
    for sku_id, why in ((set_.skus[0].id, "part_is_set"), (new_id(), "part_unknown")):
        with pytest.raises(menu.BadDish) as refused:
            await a_dish(shop, kind="set", slots=(slot(sku_id),))
        assert refused.value.facts["why"] == why
    book, store_id = shop.process.see(MenuBook), new_id()
    ordered = menu.Choice(
        sku_id=set_.skus[0].id, qty=2, parts=(menu.Part(slot_id=set_.slots[0].id, sku_id=soup.skus[0].id),)
    )
    [chosen] = book.choose([ordered], store_id=store_id, channel="counter", zone="Asia/Shanghai", at=shop.now)
    assert (chosen.line.list_fen, chosen.takes[soup.skus[0].id]) == (3900, 2)
    ctx = shop.process.context()
    await act(shop, menu.switch_dish(soup.id, on_sale=False, reason="没有了", actor=ctx.actor, at=ctx.now))
    with pytest.raises(Refusal) as gone:
        shop.process.see(MenuBook).choose(
            [ordered], store_id=store_id, channel="counter", zone="Asia/Shanghai", at=shop.now
        )
    assert gone.value.code == "menu.not_on_menu"


async def test_a_dish_taken_off_sale_is_not_on_the_menu_until_it_is_back(shop: Shop) -> None:
    dish, ctx = await a_dish(shop), shop.process.context()

    def order() -> Any:
        choices = [menu.Choice(sku_id=dish.skus[0].id, qty=1)]
        return shop.process.see(MenuBook).choose(
            choices, store_id=new_id(), channel="counter", zone="Asia/Shanghai", at=shop.now
        )

    assert order()
    await act(shop, menu.switch_dish(dish.id, on_sale=False, reason="换季", actor=ctx.actor, at=ctx.now))
    with pytest.raises(menu.NotOnMenu):
        order()
    await act(shop, menu.switch_dish(dish.id, on_sale=True, reason="回来", actor=ctx.actor, at=ctx.now))
    assert order()
    off = {"menu.dish_off_sale", "menu.dish_on_sale"}
    assert off <= set(await actions_on(shop, f"dish/{dish.id}"))
    category = shop.process.see(MenuBook).category[dish.category_id]
    closed = menu.CategoryChange(name=category.name, on_sale=False, version=1)
    await act(shop, menu.change_category(category.id, closed, actor=ctx.actor, at=ctx.now))
    with pytest.raises(menu.NotOnMenu):
        order()


async def test_every_store_has_a_stock_row_for_every_sku_whichever_comes_first(shop: Shop) -> None:
    before = await a_dish(shop)
    store_id = await a_selling_store(shop)
    after = await a_dish(shop)
    for dish in (before, after):
        stock = await stock_of(shop, store_id, dish.skus[0].id)
        assert (stock.portions_left, stock.sold_out, stock.sold) == (None, False, 0)
