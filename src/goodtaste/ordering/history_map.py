"""The map of an order history: which column of a file means what, how its dates and amounts are written, and where it was sold."""

from __future__ import annotations

import codecs
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.errors import Refusal
from goodtaste.ordering.record import Source
from goodtaste.ordering.rules import Kind
from goodtaste.org import api as org
from goodtaste.pricing.api import Channel

SIZE_MAX = 1_000_000  # bytes of a map: more is another file
STORES_MAX = 10_000

ColumnName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class BadMap(Refusal):
    """Raised when a map cannot be used.  Facts: `file`, `why`."""

    code = "ordering.bad_map"
    status = 422


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a map: a key that is not known is refused, since it is most likely a misspelt one."""


class FileForm(_Part, frozen=True):
    """How the files are written."""

    encoding: str = "utf-8"
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1, pattern=r"[^\r\n\"]")] = ","


class Columns(_Part, frozen=True):
    """The columns of the order file by their names in its header; `store` where it names the store of each order."""

    order: ColumnName
    placed_at: ColumnName
    dish: ColumnName
    qty: ColumnName
    price: ColumnName
    store: ColumnName | None = None


class Dates(_Part, frozen=True):
    """How dates are written, in the notation of `strptime`."""

    format: Annotated[str, msgspec.Meta(min_length=2, max_length=64)]


class Money(_Part, frozen=True):
    """How amounts are written: with so many decimals of one minor unit.  A minor unit counts as one fen, whatever the currency."""

    decimals: Annotated[int, msgspec.Meta(ge=0, le=3)] = 2


class Prices(_Part, frozen=True):
    """The columns of the price file; `code` where it has codes of the catalogue.

    `others`: what becomes of a line whose price is not the one of the price file: prices change, so it is kept, or it is rejected.
    """

    dish: ColumnName
    price: ColumnName
    code: ColumnName | None = None
    others: Literal["keep", "reject"] = "keep"


class PastStore(_Part, frozen=True):
    """A store by its code, such as `SH-01`; one that does not exist is made from the rest, closed.

    `in_file` is what the order file calls it, where it has a column for the store.
    """

    code: str
    in_file: str | None = None
    name: str | None = None
    name_en: str = ""
    city: str = "-"
    address: str = "-"
    zone: str | None = None
    day_start_minute: int | None = None


class Map(_Part, frozen=True):
    """A map.  `source` names the system the history comes from: with the number of an order it makes the order known for ever."""

    source: Source
    kind: Kind
    channel: Channel
    columns: Columns
    dates: Dates
    prices: Prices
    stores: Annotated[tuple[PastStore, ...], msgspec.Meta(min_length=1, max_length=STORES_MAX)]
    file: FileForm = FileForm()
    money: Money = Money()


def read_map(path: Path) -> Map:
    """Read a map; refuses `BadMap` and says what is wrong where."""
    try:
        if path.stat().st_size > SIZE_MAX:
            raise BadMap(file=str(path), why=f"larger than {SIZE_MAX} bytes")
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Map)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadMap(file=str(path), why=str(error)) from error
    why = _fault(found)
    if why:
        raise BadMap(file=str(path), why=why)
    return found


def _fault(found: Map) -> str | None:
    try:
        codecs.lookup(found.file.encoding)
    except LookupError:
        return f"file.encoding: there is no encoding {found.file.encoding!r}"
    columns = [each for each in msgspec.structs.astuple(found.columns) if each]
    if len(set(columns)) != len(columns):
        return "columns: one column is named twice"
    codes, names = [each.code for each in found.stores], [each.in_file for each in found.stores]
    if len(set(codes)) != len(codes):
        return "stores: one code is named twice"
    if found.columns.store is None and len(codes) > 1:
        return "columns.store: name the column that tells the stores apart"
    if found.columns.store is not None and (None in names or len(set(names)) != len(names)):
        return "stores: say for each, and differently, what the file calls it (in_file)"
    return next(filter(None, map(_store_fault, found.stores)), None)


def _store_fault(store: PastStore) -> str | None:
    if store.zone is None:
        return None
    try:
        zone_of(store.zone)
    except ValueError as error:
        return f"stores.zone: {error}"
    return None


def new_store(store: PastStore, *, id_: str, file: str) -> org.NewStore:
    """Return what makes a store of the map; refuses `BadMap` where the map says too little, or nonsense."""
    given: dict[str, Any] = {"id": id_, "code": store.code, "name": store.name, "name_en": store.name_en}
    given |= {"city": store.city, "address": store.address, "zone": store.zone, "hours": []}
    if store.day_start_minute is not None:
        given["day_start_minute"] = store.day_start_minute
    if store.name is None or store.zone is None:
        raise BadMap(
            file=file, why=f"stores: there is no store {store.code}; give it a name and a zone, and it is made"
        )
    try:
        return msgspec.convert(given, org.NewStore)
    except msgspec.ValidationError as error:
        raise BadMap(file=file, why=f"stores: {store.code}: {error}") from error
