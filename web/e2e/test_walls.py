"""Walks past screens that nobody sits at, kitchen, numbers and menu: what changes is seen on each of them at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

Open = Callable[..., Any]
SEEN_MS = 1_000  # from a tap on one screen to what it changes on another

WATCH = """(number) => {
  window.seen = new Promise((seen) => {
    const isThere = () => [...document.querySelectorAll('.ready li')].some((each) => each.textContent.trim() === number)
    new MutationObserver(() => isThere() && seen(Date.now())).observe(document.body, { childList: true, subtree: true })
  })
}"""


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
