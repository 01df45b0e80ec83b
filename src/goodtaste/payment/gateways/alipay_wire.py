"""How Alipay's open platform and its merchants speak: forms over HTTP signed with RSA2, answers in JSON signed as they stand, notices as
forms.

What is signed is `k=v` of all fields that are not empty, sorted and joined by `&`: of a request without `sign`, of a notice without `sign`
and `sign_type`, of an answer the very bytes of its inner object.  Amounts are yuan with two decimals, times are Beijing's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import Certificate

from goodtaste.kernel.rsa import sign, verifies
from goodtaste.payment.gateways.genuine import BEIJING, WINDOW_S, Forged

PATH = "/gateway.do?charset=utf-8"
FIELDS_MAX = 64
SIGN_TYPE = "RSA2"
RSA = "1.2.840.113549.1.1."  # what the names of algorithms begin with that sign with RSA (PKCS #1)
TIME = "%Y-%m-%d %H:%M:%S"
_SEAL = ("sign", "sign_type")
OK, WAITING, UNSURE, FAILED = "10000", "10003", "20000", "40004"


class Certificates(msgspec.Struct, frozen=True):
    """What certificate mode adds: the numbers of the app's certificate and of Alipay's roots, and Alipay's keys by the number of theirs.

    The first of `alipay` is the one with which it signs; others may stand beside it while it changes.
    """

    app: str
    roots: str
    alipay: Mapping[str, RSAPublicKey]


class Keys(msgspec.Struct, frozen=True):
    """The keys of one side: its own, and the other's; with `certificates` whoever is signed to says by which one."""

    own: RSAPrivateKey
    other: RSAPublicKey
    certificates: Certificates | None = None


class Told(msgspec.Struct, frozen=True):
    """What Alipay answers; which of it is there depends on what was asked."""

    code: str = ""
    sub_code: str = ""
    out_trade_no: str = ""
    trade_no: str = ""
    trade_status: str = ""
    total_amount: str = ""
    qr_code: str = ""
    action: str = ""
    retry_flag: str = ""
    out_request_no: str = ""
    refund_status: str = ""
    refund_amount: str = ""
    fund_change: str = ""
    bill_download_url: str = ""
    user_id: str = ""
    open_id: str = ""


def text_of(fields: Mapping[str, str], *, without: tuple[str, ...] = ("sign",)) -> bytes:
    """Return what is signed of fields."""
    kept = sorted((name, value) for name, value in fields.items() if value and name not in without)
    return "&".join(f"{name}={value}" for name, value in kept).encode()


def number_of_certificate(found: Certificate) -> str:
    """Return the number by which Alipay knows a certificate: MD5 of its issuer, the most specific name first, and its serial number."""
    text = f"{found.issuer.rfc4514_string()}{found.serial_number}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def number_of_roots(found: Iterable[Certificate]) -> str:
    """Return the number of Alipay's roots: those that are signed with RSA, in their order."""
    with_rsa = [each for each in found if each.signature_algorithm_oid.dotted_string.startswith(RSA)]
    return "_".join(number_of_certificate(each) for each in with_rsa)


