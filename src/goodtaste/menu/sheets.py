"""Spreadsheets as tables of text, and back: xlsx and CSV as people and other systems write them.

A CSV file holds several tables one after the other; a line whose only cell is `#` and a name begins each.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

import msgspec
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from goodtaste.kernel.errors import Refusal

BYTES_MAX = 5_000_000
UNPACKED_MAX = 30_000_000  # bytes of an xlsx once it is unpacked
PARTS_MAX = 2_000  # files within an xlsx
ROWS_MAX = 10_000  # of a table
COLUMNS_MAX = 60
CELL_MAX = 2_000  # characters
UNRECKONED = "\ue000"  # stands before a formula that has no value
_RISKY = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets run what begins so
_ERRORS = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, EOFError, SyntaxError)


class BadFile(Refusal):
    """Raised for a file that cannot be read as a whole.

    Facts: `why` (`empty`, `large`, `encoding`, `format`, `rows`, `columns`), `limit`.
    """

    code = "menu.bad_file"
    status = 422


class Row(msgspec.Struct, frozen=True):
    """A row: the line people see it at, and its cells by heading as text, trimmed."""

    line: int
    cells: dict[str, str]


class Table(msgspec.Struct, frozen=True):
    """A table of a file: its name, the headings as they are written, and the rows that are not empty."""

    name: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]


def read(data: bytes) -> list[Table]:
    """Return the tables of an xlsx or a CSV file, told apart by its first bytes.  Refuses `BadFile`."""
    if len(data) > BYTES_MAX:
        raise BadFile(why="large", limit=BYTES_MAX)
    if not data.strip():
        raise BadFile(why="empty", limit=0)
    grids = _xlsx(data) if data.startswith(b"PK\x03\x04") else _csv(data)
    tables = [table for name, grid in grids if (table := _table(name, grid))]
    if not tables:
        raise BadFile(why="empty", limit=0)
    return tables


def _table(name: str, grid: Iterable[tuple[int, Sequence[str]]]) -> Table | None:
    headings: tuple[str, ...] = ()
    rows: list[Row] = []
    for line, cells in grid:
        if not any(cells):
            continue
        if len(cells) > COLUMNS_MAX and any(cells[COLUMNS_MAX:]):
            raise BadFile(why="columns", limit=COLUMNS_MAX)
        if not headings:
            headings = tuple(cells[:COLUMNS_MAX])
            continue
        if len(rows) == ROWS_MAX:
            raise BadFile(why="rows", limit=ROWS_MAX)
        rows.append(Row(line, {heading: cell for heading, cell in zip(headings, cells, strict=False) if heading}))
    return Table(name, tuple(h for h in headings if h), tuple(rows)) if headings else None


def _text(value: Any) -> str:
    """Return a cell as a person reads it: numbers without the noise of binary fractions, text trimmed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return format(value, ".15g")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)[: CELL_MAX + 1].replace("\u00a0", " ").strip()


# xlsx


def _xlsx(data: bytes) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
        if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_MAX:
            raise BadFile(why="large", limit=UNPACKED_MAX)
        written = load_workbook(io.BytesIO(data))
        reckoned = load_workbook(io.BytesIO(data), data_only=True) if _has_formulas(written) else written
    except _ERRORS as error:
        raise BadFile(why="format", limit=0) from error
    return [(sheet.title, _grid(sheet, reckoned[sheet.title])) for sheet in written.worksheets]


def _has_formulas(book: Any) -> bool:
    return any(
        cell.data_type == "f"
        for sheet in book.worksheets
        for row in sheet.iter_rows(max_row=_rows(sheet))
        for cell in row
    )


def _rows(sheet: Any) -> int:
    return min(int(sheet.max_row or 1), ROWS_MAX * 2)


def _grid(sheet: Any, reckoned: Any) -> list[tuple[int, list[str]]]:
    """Return the cells of a sheet: a merged range has its value in each cell, a formula the value it had when it was saved.

    A formula that was never reckoned is marked `UNRECKONED`.
    """
    if (sheet.max_row or 0) > ROWS_MAX * 2:
        raise BadFile(why="rows", limit=ROWS_MAX)
    if (sheet.max_column or 0) > COLUMNS_MAX * 10:
        raise BadFile(why="columns", limit=COLUMNS_MAX)
    merged: dict[tuple[int, int], Any] = {}
    for area in sheet.merged_cells.ranges:
        value = reckoned.cell(area.min_row, area.min_col).value
        for row in range(area.min_row, min(area.max_row, ROWS_MAX) + 1):
            for column in range(area.min_col, min(area.max_col, COLUMNS_MAX) + 1):
                merged[row, column] = value
    grid = []
    for line, cells in enumerate(sheet.iter_rows(), 1):
        values = []
        for cell in cells:
            found = merged.get((line, cell.column))
            if found is None:
                found = cell.value
                if cell.data_type == "f":
                    value = reckoned.cell(line, cell.column).value
                    found = f"{UNRECKONED}{found}" if value is None else value
            values.append(_text(found))
        grid.append((line, values))
    return grid


# CSV


def _csv(data: bytes) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    tables: list[tuple[str, list[tuple[int, list[str]]]]] = [("", [])]
    line = 1
    try:
        for cells in reader:
            trimmed = [_unguarded(_text(cell)) for cell in cells]
            filled = [cell for cell in trimmed if cell]
            if len(filled) == 1 and filled[0].startswith("#"):
                tables.append((filled[0][1:].strip(), []))
            else:
                tables[-1][1].append((line, trimmed))
            line = reader.line_num + 1
            if line > ROWS_MAX * 5:
                raise BadFile(why="rows", limit=ROWS_MAX)
    except csv.Error as error:
        raise BadFile(why="format", limit=0) from error
    return tables


def _decoded(data: bytes) -> str:
    """Return the text of a CSV file: UTF-8 with or without a mark, UTF-16 with one, else GB18030 as Chinese Excel writes it."""
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise BadFile(why="encoding", limit=0)


def _unguarded(cell: str) -> str:
    """Take away the apostrophe that `csv_of` sets before what a spreadsheet would run."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RISKY) else cell


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RISKY) else cell


# Writing

Written = Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]]


def csv_of(tables: Written) -> bytes:
    """Return tables as CSV that Excel opens as it is: UTF-8 with a mark; what would run as a formula bears an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for name, headings, rows in tables:
        writer.writerow([f"#{name}"])
        writer.writerow(headings)
        writer.writerows([[_guarded(cell) for cell in row] for row in rows])
        writer.writerow([])
    return out.getvalue().encode("utf-8-sig")


def xlsx_of(tables: Written) -> bytes:
    """Return tables as xlsx, a sheet each; every cell is text, so nothing runs as a formula."""
    book = Workbook()
    book.remove(book.active)
    for name, headings, rows in tables:
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for line, row in enumerate([headings, *rows], 1):
            for column, value in enumerate(row, 1):
                cell = sheet.cell(line, column)
                cell.value = _CONTROL.sub("", value)
                cell.data_type = "s"
                if line == 1:
                    cell.font = Font(bold=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def plain(text: str) -> str:
    """Return text with full-width digits, letters and signs made half-width, lower case, without blanks: how headings compare."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()
