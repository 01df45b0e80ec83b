"""Points and levels as they follow from orders, run out, and are corrected by hand."""

from __future__ import annotations

import asyncio
import base64
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.events.ordering import OrderCompleted, OrderPaid, OrderRefunded
from goodtaste.kernel.db import Steps, script
from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.member import jobs
from goodtaste.member.rules import EarnRule, Level, Program, level_for, points_earned, progress
from goodtaste.org.api import Directory
from tests import org_kit
from tests.ledger_kit import broken_proofs
from tests.member_kit import a_member, a_person, a_store, eventually, give, happened, refused, stopped
from tests.shop import Shop, at_once, write

TODAY = date(2026, 11, 22)


class Diner:
    """A member who eats: what their orders tell, as ordering would tell it."""

    def __init__(self, shop: Shop, member_id: str, mine: dict[str, str]) -> None:
        self.shop, self.id, self.mine = shop, member_id, mine

    async def earns(self, order_id: str, points: int) -> None:
        cause = ledger.Cause(order_id, self.id, "test", TODAY, self.shop.now, order_id)
        await self.shop.db.run(write(*ledger.earn(cause, points)))

    def paid(self, order_id: str, fen: int) -> OrderPaid:
        return OrderPaid(
            order_id=order_id,
            stream=self.id,
            store_id=new_id(),
            member_id=self.id,
            kind="counter",
            channel="counter",
            table_id=None,
            paid_fen=fen,
            points_spent=0,
            points_earned=0,
            coupon_ids=[],
            business_date=TODAY,
            lines=[],
        )

    def completed(self, order_id: str, fen: int, points: int) -> OrderCompleted:
        return OrderCompleted(
            order_id=order_id,
            stream=self.id,
            store_id=new_id(),
            member_id=self.id,
            paid_fen=fen,
            points_earned=points,
            business_date=TODAY,
        )

    def refunded(self, order_id: str, fen: int, *, whole: bool = False) -> OrderRefunded:
        return OrderRefunded(
            refund_id=new_id(),
            order_id=order_id,
            stream=self.id,
            store_id=new_id(),
            member_id=self.id,
            amount_fen=fen,
            points_back=0,
            points_taken=0,
            whole=whole,
            business_date=TODAY,
        )

    async def see(self, path: str) -> Any:
        return (await self.shop.get(f"/v1/me{path}", self.mine)).json()

    async def growth(self) -> int:
        return int((await self.see("/level"))["growth"])

    async def settled(self) -> tuple[int, int, int]:
        points = await self.see("/points")
        return points["available"], points["pending"], await self.growth()


async def a_diner(shop: Shop) -> Diner:
    return Diner(shop, *(await a_member(shop)))


async def test_points_of_a_completed_order_can_be_spent_and_count_for_the_level(shop: Shop) -> None:
    diner, order = await a_diner(shop), new_id()
    await diner.earns(order, 60)
    await happened(shop, diner.paid(order, 60_000))
    assert (await diner.see("/points"))["pending"] == 60
    await happened(shop, diner.completed(order, 60_000, 60))
    await eventually(diner.settled, (60, 0, 600))
    level = await diner.see("/level")
    assert (level["level"]["code"], level["next"]["code"]) == ("silver", "gold")
    assert (level["missing_growth"], level["percent"]) == (1_400, 6)
    assert (await diner.see(""))["level"] == "silver"
    points = await diner.see("/points")
    assert points["worth_fen"] == 60
    assert points["expiring"] == [{"on": str(TODAY + timedelta(days=365)), "points": 60}]
    changes = await shop.db.execute(
        f"SELECT from_level, to_level, growth FROM member_level_change WHERE member_id = '{diner.id}'"
    )
    assert [tuple(change) for change in changes] == [("regular", "silver", 600)]
    assert await broken_proofs(shop) == {}


async def test_an_event_heard_twice_counts_once(shop: Shop) -> None:
    diner, order = await a_diner(shop), new_id()
    await diner.earns(order, 10)
    completed = diner.completed(order, 10_000, 10)
    await happened(shop, diner.paid(order, 10_000), completed)
    await eventually(diner.settled, (10, 0, 100))
    letters = await shop.db.execute("SELECT count(*) FROM kernel_dead_letter")
    assert [tuple(row) for row in letters] == [(0,)]


