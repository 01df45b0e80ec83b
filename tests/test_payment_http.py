"""The routes of payment: what the staff of a store see, and who may not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goodtaste.app.process import running
from goodtaste.app.web import asgi_app
from goodtaste.kernel import audit
from goodtaste.kernel.config import BadSettings, load
from goodtaste.kernel.ids import new_id
from goodtaste.payment import api as payments
from tests.databases import SECRET
from tests.payment_kit import Till


def manager(till: Till) -> dict[str, str]:
    """Return the headers of the store's manager."""
    return till.token("staff", till.manager, store_id=till.store_id)


async def test_the_staff_see_the_attempts_of_an_order_with_their_refunds(till: Till) -> None:
    order_id, declined = await till.pay_with("02")
    paid = (await till.pay(order_id, till.asked("00"))).payment
    await till.refund(paid.id, 300)
    shown = (await till.get(f"/v1/orders/{order_id}/payments", manager(till))).json()
    assert [(each["id"], each["state"], each["pays_order"]) for each in shown] == [
        (declined.id, "failed", False),
        (paid.id, "succeeded", True),
    ]
    assert (shown[0]["detail"], shown[1]["refunded_fen"], shown[1]["refunds"][0]["amount_fen"]) == (
        "NOT_ENOUGH",
        300,
        300,
    )
    assert "fingerprint" not in shown[0]
    assert (await till.get(f"/v1/orders/{new_id()}/payments", manager(till))).status_code == 404


async def test_a_day_is_listed_newest_first_page_by_page(till: Till) -> None:
    till.hands.now = till.hands.now.replace(year=till.hands.now.year + 1)
    made = [(await till.pay_with("00"))[1].id for _ in range(7)]  # at one instant: the id decides
    path = f"/v1/payments?store_id={till.store_id}&business_date={till.today}&limit=3"
    seen: list[str] = []
    before = ""
    for size in (3, 3, 1):
        page = (await till.get(f"{path}&before={before}", manager(till))).json()
        assert len(page["payments"]) == size
        seen += [each["id"] for each in page["payments"]]
        before = page["next"]
    assert (seen, before) == (sorted(made, reverse=True), None)
    assert (await till.get(path.replace(str(till.today), "2001-01-01"), manager(till))).json() == {
        "payments": [],
        "next": None,
    }


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=ten", "limit=-1", "store_id=x", "store_id=", "business_date=yesterday",
     "business_date=2026-02-30", f"before={'9' * 201}"],
)  # fmt: skip
async def test_a_question_that_does_not_fit_is_refused(till: Till, query: str) -> None:
    fitting = {"store_id": till.store_id, "business_date": str(till.today)}
    name, _, value = query.partition("=")
    answer = await till.client.get("/v1/payments", params=fitting | {name: value}, headers=manager(till))
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


@pytest.mark.parametrize(
    "before", ["x", "2026-11-22T04:00:00Z", f"2026-11-22T04:00:00~{'0' * 36}", "~", "2026-11-22~x"]
)
async def test_a_cursor_that_no_page_gave_is_refused(till: Till, before: str) -> None:
    params = {"store_id": till.store_id, "business_date": str(till.today), "before": before}
    answer = await till.client.get("/v1/payments", params=params, headers=manager(till))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.bad_cursor")


async def test_nobody_sees_or_touches_the_payments_of_a_store_that_is_not_theirs(till: Till) -> None:
    order_id, waiting = await till.pay_with("17")
    await till.wait(1)
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/v1/orders/{order_id}/payments", None),
        ("GET", f"/v1/payments?store_id={till.store_id}&business_date={till.today}", None),
        ("POST", f"/v1/payments/{waiting.id}/ask", {}),
        ("POST", f"/v1/payments/{waiting.id}/give-up", {"reason": "测试"}),
    ]
    stranger = till.token("staff", till.stranger)
    member = till.token("member", new_id())
    for method, path, body in calls:
        hidden = 404 if "/orders/" in path else 403  # a diner is not told that it exists
        for headers, status in ((None, 401), (member, hidden), (stranger, 403)):
            answer = await till.client.request(method, path, json=body, headers=headers)
            assert answer.status_code == status, (path, headers)
    assert (await till.payment(waiting.id)).state == "pending"


