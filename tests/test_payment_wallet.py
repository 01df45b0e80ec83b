"""The sandbox wallet is a payment provider of its own: it checks who asks, takes money once a number, and shows what it holds."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from goodtaste.app.process import background
from goodtaste.kernel import clock as kernel_clock
from goodtaste.kernel.ids import new_id
from goodtaste.payment.gateway import Absent, Closed, Declined, Intent, Paid, Pending, Refunded, RefundIntent, Unknown
from goodtaste.payment.gateways import wallet_sandbox
from goodtaste.payment.gateways import wallet_wire as wire
from goodtaste.payment.gateways.genuine import Forged, Nonces, new_nonce
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.wallet import WalletGateway
from goodtaste.payment.gateways.wallet_books import HELD_MAX
from goodtaste.payment.gateways.wallet_diners import DINERS
from tests.payment_kit import CALL_S, NOON, NOTIFY_URL, Till

CODE = "990077777777777777"
PLACE = "/sandbox/wallet"


def intent(till: Till, *, payment_id: str = "", amount_fen: int = 3_800, code: str = CODE) -> Intent:
    """Return what is asked of a gateway."""
    id_ = payment_id or new_id()
    return Intent(
        payment_id=id_,
        amount_fen=amount_fen,
        description="好味",
        auth_code=code,
        started_at=till.now,
        close_at=till.now,
    )


async def send(till: Till, method: str, path: str, body: bytes = b"", **other: Any) -> httpx.Response:
    """Send the wallet a signed request, through the place where it is mounted."""
    how = {"secret": till.process.settings.wallet_secret, "kind": "request", "at": till.now, "nonce": ""} | other
    secret = how.pop("secret")
    headers = wire.sealed(secret, method=method, path=path, body=body, **how)
    return await till.client.request(method, f"{PLACE}{path}", content=body, headers=headers)


async def test_it_takes_money_once_a_number(till: Till) -> None:
    asked = intent(till)
    first, again = await till.gateway.charge(asked), await till.gateway.charge(asked)
    assert isinstance(first, Paid)
    assert first == again
    other = intent(till, payment_id=asked.payment_id, amount_fen=1)
    assert await till.gateway.charge(other) == Unknown("NUMBER_USED")
    assert await till.gateway.query(asked.payment_id, started_at=NOON) == first


async def test_64_charges_with_one_number_take_money_once(till: Till) -> None:
    asked, before = intent(till), till.wallet.holdings().paid_fen
    outcomes = await asyncio.gather(*(till.gateway.charge(asked) for _ in range(64)))
    assert len({outcome.gateway_ref for outcome in outcomes if isinstance(outcome, Paid)}) == 1
    assert till.wallet.holdings().paid_fen == before + 3_800


async def test_a_number_it_never_saw_is_absent_and_closing_it_keeps_it_closed(till: Till) -> None:
    asked = intent(till)
    assert await till.gateway.query(asked.payment_id, started_at=NOON) == Absent()
    assert isinstance(await till.gateway.close(asked.payment_id, started_at=NOON), Closed)
    assert isinstance(await till.gateway.charge(asked), Closed)
    assert isinstance(await till.gateway.query(asked.payment_id, started_at=NOON), Closed)
    assert await till.gateway.query_refund(new_id(), payment_id=asked.payment_id, started_at=NOON) == Absent()


async def test_closing_what_was_paid_says_that_it_was_paid(till: Till) -> None:
    asked = intent(till)
    paid = await till.gateway.charge(asked)
    assert await till.gateway.close(asked.payment_id, started_at=NOON) == paid


async def test_it_gives_no_more_back_than_it_took(till: Till) -> None:
    asked = intent(till)
    await till.gateway.charge(asked)
    part = RefundIntent(
        refund_id=new_id(), payment_id=asked.payment_id, amount_fen=2_000, paid_fen=3_800, reason="", started_at=NOON
    )
    first, again = await till.gateway.refund(part), await till.gateway.refund(part)
    assert isinstance(first, Refunded)
    assert (
        first == again == await till.gateway.query_refund(part.refund_id, payment_id=asked.payment_id, started_at=NOON)
    )
    more = RefundIntent(
        refund_id=new_id(), payment_id=asked.payment_id, amount_fen=1_801, paid_fen=3_800, reason="", started_at=NOON
    )
    assert await till.gateway.refund(more) == Declined("REFUND_TOO_MUCH")
    other = RefundIntent(
        refund_id=part.refund_id, payment_id=asked.payment_id, amount_fen=1, paid_fen=3_800, reason="", started_at=NOON
    )
    assert await till.gateway.refund(other) == Unknown("NUMBER_USED")
    none = RefundIntent(
        refund_id=new_id(), payment_id=new_id(), amount_fen=1, paid_fen=3_800, reason="", started_at=NOON
    )
    assert await till.gateway.refund(none) == Unknown("PAYMENT_NOT_EXIST")


@pytest.mark.parametrize("amount_fen", [0, -1])
async def test_it_takes_nothing_that_is_not_money(till: Till, amount_fen: int) -> None:
    assert await till.gateway.charge(intent(till, amount_fen=amount_fen)) == Declined("PARAM_ERROR")


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"secret": "another"}, "SIGN_ERROR_SIGNATURE"),
        ({"kind": "notice"}, "SIGN_ERROR_SIGNATURE"),
        ({"nonce": "short"}, "SIGN_ERROR_NONCE"),
        ({"skew_s": 301}, "SIGN_ERROR_TIME"),
        ({"skew_s": -301}, "SIGN_ERROR_TIME"),
        ({"skew_s": 299}, "ORDER_NOT_EXIST"),
        ({"skew_s": -299}, "ORDER_NOT_EXIST"),
    ],
)
async def test_it_serves_only_who_signs_well_and_lately(till: Till, other: dict[str, Any], code: str) -> None:
    other = dict(other)
    other["at"] = till.now + timedelta(seconds=other.pop("skew_s", 0))
    answer = await send(till, "GET", f"/v1/payments/{new_id()}?merchant=goodtaste", **other)
    assert answer.json()["code"] == code


async def test_a_copy_of_a_request_is_refused(till: Till) -> None:
    path, nonce = f"/v1/payments/{new_id()}?merchant=goodtaste", new_nonce()
    assert (await send(till, "GET", path, nonce=nonce)).json()["code"] == "ORDER_NOT_EXIST"
    assert (await send(till, "GET", path, nonce=nonce)).json()["code"] == "SIGN_ERROR_REPLAY"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/payments/x?merchant=somebody", b"", 403),
        ("GET", "/v1/payments/x", b"", 403),
        ("DELETE", "/v1/payments/x?merchant=goodtaste", b"", 404),
        ("GET", "/v1/nothing?merchant=goodtaste", b"", 404),
        ("POST", "/v1/payments", b"{", 400),
        ("POST", "/v1/payments", b'{"merchant":"goodtaste","amount_fen":38.5}', 400),
        ("POST", "/v1/refunds", b"[]", 400),
        ("POST", "/v1/payments", b" " * 65_537, 413),
    ],
)
async def test_it_refuses_what_it_cannot_serve(till: Till, method: str, path: str, body: bytes, status: int) -> None:
    assert (await send(till, method, path, body)).status_code == status


async def test_its_replies_are_signed_and_bound_to_their_request(till: Till) -> None:
    path, nonce = f"/v1/payments/{new_id()}?merchant=goodtaste", new_nonce()
    answer = await send(till, "GET", path, nonce=nonce)
    secret = till.process.settings.wallet_secret
    seal = {"secret": secret, "method": "GET", "path": path, "at": till.now, "body": answer.content}
    assert wire.check(answer.headers, kind="reply 404", **seal) == nonce
    with pytest.raises(Forged):
        wire.check(answer.headers, kind="reply 200", **seal)


async def test_a_wrong_key_leaves_everything_unknown_and_takes_nothing(till: Till) -> None:
    before = till.wallet.holdings().paid_fen
    wrong = WalletGateway(
        client_for("http://wallet.sandbox", transport=till.line),
        merchant="goodtaste", secret="wrong", notify_url=NOTIFY_URL, clock=till.hands, total_s=CALL_S, pause_ms=2,
    )  # fmt: skip
    asked = intent(till)
    assert isinstance(await wrong.charge(asked), Unknown)
    assert isinstance(await wrong.query(asked.payment_id, started_at=NOON), Unknown)
    assert isinstance(await wrong.close(asked.payment_id, started_at=NOON), Unknown)
    assert till.wallet.holdings().paid_fen == before


async def test_another_merchant_is_served_nothing(till: Till) -> None:
    other = WalletGateway(
        client_for("http://wallet.sandbox", transport=till.line),
        merchant="somebody", secret=till.process.settings.wallet_secret, notify_url=NOTIFY_URL, clock=till.hands,
    )  # fmt: skip
    asked = intent(till)
    assert await other.charge(asked) == Declined("PARAM_ERROR")
    assert await other.query(asked.payment_id, started_at=NOON) == Unknown("NO_AUTH")


async def test_a_wallet_that_does_not_answer_is_left_alone_except_by_who_pays(till: Till) -> None:
    gateway, asked = till.adapter(), intent(till)
    till.line.state = "down"
    for _ in range(5):
        assert await gateway.query(asked.payment_id, started_at=NOON) == Unknown("ConnectError")
    till.line.calls.clear()
    for _ in range(10):
        assert await gateway.query(asked.payment_id, started_at=NOON) == Unknown("wallet does not answer")
    assert till.line.calls == []
    assert await gateway.charge(asked) == Unknown("ConnectError")  # who pays is not kept waiting by a guess
    till.hands.now += timedelta(seconds=5)
    assert await gateway.query(asked.payment_id, started_at=NOON) == Unknown("ConnectError")
    assert await gateway.query(asked.payment_id, started_at=NOON) == Unknown("wallet does not answer")
    till.line.state = "up"
    till.hands.now += timedelta(seconds=5)
    assert await gateway.query(asked.payment_id, started_at=NOON) == Absent()
    assert isinstance(await gateway.charge(asked), Paid)


async def test_what_it_holds_is_listed_to_the_fen(till: Till) -> None:
    _, paid = await till.pay_with("00", amount_fen=1_234)
    await till.refund(paid.id, 234)
    held = (await till.client.get(f"{PLACE}/holdings")).json()
    [mine] = [each for each in held["payments"] if each["number"] == paid.id]
    assert (mine["state"], mine["amount_fen"], mine["refunded_fen"]) == ("SUCCESS", 1_234, 234)
    assert held["paid_fen"] == sum(p["amount_fen"] for p in held["payments"] if p["state"] == "SUCCESS")
    assert held["refunded_fen"] == sum(r["amount_fen"] for r in held["refunds"] if r["state"] == "SUCCESS")
    page = await till.client.get(f"{PLACE}/")
    assert (page.status_code, paid.id in page.text, "¥12.34" in page.text) == (200, True, True)
    assert all(diner.name in page.text for diner in DINERS.values())


async def test_its_pay_page_is_for_those_who_owe(till: Till) -> None:
    asked = intent(till, code="")
    pending = await till.gateway.charge(asked)
    assert isinstance(pending, Pending)
    page = f"{PLACE}/pay/{asked.payment_id}"
    assert pending.action["pay_url"].endswith(page)
    assert (await till.client.get(f"{PLACE}/pay/{new_id()}")).status_code == 404
    assert (await till.client.post(page, data={"diner": "xx"})).status_code == 404
    assert (await till.client.post(page, content=b"\xff" * 10)).status_code == 404
    assert (await till.client.post(page, data={"diner": "00"})).status_code == 200
    assert (await till.client.post(page, data={"diner": "00"})).json()["code"] == "ORDER_PAID"
    assert isinstance(await till.gateway.query(asked.payment_id, started_at=NOON), Paid)


async def test_what_is_written_on_its_pages_is_not_code(till: Till) -> None:
    number = "<script>alert(1)</script>"
    body = msgspec.json.encode(
        wire.Charge(
            merchant="goodtaste", number=number, amount_fen=1, currency="CNY", description=number, auth_code=CODE,
            notify_url=NOTIFY_URL,
        )
    )  # fmt: skip
    assert (await send(till, "POST", "/v1/payments", body)).status_code == 200
    assert "<script>" not in (await till.client.get(f"{PLACE}/")).text


async def test_a_notice_that_is_not_taken_is_sent_again_later_and_not_for_ever(till: Till) -> None:
    number = new_id()
    body = msgspec.json.encode(
        wire.Charge(
            merchant="goodtaste", number=number, amount_fen=1, currency="CNY", description="", auth_code=CODE,
            notify_url=NOTIFY_URL,
        )
    )  # fmt: skip
    await send(till, "POST", "/v1/payments", body)  # a payment we know nothing of: its notices are answered 404
    sent: list[int] = []
    deliver, began = till.wallet.client.post, till.now

    async def count(*args: Any, **kwargs: Any) -> httpx.Response:
        if number.encode() in kwargs["content"]:
            sent.append(round((till.now - began).total_seconds()))
        return await deliver(*args, **kwargs)

    till.wallet.client.post = count  # type: ignore[method-assign]
    await till.wait(20_000)
    till.wallet.client.post = deliver  # type: ignore[method-assign]
    assert sent == [1, 16, 31, 61, 241, 841, 2_041, 3_841]


def test_its_books_have_an_end(till: Till) -> None:
    assert HELD_MAX <= 100_000
    nonces, at = Nonces(), till.now
    assert nonces.use("a" * 16, at=at)
    assert not nonces.use("a" * 16, at=at + timedelta(seconds=2 * wire.WINDOW_S - 1))
    assert nonces.use("a" * 16, at=at + timedelta(seconds=2 * wire.WINDOW_S))


@pytest.mark.long
async def test_over_a_real_line_a_lost_reply_and_a_wallet_that_is_gone_are_unknown(till: Till) -> None:
    config = uvicorn.Config(till.wallet, port=0, lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    secret = till.process.settings.wallet_secret
    gateway = WalletGateway(
        client_for(f"http://127.0.0.1:{port}"),
        merchant="goodtaste", secret=secret, notify_url=NOTIFY_URL, clock=till.hands, total_s=3.0,
    )  # fmt: skip
    assert isinstance(await gateway.charge(intent(till)), Paid)
    lost = intent(till, code="990377777777777777")
    till.wallet.silence_s = wallet_sandbox.SILENCE_S
    assert await gateway.charge(lost) == Unknown("timeout")
    till.wallet.silence_s = 0.0
    assert isinstance(await gateway.query(lost.payment_id, started_at=NOON), Paid)
    server.should_exit = True
    async with asyncio.timeout(30):
        await serving
    assert await gateway.query(lost.payment_id, started_at=NOON) == Unknown("ConnectError")
    await gateway.aclose()


@pytest.mark.long
async def test_in_a_living_house_the_job_and_the_notices_come_by_themselves(till: Till) -> None:
    till.hands.live = True
    async with background(till.process):
        lost_order, lost = await till.pay_with("03")
        told_order, told = await till.pay_with("01")
        until = kernel_clock.now() + timedelta(seconds=60)
        while kernel_clock.now() < until:
            states = {(await till.payment(each.id)).state for each in (lost, told)}
            if states == {"succeeded"}:
                break
            await asyncio.sleep(0.1)
    till.hands.now, till.hands.live = kernel_clock.now(), False
    assert states == {"succeeded"}
    assert {await till.pay_state(order_id) for order_id in (lost_order, told_order)} == {"paid"}
