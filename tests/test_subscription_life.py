"""A subscription from the signature to the end: periods by the month, benefits once a period, renewals that were announced."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.member import jobs, level_plan, levels
from goodtaste.promo.subscription import charging, plans
from goodtaste.promo.subscription.charging import NotProved
from goodtaste.promo.subscription.plans import BirthdayCoupon, Coupons, Privilege
from tests.member_kit import a_number, give, refused
from tests.shop import write
from tests.subscription_kit import BARE, BASIC, PREMIUM, PRICES, TRIED, Club


async def test_fourteen_months_from_the_last_of_january_with_a_leap_february(club: Club) -> None:
    club.to_january()
    before = club.provider.books.paid_fen
    member_id, id_ = await club.a_subscriber(BASIC, birthday=(2, 29))
    await club.live(id_, until=club.now + timedelta(days=426))
    periods = await club.paid_periods(id_)
    assert [f"{starts:%m-%d}" for _, starts, _, _ in periods] == [
        *("01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31"),
        *("01-31", "02-29", "03-31"),
    ]
    assert [(later[1], later[3]) for later in periods[1:]] == [(earlier[2], 2_990) for earlier in periods[:-1]]
    assert await club.coupons(member_id) == 15 * 2 + 2  # two birthdays: 28 February, and the 29th
    charges = await club.charges(id_)
    assert [each.state for each in charges] == ["succeeded"] * 15
    assert all(each.made_s - each.noticed_s >= 5 * 86_400 for each in charges[1:] if each.noticed_s is not None)
    assert all(each.notice_id for each in charges[1:])
    assert club.provider.books.paid_fen - before == 15 * 2_990
    await club.books_hold()


async def test_nothing_is_charged_or_given_before_the_signature(club: Club) -> None:
    member_id = await club.a_member()
    id_ = await club.subscribe(member_id)
    seen = await club.seen(member_id)
    assert (seen["state"], seen["renews_fen"], seen["paid_fen"]) == ("pending", 2_990, 0)
    assert seen["sign_url"].endswith(f"/sandbox/autopay/agreements/{id_}")
    assert await club.charges(id_) == []
    await club.days(id_, 1)
    assert ((await club.row(id_)).state, (await club.row(id_)).why) == ("ended", "not_signed")
    assert club.provider.books.agreements[id_].state == "ENDED"
    assert await club.coupons(member_id) == 0
    other = await club.subscribe(member_id)
    await club.sign(other)
    assert (await club.row(other)).state == "active"


async def test_a_signature_that_nobody_tells_of_is_asked_for(club: Club) -> None:
    member_id = await club.a_member()
    id_ = await club.subscribe(member_id)
    club.provider.tells = False
    club.provider.books.sign(id_, "00", at=club.now)
    await club.live(id_, until=club.now + timedelta(minutes=2))
    club.provider.tells = True
    assert (await club.row(id_)).state == "active"


async def test_a_first_charge_that_fails_begins_nothing(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(payer="01")
    assert ((await club.row(id_)).state, (await club.row(id_)).why) == ("ended", "declined")
    assert await club.coupons(member_id) == 0
    assert await club.paid_periods(id_) == []


async def test_a_trial_gives_and_costs_nothing_and_its_first_charge_is_announced(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(TRIED)
    first_day = club.today
    assert ((await club.row(id_)).state, await club.coupons(member_id), await club.charges(id_)) == ("trial", 1, [])
    await club.to_the_end(id_, days=1)
    assert await club.paid_periods(id_) == [
        (0, first_day, first_day + timedelta(days=14), 0),
        (1, first_day + timedelta(days=14), (await club.row(id_)).ends_on, 1_500),
    ]
    [charge] = await club.charges(id_)
    assert (charge.kind, charge.notice_id is not None) == ("renewal", True)
    assert await club.coupons(member_id) == 2


async def test_a_trial_that_is_cancelled_costs_nothing(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(TRIED)
    await club.cancel(member_id, id_)
    await club.to_the_end(id_, days=30)
    assert ((await club.row(id_)).state, await club.charges(id_)) == ("cancelled", [])
    asked = {"id": new_id(), "plan_id": club.plans[TRIED].id, "seen_price_fen": 1_500, "agreed": True}
    again = await club.do("POST", "/v1/me/subscriptions", asked | {"seen_trial_days": 14}, club.by(member_id))
    assert (refused(again), again.json()["facts"]["trial_days"]) == ("subscription.trial_differs", 0)
    await club.done("POST", "/v1/me/subscriptions", asked, club.by(member_id))
    await club.sign(str(asked["id"]))
    assert [each.kind for each in await club.charges(str(asked["id"]))] == ["first"]


@pytest.mark.parametrize(("prefix", "states"), [("1990", {"failed"}), ("1991", {"sent"})])
async def test_who_cannot_be_reached_is_never_charged(club: Club, prefix: str, states: set[str]) -> None:
    _, id_ = await club.a_subscriber(BARE, phone=prefix + a_number()[4:])
    await club.to_the_end(id_, days=20)
    assert ((await club.row(id_)).state, (await club.row(id_)).why) == ("ended", "not_reached")
    assert len(await club.charges(id_)) == 1
    notices = (await club.file(id_)).notices
    assert (len(notices), {each.state for each in notices}) == (6, states)


async def test_a_notice_that_comes_late_puts_the_charge_off(club: Club) -> None:
    _, id_ = await club.a_subscriber(BARE)
    ends_on = (await club.row(id_)).ends_on
    await club.live(id_, until=club.now + timedelta(days=20))
    club.hands.now += timedelta(days=9)  # the house stands still, and the notice is sent two days before the end
    await club.days(id_, 4)
    assert ((await club.row(id_)).state, len(await club.charges(id_))) == ("past_due", 1)
    await club.days(id_, 3)
    row, charge = await club.row(id_), (await club.charges(id_))[1]
    assert (row.state, row.starts_on) == ("active", ends_on)
    assert charge.made_s - (charge.noticed_s or 0) >= 5 * 86_400


async def test_the_database_itself_refuses_a_charge_without_proof_or_consent(club: Club) -> None:
    _, id_ = await club.a_subscriber(BARE)
    row, [first] = await club.row(id_), await club.charges(id_)
    fields = {name: getattr(first, name) for name in first.__struct_fields__}
    renewal = fields | {"id": new_id(), "n": 2, "kind": "renewal", "holds": f"{row.id}/2"}
    with pytest.raises(NotProved):
        await club.db.run(write(charging.BEGIN(**renewal)))
    made_up = renewal | {"notice_id": new_id(), "noticed_fen": 3_100, "noticed_s": first.made_s - 6 * 86_400}
    with pytest.raises(NotProved):
        await club.db.run(write(charging.BEGIN(**made_up)))
    await club.live(id_, until=club.now + timedelta(days=25))
    [notice] = [each for each in (await club.file(id_)).notices if each.state == "delivered"]
    told = renewal | {"notice_id": notice.id, "noticed_fen": notice.amount_fen, "noticed_s": notice.delivered_s}
    early = told | {"made_s": (notice.delivered_s or 0) + 5 * 86_400 - 1}
    with pytest.raises(NotProved):
        await club.db.run(write(charging.BEGIN(**early)))
    dearer = told | {"made_s": (notice.delivered_s or 0) + 5 * 86_400, "price_fen": 3_000, "amount_fen": 3_000}
    with pytest.raises(NotProved):
        await club.db.run(write(charging.BEGIN(**dearer)))


async def test_a_charge_that_fails_is_tried_again_and_then_all_ends(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(PREMIUM)
    assert await _level(club, member_id) == "gold"
    club.pays(id_, "01")
    await club.to_the_end(id_, days=1)
    assert ((await club.row(id_)).state, await _level(club, member_id)) == ("past_due", "gold")
    await club.days(id_, 30)
    failed = [each for each in await club.charges(id_) if each.state == "failed"]
    assert [(each.started_at - failed[0].started_at).days for each in failed] == [0, 1, 3, 7]
    assert ((await club.row(id_)).state, (await club.row(id_)).why) == ("ended", "not_paid")
    assert await _level(club, member_id) == "regular"
    assert await club.coupons(member_id) == 4
    await club.books_hold()


async def test_paid_late_all_is_as_before(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(PREMIUM)
    ends_on = (await club.row(id_)).ends_on
    club.pays(id_, "01")
    await club.to_the_end(id_, days=2)
    club.pays(id_, "00")
    again = await club.done("POST", f"/v1/me/subscriptions/{id_}/try-again", None, club.by(member_id))
    assert (again["state"], again["starts_on"], again["period"]) == ("active", str(ends_on), 2)
    assert (await club.coupons(member_id), await _level(club, member_id)) == (8, "gold")
    answer = await club.do("POST", f"/v1/me/subscriptions/{id_}/try-again", None, club.by(member_id))
    assert refused(answer) == "subscription.not_live"


async def test_after_forty_days_without_the_house_nothing_is_charged_for_what_is_past(club: Club) -> None:
    _, id_ = await club.a_subscriber(BARE)
    club.hands.now += timedelta(days=75)
    await club.days(id_, 7)
    row = await club.row(id_)
    assert ((await club.row(id_)).state, row.why) == ("ended", "not_reached")
    _, other = await club.a_subscriber(BARE)
    await club.live(other, until=club.now + timedelta(days=26))
    club.hands.now += timedelta(days=40)
    await club.attend(other)
    row = await club.row(other)
    assert (row.state, row.n, row.starts_on) == ("active", 2, club.today)
    assert len(await club.charges(other)) == 2


async def test_cancelled_at_the_end_and_taken_back(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BASIC)
    seen = await club.cancel(member_id, id_)
    assert (seen["cancel_at_end"], seen["state"], seen["renews_fen"]) == (True, "active", None)
    lost = (await club.seen(member_id))["if_cancelled"]
    assert (lost["unused_coupons"], lost["rights"], lost["refund_now_fen"]) == (2, ["queue_priority"], 2_990)
    assert await club.cancel(member_id, id_) == await club.seen(member_id)
    back = await club.done("POST", f"/v1/me/subscriptions/{id_}/resume", None, club.by(member_id))
    assert (back["cancel_at_end"], back["renews_fen"]) == (False, 2_990)
    await club.to_the_end(id_, days=1)
    assert (await club.row(id_)).n == 2


async def test_cancelled_now_what_is_not_used_comes_back_to_the_fen(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BASIC)
    row = await club.row(id_)
    assert row.starts_on
    assert row.ends_on
    await club.use_coupons(id_, 700)
    await club.days(id_, 10)
    days = (row.ends_on - row.starts_on).days
    refund_fen = 2_990 - max(-(-2_990 * 10 // days), 700)
    body = {"when": "now", "seen_refund_fen": refund_fen + 1}
    assert refused(await club.do("POST", f"/v1/me/subscriptions/{id_}/cancel", body, club.by(member_id))) == (
        "subscription.refund_differs"
    )
    seen = await club.cancel(member_id, id_, when="now", seen_refund_fen=refund_fen)
    assert (seen["state"], seen["paid_fen"], seen["saved_fen"]) == ("cancelled", 2_990 - refund_fen, 700)
    assert (await club.coupons(member_id), await club.coupons(member_id, "revoked")) == (0, 1)
    await club.refunds()
    [back] = (await club.file(id_)).refunds
    assert (back.state, back.amount_fen) == ("succeeded", refund_fen)
    assert await club.cancel(member_id, id_, when="now", seen_refund_fen=1) == await club.seen(member_id)
    await club.books_hold()


async def test_a_held_coupon_stops_the_leaving_until_it_is_known(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BASIC)
    await club.use_coupons(id_, 500, state="held")
    body = {"when": "now", "seen_refund_fen": 2_490}
    answer = await club.do("POST", f"/v1/me/subscriptions/{id_}/cancel", body, club.by(member_id))
    assert refused(answer) == "subscription.coupon_held"


async def test_an_upgrade_costs_the_difference_of_what_is_not_used_and_a_refund_goes_back_by_both_charges(
    club: Club,
) -> None:
    member_id, id_ = await club.a_subscriber(BASIC)
    row = await club.row(id_)
    assert row.starts_on
    assert row.ends_on
    await club.days(id_, 8)
    credit = 2_990 - -(-2_990 * 8 // (row.ends_on - row.starts_on).days)
    price = await _price(club, member_id, id_, PREMIUM)
    assert (price["now"], price["credit_fen"], price["amount_fen"]) == (True, credit, 9_990 - credit)
    taken = await _take(club, member_id, id_, PREMIUM, 9_990 - credit)
    assert (taken["plan"]["code"], taken["starts_on"], taken["period"]) == (PREMIUM, str(club.today), 2)
    assert (await club.coupons(member_id), await club.coupons(member_id, "revoked")) == (4, 2)
    assert await _level(club, member_id) == "gold"
    assert [value for _, _, _, value in await club.paid_periods(id_)] == [2_990 - credit, 9_990]
    seen = await club.cancel(member_id, id_, when="now", seen_refund_fen=9_990)
    assert (seen["paid_fen"], await _level(club, member_id)) == (2_990 - credit, "regular")
    await club.refunds()
    parts = sorted(each.amount_fen for each in (await club.file(id_)).refunds)
    assert parts == sorted([9_990 - credit, credit])
    await club.books_hold()


async def test_another_plan_in_the_month_of_the_birthday_takes_no_birthday_coupon_back_and_gives_no_second(
    club: Club,
) -> None:
    cake = BirthdayCoupon(template_id=await club.a_template(10_000))
    club.plans["cake"] = await club.a_plan("cake", "生日会员", (cake,), price_fen=9_000)
    member_id, id_ = await club.a_subscriber(BASIC, birthday=(club.today.month, club.today.day))
    assert await club.coupons(member_id) == 3
    price = await _price(club, member_id, id_, "cake")
    await _take(club, member_id, id_, "cake", int(str(price["amount_fen"])))
    assert (await club.row(id_)).plan_id == club.plans["cake"].id
    assert (await club.coupons(member_id), await club.coupons(member_id, "revoked")) == (1, 2)
    await club.books_hold()


async def test_a_downgrade_counts_from_the_next_period(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(PREMIUM)
    assert (await _price(club, member_id, id_, BASIC))["now"] is False
    seen = await _take(club, member_id, id_, BASIC, 2_990)
    assert (seen["plan"]["code"], seen["next_plan"]["code"], seen["renews_fen"]) == (PREMIUM, BASIC, 2_990)
    await club.to_the_end(id_, days=1)
    row = await club.row(id_)
    assert (row.plan_id, row.next_plan_id) == (club.plans[BASIC].id, None)
    assert [each.amount_fen for each in await club.charges(id_)] == [9_990, 2_990]
    assert await _level(club, member_id) == "regular"


async def test_a_new_version_is_for_those_who_agree_to_it_and_is_announced_anew(club: Club) -> None:
    old = await club.a_plan(
        "agreed", "一", (Coupons(template_id=await club.a_template(500), count=1),), price_fen=1_000, family="v"
    )
    club.plans["agreed"] = old
    keeps, takes = await club.a_subscriber("agreed"), await club.a_subscriber("agreed")
    new = await club.a_plan("agreed", "一", tuple(old.benefits), price_fen=1_200, family="v")
    assert (new.version, [each.id for each in await club.db.query(plans.offered()) if each.code == "agreed"]) == (
        2,
        [new.id],
    )
    await club.live(takes[1], until=club.now + timedelta(days=25))  # the notice of the old price is out
    club.plans["agreed"] = new
    await _take(club, *takes, "agreed", 1_200)
    await club.to_the_end(takes[1], days=6)
    await club.live(keeps[1], until=club.now + timedelta(days=1))
    charges = await club.charges(takes[1])
    assert [each.price_fen for each in charges] == [1_000, 1_200]
    assert charges[1].noticed_fen == 1_200
    assert {each.price_fen for each in await club.charges(keeps[1])} == {1_000}


async def test_the_level_is_the_higher_of_the_earned_and_the_paid(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(PREMIUM)
    seen = await club.cancel(member_id, id_, when="now", seen_refund_fen=9_990)
    assert (seen["state"], await _level(club, member_id)) == ("cancelled", "regular")
    assert PRICES[PREMIUM] == 9_990


async def test_a_level_that_growth_earned_above_the_paid_one_wins_and_the_paid_one_returns_by_itself(
    club: Club,
) -> None:
    silver = (Privilege(right="vip_service"),)
    club.plans["silver"] = await club.a_plan("silver", "白银会员", silver, level="silver", price_fen=2_000)
    member_id, id_ = await club.a_subscriber("silver")
    assert await _level(club, member_id) == "silver"
    await club.db.run(write(*ledger.open_accounts(member_id)))
    await give(club, member_id, 2_000, unit=ledger.GROWTH, days=5)
    await club.db.run(level_plan.carry_out([member_id], at=club.now))
    assert await _level(club, member_id) == "gold", "the higher of the two"
    await club.days(id_, 10)
    await club.db.run(jobs.expire_of(member_id, today=club.today, at=club.now))
    sql = (
        f"SELECT id FROM member_level_grant WHERE member_id = '{member_id}' AND source = 'earned' AND ended_at IS NULL"
    )
    [(earned,)] = await club.db.execute(sql)
    over = {"grant_id": str(earned), "reason": "成长值已过期"}
    await club.done("POST", f"/v1/members/{member_id}/level/end", over, club.admin)
    assert await _level(club, member_id) == "silver", "what was earned is over, what is paid for runs"
    await club.cancel(member_id, id_)
    await club.to_the_end(id_, days=40)
    await club.db.run(levels.settle(member_id, at=club.now))
    assert await _level(club, member_id) == "regular"


async def _level(club: Club, member_id: str) -> str:
    return str((await club.done("GET", "/v1/me", None, club.by(member_id)))["level"])


async def _price(club: Club, member_id: str, id_: str, plan: str) -> dict[str, object]:
    path = f"/v1/me/subscriptions/{id_}/plan-price?plan_id={club.plans[plan].id}"
    return await club.done("GET", path, None, club.by(member_id))  # type: ignore[no-any-return]


async def _take(club: Club, member_id: str, id_: str, plan: str, amount_fen: int) -> dict[str, dict[str, object]]:
    asked = {"id": new_id(), "plan_id": club.plans[plan].id, "seen_amount_fen": amount_fen, "agreed": True}
    taken = await club.done("POST", f"/v1/me/subscriptions/{id_}/plan", asked, club.by(member_id))
    assert await club.done("POST", f"/v1/me/subscriptions/{id_}/plan", asked, club.by(member_id)) == taken
    return taken  # type: ignore[no-any-return]
