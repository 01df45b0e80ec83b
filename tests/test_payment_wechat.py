"""WeChat Pay: published vectors, the ways to pay, every answer that may come, and notices that nobody else can make."""

from __future__ import annotations

import base64
import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from goodtaste.kernel import rsa
from goodtaste.kernel.ids import new_id
from goodtaste.payment.gateway import (
    Absent,
    Closed,
    Declined,
    Intent,
    NoticeRefused,
    Paid,
    PaymentNotice,
    Pending,
    Refunded,
    RefundIntent,
    Unknown,
    Way,
)
from goodtaste.payment.gateways import testing_keys
from goodtaste.payment.gateways import wechat_wire as wire
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.opening import INSIDE, SANDBOX_MERCHANT
from goodtaste.payment.gateways.wechat import WechatGateway
from goodtaste.payment.gateways.wechat_sandbox import WechatSandbox
from tests.member_kit import wechat_code
from tests.payment_kit import CALL_S, NOON, Hands, Line, Till
from tests.shop import at_once
from tests.shop_kit import Floor

NOTIFY_URL = "http://127.0.0.1:8000/v1/gateways/wechat_pay/notices"
PATH = "/v1/gateways/wechat_pay/notices"


class Counter:
    """WeChat's sandbox with an adapter of ours, a line between them, and hands on the clock."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.sandbox = WechatSandbox(
            merchant=SANDBOX_MERCHANT,
            app_id="wx-sandbox",
            keys=testing_keys.platform_keys(),
            address="http://127.0.0.1:8000/sandbox/pay/wechat",
            clock=self.hands,
            client=client_for("http://nowhere"),
        )
        self.line = Line(self.sandbox)
        self.gateway = self.adapter()

    def adapter(self, **other: Any) -> WechatGateway:
        """Return an adapter."""
        how = {"merchant": SANDBOX_MERCHANT, "app_id": "wx-sandbox", "keys": testing_keys.merchant_keys()} | other
        client = client_for(INSIDE, transport=self.line)
        return WechatGateway(client, notify_url=NOTIFY_URL, clock=self.hands, total_s=CALL_S, pause_ms=2, **how)

    def intent(self, diner: str = "00", *, payment_id: str = "", amount_fen: int = 3_800, way: Way = "qr") -> Intent:
        """Return what is asked."""
        return Intent(
            payment_id=payment_id or new_id(),
            amount_fen=amount_fen,
            description="好味 牛肉面",
            auth_code=f"1399{diner}".ljust(18, "5") if diner else "",
            started_at=self.hands.now,
            close_at=self.hands.now + timedelta(minutes=5),
            store_id=new_id(),
            way=way,
            payer="o-diner" if way == "mini_program" else "",
        )

    def told(self, payment_id: str, **other: Any) -> bytes:
        """Return the body of a notice that a payment succeeded."""
        fields = {
            "mchid": SANDBOX_MERCHANT,
            "appid": "wx-sandbox",
            "out_trade_no": payment_id.replace("-", ""),
            "trade_state": "SUCCESS",
            "transaction_id": "42",
            "amount": {"total": 3_800, "currency": "CNY"},
        } | other
        sealed = wire.seal(testing_keys.API_KEY, msgspec.json.encode(fields), nonce="abcdefghijkl", associated="t")
        return msgspec.json.encode(
            wire.Notice(new_id(), "TRANSACTION.SUCCESS", wire.Resource(wire.CIPHER, sealed, "abcdefghijkl", "t"))
        )

    def headers(self, body: bytes, *, late_s: int = 0) -> dict[str, str]:
        """Return the headers WeChat would send with a notice."""
        return wire.told_headers(testing_keys.platform_keys(), at=self.hands.now - timedelta(seconds=late_s), body=body)


@pytest.fixture
def counter() -> Counter:
    """Give a counter."""
    return Counter()


# Ways to pay


async def test_a_shown_code_takes_money_once_a_number(counter: Counter) -> None:
    asked = counter.intent()
    first, again = await counter.gateway.charge(asked), await counter.gateway.charge(asked)
    assert isinstance(first, Paid)
    assert first == again == await counter.gateway.query(asked.payment_id, started_at=NOON)
    other = counter.intent(payment_id=asked.payment_id, amount_fen=1)
    assert await counter.gateway.charge(other) == Unknown("OUT_TRADE_NO_USED")
    outcomes = await at_once(64, lambda _: counter.gateway.charge(asked))
    assert set(outcomes) == {first}
    assert counter.sandbox.holdings().paid_fen == 3_800


@pytest.mark.parametrize(("way", "key"), [("qr", "code_url"), ("h5", "pay_url"), ("mini_program", "paySign")])
async def test_a_diner_who_pays_in_an_app_is_told_how(counter: Counter, way: Way, key: str) -> None:
    asked = counter.intent("", way=way)
    waiting = await counter.gateway.charge(asked)
    assert isinstance(waiting, Pending)
    assert waiting.action[key]
    if way == "mini_program":
        text = "\n".join(
            ["wx-sandbox", waiting.action["timeStamp"], waiting.action["nonceStr"], waiting.action["package"], ""]
        )
        key_ = testing_keys.merchant_keys().own.public_key()
        assert rsa.verifies(key_, text.encode(), waiting.action["paySign"])
    assert isinstance(await counter.gateway.charge(asked), Pending)
    counter.sandbox.books.pay(asked.payment_id.replace("-", ""), "00", at=counter.hands.now)
    assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Paid)
    assert await counter.gateway.charge(asked) == Unknown("ORDER_PAID")


async def test_a_number_it_never_saw_is_absent(counter: Counter) -> None:
    assert await counter.gateway.query(new_id(), started_at=NOON) == Absent()
    assert await counter.gateway.close(new_id(), started_at=NOON) == Absent()
    assert await counter.gateway.query_refund(new_id(), payment_id=new_id(), started_at=NOON) == Absent()


@pytest.mark.parametrize("way", ["code", "qr"])
async def test_what_waits_is_ended_by_reversal_or_by_closing(counter: Counter, way: str) -> None:
    asked = counter.intent("17" if way == "code" else "")
    assert isinstance(await counter.gateway.charge(asked), Pending)
    counter.line.calls.clear()
    assert isinstance(await counter.gateway.close(asked.payment_id, started_at=NOON), Closed)
    assert counter.line.calls[-1].endswith("/reverse" if way == "code" else "/close")
    assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Closed)
    assert isinstance(await counter.gateway.close(asked.payment_id, started_at=NOON), Closed)


async def test_what_was_paid_is_not_ended(counter: Counter) -> None:
    asked = counter.intent("00")
    paid = await counter.gateway.charge(asked)
    assert await counter.gateway.close(asked.payment_id, started_at=NOON) == paid


@pytest.mark.parametrize(("diner", "why"), [("02", "NOT_ENOUGH"), ("15", "AUTH_CODE_EXPIRED")])
async def test_a_refusal_is_final_and_says_why(counter: Counter, diner: str, why: str) -> None:
    assert await counter.gateway.charge(counter.intent(diner)) == Declined(why)


async def test_a_password_a_lost_reply_and_a_broken_server_end_paid(counter: Counter) -> None:
    typing, lost, broken = counter.intent("01"), counter.intent("03"), counter.intent("04")
    assert isinstance(await counter.gateway.charge(typing), Pending)
    assert await counter.gateway.charge(lost) == Unknown("timeout")
    assert await counter.gateway.charge(broken) == Unknown("http 500")
    counter.hands.now += timedelta(seconds=5)
    for asked in (typing, lost, broken):
        assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Paid)
    assert counter.sandbox.holdings().paid_fen == 3 * 3_800


async def test_no_more_is_given_back_than_was_taken(counter: Counter) -> None:
    asked = counter.intent()
    await counter.gateway.charge(asked)

    def back(amount_fen: int, *, refund_id: str = "", paid_fen: int = 3_800) -> RefundIntent:
        return RefundIntent(
            refund_id=refund_id or new_id(),
            payment_id=asked.payment_id,
            amount_fen=amount_fen,
            paid_fen=paid_fen,
            reason="",
            started_at=NOON,
        )

    part = back(2_000)
    first, again = await counter.gateway.refund(part), await counter.gateway.refund(part)
    assert isinstance(first, Refunded)
    assert (
        first
        == again
        == await counter.gateway.query_refund(part.refund_id, payment_id=asked.payment_id, started_at=NOON)
    )
    assert await counter.gateway.refund(back(1, refund_id=part.refund_id)) == Unknown("OUT_TRADE_NO_USED")
    assert isinstance(await counter.gateway.refund(back(1_801)), Declined)
    assert await counter.gateway.refund(back(1, paid_fen=1)) == Unknown("PARAM_ERROR")
    assert isinstance(await counter.gateway.refund(back(1_800)), Refunded)
    assert counter.sandbox.holdings().refunded_fen == 3_800


# Who speaks


async def test_a_wrong_key_merchant_or_app_takes_nothing(counter: Counter) -> None:
    ours = testing_keys.merchant_keys()
    stranger = msgspec.structs.replace(ours, own=testing_keys.platform_keys().own)
    unheard = msgspec.structs.replace(ours, serial="SOMEBODY")
    for wrong in ({"keys": stranger}, {"keys": unheard}, {"merchant": "1900000009"}, {"app_id": "wx-other"}):
        outcome = await counter.adapter(**wrong).charge(counter.intent())
        assert isinstance(outcome, Unknown), wrong
    assert counter.sandbox.holdings().paid_fen == 0


async def test_an_answer_that_was_written_on_or_is_old_counts_for_nothing(counter: Counter) -> None:
    typing = counter.intent("01")
    await counter.gateway.charge(typing)
    counter.line.state = "garbled"
    assert await counter.gateway.query(typing.payment_id, started_at=NOON) == Unknown("http 200, reply signature")
    counter.line.state = "up"
    await counter.gateway.query(typing.payment_id, started_at=NOON)
    counter.line.state = "replayed"
    counter.hands.now += timedelta(seconds=301)
    assert await counter.gateway.query(typing.payment_id, started_at=NOON) == Unknown("http 200, reply time")


# Notices


def refused(gateway: WechatGateway, headers: dict[str, str], body: bytes) -> str:
    with pytest.raises(NoticeRefused) as caught:
        gateway.parse_notice(headers, body)
    return caught.value.why


def test_a_genuine_notice_is_heard_once_with_headers_in_any_case(counter: Counter) -> None:
    id_ = new_id()
    body = counter.told(id_)
    headers = {name.upper(): value for name, value in counter.headers(body).items()}
    assert counter.gateway.parse_notice(headers, body) == PaymentNotice(
        msgspec.json.decode(body)["id"], id_, Paid("42", 3_800)
    )
    assert refused(counter.gateway, headers, body) == "replay"


def test_a_notice_is_refused_for_its_time_key_probe_merchant_app_and_number(counter: Counter) -> None:
    body = counter.told(new_id())
    assert refused(counter.gateway, counter.headers(body, late_s=300), body) == "time"
    assert refused(counter.gateway, counter.headers(body, late_s=-301), body) == "time"
    counter.gateway.parse_notice(counter.headers(body, late_s=299), body)
    headers = counter.headers(body)
    assert refused(counter.gateway, headers | {wire.SERIAL: "PUB_KEY_ID_OTHER"}, body) == "serial"
    assert refused(counter.gateway, headers | {wire.SIGNATURE: wire.PROBE + headers[wire.SIGNATURE]}, body) == "probe"
    assert refused(counter.gateway, {}, body) == "time"
    for wrong in ({"mchid": "1900000009"}, {"appid": "wx-other"}):
        told = counter.told(new_id(), **wrong)
        assert refused(counter.gateway, counter.headers(told), told) == "merchant"
    told = counter.told(new_id(), out_trade_no="not ours")
    assert refused(counter.gateway, counter.headers(told), told) == "body"


def test_of_10000_notices_that_were_altered_none_is_heard(counter: Counter) -> None:
    seeded, body = random.Random(8), counter.told(new_id())
    headers = counter.headers(body)
    for _ in range(10_000):
        how, bad, raw = seeded.choice(("bit", "cut", "byte", *headers)), dict(headers), bytearray(body)
        place = seeded.randrange(len(raw))
        if how == "bit":
            raw[place] ^= 1 << seeded.randrange(8)
        elif how == "cut":
            del raw[place:]
        elif how == "byte":
            raw.insert(place, seeded.randrange(256))
        elif how == wire.SIGNATURE:
            seal = bytearray(base64.b64decode(bad[how]))
            seal[seeded.randrange(len(seal))] ^= 1 << seeded.randrange(8)
            bad[how] = base64.b64encode(seal).decode()
        elif how == wire.TIMESTAMP:
            bad[how] = str(int(bad[how]) + seeded.choice((-1, 1)) * seeded.randint(1, 299))
        else:
            bad[how] = bad[how][:-1] + ("a" if bad[how][-1] != "a" else "b")
        assert refused(counter.gateway, bad, bytes(raw)) in ("signature", "serial")
    assert counter.gateway.parse_notice(headers, body)


# In the house


async def test_a_refund_goes_back_to_the_wallet_and_is_told_of(till: Till) -> None:
    _, paid = await till.pay_with("11", method="wechat_pay")
    waiting = await till.refund(paid.id, 1_000)
    assert waiting.state == "pending"
    await till.wait(120)
    assert (await till.refund_row(waiting.id)).state == "succeeded"
    await till.books_hold()


async def test_who_asks_again_how_to_go_on_in_the_app_is_told_again(till: Till) -> None:
    order_id = await till.an_order()
    asked = till.asked("", method="wechat_pay")
    first = await till.pay(order_id, asked)
    again = await till.pay(order_id, asked)
    assert first.action["code_url"] == again.action["code_url"]


async def test_the_route_of_notices_takes_genuine_ones_only(till: Till) -> None:
    order_id, waiting = await till.pay_with("17", method="wechat_pay")
    counter = Counter()
    counter.hands.now = till.now
    body = counter.told(waiting.id)
    wrong = counter.told(waiting.id, amount={"total": 3_801, "currency": "CNY"})
    assert (await till.client.post(PATH, content=wrong, headers=counter.headers(wrong))).status_code == 401
    assert (await till.client.post(PATH, content=body + b" ", headers=counter.headers(body))).status_code == 401
    assert await till.pay_state(order_id) == "paying"
    assert (await till.client.post(PATH, content=body, headers=counter.headers(body))).status_code == 204
    assert await till.pay_state(order_id) == "paid"


async def test_a_member_pays_in_the_mini_program(floor: Floor) -> None:
    member = await floor.a_member()
    order = await floor.order(member=member)
    path = f"/v1/orders/{order['id']}/payments"
    asked = floor.paying(order, "", method="wechat_pay", way="mini_program")
    assert (await floor.post(path, asked, floor.by(member))).status_code >= 400, "nobody knows who pays"
    asked |= {"login_code": await wechat_code(floor, new_id())}
    first = await floor.done("POST", path, asked, floor.by(member))
    again = await floor.done("POST", path, asked | {"login_code": await wechat_code(floor, new_id())}, floor.by(member))
    assert (
        first["action"]["package"] == again["action"]["package"] == f"prepay_id={asked['payment_id'].replace('-', '')}"
    )
    floor.wechat.books.pay(asked["payment_id"].replace("-", ""), "06", at=floor.now)
    await floor.wait(3)
    assert (await floor.seen(order["id"]))["pay_state"] == "paid"
    await floor.books_hold()


async def test_a_diner_pays_on_the_page_that_the_code_leads_to(till: Till) -> None:
    order_id = await till.an_order()
    charged = await till.pay(order_id, till.asked("", method="wechat_pay"))
    page = charged.action["code_url"].removeprefix("http://127.0.0.1:8000")
    shown = await till.client.get(page)
    assert (shown.status_code, "¥38.00" in shown.text) == (200, True)
    assert (await till.client.post(page, data={"diner": "00"})).status_code == 200
    await till.wait(3)
    assert await till.pay_state(order_id) == "paid"
    assert "沙箱" in (await till.client.get("/sandbox/pay/wechat/")).text
