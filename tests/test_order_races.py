"""Many at the same moment: one coupon, one balance, one order, the last portions.  Exactly what there is is used; nobody sees a fault."""

from __future__ import annotations

import asyncio
from typing import Any

from goodtaste.kernel.ids import new_id
from tests.shop_kit import Floor, line, spread

MANY = 64


async def carts(floor: Floor, n: int, *lines: Any, **more: Any) -> list[dict[str, Any]]:
    """Return n carts alike, each an order of its own, paid in cash at the counter."""
    one = await floor.cart([*lines], by=floor.at("cashier"), cash=True, **more)
    return [one | {"id": new_id(), "cash": one["cash"] | {"payment_id": new_id()}} for _ in range(n)]


async def place(floor: Floor, asked: list[dict[str, Any]]) -> list[Any]:
    """Place orders at the same moment."""
    return await asyncio.gather(*[floor.do("POST", "/v1/orders", each, floor.at("cashier")) for each in asked])


async def test_one_coupon_is_redeemed_by_one_of_many(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member)
    visit = await floor.a_visit(member)
    said = spread(
        await place(floor, await carts(floor, MANY, line("noodles"), member=member, visit_id=visit, coupon_id=coupon))
    )
    assert said == {"done": 1, "promo.coupon_used": MANY - 1}
    await floor.books_hold()


async def test_one_coupon_is_held_or_redeemed_by_one_of_many(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member)
    visit = await floor.a_visit(member)
    asked = await carts(floor, 32, line("noodles"), member=member, visit_id=visit, coupon_id=coupon)
    for each in asked[::2]:
        del each["cash"]
    said = spread(await place(floor, asked))
    assert said == {"done": 1, "promo.coupon_used": 31}
    await floor.books_hold()


async def test_a_coupon_on_two_orders_of_different_kinds_at_once_is_on_one(floor: Floor) -> None:
    member = await floor.a_member(points=60)
    visit = await floor.a_visit(member)
    for more in ({}, {"points": 10}) * 4:
        coupon = await floor.a_coupon(member)
        paid, later = await carts(floor, 2, line("noodles"), member=member, visit_id=visit, coupon_id=coupon, **more)
        del later["cash"]
        assert spread(await place(floor, [paid, later])) == {"done": 1, "promo.coupon_used": 1}
    await floor.books_hold()


async def test_one_balance_is_spent_as_far_as_it_goes(floor: Floor) -> None:
    member = await floor.a_member(points=640)
    visit = await floor.a_visit(member)
    asked = await carts(floor, MANY, line("noodles", 4), member=member, visit_id=visit, points=100)
    for each in asked[::2]:
        del each["cash"]
    answers = await place(floor, asked)
    said = spread(answers)
    assert said["done"] == 6
    assert set(said) <= {"done", "ordering.price_changed", "ledger.not_enough"}
    assert (await floor.points(member))[0] == 40
    await floor.books_hold()


async def test_an_order_sent_by_many_at_once_is_one_order(floor: Floor) -> None:
    await floor.portions("tea", 500)
    [asked] = await carts(floor, 1, line("tea", 2))
    answers = await place(floor, [asked] * MANY)
    assert spread(answers) == {"done": MANY}
    assert len({each.text for each in answers}) == 1
    assert (await floor.sold("tea"))[0] == 498
    changed = [asked | {"note": f"{n}"} for n in range(8)]
    assert spread(await place(floor, changed)) == {"request.id_taken": 8}
    same_id = [
        each | {"id": changed[0]["id"], "note": f"第 {n}"} for n, each in enumerate(await carts(floor, 16, line("tea")))
    ]
    same_id = [each | {"id": same_id[0]["cash"]["payment_id"]} for each in same_id]
    assert spread(await place(floor, same_id)) == {"done": 1, "request.id_taken": 15}
    await floor.portions("tea", None)
    await floor.books_hold()


