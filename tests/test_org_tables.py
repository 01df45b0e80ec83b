"""Areas and tables: made one by one or many at once, named once in a store, found by a code that nobody guesses."""

from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.kernel.secrets import ALPHABET
from goodtaste.org import api as org
from goodtaste.org.dining import TABLES_MAX
from tests.org_kit import Headers, a_person, a_store, actions_on, an_admin, code_of, send
from tests.shop import Shop, at_once


async def a_manager(shop: Shop) -> tuple[str, Headers]:
    store_id = await a_store(shop)
    return store_id, (await a_person(shop, ("store_manager", store_id))).headers


async def an_area(shop: Shop, store_id: str, headers: Headers, name: str = "大厅") -> str:
    made = await shop.post(f"/v1/stores/{store_id}/areas", {"id": new_id(), "name": name}, headers)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def tables(area_id: str, labels: str, **changes: Any) -> dict[str, Any]:
    return {"id": new_id(), "area_id": area_id, "labels": labels, "seats": 4} | changes


async def test_twelve_tables_are_made_with_one_command_once(shop: Shop) -> None:
    store_id, manager = await a_manager(shop)
    asked = tables(await an_area(shop, store_id, manager), "A1..A12")
    made = await shop.post(f"/v1/stores/{store_id}/tables", asked, manager)
    assert sorted(t["label"] for t in made.json()) == sorted(f"A{n}" for n in range(1, 13))
    assert (await shop.post(f"/v1/stores/{store_id}/tables", asked, manager)).json() == made.json()
    other = await shop.post(f"/v1/stores/{store_id}/tables", asked | {"seats": 2}, manager)
    assert code_of(other) == "request.id_taken"
    codes = {t["code"] for t in made.json()}
    assert len(codes) == 12
    assert all(len(code) == 16 and set(code) <= set(ALPHABET) for code in codes)
    listed = (await shop.get(f"/v1/stores/{store_id}/tables", manager)).json()
    assert sorted(t["id"] for t in listed) == [t["id"] for t in made.json()]
    assert await actions_on(shop, f"area/{asked['area_id']}") == ["org.area_made", "org.tables_made"]


async def test_the_code_on_a_table_leads_to_it_until_the_table_is_switched_off(shop: Shop) -> None:
    store_id, manager = await a_manager(shop)
    area_id = await an_area(shop, store_id, manager, "露台")
    [table] = (await shop.post(f"/v1/stores/{store_id}/tables", tables(area_id, "T1"), manager)).json()
    found = (await shop.get(f"/v1/tables/{table['code']}")).json()
    assert (found["table_id"], found["store_id"], found["label"], found["area"]) == (
        table["id"],
        store_id,
        "T1",
        "露台",
    )
    assert (found["seats"], found["store_name"], found["store_open_now"]) == (4, "南京西路店", True)

    path = f"/v1/stores/{store_id}/tables/{table['id']}"
    details = {"area_id": area_id, "label": "T1A", "seats": 6, "active": True}
    assert (await send(shop, "PUT", path, details, manager)).json()["code"] == table["code"]
    assert (await shop.get(f"/v1/tables/{table['code']}")).json()["label"] == "T1A"
    off = await send(shop, "PUT", path, details | {"active": False}, manager)
    assert (off.json()["active"], off.json()["code"]) == (False, table["code"])
    assert code_of(await shop.get(f"/v1/tables/{table['code']}")) == "org.table_unknown"
    assert code_of(await shop.get("/v1/tables/AAAABBBBCCCCDDDD")) == "org.table_unknown"
    assert code_of(await shop.get(f"/v1/tables/{table['id']}")) == "org.table_unknown"
    await send(shop, "PUT", path, details | {"active": False}, manager)
    assert await actions_on(shop, f"table/{table['id']}") == ["org.table_changed", "org.table_changed"]


async def test_a_label_and_an_area_name_belong_to_one_in_a_store(shop: Shop) -> None:
    store_id, manager = await a_manager(shop)
    area_id = await an_area(shop, store_id, manager)
    await shop.post(f"/v1/stores/{store_id}/tables", tables(area_id, "A1..A3"), manager)
    taken = await shop.post(f"/v1/stores/{store_id}/tables", tables(area_id, "A3..A5"), manager)
    assert (code_of(taken), taken.json()["facts"]) == ("org.table_label_taken", {"label": "A3"})
    listed = (await shop.get(f"/v1/stores/{store_id}/tables", manager)).json()
    assert [t["label"] for t in listed] == ["A1", "A2", "A3"]
    rename = {"area_id": area_id, "label": "A2", "seats": 4, "active": True}
    path = f"/v1/stores/{store_id}/tables/{listed[0]['id']}"
    assert code_of(await send(shop, "PUT", path, rename, manager)) == "org.table_label_taken"

    twice = await shop.post(f"/v1/stores/{store_id}/areas", {"id": new_id(), "name": "大厅"}, manager)
    assert code_of(twice) == "org.area_name_taken"
    terrace = await an_area(shop, store_id, manager, "露台")
    renamed = await send(shop, "PUT", f"/v1/stores/{store_id}/areas/{terrace}", {"name": "花园"}, manager)
    assert renamed.json()["name"] == "花园"
    to_hall = await send(shop, "PUT", f"/v1/stores/{store_id}/areas/{terrace}", {"name": "大厅"}, manager)
    assert code_of(to_hall) == "org.area_name_taken"
    assert [a["name"] for a in (await shop.get(f"/v1/stores/{store_id}/areas", manager)).json()] == ["大厅", "花园"]


