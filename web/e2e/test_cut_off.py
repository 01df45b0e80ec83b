"""Walks of a till that things happen to: its network is cut, it has two tabs, its sign-in ends.  Nothing is lost or doubled."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

Open = Callable[..., Any]
ORDERS = re.compile(r"/v1/orders$")


@pytest.fixture
def cut(open_desk: Open) -> Any:
    """Return a till that was open under its worker, and whose network is cut now."""
    desk = open_desk()
    desk.sign_in()
    desk.page.evaluate("() => navigator.serviceWorker.ready")
    desk.page.reload()
    desk.page.wait_for_selector(".dish")
    desk.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    desk.page.wait_for_timeout(500)
    desk.context.set_offline(True)
    expect(desk.page.locator("[data-test=offline]")).to_be_visible()
    return desk


def _sell(desk: Any, *keys: str) -> str:
    """Sell for cash what the number keys name, and return the number of the order."""
    desk.keys(*keys, "F9", "Enter")
    desk.page.wait_for_selector("[data-stage=kept]")
    number = str(desk.page.inner_text("[data-test=number]")).strip()
    desk.keys("Enter")
    expect(desk.page.locator("dialog")).to_have_count(0)
    return number


def _orders(desk: Any, number: str) -> list[dict[str, Any]]:
    return [each for each in desk.house.orders() if each["id"].upper().endswith(number)]


def test_two_cash_sales_without_a_network_survive_a_reload_and_are_in_the_house_once(cut: Any) -> None:
    page, before = cut.page, len(cut.house.orders())
    first = _sell(cut, "1")
    cut.keys("1", "F9")
    for digit in "100":
        cut.keys(digit)
    cut.keys("Enter")
    page.wait_for_selector("[data-stage=kept]")
    expect(page.locator("[data-test=sale-change]")).to_be_visible()
    page.reload()
    second = str(page.inner_text("[data-stage=kept] [data-test=number]")).strip()
    cut.keys("Enter")
    page.click("[data-test=outbox]")
    expect(page.locator("[data-fate=waiting]")).to_have_count(2)
    assert cut.axe() == []
    cut.keys("Escape")
    assert len(cut.house.orders()) == before
    lost = []

    def lose_the_first(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)  # it arrives, and is done
        return route.abort()

    page.route(ORDERS, lose_the_first)
    cut.context.set_offline(False)
    expect(page.locator("[data-test=outbox]")).to_have_text("2 笔已入账", timeout=40_000)
    assert lost == [201]
    for number in (first, second):
        assert [each["pay_state"] for each in _orders(cut, number)] == ["paid"]
    assert len(cut.house.orders()) == before + 2
    page.click("[data-test=outbox]")
    page.click("[data-test=seen]")
    expect(page.locator("dialog .state")).to_be_visible()


def test_what_the_house_prices_otherwise_or_refuses_is_work_for_the_cashier(cut: Any) -> None:
    page, house = cut.page, cut.house
    dearer = _sell(cut, "1", "1")  # by the list; the house has an offer from ¥100
    other, sku_id = _plain(house)
    gone, fine = _sell(cut, other), _sell(cut, "1")
    sold_out = f"/v1/stores/{house.store}/stock/{sku_id}/sold-out"
    house.http.put(sold_out, json={"sold_out": True, "lasting": False}, headers=house.staff()).raise_for_status()
    cut.context.set_offline(False)
    expect(page.locator("[data-test=outbox]")).to_have_text("2 笔离线单要处理", timeout=20_000)
    page.click("[data-test=outbox]")
    moved, refused = page.locator("[data-fate=moved]"), page.locator("[data-fate=refused]")
    expect(moved).to_contain_text("抽屉里多")
    expect(refused).to_have_count(1)
    cut.picture("pos-outbox")
    assert cut.axe() == []
    page.reload()
    page.click("[data-test=outbox]")
    expect(refused).to_have_count(1)  # it is not lost by a reload
    refused.get_by_role("button", name="不入账").click()
    page.click("[data-test=drop]")
    expect(refused).to_have_count(0)
    moved.get_by_role("button", name="入账").last.click()
    expect(page.locator("[data-fate=accepted]")).to_have_count(2)
    assert [len(_orders(cut, number)) for number in (dearer, gone, fine)] == [1, 0, 1]
    house.http.put(sold_out, json={"sold_out": False, "lasting": False}, headers=house.staff()).raise_for_status()


def _plain(house: Any) -> tuple[str, str]:
    """Return the number key and the SKU of a dish that one tap puts in the cart, other than the first."""
    menu = house.http.get(f"/v1/stores/{house.store}/menu", params={"channel": "counter"}).json()
    dishes = [dish for category in menu["categories"] for dish in category["dishes"]][1:9]
    return next(
        (str(at), dish["skus"][0]["id"])
        for at, dish in enumerate(dishes, 2)
        if len(dish["skus"]) == 1 and not any(group["min_picks"] for group in dish["groups"]) and not dish["slots"]
    )


def test_wallets_members_and_tables_wait_and_the_till_says_so(cut: Any) -> None:
    page = cut.page
    cut.keys("1")
    expect(page.get_by_role("button", name="扫付款码")).to_be_disabled()
    expect(page.locator(".cart .scan")).to_be_disabled()
    expect(page.get_by_role("button", name="现金")).to_be_enabled()
    page.get_by_role("radio", name="桌台").click()
    cut.keys("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".total .state")).to_contain_text("桌台的单要等网络")


def test_a_cash_sale_whose_reply_was_lost_is_put_aside_and_there_once(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    before = len(desk.house.orders())
    desk.keys("1")
    desk.priced()

    def arrives_then_cuts(route: Route) -> None:
        route.fetch()
        desk.context.set_offline(True)
        route.abort()

    page.route(ORDERS, arrives_then_cuts)
    desk.keys("F9", "Enter")
    page.click("[data-test=put-aside]")
    page.wait_for_selector("[data-stage=kept]")
    page.unroute(ORDERS)
    number = str(page.inner_text("[data-test=number]")).strip()
    desk.keys("Enter")
    expect(page.locator(".cart li")).to_have_count(0)
    desk.context.set_offline(False)
    expect(page.locator("[data-test=outbox]")).to_have_text("1 笔已入账", timeout=20_000)
    assert [each["pay_state"] for each in _orders(desk, number)] == ["paid"]
    assert len(desk.house.orders()) == before + 1


def test_two_tabs_of_a_till_are_one_till(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    other = desk.context.new_page()
    other.goto(f"{desk.house.url}/staff/pos")
    other.wait_for_selector(".dish")
    before = len(desk.house.orders())
    desk.keys("1")
    expect(other.locator(".cart li")).to_have_count(1)
    other.keyboard.press("1")
    expect(desk.page.locator(".cart .stepper .num")).to_have_text("2")
    other.reload()
    expect(other.locator(".cart .stepper .num")).to_have_text("2")
    desk.page.bring_to_front()
    desk.priced()
    desk.keys("F9", "Enter")
    number = desk.number()
    expect(other.locator("[data-stage=paid] [data-test=number]")).to_have_text(number)
    desk.keys("Enter")
    for page in (desk.page, other):
        expect(page.locator("dialog")).to_have_count(0)
        expect(page.locator(".cart li")).to_have_count(0)
    assert len(desk.house.orders()) == before + 1


def test_a_double_tap_on_pay_and_the_back_button_are_one_sale(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    before = len(desk.house.orders())
    page.click("nav a[href='/staff/orders']")
    page.click("nav a[href='/staff/pos']")
    page.wait_for_selector(".dish")
    desk.keys("1")
    desk.priced()
    desk.keys("F9")
    page.go_back()  # in the middle of it
    page.wait_for_url(re.compile("orders"))
    page.go_forward()
    expect(page.locator(".cart li")).to_have_count(1)
    desk.priced()
    desk.keys("F9")
    page.get_by_role("button", name="收款").dblclick()
    number = desk.number()
    page.go_back()
    expect(page.locator("[data-stage=paid]")).to_be_visible()  # the change is still to be given
    desk.keys("Enter")
    assert [each["pay_state"] for each in _orders(desk, number)] == ["paid"]
    assert len(desk.house.orders()) == before + 1


def test_a_sign_in_that_ends_in_the_middle_of_an_order_loses_nothing(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    before = len(desk.house.orders())
    desk.keys("1", "F4", "1")
    desk.priced()
    gone = {
        "status": 401,
        "json": {"code": "auth.session_ended", "title": "", "detail": "", "status": 401, "trace": ""},
    }
    page.route(re.compile(r"/v1/(orders|sessions/refresh)$"), lambda route: route.fulfill(**gone))
    desk.keys("F9", "Enter")
    page.wait_for_url(re.compile("sign-in"))
    page.unroute(re.compile(r"/v1/(orders|sessions/refresh)$"))
    page.goto(f"{desk.house.url}/staff/sign-in?as=cashier05")
    page.wait_for_url(re.compile(r"/staff/(?!sign-in)"))
    expect(page.locator(".cart li")).to_have_count(1)
    assert len(desk.house.orders()) == before
    desk.priced()
    desk.keys("F9", "Enter")
    assert [each["pay_state"] for each in _orders(desk, desk.number())] == ["paid"]
    desk.keys("Enter", "F6")
    expect(page.locator("dialog .one")).to_have_count(1)


def test_a_part_that_was_paid_is_taken_back_with_the_pin_of_the_manager(open_desk: Open) -> None:
    desk = open_desk()
    desk.pair()
    page = desk.page
    desk.pick_cashier()
    desk.type_pin()
    desk.keys("1")
    desk.priced()
    page.get_by_role("button", name="分开付").click()
    split = page.get_by_role("dialog", name="分开付")
    for name, pay in (("1/2", "现金"), ("1/2", "扫付款码")):
        split.get_by_role("button", name=name).click()
        split.get_by_role("button", name=pay).click()
        if pay == "现金":
            expect(page.locator("[data-test=change]")).to_be_visible()
            desk.keys("Enter")
        else:
            desk.scan("990012345678901234")
        expect(split.locator("li")).to_have_count(1 if pay == "现金" else 2)
    expect(page.locator("[data-test=left]")).to_have_text("¥14.50")
    for left in ("¥43.50", "¥58.00"):
        split.get_by_role("button", name="退回这一笔").first.click()
        page.get_by_label("原因").fill("客人改用别的方式")
        page.select_option("select", label="刘思敏")
        page.locator("dialog input[type=password]").fill("739152")
        if left == "¥43.50":
            desk.picture("pos-take-back")
            assert desk.axe() == []
        page.click("[data-test=take-back]")
        expect(page.locator("[data-test=left]")).to_have_text(left)
    order = desk.house.orders()[0]
    payments = desk.house.http.get(f"/v1/orders/{order['id']}/payments", headers=desk.house.staff()).json()
    assert [each["refunded_fen"] for each in payments] == [each["amount_fen"] for each in payments]
    assert (len(payments), order["pay_state"]) == (2, "unpaid")
