"""Refunds of subscriptions that are owed: listed with owners, and made up for once, by the gateway or by hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from goodtaste.app import cli_words
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.ids import new_id
from goodtaste.promo.subscription import owed
from goodtaste.promo.subscription.refunds import Refund
from tests.member_kit import refused
from tests.org_kit import actions_on
from tests.shop import at_once
from tests.subscription_kit import BARE, Club
from tests.test_cli import Terminal

PATH = "/v1/subscription-refunds"


async def a_failed(club: Club, *, payer: str = "06") -> tuple[str, Refund]:
    """Have a subscriber who left, and whose refund of 31 yuan the gateway refuses; return the subscription and the refund."""
    member_id, id_ = await club.a_subscriber(BARE, payer=payer)
    await club.cancel(member_id, id_, when="now", seen_refund_fen=3_100)
    await club.refunds()
    [back] = (await club.file(id_)).refunds
    return id_, back


async def listed(club: Club) -> dict[str, Any]:
    """Return the refunds that are owed, by id."""
    found: dict[str, Any] = {}
    path = f"{PATH}/owed?limit=2"
    page = await club.done("GET", path, None, club.admin)
    while True:
        found |= {each["id"]: each for each in page["refunds"]}
        if page["next"] is None:
            return found
        page = await club.done("GET", f"{path}&before={page['next']}", None, club.admin)


def made_by(way: str, **more: Any) -> dict[str, Any]:
    """Return what is sent to make up for a refund."""
    return {"id": new_id(), "way": way, "reason": "招商银行 20270131-7"} | more


async def test_a_refund_that_failed_is_owed_until_another_makes_up_for_it(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_words.out, "width", 300)
    id_, failed = await a_failed(club)
    row = (await listed(club))[failed.id]
    assert (row["state"], row["why"], row["amount_fen"], row["subscription_id"]) == (
        "failed",
        "REFUND_REFUSED",
        3_100,
        id_,
    )
    told = await asyncio.to_thread(Terminal(club.process.settings).type, "subscriptions", "owed")
    assert {failed.id, id_, "31.00", "failed", "REFUND_REFUSED"} <= set(told.output.split()), told.output
    again = await club.done("POST", f"{PATH}/{failed.id}/make-up", made_by("same"), club.admin)
    assert again["state"] == "failed"  # refused once more
    now = await listed(club)
    assert (failed.id in now, now[again["id"]]["state"]) == (False, "failed")
    by_hand = await club.done("POST", f"{PATH}/{again['id']}/make-up", made_by("transfer"), club.admin)
    assert (by_hand["state"], by_hand["way"], by_hand["makes_up_for"]) == ("succeeded", "transfer", again["id"])
    assert not {failed.id, again["id"], by_hand["id"]} & (await listed(club)).keys()
    assert {each.makes_up_for for each in (await club.file(id_)).refunds} == {None, failed.id, again["id"]}
    [charge] = await club.charges(id_)
    assert (charge.refunded_fen, club.provider.books.deductions[charge.id].refunded_fen) == (3_100, 0)
    await club.books_hold()


async def test_the_gateway_makes_it_under_a_new_number_once_it_can(club: Club) -> None:
    id_, failed = await a_failed(club)
    club.pays(id_, "00")  # the payer's account takes money again
    again = await club.done("POST", f"{PATH}/{failed.id}/make-up", made_by("same"), club.admin)
    [charge] = await club.charges(id_)
    assert (again["state"], club.provider.books.deductions[charge.id].refunded_fen) == ("succeeded", 3_100)
    assert failed.id not in await listed(club)
    await club.books_hold()


async def test_of_many_who_make_up_for_it_one_does(club: Club) -> None:
    _, failed = await a_failed(club)

    async def make_up(_: int) -> str:
        asked = owed.MakeUp(id=new_id(), way="transfer", reason="转账")
        return (await club.db.run(owed.make_up(failed.id, asked, actor=SYSTEM, at=club.now))).state

    assert sorted(await at_once(8, make_up)) == ["subscription.refund_made_up"] * 7 + ["succeeded"]
    await club.books_hold()


async def test_the_same_id_twice_is_the_same_refund_and_other_content_is_not(club: Club) -> None:
    id_, failed = await a_failed(club)
    asked, path = made_by("transfer"), f"{PATH}/{failed.id}/make-up"
    first = await club.done("POST", path, asked, club.admin)
    assert await club.done("POST", path, asked, club.admin) == first
    assert refused(await club.do("POST", path, asked | {"way": "same"}, club.admin)) == "request.id_taken"
    assert refused(await club.do("POST", path, made_by("transfer"), club.admin)) == "subscription.refund_made_up"
    part = {"id": failed.cause_id, "amount_fen": 3_100, "reason": "再退"}
    await club.do("POST", f"/v1/subscriptions/{id_}/refunds", part, club.admin)
    assert len((await club.file(id_)).refunds) == 2


async def test_what_did_not_fail_is_not_made_up_for(club: Club) -> None:
    _, made = await a_failed(club, payer="00")
    for path, body in (("make-up", made_by("same")), ("take-over", {})):
        answer = await club.do("POST", f"{PATH}/{made.id}/{path}", body, club.admin)
        assert refused(answer) == "subscription.refund_not_owed"
        answer = await club.do("POST", f"{PATH}/{new_id()}/{path}", body, club.admin)
        assert (answer.status_code, refused(answer)) == (404, "subscription.refund_unknown")
    answer = await club.do("POST", f"{PATH}/{new_id()}/ask", {}, club.admin)
    assert refused(answer) == "subscription.refund_unknown"
    assert (
        refused(await club.do("POST", f"{PATH}/{made.id}/make-up", made_by("cash"), club.admin)) == "request.malformed"
    )


async def test_a_refund_that_takes_longer_than_a_day_is_listed_while_it_is_open(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BARE)
    await club.cancel(member_id, id_, when="now", seen_refund_fen=3_100)
    [waiting] = (await club.file(id_)).refunds
    assert waiting.id not in await listed(club)
    club.hands.now += timedelta(days=1, seconds=1)
    assert (await listed(club))[waiting.id]["state"] == "pending"
    answer = await club.do("POST", f"{PATH}/{waiting.id}/make-up", made_by("transfer"), club.admin)
    assert refused(answer) == "subscription.refund_not_owed"  # the gateway may be at it
    assert (await club.done("POST", f"{PATH}/{waiting.id}/ask", {}, club.admin))["state"] == "succeeded"
    assert waiting.id not in await listed(club)


async def test_somebody_looks_after_it_and_what_they_did_is_kept(club: Club) -> None:
    id_, failed = await a_failed(club)
    await club.done("POST", f"{PATH}/{failed.id}/take-over", {}, club.admin)
    assert (await listed(club))[failed.id]["owner_id"] == club.admin_id
    await club.done("POST", f"{PATH}/{failed.id}/make-up", made_by("transfer"), club.admin)
    assert await actions_on(club, f"refund/{failed.id}") == [
        "subscription.refund_taken_over",
        "subscription.refund_made_up",
    ]
    assert {each.id: each.owner_id for each in (await club.file(id_)).refunds}[failed.id] == club.admin_id
