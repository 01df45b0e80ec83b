"""Phones that are told of changes: the cart of a table and the progress of an order, without asking again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from diner_kit import House, Phone
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.timeout(600)  # the screens may have to be built first
QUIET_MS = 6_000  # more than twice as long as a page that asks by the clock waits
SEEN_S = 1.0


@pytest.fixture
def pair(browser: Browser, house: House) -> Iterator[tuple[Phone, Phone]]:
    phones = Phone(browser, house), Phone(browser, house)
    yield phones
    for phone in phones:
        phone.close()


def _sit(phone: Phone, label: str) -> None:
    phone.open(f"pay/table/index?code={phone.house.table(label)['code']}")
    phone.tap("button", "开始点餐")
    phone.page.wait_for_selector(".group")


def _asked(phone: Phone, part: str) -> list[str]:
    """Return the list to which what the phone asks for from now on is added."""
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url) if part in request.url else None)
    return asked


def test_what_one_phone_puts_into_the_cart_the_other_sees_within_a_second(pair: tuple[Phone, Phone]) -> None:
    one, two = pair
    _sit(one, "A5")
    _sit(two, "A5")
    took = []
    for n in range(1, 6):
        started = time.monotonic()
        one.tap("button", "增加 红烧肉")
        expect(two.page.locator(".dock .badge")).to_have_text(f"购物车{n}", timeout=15_000)
        took.append(time.monotonic() - started)
    assert min(took) < SEEN_S, took  # the quickest: the machine that walks has other things to do
    asked = _asked(two, "/v1/seating")
    two.page.wait_for_timeout(QUIET_MS)
    assert asked == []  # nothing happened, so nothing was asked
    one.tap("button", "增加 糖醋排骨")
    expect(two.page.locator(".dock .badge")).to_have_text("购物车6", timeout=15_000)
    assert asked


def test_a_table_goes_on_after_the_network_was_gone(pair: tuple[Phone, Phone]) -> None:
    one, two = pair
    _sit(one, "A6")
    _sit(two, "A6")
    one.tap("button", "增加 红烧肉")
    expect(two.page.locator(".dock .badge")).to_have_text("购物车1", timeout=15_000)
    two.context.set_offline(True)
    one.tap("button", "增加 红烧肉")
    expect(one.page.locator(".dock .badge")).to_have_text("购物车2", timeout=15_000)
    two.context.set_offline(False)
    expect(two.page.locator(".dock .badge")).to_have_text("购物车2", timeout=15_000)


def test_the_progress_of_an_order_is_told_to_its_phone(browser: Browser, house: House) -> None:
    phone = Phone(browser, house)
    phone.choose_store()
    phone.tap("button", "增加 红烧肉")
    phone.tap("button", "去结算")
    phone.tap("button", "登录后下单")
    phone.sign_in("13712340091")
    phone.page.get_by_role("radio", name="沙箱钱包").tap()
    with phone.context.expect_page() as opened:
        phone.tap("button", "付款 ¥")
    asked = _asked(phone, "/v1/orders/")
    wallet = opened.value
    wallet.get_by_role("button").first.click()
    wallet.get_by_text("SUCCESS").wait_for()
    wallet.close()
    phone.sees("已告诉门店，马上就接。")
    phone.page.wait_for_timeout(1_000)
    asked.clear()
    phone.page.wait_for_timeout(QUIET_MS)
    assert asked == []
    order_id = phone.page.locator(".facts .id").inner_text()
    house.advance(order_id, "accepted", "preparing", "ready")
    phone.sees("做好了，请来取。")
    phone.close()
