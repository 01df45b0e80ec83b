"""Walks through the points ledger in the console: an account with its lots, a correction by two persons, what is owed, the proofs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

Open = Callable[..., Any]


def test_a_large_correction_is_asked_for_by_one_and_approved_by_another(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.house.member("13900000002")
    desk.sign_in("manager05", to="/console/points?q=13900000002")
    page = desk.page
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("的积分账户")
    page.click("[data-test=correct]")
    for points in ("30", "90000"):
        page.get_by_role("spinbutton", name="积分").fill(points)
        page.get_by_label("原因").fill("系统漏记")
        page.click("[data-test=correct-do]")
        if points == "30":
            expect(page.get_by_text("积分已更正")).to_be_visible()
            page.click("[data-test=correct]")
    expect(page.get_by_text("这笔超过你一个人的限额")).to_be_visible()
    assert desk.axe() == []
    page.click("[data-test=correct-do]")
    expect(page.get_by_text("已提交，等第二个人同意")).to_be_visible()
    expect(page.locator("[data-test=lots] li").filter(has_text="系统漏记")).to_have_count(1)
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-points")
    account = page.url
    page.goto(f"{desk.house.url}/staff/console/corrections")
    expect(page.get_by_text("等另一个人决定").first).to_be_visible()
    other = open_desk(1440, 900)
    other.sign_in("admin", to="/console/corrections")
    row = other.page.get_by_role("row").filter(has_text="+90000")
    expect(row).to_have_count(1)
    other.settle()
    assert other.axe() == []
    other.picture("console-corrections")
    row.get_by_role("button", name="同意").click()
    other.page.click("[data-test=sure]")
    expect(row).to_have_count(0)
    page.goto(account)
    expect(page.get_by_role("row").filter(has_text="+90000")).to_have_count(1)


def test_what_is_owed_in_points_is_drawn_and_the_books_are_proved(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/liability")
    page = desk.page
    expect(page.get_by_text("会员一侧和品牌一侧的账一致")).to_be_visible()
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-liability")
    page.goto(f"{desk.house.url}/staff/console/proofs")
    page.click("[data-test=prove]")
    expect(page.locator("[data-test=proved]")).to_contain_text("条规则全部成立")
    expect(page.locator("[data-test=proofs] li").filter(has_text="每个账户的余额等于它的流水之和")).to_contain_text(
        "成立"
    )
    expect(page.get_by_text("ledger.proved").first).to_be_visible()
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-proofs")
