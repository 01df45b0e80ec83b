"""Seatings as they are stored: rows, the reads by key that the commands share, and the changes that guard what they relied on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import func, select, update

from goodtaste.floor.seating.tables import cart_line, guest, seated, seating, seating_order, store_rules
from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.db import Change, Id, Int, ListOf, Read, Steps, Str, change, first, in_list, insert, par
from goodtaste.kernel.errors import Refusal

GUESTS_MAX = 60  # phones at one seating
TABLES_MAX = 20  # of one seating
BILLS_MAX = 60  # of one seating
OPEN_MAX = 1_000  # seatings that are open in one store


class SeatingUnknown(Refusal):
    """Raised for a seating that does not exist.  Facts: `seating_id`."""

    code = "floor.seating_unknown"
    status = 404


class SeatingOver(Refusal):
    """Raised when a seating is closed, or a phone's right to it was taken away: scanning the table's code joins the present one."""

    code = "floor.seating_over"
    status = 410


class SeatingBilled(Refusal):
    """Raised when more is to be ordered while the bill is being settled.  Facts: `seating_id`."""

    code = "floor.seating_billed"


class SeatingMoved(Refusal):
    """Raised when a seating changed at the same moment."""

    code = "floor.seating_changed"
    guards = ("floor_seating_moved", "floor_guest_seating_id_fkey")


class TableTaken(Refusal):
    """Raised when others sit at a table.  Facts: `table`, `seating_id`."""

    code = "floor.table_taken"
    guards = ("floor_seated_pkey",)


class StoreRules(msgspec.Struct, frozen=True):
    """How a store runs its tables: whether a diner's scan opens a seating, and whether one closes by itself when all is paid."""

    diners_open: bool = False
    close_when_paid: bool = True


class SeatingRow(msgspec.Struct, frozen=True):
    """A seating as a row."""

    id: str
    store_id: str
    state: str
    party: int
    waiter_id: str | None
    member_id: str | None
    opened_by: str
    fingerprint: str
    business_date: date
    opened_at: datetime
    closed_at: datetime | None
    merged_into: str | None
    version: int


class Seat(msgspec.Struct, frozen=True):
    """That a seating has a table; `slot` 2 is the second party of a shared one."""

    table_id: str
    slot: int
    seating_id: str


class GuestRow(msgspec.Struct, frozen=True):
    """A phone at a table."""

    id: str
    seating_id: str
    name: str
    colour: int
    member_id: str | None
    epoch: int

    @property
    def mark(self) -> str:
        """What the kitchen and the bill call it: a part of its id that tells the phones of one table apart, and nothing to others."""
        return mark_of(self.id)


def mark_of(guest_id: str) -> str:
    """Return by which mark a phone is known on a bill."""
    return guest_id[-6:]


class CartRow(msgspec.Struct, frozen=True):
    """A line of a cart; `choice` is JSON."""

    id: str
    seating_id: str
    guest_id: str
    choice: str
    version: int
    state: str
    round_id: str | None


class OfSeating(msgspec.Struct, frozen=True):
    """A bill of a seating, and the round of its cart that opened it."""

    order_id: str
    seating_id: str
    round_id: str | None


class Many(msgspec.Struct, frozen=True):
    """How many there are."""

    n: int


_SEATING = [seating.c[name] for name in SeatingRow.__struct_fields__]
_SEAT = [seated.c[name] for name in Seat.__struct_fields__]
_GUEST = [guest.c[name] for name in GuestRow.__struct_fields__]
_CART = [cart_line.c[name] for name in CartRow.__struct_fields__]
_OF = [seating_order.c[name] for name in OfSeating.__struct_fields__]

