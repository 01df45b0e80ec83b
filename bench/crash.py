"""The server is killed, and the database stopped, in the middle of everything: nothing acknowledged is lost, nothing is doubled.

Clients place paid orders with a coupon and points over HTTP, each with an id of its own, and send the same order again after any doubt
until it is acknowledged.  Meanwhile the server is killed (SIGKILL) or PostgreSQL is stopped (`immediate`).  In the end every order is
there once, with what was acknowledged, its coupon, points, stock and money, and every proof of the books holds.

`python -m bench.crash [--kills 50] [--stops 10] [--engine sqlite|postgresql]`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bench import house
from bench.orders import cashier_token, order
from bench.postgres import OwnPostgres, binaries, free_port
from bench.server import Server
from goodtaste.app import rooms
from goodtaste.kernel.db import Database
from goodtaste.kernel.db.open import open_database
from goodtaste.ordering.orders import coupons_of

MEMBERS, CLIENTS = 200, 16
COUPONS = 100_000
UNDER_LOAD_S = (0.3, 1.2)  # a blow falls after so long
DOWN_S = 0.5  # how long the database stays away
AGAIN_S = 0.05  # between two tries of a client
SETTLE_S = 30.0  # for the last events to be heard


class Report(msgspec.Struct):
    """What a run saw: blows dealt, orders acknowledged, answers by status, requests without an answer, and every fault found."""

    engine: str
    blows: int
    acknowledged: int
    answers: dict[int, int]
    unanswered: int
    back_s: list[float]
    faults: list[str]


class Clients:
    """Tills that place one order after the other, and repeat what was not acknowledged."""

    def __init__(self, url: str) -> None:
        self._headers = {"authorization": f"Bearer {cashier_token()}", "content-type": "application/json"}
        self._url, self._next, self.open = url, 0, True
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.answers: Counter[int] = Counter()
        self.unanswered = 0
        self.refused: list[str] = []

    async def run(self) -> None:
        """Place orders until the shop closes; what is under way then is brought to its end."""
        async with httpx.AsyncClient(base_url=self._url, headers=self._headers, timeout=10) as client:
            await asyncio.gather(*(self._till(client) for _ in range(CLIENTS)))

    async def _till(self, client: httpx.AsyncClient) -> None:
        while self.open:
            number, self._next = self._next, self._next + 1
            body = msgspec.json.encode(order(number, members=MEMBERS))
            while not await self._placed(client, body):  # noqa: ASYNC110 - a server that is gone rings no bell
                await asyncio.sleep(AGAIN_S)

    async def _placed(self, client: httpx.AsyncClient, body: bytes) -> bool:
        """Send an order; tell whether it was answered for good."""
        try:
            answer = await client.post("/v1/orders", content=body)
        except httpx.TransportError:
            self.unanswered += 1
            return False
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            return False
        if answer.is_success:
            shown = answer.json()
            self.acknowledged[shown["id"]] = shown
        else:
            self.refused.append(answer.text)
        return True


Blow = Callable[[], Awaitable[None]]


async def _batter(clients: Clients, blows: list[Blow], draw: random.Random) -> list[float]:
    """Deal the blows under load; return how long each took to get over, in seconds."""
    work, took = asyncio.create_task(clients.run()), []
    for blow in blows:
        await asyncio.sleep(draw.uniform(*UNDER_LOAD_S))
        begun, before = time.monotonic(), len(clients.acknowledged)
        await blow()
        while len(clients.acknowledged) == before and not work.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        took.append(time.monotonic() - begun)
    await asyncio.sleep(UNDER_LOAD_S[1])
    clients.open = False
    await work
    return took


async def _faults(db: Database, clients: Clients) -> list[str]:
    """Return every way in which the house differs from what was acknowledged."""
    faults = [f"refused: {text}" for text in clients.refused[:5]]
    until = time.monotonic() + SETTLE_S
    while (left := await _count(db, OUTBOX)) and time.monotonic() < until:  # noqa: ASYNC110 - another process empties it
        await asyncio.sleep(0.1)
    faults += [f"{left} events were never delivered"] if left else []
    dead = await _count(db, "SELECT count(*) FROM kernel_dead_letter")
    faults += [f"{dead} events could not be digested"] if dead else []
    stored = await db.execute("SELECT id, due_fen, pay_state, coupons, points FROM ordering_order")
    kept = {str(id_): (due, state, [*coupons_of(coupons)], points) for id_, due, state, coupons, points in stored}
    for id_, shown in clients.acknowledged.items():
        said = (shown["due_fen"], shown["pay_state"], [each["coupon_id"] for each in shown["coupons"]], shown["points"])
        if kept.get(id_) != said:
            faults.append(f"order {id_} was acknowledged as {said} and is {kept.get(id_)}")
    faults += [f"order {id_} was never asked for to its end" for id_ in kept.keys() - clients.acknowledged.keys()]
    n = len(clients.acknowledged)
    for what, sql in COUNTS.items():
        seen = await _count(db, sql)
        faults += [f"{what}: {seen} for {n} orders"] if seen != n else []
    for name, sql in rooms.PROOFS.items():
        broken = await db.execute(sql)
        faults += [f"proof {name}: {broken[:3]}"] if broken else []
    return faults


OUTBOX = "SELECT count(*) FROM kernel_outbox"
COUNTS = {
    "payments": "SELECT count(*) FROM payment_payment WHERE state = 'succeeded'",
    "coupons redeemed": "SELECT count(*) FROM promo_coupon WHERE state = 'redeemed'",
    "points spent": "SELECT count(*) FROM ledger_txn WHERE kind = 'spend'",
    "points earned": "SELECT count(*) FROM ledger_txn WHERE kind = 'earn'",
    "portions sold, five an order": "SELECT sum(sold) / 5 FROM menu_stock",
}


async def _count(db: Database, sql: str) -> int:
    [(n,)] = await db.execute(sql)
    return int(n or 0)


async def _run(engine: str, url: str, server: Server, folder: Path, blows: list[Blow], seed: int) -> Report:
    server.start()
    clients = Clients(server.url)
    try:
        back_s = await _batter(clients, blows, random.Random(seed))
        db = await open_database(house.settings(url, folder))
        faults = await _faults(db, clients)
        await db.close()
    finally:
        server.kill()
    answers = dict(sorted(clients.answers.items()))
    return Report(engine, len(blows), len(clients.acknowledged), answers, clients.unanswered, back_s, faults)


def _killing(server: Server) -> Blow:
    async def blow() -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

    return blow


def _stopping(postgres: OwnPostgres) -> Blow:
    async def blow() -> None:
        await asyncio.to_thread(postgres.stop, how="immediate")
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(postgres.start)

    return blow


def on_sqlite(*, kills: int, seed: int = 1) -> Report:
    """Kill the server on SQLite so many times."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        url = house.on_sqlite(folder / "house.db", house.tables(members=MEMBERS, coupons=COUPONS))
        server = Server(url, folder, port=free_port())
        return asyncio.run(_run("sqlite", url, server, folder, [_killing(server)] * kills, seed))


