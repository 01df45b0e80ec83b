"""Offers begin and stop: a version is published, an offer is stopped, all are halted at once and let on again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Flag,
    Id,
    Int,
    Moment,
    Query,
    Read,
    Steps,
    Str,
    change,
    par,
    put,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input, Positive, Reason
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.promo.offers.live import LIVE_MAX, PUBLISHED
from goodtaste.promo.offers.saved import ONE, VERSION, OfferState, OfferUnknown, OfferView, known, view
from goodtaste.promo.offers.tables import SNAPSHOT, offer, switch, version
from goodtaste.promo.offers.terms import BadOffer, Fault, Known, Terms, faults_among, faults_of
from goodtaste.promo.offers.uses import ROOM, Room


class TooManyOffers(Refusal):
    """Raised when as many offers are live as there may be.  Facts: `limit`."""

    code = "promo.too_many_offers"


class Publish(Input, frozen=True):
    """What is sent to publish a version of an offer; an earlier one too, which takes a later one back."""

    version: Positive


class Halt(Input, frozen=True):
    """What is sent to halt all offers at once, or to let them on again."""

    halted: bool
    reason: Reason


class Switch(msgspec.Struct, frozen=True):
    """Whether all offers are halted, since when, by whom and why."""

    halted: bool
    reason: str
    turned_by: str
    turned_at: datetime | None


SWITCH = Read(select(*[switch.c[name] for name in Switch.__struct_fields__]), Switch)
TURN = put(switch, key=["id"])
ON = Switch(False, "", "", None)
BEGUN = change(
    update(offer)
    .where(offer.c.id == par("id", Id))
    .values(
        state="published",
        live_version=par("version", Int),
        halted=par("halted", Flag),
        ends_at=par("ends_at", Moment),
        budget_count=par("budget_count", Int),
        budget_fen=par("budget_fen", Int),
        changed_at=par("at", Moment),
    )
)
NAMED = change(
    update(version)
    .where(version.c.offer_id == par("id", Id), version.c.version == par("version", Int))
    .values(published_by=par("by", Str), published_at=par("at", Moment))
)
STOPPED = change(
    update(offer).where(offer.c.id == par("id", Id)).values(state="stopped", halted=False, changed_at=par("at", Moment))
)
HALTED = change(
    update(offer).where(offer.c.state == "published").values(halted=par("halted", Flag), changed_at=par("at", Moment))
)


@script
def publish(offer_id: str, asked: Publish, *, known_here: Known, actor: Actor, at: datetime) -> Steps[OfferView]:
    """Let a version of an offer hold from now on, or from when it says; publishing what holds changes nothing.

    While all offers are halted it waits with them.  Refuses `OfferUnknown`, `TooManyOffers`, and `BadOffer` with every fault, those of
    all live offers together too.
    """
    actor.need("offer.publish")
    queries: list[Query[Any]] = [
        version_of(SNAPSHOT),
        ONE(id=offer_id),
        VERSION(id=offer_id, version=asked.version),
        PUBLISHED(at=at),
        ROOM(ids=[offer_id]),
        SWITCH(),
    ]
    seen, found, versions, live, rooms, switches = yield queries
    row = known(found, offer_id)
    if not versions:
        raise OfferUnknown(offer_id=offer_id)
    if row.state == "published" and row.live_version == asked.version:
        return view(row, at=at)
    terms: Terms = versions[0].terms
    others = [each for each in live if each.id != offer_id]
    faults = [
        *faults_of(offer_id, terms, known_here, at=at),
        *faults_among(terms, [each.terms.offer for each in others]),
    ]
    faults += _below_used(terms, rooms[0])
    if faults:
        raise BadOffer.of(faults)
    if len(others) >= LIVE_MAX:
        raise TooManyOffers(limit=LIVE_MAX)
    halted = bool(switches and switches[0].halted)
    after = {"halted": halted, "ends_at": terms.offer.valid_to_at}
    yield [
        moved_from(SNAPSHOT, seen),
        BEGUN(
            id=offer_id,
            version=asked.version,
            budget_count=terms.budget_count,
            budget_fen=terms.budget_fen,
            at=at,
            **after,
        ),
        NAMED(id=offer_id, version=asked.version, by=actor.id, at=at),
        audit.note(
            actor,
            "promo.offer_published",
            subject=f"offer/{offer_id}",
            at=at,
            version=asked.version,
            before=row.live_version,
            name=terms.offer.name,
        ),
    ]
    row = msgspec.structs.replace(row, state="published", live_version=asked.version, changed_at=at, **after)
    return view(row, at=at)


def _below_used(terms: Terms, room: Room) -> list[Fault]:
    """A budget that is below what orders have used already cannot be kept."""
    used = (("budget_count", terms.budget_count, room.used), ("budget_fen", terms.budget_fen, room.used_fen))
    return [
        Fault(name, "promo.fault.below_used", {"used": n})
        for name, budget, n in used
        if budget is not None and budget < n
    ]


@script
def stop(offer_id: str, *, reason: str, actor: Actor, at: datetime) -> Steps[OfferView]:
    """Stop an offer everywhere: no order takes it from this commit on.  Stopping it again changes nothing.

    Refuses `OfferUnknown`, and `OfferState` for a draft.
    """
    actor.need("offer.edit")
    seen, found = yield from together(version_of(SNAPSHOT), ONE(id=offer_id))
    row = known(found, offer_id)
    if row.state == "draft":
        raise OfferState(offer_id=offer_id, state=row.state)
    if row.state == "stopped":
        return view(row, at=at)
    yield [
        moved_from(SNAPSHOT, seen),
        STOPPED(id=offer_id, at=at),
        audit.note(
            actor, "promo.offer_stopped", subject=f"offer/{offer_id}", at=at, reason=reason, version=row.live_version
        ),
    ]
    return view(msgspec.structs.replace(row, state="stopped", halted=False, changed_at=at), at=at)


@script
def halt(asked: Halt, *, actor: Actor, at: datetime) -> Steps[Switch]:
    """Halt all offers of the brand in one act, or let them on again, each in the state it had."""
    actor.need("offer.publish")
    seen, found = yield from together(version_of(SNAPSHOT), SWITCH())
    if (found[0].halted if found else False) == asked.halted:
        return found[0] if found else ON
    turned = Switch(asked.halted, asked.reason, actor.id, at)
    action = "promo.offers_halted" if asked.halted else "promo.offers_let_on"
    yield [
        moved_from(SNAPSHOT, seen),
        TURN(id=1, **msgspec.structs.asdict(turned)),
        HALTED(halted=asked.halted, at=at),
        audit.note(actor, action, subject="offers", at=at, reason=asked.reason),
    ]
    return turned


@script
def read_switch() -> Steps[Switch]:
    """Return whether all offers are halted."""
    [found] = yield [SWITCH()]
    return found[0] if found else ON
