"""Walks through the console of the head office: its frame, its lists, and every page looked at by axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

Open = Callable[..., Any]
PAGES = {"stores": "/console/stores", "terminals": "/console/terminals"}
SIZES = {"320": (320, 640), "tablet": (820, 1180), "4k": (3840, 2160)}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_the_console(open_desk: Open, name: str, theme: str) -> None:
    desk = open_desk(1440, 900, color_scheme=theme, locale="en-GB" if theme == "dark" else "zh-CN")
    desk.sign_in("admin", to=PAGES[name])
    settle(desk)
    assert desk.axe() == []
    desk.picture(f"console-{name}-{theme}" if theme == "dark" else f"console-{name}")


@pytest.mark.parametrize("size", SIZES)
def test_the_console_is_never_wider_than_the_glass(open_desk: Open, size: str) -> None:
    desk = open_desk(*SIZES[size])
    desk.sign_in("admin", to="/console")
    for name, path in PAGES.items():
        desk.page.goto(f"{desk.house.url}/staff{path}")
        settle(desk)
        for part in ("html", "main"):
            wider = "(part) => document.querySelector(part).scrollWidth - document.querySelector(part).clientWidth"
            assert desk.page.evaluate(wider, part) <= 0, (name, part)
        if size == "320" and name == "stores":
            assert desk.axe() == []
            desk.picture("console-320")
            desk.page.click("[data-test=menu]")
            expect(desk.page.get_by_role("dialog").get_by_role("link", name="终端")).to_be_visible()
            assert desk.axe() == []


def test_a_page_is_found_by_its_name_and_the_language_changes_where_one_is(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/stores")
    page = desk.page
    expect(page.get_by_role("heading", name="门店", level=1)).to_be_visible()
    desk.keys("Control+k")
    page.keyboard.type("termi")
    desk.picture("console-find")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="终端", level=1)).to_be_visible()
    page.click("[data-test=language]")
    expect(page.get_by_role("heading", name="Terminals", level=1)).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "en"
    page.reload()
    expect(page.get_by_role("heading", name="Terminals", level=1)).to_be_visible()


def test_who_may_not_sees_neither_the_page_nor_its_entry(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("marketer", to="/console/stores")
    settle(desk)
    expect(desk.page.get_by_role("navigation").get_by_role("link", name="终端")).to_have_count(0)
    desk.page.goto(f"{desk.house.url}/staff/console/terminals")
    expect(desk.page.locator(".state.forbidden")).to_be_visible()
    assert desk.axe() == []
    desk.picture("console-forbidden")
    desk.page.goto(f"{desk.house.url}/staff/console/nothing")
    expect(desk.page.get_by_text("没有这个页面")).to_be_visible()


def test_a_device_is_paired_by_a_code_and_revoked_with_a_reason(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/terminals")
    page = desk.page
    page.get_by_role("button", name="配对新设备").first.click()
    page.get_by_role("button", name="生成配对码").click()
    code = page.inner_text("[data-test=pairing-code]")
    assert desk.axe() == []
    desk.picture("console-pairing")
    paired = desk.house.http.post(
        "/v1/terminals/pair", json={"id": "01900000-0000-7000-8000-00000000c0de", "code": code, "name": "试吃台"}
    )
    assert paired.status_code == 201
    page.keyboard.press("Escape")
    row = page.get_by_role("row").filter(has_text="试吃台")
    row.get_by_role("button", name="停用").click()
    confirm = page.locator("[data-test=sure]")
    expect(confirm).to_be_disabled()  # it asks why
    page.get_by_label("原因").fill("设备丢失")
    confirm.click()
    expect(row).to_have_count(0)
    page.get_by_label("搜索").fill("试吃")
    expect(page.get_by_text("没有符合条件的结果")).to_be_visible()
    assert "q=" in page.url


def settle(desk: Any) -> None:
    """Wait until what a page asked for is there."""
    desk.page.wait_for_load_state("networkidle")
    desk.page.wait_for_timeout(500)
