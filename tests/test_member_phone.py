"""Signing in by phone: one code, five tries, one member; numbers are sealed, and seen by few."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.kernel.ids import new_id
from goodtaste.member import vault
from goodtaste.member.api import Program, Proof, Sms, sign_in
from goodtaste.member.otp import network_of, send
from goodtaste.member.phone import BadPhone, masked, normalised
from goodtaste.member.sms import SmsNoAnswer, number, signature
from tests.member_kit import (
    a_member,
    a_number,
    a_person,
    ask_code,
    from_address,
    later,
    phone_login,
    refused,
    sent_code,
    wrong,
)
from tests.shop import Shop, at_once


def test_the_signature_is_aliyuns() -> None:
    """The sample of Aliyun's documentation, as two public test suites have it."""
    params = {
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "Format": "XML",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "SignatureVersion": "1.0",
        "Timestamp": "2016-02-23T12:46:24Z",
        "Version": "2014-05-26",
    }
    assert signature(params, method="POST", secret="testsecret") == "MxbnVAM4w6sft9xjVpe/GCKueuk="


@pytest.mark.parametrize(
    "text, phone, shown",
    [
        ("13800138000", "+8613800138000", "138****8000"),
        ("138 0013-8000", "+8613800138000", "138****8000"),
        ("+86 138 0013 8000", "+8613800138000", "138****8000"),
        ("008613800138000", "+8613800138000", "138****8000"),
        ("8613800138000", "+8613800138000", "138****8000"),
        ("+852 6123 4567", "+85261234567", "+852****4567"),
        ("(+853) 6612 3456", "+85366123456", "+853****3456"),
        ("+886912345678", "+886912345678", "+886****5678"),
    ],
)
def test_a_number_has_one_form(text: str, phone: str, shown: str) -> None:
    assert normalised(text) == phone
    assert masked(phone) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678901",
        "1380013800",
        "138001380001",
        "+1 650 253 0000",
        "１３８００１３８０００",
        "13800138ooo",
        "٠٠٨٦١٣٨٠٠١٣٨٠٠٠",
        "+8613800138000\n",
    ],
)
def test_what_is_no_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(BadPhone):
        normalised(text)


@given(st.text(max_size=20))
def test_every_accepted_number_is_its_own_form(text: str) -> None:
    try:
        phone = normalised(text)
    except BadPhone:
        return
    assert normalised(phone) == phone
    assert phone[4:-4] not in masked(phone)


async def test_the_first_login_makes_the_member_and_the_second_finds_them(shop: Shop) -> None:
    phone = a_number()
    assert (await ask_code(shop, phone)).json() == {
        "phone": f"{phone[:3]}****{phone[-4:]}",
        "valid_for_s": 300,
        "again_in_s": 60,
    }
    first = (await phone_login(shop, phone, await sent_code(shop, phone))).json()
    with later(shop, seconds=61):
        known = await ask_code(shop, phone)
        second = (await phone_login(shop, f"+86{phone}", await sent_code(shop, phone))).json()
    assert known.json()["again_in_s"] == 60, "the answer is the same for a number that is known"
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["member"]["id"] == second["member"]["id"]
    assert first["member"]["phone"] == f"{phone[:3]}****{phone[-4:]}"


async def test_five_tries_and_no_more(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone)
    code = await sent_code(shop, phone)
    for left in (4, 3, 2, 1, 0):
        answer = await phone_login(shop, phone, wrong(code))
        assert (refused(answer), answer.json()["facts"]) == ("member.otp_wrong", {"tries_left": left})
    assert refused(await phone_login(shop, phone, code)) == "member.otp_locked"


async def test_of_64_tries_at_once_five_are_looked_at(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone)
    code = await sent_code(shop, phone)
    answers = await at_once(64, lambda _: phone_login(shop, phone, wrong(code)))
    codes = [refused(answer) for answer in answers]
    assert (codes.count("member.otp_wrong"), codes.count("member.otp_locked")) == (5, 59)
    assert refused(await phone_login(shop, phone, code)) == "member.otp_locked"


async def test_a_guess_hidden_among_63_others_is_not_looked_at_first(shop: Shop) -> None:
    """The right code as the last of 64 parallel guesses: five are looked at, in their order, so it is not found."""
    phone = a_number()
    await ask_code(shop, phone)
    code = await sent_code(shop, phone)
    answers = await at_once(64, lambda i: phone_login(shop, phone, code if i == 63 else wrong(code)))
    assert {answer.status_code for answer in answers} == {401, 429}


