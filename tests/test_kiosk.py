"""A kiosk: paired, with nobody signed in at it, it takes the orders of who stands before it, and knows no others."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from goodtaste.kernel.ids import new_id
from tests import org_kit
from tests.org_kit import Headers
from tests.shop_kit import Floor, Member, Store, line


async def a_kiosk(floor: Floor, store: Store | None = None, kind: str = "kiosk") -> Headers:
    """Pair a device, and return its headers."""
    store_id = (store or floor.store).id
    device = await org_kit.a_terminal(floor, store_id, kind=kind)
    return floor.token("terminal", device.id, store_id=store_id)


async def asked_at(floor: Floor, kiosk: Headers, *lines: Any, **more: Any) -> dict[str, Any]:
    """Return what a kiosk sends to place an order."""
    return await floor.cart(
        list(lines) or [line("dumplings")], by=kiosk, **{"channel": "kiosk", "kind": "kiosk"} | more
    )


async def ordered_at(floor: Floor, kiosk: Headers, *lines: Any, **more: Any) -> Any:
    """Place an order at a kiosk."""
    return await floor.done("POST", "/v1/orders", await asked_at(floor, kiosk, *lines, **more), kiosk)


async def shown_at(floor: Floor, kiosk: Headers, member: Member) -> str:
    """Let a member show their code at a kiosk."""
    code = (await floor.done("GET", "/v1/me/code", None, floor.by(member)))["qr"]
    asked = {"code": code, "store_id": floor.store.id}
    return str((await floor.done("POST", "/v1/member-codes/scan", asked, kiosk))["visit_id"])


async def test_an_order_at_a_kiosk_is_paid_with_a_shown_code_and_gets_its_number(floor: Floor) -> None:
    kiosk = await a_kiosk(floor)
    order = await ordered_at(floor, kiosk, line("feast"))
    assert (order["kind"], order["channel"], order["pay_state"]) == ("kiosk", "kiosk", "unpaid")
    path = f"/v1/orders/{order['id']}"
    paid = await floor.done("POST", f"{path}/payments", floor.paying(order), kiosk)
    assert paid["order"]["pay_state"] == "paid"
    await floor.hear()
    assert (await floor.done("GET", path, None, kiosk))["pay_state"] == "paid"
    assert (await floor.done("GET", f"{path}/progress", None, kiosk))["pickup_no"] == 1
    await floor.books_hold()


async def test_who_has_no_wallet_pays_at_the_counter_and_then_it_is_made(floor: Floor) -> None:
    kiosk = await a_kiosk(floor)
    order = await ordered_at(floor, kiosk)
    await floor.hear()
    path = f"/v1/orders/{order['id']}/progress"
    assert (await floor.done("GET", path, None, kiosk))["dishes"] == []
    await floor.pay_cash(order)
    await floor.hear()
    assert len((await floor.done("GET", path, None, kiosk))["dishes"]) == 1


async def test_what_is_packed_to_go_costs_its_packaging(floor: Floor) -> None:
    kiosk = await a_kiosk(floor)
    shown = await floor.done("GET", f"/v1/stores/{floor.store.id}", None, floor.at("hq_admin"))
    names = ("name", "city", "address", "hours")
    body = {name: shown[name] for name in names} | {"fees": {"packaging_fen": 150}}
    await floor.done("PUT", f"/v1/stores/{floor.store.id}", body, floor.at("hq_admin"))
    try:
        here, packed = await ordered_at(floor, kiosk), await ordered_at(floor, kiosk, kind="pickup")
    finally:
        await floor.done("PUT", f"/v1/stores/{floor.store.id}", body | {"fees": {}}, floor.at("hq_admin"))
    assert packed["due_fen"] - here["due_fen"] == 150


async def test_a_member_shows_their_code_and_has_their_price_and_points(floor: Floor) -> None:
    kiosk, member = await a_kiosk(floor), await floor.a_member(points=500)
    visit = await shown_at(floor, kiosk, member)
    order = await ordered_at(floor, kiosk, line("noodles"), member=member, visit_id=visit, points=100)
    assert (order["member_id"], order["member_saving_fen"], order["points"]) == (member.id, 300, 100)
    seen = await floor.done("GET", "/v1/me/orders", None, floor.by(member))
    assert [each["id"] for each in seen["orders"]] == [order["id"]]


async def test_a_kiosk_orders_for_nobody_who_is_not_there(floor: Floor) -> None:
    kiosk, member = await a_kiosk(floor), await floor.a_member()
    asked = await asked_at(floor, kiosk, line("tea"))
    assert await floor.refuses("POST", "/v1/orders", asked | {"member_id": member.id}, kiosk) == "member.not_present"
    quote = {name: asked[name] for name in ("store_id", "channel", "lines")} | {"member_id": member.id}
    assert await floor.refuses("POST", "/v1/quotes", quote, kiosk) == "member.not_present"
    elsewhere = await floor.a_visit(member, floor.elsewhere)
    there = asked | {"member_id": member.id, "visit_id": elsewhere}
    assert await floor.refuses("POST", "/v1/orders", there, kiosk) == "member.not_present"


async def test_a_kiosk_takes_no_cash_seats_nobody_and_sells_for_no_other_store(floor: Floor) -> None:
    kiosk = await a_kiosk(floor)
    asked = await asked_at(floor, kiosk)
    money = {"cash": {"payment_id": new_id(), "tendered_fen": asked["seen_due_fen"]}}
    table = {"kind": "dine_in", "table_id": floor.store.tables[0]}
    for wrong in (money, table, {"channel": "counter"}, {"kind": "delivery"}, {"store_id": floor.elsewhere.id}):
        assert await floor.refuses("POST", "/v1/orders", asked | wrong, kiosk) == "auth.not_allowed", wrong
    code = {"code": "8812345678901234", "store_id": floor.elsewhere.id}
    assert await floor.refuses("POST", "/v1/member-codes/scan", code, kiosk) == "auth.not_allowed"


async def test_a_kiosk_knows_its_own_orders_and_no_other_device_knows_them(floor: Floor) -> None:
    kiosk, beside, kitchen = await a_kiosk(floor), await a_kiosk(floor), await a_kiosk(floor, kind="kitchen")
    order = await ordered_at(floor, kiosk)
    at_till = await floor.order()
    for path, caller, code in (
        (order["id"], beside, "ordering.unknown"),
        (at_till["id"], kiosk, "ordering.unknown"),
        (order["id"], kitchen, "auth.not_allowed"),
    ):
        assert await floor.refuses("GET", f"/v1/orders/{path}", None, caller) == code
        assert await floor.refuses("POST", f"/v1/orders/{path}/payments", floor.paying(order), caller) == code
        assert await floor.refuses("POST", f"/v1/orders/{path}/cancel", {"reason": "不要"}, caller) == code


async def test_who_walks_away_leaves_no_order_behind(floor: Floor) -> None:
    kiosk, member = await a_kiosk(floor), await floor.a_member()
    coupon = await floor.a_coupon(member)
    visit = await shown_at(floor, kiosk, member)
    order = await ordered_at(floor, kiosk, line("noodles"), member=member, visit_id=visit, coupon_ids=[coupon])
    assert await floor.coupons(member) == []
    gone = await floor.done("POST", f"/v1/orders/{order['id']}/cancel", {"reason": "kiosk"}, kiosk)
    assert (gone["state"], await floor.coupons(member)) == ("cancelled", [coupon])


async def test_a_kiosk_sells_nothing_while_its_store_is_closed(floor: Floor) -> None:
    kiosk = await a_kiosk(floor)
    asked = await asked_at(floor, kiosk)
    today = floor.now.astimezone(ZoneInfo("Asia/Shanghai")).date()
    path = f"/v1/stores/{floor.store.id}/special-days/{today}"
    await floor.done("PUT", path, {"spans": []}, floor.at("store_manager"))
    try:
        assert await floor.refuses("POST", "/v1/orders", asked, kiosk) == "org.store_closed"
    finally:
        await floor.done("DELETE", path, None, floor.at("store_manager"))


async def test_a_kiosk_that_is_revoked_sells_nothing_more(floor: Floor) -> None:
    device = await org_kit.a_terminal(floor, floor.store.id, kind="kiosk")
    kiosk = floor.token("terminal", device.id, store_id=floor.store.id)
    asked = await asked_at(floor, kiosk)
    revoke = f"/v1/terminals/{device.id}/revoke"
    await floor.done("POST", revoke, {"reason": "丢了"}, floor.at("store_manager"))
    assert await floor.refuses("POST", "/v1/orders", asked, kiosk) == "auth.not_signed_in"
