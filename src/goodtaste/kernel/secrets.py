"""Secrets: keys derived from one master secret, encryption at rest, blind indexes, and words for what is stored hashed."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_MIN_BYTES = 32
NONCE_BYTES = 12
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # what people read out or type: no 0 and O, no 1 and I

_passwords = PasswordHasher()  # argon2id with the library's defaults (RFC 9106, low-memory profile)


class Keyring:
    """Keys for each purpose, derived from the master secret with HKDF-SHA256.  The master itself is used for nothing else."""

    def __init__(self, master: bytes) -> None:
        if len(master) < MASTER_MIN_BYTES:
            raise ValueError(f"the master secret needs at least {MASTER_MIN_BYTES} bytes")
        self._master = master
        self.key = lru_cache(256)(self._key)

    def _key(self, purpose: str) -> bytes:
        return HKDF(hashes.SHA256(), 32, salt=b"goodtaste", info=purpose.encode()).derive(self._master)

    def signing_key(self, purpose: str) -> Ed25519PrivateKey:
        """Return the Ed25519 key for `purpose`."""
        return Ed25519PrivateKey.from_private_bytes(self.key(purpose))

    def seal(self, text: str, *, purpose: str) -> str:
        """Encrypt `text` with AES-256-GCM; base64 of nonce and ciphertext.  `purpose` is bound to it."""
        return seal(text, key=self.key(purpose), bound_to=purpose)

    def unseal(self, sealed: str, *, purpose: str) -> str:
        """Decrypt what `seal` made for `purpose`; ValueError where it was altered."""
        return unseal(sealed, key=self.key(purpose), bound_to=purpose)

    def blind_index(self, value: str, *, purpose: str) -> str:
        """Return a keyed hash by which a sealed value can be found again but not guessed without the key."""
        return hmac.digest(self.key(purpose), value.encode(), "sha256").hex()


def seal(text: str, *, key: bytes, bound_to: str) -> str:
    """Encrypt `text` with AES-256-GCM under `key`; base64 of nonce and ciphertext."""
    nonce = os.urandom(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), bound_to.encode())).decode()


def unseal(sealed: str, *, key: bytes, bound_to: str) -> str:
    """Decrypt what `seal` made; ValueError where it was altered or the key is another."""
    raw = base64.b64decode(sealed)
    try:
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to.encode()).decode()
    except InvalidTag as error:
        raise ValueError("the sealed text was altered, or sealed under another key") from error


def new_token() -> str:
    """Return 256 random bits as URL-safe text: a refresh token, a pairing secret."""
    return secrets.token_urlsafe(32)


def new_code(symbols: int, alphabet: str = ALPHABET) -> str:
    """Return a random code of so many symbols of an alphabet."""
    return "".join(secrets.choice(alphabet) for _ in range(symbols))


def below(bound: int) -> int:
    """Return a random whole number from 0 to below `bound`."""
    return secrets.randbelow(bound)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password or PIN.  Slow by design: call it in a thread."""
    return _passwords.hash(password)


def password_fits(password: str, stored: str) -> bool:
    """Tell whether `password` is the one behind `stored`.  Slow by design: call it in a thread."""
    try:
        return _passwords.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
