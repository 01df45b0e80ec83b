"""Tables in the shop's words: parties that are seated, and phones that share a cart, all through HTTP."""

from __future__ import annotations

from typing import Any

from goodtaste.kernel.ids import new_id
from tests.org_kit import Headers
from tests.shop_kit import Floor, Member, Store, line


class Hall:
    """A store with as many tables as a test wants, and its staff."""

    def __init__(self, floor: Floor, store: Store, tables: list[Any]) -> None:
        self.floor, self.store, self.tables = floor, store, tables
        self.waiter = floor.at("waiter", store)
        self.manager = floor.at("store_manager", store)
        self.codes = {each["id"]: each["code"] for each in tables}
        self.at = {each["label"]: each["id"] for each in tables}

    async def pays(self, how: str, **fees: Any) -> None:
        """Decide how the tables of the store pay, and what comes on top."""
        by = self.floor.at("hq_admin")
        await self.floor.done("PUT", f"/v1/stores/{self.store.id}", await self.paying(how, **fees), by)

    async def paying(self, how: str, **fees: Any) -> dict[str, Any]:
        """Return what is sent to decide how the tables of the store pay."""
        found = await self.floor.done("GET", f"/v1/stores/{self.store.id}", None)
        return {each: found[each] for each in ("name", "city", "address", "hours")} | {"tables_pay": how, "fees": fees}

    async def rules(self, *, diners_open: bool = False, close_when_paid: bool = True) -> None:
        """Decide how the tables are run."""
        asked = {"diners_open": diners_open, "close_when_paid": close_when_paid}
        await self.floor.done("PUT", f"/v1/stores/{self.store.id}/floor-rules", asked, self.manager)

    def opening(self, *labels: str, party: int = 2, **more: Any) -> dict[str, Any]:
        """Return what is sent to seat a party."""
        return {"id": new_id(), "table_ids": [self.at[each] for each in labels], "party": party} | more

    async def open(self, *labels: str, party: int = 2, **more: Any) -> Any:
        """Seat a party."""
        asked = self.opening(*labels, party=party, **more)
        return await self.floor.done("POST", f"/v1/stores/{self.store.id}/seatings", asked, self.waiter)

    async def does(self, seating: Any, what: str, asked: Any = None, *, method: str = "POST") -> Any:
        """Have the waiter do something with a seating."""
        return await self.floor.done(method, f"/v1/seatings/{seating['id']}/{what}", asked or {}, self.waiter)

    async def refused(self, seating: Any, what: str, asked: Any = None, *, method: str = "POST") -> str:
        """Have the waiter refused."""
        return await self.floor.refuses(method, f"/v1/seatings/{seating['id']}/{what}", asked or {}, self.waiter)

    async def seen(self, seating: Any) -> Any:
        """Return a seating as the waiter sees it."""
        return await self.floor.done("GET", f"/v1/seatings/{seating['id']}", None, self.waiter)

    async def map(self) -> dict[str, list[Any]]:
        """Return who sits at which table, by label."""
        found = await self.floor.done("GET", f"/v1/stores/{self.store.id}/seatings", None, self.waiter)
        return {each["label"]: each["parties"] for each in found}

    async def scan(self, label: str, *, member: Member | None = None, **more: Any) -> Phone:
        """Have a phone scan the code of a table."""
        by = self.floor.by(member) if member else {}
        asked = {"id": new_id(), **more}
        joined = await self.floor.done("POST", f"/v1/tables/{self.codes[self.at[label]]}/scan", asked, by)
        return Phone(self, joined, asked)

    async def scan_refused(self, label: str, **more: Any) -> str:
        """Have a phone refused that scans the code of a table."""
        asked = {"id": new_id(), **more}
        return await self.floor.refuses("POST", f"/v1/tables/{self.codes[self.at[label]]}/scan", asked)

    async def order(self, label: str, *names: str) -> Any:
        """Have the waiter order for a table, as a till does."""
        lines: dict[str, Any] = {
            "store_id": self.store.id,
            "channel": "counter",
            "lines": [line(each) for each in names],
        }
        spot = {"kind": "dine_in", "table_id": self.at[label]}
        quote = await self.floor.done("POST", "/v1/quotes", lines | spot, self.waiter)
        asked = {"id": new_id(), "seen_due_fen": quote["priced"]["due_fen"]}
        return await self.floor.done("POST", "/v1/orders", lines | spot | asked, self.waiter)

    async def pay(self, order_id: str) -> Any:
        """Take cash for a bill, all that is due."""
        order = await self.floor.seen(order_id)
        asked = {"id": new_id(), "tendered_fen": order["due_fen"], "seen_due_fen": order["due_fen"]}
        by = self.floor.at("cashier", self.store)
        paid = await self.floor.done("POST", f"/v1/orders/{order_id}/cash", asked, by)
        await self.floor.hear()
        return paid


class Phone:
    """A phone at a table."""

    def __init__(self, hall: Hall, joined: Any, asked: Any) -> None:
        self.hall, self.floor, self.id, self.asked = hall, hall.floor, joined["guest_id"], asked
        self.seating = {"id": joined["seating_id"]}
        self.headers: Headers = {"seating-token": joined["token"]}

    async def looks(self) -> Any:
        """Return what the phone shows."""
        return await self.floor.done("GET", "/v1/seating", None, self.headers)

    async def put(self, choice: Any, *, line_id: str = "", version: int = 1) -> Any:
        """Put a line into the cart, or change it."""
        asked = {"version": version, "choice": choice}
        return await self.floor.done("PUT", f"/v1/seating/cart/{line_id or new_id()}", asked, self.headers)

    async def put_refused(self, choice: Any, *, line_id: str = "", version: int = 1) -> str:
        """Have the phone refused that puts or changes a line."""
        asked = {"version": version, "choice": choice}
        return await self.floor.refuses("PUT", f"/v1/seating/cart/{line_id or new_id()}", asked, self.headers)

    async def sending(self) -> dict[str, Any]:
        """Return what is sent to order what the phone shows."""
        shown = await self.looks()
        lines = [{"id": each["id"], "version": each["version"]} for each in shown["cart"]]
        due_fen = shown["quote"]["priced"]["due_fen"] if shown["quote"] else 0
        return {"id": new_id(), "lines": lines, "seen_due_fen": due_fen}

    async def send(self, asked: Any = None) -> Any:
        """Order what the phone shows."""
        return await self.floor.done("POST", "/v1/seating/rounds", asked or await self.sending(), self.headers)

    async def orders(self, *names: str) -> Any:
        """Put dishes into the cart and order them."""
        for name in names:
            await self.put(line(name))
        return await self.send()


async def a_hall(floor: Floor, tables: str = "B1..B6") -> Hall:
    """Open a store with tables."""
    store = await floor.a_store()
    by = floor.at("hq_admin")
    areas = await floor.done("GET", f"/v1/stores/{store.id}/areas", None, by)
    asked = {"id": new_id(), "area_id": areas[0]["id"], "labels": tables, "seats": 4}
    await floor.done("POST", f"/v1/stores/{store.id}/tables", asked, by)
    return Hall(floor, store, await floor.done("GET", f"/v1/stores/{store.id}/tables", None, by))
