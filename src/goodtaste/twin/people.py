"""What diners and staff do, each act as a few calls to the public API, with what it ought to do written into the day's own books."""

from __future__ import annotations

from random import Random  # noqa: TID251 - a day is played again from its seed
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import msgspec

from goodtaste.kernel.ids import new_id
from goodtaste.twin.book import Sale
from goodtaste.twin.client import Who
from goodtaste.twin.floor import Floor, Store
from goodtaste.twin.goods import Bill, Offer, Wish, reckon, takes
from goodtaste.twin.person import Person
from goodtaste.twin.plan import Pay, Visit

WALLET_KEYS: dict[Pay, str] = {
    "at once": "00",
    "password": "01",
    "declined": "02",
    "unknown": "04",
    "twice told": "06",
    "refused": "14",
}
WALLET_TOLD = (
    "payment to balance, where the wallet tells later"  # the sandbox tells after a second, or four with a password
)
NOTE = 1_000  # fen: people pay cash in whole notes of ten yuan


async def visit(floor: Floor, person: Person, plan: Visit) -> None:
    """Come once: order, pay, eat, leave; or cancel, or bring something back."""
    store = floor.stores[plan.store % len(floor.stores)]
    sale = await {"counter": at_counter, "pickup": ahead, "table": at_table}[plan.kind](floor, person, plan, store)
    if sale.state == "cancelled":
        return
    early = Random(plan.dice).random() < 0.5
    wishes = plan.wishes if store.pays_first else [*plan.wishes, *plan.round_two]
    if plan.end in ("refunded", "pieces back") and early:
        await bring_back(floor, sale, store, plan, wishes)
    if sale.state != "cancelled" and not (plan.end == "refunded" and early):
        await finish(floor, person, sale, store)
    if plan.end in ("refunded", "pieces back") and not early:
        await bring_back(floor, sale, store, plan, wishes)


