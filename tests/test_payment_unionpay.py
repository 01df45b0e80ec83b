"""UnionPay QR: the ways to pay, every answer that may come, whose certificate counts, and notices that nobody else can make."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from goodtaste.kernel.ids import new_id
from goodtaste.payment import api as payments
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
    RefundNotice,
    Unknown,
)
from goodtaste.payment.gateways import testing_keys, unionpay_bill
from goodtaste.payment.gateways import unionpay_wire as wire
from goodtaste.payment.gateways.genuine import Forged
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.numbers import number_of
from goodtaste.payment.gateways.opening import SANDBOX_UNIONPAY
from goodtaste.payment.gateways.unionpay import UnionpayGateway
from goodtaste.payment.gateways.unionpay_sandbox import UnionpaySandbox
from goodtaste.payment.gateways.wechat_wire import PROBE
from tests.payment_kit import CALL_S, NOON, Hands, Line, Till
from tests.shop import at_once

HERE = "http://127.0.0.1:8000"
NOTIFY_URL = f"{HERE}/v1/gateways/unionpay/notices"
PATH = "/v1/gateways/unionpay/notices"
FORM = {"content-type": "application/x-www-form-urlencoded"}
OWN_NAME = f"041@TESTING@{wire.NAME}@00000000"


class Counter:
    """UnionPay's sandbox with an adapter of ours, a line between them, and hands on the clock."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.sandbox = UnionpaySandbox(
            merchant=SANDBOX_UNIONPAY,
            address=f"{HERE}/sandbox/pay/unionpay",
            clock=self.hands,
            client=client_for("http://nowhere"),
        )
        self.line = Line(self.sandbox)
        self.gateway = self.adapter()

    def adapter(self, **other: Any) -> UnionpayGateway:
        """Return an adapter."""
        how = {"merchant": SANDBOX_UNIONPAY, "keys": testing_keys.unionpay_keys()} | other
        here = f"{HERE}/sandbox/pay/unionpay"
        client = client_for(here, transport=self.line)
        files = f"{here}/files"
        return UnionpayGateway(
            client, files=files, notify_url=NOTIFY_URL, clock=self.hands, total_s=CALL_S, pause_ms=2, **how
        )

    def intent(self, diner: str = "00", *, payment_id: str = "", amount_fen: int = 3_800) -> Intent:
        """Return what is asked."""
        return Intent(
            payment_id=payment_id or new_id(),
            amount_fen=amount_fen,
            description="好味",
            auth_code=f"6299{diner}".ljust(19, "5") if diner else "",
            started_at=NOON,
            close_at=self.hands.now + timedelta(minutes=5),
            store_id=new_id(),
        )

    def told(self, id_: str, *, late_s: int = 0, signer: str = "", **other: str) -> bytes:
        """Return a notice that a payment succeeded, as UnionPay sends it."""
        own, certificate = testing_keys.unionpay_platform()
        fields = {
            "version": "5.1.0",
            "encoding": "UTF-8",
            "signMethod": "01",
            "txnType": "01",
            "txnSubType": "06",
            "merId": SANDBOX_UNIONPAY,
            "orderId": id_.replace("-", ""),
            "queryId": new_id().replace("-", "")[-21:],
            "txnAmt": "3800",
            "currencyCode": "156",
            "respCode": "00",
            "respMsg": "成功[0000000]",
            "traceTime": wire.trace_of(self.hands.now - timedelta(seconds=late_s)),
            wire.CERTIFICATE: signer or certificate,
        } | other
        return wire.encoded(wire.signed(own, fields))


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
    outcomes = await at_once(64, lambda _: counter.gateway.charge(asked))
    assert set(outcomes) == {first}
    assert counter.sandbox.holdings().paid_fen == 3_800


async def test_a_number_is_known_with_the_time_it_was_first_sent(counter: Counter) -> None:
    asked = counter.intent()
    await counter.gateway.charge(asked)
    assert await counter.gateway.query(asked.payment_id, started_at=NOON + timedelta(seconds=1)) == Absent()


async def test_a_code_to_scan_is_told_again_and_is_not_known_before_it_is_scanned(counter: Counter) -> None:
    asked = counter.intent("")
    waiting = await counter.gateway.charge(asked)
    assert isinstance(waiting, Pending)
    assert waiting.action["code_url"].endswith(asked.payment_id.replace("-", ""))
    assert await counter.gateway.charge(asked) == waiting
    assert await counter.gateway.query(asked.payment_id, started_at=NOON) == Absent()
    forgetful = await counter.adapter().charge(asked)  # another process: the code cannot be had twice
    assert not isinstance(forgetful, Paid)
    counter.sandbox.books.pay(asked.payment_id.replace("-", ""), "00", at=counter.hands.now)
    assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Paid)


