"""Pure rules of the staff report: which acts count as what, and who does more of something than the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Literal

import msgspec

Kind = Literal[
    "discount",
    "gift",
    "waiver",
    "return",
    "cancel",
    "refund",
    "reopen",
    "take_back",
    "drawer",
    "cash_out",
    "difference",
    "approval",
]

OF_ACTION: Mapping[str, Kind] = {
    "ordering.discounted": "discount",
    "ordering.minimum_waived": "waiver",
    "ordering.returned": "return",
    "ordering.cancelled": "cancel",
    "ordering.refunded": "refund",
    "ordering.reopened": "reopen",
    "payment.taken_back": "take_back",
    "payment.drawer_opened": "drawer",
    "payment.cash_out": "cash_out",
    "payment.shift_closed": "difference",
}
FEN_OF = ("saved_fen", "amount_fen", "due_fen")  # the fact that says what an act was worth
ORDERS_MIN = 20  # who sold fewer orders is no measure, and is not measured
ACTS_MIN = 3  # fewer acts are chance
PEERS_MIN = 2
TIMES = 2  # as much as the median of the others
FLOOR_BP = 100  # a hundredth of one's sales: less is not worth a word


class Act(msgspec.Struct, frozen=True):
    """One act: by whom, what, and what it was worth in fen; a drawer that held too little or too much counts as what it differed."""

    staff_id: str
    kind: Kind
    fen: int


class Sum(msgspec.Struct, frozen=True):
    """How often something was done, and what it came to in fen; of differences also what was missing less what was over."""

    n: int = 0
    fen: int = 0


class Sold(msgspec.Struct, frozen=True):
    """What a person sold: orders, and what was due for them."""

    orders: int = 0
    due_fen: int = 0


class Outlier(msgspec.Struct, frozen=True):
    """Something of which a person does more than the others: the share of their own sales in ten-thousandths, and the median of theirs.

    Acts without a worth (drawers) are counted for each ten thousand orders.
    """

    kind: Kind
    share_bp: int
    others_bp: int


def acts_of(action: str, actor_id: str, facts: Mapping[str, Any]) -> list[Act]:
    """Return what a row of the audit log counts as: the act of who did it, and the approval of who let them."""
    kind = OF_ACTION.get(action)
    if kind is None:
        return []
    if kind == "discount" and facts.get("kind") == "gift":
        kind = "gift"
    if kind == "difference":
        difference = int(facts.get("difference_fen") or 0)
        signed = str(facts.get("signed_by") or actor_id)
        return [Act(signed, kind, difference)] if difference else []
    fen = next((int(facts[name]) for name in FEN_OF if facts.get(name) is not None), 0)
    own = [Act(actor_id, kind, fen)]
    approver = facts.get("approved_by")
    return [*own, Act(str(approver), "approval", fen)] if approver and approver != actor_id else own


def summed(acts: Sequence[Act]) -> dict[Kind, Sum]:
    """Return acts by kind, in the order of the kinds' names."""
    sums: dict[Kind, Sum] = {}
    for each in acts:
        so_far = sums.get(each.kind, Sum())
        sums[each.kind] = Sum(so_far.n + 1, so_far.fen + abs(each.fen))
    return {kind: sums[kind] for kind in sorted(sums)}


def share_bp(of: Sum, sold: Sold) -> int:
    """Return what something is of a person's own sales, in ten-thousandths; of their orders, where it has no worth."""
    if of.fen:
        return of.fen * 10_000 // sold.due_fen if sold.due_fen else 0
    return of.n * 10_000 // sold.orders if sold.orders else 0


def outliers(sums: Mapping[str, Mapping[Kind, Sum]], sold: Mapping[str, Sold]) -> dict[str, list[Outlier]]:
    """Return of what each person does more than `TIMES` the median of the others who sold enough to be a measure."""
    measured = [staff_id for staff_id, own in sold.items() if own.orders >= ORDERS_MIN]
    found: dict[str, list[Outlier]] = {}
    for staff_id in measured:
        others = [each for each in measured if each != staff_id]
        if len(others) < PEERS_MIN:
            continue
        for kind, own in sums.get(staff_id, {}).items():
            share = share_bp(own, sold[staff_id])
            theirs = int(median(share_bp(sums.get(each, {}).get(kind, Sum()), sold[each]) for each in others))
            if own.n >= ACTS_MIN and share > max(TIMES * theirs, FLOOR_BP):
                found.setdefault(staff_id, []).append(Outlier(kind, share, theirs))
    return found