async def test_of_64_logins_with_the_right_code_one_gets_in(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone)
    code = await sent_code(shop, phone)
    answers = await at_once(64, lambda _: phone_login(shop, phone, code))
    assert [answer.status_code for answer in answers].count(201) == 1
    others = {refused(answer) for answer in answers if answer.status_code != 201}
    assert others <= {"member.otp_over", "member.otp_locked"}


async def test_64_proven_logins_of_one_number_make_one_member(shop: Shop) -> None:
    phone = normalised(a_number())

    async def one(_: int) -> tuple[str, bool]:
        _, row, is_new = await shop.db.run(
            sign_in(
                Proof(phone=phone),
                session_id=new_id(),
                device="d",
                language="zh-CN",
                program=Program(),
                keyring=shop.process.keyring,
                at=shop.now,
            )
        )
        return row.id, is_new

    outcomes = await at_once(64, one)
    assert len({member_id for member_id, _ in outcomes}) == 1
    assert [is_new for _, is_new in outcomes].count(True) == 1


async def test_a_code_is_good_for_five_minutes_and_once(shop: Shop) -> None:
    phone, other = a_number(), a_number()
    await ask_code(shop, phone)
    await ask_code(shop, other)
    code, late = await sent_code(shop, phone), await sent_code(shop, other)
    with later(shop, seconds=295):
        assert (await phone_login(shop, phone, code)).status_code == 201
    with later(shop, seconds=301):
        assert refused(await phone_login(shop, other, late)) == "member.otp_over"
    assert refused(await phone_login(shop, phone, code)) == "member.otp_over"
    assert refused(await phone_login(shop, a_number(), "123456")) == "member.otp_over"


async def test_a_code_for_binding_signs_nobody_in(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone, "bind")
    assert refused(await phone_login(shop, phone, await sent_code(shop, phone))) == "member.otp_over"


async def test_a_newer_code_replaces_the_one_before(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone)
    first = await sent_code(shop, phone)
    with later(shop, seconds=61):
        await ask_code(shop, phone)
        second = await sent_code(shop, phone)
        if first != second:
            assert refused(await phone_login(shop, phone, first)) == "member.otp_wrong"
        assert (await phone_login(shop, phone, second)).status_code == 201


async def test_a_number_gets_one_code_a_minute_however_many_ask(shop: Shop) -> None:
    phone = a_number()
    answers = await at_once(64, lambda _: ask_code(shop, phone))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {refused(answer) for answer in answers if answer.status_code != 201} == {"member.otp_too_soon"}
    assert len((await shop.client.get("/sandbox/sms/messages", params={"phone": phone})).json()) == 1


async def test_a_number_gets_ten_codes_a_day(shop: Shop) -> None:
    phone = a_number()
    for i in range(10):
        with later(shop, minutes=20 * i):
            assert (await ask_code(shop, phone)).status_code == 201
    with later(shop, hours=23):
        answer = await ask_code(shop, phone)
        assert (refused(answer), answer.json()["facts"]) == ("member.otp_day_limit", {"limit": 10})
    with later(shop, hours=25):
        assert (await ask_code(shop, phone)).status_code == 201


async def test_an_address_gets_sixty_codes_an_hour_to_the_last_one(shop: Shop) -> None:
    async with from_address(shop) as client:

        async def ask(_: int) -> httpx.Response:
            body = msgspec.json.encode({"phone": a_number(), "purpose": "login"})
            return await client.post("/v1/auth/phone/code", content=body, headers={"content-type": "application/json"})

        answers = await at_once(72, ask)
    assert [answer.status_code for answer in answers].count(201) == 60
    assert {refused(a) for a in answers if a.status_code != 201} == {"member.otp_address_limit"}


