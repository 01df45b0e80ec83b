"""The proof at the end of a day: its own books, what the API shows, the wallet's books and the house's own proofs say the same.

Money to the fen, points to the point, portions and coupons to the piece.  Whatever differs is a line of text; no line means it holds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from goodtaste.twin.floor import Floor, Store
from goodtaste.twin.person import Person

PAGE = 100
AT_ONCE = 8
Query = Callable[[str], Awaitable[Sequence[Sequence[Any]]]]


class Marks(msgspec.Struct, frozen=True):
    """What was there before the day began: portions sold by store and SKU, coupons issued by template, the wallet's totals."""

    sold: dict[tuple[str, str], int]
    issued: dict[str, int]
    wallet_paid_fen: int
    wallet_refunded_fen: int


async def mark(floor: Floor) -> Marks:
    """Read what is there."""
    holdings = await floor.api.get("/sandbox/wallet/holdings")
    return Marks(await _sold(floor), await _issued(floor), int(holdings["paid_fen"]), int(holdings["refunded_fen"]))


async def _sold(floor: Floor) -> dict[tuple[str, str], int]:
    found = {}
    for store in floor.stores:
        for row in await floor.api.get(f"/v1/stores/{store.id}/stock", store.manager):
            found[store.id, row["sku_id"]] = int(row["sold"])
    return found


async def _issued(floor: Floor) -> dict[str, int]:
    found = await floor.api.get("/v1/coupon-templates", floor.stores[0].manager)
    return {each["id"]: int(each["issued"]) for each in found["templates"]}


async def reconcile(floor: Floor, people: Sequence[Person], before: Marks) -> None:
    """Compare the day's own books with what the API shows; what differs is added to the differences of `floor`."""
    await _money(floor, before)
    await _stock(floor, before)
    await _coupons(floor, before)
    members = [person for person in people if person.is_member]
    for i in range(0, len(members), AT_ONCE):
        await asyncio.gather(*[_purse(floor, person) for person in members[i : i + AT_ONCE]])


async def prove_house(floor: Floor, proofs: Mapping[str, str], query: Query) -> None:
    """Run the house's own proofs on its database."""
    for name, sql in proofs.items():
        floor.differences += [f"{name}: {tuple(row)}" for row in await query(sql)]


async def _money(floor: Floor, before: Marks) -> None:
    """Every order, every attempt to pay it, and the wallet."""
    for store in floor.stores:
        orders = await _orders(floor, store)
        payments = await _payments(floor, store)
        for sale in floor.books.sales.values():
            if sale.store_id == store.id:
                _order(floor, sale, orders.get(sale.id), payments.get(sale.id, []))
    sales = [sale for sale in floor.books.sales.values() if sale.method == "wallet"]
    own = (sum(sale.paid_fen for sale in sales), sum(sale.refunded_fen for sale in sales))

    async def held() -> tuple[int, int]:
        holdings = await floor.api.get("/sandbox/wallet/holdings")
        return (
            holdings["paid_fen"] - before.wallet_paid_fen,
            holdings["refunded_fen"] - before.wallet_refunded_fen,
        )

    async def settled() -> bool:
        return await held() == own

    await floor.until(settled, what="what the wallet holds (fen paid, fen given back)")
    floor.same("what the wallet holds (fen paid, fen given back)", own=own, shown=await held())


