"""How UnionPay (ACP 5.1.0) and its merchants speak: fields by POST, signed with RSA over the hash of what they say.

What is signed is the lower-case hex SHA-256 of `k=v` of all fields that are not empty, without `signature`, sorted and joined by `&`.
UnionPay sends the certificate it signs with; it counts where it leads to UnionPay's root and bears UnionPay's name.  Amounts are fen,
times are Beijing's.  Requests and notices are forms; answers are the bare fields joined by `&`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import Certificate, DuplicateExtension, InvalidVersion, load_pem_x509_certificate
from cryptography.x509.oid import NameOID

from goodtaste.kernel.rsa import sign, verifies
from goodtaste.payment.gateways.genuine import BEIJING, WINDOW_S, Forged

VERSION, SIGN_METHOD = "5.1.0", "01"
SIGNATURE, CERTIFICATE = "signature", "signPubKeyCert"
TRADE, QUERY, FILE = "/gateway/api/backTransReq.do", "/gateway/api/queryTrans.do", "/"
NAME = "中国银联股份有限公司"  # the third part of the name that UnionPay's certificates bear
CHAIN_MAX = 4
FIELDS_MAX = 96
_NO_CERTIFICATE = (
    *(ValueError, TypeError, IndexError, StopIteration),
    *(InvalidSignature, InvalidVersion, UnsupportedAlgorithm, DuplicateExtension),
)
_TIME, _TRACE = "%Y%m%d%H%M%S", "%m%d%H%M%S"


class Keys(msgspec.Struct, frozen=True):
    """The merchant's key with the number of its certificate, and the certificates that UnionPay's must lead to."""

    own: RSAPrivateKey
    cert_id: str
    roots: Sequence[Certificate]


def text_of(fields: Mapping[str, str]) -> bytes:
    """Return what the signature is about."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name] and name != SIGNATURE).encode()


def _hashed(fields: Mapping[str, str]) -> bytes:
    return hashlib.sha256(text_of(fields)).hexdigest().encode()


def signed(key: RSAPrivateKey, fields: Mapping[str, str]) -> dict[str, str]:
    """Return fields with their signature."""
    return {**fields, SIGNATURE: sign(key, _hashed(fields))}


def is_signed(fields: Mapping[str, str], key: RSAPublicKey) -> bool:
    """Tell whether fields were signed with a key."""
    return verifies(key, _hashed(fields), fields.get(SIGNATURE, ""))


def request(keys: Keys, fields: Mapping[str, str], *, merchant: str) -> bytes:
    """Return the body of a request, signed."""
    common = {
        "version": VERSION,
        "encoding": "UTF-8",
        "certId": keys.cert_id,
        "signMethod": SIGN_METHOD,
        "accessType": "0",
        "merId": merchant,
    }
    return encoded(signed(keys.own, {name: value for name, value in (common | dict(fields)).items() if value}))


def encoded(fields: Mapping[str, str]) -> bytes:
    """Return fields as a form."""
    return urlencode(fields).encode()


def form(raw: bytes) -> dict[str, str]:
    """Return the fields of a form; raises ValueError for one that is none, names a field twice, or is not UTF-8."""
    pairs = parse_qsl(
        raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=FIELDS_MAX
    )
    return _once(pairs)


def answer(raw: bytes) -> dict[str, str]:
    """Return the fields of an answer, which are not encoded; raises ValueError."""
    parts = [part.partition("=") for part in raw.decode().split("&")]
    if not all(equals for _, equals, _ in parts):
        raise ValueError("no fields")
    return _once([(name, value) for name, _, value in parts])


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands in it twice")
    return fields


def check(fields: Mapping[str, str], keys: Keys, *, at: datetime) -> None:
    """Pass for what UnionPay signed; raises `Forged`."""
    if fields.get("version") != VERSION or fields.get("signMethod") != SIGN_METHOD:
        raise Forged("serial")
    if not is_signed(fields, key_of(fields.get(CERTIFICATE, ""), keys.roots, at=at)):
        raise Forged("signature")


def key_of(pem: str, roots: Sequence[Certificate], *, at: datetime) -> RSAPublicKey:
    """Return the key of a certificate that leads to one of `roots` signed by itself, is valid now and is UnionPay's; raises `Forged`."""
    try:
        found = leaf = load_pem_x509_certificate(pem.encode())
        name = str(leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value).split("@")
        for _ in range(CHAIN_MAX):
            if not found.not_valid_before_utc <= at <= found.not_valid_after_utc:
                raise Forged("serial")
            if found in roots and found.issuer == found.subject:
                break
            issuer = next(each for each in roots if each.subject == found.issuer)
            found.verify_directly_issued_by(issuer)
            found = issuer
        else:
            raise Forged("serial")
    except _NO_CERTIFICATE as error:
        raise Forged("serial") from error
    key = leaf.public_key()
    if name[2:3] != [NAME] or not isinstance(key, RSAPublicKey):
        raise Forged("serial")
    return key


def fresh(fields: Mapping[str, str], *, at: datetime) -> None:
    """Pass for a notice of what happened less than `WINDOW_S` ago; raises `Forged`.  UnionPay writes the time without the year."""
    here = at.astimezone(BEIJING)
    for year in (here.year, here.year - 1, here.year + 1):
        try:
            said = datetime.strptime(f"{year}{fields.get('traceTime', '')}", f"%Y{_TRACE}").replace(tzinfo=BEIJING)
        except ValueError:
            continue
        if abs((at - said).total_seconds()) < WINDOW_S:
            return
    raise Forged("time")


def digest(fields: Mapping[str, str]) -> str:
    """Return what no other message has, however it is spelled."""
    return _hashed(fields).decode()


def time_of(at: datetime) -> str:
    """Write an instant as `txnTime`."""
    return at.astimezone(BEIJING).strftime(_TIME)


def trace_of(at: datetime) -> str:
    """Write an instant as `traceTime`."""
    return at.astimezone(BEIJING).strftime(_TRACE)
