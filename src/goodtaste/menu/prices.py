"""The price book: prices by SKU, kind, store, channel and period, of which no two ever hold at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import delete, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    Id,
    ListOf,
    Moment,
    Query,
    Read,
    Steps,
    change,
    in_list,
    insert,
    par,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, fingerprint
from goodtaste.kernel.input import PRINTABLE, Fen, Input
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.menu.book import PriceRow
from goodtaste.menu.catalogue import PRICE_COLUMNS
from goodtaste.menu.spans import Overlap, Plan, Span, plan
from goodtaste.menu.tables import SNAPSHOT, price, sku
from goodtaste.pricing.api import Channel

PRICES_MAX = 500  # of one act

Key = tuple[str, str, str | None, str | None]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class SkuUnknown(Refusal):
    """Raised for a SKU that does not exist.  Facts: `sku_id`."""

    code = "menu.sku_unknown"
    status = 404


class PriceUnknown(Refusal):
    """Raised for a price that does not exist, or has ended.  Facts: `price_id`."""

    code = "menu.price_unknown"
    status = 404


class PriceOverlaps(Refusal):
    """Raised for a period that covers the beginning of a price written for later.  Facts: `sku_id`, `price_id`, `valid_from_at`."""

    code = "menu.price_overlaps"
    guards = ("menu_price_no_overlap",)


class BadPeriod(Refusal):
    """Raised for a period that ends before it begins, or that would change the past.  Facts: `why` (`order` or `past`), `sku_id`."""

    code = "menu.bad_price_period"
    status = 422


class PricesTwice(Refusal):
    """Raised when one act sets the same price twice.  Facts: `sku_id`, `kind`."""

    code = "menu.price_twice"
    status = 422


class PricesMoved(Refusal):
    """Raised when prices of these SKUs changed after they were seen."""

    code = "menu.prices_moved"


class PriceAsked(Input, frozen=True):
    """A price in fen: for all stores and channels, or for one.  The most specific holds: store and channel, store, channel, all."""

    sku_id: IdText
    amount_fen: Fen
    kind: Literal["list", "member"] = "list"
    store_id: IdText | None = None
    channel: Channel | None = None

    @property
    def key(self) -> Key:
        """What of which only one holds at once."""
        return (self.sku_id, self.kind, self.store_id, self.channel)


class NewPrices(Input, frozen=True):
    """What sets prices, from `from_at` (None: now) until `to_at` (None: until further notice).  The id is the act's.

    `seen` is what a preview said of the prices that stood; with it nothing is set once they are others.
    """

    id: IdText
    prices: Annotated[tuple[PriceAsked, ...], msgspec.Meta(min_length=1, max_length=PRICES_MAX)]
    from_at: Instant | None = None
    to_at: Instant | None = None
    seen: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)] = ""


class PricesPreview(msgspec.Struct, frozen=True):
    """What setting prices would do: all prices of these SKUs as they are and as they would be.  `seen` stands for those that are."""

    before: list[PriceRow]
    after: list[PriceRow]
    seen: str


class _Sku(msgspec.Struct, frozen=True):
    id: str


_IDS = par("ids", ListOf)
OF_SKUS = Read(
    select(*PRICE_COLUMNS)
    .where(in_list(price.c.sku_id, _IDS))
    .order_by(price.c.sku_id, price.c.kind, price.c.valid_from_at, price.c.id),
    PriceRow,
)
ONE = Read(select(*PRICE_COLUMNS).where(price.c.id == par("id", Id)), PriceRow)
SKUS = Read(select(sku.c.id).where(in_list(sku.c.id, _IDS)), _Sku)
NEW = insert(price)
CLOSE = change(update(price).where(price.c.id == par("id", Id)).values(valid_to_at=par("at", Moment)))
DROP = change(delete(price).where(price.c.id == par("id", Id)))


def of_skus(sku_ids: Sequence[str]) -> Query[PriceRow]:
    """Return the query for all prices of SKUs, past, present and to come."""
    return OF_SKUS(ids=list(sku_ids))


def writes(plans: Sequence[tuple[PriceAsked, Plan]], *, act_id: str) -> list[Change]:
    """Return the writes of plans: what ends and what goes first, then what is new."""
    added = [
        {
            "id": derived_id(act_id, f"{asked.key}/{i}"),
            "sku_id": asked.sku_id,
            "kind": asked.kind,
            "store_id": asked.store_id,
            "channel": asked.channel,
            "amount_fen": span.amount_fen,
            "valid_from_at": span.from_at,
            "valid_to_at": span.to_at,
        }
        for asked, made in plans
        for i, span in enumerate(made.add)
    ]
    return [
        CLOSE.many([{"id": id_, "at": at} for _, made in plans for id_, at in made.close]),
        DROP.many([{"id": id_} for _, made in plans for id_ in made.drop]),
        NEW.many(added),
    ]


def plans_of(
    asked: Sequence[PriceAsked], present: Sequence[PriceRow], *, from_at: datetime, to_at: datetime | None, at: datetime
) -> list[tuple[PriceAsked, Plan]]:
    """Return what each price that is asked for does to those present.  Refuses `BadPeriod`, `PriceOverlaps`, `PricesTwice`."""
    if to_at is not None and to_at <= from_at:
        raise BadPeriod(why="order", sku_id=asked[0].sku_id)
    by_key: dict[Key, list[PriceRow]] = defaultdict(list)
    for row in present:
        by_key[row.sku_id, row.kind, row.store_id, row.channel].append(row)
    plans: dict[Key, tuple[PriceAsked, Plan]] = {}
    for each in asked:
        rows = by_key[each.key]
        if each.key in plans:
            raise PricesTwice(sku_id=each.sku_id, kind=each.kind)
        if rows and from_at < at:
            raise BadPeriod(why="past", sku_id=each.sku_id)
        try:
            plans[each.key] = (each, plan(rows, Span(each.amount_fen, from_at, to_at)))
        except Overlap as overlap:
            row = overlap.row
            raise PriceOverlaps(sku_id=row.sku_id, price_id=row.id, valid_from_at=row.valid_from_at) from overlap
    return list(plans.values())


def audited(plans: Sequence[tuple[PriceAsked, Plan]]) -> list[dict[str, Any]]:
    """Return prices that change as the audit log keeps them."""
    return [
        {"sku_id": a.sku_id, "kind": a.kind, "store_id": a.store_id, "channel": a.channel, "amount_fen": a.amount_fen}
        for a, made in plans
        if made != Plan()
    ]


@script
def set_prices(asked: NewPrices, *, actor: Actor, at: datetime) -> Steps[list[PriceRow]]:
    """Set prices, once per `asked.id`, all of them or none; the price that held ends where the new one begins.

    Only what nothing is written of yet may begin in the past.  Returns all prices of these SKUs.  Refuses `SkuUnknown`, `BadPeriod`,
    `PriceOverlaps`, `PricesTwice`, `PricesMoved`.
    """
    actor.need("menu.edit")
    mark = fingerprint(asked)
    ids = sorted({each.sku_id for each in asked.prices})
    seen, before, present, skus = yield from together(
        version_of(SNAPSHOT), made_before(asked.id), of_skus(ids), SKUS(ids=ids)
    )
    if is_same(before, mark):
        return present
    if asked.seen and asked.seen != fingerprint(present):
        raise PricesMoved
    plans = _planned(asked, present, skus, at=at)
    changes = writes(plans, act_id=asked.id)
    facts: dict[str, Any] = {"from_at": asked.from_at or at, "to_at": asked.to_at, "prices": audited(plans)}
    yield [
        moved_from(SNAPSHOT, seen),
        *changes,
        remember(asked.id, mark),
        audit.note(actor, "menu.prices_set", subject=f"prices/{asked.id}", at=at, **facts),
    ]
    return _after(present, changes)


@script
def preview_prices(asked: NewPrices, *, actor: Actor, at: datetime) -> Steps[PricesPreview]:
    """Tell what setting prices would do, and write nothing.  Refuses as `set_prices` does."""
    actor.need("menu.edit")
    ids = sorted({each.sku_id for each in asked.prices})
    present, skus = yield from together(of_skus(ids), SKUS(ids=ids))
    plans = _planned(asked, present, skus, at=at)
    return PricesPreview(present, _after(present, writes(plans, act_id=asked.id)), fingerprint(present))


def _planned(
    asked: NewPrices, present: Sequence[PriceRow], skus: Sequence[_Sku], *, at: datetime
) -> list[tuple[PriceAsked, Plan]]:
    missing = {each.sku_id for each in asked.prices} - {each.id for each in skus}
    if missing:
        raise SkuUnknown(sku_id=min(missing))
    return plans_of(asked.prices, present, from_at=asked.from_at or at, to_at=asked.to_at, at=at)


def _after(present: Sequence[PriceRow], changes: Sequence[Change]) -> list[PriceRow]:
    """Return the rows as they stand after the writes of `writes`."""
    close, drop, new = changes
    closed = {row["id"]: row["at"] for row in close.rows}
    dropped = {row["id"] for row in drop.rows}
    kept = [
        msgspec.structs.replace(row, valid_to_at=closed.get(row.id, row.valid_to_at))
        for row in present
        if row.id not in dropped
    ]
    rows = [*kept, *(PriceRow(**row) for row in new.rows)]
    return sorted(rows, key=lambda r: (r.sku_id, r.kind, r.valid_from_at, r.id))


@script
def end_price(price_id: str, *, actor: Actor, at: datetime) -> Steps[None]:
    """End a price now; one that has not begun never will.  Refuses `PriceUnknown`."""
    actor.need("menu.edit")
    seen, found = yield from together(version_of(SNAPSHOT), ONE(id=price_id))
    if not found or (found[0].valid_to_at is not None and found[0].valid_to_at <= at):
        raise PriceUnknown(price_id=price_id)
    row = found[0]
    begun = row.valid_from_at < at
    facts: dict[str, Any] = {"sku_id": row.sku_id, "kind": row.kind, "channel": row.channel}
    yield [
        moved_from(SNAPSHOT, seen),
        CLOSE(id=price_id, at=at) if begun else DROP(id=price_id),
        audit.note(actor, "menu.price_ended", subject=f"price/{price_id}", at=at, amount_fen=row.amount_fen, **facts),
    ]
