"""Hurrying (催菜): a diner or a waiter asks where a dish is; it is counted, and diners ask again only after a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from goodtaste.floor.kitchen.rows import OF_ORDERS, DishRow, Pass
from goodtaste.floor.live import topics
from goodtaste.floor.printing import making as printing
from goodtaste.floor.seating.rows import BY_ORDERS, ORDERS, at_table
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.ordering import api as ordering

AGAIN_AFTER = timedelta(minutes=5)  # between two times that diners hurry the same order


class NothingToHurry(Refusal):
    """Raised when nothing that was ordered is still to be made."""

    code = "floor.nothing_to_hurry"


class HurriedAlready(Refusal):
    """Raised when diners hurried a moment ago.  Facts: `wait_s`."""

    code = "floor.hurried_already"
    status = 429


class Hurried(msgspec.Struct, frozen=True):
    """How many dishes the kitchen was asked for."""

    dishes: int


@script
def hurry_order(order_id: str, *, actor: Actor, at: datetime) -> Steps[Hurried]:
    """Ask the kitchen for what of an order is still to be made; its member only every `AGAIN_AFTER`."""
    store_id = yield from ordering.store_of(order_id, actor=actor)
    if actor.kind != "member":
        actor.need("order.place", store_id=store_id)
    return (yield from _hurry([order_id], at=at, limited=actor.kind == "member"))


@script
def hurry_table(guest_id: str, epoch: int, *, at: datetime) -> Steps[Hurried]:
    """Ask the kitchen, from a phone at the table, for what is still to be made; every `AGAIN_AFTER`."""
    who = yield from at_table(guest_id, epoch)
    of = yield from rows(ORDERS(seating_id=who.seating.id))
    return (yield from _hurry([each.order_id for each in of], at=at, limited=True))


def _hurry(order_ids: Sequence[str], *, at: datetime, limited: bool) -> Steps[Hurried]:
    found = yield from rows(OF_ORDERS(order_ids=list(order_ids)))
    late = [each for each in found if each.waiting + each.cooking]
    if not late:
        raise NothingToHurry
    last = max((each.hurried_at for each in late if each.hurried_at), default=None)
    if limited and last and at < last + AGAIN_AFTER:
        raise HurriedAlready(wait_s=round((last + AGAIN_AFTER - at).total_seconds()))
    of = yield from rows(BY_ORDERS(order_ids=list(order_ids)))
    kitchen = Pass(found, [], at=at)
    for row in late:
        kitchen.put(msgspec.structs.replace(row, hurried=row.hurried + 1, hurried_at=at))
    asked = printing.hurried(list(dict.fromkeys(each.order_id for each in late)), at=at)
    yield [*kitchen.changes(), asked, topics.moved(*_topics(late, [each.seating_id for each in of]))]
    return Hurried(len(late))


def _topics(late: Sequence[DishRow], seating_ids: Sequence[str]) -> list[str]:
    orders = [topics.order_of(each) for each in dict.fromkeys(row.order_id for row in late)]
    return [topics.kitchen_of(late[0].store_id), *orders, *map(topics.seating_of, dict.fromkeys(seating_ids))]
