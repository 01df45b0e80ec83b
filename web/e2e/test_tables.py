"""Walks of the floor: a party is seated, orders round by round, its bill is split, paid by cash and wallet, and its table is free again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from goodtaste.kernel.ids import new_id

Open = Callable[..., Any]
WALLET = "990012345678901234"  # of the demonstration: the diner pays


def seat(desk: Any, party: int = 2) -> str:
    """Seat a party at the first free table, and return its label."""
    page = desk.page
    page.wait_for_selector("[data-table]")
    table = page.locator("[data-table][data-state=free]").first
    label = str(table.get_attribute("data-table"))
    table.click()
    page.get_by_role("dialog").get_by_role("button", name=str(party), exact=True).click()
    page.click("[data-test=seat]")
    expect(page.locator("[data-test=party]")).to_contain_text(label)
    return label


def order(desk: Any, *asked: str, hold: bool = False) -> None:
    """Order dishes by name, initials or number, one after the other."""
    page = desk.page
    page.click("[data-test=order]")
    dialog = page.locator("dialog.round")
    dialog.locator("[data-dish]").first.wait_for()
    for each in asked:
        dialog.get_by_role("searchbox").fill(each)
        page.keyboard.press("Enter")
        if page.locator("dialog").count() > 1:
            page.keyboard.press("Enter")
            expect(page.locator("dialog")).to_have_count(1)
    if hold:
        dialog.get_by_role("button", name="先不做").first.click()
    page.click("[data-test=send-round]")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_party_is_seated_orders_in_rounds_splits_pays_by_cash_and_wallet_and_leaves(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in(to="/tables")
    page = desk.page
    label = seat(desk)
    order(desk, "hsr", "xlb")
    expect(page.locator("[data-line=红烧肉]")).to_contain_text("制作中")
    order(desk, "1", hold=True)
    expect(page.get_by_role("heading", name=re.compile("第 2 轮"))).to_be_visible()
    expect(page.get_by_role("button", name="全部起菜")).to_be_visible()
    desk.picture("pos-table-bill")
    assert desk.axe() == []
    page.get_by_role("button", name="全部起菜").click()
    expect(page.get_by_role("button", name="全部起菜")).to_have_count(0)
    page.get_by_role("button", name="催菜").click()
    expect(page.get_by_text(re.compile("已催"))).to_be_visible()
    page.click("[data-test=split-bill]")
    dialog = page.get_by_role("dialog", name="拆单")
    dialog.get_by_role("button", name=re.compile("红烧肉 加一")).first.click()
    desk.picture("pos-table-split")
    page.click("[data-test=split-do]")
    expect(page.get_by_role("tab")).to_have_count(2)
    page.click("[data-test=take]")
    page.click("[data-test=split]")
    page.get_by_role("button", name="1/2").click()
    parts = page.get_by_role("dialog", name="分开付")
    parts.get_by_role("button", name="现金").click()
    expect(page.locator("[data-test=change]")).to_be_visible()
    desk.keys("Enter")
    parts.get_by_role("button", name="扫付款码").click()
    desk.scan(WALLET)
    desk.number()
    desk.keys("Enter")
    expect(page.get_by_role("tab", name=re.compile("已付"))).to_be_visible()
    page.get_by_role("tab").filter(has_not_text="已付").click()
    page.click("[data-test=take]")
    desk.keys("F9", "Enter")
    desk.number()
    desk.keys("Enter")
    expect(page.get_by_text("这一桌已经结束")).to_be_visible()
    free = page.locator(f"[data-table='{label}'][data-state=free]")
    expect(free).to_be_visible()
    paid = [each for each in desk.house.orders() if each["kind"] == "dine_in"][:2]
    assert {each["pay_state"] for each in paid} == {"paid"}
    assert {each["split_from"] for each in paid} == {None, next(each["id"] for each in paid if not each["split_from"])}


def test_a_waiter_with_a_phone_orders_by_number_and_carries(open_desk: Open) -> None:
    desk = open_desk(360, 740, has_touch=True, is_mobile=True)
    house, page = desk.house, desk.page
    desk.sign_in("waiter05", to="/tables")
    label = seat(desk, 4)
    page.click("[data-test=order]")
    dialog = page.locator("dialog.round")
    dialog.get_by_role("searchbox").fill("1")
    page.keyboard.press("Enter")
    dialog.get_by_role("searchbox").fill("cx")
    dialog.locator("[data-dish]").first.click()
    if page.locator("dialog").count() > 1:
        page.get_by_role("dialog").last.get_by_role("button", name="选好了").click()
    expect(dialog.get_by_role("button", name="下单 2 件")).to_be_visible()
    desk.picture("waiter-order")
    assert desk.axe() == []
    page.click("[data-test=send-round]")
    line = page.locator("[data-line]").first
    expect(line).to_contain_text("制作中")
    name = line.get_attribute("data-line")
    kitchen = house.staff("kitchen05")
    shown = house.http.get(f"/v1/stores/{house.store}/kitchen", headers=kitchen).json()
    there = [each for ticket in shown["tickets"] if ticket["label"] == label for each in ticket["dishes"]]
    dish = max((each for each in there if each["name"] == name), key=lambda each: each["order_id"])  # of the last party
    piece = {"dish_id": dish["dish_id"], "order_id": dish["order_id"], "qty": 1}
    house.http.post(
        f"/v1/stores/{house.store}/kitchen/acts",
        json={"id": new_id(), "what": "bump", "pieces": [piece]},
        headers=kitchen,
    ).raise_for_status()
    expect(line).to_contain_text("1 可上")
    desk.picture("waiter-table")
    assert desk.axe() == []
    line.click()
    page.get_by_role("button", name="已上 1").click()
    expect(line).to_contain_text("1 已上")
    assert page.get_by_role("button", name="收款").count() == 0, "a waiter takes no money"
    page.get_by_role("button", name="返回").click()
    expect(page.locator(f"[data-table='{label}']")).to_have_attribute("data-state", "making")
    desk.picture("waiter")
    assert page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth") <= 0


def test_a_gift_takes_the_pin_of_the_manager_and_a_party_moves_and_merges(open_desk: Open) -> None:
    desk = open_desk()
    desk.pair()
    page = desk.page
    page.goto(f"{desk.house.url}/staff/sign-in?as=cashier05")
    page.wait_for_selector(".dish")
    desk.keys("F7")
    label = seat(desk)
    order(desk, "hsr")
    page.locator("[data-line]").first.click()
    page.get_by_role("button", name="赠送").click()
    page.get_by_role("dialog").last.get_by_role("button", name="店长请客").click()
    page.select_option("select", label="刘思敏")
    page.locator("dialog input[type=password]").fill("739152")
    desk.picture("pos-table-gift")
    assert desk.axe() == []
    page.click("[data-test=by-hand-do]")
    expect(page.locator("[data-test=bill-due]")).to_have_text("¥0.00")
    page.get_by_role("button", name="取消优惠").click()
    expect(page.locator("[data-test=bill-due]")).not_to_have_text("¥0.00")
    page.get_by_role("button", name="换桌").click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".choices [aria-pressed=true]").click()
    dialog.locator(".choices [aria-pressed=false]").last.click()
    page.click("[data-test=move-do]")
    expect(page.locator(f"[data-table='{label}']")).to_have_attribute("data-state", "free")
    there = page.inner_text("[data-test=party]")
    second = seat(desk)
    page.get_by_role("button", name="并桌").click()
    page.get_by_role("dialog").get_by_role("button", name=there).first.click()
    page.click("[data-test=move-do]")
    expect(page.locator("[data-test=party]")).to_contain_text(there)
    expect(page.locator("[data-test=party]")).to_contain_text(second)
    expect(page.locator("[data-line=红烧肉]")).to_be_visible()
    desk.picture("pos-tables")


def test_a_member_is_put_on_the_bill_of_a_table_with_the_new_price_seen_before(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in(to="/tables")
    page = desk.page
    seat(desk)
    order(desk, "hsr", "xlb")
    due = page.locator("[data-test=bill-due]")
    before = due.inner_text()
    page.click("[data-test=bill-member]")
    desk.scan(WALLET)
    expect(page.get_by_role("alert")).to_contain_text("付款码")
    desk.scan(desk.house.member_code(desk.house.member()))
    expect(page.locator("dialog .member")).to_contain_text("林小满")
    after = page.locator("[data-test=member-due]").inner_text()
    assert after != before, "what it would cost is seen first"
    assert due.inner_text() == before
    assert desk.axe() == []
    desk.picture("pos-bill-member")
    page.click("[data-test=member-do]")
    expect(page.locator("dialog")).to_have_count(0)
    expect(due).to_have_text(after)
    page.click("[data-test=bill-member]")
    page.click("[data-test=member-off]")
    expect(page.locator("[data-test=member-due]")).to_have_text(before)
    page.click("[data-test=member-do]")
    expect(due).to_have_text(before)
    page.goto(f"{desk.house.url}/staff/orders")
    page.locator("[data-order]", has_text="红烧肉").first.click()
    page.click("[data-test=bill-member]")
    desk.scan(desk.house.member_code(desk.house.member()))
    expect(page.locator("[data-test=member-due]")).to_have_text(after)
    page.click("[data-test=member-do]")
    expect(page.locator("[data-test=order-due]")).to_have_text(after)
    assert desk.faults == []
