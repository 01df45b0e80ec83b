"""A paid bill taken back and opened anew: the money, the points and the coupon go back, the dishes go on, and nothing is made twice."""

from __future__ import annotations

import asyncio
from typing import Any

from goodtaste.events.ordering import LinesMoved, OrderPlaced, OrderRefunded
from goodtaste.events.payment import RefundSettled
from goodtaste.kernel.ids import new_id
from tests import bill_kit
from tests.bill_kit import act, at_a_table, fired_by, heard, held, of_line
from tests.offers_kit import TEN_OFF_FIFTY, a_live_offer, counted, stop
from tests.shop_kit import Floor, line, spread
from tests.test_order_parts import paid_in_part


async def reopened(floor: Floor, bill: Any, **more: Any) -> Any:
    """Have a paid bill opened anew by the manager."""
    return await act(floor, bill, "reopen", reason="收错款", **more)


async def test_a_paid_bill_is_taken_back_and_opened_anew(floor: Floor) -> None:
    await floor.portions("noodles", 20)
    member = await floor.a_member(points=1_000)
    coupon = await floor.a_coupon(member)
    bill = await at_a_table(floor, line("noodles", 3), held("soup.large", 2), member=member)
    bill = await act(floor, bill, "discounts", kind="gift", line_no=1, value=1, reason="赠")
    asked = {
        "version": bill["version"],
        "seen_due_fen": bill["due_fen"] - 500 - 800,
        "coupon_id": coupon,
        "points": 800,
    }
    billed = await floor.done("POST", f"/v1/orders/{bill['id']}/bill", asked, floor.by(member))
    paid = await floor.pay(billed)
    paid = paid["order"]
    assert (await floor.points(member))[0] == 200
    await heard(floor)
    new = new_id()
    done = await reopened(floor, paid, id=new)
    closed, back, opened = done["closed"], done["refund"], done["bill"]
    assert (closed["pay_state"], closed["went_to"], closed["state"]) == ("refunded", new, "placed")
    assert await floor.seen(bill["id"]) == closed
    assert await floor.seen(new) == opened
    assert (opened["reopens"], opened["pay_state"], opened["member_id"]) == (bill["id"], "unpaid", member.id)
    assert (opened["due_fen"], opened["hand_fen"], opened["version"]) == (bill["due_fen"], bill["hand_fen"], 1)
    assert [each["unit_fen"] for each in opened["lines"]] == [each["unit_fen"] for each in bill["lines"]]
    assert [of_line(opened, n) for n in (1, 2)] == [(3, 3, 0, 0, 0), (2, 2, 2, 0, 0)]
    assert (back["amount_fen"], back["reason"]) == (paid["due_fen"], "收错款")
    assert await floor.payments(paid) == [("wallet", "succeeded", paid["due_fen"], paid["due_fen"])]
    assert (await floor.points(member), await floor.coupon_state(coupon)) == ((1_000, 0, 0), ("issued", None))
    assert (await floor.sold("noodles"))[0] == 17, "its portions are those it had"
    events = await heard(floor)
    assert [type(each) for each in events] == [OrderPlaced, LinesMoved, OrderRefunded, RefundSettled]
    assert fired_by(events) == {}
    assert [(each.qty, each.held_qty) for each in events[1].lines] == [(3, 0), (2, 2)]  # type: ignore[attr-defined]
    opened = await act(floor, opened, "fire")
    opened = await act(floor, opened, "discounts", kind="amount", value=10, reason="再抹")
    again = await floor.pay_cash(opened)
    assert again["due_fen"] == bill["due_fen"] - 10
    assert [*fired_by(await heard(floor)).values()] == [2]
    notes = await floor.db.execute(f"SELECT action FROM kernel_audit WHERE subject = 'order/{bill['id']}'")
    assert {"ordering.reopened", "ordering.refunded"} <= {action for (action,) in notes}
    await floor.portions("noodles", None)
    await floor.books_hold()


