"""A random evening of bills: ordered, held, fired, taken off, given, split, merged, paid, taken back and opened anew, by several people.

Whatever comes, each piece is fired once and stands on one bill, and every fen, point, coupon, budget and portion is accounted for.
GOODTASTE_BILL_STEPS makes it longer (default 60 acts an engine), GOODTASTE_WALK_SEED makes it another.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from typing import Any

from goodtaste.events import ordering as told_by
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import Event
from tests.bill_kit import fired_at, heard
from tests.offers_kit import TEN_OFF_FIFTY, a_live_offer, stop
from tests.shop_kit import Floor, Member, line, spread, the

STEPS = int(os.environ.get("GOODTASTE_BILL_STEPS", "60"))
SEED = int(os.environ.get("GOODTASTE_WALK_SEED", "20261123"))
PROVE_EVERY = 20
OPEN_MAX = 6
NAMES = ("noodles", "tea", "feast", "soup.large")


class Evening:
    """What is going on: a few bills, those who ordered, the dice, and what the kitchen was told."""

    def __init__(self, floor: Floor, members: list[Member], dice: random.Random) -> None:
        self.floor, self.members, self.dice = floor, members, dice
        self.bills: list[str] = []
        self.fired: Counter[tuple[str, str]] = Counter()
        self.returned: Counter[tuple[str, str]] = Counter()
        self.said: Counter[str] = Counter()

    def lines(self) -> list[Any]:
        """Return a few lines, some of them held."""
        return [
            line(self.dice.choice(NAMES), self.dice.randint(1, 4))
            | {"hold": self.dice.random() < 0.4, "course": self.dice.randint(0, 2), "guest": self.dice.choice("甲乙")}
            for _ in range(self.dice.randint(1, 3))
        ]

    async def place(self) -> Any:
        """Open a bill at a table, or order at the counter."""
        member = self.dice.choice([None, *self.members])
        by = self.floor.by(member) if member else self.floor.at("cashier")
        table: dict[str, Any] = {"kind": "dine_in", "table_id": self.dice.choice(self.floor.store.tables), "party": 4}
        more = table if self.dice.random() < 0.8 else {}
        asked = await self.floor.cart(self.lines(), member=member, by=by, **more)
        self.bills = [*self.bills[-OPEN_MAX:], asked["id"]]
        return await self.floor.do("POST", "/v1/orders", asked, by)

    async def act(self) -> Any:
        """Do something to one of the bills, as it is seen now."""
        bill = await self.floor.seen(self.dice.choice(self.bills))
        names = [
            "round", "fire", "returns", "discount", "end", "move", "split", "merge", "bill", "open", "pay", "reopen", "refund",
            "advance", "seat", "cancel",
        ]  # fmt: skip
        weights = [3, 3, 3, 3, 1, 3, 3, 2, 2, 2, 3, 4, 2, 1, 1, 1]
        name = self.dice.choices(names, weights)[0]
        sent = await getattr(self, f"_{name}")(bill)
        if sent is None:
            return None
        what, body = sent
        return await self.floor.do("POST", f"/v1/orders/{bill['id']}/{what}", body, self.floor.at("store_manager"))

    def _pieces(self, bill: Any) -> list[dict[str, int]]:
        there = [each for each in bill["lines"] if each["qty"]]
        chosen = self.dice.sample(there, min(len(there), self.dice.randint(1, 2)))
        return [{"line_no": each["line_no"], "qty": self.dice.randint(1, each["qty"])} for each in chosen]

    def _seen(self, bill: Any, **more: Any) -> dict[str, Any]:
        return {"id": new_id(), "version": bill["version"]} | more

    async def _round(self, _: Any) -> Any:
        return "rounds", {"id": new_id(), "lines": self.lines()}

    async def _fire(self, bill: Any) -> Any:
        some = {"pieces": self._pieces(bill)} if self.dice.random() < 0.6 else {}
        return "fire", self._seen(bill, **some)

    async def _returns(self, bill: Any) -> Any:
        restock = self.dice.random() < 0.3
        return "returns", self._seen(bill, pieces=self._pieces(bill), reason="退", restock=restock)

    async def _discount(self, bill: Any) -> Any:
        kind, value = self.dice.choice([("gift", 1), ("amount", 777), ("percent", 1_234)])
        there = [each["line_no"] for each in bill["lines"]]
        of = {"line_no": self.dice.choice(there)} if there and (kind == "gift" or self.dice.random() < 0.5) else {}
        return "discounts", self._seen(bill, kind=kind, value=value, reason="赠", **of)

    async def _end(self, bill: Any) -> Any:
        found = await self.floor.done("GET", f"/v1/orders/{bill['id']}/discounts", None, self.floor.at("waiter"))
        if not found:
            return None
        return f"discounts/{self.dice.choice(found)['id']}/end", {"version": bill["version"], "reason": "误"}

    async def _other(self, bill: Any) -> dict[str, Any]:
        other = await self.floor.seen(self.dice.choice(self.bills))
        return {"to_order_id": other["id"], "to_version": other["version"]}

    async def _move(self, bill: Any) -> Any:
        return "moves", self._seen(bill, pieces=self._pieces(bill), **await self._other(bill))

    async def _split(self, bill: Any) -> Any:
        which = {"pieces": self._pieces(bill)} if self.dice.random() < 0.6 else {"guest": self.dice.choice("甲乙")}
        to = new_id()
        answer = await self.floor.do(
            "POST",
            f"/v1/orders/{bill['id']}/moves",
            self._seen(bill, to_order_id=to, **which, **({"party": 1} if self.dice.random() < 0.5 else {})),
            self.floor.at("waiter"),
        )
        if answer.status_code < 300:
            self.bills.append(to)
        self.said += spread([answer])
        return None

    async def _merge(self, bill: Any) -> Any:
        return "merge", self._seen(bill, **await self._other(bill))

    async def _bill(self, bill: Any) -> Any:
        asked = {"version": bill["version"], "seen_due_fen": bill["due_fen"], "points": self.dice.choice([0, 30, 900])}
        member = next((each for each in self.members if each.id == bill["member_id"]), None)
        if member and (coupons := await self.floor.coupons(member)):
            asked["coupon_id"] = self.dice.choice(coupons)
        path, by = f"/v1/orders/{bill['id']}/bill", self.floor.at("waiter")
        answer = await self.floor.do("POST", path, asked, by)
        if answer.json().get("code") == "ordering.price_changed":
            asked["seen_due_fen"] = answer.json()["facts"]["due_fen"]
        return "bill", asked

    async def _open(self, _: Any) -> Any:
        return "open-again", None

    async def _pay(self, bill: Any) -> Any:
        due = bill["due_fen"]
        if not due:
            return "close", None
        if self.dice.random() < 0.3:
            return "payments", self.floor.paying(bill, "00")
        return "cash", {"id": new_id(), "tendered_fen": due + 100, "seen_due_fen": due}

    async def _reopen(self, bill: Any) -> Any:
        by, to = self.floor.at("store_manager"), new_id()
        path = f"/v1/orders/{bill['id']}"
        if bill["pay_state"] == "unpaid" and bill["due_fen"]:
            cash = {"id": new_id(), "tendered_fen": bill["due_fen"], "seen_due_fen": bill["due_fen"]}
            await self.floor.do("POST", f"{path}/cash", cash, by)
        now = await self.floor.seen(bill["id"])
        answer = await self.floor.do(
            "POST", f"{path}/reopen", {"id": to, "version": now["version"], "reason": "付错了"}, by
        )
        if answer.status_code < 300:
            self.bills.append(to)
            self.said["reopened"] += 1
        return None

    async def _refund(self, bill: Any) -> Any:
        left = [each for each in bill["lines"] if each["qty"] > each["refunded_qty"]]
        pieces = [{"line_no": self.dice.choice(left)["line_no"], "qty": 1}] if left and self.dice.random() < 0.8 else []
        path, by = f"/v1/orders/{bill['id']}/refunds", self.floor.at("store_manager")
        shown = (await self.floor.do("POST", f"{path}/preview", {"pieces": pieces}, by)).json()
        asked = {"id": new_id(), "reason": "退", "pieces": pieces, "restock": self.dice.random() < 0.5}
        return "refunds", asked | {"seen_amount_fen": shown.get("amount_fen", 0)}

    async def _advance(self, _: Any) -> Any:
        return "advance", {"to": self.dice.choice(("accepted", "ready", "served", "picked_up", "completed"))}

    async def _seat(self, bill: Any) -> Any:
        spot = {"table_id": self.dice.choice(self.floor.store.tables), "party": self.dice.randint(1, 6)}
        return "seat", {"version": bill["version"], **spot}

    async def _cancel(self, _: Any) -> Any:
        return "cancel", {"reason": "不要了"}

    async def moment(self) -> None:
        """Let one or two things happen, at once where it is two, and hear what was told of them."""
        acts = [
            self.place() if len(self.bills) < 2 or self.dice.random() < 0.12 else self.act()
            for _ in range(self.dice.choice([1, 1, 2]))
        ]
        answers = await asyncio.gather(*acts)
        self.said += spread([each for each in answers if each is not None])

    async def listen(self) -> None:
        """Add up what the kitchen was told of each dish of each bill."""
        for event in await heard(self.floor):
            self._note(event)

    def _note(self, event: Event) -> None:
        for order_id, dish_id, qty in fired_at(event):
            self.fired[order_id, dish_id] += qty
        if isinstance(event, told_by.LinesReturned):
            for each in event.lines:
                if not each.from_held:
                    self.returned[event.order_id, each.dish_id] += each.qty
        if isinstance(event, told_by.LinesMoved):
            for moved in event.lines:
                fired = moved.qty - moved.held_qty
                self.fired[event.from_order_id, moved.dish_id] -= fired
                self.fired[event.to_order_id, moved.dish_id] += fired

    async def the_kitchen_knows(self) -> None:
        """Hold what the bills say of each dish against what the kitchen was told of it."""
        await self.listen()
        rows = await self.floor.db.execute(
            "SELECT l.order_id, l.dish_id, l.ordered_qty - l.held_qty - l.voided_qty, l.returned_qty,"
            " o.kind, o.state, o.paid_at, o.reopens FROM ordering_line l JOIN ordering_order o ON o.id = l.order_id"
            " WHERE NOT (o.pay_state = 'refunded' AND o.went_to IS NOT NULL)"
        )
        said: Counter[tuple[str, str]] = Counter()
        returned: Counter[tuple[str, str]] = Counter()
        for order_id, dish_id, fired, back, kind, state, paid_at, reopens in rows:
            if kind == "dine_in" or paid_at or reopens or state not in ("placed", "cancelled"):
                said[str(order_id), str(dish_id)] = fired
                returned[str(order_id), str(dish_id)] = back
        gone = {str(row[0]) for row in await self.floor.db.execute(TAKEN_BACK)}
        for key in {*said, *self.fired}:
            told, back = self.fired[key], self.returned[key]
            if key in said:
                assert (told, back) == (said[key], returned[key]), key
            else:
                assert key[0] in gone or told == back, f"{key}: fired {told}, returned {back}, and on no bill"


TAKEN_BACK = "SELECT id FROM ordering_order WHERE pay_state = 'refunded' AND went_to IS NOT NULL"


async def test_no_dish_no_discount_and_no_fen_is_lost_or_doubled(floor: Floor) -> None:
    dice = random.Random(SEED)
    await heard(floor)
    members = [await floor.a_member(points=3_000) for _ in range(2)]
    for member in members:
        for _ in range(3):
            await floor.a_coupon(member, dice.choice(["cash", "percent", "exchange"]), 1)
    free = {"kind": "gift", "sku_id": the("sku/dumplings"), "name": "饺子", "threshold_fen": 9_000}
    offers = [
        await a_live_offer(
            floor, benefit=TEN_OFF_FIFTY, budget_count=40, limit_each=3, offer={"conditions": {"members_only": True}}
        ),
        await a_live_offer(floor, benefit=free, budget_count=40),
    ]
    await floor.ctx.refresh()
    for name in NAMES:
        await floor.portions(name, 10_000)
    evening = Evening(floor, members, dice)
    await evening.listen()
    evening.fired.clear()
    for step in range(1, STEPS + 1):
        await evening.moment()
        await evening.the_kitchen_knows()
        if step % PROVE_EVERY == 0:
            await floor.books_hold()
    await floor.books_hold()
    for offer in offers:
        await stop(floor, offer)
    for name in NAMES:
        await floor.portions(name, None)
    await floor.ctx.refresh()
    assert evening.said["done"] > STEPS / 3, evening.said
    assert evening.said["reopened"] > 0, evening.said
