"""Orders out of rows: a file is read twice, to find every fault before anything is written, and to put the lines of each order together.

The lines of one order may stand anywhere in the file, so an order is whole when as many of its rows were seen again as there are.  An
order with a fault in any row is left out as a whole: part of an order is nobody's revenue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec

from goodtaste.kernel.money import FEN_MAX
from goodtaste.ordering.history_map import Map
from goodtaste.ordering.history_rows import BadFile, Fault, Row, Sheet
from goodtaste.ordering.record import RecordLine, RecordOrder
from goodtaste.pricing.api import LINES_MAX

ORDERS_MAX = 5_000_000  # of one file
HELD_MAX = 5_000_000  # lines of orders that are not whole yet

Named = Callable[[Fault], None]
Watch = Callable[[int], None]  # is told each row's place, and may raise to stop


class _Seen:
    """What is known of an order while the file is read: how many rows it has and, in the second reading, those that came again."""

    __slots__ = ("due_fen", "fault_line", "first_line", "lines", "placed_at", "read", "rows", "store_code")

    def __init__(self) -> None:
        self.rows = self.read = self.due_fen = self.first_line = self.fault_line = 0
        self.placed_at: datetime | None = None
        self.store_code = ""
        self.lines: list[tuple[int, str, int, int]] = []


class Whole(msgspec.Struct, frozen=True):
    """An order with all its lines, and where in the file they stand."""

    order: RecordOrder
    at_lines: tuple[int, ...]


class Tally:
    """What one reading has counted."""

    def __init__(self) -> None:
        self.rows = self.rejected = self.left_out = self.other_prices = 0


class Gathering:
    """The orders of one file."""

    def __init__(self, map_: Map, named: Named) -> None:
        self.tally, self._map, self._named = Tally(), map_, named
        self._orders: dict[str, _Seen] = {}
        self._held = 0

    def survey(self, sheet: Sheet, watch: Watch) -> set[str]:
        """Read the file once: name every fault, count the rows of each order; return the dishes that were sold."""
        dishes: set[str] = set()
        for line, record in sheet.records:
            self.tally.rows += 1
            watch(self.tally.rows)
            row, seen = self._check(sheet, line, record)
            if isinstance(row, Row):
                dishes.add(row.dish)
                self.tally.other_prices += not sheet.is_listed(row)
                continue
            self.reject(row)
            if seen is not None:
                seen.fault_line = seen.fault_line or line
        for seen in self._orders.values():
            seen.rows, seen.read, seen.due_fen = seen.read, 0, 0
        return dishes

    def whole(
        self, sheet: Sheet, watch: Watch, *, skus: Mapping[str, str], store_ids: Mapping[str, str]
    ) -> Iterator[Whole]:
        """Read the file again and give each order as soon as its last line was seen; rows of an order with a fault are left out."""
        rows = 0
        for line, record in sheet.records:
            rows += 1
            watch(rows)
            row, seen = self._check(sheet, line, record)
            if seen is not None and seen.fault_line:
                if isinstance(row, Row):
                    self.leave_out(line, row.order, because=seen.fault_line)
            elif isinstance(row, Row) and seen is not None:
                self._hold(sheet, seen, row)
                if len(seen.lines) == seen.rows:
                    yield self._as_whole(row.order, seen, skus, store_ids)
        if self._held or rows != self.tally.rows:
            raise BadFile(file=sheet.records.name, line=rows, why="the file changed while it was read")

    def reject(self, fault: Fault) -> None:
        """Name a row that is rejected."""
        self.tally.rejected += 1
        self._named(fault)

    def leave_out(self, line: int, order: str, *, because: int) -> None:
        """Name a row that is left out because the row on line `because` of its order is rejected."""
        self.tally.left_out += 1
        column = self._map.columns.order
        self._named(Fault(line, order, column, order, "ordering.row.left_out", {"because": because}))

    def _check(self, sheet: Sheet, line: int, record: list[str]) -> tuple[Row | Fault, _Seen | None]:
        """Return what a row says, and its order; the same in both readings."""
        row, number = sheet.read(line, record), sheet.order_of(record)
        if isinstance(row, Fault) and (not number or row.code == "ordering.row.number"):
            return row, None
        seen = self._orders.get(number)
        if seen is None:
            if len(self._orders) >= ORDERS_MAX:
                raise BadFile(file=sheet.records.name, line=line, why=f"more than {ORDERS_MAX} orders; split the file")
            seen = self._orders[number] = _Seen()
        seen.read += 1
        if isinstance(row, Fault):
            return row, seen
        return self._fits(row, seen) or row, seen

    def _fits(self, row: Row, seen: _Seen) -> Fault | None:
        """Return what keeps a row from its order, or None."""
        if seen.placed_at is None:
            seen.placed_at, seen.store_code, seen.first_line = row.placed_at, row.store_code, row.line
        seen.due_fen += row.qty * row.unit_fen
        columns, first = self._map.columns, {"first": seen.first_line}
        if row.placed_at != seen.placed_at:
            shown = row.placed_at.isoformat(timespec="minutes")
            return Fault(row.line, row.order, columns.placed_at, shown, "ordering.row.other_date", first)
        if row.store_code != seen.store_code:
            return Fault(row.line, row.order, columns.store or "", row.store_code, "ordering.row.other_store", first)
        if seen.read > LINES_MAX:
            return Fault(row.line, row.order, columns.order, row.order, "ordering.row.lines", {"limit": LINES_MAX})
        if seen.due_fen > FEN_MAX:
            return Fault(
                row.line, row.order, columns.price, str(row.unit_fen), "ordering.row.total", {"limit_fen": FEN_MAX}
            )
        return None

    def _hold(self, sheet: Sheet, seen: _Seen, row: Row) -> None:
        self._held += 1
        if self._held > HELD_MAX:
            why = f"more than {HELD_MAX} lines of orders that are not whole yet; sort the file by order"
            raise BadFile(file=sheet.records.name, line=row.line, why=why)
        seen.lines.append((row.line, row.dish, row.qty, row.unit_fen))

    def _as_whole(self, number: str, seen: _Seen, skus: Mapping[str, str], store_ids: Mapping[str, str]) -> Whole:
        lines, seen.lines = seen.lines, []
        self._held -= len(lines)
        if seen.placed_at is None:
            raise RuntimeError(f"order {number} is whole and has no date")
        order = RecordOrder(
            source=self._map.source,
            external_no=number,
            store_id=store_ids[seen.store_code],
            kind=self._map.kind,
            channel=self._map.channel,
            placed_at=seen.placed_at,
            lines=tuple(
                RecordLine(sku_id=skus[dish], name=dish, qty=qty, unit_fen=unit_fen) for _, dish, qty, unit_fen in lines
            ),
        )
        return Whole(order, tuple(line for line, *_ in lines))
