"""Meals that were paid, for walks through what comes after: made over HTTP, then looked at on a phone."""

from __future__ import annotations

import json
from typing import Any

from diner_kit import House, Phone

from goodtaste.kernel.ids import new_id

Headers = dict[str, str]


def a_member(house: House, number: str) -> dict[str, Any]:
    """Sign a member in by phone, and return what the app keeps of it."""
    house.http.post("/v1/auth/phone/code", json={"phone": number, "purpose": "login"}).raise_for_status()
    body = {"phone": number, "code": house.code_for(number), "device": "walk"}
    signed: dict[str, Any] = house.http.post("/v1/auth/phone", json=body).raise_for_status().json()
    return signed


def by(signed: dict[str, Any]) -> Headers:
    """Return the headers of a member who signed in."""
    return {"authorization": f"Bearer {signed['tokens']['access_token']}"}


def bring(phone: Phone, signed: dict[str, Any]) -> None:
    """Have a phone signed in before its app is opened."""
    kept = {"gt.tokens": signed["tokens"], "gt.me": signed["member"]}
    said = json.dumps({key: json.dumps(value) for key, value in kept.items()})
    once = "if (!sessionStorage.brought) { sessionStorage.brought = 1"
    keep = f"for (const [key, value] of Object.entries({said})) localStorage.setItem(key, value)"
    phone.page.add_init_script(f"{once}; {keep} }}")


def lines(house: House, *names: str) -> list[dict[str, Any]]:
    """Return lines of a cart for dishes that ask for nothing, by their names."""
    menu = house.http.get(f"/v1/stores/{house.store['id']}/menu").json()
    skus = {dish["name"]: dish["skus"][0]["id"] for each in menu["categories"] for dish in each["dishes"]}
    return [{"sku_id": skus[name], "qty": names.count(name)} for name in dict.fromkeys(names)]


def a_meal(house: House, signed: dict[str, Any], *names: str) -> dict[str, Any]:
    """Have a member eat and pay in cash at the counter, and return the order."""
    cashier = house.by("cashier05")
    code = house.http.get("/v1/me/code", headers=by(signed)).json()["qr"]
    scanned = {"code": code, "store_id": house.store["id"]}
    visit = (
        house.http.post("/v1/member-codes/scan", headers=cashier, json=scanned).raise_for_status().json()["visit_id"]
    )
    cart = {
        "store_id": house.store["id"],
        "channel": "counter",
        "lines": lines(house, *names),
        "member_id": signed["member"]["id"],
        "visit_id": visit,
    }
    quote = house.http.post("/v1/quotes", headers=cashier, json=cart | {"no_coupon": True}).raise_for_status().json()
    due = quote["priced"]["due_fen"]
    money = {"payment_id": new_id(), "tendered_fen": due}
    placed = cart | {"id": new_id(), "kind": "counter", "seen_due_fen": due, "cash": money}
    order: dict[str, Any] = house.http.post("/v1/orders", headers=cashier, json=placed).raise_for_status().json()
    return order
