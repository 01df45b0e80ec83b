"""Points that members give to each other, and what they are told before points run out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest_asyncio

from goodtaste.kernel.db import Steps, script
from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.member import notices
from goodtaste.member.jobs import trading_day
from goodtaste.member.rules import PointsRules, Program
from goodtaste.org.api import Directory
from tests.ledger_kit import broken_proofs
from tests.member_kit import a_member, a_person, give, refused, stopped
from tests.shop import Shop, at_once, write

Who = tuple[str, dict[str, str]]


@pytest_asyncio.fixture(loop_scope="session")
async def limits(shop: Shop) -> AsyncIterator[Any]:
    """Give a way to change the rules of points, which are as they were afterwards."""
    before = shop.process.see(Program)

    async def change(**rules: Any) -> None:
        await _have(shop, msgspec.structs.replace(before, points=PointsRules(**rules)))

    yield change
    await _have(shop, before)


async def _have(shop: Shop, program: Program) -> None:
    await shop.db.run(write(*members.set_program(program)))
    await shop.process.snapshots.refresh()


async def _give(shop: Shop, giver: Who, to: str, points: Any, **more: Any) -> Any:
    body = {"id": new_id(), "to_member_id": to, "points": points} | more
    return await shop.post("/v1/me/points/gifts", body, giver[1])


async def _points(shop: Shop, who: Who) -> Any:
    return (await shop.get("/v1/me/points", who[1])).json()


async def _history(shop: Shop, who: Who) -> list[tuple[str, int, int]]:
    page = (await shop.get("/v1/me/points/history", who[1])).json()
    return [(each["kind"], each["available"], each["debt"]) for each in page["entries"]]


async def test_a_gift_goes_over_with_the_last_days_it_had(shop: Shop) -> None:
    ann, ben = await a_member(shop), await a_member(shop)
    await give(shop, ann[0], 100, days=10)
    await give(shop, ann[0], 100, days=20)
    days = [each["on"] for each in (await _points(shop, ann))["expiring"]]
    made = await _give(shop, ann, ben[0], 130, note="生日快乐")
    assert made.status_code == 201, made.text
    here, there = await _points(shop, ann), await _points(shop, ben)
    assert (here["available"], there["available"]) == (70, 130)
    assert there["expiring"] == [{"on": days[0], "points": 100}, {"on": days[1], "points": 30}]
    assert (await _history(shop, ann))[0] == ("gift", -130, 0)
    assert await _history(shop, ben) == [("gifted", 130, 0)]
    shown = (await shop.get("/v1/me/points/gifts", ann[1])).json()
    assert [(each["to_id"], each["points"], each["note"]) for each in shown] == [(ben[0], 130, "生日快乐")]
    assert await broken_proofs(shop) == {}


async def test_of_64_gifts_at_once_no_point_is_given_twice_and_the_limit_of_the_day_holds(
    shop: Shop, limits: Any
) -> None:
    ann, ben = await a_member(shop), await a_member(shop)
    await give(shop, ann[0], 1_000)
    with stopped(shop, shop.now):  # whatever the hour, on one trading day
        answers = await at_once(64, lambda _: _give(shop, ann, ben[0], 100))
        assert [answer.status_code for answer in answers].count(201) == 10
        assert {refused(answer) for answer in answers if answer.status_code != 201} == {"ledger.not_enough"}
        await limits(gift_day_max=1_250)
        await give(shop, ann[0], 1_000)
        answers = await at_once(64, lambda _: _give(shop, ann, ben[0], 100))
        assert [answer.status_code for answer in answers].count(201) == 2
        assert {refused(answer) for answer in answers if answer.status_code != 201} == {"member.gift_limit"}
    assert ((await _points(shop, ann))["available"], (await _points(shop, ben))["available"]) == (800, 1_200)
    assert await broken_proofs(shop) == {}


async def test_a_gift_sent_again_is_one_gift_and_with_other_content_a_conflict(shop: Shop) -> None:
    ann, ben, cat = [await a_member(shop) for _ in range(3)]
    await give(shop, ann[0], 100)
    id_ = new_id()
    answers = await at_once(16, lambda _: _give(shop, ann, ben[0], 60, id=id_))
    assert {answer.status_code for answer in answers} == {201}
    for giver, to, points in ((ann, ben[0], 61), (ann, cat[0], 60), (ben, ann[0], 60)):
        assert refused(await _give(shop, giver, to, points, id=id_)) == "request.id_taken"
    assert (await _points(shop, ann))["available"] == 40


async def test_two_who_give_to_each_other_at_once_gain_nothing(shop: Shop) -> None:
    ann, ben = await a_member(shop), await a_member(shop)
    await give(shop, ann[0], 200)
    await give(shop, ben[0], 200)
    pairs = [(ann, ben[0]), (ben, ann[0])]
    await at_once(32, lambda i: _give(shop, pairs[i % 2][0], pairs[i % 2][1], 10 + i))
    assert sum([(await _points(shop, who))["available"] for who in (ann, ben)]) == 400
    assert await broken_proofs(shop) == {}


async def test_a_gift_repays_first_what_its_receiver_owes(shop: Shop) -> None:
    ann, ben, order = await a_member(shop), await a_member(shop), new_id()
    await give(shop, ann[0], 100)
    today = shop.now.date()
    cause = ledger.Cause(order, ben[0], "test", today, shop.now, order)
    await shop.db.run(write(*ledger.earn_at_once(cause, 30, debt=0, expires_on=today)))
    await shop.db.run(_spend_and_take_back(ben[0], order, 30, today=today, at=shop.now))
    assert (await _points(shop, ben))["debt"] == 30
    assert refused(await _give(shop, ben, ann[0], 1)) == "ledger.in_debt"
    assert (await _give(shop, ann, ben[0], 50)).status_code == 201
    now = await _points(shop, ben)
    assert (now["available"], now["debt"]) == (20, 0)
    assert (await _history(shop, ben))[0] == ("gifted", 20, -30)
    assert await broken_proofs(shop) == {}


@script
def _spend_and_take_back(owner: str, order: str, points: int, *, today: date, at: datetime) -> Steps[None]:
    uses = yield from ledger.find_lots(owner, points, today=today)
    earned = yield from ledger.read_earned(order)
    assert earned is not None
    spent = ledger.Cause(new_id(), owner, "test", today, at, new_id())
    refund = ledger.Cause(new_id(), owner, "test", today, at, order)
    yield [*ledger.spend(spent, uses), *ledger.unearn(refund, points, earned, [])]


async def test_who_may_not_give_or_receive(shop: Shop, limits: Any) -> None:
    ann, ben = await a_member(shop), await a_member(shop)
    _, admin = await a_person(shop, "hq_admin")
    await give(shop, ann[0], 1_000)
    assert refused(await _give(shop, ann, ann[0], 1)) == "member.gift_to_oneself"
    assert refused(await _give(shop, ann, new_id(), 1)) == "member.not_giftable"
    large = await _give(shop, ann, ben[0], 1_001)
    assert (refused(large), large.json()["facts"]["gift_max"]) == ("member.gift_limit", 1_000)
    for points in (0, -5, 1.5, "1", None):
        assert refused(await _give(shop, ann, ben[0], points)) == "request.malformed"
    await shop.post(f"/v1/members/{ben[0]}/freeze", {"reason": "测试"}, admin)
    assert refused(await _give(shop, ann, ben[0], 1)) == "member.not_giftable"
    assert refused(await _give(shop, ben, ann[0], 1)) == "member.frozen"
    await shop.post(f"/v1/members/{ben[0]}/unfreeze", {"reason": "测试"}, admin)
    await limits(gift_level="silver")
    assert refused(await _give(shop, ann, ben[0], 1)) == "member.gift_level"
    await limits(gift_max=0, gift_day_max=0)
    assert refused(await _give(shop, ann, ben[0], 1)) == "member.gift_limit"


async def test_members_are_told_once_for_each_notice_before_points_run_out(shop: Shop) -> None:
    with stopped(shop, shop.now):
        ann = await a_member(shop)
        today = shop.now.date()

        async def told(days: int) -> list[tuple[int, int]]:
            news = await shop.db.run(
                notices.tell_of(ann[0], notice_days=(30, 7, 1), today=today + timedelta(days=days), at=shop.now)
            )
            return [(each.points, each.days) for each in news]

        for _ in range(3):
            await give(shop, ann[0], 10, days=60)
        await give(shop, ann[0], 5, days=61)
        assert await told(29) == []
        assert await told(30) == [(30, 30)]
        assert await told(30) == []
        assert await told(31) == [(5, 30)]
        await give(shop, ann[0], 4, days=60)  # what comes later to a day is told with all of it
        assert await told(32) == [(34, 28)]
        assert await told(54) == [(34, 6), (5, 7)]  # nobody looked for three weeks: only the nearest notice is given
        assert sorted(await at_once(8, lambda _: told(59)))[-1] == [(34, 1)]
        assert await told(59) == []
        assert await told(60) == [(5, 1)]
        assert await told(61) == []


async def test_a_night_tells_everybody_and_finds_nothing_the_second_time(shop: Shop) -> None:
    people = [await a_member(shop) for _ in range(3)]
    for i, who in enumerate(people):
        await give(shop, who[0], 10, days=3 + i)  # far from a notice, whatever the hour and the store
        await give(shop, who[0], 10, days=90)
    [step] = notices.steps(shop.process)
    tonight = trading_day(shop.process.see(Directory), shop.process.see(Program), at=shop.now)
    assert await step.run(tonight - timedelta(days=2)) == 0, "a night that was missed tells nothing"
    assert await step.run(tonight) >= 3
    assert await step.run(tonight) == 0
    accounts = ", ".join(f"'{ledger.account_of(who[0], 'member')}'" for who in people)
    rows = await shop.db.execute(
        f"SELECT told_days, count(*) FROM ledger_lot WHERE account_id IN ({accounts}) GROUP BY 1"
    )
    assert {told: n for told, n in rows} == {7: 3, None: 3}
    again = notices.tell_of(people[0][0], notice_days=(30, 7, 1), today=shop.now.date(), at=shop.now)
    assert await shop.db.run(again) == []
    listed = (await shop.get("/v1/me/points/expiring", people[0][1])).json()
    assert [each["points"] for each in listed] == [10, 10]
