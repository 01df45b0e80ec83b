"""What can go wrong between us and a gateway of agreements, and between two of us: money is taken once, or goes back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.payment import api as payments
from goodtaste.payment.gateways import wallet_wire as wire
from goodtaste.payment.gateways.autopay_books import PAYERS
from goodtaste.promo.subscription import attending, charging, hearing, settling, signing
from goodtaste.promo.subscription.plans import Coupons
from goodtaste.promo.subscription.refunds import ONE as ONE_REFUND
from tests.member_kit import refused
from tests.shop import at_once
from tests.subscription_kit import BARE, BASIC, PREMIUM, ZONE, Club

PATH = "/v1/agreements/notices"


async def due_for_renewal(club: Club, plan: str = BASIC) -> tuple[str, str]:
    """Have a subscriber whose notice is delivered, at the moment at which the charge is due."""
    member_id, id_ = await club.a_subscriber(plan)
    await club.to_the_end(id_)
    row = await club.row(id_)
    assert (row.state, row.next_at is not None) == ("past_due", True)
    club.hands.now = row.next_at or club.now
    return member_id, id_


@pytest.mark.parametrize("payer", ["02", "03", "04", "05"])
async def test_whatever_becomes_of_a_reply_a_period_is_charged_once(club: Club, payer: str) -> None:
    _, id_ = await due_for_renewal(club, BARE)
    club.pays(id_, payer)
    before = club.provider.books.paid_fen
    await club.attend(id_)
    assert len([each for each in await club.charges(id_) if each.n == 2]) == 1
    await club.live(id_, until=club.now + timedelta(minutes=10))
    assert ((await club.row(id_)).state, (await club.row(id_)).n) == ("active", 2)
    assert [each.state for each in await club.charges(id_)] == ["succeeded"] * 2
    assert club.provider.books.paid_fen - before == 3_100, PAYERS[payer].name_en
    await club.books_hold()


async def test_killed_between_the_charge_and_its_record(club: Club) -> None:
    member_id, id_ = await due_for_renewal(club)
    gateway = signing.gateway_of(club.ctx)
    made = await club.db.run(charging.begin(id_, zone=ZONE, at=club.now))
    assert made is not None
    intent = payments.DeductIntent(
        charge_id=made.id, agreement_id=id_, amount_fen=made.amount_fen, description="", occasion="announced"
    )
    await gateway.deduct(intent)  # and here the process dies
    assert await club.coupons(member_id) == 2
    await club.live(id_, until=club.now + timedelta(minutes=1))
    assert ((await club.row(id_)).n, await club.coupons(member_id), len(await club.charges(id_))) == (2, 4, 2)
    assert club.provider.books.deductions[made.id].state == "SUCCESS"


async def test_killed_before_the_charge_was_sent(club: Club) -> None:
    _, id_ = await due_for_renewal(club, BARE)
    assert await club.db.run(charging.begin(id_, zone=ZONE, at=club.now)) is not None
    await club.live(id_, until=club.now + timedelta(minutes=1))
    assert ((await club.row(id_)).n, len(await club.charges(id_))) == (2, 2)


async def test_eight_workers_at_once_charge_and_give_once(club: Club) -> None:
    member_id, id_ = await due_for_renewal(club)
    before = club.provider.books.paid_fen
    await asyncio.gather(*(club.attend(id_) for _ in range(8)), return_exceptions=True)
    await club.live(id_, until=club.now + timedelta(minutes=1))
    assert (len(await club.charges(id_)), await club.coupons(member_id)) == (2, 4)
    assert club.provider.books.paid_fen - before == 2_990
    await club.books_hold()


async def test_a_turn_of_the_job_is_the_same_however_often(club: Club) -> None:
    member_id, id_ = await due_for_renewal(club)
    await asyncio.gather(*(attending.turn(club.process) for _ in range(2)))
    await attending.turn(club.process)
    assert (len(await club.charges(id_)), await club.coupons(member_id), (await club.row(id_)).n) == (2, 4, 2)


async def test_sixteen_taps_subscribe_once(club: Club) -> None:
    member_id = await club.a_member()
    plan = club.plans[BASIC]

    async def tap(n: int) -> str:
        asked = signing.Subscribe(id=new_id(), plan_id=plan.id, seen_price_fen=plan.price_fen, agreed=True)
        return (await club.db.run(signing.subscribe(asked, member_id=member_id, at=club.now))).state

    outcomes = await at_once(16, tap)
    assert sorted(outcomes) == ["pending", *["subscription.already"] * 15]
    assert (
        refused(
            await club.do(
                "POST",
                "/v1/me/subscriptions",
                {"id": new_id(), "plan_id": club.plans[PREMIUM].id, "seen_price_fen": 9_990, "agreed": True},
                club.by(member_id),
            )
        )
        == "subscription.already"
    )


async def test_the_same_tap_twice_is_one_and_another_content_is_refused(club: Club) -> None:
    member_id = await club.a_member()
    id_ = await club.subscribe(member_id)
    assert await club.subscribe(member_id, id_=id_) == id_
    asked = {"id": id_, "plan_id": club.plans[PREMIUM].id, "seen_price_fen": 9_990, "agreed": True}
    assert refused(await club.do("POST", "/v1/me/subscriptions", asked, club.by(member_id))) == "request.id_taken"


async def test_cancelled_while_it_is_charged_the_money_goes_back(club: Club) -> None:
    member_id, id_ = await due_for_renewal(club)
    club.pays(id_, "03")
    await club.attend(id_)
    assert (await club.charges(id_))[1].state == "pending"
    assert (
        refused(await club.do("POST", f"/v1/me/subscriptions/{id_}/cancel", {"when": "now"}, club.by(member_id)))
        == "subscription.charge_under_way"
    )
    await club.cancel(member_id, id_)
    await club.live(id_, until=club.now + timedelta(minutes=10))
    row, charge = await club.row(id_), (await club.charges(id_))[1]
    assert (row.state, row.n, charge.state, charge.detail, charge.refunded_fen) == (
        *("cancelled", 1, "succeeded", "cancelled"),
        2_990,
    )
    await club.refunds()
    assert [each.state for each in (await club.file(id_)).refunds] == ["succeeded"]
    assert await club.coupons(member_id) == 2
    await club.books_hold()


async def test_a_charge_that_failed_and_is_paid_after_all_counts_or_goes_back(club: Club) -> None:
    _, id_ = await due_for_renewal(club, BARE)
    club.pays(id_, "01")
    await club.attend(id_)
    failed = (await club.charges(id_))[1]
    assert failed.state == "failed"
    paid = settling.settle(failed.id, outcome=payments.Paid("late", 3_100), zone=ZONE, at=club.now)
    await club.db.run(paid)
    assert ((await club.row(id_)).state, (await club.row(id_)).n) == ("active", 2)
    await club.db.run(paid)
    first = (await club.charges(id_))[0]
    again = settling.settle(first.id, outcome=payments.Paid("again", 3_100), zone=ZONE, at=club.now)
    assert (await club.db.run(again)).refunded_fen == 0
    await club.books_hold()


async def test_money_that_comes_for_a_period_that_another_charge_paid_goes_back(club: Club) -> None:
    _, id_ = await due_for_renewal(club, BARE)
    club.pays(id_, "01")
    await club.attend(id_)
    failed = (await club.charges(id_))[1]
    club.pays(id_, "00")
    await club.days(id_, 1.1)
    assert ((await club.row(id_)).n, len(await club.charges(id_))) == (2, 3)
    late = settling.settle(failed.id, outcome=payments.Paid("late", 3_100), zone=ZONE, at=club.now)
    after = await club.db.run(late)
    assert (after.state, after.detail, after.refunded_fen) == ("succeeded", "twice", 3_100)
    await club.books_hold()


async def test_an_answer_about_another_amount_is_no_answer(club: Club) -> None:
    _, id_ = await due_for_renewal(club, BARE)
    made = await club.db.run(charging.begin(id_, zone=ZONE, at=club.now))
    assert made is not None
    odd = settling.settle(made.id, outcome=payments.Paid("x", 3_101), zone=ZONE, at=club.now)
    assert (await club.db.run(odd)).state == "unknown"


async def test_only_the_gateway_is_believed(club: Club) -> None:
    _, id_ = await club.a_subscriber(BARE)
    charge = (await club.charges(id_))[0]
    told = club.provider.books.deduction_told(club.provider.books.deductions[charge.id])
    body = wire.msgspec.json.encode({"id": new_id(), "type": "DEDUCTION", "resource": told})
    secret = club.process.settings.wallet_secret

    async def send(key: str, at_s: int = 0) -> int:
        at = club.now - timedelta(seconds=at_s)
        headers = wire.sealed(key, kind="notice", method="POST", path=PATH, at=at, body=body)
        return (await club.client.post(PATH, content=body, headers=headers)).status_code

    assert [await send("somebody else's"), await send(secret, 301), await send(secret), await send(secret)] == [
        *(401, 401, 204, 204),
    ]
    with pytest.raises(payments.NoticeRefused):
        await hearing.receive(club.ctx, headers={}, raw=body)


async def test_a_subscriber_who_ends_the_agreement_at_the_gateway_is_charged_no_more(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BARE)
    club.provider.books.end(id_, at=club.now, by_payer=True)
    await club.provider.turn()
    assert (await club.row(id_)).agreement == "ended"
    await club.to_the_end(id_, days=1)
    assert ((await club.row(id_)).state, (await club.row(id_)).why, len(await club.charges(id_))) == (
        *("ended", "no_agreement"),
        1,
    )
    answer = await club.do("POST", f"/v1/me/subscriptions/{id_}/resume", None, club.by(member_id))
    assert refused(answer) == "subscription.not_live"


async def test_coupons_that_cannot_be_issued_are_issued_later(club: Club) -> None:
    template = await club.a_template(900)
    plan = await club.a_plan("late", "晚", (Coupons(template_id=template, count=1),), family="late")
    club.plans["late"] = plan
    await club.db.execute(
        f"UPDATE promo_template SET open = {'0' if club.db.engine == 'sqlite' else 'false'} WHERE id = '{template}'"
    )
    member_id, id_ = await club.a_subscriber("late")
    [grant] = (await club.file(id_)).subscription.grants
    assert ((await club.row(id_)).state, grant.state, grant.error) == ("active", "due", "promo.not_claimable")
    await club.db.execute(
        f"UPDATE promo_template SET open = {'1' if club.db.engine == 'sqlite' else 'true'} WHERE id = '{template}'"
    )
    club.hands.now += timedelta(minutes=5)
    await club.attend(id_)
    await club.attend(id_)
    assert await club.coupons(member_id) == 1


async def test_a_refund_that_is_refused_waits_for_a_person(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BARE, payer="06")
    await club.cancel(member_id, id_, when="now", seen_refund_fen=3_100)
    await club.refunds()
    [back] = (await club.file(id_)).refunds
    assert (back.state, back.detail) == ("failed", "REFUND_REFUSED")
    assert (await club.db.first(ONE_REFUND(id=back.id))) == back
    await club.books_hold()
