"""Who takes an order further sees where it is brought to, on the running product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from goodtaste.kernel.ids import new_id

pytestmark = pytest.mark.timeout(600)
HOME = {"name": "王小明", "phone": "13800138000", "area": "上海市徐汇区漕溪北路", "detail": "18 号 1203"}


def _delivery(house: Any, number: str) -> str:
    """Have a member order dishes to their address, to be paid yet; return the order's id."""
    who, address = house.member(number), new_id()
    house.http.put(f"/v1/me/addresses/{address}", headers=who, json=HOME).raise_for_status()
    menu = house.http.get(f"/v1/stores/{house.store}/menu").json()
    sku = next(
        dish["skus"][0]["id"] for each in menu["categories"] for dish in each["dishes"] if dish["name"] == "红烧肉"
    )
    cart = {"store_id": house.store, "channel": "web", "kind": "delivery", "lines": [{"sku_id": sku, "qty": 1}]}
    quote = house.http.post("/v1/quotes", headers=who, json=cart | {"no_coupon": True}).raise_for_status().json()
    me = house.http.get("/v1/me", headers=who).json()["id"]
    more = {"id": new_id(), "member_id": me, "address_id": address, "seen_due_fen": quote["priced"]["due_fen"]}
    return str(house.http.post("/v1/orders", headers=who, json=cart | more).raise_for_status().json()["id"])


def test_an_order_says_where_it_is_brought_to(house: Any, open_desk: Callable[..., Any]) -> None:
    order_id = _delivery(house, "13712340113")
    desk = open_desk()
    desk.sign_in("cashier05", to="/orders")
    desk.page.locator(f"[data-order='{order_id}']").click()
    brought = desk.page.locator("[data-test=brought-to]")
    expect(brought).to_contain_text("上海市徐汇区漕溪北路 18 号 1203")
    expect(brought).to_contain_text("王小明")
    assert desk.axe() == []
    desk.picture("orders-delivery")
