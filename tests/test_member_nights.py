"""The nights: levels that are kept, warned of and lost; birthdays; missed nights; a replay that changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import msgspec
import pytest

from goodtaste.app import rooms
from goodtaste.kernel import night as nights
from goodtaste.kernel.calendar import BusinessCalendar, months_later
from goodtaste.kernel.db import script
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.night import NightNotCome, NightStep, NightUnknown, catch_up, replay
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import jobs, levels
from goodtaste.member.level_rules import birthdays_on
from goodtaste.member.rules import Program
from goodtaste.member.standing import set_program
from goodtaste.org.api import Directory
from tests.member_kit import a_member
from tests.shop import write
from tests.shop_kit import Floor
from tests.test_member_points import TODAY, Diner

YEAR = months_later(TODAY, 12)


@pytest.fixture
async def house(floor: Floor) -> Floor:
    """Give the restaurant at the noon of `TODAY`, with presents for silver and gold and for the birthday of who is silver."""
    floor.hands.now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    if floor.process.see(Program) == Program():
        made = [await a_template(floor, name) for name in ("silver", "gold", "birthday")]
        regular, silver, gold, vip = Program().levels
        silver = msgspec.structs.replace(silver, upgrade_template_id=made[0], birthday_template_id=made[2])
        gold = msgspec.structs.replace(gold, upgrade_template_id=made[1])
        await floor.db.run(write(*set_program(Program(levels=(regular, silver, gold, vip)))))
        await floor.process.snapshots.refresh()
    return floor


async def a_template(floor: Floor, name: str) -> str:
    """Have the head office make a template of coupons."""
    asked = {"id": new_id(), "name": name, "kind": "cash", "value": 500, "valid_days": 30, "limit_each": 9}
    return str((await floor.done("POST", "/v1/coupon-templates", asked, floor.at("hq_admin")))["id"])


class Guest(Diner):
    """A member of the house, whose days pass."""

    shop: Floor

    async def grows(self, yuan: int, *, on: date = TODAY) -> str:
        """Pay and have what was ordered."""
        order = new_id()
        paid = msgspec.structs.replace(self.paid(order, yuan * 100), business_date=on)
        done = msgspec.structs.replace(self.completed(order, yuan * 100, 0), business_date=on)
        await self.shop.db.run(write(tell(paid, done, at=self.shop.now)))
        await self.shop.hear()
        return order

    async def one(self, what: str) -> Any:
        [row] = await self.shop.db.execute(what.format(id=self.id))
        return row[0] if len(row) == 1 else tuple(row)

    async def level(self) -> str:
        return str(await self.one("SELECT level FROM member_member WHERE id = '{id}'"))

    async def causes(self) -> list[tuple[str, str]]:
        found = await self.shop.db.execute(
            f"SELECT cause, to_level FROM member_level_change WHERE member_id = '{self.id}' ORDER BY version"
        )
        return [(str(cause), str(to)) for cause, to in found]

    async def coupons(self) -> list[str]:
        """Return the templates of the member's coupons by name."""
        await self.shop.hear()
        await self.shop.run_jobs()
        found = await self.shop.db.execute(
            "SELECT t.name FROM promo_coupon c JOIN promo_template t ON t.id = c.template_id"
            f" WHERE c.member_id = '{self.id}' ORDER BY t.name"
        )
        return [str(name) for (name,) in found]

    async def born(self, month: int, day: int) -> None:
        body = {"birthday": {"month": month, "day": day}}
        headers = self.shop.token("member", self.id) | {"content-type": "application/json"}
        answer = await self.shop.client.patch("/v1/me", content=msgspec.json.encode(body), headers=headers)
        assert answer.status_code == 200, answer.text


async def a_guest(house: Floor) -> Guest:
    return Guest(house, *(await a_member(house)))


async def night(house: Floor, on: date) -> dict[str, int]:
    """Let the night of a date come, and run its steps."""
    begins, _ = BusinessCalendar("Asia/Shanghai", 240).day_of(on)
    house.hands.now = begins + timedelta(minutes=1)
    return {step.name: await step.run(on) for step in rooms.night(house.process)}


