"""Paying an order by a wallet whose answer comes at once, later, late, twice or never; and the order that goes on meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests.shop_kit import Floor, line


async def fates(floor: Floor, order: Any) -> list[tuple[str, int]]:
    """Return state and refunded amount of each attempt to pay an order by wallet."""
    return [(state, back) for method, state, _, back in await floor.payments(order) if method == "wallet"]


async def an_open_bill(floor: Floor, *lines: Any) -> Any:
    """Have an order at a table that nobody has paid."""
    table = {"kind": "dine_in", "channel": "table_qr", "table_id": floor.store.tables[0]}
    return await floor.order(*lines or [line("dumplings")], member=await floor.a_member(), **table)


async def more(floor: Floor, order: Any, *lines: Any) -> Any:
    """Order more on a bill."""
    asked = {"id": new_id(), "lines": list(lines)}
    return await floor.done("POST", f"/v1/orders/{order['id']}/rounds", asked, floor.at("waiter"))


async def test_a_member_pays_by_wallet_and_earns(floor: Floor) -> None:
    member = await floor.a_member(points=200)
    order = await floor.order(line("banquet"), member=member, points=200)
    asked, path = floor.paying(order), f"/v1/orders/{order['id']}/payments"
    paid = await floor.done("POST", path, asked, floor.by(member))
    assert (paid["order"]["pay_state"], paid["payment"]["state"], paid["order"]["points_earned"]) == (
        "paid",
        "succeeded",
        99,
    )
    assert await floor.points(member) == (0, 99, 0)
    again = await floor.done("POST", path, asked, floor.by(member))
    assert again["order"] == paid["order"]
    assert (
        await floor.refuses("POST", path, asked | {"auth_code": "99" + "0" * 16}, floor.by(member))
        == "request.id_taken"
    )
    assert await floor.refuses("POST", path, floor.paying(order), floor.by(member)) == "payment.already_paid"
    assert await fates(floor, order) == [("succeeded", 0)]
    await floor.books_hold()


@pytest.mark.parametrize(
    ("diner", "seconds", "state"),
    [("01", 10, "paid"), ("03", 10, "paid"), ("04", 10, "paid"), ("06", 130, "paid"), ("07", 30, "paid"), ("02", 0, "unpaid"),
     ("14", 10, "unpaid"), ("15", 0, "unpaid"), ("17", 120, "unpaid")],
)  # fmt: skip
async def test_an_order_follows_the_fate_of_its_payment(floor: Floor, diner: str, seconds: int, state: str) -> None:
    member = await floor.a_member(points=300)
    coupon = await floor.a_coupon(member)
    order = await floor.order(line("noodles", 2), member=member, coupon_id=coupon, points=300)
    await floor.pay(order, diner)
    await floor.wait(seconds)
    after = await floor.seen(order["id"])
    assert after["pay_state"] == state
    assert await floor.coupon_state(coupon) == ("redeemed" if state == "paid" else "held", order["id"])
    if state == "unpaid":  # then another way
        assert (await floor.pay_cash(order))["pay_state"] == "paid"
    assert after["due_fen"] == 4_200
    assert await floor.points(member) == (0, 4, 0)
    await floor.books_hold()


async def test_while_a_wallet_is_asked_an_order_takes_no_other_money_and_is_not_cancelled(floor: Floor) -> None:
    order = await floor.order()
    await floor.pay(order, "17")
    assert (await floor.seen(order["id"]))["pay_state"] == "paying"
    path, by = f"/v1/orders/{order['id']}", floor.at("cashier")
    cash = {"id": new_id(), "tendered_fen": 2_000, "seen_due_fen": 1_899}
    assert await floor.refuses("POST", f"{path}/cash", cash, by) == "payment.under_way"
    assert await floor.refuses("POST", f"{path}/payments", floor.paying(order), by) == "payment.under_way"
    assert await floor.refuses("POST", f"{path}/cancel", {"reason": "不等了"}, by) == "ordering.being_paid"
    assert (
        await floor.refuses("POST", f"{path}/refunds/preview", {}, floor.at("store_manager"))
        == "ordering.not_refundable"
    )
    await floor.wait(120)
    assert (await floor.seen(order["id"]))["pay_state"] == "unpaid"
    await floor.wait(20 * 60)
    assert (await floor.seen(order["id"]))["state"] == "cancelled"
    await floor.books_hold()


async def test_an_order_does_not_run_out_while_a_wallet_is_asked(floor: Floor) -> None:
    order = await floor.order()
    await floor.wait(14 * 60 + 40)
    await floor.done("POST", f"/v1/orders/{order['id']}/payments", floor.paying(order, ""), floor.at("cashier"))
    await floor.wait(2 * 60)
    assert (await floor.seen(order["id"]))["state"] == "placed"
    await floor.wait(20 * 60)
    assert (await floor.seen(order["id"]))["state"] == "cancelled"
    await floor.books_hold()


@pytest.mark.parametrize("diner", ["05", "16"])
async def test_money_that_comes_late_for_a_cancelled_order_goes_back(floor: Floor, diner: str) -> None:
    order = await floor.order()
    await floor.pay(order, diner)
    await floor.wait(46)
    await floor.wait(20 * 60)
    await floor.wait(2 * 86_400)
    assert (await floor.seen(order["id"]))["state"] in ("cancelled", "placed")
    shown = await fates(floor, order)
    assert shown[0][0] == "succeeded"
    await floor.books_hold()


async def test_money_that_comes_late_for_an_order_paid_in_cash_goes_back(floor: Floor) -> None:
    order = await floor.order()
    await floor.pay(order, "16")
    await floor.wait(47)
    assert (await floor.seen(order["id"]))["pay_state"] == "unpaid"
    await floor.pay_cash(order)
    await floor.wait(2 * 86_400)
    assert await fates(floor, order) == [("succeeded", 1_899)]
    assert (await floor.seen(order["id"]))["refunded_fen"] == 0
    await floor.books_hold()


async def test_money_that_comes_late_pays_an_order_that_still_waits_for_it(floor: Floor) -> None:
    order = await an_open_bill(floor)
    await floor.pay(order, "16")
    await floor.wait(2 * 86_400)
    assert (await floor.seen(order["id"]))["pay_state"] == "paid"
    assert await fates(floor, order) == [("succeeded", 0)]
    await floor.books_hold()


async def test_late_money_for_a_bill_that_has_grown_does_not_pay_it(floor: Floor) -> None:
    order = await an_open_bill(floor)
    await floor.pay(order, "16")
    await floor.wait(47)
    grown = await more(floor, order, line("tea", 2))
    await floor.wait(2 * 86_400)
    after = await floor.seen(order["id"])
    assert (after["pay_state"], after["due_fen"]) == ("unpaid", grown["due_fen"])
    assert await fates(floor, order) == [("succeeded", 1_899)]
    await floor.pay_cash(grown)
    await floor.books_hold()


async def test_a_bill_that_is_being_paid_cannot_grow(floor: Floor) -> None:
    order = await an_open_bill(floor)
    await floor.pay(order, "01")
    path, by = f"/v1/orders/{order['id']}", floor.at("waiter")
    assert (
        await floor.refuses("POST", f"{path}/rounds", {"id": new_id(), "lines": [line("tea")]}, by)
        == "ordering.bill_not_open"
    )
    bill = {"version": order["version"], "seen_due_fen": order["due_fen"]}
    assert await floor.refuses("POST", f"{path}/bill", bill, by) == "ordering.bill_not_open"
    assert await floor.refuses("POST", f"{path}/open-again", None, by) == "ordering.bill_not_open"
    await floor.wait(10)
    assert (await floor.seen(order["id"]))["pay_state"] == "paid"
    assert (
        await floor.refuses("POST", f"{path}/rounds", {"id": new_id(), "lines": [line("tea")]}, by)
        == "ordering.bill_not_open"
    )


async def test_another_amount_than_is_due_is_not_asked_for(floor: Floor) -> None:
    order = await floor.order()
    asked = floor.paying(order) | {"amount_fen": 1}
    path, by = f"/v1/orders/{order['id']}/payments", floor.at("cashier")
    assert await floor.refuses("POST", path, asked, by) == "payment.amount_differs"
    assert await floor.refuses("POST", path, floor.paying(order, method="shells"), by) == "payment.method_unknown"
    assert await floor.payments(order) == []


async def test_a_dead_line_to_the_wallet_leaves_the_order_waiting_until_it_is_known(floor: Floor) -> None:
    order = await floor.order()
    floor.line.state = "down"
    asked, path = floor.paying(order), f"/v1/orders/{order['id']}/payments"
    try:
        shown = await floor.done("POST", path, asked, floor.at("cashier"))
    finally:
        floor.line.state = "up"
    assert (shown["order"]["pay_state"], shown["payment"]["state"]) == ("paying", "unknown")
    again = await floor.done("POST", path, asked, floor.at("cashier"))  # the same attempt, sent again: now it arrives
    assert (again["order"]["pay_state"], again["payment"]["id"]) == ("paid", asked["payment_id"])
    assert await fates(floor, order) == [("succeeded", 0)]
    await floor.books_hold()


async def test_a_refund_goes_back_to_the_wallet(floor: Floor) -> None:
    member = await floor.a_member()
    order = await floor.order(line("noodles", 3), member=member)
    await floor.pay(order, "12")  # the reply to the refund is lost
    refund = await floor.refund(order, {1: 1})
    assert refund["amount_fen"] == 2_500
    await floor.wait(60)
    assert await fates(floor, order) == [("succeeded", 2_500)]
    await floor.refund(order)
    await floor.wait(120)
    assert await fates(floor, order) == [("succeeded", 7_500)]
    assert (await floor.seen(order["id"]))["pay_state"] == "refunded"
    await floor.books_hold()


async def test_a_refund_that_the_wallet_refuses_is_seen_by_the_staff_and_its_money_stays_here(floor: Floor) -> None:
    order = await floor.order(line("noodles"))
    await floor.pay(order, "13")
    await floor.refund(order)
    [shown] = await floor.done("GET", f"/v1/orders/{order['id']}/payments", None, floor.at("store_manager"))
    assert [(each["state"], each["amount_fen"]) for each in shown["refunds"]] == [("failed", 2_800)]
    assert shown["refunded_fen"] == 0
    await floor.books_hold()
