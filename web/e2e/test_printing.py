"""Walks of what is printed: a receipt printed again with its reason, a printer that is off, and a job that is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from goodtaste.kernel.ids import new_id

Open = Callable[..., Any]


def test_a_receipt_is_printed_again_and_a_job_of_a_printer_that_is_off_is_given_up(open_desk: Open) -> None:
    desk = open_desk()
    desk.sign_in()
    page = desk.page
    desk.keys("1")
    if page.locator("dialog").count():
        desk.keys("Enter")
    desk.priced()
    desk.keys("F9", "5", "0", "0", "Enter")
    desk.number()
    house, by = desk.house, desk.house.staff("admin")
    off = {"id": new_id(), "name": "吧台旧机", "kind": "escpos", "address": "127.0.0.1:9109", "purposes": ["report"]}
    made = house.http.post(f"/v1/stores/{house.store}/printers", json=off, headers=by)
    made.raise_for_status()
    house.http.post(f"/v1/printers/{off['id']}/test", json={"id": new_id()}, headers=by).raise_for_status()
    page.goto(f"{house.url}/staff/printing")
    expect(page.get_by_text("没有要处理的打印")).to_be_visible()
    assert desk.axe() == []
    page.get_by_role("radio", name="全部", exact=True).click()
    page.locator("[data-job=receipt]", has_text="已打出").first.click()
    page.click("[data-test=reprint]")
    sheet = page.get_by_role("dialog")
    expect(sheet.locator("[data-test=print-do]")).to_be_disabled()
    sheet.get_by_role("button", name="单子丢了").click()
    sheet.locator("[data-test=print-do]").click()
    again = page.locator("[data-job=receipt]", has_text="补打 1")
    expect(again).to_contain_text("单子丢了")
    expect(page.locator("[data-printer=吧台旧机]")).to_contain_text("连不上", timeout=15_000)
    page.get_by_role("radio", name="在等").click()
    page.locator("[data-job=test]").click()
    expect(page.get_by_text("连不上").first).to_be_visible()
    assert desk.axe() == []
    desk.picture("pos-printing")
    page.click("[data-test=print-give-up]")
    page.get_by_role("dialog").get_by_role("button", name="不需要了").click()
    page.click("[data-test=print-do]")
    expect(page.locator("[data-job=test]")).to_have_count(0)
    assert desk.faults == []