@pytest.mark.parametrize(
    "address, network",
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_one_customer_of_a_network_is_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_a_number_is_nowhere_in_the_clear_and_gone_with_its_key(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone)
    member_id = (await phone_login(shop, phone, await sent_code(shop, phone))).json()["member"]["id"]
    [row] = await shop.db.execute(
        f"SELECT phone_sealed, phone_index, phone_masked, source FROM member_member WHERE id = '{member_id}'"
    )
    assert phone not in str(row)
    for table in ("member_otp", "kernel_outbox", "kernel_audit", "member_quota"):
        assert phone not in str(await shop.db.execute(f"SELECT * FROM {table}"))
    [key] = await shop.db.rows(vault.secret_of(member_id))
    keyring = shop.process.keyring
    opened = vault.open_phone(row[0], member_id=member_id, wrapped_key=key.wrapped_key, keyring=keyring)
    assert opened == f"+86{phone}"
    with pytest.raises(ValueError):
        vault.open_phone(row[0], member_id=member_id, wrapped_key=vault.new_key(keyring), keyring=keyring)


async def test_each_look_at_a_number_needs_the_right_and_leaves_a_trace(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone)
    member_id = (await phone_login(shop, phone, await sent_code(shop, phone))).json()["member"]["id"]
    path, why = f"/v1/members/{member_id}/phone", {"reason": "忘拿外卖"}
    _, manager = await a_person(shop, "store_manager")
    admin_id, admin = await a_person(shop, "hq_admin")
    assert refused(await shop.post(path, why, manager)) == "auth.not_allowed"
    assert refused(await shop.post(path, {"reason": ""}, admin)) == "request.malformed"
    assert (await shop.get(f"/v1/members/{member_id}", manager)).json()["phone"] == masked(f"+86{phone}")
    for _ in range(2):
        assert (await shop.post(path, why, admin)).json() == {"phone": f"+86{phone}"}
    looks = await shop.db.execute(
        f"SELECT actor_id, reason FROM kernel_audit WHERE action = 'member.phone_seen' AND subject = 'member/{member_id}'"
    )
    assert [(str(actor), reason) for actor, reason in looks] == [(admin_id, "忘拿外卖")] * 2
    nobody, _ = await a_member(shop)
    assert refused(await shop.post(f"/v1/members/{nobody}/phone", why, admin)) == "member.no_phone"


async def _bind(shop: Shop, phone: str, mine: dict[str, str]) -> httpx.Response:
    code = await sent_code(shop, phone)
    return await shop.post("/v1/me/phone", {"phone": phone, "code": code}, mine)


async def test_a_wechat_member_binds_a_number_and_may_then_sign_in_with_it(shop: Shop) -> None:
    member_id, mine = await a_member(shop)
    phone = a_number()
    await ask_code(shop, phone, "bind")
    bound = await _bind(shop, phone, mine)
    assert (bound.status_code, bound.json()["phone"]) == (200, f"{phone[:3]}****{phone[-4:]}")
    with later(shop, seconds=61):
        await ask_code(shop, phone)
        assert (await phone_login(shop, phone, await sent_code(shop, phone))).json()["member"]["id"] == member_id
    with later(shop, seconds=122):
        await ask_code(shop, phone, "bind")
        assert (await _bind(shop, phone, mine)).json() == bound.json(), "one's own number again changes nothing"


async def test_a_number_of_another_member_is_not_bound(shop: Shop) -> None:
    phone = a_number()
    await ask_code(shop, phone)
    await phone_login(shop, phone, await sent_code(shop, phone))
    _, mine = await a_member(shop)
    with later(shop, seconds=61):
        await ask_code(shop, phone, "bind")
        answer = await _bind(shop, phone, mine)
    assert refused(answer) == "member.phone_taken"
    assert f"{phone[:3]}****{phone[-4:]}" in answer.json()["title"]


async def test_of_64_members_who_bind_one_number_one_gets_it(shop: Shop) -> None:
    from goodtaste.member.login import bind

    phone = normalised(a_number())
    people = [await a_member(shop) for _ in range(64)]
    otp_ids = await shop.db.execute("SELECT id FROM member_otp WHERE NOT used LIMIT 1")
    outcomes = await at_once(
        64,
        lambda i: shop.db.run(
            bind(phone, otp_id=str(otp_ids[0][0]), member_id=people[i][0], keyring=shop.process.keyring, at=shop.now)
        ),
    )
    assert outcomes.count("member.phone_taken") == 63


async def test_a_member_has_one_number(shop: Shop) -> None:
    _, mine = await a_member(shop)
    first, second = a_number(), a_number()
    for phone in (first, second):
        await ask_code(shop, phone, "bind")
    assert (await _bind(shop, first, mine)).status_code == 200
    assert refused(await _bind(shop, second, mine)) == "member.phone_already_bound"


async def test_nobody_binds_a_number_without_signing_in(shop: Shop) -> None:
    assert refused(await shop.post("/v1/me/phone", {"phone": a_number(), "code": "123456"})) == "auth.not_signed_in"


async def _ask_through(shop: Shop, **changed: Any) -> None:
    """Ask for a code in a house whose message client has other settings than the sandbox expects."""
    process = shop.process
    usual = process.part(Sms)
    process.bring(Sms(msgspec.structs.replace(process.settings, **changed), sandbox=_box(shop), total_s=0.3))
    try:
        ctx = process.context()
        await send(ctx, a_number(), purpose="login", address=str(random.random()))
    finally:
        await process.part(Sms).close()
        process.bring(usual)


def _box(shop: Shop) -> Any:
    from goodtaste.member.sandbox_sms import sandbox

    return sandbox(shop.process)


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"sms_key_id": "x"}, "InvalidAccessKeyId.NotFound"),
        ({"sms_key_secret": "x"}, "SignatureDoesNotMatch"),
        ({"sms_sign_name": "别家"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"sms_template": "SMS_1"}, "isv.SMS_TEMPLATE_ILLEGAL"),
    ],
)
async def test_a_deployment_with_wrong_message_settings_is_told(
    shop: Shop, changed: dict[str, str], reason: str
) -> None:
    [outcome] = await at_once(1, lambda _: _ask_through(shop, **changed))
    assert outcome == "member.sms_not_set_up"
    with pytest.raises(Exception) as refusal:
        await _ask_through(shop, **changed)
    assert getattr(refusal.value, "facts", None) == {"reason": reason}