async def test_only_what_is_still_pending_becomes_spendable(shop: Shop) -> None:
    """A part was refunded before the order was completed, and the event tells what was earned at first."""
    diner, order = await a_diner(shop), new_id()
    await diner.earns(order, 40)
    cause = ledger.Cause(new_id(), diner.id, "test", TODAY, shop.now, order)
    await shop.db.run(write(*ledger.unearn(cause, 10, await _earned(shop, order), [])))
    await happened(shop, diner.paid(order, 40_000), diner.refunded(order, 10_000))
    await happened(shop, diner.completed(order, 40_000, 40))
    await eventually(diner.settled, (30, 0, 300))


async def test_a_guest_and_an_unknown_member_are_passed_over(shop: Shop) -> None:
    diner, order = await a_diner(shop), new_id()
    stranger = Diner(shop, new_id(), {})
    for event in (stranger.paid(order, 1), stranger.completed(order, 1, 1), stranger.refunded(order, 1)):
        await happened(shop, event)
    await happened(shop, diner.paid(new_id(), 1))
    await eventually(lambda: _version(diner), 2)
    assert [tuple(row) for row in await shop.db.execute("SELECT count(*) FROM kernel_dead_letter")] == [(0,)]


@script
def _earned_on(order: str) -> Steps[ledger.Earned | None]:
    return (yield from ledger.read_earned(order))


async def _earned(shop: Shop, order: str) -> ledger.Earned:
    found = await shop.db.query(_earned_on(order))
    assert found is not None
    return found


async def _version(diner: Diner) -> int:
    return int((await diner.see(""))["version"])


@pytest.mark.parametrize(
    "refunds, growth",
    [([10_000], 0), ([199] * 3, 94), ([50, 50], 99), ([9_999], 0), ([1], 99), ([5_000, 5_000], 0)],
)
async def test_growth_is_what_was_paid_and_not_refunded_whatever_the_parts(
    shop: Shop, refunds: list[int], growth: int
) -> None:
    diner, order = await a_diner(shop), new_id()
    await diner.earns(order, 10)
    await happened(shop, diner.paid(order, 10_000), diner.completed(order, 10_000, 10))
    parts = [diner.refunded(order, fen, whole=sum(refunds) == 10_000) for fen in refunds]
    await happened(shop, *parts)
    await eventually(diner.settled, (10, 0, growth))
    assert await broken_proofs(shop) == {}


async def test_growth_that_has_run_out_meanwhile_is_gone_and_nothing_is_owed_for_it(shop: Shop) -> None:
    diner, order = await a_diner(shop), new_id()
    await diner.earns(order, 10)
    await happened(shop, diner.paid(order, 10_000), diner.completed(order, 10_000, 10))
    await eventually(diner.settled, (10, 0, 100))
    await shop.db.run(jobs.expire_of(diner.id, today=TODAY + timedelta(days=366), at=shop.now))
    assert await diner.settled() == (0, 0, 0)
    await happened(shop, diner.refunded(order, 10_000, whole=True))
    await eventually(lambda: _version(diner), 5)
    found = await shop.db.rows(ledger.READ_BALANCES(owner_id=diner.id))
    assert ledger.as_balances(found)[ledger.GROWTH] == ledger.Balances()
    assert await broken_proofs(shop) == {}


async def test_the_level_never_falls_on_a_refund(shop: Shop) -> None:
    diner, order = await a_diner(shop), new_id()
    await diner.earns(order, 60)
    await happened(shop, diner.paid(order, 60_000), diner.completed(order, 60_000, 60))
    await eventually(diner.growth, 600)
    await happened(shop, diner.refunded(order, 60_000, whole=True))
    await eventually(diner.growth, 0)
    assert (await diner.see("/level"))["level"]["code"] == "silver"


