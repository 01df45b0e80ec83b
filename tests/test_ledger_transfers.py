"""What goes from one owner to another, with a gift or with the whole account; and the report of what all of them have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.ledger.liability import Sum, outstanding
from goodtaste.ledger.rules import LotUse, by_last_day
from tests import ledger_kit as till
from tests.ledger_kit import FAR, TODAY, an_owner, broken_proofs, earn, grant, merge, points_of, settle, spend, vest
from tests.member_kit import a_person
from tests.shop import Shop, at_once

DAY = timedelta(days=1)


async def test_all_that_an_owner_has_goes_over_whatever_moves_at_the_same_time(shop: Shop) -> None:
    winner, loser = await an_owner(shop, points=50), await an_owner(shop, points=400)
    for n in range(5):
        await shop.db.run(grant(loser, 10, expires_on=TODAY + n * DAY))

    def act(i: int) -> Awaitable[Any]:
        if i % 8 == 0:
            return shop.db.run(merge(winner, loser, source=new_id()))
        if i % 8 == 1:
            return shop.db.run(earn(loser, new_id(), 3))
        return shop.db.run((spend, till.redeem)[i % 2]((winner, loser)[i % 2], new_id(), 7))

    outcomes = await at_once(64, act)
    assert {*outcomes} <= {None, "ledger.not_enough"}
    assert outcomes[::8] == [None] * 8
    await shop.db.run(merge(winner, loser, source=new_id()))
    assert await points_of(shop, loser) == ledger.Balances()
    here = await points_of(shop, winner)
    spent = sum(7 for i, outcome in enumerate(outcomes) if i % 8 > 1 and outcome is None)
    assert (here.available, here.pending) == (500 - spent, 24)
    assert await broken_proofs(shop) == {}


async def test_what_was_spent_before_a_merge_comes_back_after_it_into_its_own_lots(shop: Shop) -> None:
    winner, loser, order = await an_owner(shop), await an_owner(shop), new_id()
    await shop.db.run(grant(loser, 40, expires_on=TODAY + DAY))
    await shop.db.run(grant(loser, 40, expires_on=FAR))
    await shop.db.run(spend(loser, order, 60))
    await shop.db.run(merge(winner, loser, source=new_id()))
    await shop.db.run(till.unspend(winner, order, 60, source=new_id()))
    days = await shop.db.rows(ledger.expiring(winner, today=TODAY, days=9))
    assert [(each.on, each.points) for each in days] == [(TODAY + DAY, 40), (FAR, 40)]
    assert await broken_proofs(shop) == {}


async def test_what_one_owes_the_other_repays_after_a_merge(shop: Shop) -> None:
    winner, loser, order = await an_owner(shop, points=100), await an_owner(shop), new_id()
    await shop.db.run(earn(loser, order, 30))
    await shop.db.run(vest(loser, order))
    await shop.db.run(spend(loser, new_id(), 30))
    await shop.db.run(till.unearn(loser, order, 30, source=new_id()))
    await shop.db.run(merge(winner, loser, source=new_id()))
    assert await points_of(shop, winner) == ledger.Balances(100, 0, -30)
    source = new_id()
    outcomes = await at_once(8, lambda _: shop.db.run(settle(winner, source=source)))
    assert {*outcomes} <= {None, "ledger.already_done"}
    assert await points_of(shop, winner) == ledger.Balances(70, 0, 0)
    assert await broken_proofs(shop) == {}


@pytest.mark.parametrize(
    "policy, available, debt", [("unlimited", 0, -20), ("within_balance", 0, 0), ("only_pending", 10, 0)]
)
async def test_what_a_policy_forgives_is_the_goodwill_of_the_brand(
    shop: Shop, policy: ledger.ReturnPolicy, available: int, debt: int
) -> None:
    owner, order, refund = await an_owner(shop), new_id(), new_id()
    await shop.db.run(earn(owner, order, 30))
    await shop.db.run(vest(owner, order))
    await shop.db.run(spend(owner, new_id(), 20))
    await shop.db.run(till.unearn(owner, order, 30, source=refund, policy=policy))
    assert await points_of(shop, owner) == ledger.Balances(available, 0, debt)
    [(forgiven,)] = await shop.db.execute(
        f"""SELECT coalesce(sum(e.amount), 0) FROM ledger_entry e JOIN ledger_txn t ON t.id = e.txn_id
        JOIN ledger_account a ON a.id = e.from_id WHERE t.source_id = '{refund}' AND a.kind = 'goodwill'"""
    )
    assert int(forgiven) == 30 - (10 - available) + debt
    assert await broken_proofs(shop) == {}


async def test_the_report_says_what_all_have_and_the_journal_says_the_same(shop: Shop) -> None:
    owners = [await an_owner(shop) for _ in range(4)]

    async def live(i: int) -> None:
        owner, order = owners[i % 4], new_id()
        await shop.db.run(earn(owner, order, 40))
        await shop.db.run(vest(owner, order, expires_on=TODAY + i * 10 * DAY))
        await shop.db.run(spend(owner, new_id(), 5))
        await shop.db.run(till.gift(owner, owners[(i + 1) % 4], 5, source=new_id()))

    await at_once(16, live)
    _, analyst = await a_person(shop, "analyst")
    pages = await asyncio.gather(
        *[shop.get("/v1/points/liability", analyst) for _ in range(4)], *[live(i) for i in range(4)]
    )
    for found in [each.json() for each in pages[:4]]:
        assert found["holds"], "also while points move"
        assert found["total"] == found["available"] + found["held"] + found["pending"] - found["debt"]
        assert sum(each["points"] for each in found["by_month"]) == found["available"]
        assert sum(each["outstanding"] for each in found["cohorts"]) == found["available"]


def test_a_month_that_is_gone_shows_its_breakage() -> None:
    found = outstanding(
        [
            Sum("opened", "2026-01", "vest", 900),
            Sum("opened", "2026-01", "gifted", 100),
            Sum("used", "2026-01", "spend", 700),
            Sum("used", "2026-01", "unspend", -50),
            Sum("used", "2026-01", "unearn", 30),
            Sum("used", "2026-01", "gift", 70),
            Sum("used", "2026-01", "expire", 250),
        ]
    )
    assert found.cohorts == [
        ledger.Cohort(
            "2026-01", given=900, returned=0, received=100, spent=650, taken=30, sent=70, expired=250, outstanding=0,
            breakage_bp=2_500,
        )
    ]  # fmt: skip


def test_lots_that_run_out_on_one_day_go_over_as_one() -> None:
    uses = [LotUse("a", 5, FAR), LotUse("b", 3, TODAY), LotUse("c", 2, FAR)]
    assert by_last_day(uses) == [(TODAY, 3), (FAR, 7)]