async def test_aliyuns_own_limit_is_passed_on_and_the_code_is_void(shop: Shop) -> None:
    phone = a_number()
    for i in range(5):
        with later(shop, minutes=2 * i):
            assert (await ask_code(shop, phone)).status_code == 201
    with later(shop, minutes=10):
        assert refused(await ask_code(shop, phone)) == "member.sms_limit"
        assert refused(await phone_login(shop, phone, "123456")) == "member.otp_over"


async def test_a_number_that_aliyun_does_not_know_is_told(shop: Shop) -> None:
    # A mobile number of Macau that the sandbox takes for one of no network: nine digits are asked of none
    [outcome] = await at_once(1, lambda _: shop.process.part(Sms).send_code("+85300", "123456", out_id="", at=shop.now))
    assert outcome == "member.sms_unreachable"


async def test_after_no_answer_the_message_may_still_arrive(shop: Shop) -> None:
    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with pytest.raises(SmsNoAnswer):
        await _ask_through(shop, sms_url=url)
    server.close()
    [(used,)] = await shop.db.execute("SELECT used FROM member_otp ORDER BY id DESC LIMIT 1")
    assert not used


async def test_the_sandbox_takes_a_signed_message_once_and_in_time(shop: Shop) -> None:
    settings = shop.process.settings
    params = {
        "AccessKeyId": settings.sms_key_id,
        "Action": "SendSms",
        "PhoneNumbers": number(f"+86{a_number()}"),
        "SignName": settings.sms_sign_name,
        "SignatureNonce": new_id(),
        "TemplateCode": settings.sms_template,
        "TemplateParam": '{"code":"1"}',
        "Timestamp": shop.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": "2017-05-25",
    }

    async def call(**changed: str) -> tuple[int, str]:
        sent = params | changed
        sent["Signature"] = signature(sent, method="POST", secret=settings.sms_key_secret)
        answer = await shop.client.post("/sandbox/sms/", data=sent)
        return answer.status_code, answer.json()["Code"]

    assert await call(Timestamp="2020-01-01T00:00:00Z") == (400, "InvalidTimeStamp.Expired")
    assert await call(Timestamp="now") == (400, "InvalidTimeStamp.Format")
    assert await call(Action="SendBatchSms") == (404, "InvalidAction.NotFound")
    assert await call(TemplateParam="") == (400, "MissingTemplateParam")
    assert await call() == (200, "OK")
    assert await call(PhoneNumbers=a_number()) == (200, "SignatureNonceUsed")


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "１２３４５６", "", 123456])
async def test_a_code_that_is_not_six_digits_is_malformed(shop: Shop, code: Any) -> None:
    answer = await shop.post("/v1/auth/phone", {"phone": a_number(), "code": code, "device": "d"})
    assert refused(answer) == "request.malformed"


async def test_a_bad_number_is_refused_in_words(shop: Shop) -> None:
    assert refused(await ask_code(shop, "021-5888888")) == "member.bad_phone"
    assert refused(await ask_code(shop, a_number(), "marketing")) == "request.malformed"
