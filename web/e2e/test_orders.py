"""Walks through the store's list of orders, which the house searches and sorts, and through the end of its trading day."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from goodtaste.kernel.ids import new_id

Open = Callable[..., Any]


def test_an_order_is_found_by_number_phone_amount_and_dish(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in(to="/orders")
    page, house = desk.page, desk.house
    _an_unpaid_order(house)
    order = house.http.get(f"/v1/orders/{house.sell()}", headers=house.staff()).json()
    rows = page.locator("[data-order]")
    mine = page.locator(f"[data-order='{order['id']}']")
    search = page.get_by_role("searchbox")
    search.fill(order["id"][-6:].upper())
    expect(rows).to_have_count(1)
    expect(mine).to_be_visible()
    mine.click()
    expect(page.locator("[data-test=order-due]")).to_have_text(f"¥{order['due_fen'] / 100:.2f}")
    desk.picture("orders-found")
    assert desk.axe() == []
    for text in (f"{order['due_fen'] / 100:.2f}", order["lines"][0]["name"]):
        search.fill(text)
        expect(mine).to_be_visible()
    search.fill("没有这样的菜")
    expect(page.get_by_text("没有符合条件的订单")).to_be_visible()
    search.fill("")
    page.get_by_label("排序").select_option("due_fen")
    expect(rows.nth(1)).to_be_visible()
    dues = [float(each.strip("¥")) for each in page.locator("[data-order] .sum .price").all_inner_texts()]
    assert dues == sorted(dues)
    page.get_by_role("radio", name="已退").click()
    expect(mine).to_have_count(0)
    page.get_by_role("radio", name="已付").click()
    page.get_by_label("排序").select_option("-placed_at")
    expect(mine).to_be_visible()


def test_a_day_is_not_closed_over_an_open_bill_and_then_it_is_with_its_report(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in("manager05", to="/shift")
    page, house = desk.page, desk.house
    waits = _an_unpaid_order(house)
    page.get_by_role("radio", name="日结").click()
    page.click("[data-test=close-day]")
    page.click("[data-test=close-day-do]")
    expect(page.locator("dialog [role=alert]")).to_be_visible()
    desk.picture("day-blocked")
    assert desk.axe() == []
    page.locator("dialog a", has_text=waits[-4:].upper()).click()
    page.wait_for_url(re.compile(waits))
    page.get_by_role("button", name="取消订单").click()
    page.locator("dialog input").fill("客人走了")
    page.locator("dialog").get_by_role("button", name="取消订单").click()
    expect(page.locator("dialog")).to_have_count(0)
    page.locator("nav a[href='/staff/console']").click()  # who may look over the store is led to the console
    page.wait_for_url(re.compile("/staff/console/today"))
    _a_cash_sale(house, "HW-04", "cashier04")
    other = open_desk()
    other.sign_in("manager04", to="/shift")
    other.page.get_by_role("radio", name="日结").click()
    other.page.click("[data-test=close-day]")
    other.page.get_by_role("textbox", name=re.compile("原因|现金")).fill("打烊")
    other.page.click("[data-test=close-day-do]")
    expect(other.page.locator("[data-test=z]")).to_contain_text("Z")
    other.keys("Escape")
    expect(other.page.get_by_text("已日结")).to_be_visible()


def _asked(house: Any, store_id: str, by: dict[str, str]) -> dict[str, Any]:
    menu = house.http.get(f"/v1/stores/{store_id}/menu").json()
    dish = menu["categories"][0]["dishes"][0]
    cart = {"store_id": store_id, "channel": "counter", "lines": [{"sku_id": dish["skus"][0]["id"], "qty": 1}]}
    due = house.http.post("/v1/quotes", json=cart, headers=by).json()["priced"]["due_fen"]
    return cart | {"id": new_id(), "kind": "counter", "seen_due_fen": due}


def _an_unpaid_order(house: Any) -> str:
    by = house.staff()
    asked = _asked(house, house.store, by)
    return str(house.http.post("/v1/orders", json=asked, headers=by).raise_for_status().json()["id"])


def _a_cash_sale(house: Any, code: str, login: str) -> None:
    by = house.staff(login)
    [store_id] = [each["id"] for each in house.http.get("/v1/stores").json() if each["code"] == code]
    asked = _asked(house, store_id, by)
    cash = {"payment_id": new_id(), "tendered_fen": asked["seen_due_fen"]}
    house.http.post("/v1/orders", json=asked | {"cash": cash}, headers=by).raise_for_status()


def test_what_a_diner_said_is_read_and_answered(open_desk: Open) -> None:
    desk = open_desk()
    house, page = desk.house, desk.page
    said = _a_rated_meal(house)
    desk.sign_in("manager05", to="/orders")
    page.get_by_role("button", name="顾客评价").click()
    one = page.locator(f"[data-said='{said}']")
    expect(one).to_contain_text("红烧肉凉了")
    assert desk.axe() == []
    page.get_by_role("radio", name="5 星").click()
    expect(one).to_have_count(0)
    page.get_by_role("radio", name="待回复").click()
    one.get_by_role("button", name="回复").click()
    page.get_by_label("回复").last.fill("抱歉，下次给您现炒")
    page.click("[data-test=answer]")
    expect(one).to_contain_text("抱歉，下次给您现炒")
    desk.picture("feedback")
    path = f"/v1/orders/{said}/feedback"
    seen = house.http.get(path, headers=house.member()).json()["feedback"]
    assert seen["answer"] == "抱歉，下次给您现炒"
    page.get_by_role("radio", name="全部").click()
    expect(one).to_be_visible()
    page.get_by_role("radio", name="待回复").click()
    expect(one).to_have_count(0)


def _a_rated_meal(house: Any) -> str:
    """Have a member eat, pay in cash and rate it; return the order."""
    who, cashier = house.member(), house.staff("cashier05")
    code = {"code": house.member_code(who), "store_id": house.store}
    visit = house.http.post("/v1/member-codes/scan", headers=cashier, json=code).raise_for_status().json()
    menu = house.http.get(f"/v1/stores/{house.store}/menu").json()
    lines = [{"sku_id": menu["categories"][0]["dishes"][0]["skus"][0]["id"], "qty": 1}]
    cart = {"store_id": house.store, "channel": "counter", "lines": lines, "member_id": visit["member_id"]}
    cart |= {"visit_id": visit["visit_id"]}
    quote = house.http.post("/v1/quotes", headers=cashier, json=cart | {"no_coupon": True}).raise_for_status().json()
    due = quote["priced"]["due_fen"]
    cash = {"payment_id": new_id(), "tendered_fen": due}
    asked = cart | {"id": new_id(), "kind": "counter", "seen_due_fen": due, "cash": cash}
    order = house.http.post("/v1/orders", headers=cashier, json=asked).raise_for_status().json()
    words = {"stars": 2, "tags": ["cold"], "text": "红烧肉凉了"}
    house.http.put(f"/v1/orders/{order['id']}/feedback", headers=who, json=words).raise_for_status()
    return str(order["id"])
