"""The house as walks of the staff ask it beside the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from goodtaste.kernel.ids import new_id

PASSWORD = "Good taste 2026"  # of the demonstration


class House:
    """A demonstration that runs, and what a test asks it beside the browser."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.http = httpx.Client(base_url=url, timeout=20)
        stores = self.http.get("/v1/stores").json()
        self.store = next(each["id"] for each in stores if each["code"] == "HW-05")  # it never closes
        self._members: dict[str, dict[str, Any]] = {}

    def staff(self, login: str = "manager05") -> dict[str, str]:
        """Return the headers of somebody of the staff."""
        body = {"login": login, "password": PASSWORD, "device": "walk"}
        return bearer(self.http.post("/v1/staff/sign-in", json=body).json())

    def orders(self) -> list[dict[str, Any]]:
        """Return the newest orders of the store."""
        found = self.http.get(f"/v1/stores/{self.store}/orders", headers=self.staff()).json()["orders"]
        return list(found)

    def sell(self) -> str:
        """Sell two plain dishes for cash at the store, and return the id of the order."""
        by = self.staff("cashier05")
        menu = self.http.get(f"/v1/stores/{self.store}/menu").json()
        dishes = [each for category in menu["categories"] for each in category["dishes"]]
        plain = [each["skus"][0]["id"] for each in dishes if not (each["groups"] or each["slots"] or each["sold_out"])]
        cart = {
            "store_id": self.store,
            "channel": "counter",
            "lines": [{"sku_id": each, "qty": 1} for each in plain[:2]],
        }
        due = self.http.post("/v1/quotes", json=cart, headers=by).json()["priced"]["due_fen"]
        cash = {"payment_id": new_id(), "tendered_fen": due}
        asked = cart | {"id": new_id(), "kind": "counter", "seen_due_fen": due, "cash": cash}
        return str(self.http.post("/v1/orders", json=asked, headers=by).raise_for_status().json()["id"])

    def member(self, phone: str = "13900000001") -> dict[str, str]:
        """Sign a member in by phone, once, for codes are sent to a phone only so often; return their headers."""
        return bearer(self.signed_in_member(phone))

    def signed_in_member(self, phone: str = "13900000001") -> dict[str, Any]:
        """Sign a member in as `member` does, and return who they are with their tokens."""
        if phone not in self._members:
            self.http.post("/v1/auth/phone/code", json={"phone": phone, "purpose": "login"}).raise_for_status()
            sent = self.http.get("/sandbox/sms/messages", params={"phone": phone}).json()[0]
            body = {"phone": phone, "code": json.loads(sent["params"])["code"], "device": "walk"}
            self._members[phone] = self.http.post("/v1/auth/phone", json=body).json()
        return self._members[phone]

    def member_code(self, who: dict[str, str]) -> str:
        """Return what a member's phone shows now."""
        return str(self.http.get("/v1/me/code", headers=who).json()["qr"])


def bearer(signed_in: dict[str, Any]) -> dict[str, str]:
    """Return the headers of who signed in."""
    return {"authorization": f"Bearer {signed_in['tokens']['access_token']}"}
