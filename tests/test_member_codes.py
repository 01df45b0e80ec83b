"""Member codes: short-lived, good for one use, verifiable with no network, and never mistaken for a payment code."""

from __future__ import annotations

import base64
import random
import secrets
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.secrets import new_code
from goodtaste.member import codes
from goodtaste.member.api import NotPresent, PublicKey, VisitOver, by_kid, classify, present, verify, visit_query
from goodtaste.member.scan import FORMS, PAYMENTS, trimmed
from goodtaste.promo.rules import ALPHABET, CODE_SYMBOLS, code_of
from tests.member_kit import a_member, a_person, a_store, give, later, refused, start_of_minute, stopped
from tests.shop import Shop, at_once

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def _key(period: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(period.to_bytes(32, "big"))


def _made(at: datetime = NOW, handle: str = "0012345678", nonce: int = 7) -> str:
    return codes.make(handle, nonce=nonce, signing_key=_key, at=at)


def _keys(at: datetime = NOW) -> dict[int, Any]:
    return by_kid(codes.public_keys(_key, at=at))


def _outcome(text: str, *, at: datetime, keys_of: datetime = NOW) -> str:
    try:
        return verify(text, keys=_keys(keys_of), at=at).handle
    except Refusal as refusal:
        return refusal.code


def test_ed25519_is_that_of_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


@pytest.mark.parametrize("time, password", [(59, "94287082"), (1_234_567_890, "89005924")])
def test_totp_is_that_of_rfc_6238(time: int, password: str) -> None:
    at = datetime.fromtimestamp(time, UTC)
    assert codes.totp(b"12345678901234567890", counter=codes.step_of(at), digits=8) == password


def test_a_code_has_130_characters_that_a_qr_code_packs_well() -> None:
    code = _made()
    assert len(code) == 130
    assert set(code) <= set(string.ascii_uppercase + string.digits)
    assert classify(code) == "member_qr"


@pytest.mark.parametrize(
    "seconds, outcome",
    [
        (0, "0012345678"),
        (60, "0012345678"),
        (90, "0012345678"),
        (91, "member.code_stale"),
        (86_400, "member.code_stale"),
        (-30, "0012345678"),
        (-31, "member.code_early"),
    ],
)
def test_a_code_holds_for_a_minute_and_half_a_minute_of_skew(seconds: int, outcome: str) -> None:
    assert _outcome(_made(), at=NOW + seconds * SECOND) == outcome


@given(st.integers(0, 80 * 8 - 1))
def test_a_code_with_one_bit_changed_is_worthless(bit: int) -> None:
    raw = bytearray(base64.b32decode(_made()[2:]))
    raw[bit // 8] ^= 1 << bit % 8
    changed = "M1" + base64.b32encode(bytes(raw)).decode()
    assert _outcome(changed, at=NOW) in ("member.code_forged", "member.code_key_unknown")


def test_a_code_of_an_older_or_foreign_key_is_told_apart() -> None:
    foreign = codes.make("0012345678", nonce=1, signing_key=lambda period: _key(period + 99), at=NOW)
    assert _outcome(foreign, at=NOW) == "member.code_forged"
    old = NOW - timedelta(days=21)
    assert _outcome(_made(old), at=old) == "member.code_key_unknown"


def test_a_signed_code_of_another_version_is_refused() -> None:
    period = codes.period_of(NOW)
    head = codes._HEAD.pack(2, codes.kid_of(period), 12345678, int(NOW.timestamp()) + 60, 7)
    text = "M1" + base64.b32encode(head + _key(period).sign(codes._SIGNED_AS + head)).decode()
    assert _outcome(text, at=NOW) == "member.code_forged"


@pytest.mark.parametrize("days", [1, 3, 7])
def test_a_store_without_network_verifies_codes_of_the_next_key(days: int) -> None:
    at = NOW + timedelta(days=days)
    assert _outcome(_made(at), at=at, keys_of=NOW) == "0012345678"


def test_keys_follow_each_other_without_a_gap() -> None:
    keys = codes.public_keys(_key, at=NOW)
    assert [key.until_at for key in keys[:2]] == [key.from_at for key in keys[1:]]
    assert keys[1].from_at <= NOW < keys[1].until_at
    assert len({key.kid for key in keys}) == 3


@pytest.mark.parametrize(
    "code, kind",
    [
        ("134567890123456789", "wechat_pay"),
        ("151234567890123456", "wechat_pay"),
        (" 134567890123456789\r\n", "wechat_pay"),
        ("13456789012345678", "unknown"),
        ("2512345678901234", "alipay"),
        ("28763443825664394", "alipay"),
        ("301234567890123456789012", "alipay"),
        ("241234567890123456", "unknown"),
        ("6212345678901234567", "unionpay"),
        ("62123456789012345678", "unknown"),
        ("fp" + "a1" * 16 + "Z", "alipay_face"),
        ("１34567890123456789", "unknown"),
        ("١٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨٩", "unknown"),
        ("6901234567892", "unknown"),
        ("", "unknown"),
        ("881234567890123456", "member_numeric"),
        ("88123456789012345", "unknown"),
        ("C1ABCDEFGHJKLMNPQRS", "coupon"),
        ("P1A07", "pickup"),
        ("M1ABC", "unknown"),
    ],
)
def test_a_scanned_text_is_of_one_kind(code: str, kind: str) -> None:
    assert classify(code) == kind


def test_10000_random_texts_are_never_two_things() -> None:
    seeded = random.Random(7)
    heads = ["", "1", "13", "25", "28", "30", "62", "88", "99", "fp", "M1", "C1", "P1"]
    symbols = [string.digits, string.ascii_uppercase + "234567", string.ascii_letters + string.digits, string.printable]
    lengths = [16, 17, 18, 19, 24, 33, 128, 130]
    met = set()
    for _ in range(10_000):
        length, alphabet = seeded.choice([*lengths, seeded.randint(0, 40)]), seeded.choice(symbols)
        text = seeded.choice(heads) + "".join(seeded.choices(alphabet, k=length))
        fitting = [kind for kind, form in FORMS.items() if form.fullmatch(trimmed(text))]
        assert len(fitting) <= 1, (text, fitting)
        assert classify(text) == (fitting or ["unknown"])[0]
        met.update(fitting)
    assert met == FORMS.keys(), "every kind was met"


def test_our_own_codes_never_look_like_payments() -> None:
    for _ in range(200):
        numeric = codes.numeric(f"{secrets.randbelow(10**10):010d}", secret=b"x" * 32, at=NOW)
        kinds = [
            classify(numeric),
            classify(_made(nonce=secrets.randbits(16))),
            classify(code_of(new_code(CODE_SYMBOLS, ALPHABET))),
        ]
        assert kinds == ["member_numeric", "member_qr", "coupon"]
        assert not PAYMENTS & set(kinds)


async def _scan(shop: Shop, code: str, store_id: str, till: dict[str, str]) -> Any:
    return await shop.post("/v1/member-codes/scan", {"code": code, "store_id": store_id}, till)


async def test_a_member_shows_a_code_and_is_present(shop: Shop) -> None:
    store_id = await a_store(shop)
    staff_id, till = await a_person(shop, "waiter", store_id)
    member_id, mine = await a_member(shop)
    await give(shop, member_id, 120)
    shown = (await shop.get("/v1/me/code", mine)).json()
    assert (len(shown["qr"]), len(shown["numeric"]), shown["qr_seconds_left"], shown["refresh_s"]) == (130, 18, 60, 30)
    assert 0 < shown["numeric_seconds_left"] <= 30
    answer = await _scan(shop, f"{shown['qr']}\r\n", store_id, till)
    seen = answer.json()
    assert answer.status_code == 201
    assert (seen["member_id"], seen["points"], seen["level"], seen["frozen"], seen["phone"]) == (
        member_id,
        120,
        "regular",
        False,
        "",
    )
    found = await shop.db.rows(visit_query(seen["visit_id"]))
    assert present(found, member_id=member_id, store_id=store_id, at=shop.now).staff_id == staff_id
    with pytest.raises(VisitOver):
        present(found, member_id=member_id, store_id=store_id, at=shop.now + timedelta(minutes=11))
    for other in ({"member_id": new_id(), "store_id": store_id}, {"member_id": member_id, "store_id": new_id()}):
        with pytest.raises(NotPresent):
            present(found, at=shop.now, **other)
    with pytest.raises(NotPresent):
        present([], member_id=member_id, store_id=store_id, at=shop.now)


async def test_of_64_tills_that_scan_one_code_one_gets_the_visit(shop: Shop) -> None:
    store_id = await a_store(shop)
    _, till = await a_person(shop, "cashier", store_id)
    _, mine = await a_member(shop)
    code = (await shop.get("/v1/me/code", mine)).json()["qr"]
    answers = await at_once(64, lambda _: _scan(shop, code, store_id, till))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {refused(answer) for answer in answers if answer.status_code != 201} == {"member.code_used"}


@pytest.mark.parametrize("form", ["qr", "numeric"])
async def test_a_photographed_code_is_worth_nothing_later_or_elsewhere(shop: Shop, form: str) -> None:
    here, there = await a_store(shop), await a_store(shop)
    _, till = await a_person(shop, "cashier", here)
    _, other = await a_person(shop, "cashier", there)
    _, mine = await a_member(shop)
    with stopped(shop, start_of_minute(shop) + timedelta(minutes=1)):
        used, unused = [(await shop.get("/v1/me/code", mine)).json()[form] for _ in range(2)]
        assert (await _scan(shop, used, here, till)).status_code == 201
        with later(shop, seconds=5):
            assert refused(await _scan(shop, used, here, till)) == "member.code_used"
            assert refused(await _scan(shop, used, there, other)) == "member.code_used"
        with later(shop, seconds=91):
            stale = "member.code_stale" if form == "qr" else "member.numeric_code_wrong"
            assert refused(await _scan(shop, unused, here, till)) == stale


async def test_forged_early_and_foreign_codes_each_have_their_refusal(shop: Shop) -> None:
    store_id = await a_store(shop)
    _, till = await a_person(shop, "cashier", store_id)
    member_id, mine = await a_member(shop)
    forged = codes.make("0000000001", nonce=1, signing_key=_key, at=shop.now)
    assert refused(await _scan(shop, forged, store_id, till)) == "member.code_forged"
    with later(shop, minutes=2):
        early = (await shop.get("/v1/me/code", mine)).json()["qr"]
    assert refused(await _scan(shop, early, store_id, till)) == "member.code_early"
    with later(shop, days=21):
        of_another_key = (await shop.get("/v1/me/code", shop.token("member", member_id))).json()["qr"]
    assert refused(await _scan(shop, of_another_key, store_id, till)) == "member.code_key_unknown"
    for other in ("134567890123456789", "C1ABCDEFGHJKLMNPQRS", "hello"):
        assert refused(await _scan(shop, other, store_id, till)) == "member.not_a_member_code"


async def test_a_code_signed_for_nobody_is_of_no_member(shop: Shop) -> None:
    store_id = await a_store(shop)
    _, till = await a_person(shop, "cashier", store_id)
    keyring = shop.process.keyring
    nobody = codes.make("9" * 10, nonce=1, signing_key=lambda p: keyring.signing_key(f"member-code/{p}"), at=shop.now)
    assert refused(await _scan(shop, nobody, store_id, till)) == "member.unknown"


async def test_numeric_codes_cannot_be_tried_for_long(shop: Shop) -> None:
    store_id = await a_store(shop)
    _, till = await a_person(shop, "cashier", store_id)
    _, mine = await a_member(shop)
    with stopped(shop, start_of_minute(shop)):
        shown = (await shop.get("/v1/me/code", mine)).json()
        wrong = shown["numeric"][:-1] + str((int(shown["numeric"][-1]) + 1) % 10)
        answers = await at_once(40, lambda _: _scan(shop, wrong, store_id, till))
        outcomes = [refused(answer) for answer in answers]
        assert (outcomes.count("member.numeric_code_wrong"), outcomes.count("member.numeric_code_locked")) == (30, 10)
        assert refused(await _scan(shop, shown["numeric"], store_id, till)) == "member.numeric_code_locked"
        assert (await _scan(shop, shown["qr"], store_id, till)).status_code == 201


async def test_who_may_scan_and_where(shop: Shop) -> None:
    here, there = await a_store(shop), await a_store(shop)
    _, waiter = await a_person(shop, "waiter", here)
    _, kitchen = await a_person(shop, "kitchen", here)
    _, mine = await a_member(shop)
    code = (await shop.get("/v1/me/code", mine)).json()["qr"]
    assert refused(await _scan(shop, code, there, waiter)) == "auth.not_allowed"
    assert refused(await _scan(shop, code, here, kitchen)) == "auth.not_allowed"
    assert refused(await _scan(shop, code, here, mine)) == "auth.not_allowed"
    assert refused(await _scan(shop, code, here, {})) == "auth.not_signed_in"
    assert refused(await _scan(shop, code, new_id(), waiter)) == "org.store_unknown"
    assert (await _scan(shop, code, here, waiter)).status_code == 201, "none of this used the code up"
    assert refused(await shop.get("/v1/me/code", waiter)) == "auth.not_allowed"


async def test_a_store_verifies_with_the_published_keys_alone(shop: Shop) -> None:
    _, till = await a_person(shop, "cashier", await a_store(shop))
    member_id, mine = await a_member(shop)
    keys = (await shop.get("/v1/member-codes/keys", till)).json()
    assert len(keys) == 3
    assert refused(await shop.get("/v1/member-codes/keys", mine)) == "auth.not_allowed"
    pulled = by_kid(
        PublicKey(k["kid"], k["key"], datetime.fromisoformat(k["from_at"]), datetime.fromisoformat(k["until_at"]))
        for k in keys
    )
    code = (await shop.get("/v1/me/code", mine)).json()["qr"]
    [(handle,)] = await shop.db.execute(f"SELECT handle FROM member_member WHERE id = '{member_id}'")
    assert verify(code, keys=pulled, at=shop.now).handle == handle
