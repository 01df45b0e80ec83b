"""A random walk over everything the ledger can do, beside a model of three dictionaries; the books are proved on the way.

GOODTASTE_WALK_STEPS makes it longer (default 300), GOODTASTE_WALK_SEED makes it another.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.ledger.rules import GRACE_DAYS, ReturnPolicy
from tests import ledger_kit as till
from tests.shop import Shop, at_once

STEPS = int(os.environ.get("GOODTASTE_WALK_STEPS", "300"))
SEED = int(os.environ.get("GOODTASTE_WALK_SEED", "20261122"))
PROVE_EVERY = max(60, STEPS // 40)
ORDERS_MAX = 40
PEOPLE = 3
POLICIES: tuple[ReturnPolicy, ...] = ("unlimited", "within_balance", "only_pending")


@dataclass
class Order:
    """What an order has done to points, in the model."""

    id: str
    owner: int
    earned: int = 0
    vested: bool = False
    taken: Counter[date] = field(default_factory=Counter)
    held: int = 0
    shop: bool = False
    hold_id: str = field(default_factory=new_id)


@dataclass
class Model:
    """One owner's points, in the model: by last day, pending, owed."""

    lots: Counter[date] = field(default_factory=Counter)
    pending: int = 0
    debt: int = 0
    repaid: int = 0

    def credit(self, amount: int, on: date) -> None:
        repaid = min(amount, self.debt)
        self.repaid += repaid
        self.debt -= repaid
        self.lots[on] += amount - repaid

    def take(self, amount: int, today: date) -> Counter[date]:
        uses: Counter[date] = Counter()
        for on in sorted(day for day in self.lots if day >= today):
            part = min(self.lots[on], amount)
            amount -= part
            self.lots[on] -= part
            uses[on] += part
        return +uses

    def receive(self, uses: Counter[date]) -> None:
        for on in sorted(uses):
            self.credit(uses[on], on)

    def spendable(self, today: date) -> int:
        return sum(n for on, n in self.lots.items() if on >= today)


