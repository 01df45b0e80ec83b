"""Opening a seating: by the staff, or by a diner's scan where the store lets diners open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import msgspec

from goodtaste.floor.live import topics
from goodtaste.floor.seating.rows import (
    AT_TABLES,
    NEW_SEATING,
    NEW_SEATS,
    RULES,
    SEATING,
    TABLES_MAX,
    Seat,
    SeatingRow,
    StoreRules,
    TableTaken,
)
from goodtaste.floor.seating.tables import store_rules
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Steps, first, put, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id, fingerprint, same_or_taken
from goodtaste.kernel.input import Input
from goodtaste.ordering.api import PARTY_MAX
from goodtaste.org.api import Directory

Party = Annotated[int, msgspec.Meta(ge=1, le=PARTY_MAX, description="How many people")]
Tables = Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=TABLES_MAX)]


class WaiterUnknown(Refusal):
    """Raised for a waiter who does not work at the store.  Facts: `staff_id`."""

    code = "floor.waiter_unknown"


class OpenSeating(Input, frozen=True):
    """What is sent to seat a party.  `share` lets it sit beside another one at a table (拼台); by default its waiter is who sends it."""

    id: Id
    table_ids: Tables
    party: Party
    waiter_id: Id | None = None
    share: bool = False


class RulesAsked(Input, frozen=True):
    """How a store wants to run its tables."""

    diners_open: bool
    close_when_paid: bool


SET_RULES = put(store_rules, key=["store_id"])


@script
def open_seating(
    store_id: str, asked: OpenSeating, *, actor: Actor, directory: Directory, today: date, at: datetime
) -> Steps[SeatingRow]:
    """Seat a party at tables of a store, once per `asked.id`.  Refuses `TableTaken`, `TableUnknown`, `WaiterUnknown`."""
    actor.need("order.place", store_id=store_id)
    mark = fingerprint([store_id, asked])
    before, there = yield from together(SEATING(id=asked.id), AT_TABLES(table_ids=list(asked.table_ids)))
    if before:
        same_or_taken(before[0].fingerprint, mark, id_=asked.id)
        return before[0]
    for table_id in asked.table_ids:
        directory.table(table_id, store_id=store_id)
    waiter_id = asked.waiter_id or (actor.id if actor.kind == "staff" else None)
    if waiter_id:
        works_here(directory, waiter_id, store_id=store_id)
    row = new_row(asked.id, store_id, party=asked.party, opened_by=actor.id, mark=mark, today=today, at=at)
    row = msgspec.structs.replace(row, waiter_id=waiter_id)
    facts: dict[str, Any] = {"tables": list(asked.table_ids), "party": asked.party, "waiter_id": waiter_id}
    yield [
        *opened(row, free_slots(asked.table_ids, there, share=asked.share)),
        audit.note(actor, "floor.opened", subject=f"seating/{row.id}", store_id=store_id, at=at, **facts),
    ]
    return row


def new_row(id_: str, store_id: str, *, party: int, opened_by: str, mark: str, today: date, at: datetime) -> SeatingRow:
    """Return a seating that begins."""
    return SeatingRow(id_, store_id, "open", party, None, None, opened_by, mark, today, at, None, None, 1)


def opened(row: SeatingRow, slots: Sequence[tuple[str, int]]) -> list[Change]:
    """Return the changes that write a new seating at its tables."""
    return [
        NEW_SEATING(**msgspec.structs.asdict(row)),
        NEW_SEATS.many([{"table_id": table, "slot": slot, "seating_id": row.id} for table, slot in slots]),
        topics.moved(topics.floor_of(row.store_id), topics.seating_of(row.id)),
    ]


def free_slots(table_ids: Sequence[str], there: Sequence[Seat], *, share: bool) -> list[tuple[str, int]]:
    """Return where a party may sit at each table; refuses `TableTaken` where others sit, or two parties share it already."""
    slots = []
    for table_id in dict.fromkeys(table_ids):
        taken = {each.slot: each.seating_id for each in there if each.table_id == table_id}
        free = [slot for slot in (1, 2) if slot not in taken]
        if taken and (not share or not free):
            raise TableTaken(table=table_id, seating_id=next(iter(taken.values())))
        slots.append((table_id, free[0]))
    return slots


def works_here(directory: Directory, staff_id: str, *, store_id: str) -> None:
    """Refuse `WaiterUnknown` for who is not of the staff, has left, or may not take orders at the store."""
    person = directory.staff.get(staff_id)
    actor = Actor("staff", staff_id, grants=directory.grants.get(staff_id, ()))
    if person is None or not person.active or not actor.can("order.place", store_id=store_id):
        raise WaiterUnknown(staff_id=staff_id)


@script
def read_rules(store_id: str, *, actor: Actor) -> Steps[StoreRules]:
    """Return how a store runs its tables."""
    actor.need("order.read", store_id=store_id)
    return (yield from first(RULES(store_id=store_id))) or StoreRules()


@script
def set_rules(store_id: str, asked: RulesAsked, *, actor: Actor, at: datetime) -> Steps[StoreRules]:
    """Let a store run its tables by other rules, from now on."""
    actor.need("table.edit", store_id=store_id)
    before = (yield from first(RULES(store_id=store_id))) or StoreRules()
    after = StoreRules(asked.diners_open, asked.close_when_paid)
    yield [
        SET_RULES(store_id=store_id, **msgspec.structs.asdict(after)),
        audit.note(
            actor, "floor.rules_set", subject=f"store/{store_id}", store_id=store_id, at=at, before=before, after=after
        ),
    ]
    return after
