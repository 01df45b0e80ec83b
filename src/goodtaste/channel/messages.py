"""What crosses the queues: the Structs from which the document of the queues is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from goodtaste.kernel.input import PRINTABLE, Fen, Id, Input, Line
from goodtaste.ordering.api import ExternalNo, Kind, Source
from goodtaste.pricing.api import LINES_MAX, QTY_MAX, Channel

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PRINTABLE)]


class SyncedLine(Input, frozen=True):
    """A line as it was sold: `qty` of the SKU with this code, for `unit_fen` each."""

    sku: Annotated[Code, msgspec.Meta(description="Code of the SKU, as the menu has it")]
    qty: Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]
    unit_fen: Fen
    name: Annotated[Line, msgspec.Meta(description="As it stood on the receipt; empty: as the menu names it now")] = ""


class SyncedOrder(Input, frozen=True):
    """An order that was made, paid and done at a till or on a platform outside.  `source` and `no` together make it known for ever."""

    source: Annotated[Source, msgspec.Meta(description="Which system it comes from, such as `pos-3`")]
    no: Annotated[ExternalNo, msgspec.Meta(description="The number it has there; sent again, it is the same order")]
    store: Annotated[Code, msgspec.Meta(description="Code of the store")]
    placed_at: Annotated[datetime, msgspec.Meta(tz=True, description="With a zone, such as 2026-11-22T12:30:00+08:00")]
    lines: Annotated[tuple[SyncedLine, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    kind: Kind = "counter"
    channel: Channel = "counter"
    member_id: Annotated[Id | None, msgspec.Meta(description="The member who gets points and growth for it")] = None


class SyncedMember(msgspec.Struct, frozen=True):
    """A member as they are now.  Of two messages about one member, the one with the higher `version` is right."""

    member_id: Id
    level: str
    points: Annotated[int, msgspec.Meta(description="Points that may be spent")]
    points_pending: Annotated[int, msgspec.Meta(description="Points of orders that are not done yet")]
    growth: int
    version: int
    at: Annotated[datetime, msgspec.Meta(tz=True)]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an order message; sent to its `reply_to`, and kept beside a refused message in `order_sync.dead`.

    `order_id` is the order here; where there is none, `code` says why, in a word for programs, and `say` and `do` in sentences.
    """

    taken: bool
    order_id: str | None = None
    fresh: bool = False
    code: str = ""
    say: str = ""
    do: str = ""
    facts: dict[str, Any] = {}
