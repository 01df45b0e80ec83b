"""Money in whole fen, and shares of it that add up by construction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

FEN_MAX = 100_000_000_00  # one hundred million yuan: more is a mistake, not a meal

_PLAIN = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")


def share(total: int, *, weights: Sequence[int]) -> list[int]:
    """Split `total` (>= 0) in proportion to `weights` (>= 0) so that the parts sum to it exactly.

    Largest remainder (Hamilton): each part is rounded down, the units left over go to the largest remainders, earlier ones first.
    With all weights 0 the first part takes everything.
    """
    whole = sum(weights)
    if whole == 0:
        return [total if i == 0 else 0 for i in range(len(weights))]
    parts = [total * w // whole for w in weights]
    left = total - sum(parts)
    if left:
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
        for i in by_remainder[:left]:
            parts[i] += 1
    return parts


def part_of(total: int, *, done: int, more: int, of: int) -> int:
    """Return the share of `total` that belongs to the next `more` of `of` units after `done` of them.

    Differences of one rounded-down running share, so that any sequence of parts sums to `total` once all units are done.
    """
    return total * (done + more) // of - total * done // of


def basis_points(amount: int, bp: int) -> int:
    """Return `bp` ten-thousandths of `amount` (>= 0), rounded down."""
    return amount * bp // 10_000


def parse_fen(text: str) -> int:
    """Return the fen of an amount written in yuan, such as `12.50`; ValueError where it is not a plain number of whole fen."""
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount such as 12.50")
    try:
        fen = Decimal(text) * 100
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount such as 12.50") from error
    if fen != fen.to_integral_value():
        raise ValueError(f"{text!r} has parts of a fen")
    if abs(fen) > FEN_MAX:
        raise ValueError(f"{text!r} is larger than {yuan(FEN_MAX)}")
    return int(fen)


def yuan(fen: int) -> str:
    """Write `fen` as yuan with two decimals: 1250 -> '12.50'."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"
