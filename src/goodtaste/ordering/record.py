"""Recording an order that was placed, paid and done elsewhere: the history of a till before this house, the day of another channel.

Nothing is priced and no stock is taken: what is recorded has happened.  A source and its own number for the order make it known for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from sqlalchemy import select

from goodtaste.events.ordering import OrderCompleted
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.db import Change, ListOf, Read, Steps, Str, in_list, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, fingerprint, new_id
from goodtaste.kernel.input import PRINTABLE, Fen, Input, Line
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.money import FEN_MAX
from goodtaste.kernel.outbox import tell, untold
from goodtaste.member import api as members
from goodtaste.menu.api import Choice, Words
from goodtaste.ordering import facts
from goodtaste.ordering.kept import NOTHING
from goodtaste.ordering.lines import dish_id_of, line_row
from goodtaste.ordering.orders import NEW_LINES, NEW_ORDER, LineView, OrderView, order_row
from goodtaste.ordering.progress import STEP
from goodtaste.ordering.rules import Kind
from goodtaste.ordering.tables import order
from goodtaste.org.api import Directory
from goodtaste.payment import api as payments
from goodtaste.pricing.api import LINES_MAX, QTY_MAX, Channel

BATCH_MAX = 500  # orders recorded in one transaction
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # no till is older
AHEAD_MAX = timedelta(minutes=5)  # the other system's clock may be so far ahead of ours

ExternalNo = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
Source = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$(?!\n)")]


class RecordedOtherwise(Refusal):
    """Raised when a source gives the number of an order again with other content.  Facts: `source`, `external_no`, `order_id`."""

    code = "ordering.recorded_otherwise"
    guards = ("ordering_order_external_once",)


class NotRecordable(Refusal):
    """Raised for an order that cannot have happened.  Facts: `external_no`, `why` (`future`, `too_early` or `amount`)."""

    code = "ordering.not_recordable"
    status = 422


class RecordLine(Input, frozen=True):
    """A line as it was sold: `qty` pieces for `unit_fen` each, under the name it had then."""

    sku_id: IdText
    name: Line
    qty: Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]
    unit_fen: Fen


class RecordOrder(Input, frozen=True):
    """An order as another system knows it: paid in full there at `placed_at`, and done."""

    source: Source
    external_no: ExternalNo
    store_id: IdText
    kind: Kind
    channel: Channel
    placed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    lines: Annotated[tuple[RecordLine, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    member_id: IdText | None = None

    @property
    def id(self) -> str:
        """The id of the order here: always the same for the same number of the same source at the same instant."""
        ms = int(self.placed_at.timestamp() * 1000)
        digits = f"{ms:012x}"
        return derived_id(f"{digits[:8]}-{digits[8:]}-7000", f"{self.source}/{self.external_no}")

    @property
    def due_fen(self) -> int:
        """What was paid."""
        return sum(each.unit_fen * each.qty for each in self.lines)


class Recorded(msgspec.Struct, frozen=True):
    """What became of an order that was to be recorded: written now (`fresh`), known before, or known with other content (`differs`)."""

    order_id: str
    fresh: bool
    differs: bool = False


class _Known(msgspec.Struct, frozen=True):
    id: str
    external_no: str
    fingerprint: str


KNOWN = Read(
    select(*[order.c[name] for name in _Known.__struct_fields__]).where(
        in_list(order.c.external_no, par("numbers", ListOf)), order.c.source.concat("") == par("source", Str)
    ),
    _Known,
)
"""The number finds an order, by the index, and the source only confirms it: as a column of the index it would find all of the source's."""


@script
def record(
    asked: RecordOrder,
    *,
    directory: Directory,
    program: members.Program,
    actor: Actor,
    at: datetime,
    quiet: bool = False,
) -> Steps[Recorded]:
    """Record one order with its lines, its payment and what it brings its member; once per source and number.

    `quiet` tells no event.  Refuses `RecordedOtherwise`, `NotRecordable`, `StoreUnknown`, `MemberUnknown`; nothing is written then.
    """
    _check(asked, directory, actor, at)
    mark = _mark(asked)
    known = yield from rows(KNOWN(source=asked.source, numbers=[asked.external_no]))
    if known:
        if known[0].fingerprint != mark:
            raise RecordedOtherwise(source=asked.source, external_no=asked.external_no, order_id=known[0].id)
        return Recorded(known[0].id, fresh=False)
    calendar = directory.store(asked.store_id).calendar
    brought = members.Brought(0, [])
    if asked.member_id:
        brought = yield from members.complete_at_once(
            order_id=asked.id,
            member_id=asked.member_id,
            store_id=asked.store_id,
            channel=asked.channel,
            paid_fen=asked.due_fen,
            program=program,
            actor=actor.id,
            today=calendar.business_date(asked.placed_at),
            placed_at=asked.placed_at,
            at=at,
        )
    shown = _shown(asked, calendar, points_earned=brought.points)
    changes = [*_written([(asked, shown, mark)], actor=actor, at=at), *brought.changes, *_told(shown)]
    yield untold(changes) if quiet else changes
    return Recorded(shown.id, fresh=True)


