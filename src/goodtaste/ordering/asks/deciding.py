"""A store answers what a diner asked: it refunds, in the transaction that says so, or declines with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select

from goodtaste.events.ordering import RefundDeclined
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Int, Read, Steps, Str, beside, first, par, rows, script
from goodtaste.kernel.ids import END
from goodtaste.kernel.input import Fen, Input, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.ordering.asks.asking import (
    COLUMNS,
    ONE,
    RefundRequest,
    RequestRow,
    RequestUnknown,
    closed,
    view,
)
from goodtaste.ordering.asks.tables import request
from goodtaste.ordering.refund import RefundOrder, refund_order
from goodtaste.ordering.spot import Place

PAGE_MAX = 100


class Approve(Input, frozen=True):
    """What is sent to refund what a diner asked for: `id` is that of the refund, and what was seen is what its preview said now."""

    id: IdText
    seen_amount_fen: Fen
    restock: bool = False
    seen_mark: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?" + END)] = ""


class Decline(Input, frozen=True):
    """What is sent to decline a request: the reason, which its diner reads."""

    reason: Reason


class RequestPage(msgspec.Struct, frozen=True):
    """A page of requests, newest first; `next` asks for the one after it, null at the end."""

    requests: list[RefundRequest]
    next: str | None


_PAGE = (
    select(*COLUMNS)
    .where(request.c.state == par("state", Str), older(request.c.asked_at, request.c.id))
    .order_by(request.c.asked_at.desc(), request.c.id.desc())
    .limit(par("limit", Int))
)
EVERYWHERE = Read(_PAGE, RequestRow)
AT_STORE = Read(_PAGE.where(request.c.store_id == par("store_id", Id)), RequestRow)


@script
def in_state(state: str, *, store_id: str | None, actor: Actor, before: str, limit: int) -> Steps[RequestPage]:
    """Return a page of the requests in a state, of a store or, with None, of the brand.  Refuses `BadCursor`, `NotAllowed`."""
    actor.need("order.read", store_id=store_id)
    edge = start(before)
    asked = {"state": state, "before_at": edge.at, "before_id": edge.id, "limit": limit}
    found = yield from rows(AT_STORE(store_id=store_id, **asked) if store_id else EVERYWHERE(**asked))
    return RequestPage([view(each) for each in found], next_of(found, limit, lambda each: each.asked_at))


@script
def store_of(request_id: str, *, actor: Actor) -> Steps[RefundRequest]:
    """Return a request to the staff of its store.  Refuses `RequestUnknown`, `NotAllowed`."""
    row = yield from _there(request_id)
    actor.need("order.read", store_id=row.store_id)
    return view(row)


@script
def approve(
    request_id: str, asked: Approve, *, actor: Actor, approved_by: str | None, where: Place
) -> Steps[RefundRequest]:
    """Refund what was asked for, once, and answer the request by it.  Refuses `RequestDecided` and what a refund refuses."""
    row = yield from _there(request_id)
    if row.state == "approved" and row.refund_id == asked.id:
        return view(row)
    wanted = RefundOrder(
        id=asked.id,
        reason=row.why,
        seen_amount_fen=asked.seen_amount_fen,
        seen_mark=asked.seen_mark,
        pieces=row.wanted,
        restock=asked.restock,
    )
    answered = closed(row, "approved", by=actor.id, at=where.at, refund_id=asked.id)
    refund = refund_order(row.order_id, wanted, actor=actor, approved_by=approved_by, where=where)
    yield from beside(refund, [answered])
    return view(
        msgspec.structs.replace(row, state="approved", decided_at=where.at, decided_by=actor.id, refund_id=asked.id)
    )


@script
def decline(request_id: str, asked: Decline, *, actor: Actor, at: datetime) -> Steps[RefundRequest]:
    """Decline a request with a reason; the same answer twice is one.  Refuses `RequestDecided`, `NotAllowed`."""
    row = yield from _there(request_id)
    actor.need("order.refund", store_id=row.store_id)
    if row.state == "declined" and (row.decided_by, row.answer) == (actor.id, asked.reason):
        return view(row)
    yield [
        closed(row, "declined", by=actor.id, at=at, answer=asked.reason),
        audit.note(
            actor,
            "ordering.refund_declined",
            subject=f"order/{row.order_id}",
            store_id=row.store_id,
            reason=asked.reason,
            at=at,
            request_id=row.id,
        ),
        tell(RefundDeclined(request_id=row.id, order_id=row.order_id, store_id=row.store_id), at=at),
    ]
    return view(msgspec.structs.replace(row, state="declined", decided_at=at, decided_by=actor.id, answer=asked.reason))


def _there(request_id: str) -> Steps[RequestRow]:
    row = yield from first(ONE(id=request_id))
    if row is None:
        raise RequestUnknown(request_id=request_id)
    return row
