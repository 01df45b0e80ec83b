"""What the kitchen is told of a bill: fired at once, held and fired later, voided before, returned after; each piece once."""

from __future__ import annotations

import asyncio
from typing import Any

from goodtaste.events.ordering import LinesFired, LinesReturned, OrderPaid, OrderPlaced, RoundAdded
from goodtaste.kernel.ids import new_id
from tests import bill_kit
from tests.bill_kit import act, at_a_table, fired_by, heard, held, of_line, pieces
from tests.shop_kit import Floor, line, spread


def the(events: list[Any], kind: type[Any]) -> Any:
    """Return the one event of a kind."""
    [found] = [each for each in events if isinstance(each, kind)]
    return found


async def test_what_is_not_held_is_fired_with_the_order_and_the_rest_when_somebody_says_so(floor: Floor) -> None:
    hot = line("noodles", 2, options=("hot", "egg")) | {"note": "少盐", "guest": "甲", "course": 1}
    await heard(floor)
    bill = await at_a_table(floor, hot, held("soup.large", 3, course=2), held("tea", 1, course=3))
    placed = the(await heard(floor), OrderPlaced)
    [fired] = placed.fired
    assert (fired.line_no, fired.name, fired.qty, fired.options) == (1, "noodles", 2, ["hot", "egg"])
    assert (fired.note, fired.guest, fired.course, fired.dish_id) == ("少盐", "甲", 1, bill["lines"][0]["dish_id"])
    assert [of_line(bill, n) for n in (1, 2, 3)] == [(2, 2, 0, 0, 0), (3, 3, 3, 0, 0), (1, 1, 1, 0, 0)]
    assert bill["due_fen"] == sum(each["due_fen"] for each in bill["lines"]), "what is held is charged too"

    bill = await act(floor, bill, "fire", floor.at("waiter"), **pieces(l2=1))
    assert of_line(bill, 2) == (3, 3, 2, 0, 0)
    bill = await act(floor, bill, "fire", floor.at("waiter"), course=2)
    bill = await act(floor, bill, "fire", floor.at("waiter"))
    events = await heard(floor)
    assert [[(each.line_no, each.qty) for each in event.lines] for event in events] == [[(2, 1)], [(2, 2)], [(3, 1)]]
    assert {(event.order_id, event.table_id, event.kind) for event in events} == {
        (bill["id"], bill["table_id"], "dine_in")
    }
    assert await bill_kit.refused(floor, bill, "fire") == "ordering.no_such_pieces"
    grown = await floor.done(
        "POST",
        f"/v1/orders/{bill['id']}/rounds",
        {"id": new_id(), "lines": [held("tea"), line("feast")]},
        floor.at("waiter"),
    )
    assert [each.line_no for each in the(await heard(floor), RoundAdded).fired] == [5]
    await floor.pay_cash(grown)
    assert the(await heard(floor), OrderPaid).fired == (), "the kitchen of a table knows it already"
    paid = await floor.seen(bill["id"])
    paid = await act(floor, paid, "fire", **pieces(l4=1))
    assert the(await heard(floor), LinesFired).lines[0].line_no == 4
    await floor.books_hold()


async def test_the_same_fire_twice_is_one_and_of_two_waiters_one_wins(floor: Floor) -> None:
    bill = await at_a_table(floor, held("noodles", 4))
    await heard(floor)
    path, by = f"/v1/orders/{bill['id']}/fire", floor.at("waiter")
    asked = {"id": new_id(), "version": bill["version"]} | pieces(l1=1)
    once = await floor.done("POST", path, asked, by)
    assert await floor.done("POST", path, asked, by) == once
    assert await floor.refuses("POST", path, asked | pieces(l1=2), by) == "request.id_taken"
    both = [{"id": new_id(), "version": once["version"]} | pieces(l1=n) for n in (1, 2, 3, 1)]
    said = spread(await asyncio.gather(*[floor.do("POST", path, each, by) for each in both]))
    assert said == {"done": 1, "ordering.changed": 3}
    answer = await floor.do("POST", path, both[0] | {"id": new_id()}, by)
    now = await floor.seen(bill["id"])
    assert answer.json()["facts"] == {"order_id": bill["id"], "version": now["version"]}
    assert sum(fired_by(await heard(floor)).values()) == 4 - of_line(now, 1)[2]


