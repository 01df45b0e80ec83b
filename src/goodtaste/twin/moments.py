"""Moments of a day in which the house has to say no, or let exactly one of several win; each refusal is one that was reckoned with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from random import Random  # noqa: TID251 - a day is played again from its seed
from typing import Any
from urllib.parse import urlsplit

from goodtaste.kernel.ids import new_id
from goodtaste.twin.book import Sale
from goodtaste.twin.client import Refused, Unexpected
from goodtaste.twin.floor import Floor, Store
from goodtaste.twin.goods import Bill, Offer, Wish, reckon, takes, wish
from goodtaste.twin.people import bring_back, pay_in_app
from goodtaste.twin.person import Person
from goodtaste.twin.plan import Diner, Visit

FIRST_NO = 1_000_000  # diners of these moments are numbered apart
PORTIONS, RACERS = 3, 6
GIFT = 500  # points that the manager may give alone
WRONG_PIN = "908172"


async def play(floor: Floor, run: str, *, seed: int) -> list[Person]:
    """Play every moment once, in the first store; return the members who were in them."""
    dice, store = Random(f"moments/{seed}"), floor.stores[0]
    people = [Person(Diner(FIRST_NO + i, "wechat", 0, 1, []), run) for i in range(2)]
    try:
        for person in people:
            await person.join(floor)
        one, other = people
        await _code_shown_twice(floor, store, one)
        await _price_moved(floor, store, one, dice)
        await _coupon_for_two_orders(floor, store, one, dice)
        await _points_for_two_orders(floor, store, other, dice)
        await _cancelled_while_paying(floor, store, one, other, dice)
        await _sold_out(floor, store, dice)
        await _last_portions(floor, store, dice)
        await _wrong_pin(floor, store, dice)
    except (Unexpected, Refused) as error:
        floor.differences.append(f"a moment of the day did not go as it should: {error}")
    return people


async def _refused(floor: Floor, act: Awaitable[Any], code: str, *, what: str) -> None:
    """See an act refused; one that is not is a difference."""
    try:
        await act
    except Refused as refused:
        floor.same(what, own=code, shown=refused.code)
    else:
        floor.differences.append(f"{what}: not refused, though it should be with {code}")


async def _code_shown_twice(floor: Floor, store: Store, person: Person) -> None:
    code = (await floor.api.get("/v1/me/code", person.who))["qr"]
    asked = {"code": code, "store_id": store.id}
    await floor.api.post("/v1/member-codes/scan", asked, store.cashier)
    again = floor.api.post("/v1/member-codes/scan", asked, store.cashier, expect=("member.code_used",))
    await _refused(floor, again, "member.code_used", what="a member code shown twice")


def _pickup(person: Person, store: Store, wishes: list[Wish], bill: Bill, offer: Offer | None = None) -> dict[str, Any]:
    asked = {
        "id": new_id(),
        "store_id": store.id,
        "kind": "pickup",
        "channel": "mini_program",
        "lines": [each.choice for each in wishes],
        "seen_due_fen": bill.due_fen,
        "points": bill.points,
        "member_id": person.id,
    }
    return asked | ({"coupon_id": offer.id} if offer else {})


def _feast(floor: Floor, dice: Random) -> list[Wish]:
    """Choose enough for the dearest threshold."""
    return [wish(item, dice, qty=2) for item in sorted(floor.items, key=lambda each: -each.list_fen)[:2]]


def _booked(
    floor: Floor,
    person: Person | None,
    order_id: str,
    store: Store,
    wishes: list[Wish],
    bill: Bill,
    offer: Offer | None,
) -> Sale:
    sale = Sale(order_id, store.id, person.purse if person else None, takes(wishes), bill, offer)
    floor.books.placed(sale)
    return sale


async def _price_moved(floor: Floor, store: Store, person: Person, dice: Random) -> None:
    wishes = _feast(floor, dice)
    asked = _pickup(person, store, wishes, reckon(wishes, member=True, at=store.now()))
    asked["seen_due_fen"] -= 1
    act = floor.api.post("/v1/orders", asked, person.who, expect=("ordering.price_changed",))
    await _refused(floor, act, "ordering.price_changed", what="an order at another price than was seen")


async def _first_of(
    floor: Floor, person: Person, orders: list[dict[str, Any]], codes: tuple[str, ...], what: str
) -> Any:
    """Place orders at once of which exactly one can be had; return the one that was."""

    async def place(asked: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return dict(await floor.api.post("/v1/orders", asked, person.who, expect=codes))
        except Refused:
            return None

    got = [each for each in await asyncio.gather(*[place(asked) for asked in orders]) if each]
    floor.same(what, own=1, shown=len(got))
    return got[0]


async def _coupon_for_two_orders(floor: Floor, store: Store, person: Person, dice: Random) -> None:
    wishes, offer = _feast(floor, dice), next(iter(person.purse.coupons.values()), None)
    if offer is None:
        return
    bill = reckon(wishes, member=True, at=store.now(), offer=offer)
    orders = [_pickup(person, store, wishes, bill, offer) for _ in range(4)]
    got = await _first_of(floor, person, orders, ("promo.coupon_used",), "orders that got the one coupon")
    sale = _booked(floor, person, got["id"], store, wishes, bill, offer)
    await floor.api.post(f"/v1/orders/{sale.id}/cancel", {"reason": "下错了"}, person.who)
    floor.books.cancelled(sale)


async def _points_for_two_orders(floor: Floor, store: Store, person: Person, dice: Random) -> None:
    gift = {"id": new_id(), "points": GIFT, "reason": "周年礼", "store_id": store.id}
    await floor.api.post(f"/v1/members/{person.id}/points", gift, store.manager)
    person.purse.credit(GIFT)
    wishes = _feast(floor, dice)
    bill = reckon(wishes, member=True, at=store.now(), points=person.purse.spendable)
    orders = [_pickup(person, store, wishes, bill) for _ in range(4)]
    codes = ("ordering.price_changed", "ledger.not_enough")
    got = await _first_of(floor, person, orders, codes, "orders that got the same points")
    sale = _booked(floor, person, got["id"], store, wishes, bill, None)
    await pay_in_app(floor, person, sale, "at once")


async def _cancelled_while_paying(floor: Floor, store: Store, person: Person, other: Person, dice: Random) -> None:
    wishes = _feast(floor, dice)
    bill = reckon(wishes, member=True, at=store.now())
    asked = _pickup(person, store, wishes, bill)
    await floor.api.post("/v1/orders", asked, person.who)
    sale = _booked(floor, person, asked["id"], store, wishes, bill, None)
    look = floor.api.get(f"/v1/orders/{sale.id}", other.who, expect=("ordering.unknown",))
    await _refused(floor, look, "ordering.unknown", what="a look at another member's order")
    payment_id = new_id()
    payment = {"payment_id": payment_id, "method": "wallet", "amount_fen": bill.due_fen}
    paying = await floor.api.post(f"/v1/orders/{sale.id}/payments", payment, person.who)
    act = floor.api.post(
        f"/v1/orders/{sale.id}/cancel", {"reason": "不要了"}, person.who, expect=("ordering.being_paid",)
    )
    await _refused(floor, act, "ordering.being_paid", what="an order cancelled while a wallet is asked")
    await floor.api.form(urlsplit(paying["action"]["pay_url"]).path, {"diner": "00"})

    async def paid() -> bool:
        return bool((await floor.api.get(f"/v1/orders/{sale.id}", person.who))["pay_state"] == "paid")

    await floor.until(paid, what=f"payment of order {sale.id}")
    floor.books.paid(sale, method="wallet", payment_id=payment_id)


def _over_the_counter(store: Store, wishes: list[Wish]) -> tuple[dict[str, Any], Bill]:
    bill = reckon(wishes, member=False, at=store.now())
    return {
        "id": new_id(),
        "store_id": store.id,
        "kind": "counter",
        "channel": "counter",
        "lines": [each.choice for each in wishes],
        "seen_due_fen": bill.due_fen,
        "cash": {"payment_id": new_id(), "tendered_fen": bill.due_fen},
    }, bill


async def _buy(floor: Floor, store: Store, wishes: list[Wish]) -> Sale | None:
    """Buy at the counter for cash as a guest; None where it is sold out."""
    asked, bill = _over_the_counter(store, wishes)
    try:
        await floor.api.post("/v1/orders", asked, store.cashier, expect=("menu.sold_out",))
    except Refused:
        return None
    sale = _booked(floor, None, asked["id"], store, wishes, bill, None)
    floor.books.paid(sale, method="cash", payment_id=asked["cash"]["payment_id"])
    return sale


async def _sold_out(floor: Floor, store: Store, dice: Random) -> None:
    item = dice.choice([each for each in floor.items if not each.slots])
    path = f"/v1/stores/{store.id}/stock/{item.sku_id}/sold-out"
    await floor.api.put(path, {"sold_out": True, "reason": "卖完了"}, store.manager)
    bought = await _buy(floor, store, [wish(item, dice, qty=1)])
    floor.same("bought of what is sold out", own=None, shown=bought)
    await floor.api.put(path, {"sold_out": False}, store.manager)
    bought = await _buy(floor, store, [wish(item, dice, qty=1)])
    floor.same("bought once it is back", own=True, shown=bought is not None)


async def _last_portions(floor: Floor, store: Store, dice: Random) -> None:
    item = dice.choice([each for each in floor.items if not each.slots])
    path = f"/v1/stores/{store.id}/stock/{item.sku_id}/portions"
    stock = await floor.api.get(f"/v1/stores/{store.id}/stock", store.manager)
    [row] = [each for each in stock if each["sku_id"] == item.sku_id]
    daily = row["portions_daily"]
    await floor.api.put(path, {"left": PORTIONS, "daily": daily, "reason": "最后几份"}, store.manager)
    bought = await asyncio.gather(*[_buy(floor, store, [wish(item, dice, qty=1)]) for _ in range(RACERS)])
    floor.same("orders that got the last portions", own=PORTIONS, shown=sum(each is not None for each in bought))
    left = row["portions_left"]
    back = {"left": None if left is None else max(left - PORTIONS, 0), "daily": daily, "reason": "盘点"}
    await floor.api.put(path, back, store.manager)


async def _wrong_pin(floor: Floor, store: Store, dice: Random) -> None:
    wishes = [wish(floor.items[0], dice, qty=1)]
    sale = await _buy(floor, store, wishes)
    if sale is None:
        return
    asked = {
        "id": new_id(),
        "reason": "上错了菜",
        "seen_amount_fen": sale.paid_fen,
        "approval": store.approval | {"pin": WRONG_PIN},
    }
    act = floor.api.post(f"/v1/orders/{sale.id}/refunds", asked, store.cashier, expect=("org.wrong_pin",))
    await _refused(floor, act, "org.wrong_pin", what="a refund approved with a wrong PIN")
    plan = Visit(0, 0, 0, "counter", wishes, [], "cash", "refunded", False, False, False, 7)
    await bring_back(floor, sale, store, plan, wishes)
