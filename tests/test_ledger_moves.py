"""Points at the till: spent once, given back where they came from, owed where they are gone, and the books hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.kernel.paging import Cursor
from goodtaste.ledger import api as ledger
from goodtaste.ledger.rules import GRACE_DAYS
from tests.ledger_kit import (
    FAR,
    TODAY,
    adjust,
    an_owner,
    broken_proofs,
    capture,
    cause,
    earn,
    expire,
    grant,
    hold,
    points_of,
    refund,
    release,
    spend,
    unearn,
    unspend,
    vest,
)
from tests.shop import Shop, at_once, write

DAY = timedelta(days=1)


async def test_64_tills_on_one_balance_exactly_one_wins(shop: Shop) -> None:
    owner = await an_owner(shop, points=100)
    outcomes = await at_once(64, lambda _: shop.db.run(spend(owner, new_id(), 60)))
    assert outcomes.count(None) == 1
    assert outcomes.count("ledger.not_enough") == 63
    assert (await points_of(shop, owner)).available == 40
    assert await broken_proofs(shop) == {}


async def test_64_spends_of_one_order_happen_once(shop: Shop) -> None:
    owner, order = await an_owner(shop, points=1_000), new_id()
    outcomes = await at_once(64, lambda _: shop.db.run(spend(owner, order, 10)))
    assert (outcomes.count(None), outcomes.count("ledger.already_done")) == (1, 63)
    assert (await points_of(shop, owner)).available == 990


async def test_a_hold_is_captured_or_released_never_both(shop: Shop) -> None:
    owner, order, held = await an_owner(shop, points=100), new_id(), new_id()
    await shop.db.run(hold(owner, order, 70, hold_id=held))
    assert (await points_of(shop, owner)).available == 30
    either = [capture, release]
    outcomes = await at_once(64, lambda i: shop.db.run(either[i % 2](owner, order, hold_id=held)))
    assert outcomes.count(None) == 1
    assert (await points_of(shop, owner)).available in (30, 100)
    assert await broken_proofs(shop) == {}


async def test_a_hold_cannot_be_set_aside_twice(shop: Shop) -> None:
    owner, held = await an_owner(shop, points=100), new_id()
    await shop.db.run(hold(owner, new_id(), 10, hold_id=held))
    with pytest.raises(ledger.AlreadyDone):
        await shop.db.run(hold(owner, new_id(), 10, hold_id=held))


async def test_a_hold_that_is_settled_is_closed(shop: Shop) -> None:
    owner, order, held = await an_owner(shop, points=100), new_id(), new_id()
    await shop.db.run(hold(owner, order, 70, hold_id=held))
    await shop.db.run(capture(owner, order, hold_id=held))
    with pytest.raises(ledger.HoldClosed):
        await shop.db.run(release(owner, new_id(), hold_id=held))


async def test_64_completions_vest_once(shop: Shop) -> None:
    owner, order = await an_owner(shop), new_id()
    await shop.db.run(earn(owner, order, 25))
    assert await points_of(shop, owner) == ledger.Balances(0, 25, 0)
    outcomes = await at_once(64, lambda _: shop.db.run(vest(owner, order)))
    assert outcomes.count(25) == 1
    assert await points_of(shop, owner) == ledger.Balances(25, 0, 0)


async def test_spent_points_come_back_to_the_lots_they_came_from(shop: Shop) -> None:
    owner, order = await an_owner(shop), new_id()
    for days, points in ((10, 30), (20, 30)):
        await shop.db.run(grant(owner, points, expires_on=TODAY + days * DAY))
    await shop.db.run(spend(owner, order, 40))
    await shop.db.run(unspend(owner, order, 15, source=new_id()))
    lots = await shop.db.rows(ledger.expiring(owner, today=TODAY, days=9))
    assert [(lot.on - TODAY, lot.points) for lot in lots] == [(10 * DAY, 5), (20 * DAY, 30)]


async def test_points_of_an_expired_lot_come_back_with_a_week_of_grace_and_no_more_than_were_spent(shop: Shop) -> None:
    owner, order = await an_owner(shop, points=50, expires_on=TODAY + DAY), new_id()
    await shop.db.run(spend(owner, order, 50))
    late = TODAY + 5 * DAY
    await shop.db.run(unspend(owner, order, 30, source=new_id(), today=late))
    await shop.db.run(unspend(owner, order, 20, source=new_id(), today=late + DAY))
    lots = await shop.db.rows(ledger.expiring(owner, today=late, days=9))
    assert [(lot.on - late, lot.points) for lot in lots] == [(GRACE_DAYS * DAY, 30), ((GRACE_DAYS + 1) * DAY, 20)]
    with pytest.raises(ledger.MoreThanTaken) as refused:
        await shop.db.run(unspend(owner, order, 1, source=new_id(), today=late))
    assert refused.value.facts == {"taken": 0, "asked": 1}
    assert await broken_proofs(shop) == {}


async def test_a_refund_gives_to_and_takes_from_one_lot_at_once(shop: Shop) -> None:
    owner, order = await an_owner(shop, points=100), new_id()
    await shop.db.run(earn(owner, order, 5))
    await shop.db.run(vest(owner, order))
    await shop.db.run(spend(owner, order, 60))
    await shop.db.run(refund(owner, order, back=30, taken=5, source=new_id()))
    assert (await points_of(shop, owner)).available == 70
    assert await broken_proofs(shop) == {}


async def test_points_taken_back_that_are_spent_already_are_owed_and_repaid_first(shop: Shop) -> None:
    owner, order = await an_owner(shop), new_id()
    await shop.db.run(earn(owner, order, 100))
    await shop.db.run(vest(owner, order))
    await shop.db.run(spend(owner, new_id(), 80))
    await shop.db.run(unearn(owner, order, 100, source=new_id()))
    assert await points_of(shop, owner) == ledger.Balances(0, 0, -80)
    await shop.db.run(grant(owner, 50))
    assert await points_of(shop, owner) == ledger.Balances(0, 0, -30)
    with pytest.raises(ledger.InDebt):
        await shop.db.run(spend(owner, new_id(), 1))
    await shop.db.run(grant(owner, 50))
    assert await points_of(shop, owner) == ledger.Balances(20, 0, 0)
    assert await broken_proofs(shop) == {}


async def test_a_lot_that_got_points_back_after_it_expired_expires_again(shop: Shop) -> None:
    owner, order = await an_owner(shop, points=50, expires_on=TODAY), new_id()
    await shop.db.run(spend(owner, order, 20))
    assert await shop.db.run(expire(owner, today=TODAY + DAY)) == 30
    await shop.db.run(unspend(owner, order, 20, source=new_id(), today=TODAY))  # a till whose day is still yesterday
    assert await shop.db.run(expire(owner, today=TODAY + 2 * DAY)) == 20
    assert await points_of(shop, owner) == ledger.Balances()
    assert await broken_proofs(shop) == {}


async def test_expiry_is_replayable(shop: Shop) -> None:
    owner = await an_owner(shop, points=50, expires_on=TODAY)
    outcomes = await at_once(64, lambda _: shop.db.run(expire(owner, today=TODAY + DAY)))
    assert sum(outcomes) == 50
    assert await points_of(shop, owner) == ledger.Balances()


async def test_a_correction_by_hand_takes_no_more_than_there_is(shop: Shop) -> None:
    owner = await an_owner(shop, points=10)
    with pytest.raises(ledger.NotEnough) as refused:
        await shop.db.run(adjust(owner, -11, source=new_id()))
    assert refused.value.facts == {"unit": "PT", "balance": 10, "asked": 11}
    await shop.db.run(adjust(owner, -10, source=new_id()))
    await shop.db.run(adjust(owner, 7, source=new_id()))
    assert (await points_of(shop, owner)).available == 7
    assert await broken_proofs(shop) == {}


async def test_a_spend_reads_on_until_it_has_enough_lots(shop: Shop) -> None:
    owner = await an_owner(shop)
    for i in range(3):
        many = [ledger.grant(cause(owner, new_id()), 1, debt=0, expires_on=FAR) for _ in range(32)]
        await shop.db.run(write(*[change for each in many for change in each]))
        assert (await points_of(shop, owner)).available == 32 * (i + 1)
    await shop.db.run(spend(owner, new_id(), 96))
    assert (await points_of(shop, owner)).available == 0


async def test_the_books_cannot_be_rewritten(shop: Shop) -> None:
    await an_owner(shop, points=10)
    for table in ("ledger_txn", "ledger_entry", "ledger_lot_use"):
        with pytest.raises(Exception, match="append"):
            await shop.db.execute(f"DELETE FROM {table} WHERE true")


async def test_the_statement_of_account_tells_each_movement_and_adds_up(shop: Shop) -> None:
    owner, order, other = await an_owner(shop, points=100), new_id(), new_id()
    await shop.db.run(earn(owner, order, 20))
    await shop.db.run(spend(owner, other, 30))
    await shop.db.run(vest(owner, order))
    await shop.db.run(grant(owner, 500, unit=ledger.GROWTH))
    found = await shop.db.rows(ledger.movements(owner, limit=9))
    assert sorted(m.kind for m in found) == ["earn", "grant", "spend", "vest"]
    assert {m.kind: (m.available, m.pending, m.debt) for m in found} == {
        "earn": (0, 20, 0),
        "grant": (100, 0, 0),
        "spend": (-30, 0, 0),
        "vest": (20, -20, 0),
    }
    assert sum(m.available for m in found) == (await points_of(shop, owner)).available
    older = await shop.db.rows(ledger.movements(owner, before=Cursor(found[1].at, found[1].id), limit=9))
    assert [m.id for m in older] == [m.id for m in found[2:]]
