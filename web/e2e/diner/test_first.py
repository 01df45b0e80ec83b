"""The first screen, which the house draws before the app runs: the same as the app's own, and of use without it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from diner_kit import House, Phone
from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.timeout(600)  # the screens may have to be built first
PAGE_MAX = 14_000  # packed bytes: what the first round trips of a connection bring
PARTS = (
    ".hello", ".where", ".banner", ".over", ".big", ".sub", ".art", ".act", ".icon", ".small", ".section-title", ".more", ".dish", ".photo",
    ".why", ".dish .name", ".words", ".price", ".member", ".from", ".pill", ".disc", ".store", ".tag", ".address",
    ".licence", ".item", ".say",
)  # fmt: skip
BOXES = """([root, parts]) => Object.fromEntries(parts.map(part => [
  part,
  [...document.querySelectorAll(`${root} ${part}`)].map(each => {
    const { left, top, width, height } = each.getBoundingClientRect()
    return [each.innerText.trim(), ...[left, top + scrollY, width, height].map(Math.round)]
  })
]))"""
SHIFTS = """
window.shifted = 0
new PerformanceObserver(list => { for (const each of list.getEntries()) window.shifted += each.value })
  .observe({ type: 'layout-shift', buffered: true })
"""


@pytest.fixture
def phone(browser: Browser, house: House) -> Iterator[Phone]:
    opened = Phone(browser, house)
    yield opened
    opened.close()


def _near(drawn: list[Any], shown: list[Any]) -> bool:
    return drawn[0] == shown[0] and all(abs(a - b) <= 1 for a, b in zip(drawn[1:], shown[1:], strict=True))


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (320, "en"), (1000, "zh-CN")])
def test_it_is_what_the_app_shows(browser: Browser, house: House, width: int, language: str) -> None:
    phone = Phone(browser, house, width=width, language=language)
    phone.page.add_init_script(SHIFTS)
    phone.page.route("**/assets/index-*.js", lambda route: held.append(route))
    held: list[Route] = []
    phone.page.goto(f"{house.url}/app/", wait_until="commit")
    phone.page.wait_for_selector("#first .store")
    phone.page.wait_for_function(
        "document.fonts.status === 'loaded' && document.querySelector('#first .art img').complete"
    )
    drawn = phone.page.evaluate(BOXES, ["#first", PARTS])
    while not held:
        phone.page.wait_for_timeout(50)
    held[0].continue_()
    phone.page.wait_for_selector("#first", state="detached")
    shown = phone.page.evaluate(BOXES, ["#app", PARTS])
    different = {
        one: (drawn[one], shown[one])
        for one in drawn
        if len(drawn[one]) != len(shown[one]) or not all(map(_near, drawn[one], shown[one]))
    }
    assert different == {}
    assert all(drawn.values())
    assert phone.page.evaluate("window.shifted") < 0.02
    phone.close()


def test_a_page_that_was_asked_for_by_its_address_is_not_hidden_by_it(phone: Phone) -> None:
    phone.page.route("**/assets/index-*.js", lambda route: held.append(route))
    held: list[Route] = []
    phone.page.goto(f"{phone.house.url}/app/#/pages/orders/index", wait_until="commit")
    phone.page.wait_for_selector("#first", state="attached")
    assert not phone.page.is_visible("#first")
    while not held:
        phone.page.wait_for_timeout(50)
    held[0].continue_()
    phone.page.wait_for_selector("#first", state="detached")
    phone.sees("登录")


def test_a_link_that_is_tapped_before_the_app_is_there_leads_on_when_it_comes(phone: Phone) -> None:
    phone.page.route("**/assets/index-*.js", lambda route: held.append(route))
    held: list[Route] = []
    phone.page.goto(f"{phone.house.url}/app/", wait_until="commit")
    phone.page.get_by_role("link", name="点餐", exact=True).tap()
    while not held:
        phone.page.wait_for_timeout(50)
    held[0].continue_()
    phone.page.wait_for_selector(".group")
    assert phone.page.url.endswith("#/pages/order/index")


def test_an_app_that_is_lost_on_the_way_is_told(phone: Phone) -> None:
    phone.page.route("**/assets/index-*.js", lambda route: route.abort())
    phone.page.goto(f"{phone.house.url}/app/")
    phone.sees("页面没有加载完整")
    phone.page.unroute("**/assets/index-*.js")
    phone.page.get_by_role("link", name="再试一次").tap()
    phone.page.wait_for_selector("#first", state="detached")
    phone.sees("为你推荐")


def test_without_scripts_the_menu_of_the_house_is_there_to_read(browser: Browser, house: House) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{house.url}/app/")
    assert page.locator("noscript p").is_visible()
    assert page.get_by_text("红烧肉").first.is_visible()
    context.close()


def test_the_house_remembers_the_language_and_the_store_of_the_phone(phone: Phone) -> None:
    phone.open("member/settings/index")
    phone.tap("radio", "English")
    phone.open("pages/order/index", ".group")
    phone.page.locator(".head .at").tap()
    phone.page.locator(".over .store", has_text="Hongqiao").tap()
    phone.page.locator(".head .store", has_text="Hongqiao").wait_for()
    drawn = phone.page.request.get(f"{phone.house.url}/app/").text()  # with the phone's cookies, and past its worker
    assert 'class="cut at" ><span>Hongqiao</span>' in drawn
    assert "Picked for you" in drawn


def test_it_is_small(house: House) -> None:
    page = house.http.get("/app/", headers={"accept-encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"
    assert int(page.headers["content-length"]) <= PAGE_MAX
    assert len(gzip.compress(page.content, 9)) <= PAGE_MAX