def request(
    keys: Keys,
    method: str,
    content: Mapping[str, Any] | None,
    *,
    app_id: str,
    at: datetime,
    notify_url: str = "",
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Return the body of a request, signed; `content` is the business of it, `more` are fields beside that."""
    fields = {
        "app_id": app_id,
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": SIGN_TYPE,
        "timestamp": at.astimezone(BEIJING).strftime(TIME),
        "version": "1.0",
        **_numbers(keys),
        "notify_url": notify_url,
        "biz_content": msgspec.json.encode(content).decode() if content is not None else "",
        **(more or {}),
    }
    fields = {name: value for name, value in fields.items() if value}
    return urlencode(fields | {"sign": sign(keys.own, text_of(fields))}).encode()


def _numbers(keys: Keys) -> dict[str, str]:
    """Return the fields by which an app says in certificate mode who it is, and whom it trusts."""
    if keys.certificates is None:
        return {}
    return {"app_cert_sn": keys.certificates.app, "alipay_root_cert_sn": keys.certificates.roots}


def check_request(fields: Mapping[str, str], keys: Keys, *, app_id: str, at: datetime) -> None:
    """Pass for a request of the merchant that is genuine and fresh; raises `Forged`."""
    if fields.get("app_id") != app_id or fields.get("sign_type") != SIGN_TYPE:
        raise Forged("serial")
    if any(fields.get(name) != number for name, number in _numbers(keys).items()):
        raise Forged("serial")
    if not verifies(keys.other, text_of(fields), fields.get("sign", "")):
        raise Forged("signature")
    _fresh(fields.get("timestamp", ""), at)


def answer(keys: Keys, method: str, told: bytes, *, sign_first: bool = False) -> bytes:
    """Return an answer, signed over its inner object as it stands; the order of the two is anybody's."""
    inner = b'"%s_response":%s' % (method.replace(".", "_").encode(), told)
    signed = b'"sign":"%s"' % sign(keys.own, told).encode()
    if keys.certificates:
        signed = b'"alipay_cert_sn":"%s",%s' % (next(iter(keys.certificates.alipay)).encode(), signed)
    return b"{ %s , %s }" % ((signed, inner) if sign_first else (inner, signed))


def heard(body: bytes, keys: Keys, *, method: str) -> Told:
    """Return what a genuine answer says; raises `Forged`.  What is verified are the bytes that were sent, not a copy made of them.

    In certificate mode an answer names the certificate, which must be one that the settings name.
    """
    try:
        outer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        signature = msgspec.json.decode(outer.get("sign", b'""'), type=str)
        raw = outer.get(f"{method.replace('.', '_')}_response") or outer.get("error_response")
        if raw is None:
            raise Forged("body")
        number = msgspec.json.decode(outer.get("alipay_cert_sn", b'""'), type=str)
        key = keys.certificates.alipay.get(number) if keys.certificates else keys.other
        if key is None:
            raise Forged("serial")
        if not verifies(key, bytes(raw), signature):
            raise Forged("signature")
        return msgspec.json.decode(raw, type=Told)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Forged("body") from error


def form(raw: bytes) -> dict[str, str]:
    """Return the fields of a form; raises ValueError for one that is none, names a field twice, or is not UTF-8."""
    pairs = parse_qsl(
        raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=FIELDS_MAX
    )
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands in it twice")
    return fields


def is_signed(fields: Mapping[str, str], key: RSAPublicKey) -> bool:
    """Tell whether a notice, or the address a diner comes back to, was signed with the key."""
    text = text_of(fields, without=_SEAL)
    return fields.get("sign_type") == SIGN_TYPE and verifies(key, text, fields.get("sign", ""))


def check_notice(fields: Mapping[str, str], keys: Keys, *, at: datetime) -> str:
    """Return what no other genuine and fresh notice has, however it is spelled: the hash of what was signed; raises `Forged`.

    The signature would not do: the last letter of its base64 has bits that say nothing, and so has a form.
    """
    known = keys.certificates.alipay.values() if keys.certificates else (keys.other,)
    if not any(is_signed(fields, key) for key in known):
        raise Forged("signature")
    _fresh(fields.get("notify_time", ""), at)
    return hashlib.sha256(text_of(fields, without=_SEAL)).hexdigest()


def notice(keys: Keys, fields: Mapping[str, str]) -> bytes:
    """Return the body of a notice, signed."""
    signed = sign(keys.own, text_of(fields, without=_SEAL))
    return urlencode({**fields, "sign": signed, "sign_type": SIGN_TYPE}).encode()


def _fresh(text: str, at: datetime) -> None:
    try:
        said = datetime.strptime(text, TIME).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Forged("time") from error
    if abs((at - said).total_seconds()) >= WINDOW_S:
        raise Forged("time")
