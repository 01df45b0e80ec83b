"""What becomes of a payment: every way the wallet can behave ends in one final state, and the money here is the money there."""

from __future__ import annotations

import pytest

from goodtaste.app import rooms
from goodtaste.app.process import running
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.kernel.jobs import JobRunner
from goodtaste.payment import api as payments
from goodtaste.payment.gateway import Intent
from tests.payment_kit import Till, on_failure, on_success

SUCCEEDED, FAILED, REFUNDED = "payment.succeeded.v1", "payment.failed.v1", "payment.refund_settled.v1"


async def ends_paid_once(till: Till, order_id: str, payment_id: str) -> None:
    """See that an order was paid by this payment, exactly once, and nothing came back."""
    assert (await till.payment(payment_id)).state == "succeeded"
    assert await till.pay_state(order_id) == "paid"
    assert (await till.told(SUCCEEDED, order_id), await till.told(FAILED, order_id)) == (1, 0)
    assert await till.refunds_of(order_id) == []
    held = [each for each in till.wallet.holdings().payments if each.number == payment_id]
    assert [(each.state, each.refunded_fen) for each in held] == [("SUCCESS", 0)]
    await till.books_hold()


async def goes_back(till: Till, order_id: str, payment_id: str, why: str) -> None:
    """See that money which pays no order went back in full, by itself."""
    found = await till.payment(payment_id)
    assert (found.state, found.holds_order_id, found.detail) == ("succeeded", None, why)
    back = await till.refund_row(derived_id(payment_id, "back"))
    assert (back.amount_fen, back.state, back.reason) == (found.amount_fen, "succeeded", why)
    assert [each.id for each in await till.refunds_of(order_id)] == [back.id]
    held = [each for each in till.wallet.holdings().payments if each.number == payment_id]
    assert [each.refunded_fen for each in held] == [found.amount_fen]
    await till.books_hold()


async def test_a_diner_who_pays_at_once_has_paid_when_the_till_gets_its_answer(till: Till) -> None:
    order_id, paid = await till.pay_with("00")
    assert (paid.state, await till.pay_state(order_id)) == ("succeeded", "paid")
    await till.wait(120)
    await ends_paid_once(till, order_id, paid.id)


async def test_a_diner_who_types_a_password_has_paid_after_it(till: Till) -> None:
    order_id, paid = await till.pay_with("01")
    assert (paid.state, await till.pay_state(order_id)) == ("pending", "paying")
    await till.wait(10)
    await ends_paid_once(till, order_id, paid.id)


@pytest.mark.parametrize(
    ("diner", "why", "at_once_"),
    [("02", "NOT_ENOUGH", True), ("15", "AUTH_CODE_EXPIRED", True), ("14", "PAYER_REFUSED", False)],
)
async def test_a_declined_payment_fails_with_the_reason_and_the_order_can_be_paid_another_way(
    till: Till, diner: str, why: str, at_once_: bool
) -> None:
    order_id, tried = await till.pay_with(diner)
    assert (tried.state == "failed") is at_once_
    await till.wait(10)
    failed = await till.payment(tried.id)
    assert (failed.state, failed.detail, failed.holds_order_id) == ("failed", why, None)
    assert (await till.pay_state(order_id), await till.told(FAILED, order_id)) == ("unpaid", 1)
    again = await till.pay(order_id, till.asked("00"))
    assert (again.payment.state, await till.pay_state(order_id)) == ("succeeded", "paid")
    await till.books_hold()


async def test_a_code_of_no_diner_is_declined(till: Till) -> None:
    order_id = await till.an_order()
    asked = payments.Pay(payment_id=new_id(), method="wallet", amount_fen=3_800, auth_code="999900000000000000")
    charged = await till.pay(order_id, asked)
    assert (charged.payment.state, charged.payment.detail) == ("failed", "AUTH_CODE_INVALID")


