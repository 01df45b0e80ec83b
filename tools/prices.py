"""Work out the golden prices anew: `python -m tools.prices` writes what each case of tests/golden/prices.json costs and how it is told.

A case is its name, why it costs what it costs, `due_fen` as a person reckoned it, and what goes in, without what is as in
`PLAIN_CONTEXT` and `PLAIN_COUPON`.  `priced`, `rows` and `said` are written by this tool, and the words that web/shared/price shows prices
in; tests compare them.  Python and TypeScript pass all cases.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from goodtaste.kernel.words import LANGUAGES, sentences
from goodtaste.pricing.api import Context, Coupon, Line, Offer, Priced, Said, explain, in_words, price

ROOT = Path(__file__).parents[1]
PATH = ROOT / "tests" / "golden" / "prices.json"
SPOKEN = ("pricing.", "word.channel.", "word.weekday.")
WORDS = ROOT / "web" / "shared" / "price" / "words.json"
PLAIN_CONTEXT = {
    "store_id": "store",
    "channel": "counter",
    "at": "2026-11-22T04:00:00Z",
    "local_at": "2026-11-22T12:00:00+08:00",
    "is_member": True,
}
PLAIN_COUPON = {
    "threshold_fen": 0,
    "cap_fen": None,
    "dish_ids": [],
    "store_ids": [],
    "channels": [],
    "valid_from_at": "2026-11-01T00:00:00Z",
    "valid_to_at": "2026-12-01T00:00:00Z",
}
INPUT = ("name", "because", "due_fen", "lines", "context", "coupons", "offers")


def inputs(case: dict[str, Any]) -> tuple[list[Line], Context, list[Coupon], list[Offer]]:
    """Return what goes into the price of a case."""
    offers = [{"name": each["id"], **each} for each in case["offers"]]
    return (
        msgspec.convert(case["lines"], list[Line]),
        msgspec.convert(PLAIN_CONTEXT | case["context"], Context),
        msgspec.convert([PLAIN_COUPON | each for each in case["coupons"]], list[Coupon]),
        msgspec.convert(offers, list[Offer]),
    )


def flat(said: Said, depth: int = 0) -> list[str]:
    """Return a price in words, a line each."""
    mine = "  " * depth + said.say + (f" ({said.do})" if said.do else "")
    return [mine, *(line for row in said.rows for line in flat(row, depth + 1))]


def worked(case: dict[str, Any], names: dict[str, dict[str, str]]) -> tuple[dict[str, Any], Priced]:
    """Return a case with what it costs and how that is told."""
    priced = price(*inputs(case))
    rows = explain(priced)
    said = {language: flat(in_words(rows, language, names=names[language])) for language in LANGUAGES}
    told = {"priced": msgspec.to_builtins(priced), "rows": msgspec.to_builtins(rows), "said": said}
    return {key: case[key] for key in INPUT} | told, priced


def words() -> bytes:
    """Return the sentences of prices in every language, as the display code reads them."""
    found = {
        language: {
            code: {"say": said.say, "do": said.do}
            for code, said in sorted(sentences(language).items())
            if code.startswith(SPOKEN) and not code.startswith("pricing.fault.")
        }
        for language in LANGUAGES
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"


def main() -> int:
    """Write the files anew; exit status 1 where a case does not cost what it says."""
    golden = msgspec.json.decode(PATH.read_bytes())
    found = [worked(case, golden["names"]) for case in golden["cases"]]
    golden["cases"] = [case for case, _ in found]
    WORDS.write_bytes(words())
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(golden), indent=1) + b"\n")
    wrong = [
        (case["name"], case["due_fen"], priced.due_fen) for case, priced in found if case["due_fen"] != priced.due_fen
    ]
    for each in wrong:
        print(*each)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
