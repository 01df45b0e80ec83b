"""Codes by the thousand and coupons for a crowd: each once, within the budgets, whatever stops the work on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.promo import rules
from goodtaste.promo.bulk import campaigns, codes
from tests.shop_kit import Floor, Member, all_at_once, spread

BATCHES, CAMPAIGNS, MINE = "/v1/coupon-batches", "/v1/coupon-campaigns", "/v1/me/coupon-codes"


async def _batch(floor: Floor, template: str, count: int = 3, **more: Any) -> Any:
    asked = {"id": new_id(), "template_id": template, "name": "印券", "count": count} | more
    batch = await floor.done("POST", BATCHES, asked, floor.at("hq_admin"))
    await codes.make_all(floor.db, batch["id"])
    return batch


async def _codes(floor: Floor, batch: Any) -> list[str]:
    answer = await floor.do("POST", f"{BATCHES}/{batch['id']}/download", None, floor.at("hq_admin"))
    assert answer.headers["content-type"].startswith("text/csv")
    return [each.split(",")[0] for each in answer.text.splitlines()[1:]]


async def _redeem(floor: Floor, code: str, member: Member, coupon_id: str | None = None) -> Any:
    return await floor.do("POST", MINE, {"id": coupon_id or new_id(), "code": code}, floor.by(member))


async def test_a_code_is_redeemed_once_by_one_of_sixty_four(floor: Floor) -> None:
    template = await floor.a_template()
    batch = await _batch(floor, template)
    code = (await _codes(floor, batch))[0]
    members = [await floor.a_member() for _ in range(16)]
    ids = [new_id() for _ in range(64)]
    tries = [_redeem(floor, code, members[n % 16], ids[n]) for n in range(64)]
    said = spread(await all_at_once(tries))
    assert said["done"] == 1
    assert set(said) <= {"done", "promo.code_used", "org.locked"}
    assert sum([len(await floor.coupons(each)) for each in members]) == 1
    shown = await floor.done("GET", f"{BATCHES}/{batch['id']}", None, floor.at("hq_admin"))
    assert (shown["state"], shown["made"], shown["used"]) == ("ready", 3, 1)
    await floor.books_hold()


async def test_a_code_may_be_typed_carelessly_and_sent_again_but_not_mistyped(floor: Floor) -> None:
    member = await floor.a_member()
    code, other, _ = await _codes(floor, await _batch(floor, await floor.a_template(limit_each=1)))
    typed, coupon = " ".join((code[:6].lower(), f"{code[6:12]}-{code[12:]}")), new_id()
    first = await _redeem(floor, typed, member, coupon)
    assert first.status_code == 201
    assert (await _redeem(floor, code, member, coupon)).json() == first.json()
    assert (await _redeem(floor, other, member)).json()["code"] == "promo.limit_reached"
    assert (await _redeem(floor, other, await floor.a_member(), coupon)).json()["code"] == "request.id_taken"
    slip = code[:-1] + rules.ALPHABET[rules.ALPHABET.index(code[-1]) - 1]
    for _ in range(8):
        assert (await _redeem(floor, slip, member)).json()["code"] == "promo.code_wrong", "told without counting"
    await floor.books_hold()


async def test_who_guesses_is_stopped_and_a_right_code_forgives(floor: Floor) -> None:
    member = await floor.a_member()
    code = (await _codes(floor, await _batch(floor, await floor.a_template())))[0]
    guesses = [rules.code_of(f"{n}" * rules.CODE_SYMBOLS, rules.PRINTED) for n in (2, 3, 4, 5, 6, 7)]
    for guess in guesses[:4]:
        assert (await _redeem(floor, guess, member)).json()["code"] == "promo.code_unknown"
    assert (await _redeem(floor, code, member)).status_code == 201
    said = spread(await all_at_once([_redeem(floor, guess, member) for guess in guesses]))
    assert said == {"promo.code_unknown": 5, "org.locked": 1}
    floor.later(minutes=16)
    assert (await _redeem(floor, guesses[0], member)).json()["code"] == "promo.code_unknown"


async def test_who_guesses_with_many_members_is_stopped_at_their_address_and_right_codes_count_for_nothing(
    floor: Floor,
) -> None:
    members = [await floor.a_member() for _ in range(3)]
    codes = await _codes(floor, await _batch(floor, await floor.a_template()))
    sql = "SELECT n FROM member_quota WHERE name = 'coupon_code' ORDER BY slot DESC"
    assert (await _redeem(floor, codes[0], members[0])).status_code == 201
    before = await floor.db.execute(sql)
    assert (await _redeem(floor, codes[1], members[1])).status_code == 201
    assert (await _redeem(floor, codes[1], members[2])).json()["code"] == "promo.code_used"
    assert await floor.db.execute(sql) == before, "neither was a guess"
    await floor.db.execute("UPDATE member_quota SET n = 199 WHERE name = 'coupon_code'")
    guesses = [rules.code_of(f"{n}" * rules.CODE_SYMBOLS, rules.PRINTED) for n in (2, 3)]
    assert (await _redeem(floor, guesses[0], members[0])).json()["code"] == "promo.code_unknown"
    assert (await _redeem(floor, guesses[1], members[1])).json()["code"] == "promo.too_many_guesses"
    floor.later(hours=1)
    assert (await _redeem(floor, guesses[1], members[1])).json()["code"] == "promo.code_unknown"
    await floor.db.execute("DELETE FROM member_quota WHERE name = 'coupon_code'")


async def test_codes_take_their_budget_when_they_are_ordered_and_give_it_back_when_they_are_voided(
    floor: Floor,
) -> None:
    admin = floor.at("hq_admin")
    template = await floor.a_template(budget_count=4)
    batch = await _batch(floor, template, 3)
    asked = {"id": new_id(), "template_id": template, "name": "多", "count": 2}
    assert await floor.refuses("POST", BATCHES, asked, admin) == "promo.budget_spent"
    code, other, _ = await _codes(floor, batch)
    member = await floor.a_member()
    await _redeem(floor, code, member)
    for _ in range(2):
        await floor.done("POST", f"{BATCHES}/{batch['id']}/void", {"reason": "遗失"}, admin)
    assert (await _redeem(floor, other, member)).json()["facts"] == {"why": "void"}
    assert len(await floor.coupons(member)) == 1, "what was redeemed stays"
    shown = await floor.done("GET", f"/v1/coupon-templates/{template}", None, admin)
    assert shown["issued"] == 1
    assert await floor.refuses("POST", f"{BATCHES}/{batch['id']}/download", None, admin) == "promo.batch_not_ready"
    page = await floor.done("GET", f"{BATCHES}?limit=1", None, admin)
    assert [each["id"] for each in page["batches"]] == [batch["id"]]
    await floor.books_hold()


async def test_codes_that_two_make_at_once_are_made_once_and_expire_to_the_second(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "PAGE", 7)
    template = await floor.a_template()
    until = floor.now.replace(microsecond=0)
    floor.hands.now = until
    floor.later(hours=-1)
    asked = {"id": new_id(), "template_id": template, "name": "双", "count": 50, "expires_at": until.isoformat()}
    batch = await floor.done("POST", BATCHES, asked, floor.at("hq_admin"))
    assert await floor.done("POST", BATCHES, asked, floor.at("hq_admin")) == batch
    await asyncio.gather(*[codes.make_all(floor.db, batch["id"]) for _ in range(3)])
    past = asked | {"id": new_id(), "expires_at": floor.now.isoformat()}
    assert await floor.refuses("POST", BATCHES, past, floor.at("hq_admin")) == "promo.bad_template"
    found = await _codes(floor, batch)
    assert len({*found}) == 50
    assert all(rules.is_code(each, rules.PRINTED) for each in found)
    member = await floor.a_member()
    floor.hands.now = until
    assert (await _redeem(floor, found[0], member)).json()["facts"] == {"why": "expired"}
    floor.later(seconds=-1)
    assert (await _redeem(floor, found[0], member)).status_code == 201
    floor.hands.now = until
    await floor.books_hold()


async def _campaign(floor: Floor, template: str, ids: list[str], **more: Any) -> str:
    admin = floor.at("hq_admin")
    asked = {"id": new_id(), "template_id": template, "name": "回馈", "audience": "list"} | more
    made = await floor.done("POST", CAMPAIGNS, asked, admin)
    if ids:
        await floor.done("POST", f"{CAMPAIGNS}/{made['id']}/members", {"member_ids": ids}, admin)
    return str(made["id"])


async def _go(floor: Floor, campaign: str, to: str) -> Any:
    asked = {"to": to, "reason": "测试"}
    return await floor.done("POST", f"{CAMPAIGNS}/{campaign}/go", asked, floor.at("hq_admin"))


async def _seen(floor: Floor, campaign: str) -> Any:
    shown = await floor.done("GET", f"{CAMPAIGNS}/{campaign}", None, floor.at("hq_admin"))
    return {name: shown[name] for name in ("state", "why", "issued", "limited", "frozen", "unknown")}


async def test_a_campaign_pauses_goes_on_is_run_by_two_and_gives_nobody_two(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "LISTED", campaigns.listed(2))
    members = [await floor.a_member() for _ in range(7)]
    await floor.done("POST", f"/v1/members/{members[0].id}/freeze", {"reason": "查"}, floor.at("hq_admin"))
    template = await floor.a_template(limit_each=1)
    gift = {"id": new_id(), "template_id": template, "member_id": members[1].id, "reason": "送"}
    await floor.done("POST", "/v1/coupons", gift, floor.at("hq_admin"))
    ids = [each.id for each in members]
    campaign = await _campaign(floor, template, [*ids, *ids, new_id()])
    assert await floor.db.run(campaigns.step(campaign, at=floor.now)) is False, "it has not begun"
    await _go(floor, campaign, "running")
    assert await floor.db.run(campaigns.step(campaign, at=floor.now))
    await _go(floor, campaign, "paused")
    assert await floor.db.run(campaigns.step(campaign, at=floor.now)) is False
    await _go(floor, campaign, "running")
    both = [campaigns.run_all(floor.db, campaign, clock=lambda: floor.now) for _ in range(3)]
    await asyncio.gather(*both)
    wanted = {"state": "done", "why": "", "issued": 5, "limited": 1, "frozen": 1, "unknown": 1}
    assert await _seen(floor, campaign) == wanted
    assert [len(await floor.coupons(each)) for each in members] == [0, 1, 1, 1, 1, 1, 1]
    more = {"member_ids": [new_id()]}
    path = f"{CAMPAIGNS}/{campaign}"
    assert await floor.refuses("POST", f"{path}/members", more, floor.at("hq_admin")) == "promo.campaign_state"
    again = {"to": "running", "reason": "再来"}
    assert await floor.refuses("POST", f"{path}/go", again, floor.at("hq_admin")) == "promo.campaign_state"
    await floor.books_hold()


async def test_campaigns_and_batches_are_found_by_a_part_of_their_name_and_by_state(floor: Floor) -> None:
    template, admin = await floor.a_template(), floor.at("hq_admin")
    campaign = await _campaign(floor, template, [], name="Anniversary 50%", audience="all")
    for more, wanted in (("", [campaign]), ("&in_state=draft", [campaign]), ("&in_state=done", [])):
        found = await floor.done("GET", f"{CAMPAIGNS}?q=SARY%2050%25{more}", None, admin)
        assert [each["id"] for each in found["campaigns"]] == wanted
    asked = {"id": new_id(), "template_id": template, "name": "Mall_leaflet", "count": 1}
    batch = await floor.done("POST", BATCHES, asked, admin)
    for text, ids in (("mall_", [batch["id"]]), ("mallx", [])):
        found = await floor.done("GET", f"{BATCHES}?q={text}", None, admin)
        assert [each["id"] for each in found["batches"]] == ids


async def test_the_end_of_the_budget_pauses_a_campaign_to_the_coupon_and_more_budget_lets_it_go_on(
    floor: Floor,
) -> None:
    members = [await floor.a_member() for _ in range(5)]
    template = await floor.a_template(budget_count=3)
    campaign = await _campaign(floor, template, [each.id for each in members])
    await _go(floor, campaign, "running")
    await campaigns.run_all(floor.db, campaign, clock=lambda: floor.now)
    seen = await _seen(floor, campaign)
    assert (seen["state"], seen["why"], seen["issued"]) == ("paused", "budget_spent", 3)
    asked = {
        "name": "券", "kind": "cash", "value": 500, "valid_days": 30, "limit_each": 100, "budget_count": 9,
        "version": 1, "reason": "加量",
    }  # fmt: skip
    await floor.done("PUT", f"/v1/coupon-templates/{template}", asked, floor.at("hq_admin"))
    await _go(floor, campaign, "running")
    await campaigns.run_all(floor.db, campaign, clock=lambda: floor.now)
    assert (await _seen(floor, campaign))["issued"] == 5
    assert [len(await floor.coupons(each)) for each in members] == [1] * 5
    await floor.books_hold()


async def test_a_campaign_for_all_members_of_a_level_claims_against_it_and_the_budget_holds(floor: Floor) -> None:
    members = [await floor.a_member() for _ in range(6)]
    template = await floor.a_template(claimable=True, budget_count=9, limit_each=1)
    campaign = await _campaign(floor, template, [], audience="level", level="regular")
    await _go(floor, campaign, "running")
    claims = [
        floor.do("POST", "/v1/me/coupons", {"id": new_id(), "template_id": template}, floor.by(each))
        for each in members
    ]
    await asyncio.gather(campaigns.run_all(floor.db, campaign, clock=lambda: floor.now), *claims)
    shown = await floor.done("GET", f"/v1/coupon-templates/{template}", None, floor.at("hq_admin"))
    assert shown["issued"] <= 9
    none = await _campaign(floor, template, [], audience="level", level="nobody")
    await _go(floor, none, "running")
    await campaigns.run_all(floor.db, none, clock=lambda: floor.now)
    assert (await _seen(floor, none))["state"] == "done"
    await floor.books_hold()


async def test_a_campaign_of_a_template_that_was_stopped_pauses_and_says_so(floor: Floor) -> None:
    member = await floor.a_member()
    template = await floor.a_template()
    campaign = await _campaign(floor, template, [member.id])
    await _go(floor, campaign, "running")
    stop = {"open": False, "reason": "停"}
    await floor.done("POST", f"/v1/coupon-templates/{template}/switch", stop, floor.at("hq_admin"))
    await campaigns.run_all(floor.db, campaign, clock=lambda: floor.now)
    assert (await _seen(floor, campaign))["why"] == "template_closed"
    assert (await _go(floor, campaign, "stopped"))["state"] == "stopped"


async def test_a_batch_or_a_campaign_that_is_not_there_is_said_not_to_be(floor: Floor) -> None:
    admin, no_batch, no_campaign = floor.at("hq_admin"), f"{BATCHES}/{new_id()}", f"{CAMPAIGNS}/{new_id()}"
    assert await floor.refuses("GET", no_batch, None, admin) == "promo.batch_unknown"
    assert await floor.refuses("POST", f"{no_batch}/void", {"reason": "无"}, admin) == "promo.batch_unknown"
    assert await floor.refuses("GET", no_campaign, None, admin) == "promo.campaign_unknown"
    go = {"to": "running", "reason": "无"}
    assert await floor.refuses("POST", f"{no_campaign}/go", go, admin) == "promo.campaign_unknown"


async def test_a_rush_gives_exactly_the_coupons_there_are_and_says_why_to_the_rest(floor: Floor) -> None:
    template = await floor.a_template(claimable=True, budget_count=20)
    members = [await floor.a_member() for _ in range(40)]
    claims = [
        floor.do("POST", "/v1/me/coupons", {"id": new_id(), "template_id": template}, floor.by(each))
        for each in members * 4
    ]
    assert spread(await all_at_once(claims)) == {"done": 20, "promo.budget_spent": 140}
    await floor.books_hold()
