"""A price is explained to the head office for any moment and any member, before and after an offer holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests import offers_kit
from tests.shop_kit import Floor, line


def said(found: Any) -> str:
    """Return all words of a price in one text."""
    rows = [found["said"]]
    words = []
    while rows:
        row = rows.pop()
        words += [row["say"], row.get("do", "")]
        rows += row.get("rows", [])
    return " ".join(words)


async def explained(floor: Floor, *lines: Any, by: str = "hq_admin", **more: Any) -> Any:
    asked = {"store_id": floor.store.id, "channel": "counter", "lines": list(lines)} | more
    return await floor.done("POST", "/v1/price-explanations", asked, floor.at(by))


async def test_it_says_what_applies_at_a_moment_and_what_the_rest_lacks(floor: Floor) -> None:
    local = floor.now.astimezone(ZoneInfo("Asia/Shanghai"))
    offer = {"conditions": {"weekdays": [(local + timedelta(days=1)).isoweekday()]}}
    offer_id = await offers_kit.a_live_offer(floor, offer=offer)
    await floor.ctx.refresh()
    today = await explained(floor, line("noodles", 2))
    assert (today["priced"]["due_fen"], today["priced"]["why_not"][0]["code"]) == (5_600, "other_weekday")
    tomorrow = (local + timedelta(days=1)).isoformat()
    then = await explained(floor, line("noodles", 2), at=tomorrow)
    assert (then["priced"]["due_fen"], datetime.fromisoformat(then["at"])) == (4_600, local + timedelta(days=1))
    assert "满50减10" in said(then)
    short = await explained(floor, line("noodles"), at=tomorrow)
    assert "22" in said(short), "50 yuan are asked for, 28 are there"
    await offers_kit.stop(floor, offer_id)
    await floor.ctx.refresh()


async def test_for_a_member_it_takes_who_may_see_members(floor: Floor) -> None:
    member = await floor.a_member()
    assert (await explained(floor, line("noodles")))["priced"]["due_fen"] == 2_800
    assert (await explained(floor, line("noodles"), member_id=member.id))["priced"]["due_fen"] == 2_500
    asked = {"store_id": floor.store.id, "channel": "counter", "lines": [line("noodles")]}
    refused = await floor.do("POST", "/v1/price-explanations", asked, floor.at("cashier"))
    assert refused.status_code == 403
    wrong = await floor.do(
        "POST", "/v1/price-explanations", asked | {"at": "1900-01-01T00:00:00Z"}, floor.at("hq_admin")
    )
    assert (wrong.status_code, wrong.json()["code"]) == (400, "request.malformed")
