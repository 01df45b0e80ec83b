"""What is left to pay of a bill in shares that add up to it: in so many ways, by amounts, or by who ordered what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, first, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Fen, Input
from goodtaste.kernel.money import share
from goodtaste.ordering import facts
from goodtaste.ordering.orders import LineRow, may_see, read
from goodtaste.ordering.pay import left_of
from goodtaste.ordering.refund_worth import LINE_NO_MAX
from goodtaste.payment import api as payments
from goodtaste.pricing.api import LINES_MAX

WAYS_MAX = 100

LineNo = Annotated[int, msgspec.Meta(ge=1, le=LINE_NO_MAX)]


class SplitDoesNotAddUp(Refusal):
    """Raised for shares of a bill that are not what is left to pay of it.  Facts: `left_fen`, `sum_fen`, `missing_fen` (below
    zero: so much too much).
    """

    code = "ordering.split_does_not_add_up"
    status = 422


class Split(Input, frozen=True):
    """How a bill is to be shared: in `ways`, by `amounts_fen`, as these `lines` and the rest, or, with none of them, by guest."""

    ways: Annotated[int, msgspec.Meta(ge=1, le=WAYS_MAX)] | None = None
    amounts_fen: Annotated[tuple[Fen, ...], msgspec.Meta(max_length=WAYS_MAX)] = ()
    lines: Annotated[tuple[LineNo, ...], msgspec.Meta(max_length=LINES_MAX)] = ()

    def __post_init__(self) -> None:
        if sum(map(bool, (self.ways, self.amounts_fen, self.lines))) > 1:
            raise ValueError("ways, amounts_fen or lines: send one of them")


class Share(msgspec.Struct, frozen=True):
    """A share of a bill; `guest` is whose it is, where it is shared by guest ("" for what nobody is named for)."""

    amount_fen: int
    guest: str = ""


class Shares(msgspec.Struct, frozen=True):
    """A bill as it was shared: the amounts add up to `left_fen`, what parts that were paid or are on their way leave of `due_fen`."""

    order_id: str
    version: int
    due_fen: int
    left_fen: int
    shares: list[Share]


def in_ways(left_fen: int, ways: int) -> list[Share]:
    """Return what is left in so many shares; none is a fen more than another, the first ones carry what is left over."""
    return [Share(fen) for fen in share(left_fen, weights=[1] * ways)]


def by_amounts(left_fen: int, amounts_fen: Sequence[int]) -> list[Share]:
    """Return the amounts as shares; refuses `SplitDoesNotAddUp` with what is missing."""
    total = sum(amounts_fen)
    if total != left_fen:
        raise SplitDoesNotAddUp(left_fen=left_fen, sum_fen=total, missing_fen=left_fen - total)
    return [Share(fen) for fen in amounts_fen]


def by_lines(due_fen: int, lines: Sequence[LineRow], picked: Collection[int]) -> list[Share]:
    """Return what these lines come to, and the rest; what belongs to no line goes with both."""
    mine = sum(each.due_fen for each in lines if each.line_no in picked)
    others = sum(each.due_fen for each in lines if each.line_no not in picked)
    if not mine + others:
        return in_ways(due_fen, 2)
    rest = share(due_fen - mine - others, weights=[mine, others])
    return [Share(mine + rest[0]), Share(others + rest[1])]


def by_guest(due_fen: int, lines: Sequence[LineRow]) -> list[Share]:
    """Return what each guest's dishes come to, and with them their part of what belongs to no line; in the order of their first dish."""
    dues: dict[str, int] = {}
    for each in lines:
        guest = facts.choice_of(each).guest
        dues[guest] = dues.get(guest, 0) + each.due_fen
    if not dues:
        return [Share(due_fen)]
    rest = share(due_fen - sum(dues.values()), weights=[*dues.values()])
    return [Share(fen + part, guest) for (guest, fen), part in zip(dues.items(), rest, strict=True)]


def of_rest(left_fen: int, whole: Sequence[Share]) -> list[Share]:
    """Return what is left of a bill by the shares of the whole of it, in proportion."""
    rest = share(left_fen, weights=[each.amount_fen for each in whole])
    return [Share(fen, each.guest) for fen, each in zip(rest, whole, strict=True)]


@script
def shares(order_id: str, asked: Split, *, actor: Actor) -> Steps[Shares]:
    """Show what is left to pay of an order in shares.  Reads only; refuses `SplitDoesNotAddUp`."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id)
    left_fen = left_of(found, (yield from first(payments.split_of(order_id))))
    if asked.ways:
        made = in_ways(left_fen, asked.ways)
    elif asked.amounts_fen:
        made = by_amounts(left_fen, asked.amounts_fen)
    elif asked.lines:
        made = of_rest(left_fen, by_lines(found.due_fen, lines, asked.lines))
    else:
        made = of_rest(left_fen, by_guest(found.due_fen, lines))
    return Shares(order_id, found.version, found.due_fen, left_fen, made)
