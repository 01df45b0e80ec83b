"""Bills that are split, by line and by person, and merged: no dish, no fen and no portion is lost or doubled on the way."""

from __future__ import annotations

import asyncio
from typing import Any

from goodtaste.events.ordering import LinesMoved, OrderCancelled, OrderPlaced
from goodtaste.kernel.ids import new_id
from tests import bill_kit
from tests.bill_kit import act, at_a_table, fired_by, heard, held, of_line, pieces
from tests.offers_kit import TEN_OFF_FIFTY, a_live_offer, counted, stop
from tests.shop_kit import Floor, line, spread
from tests.test_bill_discounts import with_fees


async def test_a_person_goes_with_a_bill_of_their_own(floor: Floor) -> None:
    member = await floor.a_member()
    lines = [line("noodles", 2) | {"guest": "甲"}, held("soup.large", 2, guest="乙"), line("tea") | {"guest": "乙"}]
    bill = await at_a_table(floor, *lines, member=member, party=4)
    await heard(floor)
    other = new_id()
    moved = await act(floor, bill, "moves", to_order_id=other, guest="乙", party=1)
    left, to = moved["left"], moved["to"]
    assert (left["due_fen"], to["due_fen"]) == (5_000, 2 * 2_403 + 333), "at the prices at which they were ordered"
    assert left["due_fen"] + to["due_fen"] == bill["due_fen"]
    assert (left["party"], to["party"], to["member_id"], to["split_from"]) == (3, 1, None, bill["id"])
    assert (to["table_id"], to["placed_at"], to["business_date"]) == tuple(
        bill[name] for name in ("table_id", "placed_at", "business_date")
    )
    assert [each["dish_id"] for each in to["lines"]] == [each["dish_id"] for each in bill["lines"][1:]]
    assert of_line(to, 1) == (2, 2, 2, 0, 0)
    events = await heard(floor)
    assert [type(each) for each in events] == [OrderPlaced, LinesMoved]
    assert ({each.stream for each in events}, fired_by(events)) == ({member.id}, {})  # type: ignore[attr-defined]
    assert [(each.qty, each.held_qty) for each in events[1].lines] == [(2, 2), (1, 0)]  # type: ignore[attr-defined]
    assert await floor.seen(other) == to
    await act(floor, to, "fire")
    await floor.pay_cash(await floor.seen(other))
    await floor.pay_cash(left)
    assert sum(fired_by(await heard(floor)).values()) == 2
    await floor.books_hold()


async def test_pieces_move_to_a_bill_that_is_there_and_back(floor: Floor) -> None:
    one, other = (
        await at_a_table(floor, line("noodles", 3), line("tea")),
        await at_a_table(floor, line("feast"), table=1),
    )
    asked = {"id": new_id(), "version": one["version"], "to_order_id": other["id"], "to_version": other["version"]}
    path, by = f"/v1/orders/{one['id']}/moves", floor.at("waiter")
    moved = await floor.done("POST", path, asked | pieces(l1=2), by)
    assert await floor.done("POST", path, asked | pieces(l1=2), by) == moved, "sent again it is the same act"
    assert await floor.refuses("POST", path, asked | pieces(l1=1), by) == "request.id_taken"
    assert (of_line(moved["left"], 1), of_line(moved["to"], 2)) == ((1, 1, 0, 0, 0), (2, 2, 0, 0, 0))
    assert moved["left"]["due_fen"] + moved["to"]["due_fen"] == one["due_fen"] + other["due_fen"]
    back = {"to_order_id": one["id"], "to_version": moved["left"]["version"]}
    again = await act(floor, moved["to"], "moves", **back, **pieces(l2=2))
    assert [of_line(again["to"], 1), len(again["to"]["lines"])] == [(3, 3, 0, 0, 0), 2], "to the line of their dish"
    assert [each["line_no"] for each in again["left"]["lines"]] == [1]
    await floor.books_hold()


