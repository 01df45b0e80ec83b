"""The profile, freezing, consents: what members say of themselves, and what they allow."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.kernel.errors import UnnamedGuard
from goodtaste.kernel.ids import new_id
from goodtaste.ledger import api as ledger
from goodtaste.member import rules
from goodtaste.member.api import MemberFrozen, MemberUnknown, consent_query, granted, known, standing
from goodtaste.member.consents import PURPOSES
from goodtaste.member.profile import ProfilePatch, patch
from goodtaste.member.record import MEMBER, save
from tests.member_kit import a_member, a_person, refused, wechat_login
from tests.shop import Shop, at_once, write


async def _patch(shop: Shop, mine: dict[str, str], **changes: Any) -> Any:
    return await shop.client.patch("/v1/me", json=changes, headers=mine)


async def test_what_is_not_sent_stays(shop: Shop) -> None:
    _, mine = await a_member(shop)
    birthday = {"month": 2, "day": 29, "year": None}
    first = (await _patch(shop, mine, nickname=" 阿珍 ", birthday=birthday, city="上海")).json()
    second = (await _patch(shop, mine, language="en", gender="female")).json()
    assert (first["nickname"], first["version"], second["version"]) == ("阿珍", 2, 3)
    assert second == first | {"language": "en", "gender": "female", "version": 3}
    assert (await _patch(shop, mine, birthday=None)).json()["birthday"] is None
    unchanged = await _patch(shop, mine, nickname="阿珍")
    assert unchanged.json()["version"] == 4, "nothing changed, nothing written"


async def test_phones_that_change_different_fields_at_once_all_win(shop: Shop) -> None:
    member_id, mine = await a_member(shop)
    asked = [
        ProfilePatch(nickname="阿强"),
        ProfilePatch(city="成都"),
        ProfilePatch(gender="male"),
        ProfilePatch(language="en"),
    ]
    today = shop.now.date()
    await at_once(4, lambda i: shop.db.run(patch(member_id, asked=asked[i], today=today, at=shop.now)))
    now = (await shop.get("/v1/me", mine)).json()
    assert (now["nickname"], now["city"], now["gender"], now["language"]) == ("阿强", "成都", "male", "en")
    assert now["version"] == 5


async def test_a_member_who_was_changed_meanwhile_is_not_written_over(shop: Shop) -> None:
    member_id, mine = await a_member(shop)
    [stale] = await shop.db.rows(MEMBER(id=member_id))
    await _patch(shop, mine, city="成都")
    balances = {unit: ledger.Balances() for unit in (ledger.POINTS, ledger.GROWTH)}
    with pytest.raises(UnnamedGuard, match="member_moved"):
        await shop.db.run(write(*save(stale, balances=balances, at=shop.now)))
    assert (await shop.get("/v1/me", mine)).json()["city"] == "成都"


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"birthday": {"month": 2, "day": 30}}, "member.bad_profile"),
        ({"birthday": {"month": 2, "day": 29, "year": 2001}}, "member.bad_profile"),
        ({"birthday": {"month": 4, "day": 31}}, "member.bad_profile"),
        ({"birthday": {"month": 1, "day": 1, "year": 1850}}, "member.bad_profile"),
        ({"birthday": {"month": 1, "day": 1, "year": 2999}}, "member.bad_profile"),
        ({"birthday": {"month": 13, "day": 1}}, "request.malformed"),
        ({"birthday": {"month": 0, "day": 1}}, "request.malformed"),
        ({"birthday": {"day": 1}}, "request.malformed"),
        ({"birthday": "2000-01-01"}, "request.malformed"),
        ({"nickname": ""}, "request.malformed"),
        ({"nickname": "   "}, "member.bad_profile"),
        ({"nickname": "阿\x1b@珍"}, "member.bad_profile"),
        ({"nickname": "字" * 65}, "request.malformed"),
        ({"nickname": None}, "request.malformed"),
        ({"language": "fr"}, "request.malformed"),
        ({"gender": 1}, "request.malformed"),
        ({"level": "vip"}, "request.malformed"),
        ({"points": 100}, "request.malformed"),
        ({"status": "active"}, "request.malformed"),
    ],
)
async def test_what_does_not_fit_is_refused_and_changes_nothing(shop: Shop, changes: dict[str, Any], code: str) -> None:
    _, mine = await a_member(shop)
    assert refused(await _patch(shop, mine, **changes)) == code
    assert (await shop.get("/v1/me", mine)).json()["version"] == 1


async def test_who_is_under_14_is_not_a_member_alone(shop: Shop) -> None:
    _, mine = await a_member(shop)
    this_year = shop.now.year
    answer = await _patch(shop, mine, birthday={"month": 1, "day": 1, "year": this_year - 13})
    assert (refused(answer), answer.json()["facts"]) == ("member.under_age", {"age_min": 14})
    assert (await _patch(shop, mine, birthday={"month": 1, "day": 1, "year": this_year - 15})).status_code == 200


@pytest.mark.parametrize(
    "born, today, years",
    [
        ((2012, 11, 22), date(2026, 11, 21), 13),
        ((2012, 11, 22), date(2026, 11, 22), 14),
        ((2012, 2, 29), date(2026, 2, 28), 13),
        ((2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_age_is_counted_in_whole_years(born: tuple[int, int, int], today: date, years: int) -> None:
    year, month, day = born
    assert rules.age(month, day, year, today=today) == years


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)))
def test_every_real_day_is_a_birthday(day: date) -> None:
    assert rules.is_birthday(day.month, day.day, day.year)
    assert rules.is_birthday(day.month, day.day, None)


async def test_a_frozen_member_may_order_and_not_redeem(shop: Shop) -> None:
    member_id, mine = await a_member(shop)
    admin_id, admin = await a_person(shop, "hq_admin")
    path, why = f"/v1/members/{member_id}", {"reason": "疑似盗用"}
    frozen = await shop.post(f"{path}/freeze", why, admin)
    assert (frozen.status_code, frozen.json()["status"]) == (200, "frozen")
    found = await shop.db.rows(standing(member_id))
    assert known(found, member_id, redeems=False).status == "frozen"
    with pytest.raises(MemberFrozen):
        known(found, member_id, redeems=True)
    assert (await shop.get("/v1/me", mine)).json()["status"] == "frozen"
    await at_once(8, lambda _: shop.post(f"{path}/freeze", why, admin))
    assert (await shop.post(f"{path}/unfreeze", why, admin)).json()["status"] == "active"
    notes = await shop.db.execute(
        f"SELECT action, actor_id, reason FROM kernel_audit WHERE subject = 'member/{member_id}' ORDER BY at"
    )
    assert [(action, str(actor), reason) for action, actor, reason in notes] == [
        ("member.frozen", admin_id, "疑似盗用"),
        ("member.unfrozen", admin_id, "疑似盗用"),
    ]


async def test_who_may_freeze_and_look(shop: Shop) -> None:
    member_id, mine = await a_member(shop)
    _, manager = await a_person(shop, "store_manager")
    _, waiter = await a_person(shop, "waiter")
    _, admin = await a_person(shop, "hq_admin")
    path, why = f"/v1/members/{member_id}", {"reason": "r"}
    for action in ("freeze", "unfreeze"):
        assert refused(await shop.post(f"{path}/{action}", why, manager)) == "auth.not_allowed"
        assert refused(await shop.post(f"{path}/{action}", why, mine)) == "auth.not_allowed"
        assert refused(await shop.post(f"{path}/{action}", {}, admin)) == "request.malformed"
    assert refused(await shop.get(path, waiter)) == "auth.not_allowed"
    assert refused(await shop.get(path, mine)) == "auth.not_allowed"
    assert refused(await shop.get(f"/v1/members/{new_id()}", manager)) == "member.unknown"
    seen = (await shop.get(path, manager)).json()
    assert (seen["id"], seen["available"], seen["growth"], seen["phone"]) == (member_id, 0, 0, "")


async def test_an_erased_member_is_unknown(shop: Shop) -> None:
    openid = f"o-{new_id()}"
    signed_in = (await wechat_login(shop, openid)).json()
    member_id = signed_in["member"]["id"]
    mine = {"authorization": f"Bearer {signed_in['tokens']['access_token']}"}
    await shop.db.execute(f"UPDATE member_member SET status = 'erased' WHERE id = '{member_id}'")
    assert refused(await shop.get("/v1/me", mine)) == "member.unknown"
    assert refused(await wechat_login(shop, openid)) == "member.unknown"
    with pytest.raises(MemberUnknown):
        known(await shop.db.rows(standing(member_id)), member_id, redeems=False)


async def _consent(shop: Shop, mine: dict[str, str], purpose: str, yes: bool) -> Any:
    return await shop.post("/v1/me/consents", {"purpose": purpose, "granted": yes, "text_version": "2026-11"}, mine)


async def test_a_new_member_has_consented_to_nothing(shop: Shop) -> None:
    _, mine = await a_member(shop)
    found = (await shop.get("/v1/me/consents", mine)).json()
    assert [(c["purpose"], c["granted"], c["at"]) for c in found] == [(p, False, None) for p in PURPOSES]


async def test_the_newest_receipt_holds_and_each_is_kept(shop: Shop) -> None:
    member_id, mine = await a_member(shop)
    for purpose, yes in (("marketing", True), ("personalisation", True), ("marketing", False), ("marketing", True)):
        assert (await _consent(shop, mine, purpose, yes)).status_code == 201
    assert granted(await shop.db.rows(consent_query(member_id, "marketing")))
    withdrawn = (await _consent(shop, mine, "marketing", False)).json()
    assert (withdrawn["granted"], withdrawn["text_version"]) == (False, "2026-11")
    assert not granted(await shop.db.rows(consent_query(member_id, "marketing")))
    found = {c["purpose"]: c["granted"] for c in (await shop.get("/v1/me/consents", mine)).json()}
    assert found == {
        "marketing": False,
        "precise_location": False,
        "personalisation": True,
        "partner_sharing": False,
    }
    [(n,)] = await shop.db.execute(f"SELECT count(*) FROM member_consent WHERE member_id = '{member_id}'")
    assert n == 5
    with pytest.raises(Exception, match="append"):
        await shop.db.execute(f"UPDATE member_consent SET granted = NOT granted WHERE member_id = '{member_id}'")


@pytest.mark.parametrize(
    "body",
    [
        {"purpose": "everything", "granted": True, "text_version": "1"},
        {"purpose": "marketing", "granted": "yes", "text_version": "1"},
        {"purpose": "marketing", "granted": True, "text_version": ""},
        {"purpose": "marketing", "granted": True},
        {"purpose": "marketing", "granted": True, "text_version": "1", "member_id": "x"},
    ],
)
async def test_a_malformed_consent_is_no_consent(shop: Shop, body: dict[str, Any]) -> None:
    _, mine = await a_member(shop)
    assert refused(await shop.post("/v1/me/consents", body, mine)) == "request.malformed"
