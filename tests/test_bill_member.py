"""A member put on an unpaid bill, or taken off it: everything costs what it would have cost them, and nobody is overwritten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests import offers_kit
from tests.bill_kit import at_a_table
from tests.offers_kit import a_live_offer, counted
from tests.org_kit import Headers
from tests.seating_kit import a_hall
from tests.shop_kit import Floor, Member, line, spread


@pytest.fixture(autouse=True)
async def _no_offers_of_others(floor: Floor) -> AsyncIterator[None]:
    """Let each test have the offers it makes, and no others."""
    yield
    for (offer_id,) in await floor.db.execute("SELECT id FROM promo_offer WHERE state = 'published'"):
        await offers_kit.stop(floor, str(offer_id))
    await floor.ctx.refresh()


async def of(floor: Floor, member: Member | None) -> dict[str, Any]:
    """Return what says whose a bill is to be: a member who is present, or nobody."""
    return {"member_id": member.id, "visit_id": await floor.a_visit(member)} if member else {"member_id": None}


async def seen(floor: Floor, bill: Any, who: dict[str, Any], by: Headers | None = None) -> Any:
    """Return a bill as it would be for somebody."""
    path = f"/v1/orders/{bill['id']}/member/preview"
    return await floor.done("POST", path, {"version": bill["version"]} | who, by or floor.at("waiter"))


async def asking(floor: Floor, bill: Any, member: Member | None) -> dict[str, Any]:
    """Return what is sent to say whose a bill is to be, at the price that is shown for them."""
    who = await of(floor, member)
    return {"version": bill["version"], "seen_due_fen": (await seen(floor, bill, who))["due_fen"]} | who


async def put(floor: Floor, bill: Any, member: Member | None) -> Any:
    """Make a bill somebody's."""
    return await floor.done(
        "POST", f"/v1/orders/{bill['id']}/member", await asking(floor, bill, member), floor.at("waiter")
    )


async def more(floor: Floor, bill: Any, *lines: Any) -> Any:
    """Order more on a bill."""
    asked = {"id": new_id(), "lines": list(lines)}
    return await floor.done("POST", f"/v1/orders/{bill['id']}/rounds", asked, floor.at("waiter"))


async def test_a_member_has_the_prices_of_each_round_as_it_was_ordered(floor: Floor) -> None:
    member = await floor.a_member()
    bill = await at_a_table(floor, line("noodles", 2, options=("egg",)), line("tea"))
    await floor.reprice("noodles", 3_000)
    bill = await more(floor, bill, line("noodles"))
    assert bill["due_fen"] == 2 * 3_100 + 333 + 3_000
    shown = await seen(floor, bill, await of(floor, member))
    assert shown["due_fen"] == 2 * 2_800 + 333 + 2_500
    assert await floor.seen(bill["id"]) == bill, "looking changes nothing"
    mine = await put(floor, bill, member)
    assert (mine["member_id"], mine["due_fen"], mine["member_saving_fen"]) == (member.id, shown["due_fen"], 600 + 500)
    assert [each["unit_fen"] for each in mine["lines"]] == [2_800, 333, 2_500]
    mine = await more(floor, mine, line("soup.small"))
    assert mine["lines"][-1]["unit_fen"] == 1_400
    nobodys = await put(floor, mine, None)
    assert (nobodys["member_id"], nobodys["due_fen"]) == (None, bill["due_fen"] + 1_500)
    paid = await floor.pay_cash(await put(floor, nobodys, member))
    assert paid["points_earned"] > 0
    assert (await floor.points(member))[1] == paid["points_earned"]
    notes = await floor.db.execute(f"SELECT action FROM kernel_audit WHERE subject = 'order/{bill['id']}'")
    assert [action for (action,) in notes].count("ordering.member_changed") == 3
    await floor.reprice("noodles", 2_800)
    await floor.books_hold()


async def test_offers_for_members_and_first_orders_count_for_whose_the_bill_is(floor: Floor) -> None:
    ann, bob = await floor.a_member(), await floor.a_member()
    once = await a_live_offer(floor, limit_each=1, offer={"conditions": {"members_only": True}})
    first = await a_live_offer(
        floor, benefit={"kind": "percent_off", "off_bp": 500}, offer={"conditions": {"first_order": True}}
    )
    await floor.ctx.refresh()
    bill = await at_a_table(floor, line("noodles", 3))
    assert bill["offer_fen"] == 0
    bill = await put(floor, bill, ann)
    assert (bill["offer_fen"] > 1_000, bill["kept"].get("first", False)) == (True, True)
    bill = await put(floor, bill, bob)
    assert (await counted(floor, once), bill["kept"].get("first", False)) == ((1, 1_000), True)
    uses = await floor.db.execute(f"SELECT member_id, nth FROM promo_offer_use WHERE order_id = '{bill['id']}'")
    assert {(str(member_id), nth) for member_id, nth in uses} == {(bob.id, 1), (bob.id, None)}
    hers = await put(floor, await at_a_table(floor, line("noodles", 3), table=1), ann)
    assert (hers["offer_fen"], hers["kept"].get("first", False)) == (bill["offer_fen"], True), "she never had it"
    his = await put(floor, await at_a_table(floor, line("noodles", 3)), bob)
    assert (his["offer_fen"], his["kept"].get("first", False)) == (0, False), "he has it on the other bill"
    bill = await put(floor, bill, None)
    assert bill["offer_fen"] == 0
    assert (await counted(floor, once), await counted(floor, first)) == ((1, 1_000), (1, hers["offer_fen"] - 1_000))
    his = await put(floor, await put(floor, his, None), bob)
    assert his["kept"].get("first", False), "what he left is his again"
    await floor.books_hold()


