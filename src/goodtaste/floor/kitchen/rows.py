"""Dishes in the kitchen as they are stored, and the working set in which what happened to them is reckoned before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, select, update

from goodtaste.floor.kitchen import rules
from goodtaste.floor.kitchen.rules import Counts
from goodtaste.floor.kitchen.tables import NO_STATION, dish, owed
from goodtaste.kernel.db import Change, Id, Int, ListOf, Query, Read, Str, change, in_list, insert, par
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id

OPEN_MAX = 2_000  # dishes under way in one kitchen

Key = tuple[str, str]  # dish and order


class KitchenMoved(Refusal):
    """Raised when a dish changed in the kitchen at the same moment."""

    code = "floor.kitchen_changed"
    guards = ("floor_dish_moved", "floor_dish_adds_up", "floor_dish_counts", "floor_dish_pkey")


class DishRow(msgspec.Struct, frozen=True):
    """Pieces of a dish on one bill, as a row."""

    dish_id: str
    order_id: str
    of_dish_id: str
    each: int
    ticket_id: str
    store_id: str
    station_id: str
    table_id: str | None
    kind: str
    sku_id: str
    name: str
    of_set: str
    options: str
    note: str
    course: int
    guest: str
    minutes: int
    fired: int
    waiting: int
    cooking: int
    ready: int
    served: int
    returned: int
    hurried: int
    hurried_at: datetime | None
    fired_at: datetime
    raw_s: int
    promised_s: int
    ready_at: datetime | None
    version: int

    @property
    def key(self) -> Key:
        """Which dish on which bill."""
        return self.dish_id, self.order_id

    @property
    def counts(self) -> Counts:
        """Where its pieces stand."""
        return Counts(self.fired, self.waiting, self.cooking, self.ready, self.served, self.returned)

    def having(self, counts: Counts) -> DishRow:
        """Return the row with other counts."""
        return msgspec.structs.replace(self, **msgspec.structs.asdict(counts))


class OwedRow(msgspec.Struct, frozen=True):
    """Pieces that are to be given back, or moved, once they are heard of."""

    id: str
    dish_id: str
    order_id: str
    to_order_id: str | None
    table_id: str | None
    qty: int
    at: datetime


_DISH = [dish.c[name] for name in DishRow.__struct_fields__]
_OWED = [owed.c[name] for name in OwedRow.__struct_fields__]
_CHANGES = {name: column.type for name, column in dish.c.items() if name not in ("dish_id", "order_id", "version")}
DISHES = Read(
    select(*_DISH).where(in_list(dish.c.dish_id, par("dish_ids", ListOf))).order_by(dish.c.dish_id, dish.c.order_id),
    DishRow,
)
OF_ORDERS = Read(
    select(*_DISH)
    .where(in_list(dish.c.order_id, par("order_ids", ListOf)))
    .order_by(dish.c.fired_at, dish.c.dish_id, dish.c.order_id),
    DishRow,
)
OF_TICKET = Read(
    select(*_DISH).where(dish.c.ticket_id == par("ticket_id", Id)).order_by(dish.c.dish_id, dish.c.order_id),
    DishRow,
)
UNDER_WAY = Read(
    select(*_DISH)
    .where(dish.c.store_id == par("store_id", Id), dish.c.waiting + dish.c.cooking + dish.c.ready > 0)
    .order_by(dish.c.fired_at, dish.c.ticket_id, dish.c.dish_id)
    .limit(OPEN_MAX),
    DishRow,
)
OWED = Read(
    select(*_OWED).where(in_list(owed.c.dish_id, par("dish_ids", ListOf))).order_by(owed.c.at, owed.c.id), OwedRow
)
NEW = insert(dish)
CHANGED = change(
    update(dish)
    .where(
        dish.c.dish_id == par("dish_id", Id), dish.c.order_id == par("order_id", Id), dish.c.version == par("seen", Int)
    )
    .values(version=dish.c.version + 1, **{name: par(name, type(kind)) for name, kind in _CHANGES.items()}),  # type: ignore[arg-type]
    guard="floor_dish_moved",
)
OWE = insert(owed)
OWE_LESS = change(update(owed).where(owed.c.id == par("id", Id)).values(qty=par("qty", Int)), guard="floor_dish_moved")
OWE_NOTHING = change(delete(owed).where(owed.c.id == par("id", Id)), guard="floor_dish_moved")


def of_dishes(dish_ids: Sequence[str]) -> tuple[Query[DishRow], Query[OwedRow]]:
    """Return the queries of dishes on every bill, and of what is owed of them."""
    ids = list(dict.fromkeys(dish_ids))
    return DISHES(dish_ids=ids), OWED(dish_ids=ids)


class Pass:
    """Dishes while something happens to them: what was read, what becomes of it, and the changes that write it."""

    def __init__(self, found: Sequence[DishRow], owing: Sequence[OwedRow], *, at: datetime) -> None:
        self._seen = {each.key: each for each in found}
        self.now = dict(self._seen)
        self._owing = {each.id: each for each in owing}
        self._owed_before = dict(self._owing)
        self._at = at

    def fire(self, row: DishRow, qty: int) -> None:
        """Let pieces be made; `row` says what and where, if the dish was not known on this bill."""
        known = self.now.get(row.key)
        if known and known.waiting + known.cooking + known.ready:
            row = msgspec.structs.replace(row, ticket_id=known.ticket_id)
        if known:
            row = msgspec.structs.replace(
                row, hurried=known.hurried, hurried_at=known.hurried_at, version=known.version
            )
        self.now[row.key] = row.having(rules.fire(known.counts if known else Counts(), qty))
        self._settle(row.key)

    def give_back(self, key: Key, qty: int) -> None:
        """Take pieces back; those that were not heard of yet are owed."""
        self._owe(key, qty, to=None, table_id=None)

    def give_all_back(self) -> None:
        """Take back whatever is still wanted of every dish."""
        for key, row in list(self.now.items()):
            self._back(key, row.counts.wanted)

    def move(self, dish_id: str, qty: int, *, from_: str, to: str, table_id: str | None) -> None:
        """Let pieces be on another bill, each where it stands; those that were not heard of yet are owed."""
        if to != from_:
            self._owe((dish_id, from_), qty, to=to, table_id=table_id)

    def put(self, row: DishRow) -> None:
        """Let a dish be as it is in `row`."""
        self.now[row.key] = row

    def _owe(self, key: Key, qty: int, *, to: str | None, table_id: str | None) -> None:
        row = OwedRow(new_id(), key[0], key[1], to, table_id, qty, self._at)
        self._owing[row.id] = row
        self._settle(key)
        if row.id in self._owing and key not in self.now:
            self.now[key] = _unheard(key, self._at)

    def _settle(self, key: Key) -> None:
        """Do what is owed of a dish on a bill, as far as there are pieces; a debt is off before they go, for they may come round again."""
        while row := next((each for each in self._owing.values() if (each.dish_id, each.order_id) == key), None):
            qty = min(row.qty, self.now[key].counts.wanted) if key in self.now else 0
            if not qty:
                return
            if row.qty > qty:
                self._owing[row.id] = msgspec.structs.replace(row, qty=row.qty - qty)
            else:
                del self._owing[row.id]
            if row.to_order_id:
                self._go(key, qty, row.to_order_id, row.table_id)
            else:
                self._back(key, qty)

    def _back(self, key: Key, qty: int) -> None:
        self.now[key] = self.now[key].having(rules.give_back(self.now[key].counts, qty))

    def _go(self, key: Key, qty: int, to: str, table_id: str | None) -> None:
        known = self.now[key]
        counts, went = rules.leave(known.counts, qty)
        self.now[key] = known.having(counts)
        there = self.now.get((key[0], to))
        if there is None or not there.fired:
            fresh = {"order_id": to, "table_id": table_id, "version": there.version if there else 0}
            there = msgspec.structs.replace(known, **fresh).having(Counts())
        self.now[there.key] = there.having(rules.arrive(there.counts, went))
        self._settle(there.key)

    @property
    def changed(self) -> list[DishRow]:
        """The dishes that are not as they were."""
        return [row for key, row in self.now.items() if row != self._seen.get(key)]

    def changes(self) -> list[Change]:
        """Return the changes that write what happened.

        What is left owing marks the dish on every bill it is known of: who moves it there at the same moment looks again, and settles it.
        """
        before, now = self._owed_before, self._owing
        owing = {row.dish_id for id_, row in now.items() if id_ not in before}
        fresh = [each for each in self.changed if each.key not in self._seen]
        moved = [
            row for key, row in self.now.items() if key in self._seen and (row != self._seen[key] or key[0] in owing)
        ]
        less = [{"id": id_, "qty": row.qty} for id_, row in now.items() if id_ in before and row != before[id_]]
        return [
            NEW.many([msgspec.structs.asdict(each) | {"version": 1} for each in fresh]),
            CHANGED.many([_written(each, self._seen[each.key].version) for each in moved]),
            OWE.many([msgspec.structs.asdict(row) for id_, row in now.items() if id_ not in before]),
            OWE_LESS.many(less),
            OWE_NOTHING.many([{"id": id_} for id_ in before.keys() - now.keys()]),
        ]


def _unheard(key: Key, at: datetime) -> DishRow:
    """Return the row of a dish that is owed on a bill before any piece of it was heard of there.

    It says nothing, and is nowhere; whoever brings the first piece at the same moment meets it, looks again, and settles what is owed.
    """
    blank: dict[str, Any] = {name: "" if isinstance(kind, Str) else 0 for name, kind in _CHANGES.items()}
    nowhere = {name: NO_STATION for name in ("of_dish_id", "ticket_id", "store_id", "station_id", "sku_id")}
    never = {"table_id": None, "hurried_at": None, "ready_at": None, "fired_at": at, "options": "[]"}
    return DishRow(dish_id=key[0], order_id=key[1], version=0, **blank | nowhere | never)


def _written(row: DishRow, seen: int) -> dict[str, Any]:
    fields = msgspec.structs.asdict(row) | {"seen": seen}
    del fields["version"]
    return fields
