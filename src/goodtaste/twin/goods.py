"""What a diner can order: the menu as the API shows it, and the twin's own reckoning of what a cart costs.

The reckoning is written out anew on purpose, from what the brief and the menu say: it is the other side of the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random  # noqa: TID251 - a day is played again from its seed
from typing import Any

import msgspec

POINTS_PER_100_YUAN = 10  # the demo brand's program is the brief's
FEN_PER_100_POINTS = 100
POINTS_CAP_BP = 1_000
DRINKS = frozenset(
    ("酸梅汤", "珍珠奶茶", "桂花乌龙茶", "冻柠茶")
)  # of each two in the afternoon the cheaper costs half
AFTERNOON_HOURS = range(14, 17)
WEDNESDAY = 2  # members' day: 12 % off, at most 20 yuan
MEMBER_DAY_BP, MEMBER_DAY_CAP_FEN = 1_200, 2_000
SPEND_AND_SAVE = ((15_000, 2_000), (8_000, 800))  # from so much on so much off; not with members' day
QTY_MAX = 3


class Item(msgspec.Struct, frozen=True):
    """A SKU on the menu.  `groups`: (least, most, options); `slots`: (slot, choices); an option or choice is (id, fen, qty)."""

    sku_id: str
    name: str
    list_fen: int
    member_fen: int | None
    groups: tuple[tuple[int, int, tuple[tuple[str, int, int], ...]], ...]
    slots: tuple[tuple[str, tuple[tuple[str, int, int], ...]], ...]


class Wish(msgspec.Struct, frozen=True):
    """So many of an item, with options and parts: as the API takes it, what one costs, and the portions that one takes."""

    choice: dict[str, Any]
    qty: int
    list_fen: int
    member_fen: int | None
    takes: dict[str, int]
    name: str = ""

    def unit_fen(self, *, member: bool) -> int:
        """Return what one costs."""
        return min(self.list_fen, self.member_fen) if member and self.member_fen is not None else self.list_fen


class Offer(msgspec.Struct, frozen=True):
    """A coupon as its owner reads it."""

    id: str
    template_id: str
    kind: str
    value: int
    threshold_fen: int
    cap_fen: int | None

    def saves_fen(self, amount_fen: int) -> int:
        """Return what it takes off an order, 0 where it does not apply."""
        if amount_fen < self.threshold_fen:
            return 0
        saving = min(self.value, amount_fen) if self.kind == "cash" else amount_fen * self.value // 10_000
        return saving if self.cap_fen is None else min(saving, self.cap_fen)


class Bill(msgspec.Struct, frozen=True):
    """What a cart costs, in fen, of `amount_fen` by the menu; `points` pay for `points` fen."""

    amount_fen: int
    coupon_fen: int
    points: int
    due_fen: int


def reckon(wishes: Sequence[Wish], *, member: bool, at: datetime, offer: Offer | None = None, points: int = 0) -> Bill:
    """Return what `wishes` cost at `at` on the store's clock, by whichever of the brand's offers together leave least to pay.

    With a coupon, where that makes it less; and at most so many points, which pay a fen each for up to 10 % of what is left.
    """
    amount = sum(wish.unit_fen(member=member) * wish.qty for wish in wishes)
    halves = _second_drinks(wishes, member=member) if at.hour in AFTERNOON_HOURS else 0
    left, saved = min(
        (rest - off, off)
        for drinks in {0, halves}
        for rest in _after_order_offers(amount - drinks, member=member, at=at)
        for off in {0, offer.saves_fen(rest) if offer else 0}
    )
    used = min(points, left * POINTS_CAP_BP // 10_000 * 100 // FEN_PER_100_POINTS)
    return Bill(amount, saved, used, left - used * FEN_PER_100_POINTS // 100)


def _second_drinks(wishes: Sequence[Wish], *, member: bool) -> int:
    """Return what comes off drinks: put in a row from the dearest, every second one costs half."""
    row = sorted(
        (wish.unit_fen(member=member) for wish in wishes if wish.name in DRINKS for _ in range(wish.qty)), reverse=True
    )
    return sum(fen // 2 for fen in row[1::2])


def _after_order_offers(amount_fen: int, *, member: bool, at: datetime) -> set[int]:
    """Return what may be left of an order: all of it, or what one offer of the whole order leaves."""
    left = {amount_fen, amount_fen - next((off for least, off in SPEND_AND_SAVE if amount_fen >= least), 0)}
    if member and at.weekday() == WEDNESDAY:
        left.add(amount_fen - min(amount_fen * MEMBER_DAY_BP // 10_000, MEMBER_DAY_CAP_FEN))
    return left


def earned(paid_fen: int, *, earn_bp: int) -> int:
    """Return the points that a member of a level earns for what was paid."""
    return paid_fen * POINTS_PER_100_YUAN * earn_bp // 100_000_000


def takes(wishes: Sequence[Wish]) -> dict[str, int]:
    """Return the portions by SKU that `wishes` take."""
    found: dict[str, int] = {}
    for wish in wishes:
        for sku_id, n in wish.takes.items():
            found[sku_id] = found.get(sku_id, 0) + n * wish.qty
    return found


def choose(items: Sequence[Item], dice: Random, *, lines: int) -> list[Wish]:
    """Choose some items, with options and parts as a diner would."""
    return [wish(item, dice) for item in dice.sample(items, min(lines, len(items)))]


def wish(item: Item, dice: Random, *, qty: int = 0) -> Wish:
    """Choose how many of an item, and how."""
    qty = qty or dice.choices(range(1, QTY_MAX + 1), weights=(8, 3, 1))[0]
    extra, options, portions = 0, [], {item.sku_id: 1}
    for least, most, choices in item.groups:
        for option_id, fen, _ in dice.sample(choices, dice.randint(least, min(most, len(choices)))):
            extra += fen
            options.append(option_id)
    parts = []
    for slot_id, choices in item.slots:
        sku_id, fen, n = dice.choice(choices)
        extra += fen
        portions[sku_id] = portions.get(sku_id, 0) + n
        parts.append({"slot_id": slot_id, "sku_id": sku_id})
    choice: dict[str, Any] = {"sku_id": item.sku_id, "qty": qty}
    choice |= ({"options": options} if options else {}) | ({"parts": parts} if parts else {})
    member_fen = None if item.member_fen is None else item.member_fen + extra
    return Wish(choice, qty, item.list_fen + extra, member_fen, portions, item.name)


def read_menu(shown: dict[str, Any]) -> list[Item]:
    """Return the SKUs on a menu as the API shows it."""
    found = []
    for dish in (dish for category in shown["categories"] for dish in category["dishes"]):
        groups = tuple(
            (group["min_picks"], group["max_picks"], tuple((o["id"], o["price_fen"], 1) for o in group["options"]))
            for group in dish["groups"]
        )
        slots = tuple(
            (slot["id"], tuple((c["sku_id"], c["extra_fen"], c["qty"]) for c in slot["choices"]))
            for slot in dish["slots"]
        )
        found += [
            Item(sku["id"], dish["name"], sku["list_fen"], sku["member_fen"], groups, slots)
            for sku in dish["skus"]
            if not sku["sold_out"]
        ]
    return found
