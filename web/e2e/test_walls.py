"""Walks past screens that nobody sits at, kitchen, numbers and menu: what changes is seen on each of them at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

Open = Callable[..., Any]
SEEN_MS = 1_000  # from a tap on one screen to what it changes on another

WATCH = """(number) => {
  window.seen = new Promise((seen) => {
    const isThere = () => [...document.querySelectorAll('.ready li')].some((each) => each.textContent.trim() === number)
    new MutationObserver(() => isThere() && seen(Date.now())).observe(document.body, { childList: true, subtree: true })
  })
}"""

VOICES = """
  window.said = []
  speechSynthesis.getVoices = () => [{ lang: 'zh-CN', name: 'a voice', localService: true }]
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text } }
  speechSynthesis.speak = (each) => window.said.push(each.text)
"""  # Chromium here has no voice: what it would be given to say is heard instead


def sold(desk: Any) -> str:
    """Sell the first dish for cash, and return the number of the day that its guest was told."""
    desk.keys("1")
    desk.priced()
    desk.keys("F9", "Enter")
    desk.number()
    expect(desk.page.locator("[data-test=shown]")).to_have_text(re.compile(r"^[0-9]{1,3}$"))
    return str(desk.page.inner_text("[data-test=shown]"))


def ticket_of(kitchen: Any, number: str) -> Any:
    """Return the ticket that bears a number."""
    return kitchen.page.locator(".ticket").filter(has=kitchen.page.get_by_text(number, exact=True))


def test_what_is_tapped_in_the_kitchen_is_seen_on_the_board_within_a_second(open_desk: Open) -> None:
    till, kitchen, board = open_desk(), open_desk(1920, 1080), open_desk(1920, 1080)
    kitchen.sign_in("kitchen05", to="/kitchen")
    board.sign_in("kitchen05", to="/board")
    till.sign_in()
    number = sold(till)
    ticket = ticket_of(kitchen, number)
    expect(ticket).to_be_visible()
    expect(board.page.locator(".preparing li", has_text=number)).to_be_visible()
    board.page.evaluate(WATCH, number)
    kitchen.page.evaluate("() => addEventListener('click', () => (window.tapped = Date.now()), true)")
    ticket.get_by_role("button", name="出餐").click()
    took_ms = board.page.evaluate("() => window.seen") - kitchen.page.evaluate("() => window.tapped")
    assert took_ms < SEEN_MS


def test_a_screen_that_lost_its_line_says_so_and_goes_on_where_it_was(open_desk: Open) -> None:
    till, kitchen = open_desk(), open_desk(1920, 1080)
    kitchen.sign_in("kitchen05", to="/kitchen")
    till.sign_in()
    expect(ticket_of(kitchen, sold(till))).to_be_visible()
    kitchen.context.set_offline(True)
    kitchen.page.evaluate("() => dispatchEvent(new Event('offline'))")
    expect(kitchen.page.locator("[data-test=offline]")).to_be_visible()
    till.keys("Enter")
    missed = sold(till)
    expect(ticket_of(kitchen, missed)).to_have_count(0)
    kitchen.context.set_offline(False)
    expect(ticket_of(kitchen, missed)).to_be_visible()
    expect(kitchen.page.locator("[data-test=offline]")).to_have_count(0)


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (3840, 2160)])
def test_the_menu_on_the_wall_turns_and_what_sells_out_is_seen_on_it(open_desk: Open, size: tuple[int, int]) -> None:
    wall = open_desk(*size)
    page, house = wall.page, wall.house
    page.goto(f"{house.url}/staff/menu?store={house.store}")
    page.wait_for_selector(".dish")
    page.wait_for_load_state("networkidle")
    assert wall.axe() == []
    wall.picture(f"menu-{size[0]}")
    assert page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth") <= 0
    first = page.locator("main").get_attribute("data-page")
    page.keyboard.press("ArrowRight")
    expect(page.locator("main")).not_to_have_attribute("data-page", first or "")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("main")).to_have_attribute("data-page", first or "")
    dish = page.locator("article").last
    dish_id = dish.get_attribute("data-dish")
    menu = house.http.get(f"/v1/stores/{house.store}/menu").json()
    skus = [
        sku["id"] for of in menu["categories"] for each in of["dishes"] if each["id"] == dish_id for sku in each["skus"]
    ]
    for gone in (True, False):
        for sku in skus:
            path = f"/v1/stores/{house.store}/stock/{sku}/sold-out"
            house.http.put(path, json={"sold_out": gone}, headers=house.staff()).raise_for_status()
        expect(page.locator(f"[data-dish='{dish_id}'] .out")).to_have_count(int(gone), timeout=15_000)
        if gone:
            wall.picture(f"menu-sold-out-{size[0]}")
            assert wall.axe() == []


def test_a_menu_that_turns_by_itself_does_so_slowly_for_who_wants_no_motion(open_desk: Open) -> None:
    for motion, turns_ms in (("no-preference", 10_000), ("reduce", 25_000)):
        wall = open_desk(1920, 1080, reduced_motion=motion)
        wall.page.clock.install()
        wall.page.goto(f"{wall.house.url}/staff/menu?store={wall.house.store}")
        wall.page.wait_for_selector(".dish")
        wall.page.clock.pause_at(wall.page.evaluate("() => Date.now() + 1000"))
        wall.page.keyboard.press("ArrowRight")  # the next turn is counted from here
        wall.page.clock.run_for(1_000)
        first = wall.page.locator("main").get_attribute("data-page") or ""
        wall.page.clock.run_for(turns_ms - 3_000)
        expect(wall.page.locator("main")).to_have_attribute("data-page", first)
        wall.page.clock.run_for(4_000)
        expect(wall.page.locator("main")).not_to_have_attribute("data-page", first)


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)])
def test_a_number_that_is_called_is_large_and_said_aloud(open_desk: Open, size: tuple[int, int]) -> None:
    till, kitchen, board = open_desk(), open_desk(1920, 1080), open_desk(*size)
    board.page.add_init_script(VOICES)
    kitchen.sign_in("kitchen05", to="/kitchen")
    board.page.goto(f"{board.house.url}/staff/board?store={board.house.store}")
    board.page.wait_for_selector(".preparing")
    till.sign_in()
    number = sold(till)
    expect(board.page.locator(".preparing li").get_by_text(number, exact=True)).to_be_visible()
    ticket_of(kitchen, number).get_by_role("button", name="出餐").click()
    expect(board.page.locator("[data-test=called]").get_by_text(number, exact=True)).to_be_visible()
    assert board.page.evaluate("() => window.said") == [f"请 {number} 号取餐"]
    assert board.axe() == []
    board.picture(f"board-{size[0]}")
