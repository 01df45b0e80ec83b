"""The house stands: it answers, and refuses in two languages what it does not know."""

from __future__ import annotations

import asyncio

import pytest

from goodtaste.app import process as house
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db.runner import LeadershipLost
from goodtaste.kernel.telemetry import LEADER
from tests.events_kit import until
from tests.shop import Shop


async def test_it_answers(shop: Shop) -> None:
    answer = await shop.get("/health")
    assert answer.json()["status"] == "ok"
    assert len(answer.headers["x-trace-id"]) == 32


async def test_an_unknown_address_is_a_problem_in_the_callers_language(shop: Shop) -> None:
    answer = await shop.get("/v1/nothing", {"accept-language": "en-GB"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (answer.json()["code"], answer.json()["title"]) == (
        "request.no_such_page",
        "There is nothing at this address",
    )
    assert (await shop.get("/v1/nothing")).json()["title"] == "没有这个地址"


async def test_a_route_lets_nobody_in_who_is_not_signed_in(shop: Shop) -> None:
    assert (await shop.get("/v1/coupon-templates")).json()["code"] == "auth.not_signed_in"
    forged = {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}
    assert (await shop.get("/v1/coupon-templates", forged)).json()["code"] == "auth.not_signed_in"


async def test_a_house_that_lost_the_lead_leads_again_and_stops_when_asked(
    blank: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it led no more for ever: no event was heard and no job run until somebody started it anew."""
    monkeypatch.setattr(house, "LEAD_AGAIN_S", 0.0)
    async with house.running(blank) as process:
        losses, until_lost = [3], process.db.until_lost

        async def lose() -> None:
            losses[0] -= 1
            if losses[0] >= 0:
                raise LeadershipLost("the line to the database was cut")
            await until_lost()

        async def leads() -> bool:
            return losses[0] < 0 and LEADER._value.get() == 1

        monkeypatch.setattr(process.db, "until_lost", lose)
        async with asyncio.timeout(60), house.background(process):
            await until(leads, True)
