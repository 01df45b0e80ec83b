"""Returns of a frozen price: parts that add up to what was paid, no fen more for returning it in parts, and thresholds kept or lost.

GOODTASTE_EXAMPLES looks at more orders (default 200).
"""

from __future__ import annotations

import os
import random
from itertools import permutations, product
from typing import get_args

import msgspec
import pytest

from goodtaste.pricing.api import (
    Context,
    Frozen,
    Line,
    Offer,
    Policy,
    SpendAndSave,
    Tier,
    freeze,
    policies,
    price,
    refund,
)
from tests.pricing_oracle import NOW, a_cart
from tests.test_pricing import a_coupon

EXAMPLES = int(os.environ.get("GOODTASTE_EXAMPLES", "200"))
POLICIES: tuple[Policy, ...] = get_args(Policy)
HERE = Context("s", "counter", NOW, is_member=True)
LOST: Policy = "threshold_lost"


def tiers(*pairs: tuple[int, int]) -> Offer:
    """Return an offer of tiers."""
    return Offer(
        id="o", name="满减", benefit=SpendAndSave(tiers=tuple(Tier(threshold_fen=t, off_fen=off) for t, off in pairs))
    )


def a_frozen(cart: list[Line], *offers: Offer) -> Frozen:
    """Return a frozen price."""
    return freeze(price(cart, HERE, (), offers), lines=cart)


def test_a_threshold_that_is_kept_gives_each_piece_its_part() -> None:
    frozen = a_frozen([Line(1, "a", "a", 1, 9_000), Line(2, "b", "b", 1, 2_000)], tiers((10_000, 2_000)))
    got = refund(frozen, returned={}, now={2: 1}, policy="threshold_kept")
    assert (got.amount_fen, got.lost) == (1_636, [])


def test_a_threshold_that_is_lost_is_charged_on_what_stays_but_nobody_pays_for_returning() -> None:
    cart = [Line(1, "a", "a", 1, 9_000), Line(2, "b", "b", 1, 2_000), Line(3, "c", "c", 1, 6_000)]
    frozen = a_frozen(cart, tiers((10_000, 2_000)))
    within = refund(frozen, returned={}, now={3: 1}, policy=LOST)
    assert (within.amount_fen, within.lost) == (5_294, []), "11000 stay and keep the 2000 off"
    [lost] = (over := refund(frozen, returned={3: 1}, now={2: 1}, policy=LOST)).lost
    assert over.amount_fen == 1_765 - lost.lost_fen >= 0
    last = refund(frozen, returned={3: 1, 2: 1}, now={1: 1}, policy=LOST)
    assert within.amount_fen + over.amount_fen + last.amount_fen == frozen.paid_fen == 15_000
    far = refund(frozen, returned={}, now={1: 1, 3: 1}, policy=LOST)
    assert frozen.paid_fen - far.amount_fen == 2_000, "what stays is paid in full"


def test_a_lower_tier_that_is_still_reached_stays() -> None:
    cart = [Line(1, "a", "a", 3, 10_000)]
    frozen = a_frozen(cart, tiers((10_000, 1_000), (30_000, 6_000)))
    got = refund(frozen, returned={}, now={1: 2}, policy=LOST)
    assert frozen.paid_fen - got.amount_fen == 10_000 - 334, "its part of the first tier"


def test_the_coupon_of_a_plain_price_has_a_threshold_too() -> None:
    cart = [Line(1, "a", "a", 1, 3_000), Line(2, "b", "b", 1, 3_000)]
    coupon = a_coupon("cash", 1_000, threshold_fen=6_000)
    frozen = freeze(price(cart, HERE, [coupon]), lines=cart, coupons=[coupon])
    assert refund(frozen, returned={}, now={1: 1}, policy="threshold_kept").amount_fen == 2_500
    assert frozen.paid_fen - refund(frozen, returned={}, now={1: 1}, policy=LOST).amount_fen == pytest.approx(
        3_000, abs=5
    )


def test_fees_come_back_with_the_last_piece_and_a_donation_does_not() -> None:
    found = [a_cart(random.Random(seed)) for seed in range(40)]
    lines, context, coupons, offers = next(each for each in found if each[1].fees.packaging_fen and len(each[0]) > 1)
    priced = price(lines, context, coupons, offers)
    frozen = freeze(priced, lines=lines, coupons=coupons)
    assert frozen.paid_fen == priced.due_fen
    every = {line.line_no: line.qty for line in lines}
    assert refund(frozen, returned={}, now=every, policy=LOST).amount_fen == priced.due_fen


