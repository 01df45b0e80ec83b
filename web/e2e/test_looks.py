"""Every screen in both themes, from a phone of 320 px to a wall of 4K: nothing serious found by axe, nothing wider than the glass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]
SCREENS = {
    "pos": "/pos",
    "orders": "/orders",
    "stock": "/stock",
    "printing": "/printing",
    "settings": "/settings",
    "design": "/design",
}
SIZES = {"320": (320, 640), "tablet": (820, 1180), "1366": (1366, 768), "4k": (3840, 2160)}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_serious(open_desk: Open, screen: str, theme: str) -> None:
    desk = open_desk(color_scheme=theme, locale="en-GB" if theme == "dark" else "zh-CN")
    desk.sign_in("manager05", to=SCREENS[screen])
    desk.page.wait_for_timeout(900)
    if screen == "pos":
        desk.keys("1")
        desk.priced()
    assert desk.axe() == []
    desk.picture(f"{screen}-{theme}")


@pytest.mark.parametrize("what", ["sign-in", "pair"])
def test_axe_finds_nothing_serious_at_the_door(open_desk: Open, what: str) -> None:
    desk = open_desk()
    desk.page.goto(f"{desk.house.url}/staff/{what}")
    desk.page.wait_for_timeout(900)
    assert desk.axe() == []
    desk.picture(what)


@pytest.mark.parametrize("key", ["F1", "F8", "F9", "F10"])
def test_axe_finds_nothing_serious_in_a_sheet(open_desk: Open, key: str) -> None:
    desk = open_desk()
    desk.sign_in()
    desk.keys("1")
    desk.priced()
    desk.keys(key)
    desk.page.wait_for_selector("dialog")
    assert desk.axe() == []


@pytest.mark.parametrize("size", SIZES)
def test_a_screen_is_never_wider_than_the_glass(open_desk: Open, size: str) -> None:
    desk = open_desk(*SIZES[size])
    desk.sign_in("manager05")
    page = desk.page
    for name, path in SCREENS.items():
        page.goto(f"{desk.house.url}/staff{path}")
        page.wait_for_timeout(700)
        if name == "pos":
            page.locator(".dish").first.click()
            page.wait_for_timeout(500)
        assert page.evaluate("() => document.scrollingElement.scrollWidth - innerWidth") <= 0, name
        assert page.evaluate("() => document.querySelector('main')?.scrollLeft ?? 0") == 0, f"{name} is pulled aside"
        if name == "pos" or size == "320":
            desk.picture(f"{name}-{size}")
    if size == "320":
        page.goto(f"{desk.house.url}/staff/pos")
        page.click(".bar")
        desk.picture("pos-320-cart")


def test_who_may_not_is_told_so(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in("kitchen05", to="/stock")
    desk.page.goto(f"{desk.house.url}/staff/pos")
    desk.page.wait_for_selector(".state.forbidden")
    desk.picture("forbidden")
