"""What clients send: Structs that refuse fields they do not know, made of types that carry their limits."""

from __future__ import annotations

from typing import Annotated

import msgspec

from goodtaste.kernel.ids import END, Id
from goodtaste.kernel.money import FEN_MAX

COUNT_MAX = 100_000_000
PRINTABLE = r"^[^\x00-\x1f\x7f]*" + END  # one line: control characters would reach databases, printers and terminals
WRITTEN = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"  # lines: as above, but for tabs and line breaks; PostgreSQL cannot hold a NUL at all
NO_NUL = r"^[^\x00]*" + END  # whatever else: a text that is kept as it came

Fen = Annotated[int, msgspec.Meta(ge=0, le=FEN_MAX, description="Whole fen (1/100 yuan)")]
Count = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
Line = Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]
Text = Annotated[str, msgspec.Meta(max_length=200, pattern=WRITTEN)]
Reason = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, pattern=WRITTEN, description="Why, in a person's words")
]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of what clients send: a field that is not declared is refused."""


__all__ = ["Count", "Fen", "Id", "Input", "Line", "Name", "Positive", "Reason", "Text"]
