"""The directory: brand, stores, tables, staff and terminals as one value that every process holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property

import msgspec
from sqlalchemy import select

from goodtaste.kernel.auth import Actor, Grant, NotSignedIn
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.db import Database, Read
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.sessions import Claims
from goodtaste.kernel.snapshot import Snapshot
from goodtaste.org import rules
from goodtaste.org.rules import Hours, Span, StoreFees, TablesPay
from goodtaste.org.tables import (
    EVERY_STORE,
    SNAPSHOT,
    area,
    brand,
    dining_table,
    special_day,
    staff,
    staff_role,
    store,
    terminal,
)


class StoreUnknown(Refusal):
    """Raised for a store that does not exist.  Facts: `store_id`."""

    code = "org.store_unknown"
    status = 404


class StoreClosed(Refusal):
    """Raised when a store does not take orders now.  Facts: `store_id`."""

    code = "org.store_closed"


class TableUnknown(Refusal):
    """Raised for a table that does not exist, is not in use, or stands in another store.  Facts: `table`."""

    code = "org.table_unknown"
    status = 404


class Brand(msgspec.Struct, frozen=True):
    """The brand."""

    name: str
    name_en: str
    currency: str


class SpecialDay(msgspec.Struct, frozen=True):
    """A date with hours of its own; no span means closed."""

    day: date
    spans: tuple[Span, ...]
    note: str


class StoreRow(msgspec.Struct, frozen=True):
    """A store as its row says.  Coordinates are GCJ-02 in millionths of a degree; `open` is the switch that people turn by hand."""

    id: str
    code: str
    name: str
    name_en: str
    city: str
    address: str
    address_en: str
    phone: str
    latitude_e6: int | None
    longitude_e6: int | None
    zone: str
    day_start_minute: int
    hours: tuple[Hours, ...]
    licence: str
    fees: StoreFees
    tables_pay: TablesPay
    open: bool


class Store(StoreRow, frozen=True):
    """A store with its special days."""

    special_days: tuple[SpecialDay, ...] = ()

    @property
    def calendar(self) -> BusinessCalendar:
        """The store's business calendar."""
        return BusinessCalendar(self.zone, self.day_start_minute)

    def is_open(self, at: datetime) -> bool:
        """Tell whether it takes orders at `at`."""
        special = {each.day: each.spans for each in self.special_days}
        return self.open and rules.is_open(self.hours, zone=self.zone, at=at, special=special)


class Table(msgspec.Struct, frozen=True):
    """A table; `code` is what its printed QR carries."""

    id: str
    store_id: str
    area: str
    label: str
    seats: int
    code: str
    active: bool


class Staff(msgspec.Struct, frozen=True):
    """A person of the staff."""

    id: str
    login: str
    name: str
    active: bool


class RoleRow(msgspec.Struct, frozen=True):
    """A role as its row says; `store_id` is `EVERY_STORE` in the whole brand."""

    staff_id: str
    role: str
    store_id: str


class _SpecialDayRow(msgspec.Struct, frozen=True):
    store_id: str
    day: date
    spans: tuple[Span, ...]
    note: str


class Terminal(msgspec.Struct, frozen=True):
    """A paired device."""

    id: str
    store_id: str
    kind: str
    name: str
    session_id: str
    revoked_at: datetime | None


BRAND = Read(select(brand.c.name, brand.c.name_en, brand.c.currency), Brand)
STORES = Read(select(*[store.c[name] for name in StoreRow.__struct_fields__]).order_by(store.c.code), StoreRow)
SPECIAL_DAYS = Read(
    select(*[special_day.c[name] for name in _SpecialDayRow.__struct_fields__]).order_by(
        special_day.c.store_id, special_day.c.day
    ),
    _SpecialDayRow,
)
TABLES = Read(
    select(
        dining_table.c.id,
        dining_table.c.store_id,
        area.c.name.label("area"),
        dining_table.c.label,
        dining_table.c.seats,
        dining_table.c.code,
        dining_table.c.active,
    )
    .join_from(dining_table, area, area.c.id == dining_table.c.area_id)
    .order_by(dining_table.c.store_id, dining_table.c.label),
    Table,
)
STAFF = Read(select(staff.c.id, staff.c.login, staff.c.name, staff.c.active).order_by(staff.c.login), Staff)
ROLES = Read(
    select(staff_role.c.staff_id, staff_role.c.role, staff_role.c.store_id).order_by(
        staff_role.c.staff_id, staff_role.c.role, staff_role.c.store_id
    ),
    RoleRow,
)
TERMINALS = Read(select(*[terminal.c[name] for name in Terminal.__struct_fields__]), Terminal)


