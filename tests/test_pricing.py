"""The price of a cart: each fen has a reason, shares add up, no line costs less than nothing, and the best coupon is the best.

GOODTASTE_EXAMPLES looks at more carts (default 200 a promise).
"""

from __future__ import annotations

import os

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goodtaste.kernel.money import share
from goodtaste.pricing.api import LINES_MAX, QTY_MAX, Context, Coupon, Line, PointsRate, Priced, price
from tests.shop import LONG_AGO

EXAMPLES = int(os.environ.get("GOODTASTE_EXAMPLES", "200"))
STORE, DISHES = "s", ["a", "b", "c"]
LATER, MUCH_LATER = LONG_AGO.replace(year=2030), LONG_AGO.replace(year=2040)
NOW = LONG_AGO.replace(year=2026)


thorough = settings(max_examples=EXAMPLES, deadline=None)


def a_line(no: int, list_fen: int, qty: int = 1, *, member_fen: int | None = None, dish: str = "a") -> Line:
    """Return a line."""
    return Line(no, f"sku{no}", dish, qty, list_fen, member_fen)


def a_coupon(kind: str = "cash", value: int = 500, **more: object) -> Coupon:
    """Return a coupon that is valid now, everywhere, for everything."""
    plain = Coupon("c", kind, value, 0, None, frozenset(), frozenset(), frozenset(), LONG_AGO, LATER)  # type: ignore[arg-type]
    return msgspec.structs.replace(plain, **more)


def context(**more: object) -> Context:
    """Return a member at the counter."""
    return msgspec.structs.replace(Context(STORE, "counter", NOW, is_member=True), **more)


fen = st.integers(0, 200_000)
lines = st.lists(
    st.builds(
        Line,
        line_no=st.just(0),
        sku_id=st.sampled_from(DISHES),
        dish_id=st.sampled_from(DISHES),
        qty=st.integers(1, 20),
        list_fen=fen,
        member_fen=st.none() | fen,
    ),
    min_size=1,
    max_size=9,
).map(lambda found: [msgspec.structs.replace(each, line_no=no) for no, each in enumerate(found, 1)])
coupon_values = st.sampled_from(["cash", "percent", "exchange"]).flatmap(
    lambda kind: st.tuples(st.just(kind), st.integers(1, {"cash": 300_000, "percent": 10_000, "exchange": 12}[kind]))
)
coupons = st.lists(
    st.builds(
        lambda kv, threshold, cap, dishes, usable, until: a_coupon(
            kv[0],
            kv[1],
            threshold_fen=threshold,
            cap_fen=cap,
            dish_ids=frozenset(dishes),
            usable=usable,
            valid_to_at=until,
        ),
        coupon_values,
        st.sampled_from([0, 0, 1, 50_000]),
        st.none() | st.integers(0, 50_000),
        st.lists(st.sampled_from([*DISHES, "z"]), max_size=2),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([LATER, MUCH_LATER, LONG_AGO]),
    ),
    max_size=5,
).map(lambda found: [msgspec.structs.replace(each, id=f"c{i}") for i, each in enumerate(found)])
contexts = st.builds(
    lambda member, balance, wanted, rate, cap: context(
        is_member=member, points_balance=balance, points_wanted=wanted, rate=PointsRate(rate, cap)
    ),
    st.booleans(),
    st.integers(0, 100_000),
    st.none() | st.integers(0, 100_000),
    st.sampled_from([0, 1, 7, 33, 100, 101, 1_000]),
    st.sampled_from([0, 1, 1_000, 9_999, 10_000]),
)


