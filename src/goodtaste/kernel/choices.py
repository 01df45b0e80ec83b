"""What may stand where a value did not fit: the choices that a type leaves at a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

SHOWN_MAX = 40  # choices that are told

_STEP = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


def choices_at(kind: Any, where: str) -> list[str]:
    """Return the words that may stand at `where` in a value of type `kind`, such as `lines[0].kind`; empty where any may, or none known."""
    found = [inspect.type_info(kind)]
    for step in _STEP.findall(where):
        found = [deeper for each in found for plain in _plain(each) for deeper in _within(plain, step)]
    words = {str(word) for each in found for plain in _plain(each) for word in _words(plain)}
    return sorted(words)[:SHOWN_MAX]


def with_choices(what: str, kind: Any, where: str) -> str:
    """Return what the decoder said of the value at `where`, with what it may be where it is none of a few words."""
    choices = choices_at(kind, where) if what.startswith(("Invalid enum value", "Invalid value")) else []
    return f"{what}, may be: {', '.join(choices)}" if choices else what


def _plain(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Find the types that `kind` may be, without what is said about them."""
    if isinstance(kind, inspect.Metadata):
        yield from _plain(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _plain(each)
    else:
        yield kind


def _within(kind: inspect.Type, step: str) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.StructType):
        if step == kind.tag_field:
            yield inspect.LiteralType((kind.tag,))
        yield from (field.type for field in kind.fields if field.encode_name == step)
    elif isinstance(kind, inspect.DictType):
        yield kind.value_type
    elif isinstance(kind, inspect.TupleType):
        yield from kind.item_types
    elif step.startswith("["):
        yield from (getattr(kind, name) for name in ("item_type",) if hasattr(kind, name))


def _words(kind: inspect.Type) -> Iterator[Any]:
    if isinstance(kind, inspect.LiteralType):
        yield from kind.values
    elif isinstance(kind, inspect.EnumType):
        yield from (each.value for each in kind.cls)
