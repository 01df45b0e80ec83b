"""Evenings at random: parties that come, order, move, merge, part, split their bills, are served and pay, at once.

After each step the pieces that were ordered, what people took off, and the money are held against what was asked for and done: nothing is
lost or doubled.  GOODTASTE_FLOOR_STEPS makes evenings longer (default 40), GOODTASTE_WALK_SEED makes them others.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests.member_kit import refused
from tests.seating_kit import Hall, Phone, a_hall
from tests.shop_kit import Floor, Member, line

STEPS = int(os.environ.get("GOODTASTE_FLOOR_STEPS", "40"))
SEED = int(os.environ.get("GOODTASTE_WALK_SEED", "0"))
DISHES = ("noodles", "dumplings", "tea", "soup.small", "feast")
EXPECTED = {
    "floor.cart_changed", "floor.line_changed", "floor.line_sent", "floor.not_of_seating", "floor.not_so_many",
    "floor.nothing_to_hurry", "floor.hurried_already", "floor.other_store", "floor.seating_billed", "floor.seating_over",
    "floor.table_taken", "floor.too_much", "floor.unpaid", "floor.ticket_unknown", "ordering.bill_not_open",
    "ordering.changed", "ordering.no_such_pieces", "ordering.not_payable", "ordering.price_changed", "ordering.wrong_state",
    "floor.which_party", "floor.not_seated", "floor.seating_changed",
    "ordering.bad_discount", "ordering.bills_apart", "ordering.has_discount", "ordering.has_parts",
    "ordering.party_too_small", "ordering.would_be_empty", "payment.part_too_large", "payment.too_many_parts", "payment.under_way",
    "payment.already_paid", "ordering.unknown",
}  # fmt: skip

ACTS = {
    "open": 3, "scan": 5, "put": 2, "send": 12, "move": 2, "merge": 2, "part": 2, "transfer": 1, "take": 2, "fire": 3, "return": 4,
    "cook": 8, "hurry": 1, "billed": 1, "pay": 1, "close": 1, "hear": 3,
    "split": 8, "join": 5, "share": 1, "take_off": 6, "undo": 4, "pay_part": 4, "take_back": 8, "pay_at_table": 3, "whose": 3,
}  # fmt: skip


BILL_ACTS = (
    "fire",
    "return",
    "pay",
    "split",
    "join",
    "share",
    "take_off",
    "undo",
    "pay_part",
    "take_back",
    "pay_at_table",
    "whose",
)
IN_HALL = "o.store_id = '{store}'"
SENT = (
    "SELECT c.choice FROM floor_cart_line c JOIN floor_seating o ON o.id = c.seating_id"
    f" WHERE c.state = 'sent' AND {IN_HALL}"
)
ORDERED = f"SELECT sum(l.ordered_qty) FROM ordering_line l JOIN ordering_order o ON o.id = l.order_id WHERE {IN_HALL}"
ORDERS = (
    "SELECT o.id, o.state, o.pay_state, o.due_fen, o.hand_fen, o.reasons, coalesce(s.captured_fen, 0), coalesce(s.pending_fen, 0)"
    f" FROM ordering_order o LEFT JOIN payment_split s ON s.order_id = o.id WHERE {IN_HALL}"
)
TAKEN_OFF = (
    "SELECT d.id, d.order_id, d.kind FROM ordering_discount d JOIN ordering_order o ON o.id = d.order_id"
    f" WHERE d.ended_at IS NULL AND {IN_HALL}"
)
MONEY = (
    "SELECT p.id, p.order_id, p.state, p.amount_fen, p.refunded_fen, p.part_of FROM payment_payment p"
    f" JOIN ordering_order o ON o.id = p.order_id WHERE {IN_HALL}"
)


class Books:
    """What was done in a hall as those who did it know: what people took off, and the payments they made."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.taken_off: set[str] = set()
        self.ended: set[str] = set()
        self.paid: set[str] = set()
        self.back: set[str] = set()

    async def rows(self, what: str) -> Any:
        """Read of the hall's store."""
        return await self.hall.floor.db.execute(what.format(store=self.hall.store.id))

    async def hold(self) -> None:
        """Hold what was done against what is written: pieces, what was taken off, and money."""
        sent = sum(json.loads(choice)["qty"] for (choice,) in await self.rows(SENT))
        [(ordered,)] = await self.rows(ORDERED)
        assert (ordered or 0) == sent, "a piece was lost or doubled"
        bills = {str(row[0]): row[1:] for row in await self.rows(ORDERS)}
        live, shares = dict[str, str](), Counter[str]()
        for discount, bill, kind in await self.rows(TAKEN_OFF):
            live[str(discount)] = str(bill)
            shares[str(bill)] += kind != "gift"
        assert live.keys() == self.taken_off - self.ended, "what was taken off was lost or doubled"
        brought: Counter[str] = Counter()
        begun: Counter[str] = Counter()
        money = set()
        for id_, bill, state, fen, back_fen, part_of in await self.rows(MONEY):
            brought[str(bill)] += fen - back_fen if state == "succeeded" else 0
            begun[str(bill)] += fen if state in ("pending", "unknown") and part_of else 0
            money |= {str(id_)} if state == "succeeded" and not back_fen else set()
        assert self.paid - self.back == money, "a payment was lost or doubled"
        for bill, (state, pay_state, due_fen, hand_fen, reasons, captured_fen, pending_fen) in bills.items():
            by_hand = [each for each in json.loads(reasons) if each["code"].startswith("hand_")]
            assert len({each["offer_id"] for each in by_hand}) == len(by_hand)
            assert all(live.get(each["offer_id"]) == bill for each in by_hand)
            assert sum(each["saved_fen"] for each in by_hand) == hand_fen
            found = sum(each["code"] != "hand_gift" for each in by_hand)
            assert found == shares[bill] or not due_fen, "what was taken off is not in the price"
            assert (captured_fen, pending_fen) in ((brought[bill], begun[bill]), (0, 0))
            left_fen = due_fen - brought[bill] - begun[bill]
            assert left_fen == 0 if pay_state == "paid" else 0 <= left_fen <= due_fen, (bill, state, pay_state)