async def test_it_takes_a_manager_and_is_done_once(floor: Floor) -> None:
    bill = await floor.pay_cash(await at_a_table(floor, line("noodles", 2)))
    path, cashier = f"/v1/orders/{bill['id']}/reopen", floor.at("cashier")
    asked = {"id": new_id(), "version": bill["version"], "reason": "收错款"}
    assert await floor.refuses("POST", path, asked, cashier) == "auth.not_allowed"
    manager = floor.store.staff["store_manager"]
    approval = {"staff_id": manager, "pin": "582931"}
    await floor.done("PUT", f"/v1/staff/{manager}/pin", {"pin": "582931"}, floor.at("hq_admin"))
    once = await floor.done("POST", path, asked | {"approval": approval}, cashier)
    assert once["refund"]["approved_by"] == manager
    assert await floor.done("POST", path, asked, floor.at("store_manager")) == once, "sent again it is the same act"
    other = asked | {"id": new_id(), "version": once["closed"]["version"]}
    assert await floor.refuses("POST", path, other, floor.at("store_manager")) == "ordering.not_reopenable"
    assert (
        await floor.refuses("POST", path, asked | {"reason": "别的"}, floor.at("store_manager")) == "request.id_taken"
    )
    for state in ("accepted", "ready"):
        code = await floor.refuses("POST", f"/v1/orders/{bill['id']}/advance", {"to": state}, floor.at("store_manager"))
        assert code == "ordering.wrong_state", "its dishes are those of another bill now"
    unpaid = await at_a_table(floor)
    assert await bill_kit.refused(floor, unpaid, "reopen", reason="x") == "ordering.not_reopenable"
    stale = asked | {"id": new_id(), "version": 1}
    third = await floor.pay_cash(await at_a_table(floor))
    third_path = f"/v1/orders/{third['id']}/reopen"
    assert await floor.refuses("POST", third_path, stale, floor.at("store_manager")) == "ordering.changed"
    acts = [
        floor.do(
            "POST", third_path, {"id": new_id(), "version": third["version"], "reason": "x"}, floor.at("store_manager")
        )
        for _ in range(6)
    ]
    said = spread(await asyncio.gather(*acts))
    assert (said["done"], sum(said.values())) == (1, 6)
    old = await floor.pay_cash(await at_a_table(floor))
    await floor.wait(86_400)
    assert await bill_kit.refused(floor, old, "reopen", reason="x") == "ordering.not_reopenable"
    await floor.books_hold()


async def test_what_was_refunded_before_stays_refunded_and_parts_go_back_each_by_its_way(floor: Floor) -> None:
    bill = await at_a_table(floor, line("noodles", 3), line("tea", 2))
    await paid_in_part(floor, bill, 5_000, {"type": "cash", "tendered_fen": 5_000})
    shown = await paid_in_part(
        floor, bill, bill["due_fen"] - 5_000, {"type": "wallet", "method": "wallet", "auth_code": f"9900{'7' * 14}"}
    )
    paid = shown["order"]
    assert paid["pay_state"] == "paid"
    await floor.refund(paid, {1: 1})
    done = await reopened(floor, await floor.seen(bill["id"]))
    assert done["refund"]["amount_fen"] == 2 * 2_800 + 666
    assert done["bill"]["due_fen"] == 2 * 2_800 + 666
    assert of_line(done["bill"], 1) == (2, 2, 0, 0, 0)
    assert sum(back for _, _, _, back in await floor.payments(paid)) == paid["due_fen"]
    twice = await reopened(floor, await floor.pay_cash(done["bill"]))
    await floor.pay_cash(twice["bill"])
    await floor.books_hold()


async def test_the_offers_of_an_order_go_to_the_bill_that_goes_on_within_exact_budgets(floor: Floor) -> None:
    member = await floor.a_member()
    first = {"kind": "percent_off", "off_bp": 500}
    offers = [
        await a_live_offer(
            floor, benefit=TEN_OFF_FIFTY, budget_count=1, limit_each=1, offer={"conditions": {"members_only": True}}
        ),
        await a_live_offer(floor, benefit=first, offer={"conditions": {"first_order": True, "members_only": True}}),
    ]
    await floor.ctx.refresh()
    bill = await at_a_table(floor, line("noodles", 3), member=member)
    assert bill["offer_fen"] > 1_000, "both apply"
    paid = await floor.pay_cash(bill)
    done = await reopened(floor, paid)
    assert (done["bill"]["due_fen"], done["bill"]["offer_fen"]) == (bill["due_fen"], bill["offer_fen"])
    assert [(await counted(floor, each))[0] for each in offers] == [1, 1]
    await floor.pay_cash(done["bill"])
    await floor.books_hold()
    for each in offers:
        await stop(floor, each)
    await floor.ctx.refresh()


async def test_a_counter_order_that_is_opened_anew_is_not_made_again(floor: Floor) -> None:
    paid = await floor.bought(line("noodles", 2))
    paid = await floor.advance(paid, "accepted", "ready", "picked_up", "completed")
    await heard(floor)
    done = await reopened(floor, paid)
    assert (done["bill"]["state"], done["closed"]["state"]) == ("picked_up", "completed")
    assert fired_by(await heard(floor)) == {}
    paid = await floor.pay_cash(done["bill"])
    assert fired_by(await heard(floor)) == {}
    await floor.wait(31 * 60)
    assert (await floor.seen(paid["id"]))["state"] == "completed"
    await floor.books_hold()
