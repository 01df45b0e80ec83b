"""Walks through what the head office sets: a store with its days, fees and tables, the program, and how people sign in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

Open = Callable[..., Any]
DETAILS = (
    "name", "name_en", "city", "address", "address_en", "phone", "licence", "latitude_e6", "longitude_e6", "zone", "day_start_minute",
    "tables_pay", "hours", "fees",
)  # fmt: skip


def a_store(house: Any, code: str = "HW-03") -> dict[str, Any]:
    """Return a store as it is now."""
    return next(each for each in house.http.get("/v1/stores").json() if each["code"] == code)


def test_hours_and_fees_are_saved_and_brought_together_with_those_of_another_editor(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    store = a_store(desk.house)
    desk.sign_in("admin", to=f"/console/stores/{store['id']}")
    page = desk.page
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-store")
    page.get_by_label("服务费").fill("6")
    page.get_by_label("星期一 结束").fill("23:30")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="加一条低消").click()
    page.get_by_label("每桌最低").fill("88")
    page.keyboard.press("Tab")
    page.get_by_label("外送起送价").fill("35")
    desk.picture("console-store-fees")
    theirs = {name: store[name] for name in DETAILS} | {"phone": "021-6000 0000"}
    saved = desk.house.http.put(f"/v1/stores/{store['id']}", json=theirs, headers=desk.house.staff("admin"))
    assert saved.status_code == 200, saved.text
    page.click("[data-test=save]")
    expect(page.get_by_text("别人刚刚先保存了")).to_be_visible()
    page.click("[data-test=merge]")
    expect(page.locator("[data-test=merged]")).to_contain_text("已合并")
    expect(page.get_by_label("电话")).to_have_value("021-6000 0000")
    page.click("[data-test=save]")
    expect(page.get_by_text("已保存").first).to_be_visible()
    page.reload()
    expect(page.get_by_label("服务费")).to_have_value("6")
    expect(page.get_by_label("每桌最低")).to_have_value("88")
    now = a_store(desk.house)
    assert (now["fees"]["service_bp"], now["phone"]) == (600, "021-6000 0000")
    assert (now["fees"]["delivers"], now["fees"]["delivery_minimum_fen"]) == (store["fees"]["delivers"], 3500)
    assert next(each for each in now["hours"] if each["weekday"] == 0)["closes"] == 23 * 60 + 30


def test_a_special_day_is_set_and_taken_back(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    store = a_store(desk.house)
    desk.sign_in("admin", to=f"/console/stores/{store['id']}")
    page = desk.page
    page.click("[data-test=special-day]")
    page.get_by_label("日期", exact=True).fill("2027-02-06")
    page.get_by_label("说明").fill("除夕")
    assert desk.axe() == []
    page.click("[data-test=day-save]")
    day = page.get_by_role("listitem").filter(has_text="2027-02-06")
    expect(day).to_contain_text("休息 · 除夕")
    day.get_by_role("button", name="取消").click()
    page.click("[data-test=sure]")
    expect(day).to_have_count(0)


def test_tables_are_added_renamed_and_their_codes_printed(open_desk: Open) -> None:
    desk = open_desk(1440, 900)
    store = a_store(desk.house)
    desk.sign_in("admin", to=f"/console/stores/{store['id']}/tables")
    page = desk.page
    page.get_by_role("button", name="区域", exact=True).click()
    area = f"露台{secrets.token_hex(2)}"
    page.get_by_label("新区域的名字").fill(area)
    page.get_by_role("button", name="添加", exact=True).click()
    expect(page.get_by_label("新区域的名字")).to_have_value("")
    page.keyboard.press("Escape")
    page.click("[data-test=add-tables]")
    page.get_by_label("桌号，一个或一批").fill("T1..T3")
    page.get_by_role("dialog").get_by_label("区域").select_option(label=area)
    page.get_by_label("座位").fill("6")
    assert desk.axe() == []
    page.click("[data-test=table-save]")
    row = page.get_by_role("row").filter(has_text="T2")
    expect(row).to_contain_text(area)
    row.get_by_role("button", name="修改").click()
    page.get_by_label("桌号", exact=True).last.fill("T2窗")
    page.click("[data-test=table-save]")
    expect(page.get_by_role("row").filter(has_text="T2窗")).to_have_count(1)
    desk.settle()
    assert desk.axe() == []
    desk.picture("console-tables")
    page.get_by_label("搜索").fill("T2窗")
    expect(page.get_by_role("row")).to_have_count(2)
    page.click("[data-test=codes]")
    code = page.get_by_role("dialog").locator("img")
    expect(code).to_have_count(1)
    assert re.fullmatch(r"T2窗 [0-9A-Z]{16}", code.get_attribute("alt") or "")
    assert desk.axe() == []
    desk.picture("console-codes")


@pytest.mark.parametrize("tab", ["program", "points", "levels"])
def test_settings_are_saved_and_never_over_those_of_another_editor(open_desk: Open, tab: str) -> None:
    desk = open_desk(1440, 900)
    house, by = desk.house, desk.house.staff("admin")
    desk.sign_in("admin", to=f"/console/settings?tab={tab}")
    page = desk.page
    field, value = {
        "program": ("积分有效期", "400"), "points": ("到期前几天通知会员", "45、10、2"), "levels": ("等级有效期", "13"),
    }[tab]  # fmt: skip
    page.get_by_label(field).fill(value)
    page.keyboard.press("Tab")
    program = house.http.get("/v1/program", headers=by).json()
    plan = house.http.get("/v1/level-plan", headers=by).json()
    if tab == "levels":
        other = plan["terms"] | {"levels": plan["levels"], "version": plan["version"], "reason": "他人修改"}
        other["grace_days"] = plan["terms"]["grace_days"] + 1
        assert house.http.put("/v1/level-plan", json=other, headers=by).status_code == 200
    else:
        other = program | {"hold_minutes": program["hold_minutes"] + 1, "reason": "他人修改"}
        assert house.http.put("/v1/program", json=other, headers=by).status_code == 200
    for turn in range(2):
        page.click("[data-test=save]")
        page.get_by_label("原因").fill("周年调整")
        page.click("[data-test=sure]")
        if turn == 0:
            expect(page.get_by_text("别人刚刚先保存了")).to_be_visible()
            assert desk.axe() == []
            page.click("[data-test=merge]")
            expect(page.locator("[data-test=merged]")).to_be_visible()
    expect(page.get_by_text("已保存，立即生效")).to_be_visible()
    page.reload()
    expect(page.get_by_label(field)).to_have_value(value)


def test_a_pin_is_set_by_oneself_and_another_is_given_by_the_head_office(open_desk: Open) -> None:
    desk = open_desk(1280, 800)
    desk.sign_in("marketer", to="/console/me")
    page = desk.page
    page.click("[data-test=own-pin]")
    page.get_by_label("现在的密码").fill("not my password")
    page.get_by_label("新 PIN").fill("736194")
    page.click("[data-test=own-save]")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    page.get_by_label("现在的密码").fill("Good taste 2026")
    assert desk.axe() == []
    page.click("[data-test=own-save]")
    expect(page.get_by_text("PIN 已设置")).to_be_visible()
    head = open_desk(1440, 900)
    head.sign_in("admin", to="/console/staff?q=marketer")
    row = head.page.get_by_role("row").filter(has_text="marketer")
    row.get_by_role("button", name="重置").click()
    head.page.get_by_label("新 PIN").fill("482917")
    assert head.axe() == []
    head.page.click("[data-test=reset-do]")
    expect(head.page.get_by_text("登录方式")).to_be_visible()
