"""The cheapest legal combination: as brute force finds it, with a proof, the same in whatever order things come.

GOODTASTE_CARTS prices more random carts against brute force (default 500); `make prices` prices 100,000.
"""

from __future__ import annotations

import os
import random
from typing import Any

import msgspec
import pytest

from goodtaste.pricing.api import (
    Benefit,
    Bundle,
    BuyGet,
    CheapestFree,
    Context,
    Coupon,
    Fees,
    FreeDelivery,
    Gift,
    Lane,
    Line,
    NthItem,
    Offer,
    Part,
    PercentOff,
    Priced,
    SpendAndSave,
    Tier,
    UnitPercent,
    UnitPrice,
    check,
    price,
)
from goodtaste.pricing.benefits import MILLI
from goodtaste.pricing.moves import Cart, of_offer
from tests.pricing_oracle import NOW, Oracle, a_cart
from tests.test_pricing import a_coupon, a_line

CARTS = int(os.environ.get("GOODTASTE_CARTS", "500"))
HERE = Context("s", "counter", NOW, is_member=True)
SOUP = [Line(1, "soup", "soup", 2, 5_000)]


def an_offer(benefit: Any, id_: str = "o", **more: Any) -> Offer:
    """Return an offer that holds always and for everybody."""
    return Offer(id=id_, name=id_, benefit=benefit, **more)


def off(fen: int, of: int = 0, **more: Any) -> Offer:
    """Return an offer that takes `fen` off."""
    return an_offer(SpendAndSave(tiers=(Tier(threshold_fen=of, off_fen=fen),)), **more)


def taken(priced: Priced) -> list[str]:
    """Return the ids of what applies, gifts last."""
    return [each.offer_id for each in priced.applied] + [each.offer_id for each in priced.gifts]