@script
def record_many(
    asked: Sequence[RecordOrder], *, directory: Directory, actor: Actor, at: datetime
) -> Steps[list[Recorded]]:
    """Record up to `BATCH_MAX` orders of one source that belong to no member, in one transaction that tells no event.

    Says of each what became of it, in their order: those that are known stand as they are, and the others are written.  Refuses
    `NotRecordable` and `StoreUnknown` for any of them; nothing is written then.
    """
    [source] = {each.source for each in asked}
    if len(asked) > BATCH_MAX or any(each.member_id for each in asked):
        raise ValueError(f"at most {BATCH_MAX} orders without members")
    for each in asked:
        _check(each, directory, actor, at)
    found = yield from rows(KNOWN(source=source, numbers=[each.external_no for each in asked]))
    known = {each.external_no: each for each in found}
    outcomes, fresh = [], []
    for each in asked:
        mark, before = _mark(each), known.get(each.external_no)
        if before is None:
            shown = _shown(each, directory.store(each.store_id).calendar, points_earned=0)
            fresh.append((each, shown, mark))
            known[each.external_no] = _Known(shown.id, each.external_no, mark)
            outcomes.append(Recorded(shown.id, fresh=True))
        else:
            outcomes.append(Recorded(before.id, fresh=False, differs=before.fingerprint != mark))
    if fresh:
        yield _written(fresh, actor=actor, at=at)
    return outcomes


def _mark(asked: RecordOrder) -> str:
    """Return the fingerprint of an order, the same in whatever zone its instant is written."""
    return fingerprint(msgspec.structs.replace(asked, placed_at=asked.placed_at.astimezone(UTC)))


def _check(asked: RecordOrder, directory: Directory, actor: Actor, at: datetime) -> None:
    actor.need("order.place", store_id=asked.store_id)
    directory.store(asked.store_id)
    why = fault(placed_at=asked.placed_at, due_fen=asked.due_fen, at=at)
    if why:
        raise NotRecordable(external_no=asked.external_no, why=why)


def fault(*, placed_at: datetime, due_fen: int, at: datetime) -> str | None:
    """Return why an order cannot have happened: `future`, `too_early` or `amount`, or None where it can."""
    if placed_at > at + AHEAD_MAX:
        return "future"
    if placed_at < EARLIEST:
        return "too_early"
    return "amount" if due_fen > FEN_MAX else None


def _shown(asked: RecordOrder, calendar: BusinessCalendar, *, points_earned: int) -> OrderView:
    due_fen = asked.due_fen
    return OrderView(
        id=asked.id,
        store_id=asked.store_id,
        member_id=asked.member_id,
        kind=asked.kind,
        channel=asked.channel,
        table_id=None,
        party=None,
        pay_first=True,
        state="completed",
        pay_state="paid",
        list_fen=due_fen,
        member_saving_fen=0,
        offer_fen=0,
        coupon_id=None,
        coupons=[],
        coupon_fen=0,
        points=0,
        points_fen=0,
        fee_fen=0,
        rounding_fen=0,
        donation_fen=0,
        due_fen=due_fen,
        refunded_fen=0,
        points_earned=points_earned,
        reasons=[],
        kept=NOTHING,
        note="",
        version=1,
        business_date=calendar.business_date(asked.placed_at),
        placed_at=asked.placed_at,
        paid_at=asked.placed_at,
        lines=[_line(asked.id, line_no, each) for line_no, each in enumerate(asked.lines, 1)],
    )


def _line(order_id: str, line_no: int, sold: RecordLine) -> LineView:
    return LineView(
        line_no=line_no,
        round=1,
        sku_id=sold.sku_id,
        name=sold.name,
        words=Words(sold.name),
        qty=sold.qty,
        list_fen=sold.unit_fen,
        unit_fen=sold.unit_fen,
        offer_fen=0,
        coupon_fen=0,
        points_fen=0,
        rounding_fen=0,
        due_fen=sold.unit_fen * sold.qty,
        refunded_qty=0,
        choice=Choice(sku_id=sold.sku_id, qty=sold.qty),
        dish_id=dish_id_of(order_id, line_no),
        ordered_qty=sold.qty,
        held_qty=0,
    )


def _written(found: Sequence[tuple[RecordOrder, OrderView, str]], *, actor: Actor, at: datetime) -> list[Change]:
    """Return the changes that write orders with their lines, payments and the one step they took here."""
    return [
        NEW_ORDER.many([_order_row(asked, shown, mark, actor) for asked, shown, mark in found]),
        NEW_LINES.many([line_row(shown.id, each, {}) for _, shown, _ in found for each in shown.lines]),
        payments.keep_taken([_payment(asked, shown, mark, actor) for asked, shown, mark in found]),
        STEP.many([_step(asked, shown, actor, at) for asked, shown, _ in found]),
    ]


def _order_row(asked: RecordOrder, shown: OrderView, mark: str, actor: Actor) -> dict[str, Any]:
    return order_row(shown) | {
        "hold_id": None,
        "source": asked.source,
        "external_no": asked.external_no,
        "placed_by": actor.id,
        "fingerprint": mark,
    }


def _payment(asked: RecordOrder, shown: OrderView, mark: str, actor: Actor) -> payments.Payment:
    return payments.taken_elsewhere(
        payment_id=derived_id(shown.id, "payment"),
        order_id=shown.id,
        store_id=shown.store_id,
        stream=facts.stream(shown),
        amount_fen=shown.due_fen,
        reference=f"{asked.source}/{asked.external_no}",
        actor=actor.id,
        fingerprint=mark,
        business_date=shown.business_date,
        at=shown.placed_at,
    )


def _step(asked: RecordOrder, shown: OrderView, actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "order_id": shown.id,
        "from_state": "placed",
        "to_state": "completed",
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "reason": f"recorded from {asked.source}",
        "at": at,
    }


def _told(shown: OrderView) -> list[Change]:
    done = OrderCompleted(
        order_id=shown.id,
        stream=facts.stream(shown),
        store_id=shown.store_id,
        member_id=shown.member_id,
        paid_fen=shown.due_fen,
        points_earned=shown.points_earned,
        business_date=shown.business_date,
    )
    paid = facts.paid(shown, shown.lines, points_earned=shown.points_earned)
    return [tell(paid, done, at=shown.placed_at)]
