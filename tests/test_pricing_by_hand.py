"""What people take off a price: it adds up to the fen beside offers, coupons, points and fees, and never takes more than there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from goodtaste.pricing.api import ByHand, Context, Coupon, Fees, Line, NthItem, Offer, PointsRate, Priced, price

NO_FEES = Fees()
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
LINES = [Line(1, "a", "A", 3, 2_800, 2_500), Line(2, "b", "B", 2, 999), Line(3, "c", "C", 1, 333, kept_fen=300)]


def cart(*by_hand: ByHand, lines: Any = LINES, fees: Fees = NO_FEES, **more: Any) -> Priced:
    """Return the price of a cart from which people took something off."""
    return price(lines, Context("s", "counter", AT, by_hand=by_hand, fees=fees, **more))


def adds_up(priced: Priced) -> None:
    """Hold the sums that must be."""
    fees = sum(each.amount_fen - each.waived_fen for each in priced.fees)
    off = priced.member_saving_fen + priced.offer_fen + priced.coupon_fen + priced.hand_fen + priced.points_fen
    assert priced.list_fen - off + fees - priced.rounding_fen + priced.donation_fen == priced.due_fen
    assert sum(each.saved_fen for each in priced.reasons) == off + priced.rounding_fen
    assert sum(each.hand_fen for each in priced.lines) == priced.hand_fen
    for each in priced.lines:
        cuts = each.offer_fen + each.coupon_fen + each.hand_fen + each.points_fen + each.rounding_fen
        assert each.unit_fen * each.qty - cuts == each.due_fen >= 0


def test_pieces_given_free_stand_outside_of_everything() -> None:
    coupon = Coupon("x", "exchange", 1, 0, None, frozenset(), frozenset(), frozenset(), AT, AT.replace(year=2027))
    priced = price(LINES, Context("s", "counter", AT, by_hand=(ByHand("g", "gift", 2, 1),)), [coupon])
    assert (priced.lines[0].hand_fen, priced.lines[0].coupon_fen, priced.lines[0].due_fen) == (5_600, 2_800, 0)
    adds_up(priced)
    offer = Offer("o", "第二份半价", NthItem(2, 5_000, dish_ids=frozenset({"A"})))
    two = [Line(1, "a", "A", 2, 1_000)]
    assert price(two, Context("s", "counter", AT), offers=[offer]).due_fen == 1_500
    given_one = price(two, Context("s", "counter", AT, by_hand=(ByHand("g", "gift", 1, 1),)), offers=[offer])
    assert (given_one.offer_fen, given_one.due_fen) == (0, 1_000), "the one that is left is no second one"


def test_a_share_and_an_amount_come_off_what_is_left_in_their_order() -> None:
    priced = cart(ByHand("p", "percent", 1_000), ByHand("q", "amount", 100, 2), ByHand("r", "percent", 5_000, 3))
    goods = 3 * 2_800 + 2 * 999 + 300
    saved = {each.offer_id: each.saved_fen for each in priced.reasons if each.offer_id}
    assert saved["p"] == goods // 10
    assert saved["q"] == 100
    assert priced.hand_fen == sum(saved.values())
    adds_up(priced)
    assert cart(ByHand("p", "amount", 99_999_999)).due_fen == 0


def test_a_price_that_was_kept_is_paid_by_whoever_pays() -> None:
    for member in (True, False):
        priced = cart(is_member=member, points_balance=0)
        assert priced.lines[2].unit_fen == 300
        assert priced.lines[0].unit_fen == (2_500 if member else 2_800)
        adds_up(priced)


def test_what_the_goods_lack_to_the_minimum_is_charged_and_nothing_else_counts() -> None:
    fees = Fees(tea_fen=500, service_bp=1_000, minimum_fen=20_000)
    priced = cart(fees=fees, is_member=True, points_balance=9_999, points_wanted=100, rate=PointsRate(100, 1_000))
    charged = {each.code: each.amount_fen for each in priced.fees}
    assert charged["minimum"] == 20_000 - (3 * 2_500 + 2 * 999 + 300)
    adds_up(priced)
    assert [each.code for each in cart(fees=Fees(minimum_fen=100)).fees] == []
    assert [(each.code, each.amount_fen) for each in cart(lines=[], fees=Fees(minimum_fen=100)).fees] == [
        ("minimum", 100)
    ]


hands = st.builds(
    ByHand,
    id=st.uuids().map(str),
    kind=st.sampled_from(["amount", "percent"]),
    value=st.integers(1, 10_000),
    line_no=st.sampled_from([None, 1, 2, 3]),
) | st.builds(
    ByHand, id=st.uuids().map(str), kind=st.just("gift"), value=st.integers(1, 5), line_no=st.sampled_from([1, 2, 3])
)


@given(
    by_hand=st.lists(hands, max_size=6),
    round_to=st.sampled_from([0, 10, 100]),
    minimum=st.sampled_from([0, 5_000, 50_000]),
    points=st.integers(0, 5_000),
)
def test_whatever_people_take_off_every_fen_has_a_reason(
    by_hand: list[ByHand], round_to: int, minimum: int, points: int
) -> None:
    fees = Fees(tea_fen=300, service_bp=1_000, round_to_fen=round_to, minimum_fen=minimum)
    adds_up(cart(*by_hand, fees=fees, is_member=True, points_balance=5_000, points_wanted=points))
