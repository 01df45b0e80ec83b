"""Sentences: each refusal and each message has one in every language, with the same facts in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import goodtaste.app.cli
import goodtaste.app.web
from goodtaste.kernel.errors import REFUSALS
from goodtaste.kernel.words import LANGUAGES, language_of, sentence, sentences

SOURCE = Path(goodtaste.__file__).parent
MOVEMENTS = (
    "earn",
    "vest",
    "grant",
    "spend",
    "hold",
    "release",
    "unspend",
    "unearn",
    "expire",
    "adjust",
    "gift",
    "gifted",
    "merge",
    "settle",
    "redeem",
    "unredeem",
)
REASON = re.compile(r"\w+\.fault\.\w+")
FACT = re.compile(r"\{(\w+)(?::\w+)?\}")


def _ours() -> list[str]:
    return [code for code, refusal in REFUSALS.items() if refusal.__module__.startswith("goodtaste.")]


def test_every_refusal_has_a_sentence_in_every_language() -> None:
    missing = [(language, code) for language in LANGUAGES for code in _ours() if code not in sentences(language)]
    assert missing == []


def test_the_languages_have_the_same_sentences() -> None:
    zh, en = (sentences(language) for language in LANGUAGES)
    assert zh.keys() ^ en.keys() == set()
    differing = {
        code: facts
        for code in zh
        if len(facts := {frozenset(FACT.findall(each[code].say + each[code].do)) for each in (zh, en)}) > 1
    }
    assert differing == {}


def test_a_sentence_says_something_in_its_own_language() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert [code for code, said in sentences("en").items() if chinese.search(said.say + said.do)] == []
    mute = [
        code
        for code, said in sentences("zh-CN").items()
        if not chinese.search(FACT.sub("", said.say + said.do)) and FACT.sub("", said.say + said.do).strip()
    ]
    assert mute == []


def test_every_refusal_says_what_to_do() -> None:
    assert [code for code in _ours() for language in LANGUAGES if not sentences(language)[code].do] == []


def test_every_code_that_the_command_line_speaks_has_a_sentence() -> None:
    spoken = {
        argument.value
        for file in (SOURCE / "app").glob("cli*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("stop", "tell", "words")
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant)
    }
    assert spoken
    assert spoken - sentences("en").keys() == set()


def test_every_reason_that_the_source_names_has_a_sentence() -> None:
    named = {
        node.value
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and REASON.fullmatch(node.value)
    }
    assert len(named) > 30
    assert named - sentences("en").keys() == set()


def test_a_refusal_says_its_reason_in_words() -> None:
    facts = {"field": "threshold_fen", "why": "pricing.fault.below_value", "threshold_fen": 100, "off_fen": 2_000}
    assert sentence("promo.bad_template", "zh-CN", facts).do.startswith(
        "满 ¥1.00 减 ¥20.00，减的比满的多。金额以分为单位"
    )
    assert sentence("promo.bad_template", "en", facts).do.startswith("¥20.00 off from ¥1.00 is more off than is spent.")


def test_a_sentence_carries_its_facts_and_survives_without_them() -> None:
    said = sentence("request.too_large", "en", {"limit_bytes": 5})
    assert "5 bytes" in said.do
    assert "{limit_bytes}" in sentence("request.too_large", "en", {}).do


def test_chinese_is_spoken_unless_english_is_asked_for() -> None:
    assert [language_of(asked) for asked in (None, "", "zh", "zh-CN,en", "fr", "en", "en-GB,zh", "EN")] == [
        *["zh-CN"] * 5,
        *["en"] * 3,
    ]
    assert [
        language_of(asked)
        for asked in ("fr, en;q=0.8", "zh-TW;q=0.3,en;q=0.9", "en;q=0.1, zh;q=0.9", "en;q=0", "q=1;;,,")
    ] == [
        *["en"] * 2,
        *["zh-CN"] * 3,
    ]


def test_a_sentence_names_only_facts_that_its_refusal_tells() -> None:
    for code in _ours():
        told = set(re.findall(r"`(\w+)`", (REFUSALS[code].__doc__ or "").partition("Facts:")[2]))
        for language in LANGUAGES:
            said = sentences(language)[code]
            assert set(FACT.findall(said.say + said.do)) <= told, code


def test_every_movement_of_points_has_words() -> None:
    missing = [
        kind for kind in MOVEMENTS for language in LANGUAGES if f"member.points.{kind}" not in sentences(language)
    ]
    assert missing == []
