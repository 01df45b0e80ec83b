"""Seatings: who sits where, what the code on the table opens, and what moves with a party."""

from __future__ import annotations

import asyncio
from typing import Any

from goodtaste.events.ordering import LinesMoved
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import tell
from tests.seating_kit import Hall, a_hall
from tests.shop import write
from tests.shop_kit import Floor, line, spread


async def test_a_party_is_seated_orders_pays_and_its_table_is_free(floor: Floor) -> None:
    hall = await a_hall(floor)
    asked = hall.opening("B1", "B2", party=5)
    path = f"/v1/stores/{hall.store.id}/seatings"
    seating = await floor.done("POST", path, asked, hall.waiter)
    assert await floor.done("POST", path, asked, hall.waiter) == seating, "the same id again is the same seating"
    assert await floor.refuses("POST", path, asked | {"party": 6}, hall.waiter) == "request.id_taken"
    assert (seating["tables"], seating["party"], seating["state"]) == (["B1", "B2"], 5, "open")
    assert seating["waiter_id"] == hall.store.staff["waiter"]
    phone = await hall.scan("B2", name="小好")
    bill = await phone.orders("noodles", "tea")
    more = await phone.orders("dumplings")
    assert more["order_id"] == bill["order_id"], "what comes later is a round of the same bill"
    seen = await floor.seen(bill["order_id"])
    assert [(each["round"], each["sku_id"]) for each in seen["lines"]] == [
        (1, seen["lines"][0]["sku_id"]), (1, seen["lines"][1]["sku_id"]), (2, seen["lines"][2]["sku_id"]),
    ]  # fmt: skip
    assert (await hall.map())["B1"][0]["due_fen"] == seen["due_fen"] == 2_800 + 333 + 1_899
    assert await hall.refused(seating, "close") == "floor.unpaid"
    await hall.pay(bill["order_id"])
    assert (await hall.map())["B1"] == [] == (await hall.map())["B2"]
    assert (await hall.seen(seating))["state"] == "closed"
    assert await floor.refuses("GET", "/v1/seating", None, phone.headers) == "floor.seating_over"
    assert await phone.put_refused(line("tea")) == "floor.seating_over"
    await floor.books_hold()


async def test_the_code_on_the_table_opens_nothing_by_itself(floor: Floor) -> None:
    hall = await a_hall(floor)
    assert await hall.scan_refused("B1") == "floor.not_seated"
    assert await floor.refuses("GET", "/v1/seating", None, {}) == "floor.not_at_table"
    await hall.rules(diners_open=True)
    phones = await asyncio.gather(*(hall.scan("B1", name=f"{n}") for n in range(8)))
    assert len({each.seating["id"] for each in phones}) == 1, "phones that scan at once sit together"
    shown = await phones[0].looks()
    assert len(shown["guests"]) == 8
    token = phones[0].headers["seating-token"]
    for forged in (token[:-1] + ("0" if token[-1] != "0" else "1"), token.replace(".0.", ".1."), "x", token + "."):
        assert await floor.refuses("GET", "/v1/seating", None, {"seating-token": forged}) == "floor.not_at_table"
    await floor.books_hold()


async def test_a_token_dies_with_the_seating_and_the_next_party_does_not_see_the_last(floor: Floor) -> None:
    hall = await a_hall(floor)
    first = await hall.open("B1")
    old = await hall.scan("B1")
    await old.put(line("tea"))
    await hall.does(first, "close")
    await hall.open("B1")
    new = await hall.scan("B1")
    assert (await new.looks())["cart"] == []
    assert await floor.refuses("GET", "/v1/seating", None, old.headers) == "floor.seating_over"
    path = f"/v1/tables/{hall.codes[hall.at['B1']]}/scan"
    assert await floor.refuses("POST", path, old.asked) == "floor.seating_over"
    again = await floor.done("POST", path, new.asked)
    assert again["token"] == new.headers["seating-token"]


