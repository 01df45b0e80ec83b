"""The first screen of the diner's page on a slow phone: `make bench-web` on a machine that does nothing else.

A demo server of its own, Chromium with a cold cache, 390 x 844 at 2x; network and processor slowed down by DevTools.  Largest Contentful
Paint and the first dish to be seen, median of `RUNS`.  Loopback has no TLS: a real phone adds the round trips of its connection.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.server import Server

RUNS = 5
WAITS_MS = 30_000
LINES = (
    ("9 Mbit/s, 170 ms, CPU 4x", 9.0, 170, 4),
    ("1.6 Mbit/s, 150 ms, CPU 4x", 1.6, 150, 4),
)  # name, Mbit/s, ms, times
WATCH = """
new PerformanceObserver(list => { for (const each of list.getEntries()) window.lcp = each.startTime })
  .observe({ type: 'largest-contentful-paint', buffered: true })
"""


def first_screen(browser: Browser, url: str, *, mbits: float, latency_ms: int, slower: int) -> tuple[float, float]:
    """Return when the largest content was painted, and when the first dish was there, in ms from the beginning."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    tools = context.new_cdp_session(page)
    speed = mbits * 1_000_000 / 8
    line = {"offline": False, "latency": latency_ms, "downloadThroughput": speed, "uploadThroughput": speed}
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", line)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.add_init_script(WATCH)
    page.goto(f"{url}/app/", timeout=WAITS_MS)
    page.wait_for_selector(".picks .dish", timeout=WAITS_MS)
    dishes_ms = float(page.evaluate("performance.now()"))
    page.wait_for_timeout(1_500)
    painted_ms = float(page.evaluate("window.lcp ?? NaN"))
    context.close()
    return painted_ms, dishes_ms


def main() -> None:
    """Measure, and print a row for each line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        server = Server(f"sqlite:///{folder}/web.db", Path(folder), port=port, demo=True)
        server.start()
        try:
            with sync_playwright() as playwright:
                chromium = os.environ.get("GOODTASTE_WALK_CHROMIUM") or shutil.which("chromium")
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                for name, mbits, latency_ms, slower in LINES:
                    runs = [
                        first_screen(browser, server.url, mbits=mbits, latency_ms=latency_ms, slower=slower)
                        for _ in range(RUNS)
                    ]
                    painted, dishes = (statistics.median(each) for each in zip(*runs, strict=True))
                    print(f"{name}: largest paint {painted:.0f} ms, first dish {dishes:.0f} ms")
                browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