async def test_a_level_is_lost_after_its_period_notice_and_grace(house: Floor) -> None:
    guest = await a_guest(house)
    await guest.grows(2_000)
    assert await guest.coupons() == ["gold", "silver"]
    await night(house, YEAR - timedelta(days=30))
    await night(house, YEAR - timedelta(days=1))
    warned = "SELECT warned_on FROM member_level_grant WHERE member_id = '{id}'"
    assert (await guest.one(warned), await guest.level()) == (None, "gold")
    assert (await night(house, YEAR))["member.review_levels"] >= 1
    assert str(await guest.one(warned)) == str(YEAR)
    assert (
        await guest.one(
            "SELECT balance FROM ledger_account WHERE owner_id = '{id}' AND unit = 'GROWTH' AND kind = 'member'"
        )
        == 0
    )
    told = await house.db.execute(
        f"SELECT body FROM kernel_outbox WHERE topic = 'member.level_warned.v1' AND key = '{guest.id}'"
    )
    [news] = [msgspec.json.decode(body) for (body,) in told]
    assert (news["growth_keep"], news["drops_on"]) == (1_600, str(YEAR + timedelta(days=30)))
    await night(house, YEAR + timedelta(days=29))
    assert await guest.level() == "gold"
    await night(house, YEAR + timedelta(days=30))
    assert await guest.level() == "silver"
    assert await guest.causes() == [("growth", "gold"), ("review", "silver")]
    await guest.grows(2_000, on=YEAR + timedelta(days=30))
    assert await guest.level() == "gold"
    assert await guest.coupons() == ["gold", "silver"]
    await house.books_hold()


async def test_enough_growth_keeps_a_level_at_the_review_and_in_grace(house: Floor) -> None:
    early, late = await a_guest(house), await a_guest(house)
    for guest in (early, late):
        await guest.grows(500)
    house.hands.now += timedelta(days=100)
    await early.grows(400, on=TODAY + timedelta(days=100))
    await night(house, YEAR)
    review = "SELECT review_on, warned_on FROM member_level_grant WHERE member_id = '{id}'"
    kept = str(months_later(YEAR, 12))
    assert [str(each) for each in await early.one(review)] == [kept, "None"]
    assert [str(each) for each in await late.one(review)] == [str(YEAR), str(YEAR)]
    await late.grows(400, on=YEAR)
    assert (await night(house, YEAR + timedelta(days=1)))["member.review_levels"] == 1
    assert [str(each) for each in await late.one(review)] == [str(months_later(YEAR, 12) + timedelta(days=1)), "None"]
    assert await late.causes() == [("growth", "silver"), ("kept", "silver")]
    await house.books_hold()


async def test_growth_leaves_on_the_same_date_a_year_later_and_counts_no_more_before_a_night_sweeps_it(
    house: Floor,
) -> None:
    guest = await a_guest(house)
    first = await guest.grows(499)
    house.hands.now = BusinessCalendar("Asia/Shanghai", 240).day_of(YEAR)[0] - timedelta(seconds=1)
    await guest.grows(1, on=YEAR - timedelta(days=1))
    assert await guest.level() == "silver"
    other = await a_guest(house)
    house.hands.now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    await other.grows(499)
    house.hands.now = BusinessCalendar("Asia/Shanghai", 240).day_of(YEAR)[0]
    await other.grows(1, on=YEAR)
    assert await other.level() == "regular"
    await house.db.run(
        write(
            tell(msgspec.structs.replace(guest.refunded(first, 49_900, whole=True), business_date=YEAR), at=house.now)
        )
    )
    await house.hear()
    await night(house, YEAR)
    for each in (guest, other):
        found = ledger.as_balances(await house.db.rows(ledger.READ_BALANCES(owner_id=each.id)))
        assert found[ledger.GROWTH] == ledger.Balances(1)
    await house.books_hold()


async def test_a_night_ends_what_no_timer_ended(house: Floor) -> None:
    guest = await a_guest(house)
    grant = levels.LevelGrant(
        new_id(), guest.id, "staff", "vip", house.now, house.now + timedelta(hours=1), None, None, None, None, "test"
    )
    held = await house.db.query(_held(guest.id))
    await house.db.run(
        write(levels.NEW(**msgspec.structs.asdict(grant)), *levels.became(held, [grant], cause="grant", at=house.now))
    )
    assert (await night(house, TODAY))["member.end_grants"] == 0
    assert (await night(house, TODAY + timedelta(days=1)))["member.end_grants"] == 1
    assert await guest.level() == "regular"


@script
def _held(member_id: str) -> Any:
    return (yield from levels.read(member_id))


