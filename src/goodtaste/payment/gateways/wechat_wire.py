"""How WeChat Pay (APIv3) and its merchants speak: JSON over HTTP, every message signed with RSA, notices sealed with AES-GCM.

Rules from WeChat Pay's APIv3 documents and the tests of wechatpay-go and wechatpay-java; amounts are whole fen.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goodtaste.kernel.rsa import sign, verifies
from goodtaste.payment.gateways.genuine import WINDOW_S, Forged, new_nonce

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"  # how a signature begins that WeChat sends to see whether anybody checks
CIPHER = "AEAD_AES_256_GCM"
TIMESTAMP, NONCE = "wechatpay-timestamp", "wechatpay-nonce"
SIGNATURE, SERIAL = "wechatpay-signature", "wechatpay-serial"

_TIMESTAMP = re.compile(r"[0-9]{10}")
_NONCE = re.compile(r"[0-9A-Za-z_-]{8,64}")
_FIELD = re.compile(r'([a-z_]+)="([^"]*)"')


class Keys(msgspec.Struct, frozen=True):
    """The keys of one side: its own, named by `serial`, and those of the other side by their names.

    `asks_for` is the name of the other side's key that it should answer with.  `api_key` opens notices.
    """

    own: RSAPrivateKey
    serial: str
    others: Mapping[str, RSAPublicKey]
    asks_for: str
    api_key: bytes


class Amount(msgspec.Struct, frozen=True):
    """An amount in whole fen."""

    total: int
    currency: str = "CNY"


class Transaction(msgspec.Struct, frozen=True):
    """A payment as WeChat tells of it."""

    mchid: str
    out_trade_no: str
    trade_state: str
    appid: str = ""
    transaction_id: str = ""
    trade_type: str = ""
    trade_state_desc: str = ""
    amount: Amount | None = None


class RefundAmount(msgspec.Struct, frozen=True):
    """The amounts of a refund in whole fen: of this one, and of the payment."""

    refund: int
    total: int
    currency: str = "CNY"


class RefundTold(msgspec.Struct, frozen=True):
    """A refund as WeChat tells of it; a notice says `refund_status` where an answer says `status`."""

    out_trade_no: str
    out_refund_no: str
    refund_id: str = ""
    status: str = ""
    refund_status: str = ""
    mchid: str = ""
    amount: RefundAmount | None = None


class Created(msgspec.Struct, frozen=True):
    """What a diner's app needs to go on with an order that was created."""

    code_url: str = ""
    h5_url: str = ""
    prepay_id: str = ""


class ErrorTold(msgspec.Struct, frozen=True):
    """Why WeChat does not do it."""

    code: str
    message: str = ""


class BillPlace(msgspec.Struct, frozen=True):
    """Where a bill lies, and what its bytes come to."""

    hash_type: str
    hash_value: str
    download_url: str


class Resource(msgspec.Struct, frozen=True):
    """The sealed part of a notice."""

    algorithm: str
    ciphertext: str
    nonce: str
    associated_data: str = ""
    original_type: str = ""


class Notice(msgspec.Struct, frozen=True):
    """What WeChat tells by itself; `id` stays the same when it repeats it."""

    id: str
    event_type: str
    resource: Resource


def request_text(method: str, path: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """Return what is signed of a request; `path` with its query."""
    return f"{method}\n{path}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def told_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """Return what is signed of an answer or a notice."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def seal(api_key: bytes, plain: bytes, *, nonce: str, associated: str) -> str:
    """Seal what a notice tells (AEAD_AES_256_GCM); base64."""
    return base64.b64encode(AESGCM(api_key).encrypt(nonce.encode(), plain, associated.encode())).decode()


def unseal(api_key: bytes, sealed: str, *, nonce: str, associated: str) -> bytes:
    """Open what `seal` sealed; raises `Forged`."""
    try:
        return AESGCM(api_key).decrypt(nonce.encode(), base64.b64decode(sealed, validate=True), associated.encode())
    except (InvalidTag, ValueError) as error:
        raise Forged("seal") from error


def authorization(keys: Keys, *, merchant: str, method: str, path: str, at: datetime, body: bytes) -> str:
    """Return the `Authorization` of a request."""
    timestamp, nonce = str(int(at.timestamp())), new_nonce()
    signature = sign(keys.own, request_text(method, path, timestamp, nonce, body))
    fields = {
        "mchid": merchant,
        "nonce_str": nonce,
        "signature": signature,
        "timestamp": timestamp,
        "serial_no": keys.serial,
    }
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in fields.items())


def check_request(header: str, keys: Keys, *, merchant: str, method: str, path: str, at: datetime, body: bytes) -> str:
    """Return the nonce of a genuine and fresh request; raises `Forged`."""
    scheme, _, rest = header.partition(" ")
    fields: dict[str, str] = dict(_FIELD.findall(rest))
    timestamp, nonce = fields.get("timestamp", ""), fields.get("nonce_str", "")
    key = keys.others.get(fields.get("serial_no", ""))
    if scheme != SCHEME or fields.get("mchid") != merchant or key is None:
        raise Forged("serial")
    _fresh(timestamp, nonce, at)
    if not verifies(key, request_text(method, path, timestamp, nonce, body), fields.get("signature", "")):
        raise Forged("signature")
    return nonce


def told_headers(keys: Keys, *, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that make an answer or a notice genuine."""
    timestamp, nonce = str(int(at.timestamp())), new_nonce()
    signature = sign(keys.own, told_text(timestamp, nonce, body))
    return {TIMESTAMP: timestamp, NONCE: nonce, SIGNATURE: signature, SERIAL: keys.serial}


def check_told(headers: Mapping[str, str], keys: Keys, *, at: datetime, body: bytes) -> str:
    """Return the nonce of a genuine and fresh answer or notice; raises `Forged`.  Header names come in any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    timestamp, nonce, signature = lower.get(TIMESTAMP, ""), lower.get(NONCE, ""), lower.get(SIGNATURE, "")
    if signature.startswith(PROBE):
        raise Forged("probe")
    _fresh(timestamp, nonce, at)
    key = keys.others.get(lower.get(SERIAL, ""))
    if key is None:
        raise Forged("serial")
    if not verifies(key, told_text(timestamp, nonce, body), signature):
        raise Forged("signature")
    return nonce


def _fresh(timestamp: str, nonce: str, at: datetime) -> None:
    if not _TIMESTAMP.fullmatch(timestamp) or abs(at.timestamp() - int(timestamp)) >= WINDOW_S:
        raise Forged("time")
    if not _NONCE.fullmatch(nonce):
        raise Forged("nonce")


def pay_parameters(key: RSAPrivateKey, *, app_id: str, prepay_id: str, timestamp: str, nonce: str) -> dict[str, str]:
    """Return what the mini-program hands to `wx.requestPayment`."""
    package = f"prepay_id={prepay_id}"
    signature = sign(key, f"{app_id}\n{timestamp}\n{nonce}\n{package}\n".encode())
    return {"timeStamp": timestamp, "nonceStr": nonce, "package": package, "signType": "RSA", "paySign": signature}
