"""Stores: where they are, when they are open, and the switch that a person turns."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from sqlalchemy import delete, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.db import Day, Flag, Id, Read, Steps, Str, change, insert, par, put, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END, IdTaken, fingerprint
from goodtaste.kernel.input import PRINTABLE, Input, Line, Name
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.org import geo, rules
from goodtaste.org.directory import Directory, SpecialDay, Store, StoreRow, StoreUnknown
from goodtaste.org.rules import NO_FEES, Hours, Span, StoreFees, TablesPay
from goodtaste.org.tables import SNAPSHOT, special_day, store

SPANS_MAX = 4  # of one day
SPECIAL_AHEAD = timedelta(days=400)
PAGE_MAX = 200


class CodeTaken(Refusal):
    """Raised when another store has the code.  Facts: `store_code`."""

    code = "org.store_code_taken"
    guards = ("org_store_code_key",)


class BadHours(Refusal):
    """Raised for opening hours that cannot be.  Facts: `why` (`order`, `long` or `overlap`)."""

    code = "org.bad_hours"
    status = 422


class BadZone(Refusal):
    """Raised for a time zone that does not exist.  Facts: `zone`."""

    code = "org.bad_zone"
    status = 422


class BadLocation(Refusal):
    """Raised when one coordinate comes without the other."""

    code = "org.bad_location"
    status = 422


class BadDay(Refusal):
    """Raised for a special day that is past, or further ahead than `SPECIAL_AHEAD`.  Facts: `day`, `from_day`, `to_day`."""

    code = "org.bad_day"
    status = 422


class StoreDetails(Input, frozen=True):
    """What a store is.  Coordinates are GCJ-02 in millionths of a degree; `day_start_minute` is when its trading day starts.

    `tables_pay`: at its tables each round is paid before it is made (`pay_first`), or one bill after the meal (`pay_after`).
    What a table must spend can be asked of a bill after the meal only.
    """

    name: Name
    city: Name
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
    hours: Annotated[tuple[Hours, ...], msgspec.Meta(max_length=7 * SPANS_MAX)]
    name_en: Line = ""
    address_en: Line = ""
    phone: Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9+() -]*" + END)] = ""
    latitude_e6: Annotated[int, msgspec.Meta(ge=-90_000_000, le=90_000_000)] | None = None
    longitude_e6: Annotated[int, msgspec.Meta(ge=-180_000_000, le=180_000_000)] | None = None
    zone: Name = "Asia/Shanghai"
    day_start_minute: Annotated[int, msgspec.Meta(ge=0, le=719)] = 240
    licence: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)] = ""
    fees: StoreFees = NO_FEES
    tables_pay: TablesPay = "pay_after"

    def __post_init__(self) -> None:
        if self.tables_pay == "pay_first" and self.fees.minimums:
            raise ValueError("tables that pay first have no minimum")


class StoreChange(StoreDetails, frozen=True, kw_only=True):
    """What a store becomes.  With what it was when it was `seen`, it is changed only while it still is that."""

    seen: StoreDetails | None = None


class NewStore(StoreDetails, frozen=True, kw_only=True):
    """What makes a store.  Its code, such as `SH-01`, stays; it is closed until somebody opens it."""

    id: IdText
    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}" + END)]


class StoreMoved(Refusal):
    """Raised when somebody changed a store after it was seen.  Facts: `store_id`."""

    code = "org.store_changed_meanwhile"


class DayHours(Input, frozen=True):
    """The hours of one date; no span means closed all day."""

    spans: Annotated[tuple[Span, ...], msgspec.Meta(max_length=SPANS_MAX)]
    note: Line = ""


class StoreView(msgspec.Struct, frozen=True):
    """A store as everybody may see it.  `open`: the switch; `open_now`: the switch and the hours; `distance_m` where it was asked."""

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
    wgs84_latitude_e6: int | None
    wgs84_longitude_e6: int | None
    zone: str
    day_start_minute: int
    hours: tuple[Hours, ...]
    special_days: tuple[SpecialDay, ...]
    licence: str
    fees: StoreFees
    tables_pay: TablesPay
    open: bool
    open_now: bool
    distance_m: int | None


_CHANGED = [name for name in StoreRow.__struct_fields__ if name not in ("id", "code", "open")]
_COLUMNS = [store.c[name] for name in StoreRow.__struct_fields__]
ONE = Read(select(*_COLUMNS).where(store.c.id == par("id", Id)), StoreRow)
WITH_CODE = Read(select(*_COLUMNS).where(store.c.code == par("code", Str)), StoreRow)
NEW = insert(store)
CHANGE = change(
    update(store)
    .where(store.c.id == par("id", Id))
    .values({name: par(name, type(store.c[name].type)) for name in _CHANGED})  # type: ignore[arg-type]
)
SWITCH = change(update(store).where(store.c.id == par("id", Id)).values(open=par("open", Flag)))
SET_DAY = put(special_day, key=["store_id", "day"])
DROP_DAY = change(
    delete(special_day).where(special_day.c.store_id == par("store_id", Id), special_day.c.day == par("day", Day))
)


_NO_DELIVERY = StoreFees(delivers=False, delivery_minimum_fen=0)


def known(found: list[StoreRow], store_id: str) -> StoreRow:
    """Return the store of `found`; refuses `StoreUnknown`."""
    if not found:
        raise StoreUnknown(store_id=store_id)
    return found[0]


def _check(asked: StoreDetails) -> None:
    fault = rules.hours_fault(asked.hours)
    if fault:
        raise BadHours(why=fault)
    try:
        zone_of(asked.zone)
    except ValueError as error:
        raise BadZone(zone=asked.zone) from error
    if (asked.latitude_e6 is None) != (asked.longitude_e6 is None):
        raise BadLocation


def _details(of: StoreRow | StoreDetails) -> dict[str, Any]:
    """Return what a store is; what its fees leave out is as a store begins."""
    return {name: getattr(of, name) for name in StoreDetails.__struct_fields__} | {"fees": of.fees.over(_NO_DELIVERY)}


@script
def make(asked: NewStore, *, actor: Actor, at: datetime) -> Steps[StoreRow]:
    """Make a store, closed for now, once per `asked.id`.  Refuses `BadHours`, `BadZone`, `BadLocation`, `CodeTaken`."""
    actor.need("org.edit")
    _check(asked)
    mark = fingerprint(asked)
    seen, before, found, same_code = yield from together(
        version_of(SNAPSHOT), made_before(asked.id), ONE(id=asked.id), WITH_CODE(code=asked.code)
    )
    if is_same(before, mark):
        return known(found, asked.id)
    if found:
        raise IdTaken(id=asked.id)
    if same_code:
        raise CodeTaken(store_code=asked.code)
    row = StoreRow(**msgspec.structs.asdict(asked), open=False)
    yield [
        moved_from(SNAPSHOT, seen),
        NEW(**msgspec.structs.asdict(row)),
        remember(asked.id, mark),
        audit.note(actor, "org.store_made", subject=f"store/{row.id}", store_id=row.id, at=at, code=row.code),
    ]
    return row


@script
def change_details(
    store_id: str, asked: StoreDetails, *, seen: StoreDetails | None = None, actor: Actor, at: datetime
) -> Steps[StoreRow]:
    """Replace what a store is; the audit log keeps what each changed field was and became.

    Refuses `BadHours`, `BadZone`, `BadLocation`, and `StoreMoved` where it is not what was seen any more.
    """
    actor.need("org.edit", store_id=store_id)
    _check(asked)
    version, found = yield from together(version_of(SNAPSHOT), ONE(id=store_id))
    before = known(found, store_id)
    given = {name: getattr(asked, name) for name in StoreDetails.__struct_fields__}
    given["fees"] = asked.fees.over(before.fees)
    changes = {
        name: {"before": getattr(before, name), "after": value}
        for name, value in given.items()
        if getattr(before, name) != value
    }
    if not changes:
        return before
    if seen and _details(before) != _details(seen):
        raise StoreMoved(store_id=store_id)
    yield [
        moved_from(SNAPSHOT, version),
        CHANGE(id=store_id, **given),
        audit.note(actor, "org.store_changed", subject=f"store/{store_id}", store_id=store_id, at=at, changes=changes),
    ]
    return msgspec.structs.replace(before, **given)


@script
def switch(store_id: str, *, open_: bool, reason: str, actor: Actor, at: datetime) -> Steps[StoreRow]:
    """Open a store, or close it by hand, whatever its hours say."""
    actor.need("store.switch", store_id=store_id)
    seen, found = yield from together(version_of(SNAPSHOT), ONE(id=store_id))
    before = known(found, store_id)
    if before.open is open_:
        return before
    action = "org.store_opened" if open_ else "org.store_closed"
    yield [
        moved_from(SNAPSHOT, seen),
        SWITCH(id=store_id, open=open_),
        audit.note(actor, action, subject=f"store/{store_id}", store_id=store_id, reason=reason, at=at),
    ]
    return msgspec.structs.replace(before, open=open_)


@script
def set_day(store_id: str, *, day: date, asked: DayHours | None, actor: Actor, at: datetime) -> Steps[None]:
    """Give one date of a store hours of its own, or, with None, those of its weekday again.  Refuses `BadHours`, `BadDay`."""
    actor.need("store.switch", store_id=store_id)
    seen, found = yield from together(version_of(SNAPSHOT), ONE(id=store_id))
    today = at.astimezone(zone_of(known(found, store_id).zone)).date()
    first_day, last_day = today - timedelta(days=1), today + SPECIAL_AHEAD
    if not first_day <= day <= last_day:
        raise BadDay(day=day, from_day=first_day, to_day=last_day)
    fault = rules.spans_fault(asked.spans) if asked else None
    if fault:
        raise BadHours(why=fault)
    row: dict[str, Any] = {"store_id": store_id, "day": day}
    yield [
        moved_from(SNAPSHOT, seen),
        SET_DAY(**row, spans=asked.spans, note=asked.note) if asked else DROP_DAY(**row),
        audit.note(
            actor,
            "org.special_day_set" if asked else "org.special_day_dropped",
            subject=f"store/{store_id}",
            store_id=store_id,
            at=at,
            day=day,
            hours=asked,
        ),
    ]


def shown(found: Store, *, at: datetime, near: geo.Point | None = None) -> StoreView:
    """Return a store as everybody may see it at `at`, and how far it is from the GCJ-02 point `near`."""
    point = _point(found)
    wgs84 = geo.to_wgs84(point) if point else None
    today = at.astimezone(zone_of(found.zone)).date()
    row = {name: getattr(found, name) for name in StoreRow.__struct_fields__}
    return StoreView(
        **row,
        special_days=tuple(each for each in found.special_days if each.day >= today),
        wgs84_latitude_e6=round(wgs84[0] * 1e6) if wgs84 else None,
        wgs84_longitude_e6=round(wgs84[1] * 1e6) if wgs84 else None,
        open_now=found.is_open(at),
        distance_m=geo.distance_m(near, point) if near and point else None,
    )


def page(
    directory: Directory, *, near: geo.Point | None, q: str = "", after: str | None, limit: int, at: datetime
) -> list[StoreView]:
    """Return the next `limit` stores after the store `after`: the nearest first, or, without a place, by code; or those whose code, name,
    city or address holds `q`.

    Stores without coordinates come last.  Refuses `StoreUnknown` where `after` is none.
    """
    order = [
        each
        for each in directory.stores.values()
        if rules.holds(q, each.code, each.name, each.name_en, each.city, each.address) or each.id == after
    ]
    if near:
        far = {each.id: _distance(each, near) for each in order}
        order.sort(key=lambda each: (far[each.id], each.code))
    start = order.index(directory.store(after)) + 1 if after else 0
    return [shown(each, at=at, near=near) for each in order[start : start + limit]]


def _point(found: Store) -> geo.Point | None:
    if found.latitude_e6 is None or found.longitude_e6 is None:
        return None
    return found.latitude_e6 / 1e6, found.longitude_e6 / 1e6


def _distance(found: Store, near: geo.Point) -> float:
    point = _point(found)
    return geo.distance_m(near, point) if point else float("inf")
