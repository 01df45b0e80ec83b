"""Attempts: one id is one payment, one order is paid by one of them, and what is told and proven of them is true."""

from __future__ import annotations

import msgspec
import pytest

from goodtaste.events.payment import PaymentSucceeded
from goodtaste.kernel.ids import IdTaken, new_id
from goodtaste.ordering.rules import WrongState
from goodtaste.payment import api as payments
from goodtaste.payment.calls import conclude
from tests.payment_kit import NOON, Till
from tests.shop import at_once
from tests.test_payment_fates import SUCCEEDED, ends_paid_once


async def test_the_same_payment_sent_again_after_a_doubt_is_the_same_payment(till: Till) -> None:
    order_id = await till.an_order()
    asked = till.asked("01")
    first = await till.pay(order_id, asked)
    again = await till.pay(order_id, asked)
    assert (first.payment.id, again.payment.state) == (again.payment.id, "pending")
    await till.wait(10)
    assert (await till.pay(order_id, asked)).payment.state == "succeeded"
    await ends_paid_once(till, order_id, asked.payment_id)


async def test_a_payment_that_never_left_the_till_is_charged_when_it_is_sent_again(till: Till) -> None:
    order_id = await till.an_order()
    asked = till.asked("00")
    await till.begin(order_id, asked)
    assert (await till.pay(order_id, asked)).payment.state == "succeeded"
    await till.wait(60)
    await ends_paid_once(till, order_id, asked.payment_id)


async def test_the_same_id_with_other_content_is_a_conflict(till: Till) -> None:
    order_id, paid = await till.pay_with("00")
    for other in (
        till.asked("01", payment_id=paid.id),
        till.asked("00", payment_id=paid.id, amount_fen=3_801),
    ):
        with pytest.raises(IdTaken):
            await till.pay(order_id, other)
    with pytest.raises(IdTaken):
        await till.pay(await till.an_order(), till.asked("00", payment_id=paid.id))


async def test_an_amount_that_is_not_due_is_refused(till: Till) -> None:
    order_id = await till.an_order(3_800)
    for amount_fen in (3_799, 3_801, 1, 10_000_000_000):
        with pytest.raises(payments.AmountDiffers) as refused:
            await till.pay(order_id, till.asked("00", amount_fen=amount_fen))
        assert refused.value.facts == {"due_fen": 3_800, "amount_fen": amount_fen}
    assert await till.db.query(payments.of_order(order_id)) == []


async def test_a_method_that_is_not_there_is_refused(till: Till) -> None:
    order_id = await till.an_order()
    asked = payments.Pay(payment_id=new_id(), method="bitcoin", amount_fen=3_800)
    with pytest.raises(payments.MethodUnknown) as refused:
        await till.pay(order_id, asked)
    assert refused.value.facts["methods"] == ["alipay", "unionpay", "wallet", "wechat_pay"]


