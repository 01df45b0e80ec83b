"""How long the kitchen takes: what it promises by its queue, corrected by how long it took before, and how far that was off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import func, select

from goodtaste.floor.kitchen import rules
from goodtaste.floor.kitchen.rows import DishRow
from goodtaste.floor.kitchen.tables import dish, pace
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Day, Id, Query, Read, Steps, add, par, rows, script

HISTORY = timedelta(days=14)  # by which a promise is corrected
DAYS_MAX = 92  # of one report


class Load(msgspec.Struct, frozen=True):
    """What is still to be made at a station, in minutes of one piece after the other."""

    station_id: str
    minutes: int


class Pace(msgspec.Struct, frozen=True):
    """Of dishes at a station: how many, what the queue said, and what they took, in seconds."""

    station_id: str
    n: int
    raw_s: int
    took_s: int


class PaceDay(msgspec.Struct, frozen=True):
    """A day's dishes at a station: off_s is by how much what was promised was off, early or late, over all of them."""

    station_id: str
    business_date: date
    n: int
    promised_s: int
    took_s: int
    off_s: int
    late: int


class PaceView(msgspec.Struct, frozen=True):
    """How a station kept what it promised on a day, in seconds a dish; `bias_s` is above 0 where it took longer than was told."""

    station_id: str
    business_date: date
    dishes: int
    promised_s: int
    took_s: int
    error_s: int
    bias_s: int
    late: int


_LEFT = dish.c.minutes * (dish.c.waiting + dish.c.cooking)
LOAD = Read(
    select(dish.c.station_id, func.sum(_LEFT).label("minutes"))
    .where(dish.c.store_id == par("store_id", Id), dish.c.waiting + dish.c.cooking + dish.c.ready > 0)
    .group_by(dish.c.station_id),
    Load,
)
PACE = Read(
    select(
        pace.c.station_id,
        func.sum(pace.c.n).label("n"),
        func.sum(pace.c.raw_s).label("raw_s"),
        func.sum(pace.c.took_s).label("took_s"),
    )
    .where(pace.c.store_id == par("store_id", Id), pace.c.business_date >= par("since", Day))
    .group_by(pace.c.station_id),
    Pace,
)
_DAY = [pace.c[name] for name in PaceDay.__struct_fields__]
DAYS = Read(
    select(*_DAY)
    .where(pace.c.store_id == par("store_id", Id), pace.c.business_date >= par("since", Day))
    .order_by(pace.c.business_date.desc(), pace.c.station_id),
    PaceDay,
)
TOOK = add(
    pace,
    key=["store_id", "station_id", "business_date"],
    counters=["n", "raw_s", "promised_s", "took_s", "off_s", "late"],
    create=True,
)


class Promise(msgspec.Struct, frozen=True):
    """How long a dish should take, in seconds: by the queue alone, and as it is told."""

    raw_s: int
    promised_s: int


class Queue:
    """The queues of a kitchen while promises are made: each dish that is promised stands before the next."""

    def __init__(self, load: Sequence[Load], paces: Sequence[Pace], capacity: Mapping[str, int]) -> None:
        self._ahead = {each.station_id: each.minutes for each in load}
        self._factor = {each.station_id: rules.factor(n=each.n, raw_s=each.raw_s, took_s=each.took_s) for each in paces}
        self._capacity = capacity

    def promise(self, station_id: str, *, minutes: int, qty: int) -> Promise:
        """Say how long pieces of a dish should take that are fired now."""
        ahead, capacity = self._ahead.get(station_id, 0), self._capacity.get(station_id, 1)
        raw_s = rules.queue_s(ahead_minutes=ahead, minutes=minutes, qty=qty, capacity=capacity)
        self._ahead[station_id] = ahead + minutes * qty
        return Promise(raw_s, round(raw_s * self._factor.get(station_id, 1.0)))


def queries(store_id: str, *, at: datetime) -> tuple[Query[Load], Query[Pace]]:
    """Return the queries of what a promise is made of."""
    return LOAD(store_id=store_id), PACE(store_id=store_id, since=at.date() - HISTORY)


def off_s(row: DishRow, *, at: datetime) -> float:
    """Return how much later than promised a dish is that is ready at `at`, in seconds; below 0 where it is early."""
    return (at - row.fired_at).total_seconds() - row.promised_s


def took(made: Sequence[DishRow], *, today: date, at: datetime) -> Change:
    """Return the change that remembers how long dishes took that are ready now."""
    return TOOK.many([_took(each, today, at) for each in made])


def _took(row: DishRow, today: date, at: datetime) -> dict[str, Any]:
    off = round(off_s(row, at=at))
    return {
        "store_id": row.store_id,
        "station_id": row.station_id,
        "business_date": today,
        "n": 1,
        "raw_s": row.raw_s,
        "promised_s": row.promised_s,
        "took_s": round((at - row.fired_at).total_seconds()),
        "off_s": abs(off),
        "late": int(off > 0),
    }


@script
def report(store_id: str, *, since: date, actor: Actor) -> Steps[list[PaceView]]:
    """Return how the stations of a store kept what they promised, day by day since a date, the latest first."""
    actor.need("order.read", store_id=store_id)
    return [
        PaceView(
            each.station_id,
            each.business_date,
            each.n,
            each.promised_s // each.n,
            each.took_s // each.n,
            each.off_s // each.n,
            (each.took_s - each.promised_s) // each.n,
            each.late,
        )
        for each in (yield from rows(DAYS(store_id=store_id, since=since)))
    ]