@pytest.mark.parametrize("now", [{1: 2}, {2: 1}, {1: -1}])
def test_more_than_was_ordered_cannot_be_returned(now: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="more pieces"):
        refund(a_frozen([Line(1, "a", "a", 1, 100)]), returned={}, now=now, policy=LOST)


@pytest.mark.parametrize("policy", POLICIES)
def test_returns_in_any_parts_add_up_and_bring_no_more_than_one(policy: Policy) -> None:
    for seed in range(EXAMPLES):
        dice = random.Random(seed)
        lines, context, coupons, offers = a_cart(dice)
        own = [msgspec.structs.replace(each, refund_policy=dice.choice([None, *POLICIES])) for each in offers]
        theirs = [msgspec.structs.replace(each, refund_policy=dice.choice([None, *POLICIES])) for each in coupons]
        priced = price(lines, context, theirs, own)
        frozen = freeze(priced, lines=lines, coupons=theirs)
        left = [line.line_no for line in lines for _ in range(line.qty)]
        dice.shuffle(left)
        returned: dict[int, int] = {}
        brought = 0
        while left:
            now: dict[int, int] = {}
            for _ in range(dice.randint(1, len(left))):
                line_no = left.pop()
                now[line_no] = now.get(line_no, 0) + 1
            got = refund(frozen, returned=returned, now=now, policy=policy)
            returned = {no: returned.get(no, 0) + now.get(no, 0) for no in returned.keys() | now.keys()}
            brought += got.amount_fen
            assert got.amount_fen == sum(each.amount_fen for each in got.lines) + got.fees_fen
            assert min([got.amount_fen, *(each.amount_fen for each in got.lines)]) >= 0, "nobody pays for returning"
            assert brought == refund(frozen, returned={}, now=returned, policy=policy).amount_fen, (
                "no more than at once"
            )
        assert brought == frozen.paid_fen == priced.due_fen - priced.donation_fen, seed


def test_the_order_of_returns_does_not_matter() -> None:
    cart = [Line(1, "a", "a", 1, 9_000), Line(2, "b", "b", 1, 2_000), Line(3, "c", "c", 1, 6_000)]
    frozen = a_frozen(cart, tiers((10_000, 2_000), (15_000, 4_500)))
    sums = set()
    for order in permutations((1, 2)):
        returned: dict[int, int] = {}
        brought = 0
        for line_no in order:
            brought += refund(frozen, returned=returned, now={line_no: 1}, policy=LOST).amount_fen
            returned[line_no] = 1
        sums.add(brought)
    assert len(sums) == 1


def test_an_offer_and_a_coupon_each_follow_their_own_policy_and_what_has_none_the_order() -> None:
    cart = [Line(1, "a", "a", 1, 9_000), Line(2, "b", "b", 1, 3_000)]
    own = msgspec.structs.replace
    offer = tiers((12_000, 1_200))
    coupon = a_coupon("cash", 1_000, threshold_fen=10_000)
    for of_offer, of_coupon, of_order in product((None, *POLICIES), (None, *POLICIES), POLICIES):
        offers, coupons = [own(offer, refund_policy=of_offer)], [own(coupon, refund_policy=of_coupon)]
        frozen = freeze(price(cart, HERE, coupons, offers), lines=cart, coupons=coupons)
        follows = {"o": of_offer or of_order, coupon.id: of_coupon or of_order}
        assert policies(frozen, of_order) == follows
        got = refund(frozen, returned={}, now={2: 1}, policy=of_order)
        assert {each.offer_id for each in got.lost} == {id_ for id_, policy in follows.items() if policy == LOST}
        rest = refund(frozen, returned={2: 1}, now={1: 1}, policy=of_order)
        assert got.amount_fen + rest.amount_fen == frozen.paid_fen == 9_800


def test_the_one_coupon_of_a_plain_price_brings_its_own_policy() -> None:
    cart = [Line(1, "a", "a", 1, 3_000), Line(2, "b", "b", 1, 3_000)]
    coupon = msgspec.structs.replace(a_coupon("cash", 1_000, threshold_fen=6_000), refund_policy=LOST)
    frozen = freeze(price(cart, HERE, [coupon]), lines=cart, coupons=[coupon])
    got = refund(frozen, returned={}, now={1: 1}, policy="threshold_kept")
    assert got.amount_fen < 2_500
    assert [each.offer_id for each in got.lost] == [coupon.id]
