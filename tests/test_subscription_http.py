"""Subscriptions over HTTP: what members and staff may send, and what is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.promo.subscription import attending, standing
from goodtaste.promo.subscription.plans import Coupons
from tests.member_kit import refused
from tests.org_kit import actions_on
from tests.subscription_kit import BARE, BASIC, PREMIUM, Club

PLANS, MINE = "/v1/subscription-plans", "/v1/me/subscriptions"


def asked(**more: Any) -> dict[str, Any]:
    """Return a plan as it is sent."""
    right = [{"type": "right", "right": "free_delivery"}]
    plan = {
        "id": new_id(),
        "code": f"c{new_id()[-8:]}",
        "family": "other",
        "name": "会员",
        "price_fen": 1_000,
        "benefits": right,
    }
    return plan | more


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("trial_days", {"trial_days": 7}),
        ("retry_days", {"retry_days": [3, 1]}),
        ("grace_days", {"retry_days": [1, 8], "grace_days": 7}),
        ("level", {"level": "diamond"}),
        ("benefits", {"benefits": []}),
        ("benefits", {"benefits": [{"type": "coupons", "template_id": new_id(), "count": 1}]}),
        (
            "benefits",
            {"benefits": [{"type": "right", "right": "vip_service"}, {"type": "right", "right": "vip_service"}]},
        ),
    ],
)
async def test_a_plan_that_contradicts_itself_is_refused_when_it_is_saved(club: Club, field: str, more: Any) -> None:
    answer = await club.do("POST", PLANS, asked(**more), club.admin)
    assert refused(answer) == "subscription.bad_plan"
    assert answer.json()["facts"]["field"] == field


@pytest.mark.parametrize(
    "more", [{"price_fen": 0}, {"price_fen": 29.9}, {"trial_days": 91}, {"benefits": [{"type": "gold"}]}]
)
async def test_a_plan_of_another_form_is_malformed(club: Club, more: Any) -> None:
    assert refused(await club.do("POST", PLANS, asked(**more), club.admin)) == "request.malformed"


async def test_a_plan_needs_coupons_that_its_template_allows(club: Club) -> None:
    template = {"id": new_id(), "name": "券", "kind": "cash", "value": 100, "valid_days": 31, "limit_each": 23}
    await club.done("POST", "/v1/coupon-templates", template, club.admin)
    benefits = [{"type": "coupons", "template_id": template["id"], "count": 2}]
    assert refused(await club.do("POST", PLANS, asked(benefits=benefits), club.admin)) == "subscription.bad_plan"
    assert (await club.done("POST", PLANS, asked(benefits=[benefits[0] | {"count": 1}]), club.admin))["version"] == 1


async def test_a_plan_is_made_once_and_switched_with_a_reason(club: Club) -> None:
    plan = asked()
    made = await club.done("POST", PLANS, plan, club.admin)
    assert await club.done("POST", PLANS, plan, club.admin) == made
    assert refused(await club.do("POST", PLANS, plan | {"price_fen": 2}, club.admin)) == "request.id_taken"
    moved = plan | {"id": new_id(), "family": "elsewhere"}
    assert refused(await club.do("POST", PLANS, moved, club.admin)) == "subscription.bad_plan"
    closed = await club.done("POST", f"{PLANS}/{plan['id']}/switch", {"open": False, "reason": "停售"}, club.admin)
    assert (closed["open"], plan["id"] in {each["id"] for each in await club.done("GET", PLANS)}) == (False, False)
    assert await actions_on(club, f"plan/{plan['id']}") == ["subscription.plan_made", "subscription.plan_closed"]
    wish = {"id": new_id(), "plan_id": plan["id"], "seen_price_fen": 1_000, "agreed": True}
    answer = await club.do("POST", MINE, wish, club.by(await club.a_member()))
    assert refused(answer) == "subscription.plan_unknown"


async def test_who_subscribes_has_seen_the_price_ticked_the_box_and_can_be_reached(club: Club) -> None:
    plan, member_id = club.plans[BASIC], await club.a_member()
    wish = {"id": new_id(), "plan_id": plan.id, "seen_price_fen": 2_990, "agreed": True}
    by = club.by(member_id)
    assert refused(await club.do("POST", MINE, wish | {"seen_price_fen": 2_980}, by)) == "subscription.price_differs"
    assert refused(await club.do("POST", MINE, wish | {"agreed": False}, by)) == "request.malformed"
    assert refused(await club.do("POST", MINE, wish, club.by(await club.a_member(None)))) == "subscription.no_phone"
    assert (await club.done("POST", MINE, wish, by))["state"] == "pending"


async def test_anothers_subscription_is_as_if_it_were_not(club: Club) -> None:
    _, id_ = await club.a_subscriber(BASIC)
    by = club.by(await club.a_member())
    take = {"id": new_id(), "plan_id": club.plans[PREMIUM].id, "seen_amount_fen": 1, "agreed": True}
    for path, body in (("cancel", {}), ("resume", None), ("try-again", None), ("plan", take)):
        assert refused(await club.do("POST", f"{MINE}/{id_}/{path}", body, by)) == "subscription.unknown"
    assert (await club.row(id_)).cancel_at_end is False


async def test_other_plans_that_cannot_be_taken(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BASIC)
    by = club.by(member_id)

    async def take(plan_id: str, fen: int) -> str:
        body = {"id": new_id(), "plan_id": plan_id, "seen_amount_fen": fen, "agreed": True}
        return refused(await club.do("POST", f"{MINE}/{id_}/plan", body, by))

    assert await take(club.plans[BASIC].id, 2_990) == "subscription.same_plan"
    assert await take(club.plans[BARE].id, 3_100) == "subscription.same_plan"
    assert await take(new_id(), 1) == "subscription.plan_unknown"
    assert await take(club.plans[PREMIUM].id, 9_990) == "subscription.price_differs"
    await club.cancel(member_id, id_)
    assert await take(club.plans[PREMIUM].id, 7_000) == "subscription.not_live"


async def test_rights_are_those_of_what_runs(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(PREMIUM)
    assert await club.db.query(standing.rights(member_id)) == {"free_delivery", "vip_service"}
    await club.cancel(member_id, id_, when="now", seen_refund_fen=9_990)
    assert await club.db.query(standing.rights(member_id)) == frozenset()


async def test_the_staff_see_refund_and_stop(club: Club) -> None:
    _, id_ = await club.a_subscriber(BASIC)
    path = f"/v1/subscriptions/{id_}"
    part = {"id": new_id(), "amount_fen": 1_000, "reason": "道歉"}
    shown = await club.done("POST", f"{path}/refunds", part, club.admin)
    assert (shown["subscription"]["paid_fen"], shown["subscription"]["state"]) == (1_990, "active")
    await club.done("POST", f"{path}/refunds", part, club.admin)
    again = part | {"id": new_id(), "amount_fen": 1_991}
    answer = await club.do("POST", f"{path}/refunds", again, club.admin)
    assert (refused(answer), answer.json()["facts"]["left_fen"]) == ("subscription.refund_too_much", 1_990)
    assert refused(await club.do("POST", f"{path}/refunds", part | {"amount_fen": 1}, club.admin)) == "request.id_taken"
    stop = {"when": "now", "seen_refund_fen": 1_990, "reason": "投诉"}
    assert (await club.done("POST", f"{path}/stop", stop, club.admin))["subscription"]["state"] == "cancelled"
    assert await actions_on(club, f"subscription/{id_}") == ["subscription.refunded", "subscription.stopped"]
    await club.refunds()
    assert sorted(each.amount_fen for each in (await club.file(id_)).refunds) == [1_000, 1_990]
    await club.books_hold()


async def test_the_list_is_paged_and_filtered(club: Club) -> None:
    made = [(await club.a_subscriber(BARE))[1] for _ in range(4)]
    club.hands.now = club.now
    first = await club.done("GET", "/v1/subscriptions?limit=2", None, club.admin)
    second = await club.done("GET", f"/v1/subscriptions?limit=2&before={first['next']}", None, club.admin)
    ids = [each["id"] for page in (first, second) for each in page["subscriptions"]]
    assert set(made) <= set(ids)
    assert len(set(ids)) == 4
    active = await club.done("GET", "/v1/subscriptions?in_state=active&limit=200", None, club.admin)
    assert {each["state"] for each in active["subscriptions"]} == {"active"}
    mine = first["subscriptions"][0]
    path = f"/v1/subscriptions?member_id={mine['member_id']}"
    found = (await club.done("GET", path, None, club.admin))["subscriptions"]
    assert mine["id"] in [each["id"] for each in found]
    assert {each["member_id"] for each in found} == {mine["member_id"]}
    both = (await club.done("GET", f"{path}&in_state={mine['state']}", None, club.admin))["subscriptions"]
    assert mine["id"] in [each["id"] for each in both]
    assert refused(await club.do("GET", "/v1/subscriptions?before=x", None, club.admin)) == "request.bad_cursor"


async def test_a_frozen_member_is_not_renewed(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BARE)
    await club.done("POST", f"/v1/members/{member_id}/freeze", {"reason": "风控"}, club.admin)
    await club.to_the_end(id_, days=1)
    assert ((await club.row(id_)).state, (await club.row(id_)).why, len(await club.charges(id_))) == (
        "ended",
        "barred",
        1,
    )


async def test_a_coupon_of_a_birthday_comes_once(club: Club) -> None:
    birthday = (club.today.month, club.today.day)
    member_id, id_ = await club.a_subscriber(BASIC, birthday=birthday)
    assert await club.coupons(member_id) == 3
    await attending.attend(club.ctx, id_)
    assert await club.coupons(member_id) == 3


async def test_a_birthday_is_given_once_a_year_however_many_subscriptions_it_falls_into(club: Club) -> None:
    member_id, id_ = await club.a_subscriber(BASIC, birthday=(club.today.month, club.today.day))
    assert await club.coupons(member_id) == 3, "two of the month, and the birthday's"
    await club.cancel(member_id, id_, when="now", seen_refund_fen=2_990)
    assert await club.coupons(member_id) == 0, "none was used: all went back"
    again = await club.subscribe(member_id)
    await club.sign(again)
    assert (await club.row(again)).state == "active"
    assert await club.coupons(member_id) == 2, "the birthday of this year has been given"
    assert await club.coupons(member_id, "revoked") == 3
    await club.books_hold()


async def test_two_benefits_of_one_template_are_two_counts(club: Club) -> None:
    template = await club.a_template(700)
    answer = asked(
        benefits=[
            {"type": "coupons", "template_id": template, "count": 1},
            {"type": "birthday", "template_id": template},
        ]
    )
    made = await club.done("POST", PLANS, answer, club.admin)
    assert [each["type"] for each in made["benefits"]] == ["coupons", "birthday"]
    assert Coupons(template_id=template, count=1).count == 1