async def test_an_order_that_is_paid_first_is_fired_by_its_payment_once(floor: Floor) -> None:
    await heard(floor)
    await floor.bought(line("noodles", 2), held("tea"))
    [paid] = await heard(floor)
    assert [(each.line_no, each.qty) for each in paid.fired] == [(1, 2)], "placed and paid in one act is told once"
    waits = await floor.order(line("noodles", 2), held("tea", 2))
    assert fired_by(await heard(floor)) == {}
    waits = await act(floor, waits, "fire", **pieces(l2=1))
    assert await heard(floor) == [], "nothing is made before it is paid"
    await floor.pay_cash(waits)
    assert sorted(fired_by(await heard(floor)).values()) == [1, 2]
    early = await floor.order(line("noodles", 3))
    await floor.advance(early, "accepted")
    assert [*fired_by(await heard(floor)).values()] == [3], "the staff make it before it is paid"
    await floor.advance(early, "preparing")
    await floor.pay(await floor.seen(early["id"]))
    assert fired_by(await heard(floor)) == {}
    await floor.books_hold()


async def test_what_is_held_is_voided_by_any_waiter_and_is_on_sale_again(floor: Floor) -> None:
    await floor.portions("feast", 10)
    await floor.portions("tea", 30)
    bill = await at_a_table(floor, held("feast", 3), line("noodles"))
    await heard(floor)
    less = await act(floor, bill, "returns", floor.at("waiter"), reason="不要了", **pieces(l1=2))
    assert of_line(less, 1) == (1, 3, 1, 2, 0)
    assert less["due_fen"] == bill["due_fen"] - 2 * 8_800
    assert ((await floor.sold("feast"))[0], (await floor.sold("tea"))[0]) == (9, 28), "with the parts of the meal"
    [told] = the(await heard(floor), LinesReturned).lines
    assert (told.dish_id, told.qty, told.from_held, told.name) == (bill["lines"][0]["dish_id"], 2, True, "feast")
    assert await floor.db.execute("SELECT 1 FROM kernel_audit WHERE action = 'ordering.returned'") == []
    [row] = await floor.done("GET", f"/v1/orders/{bill['id']}/returns", None, floor.at("waiter"))
    assert (row["voided_qty"], row["returned_qty"], row["reason"], row["approved_by"]) == (2, 0, "不要了", None)
    for name in ("feast", "tea"):
        await floor.portions(name, None)
    await floor.books_hold()


async def test_what_was_fired_is_returned_with_an_approval_and_is_waste_unless_said(floor: Floor) -> None:
    await floor.portions("noodles", 10)
    bill = await at_a_table(floor, line("noodles", 4), line("tea"))
    await heard(floor)
    waiter, manager = floor.at("waiter"), floor.store.staff["store_manager"]
    assert await bill_kit.refused(floor, bill, "returns", waiter, reason="凉了", **pieces(l1=1)) == "auth.not_allowed"
    approval = {"staff_id": manager, "pin": "582931"}
    wrong = {"staff_id": manager, "pin": "118822"}
    assert (
        await bill_kit.refused(floor, bill, "returns", waiter, reason="凉了", approval=wrong, **pieces(l1=1))
        == "org.wrong_pin"
    )
    await floor.done("PUT", f"/v1/staff/{manager}/pin", {"pin": "582931"}, floor.at("hq_admin"))
    less = await act(floor, bill, "returns", waiter, reason="凉了", approval=approval, **pieces(l1=1))
    assert (of_line(less, 1), (await floor.sold("noodles"))[0]) == ((3, 4, 0, 0, 1), 6)
    assert less["due_fen"] == bill["due_fen"] - 2_800
    less = await act(floor, less, "returns", reason="没动过", restock=True, **pieces(l1=1))
    assert (of_line(less, 1), (await floor.sold("noodles"))[0]) == ((2, 4, 0, 0, 2), 7)
    notes = await floor.db.execute(
        "SELECT reason, facts FROM kernel_audit WHERE action = 'ordering.returned' ORDER BY id"
    )
    assert [reason for reason, _ in notes] == ["凉了", "没动过"]
    assert manager in notes[0][1]
    assert [each.lines[0].from_held for each in await heard(floor) if isinstance(each, LinesReturned)] == [False, False]
    await floor.pay_cash(less)
    await floor.books_hold()
    await floor.portions("noodles", None)


