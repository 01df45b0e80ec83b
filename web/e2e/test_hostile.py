"""Hostile strings in every text that a person can set: none of them runs, adds an element or breaks a screen, of whomever.

The ordinary walk takes a share of them; GOODTASTE_WALK_HOSTILE=2000 all of them.  What the house refuses at its door stays as it was.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from serving import demonstration
from tests.hostile import strings

from counter import House, bearer
from goodtaste.kernel.ids import new_id

SHARE = 60
EVERY = strings(int(os.environ.get("GOODTASTE_WALK_HOSTILE", SHARE)))
DISHES, ORDERS = 30, 8  # so many get their texts in a round
DRAWN_MS = 500  # a page that is there has drawn its data by then
Open = Callable[..., Any]

LISTEN = """
window.broken = []
addEventListener('securitypolicyviolation', (event) => window.broken.push(event.violatedDirective + ' ' + event.blockedURI))
"""
INJECTED = """() => {
  const found = [...document.querySelectorAll(
    '.hx, hx-el, [onerror], [onload], [onfocus], [ontoggle], [onmouseover], [onclick],' +
    'iframe, object, embed, base, marquee, a[href^="javascript:" i]'
  )].map((each) => each.outerHTML.slice(0, 200))
  return {
    found,
    ran: [window.ran, window.hx].filter((each) => each !== undefined),
    broken: window.broken,
    braces: document.body.innerText.includes('hxran'),
  }
}"""
PAGES = ("pages/order", "pages/orders", "pages/me", "member/coupons", "member/addresses", "member/code")
DINER = ("", *(f"#/{each}/index" for each in PAGES))
STORE = ("tables", "stock", "printing", "shift", "settings", "kitchen", "board", "menu", "kiosk")
CONSOLE = ("today", "orders", "refunds", "members", "stores", "staff", "terminals", "settings", "audit", "health")


class Pen:
    """Writes hostile strings over the API, each into the next field, and counts what the house took and refused."""

    def __init__(self, house: Any) -> None:
        self.house, self.next = house, itertools.cycle(EVERY)
        self.seen: set[str] = set()  # as they are
        self.took: set[str] = set()  # as the house took them
        self.refused = 0
        schema = house.http.get("/openapi/openapi.json").json()
        self.paths, self.schemas = schema["paths"], schema["components"]["schemas"]

    def fields(self, path: str, method: str = "put") -> set[str]:
        """Return the fields that a route takes."""
        body = self.paths[path][method]["requestBody"]["content"]["application/json"]["schema"]
        return set(self.schemas[body["$ref"].rsplit("/", 1)[-1]]["properties"])

    def text(self, most: int = 64) -> str:
        """Return the next string."""
        text = next(self.next)
        self.seen.add(text)
        return text[:most]

    def send(self, method: str, path: str, body: dict[str, Any], by: dict[str, str], *texts: str) -> Any:
        """Send what holds hostile texts; None where the house refuses it."""
        answer = self.house.http.request(method, path, json=body, headers=by)
        assert answer.status_code < 500, (path, texts, answer.text)
        if answer.is_error:
            assert answer.status_code in (400, 409, 422), (path, texts, answer.text)
            self.refused += 1
            return None
        self.took.update(texts)
        return answer.json() if answer.content else {}


def _dishes(pen: Pen, by: dict[str, str]) -> None:
    takes = pen.fields("/v1/menu/dishes/{dish_id}")
    for dish in pen.house.http.get("/v1/menu/dishes", params={"limit": 50}, headers=by).json()[:DISHES]:
        name, story, tag = pen.text(), pen.text(200), pen.text(20)
        body = {key: value for key, value in dish.items() if key in takes}
        body |= {"name": name, "name_en": name, "description": story, "description_en": story, "tags": [tag]}
        pen.send("PUT", f"/v1/menu/dishes/{dish['id']}", body, by, name, story, tag)
    for each in pen.house.http.get("/v1/menu/categories", headers=by).json():
        name = pen.text(12)
        takes_ = pen.fields("/v1/menu/categories/{category_id}")
        body = {key: value for key, value in each.items() if key in takes_} | {"name": name, "name_en": name}
        pen.send("PUT", f"/v1/menu/categories/{each['id']}", body, by, name)


def _places(pen: Pen, by: dict[str, str], manager: dict[str, str]) -> None:
    http, store_id = pen.house.http, pen.house.store
    for area in http.get(f"/v1/stores/{store_id}/areas", headers=manager).json():
        name = pen.text()
        pen.send("PUT", f"/v1/stores/{store_id}/areas/{area['id']}", {"name": name}, manager, name)
    takes = pen.fields("/v1/stores/{store_id}/tables/{table_id}")
    for table in http.get(f"/v1/stores/{store_id}/tables", headers=manager).json():
        label = pen.text(8)
        body = {key: value for key, value in table.items() if key in takes} | {"label": label}
        pen.send("PUT", f"/v1/stores/{store_id}/tables/{table['id']}", body, manager, label)
    store = http.get(f"/v1/stores/{store_id}", headers=by).json()
    name, address = pen.text(), pen.text(200)
    body = {key: value for key, value in store.items() if key in pen.fields("/v1/stores/{store_id}")}
    pen.send("PUT", f"/v1/stores/{store_id}", body | {"name": name, "address": address}, by, name, address)


def _people(pen: Pen, by: dict[str, str], mine: dict[str, str]) -> None:
    for _ in range(5):
        name, id_ = pen.text(), new_id()
        body = {"id": id_, "login": f"x{id_[-12:]}", "name": name, "password": f"Good taste {id_}"}
        pen.send("POST", "/v1/staff", body, by, name)
    nickname = pen.text(20)
    pen.send("POST", "/v1/me", {"nickname": nickname}, mine, nickname)
    http = pen.house.http
    there = [each["id"] for each in http.get("/v1/me/addresses", headers=mine).json()]
    for id_ in there or [new_id() for _ in range(3)]:
        who, where = pen.text(), pen.text(200)
        address = {"name": who, "phone": "13800138000", "area": where, "detail": where}
        pen.send("PUT", f"/v1/me/addresses/{id_}", address, mine, who, where)


def _coupons(pen: Pen, by: dict[str, str], member_id: str) -> None:
    name, id_ = pen.text(), new_id()
    terms = {"id": id_, "name": name, "name_en": name, "kind": "cash", "value": 1, "valid_days": 9, "limit_each": 9}
    if pen.send("POST", "/v1/coupon-templates", terms, by, name):
        given = {"id": new_id(), "template_id": id_, "member_id": member_id}
        pen.send("POST", "/v1/coupons", given, by)


def _order(pen: Pen, till: dict[str, str], sku_id: str) -> dict[str, Any] | None:
    """Sell a dish for cash, with hostile remarks on its line and on the order."""
    remark, note = pen.text(200), pen.text(200)
    line = {"sku_id": sku_id, "qty": 1, "note": remark}
    cart = {"store_id": pen.house.store, "channel": "counter", "kind": "counter", "lines": [line]}
    quote = pen.send("POST", "/v1/quotes", cart, till)
    if quote is None:
        return None
    due = quote["priced"]["due_fen"]
    body = cart | {"id": new_id(), "seen_due_fen": due, "note": note}
    cash = {"payment_id": new_id(), "tendered_fen": due}
    order: dict[str, Any] | None = pen.send("POST", "/v1/orders", body | {"cash": cash}, till, remark, note)
    return order


def _meal(pen: Pen, till: dict[str, str], mine: dict[str, str], sku_id: str) -> str:
    """Have the member eat, rate the meal and ask for a refund of it, in hostile words; return the order."""
    http, store_id = pen.house.http, pen.house.store
    code = pen.house.member_code(mine)
    seen = http.post("/v1/member-codes/scan", headers=till, json={"code": code, "store_id": store_id}).json()
    cart = {"store_id": store_id, "channel": "counter", "kind": "counter", "lines": [{"sku_id": sku_id, "qty": 1}]}
    cart |= {"member_id": seen["member_id"], "visit_id": seen["visit_id"]}
    due = http.post("/v1/quotes", headers=till, json=cart | {"no_coupon": True}).json()["priced"]["due_fen"]
    body = cart | {"id": new_id(), "seen_due_fen": due, "cash": {"payment_id": new_id(), "tendered_fen": due}}
    order = http.post("/v1/orders", headers=till, json=body).raise_for_status().json()
    words, remark = pen.text(400), pen.text(200)
    pen.send("PUT", f"/v1/orders/{order['id']}/feedback", {"stars": 1, "text": words}, mine, words)
    asked = {"id": new_id(), "why": "other", "seen_amount_fen": due, "remark": remark}
    pen.send("POST", f"/v1/orders/{order['id']}/refund-requests", asked, mine, remark)
    return str(order["id"])


def _party(pen: Pen, manager: dict[str, str]) -> None:
    """Have a phone at a table, under a hostile name, call for something with a hostile note."""
    http = pen.house.http
    tables = http.get(f"/v1/stores/{pen.house.store}/tables", headers=manager).json()
    name, note = pen.text(20), pen.text(200)
    joined = pen.send("POST", f"/v1/tables/{tables[0]['code']}/scan", {"id": new_id(), "name": name}, {}, name)
    if joined:
        pen.send(
            "POST",
            "/v1/seating/calls",
            {"id": new_id(), "kind": "water", "note": note},
            {"seating-token": joined["token"]},
            note,
        )


def _round(pen: Pen, mine: dict[str, str], member_id: str) -> str:
    """Put the next strings everywhere; return an order that has to do with all of it."""
    house = pen.house
    admin, manager, till = house.staff("admin"), house.staff(), house.staff("cashier05")
    _dishes(pen, admin)
    _places(pen, admin, manager)
    _people(pen, admin, mine)
    _coupons(pen, admin, member_id)
    sku_id = _plain(house)
    for _ in range(ORDERS):
        _order(pen, till, sku_id)
    _party(pen, manager)
    return _meal(pen, till, mine, sku_id)


def _plain(house: Any) -> str:
    menu = house.http.get(f"/v1/stores/{house.store}/menu", params={"channel": "counter"}).json()
    return next(
        str(dish["skus"][0]["id"])
        for category in menu["categories"]
        for dish in category["dishes"]
        if len(dish["skus"]) == 1 and not dish["slots"] and not any(each["min_picks"] for each in dish["groups"])
    )


class Eyes:
    """Looks at a page with all that it holds, and says what hostile text has done there."""

    def __init__(self, desk: Any) -> None:
        self.desk, self.page, self.done, self.texts = desk, desk.page, list[str](), list[str]()
        self.page.add_init_script(LISTEN)
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._asked)

    def _dialog(self, dialog: Any) -> None:
        self.done.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Any) -> None:
        own = request.url.startswith((self.desk.house.url, "data:", "blob:"))
        if not own or "/hx" in request.url:
            self.done.append(f"asked for {request.url}")

    def look(self, path: str, ready: str, *, clicks: str = "") -> None:
        """Open a page, wait until it is drawn, and see that nothing of what it shows did anything."""
        self.page.goto(self.desk.house.url + path)
        self.page.wait_for_selector(ready, state="attached")
        self.page.wait_for_timeout(DRAWN_MS)
        if clicks:
            self.page.locator(clicks).first.click()
            self.page.wait_for_timeout(DRAWN_MS)
        found = self.page.evaluate(INJECTED)
        assert found == {"found": [], "ran": [], "broken": [], "braces": False}, (path, found)
        assert self.done == [], path
        self.texts.append(self.page.evaluate("() => document.body.textContent"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve a demonstration of its own: what is written here would trouble other walks."""
    folder = tmp_path_factory.mktemp("hostile")
    with demonstration(folder) as url:
        served = House(url, folder)
        yield served
        served.http.close()