RULES = Read(
    select(store_rules.c.diners_open, store_rules.c.close_when_paid).where(
        store_rules.c.store_id == par("store_id", Id)
    ),
    StoreRules,
)
SEATING = Read(select(*_SEATING).where(seating.c.id == par("id", Id)), SeatingRow)
SEATINGS = Read(select(*_SEATING).where(in_list(seating.c.id, par("ids", ListOf))), SeatingRow)
OPEN_IN = Read(
    select(*_SEATING)
    .where(seating.c.store_id == par("store_id", Id), seating.c.state.in_(["open", "billed"]))
    .order_by(seating.c.opened_at, seating.c.id)
    .limit(OPEN_MAX),
    SeatingRow,
)
SEATS = Read(
    select(*_SEAT).where(seated.c.seating_id == par("seating_id", Id)).order_by(seated.c.table_id, seated.c.slot), Seat
)
SEATS_OF = Read(select(*_SEAT).where(in_list(seated.c.seating_id, par("seating_ids", ListOf))), Seat)
AT_TABLES = Read(
    select(*_SEAT)
    .where(in_list(seated.c.table_id, par("table_ids", ListOf)))
    .order_by(seated.c.table_id, seated.c.slot),
    Seat,
)
GUEST = Read(select(*_GUEST).where(guest.c.id == par("id", Id)), GuestRow)
GUESTS = Read(
    select(*_GUEST)
    .where(guest.c.seating_id == par("seating_id", Id))
    .order_by(guest.c.joined_at, guest.c.id)
    .limit(GUESTS_MAX),
    GuestRow,
)
CART = Read(
    select(*_CART)
    .where(cart_line.c.seating_id == par("seating_id", Id), cart_line.c.state == "open")
    .order_by(cart_line.c.id),
    CartRow,
)
CART_LINES = Read(select(*_CART).where(in_list(cart_line.c.id, par("ids", ListOf))), CartRow)
CART_COUNT = Read(
    select(func.count().label("n")).where(
        cart_line.c.seating_id == par("seating_id", Id), cart_line.c.state == par("state", Str)
    ),
    Many,
)
ORDERS = Read(
    select(*_OF)
    .where(seating_order.c.seating_id == par("seating_id", Id))
    .order_by(seating_order.c.order_id)
    .limit(BILLS_MAX),
    OfSeating,
)
ORDERS_OF = Read(select(*_OF).where(in_list(seating_order.c.seating_id, par("seating_ids", ListOf))), OfSeating)
BY_ORDERS = Read(select(*_OF).where(in_list(seating_order.c.order_id, par("order_ids", ListOf))), OfSeating)

NEW_SEATING = insert(seating)
NEW_SEATS = insert(seated)
NEW_ORDER = insert(seating_order)
STAYS_OPEN = change(
    update(seating).where(seating.c.id == par("id", Id), seating.c.state != "closed").values(version=seating.c.version),
    guard="floor_seating_moved",
)
STAYS_HERE = change(
    update(guest)
    .where(guest.c.id == par("id", Id), guest.c.seating_id == par("seating_id", Id))
    .values(epoch=guest.c.epoch),
    guard="floor_seating_moved",
)
GOES_ON = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.version == par("seen", Int))
    .values(version=seating.c.version + 1),
    guard="floor_seating_moved",
)


def seating_of(found: Sequence[SeatingRow], seating_id: str, *, actor: Actor) -> SeatingRow:
    """Return the seating of `found` if the actor works at its store; refuses `SeatingUnknown` and `NotAllowed`."""
    if not found:
        raise SeatingUnknown(seating_id=seating_id)
    if actor.kind != "system" and not actor.can("order.place", store_id=found[0].store_id):
        raise NotAllowed(permission="order.place")
    return found[0]


def still(found: SeatingRow) -> SeatingRow:
    """Return a seating that is not closed; refuses `SeatingOver`."""
    if found.state == "closed":
        raise SeatingOver
    return found


def goes_on(found: SeatingRow) -> Change:
    """Return the change that stops a command whose seating has changed since it was read."""
    return GOES_ON(id=found.id, seen=found.version)


def stays_open(seating_id: str) -> Change:
    """Return the change that stops a command whose seating was closed, or merged into another, since it was read."""
    return STAYS_OPEN(id=seating_id)


class AtTable(msgspec.Struct, frozen=True):
    """Who holds a phone at a table, and the seating."""

    guest: GuestRow
    seating: SeatingRow


def stays(who: AtTable) -> list[Change]:
    """Return the changes that stop a phone's command if its seating was closed, or it sits elsewhere, since they were read."""
    return [stays_open(who.seating.id), STAYS_HERE(id=who.guest.id, seating_id=who.seating.id)]


def at_table(guest_id: str, epoch: int) -> Steps[AtTable]:
    """Read whose phone it is and where it sits now; refuses `SeatingOver` once it may no longer."""
    who = yield from first(GUEST(id=guest_id))
    if who is None or who.epoch != epoch:
        raise SeatingOver
    where = yield from first(SEATING(id=who.seating_id))
    if where is None:
        raise SeatingOver
    return AtTable(who, still(where))
