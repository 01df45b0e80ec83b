"""Walks of a till whose network is cut: what is sold for cash is kept, sent when it is back, and in the house exactly once."""

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
