"""Walks through the catalogue in the console: dishes, prices seen before they are set, what a store has left, categories, files."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

Open = Callable[..., Any]


def the_dish(house: Any, name: str) -> dict[str, Any]:
    """Return a dish of the catalogue as it is now."""
    by = house.staff("admin")
    brief = next(each for each in house.http.get("/v1/menu/shelf", headers=by).json() if each["name"] == name)
    found: dict[str, Any] = house.http.get(f"/v1/menu/dishes/{brief['id']}", headers=by).json()
    return found


def test_a_dish_is_found_by_initials_and_its_portions_are_counted_at_a_store(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/dishes")
    page = desk.page
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-dishes")
    rows = page.locator("tbody tr")
    for text in ("gbjd", "gongbao", "宫保"):
        page.get_by_label("搜索").fill(text)
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text("宫保鸡丁")
    page.get_by_label("搜索").fill("mapo")
    expect(rows.first).to_contain_text("麻婆豆腐")
    page.get_by_role("combobox", name="门店").click()
    page.get_by_role("option", name="徐家汇店").click()
    page.get_by_role("button", name="麻婆豆腐 · 剩余份数").click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("剩余").fill("7")
    sheet.locator("[data-test=portions-save]").first.click()
    expect(page.get_by_text("已更新").first).to_be_visible()
    sheet.get_by_role("button", name="今日售罄").click()
    expect(sheet.get_by_text("售罄到")).to_be_visible()
    assert desk.axe() == []
    desk.picture("console-stock")
    sheet.get_by_role("button", name="恢复售卖").click()
    expect(sheet.get_by_role("button", name="今日售罄")).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows.first).to_contain_text("7")
    page.get_by_label("搜索").fill("不存在的菜")
    expect(page.get_by_text("没有符合条件的结果")).to_be_visible()


def test_two_editors_of_a_dish_never_overwrite_one_another(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    house = desk.house
    dish = the_dish(house, "糖醋排骨")
    desk.sign_in("admin", to=f"/console/dishes/{dish['id']}")
    page = desk.page
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-dish")
    page.get_by_label("出餐时间").fill("19")
    page.get_by_label("中文描述").fill("酸甜挂汁，现炸现做")
    page.keyboard.press("Tab")
    theirs = {name: value for name, value in dish.items() if name not in ("id", "code")}
    theirs["skus"] = [
        {name: each[name] for name in ("id", "code", "name", "name_en", "on_sale")} for each in dish["skus"]
    ]
    theirs |= {"calories_kcal": 777, "description": "外酥里嫩"}
    saved = house.http.put(f"/v1/menu/dishes/{dish['id']}", json=theirs, headers=house.staff("admin"))
    assert saved.status_code == 200, saved.text
    page.click("[data-test=save]")
    expect(page.get_by_text("别人刚刚先保存了")).to_be_visible()
    desk.picture("console-merge")
    assert desk.axe() == []
    page.click("[data-test=merge]")
    expect(page.locator("[data-test=merged]")).to_contain_text("你们都改了")
    expect(page.locator(".clashes")).to_contain_text("外酥里嫩")
    expect(page.get_by_label("热量")).to_have_value("777")
    page.click("[data-test=save]")
    expect(page.get_by_text("已保存")).to_be_visible()
    now = the_dish(house, "糖醋排骨")
    assert (now["prep_minutes"], now["calories_kcal"], now["description"]) == (19, 777, "酸甜挂汁，现炸现做")


def test_a_price_is_seen_before_it_is_set_and_not_over_that_of_somebody_else(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    house = desk.house
    dish = the_dish(house, "水煮鱼")
    desk.sign_in("admin", to=f"/console/dishes/{dish['id']}")
    page = desk.page
    page.click("[data-test=price]")
    page.get_by_label("金额").fill("66.6")
    page.get_by_label("从").fill("2027-02-01T11:00")
    page.get_by_label("到").fill("2027-02-08T00:00")
    page.click("[data-test=price-see]")
    preview = page.locator("[data-test=price-preview]")
    expect(preview).to_contain_text("¥66.60")
    expect(preview.get_by_text("新增")).to_have_count(2)  # the price, and the former one again after it
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-price")
    theirs = {"sku_id": dish["skus"][0]["id"], "kind": "member", "amount_fen": 6100}
    other = {"id": f"01900000-0000-7000-8000-{secrets.token_hex(6)}", "prices": [theirs]}
    assert house.http.post("/v1/menu/prices", json=other, headers=house.staff("admin")).status_code == 201
    page.click("[data-test=price-save]")
    expect(page.get_by_text("价格在你查看之后被改过")).to_be_visible()
    page.get_by_role("button", name="返回修改").click()
    page.click("[data-test=price-see]")
    expect(preview).to_contain_text("¥61")
    page.click("[data-test=price-save]")
    expect(page.get_by_role("dialog")).to_have_count(0)
    prices = page.locator("[data-prices=水煮鱼]")
    coming = prices.get_by_role("listitem").filter(has_text="¥66.60")
    expect(coming).to_contain_text("未开始")
    coming.get_by_role("button", name="结束").click()
    page.click("[data-test=sure]")
    expect(coming).to_have_count(0)


def test_a_dish_is_made_named_in_two_languages_and_taken_off_sale(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/dishes")
    page = desk.page
    page.click("[data-test=make]")
    page.get_by_label("中文名").fill("腊味煲仔饭")
    page.get_by_label("英文名").fill("Claypot Rice")
    page.get_by_label("编号").fill(f"W-{secrets.token_hex(3)}")
    page.get_by_role("spinbutton", name="价格").fill("42")
    page.keyboard.press("Tab")
    assert desk.axe() == []
    page.click("[data-test=make-do]")
    expect(page.get_by_role("heading", name="腊味煲仔饭", level=1)).to_be_visible()
    page.get_by_role("button", name="加一组做法").click()
    page.get_by_label("组名", exact=True).fill("分量")
    page.get_by_label("做法", exact=True).fill("加腊肠")
    page.get_by_label("加价").fill("6.5")
    page.get_by_label("碳排放").fill("830")
    page.keyboard.press("Tab")
    page.click("[data-test=save]")
    expect(page.get_by_text("第 2 版")).to_be_visible()
    dish = the_dish(desk.house, "腊味煲仔饭")
    assert (dish["groups"][0]["options"][0]["price_fen"], dish["carbon_g"]) == (650, 830)
    page.click("[data-test=switch]")
    page.get_by_label("原因").fill("换季")
    page.click("[data-test=sure]")
    expect(page.locator(".page-head .tag").last).to_contain_text("已下架")


def test_a_category_is_sold_in_the_hours_that_it_is_given(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/categories")
    page = desk.page
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-categories")
    page.click("[data-test=make]")
    name = f"早茶{secrets.token_hex(2)}"
    page.get_by_label("中文名").fill(name)
    monday = page.locator("[data-day='0']")
    monday.get_by_role("button", name="加一段").click()
    monday.get_by_label("星期一 开始").fill("06:30")
    monday.get_by_label("星期一 结束").fill("10:30")
    monday.get_by_role("button", name="用于每天").click()
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-category")
    page.click("[data-test=category-save]")
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("周一–周日 06:30–10:30")


def test_who_may_not_edit_the_menu_only_looks(open_desk: Open) -> None:
    desk = open_desk(390, 844)
    dish = the_dish(desk.house, "宫保鸡丁")
    desk.sign_in("manager05", to=f"/console/dishes/{dish['id']}")
    page = desk.page
    desk.settle()
    expect(page.get_by_text("你的角色只能查看菜品。")).to_be_visible()
    expect(page.get_by_label("中文名")).to_be_disabled()
    assert desk.axe() == []
    wider = "() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth"
    assert page.evaluate(wider) <= 0
    desk.picture("console-dish-phone")


GOOD = """分类,菜品编号,菜名,价格,会员价,描述
热菜,gongbao-jiding,宫保鸡丁,39.00,34.00,花生酥脆，糊辣荔枝味
节令,moon-cake,鲜肉月饼,12.00,10.00,现烤
"""
BAD = GOOD.replace("39.00", "三十九").replace("moon-cake", "moon cake")


def test_a_file_is_checked_and_shown_before_it_is_written(open_desk: Open, tmp_path: Path) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/import")
    page = desk.page
    desk.settle()
    with page.expect_download() as got:
        page.click("[data-test=template-csv]")
    assert got.value.suggested_filename == "menu-template.csv"
    bad, good, none = (tmp_path / name for name in ("menu-bad.csv", "menu.csv", "photo.xlsx"))
    bad.write_text(BAD, "utf-8")
    good.write_text(GOOD, "utf-8")
    none.write_bytes(b"PK\x03\x04 was cut off")
    chosen = page.locator("input[type=file]")
    chosen.set_input_files(none)
    expect(page.locator("[data-test=import-fault]")).to_be_visible()
    chosen.set_input_files(bad)
    expect(page.locator("[data-test=import-bad]")).to_contain_text("2 处")
    expect(page.get_by_role("row").filter(has_text="三十九")).to_contain_text("第 2 行")
    assert desk.axe() == []
    desk.picture("console-import-faults")
    chosen.set_input_files(good)
    expect(page.locator("[data-test=import-good]")).to_contain_text("每一行都没有问题")
    expect(page.get_by_role("row").filter(has_text="宫保鸡丁")).to_contain_text("¥38 → ¥39")
    assert desk.axe() == []
    desk.picture("console-import")
    by = desk.house.staff("admin")
    somebody = {"id": f"01900000-0000-7000-8000-{secrets.token_hex(6)}", "name": f"夜宵{secrets.token_hex(2)}"}
    assert desk.house.http.post("/v1/menu/categories", json=somebody, headers=by).status_code == 201
    for turn in ("别人改过菜单", "已导入"):
        page.click("[data-test=import-go]")
        page.click("[data-test=sure]")
        expect(page.get_by_text(turn).first).to_be_visible()
    assert the_dish(desk.house, "鲜肉月饼")["code"] == "moon-cake"
    chosen.set_input_files(good)
    expect(page.locator("[data-test=import-good]")).to_contain_text("没有要改的")
    expect(page.locator("[data-test=import-go]")).to_have_count(0)
