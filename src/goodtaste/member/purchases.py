"""What an order brings its member: points, growth, perhaps a level.  One place for all who write that an order is done."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import select

from goodtaste.events.member import LevelChanged
from goodtaste.kernel.db import Change, Id, Read, Steps, insert, par, put, together
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.ledger.api import GROWTH, POINTS
from goodtaste.member import rules
from goodtaste.member.record import MEMBER, MemberRow, save
from goodtaste.member.rules import Program
from goodtaste.member.standing import PROGRAM, MemberUnknown
from goodtaste.member.tables import level_change, purchase

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
    """What was read of an order's member: the row, the balances, the program, and the order as it was known before."""

    row: MemberRow
    balances: dict[str, ledger.Balances]
    program: Program
    before: Purchase | None


class Brought(msgspec.Struct, frozen=True):
    """What an order brings that is written when it is done: the points earned on it, and every change that makes it so."""

    points: int
    changes: list[Change]


PURCHASE = Read(select(*purchase.c).where(purchase.c.order_id == par("order_id", Id)), Purchase)
KEEP = put(purchase, key=["order_id"])
LEVELLED = insert(level_change)


def read(member_id: str, order_id: str) -> Steps[Known | None]:
    """Read what an order needs to know of its member; None for a member who is not there, or not any more."""
    found, balances, programs, orders = yield from together(
        MEMBER(id=member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        PROGRAM(),
        PURCHASE(order_id=order_id),
    )
    if not found or found[0].status == "erased":
        return None
    program = programs[0].doc if programs else Program()
    return Known(found[0], ledger.as_balances(balances), program, orders[0] if orders else None)


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
) -> list[Change]:
    """Return what an order brings once it is done, beside its `points`, which the caller makes spendable in the same batch.

    Growth for `worth_fen`, unless it would be expired by now; the level that it reaches; that it was brought.
    """
    program, balances = known.program, known.balances
    until = rules.expiry(cause.business_date, valid_days=program.growth_valid_days)
    growth = 0 if _is_over(until, program, at) else rules.growth_earned(worth_fen)
    after = balances | {
        POINTS: ledger.vested(balances[POINTS], points),
        GROWTH: ledger.credited(balances[GROWTH], growth),
    }
    return [
        *ledger.grant(cause, growth, unit=GROWTH, debt=balances[GROWTH].debt, expires_on=until, kind=GROWN),
        keep(msgspec.structs.replace(now, completed=True, growth=growth)),
        *_levelled(known.row, after, program=program, at=at),
    ]


def complete_at_once(
    *,
    order_id: str,
    member_id: str,
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
    known = yield from read(member_id, order_id)
    if known is None:
        raise MemberUnknown(member_id=member_id)
    until = rules.expiry(today, valid_days=program.points_valid_days)
    over = _is_over(until, program, at)
    points = 0 if over else rules.points_earned(paid_fen, program=program, level=program.level(known.row.level))
    cause = ledger.Cause(order_id, member_id, actor, today, placed_at, order_id)
    pending = msgspec.structs.replace(known.balances[POINTS], pending=known.balances[POINTS].pending + points)
    return Brought(
        points,
        [
            *ledger.earn_at_once(cause, points, debt=known.balances[POINTS].debt, expires_on=until),
            *complete(
                msgspec.structs.replace(known, balances=known.balances | {POINTS: pending}),
                cause,
                Purchase(order_id, member_id, paid_fen, 0, False, 0),
                worth_fen=paid_fen,
                points=points,
                at=at,
            ),
        ],
    )


def _is_over(until: date, program: Program, at: datetime) -> bool:
    return until < program.calendar.business_date(at)


def _levelled(row: MemberRow, balances: dict[str, ledger.Balances], *, program: Program, at: datetime) -> list[Change]:
    """Write the member with the level that growth gives, if it is a higher one, and tell what became of them."""
    growth = balances[GROWTH].available
    current, reached = program.level(row.level), rules.level_for(growth, program.levels)
    up = reached.growth_min > current.growth_min
    news = LevelChanged(member_id=row.id, from_level=row.level, to_level=reached.code, growth=growth)
    step = {
        "id": new_id(),
        "member_id": row.id,
        "from_level": row.level,
        "to_level": reached.code,
        "growth": growth,
        "at": at,
    }
    after = msgspec.structs.replace(row, level=reached.code) if up else row
    return [
        *save(after, balances=balances, at=at),
        LEVELLED.many([step] if up else []),
        *([tell(news, at=at)] if up else []),
    ]
