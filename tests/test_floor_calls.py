"""Calls from tables: seen at once, answered once, cancelled, and only so often; a bill in shares that any phone of the table sees."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from goodtaste.floor.calls.calling import OFTEN
from goodtaste.kernel.ids import new_id
from tests.live_kit import kept_live, listening
from tests.seating_kit import Hall, Phone, a_hall
from tests.shop_kit import Floor, all_at_once, spread

CALLS = "/v1/seating/calls"


@pytest_asyncio.fixture(loop_scope="session")
async def hall(floor: Floor) -> Hall:
    """Give a store with tables at which parties sit down by a scan."""
    made = await a_hall(floor)
    await made.rules(diners_open=True)
    return made


async def calls(phone: Phone, kind: str = "water", **more: Any) -> Any:
    """Have a phone call."""
    return await phone.floor.done("POST", CALLS, {"id": new_id(), "kind": kind, **more}, phone.headers)


async def refused(phone: Phone, kind: str = "water") -> str:
    """Have a phone refused that calls."""
    return await phone.floor.refuses("POST", CALLS, {"id": new_id(), "kind": kind}, phone.headers)


async def waiting(hall: Hall) -> list[tuple[str, list[str]]]:
    """Return what tables wait for, oldest first."""
    found = await hall.floor.done("GET", f"/v1/stores/{hall.store.id}/calls", None, hall.waiter)
    return [(each["kind"], each["tables"]) for each in found]


async def answer(hall: Hall, call: Any) -> Any:
    """Have the waiter go to a table that called."""
    return await hall.floor.done("POST", f"/v1/calls/{call['id']}/answer", None, hall.waiter)


async def test_a_call_is_seen_with_its_table_and_answered_once(floor: Floor, hall: Hall) -> None:
    one, two = await hall.scan("B1"), await hall.scan("B2")
    water = await calls(one, note="两杯，温的")
    bill = await calls(two, "bill")
    assert await waiting(hall) == [("water", ["B1"]), ("bill", ["B2"])]
    for _ in range(2):
        assert (await answer(hall, water))["state"] == "answered"
    assert await waiting(hall) == [("bill", ["B2"])]
    assert await floor.refuses("POST", f"{CALLS}/{water['id']}/cancel", None, one.headers) == "floor.call_over"
    assert await floor.refuses("POST", f"{CALLS}/{bill['id']}/cancel", None, one.headers) == "floor.call_unknown"
    for _ in range(2):
        gone = await floor.done("POST", f"{CALLS}/{bill['id']}/cancel", None, two.headers)
        assert gone["state"] == "cancelled"
    assert await waiting(hall) == []
    [mine] = await floor.done("GET", CALLS, None, one.headers)
    assert (mine["note"], mine["state"]) == ("两杯，温的", "answered")
    assert await floor.refuses("POST", f"/v1/calls/{bill['id']}/answer", None, hall.waiter) == "floor.call_over"


async def test_a_table_calls_once_for_each_kind_until_somebody_comes(floor: Floor, hall: Hall) -> None:
    one = await hall.scan("B1")
    other = await hall.scan("B1")
    sent = [{"id": new_id(), "kind": "staff"} for _ in range(5)]
    answers = await all_at_once(
        [
            floor.do("POST", CALLS, body, who.headers)
            for body, who in zip(sent, [one, other, one, other, one], strict=True)
        ]
    )
    assert spread(answers) == {"done": 1, "floor.called_already": 4}
    await calls(other, "water")
    assert [kind for kind, _ in await waiting(hall)] == ["staff", "water"]


async def test_the_same_call_again_is_the_same_and_too_many_are_refused(floor: Floor, hall: Hall) -> None:
    phone = await hall.scan("B3")
    body = {"id": new_id(), "kind": "water"}
    made = await floor.done("POST", CALLS, body, phone.headers)
    assert await floor.done("POST", CALLS, body, phone.headers) == made
    assert await floor.refuses("POST", CALLS, body | {"kind": "bill"}, phone.headers) == "request.id_taken"
    await answer(hall, made)
    for _ in range(OFTEN - 1):
        await answer(hall, await calls(phone))
    assert await refused(phone) == "floor.called_too_often"
    floor.later(minutes=5)
    assert (await calls(phone))["state"] == "open"


async def test_a_call_goes_with_its_party_and_ends_with_it(floor: Floor, hall: Hall) -> None:
    phone = await hall.scan("B4")
    await calls(phone, "staff")
    await hall.does(phone.seating, "tables", {"table_ids": [hall.at["B5"]]}, method="PUT")
    assert await waiting(hall) == [("staff", ["B5"])]
    other = await hall.open("B6")
    await hall.does(other, "merge", {"from_id": phone.seating["id"]})
    assert await waiting(hall) == [("staff", ["B5", "B6"])]
    await hall.does(other, "close")
    assert await waiting(hall) == []
    assert await refused(phone) == "floor.seating_over"


@pytest.mark.long
async def test_screens_of_the_staff_show_a_call_as_it_comes(floor: Floor, hall: Hall) -> None:
    phone = await hall.scan("B1")
    async with kept_live(floor), listening(floor, f"/v1/stores/{hall.store.id}/calls/live", hall.waiter) as screen:
        await screen.until(lambda s: s.events)
        call = await calls(phone, "bill")
        name = f"call/{call['id']}"
        await screen.until(lambda s: name in s.shows)
        assert screen.shows[name]["tables"] == ["B1"]
        await answer(hall, call)
        await screen.until(lambda s: name not in s.shows)


async def test_a_phone_sees_the_bill_of_its_table_in_shares(floor: Floor, hall: Hall) -> None:
    one, two, stranger = await hall.scan("B1"), await hall.scan("B1"), await hall.scan("B2")
    sent = await one.orders("noodles")
    await two.orders("dumplings", "tea")
    path, order_id = "/v1/seating/shares", sent["order_id"]
    due = (await floor.seen(order_id))["due_fen"]

    async def amounts(**how: Any) -> list[int]:
        shown = await floor.done("POST", path, {"order_id": order_id, **how}, two.headers)
        assert sum(each["amount_fen"] for each in shown["shares"]) == shown["due_fen"] == due
        return [each["amount_fen"] for each in shown["shares"]]

    assert await amounts(ways=3) == [1_678, 1_677, 1_677]
    assert await amounts() == [2_800, 2_232]
    assert await amounts(lines=[2, 3]) == [2_232, 2_800]
    both = {"order_id": order_id, "ways": 2, "lines": [1]}
    assert await floor.refuses("POST", path, both, two.headers) == "request.malformed"
    theirs = {"order_id": order_id, "ways": 2}
    assert await floor.refuses("POST", path, theirs, stranger.headers) == "ordering.unknown"
