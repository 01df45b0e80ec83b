"""The rows of an order history, one after the other, each checked: what it says, or what is wrong with it, by line and column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.money import FEN_MAX
from goodtaste.ordering.history_map import FileForm, Map
from goodtaste.ordering.record import AHEAD_MAX, EARLIEST
from goodtaste.pricing.api import QTY_MAX

NAME_MAX = 200
NUMBER_MAX = 64
KEPT_MAX = 65_536  # dates, and amounts, that are not worked out again: lines of one order may stand far apart
SHOWN_MAX = 80  # characters of a value that are told

_WHOLE = re.compile(r"[0-9]{1,12}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class BadFile(Refusal):
    """Raised when a file cannot be read as rows.  Facts: `file`, `line`, `why`."""

    code = "ordering.bad_file"
    status = 422


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a row: the line it starts on (the header is line 1), column, value, and a code of `locales/` with its facts."""

    line: int
    order: str
    column: str
    value: str
    code: str
    facts: Mapping[str, str | int] = {}


class Row(msgspec.Struct, frozen=True):
    """A row that is as it should be: so many pieces of a dish, for so much each, sold there and then."""

    line: int
    order: str
    store_code: str
    placed_at: datetime
    dish: str
    qty: int
    unit_fen: int


class Price(msgspec.Struct, frozen=True):
    """What the price file says of a dish: its code in the catalogue, or "", and what it costs."""

    code: str
    fen: int


class Records:
    """The records of a CSV file by line.  Bytes that are not of its encoding stay visible as such, so that a row can be named for them."""

    def __init__(self, file: BinaryIO, name: str, form: FileForm) -> None:
        self.name, self._binary = name, file
        encoding = "utf-8-sig" if form.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else form.encoding
        text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
        self._text, self._reader = text, csv.reader(text, delimiter=form.delimiter, strict=True)
        self.header = self._next() or []
        if not self.header:
            raise BadFile(file=name, line=1, why="there is no header")

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._reader.line_num + 1
            record = self._next()
            if record is None:
                return
            if record:
                yield line, record

    @property
    def position(self) -> int:
        """How many bytes were taken from the file so far."""
        return self._binary.tell()

    def detach(self) -> None:
        """Leave the file open."""
        self._text.detach()

    def column(self, name: str) -> int:
        """Return where a column stands; refuses `BadFile` where it is not there, or twice."""
        found = [i for i, each in enumerate(self.header) if each.strip() == name]
        if len(found) != 1:
            shown = ", ".join(_UNPRINTABLE.sub("�", each)[:SHOWN_MAX] for each in self.header[:50])
            why = f"{'two columns' if found else 'no column'} {name!r}; the header has: {shown}"
            raise BadFile(file=self.name, line=1, why=why)
        return found[0]

    def _next(self) -> list[str] | None:
        line = self._reader.line_num + 1
        try:
            return next(self._reader, None)
        except (csv.Error, UnicodeError) as error:
            raise BadFile(file=self.name, line=line, why=str(error)) from error


