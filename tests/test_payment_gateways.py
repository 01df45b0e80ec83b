"""What is the same at every gateway, in the house: orders follow their payments, money goes back by itself, a foreign code goes nowhere."""

from __future__ import annotations

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.payment import api as payments
from tests.payment_kit import Till
from tests.shop_kit import Floor

WECHAT_CODE, ALIPAY_CODE = "134567890123456789", "2812345678901234"


@pytest.mark.parametrize("method", ["wechat_pay", "alipay", "unionpay"])
async def test_orders_follow_the_fate_of_their_payments(till: Till, method: str) -> None:
    fates = {"00": "paid", "01": "paid", "02": "unpaid", "03": "paid", "04": "paid", "14": "unpaid", "17": "unpaid"}
    orders = {diner: (await till.pay_with(diner, method=method))[0] for diner in fates}
    early_twice_or_not_as_it_is = ("06", "07", "08", "09", "10")
    told = [await till.pay_in_app(diner, method=method) for diner in early_twice_or_not_as_it_is]
    await till.wait(1)
    assert [await till.pay_state(id_) for id_ in told] == ["paid", "paying", "paying", "paying", "paying"]
    await till.wait(200)
    assert {diner: await till.pay_state(id_) for diner, id_ in orders.items()} == fates
    assert [await till.pay_state(id_) for id_ in told] == ["paid"] * 5
    await till.books_hold()


@pytest.mark.parametrize(
    ("method", "diner"),
    [("wechat_pay", "05"), ("alipay", "05"), ("alipay", "16"), ("unionpay", "05"), ("unionpay", "16")],
)
async def test_money_that_comes_when_the_order_is_gone_goes_back_by_itself(till: Till, method: str, diner: str) -> None:
    order_id, _ = await till.pay_with(diner, method=method)
    await till.cancel(order_id)
    await till.wait(4_000)
    assert [each.state for each in await till.refunds_of(order_id)] == ["succeeded"]
    await till.books_hold()


@pytest.mark.parametrize("method", ["alipay", "unionpay"])
async def test_refunds_slow_and_lost_are_made_once(till: Till, method: str) -> None:
    for diner in ("11", "12"):
        order_id, paid = await till.pay_with(diner, method=method)
        await till.refund(paid.id, 1_000)
        await till.refund(paid.id, 2_800)
        await till.wait(200)
        assert {each.state for each in await till.refunds_of(order_id)} == {"succeeded"}
    _, paid = await till.pay_with("13", method=method)
    assert (await till.refund(paid.id, 1_000)).state == "failed"
    await till.books_hold()


@pytest.mark.parametrize(
    ("method", "code"), [("wechat_pay", ALIPAY_CODE), ("alipay", WECHAT_CODE), ("unionpay", WECHAT_CODE)]
)
async def test_a_code_of_another_wallet_is_sent_to_nobody(till: Till, method: str, code: str) -> None:
    order_id = await till.an_order()
    till.lines[method].calls.clear()
    asked = payments.Pay(payment_id=new_id(), method=method, amount_fen=3_800, auth_code=code)
    with pytest.raises(payments.CodeOfAnother):
        await till.pay(order_id, asked)
    assert till.lines[method].calls == []


async def test_a_demonstration_takes_money_in_every_way_there_is(floor: Floor) -> None:
    shown = await floor.done("GET", "/v1/payment-methods")
    assert set(shown["methods"]) == {"wallet", "wechat_pay", "alipay", "unionpay"}
