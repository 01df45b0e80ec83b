"""Signing in by WeChat: one person, one member, whatever races, and a clear word for each thing that goes wrong there."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.member.sandbox_wechat import RATE_A_MINUTE, sandbox
from goodtaste.member.wechat import Wechat, WechatCodeBad, WechatNoAnswer, WechatNotSetUp
from tests.member_kit import a_member, later, refused, wechat_code, wechat_login
from tests.shop import Shop, at_once


async def _count(shop: Shop, member_id: str, table: str, column: str) -> int:
    [(n,)] = await shop.db.execute(f"SELECT count(*) FROM {table} WHERE {column} = '{member_id}'")
    return int(n)


async def test_the_first_login_makes_the_member_and_the_second_finds_them(shop: Shop) -> None:
    openid = f"o-{new_id()}"
    first, second = (await wechat_login(shop, openid)).json(), (await wechat_login(shop, openid)).json()
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["member"] == second["member"]
    assert first["tokens"]["session_id"] != second["tokens"]["session_id"]
    mine = await shop.get("/v1/me", {"authorization": f"Bearer {second['tokens']['access_token']}"})
    assert mine.json() == first["member"]
    assert (mine.json()["level"], mine.json()["status"], mine.json()["phone"]) == ("regular", "active", "")


async def test_a_new_member_has_all_accounts_and_no_points(shop: Shop) -> None:
    member_id, mine = await a_member(shop)
    assert await _count(shop, member_id, "ledger_account", "owner_id") == 5
    points = (await shop.get("/v1/me/points", mine)).json()
    assert points == {"available": 0, "pending": 0, "debt": 0, "worth_fen": 0, "expiring": []}


async def test_one_unionid_is_one_member_in_every_app(shop: Shop) -> None:
    unionid = f"u-{new_id()}"
    first = (await wechat_login(shop, f"o-{new_id()}", unionid)).json()
    second = (await wechat_login(shop, f"o-{new_id()}", unionid)).json()
    assert first["member"]["id"] == second["member"]["id"]


async def test_a_unionid_that_comes_later_is_bound_to_the_member_of_the_openid(shop: Shop) -> None:
    openid, unionid = f"o-{new_id()}", f"u-{new_id()}"
    before = (await wechat_login(shop, openid)).json()
    assert (await wechat_login(shop, openid, unionid)).json()["member"]["id"] == before["member"]["id"]
    assert (await wechat_login(shop, f"o-{new_id()}", unionid)).json()["member"]["id"] == before["member"]["id"]


async def test_64_logins_of_one_person_at_once_make_one_member(shop: Shop) -> None:
    unionid = f"u-{new_id()}"
    answers = await at_once(64, lambda i: wechat_login(shop, f"o-{i}-{unionid}", unionid))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["member"]["id"] for answer in answers}) == 1
    assert [answer.json()["is_new"] for answer in answers].count(True) == 1
    [(n,)] = await shop.db.execute(f"SELECT count(*) FROM member_identity WHERE subject LIKE '%{unionid}'")
    assert n == 65


async def test_64_logins_of_one_openid_at_once_make_one_member(shop: Shop) -> None:
    openid = f"o-{new_id()}"
    answers = await at_once(64, lambda _: wechat_login(shop, openid))
    assert len({answer.json()["member"]["id"] for answer in answers}) == 1


async def test_a_login_code_is_good_once(shop: Shop) -> None:
    body = {"code": await wechat_code(shop, f"o-{new_id()}"), "device": "d"}
    answers = await at_once(8, lambda _: shop.post("/v1/auth/wechat", body))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 7
    assert {refused(answer) for answer in answers if answer.status_code == 401} == {"member.wechat_code_bad"}


async def test_a_login_code_is_good_for_five_minutes(shop: Shop) -> None:
    old, fresh = [{"code": await wechat_code(shop, f"o-{new_id()}"), "device": "d"} for _ in range(2)]
    with later(shop, minutes=4, seconds=58):
        assert (await shop.post("/v1/auth/wechat", fresh)).status_code == 201
    with later(shop, minutes=5, seconds=1):
        assert refused(await shop.post("/v1/auth/wechat", old)) == "member.wechat_code_bad"
    assert refused(await shop.post("/v1/auth/wechat", {"code": "made up", "device": "d"})) == "member.wechat_code_bad"


@pytest.mark.parametrize(
    "fault, code, status",
    [
        ("blocked", "member.wechat_blocked", 403),
        ("busy", "member.wechat_busy", 503),
        ("lost", "member.wechat_no_answer", 503),
    ],
)
async def test_what_goes_wrong_at_wechat_is_told_apart(shop: Shop, fault: str, code: str, status: int) -> None:
    answer = await wechat_login(shop, f"o-{new_id()}", fault=fault)
    assert (refused(answer), answer.status_code) == (code, status)


async def test_a_person_who_signs_in_too_often_is_asked_to_wait(shop: Shop) -> None:
    openid = f"o-{new_id()}"
    answers = await at_once(RATE_A_MINUTE, lambda _: wechat_login(shop, openid))
    assert {answer.status_code for answer in answers} == {201}
    assert refused(await wechat_login(shop, openid)) == "member.wechat_busy"


async def test_a_deployment_with_wrong_credentials_is_told(shop: Shop) -> None:
    box = sandbox(shop.process)
    for field, errcode in (("wechat_app_id", 40013), ("wechat_app_secret", 40125)):
        settings = msgspec.structs.replace(shop.process.settings, **{field: "another"})
        client = Wechat(settings, sandbox=box)
        with pytest.raises(WechatNotSetUp) as refusal:
            await client.person_of("any")
        assert refusal.value.facts == {"errcode": errcode}
        await client.close()


async def _server(answer: bytes | None) -> Any:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await asyncio.sleep(1)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(answer) + answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    "answer, refusal",
    [
        (None, WechatNoAnswer),
        (b"<html>", WechatNoAnswer),
        (b"{}", WechatNoAnswer),
        (b'{"openid": 7}', WechatNoAnswer),
        (b'{"errcode": 40029, "errmsg": "invalid code"}', WechatCodeBad),
        (b'{"errcode": 48001}', WechatNotSetUp),
    ],
)
async def test_an_answer_that_does_not_come_or_cannot_be_read_is_no_answer(
    shop: Shop, answer: bytes | None, refusal: type[Exception]
) -> None:
    server = await _server(answer)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = Wechat(msgspec.structs.replace(shop.process.settings, wechat_url=url), total_s=0.2)
    with pytest.raises(refusal):
        await client.person_of("any")
    await client.close()
    server.close()
    nobody = Wechat(msgspec.structs.replace(shop.process.settings, wechat_url="http://127.0.0.1:1"), total_s=1)
    with pytest.raises(WechatNoAnswer):
        await nobody.person_of("any")
    await nobody.close()


async def test_the_session_key_stays_on_the_server(shop: Shop) -> None:
    assert "session_key" not in (await wechat_login(shop, f"o-{new_id()}")).text


@pytest.mark.parametrize(
    "body",
    [{}, {"code": ""}, {"code": "x"}, {"code": "x", "device": "d", "member_id": new_id()}, {"code": 7, "device": "d"}],
)
async def test_a_malformed_login_is_refused(shop: Shop, body: Any) -> None:
    assert refused(await shop.post("/v1/auth/wechat", body)) == "request.malformed"


async def test_the_sandbox_is_real_about_its_protocol(shop: Shop) -> None:
    app, path = shop.process.settings, "/sandbox/wechat/sns/jscode2session"
    good = {
        "appid": app.wechat_app_id,
        "secret": app.wechat_app_secret,
        "js_code": await wechat_code(shop, "o-real", "u-real"),
        "grant_type": "authorization_code",
    }
    for wrong, errcode in (({"grant_type": "x"}, 40002), ({"js_code": ""}, 41008), ({"secret": ""}, 40125)):
        answer = await shop.client.get(path, params=good | wrong)
        assert (answer.status_code, answer.json()["errcode"]) == (200, errcode)
    answer = (await shop.client.get(path, params=good)).json()
    assert (answer["openid"], answer["unionid"], len(answer["session_key"])) == ("o-real", "u-real", 24)
    assert (await shop.client.get(path, params=good)).json()["errcode"] == 40163
    assert (await shop.client.get("/sandbox/wechat/nothing")).status_code == 404
    assert (await shop.post("/sandbox/wechat/codes", {"openid": ""})).status_code == 400
