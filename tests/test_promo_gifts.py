"""Giving a coupon on: offered by a code, taken by one of many, back with its owner when nobody comes."""

from __future__ import annotations

from typing import Any

from goodtaste.kernel.ids import new_id
from tests.shop_kit import Floor, Member, all_at_once, line, spread

GIFTS = "/v1/me/coupon-gifts"


async def _offered(floor: Floor, owner: Member, **terms: Any) -> tuple[str, Any]:
    coupon = await floor.a_coupon(owner, **({"gives_max": 1} | terms))
    gift = await floor.done("POST", f"/v1/me/coupons/{coupon}/gift", {"id": new_id()}, floor.by(owner))
    return coupon, gift


async def _take(floor: Floor, gift: Any, member: Member, coupon_id: str | None = None) -> Any:
    asked = {"id": coupon_id or new_id(), "code": gift["code"]}
    return await floor.do("POST", GIFTS, asked, floor.by(member))


async def test_of_many_who_have_the_code_one_gets_the_coupon(floor: Floor) -> None:
    owner, others = await floor.a_member(), [await floor.a_member() for _ in range(8)]
    coupon, gift = await _offered(floor, owner)
    assert await floor.coupons(owner) == [], "it cannot be used while it is offered"
    cart = {"store_id": floor.store.id, "channel": "counter", "lines": [line("noodles")], "coupon_id": coupon}
    assert await floor.refuses("POST", "/v1/quotes", cart, floor.by(owner)) == "promo.coupon_used"
    order = cart | {"id": new_id(), "kind": "counter", "seen_due_fen": 2_000, "member_id": owner.id}
    assert await floor.refuses("POST", "/v1/orders", order, floor.by(owner)) == "promo.coupon_used"
    said = spread(await all_at_once([_take(floor, gift, each) for each in others]))
    assert said == {"done": 1, "promo.gift_gone": 7}
    held = [await floor.coupons(each) for each in others]
    assert sorted(map(len, held)) == [0] * 7 + [1]
    assert (await floor.coupon_state(coupon))[0] == "given"
    [new] = [each[0] for each in held if each]
    told = await floor.done("GET", f"/v1/coupons/{new}", None, floor.at("hq_admin"))
    assert told["from_id"] == coupon
    await floor.books_hold()


async def test_what_is_sent_again_changes_nothing_and_the_coupon_goes_no_further_than_its_template_says(
    floor: Floor,
) -> None:
    owner, friend = await floor.a_member(), await floor.a_member()
    coupon, gift = await _offered(floor, owner, limit_each=1)
    path, mine = f"/v1/me/coupons/{coupon}/gift", floor.by(owner)
    assert await floor.done("POST", path, {"id": gift["id"]}, mine) == gift
    assert await floor.refuses("POST", path, {"id": new_id()}, mine) == "promo.coupon_used"
    assert (await _take(floor, gift, owner)).json()["code"] == "promo.not_givable"
    new = new_id()
    first = await _take(floor, gift, friend, new)
    assert (await _take(floor, gift, friend, new)).json() == first.json()
    assert (first.json()["gives"], await floor.coupons(friend)) == (1, [new])
    again = await floor.do("POST", f"/v1/me/coupons/{new}/gift", {"id": new_id()}, floor.by(friend))
    assert again.json()["code"] == "promo.not_givable"
    stranger = floor.by(await floor.a_member())
    assert (
        await floor.refuses("POST", f"/v1/me/coupons/{new}/gift", {"id": new_id()}, stranger) == "promo.coupon_unknown"
    )
    assert await floor.refuses("DELETE", f"{GIFTS}/{gift['id']}", None, mine) == "promo.gift_gone"
    assert await floor.refuses("DELETE", f"{GIFTS}/{gift['id']}", None, stranger) == "promo.code_unknown"
    assert (await floor.bought(line("noodles"), member=friend, coupon_id=new))["coupon_fen"] == 500
    await floor.books_hold()


async def test_who_has_had_as_many_as_one_may_is_given_no_more(floor: Floor) -> None:
    template = await floor.a_template(claimable=True, limit_each=1, gives_max=1)
    owner, friend = await floor.a_member(), await floor.a_member()
    for each in (owner, friend):
        await floor.done("POST", "/v1/me/coupons", {"id": new_id(), "template_id": template}, floor.by(each))
    [coupon] = await floor.coupons(owner)
    gift = await floor.done("POST", f"/v1/me/coupons/{coupon}/gift", {"id": new_id()}, floor.by(owner))
    assert (await _take(floor, gift, friend)).json()["code"] == "promo.limit_reached"
    assert (await floor.done("DELETE", f"{GIFTS}/{gift['id']}", None, floor.by(owner)))["state"] == "returned"
    assert await floor.coupons(owner) == [coupon]
    await floor.books_hold()


async def test_an_offer_that_nobody_takes_in_time_ends_and_the_coupon_is_its_owner_s_again(floor: Floor) -> None:
    owner, friend = await floor.a_member(), await floor.a_member()
    coupon, gift = await _offered(floor, owner, give_hours=1)
    floor.later(hours=1)
    assert (await _take(floor, gift, friend)).json()["code"] == "promo.gift_gone", "to the second"
    await floor.tidy()
    assert await floor.coupons(owner) == [coupon]
    shown = await floor.done("GET", GIFTS, None, floor.by(owner))
    assert [(each["id"], each["state"]) for each in shown] == [(gift["id"], "returned")]
    told = await floor.done("GET", f"/v1/coupons/{coupon}", None, floor.at("hq_admin"))
    assert [each["what"] for each in told["notes"]] == ["offered", "returned"]
    await floor.books_hold()


async def test_a_coupon_taken_away_while_it_is_offered_is_nobody_s(floor: Floor) -> None:
    owner, friend = await floor.a_member(), await floor.a_member()
    coupon, gift = await _offered(floor, owner, give_hours=1)
    await floor.done("POST", f"/v1/coupons/{coupon}/revoke", {"reason": "误发"}, floor.at("hq_admin"))
    assert (await _take(floor, gift, friend)).json()["code"] == "promo.coupon_used"
    floor.later(hours=2)
    await floor.tidy()
    assert (await floor.coupon_state(coupon))[0] == "revoked"
    await floor.books_hold()
