"""The golden prices: what each case costs, as a person reckoned it, and how it is told, in Python as in the display code.

`python -m tools.prices` works them out anew; `make web-test` shows them in TypeScript.
"""

from __future__ import annotations

import random
import re
from typing import Any, get_args

import msgspec
import pytest
from tools import prices

from goodtaste.kernel.money import yuan
from goodtaste.kernel.words import LANGUAGES, sentences
from goodtaste.pricing.api import AnyCouponKind, Benefit, explain, in_words, price
from tests.pricing_oracle import a_cart

GOLDEN = msgspec.json.decode(prices.PATH.read_bytes())
CASES: list[dict[str, Any]] = GOLDEN["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_golden_price_is_as_it_was_reckoned_and_told(case: dict[str, Any]) -> None:
    found, priced = prices.worked(case, GOLDEN["names"])
    assert priced.due_fen == case["due_fen"], case["because"]
    assert msgspec.json.decode(msgspec.json.encode(found)) == case, (
        "see the difference, then run `python -m tools.prices`"
    )
    rows = explain(priced)
    assert sum(row.amount_fen or 0 for row in rows.rows) == rows.amount_fen == priced.due_fen
    for lines in case["said"].values():
        assert not [line for line in lines if "{" in line], "every fact is there"


def test_each_case_has_a_name_of_its_own() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 60


def test_the_display_code_has_the_words_that_python_has() -> None:
    assert prices.WORDS.read_bytes() == prices.words(), "run `python -m tools.prices`"


def test_the_page_of_comparisons_says_what_we_charge() -> None:
    page = (prices.ROOT / "docs" / "pricing-compared.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d+\.\d\d) \|", page, re.MULTILINE)
    due = {case["name"]: yuan(case["due_fen"]) for case in CASES}
    assert len(rows) == 20
    assert [(name, ours) for name, ours in rows if due.get(name) != ours] == []


def test_a_price_that_was_not_proved_says_so() -> None:
    lines, context, coupons, offers = prices.inputs(next(c for c in CASES if c["name"] == "everything together"))
    rows = explain(price(lines, msgspec.structs.replace(context, nodes_max=0), coupons, offers)).rows
    assert [row.code for row in rows if row.code == "not_exact"] == ["not_exact"]
    assert "¥" in in_words(rows[-1], "en", names={}).do


def test_whatever_a_price_says_has_words_in_every_language() -> None:
    benefits = [kind.__struct_config__.tag for kind in get_args(Benefit)]
    codes = {f"offer_{tag}" for tag in benefits} | {f"coupon_{kind}" for kind in get_args(AnyCouponKind)}
    for language in LANGUAGES:
        known = {code.removeprefix("pricing.row.") for code in sentences(language)}
        assert codes - known == {"offer_gift", "coupon_gift"}, "gifts are rows of their own"
        for seed in range(60):
            lines, context, coupons, offers = a_cart(random.Random(seed))
            rows = explain(price(lines, context, coupons, offers))
            assert in_words(rows, language, names={}).say
            assert sum(row.amount_fen or 0 for row in rows.rows) == rows.amount_fen
