"""The diner's page without a network: what was there is there, and it says what waits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from diner_kit import House, Phone
from playwright.sync_api import Browser, expect

PUBLIC = re.compile(r"^/(app|pictures)/|^/v1/(brand|stores|stores/[^/]+|stores/[^/]+/(menu|offers))$")
CONTROLLED = """() => navigator.serviceWorker.controller !== null
  || new Promise(done => navigator.serviceWorker.addEventListener('controllerchange', () => done(true)))"""
pytestmark = pytest.mark.timeout(600)  # the screens may have to be built first


@pytest.fixture
def phone(browser: Browser, house: House) -> Iterator[Phone]:
    opened = Phone(browser, house)
    yield opened
    opened.close()


def _kept(phone: Phone) -> None:
    """Wait until the worker has what the page is made of, and has seen a visit."""
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.page.evaluate(CONTROLLED)
    phone.page.reload()
    phone.page.wait_for_selector("#app .picks .dish")
    phone.page.wait_for_timeout(500)


def test_a_reload_without_a_network_shows_the_last_home_and_menu_and_says_what_waits(phone: Phone) -> None:
    phone.choose_store()
    phone.open("pages/home/index", "#app .picks .dish")
    _kept(phone)
    phone.context.set_offline(True)
    phone.page.reload()
    phone.page.wait_for_selector("#app .picks .dish")
    phone.sees("网络断了：看到的是上次的菜单和内容")
    assert phone.page.locator("#app .where .at").inner_text() == "虹桥店"
    assert phone.page.locator("#app .art img").first.evaluate("each => each.complete && each.naturalWidth > 0")
    phone.tap("button", "点餐", exact=True)
    phone.page.wait_for_selector(".group")
    phone.tap("button", "增加 红烧肉")
    phone.page.locator(".dock").wait_for()
    phone.page.reload()
    expect(phone.page.locator(".dock .badge")).to_have_text("购物车1", timeout=15_000)
    phone.context.set_offline(False)
    phone.open("pages/home/index")
    expect(phone.page.get_by_text("网络断了")).to_have_count(0)


def test_what_is_kept_holds_nobody_s_own_answers(phone: Phone) -> None:
    phone.open("member/sign-in/index", "input")
    phone.sign_in("13712340092")
    phone.page.wait_for_selector(".standing")
    phone.open("pages/home/index", "#app .picks .dish")
    _kept(phone)
    kept = phone.page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(name => caches.open(name).then(each => each.keys()))))"
        ".then(all => all.flat().map(each => new URL(each.url).pathname))"
    )
    assert "/app/" in kept
    assert [path for path in kept if not PUBLIC.match(path)] == []


def test_a_lost_reply_on_pay_shows_the_true_state_after_a_reload(phone: Phone) -> None:
    phone.choose_store()
    phone.tap("button", "增加 红烧肉")
    phone.tap("button", "去结算")
    phone.tap("button", "登录后下单")
    phone.sign_in("13712340093")
    phone.page.get_by_role("radio", name="沙箱钱包").tap()
    sent: list[str] = []

    def lose(route: object) -> None:
        if route.request.method != "POST":  # type: ignore[attr-defined]
            route.fallback()  # type: ignore[attr-defined]
            return
        sent.append(route.fetch().text())  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    phone.page.route("**/v1/orders/*/payments", lose)
    phone.tap("button", "付款 ¥")
    phone.page.wait_for_url("**/pay/order/**")
    phone.page.wait_for_timeout(500)
    phone.page.unroute("**/v1/orders/*/payments")
    phone.page.reload()
    phone.sees("付款确认中")
    assert len(sent) >= 1
    with phone.context.expect_page() as opened:
        phone.page.locator(".acts .button").first.tap()
    wallet = opened.value
    wallet.get_by_role("button").first.click()
    wallet.get_by_text("SUCCESS").wait_for()
    wallet.close()
    phone.sees("已告诉门店，马上就接。")
    order_id = phone.page.locator(".facts .id").inner_text()
    by = phone.house.by("manager05")
    tried = phone.house.http.get(f"/v1/orders/{order_id}/payments", headers=by).json()
    assert [each["state"] for each in tried].count("succeeded") == 1