@pytest.mark.parametrize("silent", [False, True])
async def test_a_lost_reply_is_unknown_and_ends_paid_once(till: Till, silent: bool) -> None:
    till.wallet.tells = not silent
    order_id, unknown = await till.pay_with("03")
    assert (unknown.state, unknown.detail, await till.pay_state(order_id)) == ("unknown", "timeout", "paying")
    await till.wait(5)
    await ends_paid_once(till, order_id, unknown.id)
    till.wallet.tells = True
    await till.wait(4_000)
    await ends_paid_once(till, order_id, unknown.id)


async def test_a_wallet_that_answers_500_and_then_knows_ends_paid_once(till: Till) -> None:
    till.wallet.tells = False
    order_id, unknown = await till.pay_with("04")
    assert (unknown.state, unknown.detail) == ("unknown", "http 500")
    await till.wait(5)
    await ends_paid_once(till, order_id, unknown.id)
    till.wallet.tells = True


async def test_nobody_pays_for_ever_after_45_seconds_the_attempt_is_closed(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    await till.wait(44)
    assert (await till.payment(waiting.id)).state == "pending"
    await till.wait(2)
    closed = await till.payment(waiting.id)
    assert (closed.state, closed.holds_order_id, await till.pay_state(order_id)) == ("closed", None, "unpaid")
    await till.wait(90_000)
    assert (await till.payment(waiting.id)).state == "closed"
    assert await till.told(FAILED, order_id) == 1
    await till.books_hold()


async def test_the_wallet_is_asked_when_it_is_time_and_not_more_often(till: Till) -> None:
    till.line.calls.clear()
    began = till.hands.now
    _, waiting = await till.pay_with("17")
    asked_at = []
    while till.hands.now < began.replace(microsecond=0).__class__.fromtimestamp(began.timestamp() + 46, began.tzinfo):
        before = len(till.line.calls)
        await till.wait(1)
        asked_at += [round((till.hands.now - began).total_seconds())] * (len(till.line.calls) > before)
    assert asked_at == [1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45]
    assert till.line.calls.count(f"POST /v1/payments/{waiting.id}/close") == 1


@pytest.mark.parametrize("diner", ["05", "16"])
async def test_money_that_comes_after_the_close_pays_an_order_that_can_still_be_paid(till: Till, diner: str) -> None:
    order_id, late = await till.pay_with(diner)
    await till.wait(46)
    assert (await till.payment(late.id)).state == "closed"
    await till.wait(30)  # 05 tells of it, 16 is looked back at
    assert (await till.payment(late.id)).state == "succeeded"
    assert (await till.pay_state(order_id), await till.told(SUCCEEDED, order_id)) == ("paid", 1)
    assert await till.refunds_of(order_id) == []
    await till.books_hold()


@pytest.mark.parametrize("diner", ["05", "16"])
async def test_money_that_comes_for_a_cancelled_order_goes_back_by_itself(till: Till, diner: str) -> None:
    order_id, late = await till.pay_with(diner)
    await till.cancel(order_id)
    await till.wait(90)
    await goes_back(till, order_id, late.id, "late")
    assert await till.pay_state(order_id) == "unpaid"
    assert (await till.told(SUCCEEDED, order_id), await till.told(REFUNDED, order_id)) == (1, 1)


async def test_money_that_comes_for_an_order_paid_in_cash_meanwhile_goes_back(till: Till) -> None:
    order_id, late = await till.pay_with("05")
    await till.wait(46)
    await till.take_cash(order_id, 4_000)
    await till.wait(60)
    await goes_back(till, order_id, late.id, "twice")
    assert await till.pay_state(order_id) == "paid"


async def test_an_order_paid_twice_by_the_wallet_is_paid_once_and_the_other_money_goes_back(till: Till) -> None:
    order_id, late = await till.pay_with("05")
    await till.wait(46)
    second = await till.pay(order_id, till.asked("00"))
    assert second.payment.state == "succeeded"
    await till.wait(60)
    await goes_back(till, order_id, late.id, "twice")
    assert (await till.payment(second.payment.id)).holds_order_id == order_id


async def test_late_money_does_not_push_aside_the_attempt_that_is_under_way(till: Till) -> None:
    order_id, late = await till.pay_with("05")
    await till.wait(46)
    second = await till.pay(order_id, till.asked("07"))  # pays after 20 s
    await till.wait(10)
    assert (await till.payment(late.id)).detail == "late"
    await till.wait(60)
    await goes_back(till, order_id, late.id, "late")
    assert (await till.payment(second.payment.id)).holds_order_id == order_id
    assert await till.pay_state(order_id) == "paid"


async def test_a_refund_of_late_money_that_the_wallet_refuses_waits_for_a_person(till: Till) -> None:
    order_id = await till.an_order()
    charged = await till.pay(order_id, till.asked("", payment_id=new_id()))
    await till.cancel(order_id)
    await till.client.post(f"/sandbox/wallet/pay/{charged.payment.id}", data={"diner": "13"})
    await till.wait(60)
    found = await till.payment(charged.payment.id)
    back = await till.refund_row(derived_id(found.id, "back"))
    assert (found.state, found.refunded_fen, back.state, back.detail) == ("succeeded", 0, "failed", "REFUND_REFUSED")
    await till.books_hold()


async def test_notices_that_come_early_twice_and_late_change_nothing_the_second_time(till: Till) -> None:
    order_id, paid = await till.pay_with("06")
    assert paid.state == "succeeded"
    await till.wait(30)
    refunded = await till.refund(paid.id, 1_000)
    await till.wait(200)  # the last notice of the payment comes after its refund
    assert (await till.payment(paid.id)).refunded_fen == 1_000
    assert (refunded.state, await till.told(SUCCEEDED, order_id)) == ("succeeded", 1)
    await till.books_hold()


@pytest.mark.parametrize("diner", ["07", "08", "09", "10"])
async def test_a_notice_with_another_amount_or_merchant_or_a_bad_or_stale_signature_is_not_believed(
    till: Till, diner: str
) -> None:
    order_id, waiting = await till.pay_with(diner)
    await till.wait(4)
    assert ((await till.payment(waiting.id)).state, await till.pay_state(order_id)) == ("pending", "paying")
    await till.wait(30)
    await ends_paid_once(till, order_id, waiting.id)


async def test_a_reply_that_somebody_wrote_on_is_not_believed(till: Till) -> None:
    till.line.state = "garbled"
    order_id, waiting = await till.pay_with("17")
    assert (waiting.state, waiting.detail) == ("unknown", "http 200, reply signature")
    till.line.state = "up"
    await till.wait(60)
    assert (await till.payment(waiting.id)).state == "closed"
    assert await till.pay_state(order_id) == "unpaid"


async def test_in_the_app_the_diner_pays_on_the_wallets_page(till: Till) -> None:
    order_id = await till.an_order()
    asked = till.asked("")
    charged = await till.pay(order_id, asked)
    assert charged.payment.state == "pending"
    page = charged.action["pay_url"].removeprefix("http://127.0.0.1:8000")
    assert (await till.pay(order_id, asked)).action == charged.action
    await till.wait(100)
    assert (await till.payment(charged.payment.id)).state == "pending"
    shown = await till.client.get(page)
    assert ("¥38.00" in shown.text, shown.status_code) == (True, 200)
    await till.client.post(page, data={"diner": "00"})
    await till.wait(60)
    await ends_paid_once(till, order_id, charged.payment.id)


async def test_in_the_app_an_attempt_that_nobody_pays_is_closed_after_five_minutes(till: Till) -> None:
    order_id = await till.an_order()
    charged = await till.pay(order_id, till.asked(""))
    await till.wait(299)
    assert (await till.payment(charged.payment.id)).state == "pending"
    await till.wait(2)
    assert (await till.payment(charged.payment.id)).state == "closed"


async def test_an_attempt_whose_order_was_cancelled_is_closed_at_once(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    await till.wait(3)
    await till.cancel(order_id)
    await till.run_jobs()
    assert (await till.payment(waiting.id)).state == "closed"
    await till.books_hold()


async def test_a_crash_between_intent_and_call_is_found_by_the_job(till: Till) -> None:
    order_id = await till.an_order()
    asked = till.asked("00")
    started = await till.begin(order_id, asked)
    await till.wait(44)
    assert ((await till.payment(asked.payment_id)).state, await till.pay_state(order_id)) == ("unknown", "paying")
    await till.wait(20)
    assert ((await till.payment(asked.payment_id)).state, await till.pay_state(order_id)) == ("closed", "unpaid")
    intent = Intent(
        payment_id=asked.payment_id,
        amount_fen=3_800,
        description="",
        auth_code=asked.auth_code,
        started_at=till.now,
        close_at=till.now,
    )
    assert isinstance(await till.gateway.charge(intent), payments.Closed)  # the call comes after all: nothing is taken
    assert started.fresh
    await till.books_hold()


async def test_a_crash_between_call_and_settlement_ends_paid_once(till: Till) -> None:
    till.wallet.tells = False
    order_id = await till.an_order()
    asked = till.asked("00")
    started = await till.begin(order_id, asked)
    intent = Intent(
        payment_id=asked.payment_id,
        amount_fen=3_800,
        description="",
        auth_code=asked.auth_code,
        started_at=till.now,
        close_at=till.now,
    )
    assert isinstance(await till.gateway.charge(intent), payments.Paid)
    assert (await till.payment(started.payment.id)).state == "pending"
    await till.wait(2)
    await ends_paid_once(till, order_id, asked.payment_id)
    till.wallet.tells = True


async def test_a_process_that_starts_again_goes_on_asking(till: Till) -> None:
    till.wallet.tells = False
    order_id, unknown = await till.pay_with("03")
    async with running(till.process.settings, clock=till.hands) as second:
        second.bring(payments.Gateways(till.adapter()))
        second.bring(payments.Settlements(on_success=on_success, on_failure=on_failure))
        first_jobs, till.jobs = till.jobs, JobRunner(second.db, rooms.job_functions(second), [])
        await till.wait(3)
        till.jobs = first_jobs
    await ends_paid_once(till, order_id, unknown.id)
    till.wallet.tells = True


async def test_a_line_that_is_cut_leaves_it_unknown_however_long_and_a_person_can_ask(till: Till) -> None:
    till.wallet.tells = False
    order_id, unknown = await till.pay_with("03")
    till.line.state = "down"
    await till.wait(90_000)
    found = await till.payment(unknown.id)
    assert (found.state, found.holds_order_id) == ("unknown", order_id)
    with pytest.raises(payments.UnderWay):
        await till.pay(order_id, till.asked("00"))
    till.line.state = "up"
    headers = till.token("staff", till.manager, store_id=till.store_id)
    answer = await till.post(f"/v1/payments/{unknown.id}/ask", {}, headers)
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    await ends_paid_once(till, order_id, unknown.id)
    till.wallet.tells = True


async def test_a_call_that_cannot_reach_the_wallet_is_tried_again_and_takes_money_once(till: Till) -> None:
    till.line.state, till.line.calls = "down", []
    order_id, unknown = await till.pay_with("00")
    assert (unknown.state, till.line.calls) == ("unknown", ["POST /v1/payments"] * len(till.line.calls))
    assert len(till.line.calls) > 1
    till.line.state = "up"
    await till.wait(90)
    assert (await till.payment(unknown.id)).state == "closed"
    assert await till.pay_state(order_id) == "unpaid"
    await till.books_hold()


async def test_a_charge_whose_effect_is_unknown_is_not_sent_again(till: Till) -> None:
    till.line.calls = []
    await till.pay_with("03")
    assert till.line.calls == ["POST /v1/payments"]
    await till.wait(5)
