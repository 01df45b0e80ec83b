"""A bill paid in parts: by any mix of tenders, each fen once, taken back before it is paid, refunded by the ways the money came."""

from __future__ import annotations

import sqlite3
from typing import Any

import asyncpg
import pytest

from goodtaste.kernel.ids import new_id
from tests import org_kit
from tests.org_kit import Headers
from tests.shop_kit import Floor, Member, all_at_once, line, spread


def cash(fen: int) -> dict[str, Any]:
    """Return cash put down."""
    return {"type": "cash", "tendered_fen": fen}


def wallet(diner: str = "00") -> dict[str, Any]:
    """Return the code of a diner of the wallet."""
    return {"type": "wallet", "method": "wallet", "auth_code": f"99{diner}{'7' * 14}"}


def voucher(face_fen: int, number: str = "", **more: Any) -> dict[str, Any]:
    """Return a voucher that was sold elsewhere."""
    worth = {"face_fen": face_fen, "paid_fen": face_fen * 9 // 10}
    return {"type": "voucher", "source": "douyin", "number": number or new_id(), **worth} | more


def a_part(order: Any, amount_fen: int, tender: dict[str, Any]) -> dict[str, Any]:
    """Return what is sent to pay a part of a bill."""
    return {"id": new_id(), "amount_fen": amount_fen, "seen_due_fen": order["due_fen"], "tender": tender}


def parts(order: Any) -> str:
    """Return where the parts of a bill are."""
    return f"/v1/orders/{order['id']}/parts"


async def paid_in_part(floor: Floor, order: Any, amount_fen: int, tender: dict[str, Any]) -> Any:
    """Pay a part of a bill at the counter."""
    return await floor.done("POST", parts(order), a_part(order, amount_fen, tender), floor.at("cashier"))


async def a_bill(floor: Floor, *lines: Any, member: Member | None = None, **more: Any) -> Any:
    """Have an order at a table that nobody has paid; 34.99 where nothing else is ordered."""
    table = {"kind": "dine_in", "channel": "table_qr" if member else "counter", "table_id": floor.store.tables[0]}
    return await floor.order(*lines or [line("dumplings"), line("soup.small")], member=member, **table, **more)


async def an_account(floor: Floor, limit_fen: int = 100_00) -> str:
    """Have an account of a business guest."""
    asked = {"id": new_id(), "name": f"公司 {org_kit.serial()}", "limit_fen": limit_fen, "reason": "合同"}
    return str((await floor.done("POST", "/v1/accounts", asked, floor.at("hq_admin")))["id"])


async def owed(floor: Floor, account: str) -> int:
    """Return what an account owes."""
    shown = await floor.done("GET", f"/v1/accounts/{account}/statement", None, floor.at("store_manager"))
    return int(shown["account"]["owed_fen"])


async def take_back(floor: Floor, order: Any, payment_id: str, by: Headers | None = None, **more: Any) -> Any:
    """Take a part back."""
    path, asked = f"{parts(order)}/{payment_id}/take-back", {"reason": "换一种付法"} | more
    return await floor.done("POST", path, asked, by or floor.at("store_manager"))


async def test_a_bill_is_paid_by_five_tenders(floor: Floor) -> None:
    member = await floor.a_member()
    order = await a_bill(floor, line("banquet"), member=member)  # 999.00
    account, cook = await an_account(floor), floor.store.staff["kitchen"]
    first = await paid_in_part(floor, order, 40_000, cash(50_000))
    assert (first["order"]["pay_state"], first["captured_fen"], first["left_fen"]) == ("part_paid", 40_000, 59_900)
    assert [(each["is_part"], each["tendered_fen"], each["change_fen"]) for each in first["parts"]] == [
        (True, 50_000, 10_000)
    ]
    await paid_in_part(floor, order, 10_000, voucher(10_000))
    await paid_in_part(floor, order, 9_000, {"type": "account", "account_id": account})
    await paid_in_part(floor, order, 2_900, {"type": "staff_meal", "staff_id": cook})
    done = await paid_in_part(floor, order, 38_000, wallet())
    assert (done["order"]["pay_state"], done["left_fen"], done["order"]["points_earned"]) == ("paid", 0, 99)
    assert [(each["method"], each["amount_fen"]) for each in done["parts"]] == [
        ("cash", 40_000),
        ("voucher", 10_000),
        ("account", 9_000),
        ("staff_meal", 2_900),
        ("wallet", 38_000),
    ]
    assert await owed(floor, account) == 9_000
    await floor.books_hold()


async def test_a_part_sent_again_is_the_same_part(floor: Floor) -> None:
    order = await a_bill(floor)
    asked = a_part(order, 1_000, cash(1_000))
    first = await floor.done("POST", parts(order), asked, floor.at("cashier"))
    assert await floor.done("POST", parts(order), asked, floor.at("cashier")) == first
    other = asked | {"amount_fen": 999}
    assert await floor.refuses("POST", parts(order), other, floor.at("cashier")) == "request.id_taken"
    assert first["captured_fen"] == 1_000


async def test_of_many_cashiers_at_one_bill_each_fen_is_won_by_one(floor: Floor) -> None:
    order = await a_bill(floor)  # 33.99
    by = floor.at("cashier")
    await paid_in_part(floor, order, 100, cash(100))  # the sums are there, and all that follow see the same
    sent = [floor.do("POST", parts(order), a_part(order, 1_000, cash(1_000)), by) for _ in range(8)]
    sent += [floor.do("POST", parts(order), a_part(order, 1_000, wallet()), by) for _ in range(4)]
    said = spread(await all_at_once(sent))
    assert said == {"done": 3, "payment.part_too_large": 9}
    shown = await floor.done("GET", parts(order), None, by)
    assert (shown["captured_fen"], shown["left_fen"]) == (3_100, 299)
    rest = [floor.do("POST", parts(order), a_part(order, 299, cash(300)), by) for _ in range(4)]
    rest += [floor.do("POST", f"/v1/orders/{order['id']}/cash", whole(order), by) for _ in range(2)]
    said = spread(await all_at_once(rest))
    assert said["done"] == 1
    assert set(said) <= {"done", "payment.part_too_large", "ordering.not_payable", "ordering.has_parts"}
    assert (await floor.seen(order["id"]))["pay_state"] == "paid"
    await floor.books_hold()


def whole(order: Any) -> dict[str, Any]:
    """Return what is sent to pay the whole bill in cash."""
    return {"id": new_id(), "tendered_fen": order["due_fen"], "seen_due_fen": order["due_fen"]}


@pytest.mark.parametrize("_", range(3))
async def test_a_part_and_the_whole_at_once_are_not_both_taken(floor: Floor, _: int) -> None:
    order, by = await a_bill(floor), floor.at("cashier")
    path = f"/v1/orders/{order['id']}"
    said = await all_at_once(
        [
            floor.do("POST", parts(order), a_part(order, 1_000, cash(1_000)), by),
            floor.do("POST", f"{path}/cash", whole(order), by),
            floor.do("POST", f"{path}/payments", floor.paying(order), by),
            floor.do("POST", parts(order), a_part(order, order["due_fen"], wallet()), by),
        ]
    )
    assert sum(each.status_code < 300 for each in said) >= 1
    await floor.books_hold()
    taken = [fen - back for _, state, fen, back in await floor.payments(order) if state == "succeeded"]
    assert sum(taken) in (1_000, order["due_fen"])


async def test_the_database_itself_refuses_more_than_is_due(floor: Floor) -> None:
    order = await a_bill(floor)
    await paid_in_part(floor, order, 1_000, cash(1_000))
    too_much = f"UPDATE payment_split SET captured_fen = due_fen + 1 WHERE order_id = '{order['id']}'"
    with pytest.raises((sqlite3.IntegrityError, asyncpg.CheckViolationError)):
        await floor.db.execute(too_much)


async def test_a_bill_paid_in_part_stands_as_it_is(floor: Floor) -> None:
    member = await floor.a_member(points=300)
    order, by = await a_bill(floor, member=member), floor.at("cashier")
    part = a_part(order, 1_000, cash(1_000))
    await floor.done("POST", parts(order), part, by)
    path = f"/v1/orders/{order['id']}"
    seen = await floor.seen(order["id"])
    for where, asked in (
        ("rounds", {"id": new_id(), "lines": [line("tea")]}),
        ("bill", {"version": seen["version"], "seen_due_fen": seen["due_fen"] - 300, "points": 300}),
        ("open-again", None),
        ("cancel", {"reason": "不要了"}),
        ("cash", whole(order)),
        ("payments", floor.paying(order)),
    ):
        assert await floor.refuses("POST", f"{path}/{where}", asked, by) == "ordering.has_parts", where
    back = await take_back(floor, order, part["id"])
    assert (back["order"]["pay_state"], back["captured_fen"], back["left_fen"]) == ("unpaid", 0, order["due_fen"])
    assert await take_back(floor, order, part["id"]) == back, "once"
    more = await floor.done("POST", f"{path}/rounds", {"id": new_id(), "lines": [line("tea")]}, by)
    assert more["due_fen"] == order["due_fen"] + 333
    assert await floor.refuses("POST", parts(order), a_part(order, 1_000, cash(1_000)), by) == "ordering.price_changed"
    await paid_in_part(floor, more, 1_000, cash(1_000))
    done = await paid_in_part(floor, more, more["due_fen"] - 1_000, cash(more["due_fen"]))
    assert done["order"]["pay_state"] == "paid"
    assert await floor.payments(order) == [
        ("cash", "succeeded", 1_000, 1_000),
        ("cash", "succeeded", 1_000, 0),
        ("cash", "succeeded", more["due_fen"] - 1_000, 0),
    ]
    await floor.books_hold()


async def test_a_wallet_part_is_given_back_by_the_wallet(floor: Floor) -> None:
    order = await a_bill(floor)
    shown = await paid_in_part(floor, order, 1_000, wallet())
    await paid_in_part(floor, order, 500, cash(500))
    back = await take_back(floor, order, shown["parts"][0]["id"])
    assert (back["order"]["pay_state"], back["captured_fen"]) == ("part_paid", 500)
    await floor.wait(5)
    refunds = {
        each["method"]: each["refunds"]
        for each in (await floor.done("GET", parts(order), None, floor.at("cashier")))["parts"]
    }
    assert [(each["state"], each["amount_fen"]) for each in refunds["wallet"]] == [("succeeded", 1_000)]
    await floor.books_hold()


@pytest.mark.parametrize(
    ("diner", "seconds", "captured"),
    [("01", 10, 1_000), ("02", 5, 0), ("03", 10, 1_000), ("05", 120, 0), ("16", 4_000, 0)],
)
async def test_a_part_follows_the_fate_of_its_wallet(floor: Floor, diner: str, seconds: int, captured: int) -> None:
    order = await a_bill(floor)
    await paid_in_part(floor, order, 1_000, wallet(diner))
    await floor.wait(seconds)
    shown = await floor.done("GET", parts(order), None, floor.at("cashier"))
    assert (shown["captured_fen"], shown["pending_fen"]) == (captured, 0)
    assert shown["order"]["pay_state"] == ("part_paid" if captured else "unpaid")
    if diner in ("05", "16"):
        assert await floor.payments(order) == [("wallet", "succeeded", 1_000, 1_000)], "it came late and went back"
    await floor.books_hold()


async def test_an_open_part_is_ended_before_it_is_taken_back(floor: Floor) -> None:
    order = await a_bill(floor)
    shown = await paid_in_part(floor, order, 1_000, wallet("17"))
    assert (shown["pending_fen"], shown["left_fen"]) == (1_000, order["due_fen"] - 1_000)
    too_much = a_part(order, order["due_fen"], cash(order["due_fen"]))
    assert await floor.refuses("POST", parts(order), too_much, floor.at("cashier")) == "payment.part_too_large"
    await take_back(floor, order, shown["parts"][0]["id"])
    await floor.wait(3)
    shown = await floor.done("GET", parts(order), None, floor.at("cashier"))
    assert (shown["pending_fen"], shown["order"]["pay_state"]) == (0, "unpaid")
    await floor.books_hold()


async def test_a_refund_goes_back_by_the_ways_the_money_came(floor: Floor) -> None:
    account = await an_account(floor)
    order = await a_bill(floor, line("soup.large", 4))  # 104.04
    for fen, tender in (
        (2_601, voucher(3_000)),
        (2_601, cash(2_601)),
        (2_601, {"type": "account", "account_id": account}),
        (2_601, wallet()),
    ):
        await paid_in_part(floor, order, fen, tender)
    path = f"/v1/orders/{order['id']}/refunds/preview"
    ways = []
    for qty in (1, 1, 2):
        pieces = [{"line_no": 1, "qty": qty}]
        shown = await floor.done("POST", path, {"pieces": pieces}, floor.at("store_manager"))
        ways.append([(each["method"], each["amount_fen"]) for each in shown["tenders"]])
        await floor.refund(order, {1: qty})
    assert ways == [[("wallet", 2_601)], [("cash", 2_601)], [("account", 2_601), ("voucher", 2_601)]]
    await floor.wait(5)
    assert await floor.payments(order) == [
        ("voucher", "succeeded", 2_601, 2_601),
        ("cash", "succeeded", 2_601, 2_601),
        ("account", "succeeded", 2_601, 2_601),
        ("wallet", "succeeded", 2_601, 2_601),
    ]
    assert await owed(floor, account) == 0
    await floor.books_hold()


async def test_two_parts_on_one_account_go_back_together(floor: Floor) -> None:
    account = await an_account(floor)
    order = await a_bill(floor)
    tender = {"type": "account", "account_id": account}
    await paid_in_part(floor, order, 1_000, tender)
    await paid_in_part(floor, order, order["due_fen"] - 1_000, tender)
    await floor.refund(order)
    assert await owed(floor, account) == 0
    await floor.books_hold()


async def test_a_voucher_pays_once_and_no_more_than_it_is_worth(floor: Floor) -> None:
    order, other, by = await a_bill(floor), await a_bill(floor), floor.at("cashier")
    tender = voucher(2_000)
    assert await floor.refuses("POST", parts(order), a_part(order, 2_001, tender), by) == "payment.voucher_short"
    said = spread(
        await all_at_once(
            [floor.do("POST", parts(each), a_part(each, 2_000, tender), by) for each in (order, other) * 3]
        )
    )
    assert said["done"] == 1
    third = await a_bill(floor)
    assert await floor.refuses("POST", parts(third), a_part(third, 1, tender), by) == "payment.voucher_used"
    for each in (order, other):
        shown = await floor.done("GET", parts(each), None, by)
        for part in shown["parts"]:
            await take_back(floor, each, part["id"])
    assert (await paid_in_part(floor, order, 2_000, tender))["captured_fen"] == 2_000, (
        "a voucher taken back may be used"
    )
    await floor.books_hold()


async def test_an_account_is_charged_up_to_its_limit_and_settled(floor: Floor) -> None:
    account, by, manager = await an_account(floor, 1_500), floor.at("cashier"), floor.at("store_manager")
    order, tender = await a_bill(floor), {"type": "account", "account_id": account}
    said = spread(
        await all_at_once([floor.do("POST", parts(order), a_part(order, 1_000, tender), by) for _ in range(3)])
    )
    assert said == {"done": 1, "payment.account_limit": 2}
    path, here = f"/v1/accounts/{account}", {"store_id": floor.store.id}
    settling = {"id": new_id(), "amount_fen": 600, "method": "transfer", "reference": "B-1"} | here
    assert (await floor.done("POST", f"{path}/settlements", settling, manager))["owed_fen"] == 400
    assert (await floor.done("POST", f"{path}/settlements", settling, manager))["owed_fen"] == 400
    too_much = settling | {"id": new_id(), "amount_fen": 401}
    assert await floor.refuses("POST", f"{path}/settlements", too_much, manager) == "payment.settled_too_much"
    assert await floor.refuses("POST", f"{path}/settlements", settling, by) == "auth.not_allowed"
    nobody = f"/v1/accounts/{new_id()}/statement"
    assert await floor.refuses("GET", nobody, None, manager) == "payment.account_unknown"
    terms = {"version": 1, "name": f"新名 {org_kit.serial()}", "limit_fen": 399, "active": False, "reason": "合同到期"}
    admin = floor.at("hq_admin")
    assert await floor.refuses("PUT", path, terms, admin) == "payment.limit_below_owed"
    assert await floor.refuses("PUT", path, terms | {"limit_fen": 400}, manager) == "auth.not_allowed"
    name = (await floor.done("GET", f"/v1/accounts/{await an_account(floor)}/statement", None, by))["account"]["name"]
    taken = {"limit_fen": 400, "name": name}
    assert await floor.refuses("PUT", path, terms | taken, admin) == "payment.account_name_taken"
    opening = {"id": new_id(), "name": name, "limit_fen": 1, "reason": "约"}
    assert await floor.refuses("POST", "/v1/accounts", opening, admin) == "payment.account_name_taken"
    assert (await floor.done("PUT", path, terms | {"limit_fen": 400}, admin))["active"] is False
    assert await floor.refuses("PUT", path, terms | {"limit_fen": 900}, admin) == "payment.account_changed"
    assert await floor.refuses("POST", parts(order), a_part(order, 1, tender), by) == "payment.account_closed"
    shown = await floor.done("GET", f"{path}/statement?limit=1", None, manager)
    assert [each["kind"] for each in shown["entries"]] == ["settlement"]
    rest = await floor.done("GET", f"{path}/statement?limit=1&before={shown['next']}", None, manager)
    assert [(each["kind"], each["amount_fen"]) for each in rest["entries"]] == [("charge", 1_000)]
    await floor.books_hold()


async def test_a_person_eats_for_no_more_than_their_day(floor: Floor) -> None:
    floor.later(days=1)
    cook = floor.store.staff["kitchen"]
    order, tender, by = (
        await a_bill(floor, line("banquet")),
        {"type": "staff_meal", "staff_id": cook},
        floor.at("cashier"),
    )
    said = spread(
        await all_at_once([floor.do("POST", parts(order), a_part(order, 1_000, tender), by) for _ in range(5)])
    )
    assert said == {"done": 3, "payment.meal_spent": 2}
    nobody = {"type": "staff_meal", "staff_id": new_id()}
    assert await floor.refuses("POST", parts(order), a_part(order, 1, nobody), by) == "payment.meal_of_nobody"
    shown = await floor.done("GET", parts(order), None, by)
    await take_back(floor, order, shown["parts"][0]["id"])
    assert (await paid_in_part(floor, order, 1_000, tender))["captured_fen"] == 3_000
    floor.later(days=1)
    assert (await paid_in_part(floor, order, 1_000, tender))["captured_fen"] == 4_000
    await floor.books_hold()


async def test_a_part_is_taken_back_by_who_may_or_with_their_pin(floor: Floor) -> None:
    order, by = await a_bill(floor), floor.at("cashier")
    shown = await paid_in_part(floor, order, 1_000, cash(1_000))
    path = f"{parts(order)}/{shown['parts'][0]['id']}/take-back"
    assert await floor.refuses("POST", path, {"reason": "换"}, by) == "auth.not_allowed"
    pin = "736194"
    manager = (await org_kit.a_person(floor, ("store_manager", floor.store.id), pin=pin)).id
    approval = {"staff_id": manager, "pin": pin}
    assert (
        await floor.refuses("POST", path, {"reason": "换", "approval": approval | {"pin": "194736"}}, by)
        == "org.wrong_pin"
    )
    done = await floor.done("POST", path, {"reason": "换", "approval": approval}, by)
    assert done["order"]["pay_state"] == "unpaid"
    written = await floor.db.execute(
        "SELECT facts FROM kernel_audit WHERE action = 'payment.taken_back' ORDER BY id DESC"
    )
    assert manager in written[0][0]
    gone = f"{parts(order)}/{new_id()}/take-back"
    assert await floor.refuses("POST", gone, {"reason": "换"}, floor.at("store_manager")) == "payment.unknown"


async def test_too_many_parts_are_refused(floor: Floor) -> None:
    order = await a_bill(floor)
    for _ in range(20):
        await paid_in_part(floor, order, 1, cash(1))
    assert (
        await floor.refuses("POST", parts(order), a_part(order, 1, cash(1)), floor.at("cashier"))
        == "payment.too_many_parts"
    )