@pytest.mark.timeout(7_200)
def test_no_hostile_text_runs_on_any_screen(open_desk: Open, house: House) -> None:
    pen, signed = Pen(house), house.signed_in_member()
    office, shop, phone = open_desk(), open_desk(), open_desk(390, 844)
    office.sign_in("admin", to="/console")
    shop.sign_in("manager05", to="/pos")
    kept = {"gt.tokens": signed["tokens"], "gt.me": signed["member"]}
    for name, value in kept.items():
        phone.page.add_init_script(f"localStorage[{json.dumps(name)}] ??= {json.dumps(json.dumps(value))}")
    at_office, at_shop, at_phone = Eyes(office), Eyes(shop), Eyes(phone)
    while len(pen.seen) < len(EVERY):
        order_id = _round(pen, bearer(signed), signed["member"]["id"])
        for each in (*CONSOLE, f"orders/{order_id}", f"members/{signed['member']['id']}", f"stores/{house.store}"):
            at_office.look(f"/staff/console/{each}", "h1")
        at_shop.look("/staff/pos", ".dish", clicks=".dish:nth-child(2)")
        for each in (*STORE, f"orders/{order_id}"):
            at_shop.look(f"/staff/{each}", "main, h1, .board, .menu")
        for each in (*DINER, f"#/pay/order/index?id={order_id}"):
            at_phone.look(f"/app/{each}", "uni-page-body")
    all_texts = "\n".join([*at_office.texts, *at_shop.texts, *at_phone.texts])
    shown = {text for text in pen.took if text.strip() in all_texts}
    assert len(shown) > len(pen.took) // 2, (len(shown), len(pen.took), pen.refused)
    _what_is_injected_is_noticed(at_office.page)
    office.faults.clear()


def _what_is_injected_is_noticed(page: Any) -> None:
    page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<img class=hx src=/x onerror=window.ran=1>')")
    page.wait_for_timeout(DRAWN_MS)
    found = page.evaluate(INJECTED)
    assert len(found["found"]) == 1
    assert any("script-src" in each for each in found["broken"])
    assert found["ran"] == []