async def test_the_last_portions_are_sold_once_by_many_tills(floor: Floor) -> None:
    await floor.portions("tea", 10)
    await floor.portions("dumplings", 100)
    one = await carts(floor, MANY // 2, line("tea"), line("dumplings"))
    other = await carts(floor, MANY // 2, line("dumplings"), line("tea"))
    said = spread(await place(floor, [each for pair in zip(one, other, strict=True) for each in pair]))
    assert said == {"done": 10, "menu.sold_out": MANY - 10}
    assert ((await floor.sold("tea"))[0], (await floor.sold("dumplings"))[0]) == (0, 90)
    for name in ("tea", "dumplings"):
        await floor.portions(name, None)
    await floor.books_hold()


async def test_a_set_meal_and_its_parts_share_the_last_portions(floor: Floor) -> None:
    await floor.portions("noodles", 7)
    feasts, bowls = await carts(floor, 8, line("feast")), await carts(floor, 8, line("noodles"))
    said = spread(await place(floor, [each for pair in zip(feasts, bowls, strict=True) for each in pair]))
    assert said == {"done": 7, "menu.sold_out": 9}
    assert (await floor.sold("noodles"))[0] == 0
    await floor.portions("noodles", None)
    await floor.books_hold()


async def test_cash_a_wallet_and_a_cancellation_at_once_end_in_one_way(floor: Floor) -> None:
    for _ in range(6):
        member = await floor.a_member(points=300)
        coupon = await floor.a_coupon(member)
        order = await floor.order(line("noodles", 2), member=member, coupon_id=coupon, points=300)
        path, by = f"/v1/orders/{order['id']}", floor.at("cashier")
        cash = {"tendered_fen": 9_900, "seen_due_fen": order["due_fen"]}
        acts = [floor.do("POST", f"{path}/cash", cash | {"id": new_id()}, by) for _ in range(4)]
        acts += [floor.do("POST", f"{path}/payments", floor.paying(order), by) for _ in range(4)]
        acts += [floor.do("POST", f"{path}/cancel", {"reason": "不要了"}, floor.by(member)) for _ in range(4)]
        acts += [floor.do("POST", f"{path}/open-again", None, by) for _ in range(2)]
        spread(await asyncio.gather(*acts))
        await floor.wait(5)
        after = await floor.seen(order["id"])
        kept = [amount - back for _, state, amount, back in await floor.payments(order) if state == "succeeded"]
        if after["state"] == "cancelled":
            assert (sum(kept), after["pay_state"]) == (0, "unpaid")
            assert await floor.coupon_state(coupon) == ("issued", None)
        else:
            assert (sum(kept), after["pay_state"]) == (after["due_fen"], "paid")
        assert sum((await floor.points(member))[:2]) in (300, 304, 300 + 5, 4)
    await floor.books_hold()


async def test_a_round_and_a_payment_at_once_leave_what_is_due_equal_to_what_is_paid(floor: Floor) -> None:
    for turn in range(8):
        table = {"kind": "dine_in", "table_id": floor.store.tables[1]}
        order = await floor.order(line("noodles"), **table)
        path, by = f"/v1/orders/{order['id']}", floor.at("cashier")
        acts = [
            floor.do("POST", f"{path}/rounds", {"id": new_id(), "lines": [line("tea")]}, by),
            floor.do("POST", f"{path}/payments", floor.paying(order), by),
        ]
        said = spread(await asyncio.gather(*(acts if turn % 2 else acts[::-1])))
        assert set(said) <= {"done", "payment.amount_differs", "ordering.bill_not_open"}
        after = await floor.seen(order["id"])
        if after["pay_state"] == "unpaid":
            after = await floor.pay_cash(after)
        assert [amount for _, _, amount, _ in await floor.payments(order)] == [after["due_fen"]]
    await floor.books_hold()


async def test_two_refunds_at_once_give_the_money_back_once(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    coupon = await floor.a_coupon(member)
    order = await floor.bought(line("noodles", 4), member=member, coupon_id=coupon, points=500)
    by, path = floor.at("store_manager"), f"/v1/orders/{order['id']}/refunds"
    one = await floor.refunding(order)
    acts = [floor.do("POST", path, one, by) for _ in range(8)]
    acts += [floor.do("POST", path, one | {"id": new_id()}, by) for _ in range(8)]
    acts += [floor.do("POST", path, await floor.refunding(order, {1: 1}), by) for _ in range(8)]
    said = spread(await asyncio.gather(*acts))
    assert set(said) <= {"done", "ordering.not_refundable", "ordering.refund_changed", "ordering.bad_refund"}
    if (await floor.seen(order["id"]))["pay_state"] != "refunded":
        await floor.refund(order)
    assert await floor.payments(order) == [("cash", "succeeded", order["due_fen"], order["due_fen"])]
    assert await floor.points(member) == (500, 0, 0)
    assert await floor.coupons(member) == [coupon]
    await floor.books_hold()


async def test_no_coupon_too_many_is_issued(floor: Floor) -> None:
    template = await floor.a_template(budget_count=5, claimable=True, limit_each=1)
    members = [await floor.a_member() for _ in range(8)]
    acts = [
        floor.do("POST", "/v1/me/coupons", {"id": new_id(), "template_id": template}, floor.by(member))
        for member in members
        for _ in range(8)
    ]
    said = spread(await asyncio.gather(*acts))
    assert (said["done"], set(said)) == (5, {"done", "promo.budget_spent", "promo.limit_reached"})
    dear = await floor.a_template("cash", 300, budget_fen=1_000, claimable=True, limit_each=9)
    acts = [
        floor.do("POST", "/v1/me/coupons", {"id": new_id(), "template_id": dear}, floor.by(member))
        for member in members
        for _ in range(2)
    ]
    assert spread(await asyncio.gather(*acts)) == {"done": 3, "promo.budget_spent": 13}
    await floor.books_hold()


async def test_one_payment_id_on_many_orders_at_once_pays_one(floor: Floor) -> None:
    asked = await carts(floor, 12, line("tea"))
    money = asked[0]["cash"]
    assert spread(await place(floor, [each | {"cash": money} for each in asked])) == {"done": 1, "request.id_taken": 11}
    orders = [await floor.order(line("tea")) for _ in range(6)]
    wallet, by = floor.paying(orders[0]), floor.at("cashier")
    acts = [floor.do("POST", f"/v1/orders/{each['id']}/payments", wallet, by) for each in orders]
    assert spread(await asyncio.gather(*acts)) == {"done": 1, "request.id_taken": 5}
    await floor.books_hold()
