"""Sentences: each refusal and each message has one in every language, with the same facts in it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import CheckConstraint

import goodtaste.app.cli
import goodtaste.app.web
from goodtaste.kernel.db import metadata
from goodtaste.kernel.errors import REFUSALS
from goodtaste.kernel.web import problem_in
from goodtaste.kernel.words import LANGUAGES, language_of, sentence, sentences
from goodtaste.promo.shop.exchanges import ExchangeOver

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
FORMED = re.compile(r"\{(\w+)(?::(\w+))?\}")
WORDS_OF_THE_PROGRAM = re.compile(r"state|pay_state|possible|kind|methods?|wallet|channels|weekdays|cause|why|what")
COLUMNS = {
    "coupon": "promo_coupon", "gift": "promo_gift", "exchange": "promo_exchange", "offer": "promo_offer",
    "batch": "promo_batch", "campaign": "promo_campaign", "subscription": "promo_subscription", "call": "floor_call",
    "invoice": "floor_invoice", "print_job": "floor_print_job", "money": "payment_payment", "shift": "payment_shift",
    "difference": "payment_difference", "correction": "member_adjustment", "order": "ordering_order",
    "request": "ordering_refund_request",
}  # fmt: skip
"""What stands for the words of the column `state` of a table."""
IN_WORDS_ALREADY = re.compile(
    r"\w+\.bad_(item|offer|template|plan|program|points_rules|profile|span|map|file|bill)|request\.malformed"
    r"|channel\.(letter_unreadable|message_malformed)|cli\.campaign_ran"
)
"""Whose `why` or `what` is a sentence: the code of one, or what a parser said of a file or a message."""


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


def test_no_sentence_shows_a_word_of_the_program_or_an_instant_as_it_is() -> None:
    shown = {
        (code, fact)
        for code, said in sentences("zh-CN").items()
        for fact, form in FORMED.findall(said.say + said.do)
        if not form
        and (WORDS_OF_THE_PROGRAM.fullmatch(fact) or fact.endswith("_at") or fact == "at")
        and not (fact in ("why", "what") and IN_WORDS_ALREADY.fullmatch(code))
    }
    assert shown == {
        ("doctor.clock_good", "at"),
        ("doctor.clock_past", "at"),
        ("menu.bad_dish", "what"),  # the name of a part
        ("menu.row_dish", "what"),
        ("promo.offer.until", "at"),  # on the store's clock already
    }


def test_every_word_of_the_program_that_a_refusal_shows_has_words() -> None:
    """Words that a refusal is raised with are read from the source, those of a column from its constraint."""
    raised = {(name, fact, word) for file in SOURCE.rglob("*.py") for name, fact, word in _raised(file)}
    missing = set()
    for code in _ours():
        forms = dict(FORMED.findall("".join(msgspec.structs.astuple(sentences("en")[code]))))
        for name, fact, word in raised:
            form = forms.get(fact)
            if REFUSALS[code].__name__ == name and form and f"word.{form}.{word}" not in sentences("en"):
                missing.add((code, fact, word))
    assert missing == set()
    unnamed = [
        (form, word) for form, words in _columns() for word in words if f"word.{form}.{word}" not in sentences("en")
    ]
    assert unnamed == []


def _raised(file: Path) -> Iterator[tuple[str, str, str]]:
    """Give the class, the fact and the word of each refusal that a file raises with a word."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            for each in node.keywords:
                for one in ast.walk(each.value):
                    if isinstance(one, ast.Constant) and re.fullmatch(r"[a-z_]+", str(one.value)):
                        yield name, each.arg or "", one.value


def _columns() -> Iterator[tuple[str, list[str]]]:
    """Give what a form stands for, and the words that may stand in its column."""
    for form, table in COLUMNS.items():
        checks = [str(each.sqltext) for each in metadata.tables[table].constraints if isinstance(each, CheckConstraint)]
        told = next(found for each in checks if (found := re.match(r"state IN \((.*?)\)", each)))
        yield form, re.findall(r"'(\w+)'", told[1])


def test_an_instant_is_told_on_the_clock_of_who_asks() -> None:
    at = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    refusal = ExchangeOver(state="handed_over", changed_at=at)
    told = json.loads(problem_in("zh-CN", refusal, zone="Asia/Shanghai"))
    assert told["title"] == "这笔兑换已有结果（已领取，2026-11-23 01:30）"
    assert told["facts"]["changed_at"] == "2026-11-22T17:30:00Z"


def test_every_movement_of_points_has_words() -> None:
    missing = [
        kind for kind in MOVEMENTS for language in LANGUAGES if f"member.points.{kind}" not in sentences(language)
    ]
    assert missing == []
