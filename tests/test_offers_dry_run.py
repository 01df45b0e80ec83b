"""A dry run: an offer is tried on orders of the past before anybody meets it, and nothing is written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from goodtaste.kernel.ids import new_id
from goodtaste.ordering.dry_run.reckon import DAYPARTS, daypart
from goodtaste.ordering.dry_run.run import Desk
from tests import offers_kit
from tests.shop_kit import Floor, line, the

NOODLES = {"kind": "unit_percent", "off_bp": 5_000, "dish_ids": [the("dish/noodles")]}


async def tried(floor: Floor, offer_id: str, **more: Any) -> Any:
    return await floor.done("POST", f"/v1/offers/{offer_id}/dry-run", {"days": 30} | more, floor.at("hq_admin"))


async def rows_of(floor: Floor) -> list[Any]:
    tables = ("promo_offer", "promo_offer_use", "promo_offer_version", "kernel_audit", "kernel_outbox")
    return [await floor.db.execute(f"SELECT count(*) FROM {each}") for each in tables]


async def test_it_tells_what_an_offer_would_have_cost_and_writes_nothing(floor: Floor) -> None:
    await floor.bought(line("noodles", 2))
    await floor.bought(line("dumplings"))
    member = await floor.a_member()
    await floor.bought(line("noodles"), line("tea"), member=member)
    unpaid = await floor.order(line("noodles", 4))
    await floor.done("POST", f"/v1/orders/{unpaid['id']}/cancel", {"reason": "不要了"}, floor.at("cashier"))
    floor.later(hours=1)
    offer_id = await offers_kit.a_draft(floor, benefit=NOODLES)
    before = await rows_of(floor)
    found = await tried(floor, offer_id)
    assert await rows_of(floor) == before
    assert (found["orders"], found["read"], found["affected"]) == (3, 3, 2)
    assert found["cost_fen"] == found["cost_estimate_fen"] == 2_800 + 1_250, (
        "list price for a guest, member price for a member"
    )
    assert (found["uptake_bp"], found["average_saving_fen"]) == (6_666, 2_025)
    assert found["due_without_fen"] == 5_600 + 1_899 + 2_500 + 333
    assert found["by_store"] == [{"key": floor.store.id, "orders": 3, "affected": 2, "cost_fen": 4_050}]
    assert sum(each["cost_fen"] for each in found["by_daypart"]) == 4_050
    assert found["top_dishes"] == [{"dish_id": the("dish/noodles"), "saved_fen": 4_050}]
    assert len(found["assumes"]) == 6
    assert (await tried(floor, offer_id, store_ids=[floor.elsewhere.id]))["orders"] == 0

    floor.later(days=2)
    assert (await tried(floor, offer_id, days=1))["orders"] == 0

    live = await offers_kit.a_live_offer(floor, benefit=NOODLES | {"off_bp": 4_000})
    beside = await tried(floor, offer_id)
    assert beside["cost_fen"] == 4_050 - 3_240, "beside what is live it costs the difference"
    assert (await tried(floor, live))["cost_fen"] == 3_240, "an offer that is live is tried against a house without it"
    await offers_kit.stop(floor, live)


async def test_a_draft_is_tried_as_though_it_were_valid_then(floor: Floor) -> None:
    begins = floor.now + timedelta(days=30)
    day = begins.date().isoformat()
    offer = {"valid_from_at": begins.isoformat(), "conditions": {"dates": [{"from_on": day, "to_on": day}]}}
    offer_id = await offers_kit.a_draft(floor, benefit=NOODLES, offer=offer)
    await floor.bought(line("noodles"))
    floor.later(minutes=1)
    assert (await tried(floor, offer_id, days=1))["cost_fen"] == 1_400


async def test_of_many_orders_a_sample_is_taken_and_said(floor: Floor) -> None:
    offer_id = await offers_kit.a_draft(floor, benefit=NOODLES)
    first, again = [await tried(floor, offer_id, orders_max=1) for _ in range(2)]
    assert first == again, "the same orders each time"
    assert first["orders"] > 1
    assert first["read"] <= first["orders"]
    assert first["cost_estimate_fen"] == first["cost_fen"] * first["orders"] // max(1, first["read"])
    assert "抽样" in first["assumes"][-1]


async def test_one_at_a_time_and_no_offer_or_store_that_there_is_not(floor: Floor) -> None:
    admin, offer_id = floor.at("hq_admin"), await offers_kit.a_draft(floor)
    path = f"/v1/offers/{offer_id}/dry-run"
    async with floor.process.part(Desk).taken:
        assert await floor.refuses("POST", path, {}, admin) == "ordering.dry_run_busy"
    assert await floor.refuses("POST", path, {"store_ids": [new_id()]}, admin) == "org.store_unknown"
    assert await floor.refuses("POST", path, {"version": 9}, admin) == "promo.offer_unknown"
    assert await floor.refuses("POST", f"/v1/offers/{new_id()}/dry-run", {}, admin) == "promo.offer_unknown"
    assert await floor.refuses("POST", path, {"days": 93}, admin) == "request.malformed"


CLOCKS = {
    **{
        "00:00": "night",
        "04:59": "night",
        "05:00": "morning",
        "10:29": "morning",
        "10:30": "lunch",
        "14:00": "afternoon",
    },
    **{"16:59": "afternoon", "17:00": "dinner", "21:29": "dinner", "21:30": "night"},
}


def test_a_part_of_the_day_begins_on_its_minute() -> None:
    for clock, name in CLOCKS.items():
        at = datetime.fromisoformat(f"2026-11-22T{clock}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        assert daypart(at) == name
    assert {*CLOCKS.values()} == {name for name, _ in DAYPARTS}