async def test_an_area_is_made_once_and_its_id_is_not_for_another(shop: Shop) -> None:
    store_id, manager = await a_manager(shop)
    asked = {"id": new_id(), "name": "大厅"}
    first = await shop.post(f"/v1/stores/{store_id}/areas", asked, manager)
    assert (await shop.post(f"/v1/stores/{store_id}/areas", asked, manager)).json() == first.json()
    other = await shop.post(f"/v1/stores/{store_id}/areas", asked | {"name": "包厢"}, manager)
    assert code_of(other) == "request.id_taken"


@pytest.mark.parametrize("labels", ["A5..A1", "A1..A1000", "A1,A1", "A1..", "x" * 17])
async def test_labels_that_cannot_be_read_make_no_table(shop: Shop, labels: str) -> None:
    store_id, manager = await a_manager(shop)
    asked = tables(await an_area(shop, store_id, manager), labels)
    answer = await shop.post(f"/v1/stores/{store_id}/tables", asked, manager)
    assert (answer.status_code, code_of(answer)) == (422, "org.bad_labels")


@pytest.mark.parametrize(
    "change", [{"seats": 0}, {"seats": 61}, {"seats": 1.5}, {"seats": "four"}, {"labels": ""}, {"code": "MINE"}]
)
async def test_a_table_that_cannot_be_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    store_id, manager = await a_manager(shop)
    asked = tables(await an_area(shop, store_id, manager), "A1") | change
    assert code_of(await shop.post(f"/v1/stores/{store_id}/tables", asked, manager)) == "request.malformed"


async def test_nothing_of_one_store_is_touched_by_the_manager_of_another(shop: Shop) -> None:
    (mine, manager), (theirs, other) = await a_manager(shop), await a_manager(shop)
    their_area = await an_area(shop, theirs, other)
    [table] = (await shop.post(f"/v1/stores/{theirs}/tables", tables(their_area, "A1"), other)).json()
    details = {"area_id": their_area, "label": "B1", "seats": 1, "active": False}
    for method, path, body in (
        ("POST", f"/v1/stores/{theirs}/areas", {"id": new_id(), "name": "我的"}),
        ("PUT", f"/v1/stores/{theirs}/areas/{their_area}", {"name": "我的"}),
        ("POST", f"/v1/stores/{theirs}/tables", tables(their_area, "B1")),
        ("PUT", f"/v1/stores/{theirs}/tables/{table['id']}", details),
        ("GET", f"/v1/stores/{theirs}/tables", None),
        ("GET", f"/v1/stores/{theirs}/areas", None),
    ):
        assert code_of(await send(shop, method, path, body, manager)) == "auth.not_allowed", path
    # and not by naming them under one's own store
    smuggled = await send(shop, "PUT", f"/v1/stores/{mine}/tables/{table['id']}", details, manager)
    assert code_of(smuggled) == "org.table_unknown"
    assert (
        code_of(await send(shop, "PUT", f"/v1/stores/{mine}/areas/{their_area}", {"name": "x"}, manager))
        == "org.area_unknown"
    )
    assert (
        code_of(await shop.post(f"/v1/stores/{mine}/tables", tables(their_area, "B1"), manager)) == "org.area_unknown"
    )
    assert (await shop.get(f"/v1/tables/{table['code']}")).json()["label"] == "A1"


async def test_a_waiter_sees_the_tables_and_changes_none(shop: Shop) -> None:
    store_id = await a_store(shop)
    waiter = (await a_person(shop, ("waiter", store_id))).headers
    assert (await shop.get(f"/v1/stores/{store_id}/tables", waiter)).json() == []
    made = await shop.post(f"/v1/stores/{store_id}/areas", {"id": new_id(), "name": "大厅"}, waiter)
    assert code_of(made) == "auth.not_allowed"


async def test_one_label_is_given_once_whatever_races(shop: Shop) -> None:
    store_id, manager = await a_manager(shop)
    area_id, ctx = await an_area(shop, store_id, manager), shop.process.context()

    async def make(_: int) -> str:
        asked = org.NewTables(id=new_id(), area_id=area_id, labels="A1..A3", seats=2)
        await ctx.run(org.make_tables(store_id, asked, actor=ctx.actor, at=ctx.now))
        return "made"

    outcomes = await at_once(16, make)
    assert (outcomes.count("made"), outcomes.count("org.table_label_taken")) == (1, 15)
    assert len((await shop.get(f"/v1/stores/{store_id}/tables", manager)).json()) == 3


async def test_a_store_has_so_many_tables_and_no_more(shop: Shop) -> None:
    store_id, manager = await a_manager(shop)
    area_id = await an_area(shop, store_id, manager)
    for row in "ABCDE":
        made = await shop.post(f"/v1/stores/{store_id}/tables", tables(area_id, f"{row}1..{row}100"), manager)
        assert made.status_code == 201
    more = await shop.post(f"/v1/stores/{store_id}/tables", tables(area_id, "F1"), manager)
    assert (code_of(more), more.json()["facts"]) == ("org.too_many_places", {"limit": TABLES_MAX})


async def test_tables_of_a_store_that_is_none_are_refused(shop: Shop) -> None:
    admin = (await an_admin(shop)).headers
    area = await shop.post(f"/v1/stores/{new_id()}/areas", {"id": new_id(), "name": "大厅"}, admin)
    assert code_of(area) == "org.store_unknown"
    made = await shop.post(f"/v1/stores/{new_id()}/tables", tables(new_id(), "A1"), admin)
    assert code_of(made) == "org.area_unknown"
