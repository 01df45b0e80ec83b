"""The points shop: stock, limits and points hold whatever races; what is handed over is handed over once."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests.ledger_kit import broken_proofs
from tests.member_kit import a_member, a_person, a_store, eventually, give, refused
from tests.shop import Shop, at_once

Who = tuple[str, dict[str, str]]


async def _item(shop: Shop, **fields: Any) -> str:
    admin = await a_person(shop, "marketer")
    body = {"id": new_id(), "kind": "goods", "name": "保温杯", "points": 100} | fields
    made = await shop.post("/v1/shop/items", body, admin[1])
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _seen(shop: Shop, item_id: str) -> Any:
    admin = await a_person(shop, "marketer")
    items = (await shop.get("/v1/shop/items", admin[1])).json()
    return next(each for each in items if each["id"] == item_id)


async def _exchange(shop: Shop, who: Who, item_id: str, *, seen: int = 100, **fields: Any) -> Any:
    body = {"id": new_id(), "item_id": item_id, "seen_points": seen} | fields
    return await shop.post("/v1/me/shop/exchanges", body, who[1])


async def _cancel(shop: Shop, who: Who, exchange_id: str) -> Any:
    return await shop.client.post(f"/v1/me/shop/exchanges/{exchange_id}/cancel", headers=who[1])


async def _points(shop: Shop, who: Who) -> int:
    return int((await shop.get("/v1/me/points", who[1])).json()["available"])


async def _rich(shop: Shop, points: int = 10_000) -> Who:
    who = await a_member(shop)
    await give(shop, who[0], points)
    return who


async def test_64_at_once_take_what_there_is_and_no_more(shop: Shop) -> None:
    item_id, people = await _item(shop, left=5, limit_each=64), [await _rich(shop) for _ in range(8)]
    answers = await at_once(64, lambda i: _exchange(shop, people[i % 8], item_id))
    assert [answer.status_code for answer in answers].count(201) == 5
    assert {refused(answer) for answer in answers if answer.status_code != 201} == {"promo.item_sold_out"}
    seen = await _seen(shop, item_id)
    assert (seen["left"], seen["exchanged"]) == (0, 5)
    assert sum([await _points(shop, who) for who in people]) == 80_000 - 500
    assert await broken_proofs(shop) == {}


async def test_of_64_of_one_member_as_many_as_one_may_have(shop: Shop) -> None:
    item_id, ann = await _item(shop, limit_each=3), await _rich(shop)
    answers = await at_once(64, lambda _: _exchange(shop, ann, item_id))
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(made) == 3
    assert {refused(answer) for answer in answers if answer.status_code != 201} == {"promo.exchange_limit"}
    await _cancel(shop, ann, made[0]["id"])
    answers = await at_once(8, lambda _: _exchange(shop, ann, item_id))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert await _points(shop, ann) == 10_000 - 300
    assert await broken_proofs(shop) == {}


async def test_an_exchange_sent_again_is_one_exchange(shop: Shop) -> None:
    item_id, ann, ben = await _item(shop, limit_each=9), await _rich(shop), await _rich(shop)
    id_ = new_id()
    answers = await at_once(16, lambda _: _exchange(shop, ann, item_id, id=id_))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["code"] for answer in answers}) == 1
    assert refused(await _exchange(shop, ben, item_id, id=id_)) == "request.id_taken"
    assert refused(await _exchange(shop, ann, item_id, id=id_, seen=99)) == "request.id_taken"
    assert await _points(shop, ann) == 9_900
    history = (await shop.get("/v1/me/points/history", ann[1])).json()["entries"][0]
    assert (history["kind"], history["available"], history["order_id"], history["source_id"]) == (
        "redeem",
        -100,
        None,
        id_,
    )


async def test_a_coupon_comes_with_its_exchange_within_the_budget_of_its_template(shop: Shop) -> None:
    marketer, ann, ben = await a_person(shop, "marketer"), await _rich(shop), await _rich(shop)
    template = {"id": new_id(), "name": "满减券", "kind": "cash", "value": 500, "valid_days": 30, "budget_count": 1}
    assert (await shop.post("/v1/coupon-templates", template, marketer[1])).status_code == 201
    item_id = await _item(shop, kind="coupon", template_id=template["id"], limit_each=5)
    answers = await at_once(16, lambda i: _exchange(shop, (ann, ben)[i % 2], item_id))
    [made] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (made["state"], made["coupon_id"] is not None) == ("handed_over", True)
    winner = ann if made["member_id"] == ann[0] else ben
    held = (await shop.get("/v1/me/coupons", winner[1])).json()
    assert [each["id"] for each in held] == [made["coupon_id"]]
    assert await _points(shop, ann) + await _points(shop, ben) == 19_900
    over = await _cancel(shop, winner, made["id"])
    assert (refused(over), over.json()["facts"]["state"]) == ("promo.exchange_over", "handed_over")
    assert await broken_proofs(shop) == {}


async def test_goods_are_handed_over_once_or_cancelled_never_both(shop: Shop) -> None:
    store_id, ann = await a_store(shop), await _rich(shop)
    item_id, till = await _item(shop, left=9, limit_each=9), await a_person(shop, "cashier", store_id)
    for _ in range(4):
        made = (await _exchange(shop, ann, item_id)).json()

        async def hand_over(id_: str, code: str = made["code"]) -> Any:
            return await shop.post("/v1/shop/hand-overs", {"id": id_, "code": code, "store_id": store_id}, till[1])

        async def either(i: int, made: Any = made, hand_over: Any = hand_over) -> Any:
            return await (hand_over(new_id()) if i % 2 else _cancel(shop, ann, made["id"]))

        answers = await at_once(16, either)
        states = [answer.json()["state"] for answer in answers if answer.status_code == 200]
        assert set(states) in ({"handed_over"}, {"cancelled"})
        if states[0] == "handed_over":
            assert len(states) == 1
        assert {refused(answer) for answer in answers if answer.status_code != 200} <= {"promo.exchange_over"}
    listed = (await shop.get("/v1/me/shop/exchanges", ann[1])).json()
    kept = [each for each in listed if each["state"] != "cancelled"]
    seen = await _seen(shop, item_id)
    assert (seen["left"], seen["exchanged"], await _points(shop, ann)) == (
        9 - len(kept),
        len(kept),
        10_000 - 100 * len(kept),
    )
    assert await broken_proofs(shop) == {}


async def test_the_same_hand_over_sent_again_gets_the_same_answer_and_another_none(shop: Shop) -> None:
    store_id, ann = await a_store(shop), await _rich(shop)
    here, there = await a_person(shop, "cashier", store_id), await a_person(shop, "cashier", await a_store(shop))
    made = (await _exchange(shop, ann, await _item(shop))).json()
    body = {"id": new_id(), "code": f" {made['code'].lower()} ", "store_id": store_id}
    for _ in range(2):
        answer = await shop.post("/v1/shop/hand-overs", body, here[1])
        assert (answer.status_code, answer.json()["handed_by"], answer.json()["store_id"]) == (200, here[0], store_id)
    assert refused(await shop.post("/v1/shop/hand-overs", body | {"id": new_id()}, here[1])) == "promo.exchange_over"
    assert refused(await shop.post("/v1/shop/hand-overs", body, there[1])) == "auth.not_allowed"
    unknown = body | {"code": "S1222"}
    assert refused(await shop.post("/v1/shop/hand-overs", unknown, here[1])) == "promo.exchange_unknown"


async def test_points_that_come_back_go_into_their_lots(shop: Shop) -> None:
    ann, ben = await a_member(shop), await a_member(shop)
    await give(shop, ann[0], 60, days=10)
    await give(shop, ann[0], 60, days=20)
    made = (await _exchange(shop, ann, await _item(shop))).json()
    assert refused(await _cancel(shop, ben, made["id"])) == "promo.exchange_unknown"
    answers = await at_once(8, lambda _: _cancel(shop, ann, made["id"]))
    assert {answer.json()["state"] for answer in answers} == {"cancelled"}
    days = (await shop.get("/v1/me/points/expiring", ann[1])).json()
    assert [each["points"] for each in days] == [60, 60]
    await eventually(lambda: _told(shop, ann), 2)
    assert await broken_proofs(shop) == {}


async def _told(shop: Shop, who: Who) -> int:
    """Return how often the member was told to other channels since they joined."""
    return int((await shop.get("/v1/me", who[1])).json()["version"]) - 1


async def test_who_may_not_exchange_what(shop: Shop) -> None:
    ann, poor, admin = await _rich(shop), await a_member(shop), await a_person(shop, "hq_admin")
    item_id, silver = await _item(shop, left=0), await _item(shop, level="silver")
    assert refused(await _exchange(shop, ann, item_id)) == "promo.item_sold_out"
    assert refused(await _exchange(shop, ann, silver)) == "promo.item_not_offered"
    assert refused(await _exchange(shop, ann, new_id())) == "promo.item_unknown"
    goods = await _item(shop)
    assert refused(await _exchange(shop, ann, goods, seen=1)) == "promo.item_points_changed"
    assert refused(await _exchange(shop, poor, goods)) == "ledger.not_enough"
    await shop.post(f"/v1/members/{ann[0]}/freeze", {"reason": "测试"}, admin[1])
    assert refused(await _exchange(shop, ann, goods)) == "member.frozen"
    ended = await _item(shop, from_at="2026-01-01T00:00:00+08:00", to_at="2026-01-02T00:00:00+08:00")
    assert refused(await _exchange(shop, await _rich(shop), ended)) == "promo.item_not_offered"
    shown = [each["id"] for each in (await shop.get("/v1/me/shop/items", poor[1])).json()]
    assert goods in shown
    assert ended not in shown


async def test_the_staff_change_an_item_over_the_version_they_saw(shop: Shop) -> None:
    item_id, editor, ann = await _item(shop, left=1), await a_person(shop, "marketer"), await _rich(shop)

    async def change(version: int, **terms: Any) -> Any:
        body = {"name": "保温杯", "points": 100, "version": version} | terms
        return await shop.client.put(f"/v1/shop/items/{item_id}", json=body, headers=editor[1])

    assert (await change(1, points=120)).json()["version"] == 2
    assert (await change(1, points=120)).json()["version"] == 2
    assert refused(await change(1, points=130)) == "promo.item_moved"
    stock = {"id": new_id(), "more": 2, "reason": "到货"}
    for _ in range(2):
        answer = await shop.post(f"/v1/shop/items/{item_id}/stock", stock, editor[1])
        assert (answer.status_code, answer.json()["left"]) == (200, 3)
    less = {"id": new_id(), "more": -4, "reason": "损坏"}
    assert refused(await shop.post(f"/v1/shop/items/{item_id}/stock", less, editor[1])) == "promo.item_sold_out"
    off = await shop.post(f"/v1/shop/items/{item_id}/switch", {"open": False, "reason": "下架"}, editor[1])
    assert off.json()["open"] is False
    assert refused(await _exchange(shop, ann, item_id, seen=120)) == "promo.item_not_offered"


@pytest.mark.parametrize(
    "fields, field",
    [
        ({"kind": "coupon"}, "template_id"),
        ({"template_id": "0192f3a0-0000-7000-8000-000000000001"}, "template_id"),
        ({"from_at": "2026-01-02T00:00:00"}, "from_at"),
        ({"from_at": "2026-01-02T00:00:00Z", "to_at": "2026-01-02T00:00:00Z"}, "to_at"),
        ({"level": "diamond"}, "level"),
    ],
)
async def test_an_item_that_contradicts_itself_is_refused(shop: Shop, fields: dict[str, Any], field: str) -> None:
    editor = await a_person(shop, "marketer")
    answer = await shop.post(
        "/v1/shop/items", {"id": new_id(), "kind": "goods", "name": "杯", "points": 1} | fields, editor[1]
    )
    assert (refused(answer), answer.json()["facts"]["field"]) == ("promo.bad_item", field)
