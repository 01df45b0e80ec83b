"""What comes after a meal, on the running product: refunds, calls, shares of a bill, feedback, addresses, privacy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from diner_kit import House, Phone, severe
from meals import a_meal, a_member, bring
from playwright.sync_api import Browser, expect

from goodtaste.kernel.ids import new_id

pytestmark = pytest.mark.timeout(600)


LEAVER = "13712340104"


@pytest.fixture(scope="module", autouse=True)
def leaver(house: House) -> tuple[dict[str, Any], float]:
    """Sign in, before all else, who will ask for a second code."""
    return a_member(house, LEAVER), time.monotonic()


@pytest.fixture
def phone(browser: Browser, house: House) -> Iterator[Phone]:
    opened = Phone(browser, house)
    yield opened
    opened.close()


def test_a_diner_asks_for_a_refund_and_the_store_answers(phone: Phone, house: House, pictures: Path | None) -> None:
    who = a_member(house, "13712340101")
    order = a_meal(house, who, "红烧肉", "红烧肉", "糖醋排骨")
    bring(phone, who)
    phone.open(f"pay/order/index?id={order['id']}", ".facts")
    phone.tap("button", "申请退款")
    phone.sees("退哪些")
    phone.tap("button", "增加 红烧肉")
    phone.tap("radio", "菜品问题")
    phone.page.get_by_label("补充说明").locator("textarea").fill("有一份是凉的")
    phone.sees("共退")
    assert severe(phone.page) == []
    phone.picture(pictures, "diner-refund")
    phone.tap("button", "提交申请")
    phone.sees("等门店答复")
    manager = house.by("manager05")
    [asked] = house.http.get(f"/v1/orders/{order['id']}/refund-requests", headers=manager).json()
    assert (asked["remark"], asked["pieces"]) == ("有一份是凉的", [{"line_no": 1, "qty": 1}])
    phone.picture(pictures, "diner-refund-asked")
    declined = house.http.post(
        f"/v1/refund-requests/{asked['id']}/decline", headers=manager, json={"reason": "已换热的"}
    )
    declined.raise_for_status()
    phone.sees("门店：已换热的")
    phone.tap("button", "申请退款")
    phone.tap("checkbox", "全部")
    phone.tap("radio", "其他")
    phone.tap("button", "提交申请")
    phone.sees("等门店答复")
    phone.tap("button", "撤回")
    phone.page.get_by_role("dialog").or_(phone.page.get_by_role("alertdialog")).get_by_text("撤回", exact=True).tap()
    expect(phone.page.get_by_text("已撤回").first).to_be_visible()


def test_a_table_calls_and_shares_its_bill(browser: Browser, house: House, pictures: Path | None) -> None:
    one, two = Phone(browser, house), Phone(browser, house)
    for each, dish in ((one, "红烧肉"), (two, "糖醋排骨")):
        each.open(f"pay/table/index?code={house.table('A8')['code']}")
        each.tap("button", "开始点餐")
        each.page.wait_for_selector(".group")
        each.tap("button", f"增加 {dish}")
    one.sees("一起下单")
    expect(one.page.locator(".dock .badge")).to_contain_text("2")
    one.tap("button", "购物车")
    one.tap("button", "一起下单 ¥")
    one.sees("A8 桌账单")
    one.tap("button", "加水")
    one.sees("点此取消")
    manager = house.by("manager05")
    calls = f"/v1/stores/{house.store['id']}/calls"
    [water] = house.http.get(calls, headers=manager).json()
    assert (water["kind"], water["tables"]) == ("water", ["A8"])
    assert severe(one.page) == []
    one.picture(pictures, "diner-calls")
    house.http.post(f"/v1/calls/{water['id']}/answer", headers=manager).raise_for_status()
    expect(one.page.get_by_text("点此取消")).to_have_count(0)
    two.open("pay/bill/index")
    two.tap("button", "分摊账单")
    two.tap("radio", "按人分")
    expect(two.page.locator(".shares .share")).to_have_count(3)
    two.tap("radio", "平均分")
    two.sees("第 2 份")
    assert severe(two.page) == []
    two.picture(pictures, "diner-split")
    two.tap("button", "请店员来分开收")
    two.sees("已经告诉店员")
    [bill] = house.http.get(calls, headers=manager).json()
    assert bill["kind"] == "bill"
    assert bill["note"].startswith("分摊 第 1 份 ¥")
    one.close()
    two.close()


def test_a_meal_is_rated_once_and_the_store_reads_it(phone: Phone, house: House, pictures: Path | None) -> None:
    who = a_member(house, "13712340102")
    order = a_meal(house, who, "红烧肉")
    house.advance(order["id"], "accepted", "ready", "picked_up")
    bring(phone, who)
    phone.open(f"pay/order/index?id={order['id']}", ".facts")
    phone.tap("button", "评价")
    phone.tap("radio", "4 星")
    phone.tap("checkbox", "好吃")
    phone.page.get_by_label("想说的话").locator("textarea").fill("下次还来")
    assert severe(phone.page) == []
    phone.picture(pictures, "diner-feedback")
    phone.tap("button", "提交评价")
    phone.sees("谢谢您的评价")
    path = f"/v1/stores/{house.store['id']}/feedback"
    [said] = house.http.get(path, headers=house.by("manager05")).json()["feedback"]
    assert (said["stars"], said["tags"], said["text"]) == (4, ["tasty"], "下次还来")


def test_an_address_is_kept_taken_out_and_put_back(phone: Phone, house: House, pictures: Path | None) -> None:
    bring(phone, a_member(house, "13712340103"))
    phone.open("member/addresses/index")
    phone.tap("button", "新增地址")
    for label, said in (
        ("收货人", "王小明"),
        ("手机号", "138"),
        ("地区和街道", "上海市徐汇区漕溪北路"),
        ("门牌号", "18 号 1203 室"),
    ):
        phone.page.get_by_label(label).locator("input").fill(said)
    phone.tap("button", "保存")
    phone.sees("请输入 11 位手机号")
    assert severe(phone.page) == []
    phone.page.get_by_label("手机号").locator("input").fill("13800138000")
    phone.tap("button", "保存")
    phone.sees("18 号 1203 室")
    assert severe(phone.page) == []
    phone.picture(pictures, "diner-addresses")
    phone.tap("button", "18 号 1203 室")
    phone.tap("button", "删除")
    phone.sees("还没有地址")
    phone.tap("button", "撤销")
    phone.sees("18 号 1203 室")


def test_a_member_asks_to_be_erased_and_changes_their_mind(
    leaver: tuple[dict[str, Any], float], phone: Phone, house: House, pictures: Path | None
) -> None:
    who, signed_at = leaver
    bring(phone, who)
    phone.open("member/privacy/index")
    phone.tap("button", "导出", exact=True)
    phone.sees("链接 10 分钟内有效")
    phone.tap("button", "关闭")
    phone.tap("button", "注销", exact=True)
    phone.sees("依法保留")
    assert severe(phone.page) == []
    phone.picture(pictures, "diner-erase")
    phone.page.wait_for_timeout(max(0.0, signed_at + 61 - time.monotonic()) * 1000)  # a number gets one code a minute
    phone.tap("button", "获取验证码")
    phone.sees("验证码已发到")
    phone.page.get_by_label("验证码").locator("input").fill(house.code_for(LEAVER))
    phone.tap("button", "确认注销")
    phone.sees("账户将被注销")
    phone.picture(pictures, "diner-privacy")
    phone.tap("button", "撤回注销")
    phone.sees("已撤回")


def test_two_phones_pay_the_bill_of_their_table_together(browser: Browser, house: House, pictures: Path | None) -> None:
    one, two = Phone(browser, house), Phone(browser, house)
    for each in (one, two):
        each.open(f"pay/table/index?code={house.table('A9')['code']}")
        each.tap("button", "开始点餐")
        each.page.wait_for_selector(".group")
    one.tap("button", "增加 红烧肉")
    two.tap("button", "增加 糖醋排骨")
    expect(one.page.locator(".dock .badge")).to_contain_text("2")
    one.tap("button", "购物车")
    one.tap("button", "一起下单 ¥")
    one.sees("A9 桌账单")
    two.open("pay/bill/index")
    two.tap("button", "分摊账单")
    two.tap("radio", "按人分")
    two.page.get_by_role("button", name="付这份").nth(1).tap()
    two.sees("先付这些")
    assert severe(two.page) == []
    two.picture(pictures, "diner-table-pay")
    _pays(two)
    one.sees("还没付")
    left = one.page.get_by_role("button", name="付款 ¥")
    expect(left).to_be_visible()
    assert severe(one.page) == []
    one.picture(pictures, "diner-table-left")
    left.tap()
    _pays(one)
    one.sees("谢谢")
    two.sees("谢谢")
    one.close()
    two.close()


def _pays(phone: Phone) -> None:
    """Pay with the sandbox wallet what the sheet shows, as a diner who pays at once."""
    with phone.context.expect_page() as opened:
        phone.tap("button", "沙箱钱包 ¥")
    wallet = opened.value
    wallet.get_by_role("button").first.click()
    wallet.get_by_text("SUCCESS").wait_for()
    wallet.close()


def test_an_order_is_brought_to_an_address_for_what_the_store_asks(
    phone: Phone, house: House, pictures: Path | None
) -> None:
    bring(phone, a_member(house, "13712340931"))
    phone.choose_store()
    phone.tap("button", "增加 米饭")
    phone.tap("button", "去结算")
    phone.tap("radio", "外送")
    phone.sees("¥30.00 起送")
    phone.tap("button", "付款 ¥")
    phone.sees("请先选择送餐地址。")
    phone.tap("button", "添加送餐地址")
    phone.tap("button", "新增地址")
    for label, text in (
        ("收货人", "王小明"),
        ("手机号", "13800138000"),
        ("地区和街道", "上海市徐汇区漕溪北路"),
        ("门牌号", "18 号 1203"),
    ):
        phone.page.get_by_label(label, exact=True).locator("input").fill(text)
    phone.tap("button", "保存")
    phone.sees("18 号 1203")
    phone.page.go_back()
    phone.sees("王小明")
    phone.sees("起送差额")
    phone.sees("配送费")
    assert severe(phone.page) == []
    phone.tap("radio", "自取")
    expect(phone.page.locator(".line", has_text="配送费")).to_have_count(0)
    phone.tap("radio", "外送")
    phone.sees("配送费")
    phone.picture(pictures, "diner-delivery")
    phone.tap("button", "付款 ¥")
    phone.page.wait_for_url("**/pay/order/**")
    phone.sees("上海市徐汇区漕溪北路 18 号 1203")
    order_id = phone.page.locator(".facts .id").inner_text()
    brought = house.http.get(f"/v1/orders/{order_id}/address", headers=house.by("cashier05")).json()
    assert (brought["name"], brought["detail"]) == ("王小明", "18 号 1203")


def test_a_dish_is_kept_as_a_favourite_and_shows_what_it_was(phone: Phone, house: House, pictures: Path | None) -> None:
    bring(phone, a_member(house, "13712340932"))
    menu = house.http.get(f"/v1/stores/{house.store['id']}/menu").json()
    dish = next(each for category in menu["categories"] for each in category["dishes"] if each["name"] == "拍黄瓜")
    price = {"sku_id": dish["skus"][0]["id"], "amount_fen": 1_000}
    house.http.post(
        "/v1/menu/prices", json={"id": new_id(), "prices": [price]}, headers=house.by("admin")
    ).raise_for_status()
    was = dish["skus"][0]["list_fen"] // 100
    phone.choose_store()
    phone.page.locator(".dish .about", has_text="拍黄瓜").first.tap()
    phone.sees(f"原价 ¥{was}")
    phone.tap("button", "收藏")
    phone.sees("已收藏")
    phone.page.get_by_role("button", name="取消收藏").wait_for()
    assert severe(phone.page) == []
    phone.page.get_by_text("已收藏", exact=True).wait_for(state="hidden")
    phone.picture(pictures, "diner-dish")
    phone.open("member/favourites/index")
    phone.sees("拍黄瓜")
    phone.tap("button", "增加 拍黄瓜")
    phone.sees("去结算")
    assert severe(phone.page) == []
    phone.picture(pictures, "diner-favourites")
    phone.page.locator(".dish .about").first.tap()
    phone.tap("button", "取消收藏")
    phone.sees("还没有收藏")
    phone.tap("button", "撤销")
    phone.sees("拍黄瓜")
