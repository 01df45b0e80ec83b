"""The floor of a day: the stores with their staff signed in, the books, the clocks, and the news that the day has to check."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec

from goodtaste.kernel import clock
from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.ids import new_id
from goodtaste.twin import brand
from goodtaste.twin.book import Books
from goodtaste.twin.client import Api, Who
from goodtaste.twin.goods import Item, read_menu

LOOK_AFTER_S, LOOK_SLOWER, LOOK_EACH_S = 0.01, 1.5, 0.25  # people look again soon at first, then less often
WAIT_MAX_S = 60.0  # the longest that anything may take to be seen; a scanned payment ends after 45 s
DEVICE = "twin"


class NoBrand(Exception):
    """The house has no demo brand: it was not started with `--demo`."""


class Store(msgspec.Struct):
    """A store of the day with who works there: the manager at a desk, the cashier at a till, the cook at the kitchen display."""

    id: str
    code: str
    name: str
    zone: str
    manager: Who
    cashier: Who
    kitchen: Who
    approval: dict[str, str]
    tables: list[str]
    pays_first: bool

    def now(self) -> datetime:
        """Return the time on its clock."""
        return clock.now().astimezone(zone_of(self.zone))


class Floor:
    """Everything that the people of a day share."""

    def __init__(self, api: Api) -> None:
        self.api, self.books = api, Books()
        self.stores: list[Store] = []
        self.items: list[Item] = []
        self.templates: list[str] = []
        self.welcomes: list[str] = []
        self.times: dict[str, list[float]] = defaultdict(list)
        self.fates: dict[str, int] = defaultdict(int)
        self.differences: list[str] = []
        self.dates: set[str] = set()

    def same(self, what: str, *, own: Any, shown: Any) -> None:
        """Note a difference between the day's own books and what the house shows."""
        if own != shown:
            self.differences.append(f"{what}: own {own}, house {shown}")

    async def until(self, look: Callable[[], Awaitable[bool]], *, what: str) -> float:
        """Look until it is so; return after how many seconds.  One that does not come to be is a difference."""
        started, pause_s = perf_counter(), LOOK_AFTER_S
        while not await look():
            if perf_counter() - started > WAIT_MAX_S:
                self.differences.append(f"{what}: not seen within {WAIT_MAX_S:g} s")
                break
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * LOOK_SLOWER, LOOK_EACH_S)
        return perf_counter() - started


async def open_floor(api: Api, *, stores: int) -> Floor:
    """Open the first `stores` of the brand: sign the staff in, pair their terminals, read menu, tables and coupon templates."""
    floor = Floor(api)
    staff = {each.login: each for each in brand.sign_ins()}
    known = {each.store for each in staff.values() if each.store}
    found = [each for each in await api.get("/v1/stores") if each["code"] in known]
    if not found:
        raise NoBrand
    floor.stores = list(await asyncio.gather(*[_open(api, each, staff) for each in found[:stores]]))
    first = floor.stores[0]
    floor.items = read_menu(await api.get(f"/v1/stores/{first.id}/menu", channel="counter"))
    templates = await api.get("/v1/coupon-templates", first.manager)
    there = [each for each in templates["templates"] if each["open"]]
    floor.templates = [each["id"] for each in there if each["claimable"]]
    floor.welcomes = [each["id"] for each in there if each["on_event"] == "member_joined"]
    return floor


async def _open(api: Api, store: dict[str, Any], staff: dict[str, brand.SignIn]) -> Store:
    people = {each.role: each for each in staff.values() if each.store == store["code"]}
    manager, cashier, cook = people["store_manager"], people["cashier"], people["kitchen"]
    signed_in = await api.post(
        "/v1/staff/sign-in", {"login": manager.login, "password": manager.password, "device": DEVICE}
    )
    desk = Who(signed_in["tokens"])
    return Store(
        id=store["id"],
        code=store["code"],
        name=store["name"],
        zone=store["zone"],
        manager=desk,
        cashier=await _at_terminal(api, desk, store["id"], cashier, kind="pos"),
        kitchen=await _at_terminal(api, desk, store["id"], cook, kind="kitchen"),
        approval={"staff_id": manager.staff_id, "pin": manager.pin},
        tables=[each["code"] for each in await api.get(f"/v1/stores/{store['id']}/tables", desk)],
        pays_first=store["tables_pay"] == "pay_first",
    )


async def _at_terminal(api: Api, desk: Who, store_id: str, person: brand.SignIn, *, kind: str) -> Who:
    """Pair a terminal and let somebody sign in at it by PIN."""
    code = await api.post("/v1/terminals/pairings", {"store_id": store_id, "kind": kind}, desk)
    asked = {"id": new_id(), "code": code["code"], "name": f"{DEVICE} {kind}"}
    terminal = Who((await api.post("/v1/terminals/pair", asked))["tokens"])
    by_pin = {"staff_id": person.staff_id, "pin": person.pin}
    return Who((await api.post("/v1/terminals/pin-sign-in", by_pin, terminal))["tokens"])
