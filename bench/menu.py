"""The diner's menu: 60 dishes read from memory and over HTTP, and made anew; `python -m bench menu` keeps the figures."""

from __future__ import annotations

import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bench import house, over_http
from bench.client import request
from bench.figures import Figure, figure
from bench.server import Server
from goodtaste.menu.api import Pages
from goodtaste.org.api import Hours, Store

ROUNDS, SECONDS, TIMES = 7, 2.0, 2_000
COMMAND = "python -m bench menu"
PATH = f"/v1/stores/{house.uid(house.STORE, 1)}/menu?channel=counter"


def _store() -> Store:
    hours = tuple(Hours(day, 0, 1440) for day in range(7))
    return Store(
        house.uid(house.STORE, 1), "S1", "1 号店", "Store 1", "上海", "", "", None, None, "Asia/Shanghai", 240, hours, "", True
    )  # fmt: skip


def _per_call_us(times: int, act: Callable[[], object]) -> float:
    begun = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - begun) / times * 1e6


def _in_process() -> list[Figure]:
    """Read a ready page, and make one: what a change to the menu costs each store, channel and language once."""
    store, book, short, at = _store(), house.book(), frozenset[str](), house.NOW
    pages, turn = Pages(), iter(range(10**9))

    def read() -> object:
        return pages.page(store, book=book, short=short, channel="counter", language="zh-CN", at=at)

    def make() -> object:
        later = at + timedelta(minutes=next(turn))
        return pages.page(store, book=book, short=short, channel="web", language="zh-CN", at=later)

    ready = [_per_call_us(TIMES * 10, read) for _ in range(ROUNDS)]
    made = [_per_call_us(100, make) / 1e3 for _ in range(ROUNDS)]
    return [
        figure("menu.page_ready", ready, "us/read", at_most=100, command=COMMAND),
        figure("menu.page_made", made, "ms", at_most=20, command=COMMAND),
    ]


def _etag_of(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.headers["etag"])


def _over_http() -> list[Figure]:
    """Read it over HTTP from one process on SQLite; once whole, once by somebody who has it."""
    whole, unchanged = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        url = house.on_sqlite(folder / "house.db", house.tables(members=10, coupons=0))
        server = Server(url, folder, port=over_http.PORT)
        server.start()
        try:
            first = over_http.load(server, [request("GET", PATH)] * 2_000, SECONDS)
            if first.refused:
                raise RuntimeError(f"refused: {first.refused}")
            tag = _etag_of(server.url + PATH)
            known = request("GET", PATH).replace(b"\r\n\r\n", f"\r\nIf-None-Match: {tag}\r\n\r\n".encode())
            for _ in range(ROUNDS):
                whole.append(over_http.load(server, [request("GET", PATH)] * 60_000, SECONDS).cpu_us)
                unchanged.append(over_http.load(server, [known] * 60_000, SECONDS).cpu_us)
        finally:
            server.stop()
    return [
        figure("menu.http_cpu", whole, "us/read", at_most=100, command=COMMAND),
        figure("menu.http_unchanged_cpu", unchanged, "us/read", at_most=100, command=COMMAND),
    ]


def figures() -> list[Figure]:
    """Measure in process, then over HTTP."""
    return [*_in_process(), *_over_http()]
