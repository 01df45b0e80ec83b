"""Courier pay: a bill as a signed text that anybody may carry and pay, once; the receipt comes back the same way."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.ordering.courier import texts
from goodtaste.ordering.courier.texts import SignedBill, SignedReceipt, TextRefused
from tests.shop_kit import Floor, all_at_once, line, spread

PATH = "/v1/signed-bills"


async def a_text(floor: Floor, order: Any) -> str:
    """Return the bill of an order as the store shows it."""
    return str((await floor.done("GET", f"/v1/orders/{order['id']}/signed-bill", None, floor.at("cashier")))["text"])


def paying(text: str, diner: str = "00") -> dict[str, Any]:
    """Return what a courier sends."""
    return {"text": text, "payment_id": new_id(), "method": "wallet", "auth_code": f"99{diner}{'7' * 14}"}


async def test_a_courier_pays_a_bill_and_brings_the_receipt(floor: Floor) -> None:
    order = await floor.order(line("noodles"))
    text = await a_text(floor, order)
    asked = paying(text)
    paid = await floor.done("POST", f"{PATH}/pay", asked)
    assert (paid["state"], paid["due_fen"]) == ("paid", 2_800)
    assert await floor.done("POST", f"{PATH}/pay", asked) == paid
    assert (await floor.done("POST", f"{PATH}/receipt", {"text": text}))["receipt"] == paid["receipt"]
    said = await floor.done("POST", "/v1/signed-receipts/read", {"text": paid["receipt"]}, floor.at("cashier"))
    assert said[:3] == [floor.store.id, order["id"], 2_800]
    key = (await floor.done("GET", f"/v1/stores/{floor.store.id}/bill-key"))["key"]
    assert texts.verified(paid["receipt"], SignedReceipt, public=key).paid_fen == 2_800, "with nothing but the key"
    again = await floor.done("POST", f"{PATH}/pay", paying(text))
    assert again["receipt"] == paid["receipt"], "who carries it later is told that it is paid"
    assert await floor.payments(order) == [("wallet", "succeeded", 2_800, 0)]
    await floor.books_hold()


async def test_a_bill_carried_by_many_is_paid_once(floor: Floor) -> None:
    order = await floor.order(line("noodles"))
    text = await a_text(floor, order)
    sent = [floor.do("POST", f"{PATH}/pay", paying(text)) for _ in range(4)]
    there = floor.at("cashier", floor.elsewhere)
    cash = [{"text": text, "id": new_id(), "tendered_fen": 3_000} for _ in range(3)]
    sent += [floor.do("POST", f"{PATH}/cash", each, there) for each in cash]
    said = spread(await all_at_once(sent))
    assert said["done"] >= 1
    taken = [fen - back for _, state, fen, back in await floor.payments(order) if state == "succeeded"]
    assert sum(taken) == 2_800
    await floor.books_hold()


async def test_another_till_takes_cash_for_it(floor: Floor) -> None:
    order = await floor.order(line("tea"))
    text, there = await a_text(floor, order), floor.at("cashier", floor.elsewhere)
    asked = {"text": text, "id": new_id(), "tendered_fen": 500}
    paid = await floor.done("POST", f"{PATH}/cash", asked, there)
    assert paid["state"] == "paid"
    assert await floor.done("POST", f"{PATH}/cash", asked, there) == paid
    by_id = {"id": new_id(), "tendered_fen": 333, "seen_due_fen": 333}
    other = await floor.order(line("tea"))
    path = f"/v1/orders/{other['id']}/cash"
    assert await floor.refuses("POST", path, by_id, there) == "auth.not_allowed", (
        "the text is the right, and nothing else"
    )


async def test_a_text_that_is_not_genuine_pays_nothing(floor: Floor) -> None:
    order = await floor.order(line("noodles"))
    text = await a_text(floor, order)

    async def why(bad: str) -> str:
        answer = await floor.do("POST", f"{PATH}/pay", paying(bad))
        assert answer.json()["code"] == "ordering.signed_text_refused", answer.text
        return str(answer.json()["facts"]["why"])

    mark, body, seal = text.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    cheaper = base64.urlsafe_b64encode(json.dumps([*said[:2], 1, *said[3:]]).encode()).decode().rstrip("=")
    elsewhere = base64.urlsafe_b64encode(json.dumps([floor.elsewhere.id, *said[1:]]).encode()).decode().rstrip("=")
    for forged in (cheaper, elsewhere):
        assert await why(f"{mark}.{forged}.{seal}") == "signature"
    assert await why(f"{mark}.{body}.{seal[:-2]}{'AA' if seal[-2:] != 'AA' else 'BB'}") == "signature"
    assert await why(f"R1.{body}.{seal}") == "form"
    assert await why(f"B1.eA.{seal}") == "form"
    for place in range(0, len(text), 7):
        other = "A" if text[place] != "A" else "B"
        answer = await floor.do("POST", f"{PATH}/pay", paying(text[:place] + other + text[place + 1 :]))
        assert answer.status_code >= 400
    more = await floor.done(
        "POST", f"/v1/orders/{order['id']}/rounds", {"id": new_id(), "lines": [line("tea")]}, floor.at("cashier")
    )
    assert await why(text) == "changed"
    fresh = await a_text(floor, more)
    floor.later(hours=24)
    assert await why(fresh) == "expired"
    assert await floor.payments(order) == []


def test_a_bill_signed_by_one_store_is_not_another_s() -> None:
    with pytest.raises(TextRefused):
        texts.verified("B1.W10.AAAA", SignedBill, public="")
