"""The diner's app in a real browser, on the running product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from diner_kit import House, Phone, severe
from playwright.sync_api import Browser, Route, expect

from goodtaste.kernel import clock

pytestmark = pytest.mark.timeout(600)  # the screens may have to be built first
PAGES = (
    "pages/home/index", "pages/order/index", "pages/orders/index", "pages/me/index", "member/sign-in/index", "member/code/index",
    "member/coupons/index", "member/points/index", "member/shop/index", "member/plans/index", "member/privacy/index",
    "member/settings/index", "member/addresses/index", "member/favourites/index", "pay/table/index", "pay/checkout/index", "pay/bill/index",
)  # fmt: skip
HOSTILE = (
    "<script>window.__ran=1</script>", "<img src=x onerror=window.__ran=1>", "\"><svg onload=window.__ran=1>", "javascript:window.__ran=1",
    "{{constructor.constructor('window.__ran=1')()}}", "${window.__ran=1}", "'-window.__ran=1-'",
    "<iframe srcdoc='<script>parent.__ran=1</script>'>",
    "\u202e反过来\u202c", "👨‍👩‍👧‍👦" * 8, "長" * 60, "a" * 60, "%3Cscript%3E", "../../../etc/passwd", "' OR 1=1 --",
)  # fmt: skip


@pytest.fixture
def phone(browser: Browser, house: House) -> Iterator[Phone]:
    opened = Phone(browser, house)
    yield opened
    opened.close()


def _cart(phone: Phone) -> None:
    """Put a 红烧肉, and a 红烧牛肉面 with what it asks for, into the cart."""
    phone.choose_store()
    phone.tap("button", "增加 红烧肉")
    phone.tap("button", "选规格 红烧牛肉面")
    phone.tap("checkbox", "微辣")
    phone.tap("radio", "大碗")
    phone.tap("button", "加入购物车")


def _checked_out(phone: Phone, number: str) -> None:
    _cart(phone)
    phone.tap("button", "去结算")
    phone.tap("button", "登录后下单")
    phone.sign_in(number)
    phone.page.get_by_role("button", name="付款 ¥").wait_for()


def _paid_in_wallet(phone: Phone) -> None:
    """Pay on the wallet's own page, which opens beside the app."""
    phone.page.get_by_role("radio", name="沙箱钱包").tap()
    with phone.context.expect_page() as opened:
        phone.tap("button", "付款 ¥")
    wallet = opened.value
    wallet.get_by_role("button").first.click()
    wallet.get_by_text("SUCCESS").wait_for()
    wallet.close()


def test_a_newcomer_registers_orders_pays_and_gets_points(phone: Phone, house: House, pictures: Path | None) -> None:
    phone.open()
    phone.sees("为你推荐")
    phone.picture(pictures, "diner-home")
    _cart(phone)
    phone.picture(pictures, "diner-order")
    phone.tap("button", "购物车")
    phone.sees("大碗 · 微辣")
    phone.picture(pictures, "diner-cart")
    phone.tap("button", "去结算 ¥")
    phone.tap("button", "登录后下单")
    phone.sign_in("13712340001")
    phone.sees("会员价")
    phone.picture(pictures, "diner-checkout")
    _paid_in_wallet(phone)
    phone.sees("已告诉门店，马上就接。")
    order_id = phone.page.locator(".facts .id").inner_text()
    house.advance(order_id, "accepted", "preparing", "ready")
    phone.sees("做好了，请来取。")
    phone.picture(pictures, "diner-progress")
    house.advance(order_id, "picked_up", "completed")
    phone.sees("谢谢光临，积分已到账。")
    earned = phone.page.locator(".right", has_text="积分").inner_text().removeprefix("得到 ").removesuffix(" 积分")
    assert int(earned) > 0
    phone.open("pages/me/index")
    expect(phone.page.locator(".number .big").first).to_have_text(earned)
    phone.open("member/points/index")
    phone.sees(f"+{earned}")
    phone.open("pages/orders/index")
    phone.page.locator(".order").first.tap()
    phone.tap("button", "再来一单")
    phone.sees("去结算")


