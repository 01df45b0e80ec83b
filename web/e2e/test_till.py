"""Walks of a cashier: by keyboard, with a member, through a lost reply, without a network, and back with a refund."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

Open = Callable[..., Any]
WALLET = "990012345678901234"  # of the demonstration: the diner pays
REFUSING = "990212345678901234"


def test_a_sale_by_keyboard_alone(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    desk.keys("F2")
    page.keyboard.type("xlb")
    expect(page.locator(".dish")).to_have_count(1)
    desk.keys("Enter")
    expect(page.locator("dialog")).to_be_visible()  # two sizes: the first is chosen
    desk.picture("pos-options")
    desk.keys("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    desk.keys("+", "1")
    desk.priced()
    desk.picture("pos")
    due = page.inner_text("[data-test=due]")
    desk.keys("F9")
    for digit in "200":
        desk.keys(digit)
    change = page.inner_text("[data-test=change]")
    desk.picture("pos-cash")
    desk.keys("Enter")
    number = desk.number()
    desk.picture("pos-paid")
    order = next(each for each in desk.house.orders() if each["id"].upper().endswith(number))
    assert order["pay_state"] == "paid"
    assert due == f"¥{order['due_fen'] / 100:.2f}"
    assert change == f"¥{200 - order['due_fen'] / 100:.2f}"
    desk.keys("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    assert page.locator(".cart li").count() == 0


def test_a_member_pays_by_phone_with_the_best_coupon(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    who = desk.house.member()
    desk.keys("1", "9")
    if page.locator("dialog").count():
        desk.keys("1", "Enter")
    desk.priced()
    before = page.inner_text("[data-test=due]")
    desk.scan(desk.house.member_code(who))
    expect(page.locator(".member")).to_contain_text("林小满")
    desk.priced()
    expect(page.locator("[data-test=due]")).not_to_have_text(before)
    desk.picture("pos-member")
    page.click(".savings .more")
    expect(page.locator("dialog")).to_be_visible()
    page.click("dialog [role=switch]")
    expect(page.locator("dialog .points p")).to_be_visible()
    desk.picture("pos-coupons")
    desk.keys("Escape")
    desk.priced()
    page.click(".why")
    expect(page.locator("dialog")).to_be_visible()
    desk.picture("pos-why")
    desk.keys("Escape", "F10")
    desk.scan(desk.house.member_code(who))  # the wrong code first
    expect(page.locator("dialog [role=alert]")).to_contain_text("会员码")
    desk.priced()
    desk.scan(WALLET)
    number = desk.number()
    order = next(each for each in desk.house.orders() if each["id"].upper().endswith(number))
    assert (order["pay_state"], order["points"] > 0, len(order["coupons"])) == ("paid", True, 1)


def test_a_wallet_that_refuses_leaves_an_order_to_be_paid_another_way(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    desk.keys("1")
    desk.priced()
    desk.keys("F10")
    desk.scan(REFUSING)
    desk.page.wait_for_selector("[data-stage=unpaid]", timeout=60_000)
    desk.picture("pos-unpaid")
    desk.keys("F9", "Enter")
    assert desk.number()


def test_a_bill_is_paid_in_parts_by_cash_and_wallet(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    desk.keys("1")
    desk.priced()
    page.get_by_role("button", name="分开付").click()
    page.wait_for_selector("[data-test=left]")
    page.get_by_role("button", name="1/2").click()
    split = page.get_by_role("dialog", name="分开付")
    split.get_by_role("button", name="现金").click()
    expect(page.locator("[data-test=change]")).to_be_visible()
    desk.keys("Enter")
    expect(page.locator("[data-test=left]")).to_have_text("¥29.00")
    desk.picture("pos-split")
    split.get_by_role("button", name="扫付款码").click()
    desk.scan(WALLET)
    number = desk.number()
    order = next(each for each in desk.house.orders() if each["id"].upper().endswith(number))
    assert order["pay_state"] == "paid"


def test_the_kitchen_makes_what_was_sold_and_the_board_calls_it(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    desk.keys("1")
    desk.priced()
    desk.keys("F9", "Enter")
    desk.number()
    expect(desk.page.locator("[data-test=shown]")).to_have_text(re.compile(r"^[0-9]{1,3}$"))  # the number of the day
    shown = desk.page.inner_text("[data-test=shown]")
    kitchen = open_desk(1920, 1080)
    kitchen.sign_in("kitchen05", to="/kitchen")
    ticket = kitchen.page.locator(".ticket", has_text="红烧肉").filter(has=kitchen.page.get_by_text(shown, exact=True))
    expect(ticket).to_be_visible()
    kitchen.picture("kitchen")
    assert kitchen.axe() == []
    ticket.get_by_role("button", name="出餐").click()
    board = open_desk(1920, 1080)
    board.sign_in("kitchen05", to="/board")
    expect(board.page.locator(".ready li", has_text=shown)).to_be_visible()
    board.picture("board")
    assert board.axe() == []


def test_a_lost_reply_and_a_reload_show_the_true_state(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    before = len(desk.house.orders())
    desk.keys("1")
    desk.priced()

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()  # it arrives, and is done
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/v1/orders$"), lose)
    desk.keys("F9", "Enter")
    page.wait_for_selector("[data-stage=doubt]")
    desk.picture("pos-doubt")
    page.reload()
    number = desk.number()
    orders = desk.house.orders()
    assert (len(orders), orders[0]["pay_state"]) == (before + 1, "paid")
    assert orders[0]["id"].upper().endswith(number)
    page.unroute(re.compile(r"/v1/orders$"))
    desk.keys("Enter")
    assert page.locator(".cart li").count() == 0


def test_a_reload_without_a_network_keeps_menu_and_cart_and_says_what_waits(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    page.evaluate("() => navigator.serviceWorker.ready")
    page.reload()  # under the worker, so that it sees menu and pictures
    page.wait_for_selector(".dish")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    desk.keys("1")
    desk.priced()
    page.wait_for_timeout(500)
    desk.context.set_offline(True)
    page.reload()
    expect(page.locator("[data-test=offline]")).to_be_visible()
    page.wait_for_selector(".dish")
    expect(page.locator(".cart li")).to_have_count(1)
    desk.keys("1")
    expect(page.locator(".cart .stepper .num")).to_have_text("2")
    expect(page.get_by_role("button", name="扫付款码")).to_be_disabled()
    desk.picture("pos-offline")
    desk.context.set_offline(False)
    expect(page.locator("[data-test=offline]")).to_have_count(0, timeout=15_000)
    page.click(".extras button:last-child")


def test_orders_are_held_and_recalled(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    desk.keys("1", "F4")
    expect(page.locator(".cart li")).to_have_count(0)
    desk.keys("F6")
    expect(page.locator("dialog .one")).to_have_count(1)
    page.click("dialog .one")
    expect(page.locator(".cart li")).to_have_count(1)


def test_a_cashier_refunds_with_the_pin_of_the_manager(open_desk: Open) -> None:
    desk = open_desk()
    desk.pair()
    page = desk.page
    desk.pick_cashier()
    desk.picture("sign-in-pin")
    desk.type_pin()
    desk.keys("1")
    desk.priced()
    desk.keys("F9", "Enter")
    number = desk.number()
    desk.keys("Enter")
    page.click("nav a[href='/staff/orders']")
    page.locator("[data-order]", has_text=number).click()
    desk.picture("orders")
    page.click("[data-test=refund]")
    page.click("[data-test=refund-all]")
    page.get_by_role("button", name="上错菜").click()
    page.wait_for_selector("[data-test=preview]")
    page.select_option("dialog select", label="刘思敏")
    page.locator("dialog input[type=password]").fill("739152")
    desk.picture("refund")
    page.click("[data-test=refund-do]")
    expect(page.locator("[data-test=order-refunded]")).to_be_visible()
    order = next(each for each in desk.house.orders() if each["id"].upper().endswith(number))
    assert (order["pay_state"], order["refunded_fen"]) == ("refunded", order["due_fen"])


def test_a_tap_is_in_the_cart_within_50_ms(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    took = desk.page.evaluate(
        """async () => {
          const dish = document.querySelector('.dish')
          const took = []
          for (let n = 1; n <= 15; n++) {
            const at = performance.now()
            dish.click()
            while (dish.querySelector('.count')?.lastChild.textContent !== String(n)) await new Promise((done) => setTimeout(done))
            took.push(performance.now() - at)
          }
          return took.sort((a, b) => a - b)
        }"""
    )
    assert took[len(took) // 2] < 50, took


HOSTILE = [
    "<img src=x onerror=window.ran=1>",
    "{{constructor.constructor('window.ran=1')()}}",
    '"><script>window.ran=1</script>',
    "javascript:window.ran=1",
    "‮ۥ' OR 1=1;--",
    "好" * 200,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_person_types_is_only_ever_text(open_desk: Open, text: str) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    desk.keys("F2")
    page.keyboard.insert_text(text[:40])
    expect(page.locator(".dishes .state")).to_be_visible()
    desk.keys("Escape", "1")
    page.click(".extras button:first-child")
    page.locator("dialog input").fill(text)
    page.keyboard.press("Enter")
    desk.priced()
    desk.keys("F4", "F6")
    expect(page.locator("dialog .one")).to_have_count(1)
    desk.keys("Escape")
    assert page.evaluate("() => window.ran") is None
    assert page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth")
