"""Walks of a drawer: opened with a float, sold from, counted blind, signed by two, with a Z report; and the day closed after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

Open = Callable[..., Any]


def open_with(desk: Any, *pieces: tuple[int, int]) -> None:
    """Open a shift with what lies in the drawer; the till leads there."""
    page = desk.page
    page.click("[data-test=no-shift]")
    for fen, n in pieces:
        page.locator(f"[data-fen='{fen}']").fill(str(n))
    expect(page.locator("[data-test=counted]")).to_have_text("¥250.00")
    desk.picture("shift-open")
    assert desk.axe() == []
    page.click("[data-test=shift-open]")
    expect(page.locator("[data-test=shift]")).to_contain_text("朱琳")


def take_out(desk: Any, yuan: str) -> None:
    """Take cash out of the drawer; the manager approves."""
    page = desk.page
    page.get_by_role("button", name="取出现金").click()
    page.get_by_role("textbox", name="金额").fill(yuan)
    page.get_by_role("button", name="存银行").click()
    page.select_option("select", label="刘思敏")
    page.locator("dialog input[type=password]").fill("739152")
    page.click("[data-test=cash-do]")
    expect(page.locator("dialog")).to_have_count(0)


def sell(desk: Any) -> None:
    """Sell the first dish for cash."""
    page = desk.page
    page.click("nav a[href='/staff/pos']")
    page.wait_for_selector(".dish")
    expect(page.locator("[data-test=no-shift]")).to_have_count(0)
    desk.keys("1")
    desk.priced()
    desk.keys("F9", "Enter")
    desk.number()
    desk.keys("Enter")


def count(desk: Any, *pieces: tuple[int, int]) -> None:
    """Count the drawer, without being told what must be there."""
    page = desk.page
    page.click("nav a[href='/staff/shift']")
    expect(page.locator("[data-test=shift]")).to_contain_text("朱琳")
    desk.picture("shift")
    page.click("[data-test=count]")
    assert "¥" not in page.inner_text("[data-test=shift] .quiet")
    for fen, n in pieces:
        page.locator(f"[data-fen='{fen}']").fill(str(n))
    desk.picture("shift-count")
    page.click("[data-test=count-do]")


def sign(desk: Any) -> None:
    """Let the cashier and the manager sign, and say why a yuan is missing."""
    page = desk.page
    page.click("[data-test=close-shift]")
    for who, name, pin in (("cashier", "朱琳", "204687"), ("second", "刘思敏", "739152")):
        page.locator(f"[data-test=sign-{who}] select").select_option(label=name)
        page.locator(f"[data-test=sign-{who}] input").fill(pin)
    page.click("[data-test=sign-do]")
    expect(page.locator("[data-test=off]")).to_contain_text("少 ¥1.00")
    page.get_by_role("textbox", name="差异原因").fill("找零少了一元")
    desk.picture("shift-sign")
    assert desk.axe() == []
    page.click("[data-test=sign-do]")
    expect(page.locator("[data-test=difference]")).to_have_text("少 ¥1.00")
    desk.picture("shift-closed")


def test_a_shift_is_opened_sold_counted_blind_and_signed_with_a_z_report(open_desk: Open) -> None:
    desk = open_desk()
    desk.pair()
    desk.pick_cashier()
    desk.type_pin()
    open_with(desk, (10_000, 2), (100, 50))
    take_out(desk, "50")
    sell(desk)
    count(desk, (10_000, 2), (100, 57))
    sign(desk)
    page = desk.page
    page.goto(f"{desk.house.url}/staff/sign-in?as=manager05")
    page.wait_for_selector(".dish")
    page.goto(f"{desk.house.url}/staff/shift")
    page.get_by_role("radio", name="班次").click()
    expect(page.locator("[data-test=differences]")).to_contain_text("1")
    desk.picture("shifts")
    page.get_by_role("button", name="Z1").click()
    paper = page.locator("[data-test=z]")
    expect(paper).to_contain_text("¥257.00")
    desk.picture("z")
    assert desk.axe() == []
    page.emulate_media(media="print")
    expect(page.locator("nav").first).to_have_css("visibility", "hidden")  # on paper the report alone
    expect(paper).to_have_css("visibility", "visible")
    page.emulate_media(media="screen")
    desk.keys("Escape")
    page.get_by_role("radio", name="日结").click()
    expect(page.get_by_text("营业中报表")).to_be_visible()
    desk.picture("day")
    assert desk.axe() == []
