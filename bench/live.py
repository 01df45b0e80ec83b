"""Live screens: 200 of them, half at the kitchen and half at the board, while the kitchen works; from the command to what each is sent.

The time is taken from before the command is sent until its change has come to a screen, so the command and its commit are in it.  Two web
processes on PostgreSQL, and one that relays events.  `python -m bench live` keeps the figures.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from bench import house
from bench.figures import Figure, figure
from bench.orders import cashier_token
from bench.server import Server
from goodtaste.kernel.ids import new_id

COMMAND = "python -m bench live"
SCREENS, TICKETS, PIECES = 200, 20, 9
RATE, SECONDS, WARM_S = 10, 8.0, 1.0
WORKERS, PORT = 2, 8767
STORE = house.uid(house.STORE, 1)
URL = f"http://127.0.0.1:{PORT}"


class Screen:
    """A screen: when it was sent each thing that it waits for."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.shows: dict[str, Any] = {}
        self.waits: dict[tuple[str, int], float] = {}
        self.took_s: list[float] = []
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, token: str) -> None:
        """Begin to listen, and return once it shows something."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", PORT)
        head = f"GET {self.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._writer.write(head.encode())
        shown = asyncio.Event()
        self._task = asyncio.create_task(self._listen(reader, shown))
        await shown.wait()

    async def _listen(self, reader: asyncio.StreamReader, shown: asyncio.Event) -> None:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                self._take(json.loads(line[6:]), perf_counter())
                shown.set()

    def _take(self, data: dict[str, Any], now: float) -> None:
        self.shows |= data["set"]
        for (name, left), begun in list(self.waits.items()):
            if name in data["set"] and self._left(data["set"][name]) <= left:
                self.took_s.append(now - begun)
                del self.waits[name, left]

    @staticmethod
    def _left(part: Any) -> int:
        """Return what counts down: pieces that wait on a ticket, or how often a number was called, below zero."""
        return int(part["dishes"][0]["waiting"]) if "dishes" in part else -int(part["called"])

    def close(self) -> None:
        """Hang up."""
        if self._task:
            self._task.cancel()


async def _kitchen(client: httpx.AsyncClient) -> list[Any]:
    """Have orders in the kitchen, paid at the counter, and return its tickets."""
    sku, fen = house.uid(house.SKU, 1), house.list_fen(1) * PIECES
    for _ in range(TICKETS):
        cash = {"payment_id": new_id(), "tendered_fen": fen}
        asked = {"id": new_id(), "store_id": STORE, "kind": "counter", "channel": "counter", "seen_due_fen": fen}
        lines = [{"sku_id": sku, "qty": PIECES}]
        answer = await client.post("/v1/orders", json=asked | {"lines": lines, "cash": cash})
        answer.raise_for_status()
    while True:
        shown = (await client.get(f"/v1/stores/{STORE}/kitchen")).raise_for_status().json()
        if len(shown["tickets"]) >= TICKETS:
            return list(shown["tickets"])
        await asyncio.sleep(0.05)


async def _run(seconds: float) -> tuple[list[float], int]:
    token = cashier_token()
    async with httpx.AsyncClient(base_url=URL, headers={"authorization": f"Bearer {token}"}) as client:
        tickets = await _kitchen(client)
        cooks = [Screen(f"/v1/stores/{STORE}/kitchen/live") for _ in range(SCREENS // 2)]
        boards = [Screen(f"/v1/stores/{STORE}/pickups/live") for _ in range(SCREENS // 2)]
        screens = cooks + boards
        await asyncio.gather(*(each.open(token) for each in screens))
        changes = 0
        async for n in _beats(seconds):
            turn, ticket = n // 2, tickets[(n // 2) % TICKETS]
            await (_start(client, ticket, cooks) if n % 2 else _call(client, ticket, boards, turn // TICKETS))
            changes += 1
        await asyncio.sleep(2.0)
        missed = sum(len(each.waits) for each in screens)
        for each in screens:
            each.close()
        if missed:
            raise RuntimeError(f"{missed} changes did not come to a screen")
        return sorted(took for each in screens for took in each.took_s), changes


async def _beats(seconds: float) -> Any:
    begun = perf_counter()
    for n in range(min(int(RATE * seconds), 2 * TICKETS * (PIECES - 1))):
        await asyncio.sleep(max(0.0, begun + n / RATE - perf_counter()))
        yield n


async def _start(client: httpx.AsyncClient, ticket: Any, cooks: list[Screen]) -> None:
    dish = ticket["dishes"][0]
    dish["waiting"] -= 1
    pieces = [{"dish_id": dish["dish_id"], "order_id": dish["order_id"], "qty": 1}]
    for each in cooks:
        each.waits[f"ticket/{ticket['id']}/{ticket['label']}", dish["waiting"]] = perf_counter()
    asked = {"id": new_id(), "what": "start", "pieces": pieces}
    (await client.post(f"/v1/stores/{STORE}/kitchen/acts", json=asked)).raise_for_status()


async def _call(client: httpx.AsyncClient, ticket: Any, boards: list[Screen], called: int) -> None:
    for each in boards:
        each.waits[f"no/{ticket['label']}", -called - 1] = perf_counter()
    path = f"/v1/stores/{STORE}/pickups/{ticket['dishes'][0]['order_id']}/call"
    (await client.post(path)).raise_for_status()


def figures(seconds: float = SECONDS) -> list[Figure]:
    """Measure."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        url = house.on_postgres("goodtaste_bench_live", house.tables(members=10, coupons=0))
        server = Server(url, folder, port=PORT, workers=WORKERS, role="web")
        worker = Server(url, folder, port=PORT + 1, role="worker")
        server.start()
        worker.start()
        try:
            before = server.cpu_s()
            took, changes = asyncio.run(_run(seconds))
            cpu = (server.cpu_s() - before) / seconds
        finally:
            server.kill()
            worker.stop()
    return [
        figure("live.p50", took[len(took) // 2] * 1e3, "ms", command=COMMAND),
        figure("live.p99", took[int(len(took) * 0.99)] * 1e3, "ms", at_most=1_000, command=COMMAND),
        figure("live.worst", took[-1] * 1e3, "ms", command=COMMAND),
        figure("live.changes", changes / seconds, "changes/s", command=COMMAND),
        figure("live.cpu", cpu * 100, "% of a core", command=COMMAND),
    ]
