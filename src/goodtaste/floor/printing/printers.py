"""Printers: which a store has, what each prints, and which stands in for which."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import select, true, update

from goodtaste.floor.printing.rules import Kind, Purpose
from goodtaste.floor.printing.tables import printer
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Doc, Flag, Id, Int, Read, Steps, Str, change, first, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint
from goodtaste.kernel.input import PRINTABLE, Input, Name, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember

PRINTERS_MAX = 50  # of a store
TROUBLED_SHOWN = 100
PORTS = range(9100, 9110)  # where printers listen; nothing else of a network can be reached through one
SERIAL = re.compile(r"[A-Za-z0-9]{6,32}")
HOST = re.compile(r"(?=.{1,120}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


class PrinterUnknown(Refusal):
    """Raised for a printer that does not exist, or stands in another store.  Facts: `printer_id`."""

    code = "floor.printer_unknown"
    status = 404


class PrinterNameTaken(Refusal):
    """Raised when another printer of the store has this name."""

    code = "floor.printer_name_taken"
    guards = ("floor_printer_name_key",)


class BadPrinter(Refusal):
    """Raised for a printer that cannot be.  Facts: `why` (`address`, `paper`, `fallback`, `purposes`, `too_many`)."""

    code = "floor.bad_printer"
    status = 422
    guards = ("floor_printer_fallback",)


class PrinterChanged(Refusal):
    """Raised when a printer was changed since it was read.  Facts: `version`."""

    code = "floor.printer_changed"
    guards = ("floor_printer_as_seen",)


class PrinterTerms(Input, frozen=True, kw_only=True):
    """What a printer is and does.

    `address`: `host:port` in the network of the store (port 9100 to 9109), or the serial number at Feie.  `answers`: how it says that
    something is printed: by process `id` (GS ( H), or by its paper `status` in turn (GS r) where it does not know that.  `stations`:
    the kitchen stations it prints for; none: every station without a printer of its own.  The `fallback` prints what it has not
    taken `fallback_after_s` after it was to be printed.
    """

    name: Name
    kind: Kind
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=PRINTABLE)]
    paper_mm: Literal[40, 58, 80] = 80
    answers: Literal["id", "status"] = "id"
    purposes: Annotated[tuple[Purpose, ...], msgspec.Meta(max_length=7)]
    stations: Annotated[tuple[IdText, ...], msgspec.Meta(max_length=50)] = ()
    fallback_id: IdText | None = None
    fallback_after_s: Annotated[int, msgspec.Meta(ge=5, le=3_600)] = 60
    active: bool = True


class NewPrinter(PrinterTerms, frozen=True, kw_only=True):
    """A printer to be added to a store."""

    id: IdText


class PrinterChange(PrinterTerms, frozen=True, kw_only=True):
    """A printer as it is to be; `version` is what it was when it was read."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    reason: Reason


class Printer(msgspec.Struct, frozen=True):
    """A printer of a store.  `trouble` says why it does not print, as far as is known, since `trouble_at`; empty: it did last time."""

    id: str
    store_id: str
    name: str
    kind: Kind
    address: str
    paper_mm: int
    answers: str
    purposes: tuple[Purpose, ...]
    stations: tuple[str, ...]
    fallback_id: str | None
    fallback_after_s: int
    active: bool
    version: int
    trouble: str
    trouble_at: datetime | None

    def prints(self, purpose: str, station: str) -> bool:
        """Tell whether it is the one for a purpose and, in the kitchen, a station."""
        return self.active and purpose in self.purposes and (not self.stations or station in self.stations)


class Troubled(msgspec.Struct, frozen=True):
    """A printer in use that does not print, since when, and why as far as is known."""

    id: str
    store_id: str
    name: str
    trouble: str
    trouble_at: datetime | None


TROUBLED = Read(
    select(*[printer.c[name] for name in Troubled.__struct_fields__])
    .where(printer.c.trouble != "", printer.c.active.is_(true()))
    .order_by(printer.c.trouble_at, printer.c.id)
    .limit(TROUBLED_SHOWN),
    Troubled,
)
COLUMNS = [printer.c[name] for name in Printer.__struct_fields__]
_TERMS = {"name": Str, "kind": Str, "address": Str, "paper_mm": Int, "answers": Str, "purposes": Doc, "stations": Doc}
_TERMS |= {"fallback_id": Id, "fallback_after_s": Int, "active": Flag}
NEW = insert(printer)
ONE = Read(select(*COLUMNS).where(printer.c.id == par("id", Id)), Printer)
OF_STORE = Read(
    select(*COLUMNS).where(printer.c.store_id == par("store_id", Id)).order_by(printer.c.name).limit(PRINTERS_MAX),
    Printer,
)
CHANGE = change(
    update(printer)
    .where(printer.c.id == par("id", Id), printer.c.version == par("version", Int))
    .values({name: par(name, type_) for name, type_ in _TERMS.items()} | {"version": printer.c.version + 1}),
    guard="floor_printer_as_seen",
)


@script
def make(asked: NewPrinter, *, store_id: str, actor: Actor, at: datetime) -> Steps[Printer]:
    """Add a printer to a store, once per `asked.id`.  Refuses `BadPrinter`, `PrinterNameTaken`, `NotAllowed` and `IdTaken`."""
    actor.need("printer.edit", store_id=store_id)
    mark = fingerprint([store_id, msgspec.to_builtins(asked)])
    before, known, there = yield from together(made_before(asked.id), ONE(id=asked.id), OF_STORE(store_id=store_id))
    if is_same(before, mark):
        return known[0]
    check(asked, there, own_id=asked.id)
    if len(there) >= PRINTERS_MAX:
        raise BadPrinter(why="too_many")
    made = Printer(**_terms(asked), id=asked.id, store_id=store_id, version=1, trouble="", trouble_at=None)
    row = {name: getattr(made, name) for name in Printer.__struct_fields__}
    yield [
        NEW(**row, tries=0, next_at=at),
        remember(asked.id, mark),
        _note(actor, "floor.printer_made", made, at=at),
    ]
    return made


@script
def change_terms(printer_id: str, asked: PrinterChange, *, actor: Actor, at: datetime) -> Steps[Printer]:
    """Replace what a printer is.  Refuses `PrinterUnknown`, `PrinterChanged`, `BadPrinter`, `PrinterNameTaken` and `NotAllowed`."""
    found = known((yield from first(ONE(id=printer_id))), printer_id)
    actor.need("printer.edit", store_id=found.store_id)
    there = yield from rows(OF_STORE(store_id=found.store_id))
    check(asked, there, own_id=printer_id)
    if asked.version != found.version:
        raise PrinterChanged(version=found.version)
    changed = msgspec.structs.replace(found, **_terms(asked), version=found.version + 1)
    yield [
        CHANGE(id=printer_id, version=asked.version, **_terms(asked)),
        _note(actor, "floor.printer_changed", changed, at=at, reason=asked.reason),
    ]
    return changed


@script
def of_store(store_id: str, *, actor: Actor) -> Steps[list[Printer]]:
    """Return the printers of a store by name.  Refuses `NotAllowed`."""
    actor.need("print.read", store_id=store_id)
    return (yield from rows(OF_STORE(store_id=store_id)))


def known(found: Printer | None, printer_id: str) -> Printer:
    """Return a printer that was found; refuses `PrinterUnknown`."""
    if found is None:
        raise PrinterUnknown(printer_id=printer_id)
    return found


def fitting(printers: Sequence[Printer], purpose: str, station: str = "") -> Printer | None:
    """Return the printer for a purpose and station: one of that station before one of every station, the first by name."""
    there = [each for each in printers if each.prints(purpose, station)]
    return min(there, key=lambda each: (not each.stations, each.name), default=None)


def prints_any(printers: Sequence[Printer], *purposes: Purpose) -> bool:
    """Tell whether any of these printers prints for any of these purposes, at whatever station."""
    return any(each.active and not set(purposes).isdisjoint(each.purposes) for each in printers)


def check(asked: PrinterTerms, there: Sequence[Printer], *, own_id: str) -> None:
    """Refuse `BadPrinter` for what cannot be."""
    if (asked.kind == "tspl") != (asked.paper_mm == 40):
        raise BadPrinter(why="paper")
    if asked.kind == "feie" and not SERIAL.fullmatch(asked.address):
        raise BadPrinter(why="address")
    if asked.kind != "feie":
        place(asked.address)
    if asked.kind == "tspl" and not set(asked.purposes) <= {"label", "pickup", "test"}:
        raise BadPrinter(why="purposes")
    if asked.fallback_id is not None:
        other = next((each for each in there if each.id == asked.fallback_id and each.id != own_id), None)
        if other is None or (other.kind == "tspl") != (asked.kind == "tspl"):
            raise BadPrinter(why="fallback")


def place(address: str) -> tuple[str, int]:
    """Return host and port of a printer in the network; refuses `BadPrinter` for what no printer can be at."""
    host, _, port = address.rpartition(":")
    if not HOST.fullmatch(host) or not port.isascii() or not port.isdigit() or int(port) not in PORTS:
        raise BadPrinter(why="address")
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host, int(port)
    if number.is_link_local or number.is_multicast or number.is_unspecified:
        raise BadPrinter(why="address")
    return host, int(port)


def _terms(asked: PrinterTerms) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in PrinterTerms.__struct_fields__}


def _note(actor: Actor, action: str, found: Printer, *, at: datetime, reason: str = "") -> Any:
    return audit.note(
        actor,
        action,
        subject=f"printer/{found.id}",
        store_id=found.store_id,
        reason=reason,
        at=at,
        name=found.name,
        address=found.address,
        purposes=list(found.purposes),
        active=found.active,
    )
