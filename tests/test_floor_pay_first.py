"""Tables that pay first: each round is an order of its own, paid before it is made, and the party stays until it leaves."""

from __future__ import annotations

from typing import Any

from goodtaste.kernel.ids import new_id
from tests.bill_kit import act, refused
from tests.seating_kit import Hall, a_hall
from tests.shop_kit import Floor, all_at_once, line, spread


async def a_first_hall(floor: Floor, **fees: Any) -> Hall:
    """Have a hall whose tables pay first."""
    hall = await a_hall(floor)
    await hall.pays("pay_first", **fees)
    return hall


async def kitchen(hall: Hall) -> list[tuple[str, str, int]]:
    """Return what waits in the kitchen: where it is wanted, what, and how many pieces."""
    await hall.floor.hear()
    by = hall.floor.at("kitchen", hall.store)
    shown = await hall.floor.done("GET", f"/v1/stores/{hall.store.id}/kitchen", None, by)
    return sorted(
        (each["label"], dish["name"], dish["waiting"]) for each in shown["tickets"] for dish in each["dishes"]
    )


def rounds(seating: Any) -> list[tuple[str, bool]]:
    """Return how each round of a party stands with its money."""
    return [(each["pay_state"], each["pay_first"]) for each in seating["bills"]]


async def test_each_round_is_paid_and_then_made_and_the_party_stays(floor: Floor) -> None:
    hall = await a_first_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    assert (await phone.looks())["pay_first"]
    first = await phone.orders("noodles")
    assert await kitchen(hall) == []
    assert await hall.refused(seating, "close") == "floor.unpaid"
    await hall.pay(first["order_id"])
    assert await kitchen(hall) == [("B1", "noodles", 1)]
    second = await phone.orders("tea", "dumplings")
    assert second["order_id"] != first["order_id"]
    assert rounds(await phone.looks()) == [("paid", True), ("unpaid", True)]
    assert len(await kitchen(hall)) == 1
    await hall.pay(second["order_id"])
    assert await kitchen(hall) == [("B1", "dumplings", 1), ("B1", "noodles", 1), ("B1", "tea", 1)]
    assert (await hall.seen(seating))["state"] == "open", "they may want more"
    assert (await hall.does(seating, "close"))["state"] == "closed"
    await floor.books_hold()


async def test_a_round_that_is_sent_again_is_the_same_order(floor: Floor) -> None:
    hall = await a_first_hall(floor)
    await hall.open("B1")
    phone = await hall.scan("B1")
    await phone.put(line("tea"))
    asked = await phone.sending()
    assert await phone.send(asked) == await phone.send(asked)
    assert len((await phone.looks())["bills"]) == 1


async def test_a_round_that_nobody_pays_runs_out_and_leaves_nothing_behind(floor: Floor) -> None:
    hall = await a_first_hall(floor, tea_fen=300)
    seating = await hall.open("B1", party=2)
    phone = await hall.scan("B1")
    left = await phone.orders("tea")
    assert (await floor.seen(left["order_id"]))["due_fen"] == 333 + 600
    await floor.wait(16 * 60)
    assert (await floor.seen(left["order_id"]))["state"] == "cancelled"
    assert await kitchen(hall) == []
    again = await phone.send()
    assert (await floor.seen(again["order_id"]))["due_fen"] == 333 + 600, "the seats are still to be paid for"
    more = await phone.orders("tea")
    assert (await floor.seen(more["order_id"]))["due_fen"] == 333
    for each in (again, more):
        await hall.pay(each["order_id"])
    await hall.does(seating, "close")
    await floor.books_hold()


async def test_the_dishes_of_a_round_that_nobody_paid_are_in_the_cart_again_once_and_whose_they_were(
    floor: Floor,
) -> None:
    hall = await a_first_hall(floor)
    await hall.open("B1")
    one, two = await hall.scan("B1"), await hall.scan("B1")
    noted = line("noodles", 2) | {"note": "不要葱"}
    await one.put(noted)
    await two.put(line("tea"))
    before = (await one.looks())["cart"]
    asked = await two.sending()
    await two.send(asked)
    await two.put(line("dumplings"))
    assert len((await one.looks())["cart"]) == 1
    await floor.wait(16 * 60)
    await floor.hear()
    cart = (await one.looks())["cart"]
    there = {each["id"]: each for each in cart}
    assert len(cart) == 3
    for each in before:
        back = there[each["id"]]
        assert {**back, "version": each["version"]} == each, "whose it was, with its note"
        assert back["version"] == each["version"] + 1
    sent = await two.send()
    assert (await floor.seen(sent["order_id"]))["lines"][0]["choice"]["note"] == "不要葱"
    assert await two.send(asked) == {
        "order_id": (await two.looks())["bills"][0]["id"],
        "line_ids": [each["id"] for each in before],
    }
    assert (await one.looks())["cart"] == [], "nothing comes twice"
    await hall.pay(sent["order_id"])
    called_off = await one.orders("tea")
    path = f"/v1/orders/{called_off['order_id']}/cancel"
    await floor.done("POST", path, {"reason": "不要了"}, hall.manager)
    await floor.hear()
    assert (await one.looks())["cart"] == [], "what was called off was not wanted"
    await floor.books_hold()


