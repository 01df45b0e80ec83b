"""A price told as a tree: rows with codes, amounts and facts, and their sentences in the languages of `locales`.

The amounts of the topmost rows add up to what is due: what the cart costs by the list, what came off (below zero), what was added.  The
rows are JSON as they are, and the display code of `web/shared/price` puts them into the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from goodtaste.kernel.words import sentence
from goodtaste.pricing.values import Priced, WhyNot

NAMED = {
    "offer_id": "name",
    "sku_id": "sku",
    "coupon_id": "others",
    "offer_ids": "others",
    "dish_ids": "dishes",
    "levels": "levels",
}
"""Facts that are ids, and under which name a sentence finds what they are called."""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row: `code` has a sentence (`pricing.row.<code>`), `amount_fen` counts where it stands on top, `rows` say more of it."""

    code: str
    amount_fen: int | None = None
    facts: dict[str, Any] = {}
    rows: list[Row] = []


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row in words: what it is, what to do about it (empty where nothing), its amount, and the rows below it."""

    say: str
    do: str = ""
    amount_fen: int | None = None
    rows: list[Said] = []


def explain(priced: Priced) -> Row:
    """Return the tree of a price: what it is made of, what was saved by what, and why the rest did not apply."""
    rows = [_list(priced), *_savings(priced)]
    rows += [Row(f"fee_{fee.code}", fee.amount_fen) for fee in priced.fees]
    if priced.donation_fen:
        rows.append(Row("donation", priced.donation_fen))
    rows += [
        Row("gift", 0, {"offer_id": gift.offer_id, "sku_id": gift.sku_id, "qty": gift.qty}) for gift in priced.gifts
    ]
    if priced.why_not:
        rows.append(Row("not_applied", rows=[_why(each) for each in priced.why_not]))
    if priced.proof and not priced.proof.exact:
        rows.append(Row("not_exact", facts={"gap_fen": priced.proof.gap_fen}))
    return Row("price", priced.due_fen, rows=rows)


def _list(priced: Priced) -> Row:
    lines = [
        Row("line", line.list_fen * line.qty, {"line_no": line.line_no, "sku_id": line.sku_id, "qty": line.qty})
        for line in priced.lines
    ]
    return Row("list", priced.list_fen, rows=lines)


def _savings(priced: Priced) -> Iterator[Row]:
    """Give a row for each offer, coupon and rule that took something off, with its lines below it."""
    found: dict[tuple[str, str | None], list[Row]] = {}
    for reason in priced.reasons:
        if reason.saved_fen:
            facts = {} if reason.line_no is None else {"line_no": reason.line_no}
            found.setdefault((reason.code, reason.offer_id), []).append(Row("on_line", -reason.saved_fen, facts))
    sets = {used.offer_id: used.sets for used in priced.applied if used.sets}
    for (code, offer_id), rows in found.items():
        told: dict[str, Any] = {} if offer_id is None else {"offer_id": offer_id}
        if offer_id in sets:
            told["sets"] = sets[offer_id]
        if code == "points":
            told["points"] = priced.points
        amount = sum(row.amount_fen or 0 for row in rows)
        yield Row(code, amount, {"saved_fen": -amount, **told}, [row for row in rows if row.facts])


def _why(each: WhyNot) -> Row:
    beaten_by_none = each.code == "another_saves_more" and not each.facts
    facts = {"offer_id": each.offer_id, **msgspec.to_builtins(each.facts)}
    return Row("why_nothing_saved" if beaten_by_none else f"why_{each.code}", facts=facts)


def in_words(row: Row, language: str, *, names: Mapping[str, str]) -> Said:
    """Put a tree into words; `names` says what ids are called in that language, and an id that it lacks stays as it is."""
    facts = dict(row.facts)
    for key, under in NAMED.items():
        if key in facts:
            ids = facts[key]
            called = [names.get(each, each) for each in ids] if isinstance(ids, list) else names.get(ids, ids)
            facts[under] = called or sentence("pricing.any_dish", language, {}).say
    if row.amount_fen is not None:
        facts["amount_fen"] = row.amount_fen
    said = sentence(f"pricing.row.{row.code}", language, facts)
    return Said(said.say, said.do, row.amount_fen, [in_words(each, language, names=names) for each in row.rows])
