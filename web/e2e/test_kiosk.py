"""Walks of somebody at a kiosk, where nobody of the staff stands beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

Open = Callable[..., Any]
WALLET = "990012345678901234"  # of the demonstration: the diner pays
REFUSING = "990212345678901234"


@pytest.fixture
def at_kiosk(open_desk: Open) -> Open:
    """Open kiosks that the demonstration has paired."""

    def open_one(width: int = 1080, height: int = 1920, **more: Any) -> Any:
        desk = open_desk(width, height, **more)
        desk.page.goto(f"{desk.house.url}/staff/pair?as=kiosk")
        desk.page.wait_for_selector("[data-test=eat-in]")
        return desk

    return open_one


def choose(desk: Any, name: str) -> None:
    """Touch a dish, and take the first of whatever has to be chosen."""
    desk.page.locator(".tile", has_text=name).first.click()
    sheet = desk.page.locator("dialog")
    if sheet.count():
        for group in sheet.locator("fieldset").all():
            group.locator("input").first.check(force=True)
        sheet.locator("[data-test=add]").click()
        expect(sheet).to_have_count(0)


def to_pay(desk: Any) -> None:
    """Go from the menu to where one pays."""
    desk.page.click("[data-test=to-cart]")
    desk.page.wait_for_selector("[data-test=to-pay]:enabled")
    desk.page.click("[data-test=to-pay]")


def order_of(desk: Any, shown: str) -> dict[str, Any]:
    """Return the order whose number was shown."""
    return next(each for each in desk.house.orders() if each["id"].upper().endswith(shown))


def test_a_member_orders_shows_their_codes_and_leaves_nothing_behind(at_kiosk: Open) -> None:
    desk = at_kiosk()
    page = desk.page
    desk.picture("kiosk-start")
    assert desk.axe() == []
    page.click("[data-test=eat-in]")
    choose(desk, "红烧肉")
    page.locator(".tile", has_text="麻婆豆腐").first.click()
    desk.picture("kiosk-dish")
    assert desk.axe() == []
    page.keyboard.press("Escape")
    choose(desk, "麻婆豆腐")
    desk.picture("kiosk-menu")
    assert desk.axe() == []
    page.click("[data-test=to-cart]")
    page.wait_for_selector("[data-test=to-pay]:enabled")
    before = page.inner_text("[data-test=due]")
    page.click("[data-test=member]")
    assert desk.axe() == []
    desk.scan(WALLET)  # the wrong code first
    expect(page.locator("dialog [role=alert]")).to_contain_text("会员码")
    desk.scan(desk.house.member_code(desk.house.member("13900000002")))
    expect(page.locator("[data-test=arrived]")).to_contain_text("周大厨")
    expect(page.locator("[data-test=due]")).not_to_have_text(before)
    expect(page.locator("[data-test=due]")).to_contain_text("¥")
    desk.picture("kiosk-cart")
    assert desk.axe() == []
    page.click("[data-test=to-pay]")
    desk.picture("kiosk-pay")
    assert desk.axe() == []
    page.click("[data-test=show]")
    desk.scan(WALLET)
    expect(page.locator("[data-stage=paid] [data-test=number]")).to_have_text(re.compile(r"^[0-9]{1,3}$"))
    desk.picture("kiosk-done")
    assert desk.axe() == []
    order = order_of(desk, page.inner_text("[data-test=order]"))
    assert (order["kind"], order["channel"], order["pay_state"]) == ("kiosk", "kiosk", "paid")
    assert order["member_saving_fen"] > 0
    page.click("[data-test=done]")
    page.click("[data-test=eat-in]")
    expect(page.locator("[data-test=to-cart]")).to_be_disabled()
    assert "周大厨" not in page.inner_text("body")
    kept = page.evaluate("() => JSON.stringify(localStorage)")
    assert order["id"] not in kept
    assert order["member_id"] not in kept


def test_a_phone_pays_by_the_code_on_the_screen(at_kiosk: Open, open_desk: Open) -> None:
    desk, phone = at_kiosk(), open_desk(390, 844)
    desk.page.click("[data-test=take-away]")
    choose(desk, "红烧肉")
    to_pay(desk)
    desk.page.click("[data-test=scan]")
    desk.page.click("[data-test=wallet]")
    link = desk.page.locator("[data-test=qr]")
    expect(link).to_be_visible()
    desk.picture("kiosk-qr")
    assert desk.axe() == []
    phone.page.goto(link.get_attribute("data-link"))
    phone.page.locator("button").first.click()
    expect(desk.page.locator("[data-stage=paid] [data-test=number]")).to_have_text(
        re.compile(r"^[0-9]{1,3}$"), timeout=20_000
    )
    assert order_of(desk, desk.page.inner_text("[data-test=order]"))["kind"] == "pickup"


def test_who_has_cash_gets_a_number_for_the_counter(at_kiosk: Open) -> None:
    desk = at_kiosk(1366, 768)
    desk.page.click("[data-test=eat-in]")
    choose(desk, "红烧肉")
    to_pay(desk)
    desk.page.click("[data-test=counter]")
    number = desk.page.locator("[data-stage=unpaid] [data-test=number]")
    expect(number).to_be_visible()
    desk.picture("kiosk-counter")
    assert order_of(desk, number.inner_text())["pay_state"] == "unpaid"


def test_a_wallet_that_refuses_is_tried_another_way_or_called_off(at_kiosk: Open) -> None:
    desk = at_kiosk()
    desk.page.click("[data-test=eat-in]")
    choose(desk, "红烧肉")
    to_pay(desk)
    desk.page.click("[data-test=show]")
    desk.scan(REFUSING)
    expect(desk.page.locator(".failed")).to_be_visible(timeout=60_000)
    placed = desk.house.orders()[0]
    with desk.page.expect_response(re.compile("/cancel$")):
        desk.page.click("[data-test=call-off]")
    expect(desk.page.locator("[data-test=eat-in]")).to_be_visible()
    after = next(each for each in desk.house.orders() if each["id"] == placed["id"])
    assert (placed["pay_state"], after["state"]) == ("unpaid", "cancelled")


def test_a_reload_in_the_middle_of_paying_shows_what_became_of_it(at_kiosk: Open, open_desk: Open) -> None:
    desk, phone = at_kiosk(), open_desk(390, 844)
    desk.page.click("[data-test=eat-in]")
    choose(desk, "红烧肉")
    to_pay(desk)
    desk.page.click("[data-test=scan]")
    desk.page.click("[data-test=wallet]")
    link = desk.page.locator("[data-test=qr]").get_attribute("data-link")
    phone.page.goto(link)
    phone.page.locator("button").first.click()
    desk.page.reload()
    expect(desk.page.locator("[data-stage=paid]")).to_be_visible(timeout=20_000)


def test_who_walks_away_is_asked_and_then_forgotten(at_kiosk: Open) -> None:
    desk = at_kiosk()
    page = desk.page
    page.clock.install()
    page.click("[data-test=eat-in]")
    choose(desk, "红烧肉")
    page.clock.run_for(46_000)
    expect(page.get_by_role("alertdialog")).to_contain_text("还在吗")
    desk.picture("kiosk-idle")
    page.get_by_role("button", name="继续点餐").click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    page.clock.run_for(61_000)
    expect(page.locator("[data-test=eat-in]")).to_be_visible()
    page.click("[data-test=eat-in]")
    expect(page.locator("[data-test=to-cart]")).to_be_disabled()


@pytest.mark.parametrize("size", [(1080, 1920), (1366, 768), (2160, 3840)])
def test_it_is_reached_read_and_seen_by_everybody(at_kiosk: Open, size: tuple[int, int]) -> None:
    desk = at_kiosk(*size)
    page = desk.page
    page.get_by_role("button", name="English").click()
    expect(page.locator("[data-test=eat-in]")).to_contain_text("Eat in")
    page.get_by_role("button", name="Accessibility").click()
    for way in ("reach", "large", "contrast"):
        page.click(f"[data-test={way}]")
    assert desk.axe() == []
    page.keyboard.press("Escape")
    page.click("[data-test=eat-in]")
    expect(page.locator("h1", has_text="Best sellers")).to_be_visible()
    assert desk.axe() == []
    desk.picture(f"kiosk-reach-{size[0]}")
    assert page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth") <= 0
    top = min(each.bounding_box()["y"] for each in page.locator("button:visible").all())
    assert top > size[1] * 0.25
    page.click("[data-test=restart]")
    expect(page.locator("[data-test=eat-in]")).to_contain_text("堂食")  # how it was is how the next person finds it
