"""Coupon templates: when their coupons are valid, what may change of them, what they refuse, what became of their coupons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodtaste.kernel.calendar import BusinessCalendar, zone_of
from goodtaste.kernel.ids import new_id
from goodtaste.pricing import api as pricing
from goodtaste.promo import coupons, rules, upkeep
from tests.member_kit import wechat_login
from tests.shop_kit import Floor, Member, all_at_once, line, spread, the

SHANGHAI = BusinessCalendar("Asia/Shanghai", 240)
LONDON = BusinessCalendar("Europe/London")
PATH = "/v1/coupon-templates"


def _utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[misc,arg-type]


def _terms(**more: Any) -> dict[str, Any]:
    return {"name": "券", "kind": "cash", "value": 500, "valid_days": 30, "limit_each": 100} | more


async def _change(floor: Floor, template: str, version: int, **more: Any) -> Any:
    asked = _terms(**more) | {"version": version, "reason": "改"}
    return await floor.do("PUT", f"{PATH}/{template}", asked, floor.at("hq_admin"))


async def _claim(floor: Floor, template: str, member: Member, coupon_id: str | None = None) -> Any:
    asked = {"id": coupon_id or new_id(), "template_id": template}
    return await floor.do("POST", "/v1/me/coupons", asked, floor.by(member))


@pytest.mark.parametrize(
    "terms, calendar, at, span",
    [
        ({"valid_hours": 24}, SHANGHAI, _utc(2026, 11, 22, 4), (_utc(2026, 11, 22, 4), _utc(2026, 11, 23, 4))),
        # the next trading day begins at 04:00 in Shanghai, 20:00 UTC; at 03:59 the evening before is not over
        (
            {"valid_days": 1, "starts": "next_day"},
            SHANGHAI,
            _utc(2026, 11, 22, 4),
            (_utc(2026, 11, 22, 20), _utc(2026, 11, 23, 20)),
        ),
        (
            {"valid_days": 1, "starts": "next_day"},
            SHANGHAI,
            _utc(2026, 11, 21, 19, 59),
            (_utc(2026, 11, 21, 20), _utc(2026, 11, 22, 20)),
        ),
        (
            {"valid_hours": 2, "starts": "next_day"},
            SHANGHAI,
            _utc(2026, 11, 22, 4),
            (_utc(2026, 11, 22, 20), _utc(2026, 11, 22, 22)),
        ),
        # a leap day is a day
        (
            {"valid_days": 1, "starts": "next_day"},
            SHANGHAI,
            _utc(2028, 2, 28, 4),
            (_utc(2028, 2, 28, 20), _utc(2028, 2, 29, 20)),
        ),
        # clocks go forward on 28 March 2027: a day from the issue has 24 hours, that trading day 23
        ({"valid_days": 1}, LONDON, _utc(2027, 3, 27, 12), (_utc(2027, 3, 27, 12), _utc(2027, 3, 28, 12))),
        (
            {"valid_days": 1, "starts": "next_day"},
            LONDON,
            _utc(2027, 3, 27, 12),
            (_utc(2027, 3, 28), _utc(2027, 3, 28, 23)),
        ),
    ],
)
def test_when_a_coupon_is_valid(
    terms: dict[str, Any], calendar: BusinessCalendar, at: datetime, span: tuple[datetime, datetime]
) -> None:
    given = {"valid_from_at": None, "valid_to_at": None, "valid_days": None} | terms
    assert rules.validity(**given, calendar=calendar, at=at) == span


def test_a_coupon_ends_with_its_campaign_though_its_day_has_not_begun() -> None:
    terms: dict[str, Any] = {"valid_from_at": None, "valid_days": 3, "starts": "next_day", "calendar": SHANGHAI}
    at, begins = _utc(2026, 11, 22, 4), _utc(2026, 11, 22, 20)
    later = begins + timedelta(seconds=1)
    assert rules.validity(**terms, valid_to_at=later, at=at) == (begins, later)
    assert rules.validity(**terms, valid_to_at=begins, at=at) is None


@pytest.mark.parametrize(
    "field, more",
    [
        ("dish_ids", {"dish_ids": [new_id()]}),
        ("store_ids", {"store_ids": [new_id()]}),
        ("dish_ids", {"dish_ids": [the("dish/tea")] * 2}),
        ("store_budgets", {"store_budgets": [{"store_id": new_id(), "budget_count": 1}]}),
        ("valid_days", {"valid_days": None}),
        ("valid_hours", {"valid_hours": 1}),
        ("conditions.dayparts", {"conditions": {"dayparts": [{"from_minute": 600, "to_minute": 600}]}}),
        ("conditions", {"conditions": {"channels": ["web"]}}),
        ("stacks_with", {"groups": ["a"], "stacks_with": ["a"]}),
        ("sku_id", {"kind": "gift"}),
        ("sku_id", {"sku_id": the("sku/tea")}),
        ("sku_id", {"kind": "gift", "sku_id": new_id()}),
        ("value", {"kind": "percent", "value": 10_001}),
        ("threshold_fen", {"threshold_fen": 499}),
        ("budget_fen", {"kind": "percent", "value": 2_000, "budget_fen": 1}),
        ("limit_day", {"limit_each": 1, "limit_day": 2}),
        ("partner", {"partner": "银行"}),
        ("partner", {"cost_centre": "partner"}),
    ],
)  # fmt: skip
async def test_a_template_that_makes_no_sense_is_refused_at_save(floor: Floor, field: str, more: Any) -> None:
    answer = await floor.do("POST", PATH, _terms(**more) | {"id": new_id()}, floor.at("hq_admin"))
    assert (answer.json()["code"], answer.json()["facts"]["field"]) == ("promo.bad_template", field)


async def test_a_store_s_budget_holds_for_its_orders_alone_and_is_given_back_with_the_coupon(floor: Floor) -> None:
    member = await floor.a_member()
    template = await floor.a_template(
        store_budgets=[{"store_id": floor.store.id, "budget_count": 2, "budget_fen": 900}]
    )
    coupons = []
    for _ in range(3):
        gift = {"id": new_id(), "template_id": template, "member_id": member.id, "reason": "测试"}
        coupons.append((await floor.done("POST", "/v1/coupons", gift, floor.at("hq_admin")))["id"])
    held = await floor.order(line("noodles"), member=member, coupon_id=coupons[0])
    asked = await floor.cart([line("noodles")], member=member, by=floor.by(member), coupon_id=coupons[1])
    assert await floor.refuses("POST", "/v1/orders", asked, floor.by(member)) == "promo.store_budget_spent"
    await floor.books_hold()
    away = {"store_id": floor.elsewhere.id}
    await floor.order(line("noodles"), member=member, coupon_id=coupons[2], **away)
    await floor.done("POST", f"/v1/orders/{held['id']}/cancel", {"reason": "不要了"}, floor.by(member))
    paid = await floor.bought(line("noodles"), member=member, coupon_id=coupons[1])
    stores = (await floor.done("GET", f"{PATH}/{template}/numbers", None, floor.at("hq_admin")))["stores"]
    assert [(each["used"], each["used_fen"]) for each in stores] == [(1, 500)]
    await floor.refund(paid)
    stores = (await floor.done("GET", f"{PATH}/{template}/numbers", None, floor.at("hq_admin")))["stores"]
    assert [(each["used"], each["used_fen"]) for each in stores] == [(0, 0)]
    await floor.books_hold()


async def test_by_its_template_a_coupon_comes_back_for_some_days_after_a_refund_or_is_lost(floor: Floor) -> None:
    member, admin = await floor.a_member(), floor.at("hq_admin")
    stays = await floor.a_coupon(member, valid_days=1, grace_days=3)
    goes = await floor.a_coupon(member, comes_back=False)
    for coupon in (stays, goes):
        await floor.refund(await floor.bought(line("noodles"), member=member, coupon_id=coupon))
    back = await floor.done("GET", f"/v1/coupons/{stays}", None, admin)
    assert (back["coupon"]["state"], [each["what"] for each in back["notes"]]) == ("issued", ["came_back"])
    assert datetime.fromisoformat(back["coupon"]["valid_to_at"]) == floor.now + timedelta(days=3)
    lost = await floor.done("GET", f"/v1/coupons/{goes}", None, admin)
    assert (lost["coupon"]["state"], [each["what"] for each in lost["notes"]]) == ("revoked", ["lost"])
    await floor.books_hold()


async def test_the_reason_is_said_in_the_language_of_who_saves(floor: Floor) -> None:
    admin, asked = floor.at("hq_admin"), _terms(value=20, threshold_fen=100) | {"id": new_id()}
    said = (await floor.do("POST", PATH, asked, admin)).json()
    assert (said["facts"]["why"], said["facts"]["threshold_fen"]) == ("promo.fault.idle_threshold", 100)
    assert said["detail"].startswith("门槛 ¥1.00 点一份就达到（最便宜的一份 ¥")
    said = (await floor.do("POST", PATH, asked, admin | {"accept-language": "en"})).json()
    assert said["detail"].startswith("Any one portion reaches the threshold of ¥1.00 (the cheapest costs ¥")
    plain = await floor.done(
        "POST", PATH, asked | {"value": 100}, admin
    )  # as much as it takes off: no threshold is meant
    assert plain["threshold_fen"] == 100


async def test_a_budget_for_a_store_where_the_coupon_does_not_hold_is_refused(floor: Floor) -> None:
    asked = _terms(store_ids=[floor.store.id], store_budgets=[{"store_id": floor.elsewhere.id, "budget_count": 1}])
    assert await floor.refuses("POST", PATH, asked | {"id": new_id()}, floor.at("hq_admin")) == "promo.bad_template"


async def test_before_a_coupon_is_issued_anything_may_change_then_only_what_nobody_was_promised(floor: Floor) -> None:
    template = await floor.a_template(claimable=True, store_budgets=[{"store_id": floor.store.id, "budget_count": 5}])
    changed = (await _change(floor, template, 1, value=700, claimable=True)).json()
    assert (changed["value"], changed["version"], changed["store_budgets"]) == (700, 2, [])
    assert (await _change(floor, template, 2, value=700, claimable=True)).status_code == 200, "nothing to do"
    stale = await _change(floor, template, 1, value=900)
    assert (stale.status_code, stale.json()["code"]) == (409, "promo.template_changed")
    member = await floor.a_member()
    now = (await floor.done("GET", f"{PATH}/{template}", None, floor.at("hq_admin")))["version"]
    assert (await _claim(floor, template, member)).status_code == 201
    refused = (await _change(floor, template, now, value=900)).json()
    assert (refused["code"], refused["facts"]) == ("promo.template_promised", {"fields": ["value"], "issued": 1})
    after = (await _change(floor, template, now, value=700, limit_each=1, name="新名")).json()
    assert (after["name"], after["claimable"], after["limit_each"]) == ("新名", False, 1)
    assert (await _claim(floor, template, member)).json()["code"] == "promo.not_claimable"
    tight = await _change(floor, template, after["version"], value=700, budget_fen=699)
    assert tight.json()["code"] == "promo.budget_spent", "less than what was issued"
    await floor.books_hold()


async def test_a_value_that_changes_while_coupons_are_claimed_is_changed_before_all_of_them_or_not_at_all(
    floor: Floor,
) -> None:
    template = await floor.a_template(claimable=True, value=500, budget_fen=7_000)
    members = [await floor.a_member() for _ in range(8)]
    claims = [_claim(floor, template, each) for each in members]
    edit = _change(floor, template, 1, value=700, claimable=True, budget_fen=7_000)
    answers = await all_at_once([*claims[:4], edit, *claims[4:]])
    assert spread(answers)["done"] >= 8
    numbers = await floor.done("GET", f"{PATH}/{template}/numbers", None, floor.at("hq_admin"))
    assert numbers["cost_at_most_fen"] == 8 * (700 if answers[4].status_code == 200 else 500)
    await floor.books_hold()


async def test_templates_are_found_by_name_and_paged(floor: Floor) -> None:
    mark = f"寻_{new_id()[-6:]}%"
    made = []
    for n in range(3):
        floor.later(seconds=1)
        made.append(await floor.a_template(name=f"{mark}{n}", name_en="find ME"))
    admin = floor.at("hq_admin")
    await floor.done("POST", f"{PATH}/{made[0]}/switch", {"open": False, "reason": "停"}, admin)
    params = f"?q={mark.replace('%', '%25')}"
    first = await floor.done("GET", f"{PATH}{params}&limit=2", None, admin)
    assert [each["id"] for each in first["templates"]] == made[:0:-1]
    rest = await floor.done("GET", f"{PATH}{params}&limit=2&before={first['next']}", None, admin)
    assert ([each["id"] for each in rest["templates"]], rest["next"]) == (made[:1], None)
    stopped = await floor.done("GET", f"{PATH}{params}&is_open=false", None, admin)
    assert [each["id"] for each in stopped["templates"]] == made[:1]
    assert await floor.refuses("GET", f"{PATH}?before=nonsense", None, admin) == "request.bad_cursor"


async def test_a_limit_a_day_begins_anew_with_the_trading_day_and_holds_for_two_at_once(floor: Floor) -> None:
    template = await floor.a_template(claimable=True, limit_each=3, limit_day=1)
    member = await floor.a_member()
    said = spread(await all_at_once([_claim(floor, template, member) for _ in range(4)]))
    assert said == {"done": 1, "promo.limit_reached": 3}
    facts = (await _claim(floor, template, member)).json()["facts"]
    assert (facts["limit"], facts["per"]) == (1, "day")
    floor.later(days=1)
    assert (await _claim(floor, template, member)).status_code == 201
    await floor.books_hold()


async def test_a_coupon_expired_by_one_second_is_expired(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, valid_hours=1, valid_days=None)
    ends = floor.now + timedelta(hours=1)
    floor.hands.now = ends - timedelta(seconds=1)
    assert await floor.coupons(member) == [coupon]
    assert await floor.db.run(upkeep.expire(floor.now)) >= 0
    assert (await floor.coupon_state(coupon))[0] == "issued"
    floor.hands.now = ends
    assert await floor.coupons(member) == []
    asked = {"lines": [line("noodles")], "store_id": floor.store.id, "channel": "counter", "coupon_id": coupon}
    assert await floor.refuses("POST", "/v1/quotes", asked, floor.by(member)) == "promo.coupon_not_applicable"
    await floor.db.run(upkeep.expire(floor.now))
    assert (await floor.coupon_state(coupon))[0] == "expired"


async def test_a_coupon_is_taken_away_or_given_more_time_by_the_staff_who_may_and_all_is_told(floor: Floor) -> None:
    member, admin = await floor.a_member(), floor.at("hq_admin")
    coupon = await floor.a_coupon(member, valid_hours=1, valid_days=None)
    floor.later(hours=2)
    await floor.db.run(upkeep.expire(floor.now))
    path, until = f"/v1/coupons/{coupon}", (floor.now + timedelta(days=1)).isoformat()
    past = {"valid_to_at": floor.now.isoformat(), "reason": "补偿"}
    assert await floor.refuses("POST", f"{path}/extend", past, admin) == "promo.not_longer"
    longer = {"valid_to_at": until, "reason": "补偿"}
    assert (await floor.done("POST", f"{path}/extend", longer, admin))["state"] == "issued"
    await floor.done("POST", f"{path}/extend", longer, admin)
    assert await floor.coupons(member) == [coupon]
    order = await floor.order(line("noodles"), member=member, coupon_id=coupon)
    assert await floor.refuses("POST", f"{path}/revoke", {"reason": "误发"}, admin) == "promo.coupon_used"
    await floor.done("POST", f"/v1/orders/{order['id']}/cancel", {"reason": "不要了"}, floor.by(member))
    await floor.done("POST", f"{path}/revoke", {"reason": "误发"}, admin)
    await floor.done("POST", f"{path}/revoke", {"reason": "误发"}, admin)
    assert await floor.coupons(member) == []
    assert await floor.refuses("POST", f"{path}/extend", longer, admin) == "promo.coupon_used"
    told = await floor.done("GET", path, None, floor.at("cashier"))
    assert [each["what"] for each in told["notes"]] == ["extended", "revoked"]
    assert told["coupon"]["state"] == "revoked"
    page = await floor.done("GET", f"/v1/members/{member.id}/coupons", None, admin)
    assert [each["id"] for each in page["coupons"]] == [coupon]
    await floor.books_hold()


async def test_a_new_member_is_given_the_welcome_coupon_once_while_its_budget_lasts(floor: Floor) -> None:
    template = await floor.a_template(on_event="member_joined", budget_count=2)
    joined = []
    for n in range(3):
        signed_in = (await wechat_login(floor, f"o-{n}-{new_id()}")).json()
        joined.append(Member(signed_in["member"]["id"]))
        await floor.hear()
    held = [
        [each["template_id"] for each in await floor.done("GET", "/v1/me/coupons", None, floor.by(member))]
        for member in joined
    ]
    assert held == [[template], [template], []]
    await floor.done("POST", f"{PATH}/{template}/switch", {"open": False, "reason": "停"}, floor.at("hq_admin"))
    await floor.books_hold()


async def test_who_claims_the_welcome_coupon_before_it_is_given_has_one(floor: Floor) -> None:
    template = await floor.a_template(on_event="member_joined", claimable=True, limit_each=1)
    member = await floor.a_member()
    assert (await _claim(floor, template, member)).status_code == 201
    await floor.hear()
    assert len(await floor.coupons(member)) == 1
    await floor.done("POST", f"{PATH}/{template}/switch", {"open": False, "reason": "停"}, floor.at("hq_admin"))
    await floor.books_hold()


async def test_a_coupon_holds_on_its_weekdays_and_hours_by_the_store_s_clock_past_midnight_too(floor: Floor) -> None:
    member = await floor.a_member()
    night = {
        "weekdays": [5],
        "dayparts": [{"from_minute": 22 * 60, "to_minute": 2 * 60}],
    }  # Friday 22:00 to Saturday 02:00
    coupon = await floor.a_coupon(member, conditions=night, share_group="night", share_max=2, groups=["a"])
    held = await floor.db.first(coupons.ONE(id=coupon))
    assert held is not None
    offer, tea = held.as_offer(), pricing.Line(1, the("sku/tea"), the("dish/tea"), 2, 800)
    assert (offer.share_group, offer.share_max, offer.groups) == ("night", 2, ("a",))
    zone, saved = zone_of("Asia/Shanghai"), {}
    for clock in (
        "2026-11-27T21:59:59",
        "2026-11-27T22:00:00",
        "2026-11-28T01:59:59",
        "2026-11-28T02:00:00",
        "2026-11-29T01:00:00",
    ):
        local = datetime.fromisoformat(clock).replace(tzinfo=zone)
        context = pricing.Context(
            store_id=floor.store.id, channel="counter", at=local.astimezone(UTC), local_at=local, is_member=True
        )
        saved[clock[8:13]] = pricing.price([tea], context, coupons=[offer]).coupon_fen
    assert saved == {"27T21": 0, "27T22": 500, "28T01": 500, "28T02": 0, "29T01": 0}


async def test_members_who_join_at_once_get_no_welcome_coupon_too_many(floor: Floor) -> None:
    template = await floor.a_template(on_event="member_joined", budget_count=3)
    await all_at_once([floor.a_member() for _ in range(6)])
    await floor.hear()
    shown = await floor.done("GET", f"{PATH}/{template}", None, floor.at("hq_admin"))
    assert shown["issued"] == 3
    await floor.done("POST", f"{PATH}/{template}/switch", {"open": False, "reason": "停"}, floor.at("hq_admin"))
    await floor.books_hold()


async def test_a_template_in_numbers(floor: Floor) -> None:
    member, admin = await floor.a_member(), floor.at("hq_admin")
    template = await floor.a_template()
    coupons = []
    for _ in range(3):
        gift = {"id": new_id(), "template_id": template, "member_id": member.id, "reason": "测试"}
        coupons.append((await floor.done("POST", "/v1/coupons", gift, admin))["id"])
    paid = await floor.bought(line("noodles", 2), member=member, coupon_id=coupons[0])
    await floor.order(line("noodles"), member=member, coupon_id=coupons[1])
    await floor.refund(paid, {1: 1})
    await floor.hear()
    seen = await floor.done("GET", f"{PATH}/{template}/numbers", None, admin)
    assert {name: seen[name] for name in ("issued", "usable", "held", "redeemed", "redeemed_bp", "orders")} == {
        "issued": 3, "usable": 1, "held": 1, "redeemed": 1, "redeemed_bp": 3_333, "orders": 1,
    }  # fmt: skip
    assert (seen["saved_fen"], seen["paid_fen"], seen["cost_at_most_fen"]) == (500, 4_500 - 2_250, 1_500)
    await floor.books_hold()
