"""Stores: made, changed, opened and closed by those who may; found by everybody, the nearest first."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goodtaste.kernel.audit import verify
from goodtaste.kernel.ids import new_id
from goodtaste.org import api as org
from tests.org_kit import a_person, a_store, actions_on, an_admin, code_of, context_at, send, serial
from tests.shop import Shop, at_once

HOURS = [{"weekday": day, "opens": 600, "closes": 1320} for day in range(7)]


def details(**changes: Any) -> dict[str, Any]:
    return {
        "name": "外滩店", "name_en": "The Bund", "city": "上海", "address": "中山东一路 18 号", "address_en": "18 East Road",
        "phone": "021-6321 0000",
        "latitude_e6": 31_238_000, "longitude_e6": 121_490_000, "hours": HOURS, "licence": "JY23101010000001",
    } | changes  # fmt: skip


async def test_the_brand_is_named_by_the_head_office_alone(shop: Shop) -> None:
    admin, manager = await an_admin(shop), await a_person(shop, ("store_manager", None))
    named = {"name": "好味", "name_en": "goodtaste"}
    assert code_of(await send(shop, "PUT", "/v1/brand", named, manager.headers)) == "auth.not_allowed"
    assert (await send(shop, "PUT", "/v1/brand", named, admin.headers)).status_code == 200
    assert (await send(shop, "PUT", "/v1/brand", named, admin.headers)).status_code == 200
    assert (await shop.get("/v1/brand")).json() == {**named, "currency": "CNY"}
    assert (await actions_on(shop, "brand")).count("org.brand_named") == 1


async def test_a_store_is_made_once_and_stays_closed_until_it_is_opened(shop: Shop) -> None:
    admin = await an_admin(shop)
    asked = details(id=new_id(), code=f"SH-{serial().upper()}")
    made = await shop.post("/v1/stores", asked, admin.headers)
    assert (made.status_code, made.json()["open"], made.json()["open_now"]) == (201, False, False)
    assert (made.json()["licence"], made.json()["address_en"]) == ("JY23101010000001", "18 East Road")
    again = await shop.post("/v1/stores", asked, admin.headers)
    assert again.json() == made.json()
    other = await shop.post("/v1/stores", asked | {"name": "别的店"}, admin.headers)
    assert code_of(other) == "request.id_taken"
    same_code = await shop.post("/v1/stores", asked | {"id": new_id()}, admin.headers)
    assert (code_of(same_code), same_code.json()["facts"]) == ("org.store_code_taken", {"store_code": asked["code"]})
    assert await actions_on(shop, f"store/{asked['id']}") == ["org.store_made"]
    seen = (await shop.get(f"/v1/stores/{asked['id']}")).json()
    assert (seen["name"], seen["day_start_minute"], seen["zone"]) == ("外滩店", 240, "Asia/Shanghai")
    assert abs(seen["wgs84_longitude_e6"] - 121_490_000) > 1_000


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hours": [{"weekday": 0, "opens": 700, "closes": 600}]}, "org.bad_hours"),
        ({"hours": [*HOURS, {"weekday": 3, "opens": 1319, "closes": 1400}]}, "org.bad_hours"),
        ({"hours": [{"weekday": 7, "opens": 0, "closes": 600}]}, "request.malformed"),
        ({"hours": [{"weekday": 0, "opens": -1, "closes": 600}]}, "request.malformed"),
        ({"hours": [{"weekday": 0, "opens": 0.5, "closes": 600}]}, "request.malformed"),
        ({"hours": HOURS * 5}, "request.malformed"),
        ({"zone": "Asia/Atlantis"}, "org.bad_zone"),
        ({"zone": "../etc/passwd"}, "org.bad_zone"),
        ({"zone": ""}, "request.malformed"),
        ({"latitude_e6": None}, "org.bad_location"),
        ({"latitude_e6": 90_000_001}, "request.malformed"),
        ({"longitude_e6": -180_000_001}, "request.malformed"),
        ({"day_start_minute": 720}, "request.malformed"),
        ({"day_start_minute": -1}, "request.malformed"),
        ({"name": ""}, "request.malformed"),
        ({"name": "店" * 65}, "request.malformed"),
        ({"name": "外滩\x00店"}, "request.malformed"),
        ({"address": "中山东一路\x1b[2J"}, "request.malformed"),
        ({"phone": "javascript:1"}, "request.malformed"),
        ({"open": True}, "request.malformed"),
        ({"code": "sh 01"}, "request.malformed"),
        ({"code": "SH-01\n"}, "request.malformed"),
        ({"id": "1"}, "request.malformed"),
    ],
)
async def test_a_store_that_cannot_be_is_refused_and_not_made(shop: Shop, change: dict[str, Any], code: str) -> None:
    admin = await an_admin(shop)
    asked = details(id=new_id(), code=f"SH-{serial().upper()}") | change
    answer = await shop.post("/v1/stores", asked, admin.headers)
    assert (code_of(answer), answer.status_code) == (code, 400 if code == "request.malformed" else 422)
    assert "org.store_made" not in await actions_on(shop, f"store/{asked['id']}")


async def test_a_change_replaces_the_details_and_the_log_keeps_what_they_were(shop: Shop) -> None:
    admin, store_id = await an_admin(shop), await a_store(shop)
    path = f"/v1/stores/{store_id}"
    changed = await send(shop, "PUT", path, details(name="新名字", zone="Asia/Urumqi"), admin.headers)
    assert (changed.json()["name"], changed.json()["zone"], changed.json()["open"]) == ("新名字", "Asia/Urumqi", True)
    await send(shop, "PUT", path, details(name="新名字", zone="Asia/Urumqi"), admin.headers)
    assert (await actions_on(shop, f"store/{store_id}")).count("org.store_changed") == 1
    [(facts,)] = await shop.db.execute(
        f"SELECT facts FROM kernel_audit WHERE action = 'org.store_changed' AND store_id = '{store_id}'"
    )
    assert '"before":"南京西路店"' in facts
    assert '"after":"新名字"' in facts
    assert code_of(await send(shop, "PUT", f"/v1/stores/{new_id()}", details(), admin.headers)) == "org.store_unknown"
    assert code_of(await send(shop, "PUT", "/v1/stores/17", details(), admin.headers)) == "request.malformed"


async def test_who_saw_a_store_as_it_was_does_not_overwrite_what_somebody_else_saved(shop: Shop) -> None:
    admin, store_id = await an_admin(shop), await a_store(shop)
    path, seen = f"/v1/stores/{store_id}", details()
    await send(shop, "PUT", path, seen, admin.headers)
    first = await send(shop, "PUT", path, details(name="新名字") | {"seen": seen}, admin.headers)
    assert first.status_code == 200
    late = details(city="苏州") | {"seen": seen}
    assert code_of(await send(shop, "PUT", path, late, admin.headers)) == "org.store_changed_meanwhile"
    again = details(name="新名字", city="苏州") | {"seen": details(name="新名字")}
    for _ in range(2):  # a second time after a lost reply changes nothing more
        answer = await send(shop, "PUT", path, again, admin.headers)
        assert (answer.json()["name"], answer.json()["city"]) == ("新名字", "苏州")


async def test_changes_made_at_once_all_stand_in_some_order(shop: Shop) -> None:
    store_id, ctx = await a_store(shop), shop.process.context()

    async def rename(n: int) -> None:
        asked = org.StoreDetails(name=f"店 {n}", city="上海", address="一号", hours=())
        await ctx.run(org.change_store(store_id, asked, actor=ctx.actor, at=ctx.now))

    await at_once(16, rename)
    names = [
        facts
        for (facts,) in await shop.db.execute(
            f"SELECT facts FROM kernel_audit WHERE action = 'org.store_changed' AND store_id = '{store_id}'"
        )
    ]
    assert len(names) == 16
    befores = {facts.split('"name":{"after":"店 ')[1].split('","before":"')[1].split('"')[0] for facts in names}
    assert len(befores) == 16  # each saw the one before it: none was lost


async def test_a_manager_opens_and_closes_their_own_store_and_no_other(shop: Shop) -> None:
    mine, theirs = await a_store(shop), await a_store(shop)
    manager, cashier = await a_person(shop, ("store_manager", mine)), await a_person(shop, ("cashier", mine))
    closing = {"open": False, "reason": "停电"}
    assert code_of(await shop.post(f"/v1/stores/{theirs}/switch", closing, manager.headers)) == "auth.not_allowed"
    assert code_of(await shop.post(f"/v1/stores/{mine}/switch", closing, cashier.headers)) == "auth.not_allowed"
    assert code_of(await shop.post(f"/v1/stores/{mine}/switch", closing)) == "auth.not_signed_in"
    assert (
        code_of(await shop.post(f"/v1/stores/{mine}/switch", {"open": False}, manager.headers)) == "request.malformed"
    )
    closed = await shop.post(f"/v1/stores/{mine}/switch", closing, manager.headers)
    assert (closed.status_code, closed.json()["open_now"]) == (200, False)
    assert (await shop.get(f"/v1/stores/{theirs}")).json()["open_now"] is True
    await shop.post(f"/v1/stores/{mine}/switch", closing, manager.headers)
    await shop.post(f"/v1/stores/{mine}/switch", {"open": True, "reason": "来电"}, manager.headers)
    assert await actions_on(shop, f"store/{mine}") == [
        "org.store_made", "org.store_opened", "org.store_closed", "org.store_opened",
    ]  # fmt: skip
    assert code_of(await send(shop, "PUT", f"/v1/stores/{mine}", details(), manager.headers)) == "auth.not_allowed"
    assert (
        code_of(await shop.post("/v1/stores", details(id=new_id(), code="X-1"), manager.headers)) == "auth.not_allowed"
    )


async def test_a_special_day_closes_a_store_and_goes_again(shop: Shop) -> None:
    store_id = await a_store(shop)
    manager = await a_person(shop, ("store_manager", store_id))
    today = shop.now.astimezone(ZoneInfo("Asia/Shanghai"))
    day = (today + timedelta(days=3)).date().isoformat()
    path = f"/v1/stores/{store_id}/special-days/{day}"
    closed = await send(shop, "PUT", path, {"spans": [], "note": "春节"}, manager.headers)
    assert closed.json()["special_days"] == [{"day": day, "spans": [], "note": "春节"}]
    changed = await send(shop, "PUT", path, {"spans": [{"opens": 600, "closes": 840}]}, manager.headers)
    assert changed.json()["special_days"][0]["spans"] == [{"opens": 600, "closes": 840}]
    overlapping = {"spans": [{"opens": 600, "closes": 840}, {"opens": 800, "closes": 900}]}
    assert code_of(await send(shop, "PUT", path, overlapping, manager.headers)) == "org.bad_hours"
    assert code_of(await send(shop, "PUT", path[:-10] + "2020-01-01", {"spans": []}, manager.headers)) == "org.bad_day"
    assert code_of(await send(shop, "PUT", path[:-10] + "2999-01-01", {"spans": []}, manager.headers)) == "org.bad_day"
    assert (await send(shop, "DELETE", path, None, manager.headers)).status_code == 204
    assert (await shop.get(f"/v1/stores/{store_id}")).json()["special_days"] == []


async def test_a_store_closed_today_by_a_special_day_takes_no_orders_today(shop: Shop) -> None:
    store_id, noon = await a_store(shop), datetime(2026, 11, 23, 4, tzinfo=UTC)
    ctx = context_at(shop, noon)
    await ctx.run(org.set_day(store_id, day=noon.date(), asked=org.DayHours(spans=()), actor=ctx.actor, at=noon))
    await ctx.refresh()
    found = ctx.see(org.Directory).store(store_id)
    assert not found.is_open(noon)
    assert found.is_open(noon + timedelta(days=1))


async def test_the_nearest_store_comes_first_and_pages_go_on_where_they_ended(shop: Shop) -> None:
    # far out at sea, where no other test has a store
    near, far, nowhere = (
        await a_store(shop, latitude_e6=-40_000_000, longitude_e6=-20_000_000),
        await a_store(shop, latitude_e6=-40_100_000, longitude_e6=-20_000_000),
        await a_store(shop),
    )
    place = "latitude=-40.001&longitude=-20.0"
    first = (await shop.get(f"/v1/stores?{place}&limit=1")).json()
    second = (await shop.get(f"/v1/stores?{place}&limit=1&after={first[0]['id']}")).json()
    assert [(s["id"], s["distance_m"]) for s in (*first, *second)] == [(near, 111), (far, 11_008)]
    everything = [s["id"] for s in (await shop.get(f"/v1/stores?{place}&limit=200")).json()]
    assert everything.index(nowhere) > everything.index(far)
    by_code = (await shop.get("/v1/stores?limit=200")).json()
    assert [s["code"] for s in by_code] == sorted(s["code"] for s in by_code)
    assert {s["distance_m"] for s in by_code} == {None}


async def test_a_store_is_found_by_a_part_of_its_code_name_or_address(shop: Shop) -> None:
    store_id = await a_store(shop, name="Old Mill 老磨坊", address="磨坊路 7 号")
    other = await a_store(shop, name="Old Mill 二店")
    code = (await shop.get(f"/v1/stores/{store_id}")).json()["code"]
    for q in (code.lower(), "老磨坊", "磨坊路 7"):
        assert [each["id"] for each in (await shop.get(f"/v1/stores?q={q}")).json()] == [store_id]
    first = (await shop.get("/v1/stores?q=old mill&limit=1")).json()
    second = (await shop.get(f"/v1/stores?q=old mill&limit=1&after={first[0]['id']}")).json()
    assert {each["id"] for each in (*first, *second)} == {store_id, other}


@pytest.mark.parametrize(
    "query",
    ["latitude=1", "longitude=1", "latitude=91&longitude=0", "latitude=nan&longitude=0", "latitude=a&longitude=0",
     "limit=0", "limit=201", "limit=-1", "limit=1.5", "after=x"],
)  # fmt: skip
async def test_a_list_that_cannot_be_is_refused(shop: Shop, query: str) -> None:
    answer = await shop.get(f"/v1/stores?{query}")
    assert (answer.status_code, code_of(answer)) == (400, "request.malformed")


async def test_a_page_after_a_store_that_is_none_is_refused(shop: Shop) -> None:
    assert code_of(await shop.get(f"/v1/stores?after={new_id()}")) == "org.store_unknown"
    assert code_of(await shop.get(f"/v1/stores/{new_id()}")) == "org.store_unknown"


async def test_the_audit_log_of_all_of_it_holds(shop: Shop) -> None:
    assert (await verify(shop.db)).fault is None