async def test_the_history_tells_each_movement_in_words_with_what_was_left(shop: Shop) -> None:
    diner, order = await a_diner(shop), new_id()
    await give(shop, diner.id, 100)
    await diner.earns(order, 20)
    await happened(shop, diner.paid(order, 20_000), diner.completed(order, 20_000, 20))
    await eventually(diner.settled, (120, 0, 200))
    spent = ledger.Cause(new_id(), diner.id, "test", TODAY, shop.now, new_id())
    lots = await shop.db.rows(ledger.LOTS(account_id=ledger.account_of(diner.id, "member"), today=TODAY, skip=0))
    await shop.db.run(write(*ledger.spend(spent, [ledger.LotUse(lots[0].id, 50, lots[0].expires_on)])))
    page = await diner.see("/points/history")
    told = [(e["kind"], e["words"], e["available"], e["pending"], e["available_after"]) for e in page["entries"]]
    assert told == [
        ("spend", "消费抵扣", -50, 0, 70),
        ("vest", "积分到账", 20, -20, 120),
        ("earn", "消费获得，待到账", 0, 20, 100),
        ("grant", "赠送积分", 100, 0, 100),
    ]
    assert page["next"] is None
    assert [e["order_id"] for e in page["entries"][1:3]] == [order, order]
    english = await shop.get("/v1/me/points/history", diner.mine | {"accept-language": "en"})
    assert english.json()["entries"][0]["words"] == "Spent on an order"


async def test_the_history_comes_in_pages_that_fit_together(shop: Shop) -> None:
    diner = await a_diner(shop)
    for _ in range(7):
        await give(shop, diner.id, 10)
    entries: list[Any] = []
    path = "/points/history?limit=3"
    while True:
        page = await diner.see(path)
        entries += page["entries"]
        if page["next"] is None:
            break
        path = f"/points/history?limit=3&before={page['next']}"
    assert [e["available_after"] for e in entries] == [70, 60, 50, 40, 30, 20, 10]
    assert len({e["id"] for e in entries}) == 7


EARLY = base64.urlsafe_b64encode(b'["0001-01-01T00:00:00+08:00", "0192f3a0-0000-7000-8000-000000000001", 0]').decode()


@pytest.mark.parametrize(
    "cursor", ["x", "e30", "WzEsMiwzXQ", "%00", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgIngiLCAwXQ", EARLY]
)
async def test_a_made_up_cursor_is_refused(shop: Shop, cursor: str) -> None:
    diner = await a_diner(shop)
    assert refused(await shop.get(f"/v1/me/points/history?before={cursor}", diner.mine)) == "request.bad_cursor"
    for limit in (0, 101, "many"):
        answer = await shop.get(f"/v1/me/points/history?limit={limit}", diner.mine)
        assert refused(answer) == "request.malformed"


async def _adjust(shop: Shop, who: dict[str, str], member_id: str, points: Any, **more: Any) -> Any:
    body = {"id": new_id(), "points": points, "reason": "补偿"} | more
    return await shop.post(f"/v1/members/{member_id}/points", body, who)


async def test_the_staff_correct_points_once_for_each_id(shop: Shop) -> None:
    diner = await a_diner(shop)
    admin_id, admin = await a_person(shop, "hq_admin")
    id_ = new_id()
    answers = await at_once(16, lambda _: _adjust(shop, admin, diner.id, 80, id=id_))
    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].json() == {"id": id_, "member_id": diner.id, "points": 80}
    assert (await diner.see("/points"))["available"] == 80
    other = await a_diner(shop)
    for changed in ({"points": 81}, {"reason": "x"}, {"member": other.id}):
        member_id = str(changed.pop("member", diner.id))
        answer = await _adjust(shop, admin, member_id, changed.pop("points", 80), id=id_, **changed)
        assert refused(answer) == "request.id_taken"
    taken = await _adjust(shop, admin, diner.id, -30)
    assert taken.status_code == 201
    assert (await diner.see("/points"))["available"] == 50
    short = await _adjust(shop, admin, diner.id, -51)
    assert (refused(short), short.json()["facts"]["balance"]) == ("ledger.not_enough", 50)
    notes = await shop.db.execute(
        f"SELECT actor_id, facts FROM kernel_audit WHERE subject = 'member/{diner.id}' ORDER BY at"
    )
    assert [str(actor) for actor, _ in notes] == [admin_id, admin_id]
    assert '"points":80' in notes[0][1]
    assert await broken_proofs(shop) == {}