def adds_up(priced: Priced) -> None:
    """Find every sum of a price in order."""
    saved = priced.member_saving_fen + priced.coupon_fen + priced.points_fen
    assert priced.list_fen - saved == priced.due_fen == sum(each.due_fen for each in priced.lines)
    assert sum(each.saved_fen for each in priced.reasons) == saved
    assert (sum(each.coupon_fen for each in priced.lines), sum(each.points_fen for each in priced.lines)) == (
        priced.coupon_fen,
        priced.points_fen,
    )
    for each in priced.lines:
        assert min(each.due_fen, each.coupon_fen, each.points_fen) >= 0
        assert each.unit_fen * each.qty - each.coupon_fen - each.points_fen == each.due_fen
        assert each.unit_fen <= each.list_fen


@thorough
@given(lines, contexts, coupons)
@example([a_line(1, 0)], context(points_wanted=5, points_balance=5), [a_coupon("percent", 10_000)])
def test_every_price_adds_up_and_nothing_costs_less_than_nothing(
    cart: list[Line], where: Context, offers: list[Coupon]
) -> None:
    priced = price(cart, where, offers)
    adds_up(priced)
    assert price(cart, where, offers) == priced, "the same cart costs the same"
    assert price(cart, where, offers[::-1]) == priced, "in whatever order the coupons come"
    assert {*(why.offer_id for why in priced.why_not), priced.coupon_id} - {None} == {each.id for each in offers}
    assert priced.points <= min(where.points_balance, where.points_wanted or 0)
    assert (priced.points > 0) == (priced.points_fen > 0), "no point for nothing, and nothing without points"
    assert priced.points_fen * 10_000 <= (priced.due_fen + priced.points_fen) * where.rate.cap_bp


@thorough
@given(lines, coupons)
def test_no_other_coupon_would_have_saved_more(cart: list[Line], offers: list[Coupon]) -> None:
    best = price(cart, context(), offers)
    alone = [price(cart, context(), [each]).coupon_fen for each in offers]
    assert best.coupon_fen == max(alone, default=0)
    if best.coupon_id is not None:
        until = {each.id: (each.valid_to_at, each.id) for each in offers}
        as_good = [until[each.id] for each, saved in zip(offers, alone, strict=True) if saved == best.coupon_fen]
        assert until[best.coupon_id] == min(as_good), "of two that save the same the earlier to expire is used"


@thorough
@given(lines, contexts, coupons)
def test_a_guest_pays_the_list_price_and_with_no_points(cart: list[Line], where: Context, offers: list[Coupon]) -> None:
    guest = price(cart, msgspec.structs.replace(where, is_member=False), offers)
    assert (guest.points, guest.points_fen, guest.member_saving_fen) == (0, 0, 0)
    assert [each.unit_fen for each in guest.lines] == [each.list_fen for each in cart]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=200))
def test_shares_add_up_and_none_is_a_fen_away_from_its_part(total: int, weights: list[int]) -> None:
    parts = share(total, weights=weights)
    assert sum(parts) == total
    if sum(weights):
        assert all(abs(part * sum(weights) - total * w) < sum(weights) for part, w in zip(parts, weights, strict=True))


def test_a_price_written_out_by_hand() -> None:
    cart = [
        a_line(1, 2_800, 2, member_fen=2_500),
        a_line(2, 1_899, dish="b"),
        a_line(3, 333, 3, member_fen=1_000, dish="c"),
    ]
    priced = price(
        cart, context(points_wanted=10_000, points_balance=10_000), [a_coupon("percent", 1_500, cap_fen=1_000)]
    )
    # 50.00 + 18.99 + 9.99 = 78.98; 15 % is 11.84, capped at 10.00; a tenth of 68.98 is 6.89
    assert [each.unit_fen for each in priced.lines] == [2_500, 1_899, 333]
    assert [each.coupon_fen for each in priced.lines] == [633, 240, 127]
    assert [each.points_fen for each in priced.lines] == [436, 166, 87]
    assert (priced.member_saving_fen, priced.coupon_fen, priced.points, priced.due_fen) == (600, 1_000, 689, 6_209)
    assert [(each.code, each.saved_fen) for each in priced.reasons] == [
        ("member_price", 600),
        ("coupon_percent", 1_000),
        ("points", 689),
    ]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"usable": False}, "not_usable"),
        ({"valid_from_at": LATER}, "not_yet_valid"),
        ({"valid_to_at": NOW}, "expired"),
        ({"store_ids": frozenset({"elsewhere"})}, "other_store"),
        ({"channels": frozenset({"mini_program"})}, "other_channel"),
        ({"dish_ids": frozenset({"z"})}, "no_such_dish"),
        ({"threshold_fen": 5_001}, "below_threshold"),
    ],
)
def test_a_coupon_that_does_not_apply_says_why(changed: dict[str, object], why: str) -> None:
    priced = price([a_line(1, 2_500, 2)], context(), [a_coupon(**changed)])
    assert ([each.code for each in priced.why_not], priced.coupon_id) == ([why], None)
    if why == "below_threshold":
        assert priced.why_not[0].facts == {"missing_fen": 1, "threshold_fen": 5_001}


