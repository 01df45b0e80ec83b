"""What the head office looks at: the day as it goes, orders and members found by what they are, the audit log, how the house is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from goodtaste.kernel import audit, jobs
from goodtaste.kernel.db import Steps, script
from goodtaste.kernel.ids import new_id
from goodtaste.ordering.overview import found
from tests import org_kit
from tests.member_kit import a_number, ask_code, phone_login, sent_code
from tests.org_kit import Headers
from tests.shop_kit import Floor, Member, Store, line


async def sold(floor: Floor, store: Store, name: str = "tea", *, cash: bool = True, **more: Any) -> Any:
    """Sell something at a store."""
    by = floor.at("cashier", store)
    asked = await floor.cart([line(name)], by=by, cash=cash, store_id=store.id, **more)
    return await floor.done("POST", "/v1/orders", asked, by)


async def orders(floor: Floor, by: Headers, **query: Any) -> list[str]:
    """Return the ids of the orders that are found."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return [each["id"] for each in (await floor.done("GET", f"/v1/orders?{asked}", None, by))["orders"]]


async def test_orders_are_found_by_what_they_are(floor: Floor) -> None:
    store, by = await floor.a_store(), floor.at("hq_admin")
    tea, soup = await sold(floor, store), await sold(floor, store, "soup.large", note="不要香菜 50%")
    waits = await sold(floor, store, "dumplings", cash=False)
    at: dict[str, Any] = {"store_id": store.id}
    assert await orders(floor, by, **at) == [waits["id"], soup["id"], tea["id"]]
    assert await orders(floor, by, **at, sort="placed_at") == [tea["id"], soup["id"], waits["id"]]
    assert await orders(floor, by, **at, sort="-due_fen") == [soup["id"], waits["id"], tea["id"]]
    assert await orders(floor, by, **at, pay_state="unpaid") == [waits["id"]]
    assert await orders(floor, by, **at, in_state="cancelled") == []
    assert await orders(floor, by, **at, kind="counter", method="cash", sort="placed_at") == [tea["id"], soup["id"]]
    assert await orders(floor, by, **at, method="wallet") == []
    assert await orders(floor, by, **at, q="SOUP") == [soup["id"]], "a part of a dish's name"
    assert await orders(floor, by, **at, q="香菜") == [soup["id"]], "a part of a note"
    assert await orders(floor, by, **at, q="0%25") == [soup["id"]], (
        "what stands for anything in a pattern stands for itself"
    )
    assert await orders(floor, by, **at, q=tea["id"][-6:].upper()) == [tea["id"]], "the end of the number"
    assert await orders(floor, by, **at, pay_state="open") == [waits["id"]]
    assert await orders(floor, by, **at, pay_state="back") == []
    yuan = f"{soup['due_fen'] / 100:.2f}"
    assert await orders(floor, by, **at, q=yuan) == [soup["id"]], "what is due"
    assert await orders(floor, by, **at, q="0.01") == []
    today = tea["business_date"]
    assert len(await orders(floor, by, **at, from_on=today, to_on=today)) == 3
    assert await orders(floor, by, **at, from_on="2026-01-01", to_on="2026-01-02") == []
    shown = (await floor.done("GET", f"/v1/orders?store_id={store.id}&q=soup", None, by))["orders"][0]
    assert (shown["pieces"], shown["lines"], shown["due_fen"]) == (
        [{"name": soup["lines"][0]["name"], "qty": 1}],
        1,
        soup["due_fen"],
    )


@pytest.mark.parametrize("sort", ["-placed_at", "placed_at", "-due_fen", "due_fen"])
async def test_pages_of_orders_meet_without_a_gap(floor: Floor, sort: str) -> None:
    store, by = await floor.a_store(), floor.at("hq_admin")
    for name in ("tea", "tea", "dumplings", "tea", "dumplings"):
        await sold(floor, store, name)
    whole = await orders(floor, by, store_id=store.id, sort=sort)
    pages, before = [], ""
    while True:
        path = f"/v1/orders?store_id={store.id}&sort={sort}&limit=2&before={before}"
        page = await floor.done("GET", path, None, by)
        pages += [each["id"] for each in page["orders"]]
        before = page["next"]
        if not before:
            break
    assert (len(whole), pages) == (5, whole)
    assert await floor.refuses("GET", "/v1/orders?before=x", None, by) == "request.bad_cursor"


