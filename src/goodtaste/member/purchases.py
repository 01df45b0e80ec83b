"""What an order brings its member: points, growth, perhaps a level.  One place for all who write that an order is done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Change, Id, Query, Read, Steps, par, put
from goodtaste.ledger import api as ledger
from goodtaste.ledger.api import GROWTH, POINTS
from goodtaste.member import levels, rules
from goodtaste.member.level_rules import LevelGrant
from goodtaste.member.levels import GRANTS
from goodtaste.member.record import MEMBER, MemberRow
from goodtaste.member.rules import Program
from goodtaste.member.standing import PROGRAM, MemberUnknown, program_of
from goodtaste.member.tables import purchase

GROWN = "grow"  # the kind of a movement that gives growth for an order


class Purchase(msgspec.Struct, frozen=True):
    """What an order of a member has brought so far."""

    order_id: str
    member_id: str
    paid_fen: int
    refunded_fen: int
    completed: bool
    growth: int


class Known(msgspec.Struct, frozen=True):
    """What was read of an order's member: the row, the balances, the program, and the order as it was known before.

    `grants` give their level; `run_out` is growth of theirs that has left the rolling year and that no night has swept yet.
    """

    row: MemberRow
    balances: dict[str, ledger.Balances]
    program: Program
    before: Purchase | None
    grants: list[LevelGrant]
    run_out: int


class Brought(msgspec.Struct, frozen=True):
    """What an order brings that is written when it is done: the points earned on it, and every change that makes it so."""

    points: int
    changes: list[Change]


PURCHASE = Read(select(*purchase.c).where(purchase.c.order_id == par("order_id", Id)), Purchase)
KEEP = put(purchase, key=["order_id"])


def read(member_id: str, order_id: str, *, today: date) -> Steps[Known | None]:
    """Read what an order needs to know of its member today; None for a member who is not there, or not any more."""
    queries: list[Query[Any]] = [
        MEMBER(id=member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        PROGRAM(),
        PURCHASE(order_id=order_id),
        GRANTS(member_id=member_id),
        ledger.run_out(member_id, unit=GROWTH, today=today),
    ]
    found, balances, programs, orders, grants, run_out = yield queries
    if not found or found[0].status == "erased":
        return None
    before = orders[0] if orders else None
    return Known(
        found[0],
        ledger.as_balances(balances),
        program_of(programs),
        before,
        grants,
        sum(each.amount for each in run_out),
    )


def keep(now: Purchase) -> Change:
    """Keep what an order has brought so far."""
    return KEEP(**msgspec.structs.asdict(now))


def complete(
    known: Known,
    cause: ledger.Cause,
    now: Purchase,
    *,
    worth_fen: int,
    points: int,
    at: datetime,
) -> Steps[list[Change]]:
    """Return what an order brings once it is done, beside its `points`, which the caller makes spendable in the same batch.

    Growth for `worth_fen`, unless it would be expired by now; the level that it reaches; that it was brought.
    """
    program, balances = known.program, known.balances
    until = rules.growth_until(cause.business_date)
    growth = 0 if _is_over(until, program, at) else rules.growth_earned(worth_fen)
    after = balances | {
        POINTS: ledger.vested(balances[POINTS], points),
        GROWTH: ledger.credited(balances[GROWTH], growth),
    }
    risen = yield from levels.rise(
        levels.Held(known.row, after, known.grants, program),
        growth=after[GROWTH].available - known.run_out,
        today=program.calendar.business_date(at),
        at=at,
    )
    return [
        *ledger.grant(cause, growth, unit=GROWTH, debt=balances[GROWTH].debt, expires_on=until, kind=GROWN),
        keep(msgspec.structs.replace(now, completed=True, growth=growth)),
        *risen,
    ]


def complete_at_once(
    *,
    order_id: str,
    member_id: str,
    store_id: str,
    channel: str,
    paid_fen: int,
    program: Program,
    actor: str,
    today: date,
    placed_at: datetime,
    at: datetime,
) -> Steps[Brought]:
    """Return all that an order brings its member which was paid and done on the trading day `today`, and is written only at `at`.

    Points are earned at the rate of the member's level and are spendable at once; what would be expired by `at` is not given.
    Refuses `MemberUnknown`.
    """
    known = yield from read(member_id, order_id, today=program.calendar.business_date(at))
    if known is None:
        raise MemberUnknown(member_id=member_id)
    until = rules.expiry(today, valid_days=program.points_valid_days)
    over = _is_over(until, program, at)
    level, there = program.level(known.row.level), {"store_id": store_id, "channel": channel}
    points = 0 if over else rules.points_earned(paid_fen, program=program, level=level, day=today, **there)
    cause = ledger.Cause(order_id, member_id, actor, today, placed_at, order_id)
    pending = msgspec.structs.replace(known.balances[POINTS], pending=known.balances[POINTS].pending + points)
    brought = yield from complete(
        msgspec.structs.replace(known, balances=known.balances | {POINTS: pending}),
        cause,
        Purchase(order_id, member_id, paid_fen, 0, False, 0),
        worth_fen=paid_fen,
        points=points,
        at=at,
    )
    earned = ledger.earn_at_once(cause, points, debt=known.balances[POINTS].debt, expires_on=until)
    return Brought(points, [*earned, *brought])


def _is_over(until: date, program: Program, at: datetime) -> bool:
    return until < program.calendar.business_date(at)
