"""Areas and tables of a store.  Each table carries a printed QR code with 80 random bits, which never changes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Flag,
    Id,
    Int,
    ListOf,
    Read,
    Steps,
    Str,
    change,
    in_list,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, fingerprint
from goodtaste.kernel.input import PRINTABLE, Input, Name
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.secrets import new_code
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.org import rules, stores
from goodtaste.org.directory import Directory, TableUnknown
from goodtaste.org.tables import SNAPSHOT, area, dining_table

CODE_SYMBOLS = 16  # 80 random bits
AREAS_MAX = 50  # of one store
TABLES_MAX = 500  # of one store

Seats = Annotated[int, msgspec.Meta(ge=1, le=60)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=rules.LABEL_MAX, pattern=PRINTABLE)]


class AreaUnknown(Refusal):
    """Raised for an area that does not exist, or is in another store.  Facts: `area_id`."""

    code = "org.area_unknown"
    status = 404


class AreaNameTaken(Refusal):
    """Raised when another area of the store has the name.  Facts: `name`."""

    code = "org.area_name_taken"
    guards = ("org_area_name_key",)


class LabelTaken(Refusal):
    """Raised when another table of the store has the label.  Facts: `label`."""

    code = "org.table_label_taken"
    guards = ("org_table_label_key",)


class BadLabels(Refusal):
    """Raised for labels that cannot be read, that come twice, or are too many.  Facts: `part`."""

    code = "org.bad_labels"
    status = 422


class TooMany(Refusal):
    """Raised when a store would have more areas or tables than it may.  Facts: `limit`."""

    code = "org.too_many_places"


class NewArea(Input, frozen=True):
    """What makes an area, such as a hall or a terrace."""

    id: IdText
    name: Name


class Rename(Input, frozen=True):
    """Another name."""

    name: Name


class NewTables(Input, frozen=True):
    """What makes tables.  `labels` names one or many: `A1..A12`, or `A1, A2, 包厢`; each has so many seats.  The id is the act's."""

    id: IdText
    area_id: IdText
    labels: Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=PRINTABLE)]
    seats: Seats


class TableDetails(Input, frozen=True):
    """What a table is; one that is not `active` takes no orders."""

    area_id: IdText
    label: Label
    seats: Seats
    active: bool


class Area(msgspec.Struct, frozen=True):
    """An area of a store."""

    id: str
    store_id: str
    name: str


class TableRow(msgspec.Struct, frozen=True):
    """A table as its row says; `code` is what its QR carries."""

    id: str
    store_id: str
    area_id: str
    label: str
    seats: int
    code: str
    active: bool


class TableAt(msgspec.Struct, frozen=True):
    """Where a diner sits who scanned a table's code."""

    table_id: str
    label: str
    area: str
    seats: int
    store_id: str
    store_name: str
    store_name_en: str
    store_open_now: bool


class _Count(msgspec.Struct, frozen=True):
    n: int


_AREA = [area.c[name] for name in Area.__struct_fields__]
_TABLE = [dining_table.c[name] for name in TableRow.__struct_fields__]
AREAS = Read(select(*_AREA).where(area.c.store_id == par("store_id", Id)).order_by(area.c.name).limit(AREAS_MAX), Area)
NEW_AREA = insert(area)
RENAME_AREA = change(update(area).where(area.c.id == par("id", Id)).values(name=par("name", Str)))
COUNT = Read(select(func.count().label("n")).where(dining_table.c.store_id == par("store_id", Id)), _Count)
TABLES = Read(
    select(*_TABLE)
    .where(dining_table.c.store_id == par("store_id", Id))
    .order_by(dining_table.c.label)
    .limit(TABLES_MAX),
    TableRow,
)
LABELLED = Read(
    select(*_TABLE).where(
        dining_table.c.store_id == par("store_id", Id), in_list(dining_table.c.label, par("labels", ListOf))
    ),
    TableRow,
)
BY_IDS = Read(
    select(*_TABLE).where(in_list(dining_table.c.id, par("ids", ListOf))).order_by(dining_table.c.id), TableRow
)
NEW_TABLES = insert(dining_table)
CHANGE_TABLE = change(
    update(dining_table)
    .where(dining_table.c.id == par("id", Id))
    .values(area_id=par("area_id", Id), label=par("label", Str), seats=par("seats", Int), active=par("active", Flag))
)


@script
def make_area(store_id: str, asked: NewArea, *, actor: Actor, at: datetime) -> Steps[Area]:
    """Make an area, once per `asked.id`.  Refuses `StoreUnknown`, `AreaNameTaken`, `TooMany`."""
    actor.need("table.edit", store_id=store_id)
    mark = fingerprint([store_id, asked])
    seen, before, found, there = yield from together(
        version_of(SNAPSHOT), made_before(asked.id), stores.ONE(id=store_id), AREAS(store_id=store_id)
    )
    stores.known(found, store_id)
    if is_same(before, mark):
        return _area(there, asked.id)
    _free_name(there, asked.name)
    if len(there) == AREAS_MAX:
        raise TooMany(limit=AREAS_MAX)
    made = Area(asked.id, store_id, asked.name)
    yield [
        moved_from(SNAPSHOT, seen),
        NEW_AREA(**msgspec.structs.asdict(made)),
        remember(asked.id, mark),
        audit.note(actor, "org.area_made", subject=f"area/{made.id}", store_id=store_id, at=at, name=made.name),
    ]
    return made