async def test_pages_and_mini_programs_are_declined(counter: Counter) -> None:
    for way in ("h5", "mini_program"):
        asked = msgspec.structs.replace(counter.intent(""), way=way)
        assert isinstance(await counter.gateway.charge(asked), Declined)
    assert counter.line.calls == []


async def test_what_waits_is_reversed_and_what_was_paid_is_not(counter: Counter) -> None:
    waits = counter.intent("17")
    assert isinstance(await counter.gateway.charge(waits), Pending)
    assert isinstance(await counter.gateway.close(waits.payment_id, started_at=NOON), Closed)
    assert isinstance(await counter.gateway.query(waits.payment_id, started_at=NOON), Closed)
    paid = counter.intent()
    known = await counter.gateway.charge(paid)
    assert await counter.gateway.close(paid.payment_id, started_at=NOON) == known
    assert await counter.gateway.close(new_id(), started_at=NOON) == Absent()


@pytest.mark.parametrize(("diner", "why"), [("02", "64"), ("15", "61")])
async def test_a_refusal_is_final_and_says_why(counter: Counter, diner: str, why: str) -> None:
    assert await counter.gateway.charge(counter.intent(diner)) == Declined(why)


async def test_a_password_a_lost_reply_and_a_broken_server_end_paid(counter: Counter) -> None:
    typing, lost, broken = counter.intent("01"), counter.intent("03"), counter.intent("04")
    assert isinstance(await counter.gateway.charge(typing), Pending)
    assert await counter.gateway.charge(lost) == Unknown("timeout")
    assert await counter.gateway.charge(broken) == Unknown("06")
    counter.hands.now += timedelta(seconds=5)
    for asked in (typing, lost, broken):
        assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Paid)
    assert counter.sandbox.holdings().paid_fen == 3 * 3_800


async def test_no_more_is_given_back_than_was_taken(counter: Counter) -> None:
    asked = counter.intent()
    paid = await counter.gateway.charge(asked)
    assert isinstance(paid, Paid)

    def back(amount_fen: int, *, ref: str = paid.gateway_ref) -> RefundIntent:
        return RefundIntent(
            refund_id=new_id(),
            payment_id=asked.payment_id,
            amount_fen=amount_fen,
            gateway_ref=ref,
            reason="",
            started_at=NOON,
        )

    part = back(2_000)
    first, again = await counter.gateway.refund(part), await counter.gateway.refund(part)
    assert isinstance(first, Refunded)
    assert first == again
    assert await counter.gateway.query_refund(new_id(), payment_id=asked.payment_id, started_at=NOON) == Absent()
    assert await counter.gateway.refund(back(1_801)) == Declined("36")
    assert await counter.gateway.refund(back(1, ref="1")) == Declined("35")
    assert isinstance(await counter.gateway.refund(back(1_800)), Refunded)
    assert counter.sandbox.holdings().refunded_fen == 3_800


# Who speaks


async def test_a_wrong_key_or_merchant_takes_nothing(counter: Counter) -> None:
    ours = testing_keys.unionpay_keys()
    stranger = msgspec.structs.replace(ours, own=testing_keys.platform_keys().own)
    unheard = msgspec.structs.replace(ours, cert_id="4243")
    for wrong in ({"keys": stranger}, {"keys": unheard}):
        assert await counter.adapter(**wrong).charge(counter.intent()) == Unknown("11"), wrong
    outcome = await counter.adapter(merchant="777290000000009").charge(counter.intent())
    assert isinstance(outcome, Unknown)
    assert counter.sandbox.holdings().paid_fen == 0


async def test_an_answer_that_was_written_on_or_is_another_s_counts_for_nothing(counter: Counter) -> None:
    typing = counter.intent("01")
    await counter.gateway.charge(typing)
    counter.line.state = "garbled"
    assert await counter.gateway.query(typing.payment_id, started_at=NOON) == Unknown("http 200, reply signature")
    counter.line.state = "replayed"
    counter.line._said["POST /sandbox/pay/unionpay/gateway/api/queryTrans.do"] = await said(counter, counter.intent())
    outcome = await counter.gateway.query(typing.payment_id, started_at=NOON)
    assert outcome == Unknown("the reply is about something else")


async def said(counter: Counter, asked: Intent) -> httpx.Response:
    """Return the genuine answer about a payment that was made."""
    counter.line.state = "up"
    assert isinstance(await counter.gateway.charge(asked), Paid)
    number, sent = asked.payment_id.replace("-", ""), wire.time_of(NOON)
    fields = {"txnType": "00", "txnSubType": "00", "orderId": number, "txnTime": sent, "bizType": "000000"}
    body = wire.request(testing_keys.unionpay_keys(), fields, merchant=SANDBOX_UNIONPAY)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(counter.sandbox), base_url=HERE) as client:
        reply = await client.post(wire.QUERY, content=body)
    counter.line.state = "replayed"
    return httpx.Response(200, content=reply.content)