async def at_counter(floor: Floor, person: Person, plan: Visit, store: Store) -> Sale:
    """Order at the counter: the member's code is scanned, the cart is priced, and cash comes with the order, or a wallet is scanned."""
    of_member: dict[str, Any] = {}
    if person.is_member:
        shown = await floor.api.get("/v1/me/code", person.who)
        arrived = await floor.api.post(
            "/v1/member-codes/scan", {"code": shown["qr"], "store_id": store.id}, store.cashier
        )
        floor.same(f"points of diner {person.plan.no} at the till", own=person.purse.available, shown=arrived["points"])
        of_member = {"member_id": person.id, "visit_id": arrived["visit_id"]}
        await _gift(floor, person, store)
    bill, offer = person.bill(plan.wishes, plan, at=store.now())
    await _quoted(floor, store, plan.wishes, "counter", bill, offer, store.cashier, of_member)
    asked = _order(store, plan, "counter", "counter", bill, offer) | of_member
    if plan.pay == "cash":
        asked["cash"] = {"payment_id": new_id(), "tendered_fen": -(-bill.due_fen // NOTE) * NOTE}
    started = perf_counter()
    sale = await _placed(floor, person, asked, plan, bill, offer, who=store.cashier)
    if plan.pay == "cash":
        floor.books.paid(sale, method="cash", payment_id=asked["cash"]["payment_id"])
        await _balance_seen(floor, person, started)
        return sale
    await _scan_wallet(floor, person, sale, store, plan.pay)
    return sale


async def ahead(floor: Floor, person: Person, plan: Visit, store: Store) -> Sale:
    """Order ahead in the mini-program, to pick up; paid in the wallet's own app, or cancelled after all."""
    bill, offer = person.bill(plan.wishes, plan, at=store.now())
    await _quoted(floor, store, plan.wishes, "mini_program", bill, offer, person.who, {})
    asked = _order(store, plan, "pickup", "mini_program", bill, offer) | {"member_id": person.id}
    sale = await _placed(floor, person, asked, plan, bill, offer, who=person.who)
    if plan.end == "cancelled":
        await floor.api.post(f"/v1/orders/{sale.id}/cancel", {"reason": "临时有事"}, person.who)
        floor.books.cancelled(sale)
        return sale
    await pay_in_app(floor, person, sale, plan.pay)
    return sale


async def at_table(floor: Floor, person: Person, plan: Visit, store: Store) -> Sale:
    """Scan a table's code, order twice, take the bill with coupon and points, and pay in the app or in cash."""
    dice = Random(plan.dice)
    place = await floor.api.get(f"/v1/tables/{dice.choice(store.tables)}")
    floor.same("the store of a table", own=store.id, shown=place["store_id"])
    if store.pays_first:
        return await _round_by_round(floor, person, plan, store, place["table_id"])
    opened = store.now()  # the bill is reckoned by when it was opened
    bare = reckon(plan.wishes, member=True, at=opened)
    asked = _order(store, plan, "dine_in", "table_qr", bare, None)
    asked |= {"member_id": person.id, "table_id": place["table_id"]}
    sale = await _placed(floor, person, asked, plan, bare, None, who=person.who)
    lines = [wish.choice for wish in plan.round_two]
    grown = await floor.api.post(f"/v1/orders/{sale.id}/rounds", {"id": new_id(), "lines": lines}, person.who)
    wishes = [*plan.wishes, *plan.round_two]
    floor.books.grown(sale, takes(plan.round_two), reckon(wishes, member=True, at=opened))
    await _advance(floor, sale, store, "accepted", "ready", "served")
    bill, offer = person.bill(wishes, plan, at=opened)
    if offer is not None or bill.points:
        version = (await floor.api.get(f"/v1/orders/{sale.id}", person.who))["version"]
        put = {"version": version, "seen_due_fen": bill.due_fen, "points": bill.points}
        put |= {"coupon_id": offer.id} if offer else {}
        grown = await floor.api.post(f"/v1/orders/{sale.id}/bill", put, person.who)
        floor.books.billed(sale, bill, offer)
    floor.same(f"bill of order {sale.id}", own=bill.due_fen, shown=grown["due_fen"])
    await _pay(floor, person, sale, store, plan.pay)
    return sale


async def _round_by_round(floor: Floor, person: Person, plan: Visit, store: Store, table_id: str) -> Sale:
    """Order twice at a table that pays first: each round is paid, then made; return the first, the second is done."""
    sales = []
    for wishes in (plan.wishes, plan.round_two):
        told = msgspec.structs.replace(plan, wishes=wishes)
        bill, offer = person.bill(wishes, told, at=store.now())
        asked = _order(store, told, "dine_in", "table_qr", bill, offer)
        asked |= {"member_id": person.id, "table_id": table_id}
        sale = await _placed(floor, person, asked, told, bill, offer, who=person.who)
        await _pay(floor, person, sale, store, plan.pay)
        sales.append(sale)
    for sale in sales:
        await _advance(floor, sale, store, "accepted", "ready", "served")
    for sale in sales[1:]:
        await finish(floor, person, sale, store)
    return sales[0]


async def _pay(floor: Floor, person: Person, sale: Sale, store: Store, how: Pay) -> None:
    """Pay in cash, or in the wallet's own app."""
    if how == "cash":
        await _pay_cash(floor, person, sale, store)
    else:
        await pay_in_app(floor, person, sale, how)


async def finish(floor: Floor, person: Person, sale: Sale, store: Store) -> None:
    """Hand the order over and complete it; the diner sees points to spend, and the level that growth gives."""
    if sale.state != "served":
        await _advance(floor, sale, store, "accepted", "preparing", "ready", "picked_up")
    started = perf_counter()
    await _advance(floor, sale, store, "completed")
    floor.books.completed(sale)
    if not person.is_member:
        return

    async def seen() -> bool:
        points = await floor.api.get("/v1/me/points", person.who)
        return bool(points["available"] == person.purse.available and points["pending"] == person.purse.pending)

    if sale.earned:
        await floor.until(seen, what=f"points of order {sale.id} after completion")
        floor.times["completion to points"].append(perf_counter() - started)

    async def grown() -> bool:
        level = await floor.api.get("/v1/me/level", person.who)
        person.purse.earn_bp = level["level"]["earn_bp"]
        return bool(level["growth"] == person.purse.growth)

    await floor.until(grown, what=f"growth of order {sale.id} after completion")


async def bring_back(floor: Floor, sale: Sale, store: Store, plan: Visit, wishes: list[Wish]) -> None:
    """Give money back, for the whole order or some pieces of a line: the cashier asks, the manager approves with a PIN."""
    order = await floor.api.get(f"/v1/orders/{sale.id}", store.cashier)
    lines, dice = order["lines"], Random(plan.dice)
    left = {line["line_no"]: line["qty"] for line in lines}
    if plan.end == "pieces back":
        line = dice.choice(lines)
        left = {line["line_no"]: dice.randint(1, line["qty"])}
    back = [line for line in lines if line["line_no"] in left]
    amount = sum(line["due_fen"] * left[line["line_no"]] // line["qty"] for line in back)
    points = sum(line["points_fen"] * left[line["line_no"]] // line["qty"] for line in back)
    pieces = [{"line_no": no, "qty": qty} for no, qty in left.items()] if plan.end == "pieces back" else []
    shown = await floor.api.post(f"/v1/orders/{sale.id}/refunds/preview", {"pieces": pieces}, store.cashier)
    floor.same(f"refund of order {sale.id}", own=(amount, points), shown=(shown["amount_fen"], shown["points_back"]))
    restock = dice.random() < 0.5
    asked = {"id": new_id(), "reason": "不合口味", "seen_amount_fen": amount, "pieces": pieces, "restock": restock}
    await floor.api.post(f"/v1/orders/{sale.id}/refunds", asked | {"approval": store.approval}, store.cashier)
    returned = {no: Wish({}, qty, 0, None, wishes[no - 1].takes) for no, qty in left.items()}
    whole = all(left.get(line["line_no"]) == line["qty"] for line in lines)
    on_sale = restock or (whole and sale.unmade)
    floor.books.refunded(
        sale,
        amount_fen=amount,
        points_fen=points,
        takes=takes(list(returned.values())) if on_sale else {},
        whole=whole,
    )
    floor.fates["refund by line" if pieces else "refund"] += 1


async def _gift(floor: Floor, person: Person, store: Store) -> None:
    """Let the manager give points by hand, once."""
    if not person.plan.gift or floor.fates[f"gift {person.id}"]:
        return
    floor.fates[f"gift {person.id}"] = 1
    asked = {"id": new_id(), "points": person.plan.gift, "reason": "久等补偿", "store_id": store.id}
    await floor.api.post(f"/v1/members/{person.id}/points", asked, store.manager)
    person.purse.credit(person.plan.gift)


def _order(store: Store, plan: Visit, kind: str, channel: str, bill: Bill, offer: Offer | None) -> dict[str, Any]:
    asked = {
        "id": new_id(),
        "store_id": store.id,
        "kind": kind,
        "channel": channel,
        "lines": [wish.choice for wish in plan.wishes],
        "seen_due_fen": bill.due_fen,
        "points": bill.points,
    }
    return asked | ({"coupon_id": offer.id} if offer else {})


async def _quoted(
    floor: Floor,
    store: Store,
    wishes: list[Wish],
    channel: str,
    bill: Bill,
    offer: Offer | None,
    who: Who | None,
    of_member: dict[str, Any],
) -> None:
    """Have a cart priced, and compare with one's own reckoning."""
    asked = {"store_id": store.id, "channel": channel, "lines": [wish.choice for wish in wishes], "points": bill.points}
    asked |= of_member | ({"coupon_id": offer.id} if offer else {"no_coupon": True})
    priced = (await floor.api.post("/v1/quotes", asked, who))["priced"]
    own = (bill.coupon_fen, bill.points, bill.due_fen)
    floor.same("a quote", own=own, shown=(priced["coupon_fen"], priced["points"], priced["due_fen"]))


async def _placed(
    floor: Floor,
    person: Person,
    asked: dict[str, Any],
    plan: Visit,
    bill: Bill,
    offer: Offer | None,
    *,
    who: Who | None,
) -> Sale:
    """Place an order, twice where the plan says so: the second answer is the first."""
    started = perf_counter()
    shown = await floor.api.post("/v1/orders", asked, who)
    floor.times["placing an order"].append(perf_counter() - started)
    if plan.again:
        floor.fates["sent twice"] += 1
        floor.same(f"order {asked['id']} sent twice", own=shown, shown=await floor.api.post("/v1/orders", asked, who))
    floor.same(f"price of order {asked['id']}", own=bill.due_fen, shown=shown["due_fen"])
    floor.dates.add(shown["business_date"])
    purse = person.purse if person.is_member else None
    sale = Sale(asked["id"], asked["store_id"], purse, takes(plan.wishes), bill, offer)
    floor.books.placed(sale)
    return sale


async def _advance(floor: Floor, sale: Sale, store: Store, *states: str) -> None:
    for state in states:
        await floor.api.post(f"/v1/orders/{sale.id}/advance", {"to": state}, store.kitchen)
        sale.state = state


async def _pay_cash(floor: Floor, person: Person, sale: Sale, store: Store) -> None:
    due, payment_id = sale.bill.due_fen, new_id()
    asked = {"id": payment_id, "tendered_fen": -(-due // NOTE) * NOTE, "seen_due_fen": due}
    started = perf_counter()
    await floor.api.post(f"/v1/orders/{sale.id}/cash", asked, store.cashier)
    floor.books.paid(sale, method="cash", payment_id=payment_id)
    await _balance_seen(floor, person, started)


async def _scan_wallet(floor: Floor, person: Person, sale: Sale, store: Store, pay: Pay) -> None:
    """Scan the code on the diner's phone; who cannot pay by it pays in cash."""
    floor.fates[f"wallet {pay}"] += 1
    payment_id = new_id()
    code = f"99{WALLET_KEYS[pay]}{int(payment_id[-12:], 16) % 10**14:014d}"
    asked = {"payment_id": payment_id, "method": "wallet", "amount_fen": sale.bill.due_fen, "auth_code": code}
    started = perf_counter()
    paying = await floor.api.post(f"/v1/orders/{sale.id}/payments", asked, store.cashier)
    floor.fates[f"payment {paying['payment']['state']} at first"] += 1
    if await _settled(floor, sale, store.cashier):
        floor.books.paid(sale, method="wallet", payment_id=payment_id)
        at_once = paying["payment"]["state"] == "succeeded"
        await _balance_seen(floor, person, started, clock="payment to balance" if at_once else WALLET_TOLD)
    else:
        floor.books.failed.add(payment_id)
        await _pay_cash(floor, person, sale, store)


async def pay_in_app(floor: Floor, person: Person, sale: Sale, pay: Pay) -> None:
    """Pay on the wallet's own page; who cannot at first can at the second try."""
    for way in (pay, "at once"):
        floor.fates[f"wallet {way}"] += 1
        payment_id = new_id()
        asked = {"payment_id": payment_id, "method": "wallet", "amount_fen": sale.bill.due_fen}
        paying = await floor.api.post(f"/v1/orders/{sale.id}/payments", asked, person.who)
        floor.fates[f"payment {paying['payment']['state']} at first"] += 1
        page = urlsplit(paying["action"]["pay_url"]).path
        started = perf_counter()
        await floor.api.form(page, {"diner": WALLET_KEYS[way]})
        if await _settled(floor, sale, person.who):
            floor.books.paid(sale, method="wallet", payment_id=payment_id)
            await _balance_seen(floor, person, started, clock=WALLET_TOLD)
            return
        floor.books.failed.add(payment_id)


async def _settled(floor: Floor, sale: Sale, who: Who | None) -> bool:
    """Wait until it is known what became of a payment; tell whether the order is paid."""
    state = ""

    async def known() -> bool:
        nonlocal state
        state = (await floor.api.get(f"/v1/orders/{sale.id}", who))["pay_state"]
        return bool(state != "paying")

    await floor.until(known, what=f"payment of order {sale.id}")
    return state == "paid"


async def _balance_seen(floor: Floor, person: Person, started: float, *, clock: str = "payment to balance") -> None:
    """Look until the member sees the points that a payment brought; `clock` is what this is a measure of."""
    if not person.is_member:
        return

    async def seen() -> bool:
        points = await floor.api.get("/v1/me/points", person.who)
        shown = (points["available"], points["pending"], points["debt"])
        return bool(shown == (person.purse.available, person.purse.pending, person.purse.debt))

    await floor.until(seen, what=f"balance of diner {person.plan.no} after a payment")
    floor.times[clock].append(perf_counter() - started)