class Directory(msgspec.Struct, frozen=True, dict=True):
    """Everything the organisation consists of.  Immutable."""

    brand: Brand
    stores: Mapping[str, Store]
    tables: Mapping[str, Table]
    staff: Mapping[str, Staff]
    grants: Mapping[str, tuple[Grant, ...]]
    roles: Mapping[str, tuple[tuple[str, str | None], ...]]
    terminals: Mapping[str, Terminal]

    def store(self, store_id: str) -> Store:
        """Return a store; refuses `StoreUnknown`."""
        found = self.stores.get(store_id)
        if found is None:
            raise StoreUnknown(store_id=store_id)
        return found

    def store_by_code(self, code: str) -> Store | None:
        """Return the store with a code such as `SH-01`, or None."""
        return next((store for store in self.stores.values() if store.code == code), None)

    def table(self, table_id: str, *, store_id: str) -> Table:
        """Return a table of a store; refuses `TableUnknown`."""
        found = self.tables.get(table_id)
        if found is None or found.store_id != store_id or not found.active:
            raise TableUnknown(table=table_id)
        return found

    @cached_property
    def tables_by_code(self) -> dict[str, Table]:
        """Tables by the code of their QR."""
        return {table.code: table for table in self.tables.values()}

    def actor(self, claims: Claims) -> Actor:
        """Return who an access token speaks for, with the permissions they have now; refuses `NotSignedIn` for who has left.

        Who signed in by PIN at a terminal has what their roles give at its store, there and nowhere else; a terminal itself has what its
        kind gives.
        """
        if claims.kind == "staff":
            person = self.staff.get(claims.sub)
            if person is None or not person.active:
                raise NotSignedIn
            grants = self.grants.get(claims.sub, ())
            if claims.terminal is None:
                return Actor("staff", claims.sub, claims.sid, claims.store, grants)
            store_id = self._paired(claims.terminal).store_id
            here = rules.grants_at(grants, store_id)
            return Actor("staff", claims.sub, claims.sid, store_id, here, claims.terminal)
        if claims.kind == "terminal":
            device = self._paired(claims.sub)
            may = Grant(rules.TERMINALS.get(device.kind, frozenset()), device.store_id)
            return Actor("terminal", claims.sub, claims.sid, device.store_id, (may,))
        return Actor(claims.kind, claims.sub, claims.sid)

    def _paired(self, terminal_id: str) -> Terminal:
        device = self.terminals.get(terminal_id)
        if device is None or device.revoked_at is not None:
            raise NotSignedIn
        return device


def place_of(row: RoleRow) -> str | None:
    """Return the store of a role, or None for the whole brand."""
    return None if row.store_id == EVERY_STORE else row.store_id


def grants_of(rows: Iterable[RoleRow]) -> tuple[Grant, ...]:
    """Return what roles give; one that this version does not know gives nothing."""
    return tuple(rules.grant(row.role, place_of(row)) for row in rows if row.role in rules.PERMISSIONS)


async def load(db: Database) -> Directory:
    """Load the directory."""
    roles: dict[str, list[RoleRow]] = defaultdict(list)
    for row in await db.rows(ROLES()):
        roles[row.staff_id].append(row)
    special: dict[str, list[SpecialDay]] = defaultdict(list)
    for day in await db.rows(SPECIAL_DAYS()):
        special[day.store_id].append(SpecialDay(day.day, day.spans, day.note))
    return Directory(
        brand=await db.first(BRAND()) or Brand("", "", "CNY"),
        stores={
            row.id: Store(**msgspec.structs.asdict(row), special_days=tuple(special[row.id]))
            for row in await db.rows(STORES())
        },
        tables={row.id: row for row in await db.rows(TABLES())},
        staff={row.id: row for row in await db.rows(STAFF())},
        grants={staff_id: grants_of(given) for staff_id, given in roles.items()},
        roles={staff_id: tuple((row.role, place_of(row)) for row in given) for staff_id, given in roles.items()},
        terminals={row.id: row for row in await db.rows(TERMINALS())},
    )


def directory_snapshot() -> Snapshot[Directory]:
    """Return the snapshot of the directory."""
    return Snapshot(SNAPSHOT, load)
