"""How soon screens are there: `make bench-web` on a machine that does nothing else, which keeps the figures.

A demo server of its own, and Chromium with a cold cache; network and processor are slowed down by DevTools.  The diner's page at
390 x 844 at 2x: Largest Contentful Paint, and how that of the same page without its first screen (`/app/index.html`) compares, visit by
visit.  The store's screen: a reload with its files kept, until it can be used.  Loopback has no TLS: a real phone adds the round trips of
its connection.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.figures import Figure, figure, keep
from bench.server import Server

COMMAND = "make bench-web"
RUNS = 7
WAITS_MS = 30_000
STAYS_MS = 1_500  # after the app has come, in which something larger may be painted
LINES = {"4g": (9.0, 170, 4, 1_000), "slow_4g": (1.6, 150, 4, 1_300)}  # Mbit/s, ms, times, target in ms
RELOAD_MS = 1_000
WATCH = """
new PerformanceObserver(list => { for (const each of list.getEntries()) window.lcp = each.startTime })
  .observe({ type: 'largest-contentful-paint', buffered: true })
"""


def _slow(page: Page, *, mbits: float, latency_ms: int, slower: int) -> None:
    tools = page.context.new_cdp_session(page)
    speed = mbits * 1_000_000 / 8
    line = {"offline": False, "latency": latency_ms, "downloadThroughput": speed, "uploadThroughput": speed}
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", line)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": slower})


def first_screen(browser: Browser, url: str, *, mbits: float, latency_ms: int, slower: int) -> tuple[float, float]:
    """Return when the largest content was painted, and when the app itself had dishes, in ms from the beginning."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    _slow(page, mbits=mbits, latency_ms=latency_ms, slower=slower)
    page.add_init_script(WATCH)
    page.goto(url, timeout=WAITS_MS, wait_until="commit")
    page.wait_for_selector("#app .picks .dish", timeout=WAITS_MS)
    app_ms = float(page.evaluate("performance.now()"))
    page.wait_for_timeout(STAYS_MS)
    painted_ms = float(page.evaluate("window.lcp ?? NaN"))
    context.close()
    return painted_ms, app_ms


def reload_of_a_till(browser: Browser, url: str) -> list[float]:
    """Return how long each reload of the store's screen took until its first words were painted, in ms."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    page = context.new_page()
    took = []
    for _ in range(RUNS + 1):
        page.goto(f"{url}/staff/", timeout=WAITS_MS)
        page.wait_for_selector("button, input", timeout=WAITS_MS)
        took.append(float(page.evaluate("performance.now()")))
    context.close()
    return took[1:]  # the first was no reload


def measured(browser: Browser, url: str) -> list[Figure]:
    """Measure, the page and the one without its first screen by turns."""
    found = []
    for name, (mbits, latency_ms, slower, target_ms) in LINES.items():
        line = {"mbits": mbits, "latency_ms": latency_ms, "slower": slower}
        runs = [
            (first_screen(browser, f"{url}/app/", **line), first_screen(browser, f"{url}/app/index.html", **line))
            for _ in range(RUNS)
        ]
        drawn, plain = [each[0][0] for each in runs], [each[1][0] for each in runs]
        ratio = [one / other for one, other in zip(drawn, plain, strict=True)]
        found += [
            figure(f"web.lcp_{name}", drawn, "ms", command=COMMAND, at_most=target_ms),
            figure(f"web.lcp_{name}_plain", plain, "ms", command=COMMAND),
            figure(f"web.lcp_{name}_ratio", ratio, "x", command=COMMAND),
            figure(f"web.app_{name}", [each[0][1] for each in runs], "ms", command=COMMAND),
        ]
    found.append(figure("web.staff_reload", reload_of_a_till(browser, url), "ms", command=COMMAND, at_most=RELOAD_MS))
    return found


def main() -> None:
    """Measure, keep the figures, and print them."""
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
                found = measured(browser, server.url)
                browser.close()
        finally:
            server.stop()
    keep(found)
    for each in found:
        print(f"{each.name}: {each.value:g} {each.unit}{f' (target {each.target})' if each.target else ''}")


if __name__ == "__main__":
    main()
