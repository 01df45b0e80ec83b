"""Paying at the table: any phone of the party pays the bill or a part of it, and together they never bring more than is due."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests.seating_kit import Hall, Phone, a_hall
from tests.shop_kit import Floor, all_at_once, spread


@pytest.fixture
async def hall(floor: Floor) -> Hall:
    """Have a hall with a party of two phones at B1 and a stranger's at B2."""
    made = await a_hall(floor)
    for label in ("B1", "B2"):
        await made.open(label)
    return made


def path(order_id: str) -> str:
    """Return where a phone pays a bill of its table."""
    return f"/v1/seating/bills/{order_id}/payments"


def paying(bill: Any, amount_fen: int = 0, **more: Any) -> dict[str, Any]:
    """Return what a phone sends to pay of a bill, all of it unless it says how much."""
    due = bill["due_fen"]
    return {"payment_id": new_id(), "method": "wallet", "amount_fen": amount_fen or due, "seen_due_fen": due} | more


async def pays(phone: Phone, bill: Any, amount_fen: int = 0, *, diner: str = "00") -> Any:
    """Have a phone pay in its wallet, and let what it is told of arrive."""
    asked = paying(bill, amount_fen)
    begun = await phone.floor.done("POST", path(bill["id"]), asked, phone.headers)
    in_wallet(phone.floor, asked, diner)
    await phone.floor.wait(3)
    await phone.floor.hear()
    return begun


def in_wallet(floor: Floor, asked: dict[str, Any], diner: str = "00") -> None:
    """Let a diner do in the wallet's app what they do."""
    floor.providers["wallet"].books.pay(asked["payment_id"], diner, at=floor.now)


async def a_bill(phone: Phone, *names: str) -> Any:
    """Have a table order, and return its bill as the phone sees it."""
    await phone.orders(*names or ("noodles", "tea"))
    return (await phone.looks())["bills"][0]


async def test_the_phones_of_a_party_pay_their_bill_together_and_their_table_is_free(floor: Floor, hall: Hall) -> None:
    one, two, stranger = await hall.scan("B1"), await hall.scan("B1"), await hall.scan("B2")
    bill = await a_bill(one)
    assert bill["left_fen"] == bill["due_fen"] == 3_133
    assert await floor.refuses("POST", path(bill["id"]), paying(bill), stranger.headers) == "ordering.unknown"
    assert await floor.refuses("POST", path(bill["id"]), paying(bill), {}) == "floor.not_at_table"
    begun = await pays(two, bill, 1_000)
    assert (begun["payment"]["state"], begun["bill"]["left_fen"]) == ("pending", 2_133)
    assert begun["action"]["pay_url"]
    seen = (await one.looks())["bills"][0]
    assert (seen["pay_state"], seen["left_fen"]) == ("part_paid", 2_133)
    assert await floor.refuses("POST", path(bill["id"]), paying(bill), one.headers) == "payment.part_too_large"
    await pays(one, bill, 2_133)
    assert (await floor.seen(bill["id"]))["pay_state"] == "paid"
    assert (await hall.map())["B1"] == [], "what is paid is free"
    assert [each[:3] for each in await floor.payments(bill)] == [
        ("wallet", "succeeded", 1_000),
        ("wallet", "succeeded", 2_133),
    ]
    await floor.books_hold()


async def test_two_phones_that_pay_at_once_never_bring_more_than_is_due(floor: Floor, hall: Hall) -> None:
    phones = [await hall.scan("B1") for _ in range(4)]
    bill = await a_bill(phones[0])
    all_of_it = [paying(bill) for _ in phones]
    acts = [
        floor.do("POST", path(bill["id"]), asked, phone.headers) for asked, phone in zip(all_of_it, phones, strict=True)
    ]
    said = spread(await all_at_once(acts))
    assert said == {"done": 1, "payment.part_too_large": 3}
    [winner] = [each for each in all_of_it if each["payment_id"] in await begun_of(floor, bill)]
    in_wallet(floor, winner)
    await floor.wait(3)
    assert (await floor.seen(bill["id"]))["pay_state"] == "paid"
    await floor.books_hold()


async def begun_of(floor: Floor, bill: Any) -> set[str]:
    """Return the attempts to pay a bill."""
    shown = await floor.done("GET", f"/v1/orders/{bill['id']}/payments", None, floor.at("hq_admin"))
    return {each["id"] for each in shown}


async def test_a_phone_that_asks_again_is_told_the_same_when_its_table_is_free_too(floor: Floor, hall: Hall) -> None:
    one, two = await hall.scan("B1"), await hall.scan("B1")
    bill = await a_bill(one)
    asked = paying(bill)
    first = await floor.done("POST", path(bill["id"]), asked, one.headers)
    again = await floor.done("POST", path(bill["id"]), asked, one.headers)
    assert again == first
    assert await floor.refuses("POST", path(bill["id"]), asked | {"amount_fen": 1}, one.headers) == "request.id_taken"
    in_wallet(floor, asked)
    await floor.wait(3)
    await floor.hear()
    late = await floor.done("POST", path(bill["id"]), asked, one.headers)
    assert (late["payment"]["state"], late["bill"]["pay_state"]) == ("succeeded", "paid")
    assert await floor.refuses("POST", path(bill["id"]), asked, two.headers) == "floor.seating_over"
    assert len(await floor.payments(bill)) == 1


async def test_what_nobody_pays_in_time_is_left_again_and_late_money_goes_back(floor: Floor, hall: Hall) -> None:
    one, two = await hall.scan("B1"), await hall.scan("B1")
    bill = await a_bill(one)
    asked = paying(bill, 1_000)
    await floor.done("POST", path(bill["id"]), asked, one.headers)
    in_wallet(floor, asked, "16")  # pays after it was closed, and nobody is told
    await floor.wait(6 * 60)
    assert (await two.looks())["bills"][0]["left_fen"] == bill["due_fen"]
    more = paying(bill, seen_due_fen=bill["due_fen"] - 1)
    assert await floor.refuses("POST", path(bill["id"]), more, two.headers) == "ordering.price_changed"
    await pays(two, bill)
    assert (await floor.seen(bill["id"]))["pay_state"] == "paid"
    await floor.wait(2 * 86_400)
    found = {amount: back for _, _, amount, back in await floor.payments(bill)}
    assert found == {1_000: 1_000, bill["due_fen"]: 0}, "what came late went back"
    await floor.books_hold()


async def test_a_bill_that_is_paid_at_the_till_or_taken_elsewhere_is_refused(floor: Floor, hall: Hall) -> None:
    one = await hall.scan("B1")
    bill = await a_bill(one)
    await floor.done("POST", "/v1/seating/calls", {"id": new_id(), "kind": "bill"}, one.headers)
    await hall.rules(close_when_paid=False)
    await hall.pay(bill["id"])
    assert await floor.refuses("POST", path(bill["id"]), paying(bill), one.headers) == "ordering.not_payable"
    await hall.pays("pay_first")
    round_ = (await one.orders("tea"))["order_id"]
    seen = next(each for each in (await one.looks())["bills"] if each["id"] == round_)
    await pays(one, seen)
    assert (await floor.seen(round_))["pay_state"] == "paid", "a round that is paid first too"
    await floor.books_hold()
