"""A diner asks for a refund: of pieces or of all, once at a time, as long as the store remembers the meal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    Moment,
    Read,
    Steps,
    Str,
    change,
    first,
    insert,
    par,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Fen, Input, Text
from goodtaste.kernel.input import Id as IdText
from goodtaste.ordering.asks.tables import REQUESTS_MAX, request
from goodtaste.ordering.orders import may_see, read, read_row
from goodtaste.ordering.refund import RefundChanged
from goodtaste.ordering.refund_worth import Piece, worth
from goodtaste.pricing.api import LINES_MAX

ASK_WITHIN = timedelta(days=7)  # of paying; later the diner speaks with the store

Why = Literal["wrong_dish", "missing", "quality", "slow", "changed_mind", "other"]
State = Literal["open", "approved", "declined", "withdrawn"]


class RequestUnknown(Refusal):
    """Raised for a request that does not exist or is not the caller's to see.  Facts: `request_id`."""

    code = "ordering.refund_request_unknown"
    status = 404


class RequestOpen(Refusal):
    """Raised when an order has a request that nobody has answered yet."""

    code = "ordering.refund_request_open"
    guards = ("ordering_refund_request_open_once",)


class RequestsFull(Refusal):
    """Raised when so many refunds of one order were asked for already.  Facts: `most`."""

    code = "ordering.refund_requests_full"
    guards = ("ordering_refund_request_full",)


class TooLateToAsk(Refusal):
    """Raised when an order was paid too long ago to ask for a refund in the app.  Facts: `days`."""

    code = "ordering.refund_request_too_late"


class RequestDecided(Refusal):
    """Raised when a request was answered or withdrawn before.  Facts: `state`."""

    code = "ordering.refund_request_decided"
    guards = ("ordering_refund_request_decided",)


class AskRefund(Input, frozen=True):
    """What a diner sends to ask for a refund of pieces, or, with none, of all that is left; `seen_amount_fen` is what the preview said."""

    id: IdText
    why: Why
    seen_amount_fen: Fen
    pieces: Annotated[tuple[Piece, ...], msgspec.Meta(max_length=LINES_MAX)] = ()
    remark: Text = ""


class RefundRequest(msgspec.Struct, frozen=True):
    """A request for a refund: what for, why, and what became of it.  `amount_fen` is what its diner was shown; no pieces: all."""

    id: str
    order_id: str
    store_id: str
    member_id: str
    state: str
    pieces: tuple[Piece, ...]
    why: str
    remark: str
    amount_fen: int
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    answer: str
    refund_id: str | None


class RequestRow(msgspec.Struct, frozen=True):
    """A request as a row."""

    id: str
    order_id: str
    nth: int
    store_id: str
    member_id: str
    state: str
    pieces: str
    why: str
    remark: str
    amount_fen: int
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    answer: str
    refund_id: str | None
    fingerprint: str

    @property
    def wanted(self) -> tuple[Piece, ...]:
        """The pieces that are to come back; none: all that is left."""
        return _pieces.decode(self.pieces)


_pieces = msgspec.json.Decoder(tuple[Piece, ...])
COLUMNS = [request.c[name] for name in RequestRow.__struct_fields__]
ONE = Read(select(*COLUMNS).where(request.c.id == par("id", Id)), RequestRow)
OF_ORDER = Read(
    select(*COLUMNS)
    .where(request.c.order_id == par("order_id", Id))
    .order_by(request.c.nth.desc())
    .limit(REQUESTS_MAX),
    RequestRow,
)
NEW = insert(request)
CLOSE = change(
    update(request)
    .where(request.c.id == par("id", Id), request.c.state == "open")
    .values(
        state=par("state", Str),
        decided_at=par("at", Moment),
        decided_by=par("by", Str),
        answer=par("answer", Str),
        refund_id=par("refund_id", Id),
    ),
    guard="ordering_refund_request_decided",
)


def view(row: RequestRow) -> RefundRequest:
    """Return a request as it is shown."""
    fields = {name: getattr(row, name) for name in RefundRequest.__struct_fields__ if name != "pieces"}
    return RefundRequest(**fields, pieces=row.wanted)


@script
def ask(order_id: str, asked: AskRefund, *, actor: Actor, at: datetime) -> Steps[RefundRequest]:
    """Ask for a refund, once per `asked.id`.

    Refuses `RequestOpen`, `RequestsFull`, `TooLateToAsk`, `RefundChanged` where it would not be what was seen, and what a refund refuses.
    """
    mark = fingerprint([order_id, asked])
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id)
    known = yield from first(ONE(id=asked.id))
    if known is not None:
        same_or_taken(known.fingerprint, mark, id_=asked.id)
        return view(known)
    before = yield from rows(OF_ORDER(order_id=order_id))
    if any(each.state == "open" for each in before):
        raise RequestOpen
    if len(before) >= REQUESTS_MAX:
        raise RequestsFull(most=REQUESTS_MAX)
    value = worth(found, lines, asked.pieces)
    if found.paid_at is None or at > found.paid_at + ASK_WITHIN:
        raise TooLateToAsk(days=ASK_WITHIN.days)
    if value.amount_fen != asked.seen_amount_fen:
        raise RefundChanged(
            seen_fen=asked.seen_amount_fen,
            amount_fen=value.amount_fen,
            points_back=value.points_back,
            points_taken=value.points_taken,
        )
    row = RequestRow(
        id=asked.id,
        order_id=order_id,
        nth=len(before) + 1,
        store_id=found.store_id,
        member_id=actor.id,
        state="open",
        pieces=msgspec.json.encode(asked.pieces).decode(),
        why=asked.why,
        remark=asked.remark.strip(),
        amount_fen=value.amount_fen,
        asked_at=at,
        decided_at=None,
        decided_by=None,
        answer="",
        refund_id=None,
        fingerprint=mark,
    )
    try:
        yield [NEW(**msgspec.structs.asdict(row))]
    except GuardBroken:
        return (yield from ask(order_id, asked, actor=actor, at=at))
    return view(row)


@script
def withdraw(request_id: str, *, actor: Actor, at: datetime) -> Steps[RefundRequest]:
    """Take a request back, as its diner; the same twice is done once.  Refuses `RequestDecided`."""
    row = yield from mine(request_id, actor)
    if row.state == "withdrawn":
        return view(row)
    yield [
        closed(row, "withdrawn", by=actor.id, at=at),
        audit.note(
            actor, "ordering.refund_request_withdrawn", subject=f"order/{row.order_id}", store_id=row.store_id, at=at
        ),
    ]
    return view(msgspec.structs.replace(row, state="withdrawn", decided_at=at, decided_by=actor.id))


def mine(request_id: str, actor: Actor) -> Steps[RequestRow]:
    """Read a request of the member who asks; refuses `RequestUnknown`."""
    row = yield from first(ONE(id=request_id))
    if row is None or row.member_id != actor.id:
        raise RequestUnknown(request_id=request_id)
    return row


def closed(
    row: RequestRow, state: State, *, by: str, at: datetime, answer: str = "", refund_id: str | None = None
) -> Change:
    """Return the change that ends a request; refuses `RequestDecided`."""
    if row.state != "open":
        raise RequestDecided(state=row.state)
    return CLOSE(id=row.id, state=state, at=at, by=by, answer=answer, refund_id=refund_id)


@script
def of_order(order_id: str, *, actor: Actor) -> Steps[list[RefundRequest]]:
    """Return what was asked of an order, newest first."""
    may_see(actor, (yield from read_row(order_id)), order_id)
    return [view(each) for each in (yield from rows(OF_ORDER(order_id=order_id)))]