def test_the_best_coupon_is_chosen_and_the_others_say_why_not(phone: Phone, pictures: Path | None) -> None:
    _checked_out(phone, "13900000001")
    phone.sees("新人礼：满 50 减 20")
    phone.sees("480 积分")
    due = phone.page.locator(".dock .price").inner_text()
    phone.page.locator(".row", has_text="优惠券").first.tap()
    phone.sees("没有点适用的菜")
    phone.picture(pictures, "diner-coupons")
    phone.tap("button", "不用优惠券")
    expect(phone.page.locator(".dock .price")).not_to_have_text(due)
    phone.tap("switch", "用积分")
    expect(phone.page.locator(".line.save, .save", has_text="会员价").first).to_be_visible()
    expect(phone.page.locator(".save", has_text="积分")).to_have_count(0)


def test_a_lost_reply_to_an_order_shows_the_order_and_never_a_second_one(phone: Phone, house: House) -> None:
    _checked_out(phone, "13712340002")
    sent: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and route.request.url.endswith("/v1/orders"):
            sent.append(json.loads(route.request.post_data or "{}")["id"])
            route.fetch()
            route.abort()
        elif (
            sent
            and len(sent) == 1
            and "/v1/orders/" in route.request.url
            and route.request.method == "GET"
            and not lost
        ):
            lost.append(1)
            route.abort()  # the line stays broken for a while
        else:
            route.fallback()

    lost: list[int] = []
    phone.page.route("**/v1/orders**", lose)
    phone.page.get_by_role("button", name="付款 ¥").tap()
    phone.page.wait_for_timeout(1500)
    phone.page.unroute("**/v1/orders**")
    phone.page.reload()
    phone.sees("待付款")
    assert sent[0] in phone.page.url
    phone.open("pages/orders/index")
    expect(phone.page.locator(".order")).to_have_count(1)


def test_a_double_tap_places_one_order(phone: Phone) -> None:
    _checked_out(phone, "13712340003")
    pay = phone.page.get_by_role("button", name="付款 ¥")
    pay.evaluate("button => { for (let n = 0; n < 5; n++) button.click() }")
    phone.page.wait_for_url("**/pay/order/**")
    phone.open("pages/orders/index")
    expect(phone.page.locator(".order")).to_have_count(1)


def test_a_sign_in_that_ran_out_in_the_middle_loses_nothing(phone: Phone) -> None:
    _checked_out(phone, "13712340004")
    phone.page.evaluate("""() => {
      const kept = JSON.parse(localStorage.getItem('gt.tokens'))
      localStorage.setItem('gt.tokens', JSON.stringify({ ...kept, access_token: 'x' }))
    }""")
    phone.page.reload()
    phone.page.get_by_role("button", name="付款 ¥").tap()
    phone.page.wait_for_url("**/pay/order/**")


def test_two_phones_share_the_cart_of_a_table(browser: Browser, house: House, pictures: Path | None) -> None:
    one, two = Phone(browser, house), Phone(browser, house)
    one.open("member/sign-in/index", "input")
    one.sign_in("13900000002")
    one.page.wait_for_selector(".standing")
    for each in (one, two):
        each.open(f"pay/table/index?code={house.table('A7')['code']}")
        each.tap("button", "开始点餐")
        each.page.wait_for_selector(".group")
    one.tap("button", "增加 红烧肉")
    two.sees("一起下单")
    two.tap("button", "增加 糖醋排骨")
    expect(one.page.locator(".dock .badge")).to_contain_text("2")
    one.tap("button", "购物车")
    one.sees("同桌")
    one.picture(pictures, "diner-table")
    one.tap("button", "一起下单 ¥")
    one.sees("A7 桌账单")
    two.open("pay/bill/index")
    two.sees("糖醋排骨")
    two.tap("button", "付款 ¥")
    two.sees("沙箱钱包 ¥")
    one.picture(pictures, "diner-bill")
    one.tap("button", "付款 ¥")
    one.sees("沙箱钱包 ¥")
    one.close()
    two.close()


def test_everything_is_said_in_english_too(phone: Phone, house: House, pictures: Path | None) -> None:
    phone.open("member/settings/index")
    phone.tap("radio", "English")
    phone.open("pages/home/index")
    phone.sees("Picked for you")
    phone.sees("Hongqiao")
    phone.open("pages/order/index", ".group")
    phone.sees("Member")
    phone.picture(pictures, "diner-english")
    assert phone.page.evaluate("document.documentElement.lang") == "en"
    for path in PAGES:
        phone.open(path)
        phone.page.wait_for_timeout(250)
        said = phone.page.locator("uni-page-body").inner_text()
        own = [line for line in said.splitlines() if any("\u4e00" <= c <= "\u9fff" for c in line)]
        known = {"语言 Language", "简体中文"}  # a language is called by its own name
        assert [line for line in own if line not in known] == [], path