async def test_what_a_bill_holds_of_a_member_comes_back_when_they_leave_it(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    coupon = await floor.a_coupon(member)
    bill = await at_a_table(floor, line("noodles", 2), member=member)
    asked = {"version": bill["version"], "coupon_id": coupon, "points": 200, "seen_due_fen": 4_300}
    bill = await floor.done("POST", f"/v1/orders/{bill['id']}/bill", asked, floor.at("waiter"))
    assert (await floor.coupon_state(coupon))[0] == "held"
    bill = await put(floor, bill, None)
    assert (bill["coupons"], bill["points"], bill["due_fen"]) == ([], 0, 5_600)
    assert ((await floor.coupon_state(coupon))[0], await floor.points(member)) == ("issued", (500, 0, 0))
    assert await floor.refuses("GET", f"/v1/orders/{bill['id']}", None, floor.by(member)) == "ordering.unknown"
    await floor.pay_cash(bill)
    await floor.books_hold()


async def test_of_two_tills_one_wins_and_a_bill_that_is_paid_is_nobody_elses(floor: Floor) -> None:
    ann, bob = await floor.a_member(), await floor.a_member()
    bill = await at_a_table(floor, line("noodles", 2))
    path = f"/v1/orders/{bill['id']}/member"
    asked = [await asking(floor, bill, each) for each in (ann, bob)]
    said = spread(await asyncio.gather(*[floor.do("POST", path, each, floor.at("waiter")) for each in asked * 2]))
    assert (said["done"], said["ordering.changed"]) == (2, 2), "the same is said twice, the other is told"
    bill = await floor.seen(bill["id"])
    off = await asking(floor, bill, None)
    assert await floor.refuses("POST", path, off | {"seen_due_fen": 1}, floor.at("waiter")) == "ordering.price_changed"
    answer = await floor.pay(bill, "17")
    assert answer["order"]["pay_state"] == "paying"
    assert await floor.refuses("POST", path, off, floor.at("waiter")) == "ordering.bill_not_open"
    parted = await at_a_table(floor, line("noodles", 2))
    part = {"id": new_id(), "amount_fen": 100, "seen_due_fen": 5_600, "tender": {"type": "cash", "tendered_fen": 100}}
    await floor.done("POST", f"/v1/orders/{parted['id']}/parts", part, floor.at("cashier"))
    who = {"version": parted["version"]} | await of(floor, ann)
    code = await floor.refuses("POST", f"/v1/orders/{parted['id']}/member/preview", who, floor.at("waiter"))
    assert code == "ordering.has_parts"
    paid = await floor.pay_cash(await at_a_table(floor))
    who = {"version": paid["version"]} | await of(floor, ann)
    code = await floor.refuses("POST", f"/v1/orders/{paid['id']}/member/preview", who, floor.at("waiter"))
    assert code == "ordering.bill_not_open"
    await floor.books_hold()


async def test_somebody_is_put_on_a_bill_only_while_they_are_there(floor: Floor) -> None:
    ann, bob = await floor.a_member(), await floor.a_member()
    bill = await at_a_table(floor, line("noodles", 2))
    path, waiter = f"/v1/orders/{bill['id']}/member", floor.at("waiter")
    asked: dict[str, Any] = {"version": bill["version"], "seen_due_fen": 5_000}
    assert await floor.refuses("POST", path, asked | {"member_id": ann.id}, waiter) == "member.not_present"
    anns = {"member_id": ann.id, "visit_id": await floor.a_visit(bob)}
    assert await floor.refuses("POST", path, asked | anns, waiter) == "member.not_present"
    code = {"code": (await floor.done("GET", "/v1/me/code", None, floor.by(ann)))["qr"]}
    assert (await seen(floor, bill, code))["due_fen"] == 5_000
    mine = await floor.done("POST", path, asked | code, waiter)
    assert mine["member_id"] == ann.id
    assert await floor.done("POST", path, asked | code, waiter) == mine, "sent again it is the same act"
    other = await at_a_table(floor, line("noodles", 2))
    again = {"version": other["version"], "seen_due_fen": 5_000} | code
    assert await floor.refuses("POST", f"/v1/orders/{other['id']}/member", again, waiter) == "member.code_used"
    late = await of(floor, bob)
    floor.later(minutes=11)
    assert await floor.refuses("POST", path, asked | {"version": mine["version"]} | late, waiter) == "member.visit_over"
    await floor.books_hold()


async def test_a_party_orders_on_in_the_name_of_whose_its_bill_is(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    phone = await hall.scan("B1")
    bill = await floor.seen((await phone.orders("noodles"))["order_id"])
    member = await floor.a_member()
    who = {"member_id": member.id, "visit_id": await floor.a_visit(member, hall.store)}
    asked = {"version": bill["version"], "seen_due_fen": 2_500} | who
    mine = await floor.done("POST", f"/v1/orders/{bill['id']}/member", asked, hall.waiter)
    await floor.hear()
    await phone.orders("soup.small")
    after = await floor.seen(bill["id"])
    assert (after["due_fen"], after["stream_of"]) == (mine["due_fen"] + 1_400, bill["id"])
    await hall.pay(bill["id"])
    await floor.books_hold()
