"""Bills of gateways: what came and went on a day, read whole or not at all."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.payment import api as payments
from goodtaste.payment.gateway import Bill, BillLine, NotYet, Unknown
from goodtaste.payment.gateways import wechat_bill
from goodtaste.payment.gateways.genuine import BEIJING
from tests.payment_kit import Till

METHODS = ("wallet", "wechat_pay", "alipay", "unionpay")


def gateway_of(till: Till, method: str) -> Any:
    return till.process.part(payments.Gateways).of(method)


async def billed(till: Till, method: str, day: date) -> tuple[BillLine, ...]:
    found = await gateway_of(till, method).bill(day)
    assert isinstance(found, Bill), found
    return found.lines


@pytest.mark.parametrize("method", METHODS)
async def test_a_bill_has_each_payment_and_refund_of_its_day_with_what_was_kept(till: Till, method: str) -> None:
    day = till.new_day()
    _, paid = await till.pay_with("00", amount_fen=3_825, method=method)
    _, other = await till.pay_with("01", amount_fen=100, method=method)
    await till.pay_with("02", method=method)  # too little money: on no bill
    await till.wait(10)
    backs = [await till.refund(paid.id, fen) for fen in (1_000, 2_825)]
    assert isinstance(await gateway_of(till, method).bill(day), NotYet)
    till.to_ten(day)
    lines = await billed(till, method, day)
    came, back = ({line.payment_id or line.refund_id: line for line in lines if line.kind == "paid"},
                  {line.refund_id: line for line in lines if line.kind == "refunded"})  # fmt: skip
    assert {id_: line.amount_fen for id_, line in came.items()} == {paid.id: 3_825, other.id: 100}
    assert {id_: line.amount_fen for id_, line in back.items()} == {backs[0].id: 1_000, backs[1].id: 2_825}
    assert came[paid.id].gateway_ref == (await till.payment(paid.id)).gateway_ref
    assert (came[paid.id].fee_fen, came[other.id].fee_fen) == (23, 1)  # 0.6 %
    assert sum(line.fee_fen for line in back.values()) == -23, "the fee comes back with the money"
    assert all(line.at.astimezone(BEIJING).date() == day for line in lines)
    assert await billed(till, method, day) == lines, "the same bill whenever it is asked for"
    assert await billed(till, method, day - timedelta(days=300)) == ()


async def test_a_bill_of_wechat_is_ready_at_ten(till: Till) -> None:
    day = till.new_day()
    await till.pay_with("00", method="wechat_pay")
    till.to_ten(day)
    till.hands.now -= timedelta(seconds=1)
    assert await gateway_of(till, "wechat_pay").bill(day) == NotYet()
    till.to_ten(day)
    assert len(await billed(till, "wechat_pay", day)) == 1


@pytest.mark.parametrize("method", METHODS)
async def test_payments_late_at_night_are_on_the_bill_of_their_day_in_china(till: Till, method: str) -> None:
    day = till.new_day()
    midnight = datetime.combine(day + timedelta(days=1), time(0), BEIJING)
    for minutes in (-1, 1):
        till.hands.now = midnight + timedelta(minutes=minutes)
        await till.pay_with("00", method=method)
    till.to_ten(day + timedelta(days=1))
    assert [len(await billed(till, method, day + timedelta(days=n))) for n in (0, 1)] == [1, 1]


@pytest.mark.parametrize("method", METHODS)
async def test_diners_whose_bill_is_wrong_are_billed_wrong(till: Till, method: str) -> None:
    day = till.new_day()
    paid = {diner: (await till.pay_with(diner, method=method))[1] for diner in ("00", "18", "19", "20")}
    till.to_ten(day)
    lines = await billed(till, method, day)
    fen = {line.payment_id: line.amount_fen for line in lines}
    assert len(lines) == len(fen) == 4
    assert (fen[paid["00"].id], fen.get(paid["18"].id), fen[paid["19"].id]) == (3_800, None, 3_801)
    assert len(fen.keys() - {each.id for each in paid.values()}) == 1, "one that nobody knows"
    assert all(each.state == "succeeded" for each in paid.values())


async def test_a_gateway_that_does_not_answer_has_no_bill_yet_known(till: Till) -> None:
    day = till.new_day()
    till.to_ten(day)
    till.line.state = till.wechat_line.state = till.alipay_line.state = till.unionpay_line.state = "down"
    for method in METHODS:
        assert await gateway_of(till, method).bill(day) == Unknown("ConnectError")
    till.line.state = till.wechat_line.state = till.alipay_line.state = till.unionpay_line.state = "up"


async def test_a_bill_of_wechat_that_was_written_on_is_not_believed(till: Till) -> None:
    day = till.new_day()
    await till.pay_with("00", method="wechat_pay")
    till.to_ten(day)
    till.wechat_line.state = "garbled"
    assert await gateway_of(till, "wechat_pay").bill(day) == Unknown("the bill is not whole")
    till.wechat_line.state = "up"
    assert len(await billed(till, "wechat_pay", day)) == 1


# The file of WeChat

SAMPLE = """\
交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注
`2026-11-22 12:00:01,`wx1,`1900000001,`0,`,`4200000001,`019aa0000000700080000000000000a1,`oX,`MICROPAY,`SUCCESS,`OTHERS,`CNY,`38.00,`0.00,`0,`0,`0.00,`0.00,`,`,`牛肉面, 大份,`,`0.23000,`0.60%,`38.00,`0.00,`
`2026-11-22 13:00:01,`wx1,`1900000001,`0,`,`4200000001,`019aa0000000700080000000000000a1,`oX,`MICROPAY,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030000001,`019aa0000000700080000000000000b1,`8.00,`0.00,`ORIGINAL,`SUCCESS,`牛肉面, 大份,`,`-0.05000,`0.60%,`0.00,`8.00,`
`2026-11-22 14:00:01,`wx1,`1900000001,`0,`,`4200000002,`till-7,`oX,`MICROPAY,`REVOKED,`OTHERS,`CNY,`0.00,`0.00,`5030000002,`0,`5.00,`0.00,`ORIGINAL,`SUCCESS,`x,`,`0.00000,`0.60%,`0.00,`5.00,`
总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额
`3,`38.00,`13.00,`0.00,`0.18000,`38.00,`13.00
"""  # noqa: E501 - as it comes


def test_a_file_is_read_by_the_names_of_its_columns() -> None:
    paid, back, reversed_ = wechat_bill.read(SAMPLE.encode("utf-8-sig"), merchant="1900000001")
    id_ = "019aa000-0000-7000-8000-0000000000a1"
    at = datetime(2026, 11, 22, 12, 0, 1, tzinfo=BEIJING)
    assert paid == BillLine(kind="paid", payment_id=id_, gateway_ref="4200000001", amount_fen=3_800, fee_fen=23, at=at)
    assert (back.payment_id, back.refund_id) == (id_, "019aa000-0000-7000-8000-0000000000b1")
    assert (back.gateway_ref, back.amount_fen, back.fee_fen) == ("5030000001", 800, -5)
    assert (reversed_.kind, reversed_.payment_id, reversed_.refund_id) == ("refunded", "till-7", "")
    moved = SAMPLE.replace(",费率备注\n", ",费率备注,新的一列\n").replace("`\n", "`,`new\n")
    assert len(wechat_bill.read(moved.encode(), merchant="1900000001")) == 3


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        ("`3,`38.00,`13.00", "`2,`38.00,`13.00"),
        ("`3,`38.00,`13.00", "`3,`38.01,`13.00"),
        ("`CNY,`38.00", "`CNY,`39.00"),
        ("`0.23000", "`0.24000"),
        (",`1900000001,", ",`1900000002,"),
        ("商户订单号,", "单号,"),
        ("12:00:01", "25:00:01"),
        ("`38.00,`0.00,`0,", "`38.001,`0.00,`0,"),
        ("总交易单数", "总数"),
        (SAMPLE[-30:], ""),
    ],
)
def test_a_file_that_is_not_whole_or_of_another_is_not_read(was: str, is_: str) -> None:
    assert was in SAMPLE
    with pytest.raises(ValueError, match=r"\w"):
        wechat_bill.read(SAMPLE.replace(was, is_, 1).encode(), merchant="1900000001")


def test_what_the_sandbox_writes_is_what_is_read() -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=BEIJING)
    lines = [
        BillLine(kind="paid", payment_id=new_id(), gateway_ref="1", amount_fen=1, fee_fen=0, at=at),
        BillLine(kind="refunded", payment_id=new_id(), refund_id=new_id(), gateway_ref="2", amount_fen=99_999, fee_fen=-600, at=at),
    ]  # fmt: skip
    assert wechat_bill.read(wechat_bill.write(lines, merchant="1", app_id="wx"), merchant="1") == lines
