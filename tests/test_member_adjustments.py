"""Corrections of points that one person asks for and another decides on, and the limits of one person."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.member import notices
from goodtaste.member.rules import PointsRules, Program
from tests.ledger_kit import broken_proofs
from tests.member_kit import a_member, a_person, a_store, give, later, refused, stopped
from tests.shop import Shop, at_once

Who = tuple[str, dict[str, str]]


async def _ask(shop: Shop, who: Who, member_id: str, points: Any = 800, **more: Any) -> Any:
    body = {"id": new_id(), "member_id": member_id, "points": points, "reason": "补偿"} | more
    return await shop.post("/v1/points/adjustments", body, who[1])


async def _approve(shop: Shop, who: Who, id_: str) -> Any:
    return await shop.client.post(f"/v1/points/adjustments/{id_}/approve", headers=who[1])


async def _refuse(shop: Shop, who: Who, id_: str) -> Any:
    return await shop.post(f"/v1/points/adjustments/{id_}/refuse", {"reason": "没有凭据"}, who[1])


async def _available(shop: Shop, member: Who) -> int:
    return int((await shop.get("/v1/me/points", member[1])).json()["available"])


async def test_what_one_asks_for_another_approves(shop: Shop) -> None:
    member, asker, other = await a_member(shop), await a_person(shop, "hq_admin"), await a_person(shop, "hq_admin")
    asked = (await _ask(shop, asker, member[0])).json()
    assert (asked["state"], asked["decided_by"]) == ("requested", None)
    assert await _available(shop, member) == 0
    assert refused(await _approve(shop, asker, asked["id"])) == "member.own_request"
    listed = (await shop.get("/v1/points/adjustments", other[1])).json()
    assert asked["id"] in [each["id"] for each in listed]
    for _ in range(2):
        made = await _approve(shop, other, asked["id"])
        assert (made.status_code, made.json()["state"], made.json()["decided_by"]) == (200, "approved", other[0])
    assert await _available(shop, member) == 800
    late = await _refuse(shop, other, asked["id"])
    assert (refused(late), late.json()["facts"]["state"]) == ("member.adjustment_decided", "approved")
    notes = await shop.db.execute(
        f"SELECT action, actor_id FROM kernel_audit WHERE subject = 'member/{member[0]}' ORDER BY at"
    )
    assert [(action, str(who)) for action, who in notes] == [
        ("member.adjustment_asked", asker[0]), ("member.points_adjusted", other[0]),
    ]  # fmt: skip
    assert await broken_proofs(shop) == {}


async def test_of_many_who_decide_at_once_one_does(shop: Shop) -> None:
    member, asker = await a_member(shop), await a_person(shop, "hq_admin")
    people = [await a_person(shop, "hq_admin") for _ in range(8)]
    id_ = (await _ask(shop, asker, member[0])).json()["id"]
    answers = await at_once(32, lambda i: (_approve, _refuse)[i % 2](shop, people[i % 8], id_))
    states = {answer.json()["state"] for answer in answers if answer.status_code == 200}
    assert len(states) == 1
    assert len({answer.json()["decided_by"] for answer in answers if answer.status_code == 200}) == 1
    assert {refused(answer) for answer in answers if answer.status_code != 200} == {"member.adjustment_decided"}
    assert await _available(shop, member) == (800 if states == {"approved"} else 0)
    assert await broken_proofs(shop) == {}


async def test_a_request_is_refused_with_a_reason_or_runs_out(shop: Shop) -> None:
    member, asker, other = await a_member(shop), await a_person(shop, "hq_admin"), await a_person(shop, "hq_admin")
    first, second = [(await _ask(shop, asker, member[0])).json()["id"] for _ in range(2)]
    told = (await _refuse(shop, other, first)).json()
    assert (told["state"], told["answer"], told["decided_by"]) == ("refused", "没有凭据", other[0])
    with later(shop, hours=73):
        late = await _approve(shop, (other[0], shop.token("staff", other[0])), second)
        assert (refused(late), late.json()["facts"]["state"]) == ("member.adjustment_decided", "expired")
        await notices.lapse(shop.process)({})
    listed = (await shop.get("/v1/points/adjustments?state=expired", other[1])).json()
    assert second in [each["id"] for each in listed]
    assert await _available(shop, member) == 0


async def test_a_request_sent_again_is_one_request(shop: Shop) -> None:
    member, asker, other = await a_member(shop), await a_person(shop, "hq_admin"), await a_person(shop, "hq_admin")
    id_ = new_id()
    answers = await at_once(16, lambda _: _ask(shop, asker, member[0], id=id_))
    assert {answer.status_code for answer in answers} == {201}
    assert refused(await _ask(shop, asker, member[0], 801, id=id_)) == "request.id_taken"
    await _approve(shop, other, id_)
    assert (await _ask(shop, asker, member[0], id=id_)).json()["state"] == "approved"
    small = await shop.post(f"/v1/members/{member[0]}/points", {"id": id_, "points": 5, "reason": "x"}, asker[1])
    assert refused(small) == "request.id_taken"


async def test_points_that_were_spent_meanwhile_cannot_be_taken(shop: Shop) -> None:
    member, asker, other = await a_member(shop), await a_person(shop, "hq_admin"), await a_person(shop, "hq_admin")
    await give(shop, member[0], 600)
    id_ = (await _ask(shop, asker, member[0], -601)).json()["id"]
    assert refused(await _approve(shop, other, id_)) == "ledger.not_enough"
    await give(shop, member[0], 1)
    assert (await _approve(shop, other, id_)).json()["state"] == "approved"
    assert await _available(shop, member) == 0


async def test_a_manager_decides_at_their_own_store_only(shop: Shop) -> None:
    here, there, member = await a_store(shop), await a_store(shop), await a_member(shop)
    asker, second = [await a_person(shop, "store_manager", here) for _ in range(2)]
    elsewhere = await a_person(shop, "store_manager", there)
    assert refused(await _ask(shop, asker, member[0])) == "auth.not_allowed"
    id_ = (await _ask(shop, asker, member[0], store_id=here)).json()["id"]
    assert refused(await _approve(shop, elsewhere, id_)) == "member.adjustment_unknown"
    assert id_ not in [each["id"] for each in (await shop.get("/v1/points/adjustments", elsewhere[1])).json()]
    assert (await _approve(shop, second, id_)).json()["state"] == "approved"
    assert refused(await _ask(shop, asker, member[0], 0, store_id=here)) == "member.nothing_to_adjust"
    assert refused(await _ask(shop, asker, new_id(), store_id=here)) == "member.unknown"


async def test_a_day_of_one_person_has_a_limit_too(shop: Shop) -> None:
    """A limit for each correction alone is passed by two of half the size."""
    member, admin = await a_member(shop), await a_person(shop, "hq_admin")

    async def alone(points: int) -> Any:
        body = {"id": new_id(), "points": points, "reason": "补偿"}
        return await shop.post(f"/v1/members/{member[0]}/points", body, shop.token("staff", admin[0]))

    with stopped(shop, shop.now):  # whatever the hour, on one trading day
        answers = await at_once(64, lambda _: alone(300))
        assert [answer.status_code for answer in answers].count(201) == 6
        assert {refused(answer) for answer in answers if answer.status_code != 201} == {"member.approval_needed"}
        assert (await alone(200)).status_code == 201
        assert refused(await alone(-1)) == "member.approval_needed"
        with later(shop, days=1):
            assert (await alone(-1)).status_code == 201
        assert await broken_proofs(shop) == {}


@pytest.mark.parametrize(
    "rules, field",
    [
        ({"notice_days": [7, 7]}, "notice_days"),
        ({"adjust_alone_day_max": 499}, "adjust_alone_day_max"),
        ({"gift_day_max": 999}, "gift_day_max"),
        ({"gift_level": "diamond"}, "gift_level"),
    ],
)
async def test_rules_that_contradict_themselves_are_refused(shop: Shop, rules: dict[str, Any], field: str) -> None:
    admin = await a_person(shop, "hq_admin")
    body = msgspec.to_builtins(PointsRules()) | {"reason": "测试"} | rules
    answer = await shop.client.put("/v1/points/rules", json=body, headers=admin[1])
    assert (refused(answer), answer.json()["facts"]["field"]) == ("member.bad_points_rules", field)


async def test_the_head_office_changes_the_rules_of_points_and_nothing_else(shop: Shop) -> None:
    admin, before = await a_person(shop, "hq_admin"), shop.process.see(Program)
    seen = (await shop.get("/v1/program", admin[1])).json()["version"]
    body = msgspec.to_builtins(before.points) | {"reason": "测试", "gift_max": 7, "notice_days": [1, 14]}
    for change in (body, msgspec.to_builtins(before.points) | {"reason": "还原"}):
        answer = await shop.client.put("/v1/points/rules", json=change, headers=admin[1])
        assert answer.status_code == 200, answer.text
        now = shop.process.see(Program)
        assert now.points.gift_max == change["gift_max"]
        assert msgspec.structs.replace(now, points=before.points) == before
    late = await shop.client.put("/v1/points/rules", json=body | {"version": seen}, headers=admin[1])
    assert refused(late) == "member.program_moved"
    assert (await shop.get("/v1/points/rules", admin[1])).json() == msgspec.json.decode(
        msgspec.json.encode(before.points)
    )