@script
def rename_area(store_id: str, *, area_id: str, asked: Rename, actor: Actor, at: datetime) -> Steps[Area]:
    """Give an area another name.  Refuses `AreaUnknown`, `AreaNameTaken`."""
    actor.need("table.edit", store_id=store_id)
    seen, there = yield from together(version_of(SNAPSHOT), AREAS(store_id=store_id))
    before = _area(there, area_id)
    if before.name == asked.name:
        return before
    _free_name(there, asked.name)
    yield [
        moved_from(SNAPSHOT, seen),
        RENAME_AREA(id=area_id, name=asked.name),
        audit.note(
            actor,
            "org.area_renamed",
            subject=f"area/{area_id}",
            store_id=store_id,
            at=at,
            before=before.name,
            name=asked.name,
        ),
    ]
    return msgspec.structs.replace(before, name=asked.name)


@script
def make_tables(store_id: str, asked: NewTables, *, actor: Actor, at: datetime) -> Steps[list[TableRow]]:
    """Make one table or many, once per `asked.id`: all of them or none.

    Refuses `AreaUnknown`, `BadLabels`, `LabelTaken` and `TooMany`.
    """
    actor.need("table.edit", store_id=store_id)
    try:
        labels = rules.labels(asked.labels)
    except ValueError as error:
        raise BadLabels(part=str(error)) from error
    mark = fingerprint([store_id, asked])
    ids = [derived_id(asked.id, label) for label in labels]
    seen, before, there, taken, [count] = yield from together(
        version_of(SNAPSHOT),
        made_before(asked.id),
        AREAS(store_id=store_id),
        LABELLED(store_id=store_id, labels=labels),
        COUNT(store_id=store_id),
    )
    if is_same(before, mark):
        return (yield from rows(BY_IDS(ids=ids)))
    _area(there, asked.area_id)
    if taken:
        raise LabelTaken(label=taken[0].label)
    if count.n + len(labels) > TABLES_MAX:
        raise TooMany(limit=TABLES_MAX)
    made = [
        TableRow(id_, store_id, asked.area_id, label, asked.seats, new_code(CODE_SYMBOLS), True)
        for id_, label in zip(ids, labels, strict=True)
    ]
    yield [
        moved_from(SNAPSHOT, seen),
        NEW_TABLES.many([msgspec.structs.asdict(each) for each in made]),
        remember(asked.id, mark),
        audit.note(actor, "org.tables_made", subject=f"area/{asked.area_id}", store_id=store_id, at=at, labels=labels),
    ]
    return sorted(made, key=lambda each: each.id)


@script
def change_table(store_id: str, *, table_id: str, asked: TableDetails, actor: Actor, at: datetime) -> Steps[TableRow]:
    """Replace what a table is: its label, area, seats, and whether it is in use.  Its code stays.

    Refuses `TableUnknown`, `AreaUnknown`, `LabelTaken`.
    """
    actor.need("table.edit", store_id=store_id)
    seen, found, there, same_label = yield from together(
        version_of(SNAPSHOT),
        BY_IDS(ids=[table_id]),
        AREAS(store_id=store_id),
        LABELLED(store_id=store_id, labels=[asked.label]),
    )
    if not found or found[0].store_id != store_id:
        raise TableUnknown(table=table_id)
    _area(there, asked.area_id)
    if any(each.id != table_id for each in same_label):
        raise LabelTaken(label=asked.label)
    before, given = found[0], msgspec.structs.asdict(asked)
    after = msgspec.structs.replace(before, **given)
    if after == before:
        return before
    yield [
        moved_from(SNAPSHOT, seen),
        CHANGE_TABLE(id=table_id, **given),
        audit.note(
            actor,
            "org.table_changed",
            subject=f"table/{table_id}",
            store_id=store_id,
            at=at,
            before=TableDetails(**{name: getattr(before, name) for name in given}),
            after=asked,
        ),
    ]
    return after


@script
def areas(store_id: str, *, actor: Actor) -> Steps[list[Area]]:
    """Return the areas of a store, at most `AREAS_MAX`."""
    actor.need("org.read", store_id=store_id)
    return (yield from rows(AREAS(store_id=store_id)))


@script
def tables(store_id: str, *, actor: Actor) -> Steps[list[TableRow]]:
    """Return the tables of a store with their codes, at most `TABLES_MAX`."""
    actor.need("org.read", store_id=store_id)
    return (yield from rows(TABLES(store_id=store_id)))


def scanned(directory: Directory, code: str, *, at: datetime) -> TableAt:
    """Return where the code of a table's QR leads; refuses `TableUnknown` for a code that is none, or of a table not in use."""
    found = directory.tables_by_code.get(code)
    if found is None or not found.active:
        raise TableUnknown(table=code)
    where = directory.store(found.store_id)
    return TableAt(
        found.id, found.label, found.area, found.seats, where.id, where.name, where.name_en, where.is_open(at)
    )


def _area(there: list[Area], area_id: str) -> Area:
    for each in there:
        if each.id == area_id:
            return each
    raise AreaUnknown(area_id=area_id)


def _free_name(there: list[Area], name: str) -> None:
    if any(each.name == name for each in there):
        raise AreaNameTaken(name=name)