def on_postgres(*, kills: int, stops: int, seed: int = 1) -> Report:
    """Kill the server on a PostgreSQL of our own so many times, and stop that PostgreSQL so many times, in a mixed order."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        postgres = OwnPostgres(folder)
        postgres.start()
        try:
            url = house.on_postgres(
                "goodtaste_crash", house.tables(members=MEMBERS, coupons=COUPONS), server=postgres.address
            )
            server = Server(url, folder, port=free_port(), workers=2)
            blows = [_killing(server)] * kills + [_stopping(postgres)] * stops
            random.Random(seed).shuffle(blows)
            return asyncio.run(_run("postgresql", url, server, folder, blows, seed))
        finally:
            postgres.stop(how="immediate")


def _print(report: Report) -> None:
    back = sorted(report.back_s) or [0.0]
    print(
        f"{report.engine}: {report.blows} blows, {report.acknowledged:,} orders acknowledged, answers {report.answers}, "
        f"{report.unanswered:,} requests without an answer, served again after {back[len(back) // 2]:.1f} s (at most {back[-1]:.1f} s)"
    )
    for fault in report.faults[:20]:
        print(f"  FAULT {fault}")
    print("  nothing lost, nothing doubled, the proofs hold" if not report.faults else f"  {len(report.faults)} faults")


def main() -> int:
    """Run what is asked for; return 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="kills of the server, on each engine (default 50)")
    parser.add_argument("--stops", type=int, default=10, help="immediate stops of PostgreSQL (default 10)")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], help="one engine only")
    parser.add_argument("--seed", type=int, default=1, help="another seed deals the blows at other moments")
    asked = parser.parse_args()
    reports = []
    if asked.engine != "postgresql":
        reports.append(on_sqlite(kills=asked.kills, seed=asked.seed))
    if asked.engine != "sqlite":
        if binaries() is None:
            print(
                "PostgreSQL's server programs are not installed (Debian: apt install postgresql); --engine sqlite does without"
            )
            return 2
        reports.append(on_postgres(kills=asked.kills, stops=asked.stops, seed=asked.seed))
    for report in reports:
        _print(report)
    return 1 if any(report.faults for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
