"""Member codes: what a diner shows at the counter.  Pure, so that a store verifies them with no network and no database.

The QR form is `M1` and, in base32, 80 bytes: version, key id, handle (8), expiry (4, Unix seconds), nonce (2), Ed25519 signature (64).
The server signs, stores hold public keys and can forge nothing.  The numeric form for 1-D scanners and keypads is `88`, the handle in
10 digits, and a 6-digit TOTP (RFC 6238, SHA-1, 30 s) whose secret stays with the server.
"""

from __future__ import annotations

import base64
import hmac
import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from goodtaste.kernel.errors import Refusal

PREFIX, VERSION = "M1", 1
VALID_S = 60
SKEW_S = 30  # how far a store's clock may be off
REFRESH_S = 30  # how often the diner's screen takes a new one
PERIOD_S = (
    7 * 86_400
)  # a signing key serves a week, so keys pulled once serve a store without network for at least as long
STEP_S = 30

_HEAD = struct.Struct(">BBQIH")
_SIGNED_AS = b"goodtaste member code"


class CodeForged(Refusal):
    """Raised for a member code whose signature does not hold."""

    code = "member.code_forged"
    status = 422


class CodeKeyUnknown(Refusal):
    """Raised for a member code signed with a key that is not at hand.  Facts: `kid`."""

    code = "member.code_key_unknown"
    status = 422


class CodeStale(Refusal):
    """Raised for a member code whose time is over.  Facts: `expired_at`."""

    code = "member.code_stale"
    status = 422


class CodeEarly(Refusal):
    """Raised for a member code that expires later than one made now could: a clock is wrong.  Facts: `expires_at`."""

    code = "member.code_early"
    status = 422


class MemberCode(msgspec.Struct, frozen=True):
    """What a valid code says.  `nonce` makes it good for one use."""

    handle: str
    nonce: str
    expires_at: datetime


class PublicKey(msgspec.Struct, frozen=True):
    """A key that verifies codes made from one instant to another.  `key` is base64 of the 32 bytes."""

    kid: int
    key: str
    from_at: datetime
    until_at: datetime


SigningKey = Callable[[int], Ed25519PrivateKey]  # by the number of the period


def period_of(at: datetime) -> int:
    """Return the number of the signing period that holds `at`."""
    return int(at.timestamp()) // PERIOD_S


def kid_of(period: int) -> int:
    """Return the key id of a period, which is one byte."""
    return period % 256


def make(handle: str, *, nonce: int, signing_key: SigningKey, at: datetime) -> str:
    """Return a QR code for `handle` (10 digits), valid for `VALID_S` from `at`: 130 characters."""
    period, expires = period_of(at), int(at.timestamp()) + VALID_S
    head = _HEAD.pack(VERSION, kid_of(period), int(handle), expires, nonce)
    return PREFIX + base64.b32encode(head + signing_key(period).sign(_SIGNED_AS + head)).decode()


def verify(text: str, *, keys: Mapping[int, Ed25519PublicKey], at: datetime) -> MemberCode:
    """Return what a QR code of the right form says.  Refuses `CodeForged`, `CodeKeyUnknown`, `CodeStale` and `CodeEarly`."""
    raw = base64.b32decode(text.removeprefix(PREFIX))
    head, signature = raw[: _HEAD.size], raw[_HEAD.size :]
    version, kid, handle, expires, nonce = _HEAD.unpack(head)
    if kid not in keys:
        raise CodeKeyUnknown(kid=kid)
    try:
        keys[kid].verify(signature, _SIGNED_AS + head)
    except InvalidSignature as error:
        raise CodeForged from error
    if version != VERSION:
        raise CodeForged
    expires_at = datetime.fromtimestamp(expires, UTC)
    if at > expires_at + timedelta(seconds=SKEW_S):
        raise CodeStale(expired_at=expires_at)
    if expires_at > at + timedelta(seconds=VALID_S + SKEW_S):
        raise CodeEarly(expires_at=expires_at)
    return MemberCode(f"{handle:010d}", f"{nonce:04x}", expires_at)


def public_keys(signing_key: SigningKey, *, at: datetime) -> list[PublicKey]:
    """Return the keys of the previous, the present and the next period."""
    present = period_of(at)
    return [
        PublicKey(
            kid_of(period),
            base64.b64encode(signing_key(period).public_key().public_bytes_raw()).decode(),
            datetime.fromtimestamp(period * PERIOD_S, UTC),
            datetime.fromtimestamp((period + 1) * PERIOD_S, UTC),
        )
        for period in (present - 1, present, present + 1)
    ]


def by_kid(keys: Iterable[PublicKey]) -> dict[int, Ed25519PublicKey]:
    """Return public keys as `verify` takes them."""
    return {each.kid: Ed25519PublicKey.from_public_bytes(base64.b64decode(each.key)) for each in keys}


def totp(secret: bytes, *, counter: int, digits: int = 6) -> str:
    """Return the one-time password of RFC 6238 (HMAC-SHA-1) for a time step."""
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(at: datetime) -> int:
    """Return the time step that holds `at`."""
    return int(at.timestamp()) // STEP_S


def numeric(handle: str, *, secret: bytes, at: datetime) -> str:
    """Return the numeric code for `handle` at `at`: 18 digits."""
    return f"88{handle}{totp(secret, counter=step_of(at))}"


def read_numeric(text: str) -> tuple[str, str]:
    """Return handle and one-time password of a numeric code."""
    return text[2:12], text[12:]


def matching(password: str, *, handle: str, secret: bytes, at: datetime) -> MemberCode | None:
    """Return what a numeric code says, or None where its password is that of no step within the skew."""
    now = step_of(at)
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(password, totp(secret, counter=step)):
            return MemberCode(handle, f"step{step}", datetime.fromtimestamp((step + 1) * STEP_S, UTC))
    return None
