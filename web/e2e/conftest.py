"""A running demonstration and a browser before it: nothing is mocked, every walk goes through the product as it is served.

GOODTASTE_WALK_PICTURES=1 writes the pictures of docs/screens anew.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from serving import demonstration

from counter import House

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "screens"
AXE = (ROOT / "web" / "staff" / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
CHROMIUM = os.environ.get("GOODTASTE_WALK_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve a demonstration for the walks of the staff."""
    folder = tmp_path_factory.mktemp("house")
    with demonstration(folder) as url:
        served = House(url, folder)
        yield served
        served.http.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Open Debian's Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Desk:
    """A page of the store's screens, with a person at it."""

    def __init__(self, house: House, context: BrowserContext) -> None:
        self.house, self.context, self.page = house, context, context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def sign_in(self, login: str = "cashier05", *, to: str = "/pos") -> None:
        """Sign a person in as a demonstration offers it, and go to a screen."""
        self.page.goto(f"{self.house.url}/staff/sign-in?as={login}")
        self.page.wait_for_url(re.compile(r"/staff/(?!sign-in)"))
        if not self.page.url.endswith(to):
            self.page.goto(f"{self.house.url}/staff{to}")
        if to == "/pos":
            self.page.wait_for_selector(".dish")

    def pair(self) -> None:
        """Let the manager pair the device with the store."""
        self.sign_in("manager05", to="/settings")
        self.page.get_by_role("button", name="把这台设备配对").click()
        expect(self.page.get_by_text("已配对")).to_be_visible()

    def pick_cashier(self) -> None:
        """Let the cashier take over a paired device, as far as their PIN."""
        self.page.get_by_role("button", name="换人").click()
        self.page.wait_for_url(re.compile("sign-in"))
        self.page.get_by_role("button", name="朱琳").click()

    def type_pin(self) -> None:
        """Type the cashier's PIN, and wait for the dishes."""
        self.page.keyboard.type("204687")
        self.page.wait_for_selector(".dish")

    def settle(self) -> None:
        """Wait until what a page asked for is there."""
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(500)

    def sure(self, reason: str) -> None:
        """Say why, and that one is sure."""
        self.page.get_by_role("dialog").get_by_label("原因").fill(reason)
        self.page.click("[data-test=sure]")
        expect(self.page.locator("[data-test=sure]")).to_have_count(0)

    def looks_well(self, names: Iterable[str]) -> None:
        """Look at pages of the console: nothing serious for axe, nothing wider than a phone."""
        for name in names:
            self.page.set_viewport_size({"width": 1440, "height": 900})
            self.page.goto(f"{self.house.url}/staff/console/{name}")
            self.settle()
            assert self.axe() == [], name
            self.page.set_viewport_size({"width": 320, "height": 640})
            self.page.wait_for_timeout(200)
            for part in ("html", "main"):
                wider = "(part) => document.querySelector(part).scrollWidth - document.querySelector(part).clientWidth"
                assert self.page.evaluate(wider, part) <= 0, (name, part)

    def keys(self, *names: str) -> None:
        """Press keys, as fast as a person does."""
        for name in names:
            self.page.keyboard.press(name)
            self.page.wait_for_timeout(90)

    def scan(self, code: str) -> None:
        """Let a scanner type: into the field that has the focus, or, where none has, as fast as scanners do."""
        self.page.wait_for_timeout(300)
        if self.page.evaluate("() => document.activeElement.tagName") == "INPUT":
            self.page.keyboard.type(code)
            self.page.keyboard.press("Enter")
            return
        keys = [*code, "Enter"]
        self.page.evaluate(
            "(keys) => keys.forEach((key) => dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))", keys
        )

    def priced(self) -> None:
        """Wait until the server's price is shown."""
        self.page.wait_for_selector(".why")

    def number(self) -> str:
        """Return the number that the guest is told."""
        self.page.wait_for_selector("[data-stage=paid], [data-stage=placed]")
        return self.page.inner_text("[data-test=number]").strip()

    def axe(self) -> list[str]:
        """Return what axe finds that is serious or worse."""
        session = self.context.new_cdp_session(self.page)
        session.send("Runtime.evaluate", {"expression": AXE})
        found = self.page.evaluate("() => window.axe.run({ resultTypes: ['violations'] })")
        return [
            f"{each['id']}: {node['html'][:160]} {(node['any'] or [{}])[0].get('message', '')}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    def picture(self, name: str) -> None:
        """Write the picture of what is shown, where pictures are asked for."""
        self.page.wait_for_timeout(350)
        if os.environ.get("GOODTASTE_WALK_PICTURES"):
            session = self.context.new_cdp_session(self.page)
            shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": 72})
            PICTURES.mkdir(exist_ok=True)
            (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


@pytest.fixture
def open_desk(house: House, browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Open desks; what a page said of a fault, or of its policy, fails the test."""
    opened: list[Desk] = []

    def open_one(width: int = 1366, height: int = 768, **more: Any) -> Desk:
        settings = {
            "locale": "zh-CN",
            "timezone_id": "Asia/Shanghai",
            "color_scheme": "light",
            "reduced_motion": "reduce",
        } | more
        opened.append(Desk(house, browser.new_context(viewport={"width": width, "height": height}, **settings)))
        return opened[-1]

    yield open_one
    for each in opened:
        each.context.close()
    assert [fault for each in opened for fault in each.faults] == []