async def test_tokens_taken_away_are_given_to_who_scans_again(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    await hall.does(seating, "new-tokens", {"reason": "有人拍了码"})
    assert await floor.refuses("GET", "/v1/seating", None, phone.headers) == "floor.seating_over"
    joined = await floor.done("POST", f"/v1/tables/{hall.codes[hall.at['B1']]}/scan", phone.asked)
    assert (await floor.done("GET", "/v1/seating", None, {"seating-token": joined["token"]}))["id"] == seating["id"]


async def test_two_waiters_cannot_seat_two_parties_at_one_table(floor: Floor) -> None:
    hall = await a_hall(floor)
    path = f"/v1/stores/{hall.store.id}/seatings"
    acts = [floor.do("POST", path, hall.opening("B1"), hall.waiter) for _ in range(8)]
    assert spread(await asyncio.gather(*acts)) == {"done": 1, "floor.table_taken": 7}
    shared = await hall.open("B1", share=True)
    assert await floor.refuses("POST", path, hall.opening("B1", share=True), hall.waiter) == "floor.table_taken"
    assert [each["slot"] for each in (await hall.map())["B1"]] == [1, 2]
    assert await hall.scan_refused("B1") == "floor.which_party"
    assert (await hall.scan("B1", slot=2)).seating["id"] == shared["id"]


async def test_a_party_moves_with_its_bill_and_its_phones(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    bill = await phone.orders("noodles")
    await phone.put(line("tea"))
    other = await hall.open("B3")
    assert await hall.refused(seating, "tables", {"table_ids": [hall.at["B3"]]}, method="PUT") == "floor.table_taken"
    asked = {"table_ids": [hall.at["B2"], hall.at["B4"]], "reason": "要靠窗"}
    moved = await hall.does(seating, "tables", asked, method="PUT")
    assert moved["tables"] == ["B2", "B4"]
    assert await hall.does(seating, "tables", asked, method="PUT") == moved
    assert (await hall.map())["B1"] == []
    assert (await floor.seen(bill["order_id"]))["table_id"] == hall.at["B2"]
    assert [each["name"] for each in (await phone.looks())["cart"]] == ["tea"]
    await hall.does(seating, "tables", {"table_ids": [hall.at["B3"]], "share": True}, method="PUT")
    assert [each["id"] for each in (await hall.map())["B3"]] == [other["id"], seating["id"]]
    await floor.books_hold()


async def test_parties_are_merged_with_everything_they_have(floor: Floor) -> None:
    hall = await a_hall(floor)
    one, other = await hall.open("B1", party=2), await hall.open("B2", party=3)
    a, b = await hall.scan("B1"), await hall.scan("B2")
    bills = [await a.orders("noodles"), await b.orders("dumplings")]
    await b.put(line("tea"))
    merged = await hall.does(one, "merge", {"from_id": other["id"], "reason": "一起坐"})
    assert await hall.does(one, "merge", {"from_id": other["id"]}) == merged
    assert (merged["party"], sorted(merged["tables"]), len(merged["guests"])) == (5, ["B1", "B2"], 2)
    assert {each["id"] for each in merged["bills"]} == {each["order_id"] for each in bills}
    assert [each["name"] for each in (await b.looks())["cart"]] == ["tea"], "a phone's token goes on"
    assert (await hall.seen(other))["state"] == "closed"
    assert await hall.refused(one, "merge", {"from_id": one["id"]}) == "floor.other_store"
    [tea] = (await b.looks())["cart"]
    await b.put(None, line_id=tea["id"], version=2)
    await hall.pay(bills[0]["order_id"])
    assert (await hall.seen(one))["state"] == "open", "one bill is still owed"
    await hall.pay(bills[1]["order_id"])
    assert (await hall.seen(one))["state"] == "closed"
    await floor.books_hold()


async def test_a_part_of_a_party_goes_with_its_bill(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1", "B2", party=6)
    stays, goes = await hall.scan("B1"), await hall.scan("B2")
    first = await stays.orders("noodles")
    second = await hall.order("B2", "tea")
    await floor.hear()
    assert len((await hall.seen(seating))["bills"]) == 2, "an order that the staff placed for the table is a bill of it"
    await goes.put(line("dumplings"))
    asked = {"id": new_id(), "table_ids": [hall.at["B2"], hall.at["B5"]], "party": 2,
             "order_ids": [second["id"]], "guest_ids": [goes.id]}  # fmt: skip
    apart = await hall.does(seating, "parts", asked)
    assert await hall.does(seating, "parts", asked) == apart
    assert (sorted(apart["tables"]), [each["id"] for each in apart["bills"]]) == (["B2", "B5"], [second["id"]])
    left = await hall.seen(seating)
    assert (left["party"], left["tables"], [each["id"] for each in left["bills"]]) == (4, ["B1"], [first["order_id"]])
    assert [each["name"] for each in (await goes.looks())["cart"]] == ["dumplings"]
    assert (await stays.looks())["cart"] == []
    whole = {"id": new_id(), "table_ids": [hall.at["B1"]], "party": 1}
    assert await hall.refused(seating, "parts", whole) == "floor.too_much"
    stray = {"id": new_id(), "table_ids": [hall.at["B6"]], "party": 1, "order_ids": [second["id"]]}
    assert await hall.refused(seating, "parts", stray) == "floor.not_of_seating"
    stray = {"id": new_id(), "table_ids": [hall.at["B6"]], "party": 1, "guest_ids": [goes.id]}
    assert await hall.refused(seating, "parts", stray) == "floor.not_of_seating"
    back = await hall.does(seating, "bills", {"order_id": second["id"]})
    assert len(back["bills"]) == 2
    await floor.books_hold()


async def test_a_waiter_hands_a_party_over_and_it_is_written_down(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    to = hall.store.staff["cashier"]
    given = await hall.does(seating, "transfer", {"waiter_id": to, "reason": "交班"})
    assert given["waiter_id"] == to
    kitchen = {"waiter_id": hall.store.staff["kitchen"], "reason": "交班"}
    assert await hall.refused(seating, "transfer", kitchen) == "floor.waiter_unknown"
    elsewhere = {"waiter_id": floor.store.staff["waiter"], "reason": "交班"}
    assert await hall.refused(seating, "transfer", elsewhere) == "floor.waiter_unknown"
    [found] = await floor.db.execute(
        f"SELECT actor_id, reason FROM kernel_audit WHERE action = 'floor.transferred' AND subject = 'seating/{seating['id']}'"
    )
    assert tuple(found) == (hall.store.staff["waiter"], "交班")


async def test_while_the_bill_is_settled_no_phone_orders(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    await phone.put(line("tea"))
    asked = await phone.sending()
    await hall.does(seating, "billed", {"billed": True})
    assert await floor.refuses("POST", "/v1/seating/rounds", asked, phone.headers) == "floor.seating_billed"
    await hall.does(seating, "billed", {"billed": False})
    await phone.send(asked)


async def test_a_table_is_not_closed_while_a_bill_is_on_its_way_to_it(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    await hall.order("B1", "tea")
    assert await hall.refused(seating, "close") == "floor.unpaid", "before its event was heard"
    await floor.hear()
    assert await hall.refused(seating, "close") == "floor.unpaid"


async def test_a_store_may_keep_tables_until_somebody_closes_them(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.rules(close_when_paid=False)
    seating = await hall.open("B1")
    bill = await (await hall.scan("B1")).orders("tea")
    await hall.pay(bill["order_id"])
    assert (await hall.seen(seating))["state"] == "open"
    closed = await hall.does(seating, "close", {"reason": "客人走了"})
    assert (closed["state"], closed["tables"]) == ("closed", [])
    assert await hall.does(seating, "close") == closed


async def test_a_table_stays_while_somebody_chooses_or_a_bill_is_on_its_way(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    first = await phone.orders("tea")
    await phone.put(line("dumplings"))
    await hall.pay(first["order_id"])
    assert (await hall.seen(seating))["state"] == "open", "dessert is in the cart"
    second = await phone.send()
    stray = await hall.order("B1", "tea")  # told, and not heard of yet
    order = await floor.seen(second["order_id"])
    asked = {"id": new_id(), "tendered_fen": order["due_fen"], "seen_due_fen": order["due_fen"]}
    await floor.done("POST", f"/v1/orders/{order['id']}/cash", asked, floor.at("cashier", hall.store))
    await floor.hear()
    assert (await hall.seen(seating))["state"] == "open"
    await hall.pay(stray["id"])
    assert (await hall.seen(seating))["state"] == "closed"


async def test_a_bill_that_was_split_off_is_the_same_partys(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    first = await (await hall.scan("B1")).orders("tea")
    elsewhere = await floor.order(line("tea"))
    who = {"from_order_id": first["order_id"], "to_order_id": elsewhere["id"], "stream": first["order_id"]}
    told = LinesMoved(**who, store_id=hall.store.id, table_id=hall.at["B1"], lines=[])
    for _ in range(2):
        await floor.db.run(write(tell(told, at=floor.now)))
        await floor.hear()
    bills = (await hall.seen(seating))["bills"]
    assert sorted(each["id"] for each in bills) == sorted([first["order_id"], elsewhere["id"]])
    assert await hall.refused(seating, "close") == "floor.unpaid"


async def test_people_of_another_store_touch_nothing(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    by = floor.at("waiter")
    for what, asked in (("close", {}), ("merge", {"from_id": new_id()}), ("billed", {"billed": True})):
        assert await floor.refuses("POST", f"/v1/seatings/{seating['id']}/{what}", asked, by) == "auth.not_allowed"
    assert await floor.refuses("GET", f"/v1/seatings/{new_id()}", None, by) == "floor.seating_unknown"
    foreign: dict[str, Any] = {"id": new_id(), "table_ids": [hall.at["B2"]], "party": 2}
    assert await floor.refuses("POST", f"/v1/stores/{floor.store.id}/seatings", foreign, by) == "org.table_unknown"


async def _busy(hall: Hall) -> None:
    """Move one party between two tables, back and forth, from many sides at once."""
    seating = await hall.open("B1")
    path = f"/v1/seatings/{seating['id']}/tables"
    acts = [
        hall.floor.do("PUT", path, {"table_ids": [hall.at["B2" if n % 2 else "B3"]]}, hall.waiter) for n in range(12)
    ]
    assert spread(await asyncio.gather(*acts)) == {"done": 12}
    shown = await hall.map()
    assert len(shown["B2"]) + len(shown["B3"]) == 1
    assert shown["B1"] == []


async def test_a_party_that_is_moved_by_many_sits_once(floor: Floor) -> None:
    await _busy(await a_hall(floor))
    await floor.books_hold()
