"""The report of what the staff took off, back and out: by person and day, with who stands out beside the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from goodtaste.kernel.ids import new_id
from goodtaste.ordering.control import rules
from goodtaste.ordering.control.rules import Act, Outlier, Sold, Sum
from tests import org_kit
from tests.org_kit import Headers
from tests.shop_kit import Floor, Store, line


def test_acts_are_counted_for_who_did_them_and_who_approved() -> None:
    facts = {"amount_fen": 500, "approved_by": "m"}
    assert rules.acts_of("ordering.refunded", "c", facts) == [Act("c", "refund", 500), Act("m", "approval", 500)]
    assert rules.acts_of("ordering.refunded", "m", facts) == [Act("m", "refund", 500)], "nobody approves themselves"
    assert rules.acts_of("ordering.discounted", "c", {"kind": "gift", "saved_fen": 9}) == [Act("c", "gift", 9)]
    assert rules.acts_of("ordering.discounted", "c", {"kind": "percent", "saved_fen": 9}) == [Act("c", "discount", 9)]
    assert rules.acts_of("payment.shift_closed", "m", {"difference_fen": 0, "signed_by": "c"}) == []
    short = {"difference_fen": -30, "signed_by": "c"}
    assert rules.acts_of("payment.shift_closed", "m", short) == [Act("c", "difference", -30)]
    assert rules.acts_of("org.signed_in", "c", {}) == []
    sums = rules.summed([Act("c", "difference", -30), Act("c", "difference", 20), Act("c", "drawer", 0)])
    assert sums == {"difference": Sum(2, 50), "drawer": Sum(1, 0)}, "too much does not make good what is missing"


def test_who_does_twice_as_much_as_the_others_stands_out() -> None:
    sold = {who: Sold(100, 100_000) for who in "abcd"} | {"new": Sold(3, 3_000)}
    refunds = {"a": Sum(9, 9_000), "b": Sum(3, 2_000), "c": Sum(3, 1_000), "d": Sum(4, 3_000), "new": Sum(3, 3_000)}
    found = rules.outliers({who: {"refund": each} for who, each in refunds.items()}, sold)
    assert found == {"a": [Outlier("refund", 900, 200)]}, "who sold little is no measure, and not measured"
    few = rules.outliers({"a": {"refund": Sum(2, 90_000)}}, {who: Sold(100, 100_000) for who in "abc"})
    assert few == {}, "two are chance"
    drawers = rules.outliers({"a": {"drawer": Sum(5, 0)}}, {who: Sold(100, 100_000) for who in "abc"})
    assert drawers == {"a": [Outlier("drawer", 500, 0)]}
    assert rules.outliers({"a": {"refund": Sum(9, 9_000)}}, {who: Sold(100, 100_000) for who in "ab"}) == {}


async def sold(floor: Floor, store: Store, by: Headers, *, cash: bool = True) -> Any:
    """Sell tea for 3.33."""
    asked = await floor.cart([line("tea")], by=by, cash=cash, store_id=store.id)
    return await floor.done("POST", "/v1/orders", asked, by)


async def test_a_report_says_who_did_what_on_which_day(floor: Floor) -> None:
    store = await floor.a_store()
    manager, by = floor.at("store_manager", store), floor.at("cashier", store)
    today = (floor.now + timedelta(hours=8)).date()
    kept, back, gone = (
        await sold(floor, store, by),
        await sold(floor, store, by),
        await sold(floor, store, by, cash=False),
    )
    pin = "736194"
    approver = (await org_kit.a_person(floor, ("store_manager", store.id), pin=pin)).id
    refund = {"id": new_id(), "reason": "洒了", "seen_amount_fen": 333, "approval": {"staff_id": approver, "pin": pin}}
    await floor.done("POST", f"/v1/orders/{back['id']}/refunds", refund, by)
    await floor.done("POST", f"/v1/orders/{gone['id']}/cancel", {"reason": "走了"}, by)
    drawer = {"id": new_id(), "store_id": store.id, "reason": "换零"}
    await floor.done("POST", "/v1/drawer-openings", drawer, by)
    path = f"/v1/stores/{store.id}/staff-report"
    report = await floor.done("GET", f"{path}?from_on={today}&to_on={today}", None, manager)
    cashier = store.staff["cashier"]
    [own] = [each for each in report["staff"] if each["staff_id"] == cashier]
    assert own["sold"] == {"orders": 1, "due_fen": kept["due_fen"]}
    assert own["acts"] == {
        "cancel": {"n": 1, "fen": 333},
        "drawer": {"n": 1, "fen": 0},
        "refund": {"n": 1, "fen": 333},
    }
    [let] = [each for each in report["staff"] if each["staff_id"] == approver]
    assert let["acts"] == {"approval": {"n": 1, "fen": 333}}
    assert {(each["staff_id"], each["business_date"]) for each in report["days"]} == {
        (cashier, str(today)), (approver, str(today)),
    }  # fmt: skip
    empty = await floor.done(
        "GET", f"{path}?from_on={today - timedelta(3)}&to_on={today - timedelta(2)}", None, manager
    )
    assert (empty["staff"], empty["days"]) == ([], [])
    for dates in (f"from_on={today}&to_on={today - timedelta(1)}", f"from_on={today - timedelta(92)}&to_on={today}"):
        assert await floor.refuses("GET", f"{path}?{dates}", None, manager) == "ordering.report_too_long"
    assert await floor.refuses("GET", f"{path}?from_on={today}&to_on={today}", None, by) == "auth.not_allowed"