async def test_a_night_that_begins_before_the_brands_own_day_ends_nothing_ahead_of_time(house: Floor) -> None:
    guest = await a_guest(house)
    begins, _ = BusinessCalendar("Asia/Shanghai", 240).day_of(TODAY + timedelta(days=1))
    house.hands.now = begins - timedelta(hours=3)
    given = {"id": new_id(), "level": "vip", "reason": "x", "until_at": begins - timedelta(hours=1)}
    await house.done("POST", f"/v1/members/{guest.id}/level", given, house.at("hq_admin"))
    assert [await step.run(TODAY + timedelta(days=1)) for step in rooms.night(house.process)][2] == 0
    assert await guest.level() == "vip"
    await house.run_jobs()
    assert await guest.level() == "vip"


async def test_an_order_that_is_heard_late_takes_nothing_from_what_was_given_meanwhile(house: Floor) -> None:
    guest, order = await a_guest(house), new_id()
    late = tell(guest.paid(order, 60_000), guest.completed(order, 60_000, 0), at=house.now - timedelta(minutes=5))
    given = {"id": new_id(), "level": "vip", "reason": "x", "until_at": None}
    await house.done("POST", f"/v1/members/{guest.id}/level", given, house.at("hq_admin"))
    await house.db.run(write(late))
    await house.hear()
    assert await guest.level() == "vip"
    await house.books_hold()


@pytest.mark.parametrize(
    "day, kept",
    [
        (date(2027, 2, 28), ((2, 28), (2, 29))),
        (date(2028, 2, 28), ((2, 28), (2, 28))),
        (date(2028, 2, 29), ((2, 29), (2, 29))),
        (date(2027, 3, 1), ((3, 1), (3, 1))),
    ],
)
def test_who_was_born_on_29_february_has_the_28th_in_common_years(day: date, kept: tuple[Any, Any]) -> None:
    assert birthdays_on(day) == kept


async def test_a_birthday_brings_one_present_in_365_days_whatever_becomes_of_the_birthday(house: Floor) -> None:
    guest, leap, plain = await a_guest(house), await a_guest(house), await a_guest(house)
    for each in (guest, leap):
        await each.grows(500)
    await guest.born(2, 27)
    await leap.born(2, 29)
    await plain.born(2, 27)
    first = date(2027, 2, 27)
    assert (await night(house, first))["member.birthdays"] == 1
    assert (await night(house, first))["member.birthdays"] == 0
    assert (await night(house, first + timedelta(days=1)))["member.birthdays"] == 1
    await guest.born(3, 1)
    assert (await night(house, first + timedelta(days=2)))["member.birthdays"] == 0
    await guest.born(2, 26)
    assert (await night(house, date(2028, 2, 26)))["member.birthdays"] == 0, "364 days"
    assert (await night(house, date(2028, 2, 29)))["member.birthdays"] == 1
    assert [await each.coupons() for each in (guest, leap, plain)] == [
        ["birthday", "silver"],
        ["birthday", "birthday", "silver"],
        [],
    ]


async def test_missed_nights_are_caught_up_with_in_order_and_a_replay_changes_nothing(house: Floor) -> None:
    guest = await a_guest(house)
    await guest.grows(500)
    steps = rooms.night(house.process)
    order = [step.name for step in steps]
    assert order == [
        "member.expire",
        "member.tell_expiring",
        "member.review_levels",
        "member.end_grants",
        "promo.expire",
        "member.birthdays",
    ]
    day = timedelta(days=1)
    start = YEAR + 28 * day
    await night(house, YEAR)
    ran: list[tuple[date, str]] = []

    def watched(step: NightStep, *, fails_on: date | None = None) -> NightStep:
        async def run(on: date) -> int:
            if on == fails_on:
                raise RuntimeError("the light went out")
            ran.append((on, step.name))
            return await step.run(on)

        return NightStep(step.name, run)

    async def until(today: date, *, fails_on: date | None = None) -> None:
        house.hands.now = BusinessCalendar("Asia/Shanghai", 240).day_of(today)[0]
        seen = [watched(step, fails_on=fails_on if step.name == "member.end_grants" else None) for step in steps]
        await catch_up(house.db, seen, today=today, clock=house.hands)

    await until(start)
    with pytest.raises(RuntimeError):
        await until(start + 3 * day, fails_on=start + day)
    assert await guest.level() == "silver"
    await until(start + 3 * day)
    await until(start + 3 * day)
    await until(start + 2 * day)  # a store further west has opened: its day is the one before
    assert ran == [(start + n * day, name) for n in range(4) for name in order]
    assert await guest.level() == "regular"
    before = await _everything(house)
    today = start + 3 * day
    for on in (start, start + 2 * day, today):
        again = await replay(house.db, steps, on=on, today=today, clock=house.hands)
        assert [(each.step, each.again) for each in again] == [(name, 0) for name in order]
    assert await _everything(house) == before
    with pytest.raises(NightNotCome):
        await replay(house.db, steps, on=today + day, today=today, clock=house.hands)
    with pytest.raises(NightUnknown):
        await replay(house.db, steps, on=start - day, today=today, clock=house.hands)
    assert [each.business_date for each in await house.db.rows(nights.RECENT(limit=6))] == [today] * 6
    await house.books_hold()