def why(priced: Priced) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return why each other one does not."""
    return {each.offer_id: (each.code, each.facts) for each in priced.why_not}


def adds_up(priced: Priced) -> None:
    """Find every sum of a price in order."""
    goods = priced.list_fen - priced.member_saving_fen - priced.offer_fen - priced.coupon_fen - priced.points_fen
    fees = sum(fee.amount_fen - fee.waived_fen for fee in priced.fees)
    waived = sum(fee.waived_fen for fee in priced.fees)
    assert goods + fees - priced.rounding_fen + priced.donation_fen == priced.due_fen >= 0
    in_lines = sum(line.rounding_fen for line in priced.lines)
    assert sum(line.due_fen for line in priced.lines) == goods - in_lines
    assert in_lines <= priced.rounding_fen
    saved = priced.member_saving_fen + priced.offer_fen + priced.coupon_fen + priced.points_fen + priced.rounding_fen
    assert sum(reason.saved_fen for reason in priced.reasons) == saved + waived
    for line in priced.lines:
        parts = (line.offer_fen, line.coupon_fen, line.points_fen, line.rounding_fen, line.due_fen)
        assert min(parts) >= 0
        assert sum(parts) == line.unit_fen * line.qty
    for used in priced.applied:
        assert used.saved_fen > 0
        assert not used.shares or sum(part.saved_fen for part in used.shares) == used.saved_fen


def test_random_carts_cost_what_brute_force_finds_and_use_the_first_of_the_cheapest() -> None:
    for seed in range(CARTS):
        lines, context, coupons, offers = a_cart(random.Random(seed))
        priced = price(lines, context, coupons, offers)
        adds_up(priced)
        if priced.proof is None:
            continue
        assert priced.proof.exact, seed
        assert (priced.proof.cost_fen, [each.offer_id for each in priced.applied]) == Oracle(
            lines, context, coupons, offers
        ).cheapest(), seed
        told = {each.offer_id for each in (*priced.why_not, *priced.applied)}
        assert told == {each.id for each in (*coupons, *offers)}, "each applies or says why not"


def test_the_price_is_the_same_in_whatever_order_things_come() -> None:
    for seed in range(40):
        dice = random.Random(seed)
        lines, context, coupons, offers = a_cart(dice)
        priced = price(lines, context, coupons, offers)
        assert price(lines, context, dice.sample(coupons, len(coupons)), dice.sample(offers, len(offers))) == priced


def test_the_search_and_the_plain_way_agree_where_both_can() -> None:
    searched = msgspec.structs.replace(HERE, fees=Fees(donation_fen=1), points_balance=900, points_wanted=900)
    for seed in range(100):
        lines, _, coupons, _ = a_cart(random.Random(seed))
        ours = [each for each in coupons if each.kind != "free_delivery"]
        plain = price(lines, msgspec.structs.replace(searched, fees=Fees()), ours)
        other = price(lines, searched, ours)
        assert (plain.proof is None, other.proof is not None) == (True, True)
        assert (plain.lines, plain.reasons, plain.coupon_id) == (other.lines, other.reasons, other.coupon_id)
        assert plain.due_fen == other.due_fen - 1
        assert {each.offer_id for each in plain.why_not} == {each.offer_id for each in other.why_not}


def test_the_greedy_choice_is_not_taken_where_it_costs_a_threshold() -> None:
    happy = an_offer(UnitPercent(off_bp=500), "happy")
    priced = price(SOUP, HERE, (), [happy, off(2_000, 10_000, id_="tier")])
    assert (taken(priced), priced.due_fen) == (["tier"], 8_000), "9500 is below the threshold"
    assert why(priced)["happy"] == ("another_saves_more", {"offer_ids": ["tier"]})


def test_what_is_missing_is_told() -> None:
    priced = price(SOUP, HERE, (), [off(2_000, 11_200, id_="a"), an_offer(NthItem(n=3, off_bp=5_000), "b")])
    assert why(priced) == {
        "a": ("below_threshold", {"missing_fen": 1_200, "threshold_fen": 11_200}),
        "b": ("too_few_pieces", {"missing_pieces": 1, "dish_ids": []}),
    }
    steps = SpendAndSave(tiers=(Tier(threshold_fen=10_000, off_fen=500), Tier(threshold_fen=12_000, off_fen=900)))
    priced = price(SOUP, HERE, (), [an_offer(steps)])
    assert why(priced) == {"o": ("next_tier", {"missing_fen": 2_000, "threshold_fen": 12_000, "off_fen": 900})}


def test_an_order_has_one_offer_of_a_group_and_the_declared_order_decides_between_equals() -> None:
    a, b = off(500, id_="a", groups=("g",)), off(500, id_="b", groups=("g",))
    assert taken(price(SOUP, HERE, (), [b, a])) == ["a"]
    first = msgspec.structs.replace(b, priority=1)
    assert taken(price(SOUP, HERE, (), [a, first])) == ["b"]


def test_an_offer_that_stacks_with_nothing_stands_alone() -> None:
    alone, other, coupon = off(900, id_="alone", stacks_with=()), off(500, id_="other"), a_coupon("cash", 300)
    assert taken(price(SOUP, HERE, [coupon], [alone, other])) == ["alone"]
    with_coupons = msgspec.structs.replace(alone, stacks_with=("coupon",))
    assert taken(price(SOUP, HERE, [coupon], [with_coupons, other])) == ["alone", "c"]


def test_an_offer_gives_way_even_where_it_saves_more() -> None:
    weak, strong = off(500, id_="weak"), off(900, id_="strong", gives_way_to=("weak",))
    priced = price(SOUP, HERE, (), [weak, strong])
    assert (taken(priced), why(priced)) == (["weak"], {"strong": ("gives_way", {"offer_ids": ["weak"]})})
    out = off(500, 99_999, id_="weak")
    assert taken(price(SOUP, HERE, (), [out, strong])) == ["strong"], "to what cannot apply nothing gives way"
    ring = [off(500, id_="a", gives_way_to=("b",)), off(500, id_="b", gives_way_to=("a",))]
    assert len(taken(price(SOUP, HERE, (), ring))) == 1, "a ring that was never checked still has a price"


def test_lanes_work_one_after_another_and_count_what_they_declare() -> None:
    tenth = PercentOff(off_bp=1_000)
    offers = [an_offer(tenth, "a", lane="first"), an_offer(tenth, "b", lane="second")]
    for counts, due in (("left", 8_100), ("before", 8_000)):
        lanes = (Lane("first", "order"), Lane("second", "order", counts=counts))  # type: ignore[arg-type]
        assert price(SOUP, msgspec.structs.replace(HERE, lanes=lanes), (), offers).due_fen == due
    one = msgspec.structs.replace(HERE, lanes=(Lane("first", "order", at_most=1), Lane("line", "line")))
    priced = price(SOUP, one, (), [msgspec.structs.replace(each, lane="first") for each in offers])
    assert (taken(priced), why(priced)["b"]) == (["a"], ("another_saves_more", {"offer_ids": ["a"]}))
    assert why(price(SOUP, one, (), [an_offer(tenth)])) == {"o": ("no_lane", {})}


def test_a_percentage_counts_in_the_bound_on_what_is_left_before_coupons() -> None:
    cart = [Line(1, "a", "a", 1, 1_000)]
    fixed, half = off(310, id_="a", groups=("g",)), an_offer(PercentOff(off_bp=5_000), "b", groups=("g",))
    priced = price(cart, HERE, [a_coupon("cash", 400)], [fixed, half])
    assert (taken(priced), priced.due_fen) == (["b", "c"], 100)


def test_what_is_found_first_gives_way_to_what_costs_the_same_and_was_declared_first() -> None:
    cart = [
        *(Line(no, f"s{no}", f"d{no}", 1, 5_000) for no in (1, 2)),
        *(Line(no, "x", f"d{no}", 1, 0) for no in (3, 4)),
    ]
    small = UnitPrice(dish_ids=("d1",), price_fen=4_950)
    large = UnitPrice(dish_ids=("d1",), price_fen=4_900)
    others = [an_offer(UnitPrice(dish_ids=(f"e{n}",), price_fen=90), f"z{n}") for n in range(3)]
    more = [Line(10 + n, f"e{n}", f"e{n}", 1, 100) for n in range(3)]
    offers = [
        an_offer(small, "a", groups=("g",)),
        an_offer(large, "b", groups=("g",)),
        off(50, 10_220, id_="tier"),
        *others,
    ]
    priced = price([*cart, *more], HERE, (), offers)
    assert (taken(priced), priced.due_fen) == (["a", "z0", "z1", "z2", "tier"], 10_170)


def test_no_promotion_of_lines_saves_more_than_its_bounds_whatever_the_others_took() -> None:
    looked = 0
    for seed in range(400):
        dice = random.Random(seed)
        lines, _, _, offers = a_cart(dice)
        cart = Cart(lines, [line.list_fen for line in lines], delivery_fen=0, service_bp=0)
        for offer in offers:
            move = of_offer(offer, cart, Lane("line", "line"))
            for _ in range(4 if move.taking and move.most_fen else 0):
                free = [dice.randint(0, qty) for qty in cart.qtys]
                takes, _ = move.taking(free) if move.taking else ([], 0)
                saved = sum(fen for _, _, fen in takes)
                looked += saved > 0
                assert saved <= move.most_fen, (seed, offer)
                assert saved * MILLI <= sum(move.pieces[i] * pieces for i, pieces, _ in takes), (seed, offer)
                assert all(pieces <= free[i] and fen <= cart.units[i] * pieces for i, pieces, fen in takes)
    assert looked > 500


def several(*coupons: Coupon, most: int = 3, **fees: int) -> Priced:
    """Price two soups with coupons."""
    return price(SOUP, msgspec.structs.replace(HERE, max_coupons=most, fees=Fees(**fees)), coupons)


def test_an_order_takes_as_many_coupons_as_it_may_and_of_a_group_as_many_as_that_may() -> None:
    own = [a_coupon("cash", 500 + n, id=f"c{n}", share_group="t", share_max=2) for n in range(4)]
    assert several(*own).coupon_ids == ["c2", "c3"]
    assert several(*own, most=1).coupon_ids == ["c3"]
    free = [msgspec.structs.replace(each, share_group="") for each in own]
    priced = several(*free)
    assert (priced.coupon_ids, priced.coupon_id, priced.coupon_fen) == (["c1", "c2", "c3"], "c1", 1_506)
    assert why(priced)["c0"][0] == "another_saves_more"


def test_coupons_give_and_waive() -> None:
    tea = a_coupon("gift", 2, id="tea", sku_id="tea", threshold_fen=10_000)
    van = a_coupon("free_delivery", 400, id="van")
    priced = several(tea, van, delivery_fen=600)
    assert (priced.coupon_ids, priced.coupon_id, priced.due_fen) == (["van", "tea"], "van", 10_200)
    assert [(gift.sku_id, gift.qty) for gift in priced.gifts] == [("tea", 2)]
    assert why(several(van))["van"] == ("no_delivery_fee", {})


def test_a_gift_never_costs_a_saving_and_is_given_where_it_goes_with_the_rest() -> None:
    tea = an_offer(Gift(sku_id="tea", name="茶", threshold_fen=9_000), "tea", groups=("g",))
    assert taken(price(SOUP, HERE, (), [tea, off(500, id_="off", groups=("g",))])) == ["off"]
    assert taken(price(SOUP, HERE, (), [tea, off(500, id_="off")])) == ["off", "tea"]
    priced = price(SOUP, HERE, (), [tea, off(1_500, id_="off")])
    assert why(priced)["tea"] == ("below_threshold", {"missing_fen": 500, "threshold_fen": 9_000, "offer_ids": ["off"]})


def test_fees_donation_and_rounding_come_last() -> None:
    fees = Fees(packaging_fen=207, delivery_fen=600, service_bp=1_000, donation_fen=100, round_to_fen=100)
    where = msgspec.structs.replace(HERE, fees=fees, points_balance=100, points_wanted=100)
    priced = price(SOUP, where, (), [off(1_000), an_offer(FreeDelivery(cap_fen=500), "van")])
    assert [(fee.code, fee.amount_fen, fee.waived_fen) for fee in priced.fees] == [
        ("packaging", 207, 0),
        ("delivery", 600, 500),
        ("service", 900, 0),
    ]
    assert (priced.points_fen, priced.rounding_fen, priced.donation_fen, priced.due_fen) == (100, 7, 100, 10_200)
    adds_up(priced)


def test_the_favourites_price_is_one_of_the_prices_of_a_member() -> None:
    cart = [a_line(1, 1_000, member_fen=950, dish="a"), a_line(2, 1_000, member_fen=850, dish="a")]
    mine = msgspec.structs.replace(HERE, favourites=frozenset("a"), favourite_bp=1_000)
    priced = price(cart, mine)
    assert [line.unit_fen for line in priced.lines] == [900, 850]
    assert [reason.code for reason in priced.reasons] == ["favourite_price", "member_price"]
    assert price(cart, msgspec.structs.replace(mine, is_member=False)).due_fen == 2_000


def test_no_piece_is_in_two_promotions_and_what_is_saved_lies_on_all_that_made_it() -> None:
    cart = [Line(1, "a", "a", 1, 3_000), Line(2, "b", "b", 1, 1_000)]
    half = an_offer(NthItem(n=2, off_bp=10_000), "half")
    cheap = an_offer(UnitPrice(dish_ids=("b",), price_fen=500), "cheap")
    priced = price(cart, HERE, (), [half, cheap])
    assert taken(priced) == ["half"]
    assert [line.due_fen for line in priced.lines] == [2_250, 750], "the free piece is not free to keep alone"


def test_a_search_that_is_stopped_says_how_far_it_may_be_from_the_cheapest() -> None:
    carts = [a_cart(random.Random(seed)) for seed in range(120)]
    proofs = [proof for cart in carts if (proof := price(*cart).proof)]
    most = max(proof.nodes for proof in proofs)
    assert most > 10
    [(lines, context, coupons, offers), *_] = [cart for cart in carts if (p := price(*cart).proof) and p.nodes == most]
    exact = price(lines, context, coupons, offers).proof
    for nodes in range(most):
        priced = price(lines, msgspec.structs.replace(context, nodes_max=nodes), coupons, offers)
        adds_up(priced)
        stopped = priced.proof
        assert stopped is not None
        assert exact is not None
        assert stopped.nodes <= nodes
        assert stopped.bound_fen <= exact.cost_fen <= stopped.cost_fen
        assert stopped.exact == (stopped.gap_fen == 0)
        assert not stopped.exact or stopped.cost_fen == exact.cost_fen
        assert not (nodes == 0 and stopped.exact)


def test_more_offers_than_a_price_looks_at_say_so() -> None:
    many = [off(1, id_=f"o{n:03d}", groups=("g",)) for n in range(202)]
    assert [each for each, (code, _) in why(price(SOUP, HERE, (), many)).items() if code == "too_many"] == [
        "o200",
        "o201",
    ]


@pytest.mark.parametrize(
    "benefit",
    [
        BuyGet(buy=1, get=1, dish_ids=("a", "b"), get_dish_ids=("a",)),
        Bundle(parts=(Part(dish_ids=("a", "b")), Part(dish_ids=("a",))), price_fen=1),
        Bundle(parts=(Part(dish_ids=("a",)), Part(dish_ids=("a",))), price_fen=1),
        UnitPercent(off_bp=20_000),
        NthItem(n=1, off_bp=15_000),
        CheapestFree(of=2, free=9),
        PercentOff(off_bp=30_000),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_offer_that_was_never_checked_has_a_price_too(benefit: Benefit) -> None:
    cart = [Line(1, "a", "a", 3, 3_000), Line(2, "b", "b", 2, 1_000)]
    offer = an_offer(benefit)
    assert check(offer)
    adds_up(price(cart, HERE, (), [offer, off(500, id_="other")]))


def test_a_long_cart_with_everything_at_hand_has_its_price_within_a_bound_on_the_work() -> None:
    dice = random.Random(1)
    cart = [Line(no, f"s{no}", f"d{no % 20}", no % 5 + 1, 500 + no * 13) for no in range(1, 101)]
    many = [
        an_offer(NthItem(n=2, off_bp=5_000, dish_ids=tuple(f"d{dice.randrange(20)}" for _ in range(3))), f"o{n:03d}")
        for n in range(60)
    ]
    priced = price(cart, msgspec.structs.replace(HERE, nodes_max=400), (), many)
    adds_up(priced)
    assert priced.proof is not None
    assert priced.proof.nodes <= 400 * 16 // 100
