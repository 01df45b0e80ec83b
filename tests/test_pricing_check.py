"""An offer that contradicts itself or its neighbours is told so when it is saved, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from goodtaste.kernel.words import LANGUAGES, sentence, sentences
from goodtaste.pricing.api import (
    Benefit,
    BirthdayWindow,
    Bundle,
    BuyGet,
    CheapestFree,
    Conditions,
    DateSpan,
    Daypart,
    FreeDelivery,
    Gift,
    Lane,
    NthItem,
    Offer,
    Part,
    PercentOff,
    SpendAndSave,
    Tier,
    UnitPercent,
    UnitPrice,
    check,
    check_set,
)

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
TENTH = PercentOff(off_bp=1_000)
GOOD: list[Benefit] = [
    UnitPrice(dish_ids=("a",), price_fen=900),
    UnitPercent(off_bp=3_000),
    NthItem(n=2, off_bp=5_000),
    BuyGet(buy=2, get=1, dish_ids=("a", "b")),
    BuyGet(buy=1, get=1, dish_ids=("a",), get_dish_ids=("b",)),
    Bundle(parts=(Part(dish_ids=("a",)), Part(dish_ids=("b", "c"), qty=2)), price_fen=3_800),
    CheapestFree(of=3),
    SpendAndSave(tiers=(Tier(threshold_fen=10_000, off_fen=1_000), Tier(threshold_fen=20_000, off_fen=3_000))),
    SpendAndSave(tiers=(Tier(threshold_fen=10_000, off_fen=1_000),), times=3),
    PercentOff(off_bp=10_000, cap_fen=2_000, threshold_fen=5_000),
    FreeDelivery(threshold_fen=5_000, cap_fen=600),
    Gift(sku_id="tea", name="茶", threshold_fen=8_000),
]


def an_offer(benefit: Benefit = TENTH, id_: str = "o", **more: Any) -> Offer:
    """Return an offer that holds always and for everybody."""
    return Offer(id=id_, name="优惠", benefit=benefit, **more)


@pytest.mark.parametrize("benefit", GOOD, ids=lambda each: type(each).__name__)
def test_a_sound_offer_has_no_fault_and_survives_being_stored(benefit: Benefit) -> None:
    asked = Conditions(
        dayparts=(Daypart(from_minute=1_320, to_minute=120),),
        weekdays=(3,),
        dates=(DateSpan(from_on=date(2028, 2, 29), to_on=date(2028, 3, 1)),),
        party_min=2,
        party_max=2,
        birthday=BirthdayWindow(days_before=3),
    )
    offer = an_offer(benefit, conditions=asked, valid_from_at=NEW_YEAR, valid_to_at=NEW_YEAR.replace(year=2028))
    assert check(offer) == []
    assert msgspec.json.decode(msgspec.json.encode(offer), type=Offer) == offer


def tiers(*pairs: tuple[int, int], times: int = 1) -> Offer:
    """Return an offer of tiers."""
    return an_offer(SpendAndSave(tiers=tuple(Tier(threshold_fen=t, off_fen=off) for t, off in pairs), times=times))


def when(**asked: Any) -> Offer:
    """Return an offer with conditions."""
    return an_offer(conditions=Conditions(**asked))


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        (an_offer(PercentOff(off_bp=10_001)), "percent"),
        (an_offer(UnitPercent(off_bp=0)), "percent"),
        (an_offer(NthItem(n=2, off_bp=12_000)), "percent"),
        (tiers((10_000, 1_000), (10_000, 2_000)), "tiers_overlap"),
        (tiers((20_000, 1_000), (10_000, 2_000)), "tiers_overlap"),
        (tiers((10_000, 2_000), (20_000, 2_000)), "tiers_fall"),
        (tiers((100, 2_000)), "below_value"),
        (tiers((10_000, 0)), "nothing_off"),
        (tiers((10_000, 100), (20_000, 300), times=2), "tiers_repeat"),
        (an_offer(PercentOff(off_bp=2_000, cap_fen=5_000, threshold_fen=100)), "in_yuan"),
        (an_offer(PercentOff(off_bp=2_000, cap_fen=0)), "nothing_off"),
        (an_offer(UnitPrice(dish_ids=(), price_fen=1)), "no_dishes"),
        (an_offer(NthItem(n=1, off_bp=5_000)), "every_item"),
        (an_offer(BuyGet(buy=1, get=1, dish_ids=("a", "b"), get_dish_ids=("b",))), "bought_and_got"),
        (an_offer(BuyGet(buy=1, get=1, get_dish_ids=("b",))), "no_dishes"),
        (an_offer(Bundle(parts=(Part(dish_ids=("a",)),), price_fen=1)), "bundle_of_one"),
        (an_offer(Bundle(parts=(Part(dish_ids=("a",)), Part(dish_ids=())), price_fen=1)), "no_dishes"),
        (an_offer(Bundle(parts=(Part(dish_ids=("a",)), Part(dish_ids=("a",))), price_fen=1)), "in_two_parts"),
        (an_offer(CheapestFree(of=2, free=2)), "all_free"),
        (when(dayparts=(Daypart(from_minute=600, to_minute=600),)), "empty_daypart"),
        (when(dates=(DateSpan(from_on=date(2027, 1, 2), to_on=date(2027, 1, 1)),)), "empty_dates"),
        (when(party_min=5, party_max=4), "empty_party"),
        (when(weekdays=(1,), dates=(DateSpan(from_on=date(2026, 11, 22), to_on=date(2026, 11, 22)),)), "no_such_day"),
        (when(levels=("gold", "gold")), "twice"),
        (an_offer(valid_from_at=NEW_YEAR, valid_to_at=NEW_YEAR), "never_valid"),
        (an_offer(valid_from_at=NEW_YEAR.replace(tzinfo=None)), "needs_zone"),
        (an_offer(valid_to_at=NEW_YEAR.replace(year=2999)), "year"),
        (an_offer(lane="line"), "lane"),
        (an_offer(lane="nowhere"), "lane"),
        (an_offer(groups=("g",), gives_way_to=("g",)), "gives_way_to_itself"),
        (an_offer(groups=("g",), stacks_with=("g",)), "stacks_in_its_group"),
        (an_offer(stacks_with=("b",), gives_way_to=("b",)), "stacks_and_gives_way"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_offer_that_contradicts_itself_is_told_so(offer: Offer, code: str) -> None:
    assert [fault.code for fault in check(offer)] == [code]


def test_lanes_are_data() -> None:
    lanes = (Lane("happy", "line"), Lane("day", "order"), Lane("tiers", "order"))
    assert check(an_offer(lane="day"), lanes=lanes) == []
    assert [each.facts for each in check(an_offer(), lanes=lanes)] == [{"lanes": ["day", "tiers"]}]


def test_offers_that_give_way_in_a_ring_are_found_and_those_in_a_row_are_not() -> None:
    a, b, c = (an_offer(id_=name, gives_way_to=(to,)) for name, to in (("a", "b"), ("b", "c"), ("c", "g")))
    outside = an_offer(id_="d", gives_way_to=("a",))
    assert check_set([a, b, c, outside]) == []
    back = msgspec.structs.replace(a, groups=("g",))
    [fault] = check_set([outside, c, b, back])
    assert (fault.code, fault.facts) == ("ring", {"offer_ids": ["a", "b", "c"], "names": [an_offer().name] * 3})


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ({"stacks_with": ("b",), "groups": ("g",)}, {"groups": ("g",)}, "stacks_and_excludes"),
        ({"stacks_with": ("b",)}, {"stacks_with": ("c",)}, "stacks_one_sided"),
        ({"stacks_with": ("b",), "gives_way_to": ("g",)}, {"groups": ("g",)}, "stacks_and_gives_way"),
        ({"stacks_with": ("b",)}, {"stacks_with": ("order",)}, None),
        ({"stacks_with": ()}, {"groups": ("g",)}, None),
    ],
)
def test_offers_that_stack_and_do_not_are_found(one: dict[str, Any], other: dict[str, Any], code: str | None) -> None:
    found = check_set([an_offer(id_="a", **one), an_offer(id_="b", **other)])
    assert [each.code for each in found] == ([code] if code else [])


def test_an_id_stands_once() -> None:
    assert [each.code for each in check_set([an_offer(), an_offer()])] == ["twice"]


def test_every_fault_has_a_sentence_with_facts_that_it_has() -> None:
    for language in LANGUAGES:
        assert {code for code in sentences(language) if code.startswith("pricing.fault.")}
    for fault in (*check(tiers((100, 2_000))), *check(an_offer(lane="nowhere"))):
        for language in LANGUAGES:
            said = sentence(f"pricing.fault.{fault.code}", language, fault.facts)
            assert "{" not in said.say + said.do
