"""The plan of a day: who comes when, where, how they order, pay and leave.  The same seed makes the same plan."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random  # noqa: TID251 - a day is played again from its seed
from typing import Literal

import msgspec

from goodtaste.twin.goods import Item, Wish, choose

Kind = Literal["counter", "pickup", "table"]
Way = Literal["wechat", "phone", "guest"]
Pay = Literal["cash", "at once", "declined", "unknown", "password", "refused", "twice told"]
End = Literal["completed", "cancelled", "refunded", "pieces back"]

VISITS_EACH = 3  # orders of one diner in a day, about
PHONES_MAX = (
    20  # diners who join by phone: one network may ask for so many messages an hour, and shares them with other days
)
GIFTS_MAX = 1_400  # points that a manager gives by hand in a day: 2,000 may be given alone, 500 of them in the moments
DAY_S = 12 * 3600
SLOW: tuple[Pay, ...] = ("password", "refused")  # these take four seconds at the wallet


class Visit(msgspec.Struct, frozen=True):
    """One order.  `at_s` is its second of the day; `again`: the order is sent twice, as after a lost reply."""

    no: int
    at_s: int
    store: int
    kind: Kind
    wishes: list[Wish]
    round_two: list[Wish]
    pay: Pay
    end: End
    coupon: bool
    points: bool
    again: bool
    dice: int


class Diner(msgspec.Struct, frozen=True):
    """One who comes, once or more often.  `gift`: points that the manager gives by hand, with the first visit at a counter."""

    no: int
    way: Way
    gift: int
    claims: int
    visits: list[Visit]


def make(*, seed: int, orders: int, stores: int, items: Sequence[Item]) -> list[Diner]:
    """Return a day of so many orders, its diners in the order in which they first come."""
    dice = Random(f"day/{seed}")
    diners: list[Diner] = []
    no = phones = given = 0
    while no < orders:
        way: Way = dice.choices(("wechat", "phone", "guest"), weights=(70, 10, 20))[0]
        if way == "phone":
            phones += 1
            way = "phone" if phones <= PHONES_MAX else "wechat"
        n = 1 if way == "guest" else min(orders - no, dice.randint(1, 2 * VISITS_EACH - 1))
        times = sorted(_second(dice) for _ in range(n))
        visits = [_visit(dice, no + i, at_s, way, stores, items) for i, at_s in enumerate(times)]
        no += n
        gift = dice.choice((0, 0, 100, 300, 500))
        gift = gift if given + gift <= GIFTS_MAX else 0
        given += gift
        diners.append(Diner(len(diners), way, gift, dice.randint(0, 3), visits))
    return sorted(diners, key=lambda each: each.visits[0].at_s)


def _second(dice: Random) -> int:
    """Return when somebody comes: most at noon and in the evening."""
    peak, width = dice.choice(((2.0, 0.8), (8.5, 1.2), (6.0, 3.0)))
    return min(max(int(dice.gauss(peak, width) * 3600), 0), DAY_S - 1)


def _visit(dice: Random, no: int, at_s: int, way: Way, stores: int, items: Sequence[Item]) -> Visit:
    kinds: tuple[Kind, ...] = ("counter", "pickup", "table")
    kind: Kind = "counter" if way == "guest" else dice.choices(kinds, weights=(40, 30, 30))[0]
    return Visit(
        no=no,
        at_s=at_s,
        store=dice.randrange(stores),
        kind=kind,
        wishes=choose(items, dice, lines=dice.choices((1, 2, 3, 4, 5), weights=(2, 4, 4, 2, 1))[0]),
        round_two=choose(items, dice, lines=dice.randint(1, 2)) if kind == "table" else [],
        pay=_pay(dice, kind),
        end=_end(dice, kind),
        coupon=dice.random() < 0.6,
        points=dice.random() < 0.6,
        again=dice.random() < 0.05,
        dice=dice.getrandbits(32),
    )


def _pay(dice: Random, kind: Kind) -> Pay:
    ways: tuple[Pay, ...] = ("cash", "at once", "declined", "unknown", "password", "refused", "twice told")
    if kind == "pickup":
        return dice.choices(("at once", "declined", "password", "twice told"), weights=(85, 8, 2, 5))[0]
    return dice.choices(ways, weights=(45, 35, 5, 5, 2, 2, 6))[0]


def _end(dice: Random, kind: Kind) -> End:
    ends: tuple[End, ...] = ("completed", "cancelled", "refunded", "pieces back")
    return dice.choices(ends, weights=(84, 6 if kind == "pickup" else 0, 5, 5))[0]
