"""Walks through the console of the head office: its frame, its lists, and every page looked at by axe."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

Open = Callable[..., Any]
PAGES = {
    "today": "/console/today",
    "orders": "/console/orders",
    "refunds": "/console/refunds",
    "members": "/console/members",
    "points": "/console/points",
    "corrections": "/console/corrections",
    "liability": "/console/liability",
    "proofs": "/console/proofs",
    "dishes": "/console/dishes",
    "categories": "/console/categories",
    "import": "/console/import",
    "stores": "/console/stores",
    "staff": "/console/staff",
    "terminals": "/console/terminals",
    "settings": "/console/settings",
    "audit": "/console/audit",
    "health": "/console/health",
}
SIZES = {"320": (320, 640), "tablet": (820, 1180), "4k": (3840, 2160)}


@pytest.fixture(scope="session")
def trade(house: Any) -> None:
    """Sell a few dishes at each store, for cash and for later."""
    for store in house.http.get("/v1/stores").json():
        by = house.staff(f"cashier{store['code'][-2:]}")
        menu = house.http.get(f"/v1/stores/{store['id']}/menu").json()
        dishes = [each for category in menu["categories"] for each in category["dishes"]]
        plain = [each["skus"][0]["id"] for each in dishes if not each["groups"] and not each["slots"]]
        for n in range(3 + int(store["code"][-1])):
            lines = [{"sku_id": plain[(n + k) % len(plain)], "qty": k + 1} for k in range(3)]
            cart = {"store_id": store["id"], "channel": "counter", "lines": lines}
            due = house.http.post("/v1/quotes", json=cart | {"no_coupon": True}, headers=by).json()["priced"]["due_fen"]
            cash = {"cash": {"payment_id": an_id(), "tendered_fen": due}} if n % 4 else {}
            asked = (
                cart | {"id": an_id(), "kind": "counter", "seen_due_fen": due, "note": "少辣" if n == 2 else ""} | cash
            )
            house.http.post("/v1/orders", json=asked, headers=by).raise_for_status()


def an_id() -> str:
    """Return an id that nobody has."""
    return f"01900000-0000-7000-8000-{secrets.token_hex(6)}"


@pytest.mark.usefixtures("trade")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_the_console(open_desk: Open, name: str, theme: str) -> None:
    desk = open_desk(1440, 900, color_scheme=theme, locale="en-GB" if theme == "dark" else "zh-CN")
    desk.sign_in("admin", to=PAGES[name])
    desk.settle()
    assert desk.axe() == []
    if name in ("today", "orders", "settings"):
        desk.picture(f"console-{name}-dark" if theme == "dark" else f"console-{name}")


@pytest.mark.parametrize("size", SIZES)
def test_the_console_is_never_wider_than_the_glass(open_desk: Open, size: str) -> None:
    desk = open_desk(*SIZES[size])
    desk.sign_in("admin", to="/console")
    for name, path in PAGES.items():
        desk.page.goto(f"{desk.house.url}/staff{path}")
        desk.settle()
        for part in ("html", "main"):
            wider = "(part) => document.querySelector(part).scrollWidth - document.querySelector(part).clientWidth"
            assert desk.page.evaluate(wider, part) <= 0, (name, part)
        if size == "320" and name == "stores":
            assert desk.axe() == []
            desk.picture("console-320")
            desk.page.click("[data-test=menu]")
            expect(desk.page.get_by_role("dialog").get_by_role("link", name="终端")).to_be_visible()
            assert desk.axe() == []


def test_an_order_is_refunded_by_preview_and_approval(open_desk: Open) -> None:
    till = open_desk()
    till.sign_in()
    till.keys("1")
    till.priced()
    till.keys("F9", "Enter")
    number = till.number()
    desk = open_desk(1440, 900)
    desk.sign_in("cashier05", to="/console/orders")  # who may not refund, and so needs somebody who may
    page = desk.page
    page.get_by_label("搜索").fill(number)
    page.get_by_role("link", name=number).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-order")
    page.click("[data-test=refund]")
    page.click("[data-test=refund-all]")
    page.get_by_label("原因").fill("上错菜")
    expect(page.locator("[data-test=preview]")).to_be_visible()
    expect(page.locator("[data-test=other-policy]")).to_be_visible()
    refund = page.locator("[data-test=refund-do]")
    expect(refund).to_be_disabled()
    manager = next(each for each in desk.house.http.get("/v1/demo").json()["sign_ins"] if each["login"] == "manager05")
    page.get_by_label("由谁批准").select_option(label=manager["name"])
    page.get_by_label("PIN").fill(manager["pin"])
    assert desk.axe() == []
    desk.picture("console-refund")
    refund.click()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("[data-test=refunds] li")).to_have_count(1)
    assert "上错菜" in page.inner_text("[data-test=refunds]")
    order = next(each for each in desk.house.orders() if each["id"].upper().endswith(number))
    assert order["pay_state"] == "refunded"


def test_a_setting_is_changed_with_a_reason_and_not_lost_by_leaving(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/settings")
    page = desk.page
    field = page.get_by_label("每单最多用券")
    was = field.input_value()
    field.fill("3")
    page.get_by_role("link", name="审计日志").click()
    expect(page.get_by_role("dialog", name="修改还没有保存")).to_be_visible()
    desk.picture("console-unsaved")
    page.get_by_role("button", name="留在这里").click()
    expect(field).to_have_value("3")
    page.click("[data-test=save]")
    page.get_by_label("原因").fill("周年活动")
    page.click("[data-test=sure]")
    expect(page.get_by_text("已保存，立即生效")).to_be_visible()
    page.reload()
    expect(page.get_by_label("每单最多用券")).to_have_value("3")
    program = desk.house.http.get("/v1/program", headers=desk.house.staff("admin")).json()
    back = program | {"coupons_each_order": int(was), "reason": "恢复"}
    assert desk.house.http.put("/v1/program", json=back, headers=desk.house.staff("admin")).status_code == 200


def test_a_store_is_closed_with_a_reason_and_opened_again(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/stores")
    page = desk.page
    page.get_by_role("link", name="静安寺店").click()
    expect(page.get_by_role("heading", name="静安寺店", level=1)).to_be_visible()
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-store")
    for act, state in (("关店", "已关店"), ("开店", "营业")):
        page.click("[data-test=switch]")
        page.get_by_label("原因").fill("设备检修")
        page.click("[data-test=sure]")
        expect(page.locator("[data-test=switch]")).to_have_text("开店" if act == "关店" else "关店")
        expect(page.locator(".page-head .tag")).to_contain_text(state)


def test_a_member_is_seen_from_all_sides(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.house.member()
    desk.sign_in("admin", to="/console/members?q=13900000001")
    page = desk.page
    page.get_by_role("link", name="林小满").click()
    expect(page.get_by_role("heading", name="林小满", level=1)).to_be_visible()
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-member")
    assert "13900000001" not in page.inner_text("main")
    page.get_by_role("button", name="查看完整手机号").click()
    page.get_by_label("原因").fill("顾客来电核对")
    page.click("[data-test=sure]")
    expect(page.get_by_text("13900000001")).to_be_visible()
    page.goto(f"{desk.house.url}/staff/console/audit?q=member.phone_seen")
    expect(page.get_by_text("顾客来电核对").first).to_be_visible()
    page.click("[data-test=verify]")
    expect(page.locator("[data-test=verdict]")).to_contain_text("哈希链完整")


def test_a_page_is_found_by_its_name_and_the_language_changes_where_one_is(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/stores")
    page = desk.page
    expect(page.get_by_role("heading", name="门店", level=1)).to_be_visible()
    desk.keys("Control+k")
    page.keyboard.type("termi")
    desk.picture("console-find")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="终端", level=1)).to_be_visible()
    page.click("[data-test=language]")
    expect(page.get_by_role("heading", name="Terminals", level=1)).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "en"
    page.reload()
    expect(page.get_by_role("heading", name="Terminals", level=1)).to_be_visible()


def test_who_may_not_sees_neither_the_page_nor_its_entry(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("marketer", to="/console/stores")
    desk.settle()
    expect(desk.page.get_by_role("navigation").get_by_role("link", name="终端")).to_have_count(0)
    desk.page.goto(f"{desk.house.url}/staff/console/terminals")
    expect(desk.page.locator(".state.forbidden")).to_be_visible()
    assert desk.axe() == []
    desk.picture("console-forbidden")
    desk.page.goto(f"{desk.house.url}/staff/console/nothing")
    expect(desk.page.get_by_text("没有这个页面")).to_be_visible()


def test_a_device_is_paired_by_a_code_and_revoked_with_a_reason(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/terminals")
    page = desk.page
    page.get_by_role("button", name="配对新设备").first.click()
    page.get_by_role("button", name="生成配对码").click()
    code = page.inner_text("[data-test=pairing-code]")
    assert desk.axe() == []
    desk.picture("console-pairing")
    paired = desk.house.http.post(
        "/v1/terminals/pair", json={"id": "01900000-0000-7000-8000-00000000c0de", "code": code, "name": "试吃台"}
    )
    assert paired.status_code == 201
    page.keyboard.press("Escape")
    row = page.get_by_role("row").filter(has_text="试吃台")
    row.get_by_role("button", name="停用").click()
    confirm = page.locator("[data-test=sure]")
    expect(confirm).to_be_disabled()  # it asks why
    page.get_by_label("原因").fill("设备丢失")
    confirm.click()
    expect(row).to_have_count(0)
    page.get_by_label("搜索").fill("试吃")
    expect(page.get_by_text("没有符合条件的结果")).to_be_visible()
    assert "q=" in page.url
