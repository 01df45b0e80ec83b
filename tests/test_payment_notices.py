"""Notices: genuine, fresh, heard once; in any order with the reply, with header names in any case."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.payment.gateway import NoticeRefused, PaymentNotice
from goodtaste.payment.gateways import wallet_wire as wire
from tests.payment_kit import NOTIFY_URL, Till
from tests.shop import at_once

PATH = "/v1/gateways/wallet/notices"
SUCCEEDED = "payment.succeeded.v1"


def success(till: Till, payment_id: str, *, amount_fen: int = 3_800, **other: Any) -> bytes:
    """Return the body of a notice that a payment succeeded."""
    fields = {"merchant": "goodtaste", "number": payment_id, "state": "SUCCESS", "amount_fen": amount_fen}
    fields |= {"currency": "CNY", "transaction_id": "t-1", **other}
    return msgspec.json.encode({"id": new_id(), "type": "PAYMENT", "resource": fields})


def sealed(till: Till, body: bytes, *, at: datetime | None = None, **other: str) -> dict[str, str]:
    """Return the headers that the wallet would send with a notice."""
    secret = till.process.settings.wallet_secret
    how = {"kind": "notice", "method": "POST", "path": PATH} | other
    return wire.sealed(how.pop("secret", secret), at=at or till.now, body=body, **how)


async def send(till: Till, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Send a notice."""
    return await till.client.post(PATH, content=body, headers=headers)