async def test_a_bill_from_which_all_is_returned_is_empty_and_grows_again(floor: Floor) -> None:
    bill = await at_a_table(floor, line("noodles", 2))
    bare = await act(floor, bill, "returns", reason="换桌", **pieces(l1=2))
    assert (bare["due_fen"], of_line(bare, 1)) == (0, (0, 2, 0, 0, 2))
    assert await bill_kit.refused(floor, bare, "returns", reason="再退", **pieces(l1=1)) == "ordering.no_such_pieces"
    path = f"/v1/orders/{bill['id']}"
    more = await floor.done("POST", f"{path}/rounds", {"id": new_id(), "lines": [line("tea")]}, floor.at("waiter"))
    paid = await floor.pay_cash(more)
    assert (paid["due_fen"], paid["pay_state"]) == (333, "paid")
    await floor.refund(paid)
    await floor.books_hold()


async def test_a_bill_with_coupon_or_points_on_it_is_opened_before_anything_is_taken_off(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    bill = await at_a_table(floor, held("noodles", 2), member=member)
    asked = {"version": bill["version"], "seen_due_fen": bill["due_fen"] - 500, "points": 500}
    billed = await floor.done("POST", f"/v1/orders/{bill['id']}/bill", asked, floor.by(member))
    assert await bill_kit.refused(floor, billed, "returns", reason="退", **pieces(l1=1)) == "ordering.bill_not_open"
    bare = await floor.done("POST", f"/v1/orders/{bill['id']}/open-again", None, floor.at("waiter"))
    await act(floor, bare, "returns", reason="退", **pieces(l1=1))
    await floor.books_hold()


async def test_two_waiters_never_overwrite_each_other(floor: Floor) -> None:
    bill = await at_a_table(floor, line("noodles", 9))
    path, by = f"/v1/orders/{bill['id']}/returns", floor.at("store_manager")
    asked = [{"id": new_id(), "version": bill["version"], "reason": "退", **pieces(l1=n)} for n in range(1, 7)]
    said = spread(await asyncio.gather(*[floor.do("POST", path, each, by) for each in asked]))
    assert said == {"done": 1, "ordering.changed": 5}
    await floor.books_hold()


async def wanted(floor: Floor, order: Any) -> list[tuple[str, int]]:
    """Return what the kitchen wants of an order still: dishes with their pieces."""
    await floor.hear()
    path = f"/v1/orders/{order['id']}/progress"
    shown = (await floor.done("GET", path, None, floor.at("waiter")))["dishes"]
    return sorted((each["name"], each["waiting"] + each["cooking"] + each["ready"] + each["served"]) for each in shown)


async def test_the_kitchen_leaves_what_comes_back_of_a_paid_order_and_what_is_held_goes_first(floor: Floor) -> None:
    order = await floor.order(held("noodles", 3), line("feast"), line("tea", 2))
    paid = await floor.pay_cash(order)
    paid = await act(floor, paid, "fire", **pieces(l1=2))
    assert await wanted(floor, order) == [("noodles", 1), ("noodles", 2), ("tea", 2), ("tea", 2)]
    await floor.refund(order, {1: 1})
    assert await wanted(floor, order) == [("noodles", 1), ("noodles", 2), ("tea", 2), ("tea", 2)], "one was held"
    assert await bill_kit.refused(floor, await floor.seen(order["id"]), "fire") == "ordering.no_such_pieces"
    await floor.refund(order, {1: 1, 2: 1})
    assert await wanted(floor, order) == [("noodles", 1), ("tea", 2)], "a set meal comes back with its parts"
    await floor.advance(order, "accepted", "preparing", "ready", "picked_up")
    await floor.refund(order, {3: 1})
    assert await wanted(floor, order) == [("noodles", 1), ("tea", 2)], "it was handed over"
    await floor.books_hold()
