"""Pieces of lines of a bill: those that are named, how many of them wait, and the version of the bill at which they were seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.orders import LineRow, OrderRow
from goodtaste.ordering.refund_worth import Piece
from goodtaste.pricing.api import LINES_MAX

Pieces = Annotated[tuple[Piece, ...], msgspec.Meta(max_length=LINES_MAX)]
SomePieces = Annotated[tuple[Piece, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]


class NoSuchPieces(Refusal):
    """Raised when pieces are named that a bill does not have: another line, more than there are, or a gift of an offer, which comes and
    goes with the price.  Facts: `line_no`, `there`, `asked`.
    """

    code = "ordering.no_such_pieces"
    status = 422
    guards = ("ordering_line_pieces",)


class Seen(Input, frozen=True):
    """What is sent with each change of a bill: the version of it that was seen, so that two people never overwrite each other."""

    version: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]


def by_line(found: OrderRow, lines: Sequence[LineRow], pieces: Sequence[Piece]) -> list[tuple[LineRow, int]]:
    """Return how many pieces of each line are named; refuses `NoSuchPieces`."""
    gifts = kept_of(found.applied).gifts
    there = {each.line_no: each for each in lines if each.line_no not in gifts}
    wanted: dict[int, int] = {}
    for piece in pieces:
        wanted[piece.line_no] = wanted.get(piece.line_no, 0) + piece.qty
    for line_no, qty in wanted.items():
        left = there[line_no].qty if line_no in there else 0
        if qty > left:
            raise NoSuchPieces(line_no=line_no, there=left, asked=qty)
    return [(there[line_no], qty) for line_no, qty in wanted.items()]
