"""Alipay: the ways to pay, every answer that may come, and notices that nobody else can make."""

from __future__ import annotations

import base64
import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_curved_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from goodtaste.kernel.config import BadSettings, Settings, load
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
    RefundNotice,
    Unknown,
    Way,
)
from goodtaste.payment.gateways import alipay_wire as wire
from goodtaste.payment.gateways import opening, testing_keys
from goodtaste.payment.gateways.alipay import AlipayGateway
from goodtaste.payment.gateways.alipay_sandbox import SUBJECT, AlipaySandbox
from goodtaste.payment.gateways.genuine import BEIJING, Forged
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.opening import SANDBOX_APP, SANDBOX_SELLER
from goodtaste.payment.gateways.wechat_wire import PROBE
from tests.payment_kit import CALL_S, NOON, Hands, Line, Till
from tests.shop import at_once
from tests.shop_kit import Floor

HERE = "http://127.0.0.1:8000"
NOTIFY_URL = f"{HERE}/v1/gateways/alipay/notices"
PATH = "/v1/gateways/alipay/notices"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Counter:
    """Alipay's sandbox with an adapter of ours, a line between them, and hands on the clock."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.sandbox = AlipaySandbox(
            app_id=SANDBOX_APP,
            seller=SANDBOX_SELLER,
            keys=testing_keys.alipay_keys(platform=True),
            address=f"{HERE}/sandbox/pay/alipay",
            clock=self.hands,
            client=client_for("http://nowhere"),
        )
        self.line = Line(self.sandbox)
        self.gateway = self.adapter()

    def adapter(self, **other: Any) -> AlipayGateway:
        """Return an adapter."""
        how = {"app_id": SANDBOX_APP, "seller": SANDBOX_SELLER, "keys": testing_keys.alipay_keys()} | other
        client = client_for(f"{HERE}/sandbox/pay/alipay", transport=self.line)
        return AlipayGateway(client, notify_url=NOTIFY_URL, clock=self.hands, total_s=CALL_S, pause_ms=2, **how)

    def intent(self, diner: str = "00", *, payment_id: str = "", amount_fen: int = 3_800, way: Way = "qr") -> Intent:
        """Return what is asked."""
        return Intent(
            payment_id=payment_id or new_id(),
            amount_fen=amount_fen,
            description="好味+牛肉面 100%&=",
            auth_code=f"2899{diner}".ljust(18, "5") if diner else "",
            started_at=self.hands.now,
            close_at=self.hands.now + timedelta(minutes=5),
            store_id=new_id(),
            way=way,
            payer="authcode" if way == "mini_program" else "",
        )

    def told(self, payment_id: str, *, late_s: int = 0, **other: str) -> bytes:
        """Return a notice that a payment succeeded, as Alipay sends it."""
        at = (self.hands.now - timedelta(seconds=late_s)).astimezone(BEIJING)
        fields = {
            "notify_type": "trade_status_sync",
            "notify_id": new_id(),
            "notify_time": at.strftime(wire.TIME),
            "charset": "utf-8",
            "app_id": SANDBOX_APP,
            "seller_id": SANDBOX_SELLER,
            "subject": SUBJECT,
            "body": "",
            "out_trade_no": payment_id.replace("-", ""),
            "trade_no": "2026112222001",
            "trade_status": "TRADE_SUCCESS",
            "total_amount": "38.00",
        } | other
        return wire.notice(testing_keys.alipay_keys(platform=True), fields)

    def pays(self, asked: Intent, diner: str = "00") -> None:
        """Let a diner pay on the page of the app."""
        self.sandbox.books.pay(asked.payment_id.replace("-", ""), diner, at=self.hands.now)


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
    assert await counter.gateway.charge(other) == Unknown("ACQ.CONTEXT_INCONSISTENT")
    outcomes = await at_once(64, lambda _: counter.gateway.charge(asked))
    assert set(outcomes) == {first}
    assert counter.sandbox.holdings().paid_fen == 3_800


@pytest.mark.parametrize(("way", "key"), [("qr", "code_url"), ("h5", "pay_url"), ("mini_program", "trade_no")])
async def test_a_diner_who_pays_in_an_app_is_told_how(counter: Counter, way: Way, key: str) -> None:
    asked = counter.intent("", way=way)
    waiting = await counter.gateway.charge(asked)
    assert isinstance(waiting, Pending)
    assert waiting.action[key]
    again = await counter.gateway.charge(asked)
    assert isinstance(again, Pending)
    if way == "h5":  # nothing was sent: the signed address is opened by the diner
        assert await counter.gateway.query(asked.payment_id, started_at=NOON) == Absent()
        page = httpx.AsyncClient(transport=httpx.ASGITransport(counter.sandbox), base_url=HERE)
        assert (await page.get(waiting.action[key])).status_code == 200
        forged = waiting.action[key].replace("38.00", "0.01")
        assert b"invalid-signature" in (await page.get(forged)).content
    counter.pays(asked)
    paid = await counter.gateway.query(asked.payment_id, started_at=NOON)
    assert isinstance(paid, Paid)
    assert paid.amount_fen == 3_800
    if way != "h5":
        assert await counter.gateway.charge(asked) == Unknown("ACQ.TRADE_HAS_SUCCESS")


async def test_a_code_of_the_app_that_is_not_good_pays_nothing(counter: Counter) -> None:
    asked = msgspec.structs.replace(counter.intent("", way="mini_program"), payer="")
    assert await counter.gateway.charge(asked) == Declined("isv.code-invalid")


async def test_a_code_that_nobody_scanned_is_not_known_and_dies_when_it_is_ended(counter: Counter) -> None:
    asked = counter.intent("")
    await counter.gateway.charge(asked)
    assert await counter.gateway.query(asked.payment_id, started_at=NOON) == Absent()
    assert await counter.gateway.close(asked.payment_id, started_at=NOON) == Absent()
    assert counter.sandbox.books.payments[asked.payment_id.replace("-", "")].state == "CLOSED"


async def test_a_number_that_arrives_after_it_was_ended_takes_nothing(counter: Counter) -> None:
    asked = counter.intent()
    assert await counter.gateway.close(asked.payment_id, started_at=NOON) == Absent()
    assert isinstance(await counter.gateway.charge(asked), Closed)
    assert counter.sandbox.holdings().paid_fen == 0


@pytest.mark.parametrize("way", ["code", "scanned"])
async def test_what_waits_is_closed_and_what_was_paid_is_not(counter: Counter, way: str) -> None:
    asked = counter.intent("17" if way == "code" else "")
    assert isinstance(await counter.gateway.charge(asked), Pending)
    if way == "scanned":
        counter.pays(asked, "17")
    assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Pending)
    assert isinstance(await counter.gateway.close(asked.payment_id, started_at=NOON), Closed)
    assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Closed)
    paid = counter.intent()
    known = await counter.gateway.charge(paid)
    assert await counter.gateway.close(paid.payment_id, started_at=NOON) == known


async def test_one_that_is_paid_while_it_is_closed_is_paid(counter: Counter) -> None:
    asked = counter.intent("01")
    await counter.gateway.charge(asked)
    real = counter.gateway.query

    async def slow(payment_id: str, **when: Any) -> Any:
        stands = await real(payment_id, **when)
        counter.hands.now += timedelta(seconds=5)  # the password is typed between the question and the closing
        return stands

    counter.gateway.query = slow  # type: ignore[method-assign]
    assert isinstance(await counter.gateway.close(asked.payment_id, started_at=NOON), Paid)


@pytest.mark.parametrize(
    ("diner", "why"), [("02", "ACQ.BUYER_BALANCE_NOT_ENOUGH"), ("15", "ACQ.PAYMENT_AUTH_CODE_INVALID")]
)
async def test_a_refusal_is_final_and_says_why(counter: Counter, diner: str, why: str) -> None:
    assert await counter.gateway.charge(counter.intent(diner)) == Declined(why)


async def test_a_password_a_lost_reply_and_a_broken_server_end_paid(counter: Counter) -> None:
    typing, lost, broken = counter.intent("01"), counter.intent("03"), counter.intent("04")
    assert isinstance(await counter.gateway.charge(typing), Pending)
    assert await counter.gateway.charge(lost) == Unknown("timeout")
    assert await counter.gateway.charge(broken) == Unknown("ACQ.SYSTEM_ERROR")
    counter.hands.now += timedelta(seconds=5)
    await counter.gateway.query(broken.payment_id, started_at=NOON)
    for asked in (typing, lost, broken):
        assert isinstance(await counter.gateway.query(asked.payment_id, started_at=NOON), Paid)
    assert counter.sandbox.holdings().paid_fen == 3 * 3_800


async def test_no_more_is_given_back_than_was_taken(counter: Counter) -> None:
    asked = counter.intent()
    await counter.gateway.charge(asked)

    def back(amount_fen: int, *, refund_id: str = "") -> RefundIntent:
        return RefundIntent(
            refund_id=refund_id or new_id(),
            payment_id=asked.payment_id,
            amount_fen=amount_fen,
            reason="",
            started_at=NOON,
        )

    part = back(2_000)
    first, again = await counter.gateway.refund(part), await counter.gateway.refund(part)
    assert isinstance(first, Refunded)
    assert first.amount_fen == 2_000
    stands = await counter.gateway.query_refund(part.refund_id, payment_id=asked.payment_id, started_at=NOON)
    assert first == again == stands
    unknown = await counter.gateway.query_refund(new_id(), payment_id=asked.payment_id, started_at=NOON)
    assert unknown == Absent()
    assert await counter.gateway.query_refund(new_id(), payment_id=new_id(), started_at=NOON) == Absent()
    assert await counter.gateway.refund(back(1, refund_id=part.refund_id)) == Unknown("ACQ.CONTEXT_INCONSISTENT")
    assert isinstance(await counter.gateway.refund(back(1_801)), Declined)
    assert isinstance(await counter.gateway.refund(back(1_800)), Refunded)
    assert counter.sandbox.holdings().refunded_fen == 3_800


# Who speaks


async def test_a_wrong_key_or_app_takes_nothing(counter: Counter) -> None:
    ours = testing_keys.alipay_keys()
    stranger = msgspec.structs.replace(ours, own=testing_keys.alipay_keys(platform=True).own)
    for wrong in ({"keys": stranger}, {"app_id": "9021000000000009"}):
        outcome = await counter.adapter(**wrong).charge(counter.intent())
        assert outcome == Unknown("isv.invalid-signature"), wrong
    counter.hands.now += timedelta(seconds=301)
    late = counter.adapter()
    late._clock = lambda: NOON
    assert await late.charge(counter.intent()) == Unknown("isv.invalid-signature")
    assert counter.sandbox.holdings().paid_fen == 0


async def test_an_answer_that_was_written_on_or_is_another_s_counts_for_nothing(counter: Counter) -> None:
    typing = counter.intent("01")
    await counter.gateway.charge(typing)
    counter.line.state = "garbled"
    assert await counter.gateway.query(typing.payment_id, started_at=NOON) == Unknown("http 200, reply signature")
    counter.line.state = "up"
    deaf = msgspec.structs.replace(testing_keys.alipay_keys(), other=testing_keys.alipay_keys(platform=True).other)
    outcome = await counter.adapter(keys=deaf).query(typing.payment_id, started_at=NOON)
    assert outcome == Unknown("http 200, reply signature")
    counter.hands.now += timedelta(seconds=5)
    paid = await counter.gateway.query(typing.payment_id, started_at=NOON)
    assert isinstance(paid, Paid)
    counter.line._said["POST /sandbox/pay/alipay/gateway.do"] = await said(counter, typing)
    counter.line.state = "replayed"
    assert await counter.gateway.query(new_id(), started_at=NOON) == Unknown("the reply is about something else")


async def said(counter: Counter, asked: Intent) -> httpx.Response:
    """Return the genuine answer about a payment."""
    content = {"out_trade_no": asked.payment_id.replace("-", "")}
    body = wire.request(
        testing_keys.alipay_keys(), "alipay.trade.query", content, app_id=SANDBOX_APP, at=counter.hands.now
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(counter.sandbox), base_url=HERE) as client:
        reply = await client.post("/gateway.do", content=body)
        return httpx.Response(200, content=reply.content)


async def test_in_certificate_mode_each_side_says_by_which_certificate_it_signs(counter: Counter) -> None:
    ours, theirs = (testing_keys.alipay_keys(platform=side, certified=True) for side in (False, True))
    certificates = ours.certificates
    assert certificates is not None
    counter.sandbox._keys = theirs
    paid = await counter.adapter(keys=ours).charge(counter.intent())
    assert isinstance(paid, Paid)
    for wrong in (
        testing_keys.alipay_keys(),
        msgspec.structs.replace(ours, certificates=msgspec.structs.replace(certificates, app="0" * 32)),
        msgspec.structs.replace(ours, certificates=msgspec.structs.replace(certificates, roots="0" * 32)),
    ):
        outcome = await counter.adapter(keys=wrong).charge(counter.intent())
        assert outcome == Unknown("isv.invalid-signature")
    asked = counter.intent()
    others = {"f" * 32: theirs.own.public_key()}
    trusts_others = msgspec.structs.replace(certificates, alipay=others)
    deaf = counter.adapter(keys=msgspec.structs.replace(ours, certificates=trusts_others))
    assert await deaf.query(asked.payment_id, started_at=NOON) == Unknown("http 200, reply serial")
    both = msgspec.structs.replace(certificates, alipay={"f" * 32: ours.own.public_key()} | dict(certificates.alipay))
    changing = counter.adapter(keys=msgspec.structs.replace(ours, certificates=both))
    told = counter.told(asked.payment_id)
    assert changing.parse_notice({}, told).id
    counter.sandbox._keys = testing_keys.alipay_keys(platform=True)
    plain = await counter.adapter(keys=changing._keys).query(asked.payment_id, started_at=NOON)
    assert plain == Unknown("http 200, reply serial"), "an answer that names no certificate is none"


def test_a_certificate_is_known_by_its_issuer_and_serial_number() -> None:
    root = testing_keys.certificate("TESTING ROOT")
    number = hashlib.md5(b"CN=TESTING ROOT4242", usedforsecurity=False).hexdigest()
    assert wire.number_of_certificate(root) == number
    name = Name([NameAttribute(*each) for each in ((NameOID.COUNTRY_NAME, "CN"), (NameOID.COMMON_NAME, "A"))])
    key = generate_curved_key(SECP256R1())
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    curved = made.not_valid_before(at).not_valid_after(at + timedelta(days=1)).sign(key, SHA256())
    assert wire.number_of_certificate(curved) == hashlib.md5(b"CN=A,C=CN7", usedforsecurity=False).hexdigest()
    assert wire.number_of_roots([curved, root, root]) == f"{number}_{number}"


def test_certificate_mode_is_settings(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text(testing_keys.MERCHANT.replace("TESTING KEY", "PRIVATE KEY"))
    files = {"alipay_key_file": str(key)}
    for name, cert in (
        ("app_cert", testing_keys.certificate("TESTING APP", of=testing_keys.MERCHANT, issuer="TESTING APPS")),
        ("root_cert", testing_keys.certificate("TESTING ROOT")),
        ("platform", testing_keys.certificate("TESTING ALIPAY", issuer="TESTING PLATFORM")),
    ):
        files[f"alipay_{name}_file"] = str(tmp_path / f"{name}.pem")
        (tmp_path / f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))
    settings = Settings(alipay_app_id="9", alipay_seller="2088", **files)
    found = opening._alipay_keys(settings).certificates
    wanted = testing_keys.alipay_keys(certified=True).certificates
    assert found is not None
    assert wanted is not None
    assert (found.app, found.roots, list(found.alipay)) == (wanted.app, wanted.roots, list(wanted.alipay))
    with pytest.raises(BadSettings, match="GOODTASTE_ALIPAY_APP_CERT_FILE"):
        opening._alipay_keys(msgspec.structs.replace(settings, alipay_app_cert_file=str(key)))
    given = {"GOODTASTE_ALIPAY_APP_ID": "9", "GOODTASTE_ALIPAY_APP_CERT_FILE": str(key)}
    with pytest.raises(BadSettings, match="GOODTASTE_ALIPAY_ROOT_CERT_FILE: the certificate mode"):
        load(given)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"sign":1}', b'{"alipay_trade_query_response":{}}', b"\xff"])
def test_an_answer_that_is_none_is_forged(body: bytes) -> None:
    with pytest.raises(Forged):
        wire.heard(body, testing_keys.alipay_keys(), method="alipay.trade.query")


def test_an_answer_is_known_by_the_bytes_that_were_sent() -> None:
    """Signed is the inner object as it stands: its order, its blanks, its way of writing a slash."""
    ours, theirs = testing_keys.alipay_keys(), testing_keys.alipay_keys(platform=True)
    told = b'{ "trade_status" : "TRADE_SUCCESS",\n "code":"10000", "trade_no":"1\\/2", "new":[{"a":1}] }'
    for first in (True, False):
        heard = wire.heard(
            wire.answer(theirs, "alipay.trade.query", told, sign_first=first), ours, method="alipay.trade.query"
        )
        assert (heard.trade_status, heard.trade_no) == ("TRADE_SUCCESS", "1/2")
    other = wire.answer(theirs, "alipay.trade.query", told).replace(b"trade_query_response", b"trade_close_response")
    with pytest.raises(Forged):
        wire.heard(other, ours, method="alipay.trade.query")


# Notices


def refused(gateway: AlipayGateway, body: bytes) -> str:
    with pytest.raises(NoticeRefused) as caught:
        gateway.parse_notice({}, body)
    return caught.value.why


def test_a_genuine_notice_is_heard_once(counter: Counter) -> None:
    id_ = new_id()
    body = counter.told(id_)
    heard = counter.gateway.parse_notice({}, body)
    assert isinstance(heard, PaymentNotice)
    assert (heard.payment_id, heard.outcome) == (id_, Paid("2026112222001", 3_800))
    assert refused(counter.gateway, body) == "replay"
    upper = counter.told(new_id())
    spelled = upper.replace(b"%2B", b"%2b").replace(b"+", b"%20")  # the same fields, in other letters
    counter.gateway.parse_notice({}, spelled)
    assert refused(counter.gateway, upper) == "replay"


def test_a_notice_of_a_refund_says_that_something_moved(counter: Counter) -> None:
    payment_id, refund_id = new_id(), new_id()
    more = {"refund_fee": "10.00", "gmt_refund": "2026-11-22 12:00:00.1", "out_biz_no": refund_id.replace("-", "")}
    heard = counter.gateway.parse_notice({}, counter.told(payment_id, **more))
    assert isinstance(heard, RefundNotice)
    assert (heard.refund_id, heard.payment_id) == (refund_id, payment_id)
    assert isinstance(heard.outcome, Pending)


def test_a_notice_is_refused_for_its_time_probe_app_seller_number_and_form(counter: Counter) -> None:
    hear = counter.gateway.parse_notice
    for late_s in (300, -300, 86_400):
        assert refused(counter.gateway, counter.told(new_id(), late_s=late_s)) == "time"
    for late_s in (299, -299):
        hear({}, counter.told(new_id(), late_s=late_s))
    for wrong in ({"app_id": "9021000000000009"}, {"seller_id": "2088000000000009"}):
        assert refused(counter.gateway, counter.told(new_id(), **wrong)) == "merchant"
    assert refused(counter.gateway, counter.told(new_id(), out_trade_no="not ours")) == "body"
    assert refused(counter.gateway, counter.told(new_id(), notify_time="")) == "time"
    good = counter.told(new_id())
    signature = parse_qs(good.decode())["sign"][0]
    probe = quote(PROBE + signature, safe="").encode()
    assert refused(counter.gateway, good.replace(quote(signature, safe="").encode(), probe)) == "signature"
    assert refused(counter.gateway, good.replace(b"RSA2", b"RSA")) == "signature"
    for raw in (
        b"",
        b"{}",
        b"&&",
        good + b"&total_amount=38.00",
        good + b"&x=%ff",
        good + "&x=面".encode(),
        b"a=1&" * 99,
    ):
        assert refused(counter.gateway, raw) in ("body", "signature")
    unpaid = hear({}, counter.told(new_id(), trade_status="TRADE_CLOSED"))
    assert isinstance(unpaid.outcome, Closed)


def test_of_10000_notices_that_were_altered_none_is_heard(counter: Counter) -> None:
    seeded, body = random.Random(8), counter.told(new_id())
    counter.gateway.parse_notice({}, body)  # what says the same in other letters is a repetition
    fields = wire.form(body)
    why = {"signature": 0, "body": 0, "replay": 0}
    for _ in range(10_000):
        how, raw, bad = seeded.choice(("bit", "cut", "byte", "field", "drop", "sign")), bytearray(body), dict(fields)
        place, name = seeded.randrange(len(raw)), seeded.choice([name for name in fields if name != "sign"])
        if how == "bit":
            raw[place] ^= 1 << seeded.randrange(8)
        elif how == "cut":
            del raw[place:]
        elif how == "byte":
            raw.insert(place, seeded.randrange(256))
        elif how == "sign":
            seal = bytearray(base64.b64decode(bad["sign"]))
            seal[seeded.randrange(len(seal))] ^= 1 << seeded.randrange(8)
            raw = bytearray(encoded(bad | {"sign": base64.b64encode(seal).decode()}))
        else:
            bad = bad | {name: bad[name] + "0"} if how == "field" else {k: v for k, v in bad.items() if k != name}
            raw = bytearray(encoded(bad))
        found = refused(counter.gateway, bytes(raw))
        why[found] += 1
        if found == "replay":
            assert wire.text_of(wire.form(bytes(raw))) == wire.text_of(fields), "the same notice in other letters"
    assert why["signature"] > 8_000


def encoded(fields: dict[str, str]) -> bytes:
    return "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in fields.items()).encode()


# In the house


async def test_a_code_that_nobody_scans_leaves_the_order_unpaid(till: Till) -> None:
    order_id = await till.an_order()
    await till.pay(order_id, till.asked("", method="alipay"))
    await till.wait(200)
    assert await till.pay_state(order_id) == "paying"
    await till.wait(200)
    assert await till.pay_state(order_id) == "unpaid"


async def test_an_order_paid_twice_gets_one_payment_back(till: Till) -> None:
    order_id, _ = await till.pay_with("05", method="alipay")
    await till.wait(46)  # closed unpaid; the money comes five seconds later
    await till.take_cash(order_id, 4_000)
    await till.wait(4_000)
    assert [each.state for each in await till.refunds_of(order_id)] == ["succeeded"]
    assert await till.pay_state(order_id) == "paid"
    await till.books_hold()


async def test_the_route_of_notices_takes_genuine_ones_only_and_answers_success(till: Till) -> None:
    order_id, waiting = await till.pay_with("17", method="alipay")
    counter = Counter()
    counter.hands.now = till.now
    body = counter.told(waiting.id)
    wrong = counter.told(waiting.id, total_amount="38.01")
    assert (await till.client.post(PATH, content=wrong, headers=FORM)).status_code == 401
    assert (await till.client.post(PATH, content=body + b"0", headers=FORM)).status_code == 401
    assert await till.pay_state(order_id) == "paying"
    heard = await till.client.post(PATH, content=body, headers=FORM)
    assert (heard.status_code, heard.content) == (200, b"success")
    assert await till.pay_state(order_id) == "paid"
    again = counter.told(waiting.id, notify_id=parse_qs(body.decode())["notify_id"][0], subject="told again")
    repeated = await till.client.post(PATH, content=again, headers=FORM)
    assert (repeated.status_code, repeated.content) == (200, b"success")


async def test_a_diner_pays_on_the_page_that_the_code_leads_to(till: Till) -> None:
    order_id = await till.an_order()
    charged = await till.pay(order_id, till.asked("", method="alipay"))
    page = charged.action["code_url"].removeprefix(HERE)
    shown = await till.client.get(page)
    assert (shown.status_code, "¥38.00" in shown.text) == (200, True)
    assert (await till.client.post(page, data={"diner": "00"})).status_code == 200
    await till.wait(3)
    assert await till.pay_state(order_id) == "paid"


async def test_a_member_pays_in_a_browser_and_in_alipay_s_mini_program(floor: Floor) -> None:
    member = await floor.a_member()
    for way in ("h5", "mini_program"):
        order = await floor.order(member=member)
        path = f"/v1/orders/{order['id']}/payments"
        asked = floor.paying(order, "", method="alipay", way=way) | {"login_code": "authcode"}
        told = await floor.done("POST", path, asked, floor.by(member))
        if way == "h5":
            page = urlsplit(told["action"]["pay_url"])
            assert (await floor.client.get(f"{page.path}?{page.query}")).status_code == 200
        floor.alipay.books.pay(asked["payment_id"].replace("-", ""), "06", at=floor.now)
        await floor.wait(3)
        assert (await floor.seen(order["id"]))["pay_state"] == "paid", way
    await floor.books_hold()
