"""Refunds: whole, by line, by piece; money, points, coupon and portions come back to the fen, the point and the piece."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.member import api as members
from goodtaste.member.rules import PointsRules, Program
from tests.member_kit import give
from tests.shop import write
from tests.shop_kit import Floor, line


async def back_at(floor: Floor, order: Any, **more: Any) -> Any:
    """Send a refund of an order as somebody who may."""
    asked = await floor.refunding(order) | more
    return asked, f"/v1/orders/{order['id']}/refunds", floor.at("store_manager")


async def test_a_whole_refund_undoes_everything(floor: Floor) -> None:
    member = await floor.a_member(points=400)
    coupon = await floor.a_coupon(member)
    await floor.portions("noodles", 5)
    order = await floor.bought(line("noodles", 2), line("banquet"), member=member, coupon_id=coupon, points=400)
    await floor.finish(order)
    assert await floor.points(member) == (104, 0, 0)
    refund = await floor.refund(order, restock=True)
    assert (refund["amount_fen"], refund["points_back"], refund["points_taken"]) == (order["due_fen"], 400, 104)
    assert refund["coupon_back"]
    assert await floor.points(member) == (400, 0, 0)
    assert await floor.coupons(member) == [coupon]
    assert (await floor.sold("noodles"))[0] == 5
    after = await floor.seen(order["id"])
    assert (after["pay_state"], after["refunded_fen"]) == ("refunded", order["due_fen"])
    assert await floor.payments(order) == [("cash", "succeeded", order["due_fen"], order["due_fen"])]
    await floor.hear()
    assert (await floor.done("GET", "/v1/me/level", None, floor.by(member)))["growth"] == 0
    await floor.portions("noodles", None)
    await floor.books_hold()


async def test_a_refund_of_pieces_takes_their_share_of_coupon_and_points(floor: Floor) -> None:
    member = await floor.a_member(points=1_000)
    coupon = await floor.a_coupon(member, "cash", 1_000)
    order = await floor.bought(line("noodles", 3), line("soup.large"), member=member, coupon_id=coupon, points=890)
    by_no = {each["line_no"]: each for each in order["lines"]}
    first = await floor.refund(order, {1: 1})
    assert first["amount_fen"] == by_no[1]["due_fen"] // 3
    assert (first["coupon_back"], first["points_back"] > 0) == (False, True)
    assert await floor.coupon_state(coupon) == ("redeemed", order["id"])
    assert (await floor.seen(order["id"]))["pay_state"] == "partly_refunded"
    rest = await floor.refund(order)
    assert first["amount_fen"] + rest["amount_fen"] == order["due_fen"]
    assert first["points_back"] + rest["points_back"] == 890
    assert first["points_taken"] + rest["points_taken"] == order["points_earned"]
    assert rest["coupon_back"]
    assert await floor.points(member) == (1_000, 0, 0)
    listed = await floor.done("GET", f"/v1/orders/{order['id']}/refunds", None, floor.by(member))
    assert [each["id"] for each in listed] == [first["id"], rest["id"]]
    await floor.books_hold()


async def test_points_that_were_earned_and_spent_elsewhere_are_owed(floor: Floor) -> None:
    member = await floor.a_member()
    order = await floor.bought(line("banquet", 5), member=member)
    await floor.finish(order)
    assert await floor.points(member) == (499, 0, 0)
    await floor.bought(line("banquet"), member=member, points=450)
    await floor.refund(order)
    assert await floor.points(member) == (0, 124, 450)  # gold by then: 994.50 yuan earn 124
    asked = await floor.cart([line("banquet")], member=member, by=floor.by(member), points=5)
    assert asked["seen_due_fen"] == 99_900
    await floor.books_hold()


@pytest.mark.parametrize(
    "policy, available, debt", [("unlimited", 0, 450), ("within_balance", 0, 0), ("only_pending", 49, 0)]
)
async def test_what_a_refund_takes_back_follows_the_policy_of_the_brand(
    floor: Floor, policy: str, available: int, debt: int
) -> None:
    """Of 499 points earned 450 are spent, so 49 are there, when the order is refunded."""
    before = floor.process.see(Program)
    rules = msgspec.convert({"return_policy": policy}, PointsRules)
    member = await floor.a_member()
    order = await floor.bought(line("banquet", 5), member=member)
    await floor.finish(order)
    await floor.bought(line("banquet"), member=member, points=450)
    await floor.db.run(write(*members.set_program(msgspec.structs.replace(before, points=rules))))
    await floor.process.snapshots.refresh()
    try:
        await floor.refund(order)
    finally:
        await floor.db.run(write(*members.set_program(before)))
        await floor.process.snapshots.refresh()
    points = await floor.points(member)
    assert (points[0], points[2]) == (available, debt)
    await floor.books_hold()


async def test_points_that_come_back_pay_for_those_that_are_taken(floor: Floor) -> None:
    member = await floor.a_member(points=700)
    order = await floor.bought(line("banquet", 5), member=member, points=700)
    await floor.finish(order)
    earned = order["points_earned"]
    assert await floor.points(member) == (earned, 0, 0)
    await floor.bought(line("banquet"), member=member, points=earned)
    await floor.refund(order)
    available, _, debt = await floor.points(member)
    assert (available, debt) == (700 - earned, 0), "nobody owes points who has points"
    await floor.books_hold()


async def test_who_owes_points_spends_none_until_they_are_repaid(floor: Floor) -> None:
    member = await floor.a_member()
    order = await floor.bought(line("banquet", 5), member=member)
    await floor.finish(order)
    await floor.bought(line("banquet"), member=member, points=499)
    await floor.refund(order)
    owed = (await floor.points(member))[2]
    assert owed == 499
    small = await floor.bought(line("banquet"), member=member)
    await floor.finish(small)
    await give(floor, member.id, 100)
    assert (await floor.points(member))[0] == 100
    by = floor.by(member)
    asked = await floor.cart([line("banquet")], member=member, by=by, points=50)
    assert asked["seen_due_fen"] == 99_900, "a quote does not promise what an order refuses"
    assert await floor.refuses("POST", "/v1/orders", asked, by) == "ledger.in_debt"
    other = await floor.bought(line("banquet", 9), member=member)
    await floor.finish(other)
    assert (await floor.points(member))[2] == 0
    assert (await floor.order(line("banquet"), member=member, points=50))["points"] == 50
    await floor.books_hold()


async def test_a_refund_sent_again_is_the_same_refund(floor: Floor) -> None:
    order = await floor.bought(line("tea", 3))
    asked, path, by = await back_at(floor, order)
    first = await floor.done("POST", path, asked, by)
    assert await floor.done("POST", path, asked, by) == first
    assert first.keys() == {
        "id", "order_id", "amount_fen", "points_back", "points_taken", "coupon_back", "reason", "actor_id", "approved_by", "at",
    }  # fmt: skip
    assert await floor.refuses("POST", path, asked | {"reason": "别的"}, by) == "request.id_taken"
    assert await floor.refuses("POST", path, asked | {"id": new_id()}, by) == "ordering.not_refundable"
    other = await floor.bought(line("tea", 3))
    assert await floor.refuses("POST", f"/v1/orders/{other['id']}/refunds", asked, by) == "request.id_taken"
    assert (await floor.seen(other["id"]))["refunded_fen"] == 0
    await floor.books_hold()


async def test_more_pieces_than_were_sold_or_another_amount_than_was_seen_are_refused(floor: Floor) -> None:
    order = await floor.bought(line("tea", 3), line("noodles"))
    asked, path, by = await back_at(floor, order)
    for pieces in (
        [{"line_no": 1, "qty": 4}],
        [{"line_no": 3, "qty": 1}],
        [{"line_no": 1, "qty": 2}, {"line_no": 1, "qty": 2}],
    ):
        assert await floor.refuses("POST", path, asked | {"pieces": pieces}, by) == "ordering.bad_refund"
        assert (
            await floor.refuses("POST", path.replace("refunds", "refunds/preview"), {"pieces": pieces}, by)
            == "ordering.bad_refund"
        )
    assert await floor.refuses("POST", path, asked | {"seen_amount_fen": 1}, by) == "ordering.refund_changed"
    assert (
        await floor.refuses("POST", path, asked | {"pieces": [{"line_no": 2, "qty": 1}]}, by)
        == "ordering.refund_changed"
    )
    unpaid = await floor.order()
    there = f"/v1/orders/{unpaid['id']}/refunds"
    assert await floor.refuses("POST", there, asked, by) == "ordering.not_refundable"
    assert await floor.refuses("POST", f"/v1/orders/{new_id()}/refunds", asked, by) == "ordering.unknown"
    assert (await floor.seen(order["id"]))["refunded_fen"] == 0


async def test_a_cashier_refunds_with_the_approval_of_a_manager(floor: Floor) -> None:
    order = await floor.bought(line("tea", 3))
    asked, path, _ = await back_at(floor, order)
    assert await floor.refuses("POST", path, asked, floor.at("cashier")) == "auth.not_allowed"
    pin = {"staff_id": floor.store.staff["store_manager"], "pin": "736194"}
    wrong = asked | {"approval": pin}
    assert await floor.refuses("POST", path, wrong, floor.at("cashier")) == "org.wrong_pin"
    await floor.done("PUT", f"/v1/staff/{pin['staff_id']}/pin", {"pin": "736194"}, floor.at("hq_admin"))
    refund = await floor.done("POST", path, asked | {"approval": pin}, floor.at("cashier"))
    assert (refund["actor_id"], refund["approved_by"]) == (floor.store.staff["cashier"], pin["staff_id"])
    assert await floor.done("POST", path, asked | {"approval": pin}, floor.at("cashier")) == refund
    [(n,)] = await floor.db.execute(
        f"SELECT count(*) FROM kernel_audit WHERE action = 'ordering.refunded' AND subject = 'order/{order['id']}'"
    )
    assert n == 1


async def test_a_coupon_that_ran_out_meanwhile_comes_back_for_a_week(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, valid_days=1)
    order = await floor.bought(line("noodles"), member=member, coupon_id=coupon)
    floor.later(days=3)
    await floor.refund(order)
    assert await floor.coupons(member) == [coupon]
    floor.later(days=8)
    assert await floor.coupons(member) == []
    await floor.books_hold()


async def test_an_order_refunded_whole_before_it_is_made_is_cancelled_and_its_portions_are_on_sale_again(
    floor: Floor,
) -> None:
    await floor.portions("noodles", 5)
    order = await floor.bought(line("noodles", 3))
    await floor.refund(order, {1: 1})
    assert (await floor.seen(order["id"]))["state"] == "placed", "two portions are still to be made"
    await floor.advance(order, "accepted")
    await floor.refund(order)
    after = await floor.seen(order["id"])
    assert (after["state"], after["pay_state"]) == ("cancelled", "refunded")
    assert (await floor.sold("noodles"))[0] == 4, "the first was not put back"
    path = f"/v1/orders/{order['id']}"
    assert await floor.refuses("POST", f"{path}/advance", {"to": "preparing"}, floor.at("kitchen")) == (
        "ordering.wrong_state"
    )
    steps = await floor.done("GET", f"{path}/steps", None, floor.at("store_manager"))
    assert (steps[-1]["from_state"], steps[-1]["to_state"], steps[-1]["reason"]) == ("accepted", "cancelled", "退菜")
    await floor.portions("noodles", None)
    await floor.books_hold()


async def test_an_order_refunded_whole_while_it_is_made_goes_on_as_it_is(floor: Floor) -> None:
    await floor.portions("noodles", 5)
    order = await floor.bought(line("noodles", 3))
    await floor.advance(order, "accepted", "preparing")
    await floor.refund(order)
    after = await floor.seen(order["id"])
    assert (after["state"], after["pay_state"]) == ("preparing", "refunded")
    assert (await floor.sold("noodles"))[0] == 2
    await floor.portions("noodles", None)
    await floor.books_hold()
