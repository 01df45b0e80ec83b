"""Random orders refunded piece by piece in any order, beside the same order refunded at once: nothing is lost, nothing is gained.

GOODTASTE_REFUND_WALKS makes it more (default 3 orders an engine and policy), GOODTASTE_WALK_SEED makes it other ones.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from goodtaste.member import api as members
from tests.offers_kit import a_live_offer, counted, stop
from tests.shop import write
from tests.shop_kit import OPTIONS, PRICES, Floor, Member, line

WALKS = int(os.environ.get("GOODTASTE_REFUND_WALKS", "3"))
SEED = int(os.environ.get("GOODTASTE_WALK_SEED", "20261122"))
POINTS = 5_000
POLICIES = ("threshold_kept", "threshold_lost")


def a_cart(dice: random.Random) -> list[dict[str, Any]]:
    """Return a random cart."""
    lines = []
    for _ in range(dice.randint(1, 5)):
        name = dice.choice([*PRICES])
        options = tuple(dice.sample([o for o, (g, _) in OPTIONS.items() if g == "extra"], dice.randint(0, 2)))
        parts = {"main": dice.choice(["noodles", "dumplings"])} if name == "feast" else None
        lines.append(line(name, dice.randint(1, 7), options=options if name == "noodles" else (), parts=parts))
    return lines


async def a_purchase(floor: Floor, lines: list[Any], dice: random.Random) -> tuple[Member, str | None, Any]:
    """Have a new member buy a cart, with a coupon and points as the dice fall."""
    member = await floor.a_member(points=POINTS)
    kind, value = dice.choice([("cash", 777), ("percent", 1_234), ("exchange", 2), ("", 0)])
    own = {"cap_fen": dice.choice([None, 901]), "refund_policy": dice.choice([None, *POLICIES]), "threshold_fen": 900}
    coupon = await floor.a_coupon(member, kind, value, **own) if kind else None
    wanted = dice.choice([0, 7, 123, POINTS])
    order = await floor.bought(*lines, member=member, points=wanted, **({"coupon_id": coupon} if coupon else {}))
    if dice.random() < 0.5:
        await floor.finish(order)
    return member, coupon, order


async def back(floor: Floor, order: Any, pieces: dict[int, int]) -> tuple[int, int, int, bool]:
    """Refund pieces; return money, points back, points taken, and whether the coupon came back."""
    made = await floor.refund(order, pieces, restock=True)
    return made["amount_fen"], made["points_back"], made["points_taken"], made["coupon_back"]


async def a_program(floor: Floor, **more: Any) -> None:
    """Let points be worth, and be earned at, rates that leave remainders."""
    odd = members.Program(earn_points_per_100_yuan=137, fen_per_100_points=33, offset_cap_bp=2_345, **more)
    await floor.db.run(write(*members.set_program(odd)))
    await floor.ctx.refresh()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("own", [None, *POLICIES])
async def test_refunds_in_any_order_and_any_split_add_up_to_the_whole(
    floor: Floor, policy: str, own: str | None
) -> None:
    await a_program(floor, refund_policy=policy)
    tiers = [{"threshold_fen": 6_000, "off_fen": 777}, {"threshold_fen": 15_000, "off_fen": 2_345}]
    offers = [
        await a_live_offer(
            floor,
            benefit={"kind": "spend_and_save", "tiers": tiers},
            budget_fen=10_000_000,
            offer={"refund_policy": own},
        ),
        await a_live_offer(floor, benefit={"kind": "nth_item", "n": 2, "off_bp": 3_333}),
    ]
    await floor.ctx.refresh()
    counts = [await counted(floor, each) for each in offers]
    for walk in range(WALKS):
        seed = SEED + walk
        dice = random.Random(seed)
        lines = a_cart(dice)
        state = dice.getstate()
        before = {name: await floor.sold(name) for name in PRICES}
        _, _, at_once = await a_purchase(floor, lines, dice)
        whole = await back(floor, at_once, {})
        dice.setstate(state)
        member, coupon, order = await a_purchase(floor, lines, dice)
        assert order["due_fen"] == at_once["due_fen"] == whole[0], seed
        assert (order["points"], order["points_earned"]) == whole[1:3], seed
        left = {each["line_no"]: each["qty"] for each in order["lines"]}
        sums = [0, 0, 0, 0]
        while left:
            chosen = dice.sample([*left], dice.randint(1, len(left)))
            pieces = {no: dice.randint(1, left[no]) for no in chosen}
            left = {no: qty - pieces.get(no, 0) for no, qty in left.items() if qty > pieces.get(no, 0)}
            made = await back(floor, order, pieces)
            assert min(made) >= 0, seed
            sums = [a + b for a, b in zip(sums, made, strict=True)]
            assert all(part <= most for part, most in zip(sums, whole, strict=True)), (seed, sums, whole)
            assert made[3] == (not left and coupon is not None), seed
        assert tuple(sums) == whole, seed
        available, pending, debt = await floor.points(member)
        assert available + pending - debt == POINTS, seed
        assert await floor.coupons(member) == ([coupon] if coupon else []), seed
        assert (await floor.seen(order["id"]))["pay_state"] == "refunded", seed
        assert {name: await floor.sold(name) for name in PRICES} == before, seed
        assert [await counted(floor, each) for each in offers] == counts, seed
    for each in offers:
        await stop(floor, each)
    await floor.ctx.refresh()
    await floor.books_hold()
