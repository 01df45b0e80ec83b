"""The store answers what diners ask for, at its orders screen, on the running product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from goodtaste.kernel.ids import new_id

pytestmark = pytest.mark.timeout(600)


def _asked(house: Any, number: str) -> dict[str, Any]:
    """Have a member who paid at the counter, and asks for a piece back."""
    who, cashier = house.member(number), house.staff("cashier05")
    store = {"store_id": house.store}
    menu = house.http.get(f"/v1/stores/{house.store}/menu").json()
    sku = next(
        dish["skus"][0]["id"] for each in menu["categories"] for dish in each["dishes"] if dish["name"] == "红烧肉"
    )
    scanned = {"code": house.member_code(who), **store}
    visit = house.http.post("/v1/member-codes/scan", headers=cashier, json=scanned).json()
    cart = {"channel": "counter", "lines": [{"sku_id": sku, "qty": 2}], "visit_id": visit["visit_id"], **store}
    cart |= {"member_id": visit["member_id"]}
    quote = house.http.post("/v1/quotes", headers=cashier, json=cart | {"no_coupon": True}).raise_for_status().json()
    due = quote["priced"]["due_fen"]
    cash = {"payment_id": new_id(), "tendered_fen": due}
    placed = cart | {"id": new_id(), "kind": "counter", "seen_due_fen": due, "cash": cash}
    order = house.http.post("/v1/orders", headers=cashier, json=placed).raise_for_status().json()
    path, pieces = f"/v1/orders/{order['id']}", {"pieces": [{"line_no": 1, "qty": 1}]}
    shown = house.http.post(f"{path}/refunds/preview", headers=who, json=pieces).raise_for_status().json()
    asked = {"id": new_id(), "why": "quality", "remark": "有一份是凉的", "seen_amount_fen": shown["amount_fen"]}
    made = house.http.post(f"{path}/refund-requests", headers=who, json=asked | pieces).raise_for_status().json()
    return dict(made)


def test_what_a_diner_asks_for_is_seen_and_refunded(house: Any, open_desk: Callable[..., Any]) -> None:
    asked = _asked(house, "13712340111")
    desk = open_desk()
    desk.sign_in("manager05", to="/orders")
    desk.page.locator("[data-test=asks-look]").click()
    desk.page.locator(f"[data-ask='{asked['id']}']").click()
    expect(desk.page.locator("[data-test=asked]")).to_contain_text("有一份是凉的")
    assert desk.axe() == []
    desk.picture("orders-refund-asked")
    desk.page.locator("[data-test=ask-approve]").click()
    desk.page.wait_for_selector("[data-test=preview]")
    desk.page.locator("[data-test=refund-do]").click()
    expect(desk.page.locator("[data-test=asked]")).to_contain_text("已同意")
    expect(desk.page.locator("[data-test=order-refunded]")).to_be_visible()


def test_what_is_declined_says_why(house: Any, open_desk: Callable[..., Any]) -> None:
    asked = _asked(house, "13712340112")
    desk = open_desk()
    desk.sign_in("manager05", to="/orders")
    desk.page.locator(f"[data-order='{asked['order_id']}']").click()
    desk.page.locator("[data-test=ask-decline]").click()
    desk.page.get_by_label("原因").fill("已当面换过")
    desk.page.locator("[data-test=ask-decline-do]").click()
    expect(desk.page.locator("[data-test=asked]")).to_contain_text("已当面换过")
