"""Orders that carry offers, several coupons, fees and gifts: priced alike in quote and order, kept with the order, given back with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.member import api as members
from tests import offers_kit
from tests.offers_kit import a_live_offer, counted
from tests.shop import write
from tests.shop_kit import Floor, Member, line, spread, the

HALF = {"kind": "percent_off", "off_bp": 5_000}
SECOND_HALF = {"kind": "nth_item", "n": 2, "off_bp": 5_000}


@pytest.fixture(autouse=True)
async def _no_offers_of_others(floor: Floor) -> Any:
    """Let each test have the offers it makes, and no others."""
    yield
    found = await floor.db.execute("SELECT id FROM promo_offer WHERE state = 'published'")
    for (offer_id,) in found:
        await offers_kit.stop(floor, str(offer_id))
    await floor.ctx.refresh()


async def an_offer(floor: Floor, benefit: Any = offers_kit.TEN_OFF_FIFTY, **more: Any) -> str:
    """Publish an offer that every process shows."""
    offer_id = await a_live_offer(floor, benefit=benefit, **more)
    await floor.ctx.refresh()
    return offer_id


def of(found: Any, offer_id: str) -> Any:
    """Return what an order keeps of an offer."""
    return next((each for each in found["kept"]["applied"] if each["offer_id"] == offer_id), None)


async def several_coupons(floor: Floor, at_most: int = 3) -> None:
    """Let an order take several coupons."""
    await floor.db.run(write(*members.set_program(members.Program(coupons_each_order=at_most))))
    await floor.ctx.refresh()


async def test_an_offer_comes_off_in_quote_and_order_and_is_kept_with_it(floor: Floor) -> None:
    offer = await an_offer(floor, budget_count=10)
    seen = (await floor.quote([line("noodles", 2)]))["priced"]
    assert (seen["offer_fen"], seen["due_fen"]) == (1_000, 4_600)
    order = await floor.bought(line("noodles", 2))
    assert (order["offer_fen"], order["due_fen"], order["lines"][0]["offer_fen"]) == (1_000, 4_600, 1_000)
    assert of(order, offer)["saved_fen"] == 1_000
    assert order["kept"]["names"][offer] == ["满50减10", ""]
    assert await counted(floor, offer) == (1, 1_000)
    await offers_kit.stop(floor, offer)
    for by in ("hq_admin", "cashier"):
        seen = await floor.done("GET", f"/v1/orders/{order['id']}?words=true", None, floor.at(by))
        assert seen.pop("said")["amount_fen"] == order["due_fen"]
        assert seen == order == await floor.seen(order["id"]), "it reads the same when the offer is over"
    await floor.books_hold()


async def test_an_offer_that_was_stopped_meanwhile_is_answered_with_the_new_price(floor: Floor) -> None:
    offer = await an_offer(floor)
    asked = await floor.cart([line("noodles", 2)], by=floor.at("cashier"))
    assert asked["seen_due_fen"] == 4_600
    await offers_kit.stop(floor, offer)  # this process has not heard of it
    answer = await floor.do("POST", "/v1/orders", asked, floor.at("cashier"))
    facts = answer.json()["facts"]
    assert (answer.json()["code"], facts["seen_fen"], facts["due_fen"]) == ("ordering.price_changed", 4_600, 5_600)
    order = (
        await floor.done("POST", "/v1/orders", asked | {"seen_due_fen": 5_600}, floor.at("cashier"))
        if (await floor.ctx.refresh()) is None
        else None
    )
    assert order["offer_fen"] == 0
    await floor.books_hold()


async def test_the_last_of_a_budget_goes_to_one_of_many_and_the_others_hear_the_new_price(floor: Floor) -> None:
    offer = await an_offer(floor, budget_count=1)
    asked = [await floor.cart([line("noodles", 2)], by=floor.at("cashier")) for _ in range(6)]
    answers = await asyncio.gather(*[floor.do("POST", "/v1/orders", each, floor.at("cashier")) for each in asked])
    assert spread(answers) == {"done": 1, "ordering.price_changed": 5}
    assert await counted(floor, offer) == (1, 1_000)
    seen = (await floor.quote([line("noodles", 2)]))["priced"]
    assert (seen["due_fen"], {each["offer_id"]: each["code"] for each in seen["why_not"]}) == (
        5_600,
        {offer: "budget_spent"},
    )
    won = next(each.json() for each in answers if each.status_code == 201)
    await floor.done("POST", f"/v1/orders/{won['id']}/cancel", {"reason": "不要了"}, floor.at("cashier"))
    assert await counted(floor, offer) == (0, 0)
    await floor.books_hold()


async def test_two_first_orders_at_once_give_one_price_of_a_first_order(floor: Floor) -> None:
    await an_offer(floor, HALF, offer={"conditions": {"first_order": True}})
    member = await floor.a_member()
    by = floor.by(member)
    asked = [await floor.cart([line("dumplings")], member=member, by=by) for _ in range(4)]
    assert {each["seen_due_fen"] for each in asked} == {950}
    answers = await asyncio.gather(*[floor.do("POST", "/v1/orders", each, by) for each in asked])
    assert spread(answers) == {"done": 1, "ordering.price_changed": 3}
    won = next(each.json() for each in answers if each.status_code == 201)
    assert won["kept"]["first"] is True
    assert (await floor.quote([line("dumplings")], by))["priced"]["due_fen"] == 1_899
    await floor.done("POST", f"/v1/orders/{won['id']}/cancel", {"reason": "不要了"}, by)
    assert (await floor.quote([line("dumplings")], by))["priced"]["due_fen"] == 950, "none of their orders stands"
    await floor.bought(line("tea"), member=member)
    assert (await floor.quote([line("dumplings")], by))["priced"]["due_fen"] == 1_899
    assert (await floor.quote([line("dumplings")]))["priced"]["due_fen"] == 1_899, "a guest has no first order"
    await floor.books_hold()


async def test_a_bill_is_priced_again_with_every_round_and_uses_what_it_has_now(floor: Floor) -> None:
    tens, pairs = await an_offer(floor), await an_offer(floor, SECOND_HALF)
    member = await floor.a_member(points=500)
    coupon = await floor.a_coupon(member, "cash", 300)
    table = {"kind": "dine_in", "table_id": floor.store.tables[0]}
    order = await floor.order(line("dumplings"), member=member, **table)
    assert (order["offer_fen"], await counted(floor, tens), await counted(floor, pairs)) == (0, (0, 0), (0, 0))
    path, by = f"/v1/orders/{order['id']}", floor.by(member)
    more = {"id": new_id(), "lines": [line("dumplings", 3)]}
    second = await floor.done("POST", f"{path}/rounds", more, by)
    assert (second["list_fen"], second["offer_fen"]) == (7_596, 949 * 2 + 1_000)
    assert sum(each["due_fen"] for each in second["lines"]) == second["due_fen"] == 7_596 - 2_898
    assert (await counted(floor, tens), await counted(floor, pairs)) == ((1, 1_000), (1, 1_898))
    bill = {"version": second["version"], "seen_due_fen": 4_698 - 300, "coupon_ids": [coupon]}
    billed = await floor.done("POST", f"{path}/bill", bill, by)
    assert (billed["coupon_fen"], billed["offer_fen"], billed["due_fen"]) == (300, 2_898, 4_398)
    assert await floor.done("POST", f"{path}/bill", bill, by) == billed
    bare = await floor.done("POST", f"{path}/open-again", None, by)
    assert (bare["due_fen"], bare["coupons"]) == (4_698, [])
    await floor.books_hold()
    await floor.done("POST", f"{path}/cancel", {"reason": "不要了"}, floor.at("cashier"))
    assert (await counted(floor, tens), await counted(floor, pairs)) == ((0, 0), (0, 0))
    await floor.books_hold()


async def test_several_coupons_are_each_held_redeemed_and_given_back(floor: Floor) -> None:
    await several_coupons(floor)
    member = await floor.a_member()
    coupons = [await floor.a_coupon(member, "cash", value) for value in (300, 200)]
    best = (await floor.quote([line("noodles", 2)], floor.by(member)))["priced"]
    assert best["due_fen"] == 4_500, "none asked for: the best combination"
    order = await floor.order(line("noodles", 2), member=member, coupon_ids=coupons)
    assert {each["coupon_id"]: each["saved_fen"] for each in order["coupons"]} == dict(
        zip(coupons, (300, 200), strict=True)
    )
    assert [await floor.coupon_state(each) for each in coupons] == [("held", order["id"])] * 2
    await floor.pay_cash(order)
    assert [await floor.coupon_state(each) for each in coupons] == [("redeemed", order["id"])] * 2
    await floor.refund(order, {1: 1})
    assert [await floor.coupon_state(each) for each in coupons] == [("redeemed", order["id"])] * 2
    last = await floor.refund(order)
    assert (last["coupon_back"], await floor.coupons(member)) == (True, coupons)
    await floor.books_hold()


async def test_an_order_says_what_applied_in_the_words_of_its_quote(floor: Floor) -> None:
    offer = await an_offer(floor, offer={"name_en": "10 off 50"})
    await an_offer(floor, {"kind": "gift", "sku_id": the("sku/tea"), "name": "柠檬茶"}, offer={"name": "送茶"})
    member = await floor.a_member(points=300)
    coupon = await floor.a_coupon(member, "cash", 300)
    other = await floor.a_coupon(member, "cash", 200)
    cart = {"lines": [line("noodles", 2)], "points": 200, "coupon_id": coupon}
    asked = {"store_id": floor.store.id, "channel": "mini_program", "words": True} | cart
    zh, en = [
        (await floor.done("POST", "/v1/quotes", asked, floor.by(member) | {"accept-language": language}))["said"]
        for language in ("zh-CN", "en")
    ]
    says = [each["say"] for each in zh["rows"]]
    assert zh["say"] == "应付 ¥35.00"
    assert "满50减10（满减）省 ¥10.00" in says
    assert "200 积分抵 ¥2.00" in says
    assert any(each.startswith("送茶：送 ") for each in says)
    assert "10 off 50 (spend and save) saves ¥10.00" in [each["say"] for each in en["rows"]]
    assert sum(each.get("amount_fen") or 0 for each in zh["rows"]) == zh["amount_fen"] == 3_500
    order = await floor.order(*cart["lines"], member=member, points=200, coupon_id=coupon)
    await offers_kit.stop(floor, offer)
    for said, language in ((zh, "zh-CN"), (en, "en")):
        told = await floor.done(
            "GET", f"/v1/orders/{order['id']}?words=true", None, floor.by(member) | {"accept-language": language}
        )
        assert told["said"] == said
    await floor.tidy()
    unasked = await floor.done("POST", "/v1/quotes", asked | {"words": False, "coupon_id": other}, floor.by(member))
    assert unasked["said"] is None


async def test_coupons_that_do_not_go_together_are_refused_with_the_reason(floor: Floor) -> None:
    await several_coupons(floor, 1)
    member = await floor.a_member()
    coupons = [await floor.a_coupon(member, "cash", value) for value in (300, 200)]
    asked = {"store_id": floor.store.id, "channel": "counter", "lines": [line("noodles", 2)], "coupon_ids": coupons}
    answer = await floor.do("POST", "/v1/quotes", asked, floor.by(member))
    assert (answer.json()["code"], answer.json()["facts"]["coupon_id"]) == ("promo.coupon_not_applicable", coupons[1])
    assert answer.json()["facts"]["why"]


async def test_a_coupon_that_does_not_apply_is_refused_with_what_is_missing_in_words(floor: Floor) -> None:
    member = await floor.a_member()
    coupon_id = await floor.a_coupon(member, "cash", 300, threshold_fen=50_000)
    asked = {"store_id": floor.store.id, "channel": "counter", "lines": [line("noodles")], "coupon_id": coupon_id}
    answer = (await floor.do("POST", "/v1/quotes", asked, floor.by(member))).json()
    missing = f"¥{answer['facts']['missing_fen'] // 100}."
    assert (answer["code"], answer["facts"]["why"]) == ("promo.coupon_not_applicable", "below_threshold")
    assert f"{answer['facts']['name']}：还差 {missing}" in answer["detail"]
    english = floor.by(member) | {"accept-language": "en"}
    assert f"{missing}" in (await floor.do("POST", "/v1/quotes", asked, english)).json()["detail"]


async def with_fees(floor: Floor, **fees: Any) -> None:
    """Give the store fees."""
    shown = await floor.done("GET", f"/v1/stores/{floor.store.id}", None)
    kept = ("name", "city", "address", "hours", "name_en", "phone", "zone", "day_start_minute", "licence")
    asked = {name: shown[name] for name in kept} | {"fees": fees, "address": shown["address"] or "南京西路 1 号"}
    await floor.done("PUT", f"/v1/stores/{floor.store.id}", asked, floor.at("hq_admin"))
    await floor.ctx.refresh()
    assert (await floor.done("GET", f"/v1/stores/{floor.store.id}", None))["fees"] == {
        "packaging_fen": 0, "delivery_fen": 0, "service_bp": 0, "tea_fen": 0, "round_to_fen": 0, "minimums": [],
    } | fees  # fmt: skip


async def test_fees_a_donation_and_rounding_are_on_the_bill_and_come_back_with_the_last_piece(floor: Floor) -> None:
    await with_fees(floor, service_bp=1_000, tea_fen=300, packaging_fen=100, delivery_fen=600, round_to_fen=10)
    try:
        table = {"kind": "dine_in", "table_id": floor.store.tables[0], "party": 3}
        order = await floor.order(line("dumplings", 2), donation_fen=100, **table)
        fees = {each["code"]: each["amount_fen"] for each in order["kept"]["fees"]}
        assert fees == {"service": 379, "tea": 900}
        assert (order["fee_fen"], order["rounding_fen"], order["donation_fen"]) == (1_279, 7, 100)
        assert order["due_fen"] == 3_798 + 1_279 - 7 + 100
        paid = await floor.pay_cash(order)
        one = await floor.refund(paid, {1: 1})
        last = await floor.refund(paid)
        assert one["amount_fen"] <= 1_899
        assert one["amount_fen"] + last["amount_fen"] == order["due_fen"] - 100, "what was given stays given"
        away = await floor.bought(line("dumplings"), kind="pickup")
        assert (away["fee_fen"], away["due_fen"]) == (100, 1_999)
        brought = (await floor.quote([line("dumplings")], kind="delivery"))["priced"]
        assert brought["due_fen"] == 1_899 + 700
        await floor.books_hold()
    finally:
        await with_fees(floor)


async def test_a_gift_is_a_line_that_costs_nothing_while_it_lasts(floor: Floor) -> None:
    gift = {"kind": "gift", "sku_id": the("sku/tea"), "name": "柠檬茶", "threshold_fen": 3_000}
    offer = await an_offer(floor, gift)
    await floor.portions("tea", 1)
    order = await floor.bought(line("dumplings", 2))
    assert [(each["sku_id"], each["qty"], each["list_fen"], each["due_fen"]) for each in order["lines"][1:]] == [
        (the("sku/tea"), 1, 0, 0)
    ]
    assert (order["kept"]["gifts"], (await floor.sold("tea"))[0]) == ({"2": offer}, 0)
    later = await floor.bought(line("dumplings", 2))
    assert len(later["lines"]) == 1, "a gift that is gone stands in nobody's way"
    why = (await floor.quote([line("dumplings", 2)]))["priced"]["why_not"]
    assert [(each["offer_id"], each["code"]) for each in why] == [(offer, "gift_sold_out")]
    assert (await floor.refund(order, restock=True))["amount_fen"] == 3_798
    assert (await floor.sold("tea"))[0] == 1
    await floor.portions("tea", None)
    await floor.books_hold()


async def test_a_coupon_for_a_gift_brings_its_line_and_comes_back_with_the_order(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, "gift", 2, sku_id=the("sku/tea"), threshold_fen=3_000)
    await floor.portions("tea", 2)
    short = await floor.do("POST", "/v1/quotes", _with(floor, coupon, line("dumplings")), floor.by(member))
    assert short.json()["facts"]["why"] == "below_threshold"
    order = await floor.bought(line("dumplings", 2), member=member, coupon_id=coupon)
    assert [(each["sku_id"], each["qty"], each["due_fen"]) for each in order["lines"][1:]] == [(the("sku/tea"), 2, 0)]
    assert (order["kept"]["gifts"], order["kept"]["names"][coupon][0]) == ({"2": coupon}, "券")
    assert (await floor.sold("tea"))[0] == 0
    assert await floor.coupon_state(coupon) == ("redeemed", order["id"])
    back = await floor.refund(order, restock=True)
    assert (back["amount_fen"], back["coupon_back"], (await floor.sold("tea"))[0]) == (3_798, True, 2)
    await floor.portions("tea", None)
    await floor.books_hold()


async def test_a_coupon_for_the_delivery_waives_the_fee_and_no_more(floor: Floor) -> None:
    await with_fees(floor, delivery_fen=600)
    try:
        member = await floor.a_member()
        coupon = await floor.a_coupon(member, "free_delivery", 500)
        asked = _with(floor, coupon, line("dumplings")) | {"kind": "delivery", "words": True}
        quote = await floor.done("POST", "/v1/quotes", asked, floor.by(member))
        assert quote["priced"]["due_fen"] == 1_899 + 100
        assert any(each["say"].endswith("（免配送费券）省 ¥5.00") for each in quote["said"]["rows"])
        here = await floor.do("POST", "/v1/quotes", asked | {"kind": "pickup"}, floor.by(member))
        assert here.json()["facts"]["why"] == "no_delivery_fee"
    finally:
        await with_fees(floor)


def _with(floor: Floor, coupon: str, *lines: Any) -> dict[str, Any]:
    return {"store_id": floor.store.id, "channel": "mini_program", "lines": list(lines), "coupon_id": coupon}


async def test_a_gift_on_a_bill_goes_with_what_gave_it(floor: Floor) -> None:
    gift = {"kind": "gift", "sku_id": the("sku/tea"), "name": "柠檬茶", "threshold_fen": 3_000}
    await an_offer(floor, gift, offer={"stacks_with": []})
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, "cash", 500)
    await floor.portions("tea", 5)
    order = await floor.order(line("dumplings", 2), member=member, kind="dine_in", table_id=floor.store.tables[0])
    assert ([each["due_fen"] for each in order["lines"]], (await floor.sold("tea"))[0]) == ([3_798, 0], 4)
    path, by = f"/v1/orders/{order['id']}", floor.by(member)
    bill = {"version": order["version"], "seen_due_fen": 3_298, "coupon_ids": [coupon]}
    billed = await floor.done("POST", f"{path}/bill", bill, by)
    assert (len(billed["lines"]), (await floor.sold("tea"))[0]) == (1, 5), "the coupon does not go with the gift"
    bare = await floor.done("POST", f"{path}/open-again", None, by)
    assert ([each["due_fen"] for each in bare["lines"]], (await floor.sold("tea"))[0]) == ([3_798, 0], 4)
    grown = await floor.done("POST", f"{path}/rounds", {"id": new_id(), "lines": [line("dumplings")]}, by)
    assert [each["due_fen"] for each in grown["lines"]].count(0) == 1, "what stays is not given twice"
    assert (await floor.sold("tea"))[0] == 4
    await floor.portions("tea", None)
    await floor.books_hold()


async def test_who_where_and_with_how_many_decide_about_an_offer(floor: Floor) -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        ({"table_kinds": ["大厅"]}, {"kind": "dine_in", "table_id": floor.store.tables[0]}, {}),
        ({"party_min": 4}, {"kind": "dine_in", "party": 4}, {"kind": "dine_in", "party": 3}),
        ({"channels": ["web"]}, {"channel": "web"}, {"channel": "counter"}),
        ({"store_ids": [floor.store.id]}, {}, {"store_id": floor.elsewhere.id}),
    ]
    for conditions, there, elsewhere in cases:
        offer = await an_offer(floor, HALF, offer={"conditions": conditions})
        assert (await floor.quote([line("dumplings")], **there))["priced"]["due_fen"] == 950, conditions
        assert (await floor.quote([line("dumplings")], **elsewhere))["priced"]["due_fen"] == 1_899, conditions
        await offers_kit.stop(floor, offer)
        await floor.ctx.refresh()


async def test_a_refund_follows_the_policy_of_each_offer_and_coupon_and_its_preview_says_which(floor: Floor) -> None:
    kept = await an_offer(floor, offer={"refund_policy": "threshold_kept"})
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, "cash", 500, threshold_fen=3_000, refund_policy="threshold_lost")
    order = await floor.bought(line("dumplings", 3), member=member, coupon_id=coupon)
    assert {each["offer_id"]: each.get("refund_policy") for each in order["kept"]["applied"]} == {
        kept: "threshold_kept",
        coupon: "threshold_lost",
    }
    path, by = f"/v1/orders/{order['id']}/refunds/preview", floor.at("store_manager")
    shown = await floor.done("POST", path, {"pieces": [{"line_no": 1, "qty": 2}]}, by)
    assert shown["policies"] == {kept: "threshold_kept", coupon: "threshold_lost"}
    assert {*shown["lost"]} == {coupon}, "the coupon's threshold is lost, the offer's counts as kept"
    first = await floor.refund(order, {1: 2})
    assert first["amount_fen"] == shown["amount_fen"]
    rest = await floor.refund(order)
    assert first["amount_fen"] + rest["amount_fen"] == order["due_fen"]
    await floor.books_hold()


async def test_a_refund_is_what_its_preview_shows_or_is_refused(floor: Floor) -> None:
    offer = await an_offer(floor, budget_fen=100_000)
    member: Member = await floor.a_member()
    order = await floor.bought(line("noodles", 4), member=member)
    path, by = f"/v1/orders/{order['id']}/refunds", floor.at("store_manager")
    pieces = [{"line_no": 1, "qty": 1}]
    shown = await floor.done("POST", f"{path}/preview", {"pieces": pieces}, by)
    assert (shown["amount_fen"], shown["tenders"], shown["offers"]) == (
        2_250, [{"method": "cash", "amount_fen": 2_250}], {offer: 250},
    )  # fmt: skip
    asked = {"reason": "退菜", "pieces": pieces, "seen_amount_fen": 2_250, "seen_mark": shown["mark"]}
    made = await floor.done("POST", path, {"id": new_id()} | asked, by)
    assert (made["amount_fen"], await counted(floor, offer)) == (2_250, (1, 750))
    assert await floor.refuses("POST", path, {"id": new_id()} | asked | {"seen_mark": "0" * 64}, by) == (
        "ordering.refund_changed"
    )
    await floor.refund(order)
    assert await counted(floor, offer) == (0, 0)
    await floor.books_hold()
