"""Signed texts: bills and receipts that are verified with the public key of their store, without a line or a database."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END, Id
from goodtaste.kernel.input import Fen
from goodtaste.kernel.secrets import Keyring

TEXT_MAX = 600
PURPOSE = "signed_bill"  # one key for each store

Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX, pattern=r"^[BR]1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}" + END)]


class TextRefused(Refusal):
    """Raised for a signed text that is none, was altered, is of another store, or whose time is over.  Facts: `why`."""

    code = "ordering.signed_text_refused"
    status = 422


class SignedBill(msgspec.Struct, frozen=True, array_like=True):
    """What a signed bill says: so much is due for this order as it is in this version, until then (Unix seconds)."""

    store_id: Id
    order_id: Id
    due_fen: Fen
    version: int
    until_s: int


class SignedReceipt(msgspec.Struct, frozen=True, array_like=True):
    """What a signed receipt says: so much was paid for this order, by this payment, then (Unix seconds)."""

    store_id: Id
    order_id: Id
    paid_fen: Fen
    payment_id: str
    paid_s: int


S = TypeVar("S", SignedBill, SignedReceipt)
MARK: dict[type[SignedBill] | type[SignedReceipt], str] = {SignedBill: "B1", SignedReceipt: "R1"}


def key_of(keyring: Keyring, store_id: str) -> Ed25519PrivateKey:
    """Return the key with which a store signs."""
    return keyring.signing_key(f"{PURPOSE}/{store_id}")


def public_key(keyring: Keyring, store_id: str) -> str:
    """Return the public key of a store, in base64: what any till needs to verify its texts."""
    return base64.b64encode(key_of(keyring, store_id).public_key().public_bytes_raw()).decode()


def signed(said: SignedBill | SignedReceipt, *, key: Ed25519PrivateKey) -> str:
    """Return what is said as a text that fits a QR code."""
    head = f"{MARK[type(said)]}.{_plain(msgspec.json.encode(said))}"
    return f"{head}.{_plain(key.sign(head.encode()))}"


def store_of(text: str) -> str:
    """Return the store whose key a text must be verified with; refuses `TextRefused`."""
    said = _decoded(text, SignedBill) if text.startswith("B1.") else _decoded(text, SignedReceipt)
    return said.store_id


def verified(text: str, kind: type[S], *, public: str) -> S:
    """Return what a text says; refuses `TextRefused` unless the store with this public key signed exactly this."""
    head, _, seal = text.rpartition(".")
    said = _decoded(text, kind)
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public)).verify(_bytes(seal), head.encode())
    except (InvalidSignature, ValueError) as error:
        raise TextRefused(why="signature") from error
    return said


def in_time(said: SignedBill, *, at: datetime) -> SignedBill:
    """Return a bill whose time is not over; refuses `TextRefused`."""
    if at >= datetime.fromtimestamp(said.until_s, UTC):
        raise TextRefused(why="expired")
    return said


def _decoded(text: str, kind: type[S]) -> S:
    mark, _, rest = text.partition(".")
    if mark != MARK[kind]:
        raise TextRefused(why="form")
    try:
        return msgspec.json.decode(_bytes(rest.partition(".")[0]), type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise TextRefused(why="form") from error


def _plain(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