async def test_who_works_at_a_store_finds_its_orders_and_no_others(floor: Floor) -> None:
    manager = floor.at("store_manager")
    assert await floor.refuses("GET", "/v1/orders", None, manager) == "auth.not_allowed"
    assert await floor.refuses("GET", f"/v1/orders?store_id={floor.elsewhere.id}", None, manager) == "auth.not_allowed"
    await floor.done("GET", f"/v1/orders?store_id={floor.store.id}", None, manager)


async def test_a_till_finds_an_order_by_the_end_of_a_phone_and_by_its_table(floor: Floor) -> None:
    store, phone = await floor.a_store(), a_number()
    await ask_code(floor, phone)
    signed_in = await phone_login(floor, phone, await sent_code(floor, phone))
    member = Member(signed_in.json()["member"]["id"])
    by = floor.at("store_manager", store)
    await sold(floor, store)
    visit = {"visit_id": await floor.a_visit(member, store)}
    theirs = await sold(floor, store, member=member, **visit)
    assert await orders(floor, by, store_id=store.id, q=phone[-4:]) == [theirs["id"]]
    assert await orders(floor, by, store_id=store.id, q=phone[-3:]) == []
    area, table = {"id": new_id(), "name": "厅"}, new_id()
    await floor.done("POST", f"/v1/stores/{store.id}/areas", area, by)
    tables = {"id": table, "area_id": area["id"], "labels": "窗边1", "seats": 2}
    [made] = await floor.done("POST", f"/v1/stores/{store.id}/tables", tables, by)
    sat = await sold(floor, store, cash=False, kind="dine_in", table_id=made["id"], party=2)
    found_ = (await floor.done("GET", f"/v1/orders?store_id={store.id}&q=窗边1", None, by))["orders"]
    assert [(each["id"], each["table"]) for each in found_] == [(sat["id"], "窗边1")]


async def test_a_search_by_tender_over_too_many_orders_asks_for_less(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, by = await floor.a_store(), floor.at("hq_admin")
    await sold(floor, store)
    await sold(floor, store)
    monkeypatch.setattr(found, "PAID_BY_MAX", 2)
    path = f"/v1/orders?store_id={store.id}&method=cash"
    assert await floor.refuses("GET", path, None, by) == "ordering.search_too_wide"


async def test_a_day_is_told_by_hour_and_store_beside_the_same_time_a_week_before(floor: Floor) -> None:
    store, by = await floor.a_store(), floor.at("hq_admin")
    hour = (floor.now + timedelta(hours=8)).hour
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, value=100)
    early, _ = await sold(floor, store), await sold(floor, store, cash=False)
    floor.later(days=7, seconds=1)
    by = floor.at("hq_admin")
    visit = {"visit_id": await floor.a_visit(member, store), "coupon_id": coupon}
    now = await sold(floor, store, "dumplings", member=member, **visit)
    back = await sold(floor, store)
    preview = {"id": new_id(), "reason": "洒了", "seen_amount_fen": back["due_fen"]}
    await floor.done("POST", f"/v1/orders/{back['id']}/refunds", preview, floor.at("store_manager", store))
    shown = await floor.done("GET", f"/v1/today?store_id={store.id}", None, by)
    assert shown["runs"] is True
    assert (shown["now"]["sales_fen"], shown["now"]["orders"], shown["now"]["coupons"]) == (now["due_fen"] + 333, 2, 1)
    assert (shown["now"]["refunds"], shown["now"]["refunded_fen"]) == (1, 333)
    assert (shown["before"]["sales_fen"], shown["before"]["orders"]) == (333, 1), "what was not paid is no sale"
    assert [each["store_id"] for each in shown["stores"]] == [store.id]
    busy = [each for each in shown["hours"] if each["orders"] or each["before_orders"]]
    assert [(each["hour"], each["orders"], each["before_orders"]) for each in busy] == [(hour, 2, 1)]
    assert (len(shown["hours"]), shown["hours"][0]["hour"]) == (24, 4), "a trading day begins at four"
    floor.later(hours=-2)
    by = floor.at("hq_admin")
    sooner = await floor.done("GET", f"/v1/today?store_id={store.id}&on={now['business_date']}", None, by)
    assert sooner["before"]["orders"] in (0, 1)
    assert sooner["before_whole"]["orders"] == 1
    old = await floor.done("GET", f"/v1/today?store_id={store.id}&on={early['business_date']}", None, by)
    assert (old["runs"], old["now"]["orders"], old["before"]["orders"]) == (False, 1, 0)


