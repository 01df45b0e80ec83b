"""What orders use of offers: counted within exact budgets and limits in the order's own transaction, and given back with it.

Each use is a row of its order, so that what is given back is what was taken, and an offer's counters are the sum of its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import and_, delete, select, update

from goodtaste.kernel.db import Change, Id, Int, ListOf, Query, Read, add, change, in_list, insert, joined, par
from goodtaste.kernel.errors import Refusal
from goodtaste.promo.offers.tables import offer, use

LIMIT_MAX = 100  # orders of one member that an offer may be limited to

GUARDS = frozenset(
    {"promo_offer_live", "promo_offer_budget_count", "promo_offer_budget_fen", "promo_offer_use_limit"}
)  # what stops an order that was priced with offers which no longer hold


class OfferGone(Refusal):
    """Raised when an offer that an order was priced with was stopped or changed."""

    code = "promo.offer_gone"
    guards = ("promo_offer_live",)


class OfferSpent(Refusal):
    """Raised when the budget of an offer, in orders or in money, has too little left."""

    code = "promo.offer_spent"
    guards = ("promo_offer_budget_count", "promo_offer_budget_fen")


class OfferLimit(Refusal):
    """Raised when a member has had an offer as often as one may.  Facts: `offer_id`, `limit`."""

    code = "promo.offer_limit"
    guards = ("promo_offer_use_limit",)


class OfferUse(msgspec.Struct, frozen=True):
    """What an order is to use of an offer: the version it was priced with and what it saves, in fen.

    `limit_each`: how many orders of one member may use it; None, any number.
    """

    offer_id: str
    version: int
    saved_fen: int
    limit_each: int | None = None


class Used(msgspec.Struct, frozen=True):
    """What an order uses of an offer.  `nth`: which of the member's uses it is, where they are limited."""

    order_id: str
    offer_id: str
    version: int
    member_id: str | None
    nth: int | None
    saved_fen: int


class Room(msgspec.Struct, frozen=True):
    """What was used of an offer, and its budgets."""

    id: str
    used: int
    used_fen: int
    budget_count: int | None
    budget_fen: int | None

    def holds(self, saved_fen: int) -> bool:
        """Tell whether one more order that saves so much stays within the budgets."""
        return (self.budget_count is None or self.used < self.budget_count) and (
            self.budget_fen is None or self.used_fen + saved_fen <= self.budget_fen
        )


_USED = [use.c[name] for name in Used.__struct_fields__]
OF_ORDER = Read(select(*_USED).where(use.c.order_id == par("order_id", Id)).order_by(use.c.offer_id), Used)
OF_MEMBER = Read(
    select(*_USED).where(use.c.member_id == par("member_id", Id), in_list(use.c.offer_id, par("ids", ListOf))), Used
)
ROOM = Read(
    select(*[offer.c[name] for name in Room.__struct_fields__]).where(in_list(offer.c.id, par("ids", ListOf))), Room
)
USED = add(
    offer,
    key=["id", "live_version"],
    counters=["used", "used_fen"],
    when=and_(offer.c.state == "published", offer.c.halted.is_(False)),
    guard="promo_offer_live",
)
BACK = add(offer, key=["id"], counters=["used", "used_fen"], guard="promo_offer_gone")
NEW = insert(use)
_THIS = (
    use.c.order_id == par("order_id", Id),
    use.c.offer_id == par("offer_id", Id),
    use.c.saved_fen == par("seen_fen", Int),
)
CHANGED = change(
    update(use)
    .where(*_THIS)
    .values(
        version=par("version", Int),
        saved_fen=par("saved_fen", Int),
        member_id=par("member_id", Id),
        nth=par("nth", Int),
    ),
    guard="promo_offer_use_moved",
)
ENDED = change(delete(use).where(*_THIS), guard="promo_offer_use_moved")


def of_order(order_id: str) -> Query[Used]:
    """Return the query of what an order uses of offers."""
    return OF_ORDER(order_id=order_id)


def of_member(member_id: str, offer_ids: Sequence[str]) -> Query[Used]:
    """Return the query of what a member's orders use of these offers; for those with a limit, of which there are few rows each."""
    return OF_MEMBER(member_id=member_id, ids=list(offer_ids))


def room_of(offer_ids: Sequence[str]) -> Query[Room]:
    """Return the query of what is left of the budgets of these offers."""
    return ROOM(ids=list(offer_ids))


def use_offers(
    uses: Sequence[OfferUse], *, order_id: str, member_id: str | None, had: Sequence[Used] = (), at: datetime
) -> list[Change]:
    """Return the changes by which an order uses offers; they belong into the batch that writes the order.

    `had`: what `of_member` found for the offers with a limit.  A guard of `GUARDS` stops the batch where an offer was stopped or changed,
    its budget has too little left, or its limit is reached by another order of the member.  Refuses `OfferLimit`.
    """
    return [
        USED.many([_counted(each.offer_id, each.version, 1, each.saved_fen) for each in uses]),
        NEW.many([_row(each, order_id, member_id, had, at) for each in uses]),
    ]