async def test_the_staff_ask_how_a_payment_stands(till: Till) -> None:
    till.wallet.tells = False
    _, unknown = await till.pay_with("03")
    answer = await till.post(f"/v1/payments/{unknown.id}/ask", {}, manager(till))
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    till.wallet.tells = True
    for path in (f"/v1/payments/{new_id()}/ask", f"/v1/payments/{new_id()}/give-up"):
        missing = await till.post(path, {"reason": "测试"}, manager(till))
        assert (missing.status_code, missing.json()["code"]) == (404, "payment.unknown")


async def test_an_attempt_nobody_knows_of_is_given_up_after_its_time_and_money_that_comes_goes_back(till: Till) -> None:
    order_id, unknown = await till.pay_with("03")
    till.line.state, till.wallet.tells = "down", False
    await till.wait(30)
    path = f"/v1/payments/{unknown.id}/give-up"
    early = await till.post(path, {"reason": "顾客赶时间"}, manager(till))
    assert (early.status_code, early.json()["code"]) == (409, "payment.under_way")
    await till.wait(20)
    assert (await till.post(path, {"reason": ""}, manager(till))).status_code == 400
    given_up = await till.post(path, {"reason": "顾客赶时间"}, manager(till))
    assert (given_up.json()["state"], given_up.json()["detail"]) == ("closed", "given_up")
    assert (await till.post(path, {"reason": "再按一次"}, manager(till))).json()["state"] == "closed"
    await till.take_cash(order_id, 3_800)
    till.line.state = "up"
    await till.wait(600)
    assert ((await till.payment(unknown.id)).detail, await till.pay_state(order_id)) == ("twice", "paid")
    assert [each.state for each in await till.refunds_of(order_id)] == ["succeeded"]
    till.wallet.tells = True
    [(n,)] = await till.db.execute(
        f"SELECT count(*) FROM kernel_audit WHERE action = 'payment.given_up' AND subject = 'payment/{unknown.id}'"
    )
    assert (n, (await audit.verify(till.db)).fault) == (1, None)
    await till.books_hold()


async def test_an_attempt_that_was_given_up_and_is_still_open_at_the_wallet_is_ended_there(till: Till) -> None:
    _, waiting = await till.pay_with("17")
    till.line.state = "down"
    await till.wait(50)
    await till.post(f"/v1/payments/{waiting.id}/give-up", {"reason": "顾客走了"}, manager(till))
    till.line.state = "up"
    await till.wait(30)
    held = {each.number: each.state for each in till.wallet.holdings().payments}
    assert held[waiting.id] == "CLOSED"
    await till.books_hold()


async def test_without_a_demonstration_there_is_no_sandbox_and_no_wallet(till: Till) -> None:
    settings = till.process.settings
    plain = load({}, database=settings.database_url, data_dir=settings.data_dir, secret_key=SECRET)
    async with running(plain) as process:
        with pytest.raises(payments.MethodUnknown):
            process.part(payments.Gateways).of("wallet")
        transport = httpx.ASGITransport(asgi_app(process), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            assert (await client.get("/sandbox/wallet/holdings")).status_code == 404
            assert (await client.post("/v1/gateways/wallet/notices", content=b"{}")).status_code == 422


def test_a_wallet_elsewhere_needs_a_key_of_its_own() -> None:
    with pytest.raises(BadSettings, match="GOODTASTE_WALLET_SECRET"):
        load({}, wallet_url="https://wallet.example")
    assert load({}, wallet_url="https://wallet.example", wallet_secret=SECRET).wallet_url