class Walk:
    """The ledger and its model, taking the same steps."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.random = shop, random.Random(seed)
        self.today = till.TODAY
        self.owners: list[str] = []
        self.models = [Model() for _ in range(PEOPLE)]
        self.orders: list[Order] = []
        self.done: Counter[str] = Counter()

    async def both(self, act: Awaitable[Any], *, may: bool) -> bool:
        """Let the ledger act; it refuses exactly where the model says so."""
        [outcome] = await at_once(1, lambda _: act)
        assert (outcome is None) == may, outcome
        return may

    def an_order(self, wanted: Any = lambda _: True) -> Order | None:
        fitting = [order for order in self.orders if wanted(order)]
        return self.random.choice(fitting) if fitting else None

    def last_day(self) -> date:
        return self.today + timedelta(days=self.random.randint(0, 40))

    async def earn(self) -> None:
        order = Order(new_id(), self.random.randrange(PEOPLE), self.random.randint(1, 90))
        await self.shop.db.run(till.earn(self.owners[order.owner], order.id, order.earned))
        self.models[order.owner].pending += order.earned
        self.orders = [*self.orders, order][-ORDERS_MAX:]

    async def vest(self) -> None:
        order = self.an_order(lambda o: o.earned and not o.vested)
        if order:
            on = self.last_day()
            assert await self.shop.db.run(till.vest(self.owners[order.owner], order.id, expires_on=on)) == order.earned
            self.models[order.owner].pending -= order.earned
            self.models[order.owner].credit(order.earned, on)
            order.vested = True

    async def grant(self) -> None:
        who, amount, on = self.random.randrange(PEOPLE), self.random.randint(1, 120), self.last_day()
        await self.shop.db.run(till.grant(self.owners[who], amount, expires_on=on))
        self.models[who].credit(amount, on)

    async def spend(self, *, how: str = "spend") -> None:
        order = self.an_order(lambda o: not o.taken and not o.held)
        if order is None:
            return
        model = self.models[order.owner]
        amount = self.random.choice([self.random.randint(1, 150), max(model.spendable(self.today), 1)])
        owner = self.owners[order.owner]
        may = model.debt == 0 and amount <= model.spendable(self.today)
        if how == "hold":
            act = till.hold(owner, order.id, amount, hold_id=order.hold_id, today=self.today)
        else:
            act = getattr(till, how)(owner, order.id, amount, today=self.today)
        if await self.both(self.shop.db.run(act), may=may):
            order.taken = model.take(amount, self.today)
            order.held = amount if how == "hold" else 0
            order.shop = how == "redeem"

    async def hold(self) -> None:
        await self.spend(how="hold")

    async def redeem(self) -> None:
        await self.spend(how="redeem")

    async def unredeem(self) -> None:
        order = self.an_order(lambda o: o.shop)
        if order:
            amount = order.taken.total()
            await self.shop.db.run(till.unredeem(self.owners[order.owner], order.id, amount, today=self.today))
            self.give_back(order, amount)
            self.orders.remove(order)

    async def capture(self) -> None:
        order = self.an_order(lambda o: o.held)
        if order:
            owner = self.owners[order.owner]
            await self.shop.db.run(till.capture(owner, order.id, hold_id=order.hold_id, today=self.today))
            order.held = 0

    def give_back(self, order: Order, amount: int) -> None:
        model = self.models[order.owner]
        for on in sorted(order.taken, reverse=True):
            part = min(order.taken[on], amount)
            amount -= part
            order.taken[on] -= part
            model.lots[on if on >= self.today else self.today + timedelta(days=GRACE_DAYS)] += part
        order.taken = +order.taken

    async def release(self) -> None:
        order = self.an_order(lambda o: o.held)
        if order:
            owner = self.owners[order.owner]
            await self.shop.db.run(till.release(owner, order.id, hold_id=order.hold_id, today=self.today))
            self.give_back(order, order.held)
            order.held = 0
            self.orders.remove(order)  # its hold is settled; another would need another id

    async def unspend(self) -> None:
        order = self.an_order(lambda o: o.taken and not o.held and not o.shop)
        if order:
            spent = order.taken.total()
            amount = self.random.randint(1, spent + 5)
            act = till.unspend(self.owners[order.owner], order.id, amount, source=new_id(), today=self.today)
            if await self.both(self.shop.db.run(act), may=amount <= spent):
                self.give_back(order, amount)
                if not order.taken:
                    self.orders.remove(order)

    async def unearn(self) -> None:
        order = self.an_order(lambda o: o.earned)
        if order:
            model, owner = self.models[order.owner], self.owners[order.owner]
            amount = self.random.choice([order.earned, self.random.randint(1, order.earned)])
            policy = self.random.choice(POLICIES)
            await self.shop.db.run(
                till.unearn(owner, order.id, amount, source=new_id(), policy=policy, today=self.today)
            )
            order.earned -= amount
            if not order.vested:
                model.pending -= amount
            elif policy != "only_pending":
                short = amount - model.take(amount, self.today).total()
                model.debt += short if policy == "unlimited" else 0

    async def gift(self) -> None:
        who, to = self.random.sample(range(PEOPLE), 2)
        giver, taker = self.models[who], self.models[to]
        amount = self.random.choice([self.random.randint(1, 80), max(giver.spendable(self.today), 1)])
        act = till.gift(self.owners[who], self.owners[to], amount, source=new_id(), today=self.today)
        if await self.both(self.shop.db.run(act), may=giver.debt == 0 and amount <= giver.spendable(self.today)):
            taker.receive(giver.take(amount, self.today))

    async def merge(self) -> None:
        """Two become one; a new owner comes in the place of the one who has gone."""
        winner, loser = self.random.sample(range(PEOPLE), 2)
        here, there = self.models[winner], self.models[loser]
        await self.shop.db.run(till.merge(self.owners[winner], self.owners[loser], source=new_id(), today=self.today))
        here.lots += there.lots
        here.pending += there.pending
        here.debt += there.debt
        assert await till.points_of(self.shop, self.owners[loser]) == till.ledger.Balances()
        await self.shop.db.run(till.settle(self.owners[winner], source=new_id(), today=self.today))
        here.debt -= here.take(here.debt, self.today).total()
        for order in self.orders:
            order.owner = winner if order.owner == loser else order.owner
        self.owners[loser], self.models[loser] = await till.an_owner(self.shop), Model(repaid=there.repaid)

    async def adjust(self) -> None:
        who = self.random.randrange(PEOPLE)
        model, on = self.models[who], self.last_day()
        amount = self.random.randint(-60, 60) or 1
        act = till.adjust(self.owners[who], amount, source=new_id(), expires_on=on, today=self.today)
        if await self.both(self.shop.db.run(act), may=amount > 0 or -amount <= model.spendable(self.today)):
            if amount > 0:
                model.credit(amount, on)
            else:
                model.take(-amount, self.today)

    async def expire(self) -> None:
        for owner, model in zip(self.owners, self.models, strict=True):
            gone = [on for on in model.lots if on < self.today]
            wanted = sum(model.lots.pop(on) for on in gone)
            got = 0
            while some := await self.shop.db.run(till.expire(owner, today=self.today)):
                got += some
            assert got == wanted

    async def sleep(self) -> None:
        self.today += timedelta(days=self.random.randint(1, 6))

    async def again(self) -> None:
        """Send something a second time: it is refused, or it was for nothing."""
        order = self.an_order(lambda o: o.vested)
        if order:
            with pytest.raises(Refusal, match=r"ledger\.already_done"):
                await self.shop.db.run(till.earn(self.owners[order.owner], order.id, 1))

    async def count(self) -> None:
        """Hold the report of what is outstanding against the journal, and each of its months against itself."""
        found = await till.ledger.read_outstanding(self.shop.db)
        assert found.total == found.journal_points
        assert sum(each.points for each in found.by_month) == found.available
        assert sum(each.outstanding for each in found.cohorts) == found.available
        for each in found.cohorts:
            opened, gone = (
                each.given + each.returned + each.received,
                each.spent + each.taken + each.sent + each.expired,
            )
            assert (opened - gone, min(msgspec.structs.astuple(each)[1:]) >= 0) == (each.outstanding, True)

    async def compare(self) -> None:
        balances = await asyncio.gather(*[till.points_of(self.shop, owner) for owner in self.owners])
        for found, model in zip(balances, self.models, strict=True):
            assert (found.available, found.pending, -found.debt) == (model.lots.total(), model.pending, model.debt)


KINDS = {
    "earn": 12, "vest": 10, "grant": 5, "spend": 12, "hold": 8, "capture": 5, "release": 4, "unspend": 10, "unearn": 8,
    "adjust": 6, "expire": 3, "sleep": 6, "again": 3, "redeem": 5, "unredeem": 4, "gift": 6, "merge": 2,
}  # fmt: skip


async def test_a_long_random_walk_keeps_the_books(shop: Shop) -> None:
    walk = Walk(shop, SEED)
    walk.owners = [await till.an_owner(shop) for _ in range(PEOPLE)]
    for step in range(STEPS):
        [kind] = walk.random.choices(list(KINDS), weights=list(KINDS.values()))
        walk.done[kind] += 1
        try:
            await getattr(walk, kind)()
            await walk.compare()
            if step % PROVE_EVERY == 0 or step == STEPS - 1:
                assert await till.broken_proofs(shop) == {}
                await walk.count()
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}, step {step}, {kind} on {walk.today}: {error}") from error
    assert walk.done.keys() == KINDS.keys()
    assert sum(model.repaid for model in walk.models), "the walk never came past a debt"
