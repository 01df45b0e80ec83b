"""The level plan as the head office edits it, a level as members and staff see it, and corrections by hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import tell
from goodtaste.kernel.words import LANGUAGES, sentences
from goodtaste.member.level_plan import carry_out_all
from goodtaste.member.level_rules import plan_fault
from goodtaste.member.rules import Level, LevelTerms, Program, level_for
from tests.member_kit import refused
from tests.shop import write
from tests.shop_kit import Floor
from tests.test_member_nights import Guest, a_guest, house

assert house
Answer = Any


def a_plan(version: int, **changes: Any) -> dict[str, Any]:
    """Return the plan that the house came with, as it is sent to be saved, with changes to its levels by code."""
    levels = [msgspec.to_builtins(level) for level in Program().levels]
    plan = {"version": version, "reason": "新方案", "levels": levels}
    for level in levels:
        level |= changes.pop(level["code"], {})
    return plan | changes


async def save(house: Floor, plan: dict[str, Any]) -> Answer:
    headers = house.at("hq_admin") | {"content-type": "application/json"}
    return await house.client.put("/v1/level-plan", content=msgspec.json.encode(plan), headers=headers)


async def saved(house: Floor) -> Any:
    return await house.done("GET", "/v1/level-plan", None, house.at("hq_admin"))


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"silver": {"growth_min": 0}}, "growth_min"),
        ({"silver": {"growth_min": 2_000}}, "growth_min"),
        ({"regular": {"growth_min": 1}}, "growth_min"),
        ({"regular": {"keep_min": 1}}, "keep_min"),
        ({"vip": {"growth_min": 1_000_001}}, "growth_min"),
        ({"silver": {"keep_min": 501}}, "keep_min"),
        ({"silver": {"code": "gold"}}, "code"),
        ({"gold": {"earn_bp": 150}}, "earn_bp"),
        ({"gold": {"earn_bp": 1_000_000}}, "earn_bp"),
        ({"hold_months": 1, "notice_days": 29}, "notice_days"),
        ({"regular": {"code": "plain"}}, "levels"),
        ({"levels": [{"code": f"l{n}", "name": "级", "name_en": "L", "growth_min": n} for n in range(13)]}, "levels"),
    ],
)
async def test_a_plan_that_cannot_be_so_is_refused_when_it_is_saved(house: Floor, changes: Any, field: str) -> None:
    answer = await save(house, a_plan((await saved(house))["version"], **changes))
    assert (refused(answer), answer.status_code) == ("member.bad_plan", 422)
    assert answer.json()["facts"]["field"] in (field, "growth_min"), answer.text


@pytest.mark.parametrize(
    "changes",
    [{"levels": []}, {"fall": "down"}, {"silver": {"growth_min": -1}}, {"silver": {"code": "白银"}}, {"x": 1}],
)
async def test_a_plan_of_another_form_is_refused(house: Floor, changes: Any) -> None:
    assert refused(await save(house, a_plan(0, **changes))) == "request.malformed"


async def test_a_saved_plan_is_a_version_lifts_whom_it_reaches_and_lets_nobody_fall(house: Floor) -> None:
    low, high = await a_guest(house), await a_guest(house)
    await low.grows(300)
    await high.grows(500)
    version = (await saved(house))["version"]
    plan = a_plan(version, silver={"growth_min": 300, "keep_min": 200}, gold={"growth_min": 900, "keep_min": 500})
    first, again, other = [await save(house, each) for each in (plan, plan, plan | {"reason": "另一个"})]
    assert (first.status_code, first.json()["version"]) == (200, version + 1)
    assert again.json() == first.json()
    assert (refused(other), other.json()["facts"]) == ("member.plan_moved", {"version": version + 1})
    assert await low.level() == "regular"
    await house.books_hold()
    await house.run_jobs()
    assert (await low.level(), await low.causes()) == ("silver", [("plan", "silver")])
    assert await carry_out_all(house.db, at=house.now) == 0
    without = a_plan(version + 1)
    del without["levels"][1]
    answer = await save(house, without)
    assert (refused(answer), answer.json()["facts"]["why"]) == ("member.bad_plan", "member.fault.held")
    assert (await save(house, a_plan(version + 1))).status_code == 200
    await house.run_jobs()
    assert [await each.level() for each in (low, high)] == ["silver", "silver"]
    versions = await house.done("GET", "/v1/level-plan/versions", None, house.at("hq_admin"))
    assert [each["version"] for each in versions][:2] == [version + 2, version + 1]
    notes = await house.db.execute("SELECT count(*) FROM kernel_audit WHERE action = 'member.level_plan_saved'")
    assert notes[0][0] >= 2
    await house.books_hold()


async def test_of_many_who_save_at_once_one_does(house: Floor) -> None:
    version = (await saved(house))["version"]

    plans = [a_plan(version, gold={"growth_min": 2_001 + n}) for n in range(8)]
    answers = await asyncio.gather(*[save(house, plan) for plan in plans])
    assert sorted(each.status_code for each in answers) == [200] + [409] * 7
    assert (await saved(house))["version"] == version + 1
    assert (await save(house, a_plan(version + 1))).status_code == 200
    await house.run_jobs()


async def see(guest: Guest, path: str = "") -> Any:
    return await guest.shop.done("GET", f"/v1/me/level{path}", None, guest.shop.token("member", guest.id))


async def test_a_member_sees_the_way_up_and_what_keeps_the_level(house: Floor) -> None:
    guest = await a_guest(house)
    now = await see(guest)
    assert (now["level"]["code"], now["next"]["code"], now["percent"], now["source"], now["keeping"]) == (
        *("regular", "silver", 0, None),
        None,
    )
    await guest.grows(1_249)
    now = await see(guest)
    assert (now["level"]["code"], now["percent"], now["missing_growth"], now["source"]) == ("silver", 49, 751, "earned")
    assert now["keeping"] == {
        "level": "silver",
        "growth_keep": 400,
        "missing_growth": 0,
        "percent": 100,
        "review_on": "2027-11-22",
        "drops_on": None,
    }
    for n in range(2):
        given = {"id": new_id(), "level": "gold", "reason": "贵宾", "until_at": house.now + timedelta(hours=1 + n)}
        await house.done("POST", f"/v1/members/{guest.id}/level", given, house.at("hq_admin"))
    now = await see(guest)
    assert (now["level"]["code"], now["source"], now["percent"]) == ("gold", "staff", 0)
    first = await see(guest, "/history?limit=1")
    assert [each["cause"] for each in first["steps"]] == ["grant"]
    rest = await see(guest, f"/history?before={first['next']}&limit=5")
    assert [(each["from_level"], each["to_level"], each["words"]) for each in rest["steps"]] == [
        ("regular", "silver", "成长值达标升级")
    ]
    assert rest["next"] is None
    house.hands.now += timedelta(hours=3)
    assert (await see(guest))["level"]["code"] == "silver", "before anything has settled it"
    await house.run_jobs()
    assert await guest.causes() == [("growth", "silver"), ("grant", "gold"), ("end", "silver")]


async def test_the_staff_correct_a_level_with_reason_and_end(house: Floor) -> None:
    guest, other = await a_guest(house), await a_guest(house)
    admin = house.at("hq_admin")
    path = f"/v1/members/{guest.id}/level"
    given = {"id": new_id(), "level": "vip", "reason": "常客", "until_at": "2027-01-01T00:00:00+08:00"}
    answers = [await house.post(path, given, admin) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    for changed in ({"level": "gold"}, {"until_at": None}):
        assert refused(await house.post(path, given | changed, admin)) == "request.id_taken"
    assert refused(await house.post(f"/v1/members/{other.id}/level", given, admin)) == "request.id_taken"
    bad = {"id": new_id(), "level": "vip", "reason": "x"}
    for changed, code in (
        ({"level": "iron"}, "member.level_unknown"),
        ({"until_at": "2026-11-22T04:00:00Z"}, "member.grant_over"),
        ({"until_at": "9999-12-31T23:59:59-11:00"}, "member.bad_span"),
        ({"until_at": "2027-01-01T00:00:00"}, "request.malformed"),
        ({"reason": ""}, "request.malformed"),
    ):
        assert refused(await house.post(path, bad | changed, admin)) == code
    assert refused(await house.post(f"/v1/members/{new_id()}/level", bad, admin)) == "member.unknown"
    shown = await house.done("GET", path, None, house.at("hq_admin"))
    assert [(each["source"], each["level"]) for each in shown["grants"]] == [("staff", "vip")]
    assert refused(await house.post(path, bad, house.at("store_manager"))) == "auth.not_allowed"
    end = {"grant_id": given["id"], "reason": "误发"}
    assert refused(await house.post(f"/v1/members/{other.id}/level/end", end, admin)) == "member.grant_unknown"
    for _ in range(2):
        assert (await house.post(f"{path}/end", end, admin)).status_code == 200
    assert await guest.level() == "regular"
    notes = await house.db.execute(
        f"SELECT action, reason FROM kernel_audit WHERE subject = 'member/{guest.id}' ORDER BY at, action"
    )
    assert [tuple(map(str, note)) for note in notes] == [("member.level_ended", "误发"), ("member.level_given", "常客")]
    await house.books_hold()


async def test_an_earned_level_that_is_ended_by_hand_falls_to_what_growth_gives(house: Floor) -> None:
    guest = await a_guest(house)
    order = await guest.grows(2_000)
    await guest.grows(600)
    await house.db.run(_told(guest.refunded(order, 200_000, whole=True), house))
    await house.hear()
    [earned] = (await house.done("GET", f"/v1/members/{guest.id}/level", None, house.at("hq_admin")))["grants"]
    end = {"grant_id": earned["id"], "reason": "刷单"}
    assert (await house.post(f"/v1/members/{guest.id}/level/end", end, house.at("hq_admin"))).status_code == 200
    assert (await guest.level(), await guest.causes()) == ("silver", [("growth", "gold"), ("correction", "silver")])
    await house.books_hold()


def _told(event: Any, house: Floor) -> Any:
    return write(tell(event, at=house.now))


def test_every_cause_of_a_change_has_words() -> None:
    causes = ("growth", "review", "kept", "grant", "end", "correction", "plan")
    assert [c for c in causes for language in LANGUAGES if f"member.level.{c}" not in sentences(language)] == []


@given(st.lists(st.integers(1, 1_000_000), min_size=1, max_size=8, unique=True), st.integers(0, 1_000_000))
def test_a_plan_without_fault_has_one_level_for_any_growth(floors: list[int], growth: int) -> None:
    levels = [Level("l0", "", "", 0), *(Level(f"l{n}", "", "", each) for n, each in enumerate(sorted(floors), 1))]
    assert plan_fault(levels, LevelTerms()) is None
    reached = level_for(growth, levels)
    assert reached == [each for each in levels if each.growth_min <= growth][-1]