async def test_of_64_corrections_that_take_all_one_does(shop: Shop) -> None:
    diner = await a_diner(shop)
    await give(shop, diner.id, 100)
    _, admin = await a_person(shop, "hq_admin")
    answers = await at_once(64, lambda _: _adjust(shop, admin, diner.id, -100))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert (await diner.see("/points"))["available"] == 0


async def test_more_than_500_points_need_a_second_person(shop: Shop) -> None:
    store_id, diner = await a_store(shop), await a_diner(shop)
    manager_id, manager = await a_person(shop, "store_manager", store_id)
    second = await org_kit.a_person(shop, ("store_manager", store_id), pin=org_kit.PIN)
    elsewhere = await org_kit.a_person(shop, ("store_manager", await a_store(shop)), pin=org_kit.PIN)
    waiter = await org_kit.a_person(shop, ("waiter", store_id), pin=org_kit.PIN)

    def approved(who: str, pin: str = org_kit.PIN) -> dict[str, Any]:
        return {"store_id": store_id, "approval": {"staff_id": who, "pin": pin}}

    assert (await _adjust(shop, manager, diner.id, 500, store_id=store_id)).status_code == 201
    for points in (501, -501):
        answer = await _adjust(shop, manager, diner.id, points, store_id=store_id)
        assert (refused(answer), answer.json()["facts"]) == (
            "member.approval_needed",
            {"limit_points": 500, "day_limit_points": 2_000},
        )
    for unfit in (waiter, elsewhere):
        answer = await _adjust(shop, manager, diner.id, 501, **approved(unfit.id))
        assert refused(answer) == "org.may_not_approve"
    for who, pin in ((second.id, "000001"), (manager_id, org_kit.PIN), (new_id(), org_kit.PIN)):
        assert refused(await _adjust(shop, manager, diner.id, 501, **approved(who, pin))) == "org.wrong_pin"
    himself = await _adjust(shop, second.headers, diner.id, 501, **approved(second.id))
    assert refused(himself) == "member.approval_needed"
    assert (await _adjust(shop, manager, diner.id, 501, **approved(second.id))).status_code == 201
    [(facts,)] = await shop.db.execute(
        f"SELECT facts FROM kernel_audit WHERE subject = 'member/{diner.id}' AND facts LIKE '%\"points\":501%'"
    )
    assert second.id in facts


async def test_who_may_correct_and_what(shop: Shop) -> None:
    here, there, diner = await a_store(shop), await a_store(shop), await a_diner(shop)
    _, manager = await a_person(shop, "store_manager", here)
    _, waiter = await a_person(shop, "waiter", here)
    assert refused(await _adjust(shop, manager, diner.id, 10)) == "auth.not_allowed"
    assert refused(await _adjust(shop, manager, diner.id, 10, store_id=there)) == "auth.not_allowed"
    assert refused(await _adjust(shop, waiter, diner.id, 10, store_id=here)) == "auth.not_allowed"
    assert refused(await _adjust(shop, diner.mine, diner.id, 10, store_id=here)) == "auth.not_allowed"
    assert refused(await _adjust(shop, manager, diner.id, 0, store_id=here)) == "member.nothing_to_adjust"
    assert refused(await _adjust(shop, manager, new_id(), 10, store_id=here)) == "member.unknown"
    for points in ("ten", 1.5, 10**12, None):
        assert refused(await _adjust(shop, manager, diner.id, points, store_id=here)) == "request.malformed"
    assert refused(await _adjust(shop, manager, diner.id, 10, store_id=here, reason="")) == "request.malformed"


async def test_what_has_run_out_expires_once_however_often_the_job_runs(shop: Shop) -> None:
    diner = await a_diner(shop)
    await give(shop, diner.id, 30, days=-1)
    await give(shop, diner.id, 20, days=1)
    await give(shop, diner.id, 70, days=-3, unit=ledger.GROWTH)
    for _ in range(70):
        await give(shop, diner.id, 1, days=-2)
    run = jobs.expire(shop.process)
    await asyncio.gather(*(run(shop.now.date()) for _ in range(3)))
    assert await run(shop.now.date()) == 0
    assert await diner.settled() == (20, 0, 0)
    page = await diner.see("/points/history?limit=100")
    assert sum(e["available"] for e in page["entries"] if e["kind"] == "expire") == -100
    assert await broken_proofs(shop) == {}