async def test_the_day_of_all_stores_is_for_who_may_see_all(floor: Floor) -> None:
    shown = await floor.done("GET", "/v1/today", None, floor.at("hq_admin"))
    assert {floor.store.id, floor.elsewhere.id} <= {each["store_id"] for each in shown["stores"]}
    assert await floor.refuses("GET", "/v1/today", None, floor.at("store_manager")) == "auth.not_allowed"
    assert (
        await floor.refuses("GET", f"/v1/today?store_id={new_id()}", None, floor.at("hq_admin")) == "org.store_unknown"
    )


async def test_members_are_found_by_name_phone_level_and_state(floor: Floor) -> None:
    by, phone = floor.at("hq_admin"), a_number()
    await ask_code(floor, phone)
    id_ = (await phone_login(floor, phone, await sent_code(floor, phone))).json()["member"]["id"]
    name = f"小满 {phone[-6:]}"
    await floor.done("PATCH", "/v1/me", {"nickname": name}, floor.token("member", id_))

    async def search(query: str) -> list[str]:
        return [each["id"] for each in (await floor.done("GET", f"/v1/members?{query}", None, by))["members"]]

    assert await search(f"q={phone}") == [id_], "the whole number"
    assert await search(f"q={phone[:-1]}{(int(phone[-1]) + 1) % 10}") == []
    assert id_ in await search(f"q={phone[-4:]}"), "its end"
    assert await search(f"q={name.upper()}") == [id_]
    assert await search(f"q={id_}") == [id_]
    assert id_ in await search("status=active&level=regular")
    assert id_ not in await search("status=frozen")
    [shown] = (await floor.done("GET", f"/v1/members?q={id_}", None, by))["members"]
    assert phone not in str(shown), "the number is masked"
    newest = await floor.done("GET", "/v1/members?limit=1", None, by)
    assert newest["members"][0]["id"] == id_
    await floor.a_member()
    pages = await floor.done("GET", "/v1/members?limit=1", None, by)
    assert await search(f"limit=1&before={pages['next']}") == [id_]
    oldest = (await floor.done("GET", "/v1/members?sort=joined_at&limit=1", None, by))["members"][0]
    assert oldest["joined_at"] <= shown["joined_at"]


async def test_the_staff_see_a_members_points_and_consents(floor: Floor) -> None:
    by, member = floor.at("hq_admin"), await floor.a_member(points=300)
    shown = await floor.done("GET", f"/v1/members/{member.id}/points", None, by)
    assert (shown["available"], shown["expiring"][0]["points"]) == (300, 300)
    entries = (await floor.done("GET", f"/v1/members/{member.id}/points/history", None, by))["entries"]
    assert [each["available"] for each in entries] == [300]
    held = await floor.done("GET", f"/v1/members/{member.id}/consents", None, by)
    assert {each["purpose"] for each in held if not each["granted"]} >= {"marketing"}
    for path in ("points", "points/history", "consents"):
        assert await floor.refuses("GET", f"/v1/members/{new_id()}/{path}", None, by) == "member.unknown"


async def test_a_refund_is_previewed_under_either_policy(floor: Floor) -> None:
    order = await floor.bought(line("dumplings", 2))
    path, by = f"/v1/orders/{order['id']}/refunds/preview", floor.at("store_manager")
    own = await floor.done("POST", path, {}, by)
    for policy in ("threshold_kept", "threshold_lost"):
        shown = await floor.done("POST", path, {"policy": policy}, by)
        assert shown["amount_fen"] == own["amount_fen"], "without a threshold both give back the same"


