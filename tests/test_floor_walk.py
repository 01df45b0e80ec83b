"""Evenings at random: parties that come, order, move, merge, part, are served and pay, at once; nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests.member_kit import refused
from tests.seating_kit import Hall, Phone, a_hall
from tests.shop_kit import Floor, line

DISHES = ("noodles", "dumplings", "tea", "soup.small", "feast")
EXPECTED = {
    "floor.cart_changed", "floor.line_changed", "floor.line_sent", "floor.not_of_seating", "floor.not_so_many",
    "floor.nothing_to_hurry", "floor.hurried_already", "floor.other_store", "floor.seating_billed", "floor.seating_over",
    "floor.table_taken", "floor.too_much", "floor.unpaid", "floor.ticket_unknown", "ordering.bill_not_open",
    "ordering.changed", "ordering.no_such_pieces", "ordering.not_payable", "ordering.price_changed", "ordering.wrong_state",
    "floor.which_party", "floor.not_seated",
}  # fmt: skip

ACTS = {
    "open": 4, "scan": 5, "put": 4, "send": 12, "move": 3, "merge": 2, "part": 3, "transfer": 1, "take": 2, "fire": 4, "return": 4,
    "cook": 12, "hurry": 1, "billed": 1, "pay": 2, "close": 1, "hear": 3,
}  # fmt: skip


class Evening:
    """An evening in a hall: everybody does what they like."""

    def __init__(self, hall: Hall, seed: int) -> None:
        self.hall, self.floor, self.dice = hall, hall.floor, random.Random(seed)
        self.phones: list[Phone] = []
        self.cook = hall.floor.at("kitchen", hall.store)
        self.cashier = hall.floor.at("cashier", hall.store)
        self.said: Counter[str] = Counter()

    async def say(self, method: str, path: str, body: Any, by: Any) -> Any:
        """Send something, sometimes twice; what is refused is refused for a reason that is known."""
        answers = [await self.floor.do(method, path, body, by) for _ in range(2 if self.dice.random() < 0.2 else 1)]
        code = "done" if answers[0].status_code < 300 else refused(answers[0])
        assert code == "done" or code in EXPECTED, (path, answers[0].text)
        self.said[f"{path.rpartition('/')[2] if '/cart/' not in path else 'cart'}: {code}"] += 1
        return answers[0].json() if code == "done" else None

    async def tables(self) -> list[Any]:
        """Return the parties that sit somewhere."""
        shown = await self.hall.map()
        return [{"id": each} for each in sorted({party["id"] for at in shown.values() for party in at})]

    def labels(self, most: int = 2) -> list[str]:
        """Return some tables."""
        return self.dice.sample([*self.hall.codes], self.dice.randint(1, most))

    async def turn(self) -> None:
        """Do one thing."""
        parties = await self.tables()
        act = self.dice.choices([*ACTS], [*ACTS.values()])[0]
        if act == "hear":
            await self.floor.hear()
        elif act == "open" or not parties:
            asked = {"id": new_id(), "table_ids": self.labels(), "party": 2, "share": self.dice.random() < 0.3}
            await self.say("POST", f"/v1/stores/{self.hall.store.id}/seatings", asked, self.hall.waiter)
        elif act in ("scan", "put", "send", "hurry"):
            await self.phone(act)
        elif act == "cook":
            await self.cooks()
        elif act in ("fire", "return", "pay"):
            await self.bill(act, self.dice.choice(parties))
        else:
            await self.party(act, parties)

    async def phone(self, act: str) -> None:
        """Let a phone do something."""
        if act == "scan" or not self.phones:
            table, asked = (
                self.dice.choice([*self.hall.codes]),
                {"id": new_id(), "slot": self.dice.choice([None, 1, 2])},
            )
            path = f"/v1/tables/{self.hall.codes[table]}/scan"
            answer = await self.floor.do("POST", path, asked)
            if answer.status_code < 300:
                self.phones.append(Phone(self.hall, answer.json(), asked))
            else:
                assert refused(answer) in EXPECTED, answer.text
            return
        phone = self.dice.choice(self.phones)
        answer = await self.floor.do("GET", "/v1/seating", None, phone.headers)
        if answer.status_code != 200:
            assert refused(answer) == "floor.seating_over"
            self.phones.remove(phone)
        elif act == "hurry":
            await self.say("POST", "/v1/seating/hurry", None, phone.headers)
        else:
            await self.orders(phone, act)

    async def orders(self, phone: Phone, act: str) -> None:
        """Put dishes into the cart, and perhaps order what is in it."""
        for _ in range(self.dice.randint(1, 2)):
            choice = line(self.dice.choice(DISHES), self.dice.randint(1, 3)) | {"hold": self.dice.random() < 0.3}
            asked = {"version": 1, "choice": choice}
            await self.say("PUT", f"/v1/seating/cart/{new_id()}", asked, phone.headers)
        if act == "send":
            answer = await self.floor.do("GET", "/v1/seating", None, phone.headers)
            shown = answer.json()
            if answer.status_code == 200 and shown["cart"]:
                lines = [{"id": each["id"], "version": each["version"]} for each in shown["cart"]]
                due_fen = shown["quote"]["priced"]["due_fen"]
                asked = {"id": new_id(), "lines": lines, "seen_due_fen": due_fen}
                await self.say("POST", "/v1/seating/rounds", asked, phone.headers)

    async def cooks(self) -> None:
        """Let a cook do something with a dish or a ticket."""
        shown = await self.floor.done("GET", f"/v1/stores/{self.hall.store.id}/kitchen", None, self.cook)
        if not shown["tickets"]:
            await self.floor.hear()
            return
        ticket = self.dice.choice(shown["tickets"])
        asked: dict[str, Any] = {
            "id": new_id(),
            "what": self.dice.choice(["start", "bump", "bump", "recall", "serve", "unserve"]),
        }
        if self.dice.random() < 0.5:
            asked["ticket_id"] = ticket["id"]
        else:
            dish = self.dice.choice(ticket["dishes"])
            asked["pieces"] = [
                {"dish_id": dish["dish_id"], "order_id": dish["order_id"], "qty": self.dice.randint(1, 2)}
            ]
        await self.say("POST", f"/v1/stores/{self.hall.store.id}/kitchen/acts", asked, self.cook)

    async def bill(self, act: str, party: Any) -> None:
        """Do something with a bill of a party."""
        bills = (await self.hall.seen(party))["bills"]
        if not bills:
            return
        order = await self.floor.seen(self.dice.choice(bills)["id"])
        path = f"/v1/orders/{order['id']}"
        if act == "pay":
            asked = {"id": new_id(), "tendered_fen": order["due_fen"], "seen_due_fen": order["due_fen"]}
            await self.say("POST", f"{path}/cash", asked, self.cashier)
        elif act == "fire":
            await self.say("POST", f"{path}/fire", {"id": new_id(), "version": order["version"]}, self.hall.waiter)
        else:
            pieces = [{"line_no": self.dice.choice(order["lines"])["line_no"], "qty": 1}]
            asked = {"id": new_id(), "version": order["version"], "pieces": pieces, "reason": "不要了"}
            await self.say("POST", f"{path}/returns", asked, self.hall.manager)

    async def party(self, act: str, parties: list[Any]) -> None:
        """Do something with a party."""
        one = self.dice.choice(parties)
        seen = await self.hall.seen(one)
        path, waiter = f"/v1/seatings/{one['id']}", self.hall.waiter
        if act == "move":
            asked: dict[str, Any] = {"table_ids": self.labels(), "share": self.dice.random() < 0.3}
            await self.say("PUT", f"{path}/tables", asked, waiter)
        elif act == "merge":
            await self.say("POST", f"{path}/merge", {"from_id": self.dice.choice(parties)["id"]}, waiter)
        elif act == "part":
            orders = [each["id"] for each in seen["bills"] if self.dice.random() < 0.5]
            guests = [each["id"] for each in seen["guests"] if self.dice.random() < 0.5]
            asked = {"id": new_id(), "table_ids": self.labels(1), "party": 1, "order_ids": orders, "guest_ids": guests}
            await self.say("POST", f"{path}/parts", asked, waiter)
        elif act == "transfer":
            to = self.hall.store.staff[self.dice.choice(["waiter", "cashier"])]
            await self.say("POST", f"{path}/transfer", {"waiter_id": to, "reason": "换班"}, waiter)
        elif act == "take":
            bills = [each["id"] for other in parties for each in (await self.hall.seen(other))["bills"]]
            if bills:
                await self.say("POST", f"{path}/bills", {"order_id": self.dice.choice(bills)}, waiter)
        elif act == "billed":
            await self.say("POST", f"{path}/billed", {"billed": self.dice.random() < 0.3}, waiter)
        else:
            await self.say("POST", f"{path}/close", {}, waiter)

    async def ends(self) -> None:
        """Pay what is owed, and free every table."""
        await self.floor.hear()
        for party in await self.tables():
            for bill in (await self.hall.seen(party))["bills"]:
                if bill["pay_state"] == "unpaid" and bill["state"] != "cancelled":
                    await self.hall.pay(bill["id"])
            await self.hall.does(party, "close")


@pytest.mark.parametrize("seed", range(3))
async def test_an_evening_at_random_loses_and_doubles_nothing(floor: Floor, seed: int) -> None:
    hall = await a_hall(floor, "C1..C4")
    evenings = [Evening(hall, seed * 100 + n) for n in range(3)]

    async def goes(evening: Evening) -> None:
        for _ in range(70):
            await evening.turn()

    for evening in evenings[:1]:
        await goes(evening)
        await floor.books_hold()
    await asyncio.gather(*map(goes, evenings))
    await floor.books_hold()
    await evenings[0].ends()
    await floor.books_hold()
    assert all(parties == [] for parties in (await hall.map()).values())
    rows = await floor.db.execute(
        f"SELECT count(*) FROM floor_cart_line c JOIN floor_seating s ON s.id = c.seating_id"
        f" WHERE c.state = 'sent' AND s.store_id = '{hall.store.id}'"
    )
    lines = await floor.db.execute(
        f"SELECT count(*) FROM ordering_line l JOIN ordering_order o ON o.id = l.order_id WHERE o.store_id = '{hall.store.id}'"
    )
    assert rows == lines, "a line of a cart was ordered twice, or never"
    said = sum((each.said for each in evenings), Counter())
    assert {name for name in said if name.endswith("done")} >= {
        f"{each}: done" for each in ("rounds", "acts", "tables", "returns")
    }