async def test_an_order_that_is_being_paid_or_was_paid_is_not_paid_beside_it(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    with pytest.raises(payments.UnderWay) as busy:
        await till.pay(order_id, till.asked("00"))
    assert busy.value.facts == {"payment_id": waiting.id, "state": "pending"}
    with pytest.raises(payments.UnderWay):
        await till.take_cash(order_id, 4_000)
    paid_id, paid = await till.pay_with("00")
    with pytest.raises(payments.AlreadyPaid) as done:
        await till.pay(paid_id, till.asked("00"))
    assert done.value.facts == {"payment_id": paid.id}


async def test_of_64_tills_that_pay_one_order_one_does(till: Till) -> None:
    order_id = await till.an_order()

    async def one(n: int) -> str:
        return (await till.pay(order_id, till.asked("00"))).payment.state

    outcomes = await at_once(64, one)
    assert outcomes.count("succeeded") == 1
    assert set(outcomes) <= {"succeeded", "payment.under_way", "payment.already_paid", WrongState.code}
    assert len(await till.db.query(payments.of_order(order_id))) == 1
    await till.books_hold()


async def test_of_64_who_ask_at_once_one_settles(till: Till) -> None:
    till.wallet.tells = False
    order_id, unknown = await till.pay_with("03")
    states = await at_once(64, lambda n: payments.ask(till.ctx, unknown.id))
    assert {found.state for found in states} == {"succeeded"}
    await ends_paid_once(till, order_id, unknown.id)
    till.wallet.tells = True


async def test_with_no_order_side_a_success_is_still_settled_and_told_once(till: Till) -> None:
    plugged = till.process.part(payments.Settlements)
    till.process.bring(payments.Settlements())
    till.wallet.tells = False
    order_id, unknown = await till.pay_with("03")
    states = await at_once(64, lambda n: payments.ask(till.ctx, unknown.id))
    assert {found.state for found in states} == {"succeeded"}
    assert (await till.told(SUCCEEDED, order_id), await till.pay_state(order_id)) == (1, "paying")
    till.process.bring(plugged)
    till.wallet.tells = True
    await till.books_hold()


async def test_an_answer_about_another_amount_leaves_it_unknown(till: Till) -> None:
    _, waiting = await till.pay_with("17")
    after = await conclude(till.ctx, waiting, payments.Paid("t-1", 1))
    assert (after.state, after.detail) == ("unknown", "the gateway speaks of 1 fen instead of 3800")
    await till.wait(60)
    assert (await till.payment(waiting.id)).state == "closed"


async def test_a_reply_that_was_given_before_is_not_believed_again(till: Till) -> None:
    order_id = await till.an_order()
    asked = till.asked("00")
    await till.begin(order_id, asked)
    assert (await payments.ask(till.ctx, asked.payment_id)).state == "unknown"  # the wallet has not seen it yet
    till.line.state = "replayed"
    assert (await payments.ask(till.ctx, asked.payment_id)).detail == ""
    outcome = await till.gateway.query(asked.payment_id, started_at=NOON)
    assert outcome == payments.Unknown("the reply is to another request")
    till.line.state = "up"
    await till.wait(60)


async def test_what_is_told_says_who_paid_what_when(till: Till) -> None:
    order_id, paid = await till.pay_with("00")
    [(body,)] = await till.db.execute(f"SELECT body FROM kernel_outbox WHERE key = '{order_id}'")
    assert msgspec.json.decode(body, type=PaymentSucceeded) == PaymentSucceeded(
        payment_id=paid.id,
        order_id=order_id,
        stream=order_id,
        store_id=till.store_id,
        amount_fen=3_800,
        method="wallet",
        business_date=till.today,
    )


async def test_every_proof_can_fail(till: Till) -> None:
    _, paid = await till.pay_with("00")
    _, other = await till.pay_with("00")
    back = await till.refund(paid.id, 1_000)
    breaks = {
        "L6 ": (f"UPDATE payment_refund SET amount_fen = 9999 WHERE id = '{back.id}'", "1000"),
        "L6b": (f"UPDATE payment_payment SET refunded_fen = 999 WHERE id = '{paid.id}'", "1000"),
        "L6e": (f"UPDATE payment_payment SET holds_order_id = NULL WHERE id = '{other.id}'", f"'{other.order_id}'"),
        "L6f": (f"UPDATE payment_payment SET gateway_ref = 'x' WHERE id IN ('{paid.id}', '{other.id}')", ""),
    }
    for name, (sabotage, mend) in breaks.items():
        await till.db.execute(sabotage)
        [proof] = [text for title, text in payments.PROOFS.items() if title.startswith(name)]
        assert await till.db.execute(proof) != [], name
        column, value = sabotage.partition("SET ")[2].partition(" WHERE ")[0].split(" = ")
        if mend:
            await till.db.execute(sabotage.replace(f"{column} = {value}", f"{column} = {mend}"))
    for each in (paid, other):
        await till.db.execute(f"UPDATE payment_payment SET gateway_ref = '{each.gateway_ref}' WHERE id = '{each.id}'")
    await till.books_hold()


async def test_asking_about_a_payment_that_does_not_exist_is_refused(till: Till) -> None:
    with pytest.raises(payments.PaymentUnknown):
        await payments.ask(till.ctx, new_id())


async def test_cash_is_taken_with_its_change(till: Till) -> None:
    order_id = await till.an_order(3_800)
    with pytest.raises(payments.TooLittleCash):
        await till.take_cash(order_id, 3_799)
    payment_id = await till.take_cash(order_id, 5_000)
    taken = await till.payment(payment_id)
    assert (taken.state, taken.change_fen, taken.holds_order_id) == ("succeeded", 1_200, order_id)
    assert (await payments.ask(till.ctx, payment_id)).state == "succeeded"
    await till.books_hold()
