"""Walks through what a marketer does in the console: offers, what a price is made of, coupons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

Open = Callable[..., Any]
PAGES = ("offers", "offers/new", "explain", "coupons", "coupons/new", "campaigns", "codes")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_a_phone(open_desk: Open, theme: str) -> None:
    desk = open_desk(1440, 900, color_scheme=theme, locale="en-GB" if theme == "dark" else "zh-CN")
    desk.sign_in("admin", to="/console")
    desk.looks_well(PAGES)


def test_an_offer_is_written_tried_published_and_stopped(open_desk: Open) -> None:
    desk = open_desk(1440, 1100)
    house = desk.house
    house.sell()
    desk.sign_in("admin", to="/console/offers")
    page = desk.page
    expect(page.get_by_role("heading", name="优惠活动", level=1)).to_be_visible()
    desk.settle()
    desk.picture("console-offers")
    page.click("[data-test=new]")
    page.get_by_label("名称", exact=True).fill("午市满 20 减 30")
    page.get_by_label("满", exact=True).fill("20")
    page.get_by_label("减", exact=True).fill("30")
    page.get_by_role("button", name="周一", exact=True).click()
    page.get_by_role("button", name="周一", exact=True).click()  # and not after all
    page.click("[data-test=save]")
    fault = page.locator(".said[role=alert]").first
    expect(fault).to_be_visible()  # what the house says of it, at the field
    page.get_by_label("名称", exact=True).fill("满 20 减 3")
    page.get_by_label("减", exact=True).fill("3")
    page.click("[data-test=save]")
    expect(page.get_by_role("heading", name="满 20 减 3", level=1)).to_be_visible()
    page.click("[data-test=dry-run]")
    expect(page.locator("[data-test=dry-found]")).to_be_visible(timeout=30_000)
    assert "影响订单" in page.inner_text("[data-test=dry-found]")
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-offer")
    page.click("[data-test=publish]")
    page.click("[data-test=sure]")
    expect(page.get_by_text("第 1 版已生效")).to_be_visible()
    expect(page.locator(".page-head .tag").first).to_have_text("进行中")
    page.click("[data-test=stop]")
    desk.sure("活动提前结束")
    expect(page.locator(".page-head .tag").first).to_have_text("已停用")
    page.get_by_role("link", name="优惠活动").first.click()
    page.get_by_label("搜索").fill("满 20 减 3")
    expect(page.get_by_role("link", name="满 20 减 3")).to_have_count(1)


def test_all_offers_are_halted_with_a_reason_and_let_on_again(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to="/console/offers")
    page = desk.page
    page.click("[data-test=halt]")
    expect(page.locator("[data-test=sure]")).to_be_disabled()  # it asks why
    desk.sure("价格设置有误")
    expect(page.get_by_text("全部活动已暂停：价格设置有误")).to_be_visible()
    page.click("[data-test=let-on]")
    desk.sure("已改正")
    expect(page.locator("[data-test=halt]")).to_be_visible()


def test_a_price_is_explained_for_a_member_and_from_an_order(open_desk: Open) -> None:
    desk = open_desk(1440, 1100)
    order_id = desk.house.sell()
    desk.house.member()
    desk.sign_in("marketer", to="/console/explain")
    page = desk.page
    page.get_by_label("会员手机号").fill("13900000001")
    page.get_by_role("button", name="查找", exact=True).click()
    page.get_by_role("button", name="林小满").click()
    expect(page.get_by_text("会员：林小满")).to_be_visible()
    page.get_by_placeholder("菜名、拼音或首字母").fill("fan")
    page.locator(".dishes button").first.click()
    if page.get_by_role("dialog").count():
        page.get_by_role("dialog").locator("footer button").last.click()
    expect(page.locator("[data-test=price] .total")).to_be_visible()
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-explain")
    desk = open_desk(1440, 900)
    desk.sign_in("admin", to=f"/console/explain?order={order_id}")
    expect(desk.page.locator("[data-test=frozen] .total")).to_be_visible()
    expect(desk.page.locator("[data-test=lines] li")).to_have_count(2)


def test_a_coupon_is_made_given_by_hand_and_revoked(open_desk: Open) -> None:
    desk = open_desk(1440, 1000)
    desk.house.member()
    desk.sign_in("admin", to="/console/coupons/new")
    page = desk.page
    page.get_by_label("名称", exact=True).fill("周年庆满 30 减 40")
    page.get_by_label("减多少").fill("40")
    page.click("[data-test=save]")
    expect(page.locator(".said[role=alert]").first).to_be_visible()  # 40 off 30
    page.get_by_label("名称", exact=True).fill("周年庆满 30 减 4")
    page.get_by_label("减多少").fill("4")
    page.get_by_label("最多发几张").fill("500")
    page.get_by_label("每人最多", exact=True).fill("3")
    page.click("[data-test=save]")
    expect(page.get_by_role("heading", name="周年庆满 30 减 4", level=1)).to_be_visible()

    page.goto(f"{desk.house.url}/staff/console/members?q=13900000001")
    page.get_by_role("link", name="林小满").click()
    page.click("[data-test=coupons]")
    page.click("[data-test=give]")
    page.get_by_label("发哪种券").select_option(label="周年庆满 30 减 4 · 减 ¥4.00，满 ¥30.00")
    page.get_by_role("dialog").get_by_label("原因").fill("等餐太久")
    page.click("[data-test=give-do]")
    row = page.get_by_role("row").filter(has_text="周年庆")
    expect(row).to_have_count(1)
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-member-coupons")
    row.locator("[data-test=revoke]").click()
    desk.sure("发错了")
    expect(row.get_by_text("已作废")).to_be_visible()
    page.goto(f"{desk.house.url}/staff/console/coupons?q=周年庆")
    page.get_by_role("link", name="周年庆满 30 减 4").click()
    expect(page.locator("[data-test=numbers]")).to_contain_text("已作废")
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-coupon")


def test_coupons_go_to_a_crowd_and_as_codes(open_desk: Open) -> None:
    desk = open_desk(1440, 1000)
    desk.sign_in("admin", to="/console/campaigns")
    page = desk.page
    page.click("[data-test=new]")
    page.get_by_label("任务名称").fill("周年庆全员")
    page.get_by_label("发哪种券").select_option(index=0)
    assert desk.axe() == []
    page.click("[data-test=make]")
    row = page.get_by_role("row").filter(has_text="周年庆全员")
    row.locator("[data-test=go-running]").click()
    desk.sure("周年庆")
    expect(row.get_by_text("已完成")).to_be_visible(timeout=20_000)
    assert "已发 0 人" not in row.inner_text()

    page.goto(f"{desk.house.url}/staff/console/codes")
    page.click("[data-test=new]")
    page.get_by_label("用途").fill("商场传单")
    page.get_by_label("发哪种券").select_option(index=0)
    page.get_by_label("数量").fill("50")
    page.click("[data-test=make]")
    row = page.get_by_role("row").filter(has_text="商场传单")
    expect(row.get_by_text("可下载")).to_be_visible(timeout=20_000)
    row.locator("[data-test=download]").click()
    with page.expect_download() as found:
        page.click("[data-test=sure]")
    assert len(found.value.path().read_text().split()) == 51
    row.locator("[data-test=void]").click()
    desk.sure("传单取消")
    expect(row.get_by_text("已作废")).to_be_visible()
