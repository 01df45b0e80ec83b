"""Paid orders and menu reads over HTTP, two web processes on PostgreSQL, 32 connections, signed in; interleaved with pgbench.

A process of its own relays the events of these orders meanwhile, on the same two cores.

`python -m bench http` keeps the figures.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from pathlib import Path

import msgspec
import uvloop

from bench import house, pgbench
from bench.client import Run, request
from bench.figures import Figure, figure, ratios
from bench.orders import cashier_token, order
from bench.scripts import MEMBERS
from bench.server import Server

WORKERS, CONNECTIONS, PORT = 2, 32, 8765
ROUNDS, SECONDS, WARM_S = 5, 2.5, 3.0
COMMAND = "python -m bench http"
URL = f"http://127.0.0.1:{PORT}"


def _orders(base: int, count: int, token: str) -> list[bytes]:
    encode = msgspec.json.encode
    return [
        request("POST", "/v1/orders", token=token, body=encode(order(i, members=MEMBERS)))
        for i in range(base, base + count)
    ]


class Load(msgspec.Struct, frozen=True):
    """What a load saw: requests a second, CPU of the whole server a request, latencies, and the first refusals."""

    rate: float
    cpu_us: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    refused: list[str]


def load(server: Server, requests: list[bytes], seconds: float, *, url: str = URL) -> Load:
    """Send requests for so long over all connections."""
    before = server.cpu_s()
    run, took = uvloop.run(_timed(requests, seconds, url))
    times = sorted(t for t, _ in run.answers)
    return Load(
        rate=len(times) / took,
        cpu_us=(server.cpu_s() - before) / len(times) * 1e6,
        p50_ms=times[len(times) // 2] * 1e3,
        p95_ms=times[int(len(times) * 0.95)] * 1e3,
        p99_ms=times[int(len(times) * 0.99)] * 1e3,
        refused=[body.decode() for body in run.refused],
    )


async def _timed(requests: list[bytes], seconds: float, url: str) -> tuple[Run, float]:
    run = Run(iter(requests), connections=CONNECTIONS, seconds=seconds)
    return run, await run(url)


def figures(rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    """Measure, interleaved."""
    room = 32 * pgbench.STRIDE
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        url = house.on_postgres("goodtaste_bench_http", house.tables(members=MEMBERS, coupons=0))
        asyncio.run(house.coupons(url, (rounds * 3 + 1) * room, members=MEMBERS))
        pgbench.prepare(url, folder, members=MEMBERS)
        server, token = Server(url, folder, port=PORT, workers=WORKERS, role="web"), cashier_token()
        worker = Server(url, folder, port=PORT + 1, role="worker")  # what orders set in motion is done beside them
        server.start()
        worker.start()
        seen: dict[str, list[float]] = defaultdict(list)
        base = 0
        try:
            load(server, _orders(base, 4_000, token), WARM_S)
            for turn in range(rounds):
                base += room
                rate = pgbench.run(url, folder / "one_by_one.sql", base=base, seconds=seconds, stores=house.STORES)
                seen["one"].append(rate)
                base += room
                before = worker.cpu_s()
                orders = load(server, _orders(base, int(4_000 * seconds), token), seconds)
                _note(seen, "orders", orders)
                seen["worker cpu_us"].append((worker.cpu_s() - before) / orders.rate / seconds * 1e6)
                base += room
                rate = pgbench.run(url, folder / "pipeline.sql", base=base, seconds=seconds, stores=house.STORES)
                seen["pipe"].append(rate)
                path = f"/v1/stores/{house.uid(house.STORE, 1)}/menu?channel=counter"
                _note(seen, "menu", load(server, [request("GET", path)] * int(20_000 * seconds), seconds))
                print(f"round {turn + 1}/{rounds}:", {k: round(v[-1], 1) for k, v in seen.items()}, flush=True)
        finally:
            server.stop()
            worker.stop()
    return _figures(seen)


def _note(seen: dict[str, list[float]], name: str, run: Load) -> None:
    if run.refused:
        raise RuntimeError(f"{name}: refused: {run.refused}")
    for field in ("rate", "cpu_us", "p50_ms", "p99_ms"):
        seen[f"{name} {field}"].append(getattr(run, field))


def _figures(seen: dict[str, list[float]]) -> list[Figure]:
    orders = seen["orders rate"]
    return [
        figure("http.orders", orders, "orders/s", command=COMMAND),
        figure("http.one_by_one", seen["one"], "orders/s", command=COMMAND),
        figure("http.pipeline", seen["pipe"], "orders/s", command=COMMAND),
        figure("http.orders_p50", seen["orders p50_ms"], "ms", command=COMMAND),
        figure("http.orders_p99", seen["orders p99_ms"], "ms", command=COMMAND),
        figure("http.to_one_by_one", ratios(orders, seen["one"]), "x", at_least=1.4, command=COMMAND),
        figure("http.to_pipeline", ratios(orders, seen["pipe"]), "x", at_least=0.65, command=COMMAND),
        figure("http.orders_cpu", seen["orders cpu_us"], "us/order", at_most=300, command=COMMAND),
        figure("http.worker_cpu", seen["worker cpu_us"], "us/order", command=COMMAND),
        figure("http.menu_cpu", seen["menu cpu_us"], "us/read", at_most=100, command=COMMAND),
        figure("http.menu", seen["menu rate"], "reads/s", command=COMMAND),
    ]
