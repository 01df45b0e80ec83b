"""A day of the demo brand, played over the public API: the stores open, diners come and go, some things go wrong, the books are closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from goodtaste.kernel import clock
from goodtaste.kernel.ids import new_id
from goodtaste.twin import moments, plan, proof
from goodtaste.twin.client import TIMEOUT_S, Api, Refused, Unexpected
from goodtaste.twin.floor import Floor, Store, open_floor
from goodtaste.twin.goods import takes
from goodtaste.twin.people import visit
from goodtaste.twin.person import Person

STORES = 5
SPARE = 20  # portions that are there beyond what the plan needs
OPEN_ALL_DAY = {"spans": [{"opens": 0, "closes": 1440}], "note": "twin"}


class Report(msgspec.Struct, frozen=True):
    """What a day was.  Money in fen, times in seconds; the day held where `differences` and `unexpected` are empty."""

    orders: int
    diners: int
    members: int
    calls: int
    took_s: float
    paid_fen: dict[str, int]
    refunded_fen: dict[str, int]
    coupons_used: int
    coupon_fen: int
    points_used: int
    points_earned: int
    fates: dict[str, int]
    refusals: dict[str, int]
    times: dict[str, list[float]]
    differences: list[str]
    unexpected: list[str]

    @property
    def holds(self) -> bool:
        """Whether everything reconciles, and nothing was refused that should not have been."""
        return not self.differences and not self.unexpected


class Day:
    """A day that was played and is to be proved."""

    def __init__(self, floor: Floor, people: list[Person], before: proof.Marks, took_s: float) -> None:
        self.floor, self.people, self.before, self.took_s = floor, people, before, took_s

    async def reconcile(self) -> None:
        """Compare the day's books with what the API shows."""
        await proof.reconcile(self.floor, self.people, self.before)

    def report(self) -> Report:
        """Return what the day was."""
        floor, sales = self.floor, list(self.floor.books.sales.values())
        paid, refunded = Counter[str](), Counter[str]()
        for sale in sales:
            if sale.method:
                paid[sale.method] += sale.paid_fen
                refunded[sale.method] += sale.refunded_fen
        kept = [sale for sale in sales if sale.method]
        return Report(
            orders=len(sales),
            diners=len(self.people),
            members=sum(person.is_member for person in self.people),
            calls=floor.api.calls,
            took_s=self.took_s,
            paid_fen=dict(sorted(paid.items())),
            refunded_fen=dict(sorted(refunded.items())),
            coupons_used=sum(sale.offer is not None for sale in kept),
            coupon_fen=sum(sale.bill.coupon_fen for sale in kept),
            points_used=sum(sale.bill.points for sale in kept),
            points_earned=sum(sale.earned for sale in kept),
            fates={name: n for name, n in sorted(floor.fates.items()) if not name.startswith("gift ")},
            refusals=dict(sorted(floor.api.refusals.items())),
            times={name: sorted(values) for name, values in sorted(floor.times.items())},
            differences=floor.differences,
            unexpected=floor.api.unexpected,
        )


async def play(
    http: httpx.AsyncClient, *, orders: int, diners: int, seed: int, stores: int = STORES, speed: float = 0.0
) -> Day:
    """Play a day of so many orders, with so many diners at once.

    `speed` is how many times faster than life it goes; 0 is as fast as the house can.
    """
    floor = await open_floor(Api(http), stores=stores)
    planned = plan.make(seed=seed, orders=orders, stores=len(floor.stores), items=floor.items)
    async with open_all_day(floor):
        await _lay_in(floor, planned)
        before = await proof.mark(floor)
        run = new_id().replace("-", "")
        people = [Person(each, run) for each in planned]
        started = perf_counter()
        seats = asyncio.Semaphore(diners)
        await asyncio.gather(*[_serve(floor, each, seats, started=started, speed=speed) for each in people])
        took_s = perf_counter() - started
        people += await moments.play(floor, run, seed=seed)
    return Day(floor, people, before, took_s)


@contextlib.asynccontextmanager
async def open_all_day(floor: Floor) -> AsyncIterator[None]:
    """Keep the stores open around the clock meanwhile."""
    hours = [await _open_long(floor, store) for store in floor.stores]
    try:
        yield
    finally:
        await asyncio.gather(*[_close(floor, store, days) for store, days in zip(floor.stores, hours, strict=True)])


async def _lay_in(floor: Floor, planned: Sequence[plan.Diner]) -> None:
    """Let the managers lay in what the day needs, where portions are counted and too few."""
    needed = Counter[tuple[str, str]]()
    for each in (each for diner in planned for each in diner.visits):
        for sku_id, n in takes([*each.wishes, *each.round_two]).items():
            needed[floor.stores[each.store].id, sku_id] += n
    for store in floor.stores:
        for row in await floor.api.get(f"/v1/stores/{store.id}/stock", store.manager):
            wanted = needed[store.id, row["sku_id"]] + SPARE
            if row["portions_left"] is not None and row["portions_left"] < wanted:
                more = {"left": wanted, "daily": row["portions_daily"], "reason": "twin"}
                await floor.api.put(f"/v1/stores/{store.id}/stock/{row['sku_id']}/portions", more, store.manager)


async def _serve(floor: Floor, person: Person, seats: asyncio.Semaphore, *, started: float, speed: float) -> None:
    """Serve one diner: at a pace each visit at its time, else all of them one after the other."""
    visits = person.plan.visits
    try:
        for sitting in [[each] for each in visits] if speed else [visits]:
            if speed:
                await asyncio.sleep(max(sitting[0].at_s / speed - (perf_counter() - started), 0))
            async with seats:
                if sitting[0] is visits[0] and person.plan.way != "guest":
                    await person.join(floor)
                for each in sitting:
                    await visit(floor, person, each)
    except Unexpected:
        return  # the call is on the list of what was unexpected; this diner goes home
    except Refused as refused:
        floor.api.unexpected.append(f"diner {person.plan.no}: {refused.code} {refused.facts}")
    except httpx.HTTPError as error:
        floor.api.unexpected.append(f"diner {person.plan.no}: {error!r}")


async def _open_long(floor: Floor, store: Store) -> dict[date, Any]:
    """Keep a store open around the clock, yesterday to tomorrow, and return the hours that those dates had of their own."""
    today = clock.now().astimezone(ZoneInfo(store.zone)).date()
    shown = await floor.api.get(f"/v1/stores/{store.id}")
    own = {each["day"]: each for each in shown["special_days"]}
    days: dict[date, Any] = {day: own.get(day.isoformat()) for day in (today, today + timedelta(days=1))}
    for day in days:
        await floor.api.put(f"/v1/stores/{store.id}/special-days/{day}", OPEN_ALL_DAY, store.manager)

    async def is_open() -> bool:
        return bool((await floor.api.get(f"/v1/stores/{store.id}"))["open_now"])

    await floor.until(is_open, what=f"{store.name} opens")
    return days


async def _close(floor: Floor, store: Store, days: dict[date, Any]) -> None:
    """Give the dates the hours that they had."""
    for day, own in days.items():
        path = f"/v1/stores/{store.id}/special-days/{day}"
        if own is None:
            await floor.api.delete(path, store.manager)
        else:
            await floor.api.put(path, {"spans": own["spans"], "note": own["note"]}, store.manager)


def client(url: str, *, diners: int) -> httpx.AsyncClient:
    """Return a client that keeps a connection open for each diner."""
    limits = httpx.Limits(max_connections=diners + 8, max_keepalive_connections=diners + 8)
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, limits=limits, trust_env=False)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of sorted `values` lie; 0 of none."""
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0