async def test_two_phones_that_order_at_once_pay_for_the_seats_once(floor: Floor) -> None:
    hall = await a_first_hall(floor, tea_fen=300)
    await hall.open("B1", party=2)
    phones = [await hall.scan("B1") for _ in range(2)]
    sends = []
    for phone in phones:
        put = await phone.put(line("tea"))
        seen = [{"id": put["id"], "version": put["version"]}]
        body = {"id": new_id(), "lines": seen, "seen_due_fen": 333 + 600}
        sends.append(floor.do("POST", "/v1/seating/rounds", body, phone.headers))
    assert spread(await all_at_once(sends)) == {"done": 1, "ordering.price_changed": 1}


async def test_an_order_keeps_how_it_began_whatever_its_store_says_later(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    bill = await phone.orders("noodles")
    await hall.pays("pay_first")
    round_ = await phone.orders("tea")
    assert rounds(await phone.looks()) == [("unpaid", False), ("unpaid", True)]
    assert await kitchen(hall) == [("B1", "noodles", 1)]
    await hall.pays("pay_after")
    assert (await phone.orders("dumplings"))["order_id"] == bill["order_id"], "a round is no bill that grows"
    assert await kitchen(hall) == [("B1", "dumplings", 1), ("B1", "noodles", 1)]
    for each in (round_, bill):
        await hall.pay(each["order_id"])
    assert (await hall.seen(seating))["state"] == "open"
    await floor.books_hold()


async def test_what_the_till_orders_for_such_a_table_waits_too_unless_the_staff_have_it_made(floor: Floor) -> None:
    hall = await a_first_hall(floor)
    await hall.open("B1")
    order = await hall.order("B1", "noodles")
    assert (order["pay_first"], await kitchen(hall)) == (True, [])
    by = floor.at("store_manager", hall.store)
    for to in ("accepted", "preparing"):
        await floor.done("POST", f"/v1/orders/{order['id']}/advance", {"to": to}, by)
    assert await kitchen(hall) == [("B1", "noodles", 1)]
    await floor.wait(16 * 60)
    await hall.pay(order["id"])
    assert await kitchen(hall) == [("B1", "noodles", 1)]
    await floor.books_hold()


async def test_a_round_is_not_split_or_merged(floor: Floor) -> None:
    hall = await a_first_hall(floor)
    await hall.open("B1")
    one, other = await hall.order("B1", "noodles", "tea"), await hall.order("B1", "tea")
    by = floor.at("store_manager", hall.store)
    off: dict[str, Any] = {"to_order_id": new_id(), "pieces": [{"line_no": 1, "qty": 1}]}
    assert await refused(floor, one, "moves", by, **off) == "ordering.bills_apart"
    onto = {"to_order_id": other["id"], "to_version": other["version"]}
    assert await refused(floor, one, "merge", by, **onto) == "ordering.bills_apart"


async def test_a_paid_round_that_is_opened_anew_is_a_bill_and_nothing_is_made_twice(floor: Floor) -> None:
    hall = await a_first_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    sent = await phone.orders("noodles", "tea")
    await hall.pay(sent["order_id"])
    order = await floor.seen(sent["order_id"])
    opened = await act(floor, order, "reopen", floor.at("store_manager", hall.store), reason="结错了")
    await floor.hear()
    assert [each["pay_first"] for each in (opened["closed"], opened["bill"])] == [True, False]
    assert await kitchen(hall) == [("B1", "noodles", 1), ("B1", "tea", 1)]
    assert (await phone.orders("dumplings"))["order_id"] != opened["bill"]["id"], "what is ordered now is paid first"
    assert await hall.refused(seating, "close") == "floor.unpaid"
    await floor.books_hold()


async def test_a_round_refunded_before_it_is_made_is_not_made(floor: Floor) -> None:
    hall = await a_first_hall(floor)
    await hall.open("B1")
    sent = await (await hall.scan("B1")).orders("tea")
    await hall.pay(sent["order_id"])
    by = floor.at("store_manager", hall.store)
    asked = {"id": new_id(), "reason": "不要了", "seen_amount_fen": 333}
    await floor.done("POST", f"/v1/orders/{sent['order_id']}/refunds", asked, by)
    assert await kitchen(hall) == []
    await floor.books_hold()


async def test_tables_that_pay_first_have_no_minimum(floor: Floor) -> None:
    hall = await a_first_hall(floor)
    asked = await hall.paying("pay_first", minimums=[{"table_fen": 10_000}])
    path, by = f"/v1/stores/{hall.store.id}", floor.at("hq_admin")
    assert await floor.refuses("PUT", path, asked, by) == "request.malformed"
    await floor.done("PUT", path, asked | {"tables_pay": "pay_after"}, by)
