"""What people take off a bill by hand, within what they may, and what a table must spend; carried to another table, shared in parts."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from goodtaste.kernel.ids import new_id
from goodtaste.ordering.control.rules import acts_of
from tests import bill_kit
from tests.bill_kit import act, at_a_table, pieces
from tests.shop_kit import Floor, line, spread

PIN = "582931"


async def with_fees(floor: Floor, **fees: Any) -> None:
    """Give the store fees."""
    shown = await floor.done("GET", f"/v1/stores/{floor.store.id}", None)
    kept = ("name", "city", "address", "hours", "name_en", "phone", "zone", "day_start_minute", "licence")
    asked = {name: shown[name] for name in kept} | {"fees": fees, "address": shown["address"] or "南京西路 1 号"}
    await floor.done("PUT", f"/v1/stores/{floor.store.id}", asked, floor.at("hq_admin"))
    await floor.ctx.refresh()


def why(bill: Any) -> list[tuple[str, int, int | None]]:
    """Return what people took off a bill: code, fen and line."""
    return [
        (each["code"], each["saved_fen"], each.get("line_no"))
        for each in bill["reasons"]
        if each["code"][:5] == "hand_"
    ]


async def test_a_dish_is_given_and_a_bill_is_cut_each_with_its_reason(floor: Floor) -> None:
    bill = await at_a_table(floor, line("noodles", 3), line("tea", 2))
    bill = await act(floor, bill, "discounts", kind="gift", line_no=1, value=1, reason="等太久")
    assert (bill["due_fen"], bill["lines"][0]["hand_fen"], bill["lines"][0]["due_fen"]) == (6_266, 2_800, 5_600)
    bill = await act(floor, bill, "discounts", kind="percent", value=1_000, reason="老客")
    bill = await act(floor, bill, "discounts", kind="amount", line_no=2, value=100, reason="抹零")
    assert bill["due_fen"] == 6_266 - 626 - 100
    assert sum(each["due_fen"] for each in bill["lines"]) == bill["due_fen"]
    assert sum(each["saved_fen"] for each in bill["reasons"]) == bill["list_fen"] - bill["due_fen"]
    assert {(code, fen) for code, fen, _ in why(bill)} == {
        ("hand_gift", 2_800),
        ("hand_percent", 626),
        ("hand_amount", 100),
    }
    found = await floor.done("GET", f"/v1/orders/{bill['id']}/discounts", None, floor.at("waiter"))
    assert [(each["kind"], each["value"], each["reason"]) for each in found] == [
        ("gift", 1, "等太久"), ("percent", 1_000, "老客"), ("amount", 100, "抹零"),
    ]  # fmt: skip
    grown = await floor.done(
        "POST", f"/v1/orders/{bill['id']}/rounds", {"id": new_id(), "lines": [line("tea")]}, floor.at("waiter")
    )
    assert dict((code, fen) for code, fen, _ in why(grown))["hand_percent"] == 659, "a share of the bill grows with it"
    path = f"discounts/{found[1]['id']}/end"
    ended = await floor.done(
        "POST", f"/v1/orders/{bill['id']}/{path}", {"version": grown["version"], "reason": "误操作"}, floor.at("waiter")
    )
    assert ended["due_fen"] == 6_266 + 333 - 100
    again = {"version": grown["version"], "reason": "误操作"}
    assert await floor.done("POST", f"/v1/orders/{bill['id']}/{path}", again, floor.at("waiter")) == ended
    paid = await floor.pay_cash(ended)
    back = 0
    for no, qty in ((1, 1), (2, 2), (1, 2), (3, 1)):
        back += (await floor.refund(paid, {no: qty}))["amount_fen"]
    assert back == paid["due_fen"]
    notes = await floor.db.execute(f"SELECT action FROM kernel_audit WHERE subject = 'order/{bill['id']}' ORDER BY id")
    assert [action for (action,) in notes][:4] == ["ordering.discounted"] * 3 + ["ordering.discount_ended"]
    await floor.books_hold()


async def test_nobody_takes_off_more_than_they_may_without_asking(floor: Floor) -> None:
    bill = await at_a_table(floor, line("noodles", 2))
    ask: dict[str, Any] = {"kind": "amount", "reason": "老客"}
    assert (
        await bill_kit.refused(floor, bill, "discounts", floor.at("waiter"), value=1, **ask)
        == "ordering.discount_over_limit"
    )
    assert (
        await bill_kit.refused(floor, bill, "discounts", floor.at("cashier"), value=561, **ask)
        == "ordering.discount_over_limit"
    )
    some = await act(floor, bill, "discounts", floor.at("cashier"), value=400, **ask)
    answer = await floor.do(
        "POST",
        f"/v1/orders/{bill['id']}/discounts",
        {"id": new_id(), "version": some["version"], "value": 161, **ask},
        floor.at("cashier"),
    )
    facts = answer.json()["facts"]
    assert (answer.status_code, facts["off_fen"], facts["limit_fen"]) == (403, 561, 560), "small ones add up"
    manager = floor.store.staff["store_manager"]
    await floor.done("PUT", f"/v1/staff/{manager}/pin", {"pin": PIN}, floor.at("hq_admin"))
    more = await act(
        floor, some, "discounts", floor.at("waiter"), value=2_000, approval={"staff_id": manager, "pin": PIN}, **ask
    )
    assert more["hand_fen"] == 2_400
    found = await floor.done("GET", f"/v1/orders/{bill['id']}/discounts", None, floor.at("waiter"))
    assert [each["approved_by"] for each in found] == [None, manager]
    for wrong in (
        {"kind": "percent", "value": 10_001},
        {"kind": "gift", "line_no": 1, "value": 3},
        {"kind": "gift", "line_no": 9, "value": 1},
    ):
        code = await bill_kit.refused(floor, more, "discounts", reason="x", **wrong)
        assert code in ("ordering.bad_discount", "ordering.no_such_pieces")
    assert await bill_kit.refused(floor, more, "discounts", kind="gift", value=1, reason="x") == "request.malformed"
    both = [{"id": new_id(), "version": more["version"], "value": n, **ask} for n in (1, 2, 3)]
    path = f"/v1/orders/{bill['id']}/discounts"
    said = spread(await asyncio.gather(*[floor.do("POST", path, each, floor.at("store_manager")) for each in both]))
    assert said == {"done": 1, "ordering.changed": 2}
    await floor.books_hold()


async def test_a_gift_that_is_returned_is_no_gift_any_more(floor: Floor) -> None:
    bill = await at_a_table(floor, bill_kit.held("noodles", 2), line("tea"))
    bill = await act(floor, bill, "discounts", kind="gift", line_no=1, value=2, reason="赠")
    assert bill["due_fen"] == 333
    bill = await act(floor, bill, "returns", reason="退", **pieces(l1=1))
    assert (bill["due_fen"], bill["hand_fen"]) == (333, 2_800)
    bill = await act(floor, bill, "returns", reason="退", **pieces(l1=1))
    assert (bill["due_fen"], bill["hand_fen"]) == (333, 0)
    await floor.books_hold()


async def test_what_a_table_must_spend_is_charged_where_the_goods_lack_it(floor: Floor) -> None:
    minimums = [{"area": "大厅", "table_fen": 10_000}, {"table_fen": 50_000, "person_fen": 1_000}]
    await with_fees(floor, tea_fen=200, service_bp=1_000, minimums=minimums)
    try:
        bill = await at_a_table(floor, line("noodles", 2), party=2)
        fees = {each["code"]: each["amount_fen"] for each in bill["kept"]["fees"]}
        assert fees == {"tea": 400, "service": 560, "minimum": 4_400}
        path = f"/v1/orders/{bill['id']}"
        more = await floor.done(
            "POST", f"{path}/rounds", {"id": new_id(), "lines": [line("feast")]}, floor.at("waiter")
        )
        assert {each["code"] for each in more["kept"]["fees"]} == {"tea", "service"}
        three = await act(floor, more, "seat", table_id=floor.store.tables[1], party=3)
        assert (three["table_id"], three["party"], three["fee_fen"]) == (floor.store.tables[1], 3, 600 + 1_440)
        assert (await bill_kit.heard(floor))[-1].table_id == floor.store.tables[1]  # type: ignore[attr-defined]
        assert await bill_kit.refused(floor, three, "seat", table_id=floor.elsewhere.tables[0]) == "org.table_unknown"
        takeaway = await floor.order(line("noodles"), kind="pickup")
        assert takeaway["fee_fen"] == 0, "who sits at no table must spend nothing"
        code = await bill_kit.refused(floor, takeaway, "seat", table_id=floor.store.tables[0])
        assert code == "ordering.bill_not_open"
        twice = [{"area": "大厅"}, {"area": "大厅"}]
        shown = await floor.done("GET", f"/v1/stores/{floor.store.id}", None)
        kept = ("name", "city", "address", "hours", "name_en", "phone", "zone", "day_start_minute", "licence")
        asked = {name: shown[name] for name in kept} | {"fees": {"minimums": twice}}
        assert (
            await floor.refuses("PUT", f"/v1/stores/{floor.store.id}", asked, floor.at("hq_admin"))
            == "request.malformed"
        )
        await floor.books_hold()
    finally:
        await with_fees(floor)


async def test_a_table_is_let_off_what_it_must_spend_with_a_reason_and_a_pin(floor: Floor) -> None:
    await with_fees(floor, minimums=[{"table_fen": 10_000}])
    try:
        bill = await at_a_table(floor, line("noodles", 2))
        assert bill["fee_fen"] == 4_400
        ask: dict[str, Any] = {"kind": "minimum", "value": 1, "reason": "菜上慢了"}
        assert await bill_kit.refused(floor, bill, "discounts", floor.at("cashier"), **ask) == "auth.not_allowed"
        assert await bill_kit.refused(floor, bill, "discounts", **ask | {"value": 2}) == "request.malformed"
        manager = floor.store.staff["store_manager"]
        await floor.done("PUT", f"/v1/staff/{manager}/pin", {"pin": PIN}, floor.at("hq_admin"))
        approval = {"staff_id": manager, "pin": PIN}
        let = await act(floor, bill, "discounts", floor.at("cashier"), approval=approval, **ask)
        assert (let["fee_fen"], let["due_fen"], let["hand_fen"]) == (0, 5_600, 0)
        assert await bill_kit.refused(floor, let, "discounts", **ask) == "ordering.bad_discount", (
            "nothing is left of it"
        )
        less = await act(floor, let, "returns", reason="退", **pieces(l1=1))
        assert less["due_fen"] == 2_800, "it holds while the bill changes"
        [found] = await floor.done("GET", f"/v1/orders/{bill['id']}/discounts", None, floor.at("waiter"))
        assert (found["kind"], found["approved_by"], found["reason"]) == ("minimum", manager, "菜上慢了")
        [[facts]] = await floor.db.execute(
            f"SELECT facts FROM kernel_audit WHERE subject = 'order/{bill['id']}' AND action = 'ordering.minimum_waived'"
        )
        acts = acts_of("ordering.minimum_waived", floor.store.staff["cashier"], msgspec.json.decode(facts))
        assert [(each.kind, each.fen) for each in acts] == [("waiver", 4_400), ("approval", 4_400)]
        paid = await floor.pay_cash(less)
        opened = (await act(floor, paid, "reopen", reason="结错了"))["bill"]
        assert opened["due_fen"] == 2_800
        [copy] = await floor.done("GET", f"/v1/orders/{opened['id']}/discounts", None, floor.at("waiter"))
        path, asked = f"/v1/orders/{opened['id']}/discounts/{copy['id']}/end", {"version": 1, "reason": "误操作"}
        ended = await floor.done("POST", path, asked, floor.at("waiter"))
        assert ended["fee_fen"] == 7_200
        await floor.books_hold()
    finally:
        await with_fees(floor)


async def test_shares_are_of_what_parts_leave_of_a_bill(floor: Floor) -> None:
    bill = await at_a_table(floor, line("noodles", 2) | {"guest": "甲"}, line("tea", 2) | {"guest": "乙"})
    path, by = f"/v1/orders/{bill['id']}", floor.at("cashier")
    part = {
        "id": new_id(),
        "seen_due_fen": 6_266,
        "amount_fen": 2_266,
        "tender": {"type": "cash", "tendered_fen": 3_000},
    }
    await floor.done("POST", f"{path}/parts", part, by)

    async def shared(**asked: Any) -> list[int]:
        shown = await floor.done("POST", f"{path}/shares", asked, by)
        assert (shown["due_fen"], shown["left_fen"]) == (6_266, 4_000)
        return [each["amount_fen"] for each in shown["shares"]]

    assert await shared(ways=3) == [1_334, 1_333, 1_333]
    assert sum(await shared()) == 4_000
    assert await shared(amounts_fen=[1_000, 3_000]) == [1_000, 3_000]
    whole = {"amounts_fen": [6_266]}
    assert await floor.refuses("POST", f"{path}/shares", whole, by) == "ordering.split_does_not_add_up"


async def test_a_bill_is_shared_in_parts_that_add_up_or_is_told_what_is_missing(floor: Floor) -> None:
    lines = [line("noodles", 2) | {"guest": "甲"}, line("tea") | {"guest": "乙"}, line("tea")]
    bill = await at_a_table(floor, *lines)
    path, by = f"/v1/orders/{bill['id']}/shares", floor.at("waiter")

    async def amounts(**asked: Any) -> list[tuple[int, str]]:
        shown = await floor.done("POST", path, asked, by)
        assert sum(each["amount_fen"] for each in shown["shares"]) == shown["left_fen"] == 6_266
        return [(each["amount_fen"], each["guest"]) for each in shown["shares"]]

    assert [fen for fen, _ in await amounts(ways=3)] == [2_089, 2_089, 2_088]
    assert await amounts(amounts_fen=[6_000, 266]) == [(6_000, ""), (266, "")]
    assert await amounts() == [(5_600, "甲"), (333, "乙"), (333, "")]
    answer = await floor.do("POST", path, {"amounts_fen": [6_000, 200]}, by)
    assert answer.json()["code"] == "ordering.split_does_not_add_up"
    assert answer.json()["facts"] == {"left_fen": 6_266, "sum_fen": 6_200, "missing_fen": 66}
    assert await floor.refuses("POST", path, {"ways": 2, "amounts_fen": [1]}, by) == "request.malformed"
