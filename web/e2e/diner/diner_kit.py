"""What walks through the screens share: the house as its API, a phone with its page, and what is looked at on every page."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page
from tools import web

PASSWORD = "Good taste 2026"
STORE = "HW-05"  # never closes
AXE = web.WEB / "staff" / "node_modules" / "axe-core" / "axe.min.js"
SEVERE = {"serious", "critical"}
WAITS_MS = 15_000
EXPECTED = (
    "status of 4",
    "ERR_",
    "fetching the script",
)  # what a browser says of refusals, and of a network that is gone


class House:
    """The running demo, asked over HTTP."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url, self.http = url, http
        stores = self.http.get("/v1/stores").json()
        self.store: dict[str, Any] = next(each for each in stores if each["code"] == STORE)

    def code_for(self, phone: str) -> str:
        """Return the code of the newest message to a phone."""
        newest = self.http.get("/sandbox/sms/messages", params={"phone": phone}).json()[0]
        return str(json.loads(newest["params"])["code"])

    def by(self, login: str) -> dict[str, str]:
        """Return the headers of somebody of the staff who signed in."""
        asked = {"login": login, "password": PASSWORD, "device": "test"}
        answer = self.http.post("/v1/staff/sign-in", json=asked).raise_for_status().json()
        return {"authorization": f"Bearer {answer['tokens']['access_token']}"}

    def table(self, label: str) -> dict[str, Any]:
        """Return a table of the store by its label."""
        tables = self.http.get(f"/v1/stores/{self.store['id']}/tables", headers=self.by("manager05")).json()
        return next(each for each in tables if each["label"] == label)

    def advance(self, order_id: str, *states: str) -> None:
        """Take an order to states, one after the other."""
        by = self.by("manager05")
        for state in states:
            self.http.post(f"/v1/orders/{order_id}/advance", headers=by, json={"to": state}).raise_for_status()


class Phone:
    """A phone with the diner's app.  What its page complains about is kept in `faults`."""

    def __init__(
        self, browser: Browser, house: House, *, width: int = 390, height: int = 844, language: str = "zh-CN"
    ) -> None:
        self.house = house
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale=language,
            bypass_csp=False,
        )
        self.faults: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAITS_MS)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))

    def _heard(self, message: Any) -> None:
        if message.type == "error" and not any(each in message.text for each in EXPECTED):
            self.faults.append(message.text)

    def open(self, path: str = "", ready: str = "uni-page-body") -> None:
        """Open a page of the app by its address, and wait for what shows that it is there."""
        self.page.goto(f"{self.house.url}/app/#/{path}")
        self.page.wait_for_selector(ready)

    def tap(self, role: str, name: str, *, exact: bool = False) -> None:
        """Tap what has a role and a name."""
        self.page.get_by_role(role, name=name, exact=exact).first.tap()  # type: ignore[arg-type]

    def sees(self, text: str) -> None:
        """Wait until a text is to be seen."""
        self.page.get_by_text(text).first.wait_for()

    def sign_in(self, phone: str) -> None:
        """Sign in on the page that is open, with the code of the message."""
        self.page.get_by_label("手机号").locator("input").or_(self.page.locator("input")).first.fill(phone)
        self.tap("button", "获取验证码")
        self.sees("验证码已发到")
        self.page.locator("input").nth(1).fill(self.house.code_for(phone))
        self.tap("button", "登录", exact=True)

    def choose_store(self, name: str = "虹桥店") -> None:
        """Order in the store that never closes."""
        self.open("pages/order/index", ".group")
        self.page.locator(".head .at").tap()
        self.page.locator(".over .store", has_text=name).tap()
        self.page.locator(".head .store", has_text=name).wait_for()
        self.page.wait_for_selector(".group")

    def width(self) -> int:
        """Return how wide what is shown is."""
        return int(self.page.evaluate("document.scrollingElement.scrollWidth"))

    def picture(self, folder: Path | None, name: str) -> None:
        """Keep a picture of the page as WebP, where pictures are kept."""
        if folder is None:
            return
        self.page.wait_for_timeout(700)
        keep(self.page, folder / f"{name}.webp")

    def close(self) -> None:
        """Put the phone away; it must not have complained."""
        self.context.close()
        assert self.faults == []


def severe(page: Page) -> list[str]:
    """Return what of a page keeps people from using it, by axe-core."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in found["violations"]
        if each["impact"] in SEVERE
        for node in each["nodes"][:3]
    ]


def keep(page: Page, path: Path) -> None:
    """Keep a picture of a page as WebP."""
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 62})
    path.write_bytes(base64.b64decode(taken["data"]))