class Evening:
    """An evening in a hall: everybody does what they like."""

    def __init__(self, hall: Hall, seed: int, books: Books, members: list[Member]) -> None:
        self.hall, self.floor, self.dice = hall, hall.floor, random.Random(seed)
        self.books, self.members = books, members
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
        elif act in BILL_ACTS:
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
        open_ = [each for each in bills if each["pay_state"] == ("part_paid" if act == "take_back" else "unpaid")]
        bills = open_ or bills if self.dice.random() < 0.9 else bills
        if not bills:
            return
        order = await self.floor.seen(self.dice.choice(bills)["id"])
        path = f"/v1/orders/{order['id']}"
        if not order["lines"]:
            return  # what was merged into another
        if act == "pay":
            asked = {"id": new_id(), "tendered_fen": order["due_fen"], "seen_due_fen": order["due_fen"]}
            if await self.say("POST", f"{path}/cash", asked, self.cashier):
                self.books.paid |= {str(asked["id"])}
        elif act not in ("fire", "return"):
            await getattr(self, f"_{act}")(order, path)
        elif act == "fire":
            await self.say("POST", f"{path}/fire", {"id": new_id(), "version": order["version"]}, self.hall.waiter)
        else:
            pieces = [{"line_no": self.dice.choice(order["lines"])["line_no"], "qty": 1}]
            asked = {"id": new_id(), "version": order["version"], "pieces": pieces, "reason": "不要了"}
            await self.say("POST", f"{path}/returns", asked, self.hall.manager)

    async def _split(self, order: Any, path: str) -> None:
        which: dict[str, Any] = {"pieces": [{"line_no": each["line_no"], "qty": 1} for each in order["lines"][:1]]}
        if self.dice.random() < 0.4:
            which = {"guest": self.dice.choice(order["lines"])["choice"].get("guest", "") or "nobody"}
        asked = {"id": new_id(), "version": order["version"], "to_order_id": new_id(), **which}
        await self.say("POST", f"{path}/moves", asked, self.hall.waiter)

    async def _join(self, order: Any, path: str) -> None:
        party = self.dice.choice(await self.tables())
        for other in (await self.hall.seen(party))["bills"]:
            if other["id"] != order["id"]:
                to = await self.floor.seen(other["id"])
                asked = {"version": order["version"], "to_order_id": to["id"], "to_version": to["version"]}
                await self.say("POST", f"{path}/merge", {"id": new_id(), **asked}, self.hall.waiter)
                return

    async def _share(self, order: Any, path: str) -> None:
        how: dict[str, Any] = self.dice.choice(
            [{"ways": 3}, {}, {"lines": [each["line_no"] for each in order["lines"][:1]]}]
        )
        shown = await self.say("POST", f"{path}/shares", how, self.hall.waiter)
        assert shown is None or sum(each["amount_fen"] for each in shown["shares"]) == shown["left_fen"]

    async def _take_off(self, order: Any, path: str) -> None:
        kind, value = self.dice.choice([("gift", 1), ("amount", 377), ("percent", 1_234)])
        of = {"line_no": self.dice.choice(order["lines"])["line_no"]} if kind == "gift" else {}
        asked = {"id": new_id(), "version": order["version"], "kind": kind, "value": value, "reason": "老客", **of}
        if await self.say("POST", f"{path}/discounts", asked, self.hall.manager):
            self.books.taken_off |= {asked["id"]}

    async def _undo(self, order: Any, path: str) -> None:
        there = [
            each
            for each in await self.floor.done("GET", f"{path}/discounts", None, self.hall.manager)
            if not each["ended_at"]
        ]
        if there:
            one, asked = self.dice.choice(there)["id"], {"version": order["version"], "reason": "误操作"}
            if await self.say("POST", f"{path}/discounts/{one}/end", asked, self.hall.manager):
                self.books.ended |= {one}

    async def _pay_part(self, order: Any, path: str) -> None:
        fen = self.dice.choice([100, 100, order["due_fen"] // 2, order["due_fen"]]) or 1
        asked = {
            "id": new_id(),
            "amount_fen": fen,
            "seen_due_fen": order["due_fen"] or 1,
            "tender": {"type": "cash", "tendered_fen": fen},
        }
        if await self.say("POST", f"{path}/parts", asked, self.cashier):
            self.books.paid |= {str(asked["id"])}

    async def _take_back(self, order: Any, path: str) -> None:
        shown = await self.floor.done("GET", f"{path}/parts", None, self.cashier)
        there = [each["id"] for each in shown["parts"] if each["is_part"] and each["state"] == "succeeded"]
        if there:
            one = self.dice.choice(there)
            if await self.say("POST", f"{path}/parts/{one}/take-back", {"reason": "付错"}, self.hall.manager):
                self.books.back |= {one}

    async def _pay_at_table(self, order: Any, path: str) -> None:
        if not self.phones or not order["due_fen"]:
            return
        phone, fen = self.dice.choice(self.phones), self.dice.choice([1_000, order["due_fen"]])
        asked = {"payment_id": new_id(), "method": "wallet", "amount_fen": fen, "seen_due_fen": order["due_fen"]}
        if await self.say("POST", f"/v1/seating/bills/{order['id']}/payments", asked, phone.headers):
            self.floor.providers["wallet"].books.pay(asked["payment_id"], "00", at=self.floor.now)
            ask = f"/v1/payments/{asked['payment_id']}/ask"
            await self.floor.done("POST", ask, None, self.floor.at("hq_admin"))
            self.books.paid |= {str(asked["payment_id"])}

    async def _whose(self, order: Any, path: str) -> None:
        member = self.dice.choice([None, *self.members])
        who = {"member_id": member.id, "visit_id": await self.floor.a_visit(member, self.hall.store)} if member else {}
        asked: dict[str, Any] = {"version": order["version"], **who}
        if shown := await self.say("POST", f"{path}/member/preview", asked, self.hall.waiter):
            await self.say("POST", f"{path}/member", asked | {"seen_due_fen": shown["due_fen"]}, self.hall.waiter)

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
                if bill["pay_state"] == "part_paid":
                    order = await self.floor.seen(bill["id"])
                    fen = bill["left_fen"]
                    cash = {"type": "cash", "tendered_fen": fen}
                    part = {"id": new_id(), "amount_fen": fen, "seen_due_fen": order["due_fen"], "tender": cash}
                    await self.floor.done("POST", f"/v1/orders/{bill['id']}/parts", part, self.cashier)
                elif bill["pay_state"] == "unpaid" and bill["state"] != "cancelled":
                    await self.hall.pay(bill["id"])
            if (await self.hall.seen(party))["state"] != "closed":
                await self.hall.does(party, "close")


@pytest.mark.parametrize("seed", range(3))
async def test_an_evening_at_random_loses_and_doubles_nothing(floor: Floor, seed: int) -> None:
    hall = await a_hall(floor, "C1..C4")
    books, members = Books(hall), [await floor.a_member() for _ in range(2)]
    evenings = [Evening(hall, SEED + seed * 100 + n, books, members) for n in range(3)]
    for _ in range(STEPS):
        await evenings[0].turn()
        await books.hold()
    await floor.books_hold()

    async def goes(evening: Evening) -> None:
        for _ in range(STEPS):
            await evening.turn()

    await asyncio.gather(*map(goes, evenings))
    await books.hold()
    await floor.books_hold()
    await evenings[0].ends()
    await floor.books_hold()
    assert all(parties == [] for parties in (await hall.map()).values())
    said = sum((each.said for each in evenings), Counter())
    assert said["rounds: done"] > 0
