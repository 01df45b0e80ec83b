"""The open bill of a table: rounds from several phones, the bill with coupon and points, opening it again, and paying it once."""

from __future__ import annotations

import asyncio
from typing import Any

from goodtaste.kernel.ids import new_id
from tests.shop_kit import Floor, Member, line, spread


async def at_a_table(floor: Floor, member: Member | None = None, *lines: Any) -> Any:
    """Have an order at a table."""
    table = {"kind": "dine_in", "table_id": floor.store.tables[0]}
    return await floor.order(*lines or [line("noodles", 2)], member=member, **table)


def round_of(*lines: Any) -> dict[str, Any]:
    """Return what is sent to order more."""
    return {"id": new_id(), "lines": list(lines)}


async def test_two_rounds_on_one_bill_are_paid_at_the_end_with_coupon_and_points(floor: Floor) -> None:
    member = await floor.a_member(points=1_000)
    coupon = await floor.a_coupon(member, "percent", 2_000)
    order = await at_a_table(floor, member)
    path = f"/v1/orders/{order['id']}"
    asked = round_of(line("soup.large"), line("feast"))
    second = await floor.done("POST", f"{path}/rounds", asked, floor.by(member))
    assert [(each["line_no"], each["round"], each["unit_fen"]) for each in second["lines"]] == [
        (1, 1, 2_500),
        (2, 2, 2_403),
        (3, 2, 7_900),
    ]
    assert second["due_fen"] == 5_000 + 2_403 + 7_900
    assert await floor.done("POST", f"{path}/rounds", asked, floor.at("waiter")) == second, (
        "the same round again is no other round"
    )
    assert (
        await floor.refuses("POST", f"{path}/rounds", asked | {"lines": [line("tea")]}, floor.by(member))
        == "request.id_taken"
    )

    due = 15_303 - 3_060 - 1_000
    bill = {"version": second["version"], "seen_due_fen": due, "coupon_id": coupon, "points": 1_000}
    billed = await floor.done("POST", f"{path}/bill", bill, floor.by(member))
    assert (billed["coupon_fen"], billed["points_fen"], billed["due_fen"]) == (3_060, 1_000, due)
    assert sum(each["due_fen"] for each in billed["lines"]) == due
    assert await floor.done("POST", f"{path}/bill", bill, floor.by(member)) == billed, (
        "the same bill again is the same bill"
    )
    assert (await floor.coupon_state(coupon), await floor.points(member)) == (("held", order["id"]), (0, 0, 0))
    assert (
        await floor.refuses("POST", f"{path}/rounds", round_of(line("tea")), floor.by(member))
        == "ordering.bill_not_open"
    )

    bare = await floor.done("POST", f"{path}/open-again", None, floor.at("waiter"))
    assert (bare["due_fen"], bare["coupon_id"], bare["points"]) == (15_303, None, 0)
    assert [each["due_fen"] for each in bare["lines"]] == [each["due_fen"] for each in second["lines"]]
    assert (await floor.coupon_state(coupon), await floor.points(member)) == (("issued", None), (1_000, 0, 0))
    third = await floor.done("POST", f"{path}/rounds", round_of(line("dumplings")), floor.at("waiter"))
    whole = 17_202
    assert third["due_fen"] == whole
    due = whole - whole * 2_000 // 10_000 - 1_000
    bill |= {"version": third["version"], "seen_due_fen": due}
    billed = await floor.done("POST", f"{path}/bill", bill, floor.by(member))
    assert sum(each["saved_fen"] for each in billed["reasons"]) == billed["list_fen"] - billed["due_fen"]
    paid = await floor.pay_cash(billed)
    assert (paid["pay_state"], paid["points_earned"]) == ("paid", due // 1_000)
    assert (await floor.coupon_state(coupon), await floor.points(member)) == (
        ("redeemed", order["id"]),
        (0, due // 1_000, 0),
    )
    await floor.books_hold()


async def test_a_cancelled_table_gives_back_every_round(floor: Floor) -> None:
    await floor.portions("noodles", 10)
    await floor.portions("tea", 10)
    order = await at_a_table(floor)
    await floor.done(
        "POST", f"/v1/orders/{order['id']}/rounds", round_of(line("feast", 2), line("noodles")), floor.at("waiter")
    )
    assert ((await floor.sold("noodles"))[0], (await floor.sold("tea"))[0]) == (5, 6)
    await floor.done("POST", f"/v1/orders/{order['id']}/cancel", {"reason": "客人走了"}, floor.at("cashier"))
    assert ((await floor.sold("noodles"))[0], (await floor.sold("tea"))[0]) == (10, 10)
    for name in ("noodles", "tea"):
        await floor.portions(name, None)
    await floor.books_hold()


async def test_rounds_of_many_phones_follow_each_other_and_none_is_lost(floor: Floor) -> None:
    order = await at_a_table(floor)
    path = f"/v1/orders/{order['id']}/rounds"
    acts = [floor.do("POST", path, round_of(line("tea", n)), floor.at("waiter")) for n in range(1, 9)]
    assert spread(await asyncio.gather(*acts)) == {"done": 8}
    after = await floor.seen(order["id"])
    assert sorted(each["qty"] for each in after["lines"][1:]) == [*range(1, 9)]
    assert [each["round"] for each in after["lines"]] == [*range(1, 10)]
    assert after["due_fen"] == sum(each["due_fen"] for each in after["lines"])
    await floor.books_hold()


async def test_a_round_sent_by_every_phone_at_once_is_one_round(floor: Floor) -> None:
    order = await at_a_table(floor)
    asked = round_of(line("tea"))
    acts = [floor.do("POST", f"/v1/orders/{order['id']}/rounds", asked, floor.at("waiter")) for _ in range(16)]
    assert spread(await asyncio.gather(*acts)) == {"done": 16}
    assert len((await floor.seen(order["id"]))["lines"]) == 2


async def test_an_id_of_a_round_at_another_table_is_taken(floor: Floor) -> None:
    one, other = await at_a_table(floor), await at_a_table(floor)
    asked = round_of(line("tea"))
    await floor.done("POST", f"/v1/orders/{one['id']}/rounds", asked, floor.at("waiter"))
    assert (
        await floor.refuses("POST", f"/v1/orders/{other['id']}/rounds", asked, floor.at("waiter")) == "request.id_taken"
    )


async def test_a_round_of_what_is_sold_out_takes_nothing(floor: Floor) -> None:
    await floor.portions("soup.small", 1)
    order = await at_a_table(floor)
    path = f"/v1/orders/{order['id']}/rounds"
    answer = await floor.do("POST", path, round_of(line("tea"), line("soup.small", 2)), floor.at("waiter"))
    assert (answer.json()["code"], answer.json()["facts"]["portions_left"]) == ("menu.sold_out", 1)
    assert (await floor.seen(order["id"]))["version"] == order["version"]
    await floor.portions("soup.small", None)


async def test_a_bill_that_somebody_else_changed_is_looked_at_again(floor: Floor) -> None:
    member = await floor.a_member(points=1_000)
    coupon = await floor.a_coupon(member)
    order = await at_a_table(floor, member)
    path, by = f"/v1/orders/{order['id']}", floor.by(member)
    bill = {"version": order["version"], "seen_due_fen": order["due_fen"] - 500, "coupon_id": coupon}
    grown = await floor.done("POST", f"{path}/rounds", round_of(line("dumplings")), by)
    assert await floor.refuses("POST", f"{path}/bill", bill, by) == "ordering.changed"
    bill |= {"version": grown["version"]}
    assert await floor.refuses("POST", f"{path}/bill", bill, by) == "ordering.price_changed"
    assert await floor.refuses("POST", f"{path}/bill", bill | {"coupon_id": new_id()}, by) == "promo.coupon_unknown"
    dear = await floor.a_coupon(member, "cash", 500, threshold_fen=100_000)
    assert await floor.refuses("POST", f"{path}/bill", bill | {"coupon_id": dear}, by) == "promo.coupon_not_applicable"
    await floor.done("POST", f"{path}/bill", bill | {"seen_due_fen": grown["due_fen"] - 500}, by)
    guest = await at_a_table(floor)
    mine = {"version": guest["version"], "seen_due_fen": guest["due_fen"], "points": 5}
    assert (
        await floor.refuses("POST", f"/v1/orders/{guest['id']}/bill", mine, floor.at("waiter"))
        == "ordering.bill_not_open"
    )


async def test_a_bill_is_put_by_one_phone_of_many(floor: Floor) -> None:
    member = await floor.a_member(points=1_000)
    order = await at_a_table(floor, member)
    path = f"/v1/orders/{order['id']}/bill"
    bills = [{"version": order["version"], "seen_due_fen": 5_000 - n, "points": n} for n in (100, 200, 300, 400)]
    said = spread(await asyncio.gather(*[floor.do("POST", path, bill, floor.by(member)) for bill in bills]))
    assert (said["done"], sum(said.values())) == (1, 4)
    await floor.books_hold()


async def test_a_bill_has_a_limit(floor: Floor) -> None:
    order = await at_a_table(floor, None, *[line("tea") for _ in range(190)])
    path, by = f"/v1/orders/{order['id']}/rounds", floor.at("waiter")
    assert (
        await floor.refuses("POST", path, round_of(*[line("tea") for _ in range(11)]), by) == "ordering.bill_not_open"
    )
    assert len((await floor.done("POST", path, round_of(*[line("tea") for _ in range(10)]), by))["lines"]) == 200


async def test_a_table_that_was_left_gives_its_member_coupon_and_points_back_and_the_bill_stands(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    coupon = await floor.a_coupon(member)
    table = {"kind": "dine_in", "table_id": floor.store.tables[0]}
    order = await floor.order(line("noodles", 3), member=member, coupon_id=coupon, points=500, **table)
    await floor.wait(239 * 60)
    assert (await floor.coupon_state(coupon), await floor.points(member)) == (("held", order["id"]), (0, 0, 0))
    await floor.wait(2 * 60)
    assert (await floor.coupon_state(coupon), await floor.points(member)) == (("issued", None), (500, 0, 0))
    after = await floor.seen(order["id"])
    assert (after["state"], after["pay_state"], after["due_fen"]) == ("placed", "unpaid", 7_500)
    await floor.pay_cash(after)
    await floor.books_hold()


async def test_a_bill_that_was_opened_again_keeps_what_is_put_on_it_later_for_as_long(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    coupon = await floor.a_coupon(member)
    order = await at_a_table(floor, member)
    path, by = f"/v1/orders/{order['id']}", floor.by(member)
    bill = {"version": order["version"], "seen_due_fen": 4_500, "coupon_id": coupon}
    await floor.done("POST", f"{path}/bill", bill, by)
    await floor.wait(120 * 60)
    bare = await floor.done("POST", f"{path}/open-again", None, by)
    bill = {"version": bare["version"], "seen_due_fen": 4_050, "coupon_id": coupon, "points": 450}
    await floor.done("POST", f"{path}/bill", bill, by)
    await floor.wait(121 * 60)
    assert await floor.coupon_state(coupon) == ("held", order["id"]), "its time began when it was put on the bill"
    await floor.wait(120 * 60)
    assert (await floor.coupon_state(coupon), await floor.points(member)) == (("issued", None), (500, 0, 0))
    await floor.books_hold()


async def test_a_bill_that_is_being_paid_keeps_what_it_holds_until_the_wallet_has_answered(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    order = await at_a_table(floor, member)
    bill = {"version": order["version"], "seen_due_fen": 4_500, "points": 500}
    billed = await floor.done("POST", f"/v1/orders/{order['id']}/bill", bill, floor.by(member))
    await floor.wait(239 * 60)
    asked = floor.paying(billed, "")  # in the diner's app, who takes a while
    await floor.done("POST", f"/v1/orders/{order['id']}/payments", asked, floor.by(member))
    await floor.wait(150)
    assert (await floor.seen(order["id"]))["pay_state"] == "paying"
    assert await floor.points(member) == (0, 0, 0)
    await floor.wait(3_600)
    after = await floor.seen(order["id"])
    assert (after["pay_state"], after["points"], await floor.points(member)) == ("unpaid", 0, (500, 0, 0))
    await floor.books_hold()


async def test_a_bill_on_which_nothing_is_due_is_closed_by_the_diner(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, "cash", 9_999)
    order = await at_a_table(floor, member)
    path, by = f"/v1/orders/{order['id']}", floor.by(member)
    answer = await floor.do("POST", f"{path}/close", None, by)
    assert (answer.json()["code"], answer.json()["facts"]["due_fen"]) == ("ordering.price_changed", 5_000)
    bill = {"version": order["version"], "seen_due_fen": 0, "coupon_id": coupon}
    assert (await floor.done("POST", f"{path}/bill", bill, by))["pay_state"] == "unpaid"
    acts = [floor.do("POST", f"{path}/close", None, by) for _ in range(8)]
    assert spread(await asyncio.gather(*acts)).keys() <= {"done", "ordering.not_payable"}
    closed = await floor.done("POST", f"{path}/close", None, by)
    assert (closed["pay_state"], closed["due_fen"], closed["version"]) == ("paid", 0, order["version"] + 2)
    assert (await floor.coupon_state(coupon), await floor.payments(closed)) == (("redeemed", order["id"]), [])
    await floor.books_hold()


async def test_a_cancelled_bill_is_not_closed(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, "cash", 9_999)
    order = await floor.order(
        line("tea"), member=member, coupon_id=coupon, kind="dine_in", table_id=floor.store.tables[0]
    )
    assert order["due_fen"] == 0
    path, by = f"/v1/orders/{order['id']}", floor.by(member)
    await floor.done("POST", f"{path}/cancel", {"reason": "不要了"}, by)
    assert await floor.refuses("POST", f"{path}/close", None, by) == "ordering.not_payable"
    assert await floor.coupon_state(coupon) == ("issued", None)


async def test_coupons_are_asked_for_once_and_in_one_way(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member)
    asked = {"store_id": floor.store.id, "channel": "counter", "lines": [line("noodles")]}
    for wrong in ({"coupon_id": coupon, "coupon_ids": [coupon]}, {"coupon_ids": [coupon, coupon]}):
        assert await floor.refuses("POST", "/v1/quotes", asked | wrong, floor.by(member)) == "request.malformed"
    order = await floor.order(line("noodles"), member=member, coupon_ids=[coupon])
    assert (order["coupon_id"], order["coupons"]) == (coupon, [{"coupon_id": coupon, "saved_fen": 500}])
    assert await floor.seen(order["id"]) == order