def test_a_coupon_is_valid_from_its_first_instant_to_before_its_last() -> None:
    assert price([a_line(1, 2_500)], context(), [a_coupon(valid_from_at=NOW)]).coupon_fen == 500
    assert price([a_line(1, 2_500)], context(), [a_coupon(valid_to_at=NOW)]).coupon_fen == 0


def test_of_two_coupons_that_save_the_same_the_earlier_to_expire_is_used() -> None:
    later = [a_coupon(id=f"c{i}", valid_to_at=MUCH_LATER.replace(year=2040 - i)) for i in range(5)]
    assert price([a_line(1, 2_500)], context(), later).coupon_id == "c4"
    assert (
        price(
            [a_line(1, 2_500)], context(), [msgspec.structs.replace(each, valid_to_at=LATER) for each in later]
        ).coupon_id
        == "c0"
    )


def test_a_coupon_for_a_dish_touches_no_other_and_its_threshold_counts_no_other() -> None:
    cart = [a_line(1, 1_000, dish="a"), a_line(2, 9_000, dish="b")]
    only = a_coupon("percent", 5_000, dish_ids=frozenset({"a"}))
    assert [each.coupon_fen for each in price(cart, context(), [only]).lines] == [500, 0]
    dear = msgspec.structs.replace(only, threshold_fen=1_001)
    assert price(cart, context(), [dear]).why_not[0].facts["missing_fen"] == 1


def test_an_exchange_coupon_frees_the_dearest_pieces() -> None:
    cart = [a_line(1, 1_000, 2), a_line(2, 3_000), a_line(3, 2_000, 2)]
    assert [each.coupon_fen for each in price(cart, context(), [a_coupon("exchange", 2)]).lines] == [0, 3_000, 2_000]


def test_a_cash_coupon_gives_no_change() -> None:
    assert price([a_line(1, 300)], context(), [a_coupon("cash", 500)]).due_fen == 0


def test_ten_points_are_worth_what_the_program_says_and_part_of_a_fen_takes_no_point() -> None:
    seven = context(points_wanted=100, points_balance=100, rate=PointsRate(7, 1_000))
    priced = price([a_line(1, 10_000)], seven)
    assert (priced.points, priced.points_fen) == (100, 7)
    fewer = msgspec.structs.replace(seven, points_wanted=99)
    priced = price([a_line(1, 10_000)], fewer)
    assert (priced.points, priced.points_fen) == (86, 6), "the 13 points that would pay for nothing stay"


def test_the_largest_cart_has_an_exact_price() -> None:
    cart = [a_line(no, 99_999, QTY_MAX, member_fen=99_998) for no in range(1, LINES_MAX + 1)]
    priced = price(cart, context(points_wanted=10**9, points_balance=10**9), [a_coupon("percent", 3_333)])
    adds_up(priced)
    assert priced.list_fen == 99_999 * QTY_MAX * LINES_MAX
