"""Parts of a bill: begun, brought, and taken back before the bill is paid.

The room that owns orders decides whether an order may be paid in parts and what follows when the last part has come; here each part is a
payment of its own, and `payment_split` counts what they bring together.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from sqlalchemy import or_, select, update

from goodtaste.kernel.db import Change, Id, Int, Query, Read, Steps, change, par, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input
from goodtaste.kernel.money import FEN_MAX
from goodtaste.kernel.outbox import tell
from goodtaste.payment import rules
from goodtaste.payment.attempts import COLUMNS, OF_ORDER_MAX, ONE, START, Pay, Payment, ask_later, end, opened
from goodtaste.payment.gateway import Gateways
from goodtaste.payment.refunds import begin
from goodtaste.payment.settling import succeeded
from goodtaste.payment.split.sums import Split, moved, split_of
from goodtaste.payment.split.tenders import VOUCHER_GONE, ByWallet, Counter, Tender, taken
from goodtaste.payment.tables import payment

PARTS_MAX = 20  # parts of one bill that count at a time


class TooManyParts(Refusal):
    """Raised when a bill is paid in more parts than a refund can go back to.  Facts: `parts_max`."""

    code = "payment.too_many_parts"


class PayPart(Input, frozen=True):
    """What is sent to pay a part of a bill: `amount_fen` of what is due, by one tender."""

    id: IdText
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX, description="Whole fen")]
    seen_due_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX, description="Whole fen: the whole bill, as seen")]
    tender: Tender


class Begun(msgspec.Struct, frozen=True):
    """A part that was begun now, with the sums after it and the changes that make it so, or before, with none."""

    payment: Payment
    split: Split | None
    changes: list[Change]


PAYERS = Read(
    select(*COLUMNS)
    .where(or_(payment.c.holds_order_id == par("order_id", Id), payment.c.part_of == par("order_id", Id)))
    .order_by(payment.c.started_at, payment.c.id)
    .limit(OF_ORDER_MAX),
    Payment,
)
TAKEN_BACK = change(
    update(payment)
    .where(payment.c.id == par("id", Id), payment.c.part_of.is_not(None), payment.c.state == "succeeded")
    .values(part_of=None, refunded_fen=par("refunded_fen", Int)),
    guard="payment_part_moved",
)


def payers_of(order_id: str) -> Query[Payment]:
    """Return the query for the attempts that are open for an order or paid it, whole or in parts, oldest first."""
    return PAYERS(order_id=order_id)


def begin_part(
    asked: PayPart, *, order_id: str, store_id: str, stream: str, gateways: Gateways, actor: str, counter: Counter
) -> Steps[Begun]:
    """Begin a part of a bill, once per `asked.id`: a step, whose changes go into the caller's batch.

    What needs no gateway has succeeded with it.  Refuses `PartTooLarge`, `TooManyParts`, and what its tender refuses.
    """
    mark = fingerprint([order_id, asked])
    found, splits, others = yield from together(ONE(id=asked.id), split_of(order_id), payers_of(order_id))
    split = splits[0] if splits else None
    if found:
        same_or_taken(found[0].fingerprint, mark, id_=asked.id)
        return Begun(found[0], split, [])
    if len(others) >= PARTS_MAX:
        raise TooManyParts(parts_max=PARTS_MAX)
    wallet = asked.tender if isinstance(asked.tender, ByWallet) else None
    sums = {"pending_fen" if wallet else "captured_fen": asked.amount_fen}
    after, counted = moved(split, order_id=order_id, due_fen=asked.seen_due_fen, **sums)
    if wallet:
        gateways.of(wallet.method)
    row = opened(
        as_pay(asked),
        order_id=order_id,
        store_id=store_id,
        stream=stream,
        actor=actor,
        mark=mark,
        today=counter.today,
        at=counter.at,
    )
    row = msgspec.structs.replace(row, part_of=order_id)
    if wallet:
        return Begun(row, after, [START(**msgspec.structs.asdict(row)), *ask_later(row, at=counter.at), counted])
    row = msgspec.structs.replace(row, state="succeeded", close_at=None, settled_at=counter.at)
    row, more = yield from taken(row, asked.tender, counter)
    told = tell(succeeded(row), at=counter.at)
    return Begun(row, after, [START(**msgspec.structs.asdict(row)), counted, *more, told])


def as_pay(asked: PayPart) -> Pay:
    """Return a part as what a gateway is asked with; its method is that of its tender."""
    tender = asked.tender
    if isinstance(tender, ByWallet):
        return Pay(
            payment_id=asked.id,
            method=tender.method,
            amount_fen=asked.amount_fen,
            auth_code=tender.auth_code,
            way=tender.way,
        )
    return Pay(payment_id=asked.id, method=str(tender.__struct_config__.tag), amount_fen=asked.amount_fen)


def settle_sums(found: Payment, split: Split | None, *, paid: bool) -> tuple[Split, Change]:
    """Return the sums after an open part has ended, with its money or without, and the change that makes it so."""
    return moved(
        split,
        order_id=found.order_id,
        due_fen=split.due_fen if split else 0,
        captured_fen=found.amount_fen if paid else 0,
        pending_fen=-found.amount_fen,
    )


def take_back(
    found: Payment, split: Split | None, *, reason: str, drawer_id: str, today: date, at: datetime
) -> tuple[Split, list[Change]]:
    """Return the sums without a part that was brought, and the changes that give all of it back by the way it came.

    A part that is open is ended at its gateway instead, and counts until that has said so.
    """
    due_fen = split.due_fen if split else 0
    if found.state in rules.OPEN:
        return split or Split(found.order_id, 0, 0, 0), end(found, at=at)
    after, counted = moved(split, order_id=found.order_id, due_fen=due_fen, captured_fen=-found.amount_fen)
    _, begun = begin(
        found,
        refund_id=derived_id(found.id, "back"),
        cause_id=found.id,
        amount_fen=found.amount_fen,
        reason=reason,
        drawer_id=drawer_id,
        today=today,
        at=at,
    )
    gone = [VOUCHER_GONE(payment_id=found.id)] if found.method == "voucher" else []
    return after, [TAKEN_BACK(id=found.id, refunded_fen=found.amount_fen), counted, *begun, *gone]


def spread(payers: list[Payment], amount_fen: int) -> list[tuple[Payment, int]]:
    """Return from which payments an amount goes back, and how much: wallets first, the newest of them first, then cash, what was taken
    elsewhere, accounts, staff meals and vouchers; never more of one than it has left."""
    rank = {method: place for place, method in enumerate(rules.BACK_LAST, 1)}
    shares: list[tuple[Payment, int]] = []
    for each in sorted(reversed(payers), key=lambda each: rank.get(each.method, 0)):
        share = min(amount_fen, each.amount_fen - each.refunded_fen) if each.state == "succeeded" else 0
        if share > 0:
            shares.append((each, share))
            amount_fen -= share
    return shares
