"""Sentences for people: one for each refusal and notice, in each language, with facts filled in."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from goodtaste.kernel.money import yuan

LANGUAGES = ("zh-CN", "en")


class Sentence(msgspec.Struct, frozen=True):
    """What is wrong (`say`) and what to do about it (`do`)."""

    say: str
    do: str


class _Facts(string.Formatter):
    """Fills facts in; `{x_fen:yuan}` writes fen as yuan, a fact that is missing leaves its name."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), f"{{{key}}}")

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "yuan":
            return f"¥{yuan(value)}" if isinstance(value, int) else str(value)
        if isinstance(value, list | tuple):
            return "、".join(map(str, value))
        return str(value)


_FILL = _Facts()


@cache
def sentences(language: str) -> Mapping[str, Sentence]:
    """Return all sentences of a language by code."""
    found: dict[str, Sentence] = {}
    for file in (files("goodtaste.locales") / language).iterdir():
        entries = tomllib.loads(file.read_text("utf-8"))
        found |= {code: msgspec.convert(entry, Sentence) for code, entry in entries.items()}
    return found


def sentence(code: str, language: str, facts: Mapping[str, Any]) -> Sentence:
    """Return the sentence for `code` with its facts."""
    found = sentences(language)[code]
    return Sentence(_FILL.format(found.say, **facts), _FILL.format(found.do, **facts))


def language_of(accept: str | None) -> str:
    """Return the language for an Accept-Language header: English where it is asked for first, else Chinese."""
    return "en" if (accept or "").lower().startswith("en") else "zh-CN"