def change_uses(
    found: Sequence[Used],
    uses: Sequence[OfferUse],
    *,
    order_id: str,
    member_id: str | None,
    had: Sequence[Used] = (),
    at: datetime,
) -> list[Change]:
    """Return the changes by which an order that uses `found` uses `uses` instead, for a bill that is priced anew.

    What it goes on using counts for the member it has now.  Stopped as in `use_offers`, by what it goes on using too.
    """
    before = {each.offer_id: each for each in found}
    new = [each for each in uses if each.offer_id not in before]
    kept = [(each, before[each.offer_id]) for each in uses if each.offer_id in before]
    gone = before.keys() - {each.offer_id for each in uses}
    counted = [_counted(each.offer_id, each.version, 1, each.saved_fen) for each in new]
    counted += [_counted(each.offer_id, each.version, 0, each.saved_fen - was.saved_fen) for each, was in kept]
    return [
        USED.many(counted),
        NEW.many([_row(each, order_id, member_id, had, at) for each in new]),
        CHANGED.many([_changed(was, _goes_on(each, was, member_id=member_id, had=had)) for each, was in kept]),
        *give_back([each for each in found if each.offer_id in gone]),
    ]


def in_one(changes: Sequence[Change]) -> list[Change]:
    """Return the changes of several orders as those of one batch: what one gives back of an offer and another uses is counted together."""
    version_of = {row["id"]: row["live_version"] for each in changes if each.statement is USED for row in each.rows}
    found = []
    for each in changes:
        if each.statement is BACK:
            again = [{**row, "live_version": version_of[row["id"]]} for row in each.rows if row["id"] in version_of]
            found.append(USED.many(again))
            each = BACK.many([row for row in each.rows if row["id"] not in version_of])
        found.append(each)
    return joined(found)


def give_back(found: Sequence[Used], parts_fen: Mapping[str, int] | None = None) -> list[Change]:
    """Return the changes by which an order gives back what it uses: all of it, or of each offer so many fen.

    What is given back whole counts no more for the budget in orders and for the member.  An offer that was stopped takes it back too.
    """
    back = [(each, each.saved_fen if parts_fen is None else parts_fen.get(each.offer_id, 0)) for each in found]
    ended = [each for each, fen in back if fen == each.saved_fen and (fen or parts_fen is None)]
    less = [(each, fen) for each, fen in back if 0 < fen < each.saved_fen]
    counted = [{"id": each.offer_id, "used": -1, "used_fen": -each.saved_fen} for each in ended]
    counted += [{"id": each.offer_id, "used": 0, "used_fen": -fen} for each, fen in less]
    return [
        BACK.many(counted),
        ENDED.many(
            [{"order_id": each.order_id, "offer_id": each.offer_id, "seen_fen": each.saved_fen} for each in ended]
        ),
        *(
            [CHANGED.many([_changed(e, msgspec.structs.replace(e, saved_fen=e.saved_fen - fen)) for e, fen in less])]
            if less
            else []
        ),
    ]


def _counted(offer_id: str, version: int, used: int, used_fen: int) -> dict[str, object]:
    return {"id": offer_id, "live_version": version, "used": used, "used_fen": used_fen}


def _goes_on(asked: OfferUse, was: Used, *, member_id: str | None, had: Sequence[Used]) -> Used:
    """Return a use as it becomes; for the same member it keeps its place among theirs."""
    nth = was.nth if was.member_id == member_id else _place(asked, was.order_id, member_id, had)
    return msgspec.structs.replace(was, version=asked.version, saved_fen=asked.saved_fen, member_id=member_id, nth=nth)


def _changed(was: Used, now: Used) -> dict[str, object]:
    return msgspec.structs.asdict(now) | {"seen_fen": was.saved_fen}


def _row(asked: OfferUse, order_id: str, member_id: str | None, had: Sequence[Used], at: datetime) -> dict[str, object]:
    return {
        "order_id": order_id,
        "offer_id": asked.offer_id,
        "version": asked.version,
        "member_id": member_id,
        "nth": _place(asked, order_id, member_id, had),
        "saved_fen": asked.saved_fen,
        "used_at": at,
    }


def _place(asked: OfferUse, order_id: str, member_id: str | None, had: Sequence[Used]) -> int | None:
    """Return the lowest place that no other order of the member takes; two that take the same one break the limit's constraint.

    None where nobody's uses are limited.
    """
    limit = asked.limit_each
    if member_id is None or not limit:
        return None
    taken: Collection[int | None] = {e.nth for e in had if e.offer_id == asked.offer_id and e.order_id != order_id}
    for nth in range(1, limit + 1):
        if nth not in taken:
            return nth
    raise OfferLimit(offer_id=asked.offer_id, limit=limit)
