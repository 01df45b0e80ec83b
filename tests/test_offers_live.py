"""Live offers: what each process shows and a diner reads, what a cart can have, and how a stop reaches everybody."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result

from goodtaste.app.cli import main
from goodtaste.app.process import running
from goodtaste.app.web import asgi_app
from goodtaste.kernel import snapshot
from goodtaste.kernel.ids import new_id
from goodtaste.promo import api as promo
from goodtaste.promo.offers.uses import Room
from goodtaste.promo.offers.words import rate
from tests import offers_kit
from tests.member_kit import eventually
from tests.offers_kit import terms, use
from tests.shop import at_once
from tests.shop_kit import Floor, line, the

SHOWN_WITHIN_S = 10


async def test_a_stop_reaches_another_process_which_takes_no_order_meanwhile(floor: Floor) -> None:
    offer_id = await offers_kit.a_live_offer(floor)
    async with running(floor.process.settings, clock=floor.hands) as other:
        assert snapshot.CHECK_S < SHOWN_WITHIN_S / 10, "each process looks this often"
        assert offer_id in [each.id for each in other.see(promo.LiveOffers).offers]
        await offers_kit.stop(floor, offer_id)
        [stale] = [each for each in other.see(promo.LiveOffers).offers if each.id == offer_id]
        assert await at_once(1, lambda _: use(floor, offer_id, version=stale.version)) == ["promo.offer_gone"]
        await other.snapshots.refresh()
        assert offer_id not in [each.id for each in other.see(promo.LiveOffers).offers]
        await offers_kit.publish(floor, offer_id, 1)
        await floor.done("POST", "/v1/offer-switch", {"halted": True, "reason": "停"}, floor.at("hq_admin"))
        await other.snapshots.refresh()
        assert other.see(promo.LiveOffers).offers == ()
        await floor.done("POST", "/v1/offer-switch", {"halted": False, "reason": "开"}, floor.at("hq_admin"))
        await other.snapshots.refresh()
        assert offer_id in [each.id for each in other.see(promo.LiveOffers).offers]


async def test_a_stopped_offer_is_off_every_quote_of_another_house_within_ten_seconds(floor: Floor) -> None:
    """Two houses stand on one database; each looks at the counters by itself, and nobody tells the other one anything."""
    cart = {"store_id": floor.store.id, "channel": "counter", "lines": [line("banquet")]}
    async with running(floor.process.settings, clock=floor.hands) as other:
        transport = httpx.ASGITransport(asgi_app(other), raise_app_exceptions=False)
        fresh = asyncio.create_task(other.snapshots.keep_fresh())
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://other") as there:

                async def applies() -> bool:
                    priced = (await there.post("/v1/quotes", json=cart)).json()["priced"]
                    return offer_id in {each.get("offer_id") for each in priced["reasons"]}

                for switch in ("stop", "halt"):
                    offer_id = await offers_kit.a_live_offer(floor)
                    await eventually(applies, True, within_s=SHOWN_WITHIN_S)
                    begun = time.monotonic()
                    if switch == "stop":
                        await offers_kit.stop(floor, offer_id)
                    else:
                        await floor.done(
                            "POST", "/v1/offer-switch", {"halted": True, "reason": "停"}, floor.at("hq_admin")
                        )
                    await eventually(applies, False, within_s=SHOWN_WITHIN_S)
                    assert time.monotonic() - begun < SHOWN_WITHIN_S
                await floor.done("POST", "/v1/offer-switch", {"halted": False, "reason": "开"}, floor.at("hq_admin"))
                await offers_kit.stop(floor, offer_id)
        finally:
            fresh.cancel()


async def test_a_store_has_its_own_offers_and_those_of_all_while_they_are_valid(floor: Floor) -> None:
    here = await offers_kit.a_live_offer(floor, offer={"conditions": {"store_ids": [floor.store.id]}})
    there = await offers_kit.a_live_offer(floor, offer={"conditions": {"store_ids": [floor.elsewhere.id]}})
    begins = floor.now.replace(year=floor.now.year + 1)
    later = await offers_kit.a_live_offer(floor, offer={"valid_from_at": begins.isoformat()})
    live = floor.process.see(promo.LiveOffers)
    ids = {each.id for each in live.at(floor.store.id, at=floor.now)}
    assert here in ids
    assert ids.isdisjoint({there, later})
    assert later in {each.id for each in live.at(floor.store.id, at=begins)}


def an_offer(offer_id: str, **more: Any) -> promo.LiveOffer:
    asked = terms(offer_id, offer={"conditions": {"members_only": True}}, **more)
    return promo.LiveOffer(offer_id, 3, msgspec.convert(asked, promo.Terms))


def test_a_hand_leaves_out_what_is_spent_or_was_had_and_says_why() -> None:
    free, spent, full, own = (new_id() for _ in range(4))
    member, order = new_id(), new_id()
    live = [
        an_offer(free),
        an_offer(spent, budget_fen=1_000),
        an_offer(full, limit_each=1),
        an_offer(own, budget_count=1, limit_each=1),
    ]
    assert len(promo.offer_queries(live, member_id=member)) == 2
    assert len(promo.offer_queries(live, member_id=None)) == 1
    assert promo.offer_queries(live[:1], member_id=member) == []
    used = promo.Used(order, own, 3, member, 1, 700)
    answers: list[list[Any]] = [
        [Room(spent, 1, 1_000, None, 1_000), Room(own, 1, 700, 1, None)],
        [promo.Used(new_id(), full, 3, member, 1, 500), used],
    ]
    hand = promo.hand_of(live, answers, own=[used], order_id=order)
    assert [each.id for each in hand.offers] == [free, own], "an order does not stand in its own way"
    assert [(each.offer_id, each.code) for each in hand.out] == [(spent, "budget_spent"), (full, "limit_reached")]
    fresh = promo.hand_of(live, answers)
    assert [each.id for each in fresh.offers] == [free]
    assert hand.uses({own: 300}) == [promo.OfferUse(own, 3, 300, 1)]


def test_an_offer_that_saves_more_than_is_left_is_left_out() -> None:
    tight = new_id()
    hand = promo.hand_of([an_offer(tight, budget_fen=1_000)], [[Room(tight, 1, 400, None, 1_000)]])
    assert hand.too_dear({tight: 600}) == frozenset()
    assert hand.too_dear({tight: 601}) == {tight}
    assert hand.without(frozenset({tight})).out == (promo.Out(tight, "budget_spent"),)


@pytest.mark.parametrize(
    "off_bp,zh,en", [(2_000, "8", "20"), (5_000, "5", "50"), (1_500, "8.5", "15"), (1_250, "8.75", "12.5")]
)
def test_a_rate_is_said_as_people_say_it(off_bp: int, zh: str, en: str) -> None:
    assert (rate(off_bp, "zh-CN"), rate(off_bp, "en")) == (zh, en)


TEA, NOODLES = the("dish/tea"), the("dish/noodles")
SAID: list[tuple[dict[str, Any], list[str], list[str]]] = [
    (
        {"benefit": {"kind": "nth_item", "n": 2, "off_bp": 5_000, "dish_ids": [TEA]}},
        ["tea第 2 份 5 折"],
        ["50% off every piece number 2 of tea"],
    ),
    (
        {"benefit": {"kind": "percent_off", "off_bp": 1_200, "cap_fen": 2_000, "threshold_fen": 5_000}},
        ["全部菜品 8.8 折", "满 ¥50.00 可用", "最多减 ¥20.00"],
        ["12% off every dish", "from ¥50.00 on", "¥20.00 at most"],
    ),
    (
        {"benefit": {"kind": "buy_get", "buy": 2, "get": 1, "dish_ids": [NOODLES], "get_dish_ids": [TEA]}},
        ["noodles买 2 份，送tea 1 份"],
        ["buy 2 of noodles, get 1 of tea free"],
    ),
    (
        {
            "benefit": {
                "kind": "bundle",
                "parts": [{"dish_ids": [NOODLES]}, {"dish_ids": [TEA], "qty": 2}],
                "price_fen": 3_000,
            }
        },
        ["noodles×1、tea×2 一起 ¥30.00"],
        ["noodles×1, tea×2 together for ¥30.00"],
    ),
    (
        {"benefit": {"kind": "cheapest_free", "of": 3}},
        ["全部菜品满 3 份，最便宜的 1 份免费"],
        ["the 1 cheapest of 3 pieces of every dish free"],
    ),
    (
        {"benefit": {"kind": "unit_price", "dish_ids": [TEA], "price_fen": 100}},
        ["tea每份 ¥1.00"],
        ["tea at ¥1.00 each"],
    ),
    ({"benefit": {"kind": "unit_percent", "off_bp": 1_000}}, ["全部菜品 9 折"], ["10% off every dish"]),
    (
        {"benefit": {"kind": "gift", "sku_id": the("sku/tea"), "name": "茶", "name_en": "tea"}},
        ["送茶 1 份"],
        ["1 tea as a gift"],
    ),
    ({"benefit": {"kind": "free_delivery"}}, ["免配送费"], ["free delivery"]),
]


@pytest.mark.parametrize("more,zh,en", SAID)
async def test_a_diner_reads_what_an_offer_gives(
    floor: Floor, more: dict[str, Any], zh: list[str], en: list[str]
) -> None:
    offer_id = await offers_kit.a_live_offer(floor, **more)
    for language, wanted in (("zh-CN", zh), ("en", en)):
        headers = {"accept-language": language}
        found = await floor.done("GET", f"/v1/stores/{floor.store.id}/offers", None, headers)
        assert [each["gives"] for each in found if each["id"] == offer_id] == [wanted]
    await offers_kit.stop(floor, offer_id)


async def test_a_diner_reads_when_and_for_whom_and_nothing_of_segments(floor: Floor) -> None:
    conditions = {
        "weekdays": [3],
        "dayparts": [{"from_minute": 1_020, "to_minute": 1_260}],
        "levels": ["gold"],
        "birthday": {"days_before": 3, "days_after": 3},
        "party_min": 4,
        "channels": ["counter", "web"],
    }
    offer_id = await offers_kit.a_live_offer(floor, offer={"conditions": conditions, "name_en": "Member day"})
    secret = await offers_kit.a_live_offer(floor, offer={"conditions": {"segment_ids": ["sleepers"]}})
    path = f"/v1/stores/{floor.store.id}/offers"
    found = {each["id"]: each for each in await floor.done("GET", path, None, {"accept-language": "zh-CN"})}
    assert secret not in found
    assert found[offer_id]["conditions"] == [
        *("黄金会员专享", "生日前 3 天至后 3 天", "4 人及以上", "限柜台、网页", "每周三", "17:00–21:00 可用")
    ]
    english = {each["id"]: each for each in await floor.done("GET", path, None, {"accept-language": "en"})}
    assert english[offer_id]["name"] == "Member day"
    assert english[offer_id]["conditions"][-2:] == ["every Wednesday", "at 17:00–21:00"]


async def test_offers_are_saved_listed_stopped_and_halted_from_a_terminal(floor: Floor, tmp_path: Path) -> None:
    settings = floor.process.settings
    env = {
        "GOODTASTE_DATABASE": settings.database_url,
        "GOODTASTE_DATA_DIR": settings.data_dir,
        "GOODTASTE_SECRET_KEY": settings.secret_key,
        "GOODTASTE_LANGUAGE": "en",
    }

    async def typed(*words: str) -> Result:
        done = await asyncio.to_thread(CliRunner().invoke, main, ["offers", *words], env=env)
        assert isinstance(done, Result)
        return done

    offer_id = await offers_kit.a_live_offer(floor)
    assert offer_id in (await typed("list", "--state", "live")).output
    assert "halted" in (await typed("halt", "--reason", "test")).output
    assert await at_once(1, lambda _: use(floor, offer_id)) == ["promo.offer_gone"]
    assert "on again" in (await typed("halt", "--lift", "--reason", "test")).output
    await use(floor, offer_id)
    assert (await typed("stop", offer_id, "--reason", "test")).exit_code == 0
    assert await at_once(1, lambda _: use(floor, offer_id)) == ["promo.offer_gone"]
    assert "0 orders in the period" in (await typed("dry-run", offer_id, "--days", "1")).output
    assert (await typed("stop", "x", "--reason", "test")).exit_code == 1
    draft, file = offers_kit.terms(), tmp_path / "offer.json"
    file.write_bytes(msgspec.json.encode(draft))
    assert "as version 1" in (await typed("save", str(file))).output
    assert "as version 1" in (await typed("save", str(file))).output  # the same again
    file.write_bytes(msgspec.json.encode(draft | {"budget_count": 5}))
    assert (await typed("save", str(file))).exit_code == 1  # another content
    assert "as version 2" in (await typed("save", str(file), "--over", "1")).output
    assert (await typed("publish", draft["offer"]["id"], "--version", "2")).exit_code == 0
    assert draft["offer"]["id"] in (await typed("list", "--state", "live")).output
    wrong = offers_kit.terms(benefit={"kind": "percent_off", "off_bp": 12_000})
    file.write_bytes(msgspec.json.encode(wrong))
    assert "12000 is not between 1 and 10000" in " ".join((await typed("save", str(file))).output.split())
    file.write_text('{"offer": 1}')
    assert "does not fit: $.offer" in " ".join((await typed("save", str(file))).output.split())
    await floor.ctx.refresh()
