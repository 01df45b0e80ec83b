"""The proofs between the rooms: they hold for a day's work, and each names the row that somebody changed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.app import proofs
from goodtaste.kernel.ids import new_id
from tests.offers_kit import a_live_offer
from tests.shop import those_that_find
from tests.shop_kit import Floor, line


@pytest.mark.parametrize("name", [*proofs.PROOFS])
async def test_each_proof_runs_on_a_house_where_nothing_happened(floor: Floor, name: str) -> None:
    assert await floor.db.execute(proofs.PROOFS[name]) == []


async def a_day(floor: Floor) -> dict[str, Any]:
    """Have an order of each fate; return them by name."""
    member = await floor.a_member(points=2_000)
    coupons = [await floor.a_coupon(member) for _ in range(3)]
    lines = [line("noodles", 2), line("feast", 2)]
    await a_live_offer(floor, benefit={"kind": "percent_off", "off_bp": 100})
    await floor.ctx.refresh()
    paid = await floor.bought(*lines, member=member, coupon_id=coupons[0], points=300)
    refunded = await floor.bought(*lines, member=member, coupon_id=coupons[1], points=300)
    await floor.refund(refunded, {2: 1}, restock=True)
    held = await floor.order(*lines, member=member, coupon_id=coupons[2], points=300)
    paying = await floor.order(line("tea"))
    await floor.pay(paying, "17")
    cancelled = await floor.order(line("tea", 5))
    await floor.done("POST", f"/v1/orders/{cancelled['id']}/cancel", {"reason": "不要了"}, floor.at("cashier"))
    await floor.finish(await floor.bought(line("feast"), member=await floor.a_member()))  # growth
    return {"paid": paid, "refunded": refunded, "held": held, "paying": paying, "cancelled": cancelled}


SOME_GROWTH = (
    "(SELECT l.id FROM ledger_lot l JOIN ledger_account a ON a.id = l.account_id"
    " WHERE a.unit = 'GROWTH' AND a.kind = 'member' AND l.remaining > 0 ORDER BY l.id LIMIT 1)"
)


async def points_of_a_day(floor: Floor) -> dict[str, str]:
    """Have a correction by hand, a gift and an exchange in the points shop; return their ids."""
    ann, ben = await floor.a_member(), await floor.a_member()
    ids = {name: new_id() for name in ("adjusted", "gift", "item", "exchange")}
    office = floor.at("hq_admin")
    given = {"id": ids["adjusted"], "points": 90, "reason": "补偿"}
    await floor.done("POST", f"/v1/members/{ann.id}/points", given, office)
    gift = {"id": ids["gift"], "to_member_id": ben.id, "points": 30}
    await floor.done("POST", "/v1/me/points/gifts", gift, floor.by(ann))
    await floor.done("POST", "/v1/shop/items", {"id": ids["item"], "kind": "goods", "name": "杯", "points": 9}, office)
    asked = {"id": ids["exchange"], "item_id": ids["item"], "seen_points": 9}
    await floor.done("POST", "/v1/me/shop/exchanges", asked, floor.by(ann))
    return ids


CHANGES = [
    ("X1", "ordering_order", "pay_state = 'unpaid', paid_at = NULL", "id = '{paid}'"),
    ("X1", "payment_payment", "amount_fen = amount_fen - 1, tendered_fen = tendered_fen - 1", "order_id = '{paid}'"),
    ("X1", "payment_payment", "holds_order_id = NULL", "order_id = '{paid}'"),
    ("X1", "payment_payment", "order_id = '{stranger}', holds_order_id = NULL", "order_id = '{paid}'"),
    ("X2", "ordering_order", "pay_state = 'unpaid'", "id = '{paying}'"),
    ("X2", "ordering_order", "pay_state = 'paying'", "id = '{held}'"),
    ("X3", "ordering_refund", "amount_fen = amount_fen + 1", "order_id = '{refunded}'"),
    (
        "X3",
        "payment_refund",
        "cause_id = '{stranger}'",
        "cause_id = (SELECT id FROM ordering_refund WHERE order_id = '{refunded}')",
    ),
    ("X4", "ordering_order", "points_earned = points_earned + 1", "id = '{paid}'"),
    ("X4", "ordering_order", "member_id = '{stranger}'", "id = '{paid}'"),
    ("X5", "ordering_order", "points = points - 1", "id = '{paid}'"),
    ("X5", "ordering_order", "points = points - 1", "id = '{held}'"),
    ("X6", "ordering_refund", "points_back = points_back + 1", "order_id = '{refunded}'"),
    ("X6", "ordering_refund", "points_taken = points_taken + 1", "order_id = '{refunded}'"),
    ("X7", "promo_coupon", "state = 'held'", "order_id = '{paid}'"),
    ("X7", "promo_coupon", "state = 'redeemed'", "order_id = '{held}'"),
    ("X7", "promo_coupon", "state = 'issued', order_id = NULL", "order_id = '{refunded}'"),
    ("X7", "promo_coupon", "saved_fen = saved_fen - 1", "order_id = '{paid}'"),
    ("X7", "ordering_order", "coupons = '{{}}'", "id = '{paid}'"),
    ("X7", "promo_coupon", "order_id = '{stranger}'", "order_id = '{paid}'"),
    ("X14", "ordering_order", "state = 'cancelled'", "id = '{paid}'"),
    ("X14", "ordering_order", "offer_fen = offer_fen + 1, due_fen = due_fen - 1", "id = '{paid}'"),
    ("X14", "promo_offer_use", "saved_fen = 0", "order_id = '{paid}'"),
    ("X8", "menu_stock", "sold = sold + 1", "store_id = '{store}' AND sku_id = '{sku}'"),
    ("X8", "ordering_line", "takes = ''", "order_id = '{refunded}' AND line_no = 2"),
    ("X8", "ordering_refund", "restock = NOT restock", "order_id = '{refunded}'"),
    ("X9", "ledger_lot", "amount = amount + 100000, remaining = remaining + 100000", f"id = {SOME_GROWTH}"),
    ("X10", "member_adjustment", "points = points + 1", "id = '{adjusted}'"),
    ("X11", "member_gift", "points = points + 1", "id = '{gift}'"),
    ("X12", "promo_exchange", "points = points + 1", "id = '{exchange}'"),
    ("X15", "floor_dish", "fired = fired + 1, waiting = waiting + 1", "order_id = '{paid}' LIMIT 1"),
    ("X15", "ordering_line", "dish_id = '{stranger}'", "order_id = '{paid}' AND line_no = 1"),
    ("X13", "promo_shop_item", "exchanged = exchanged + 1", "id = '{item}'"),
]


KEYS = {"menu_stock": ("store_id", "sku_id"), "ordering_line": ("order_id", "line_no")}
KEYS |= {"floor_dish": ("dish_id", "order_id")}
KEYS |= {"promo_offer_use": ("order_id", "offer_id")}


def number(name: str) -> str:
    """Return the number of a proof, whichever half of it this is."""
    return name.split()[0].rstrip("ab")


async def broken(floor: Floor) -> set[str]:
    """Return the proofs that find something."""
    return set(await those_that_find(floor.db, proofs.PROOFS))


def written(value: Any) -> str:
    """Return a value as SQL has it."""
    if value is None or isinstance(value, bool | int):
        return "NULL" if value is None else str(value)
    return f"'{value}'"


async def swapped(floor: Floor, table: str, change: str, where: str) -> str:
    """Change one row by hand, and return the SQL that undoes it."""
    columns = [part.partition("=")[0].strip() for part in change.split(", ")]
    keys = KEYS.get(table, ("id",))
    [row] = await floor.db.execute(f"SELECT {', '.join((*keys, *columns))} FROM {table} WHERE {where}")
    found = " AND ".join(f"{key} = {written(value)}" for key, value in zip(keys, row, strict=False))
    back = ", ".join(f"{name} = {written(value)}" for name, value in zip(columns, row[len(keys) :], strict=True))
    await floor.db.execute(f"UPDATE {table} SET {change} WHERE {found}")
    return f"UPDATE {table} SET {back} WHERE {found}"


async def test_each_proof_names_what_was_changed_by_hand(floor: Floor) -> None:
    day = await a_day(floor)
    await floor.books_hold()
    ids = {name: order["id"] for name, order in day.items()}
    ids |= await points_of_a_day(floor)
    await floor.hear()
    ids |= {"stranger": new_id(), "store": floor.store.id, "sku": day["paid"]["lines"][0]["sku_id"]}
    for name, table, change, where in CHANGES:
        undo = await swapped(floor, table, change.format(**ids), where.format(**ids))
        assert name in {number(each) for each in await broken(floor)}, (name, change)
        await floor.db.execute(undo)
    assert {number(name) for name in proofs.PROOFS} == {name for name, *_ in CHANGES}
    await floor.books_hold()
