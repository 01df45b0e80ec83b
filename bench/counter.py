"""The counter: a member's code is scanned, four dishes are tapped, a wallet code is scanned, the paid order is read back.

A till, a member's phone and a wallet are played over the public API of a house that runs the demo brand, five tills at once, on both
engines.  The system's own share of a checkout is the sum of its calls; the whole is a checkout at a cashier's pace.

`python -m bench counter` keeps the figures.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import perf_counter

import msgspec

from bench import house
from bench.figures import Figure, figure
from bench.server import Server
from goodtaste.kernel.ids import new_id
from goodtaste.twin import day
from goodtaste.twin.client import Api
from goodtaste.twin.floor import Floor, Store, open_floor
from goodtaste.twin.goods import choose
from goodtaste.twin.people import Person
from goodtaste.twin.plan import Diner

COMMAND = "python -m bench counter"
PORT = 8_775
MEMBERS, DISHES = 4, 4
QUICK, PACED = 40, 3
"""Checkouts of each till without a pause, and at a cashier's pace."""

# Operators of the keystroke-level model (Card, Moran and Newell, 1983): mental act 1.35 s, pointing 1.10 s, pressing 0.20 s.
TAP_S = 1.35 + 1.10 + 0.20
HAND_S = 3.0  # assumed: to hold a phone under the scanner, or to hand a receipt over


class Times(msgspec.Struct, frozen=True):
    """What one checkout took, in seconds: all calls, the one that wrote the order, and the whole with the cashier's hands."""

    calls: float
    placed: float
    whole: float


async def _checkout(floor: Floor, store: Store, person: Person, dice: Random, *, paced: bool) -> Times:
    calls = placed = 0.0
    begun = perf_counter()

    async def hands(seconds: float) -> None:
        if paced:
            await asyncio.sleep(seconds)

    async def call(path: str, body: object) -> dict[str, object]:
        nonlocal calls, placed
        started = perf_counter()
        told: dict[str, object] = await floor.api.post(path, body, store.cashier)
        took = perf_counter() - started
        calls += took
        placed = took if path == "/v1/orders" else placed
        return told

    code = await floor.api.get("/v1/me/code", person.who)  # on the diner's phone, before it is their turn
    await hands(HAND_S)
    arrived = await call("/v1/member-codes/scan", {"code": code["qr"], "store_id": store.id})
    cart = {"store_id": store.id, "member_id": person.id, "visit_id": arrived["visit_id"], "channel": "counter"}
    lines: list[object] = []
    priced: dict[str, object] = {}
    for wish in choose(floor.items, dice, lines=DISHES):
        await hands(TAP_S)
        lines.append(wish.choice)
        priced = (await call("/v1/quotes", cart | {"lines": lines}))["priced"]  # type: ignore[assignment]
    await hands(TAP_S)
    order_id, payment_id, due = new_id(), new_id(), priced["due_fen"]
    order = {"id": order_id, "kind": "counter", "lines": lines, "seen_due_fen": due, **cart}
    order |= {"coupon_id": priced["coupon_id"]} if priced["coupon_id"] else {}
    await call("/v1/orders", order)
    await hands(HAND_S)
    shown = f"9900{int(payment_id[-12:], 16) % 10**14:014d}"
    paid = {"payment_id": payment_id, "method": "wallet", "amount_fen": due, "auth_code": shown}
    told = await call(f"/v1/orders/{order_id}/payments", paid)
    if told["payment"]["state"] != "succeeded":  # type: ignore[index]
        raise RuntimeError(f"not paid: {told}")
    started = perf_counter()
    await floor.api.get(f"/v1/orders/{order_id}", store.cashier)
    calls += perf_counter() - started
    await hands(HAND_S)
    return Times(calls, placed, perf_counter() - begun)


async def _till(floor: Floor, store: Store, no: int, *, checkouts: int, paced: bool) -> list[Times]:
    dice, run = Random(no), new_id().replace("-", "")
    people = [Person(Diner(no * MEMBERS + i, "wechat", 0, 0, []), run) for i in range(MEMBERS)]
    for person in people:
        await person.join(floor)
    return [await _checkout(floor, store, people[i % MEMBERS], dice, paced=paced) for i in range(checkouts)]


async def _all(url: str) -> tuple[list[Times], list[Times]]:
    async with day.client(url, diners=16) as http:
        floor = await open_floor(Api(http), stores=day.STORES)
        async with day.open_all_day(floor):
            quick = await _tills(floor, checkouts=QUICK, paced=False)
            return quick, await _tills(floor, checkouts=PACED, paced=True)


async def _tills(floor: Floor, *, checkouts: int, paced: bool) -> list[Times]:
    tills = [_till(floor, store, i, checkouts=checkouts, paced=paced) for i, store in enumerate(floor.stores)]
    return [each for till in await asyncio.gather(*tills) for each in till]


def _quantile(times: Sequence[Times], field: str, share: float) -> float:
    return day.quantile(sorted(getattr(each, field) for each in times), share)


def figures() -> list[Figure]:
    """Measure on both engines."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        urls = {
            "sqlite": f"sqlite:///{folder / 'house.db'}",
            "postgresql": house.on_postgres("goodtaste_bench_counter", ()),
        }
        for engine, url in urls.items():
            server = Server(url, folder, port=PORT, demo=True)
            server.start()
            try:
                quick, paced = asyncio.run(_all(server.url))
            finally:
                server.stop()
            name = f"counter.{engine}"
            found += [
                figure(f"{name}_share_p50", _quantile(quick, "calls", 0.5) * 1e3, "ms", command=COMMAND),
                figure(
                    f"{name}_share_p95", _quantile(quick, "calls", 0.95) * 1e3, "ms", at_most=2_000, command=COMMAND
                ),
                figure(f"{name}_write_p99", _quantile(quick, "placed", 0.99) * 1e3, "ms", at_most=50, command=COMMAND),
                figure(f"{name}_whole", _quantile(paced, "whole", 1.0), "s", at_most=30, command=COMMAND),
            ]
    asyncio.run(house.drop("goodtaste_bench_counter"))
    return found
