"""Offers as stored things: drafts, published, stopped; every version kept, so that an order keeps the one it was priced with.

What an offer says never changes: whoever edits it makes a new version, and it holds once that version is published.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import and_, func, or_, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    change,
    escaped,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, is_id, same_or_taken
from goodtaste.kernel.input import Positive
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.promo.offers.tables import offer, version
from goodtaste.promo.offers.terms import BadOffer, Fault, Known, Terms, faults_of

State = Literal["draft", "live", "ended", "stopped"]

PAGE_MAX = 100
VERSIONS_PAGE = 50


class OfferUnknown(Refusal):
    """Raised for an offer, or a version of one, that does not exist.  Facts: `offer_id`."""

    code = "promo.offer_unknown"
    status = 404


class OfferChanged(Refusal):
    """Raised when an offer has a newer version than the editor saw.  Facts: `offer_id`, `seen_version`, `version`."""

    code = "promo.offer_changed"
    guards = ("promo_offer_moved",)


class OfferState(Refusal):
    """Raised when an offer in its state cannot become what is asked.  Facts: `offer_id`, `state`."""

    code = "promo.offer_state"


class OfferChange(Terms, frozen=True, kw_only=True):
    """What an offer becomes with its next version; `version` is the newest that was seen."""

    version: Positive


class OfferRow(msgspec.Struct, frozen=True):
    """An offer as its row says, with the terms of its newest version.  `live_version` is the one that holds, or held at the end."""

    id: str
    state: str
    version: int
    live_version: int | None
    halted: bool
    ends_at: datetime | None
    used: int
    used_fen: int
    made_at: datetime
    changed_at: datetime
    terms: Terms
    fingerprint: str
    saved_by: str


class OfferView(msgspec.Struct, frozen=True):
    """An offer: its state now, what its newest version says, and what orders have used of it.

    `live_version` is the version that holds while it is `live`; a newer one waits to be published.  `halted`: all offers are.
    """

    id: str
    state: State
    halted: bool
    version: int
    live_version: int | None
    terms: Terms
    used: int
    used_fen: int
    saved_by: str
    made_at: datetime
    changed_at: datetime


class Page(msgspec.Struct, frozen=True):
    """A page of offers, newest first; `next` asks for the one after it, null at the end."""

    offers: list[OfferView]
    next: str | None


class VersionView(msgspec.Struct, frozen=True):
    """A version of an offer: what it says, who saved it and who published it last."""

    version: int
    terms: Terms
    saved_by: str
    saved_at: datetime
    published_by: str | None
    published_at: datetime | None


class _Version(msgspec.Struct, frozen=True):
    version: int
    terms: Terms


class _Mark(msgspec.Struct, frozen=True):
    fingerprint: str


_AT = par("at", Moment)
_HOLDS = or_(offer.c.ends_at.is_(None), offer.c.ends_at > _AT)
_IN_STATE = {
    "draft": offer.c.state == "draft",
    "live": and_(offer.c.state == "published", _HOLDS),
    "ended": and_(offer.c.state == "published", offer.c.ends_at <= _AT),
    "stopped": offer.c.state == "stopped",
}
_ROW = select(
    *[offer.c[name] for name in OfferRow.__struct_fields__[:10]],
    version.c.terms,
    version.c.fingerprint,
    version.c.saved_by,
).join_from(offer, version, and_(version.c.offer_id == offer.c.id, version.c.version == offer.c.version))
_PAGE = (
    _ROW.where(older(offer.c.made_at, offer.c.id), func.lower(offer.c.name).like(par("like", Str), escape="\\"))
    .order_by(offer.c.made_at.desc(), offer.c.id.desc())
    .limit(par("limit", Int))
)
ONE = Read(_ROW.where(offer.c.id == par("id", Id)), OfferRow)
ALL = Read(_PAGE, OfferRow)
IN_STATE = {state: Read(_PAGE.where(condition), OfferRow) for state, condition in _IN_STATE.items()}
VERSIONS = Read(
    select(*[version.c[name] for name in VersionView.__struct_fields__])
    .where(version.c.offer_id == par("id", Id), version.c.version < par("before", Int))
    .order_by(version.c.version.desc())
    .limit(VERSIONS_PAGE),
    VersionView,
)
VERSION = Read(
    select(version.c.version, version.c.terms).where(
        version.c.offer_id == par("id", Id), version.c.version == par("version", Int)
    ),
    _Version,
)
FIRST = Read(select(version.c.fingerprint).where(version.c.offer_id == par("id", Id), version.c.version == 1), _Mark)
NEW = insert(offer)
NEW_VERSION = insert(version)
GREW = change(
    update(offer)
    .where(offer.c.id == par("id", Id), offer.c.version == par("seen", Int))
    .values(version=offer.c.version + 1, name=par("name", Str), changed_at=par("at", Moment)),
    guard="promo_offer_moved",
)


def known(found: list[OfferRow], offer_id: str) -> OfferRow:
    """Return the offer of `found`; refuses `OfferUnknown`."""
    if not found:
        raise OfferUnknown(offer_id=offer_id)
    return found[0]


def view(row: OfferRow, *, at: datetime) -> OfferView:
    """Return an offer as it is shown at `at`: one that is published is live until it ends."""
    state = row.state
    if state == "published":
        state = "live" if row.ends_at is None or at < row.ends_at else "ended"
    fields = {name: getattr(row, name) for name in OfferView.__struct_fields__ if name != "state"}
    return OfferView(state=state, **fields)  # type: ignore[arg-type]


def _terms_of(asked: OfferChange) -> Terms:
    """Return what is said of an offer, without the version that was seen."""
    return Terms(**{name: getattr(asked, name) for name in Terms.__struct_fields__})


@script
def make_offer(asked: Terms, *, known_here: Known, actor: Actor, at: datetime) -> Steps[OfferView]:
    """Save a new offer as a draft, once per `asked.offer.id`.  Refuses `BadOffer` with every fault."""
    actor.need("offer.edit")
    offer_id, mark = asked.offer.id, fingerprint(asked)
    if not is_id(offer_id):
        raise BadOffer.of([Fault("offer.id", "promo.fault.not_an_id")])
    firsts, found = yield from together(FIRST(id=offer_id), ONE(id=offer_id))
    if firsts:
        same_or_taken(firsts[0].fingerprint, mark, id_=offer_id)
        return view(known(found, offer_id), at=at)
    _refuse_faults(offer_id, asked, known_here, at=at)
    made = OfferRow(offer_id, "draft", 1, None, False, None, 0, 0, at, at, asked, mark, actor.id)
    head = {name: getattr(made, name) for name in OfferRow.__struct_fields__[:10]}
    try:
        yield [
            NEW(**head, name=asked.offer.name, budget_count=None, budget_fen=None),
            NEW_VERSION(**_version_row(offer_id, 1, asked, actor, at)),
            _noted(actor, "promo.offer_made", made, at=at),
        ]
    except GuardBroken as broken:
        if broken.name != "promo_offer_pkey":
            raise
        return (yield from make_offer(asked, known_here=known_here, actor=actor, at=at))
    return view(made, at=at)


@script
def change_offer(
    offer_id: str, asked: OfferChange, *, known_here: Known, actor: Actor, at: datetime
) -> Steps[OfferView]:
    """Save the next version of an offer; what holds goes on as it is until that version is published.

    Sent again it gives the same version.  Refuses `OfferUnknown`, `OfferChanged`, and `BadOffer` with every fault.
    """
    actor.need("offer.edit")
    before = known((yield from rows(ONE(id=offer_id))), offer_id)
    terms = _terms_of(asked)
    mark = fingerprint(terms)
    if before.fingerprint == mark and asked.version in (before.version, before.version - 1):
        return view(before, at=at)
    if asked.version != before.version:
        raise OfferChanged(offer_id=offer_id, seen_version=asked.version, version=before.version)
    _refuse_faults(offer_id, terms, known_here, at=at)
    after = msgspec.structs.replace(
        before, version=before.version + 1, terms=terms, fingerprint=mark, saved_by=actor.id, changed_at=at
    )
    yield [
        GREW(id=offer_id, seen=before.version, name=terms.offer.name, at=at),
        NEW_VERSION(**_version_row(offer_id, after.version, terms, actor, at)),
        _noted(actor, "promo.offer_changed", after, at=at),
    ]
    return view(after, at=at)


def _refuse_faults(offer_id: str, terms: Terms, known_here: Known, *, at: datetime) -> None:
    found = faults_of(offer_id, terms, known_here, at=at)
    if found:
        raise BadOffer.of(found)


def _version_row(offer_id: str, number: int, terms: Terms, actor: Actor, at: datetime) -> dict[str, object]:
    return {
        "offer_id": offer_id,
        "version": number,
        "terms": msgspec.to_builtins(terms),
        "fingerprint": fingerprint(terms),
        "saved_by": actor.id,
        "saved_at": at,
        "published_by": None,
        "published_at": None,
    }


def _noted(actor: Actor, action: str, row: OfferRow, *, at: datetime) -> Change:
    return audit.note(
        actor,
        action,
        subject=f"offer/{row.id}",
        at=at,
        version=row.version,
        name=row.terms.offer.name,
        mark=row.fingerprint,
    )


@script
def one(offer_id: str, *, at: datetime) -> Steps[OfferView]:
    """Return an offer; refuses `OfferUnknown`."""
    return view(known((yield from rows(ONE(id=offer_id))), offer_id), at=at)


@script
def page(*, state: State | None, before: str, limit: int, at: datetime, q: str = "") -> Steps[Page]:
    """Return a page of offers whose name holds `q`, those in a state where one is named; refuses `BadCursor`."""
    edge = start(before)
    bounds = {"before_at": edge.at, "before_id": edge.id, "like": f"%{escaped(q.lower())}%", "limit": limit}
    found = yield from rows(IN_STATE[state](**bounds, at=at) if state else ALL(**bounds))
    last = next_of(found, limit, lambda each: each.made_at)
    return Page([view(row, at=at) for row in found], last)


@script
def versions(offer_id: str, *, before: int) -> Steps[list[VersionView]]:
    """Return the versions of an offer below `before`, newest first, at most `VERSIONS_PAGE`; refuses `OfferUnknown`."""
    found, offers = yield from together(VERSIONS(id=offer_id, before=before), ONE(id=offer_id))
    known(offers, offer_id)
    return found


@script
def terms_at(offer_id: str, *, number: int | None) -> Steps[tuple[int, Terms]]:
    """Return a version of an offer, the newest where none is named, with its number; refuses `OfferUnknown`."""
    row = known((yield from rows(ONE(id=offer_id))), offer_id)
    if number in (None, row.version):
        return row.version, row.terms
    found = yield from rows(VERSION(id=offer_id, version=number))
    if not found:
        raise OfferUnknown(offer_id=offer_id)
    return found[0].version, found[0].terms