async def test_who_may_approve_is_listed_without_oneself(floor: Floor) -> None:
    store = await floor.a_store()
    path = f"/v1/stores/{store.id}/approvers?permission=order.refund"
    names = {each["id"] for each in await floor.done("GET", path, None, floor.at("cashier", store))}
    assert store.staff["store_manager"] in names
    assert store.staff["cashier"] not in names
    own = {each["id"] for each in await floor.done("GET", path, None, floor.at("store_manager", store))}
    assert store.staff["store_manager"] not in own


async def test_the_audit_log_is_searched_by_who_what_and_when(floor: Floor) -> None:
    store, by = await floor.a_store(), floor.at("hq_admin")
    order = await sold(floor, store)
    manager = floor.at("store_manager", store)
    refund = {"id": new_id(), "reason": "洒了一半", "seen_amount_fen": order["due_fen"]}
    await floor.done("POST", f"/v1/orders/{order['id']}/refunds", refund, manager)

    async def search(query: str) -> list[str]:
        return [each["action"] for each in (await floor.done("GET", f"/v1/audit?{query}", None, by))["entries"]]

    assert await search(f"subject=order/{order['id']}") == ["ordering.refunded"]
    assert await search(f"store_id={store.id}&actor_id={store.staff['store_manager']}") == ["ordering.refunded"]
    assert await search(f"store_id={store.id}&action=ordering.") == ["ordering.refunded"]
    assert await search(f"store_id={store.id}&q=洒了") == ["ordering.refunded"]
    assert await search(f"store_id={store.id}&q=_") != []
    assert await search(f"store_id={store.id}&action=order_ng") == [], (
        "what stands for anything in a pattern stands for itself"
    )
    today = order["business_date"]
    assert "ordering.refunded" in await search(f"store_id={store.id}&from_on={today}&to_on={today}")
    assert await search(f"store_id={store.id}&to_on=2020-01-01") == []
    first = await floor.done("GET", "/v1/audit?limit=2", None, by)
    second = await floor.done("GET", f"/v1/audit?limit=2&before={first['next']}", None, by)
    ids = [each["id"] for each in first["entries"] + second["entries"]]
    assert ids == sorted(ids, reverse=True)
    [named] = (await floor.done("GET", f"/v1/audit?subject=order/{order['id']}", None, by))["entries"]
    assert (named["actor_name"] != "", named["reason"], named["facts"]["amount_fen"]) == (
        True,
        "洒了一半",
        order["due_fen"],
    )


async def test_the_chain_is_verified_on_demand(floor: Floor) -> None:
    shown = await floor.done("GET", "/v1/audit/verdict", None, floor.at("hq_admin"))
    kept = await audit.verify(floor.db)
    assert (shown["fault"], shown["rows"], shown["head"]) == (None, kept.rows, kept.head)


@script
def _a_job(due_at: datetime) -> Steps[None]:
    yield [jobs.schedule("test.none", {}, due_at=due_at, once=new_id())]


async def test_the_house_tells_what_waits_and_what_failed(floor: Floor) -> None:
    by = floor.at("hq_admin")
    await sold(floor, floor.store)
    due = floor.now - timedelta(minutes=5)

    await floor.ctx.run(_a_job(due))
    shown = await floor.done("GET", "/v1/house", None, by)
    assert shown["events_waiting"]["n"] > 0
    assert shown["events_waiting"]["since"] is not None
    assert shown["jobs_waiting"]["due"] >= 1
    assert {each["subject"] for each in shown["looks"]} >= {"settings", "database", "clock", "disk"}
    assert all(each["say"] and not each["say"].startswith("doctor.") for each in shown["looks"])
    assert (shown["letters"], shown["failing"], shown["printers"]) == (0, [], [])
    english = await floor.do("GET", "/v1/house", None, by | {"accept-language": "en"})
    assert english.json()["looks"] != shown["looks"]
    person = (await org_kit.a_person(floor, ("auditor", None))).headers
    assert await floor.refuses("GET", "/v1/house", None, person) == "auth.not_allowed"
