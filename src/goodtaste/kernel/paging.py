"""Pages of what only grows at its newer end: each page names where the next one begins, so nothing is skipped or shown twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import msgspec
from sqlalchemy import ColumnElement, and_, or_

from goodtaste.kernel.db import Id, Moment, par
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText


class BadCursor(Refusal):
    """Raised for a cursor that no page gave."""

    code = "request.bad_cursor"
    status = 422


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A row in the order of pages: newest first, by the instant and then the id."""

    at: datetime
    id: IdText


class Row(Protocol):
    """A row of a page."""

    @property
    def id(self) -> str: ...


C = TypeVar("C", bound=Cursor)
X = TypeVar("X", bound=Row)
NEWEST = Cursor(datetime(9999, 1, 1, tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")


def cursor_text(cursor: Cursor) -> str:
    """Return a cursor as clients carry it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str, kind: type[C]) -> C:
    """Return a cursor that a client brought back; refuses `BadCursor`."""
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
        if found.at.tzinfo is None:
            raise BadCursor
        return msgspec.structs.replace(found, at=found.at.astimezone(UTC))
    except (binascii.Error, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise BadCursor from error


def start(before: str) -> Cursor:
    """Return where the page that a client asks for begins; refuses `BadCursor`."""
    return read_cursor(before, Cursor) if before else NEWEST


def next_of(found: Sequence[X], limit: int, at: Callable[[X], datetime]) -> str | None:
    """Return where the page after `found` begins, by the instant `at` of its last row; None where nothing is left."""
    return cursor_text(Cursor(at(found[-1]), found[-1].id)) if len(found) == limit else None


def older(at: ColumnElement[datetime], id_: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition of rows that come after a cursor; it takes the parameters `before_at` and `before_id`."""
    edge = par("before_at", Moment)
    return and_(at <= edge, or_(at < edge, and_(at == edge, id_ < par("before_id", Id))))
