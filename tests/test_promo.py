"""Coupon templates and coupons: who may have how many, for how long, at what cost, and a code that shows a slip of the pen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.secrets import new_code
from goodtaste.promo import rules
from tests.shop import LONG_AGO
from tests.shop_kit import Floor, line

DAYS = BusinessCalendar("Asia/Shanghai", 240)


async def test_a_member_claims_as_many_as_one_may_and_the_same_one_once(floor: Floor) -> None:
    template = await floor.a_template(claimable=True, limit_each=2)
    member = await floor.a_member()
    asked, by = {"id": new_id(), "template_id": template}, floor.by(member)
    first = await floor.done("POST", "/v1/me/coupons", asked, by)
    assert await floor.done("POST", "/v1/me/coupons", asked, by) == first
    assert await floor.refuses("POST", "/v1/me/coupons", asked, floor.by(await floor.a_member())) == "request.id_taken"
    await floor.done("POST", "/v1/me/coupons", asked | {"id": new_id()}, by)
    assert await floor.refuses("POST", "/v1/me/coupons", asked | {"id": new_id()}, by) == "promo.limit_reached"
    assert len(await floor.coupons(member)) == 2
    await floor.bought(line("noodles"), member=member, coupon_id=first["id"])
    assert await floor.refuses("POST", "/v1/me/coupons", asked | {"id": new_id()}, by) == "promo.limit_reached"
    await floor.books_hold()


async def test_a_budget_in_coupons_and_one_in_money_end_the_issue(floor: Floor) -> None:
    admin = floor.at("hq_admin")
    for more, wanted in (
        ({"budget_count": 2}, 2),
        ({"budget_fen": 1_499}, 2),
        ({"kind": "percent", "cap_fen": 700, "budget_fen": 700}, 1),
    ):
        template = await floor.a_template(**({"value": 500} | more))
        member = await floor.a_member()
        for n in range(3):
            gift = {"id": new_id(), "template_id": template, "member_id": member.id, "reason": "送"}
            answer = await floor.do("POST", "/v1/coupons", gift, admin)
            assert answer.status_code == (201 if n < wanted else 409), more
        assert answer.json()["code"] == "promo.budget_spent"
        [shown] = [
            each
            for each in (await floor.done("GET", "/v1/coupon-templates", None, admin))["templates"]
            if each["id"] == template
        ]
        assert shown["issued"] == wanted
    await floor.books_hold()


async def test_a_stopped_template_leaves_the_coupons_that_people_have(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member)
    [found] = [
        each for each in await floor.done("GET", "/v1/me/coupons", None, floor.by(member)) if each["id"] == coupon
    ]
    switch = f"/v1/coupon-templates/{found['template_id']}/switch"
    await floor.done("POST", switch, {"open": False, "reason": "停"}, floor.at("hq_admin"))
    assert (await floor.bought(line("noodles"), member=member, coupon_id=coupon))["coupon_fen"] == 500
    gift = {"id": new_id(), "template_id": found["template_id"], "member_id": member.id, "reason": "送"}
    assert await floor.refuses("POST", "/v1/coupons", gift, floor.at("hq_admin")) == "promo.not_claimable"
    await floor.done("POST", switch, {"open": True, "reason": "开"}, floor.at("hq_admin"))
    await floor.done("POST", "/v1/coupons", gift, floor.at("hq_admin"))


async def test_a_gift_to_a_frozen_member_is_refused(floor: Floor) -> None:
    member, template = await floor.a_member(), await floor.a_template(claimable=True)
    await floor.done("POST", f"/v1/members/{member.id}/freeze", {"reason": "查"}, floor.at("hq_admin"))
    gift = {"id": new_id(), "template_id": template, "member_id": member.id, "reason": "送"}
    assert await floor.refuses("POST", "/v1/coupons", gift, floor.at("hq_admin")) == "member.frozen"
    assert (
        await floor.refuses("POST", "/v1/me/coupons", {"id": new_id(), "template_id": template}, floor.by(member))
        == "member.frozen"
    )


async def test_the_best_coupon_at_hand_is_offered_and_the_others_say_why_not(floor: Floor) -> None:
    member = await floor.a_member()
    small, best = await floor.a_coupon(member, "cash", 300), await floor.a_coupon(member, "percent", 2_000)
    far = await floor.a_coupon(member, "cash", 900, threshold_fen=10_000)
    seen = (await floor.quote([line("noodles", 2)], floor.by(member)))["priced"]
    assert (seen["coupon_id"], seen["coupon_fen"]) == (best, 1_000)
    why = {each["offer_id"]: (each["code"], each["facts"]) for each in seen["why_not"]}
    assert why == {
        small: ("another_saves_more", {"coupon_id": best}),
        far: ("below_threshold", {"missing_fen": 5_000, "threshold_fen": 10_000}),
    }
    asked = {"store_id": floor.store.id, "channel": "counter", "lines": [line("noodles", 2)], "coupon_id": best}
    other = floor.by(await floor.a_member())
    assert await floor.refuses("POST", "/v1/quotes", asked, other) == "promo.coupon_unknown", (
        "a coupon works for its member alone"
    )
    guest = (await floor.quote([line("noodles", 2)]))["priced"]
    assert (guest["due_fen"], guest["coupon_id"], guest["member_saving_fen"]) == (5_600, None, 0), (
        "a guest pays the list price"
    )


async def test_a_template_is_for_channels_that_there_are(floor: Floor) -> None:
    asked = {
        "id": new_id(),
        "name": "券",
        "kind": "cash",
        "value": 500,
        "valid_days": 30,
        "limit_each": 1,
        "channels": ["fax"],
    }
    assert await floor.refuses("POST", "/v1/coupon-templates", asked, floor.at("hq_admin")) == "request.malformed"


def test_a_code_with_one_wrong_symbol_is_none() -> None:
    for start in rules.ALPHABET:
        body = start * rules.CODE_SYMBOLS
        code = f"C1{body}{rules.check_symbol(body)}"
        assert rules.is_code(code)
        slips = {code[:at] + symbol + code[at + 1 :] for at in range(2, len(code)) for symbol in rules.ALPHABET}
        assert [slip for slip in slips if rules.is_code(slip)] == [code]


@given(st.integers(0, 14))
def test_a_code_with_two_neighbours_swapped_is_none(place: int) -> None:
    code, at = rules.code_of(new_code(rules.CODE_SYMBOLS, rules.ALPHABET)), place + 2
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert rules.is_code(swapped) == (swapped == code)


@pytest.mark.parametrize(
    "text", ["", "C1", "C1" + "2" * 16, "D1" + "2" * 17, "C1" + "I" * 17, "c1" + "2" * 17, "C1" + "2" * 18]
)
def test_what_looks_otherwise_is_no_code(text: str) -> None:
    assert not rules.is_code(text)


def test_a_coupon_is_valid_for_what_is_left_of_its_campaign() -> None:
    at, day = LONG_AGO, timedelta(days=1)
    assert rules.validity(valid_from_at=None, valid_to_at=None, valid_days=3, calendar=DAYS, at=at) == (
        at,
        at + 3 * day,
    )
    assert rules.validity(valid_from_at=at + day, valid_to_at=None, valid_days=3, calendar=DAYS, at=at) == (
        at + day,
        at + 4 * day,
    )
    assert rules.validity(valid_from_at=None, valid_to_at=at + 2 * day, valid_days=3, calendar=DAYS, at=at) == (
        at,
        at + 2 * day,
    )
    assert rules.validity(valid_from_at=None, valid_to_at=at, valid_days=3, calendar=DAYS, at=at) is None


def test_what_a_coupon_can_cost_at_most() -> None:
    assert rules.most_it_can_cost("cash", value=500, threshold_fen=0, cap_fen=None) == 500
    assert rules.most_it_can_cost("cash", value=500, threshold_fen=0, cap_fen=300) == 300
    assert rules.most_it_can_cost("percent", value=2_000, threshold_fen=10_000, cap_fen=None) == 2_000
    assert rules.most_it_can_cost("percent", value=2_000, threshold_fen=10_000, cap_fen=900) == 900
    assert rules.most_it_can_cost("exchange", value=1, threshold_fen=0, cap_fen=None) == 0
