"""A random day at a restaurant: many people do what they can to the same few orders, at the same moments; the books are proved on the way.

GOODTASTE_WALK_STEPS makes it longer (default 50 moments an engine), GOODTASTE_WALK_SEED makes it another.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from goodtaste.kernel.ids import new_id
from tests.shop_kit import Floor, Member, line, spread

STEPS = int(os.environ.get("GOODTASTE_WALK_STEPS", "50"))
SEED = int(os.environ.get("GOODTASTE_WALK_SEED", "20261122"))
PROVE_EVERY = 40
OPEN_MAX = 12
DINERS = ("00", "00", "01", "02", "03", "04", "05", "06", "11", "12", "14", "16", "17", "")


class Day:
    """What is going on: a few members, a few orders, and the dice."""

    def __init__(self, floor: Floor, members: list[Member], dice: random.Random) -> None:
        self.floor, self.members, self.dice = floor, members, dice
        self.orders: list[str] = []
        self.said: Counter[str] = Counter()

    def lines(self) -> list[Any]:
        """Return a few lines."""
        return [
            line(self.dice.choice(("noodles", "tea", "feast", "soup.large")), self.dice.randint(1, 3))
            for _ in range(self.dice.randint(1, 3))
        ]

    async def place(self) -> Any:
        """Order in the app or at the counter, to be paid now or later."""
        member = self.dice.choice([None, *self.members])
        by = self.floor.by(member) if member else self.floor.at("cashier")
        more: dict[str, Any] = (
            {"kind": "dine_in", "table_id": self.floor.store.tables[0]} if self.dice.random() < 0.6 else {}
        )
        if member and (coupons := await self.floor.coupons(member)) and self.dice.random() < 0.4:
            more["coupon_id"] = self.dice.choice(coupons)
        if member:
            more["points"] = self.dice.choice([0, 0, 50, 5_000])
        cash = member is None and self.dice.random() < 0.3
        lines = self.lines()
        try:
            asked = await self.floor.cart(lines, member=member, by=by, cash=cash, **more)
        except AssertionError:
            return None
        self.orders = [*self.orders[-OPEN_MAX:], asked["id"]]
        return await self.floor.do("POST", "/v1/orders", asked, by)

    async def act(self, path: str, body: Any, role: str = "store_manager") -> Any:
        """Do something to an order."""
        return await self.floor.do("POST", path, body, self.floor.at(role))

    async def on_an_order(self) -> Any:
        """Do something to one of the orders."""
        order_id = self.dice.choice(self.orders)
        path = f"/v1/orders/{order_id}"
        answer = await self.floor.do("GET", path, None, self.floor.at("hq_admin"))
        if answer.status_code != 200:
            return None
        order = answer.json()
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "round": lambda: self.act(f"{path}/rounds", {"id": new_id(), "lines": self.lines()}),
            "bill": lambda: self.bill(order),
            "open again": lambda: self.act(f"{path}/open-again", None),
            "cash": lambda: self.act(
                f"{path}/cash",
                {"id": new_id(), "tendered_fen": order["due_fen"] + 100, "seen_due_fen": order["due_fen"]},
            ),
            "wallet": lambda: self.act(f"{path}/payments", self.floor.paying(order, self.dice.choice(DINERS))),
            "cancel": lambda: self.act(f"{path}/cancel", {"reason": "不要了"}),
            "advance": lambda: self.act(
                f"{path}/advance", {"to": self.dice.choice(("accepted", "ready", "served", "picked_up", "completed"))}
            ),
            "refund": lambda: self.refund(order),
        }
        return await acts[self.dice.choice([*acts])]()

    async def bill(self, order: Any) -> Any:
        """Put a coupon or points on a bill."""
        asked: dict[str, Any] = {
            "version": order["version"],
            "seen_due_fen": order["due_fen"],
            "points": self.dice.choice([0, 30, 900]),
        }
        path = f"/v1/orders/{order['id']}/bill"
        answer = await self.act(path, asked)
        if answer.json().get("code") == "ordering.price_changed":
            answer = await self.act(path, asked | {"seen_due_fen": answer.json()["facts"]["due_fen"]})
        return answer

    async def refund(self, order: Any) -> Any:
        """Refund a piece, or all that is left."""
        left = [each for each in order["lines"] if each["qty"] > each["refunded_qty"]]
        pieces = [{"line_no": self.dice.choice(left)["line_no"], "qty": 1}] if left and self.dice.random() < 0.7 else []
        path = f"/v1/orders/{order['id']}"
        shown = (await self.act(f"{path}/refunds/preview", {"pieces": pieces})).json()
        asked = {"id": new_id(), "reason": "退", "pieces": pieces, "restock": self.dice.random() < 0.5}
        return await self.act(f"{path}/refunds", asked | {"seen_amount_fen": shown.get("amount_fen", 0)})

    async def moment(self) -> None:
        """Let several things happen at once, then let a little time pass."""
        acts = [
            self.place() if not self.orders or self.dice.random() < 0.2 else self.on_an_order()
            for _ in range(self.dice.randint(1, 5))
        ]
        answers = await asyncio.gather(*acts)
        self.said += spread([each for each in answers if each is not None])
        if self.dice.random() < 0.3:
            await self.floor.wait(self.dice.choice([1, 5, 60, 600]))
            await self.floor.hear()


async def test_whatever_people_do_at_once_the_books_hold(floor: Floor) -> None:
    dice = random.Random(SEED)
    members = [await floor.a_member(points=3_000) for _ in range(3)]
    for member in members:
        for _ in range(6):
            await floor.a_coupon(member, dice.choice(["cash", "percent", "exchange"]), dice.choice([1, 2]) * 1)
    day = Day(floor, members, dice)
    for step in range(1, STEPS + 1):
        await day.moment()
        if step % PROVE_EVERY == 0:
            await floor.books_hold()
    await floor.wait(3 * 86_400)
    await floor.books_hold()
    assert day.said["done"] > STEPS / 2, day.said
