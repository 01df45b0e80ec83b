"""Published vectors of third parties, each through a function of the product, or named with the reason why the product has none."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from goodtaste.kernel import rsa
from goodtaste.kernel.ids import new_id
from goodtaste.member import codes, scan, sms
from goodtaste.org import geo
from goodtaste.payment import api as payments
from goodtaste.payment import pay_codes
from goodtaste.payment.gateways import alipay_wire, unionpay_wire, wechat_wire
from goodtaste.payment.gateways.genuine import Forged
from tests import org_kit
from tests.history_kit import SHARED
from tests.payment_kit import NOON, Till
from tests.shop_kit import Floor

Vector = dict[str, Any]

NO_OAEP = "nothing that the house sends to WeChat Pay has a sealed field"
NO_V2 = "the house speaks APIv3; nothing is left that needs the older one"
NO_PAGE = (
    "the house signs in mini-programs by their code, and has no page in WeChat's own browser that calls its bridge"
)
DELIVERY = "a delivery platform: for the room of channels, which has no adapter of it yet"
ELSEWHERE = {  # by the id of a vector: why no function of the product is meant
    "wxp3-oaep-011": NO_OAEP,
    "wxp2-sign-001": NO_V2,
    "wxp2-sign-003": NO_V2,
    "wxp2-sign-005": NO_V2,
    "wx-sha1-001": NO_PAGE,
    "wx-jssdk-003": NO_PAGE,
    "wxa-rawdata-002": "names and pictures of diners are not taken from WeChat",
    "wecom-crypto-001": "no messages of WeCom are heard",
    "mt-sig-002": DELIVERY,
    "ele-nop-002": DELIVERY,
    "ele-push-004": DELIVERY,
    "dy-spi-002": DELIVERY,
    "mtop-sign-001": DELIVERY,
    "dianping-sign-001": DELIVERY,
    "sqb-sign-001": "an aggregator beside the three wallets that the house speaks to itself; it has no adapter of it",
    "yly-sign-001": "a cloud printer, of which the house has no adapter",
}


def file() -> dict[str, Any]:
    path = SHARED / "facts" / "vectors.json"
    if not path.exists():
        pytest.skip(f"{path} is not there (GOODTASTE_SHARED names the folder)")
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return found


def key_of(vector: Vector, keys: dict[str, str]) -> Any:
    """Return the published private key that a vector names."""
    name = vector["inputs"]["private_key"].removeprefix("@keys.")
    return rsa.private_key(keys[name].replace("TESTING KEY", "PRIVATE KEY"))


def public(pem: str) -> Any:
    return load_pem_public_key(pem.encode())


# WeChat Pay, APIv3


def wechat_signature(vector: Vector, keys: dict[str, str]) -> None:
    asked = vector["inputs"]
    message = asked["message"] if "message" in asked else asked["plaintext"]
    assert rsa.sign(key_of(vector, keys), message.encode()) == vector["expected"]


def wechat_request(vector: Vector, keys: dict[str, str]) -> None:
    asked = vector["inputs"]
    when, nonce = str(asked["timestamp"]), asked["nonce"]
    text = wechat_wire.request_text(asked["method"], asked["url"], when, nonce, asked["body"].encode())
    assert text.decode() == vector["expected"]


def wechat_seal(vector: Vector, keys: dict[str, str]) -> None:
    sealed = vector["inputs"]
    api_key, plain, nonce, aad = sealed["key"].encode(), sealed["plaintext"].encode(), sealed["nonce"], sealed["aad"]
    assert wechat_wire.seal(api_key, plain, nonce=nonce, associated=aad) == vector["expected"]
    assert wechat_wire.unseal(api_key, vector["expected"], nonce=nonce, associated=aad) == plain


def wechat_broken_seal(vector: Vector, keys: dict[str, str]) -> None:
    broken = vector["inputs"]
    with pytest.raises(Forged):
        wechat_wire.unseal(
            broken["key"].encode(), broken["ciphertext_b64"], nonce=broken["nonce"], associated=broken["aad"]
        )


def wechat_verify(vector: Vector, keys: dict[str, str]) -> None:
    signed = vector["inputs"]
    assert rsa.verifies(public(signed["public_key"]), signed["message"].encode(), signed["signature"])
    assert not rsa.verifies(public(signed["public_key"]), signed["message"].encode() + b" ", signed["signature"])


def wechat_pay_sign(vector: Vector, keys: dict[str, str]) -> None:
    bridge, wanted = vector["inputs"], vector["expected"]
    made = wechat_wire.pay_parameters(
        key_of(vector, keys),
        app_id=bridge["appId"],
        prepay_id=bridge["package"].removeprefix("prepay_id="),
        timestamp=bridge["timeStamp"],
        nonce=bridge["nonceStr"],
    )
    assert (made["paySign"], made["signType"], made["package"]) == (wanted["paySign"], "RSA", bridge["package"])


def wechat_notice(vector: Vector, keys: dict[str, str]) -> None:
    told = vector["inputs"]
    own = rsa.private_key(keys["go_testing"].replace("TESTING KEY", "PRIVATE KEY"))
    others = rsa.public_keys(told["platform_cert"], key_id="")
    ours = wechat_wire.Keys(own, "", others, "", told["apiv3_key"].encode())
    at, body = NOON.fromtimestamp(int(told["now"]), tz=NOON.tzinfo), told["body"].encode()
    wechat_wire.check_told(told["headers"], ours, at=at, body=body)
    sealed = msgspec.json.decode(body, type=wechat_wire.Notice).resource
    opened = wechat_wire.unseal(ours.api_key, sealed.ciphertext, nonce=sealed.nonce, associated=sealed.associated_data)
    assert opened.decode() == vector["expected"]["plaintext"]
    for late_s in (299, -299):
        wechat_wire.check_told(told["headers"], ours, at=at + timedelta(seconds=late_s), body=body)
    for late_s in (300, -300):
        with pytest.raises(Forged, match="time"):
            wechat_wire.check_told(told["headers"], ours, at=at + timedelta(seconds=late_s), body=body)


WECHAT = {
    "wxp3-sign-001": wechat_signature,
    "wxp3-msg-003": wechat_request,
    "wxp3-notify-004": wechat_notice,
    "wxp3-aes-007": wechat_seal,
    "wxp3-aes-008b": wechat_broken_seal,
    "wxp3-verify-009": wechat_verify,
    "wxp3-jsapi-013": wechat_pay_sign,
}


def wechat(vector: Vector, keys: dict[str, str]) -> None:
    WECHAT[vector["id"]](vector, keys)


# Alipay


def alipay(vector: Vector, keys: dict[str, str]) -> None:
    asked, kind = vector["inputs"], vector["id"].split("-")[1]
    if kind == "sync":
        raw = asked["raw_response"].encode()
        body = b'{"alipay_trade_query_response":%s,"sign":"%s"}' % (raw, asked["sign"].encode())
        ours = alipay_wire.Keys(
            key_of({"inputs": {"private_key": "@keys.go_testing"}}, keys), public(asked["public_key"])
        )
        told = alipay_wire.heard(body, ours, method="alipay.trade.query")
        assert (told.code, told.total_amount) == ("10000", "0.01")
        with pytest.raises(Forged):
            alipay_wire.heard(body.replace(b'"0.01"', b'"0.02"', 1), ours, method="alipay.trade.query")
    elif kind in ("notify", "return"):
        fields = alipay_wire.form((asked.get("form_encoded") or asked["query"]).encode())
        assert alipay_wire.is_signed(fields, public(asked["public_key"])) is vector["expected"]
        assert fields == asked.get("form", fields)
        assert not alipay_wire.is_signed(fields | {"total_amount": "0.02"}, public(asked["public_key"]))
    elif kind == "req":
        fields = dict(part.split("=", 1) for part in asked["content"].split("&"))
        assert alipay_wire.text_of(fields).decode() == asked["content"]
        assert rsa.sign(key_of(vector, keys), alipay_wire.text_of(fields)) == vector["expected"]
    else:
        raise KeyError(kind)


# UnionPay


def unionpay(vector: Vector, keys: dict[str, str]) -> None:
    asked = vector["inputs"]
    fields = unionpay_wire.answer(f"{asked['content']}&signature={asked['signature']}".encode())
    assert unionpay_wire.text_of(fields).decode() == asked["content"]
    (certificate,) = rsa.certificates(fields[unionpay_wire.CERTIFICATE])
    key: Any = certificate.public_key()
    assert unionpay_wire.is_signed(fields, key) is vector["expected"]
    assert not unionpay_wire.is_signed(fields | {"txnAmt": "2"}, key)
    with pytest.raises(Forged, match="serial"):
        unionpay_wire.key_of(fields[unionpay_wire.CERTIFICATE], (), at=certificate.not_valid_before_utc)


# Codes


def pay_barcode(vector: Vector, keys: dict[str, str]) -> None:
    named = {"WECHAT": "wechat_pay", "ALIPAY": "alipay", "UNIONPAY": "unionpay", "ALIPAY_FACE": "alipay_face"}
    wanted, code = named.get(vector["expected"]), vector["inputs"]["code"]
    assert (vector["expected"] is None) == (wanted is None)
    assert pay_codes.wallet_of(scan.trimmed(code)) == wanted
    kind = scan.classify(code)
    assert kind == wanted if wanted else kind not in scan.PAYMENTS


def totp(vector: Vector, keys: dict[str, str]) -> None:
    at = NOON.fromtimestamp(vector["inputs"]["time"], tz=NOON.tzinfo)
    secret = vector["inputs"]["secret_ascii"].encode()
    assert codes.totp(secret, counter=codes.step_of(at), digits=8) == vector["expected"]


def ed25519(vector: Vector, keys: dict[str, str]) -> None:
    own = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["inputs"]["seed"]))
    message = bytes.fromhex(vector["inputs"]["message_hex"])
    assert own.sign(message).hex() == vector["expected"]
    told = base64.b64encode(own.public_key().public_bytes_raw()).decode()
    held = codes.by_kid([codes.PublicKey(kid=1, key=told, from_at=NOON, until_at=NOON)])
    held[1].verify(bytes.fromhex(vector["expected"]), message)
    text = codes.make("0000000001", nonce=1, signing_key=lambda _: own, at=NOON)
    kid = codes.kid_of(codes.period_of(NOON))
    assert codes.verify(text, keys={kid: held[1]}, at=NOON).handle == "0000000001"


# What other rooms have


def aliyun(vector: Vector, keys: dict[str, str]) -> None:
    asked = vector["inputs"]
    assert sms.signature(asked["params"], method=asked["method"], secret=asked["secret"]) == vector["expected"]


def gcj02(vector: Vector, keys: dict[str, str]) -> None:
    lat, lon = vector["inputs"]["wgs"]
    assert geo.to_gcj02((lat, lon)) == pytest.approx(tuple(vector["expected"]), abs=1e-6)
    assert geo.distance_m(geo.to_wgs84(geo.to_gcj02((lat, lon))), (lat, lon)) == 0


OURS: dict[str, Callable[[Vector, dict[str, str]], None]] = {
    "wechatpay-v3": wechat,
    "alipay": alipay,
    "unionpay-acp-5.1.0": unionpay,
    "pay-barcode": pay_barcode,
    "rfc6238": totp,
    "rfc8032": ed25519,
    "aliyun-rpc-v1": aliyun,
    "gcj02": gcj02,
}


def test_every_published_vector_passes_through_the_product_or_is_named_with_a_reason() -> None:
    found, passed = file(), 0
    named = {each["id"] for each in found["vectors"]}
    for vector in found["vectors"]:
        if vector["id"] in ELSEWHERE:
            continue
        assert vector["protocol"] in OURS, f"{vector['id']} is neither passed nor named"
        OURS[vector["protocol"]](vector, found["keys"])
        passed += 1
    assert ELSEWHERE.keys() <= named, "a vector that is named is gone"
    assert passed + len(ELSEWHERE) == len(named) == len(found["vectors"])


def test_a_form_is_read_as_the_world_reads_it() -> None:
    for vector in file()["vectors"]:
        if "form_encoded" in vector["inputs"]:
            raw = vector["inputs"]["form_encoded"]
            assert alipay_wire.form(raw.encode()) == unionpay_wire.form(raw.encode()) == dict(parse_qsl(raw))


# What a scanner reads


def test_of_10000_scanned_texts_each_is_for_one_counter_only() -> None:
    seeded, met = random.Random(9), {"pays": 0, "refused": 0}
    heads = ["", "1", "13", "25", "28", "30", "62", "88", "99", "fp", "M1", "C1", "P1"]
    alphabets = [string.digits, string.ascii_uppercase + "234567", string.ascii_letters + string.digits]
    for _ in range(10_000):
        length = seeded.choice([15, 16, 17, 18, 19, 33, 128, seeded.randint(0, 40)])
        text = seeded.choice(heads) + "".join(seeded.choices(seeded.choice(alphabets), k=length))
        kind, wallet = scan.classify(text), pay_codes.wallet_of(text)
        assert (kind in scan.PAYMENTS) == (wallet is not None)
        taken = [method for method in pay_codes.FORMS if is_taken(text, method)]
        assert taken == ([wallet] if wallet else [] if text else list(pay_codes.FORMS))
        met["pays" if wallet else "refused"] += 1
    assert min(met.values()) > 500


def is_taken(code: str, method: str) -> bool:
    try:
        pay_codes.check(code, method=method)
    except (pay_codes.CodeOfAnother, pay_codes.NotAPayCode):
        return False
    return True


async def test_a_member_code_that_is_scanned_as_payment_is_sent_to_nobody(till: Till) -> None:
    order_id = await till.an_order()
    member = codes.numeric("0012345678", secret=b"x" * 32, at=NOON)
    for method, line in (("wallet", till.line), ("wechat_pay", till.wechat_line), ("alipay", till.alipay_line)):
        line.calls.clear()
        for code in (member, "C1ABCDEFGHJKLMNPQRS", "P1A07", "6901234567892", "M1" + "A" * 128):
            asked = payments.Pay(payment_id=new_id(), method=method, amount_fen=3_800, auth_code=code)
            with pytest.raises(payments.NotAPayCode):
                await till.pay(order_id, asked)
        assert line.calls == []
    assert await till.pay_state(order_id) == "unpaid"


@pytest.mark.parametrize(
    ("code", "kind"),
    [("134567890123456789", "wechat_pay"), ("2512345678901234", "alipay"), ("6212345678901234567", "unionpay"),
     ("990012345678901234", "wallet"), ("fp" + "a1" * 16 + "Z", "alipay_face")],
)  # fmt: skip
async def test_a_payment_code_that_is_scanned_as_member_is_told_apart(floor: Floor, code: str, kind: str) -> None:
    asked = {"store_id": floor.store.id, "code": code}
    answer = await floor.client.post("/v1/member-codes/scan", json=asked, headers=floor.at("cashier"))
    assert (answer.status_code, org_kit.code_of(answer)) == (422, "member.not_a_member_code")
    assert kind in answer.text