async def test_what_cannot_move_is_refused_and_nothing_happens(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    one, other = await at_a_table(floor, line("noodles", 2), member=member), await at_a_table(floor, table=1)
    to = {"to_order_id": other["id"], "to_version": other["version"]}
    no = bill_kit.refused
    assert await no(floor, one, "moves", to_order_id=new_id(), **pieces(l1=2)) == "ordering.would_be_empty"
    assert await no(floor, one, "moves", **to, **pieces(l1=3)) == "ordering.no_such_pieces"
    assert await no(floor, one, "moves", **to, guest="丙") == "ordering.no_such_pieces"
    assert await no(floor, one, "moves", to_order_id=one["id"], to_version=1, **pieces(l1=1)) == "ordering.bills_apart"
    assert await no(floor, one, "moves", to_order_id=other["id"], **pieces(l1=1)) == "request.id_taken"
    assert await no(floor, one, "moves", to_order_id=new_id(), to_version=1, **pieces(l1=1)) == "ordering.unknown"
    assert await no(floor, one, "moves", to_order_id=new_id()) == "request.malformed"
    stale = to | {"to_version": 9}
    assert await no(floor, one, "moves", **stale, **pieces(l1=1)) == "ordering.changed"
    counter = await floor.order(line("tea"))
    apart = {"to_order_id": counter["id"], "to_version": counter["version"]}
    assert await no(floor, one, "moves", **apart, **pieces(l1=1)) == "ordering.bills_apart"
    bill = {"version": one["version"], "seen_due_fen": one["due_fen"] - 500, "points": 500}
    billed = await floor.done("POST", f"/v1/orders/{one['id']}/bill", bill, floor.by(member))
    assert await no(floor, billed, "moves", **to, **pieces(l1=1)) == "ordering.bill_not_open"
    assert await no(floor, billed, "merge", **to) == "ordering.bill_not_open"
    bare = await floor.done("POST", f"/v1/orders/{one['id']}/open-again", None, floor.at("waiter"))
    given = await act(floor, bare, "discounts", kind="gift", line_no=1, value=1, reason="赠")
    assert await no(floor, given, "moves", **to, **pieces(l1=1)) == "ordering.has_discount"
    assert await no(floor, given, "merge", **to) == "ordering.has_discount"
    two = await at_a_table(floor, line("noodles", 2), party=2)
    assert await no(floor, two, "moves", to_order_id=new_id(), party=2, **pieces(l1=1)) == "ordering.party_too_small"
    await floor.books_hold()


async def test_two_bills_are_made_one(floor: Floor) -> None:
    await floor.portions("noodles", 20)
    one = await at_a_table(floor, line("noodles", 3), held("tea", 2), party=2, donation_fen=100)
    one = await act(floor, one, "returns", reason="凉了", **pieces(l1=1))
    other = await at_a_table(floor, line("noodles"), table=1, party=3)
    await heard(floor)
    asked = {"to_order_id": other["id"], "to_version": other["version"]}
    merged = await act(floor, one, "merge", floor.at("waiter"), **asked)
    closed, to = merged["left"], merged["to"]
    assert (closed["state"], closed["went_to"], closed["due_fen"], closed["party"]) == ("cancelled", other["id"], 0, 2)
    assert await floor.seen(one["id"]) == closed
    assert (to["due_fen"], to["party"], to["donation_fen"]) == (one["due_fen"] + other["due_fen"], 5, 100)
    assert [of_line(to, n) for n in (1, 2, 3)] == [(1, 1, 0, 0, 0), (2, 2, 0, 0, 0), (2, 2, 2, 0, 0)]
    assert of_line(closed, 1) == (0, 1, 0, 0, 1), "what was returned stays where it was"
    events = await heard(floor)
    assert [type(each) for each in events] == [LinesMoved, OrderCancelled]
    assert events[1].reason == "merged"  # type: ignore[attr-defined]
    assert (await floor.sold("noodles"))[0] == 16
    for what, more in (("merge", asked), ("returns", {"reason": "x", **pieces(l1=1)})):
        assert await bill_kit.refused(floor, closed, what, **more) in ("ordering.changed", "ordering.bill_not_open")
    steps = await floor.done("GET", f"/v1/orders/{one['id']}/steps", None, floor.at("waiter"))
    assert steps[-1]["reason"] == "merged"
    await floor.pay_cash(to)
    await floor.portions("noodles", None)
    await floor.books_hold()


async def test_an_offer_goes_with_the_bill_that_reaches_it_and_its_budget_is_exact(floor: Floor) -> None:
    offer = await a_live_offer(floor, benefit=TEN_OFF_FIFTY, budget_count=50)
    await floor.ctx.refresh()
    one = await at_a_table(floor, line("noodles", 2))  # 56 yuan: ten off
    other = await at_a_table(floor, line("noodles"), table=1)
    assert (one["offer_fen"], other["offer_fen"], await counted(floor, offer)) == (1_000, 0, (1, 1_000))
    asked = {"to_order_id": other["id"], "to_version": other["version"]}
    moved = await act(floor, one, "moves", **asked, **pieces(l1=1))
    assert (moved["left"]["offer_fen"], moved["to"]["offer_fen"]) == (0, 1_000), "one gives it back as the other has it"
    assert await counted(floor, offer) == (1, 1_000)
    back = {"to_order_id": other["id"], "to_version": moved["to"]["version"]}
    merged = await act(floor, moved["left"], "merge", **back)
    assert (merged["to"]["offer_fen"], await counted(floor, offer)) == (1_000, (1, 1_000))
    await stop(floor, offer)
    await floor.ctx.refresh()
    await floor.books_hold()


async def test_of_many_splits_of_one_bill_one_wins(floor: Floor) -> None:
    bill = await at_a_table(floor, line("noodles", 9))
    path = f"/v1/orders/{bill['id']}/moves"
    asked = [{"id": new_id(), "version": bill["version"], "to_order_id": new_id(), **pieces(l1=n)} for n in range(1, 7)]
    said = spread(await asyncio.gather(*[floor.do("POST", path, each, floor.at("waiter")) for each in asked]))
    assert said == {"done": 1, "ordering.changed": 5}
    one, other = await at_a_table(floor, line("tea", 3)), await at_a_table(floor, line("tea", 3), table=1)
    acts = [
        floor.do(
            "POST",
            f"/v1/orders/{a['id']}/merge",
            {"id": new_id(), "version": a["version"], "to_order_id": b["id"], "to_version": b["version"]},
            floor.at("waiter"),
        )
        for a, b in ((one, other), (other, one))
    ]
    assert spread(await asyncio.gather(*acts))["done"] == 1, "two that swallow each other"
    await floor.books_hold()


async def test_a_table_has_one_minimum_however_its_bill_is_split(floor: Floor) -> None:
    await with_fees(floor, minimums=[{"table_fen": 10_000}])
    try:
        bill = await at_a_table(floor, line("noodles", 3), line("tea", 4))  # 84 and 13.32 yuan
        assert bill["fee_fen"] == 10_000 - 9_732
        moved = await act(floor, bill, "moves", to_order_id=new_id(), **pieces(l1=2))
        assert [moved[side]["fee_fen"] for side in ("left", "to")] == [268, 0]
        assert moved["left"]["due_fen"] + moved["to"]["due_fen"] == 10_000
        first = {"to_order_id": moved["to"]["id"], "to_version": moved["to"]["version"]}
        assert await bill_kit.refused(floor, moved["left"], "merge", **first) == "ordering.bills_apart"
        back = {"to_order_id": bill["id"], "to_version": moved["left"]["version"]}
        some = await act(floor, moved["to"], "moves", **back, **pieces(l1=1))
        assert [some[side]["fee_fen"] for side in ("left", "to")] == [0, 268]
        back["to_version"] = some["to"]["version"]
        merged: Any = await act(floor, some["left"], "merge", **back)
        assert (merged["to"]["fee_fen"], merged["to"]["due_fen"]) == (268, 10_000)
        await floor.books_hold()
    finally:
        await with_fees(floor)
