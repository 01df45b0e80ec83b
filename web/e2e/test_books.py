"""Walks through what finance does in the console: subscriptions, bills and what differs, days, dead letters."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from goodtaste.kernel import clock
from goodtaste.kernel.ids import new_id

Open = Callable[..., Any]
PAGES = ("plans", "plans/new", "subscriptions", "subscription-refunds", "days", "bills", "differences", "letters")


def write(house: Any, table: str, **row: Any) -> str:
    """Write a row that in this house nothing but a broker, or a gateway at fault, would leave."""
    row = {"id": new_id()} | row
    with sqlite3.connect(house.folder / "goodtaste.db", timeout=20) as db:
        db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    return str(row["id"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_a_phone(open_desk: Open, theme: str) -> None:
    desk = open_desk(1440, 900, color_scheme=theme, locale="en-GB" if theme == "dark" else "zh-CN")
    desk.sign_in("admin", to="/console")
    desk.looks_well(PAGES)
    if theme == "light":
        desk.page.set_viewport_size({"width": 1440, "height": 900})
        desk.page.goto(f"{desk.house.url}/staff/console/days")
        desk.settle()
        desk.picture("console-days")


def test_a_plan_has_a_next_version_and_a_subscription_is_ended_with_a_reason(open_desk: Open) -> None:
    desk = open_desk(1440, 1000)
    http, who = desk.house.http, desk.house.member()
    plan = next(each for each in http.get("/v1/subscription-plans").json() if each["code"] == "basic")
    asked = {"id": new_id(), "plan_id": plan["id"], "seen_price_fen": plan["price_fen"], "agreed": True}
    made = http.post("/v1/me/subscriptions", json=asked, headers=who).raise_for_status().json()
    http.post(made["sign_url"], data={"payer": "00"}).raise_for_status()
    desk.sign_in("admin", to="/console/plans")
    page = desk.page
    row = page.get_by_role("row").filter(has_text="基础会员").first
    row.locator("[data-test=change]").click()
    page.get_by_label("每月价格").fill("35")
    page.get_by_label("扣款失败宽限").fill("1")
    page.click("[data-test=save]")
    expect(page.locator(".said[role=alert]").first).to_be_visible()  # grace is shorter than the tries
    page.get_by_label("扣款失败宽限").fill("10")
    page.click("[data-test=save]")
    expect(page.get_by_text("第 2 版").first).to_be_visible()

    page.goto(f"{desk.house.url}/staff/console/subscriptions")
    page.get_by_label("会员手机号").fill("13900000001")
    page.get_by_role("button", name="查找", exact=True).click()
    page.get_by_role("button", name="林小满").click()
    expect(page.get_by_role("row").filter(has_text="生效中")).to_have_count(1, timeout=20_000)
    page.get_by_role("link", name="基础会员").click()
    expect(page.locator("[data-test=facts]")).to_contain_text("下次扣款")
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-subscription")
    page.click("[data-test=stop]")
    page.get_by_role("dialog").get_by_label("原因").fill("会员来电要求")
    page.click("[data-test=stop-do]")
    expect(page.get_by_text("不再扣款")).to_be_visible()


def test_a_bill_is_matched_and_a_difference_is_taken_over_and_resolved(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    write(
        desk.house, "payment_difference",
        method="wallet", direction="paid", number="W20261122000017", kind="only_theirs", day=str(_yesterday()),
        store_id=desk.house.store, theirs_fen=5800, ours_state="", detail="", state="open", owner="finance", reason="", opened_at=_now(),
    )  # fmt: skip
    desk.sign_in("admin", to="/console/differences")
    page = desk.page
    row = page.get_by_role("row").filter(has_text="W20261122000017")
    row.locator("[data-test=take]").click()
    expect(row.locator("[data-test=take]")).to_have_count(0)
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-differences")
    row.locator("[data-test=resolve]").click()
    desk.sure("顾客转账到了个人账户，已退回")
    expect(row).to_have_count(0)
    page.goto(f"{desk.house.url}/staff/console/differences?state=resolved")
    expect(page.get_by_text("顾客转账到了个人账户，已退回")).to_be_visible()
    page.goto(f"{desk.house.url}/staff/console/bills?method=wallet")
    day = _yesterday()
    page.get_by_label("账单日").click()
    page.locator(".el-picker-panel:visible td.available:not(.today)", has_text=str(day.day)).first.click()
    page.click("[data-test=match]")
    expect(page.locator("[data-test=matched]")).to_contain_text("笔一致", timeout=20_000)
    expect(page.get_by_role("row").filter(has_text=str(day))).to_have_count(1)


def test_a_dead_letter_is_mended_and_replayed_or_discarded(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    for n in range(2):
        write(
            desk.house, "kernel_dead_letter",
            event_id=new_id(), topic="ordering.order_paid", key=f"order-{n}", body="{}", handler="member.earn",
            error="ValidationError: Object missing required field `order_id`", tries=10, event_at=_now(), at=_now(),
        )  # fmt: skip
    desk.sign_in("admin", to="/console/health")
    page = desk.page
    page.click("[data-test=letters]")
    page.locator("[data-test=look]").first.click()
    page.get_by_role("dialog").get_by_label("原因").fill("补上订单号")
    assert desk.axe() == []
    desk.picture("console-letter")
    page.click("[data-test=replay]")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()  # the body is still none of its event
    page.keyboard.press("Escape")
    page.locator("[data-test=discard]").first.click()
    desk.sure("测试事件")
    expect(page.locator("[data-test=discard]")).to_have_count(1)


def _now() -> str:
    return clock.now().isoformat(timespec="microseconds")


def _yesterday() -> date:
    return (clock.now() + timedelta(hours=8)).date() - timedelta(days=1)  # in China