def _order(floor: Floor, sale: Any, order: dict[str, Any] | None, attempts: list[dict[str, Any]]) -> None:
    if order is None:
        floor.differences.append(f"order {sale.id}: the house does not list it")
        return
    whole = sale.paid_fen and order["refunded_fen"] == sale.paid_fen
    pay_state = "refunded" if whole else "partly_refunded" if sale.refunded_fen else "paid" if sale.method else "unpaid"
    # what was served and paid the house completes by itself, half an hour later
    state = "completed" if (sale.state, order["state"]) == ("served", "completed") else sale.state
    own = (sale.bill.due_fen, sale.bill.coupon_fen, sale.bill.points, sale.refunded_fen, pay_state, state)
    shown = tuple(order[name] for name in ("due_fen", "coupon_fen", "points", "refunded_fen", "pay_state", "state"))
    floor.same(f"order {sale.id}", own=own, shown=shown)
    lines = sum(line["due_fen"] for line in order["lines"])
    floor.same(f"lines of order {sale.id}", own=sale.bill.due_fen, shown=lines)
    good = [(each["id"], each["method"], each["amount_fen"], each["refunded_fen"]) for each in attempts if _paid(each)]
    wanted = [(sale.payment_id, sale.method, sale.paid_fen, sale.refunded_fen)] if sale.method else []
    floor.same(f"payments of order {sale.id}", own=wanted, shown=good)
    lost = {each["id"] for each in attempts if not _paid(each)}
    floor.same(f"attempts without money of order {sale.id}", own=lost & floor.books.failed, shown=lost)


def _paid(attempt: dict[str, Any]) -> bool:
    return bool(attempt["state"] == "succeeded")


async def _orders(floor: Floor, store: Store) -> dict[str, dict[str, Any]]:
    """Read a store's orders, newest first, until all of the day's are found."""
    wanted = {sale.id for sale in floor.books.sales.values() if sale.store_id == store.id}
    found: dict[str, dict[str, Any]] = {}
    before = ""
    while not wanted <= found.keys():
        page = await floor.api.get(f"/v1/stores/{store.id}/orders", store.manager, before=before, limit=PAGE)
        found |= {each["id"]: each for each in page["orders"]}
        before = page["next"]
        if not before:
            break
    return found


async def _payments(floor: Floor, store: Store) -> dict[str, list[dict[str, Any]]]:
    """Read a store's attempts to pay of the day, by order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for day in sorted(floor.dates):
        before: str | None = ""
        while before is not None:
            page = await floor.api.get(
                "/v1/payments", store.manager, store_id=store.id, business_date=day, before=before, limit=PAGE
            )
            for each in page["payments"]:
                found.setdefault(each["order_id"], []).append(each)
            before = page["next"]
    return found


async def _stock(floor: Floor, before: Marks) -> None:
    after = await _sold(floor)
    names = {item.sku_id: item.name for item in floor.items}
    stores = {store.id: store.name for store in floor.stores}
    for key, sold in after.items():
        floor.same(
            f"portions of {names.get(key[1], key[1])} sold in {stores[key[0]]}",
            own=floor.books.moved[key],
            shown=sold - before.sold.get(key, 0),
        )


async def _coupons(floor: Floor, before: Marks) -> None:
    after = await _issued(floor)
    own = Counter(floor.books.issued)
    for template_id, issued in after.items():
        floor.same(f"coupons of {template_id}", own=own[template_id], shown=issued - before.issued.get(template_id, 0))


async def _purse(floor: Floor, person: Person) -> None:
    """A member's points, growth and coupons, and the history that leads to them."""
    purse, api, who = person.purse, floor.api, person.who

    async def grown() -> bool:
        return bool((await api.get("/v1/me/level", who))["growth"] == purse.growth)

    await floor.until(grown, what=f"growth of diner {person.plan.no}")
    points = await api.get("/v1/me/points", who)
    own = (purse.available, purse.pending, purse.debt)
    shown = (points["available"], points["pending"], points["debt"])
    floor.same(f"points of diner {person.plan.no} (available, pending, owed)", own=own, shown=shown)
    entries, before = [], ""
    while before is not None:
        page = await api.get("/v1/me/points/history", who, before=before, limit=PAGE)
        entries += page["entries"]
        before = page["next"]
    summed = tuple(sum(each[name] for each in entries) for name in ("available", "pending", "debt"))
    floor.same(f"points history of diner {person.plan.no}", own=own, shown=summed)
    coupons = {each["id"] for each in await api.get("/v1/me/coupons", who)}
    floor.same(f"coupons of diner {person.plan.no}", own=set(purse.coupons), shown=coupons)
