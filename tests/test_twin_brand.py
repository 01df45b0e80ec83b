"""The demo brand: seeded once, completed where it was left half-made, and as its files say."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.kernel import audit
from goodtaste.kernel.config import Settings
from goodtaste.kernel.ids import new_id
from goodtaste.member.rules import Program
from goodtaste.promo import api as promo
from goodtaste.twin import brand, data
from tests import member_kit, org_kit
from tests.events_kit import until
from tests.ledger_kit import broken_proofs
from tests.shop import Shop, open_shop

COUNTED = (
    "org_store", "org_table", "org_area", "org_staff", "org_staff_role", "kernel_made", "promo_template", "promo_coupon", "promo_offer",
    "member_member", "kernel_session", "ledger_txn", "kernel_audit", "kernel_outbox",
)  # fmt: skip


async def counts(shop: Shop) -> dict[str, int]:
    return {table: (await shop.db.execute(f"SELECT count(*) FROM {table}"))[0][0] for table in COUNTED}


async def untold(shop: Shop) -> int:
    return (await counts(shop))["kernel_outbox"]


async def test_a_second_seed_changes_nothing(demo: Shop) -> None:
    await until(lambda: untold(demo), 0)
    before = await counts(demo)
    assert not await brand.seed(demo.process)
    assert await counts(demo) == before


async def test_a_seed_that_stopped_half_way_is_completed(blank: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = promo.make
    done: list[Any] = []

    def stops_at_the_third(*args: Any, **kwargs: Any) -> Any:
        done.append(args)
        if len(done) == 3:
            raise ConnectionError("the power went off")
        return made(*args, **kwargs)

    async with open_shop(blank) as shop:
        with monkeypatch.context() as power:
            power.setattr(promo, "make", stops_at_the_third)
            with pytest.raises(ConnectionError):
                await brand.seed(shop.process)
        half = await counts(shop)
        assert half["promo_template"] == 2
        assert await brand.seed(shop.process)
        whole = await counts(shop)
    told = data.brand()
    assert {name: whole[name] for name in ("org_store", "org_staff", "kernel_made", "org_staff_role")} == {
        name: half[name] for name in ("org_store", "org_staff", "kernel_made", "org_staff_role")
    }
    assert (whole["promo_template"], whole["member_member"]) == (len(told.templates), len(told.members))


async def test_a_house_with_a_brand_of_its_own_is_left_alone(blank: Settings) -> None:
    async with open_shop(blank) as shop:
        await org_kit.name(shop, "老地方", "The Usual")
        assert not await brand.seed(shop.process)
        assert (await counts(shop))["org_store"] == 0


async def test_five_stores_are_shown_with_places_hours_and_tables(demo: Shop) -> None:
    stores = (await demo.get("/v1/stores")).json()
    assert [each["code"] for each in stores] == ["HW-01", "HW-02", "HW-03", "HW-04", "HW-05"]
    assert all(
        each["open"] and each["latitude_e6"] and each["hours"] and each["address"] and each["address_en"]
        for each in stores
    )
    assert (await demo.get("/v1/brand")).json()["name"] == "好味"
    near = (await demo.get("/v1/stores?latitude=31.2&longitude=121.3")).json()
    assert near[0]["name"] == "虹桥店"
    assert (await counts(demo))["org_table"] > 50


async def test_every_sign_in_that_is_shown_opens_the_house(demo: Shop) -> None:
    shown = {each.login: each for each in brand.sign_ins()}
    for login in ("admin", "marketer", "manager01", "cashier05", "kitchen03"):
        answer = await org_kit.sign_in(demo, login, shown[login].password)
        assert answer.status_code == 200, answer.text
        assert answer.json()["who"]["roles"][0]["role"] == shown[login].role
    store_id = data.id_of("store", "HW-02")
    till = await org_kit.a_terminal(demo, store_id)
    for login in ("cashier02", "manager02", "admin"):
        asked = {"staff_id": shown[login].staff_id, "pin": shown[login].pin}
        assert (await demo.post("/v1/terminals/pin-sign-in", asked, till.headers)).status_code == 200


def test_no_two_people_of_a_store_have_the_same_pin() -> None:
    pins = [(each.store, each.pin) for each in brand.sign_ins() if each.pin]
    assert len(set(pins)) == len(pins)


async def test_its_members_sign_in_by_phone_and_have_points_and_coupons(demo: Shop) -> None:
    await member_kit.ask_code(demo, "13900000001")
    signed_in = await member_kit.phone_login(demo, "13900000001", await member_kit.sent_code(demo, "13900000001"))
    assert not signed_in.json()["is_new"]
    headers = org_kit.bearer(signed_in.json()["tokens"]["access_token"])
    assert (await demo.get("/v1/me/points", headers)).json()["available"] == 480

    async def coupons() -> int:
        return len((await demo.get("/v1/me/coupons", headers)).json())

    await member_kit.eventually(coupons, 2)


async def test_its_stores_cook_at_stations_and_print_without_a_printer(demo: Shop) -> None:
    store_id = data.id_of("store", "HW-05")
    till = await org_kit.a_terminal(demo, store_id)
    cashier = next(each for each in brand.sign_ins() if each.login == "cashier05")
    by_pin = {"staff_id": cashier.staff_id, "pin": cashier.pin}
    signed_in = (await demo.post("/v1/terminals/pin-sign-in", by_pin, till.headers)).json()
    headers = org_kit.bearer(signed_in["tokens"]["access_token"])
    lines = [{"sku_id": data.id_of("sku", code), "qty": 1} for code in ("hongshaorou", "doujiang-1")]
    asked = {"store_id": store_id, "channel": "counter", "lines": lines}
    due = (await demo.post("/v1/quotes", asked, headers)).json()["priced"]["due_fen"]
    cash = {"payment_id": new_id(), "tendered_fen": due}
    more = {"id": new_id(), "kind": "counter", "seen_due_fen": due, "cash": cash}
    placed = await demo.post("/v1/orders", asked | more, headers)
    assert placed.status_code == 201, placed.text
    kitchen = (await demo.get(f"/v1/stores/{store_id}/kitchen/plan", headers)).json()
    stations = {each["id"]: each["name"] for each in kitchen["stations"]}
    assert set(stations.values()) == {each.name for each in data.brand().stations}
    named = {each["id"]: each["name"] for each in (await demo.get(f"/v1/stores/{store_id}/printers", headers)).json()}

    async def printed() -> set[tuple[str, ...]]:
        jobs = (await demo.get(f"/v1/stores/{store_id}/print-jobs?show=all", headers)).json()["jobs"]
        return {
            (named[each["printer_id"]], each["purpose"], stations.get(each["station"], ""), each["state"])
            for each in jobs
        }

    await member_kit.eventually(
        printed,
        {
            ("前台", "receipt", "", "confirmed"),
            ("前台", "pickup", "", "confirmed"),
            ("后厨", "kitchen", "炒锅", "confirmed"),
            ("水吧", "kitchen", "水吧", "confirmed"),
            ("标签", "label", "", "confirmed"),
        },
    )


async def test_the_books_hold_and_the_audit_log_knows_it_all(demo: Shop) -> None:
    assert await broken_proofs(demo) == {}
    verdict = await audit.verify(demo.db)
    assert verdict.fault is None
    assert verdict.rows > 100


async def test_the_offers_and_paid_memberships_of_the_brief_are_live_and_new_members_are_welcomed(demo: Shop) -> None:
    found = await demo.db.query(promo.offers_page(state="live", before="", limit=10, at=demo.now))
    assert {each.terms.offer.name_en for each in found.offers} == {each.name_en for each in data.brand().offers}
    store_id = data.id_of("store", "HW-05")
    told = (await demo.get(f"/v1/stores/{store_id}/offers", {"accept-language": "en"})).json()
    assert {each["name"] for each in told} == {each.name_en for each in data.brand().offers}
    plans = (await demo.get("/v1/subscription-plans")).json()
    assert {(each["name"], each["price_fen"]) for each in plans} == {("基础会员", 2_990), ("尊享会员", 9_990)}
    assert demo.process.see(Program).favourite_bp == 1_000
    member = await member_kit.a_member(demo)

    async def welcomed() -> list[str]:
        return [each["name"] for each in (await demo.get("/v1/me/coupons", member[1])).json()]

    await member_kit.eventually(welcomed, ["新人礼：满 50 减 20"])