@pytest.mark.parametrize("width", [320, 390])
def test_every_page_can_be_used_by_everybody_and_fits(browser: Browser, house: House, width: int) -> None:
    phone = Phone(browser, house, width=width, height=640)
    phone.open("member/sign-in/index", "input")
    phone.sign_in("13900000003" if width == 320 else "13900000004")
    phone.page.wait_for_selector(".standing")
    phone.choose_store()
    phone.tap("button", "增加 红烧肉")
    found: dict[str, Any] = {}
    for path in PAGES:
        phone.open(path)
        phone.page.wait_for_timeout(500)
        wrong: list[Any] = severe(phone.page)
        if phone.width() > width:
            wrong.append(f"{phone.width()} px wide")
        if wrong:
            found[path] = wrong
    phone.open("pages/order/index", ".group")
    phone.tap("button", "选规格 红烧牛肉面")
    phone.page.wait_for_timeout(400)
    found |= {"the dish": wrong} if (wrong := severe(phone.page)) else {}
    assert found == {}
    phone.close()


def test_hostile_text_is_shown_and_never_run(phone: Phone) -> None:
    """Whatever the names on a menu, a note, a search or a nickname say, they are text."""

    def hostile(route: Route) -> None:
        answer = route.fetch()
        menu = answer.json()
        words = iter(range(10**6))
        for category in menu["categories"]:
            category["name"] = HOSTILE[next(words) % len(HOSTILE)]
            for dish in category["dishes"]:
                for key in ("name", "description"):
                    dish[key] = HOSTILE[next(words) % len(HOSTILE)]
                dish["tags"] = dish["allergens"] = [HOSTILE[next(words) % len(HOSTILE)]]
                for group in (*dish["groups"], *dish["slots"], *dish["skus"]):
                    group["name"] = HOSTILE[next(words) % len(HOSTILE)]
        route.fulfill(response=answer, json=menu)

    phone.page.route("**/menu?**", hostile)
    phone.open("pages/home/index")
    phone.open("pages/order/index", ".group")
    for text in HOSTILE:
        phone.page.locator(".find input").fill(text)
        phone.page.wait_for_timeout(60)
    phone.page.locator(".find input").fill("")
    phone.page.locator(".choose").first.tap()
    phone.page.locator(".over input").fill(HOSTILE[0])
    phone.page.wait_for_timeout(300)
    for text in HOSTILE:
        phone.open("pay/table/index?code=" + "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "ignore")))
    phone.open("member/sign-in/index", "input")
    phone.sign_in("13712340005")
    phone.page.wait_for_url(lambda url: "sign-in" not in url)
    for text in HOSTILE[:6]:
        phone.open("member/settings/index", ".field input")
        phone.page.locator(".field input").fill(text)
        phone.tap("button", "保存")
        phone.page.wait_for_timeout(250)
        phone.open("pages/home/index")
    assert phone.page.evaluate("window.__ran") is None
    assert phone.width() <= 390


def test_a_dead_line_is_told_and_mends_itself(phone: Phone) -> None:
    phone.page.route("**/v1/subscription-plans", lambda route: route.abort())
    phone.open("member/plans/index")
    phone.sees("网络不通，请检查网络后再试一次。")
    phone.page.unroute("**/v1/subscription-plans")
    phone.tap("button", "再试一次")
    phone.page.get_by_role("alert").wait_for(state="detached")


def test_the_home_page_says_within_a_minute_that_a_store_is_closed_for_the_day(phone: Phone, house: House) -> None:
    today = clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    path, by = f"/v1/stores/{house.store['id']}/special-days/{today}", house.by("admin")
    phone.page.clock.install()
    phone.open("pages/home/index")
    card = phone.page.locator(".store.card", has_text="虹桥店")
    expect(card).to_contain_text("24 小时营业")
    house.http.put(path, headers=by, json={"spans": [], "note": "盘点"}).raise_for_status()
    try:
        phone.page.clock.fast_forward("01:01")
        expect(card).to_contain_text("明天 00:00 开门")
    finally:
        house.http.delete(path, headers=by).raise_for_status()