def pem(name: str, **more: str) -> str:
    return testing_keys.certificate(name, **more).public_bytes(Encoding.PEM).decode()


def test_a_certificate_counts_that_leads_to_the_root_is_valid_and_bears_unionpay_s_name() -> None:
    roots = testing_keys.unionpay_keys().roots
    wire.key_of(pem(OWN_NAME, issuer="TESTING MIDDLE"), roots, at=NOON)
    wire.key_of(pem(OWN_NAME), roots, at=NOON)  # by the root itself
    wrong = {
        "another's name": pem("041@TESTING@SOMEBODY@1", issuer="TESTING MIDDLE"),
        "no name": pem("TESTING", issuer="TESTING MIDDLE"),
        "an issuer that nobody knows": pem(OWN_NAME, issuer="ELSEWHERE"),
        "signed by another": pem(OWN_NAME, issuer="TESTING MIDDLE", by=testing_keys.MERCHANT),
        "signed by itself": pem(OWN_NAME, issuer=OWN_NAME),
        "nothing": "",
        "no certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    }
    for text in wrong.values():
        with pytest.raises(Forged, match="serial"):
            wire.key_of(text, roots, at=NOON)
    for at in (datetime(2019, 12, 31, tzinfo=UTC), datetime(2099, 1, 2, tzinfo=UTC)):
        with pytest.raises(Forged, match="serial"):
            wire.key_of(pem(OWN_NAME, issuer="TESTING MIDDLE"), roots, at=at)
    with pytest.raises(Forged, match="serial"):
        wire.key_of(pem(OWN_NAME, issuer="TESTING MIDDLE"), roots[1:], at=NOON)  # the root is not there


# Notices


def refused(gateway: UnionpayGateway, body: bytes) -> str:
    with pytest.raises(NoticeRefused) as caught:
        gateway.parse_notice({}, body)
    return caught.value.why


def test_a_genuine_notice_is_heard_once(counter: Counter) -> None:
    id_ = new_id()
    body = counter.told(id_)
    heard = counter.gateway.parse_notice({}, body)
    assert isinstance(heard, PaymentNotice)
    assert (heard.payment_id, heard.outcome) == (id_, Paid(heard.id, 3_800))
    assert refused(counter.gateway, body) == "replay"
    back = counter.gateway.parse_notice({}, counter.told(id_, txnType="04", txnSubType="00"))
    assert isinstance(back, RefundNotice)
    assert (back.refund_id, back.payment_id, back.outcome) == (id_, "", Refunded(back.id, 3_800))


def test_a_notice_is_refused_for_its_time_certificate_probe_merchant_number_and_kind(counter: Counter) -> None:
    hear = counter.gateway.parse_notice
    for late_s in (300, -300, 86_400):
        assert refused(counter.gateway, counter.told(new_id(), late_s=late_s)) == "time"
    for late_s in (299, -299):
        hear({}, counter.told(new_id(), late_s=late_s))
    stranger = pem(OWN_NAME, of=testing_keys.MERCHANT, by=testing_keys.MERCHANT, issuer="TESTING MIDDLE")
    assert refused(counter.gateway, counter.told(new_id(), signer=stranger)) == "serial"
    other = pem(OWN_NAME, of=testing_keys.MERCHANT, issuer="TESTING MIDDLE")
    assert refused(counter.gateway, counter.told(new_id(), signer=other)) == "signature"
    for wrong, why in (
        ({"merId": "777290000000009"}, "merchant"),
        ({"currencyCode": "840"}, "merchant"),
        ({"orderId": "notours0"}, "body"),
        ({"txnAmt": "1e3"}, "body"),
        ({"respCode": "05"}, "kind"),
        ({"txnType": "99"}, "kind"),
        ({"traceTime": ""}, "time"),
        ({"traceTime": "0231000000"}, "time"),
        ({"version": "5.0.0"}, "serial"),
        ({"signMethod": "11"}, "serial"),
    ):
        assert refused(counter.gateway, counter.told(new_id(), **wrong)) == why, wrong
    fields = wire.form(counter.told(new_id()))
    probe = wire.encoded(fields | {wire.SIGNATURE: PROBE + fields[wire.SIGNATURE]})
    assert refused(counter.gateway, probe) == "signature"
    good = wire.encoded(fields)
    for raw in (b"", b"{}", b"&&", good + b"&txnAmt=3800", good + b"&x=%ff", good + "&x=面".encode(), b"a=1&" * 99):
        assert refused(counter.gateway, raw) in ("body", "serial", "signature")


def test_a_notice_over_new_year_is_fresh(counter: Counter) -> None:
    counter.hands.now = datetime(2026, 12, 31, 16, 1, tzinfo=UTC)  # 00:01 in Beijing
    counter.gateway.parse_notice({}, counter.told(new_id(), late_s=120))
    counter.hands.now = datetime(2027, 6, 1, tzinfo=UTC)
    assert refused(counter.gateway, counter.told(new_id(), late_s=86_400 * 180)) == "time"


def test_of_10000_notices_that_were_altered_none_is_heard(counter: Counter) -> None:
    seeded, body = random.Random(8), counter.told(new_id())
    counter.gateway.parse_notice({}, body)  # what says the same in other letters is a repetition
    fields = wire.form(body)
    why = {"signature": 0, "serial": 0, "body": 0, "replay": 0}
    for _ in range(10_000):
        how, raw, bad = seeded.choice(("bit", "cut", "byte", "field", "drop", "sign")), bytearray(body), dict(fields)
        place, name = seeded.randrange(len(raw)), seeded.choice([name for name in fields if name != wire.SIGNATURE])
        if how == "bit":
            raw[place] ^= 1 << seeded.randrange(8)
        elif how == "cut":
            del raw[place:]
        elif how == "byte":
            raw.insert(place, seeded.randrange(256))
        elif how == "sign":
            seal = bytearray(base64.b64decode(bad[wire.SIGNATURE]))
            seal[seeded.randrange(len(seal))] ^= 1 << seeded.randrange(8)
            raw = bytearray(wire.encoded(bad | {wire.SIGNATURE: base64.b64encode(seal).decode()}))
        else:
            bad = bad | {name: bad[name] + "0"} if how == "field" else {k: v for k, v in bad.items() if k != name}
            raw = bytearray(wire.encoded(bad))
        found = refused(counter.gateway, bytes(raw))
        why[found] += 1
        if found == "replay":
            assert wire.text_of(wire.form(bytes(raw))) == wire.text_of(fields), "the same notice in other letters"
    assert why["signature"] > 2_000
    assert why["serial"] > 2_000


# Bills


def test_a_bill_that_is_none_or_of_another_is_not_read() -> None:
    day = NOON.date()
    with pytest.raises(ValueError, match="no ZIP"):
        unionpay_bill.read(base64.b64encode(b"nothing").decode(), merchant="1", day=day)
    line = payments.BillLine(kind="paid", payment_id="1", gateway_ref="1", amount_fen=1, fee_fen=0, at=NOON)
    other = unionpay_bill.write([line], merchant="2")
    with pytest.raises(ValueError, match="another merchant"):
        unionpay_bill.read(other, merchant="1", day=day)
    assert unionpay_bill.read(unionpay_bill.write([], merchant="2"), merchant="1", day=day) == []


def test_a_bill_of_new_year_bears_the_right_year() -> None:
    at = datetime(2026, 12, 31, 15, 30, tzinfo=UTC)  # 23:30 in Beijing: settled on the next day
    line = payments.BillLine(
        kind="refunded", payment_id=new_id(), refund_id=new_id(), gateway_ref="7", amount_fen=12, fee_fen=-1, at=at
    )
    sent = msgspec.structs.replace(line, payment_id=number_of(line.payment_id), refund_id=number_of(line.refund_id))
    content = unionpay_bill.write([sent], merchant="1")
    assert unionpay_bill.read(content, merchant="1", day=datetime(2027, 1, 1, tzinfo=UTC).date()) == [line]


# In the house


async def test_the_route_of_notices_takes_genuine_ones_only_and_answers_ok(till: Till) -> None:
    order_id, waiting = await till.pay_with("17", method="unionpay")
    counter = Counter()
    counter.hands.now = till.now
    body, wrong = counter.told(waiting.id), counter.told(waiting.id, txnAmt="3801")
    assert (await till.client.post(PATH, content=wrong, headers=FORM)).status_code == 401
    assert (await till.client.post(PATH, content=body + b"0", headers=FORM)).status_code == 401
    assert await till.pay_state(order_id) == "paying"
    heard = await till.client.post(PATH, content=body, headers=FORM)
    assert (heard.status_code, heard.content) == (200, b"ok")
    assert await till.pay_state(order_id) == "paid"


async def test_a_diner_pays_on_the_page_that_the_code_leads_to(till: Till) -> None:
    order_id = await till.an_order()
    charged = await till.pay(order_id, till.asked("", method="unionpay"))
    page = charged.action["code_url"].removeprefix(HERE)
    assert "¥38.00" in (await till.client.get(page)).text
    assert (await till.client.post(page, data={"diner": "00"})).status_code == 200
    await till.wait(3)
    assert await till.pay_state(order_id) == "paid"
