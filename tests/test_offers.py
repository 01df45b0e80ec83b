"""Offers from draft to stop: every fault told when it is saved, every version kept, budgets and limits exact whatever races."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.promo.offers import stop
from goodtaste.promo.offers import uses as offer_uses
from tests import offers_kit
from tests.member_kit import a_person
from tests.offers_kit import counted, terms, use
from tests.shop import at_once, write
from tests.shop_kit import Floor, Member, all_at_once, spread


async def test_an_offer_is_saved_as_a_draft_and_the_same_one_once(floor: Floor) -> None:
    admin, asked = floor.at("hq_admin"), terms(cost_centre="总部市场部", budget_count=100)
    made = await floor.done("POST", "/v1/offers", asked, admin)
    assert (made["state"], made["version"], made["live_version"]) == ("draft", 1, None)
    assert await floor.done("POST", "/v1/offers", asked, admin) == made
    other = asked | {"budget_count": 99}
    assert await floor.refuses("POST", "/v1/offers", other, admin) == "request.id_taken"
    assert await floor.done("GET", f"/v1/offers/{made['id']}", None, admin) == made


async def test_an_edit_makes_a_version_and_what_is_live_goes_on_until_that_is_published(floor: Floor) -> None:
    admin, offer_id = floor.at("hq_admin"), await offers_kit.a_live_offer(floor)
    change = terms(offer_id, budget_count=5) | {"version": 1}
    after = await floor.done("PUT", f"/v1/offers/{offer_id}", change, admin)
    assert (after["state"], after["version"], after["live_version"]) == ("live", 2, 1)
    assert await floor.done("PUT", f"/v1/offers/{offer_id}", change, admin) == after, "sent again, the same version"
    late = terms(offer_id, budget_count=6) | {"version": 1}
    assert await floor.refuses("PUT", f"/v1/offers/{offer_id}", late, admin) == "promo.offer_changed"
    assert (await offers_kit.publish(floor, offer_id, 2))["live_version"] == 2
    assert (await offers_kit.publish(floor, offer_id, 1))["live_version"] == 1, (
        "an earlier version takes a later one back"
    )
    found = await floor.done("GET", f"/v1/offers/{offer_id}/versions", None, admin)
    assert [(each["version"], each["terms"]["budget_count"]) for each in found] == [(2, 5), (1, None)]
    assert {each["published_by"] for each in found} == {floor.admin}
    assert [e["version"] for e in await floor.done("GET", f"/v1/offers/{offer_id}/versions?below=2", None, admin)] == [
        1
    ]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"benefit": {"kind": "percent_off", "off_bp": 12_000}}, "offer.benefit.off_bp", "pricing.fault.percent"),
    (
        {"benefit": {"kind": "spend_and_save", "tiers": [{"threshold_fen": 50, "off_fen": 1_000}]}},
        "offer.benefit.tiers",
        "pricing.fault.below_value",
    ),
    (
        {
            "benefit": {
                "kind": "spend_and_save",
                "tiers": [{"threshold_fen": 5_000, "off_fen": 500}, {"threshold_fen": 5_000, "off_fen": 900}],
            }
        },
        "offer.benefit.tiers",
        "pricing.fault.tiers_overlap",
    ),
    (
        {"offer": {"conditions": {"party_min": 5, "party_max": 2}}},
        "offer.conditions.party_max",
        "pricing.fault.empty_party",
    ),
    ({"offer": {"conditions": {"store_ids": [new_id()]}}}, "offer.conditions.store_ids", "promo.fault.unknown"),
    ({"offer": {"conditions": {"channels": ["fax"]}}}, "offer.conditions.channels", "promo.fault.unknown"),
    ({"offer": {"conditions": {"levels": ["platinum"]}}}, "offer.conditions.levels", "promo.fault.unknown"),
    (
        {"benefit": {"kind": "nth_item", "n": 2, "off_bp": 5_000, "dish_ids": [new_id()]}},
        "offer.benefit.dish_ids",
        "promo.fault.unknown",
    ),
    ({"benefit": {"kind": "gift", "sku_id": new_id(), "name": "茶"}}, "offer.benefit.sku_id", "promo.fault.unknown"),
    ({"limit_each": 1}, "limit_each", "promo.fault.limit_for_guests"),
    ({"budget_fen": 0}, "budget_fen", "promo.fault.no_budget"),
    (
        {"benefit": {"kind": "spend_and_save", "tiers": [{"threshold_fen": 100, "off_fen": 20}]}},
        "offer.benefit.tiers",
        "promo.fault.idle_threshold",
    ),
    (
        {"benefit": {"kind": "percent_off", "off_bp": 1_000, "threshold_fen": 100}},
        "offer.benefit.threshold_fen",
        "promo.fault.idle_threshold",
    ),
    ({"offer": {"id": "half-price"}}, "offer.id", "promo.fault.not_an_id"),
]


@pytest.mark.parametrize("more,field,code", BAD)
async def test_a_fault_is_told_with_its_field_and_what_to_do(
    floor: Floor, more: dict[str, Any], field: str, code: str
) -> None:
    answer = await floor.do("POST", "/v1/offers", terms(**more), floor.at("hq_admin"))
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "promo.bad_offer")
    [fault] = said["facts"]["faults"]
    assert (fault["field"], fault["code"]) == (field, code)
    assert field in said["title"]
    assert said["detail"] == fault["words"]
    english = await floor.do("POST", "/v1/offers", terms(**more), floor.at("hq_admin") | {"accept-language": "en"})
    assert len(english.json()["detail"]) > 10
    assert english.json()["detail"].isascii() or "¥" in english.json()["detail"]


async def test_an_offer_that_is_over_by_one_second_is_not_saved(floor: Floor) -> None:
    over = {"valid_to_at": (floor.now - timedelta(seconds=1)).isoformat()}
    assert await floor.refuses("POST", "/v1/offers", terms(offer=over), floor.at("hq_admin")) == "promo.bad_offer"
    left = {"valid_to_at": (floor.now + timedelta(seconds=1)).isoformat()}
    offer_id = await offers_kit.a_live_offer(floor, offer=left)
    shown = await floor.done("GET", f"/v1/offers/{offer_id}", None, floor.at("hq_admin"))
    assert shown["state"] == "live"
    floor.later(seconds=1)
    shown = await floor.done("GET", f"/v1/offers/{offer_id}", None, floor.at("hq_admin"))
    assert shown["state"] == "ended"


async def test_a_ring_of_offers_that_give_way_to_each_other_is_not_published(floor: Floor) -> None:
    first = await offers_kit.a_draft(floor)
    second = await offers_kit.a_live_offer(floor, offer={"gives_way_to": [first]})
    change = terms(first, offer={"gives_way_to": [second]}) | {"version": 1}
    await floor.done("PUT", f"/v1/offers/{first}", change, floor.at("hq_admin"))
    answer = await floor.do("POST", f"/v1/offers/{first}/publish", {"version": 2}, floor.at("hq_admin"))
    assert [each["code"] for each in answer.json()["facts"]["faults"]] == ["pricing.fault.ring"]
    await offers_kit.stop(floor, second)
    await offers_kit.publish(floor, first, 2)


async def test_no_more_offers_hold_at_once_than_a_quote_can_look_at(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = await offers_kit.a_live_offer(floor)
    waiting = await offers_kit.a_draft(floor)
    monkeypatch.setattr(stop, "LIVE_MAX", 1)
    path = f"/v1/offers/{waiting}/publish"
    assert await floor.refuses("POST", path, {"version": 1}, floor.at("hq_admin")) == "promo.too_many_offers"
    await offers_kit.publish(floor, live, 1)


async def test_the_marketer_edits_and_stops_and_another_publishes(floor: Floor) -> None:
    marketer = floor.token("staff", (await a_person(floor, "marketer"))[0])
    offer_id = (await floor.done("POST", "/v1/offers", terms(), marketer))["id"]
    path = f"/v1/offers/{offer_id}"
    assert await floor.refuses("POST", f"{path}/publish", {"version": 1}, marketer) == "auth.not_allowed"
    assert await floor.refuses("POST", f"{path}/stop", {"reason": "停"}, marketer) == "promo.offer_state"
    await offers_kit.publish(floor, offer_id, 1)
    assert (await floor.done("POST", f"{path}/stop", {"reason": "停"}, marketer))["state"] == "stopped"
    done = await floor.db.execute(f"SELECT action FROM kernel_audit WHERE subject = 'offer/{offer_id}' ORDER BY id")
    assert [row[0] for row in done] == ["promo.offer_made", "promo.offer_published", "promo.offer_stopped"]


async def test_the_list_has_pages_and_states(floor: Floor) -> None:
    admin = floor.at("hq_admin")
    drafts = []
    for _ in range(3):
        floor.later(seconds=1)
        drafts.append(await offers_kit.a_draft(floor))
    live = await offers_kit.a_live_offer(floor)
    first = await floor.done("GET", "/v1/offers?in_state=draft&limit=2", None, admin)
    assert [each["id"] for each in first["offers"]] == drafts[:0:-1]
    rest = await floor.done("GET", f"/v1/offers?in_state=draft&limit=2&before={first['next']}", None, admin)
    assert rest["offers"][0]["id"] == drafts[0]
    assert live in [each["id"] for each in (await floor.done("GET", "/v1/offers?in_state=live", None, admin))["offers"]]
    assert live not in [
        e["id"] for e in (await floor.done("GET", "/v1/offers?in_state=stopped", None, admin))["offers"]
    ]
    assert await floor.refuses("GET", f"/v1/offers/{new_id()}", None, admin) == "promo.offer_unknown"
    named = await offers_kit.a_draft(floor, offer={"name": "Thursday 100%"})
    found = await floor.done("GET", "/v1/offers?q=DAY%20100%25", None, admin)
    assert [each["id"] for each in found["offers"]] == [named]


async def test_budgets_in_orders_and_in_money_are_exact_under_a_rush(floor: Floor) -> None:
    for budget, wanted in (({"budget_count": 3}, 3), ({"budget_fen": 2_999}, 2)):
        offer_id = await offers_kit.a_live_offer(floor, **budget)
        said = await at_once(8, lambda _, id_=offer_id: use(floor, id_))
        assert said.count("promo.offer_spent") == 8 - wanted
        assert await counted(floor, offer_id) == (wanted, wanted * 1_000)
    await offers_kit.counts_hold(floor)


async def test_a_member_has_an_offer_as_often_as_one_may(floor: Floor) -> None:
    offer_id = await offers_kit.a_live_offer(floor, limit_each=2, offer={"conditions": {"members_only": True}})
    member, other = await floor.a_member(), await floor.a_member()

    async def once(who: Member) -> str:
        had = await floor.db.rows(offer_uses.of_member(who.id, [offer_id]))
        return await use(floor, offer_id, member=who, limit_each=2, had=had)

    said = await at_once(2, lambda _: once(member))
    assert said.count("promo.offer_limit") <= 1, "two that read at once may want the same place; the script runs again"
    while len(await floor.db.rows(offer_uses.of_member(member.id, [offer_id]))) < 2:
        await once(member)
    assert await at_once(1, lambda _: once(member)) == ["promo.offer_limit"]
    last = await once(other)
    [used] = await floor.db.rows(offer_uses.of_order(last))
    assert (used.member_id, used.nth) == (other.id, 1)


async def test_what_an_order_used_comes_back_in_parts_and_whole_after_the_stop_too(floor: Floor) -> None:
    offer_id = await offers_kit.a_live_offer(floor, budget_count=1)
    order = await use(floor, offer_id)
    found = await floor.db.rows(offer_uses.of_order(order))
    await offers_kit.stop(floor, offer_id)
    await floor.db.run(write(*offer_uses.give_back(found, {offer_id: 400})))
    assert await counted(floor, offer_id) == (1, 600)
    left = await floor.db.rows(offer_uses.of_order(order))
    await floor.db.run(write(*offer_uses.give_back(left)))
    assert await counted(floor, offer_id) == (0, 0)
    await offers_kit.counts_hold(floor)


async def test_a_bill_priced_anew_takes_and_gives_the_difference(floor: Floor) -> None:
    first, second = await offers_kit.a_live_offer(floor), await offers_kit.a_live_offer(floor)
    order = await use(floor, first)
    found = await floor.db.rows(offer_uses.of_order(order))
    by: dict[str, Any] = {"order_id": order, "member_id": None, "at": floor.now}
    more = [offer_uses.OfferUse(first, 1, 1_500), offer_uses.OfferUse(second, 1, 200)]
    await floor.db.run(write(*offer_uses.change_uses(found, more, **by)))
    assert [await counted(floor, each) for each in (first, second)] == [(1, 1_500), (1, 200)]
    found = await floor.db.rows(offer_uses.of_order(order))
    await floor.db.run(write(*offer_uses.change_uses(found, more[1:], **by)))
    assert [await counted(floor, each) for each in (first, second)] == [(0, 0), (1, 200)]
    await offers_kit.counts_hold(floor)


async def test_no_order_takes_what_was_stopped_changed_or_halted(floor: Floor) -> None:
    offer_id, admin = await offers_kit.a_live_offer(floor), floor.at("hq_admin")
    await use(floor, offer_id)
    change = terms(offer_id, budget_count=5) | {"version": 1}
    await floor.done("PUT", f"/v1/offers/{offer_id}", change, admin)
    await offers_kit.publish(floor, offer_id, 2)
    assert await at_once(1, lambda _: use(floor, offer_id)) == ["promo.offer_gone"]
    halt = {"halted": True, "reason": "配置有误"}
    turned = await floor.done("POST", "/v1/offer-switch", halt, admin)
    assert await floor.done("POST", "/v1/offer-switch", halt, admin) == turned
    assert await at_once(1, lambda _: use(floor, offer_id, version=2)) == ["promo.offer_gone"]
    late = await offers_kit.a_live_offer(floor)
    assert await at_once(1, lambda _: use(floor, late)) == ["promo.offer_gone"], "published meanwhile, it waits too"
    await floor.done("POST", "/v1/offer-switch", {"halted": False, "reason": "好了"}, admin)
    await use(floor, offer_id, version=2)
    await use(floor, late)
    await offers_kit.stop(floor, late)
    assert await at_once(1, lambda _: use(floor, late)) == ["promo.offer_gone"]


async def test_a_budget_is_not_lowered_below_what_is_used(floor: Floor) -> None:
    offer_id, admin = await offers_kit.a_live_offer(floor), floor.at("hq_admin")
    await use(floor, offer_id)
    await use(floor, offer_id)
    await floor.done("PUT", f"/v1/offers/{offer_id}", terms(offer_id, budget_count=1) | {"version": 1}, admin)
    answer = await floor.do("POST", f"/v1/offers/{offer_id}/publish", {"version": 2}, admin)
    assert answer.json()["facts"]["faults"][0]["code"] == "promo.fault.below_used"


async def test_what_is_published_in_the_moment_of_a_halt_is_halted_too(floor: Floor) -> None:
    drafts = [await offers_kit.a_draft(floor) for _ in range(4)]
    admin = floor.at("hq_admin")
    publishing = [floor.do("POST", f"/v1/offers/{each}/publish", {"version": 1}, admin) for each in drafts]
    halting = floor.do("POST", "/v1/offer-switch", {"halted": True, "reason": "停"}, admin)
    said = spread(await all_at_once([*publishing[:2], halting, *publishing[2:]]))
    assert said == {"done": 5}
    assert await at_once(4, lambda n: use(floor, drafts[n])) == ["promo.offer_gone"] * 4
    await floor.done("POST", "/v1/offer-switch", {"halted": False, "reason": "开"}, admin)
    assert "promo.offer_gone" not in await at_once(4, lambda n: use(floor, drafts[n]))


async def test_two_editors_who_saw_the_same_version_do_not_both_save(floor: Floor) -> None:
    offer_id = await offers_kit.a_draft(floor)
    edits = [
        floor.do(
            "PUT", f"/v1/offers/{offer_id}", terms(offer_id, budget_count=n) | {"version": 1}, floor.at("hq_admin")
        )
        for n in range(1, 6)
    ]
    assert spread(await all_at_once(edits)) == {"done": 1, "promo.offer_changed": 4}


async def test_no_more_offers_are_live_than_the_engine_looks_at(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop, "LIVE_MAX", 0)
    draft = await offers_kit.a_draft(floor)
    path = f"/v1/offers/{draft}/publish"
    assert await floor.refuses("POST", path, {"version": 1}, floor.at("hq_admin")) == "promo.too_many_offers"
    await floor.done("POST", "/v1/offer-switch", {"halted": True, "reason": "停"}, floor.at("hq_admin"))
    halted = await floor.refuses("POST", path, {"version": 1}, floor.at("hq_admin"))
    await floor.done("POST", "/v1/offer-switch", {"halted": False, "reason": "开"}, floor.at("hq_admin"))
    assert halted == "promo.too_many_offers", "those that are halted count"
