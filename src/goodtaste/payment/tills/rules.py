"""Pure rules of drawers: the pieces that cash is counted in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from goodtaste.kernel.input import Input

PIECES_MAX = 100_000

Denomination = Literal[
    100_00, 50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 20, 10, 5, 2, 1
]  # notes and coins of the renminbi, in fen


class Pieces(Input, frozen=True):
    """So many notes or coins of one denomination."""

    fen: Denomination
    pieces: Annotated[int, msgspec.Meta(ge=0, le=PIECES_MAX)]


Count = Annotated[tuple[Pieces, ...], msgspec.Meta(max_length=13)]


def worth(counted: Sequence[Pieces]) -> int:
    """Return what pieces are worth, in fen."""
    return sum(each.fen * each.pieces for each in counted)


def tidy(counted: Sequence[Pieces]) -> dict[str, int]:
    """Return a count as it is stored: how many pieces by denomination in fen, the largest first, those that are there."""
    found: dict[int, int] = {}
    for each in counted:
        found[each.fen] = found.get(each.fen, 0) + each.pieces
    return {str(fen): found[fen] for fen in sorted(found, reverse=True) if found[fen]}


def differences(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Return by how many pieces of each denomination a drawer has changed."""
    fens = sorted({*before, *after}, key=int, reverse=True)
    return {fen: after.get(fen, 0) - before.get(fen, 0) for fen in fens if after.get(fen, 0) != before.get(fen, 0)}