async def test_a_step_that_fails_for_good_is_parked_and_holds_up_only_what_needs_it(house: Floor) -> None:
    day, start = timedelta(days=1), YEAR + 60 * timedelta(days=1)
    order = [step.name for step in rooms.night(house.process)]
    broken, ran = {"member.review_levels"}, list[tuple[date, str]]()

    def watched(step: NightStep) -> NightStep:
        async def run(on: date) -> int:
            if step.name in broken:
                raise RuntimeError("the light went out")
            ran.append((on, step.name))
            return 0

        return NightStep(step.name, run, step.needs)

    seen = [watched(step) for step in rooms.night(house.process)]

    async def until(today: date) -> None:
        house.hands.now = max(house.hands.now, BusinessCalendar("Asia/Shanghai", 240).day_of(today)[0])
        await catch_up(house.db, seen, today=today, clock=house.hands)

    broken.clear()
    await until(start)
    ran.clear()
    broken.add("member.review_levels")
    for _ in range(nights.PARKED_AFTER - 1):
        with pytest.raises(RuntimeError):
            await until(start + day)
    held = ["member.review_levels", "member.birthdays"]
    assert [name for _, name in ran] == ["member.expire", "member.tell_expiring"], "the rest waits while it is tried"
    await until(start + day)
    await until(start + 2 * day)
    free = [name for name in order if name not in held]
    assert sorted(ran) == sorted((start + n * day, name) for n in (1, 2) for name in free)
    [parked] = await house.db.rows(nights.FAULTS())
    assert (parked.business_date, parked.step, parked.parked) == (start + day, "member.review_levels", True)
    assert "the light went out" in parked.error
    ran.clear()
    broken.clear()
    await until(start + 2 * day)
    assert ran == [], "it is tried each hour"
    house.later(hours=1)
    await until(start + 2 * day)
    assert ran == [(start + n * day, name) for n in (1, 2) for name in held], "all that waited, date by date"
    assert await house.db.rows(nights.FAULTS()) == []


async def _everything(house: Floor) -> list[Any]:
    tables = (
        "member_member",
        "member_level_grant",
        "member_level_change",
        "member_present",
        "ledger_entry",
        "kernel_night",
    )
    found = [await house.db.execute(f"SELECT * FROM {table}") for table in tables]
    return [sorted(map(str, rows)) for rows in [*found, await house.db.execute("SELECT id FROM kernel_outbox")]]


def test_a_zone_whose_clocks_change_neither_skips_nor_doubles_a_night(house: Floor) -> None:
    directory = house.process.see(Directory)
    store = directory.stores[house.store.id]
    half_hours = [timedelta(minutes=30 * n) for n in range(48 * 3)]
    for zone, changes in (
        ("Europe/Berlin", (date(2027, 3, 27), date(2027, 10, 30))),
        ("America/New_York", (date(2027, 3, 13), date(2027, 11, 6))),
        ("Australia/Lord_Howe", (date(2027, 4, 3), date(2027, 10, 2))),
    ):
        for before, start in product(changes, (0, 120, 150, 180)):
            moved = msgspec.structs.replace(store, zone=zone, day_start_minute=start)
            there = msgspec.structs.replace(directory, stores={moved.id: moved})
            begins = datetime(before.year, before.month, before.day, tzinfo=UTC)
            seen = [jobs.trading_day(there, Program(), at=begins + each) for each in half_hours]
            assert seen == sorted(seen), zone
            assert sorted(set(seen)) == [seen[0] + timedelta(days=n) for n in range((seen[-1] - seen[0]).days + 1)]
