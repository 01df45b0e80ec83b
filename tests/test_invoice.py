"""Invoices: one of what was paid, never more; red where money went back; known in the end, whatever is lost on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from goodtaste.floor.invoice.issuer import Invoices, Issued, Unknown
from goodtaste.floor.invoice.rules import is_tax_number
from goodtaste.floor.invoice.sandbox import InvoiceSandbox
from goodtaste.kernel.ids import new_id
from tests.print_kit import a_buyer, token_of
from tests.shop_kit import Floor, line

TAX_NO = "91350100M000100Y43"  # the example of GB 32100-2015


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (TAX_NO, True),
        ("91350100M000100Y34", False),
        ("91350100M000100Y4", False),
        ("91350100M000100Y43 ", False),
        ("91350100I000100Y43", False),
        ("", False),
    ],
)
def test_the_last_symbol_of_a_tax_number_checks_the_others(text: str, good: bool) -> None:
    assert is_tax_number(text) is good


def test_no_single_wrong_symbol_passes_for_a_tax_number() -> None:
    symbols = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    others = [TAX_NO[:i] + each + TAX_NO[i + 1 :] for i in range(18) for each in symbols if each != TAX_NO[i]]
    assert [each for each in others if is_tax_number(each)] == []


async def _ask(floor: Floor, order: Any, **fields: Any) -> Any:
    return await floor.do("POST", f"/v1/receipts/{token_of(floor, order)}/invoice", a_buyer(**fields))


async def _shown(floor: Floor, order: Any) -> Any:
    return await floor.done("GET", f"/v1/receipts/{token_of(floor, order)}")


async def _settle(floor: Floor, seconds: float = 60) -> None:
    await floor.hear()
    await floor.wait(seconds)


async def _of(floor: Floor, order: Any) -> list[Any]:
    found = await floor.done("GET", f"/v1/stores/{floor.store.id}/invoices?limit=100", None, floor.at("cashier"))
    return [each for each in found["invoices"] if each["order_id"] == order["id"]]


async def test_the_code_of_a_receipt_opens_it_and_asks_for_its_invoice_once(floor: Floor) -> None:
    order = await floor.bought(line("noodles"))
    seen = await _shown(floor, order)
    assert (seen["payable_fen"], seen["invoice"]) == (order["due_fen"], None)
    asked = a_buyer(kind="company", title="好味餐饮", tax_no=TAX_NO)
    path = f"/v1/receipts/{token_of(floor, order)}/invoice"
    first = await floor.done("POST", path, asked)
    assert (await floor.done("POST", path, asked))["id"] == first["id"]
    assert await floor.refuses("POST", path, asked | {"title": "别人"}) == "request.id_taken"
    assert await floor.refuses("POST", path, a_buyer()) == "floor.invoice_there"
    await _settle(floor)
    [found] = await _of(floor, order)
    assert (found["state"], found["amount_fen"], found["tax_no"]) == ("issued", order["due_fen"], TAX_NO)
    assert (await _shown(floor, order))["invoice"]["number"] == found["number"]


async def test_eight_at_once_get_one_invoice(floor: Floor) -> None:
    order = await floor.bought(line("tea"))
    answers = await asyncio.gather(*(_ask(floor, order) for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 7
    assert len(await _of(floor, order)) == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "company"}, "floor.invoice_bad_buyer"),
        ({"kind": "company", "tax_no": "91350100M000100Y44"}, "floor.invoice_bad_buyer"),
        ({"email": "no mail"}, "request.malformed"),
        ({"title": "a\nb"}, "request.malformed"),
    ],
)
async def test_a_buyer_who_cannot_be_is_refused(floor: Floor, fields: dict[str, str], code: str) -> None:
    order = await floor.bought(line("tea"))
    answer = await _ask(floor, order, **fields)
    assert answer.json()["code"] == code


async def test_an_order_that_is_not_paid_or_was_given_back_is_not_invoiced(floor: Floor) -> None:
    member = await floor.a_member()
    unpaid = await floor.order(line("tea"), member=member, kind="dine_in", table_id=floor.store.tables[0])
    path = f"/v1/orders/{unpaid['id']}/invoice"
    assert await floor.refuses("POST", path, a_buyer(), floor.at("cashier")) == "floor.invoice_nothing"
    order = await floor.bought(line("tea"))
    await floor.refund(order)
    await _settle(floor)
    assert (await _ask(floor, order)).json()["code"] == "floor.invoice_nothing"
    assert (await _shown(floor, order))["payable_fen"] == 0


async def test_money_that_goes_back_is_taken_back_in_red_and_no_more(floor: Floor) -> None:
    order = await floor.bought(line("tea", 3))
    await _ask(floor, order)
    await _settle(floor)
    for _ in range(3):
        await floor.refund(order, {1: 1})
        await _settle(floor)
    found = await _of(floor, order)
    blue = next(each for each in found if each["red_of"] is None)
    reds = [each for each in found if each["red_of"] == blue["id"]]
    assert [each["state"] for each in reds] == ["issued"] * 3
    assert sum(each["amount_fen"] for each in reds) == blue["amount_fen"] == blue["reversed_fen"] == order["due_fen"]
    books = floor.process.part(InvoiceSandbox).books
    assert {said.state for no, said in books.said.items() if no in {each["id"] for each in found}} == {"issued"}


async def test_a_refund_between_asking_and_issuing_lessens_the_invoice(floor: Floor) -> None:
    order = await floor.bought(line("tea", 2))
    await _ask(floor, order)
    refund = await floor.refunding(order, {1: 1})
    await floor.done("POST", f"/v1/orders/{order['id']}/refunds", refund, floor.at("store_manager"))
    await _settle(floor)
    [found] = await _of(floor, order)
    assert (found["state"], found["amount_fen"]) == ("issued", order["due_fen"] - refund["seen_amount_fen"])


@pytest.mark.parametrize("title", ["丢了回复", "慢吞吞"])
async def test_what_is_lost_or_slow_is_asked_for_until_it_is_known_and_issued_once(floor: Floor, title: str) -> None:
    order = await floor.bought(line("tea"))
    made = (await _ask(floor, order, title=title)).json()
    await _settle(floor)
    [found] = await _of(floor, order)
    assert found["state"] == "issued"
    asked = floor.process.part(InvoiceSandbox).books.asked
    assert [no for no in asked if no == made["id"]] == [made["id"]]


async def test_an_issuer_that_is_away_is_asked_again_and_by_hand(floor: Floor) -> None:
    books = floor.process.part(InvoiceSandbox).books
    order = await floor.bought(line("tea"))
    books.down = True
    made = (await _ask(floor, order)).json()
    await _settle(floor, 30)
    assert (await _of(floor, order))[0]["state"] == "issuing"
    books.down = False
    path = f"/v1/invoices/{made['id']}/ask"
    assert (await floor.done("POST", path, None, floor.at("cashier")))["state"] == "issued"
    await _settle(floor, 600)
    assert len(await _of(floor, order)) == 1


async def test_what_is_rejected_may_be_asked_for_again_and_not_for_ever(floor: Floor) -> None:
    order = await floor.bought(line("tea"))
    for _ in range(5):
        assert (await _ask(floor, order, title="拒")).status_code == 201
        await _settle(floor)
    assert {each["state"] for each in await _of(floor, order)} == {"failed"}
    assert (await _ask(floor, order)).json()["code"] == "floor.invoice_too_many"


async def test_the_issuer_listens_only_to_who_has_the_key_and_once(floor: Floor) -> None:
    ours = floor.process.part(Invoices).issuer
    assert ours is not None
    client = floor.process.part(InvoiceSandbox)
    from httpx import ASGITransport, AsyncClient

    async with AsyncClient(transport=ASGITransport(client), base_url="http://x") as http:
        bad = await http.get(f"/v1/invoices/{new_id()}?app=goodtaste&ts=1&nonce=1&sign=AA")
        assert (bad.status_code, bad.json()) == (401, {"error": "BAD_SIGNATURE"})
    assert not isinstance(await ours.query(new_id()), Issued | Unknown)


async def test_the_page_of_a_receipt_takes_an_invoice_and_says_what_is_wrong(floor: Floor) -> None:
    order = await floor.bought(line("tea"))
    path = f"/r/{token_of(floor, order)}"
    page = await floor.client.get(path)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert "name=tax_no" in page.text
    form = {"id": new_id(), "title": "<script>公司", "tax_no": "1", "email": "a@b.cn"}
    wrong = await floor.client.post(path, data=form)
    assert 'role="alert"' in wrong.text
    done = await floor.client.post(path, data=form | {"tax_no": TAX_NO})
    assert "<script>公司" not in done.text
    assert "requested" in done.text
    assert (await floor.client.get("/r/AAAA")).status_code == 404
