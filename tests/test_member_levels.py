"""Levels: what lifts a member, what returns by itself, and what is given once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
import pytest

from goodtaste.kernel.db import Script, Steps, script
from goodtaste.kernel.ids import new_id
from goodtaste.member import levels
from goodtaste.member.api import GrantOver, GrantUnknown, LevelUnknown
from goodtaste.member.levels import GRANTS, end_grant, grant_level, prolong_grant
from goodtaste.member.rules import growth_until
from tests.ledger_kit import broken_proofs
from tests.member_kit import eventually, happened
from tests.shop import Shop, at_once
from tests.test_member_points import Diner, a_diner


@script
def lift(member_id: str, level: str, *, grant_id: str, until_at: datetime | None, at: datetime) -> Steps[None]:
    """Lift a member, as a subscription does."""
    yield (
        yield from grant_level(member_id, level, grant_id=grant_id, source="paid", until_at=until_at, by="plan", at=at)
    )


@script
def prolong(grant_id: str, *, until_at: datetime | None, at: datetime) -> Steps[None]:
    yield (yield from prolong_grant(grant_id, until_at=until_at, at=at))


@script
def end(grant_id: str, *, at: datetime) -> Steps[None]:
    yield (yield from end_grant(grant_id, at=at))


def lifted(shop: Shop, diner: Diner, level: str, *, grant_id: str, hours: float | None = None) -> Script[None]:
    """Return the script that lifts a diner now, for so many hours."""
    until = None if hours is None else shop.now + timedelta(hours=hours)
    return lift(diner.id, level, grant_id=grant_id, until_at=until, at=shop.now)


async def level(diner: Diner) -> str:
    return str((await diner.see(""))["level"])


async def grows(diner: Diner, yuan: int) -> str:
    """Let a diner pay and have what they ordered."""
    order = new_id()
    await happened(diner.shop, diner.paid(order, yuan * 100), diner.completed(order, yuan * 100, 0))
    await eventually(lambda: _is_done(diner, order), True)
    return order


async def _is_done(diner: Diner, order: str) -> bool:
    found = await diner.shop.db.execute(f"SELECT completed FROM member_purchase WHERE order_id = '{order}'")
    return bool(found and found[0][0])


async def history(diner: Diner) -> list[tuple[str, ...]]:
    found = await diner.shop.db.execute(
        f"SELECT from_level, to_level, cause FROM member_level_change WHERE member_id = '{diner.id}' ORDER BY version"
    )
    return [tuple(map(str, row)) for row in found]


@pytest.mark.parametrize(
    "earned, last",
    [
        (date(2025, 11, 22), date(2026, 11, 21)),
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2024, 2, 28), date(2025, 2, 27)),
        (date(2024, 3, 1), date(2025, 2, 28)),
        (date(2027, 3, 1), date(2028, 2, 29)),
        (date(2027, 2, 28), date(2028, 2, 27)),
    ],
)
def test_growth_has_left_on_the_same_date_a_year_later(earned: date, last: date) -> None:
    assert growth_until(earned) == last


async def test_a_paid_level_lifts_at_once_and_returns_by_itself(shop: Shop) -> None:
    diner, grant = await a_diner(shop), new_id()
    await grows(diner, 500)
    await shop.db.run(lifted(shop, diner, "vip", grant_id=grant, hours=1))
    assert await level(diner) == "vip"
    assert not await shop.db.run(levels.settle(diner.id, at=shop.now))
    assert await shop.db.run(levels.settle(diner.id, at=shop.now + timedelta(hours=1)))
    assert await level(diner) == "silver"
    assert not await shop.db.run(levels.settle(diner.id, at=shop.now + timedelta(hours=1)))
    assert await history(diner) == [
        ("regular", "silver", "growth"),
        ("silver", "vip", "grant"),
        ("vip", "silver", "end"),
    ]
    assert await broken_proofs(shop) == {}


async def test_a_timer_ends_what_has_run_out(shop: Shop) -> None:
    diner = await a_diner(shop)
    until = shop.now
    await shop.db.run(lift(diner.id, "gold", grant_id=new_id(), until_at=until, at=until - timedelta(seconds=1)))
    await eventually(lambda: history(diner), [("regular", "gold", "grant"), ("gold", "regular", "end")])


async def test_the_level_is_the_higher_of_earned_and_paid(shop: Shop) -> None:
    diner, silver, gold = await a_diner(shop), new_id(), new_id()
    await shop.db.run(lifted(shop, diner, "silver", grant_id=silver))
    await shop.db.run(lifted(shop, diner, "gold", grant_id=gold))
    await grows(diner, 500)
    assert await level(diner) == "gold"
    await shop.db.run(end(gold, at=shop.now))
    await shop.db.run(end(silver, at=shop.now))
    assert await level(diner) == "silver"
    assert [cause for *_, cause in await history(diner)] == ["grant", "grant", "end"]
    assert await broken_proofs(shop) == {}


async def test_a_grant_is_made_ended_and_prolonged_once_for_its_id(shop: Shop) -> None:
    diner, other, grant = await a_diner(shop), await a_diner(shop), new_id()
    assert set(await at_once(16, lambda _: shop.db.run(lifted(shop, diner, "gold", grant_id=grant, hours=1)))) == {None}
    assert await history(diner) == [("regular", "gold", "grant")]
    for who, code in ((diner, "vip"), (other, "gold")):
        [said] = await at_once(1, lambda _, w=who, c=code: shop.db.run(lifted(shop, w, c, grant_id=grant, hours=1)))  # type: ignore[misc]
        assert said == "request.id_taken"
    later = shop.now + timedelta(hours=2)
    for _ in range(2):
        await shop.db.run(prolong(grant, until_at=later, at=shop.now))
    assert not await shop.db.run(levels.settle(diner.id, at=later - timedelta(seconds=1)))
    await shop.db.run(end(grant, at=shop.now))
    await shop.db.run(end(grant, at=shop.now))
    assert await level(diner) == "regular"
    with pytest.raises(GrantOver):
        await shop.db.run(prolong(grant, until_at=later, at=shop.now))
    with pytest.raises(GrantOver):
        await shop.db.run(lifted(shop, diner, "gold", grant_id=new_id(), hours=0))
    with pytest.raises(GrantUnknown):
        await shop.db.run(end(new_id(), at=shop.now))
    with pytest.raises(LevelUnknown):
        await shop.db.run(lifted(shop, diner, "platinum", grant_id=new_id()))


async def test_many_who_lift_and_end_at_once_leave_the_level_that_is_left(shop: Shop) -> None:
    diner, grants = await a_diner(shop), [new_id() for _ in range(8)]
    codes = ["silver", "gold", "vip", "gold"] * 2
    await at_once(8, lambda n: shop.db.run(lifted(shop, diner, codes[n], grant_id=grants[n])))
    assert await level(diner) == "vip"
    vips = [grant for grant, code in zip(grants, codes, strict=True) if code == "vip"]
    order = new_id()
    await happened(shop, diner.paid(order, 60_000), diner.completed(order, 60_000, 0))
    await at_once(4, lambda n: shop.db.run(end((vips * 2)[n], at=shop.now)))
    await eventually(lambda: _is_done(diner, order), True)
    assert await level(diner) == "gold"
    assert len(await shop.db.rows(GRANTS(member_id=diner.id))) == 7
    assert await broken_proofs(shop) == {}


async def test_two_orders_that_reach_a_level_at_once_reach_it_once(shop: Shop) -> None:
    diner, orders = await a_diner(shop), [new_id() for _ in range(6)]
    await happened(shop, *[diner.paid(order, 50_000) for order in orders])
    done = [diner.completed(order, 50_000, 0) for order in orders]
    await at_once(6, lambda n: happened(shop, msgspec.structs.replace(done[n], stream=orders[n])))
    await eventually(diner.growth, 3_000)
    assert [to for _, to, _ in await history(diner)] == ["silver", "gold"]
    assert await broken_proofs(shop) == {}


async def test_a_refund_takes_back_the_growth_of_its_own_order_and_leaves_the_level(shop: Shop) -> None:
    diner = await a_diner(shop)
    first = await grows(diner, 400)
    await grows(diner, 100)
    assert await level(diner) == "silver"
    await happened(shop, diner.refunded(first, 40_000, whole=True))
    await eventually(diner.growth, 100)
    assert await level(diner) == "silver"
    assert await broken_proofs(shop) == {}
