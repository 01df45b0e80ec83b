"""Refunds: many parts, never more than was paid, each made once by the way the money came."""

from __future__ import annotations

import secrets

import pytest

from goodtaste.kernel.errors import refusal_of
from goodtaste.kernel.ids import IdTaken, new_id
from goodtaste.payment import api as payments
from goodtaste.payment.refunds import COUNT, RefundNothing, RefundUnknown
from tests.payment_kit import Till
from tests.shop import at_once, write

REFUNDED = "payment.refund_settled.v1"


async def test_cash_is_given_back_at_once(till: Till) -> None:
    order_id = await till.an_order(3_800)
    paid = await till.take_cash(order_id, 5_000)
    back = await till.refund(paid, 1_300, go=False)
    assert (back.state, back.settled_at) == ("succeeded", till.now)
    assert await till.told(REFUNDED, order_id) == 1
    assert (await payments.give_back(till.ctx, back.id)).state == "succeeded"
    await till.wait(60)
    assert await till.told(REFUNDED, order_id) == 1
    await till.books_hold()


async def test_the_wallet_gives_back_in_parts_up_to_what_was_paid(till: Till) -> None:
    order_id, paid = await till.pay_with("00")
    for amount_fen in (1, 1_799, 2_000):
        assert (await till.refund(paid.id, amount_fen)).state == "succeeded"
    with pytest.raises(payments.RefundTooMuch) as refused:
        await till.refund(paid.id, 1)
    assert refused.value.facts == {"left_fen": 0, "asked_fen": 1}
    await till.wait(60)
    assert await till.told(REFUNDED, order_id) == 3
    await till.books_hold()


async def test_parts_of_any_size_add_up_to_what_was_paid(till: Till) -> None:
    _, paid = await till.pay_with("00", amount_fen=9_999)
    left = 9_999
    while left:
        part = 1 + secrets.randbelow(left)
        await till.refund(paid.id, part)
        left -= part
    assert (await till.payment(paid.id)).refunded_fen == 9_999
    await till.books_hold()


@pytest.mark.parametrize("amount_fen", [0, -1, -3_800])
async def test_nothing_and_less_are_not_refunded(till: Till, amount_fen: int) -> None:
    _, paid = await till.pay_with("00")
    with pytest.raises(RefundNothing):
        await till.refund(paid.id, amount_fen)


@pytest.mark.parametrize("amount_fen", [3_801, 10**10, 2**62])
async def test_more_than_was_paid_is_not_refunded(till: Till, amount_fen: int) -> None:
    _, paid = await till.pay_with("00")
    with pytest.raises(payments.RefundTooMuch):
        await till.refund(paid.id, amount_fen)


async def test_of_64_refunds_at_once_as_many_are_made_as_there_is_money(till: Till) -> None:
    _, paid = await till.pay_with("00", amount_fen=1_000)

    async def one(n: int) -> str:
        return (await till.refund(paid.id, 100)).state

    outcomes = await at_once(64, one)
    assert (outcomes.count("succeeded"), outcomes.count("payment.refund_too_much")) == (10, 54)
    await till.books_hold()


async def test_one_refund_that_is_sent_64_times_is_made_once(till: Till) -> None:
    order_id, paid = await till.pay_with("00")
    refund_id = new_id()
    outcomes = await at_once(64, lambda n: till.refund(paid.id, 700, refund_id=refund_id))
    assert {outcome.id for outcome in outcomes} == {refund_id}
    assert ((await till.payment(paid.id)).refunded_fen, await till.told(REFUNDED, order_id)) == (700, 1)
    for amount_fen, of in ((701, paid.id), (700, (await till.pay_with("00"))[1].id)):
        with pytest.raises(IdTaken):
            await till.refund(of, amount_fen, refund_id=refund_id)
    await till.books_hold()


async def test_there_is_no_refund_of_a_refund_nor_of_what_does_not_exist(till: Till) -> None:
    _, paid = await till.pay_with("00")
    back = await till.refund(paid.id, 500)
    for payment_id in (back.id, new_id()):
        with pytest.raises(payments.PaymentUnknown):
            await till.refund(payment_id, 100)
    with pytest.raises(RefundUnknown):
        await payments.give_back(till.ctx, new_id())


@pytest.mark.parametrize("diner", ["02", "17"])
async def test_a_payment_without_money_is_not_refunded(till: Till, diner: str) -> None:
    _, tried = await till.pay_with(diner)
    with pytest.raises(payments.NotRefundable) as refused:
        await till.refund(tried.id, 100)
    assert refused.value.facts["state"] == (await till.payment(tried.id)).state
    await till.wait(60)


async def test_the_database_itself_refuses_more_than_was_paid(till: Till) -> None:
    _, paid = await till.pay_with("00", amount_fen=1_000)
    with pytest.raises(payments.RefundTooMuch):
        await till.db.run(write(COUNT(id=paid.id, refunded_fen=1_001)))
    _, tried = await till.pay_with("02")
    with pytest.raises(payments.NotRefundable):
        await till.db.run(write(COUNT(id=tried.id, refunded_fen=1)))
    assert isinstance(refusal_of("payment_refund_amount"), RefundNothing)
    await till.books_hold()


@pytest.mark.parametrize("silent", [False, True])
async def test_a_slow_refund_is_pending_until_the_bank_is_through(till: Till, silent: bool) -> None:
    till.wallet.tells = not silent
    order_id, paid = await till.pay_with("11")
    back = await till.refund(paid.id, 800)
    await till.wait(80)
    assert (back.state, (await till.refund_row(back.id)).state) == ("pending", "pending")
    await till.wait(320)
    assert ((await till.refund_row(back.id)).state, await till.told(REFUNDED, order_id)) == ("succeeded", 1)
    till.wallet.tells = True
    await till.books_hold()


async def test_a_refund_whose_reply_is_lost_is_made_once(till: Till) -> None:
    till.wallet.tells = False
    order_id, paid = await till.pay_with("12")
    back = await till.refund(paid.id, 800)
    assert (back.state, back.detail) == ("unknown", "timeout")
    await till.wait(5)
    assert ((await till.refund_row(back.id)).state, await till.told(REFUNDED, order_id)) == ("succeeded", 1)
    till.wallet.tells = True
    await till.books_hold()


async def test_a_refund_that_nobody_called_for_is_made_by_the_job(till: Till) -> None:
    _, paid = await till.pay_with("00")
    back = await till.refund(paid.id, 800, go=False)
    assert back.state == "pending"
    await till.wait(2)
    assert (await till.refund_row(back.id)).state == "succeeded"
    await till.books_hold()


async def test_a_refund_is_made_when_the_line_is_back(till: Till) -> None:
    _, paid = await till.pay_with("00")
    till.line.state = "down"
    back = await till.refund(paid.id, 800)
    await till.wait(600)
    assert (await till.refund_row(back.id)).state == "unknown"
    till.line.state = "up"
    await till.wait(300)
    assert (await till.refund_row(back.id)).state == "succeeded"
    await till.books_hold()


async def test_a_refund_that_the_wallet_refuses_failed_and_its_money_can_be_refunded_again(till: Till) -> None:
    order_id, paid = await till.pay_with("13")
    back = await till.refund(paid.id, 3_800)
    assert (back.state, back.detail) == ("failed", "REFUND_REFUSED")
    assert ((await till.payment(paid.id)).refunded_fen, await till.told(REFUNDED, order_id)) == (0, 1)
    await till.wait(30)
    assert (await till.refund(paid.id, 3_800)).state == "failed"
    assert (await payments.give_back(till.ctx, back.id)).state == "failed"
    await till.books_hold()
