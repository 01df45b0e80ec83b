"""Pure rules of the price book: what a new price does to those that hold, so that no two ever hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from goodtaste.menu.book import PriceRow


class Span(msgspec.Struct, frozen=True):
    """An amount that holds from_at <= at < to_at; without an end, until further notice."""

    amount_fen: int
    from_at: datetime
    to_at: datetime | None


class Plan(msgspec.Struct, frozen=True):
    """What is to be written: rows that end earlier, rows that go because they never held, and new spans."""

    close: tuple[tuple[str, datetime], ...] = ()
    drop: tuple[str, ...] = ()
    add: tuple[Span, ...] = ()


class Overlap(Exception):
    """A period would cover the beginning of a price that is written for later."""

    def __init__(self, row: PriceRow) -> None:
        super().__init__(row.id)
        self.row = row


def plan(present: Sequence[PriceRow], wanted: Span) -> Plan:
    """Return what makes `wanted` hold among the rows of one SKU, kind, store and channel.

    The row that holds at its start ends there, and holds again after `to_at` where it would have.  Without `to_at` the new price holds
    until the next one that is already written, else until further notice.  A row with the same start never held and goes.
    `Overlap` where a row begins within a period that has an end: who wrote it should know.
    """
    later = sorted((r for r in present if r.valid_from_at > wanted.from_at), key=lambda r: r.valid_from_at)
    end = wanted.to_at
    if later and end is None:
        end = later[0].valid_from_at
    elif later and end is not None and later[0].valid_from_at < end:
        raise Overlap(later[0])
    holding = next((r for r in present if _covers(r, wanted.from_at)), None)
    if holding is None:
        return Plan(add=(Span(wanted.amount_fen, wanted.from_at, end),))
    if holding.amount_fen == wanted.amount_fen and holding.valid_to_at == end:
        return Plan()
    add = [Span(wanted.amount_fen, wanted.from_at, end)]
    if end is not None and (holding.valid_to_at is None or holding.valid_to_at > end):
        add.append(Span(holding.amount_fen, end, holding.valid_to_at))
    if holding.valid_from_at == wanted.from_at:
        return Plan(drop=(holding.id,), add=tuple(add))
    return Plan(close=((holding.id, wanted.from_at),), add=tuple(add))


def _covers(row: PriceRow, at: datetime) -> bool:
    return row.valid_from_at <= at and (row.valid_to_at is None or at < row.valid_to_at)
