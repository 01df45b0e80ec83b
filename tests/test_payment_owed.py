"""Refunds that are owed: listed with owners, and made up for once, by the gateway or by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodtaste.kernel.ids import IdTaken, new_id
from goodtaste.payment import api as payments
from goodtaste.payment import owed
from goodtaste.payment.gateways.wallet_diners import DINERS
from goodtaste.payment.owed import MadeUp, MakeUp, NotOwed
from goodtaste.payment.refunds import RefundUnknown
from tests import org_kit
from tests.payment_kit import Till
from tests.shop import at_once, those_that_find


def manager(till: Till) -> dict[str, str]:
    """Return the headers of the store's manager."""
    return till.token("staff", till.manager, store_id=till.store_id)


async def listed(till: Till) -> dict[str, owed.OwedRefund]:
    page = await till.db.query(owed.owed(till.store_id, at=till.now, before="", limit=200))
    return {each.id: each for each in page.refunds}


async def make_up(till: Till, refund_id: str, way: str = "same", *, id_: str = "") -> payments.Refund:
    asked = MakeUp(id=id_ or new_id(), way=way, reason="顾客在柜台等")  # type: ignore[arg-type]
    actor, drawer = till.ctx.actor, till.store_id
    return await till.db.run(
        owed.make_up(refund_id, asked, actor=actor, drawer_id=drawer, today=till.today, at=till.now)
    )


async def a_failed(till: Till, amount_fen: int = 1_000) -> tuple[payments.Payment, payments.Refund]:
    """Have a refund that the wallet refuses."""
    _, paid = await till.pay_with("13")
    failed = await till.refund(paid.id, amount_fen)
    assert failed.state == "failed"
    return paid, failed


async def test_a_refund_that_failed_is_owed_until_another_makes_up_for_it(till: Till) -> None:
    paid, failed = await a_failed(till)
    row = (await listed(till))[failed.id]
    assert (row.state, row.why, row.amount_fen, row.method) == ("failed", "REFUND_REFUSED", 1_000, "wallet")
    again = await make_up(till, failed.id)  # refused once more
    assert (await payments.give_back(till.ctx, again.id)).state == "failed"
    now = await listed(till)
    assert failed.id not in now
    assert now[again.id].state == "failed"
    by_hand = await make_up(till, again.id, "cash")
    assert (by_hand.state, by_hand.way, by_hand.drawer_id) == ("succeeded", "cash", till.store_id)
    assert by_hand.cause_id == failed.cause_id
    assert not {failed.id, again.id, by_hand.id} & (await listed(till)).keys()
    assert (await till.payment(paid.id)).refunded_fen == 1_000
    assert await till.told("payment.refund_settled.v1", paid.stream) == 3
    await till.books_hold()


async def test_the_gateway_makes_it_under_a_new_number_once_it_can(till: Till) -> None:
    paid, failed = await a_failed(till)
    held = till.wallet.books.payments[paid.id]
    held.diner = DINERS["00"]  # the diner's account takes money again
    again = await make_up(till, failed.id)
    await till.wait(5)
    after = await till.refund_row(again.id)
    assert (after.state, after.way) == ("succeeded", "same")
    await till.books_hold()


async def test_of_many_who_make_up_for_it_one_does(till: Till) -> None:
    paid, failed = await a_failed(till, 3_800)
    outcomes = await at_once(8, lambda _: tried(till, failed.id, "transfer"))
    assert sorted(outcomes) == ["payment.refund_made_up"] * 7 + ["succeeded"]
    assert (await till.payment(paid.id)).refunded_fen == 3_800
    await till.books_hold()


async def tried(till: Till, refund_id: str, way: str) -> str:
    try:
        return (await make_up(till, refund_id, way)).state
    except MadeUp as refused:
        return refused.code


async def test_the_same_id_twice_is_the_same_refund_and_other_content_is_not(till: Till) -> None:
    _, failed = await a_failed(till)
    id_ = new_id()
    first = await make_up(till, failed.id, "cash", id_=id_)
    assert await make_up(till, failed.id, "cash", id_=id_) == first
    with pytest.raises(IdTaken):
        await make_up(till, failed.id, "transfer", id_=id_)
    with pytest.raises(MadeUp):
        await make_up(till, failed.id, "cash")


async def test_what_did_not_fail_is_not_made_up_for(till: Till) -> None:
    _, paid = await till.pay_with("00")
    made = await till.refund(paid.id, 100)
    with pytest.raises(NotOwed):
        await make_up(till, made.id)
    with pytest.raises(RefundUnknown):
        await make_up(till, new_id())


async def test_no_more_is_given_back_than_is_left_of_the_payment(till: Till) -> None:
    paid, failed = await a_failed(till, 1_000)
    await till.refund(paid.id, 2_801, go=False)
    with pytest.raises(payments.RefundTooMuch):
        await make_up(till, failed.id, "cash")
    assert await those_that_find(till.db, till.proofs) == []


async def test_a_refund_that_takes_longer_than_a_day_is_listed_while_it_is_open(till: Till) -> None:
    _, paid = await till.pay_with("00")
    waiting = await till.refund(paid.id, 100, go=False)
    assert waiting.id not in await listed(till)
    till.hands.now += timedelta(days=1, seconds=1)
    assert (await listed(till))[waiting.id].state == "pending"
    with pytest.raises(NotOwed):
        await make_up(till, waiting.id, "cash")  # the gateway may be at it
    asked = await till.post(f"/v1/refunds/{waiting.id}/ask", {}, manager(till))
    assert (asked.status_code, asked.json()["state"]) == (200, "succeeded")
    assert waiting.id not in await listed(till)


async def test_the_staff_of_the_store_look_after_it(till: Till) -> None:
    _, failed = await a_failed(till)
    path = f"/v1/refunds/{failed.id}"
    stranger = till.token("staff", till.stranger, store_id=till.store_id)
    body = {"id": new_id(), "way": "cash", "reason": "顾客在柜台等"}
    for call in ("take-over", "ask", "make-up"):
        assert (await till.post(f"{path}/{call}", body if call == "make-up" else {}, stranger)).status_code == 403
    assert (await till.post(f"{path}/take-over", {}, manager(till))).status_code == 204
    page = await till.client.get("/v1/refunds/owed", params={"store_id": till.store_id}, headers=manager(till))
    assert {each["id"]: each["owner_id"] for each in page.json()["refunds"]}[failed.id] == till.manager
    made = await till.post(f"{path}/make-up", body, manager(till))
    assert (made.status_code, made.json()["state"], made.json()["way"]) == (201, "succeeded", "cash")
    assert (
        org_kit.code_of(await till.post(f"{path}/make-up", body | {"id": new_id()}, manager(till)))
        == "payment.refund_made_up"
    )
    assert await org_kit.actions_on(till, f"refund/{failed.id}") == [
        "payment.refund_taken_over",
        "payment.refund_made_up",
    ]
    unknown = await till.post(f"/v1/refunds/{new_id()}/make-up", body | {"id": new_id()}, manager(till))
    assert unknown.status_code == 404