async def test_points_last_until_their_day_is_over_in_the_last_store(shop: Shop) -> None:
    stores = [await a_store(shop, day_start_minute=start) for start in (0, 719)]
    whole, program = shop.process.see(Directory), Program()
    directory = msgspec.structs.replace(whole, stores={store_id: whole.stores[store_id] for store_id in stores})
    midnight = shop.now.replace(hour=16, minute=0, second=0, microsecond=0)  # in Shanghai
    local = (midnight + timedelta(hours=8)).date()
    assert jobs.trading_day(directory, program, at=midnight + timedelta(hours=11)) == local - timedelta(days=1)
    assert jobs.trading_day(directory, program, at=midnight + timedelta(hours=12)) == local


async def test_traces_are_cleared_away_after_their_period(shop: Shop) -> None:
    store_id = await a_store(shop)
    _, till = await a_person(shop, "cashier", store_id)
    diner = await a_diner(shop)
    code = (await diner.see("/code"))["qr"]
    await shop.post("/v1/member-codes/scan", {"code": code, "store_id": store_id}, till)
    with stopped(shop, shop.now + timedelta(days=91)):
        await jobs.sweep(shop.process)({})
    for table in ("member_otp", "member_code_use", "member_visit", "member_quota", "member_sandbox_code"):
        assert [tuple(row) for row in await shop.db.execute(f"SELECT count(*) FROM {table}")] == [(0,)], table


LEVELS = st.lists(st.integers(1, 10_000), min_size=1, max_size=6, unique=True).map(
    lambda floors: (
        Level("l0", "", "", 0),
        *(Level(f"l{i}", "", "", floor) for i, floor in enumerate(sorted(floors), 1)),
    )
)


@given(LEVELS, st.integers(-10, 12_000))
def test_progress_goes_from_0_to_100_percent_and_meets_the_next_level(levels: tuple[Level, ...], growth: int) -> None:
    reached = level_for(growth, levels)
    shown = progress(growth, current=reached, levels=levels)
    assert reached.growth_min <= max(growth, 0)
    assert 0 <= shown.percent <= 100
    if shown.next is None:
        assert (reached, shown.percent, shown.missing_growth) == (levels[-1], 100, 0)
    else:
        assert shown.percent < 100
        assert level_for(growth + shown.missing_growth, levels) == shown.next


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_points_for_two_orders_are_never_more_than_for_one_of_both(a: int, b: int) -> None:
    program = Program()
    here: dict[str, Any] = {
        "level": program.levels[0],
        "store_id": "s",
        "channel": "counter",
        "day": date(2026, 11, 18),
    }
    apart = points_earned(a, program=program, **here) + points_earned(b, program=program, **here)
    assert apart <= points_earned(a + b, program=program, **here) <= apart + 1
    assert points_earned(10_000, program=program, **here) == 10


def test_the_first_rule_that_fits_says_how_many_times_as_much_is_earned() -> None:
    wednesday, here, there = date(2026, 11, 18), new_id(), new_id()
    program = Program(
        earn_rules=(
            EarnRule(0, channels=("delivery_platform",)),
            EarnRule(30_000, store_ids=(here,), weekdays=(3,)),
            EarnRule(20_000, weekdays=(3,)),
        )
    )

    def earned(store_id: str, channel: str, day: date, level: int = 0) -> int:
        of = program.levels[level]
        return points_earned(10_000, program=program, level=of, store_id=store_id, channel=channel, day=day)

    assert earned(here, "delivery_platform", wednesday) == 0
    assert earned(here, "counter", wednesday) == 30
    assert earned(there, "counter", wednesday) == 20
    assert earned(there, "counter", wednesday, level=1) == 22, "the rate of the level counts on top"
    assert earned(here, "counter", date(2026, 11, 19)) == 10
