"""Sentences for people: one for each refusal and notice, in each language, with facts filled in."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import msgspec

from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.money import yuan

LANGUAGES = ("zh-CN", "en")
ACCEPT_MAX = 200  # characters of a header that are looked at
_WEIGHT = re.compile(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*")


class Sentence(msgspec.Struct, frozen=True):
    """What is wrong (`say`) and what to do about it (`do`)."""

    say: str
    do: str


class _Facts(string.Formatter):
    """Fills facts in; a fact that is missing leaves its name.

    `{x_fen:yuan}` writes fen as yuan, `{at:minute}` an instant on the clock that it was told by, and `{state:order}` what the sentence
    `word.order.<state>` calls a word of the program, or each of several.
    """

    def __init__(self, language: str, comma: str) -> None:
        self._language, self._comma = language, comma

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), f"{{{key}}}")

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "yuan":
            return f"¥{yuan(value)}" if isinstance(value, int) else str(value)
        if isinstance(value, list | tuple):
            return self._comma.join(self.format_field(each, format_spec) for each in value)
        if format_spec == "minute" and str(value)[10:11] in ("T", " "):  # an instant, in JSON or not
            return f"{str(value)[:10]} {str(value)[11:16]}"
        called = sentences(self._language).get(f"word.{format_spec}.{value}") if format_spec else None
        return called.say if called else str(value)


_FILL = {"zh-CN": _Facts("zh-CN", "、"), "en": _Facts("en", ", ")}


@cache
def sentences(language: str) -> Mapping[str, Sentence]:
    """Return all sentences of a language by code."""
    found: dict[str, Sentence] = {}
    for file in (files("goodtaste.locales") / language).iterdir():
        entries = tomllib.loads(file.read_text("utf-8"))
        found |= {code: msgspec.convert(entry, Sentence) for code, entry in entries.items()}
    return found


def sentence(code: str, language: str, facts: Mapping[str, Any]) -> Sentence:
    """Return the sentence for `code` with its facts.

    A `why` among them that is the code of a sentence itself is said in words, with what to do; a `because` without.
    """
    known, fill = sentences(language), _FILL[language]
    found, why, because = known[code], facts.get("why"), facts.get("because")
    if isinstance(why, str) and why in known:
        facts = {**facts, "why": in_one(sentence(why, language, {**facts, "why": ""}), language)}
    if isinstance(because, str) and because in known:
        facts = {**facts, "because": sentence(because, language, {**facts, "because": ""}).say}
    return Sentence(fill.format(found.say, **facts), fill.format(found.do, **facts))


def on_clock(facts: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Return facts with their instants as the clock of `zone` tells them."""
    return {name: at.astimezone(zone_of(zone)) if isinstance(at, datetime) else at for name, at in facts.items()}


def in_one(said: Sentence, language: str) -> str:
    """Return what is wrong and what to do about it as one text."""
    if not said.do:
        return said.say
    return f"{said.say}。{said.do}" if language == "zh-CN" else f"{said.say}. {said.do}"


def language_of(accept: str | None) -> str:
    """Return the language for an Accept-Language header: of English and Chinese the one that is wanted more, else Chinese."""
    return _wanted_most((accept or "")[:ACCEPT_MAX].lower())


@lru_cache(256)
def _wanted_most(accept: str) -> str:
    best, most = "zh-CN", 0.0
    for each in accept.split(","):
        name, _, rest = each.strip().partition(";")
        language = {"en": "en", "zh": "zh-CN"}.get(name.partition("-")[0].strip())
        weight = _WEIGHT.fullmatch(rest)
        much = float(weight[1]) if weight else 1.0
        if language and much > most:
            best, most = language, much
    return best
