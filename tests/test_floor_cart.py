"""The shared cart: phones that change it at once, late and twice see the same in the end, and order each line once."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests.seating_kit import Phone, a_hall
from tests.shop_kit import Floor, line, spread, the


async def test_everybody_sees_one_cart_with_who_wants_what(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    a, b = await hall.scan("B1", name="阿一"), await hall.scan("B1", name="阿二")
    mine = await a.put(line("noodles"))
    await b.put(line("tea", 2))
    changed = await b.put(line("noodles", 2), line_id=mine["id"], version=2)
    assert changed["guest_id"] == a.id, "who wanted it stays"
    shown = await a.looks()
    assert shown == await b.looks()
    assert [(each["guest_id"], each["name"], each["choice"]["qty"]) for each in shown["cart"]] == [
        (a.id, "noodles·mild", 2),
        (b.id, "tea", 2),
    ]
    assert shown["quote"]["priced"]["due_fen"] == 2 * 2_800 + 2 * 333
    await a.put(None, line_id=mine["id"], version=3)
    assert [each["name"] for each in (await b.looks())["cart"]] == ["tea"]


async def test_a_line_that_two_change_at_once_is_what_the_first_made_it(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    phones = [await hall.scan("B1") for _ in range(4)]
    made = await phones[0].put(line("tea"))
    path = f"/v1/seating/cart/{made['id']}"
    acts = [
        floor.do("PUT", path, {"version": 2, "choice": line("tea", n + 2)}, phone.headers)
        for n, phone in enumerate(phones)
    ]
    assert spread(await asyncio.gather(*acts)) == {"done": 1, "floor.line_changed": 3}


async def test_what_comes_late_is_passed_over(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    phone, line_id = await hall.scan("B1"), new_id()
    gone = await phone.put(None, line_id=line_id, version=2)
    assert await phone.put(line("tea"), line_id=line_id, version=1) == gone, "it was taken out before it came"
    assert await phone.put(None, line_id=line_id, version=2) == gone
    made = await phone.put(line("tea"))
    changed = await phone.put(line("tea", 3), line_id=made["id"], version=3)
    assert await phone.put(line("tea", 2), line_id=made["id"], version=2) == changed
    assert [each["choice"]["qty"] for each in (await phone.looks())["cart"]] == [3]


async def test_what_is_not_on_the_menu_is_not_put_in_and_what_left_it_says_so(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    phone = await hall.scan("B1")
    assert await phone.put_refused({"sku_id": new_id(), "qty": 1}) == "menu.not_on_menu"
    assert await phone.put_refused(line("noodles") | {"options": []}) == "menu.bad_choice"
    await phone.put(line("dumplings"))
    await phone.put(line("tea"))
    switch, by = f"/v1/menu/dishes/{the('dish/tea')}/switch", floor.at("hq_admin")
    await floor.done("POST", switch, {"on_sale": False, "reason": "停"}, by)
    try:
        shown = await phone.looks()
        assert [(each["name"], each["fault"]) for each in shown["cart"]] == [
            ("dumplings", None),
            ("", "menu.not_on_menu"),
        ]
        assert shown["quote"]["priced"]["due_fen"] == 1_899
        asked = {
            "id": new_id(),
            "lines": [{"id": each["id"], "version": 1} for each in shown["cart"]],
            "seen_due_fen": 1_899,
        }
        assert await floor.refuses("POST", "/v1/seating/rounds", asked, phone.headers) == "menu.not_on_menu"
    finally:
        await floor.done("POST", switch, {"on_sale": True, "reason": "卖"}, by)
    assert len((await phone.looks())["cart"]) == 2, "nothing was ordered"


async def test_two_phones_that_order_at_once_order_each_line_once(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phones = [await hall.scan("B1") for _ in range(8)]
    for n, phone in enumerate(phones):
        await phone.put(line("tea", n + 1))
    sent = [(phone, await phone.sending()) for phone in phones]
    acts = [floor.do("POST", "/v1/seating/rounds", asked, phone.headers) for phone, asked in sent for _ in range(2)]
    answers = await asyncio.gather(*acts)
    assert spread(answers) == {"done": 2, "floor.cart_changed": 14}, "a phone's second try is its first"
    done = [each.json() for each in answers if each.status_code == 200]
    assert done[0] == done[1]
    [bill] = (await hall.seen(seating))["bills"]
    assert sorted(each["qty"] for each in bill["lines"]) == [*range(1, 9)]
    assert (await phones[0].looks())["cart"] == []
    asked = sent[0][1]
    assert await phones[0].put_refused(line("tea", 5), line_id=asked["lines"][0]["id"], version=2) == "floor.line_sent"
    await floor.books_hold()


async def test_an_order_is_of_the_price_that_was_seen(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    phone = await hall.scan("B1")
    await phone.put(line("tea"))
    asked = await phone.sending()
    answer = await floor.do("POST", "/v1/seating/rounds", asked | {"seen_due_fen": 1}, phone.headers)
    assert (answer.json()["code"], answer.json()["facts"]["due_fen"]) == ("ordering.price_changed", 333)
    sent = await phone.send(asked)
    assert await phone.send(asked) == sent
    other = asked | {"note": "少冰"}
    assert await floor.refuses("POST", "/v1/seating/rounds", other, phone.headers) == "request.id_taken"
    await phone.put(line("soup.small"))
    again = await phone.sending()
    assert again["seen_due_fen"] == 1_500
    second = await phone.send(again)
    assert second["order_id"] == sent["order_id"]
    assert await phone.send(again) == second
    assert await phone.send(asked) == sent, "a round that was sent long ago is still known"


async def test_a_table_of_a_member_has_the_prices_of_members(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    guest, member = await hall.scan("B1"), await floor.a_member()
    await hall.scan("B1", member=member)
    await guest.put(line("noodles"))
    assert [each["unit_fen"] for each in (await guest.looks())["cart"]] == [2_500]
    bill = await guest.send()
    assert (await floor.seen(bill["order_id"]))["member_id"] == member.id
    assert (await guest.looks())["guests"][1]["is_member"] is True


async def test_a_sold_out_dish_is_not_ordered_and_stays_in_the_cart(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    phone = await hall.scan("B1")
    await floor.portions("tea", 1, hall.store)
    await phone.put(line("tea", 2))
    asked = await phone.sending()
    assert await floor.refuses("POST", "/v1/seating/rounds", asked, phone.headers) == "menu.sold_out"
    assert len((await phone.looks())["cart"]) == 1
    await floor.books_hold()


class Walker:
    """A phone that changes the cart at random, over a line that loses answers, repeats and delays what is sent."""

    def __init__(self, phone: Phone, dice: random.Random) -> None:
        self.phone, self.dice = phone, dice
        self.late: list[tuple[str, Any]] = []

    async def turn(self) -> None:
        """Do one thing."""
        shown = (await self.phone.looks())["cart"]
        act = self.dice.random()
        if act < 0.45 or not shown:
            await self._say(new_id(), {"version": 1, "choice": line(self.dice.choice(["tea", "dumplings"]))})
        elif act < 0.65:
            known = self.dice.choice(shown)
            choice = {"sku_id": known["choice"]["sku_id"], "qty": self.dice.randint(1, 9)}
            await self._say(known["id"], {"version": known["version"] + 1, "choice": choice})
        elif act < 0.75:
            known = self.dice.choice(shown)
            await self._say(known["id"], {"version": known["version"] + 1, "choice": None})
        else:
            asked = await self.phone.sending()
            for _ in range(self.dice.randint(1, 2) if asked["lines"] else 0):
                await self.phone.floor.do("POST", "/v1/seating/rounds", asked, self.phone.headers)

    async def _say(self, line_id: str, asked: Any) -> None:
        path = f"/v1/seating/cart/{line_id}"
        if self.dice.random() < 0.3:
            self.late.append((path, asked))
        else:
            await self.phone.floor.do("PUT", path, asked, self.phone.headers)
        if self.late and self.dice.random() < 0.5:
            path, asked = self.late[self.dice.randrange(len(self.late))]  # again, or out of order
            await self.phone.floor.do("PUT", path, asked, self.phone.headers)


@pytest.mark.parametrize("seed", range(2))
async def test_eight_phones_at_random_see_one_cart_and_order_each_line_once(floor: Floor, seed: int) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    walkers = [Walker(await hall.scan("B1"), random.Random(f"{seed}/{n}")) for n in range(8)]

    async def walk(each: Walker) -> None:
        for _ in range(12):
            await each.turn()

    await asyncio.gather(*map(walk, walkers))
    views = [await each.phone.looks() for each in walkers]
    assert all(each == views[0] for each in views)
    rows = await floor.db.execute(
        f"SELECT choice FROM floor_cart_line WHERE seating_id = '{seating['id']}' AND state = 'sent'"
    )
    ordered = [each for bill in (await hall.seen(seating))["bills"] for each in bill["lines"]]
    assert len(rows) == len(ordered) > 0, "a line was ordered twice, or never"
    wanted = sorted(int(text.partition('"qty":')[2].split(",")[0].rstrip("}")) for (text,) in rows)
    assert wanted == sorted(each["qty"] for each in ordered)
    await floor.books_hold()