async def test_a_genuine_notice_settles_and_is_answered_with_nothing(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    body = success(till, waiting.id)
    answer = await send(till, body, sealed(till, body))
    assert (answer.status_code, answer.content) == (204, b"")
    assert ((await till.payment(waiting.id)).state, await till.pay_state(order_id)) == ("succeeded", "paid")


async def test_a_notice_that_is_sent_again_changes_nothing_and_its_copy_is_refused(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    body = success(till, waiting.id)
    headers = sealed(till, body)
    assert (await send(till, body, headers)).status_code == 204
    copy = await send(till, body, headers)
    assert (copy.status_code, copy.json()["code"]) == (401, "payment.notice_refused")
    assert (await send(till, body, sealed(till, body))).status_code == 204
    assert await till.told(SUCCEEDED, order_id) == 1
    [(n,)] = await till.db.execute(f"SELECT count(*) FROM payment_notice WHERE notice_id = '{_id(body)}'")
    assert n == 1


def _id(body: bytes) -> str:
    return str(msgspec.json.decode(body)["id"])


async def test_64_notices_of_one_success_settle_it_once(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    bodies = [success(till, waiting.id) for _ in range(32)]
    bodies += bodies  # each of them twice, under a nonce of its own
    answers = await at_once(64, lambda n: send(till, bodies[n], sealed(till, bodies[n])))
    assert {answer.status_code for answer in answers} == {204}
    assert ((await till.payment(waiting.id)).state, await till.told(SUCCEEDED, order_id)) == ("succeeded", 1)
    assert await till.pay_state(order_id) == "paid"


@pytest.mark.parametrize("shout", [str.upper, str.title, str.lower])
async def test_header_names_come_in_any_case(till: Till, shout: Any) -> None:
    _, waiting = await till.pay_with("17")
    body = success(till, waiting.id)
    notice = till.gateway.parse_notice({shout(k): v for k, v in sealed(till, body).items()}, body)
    assert isinstance(notice, PaymentNotice)
    assert notice.payment_id == waiting.id


@pytest.mark.parametrize(("skew_s", "status"), [(299, 204), (-299, 204), (301, 401), (-301, 401), (86_400, 401)])
async def test_a_notice_is_good_for_less_than_five_minutes_either_way(till: Till, skew_s: int, status: int) -> None:
    _, waiting = await till.pay_with("17")
    body = success(till, waiting.id)
    headers = sealed(till, body, at=till.now + timedelta(seconds=skew_s))
    assert (await send(till, body, headers)).status_code == status
    assert (await till.payment(waiting.id)).state == ("succeeded" if status == 204 else "pending")


@pytest.mark.parametrize(
    "other",
    [{"secret": "another"}, {"kind": "request"}, {"kind": "reply 200"}, {"method": "PUT"}, {"path": "/v1/payments"}],
)
async def test_a_signature_over_something_else_is_refused(till: Till, other: dict[str, str]) -> None:
    _, waiting = await till.pay_with("17")
    body = success(till, waiting.id)
    answer = await send(till, body, sealed(till, body, **other))
    assert (answer.status_code, answer.json().get("facts", {})) == (401, {})
    assert (await till.payment(waiting.id)).state == "pending"


@pytest.mark.parametrize("missing", [wire.TIMESTAMP, wire.NONCE, wire.SIGNATURE])
async def test_a_notice_without_one_of_its_headers_is_refused(till: Till, missing: str) -> None:
    _, waiting = await till.pay_with("17")
    body = success(till, waiting.id)
    headers = sealed(till, body)
    del headers[missing]
    assert (await send(till, body, headers)).status_code == 401


@pytest.mark.parametrize("amount_fen", [3_799, 3_801, 0, -3_800, 10**18, 38.0, "3800", True, None])
async def test_a_genuine_notice_about_another_amount_is_refused(till: Till, amount_fen: Any) -> None:
    order_id, waiting = await till.pay_with("17")
    body = success(till, waiting.id, amount_fen=amount_fen)
    assert (await send(till, body, sealed(till, body))).status_code == 401
    assert ((await till.payment(waiting.id)).state, await till.pay_state(order_id)) == ("pending", "paying")


@pytest.mark.parametrize("other", [{"merchant": "goodtaste2"}, {"merchant": ""}, {"currency": "USD"}])
async def test_a_genuine_notice_about_another_merchant_or_currency_is_refused(
    till: Till, other: dict[str, str]
) -> None:
    _, waiting = await till.pay_with("17")
    body = success(till, waiting.id, **other)
    assert (await send(till, body, sealed(till, body))).status_code == 401
    assert (await till.payment(waiting.id)).state == "pending"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 5_000,
        b'{"id":"1","type":"PAYMENT"}',
        b'{"id":"1","type":"GIFT","resource":{}}',
        b'{"id":"","type":"PAYMENT","resource":{}}',
        b'{"id":"a\\u0000","type":"PAYMENT","resource":{}}',
        b'{"id":"1","type":"PAYMENT","resource":{"number":1}}',
    ],
)  # fmt: skip
async def test_a_signed_body_that_says_nothing_is_refused(till: Till, body: bytes) -> None:
    assert (await send(till, body, sealed(till, body))).status_code == 401


async def test_a_notice_about_what_is_not_ours_is_told_so(till: Till) -> None:
    for number in (new_id(), new_id() + "\n", "x", "'; DROP TABLE payment_payment; --"):
        body = success(till, number)
        answer = await send(till, body, sealed(till, body))
        assert (answer.status_code, answer.json()["code"]) == (404, "payment.unknown")
    cash = await till.take_cash(await till.an_order(), 3_800)
    body = success(till, cash)
    assert (await send(till, body, sealed(till, body))).json()["code"] == "payment.unknown"


async def test_a_gateway_that_is_not_there_hears_nothing(till: Till) -> None:
    answer = await till.client.post("/v1/gateways/bitcoin/notices", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (422, "payment.method_unknown")


async def test_a_body_of_more_than_64_kilobytes_is_not_read(till: Till) -> None:
    answer = await send(till, b" " * 65_537, {})
    assert (answer.status_code, answer.json()["facts"]["limit_bytes"]) == (413, 65_536)
    assert (await send(till, b" " * 65_536, {})).status_code == 401


async def test_a_refund_is_settled_by_its_notice_if_amount_and_payment_fit(till: Till) -> None:
    _, paid = await till.pay_with("11")
    back = await till.refund(paid.id, 800)

    async def tell(**other: Any) -> int:
        told = {"merchant": "goodtaste", "number": back.id, "payment": paid.id, "state": "SUCCESS", "amount_fen": 800}
        body = msgspec.json.encode({"id": new_id(), "type": "REFUND", "resource": told | other})
        return (await send(till, body, sealed(till, body))).status_code

    assert await tell(amount_fen=801) == 401
    assert await tell(merchant="other") == 401
    assert await tell(payment=new_id()) == 404
    assert await tell(number=new_id()) == 404
    assert (await till.refund_row(back.id)).state == "pending"
    assert await tell() == 204
    assert (await till.refund_row(back.id)).state == "succeeded"
    assert await tell(state="ABNORMAL") == 204
    assert (await till.refund_row(back.id)).state == "succeeded"


async def test_a_final_state_does_not_go_back_whatever_is_told(till: Till) -> None:
    order_id, paid = await till.pay_with("00")
    for state in ("NOTPAY", "USERPAYING", "CLOSED", "PAYERROR"):
        body = success(till, paid.id, state=state)
        assert (await send(till, body, sealed(till, body))).status_code == 204
    assert ((await till.payment(paid.id)).state, await till.pay_state(order_id)) == ("succeeded", "paid")
    declined_order, declined = await till.pay_with("02")
    body = success(till, declined.id, state="USERPAYING")
    assert (await send(till, body, sealed(till, body))).status_code == 204
    assert ((await till.payment(declined.id)).state, await till.pay_state(declined_order)) == ("failed", "unpaid")


async def test_a_notice_about_more_than_500_yuan_makes_us_ask_first(till: Till) -> None:
    order_id, waiting = await till.pay_with("17", amount_fen=50_001)
    body = success(till, waiting.id, amount_fen=50_001)
    assert (await send(till, body, sealed(till, body))).status_code == 204
    assert (await till.payment(waiting.id)).state == "pending"
    till.line.calls.clear()
    await till.run_jobs()
    assert till.line.calls == [f"GET /v1/payments/{waiting.id}"]
    assert ((await till.payment(waiting.id)).state, await till.pay_state(order_id)) == ("pending", "paying")
    assert (await send(till, body, sealed(till, body))).status_code == 204
    await till.run_jobs()
    assert len(till.line.calls) == 1  # what was heard before makes nobody ask again
    await till.wait(60)
    assert (await till.payment(waiting.id)).state == "closed"
    paid_order, paid = await till.pay_with("01", amount_fen=50_001)
    await till.wait(5)
    assert ((await till.payment(paid.id)).state, await till.pay_state(paid_order)) == ("succeeded", "paid")


def mutated(rng: random.Random, headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """Return a notice with one thing changed: a bit, a byte more or less, a header's character, or two parts swapped."""
    headers, how = dict(headers), rng.randrange(6)
    if how == 0:
        at = rng.randrange(len(body))
        return headers, body[:at] + bytes([body[at] ^ (1 << rng.randrange(8))]) + body[at + 1 :]
    if how == 1:
        at = rng.randrange(len(body) + 1)
        return headers, body[:at] + bytes([rng.randrange(256)]) + body[at:]
    if how == 2:
        at = rng.randrange(len(body))
        return headers, body[:at] + body[at + 1 :]
    if how == 3:
        name = rng.choice([wire.TIMESTAMP, wire.NONCE, wire.SIGNATURE])
        at, old = rng.randrange(len(headers[name])), headers[name]
        new = rng.choice([c for c in "0123456789abcdefABCDEF-_ " if c != old[at]])
        headers[name] = old[:at] + new + old[at + 1 :]
        return headers, body
    if how == 4:
        name = rng.choice([wire.TIMESTAMP, wire.NONCE, wire.SIGNATURE])
        headers[name] = rng.choice(
            ["", headers[name][:-1], headers[name] + "0", headers[name].upper() + "\t", "0" * 64]
        )
        return headers, body
    return headers, body.replace(b"3800", rng.choice([b"3801", b"0380", b"38e2", b"3800.0", b"-3800", b"99999999999"]))


async def test_of_ten_thousand_mutated_notices_none_is_accepted(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    rng, accepted, adapter = random.Random(15), 0, till.adapter()
    for _ in range(10_000):
        body = success(till, waiting.id)
        headers, altered = mutated(rng, sealed(till, body), body)
        try:
            adapter.parse_notice(headers, altered)
            accepted += 1
        except NoticeRefused:
            pass
    assert accepted == 0
    for _ in range(200):
        body = success(till, waiting.id)
        headers, altered = mutated(rng, sealed(till, body), body)
        assert (await send(till, altered, headers)).status_code == 401
    assert ((await till.payment(waiting.id)).state, await till.pay_state(order_id)) == ("pending", "paying")


def test_the_address_of_notices_is_the_one_that_is_signed() -> None:
    assert NOTIFY_URL.endswith(PATH)