class Sheet:
    """How the rows of one order file are read by a map: places of its columns, stores, prices."""

    def __init__(
        self, records: Records, map_: Map, *, zones: Mapping[str, str], prices: Mapping[str, Price], at: datetime
    ) -> None:
        self.records, self._map, self._prices, self._latest = records, map_, prices, at + AHEAD_MAX
        columns = map_.columns
        self._order, self._placed_at = records.column(columns.order), records.column(columns.placed_at)
        self._dish, self._qty = records.column(columns.dish), records.column(columns.qty)
        self._price = records.column(columns.price)
        self._store = records.column(columns.store) if columns.store else None
        self._stores = {each.in_file: each.code for each in map_.stores}
        self._only = map_.stores[0].code
        self._zones, self.other_prices = zones, 0
        self._moment = lru_cache(KEPT_MAX)(self._moment_of)
        self._amount = lru_cache(KEPT_MAX)(lambda text: amount_of(text, decimals=map_.money.decimals))

    def order_of(self, record: Sequence[str]) -> str:
        """Return the number of the order of a row, "" where it has none."""
        return record[self._order].strip() if len(record) > self._order else ""

    def read(self, line: int, record: Sequence[str]) -> Row | Fault:
        """Return what a row says, or what is wrong with it: the first fault from left to right of what matters most."""
        order = self.order_of(record)

        def fault(column: str, value: str, code: str, **facts: str | int) -> Fault:
            shown = _UNPRINTABLE.sub("�", value)[:SHOWN_MAX]
            return Fault(line, _UNPRINTABLE.sub("�", order)[:SHOWN_MAX], column, shown, f"ordering.row.{code}", facts)

        names = self._map.columns
        if len(record) != len(self.records.header):
            return fault("", "", "fields", fields=len(record), header=len(self.records.header))
        if not order or len(order) > NUMBER_MAX or _UNPRINTABLE.search(order):
            return fault(names.order, order, "number", limit=NUMBER_MAX)
        store_code = self._only if self._store is None else self._stores.get(record[self._store].strip())
        if store_code is None:
            return fault(names.store or "", record[self._store or 0], "store")
        moment = self._moment(record[self._placed_at].strip(), store_code)
        if isinstance(moment, str):
            return fault(names.placed_at, record[self._placed_at], moment, format=self._map.dates.format)
        dish = record[self._dish].strip()
        listed = self._prices.get(dish)
        if listed is None:
            return fault(names.dish, dish, "text" if _UNPRINTABLE.search(dish) else "dish")
        qty = record[self._qty].strip()
        if not _WHOLE.fullmatch(qty) or not 1 <= int(qty) <= QTY_MAX:
            return fault(names.qty, qty, "qty", limit=QTY_MAX)
        unit_fen = self._amount(record[self._price].strip())
        if unit_fen is None:
            return fault(names.price, record[self._price], "price")
        if unit_fen != listed.fen and self._map.prices.others == "reject":
            return fault(names.price, record[self._price], "other_price", listed_fen=listed.fen)
        return Row(line, order, store_code, moment, dish, int(qty), unit_fen)

    def is_listed(self, row: Row) -> bool:
        """Tell whether a row has the price of the price file."""
        return self._prices[row.dish].fen == row.unit_fen

    def _moment_of(self, text: str, store_code: str) -> datetime | str:
        """Return the instant of a local date and time, or the code of what is wrong with it."""
        try:
            local = datetime.strptime(text, self._map.dates.format)  # noqa: DTZ007 - it gets the zone of its store
        except ValueError:
            return "date"
        zone = zone_of(self._zones[store_code])
        if local.tzinfo is None:
            local = local.replace(tzinfo=zone)
        if not EARLIEST.year <= local.year <= self._latest.year + 1:
            return "early" if local.year < EARLIEST.year else "late"
        moment = local.astimezone(UTC)
        if moment < EARLIEST:
            return "early"
        if moment > self._latest:
            return "late"
        return moment if moment.astimezone(local.tzinfo).replace(fold=0) == local.replace(fold=0) else "skipped"


def amount_of(text: str, *, decimals: int) -> int | None:
    """Return the minor units of an amount such as `12.95`, taken 1:1 as fen, or None where it is not a plain amount within the limit."""
    whole, dot, parts = text.partition(".")
    if not _WHOLE.fullmatch(whole) or (dot and not _WHOLE.fullmatch(parts)):
        return None
    rest = parts[decimals:]
    if rest.strip("0"):
        return None
    fen = int(whole + parts[:decimals].ljust(decimals, "0"))
    return fen if fen <= FEN_MAX else None


def read_prices(path: Path, map_: Map) -> dict[str, Price]:
    """Read the price file: what each dish costs.  Refuses `BadFile` at the first row that is not as it should be."""
    found: dict[str, Price] = {}
    with open_binary(path) as file:
        records = Records(file, str(path), map_.file)
        dish, price = records.column(map_.prices.dish), records.column(map_.prices.price)
        code = records.column(map_.prices.code) if map_.prices.code else None
        for line, record in records:
            if len(record) != len(records.header):
                raise BadFile(
                    file=str(path), line=line, why=f"{len(record)} fields, the header has {len(records.header)}"
                )
            name, fen = record[dish].strip(), amount_of(record[price].strip(), decimals=map_.money.decimals)
            if not name or len(name) > NAME_MAX or _UNPRINTABLE.search(name):
                raise BadFile(file=str(path), line=line, why=f"{map_.prices.dish}: not the name of a dish")
            if fen is None:
                raise BadFile(file=str(path), line=line, why=f"{map_.prices.price}: {record[price]!r} is not a price")
            listed = Price(record[code].strip() if code is not None else "", fen)
            if found.setdefault(name, listed) != listed:
                raise BadFile(file=str(path), line=line, why=f"{name} stands there with another price or code")
    return found


def open_binary(path: Path) -> BinaryIO:
    """Open a file; refuses `BadFile`."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise BadFile(file=str(path), line=0, why=str(error.strerror)) from error
