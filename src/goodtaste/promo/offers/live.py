"""The offers that hold now, held in memory by every process, and what of them a cart can have.

A change moves the version counter of the snapshot in its own transaction, so every process shows it within `snapshot.CHECK_S` and the load.
An order that was priced a moment too early is stopped by the guards of `uses` in its own batch: no order takes an offer after it
was stopped, however old the snapshot it was priced with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import and_, or_, select

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.db import Database, Moment, Query, Read, Steps, par, rows
from goodtaste.kernel.snapshot import Snapshot
from goodtaste.pricing import api as pricing
from goodtaste.promo.offers.tables import SNAPSHOT, offer, version
from goodtaste.promo.offers.terms import Terms
from goodtaste.promo.offers.uses import OfferUse, Room, Used, of_member, room_of

LIVE_MAX = pricing.OFFERS_MAX  # offers that are published and not over, in the whole brand


class LiveOffer(msgspec.Struct, frozen=True):
    """An offer that is published, and which version of it holds."""

    id: str
    version: int
    terms: Terms

    @property
    def counted(self) -> bool:
        """Whether it has a budget."""
        return self.terms.budget_count is not None or self.terms.budget_fen is not None

    @property
    def limited(self) -> bool:
        """Whether each member may have it so many times only."""
        return self.terms.limit_each is not None


class Out(msgspec.Struct, frozen=True):
    """Why an offer that holds is not to be had by this cart: `budget_spent` or `limit_reached`, with the limit."""

    offer_id: str
    code: str
    facts: dict[str, Any] = {}


_PUBLISHED = (
    select(offer.c.id, version.c.version, version.c.terms)
    .join_from(offer, version, and_(version.c.offer_id == offer.c.id, version.c.version == offer.c.live_version))
    .where(offer.c.state == "published", or_(offer.c.ends_at.is_(None), offer.c.ends_at > par("at", Moment)))
    .order_by(offer.c.id)
)
PUBLISHED = Read(_PUBLISHED, LiveOffer)  # those that are halted too
LIVE = Read(_PUBLISHED.where(offer.c.halted.is_(False)), LiveOffer)


class Hand(msgspec.Struct, frozen=True):
    """The offers that a cart can have, once what is counted of them was read: `offers` are for the engine, `out` are not to be had.

    Empty room and uses mean that nothing of them is counted.
    """

    live: tuple[LiveOffer, ...] = ()
    out: tuple[Out, ...] = ()
    rooms: Mapping[str, Room] = {}
    had: tuple[Used, ...] = ()

    @property
    def offers(self) -> list[pricing.Offer]:
        """The offers as the engine takes them."""
        return [each.terms.offer for each in self.live]

    def too_dear(self, saved_fen: Mapping[str, int]) -> frozenset[str]:
        """Return the offers that save more, in fen by their ids, than is left of their budgets: price the cart again `without` them."""
        return frozenset(id_ for id_, fen in saved_fen.items() if id_ in self.rooms and not self.rooms[id_].holds(fen))

    def without(self, offer_ids: frozenset[str]) -> Hand:
        """Return the hand without these offers, whose budgets have too little left."""
        gone = [Out(each.id, "budget_spent") for each in self.live if each.id in offer_ids]
        live = tuple(each for each in self.live if each.id not in offer_ids)
        return msgspec.structs.replace(self, live=live, out=(*self.out, *gone))

    def uses(self, saved_fen: Mapping[str, int]) -> list[OfferUse]:
        """Return what an order uses that saves so many fen by each of these offers, for `use_offers`."""
        return [
            OfferUse(each.id, each.version, saved_fen[each.id], each.terms.limit_each)
            for each in self.live
            if each.id in saved_fen
        ]


class LiveOffers(msgspec.Struct, frozen=True, dict=True):
    """All offers that are published and not over.  Immutable."""

    offers: tuple[LiveOffer, ...] = ()

    @cached_property
    def _by_store(self) -> dict[str, tuple[LiveOffer, ...]]:
        return {}

    def at(self, store_id: str, *, at: datetime) -> tuple[LiveOffer, ...]:
        """Return the offers of a store that are valid at `at`; their other conditions are the engine's to judge."""
        return tuple(each for each in self.of(store_id) if _is_valid(each.terms.offer, at))

    def of(self, store_id: str) -> tuple[LiveOffer, ...]:
        """Return the offers of a store, those that begin later too."""
        here = self._by_store.get(store_id)
        if here is None:
            here = tuple(each for each in self.offers if _is_for(each.terms.offer, store_id))
            self._by_store[store_id] = here
        return here


def _is_for(asked: pricing.Offer, store_id: str) -> bool:
    return not asked.conditions.store_ids or store_id in asked.conditions.store_ids


def _is_valid(asked: pricing.Offer, at: datetime) -> bool:
    return (asked.valid_from_at is None or asked.valid_from_at <= at) and (
        asked.valid_to_at is None or at < asked.valid_to_at
    )


def queries(live: Sequence[LiveOffer], *, member_id: str | None) -> list[Query[Any]]:
    """Return the queries of what is counted of these offers, none where nothing is; their answers are for `hand_of`."""
    counted, limited = [e.id for e in live if e.counted], [e.id for e in live if e.limited]
    asked: list[Query[Any]] = [room_of(counted)] if counted else []
    return [*asked, of_member(member_id, limited)] if limited and member_id else asked


def hand_of(
    live: Sequence[LiveOffer], answers: Sequence[list[Any]], *, own: Sequence[Used] = (), order_id: str | None = None
) -> Hand:
    """Return what a cart can have of these offers after what `queries` found.

    `own`: what the order with this id uses already, which does not stand in its own way when it is priced anew.
    """
    rooms = {e.id: e for found in answers for e in found if isinstance(e, Room)}
    for each in own:
        if each.offer_id in rooms:
            room = rooms[each.offer_id]
            rooms[each.offer_id] = msgspec.structs.replace(
                room, used=room.used - 1, used_fen=room.used_fen - each.saved_fen
            )
    had = tuple(e for found in answers for e in found if isinstance(e, Used) and e.order_id != order_id)
    out = [found for each in live if (found := _out(each, rooms.get(each.id), had)) is not None]
    gone = {each.offer_id for each in out}
    return Hand(tuple(e for e in live if e.id not in gone), tuple(out), rooms, had)


def _out(each: LiveOffer, room: Room | None, had: Sequence[Used]) -> Out | None:
    """Tell why an offer is not to be had, or None.  One fen is the least that an offer saves."""
    if room is not None and not room.holds(1):
        return Out(each.id, "budget_spent")
    limit = each.terms.limit_each
    if limit is not None and sum(used.offer_id == each.id for used in had) >= limit:
        return Out(each.id, "limit_reached", {"limit": limit})
    return None


def read_live(*, at: datetime) -> Steps[LiveOffers]:
    """Read the offers that hold now, for a script that a guard has told its snapshot is old."""
    return LiveOffers(tuple((yield from rows(LIVE(at=at)))))


def live_offers_snapshot(clock: Clock) -> Snapshot[LiveOffers]:
    """Return the snapshot of the offers that hold; those that are over are left out when it is loaded."""

    async def load(db: Database) -> LiveOffers:
        return LiveOffers(tuple(await db.rows(LIVE(at=clock()))))

    return Snapshot(SNAPSHOT, load)
