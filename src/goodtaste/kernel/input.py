"""What clients send: Structs that refuse fields they do not know, made of types that carry their limits."""

from __future__ import annotations

from typing import Annotated

import msgspec

from goodtaste.kernel.ids import Id
from goodtaste.kernel.money import FEN_MAX

COUNT_MAX = 100_000_000

Fen = Annotated[int, msgspec.Meta(ge=0, le=FEN_MAX, description="Whole fen (1/100 yuan)")]
Count = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="Why, in a person's words")]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of what clients send: a field that is not declared is refused."""


__all__ = ["Count", "Fen", "Id", "Input", "Name", "Positive", "Reason", "Text"]
