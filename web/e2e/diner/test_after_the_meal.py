"""What comes after a meal was paid, on the running product: refunds that are asked for and answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from diner_kit import House, Phone, severe
from meals import a_meal, a_member, bring
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.timeout(600)


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
