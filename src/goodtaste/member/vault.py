"""Phone numbers at rest: sealed under a key of the member's own, found again by a keyed index.

The member's key lies wrapped in `member_secret`; where that row is gone, nothing can open the number any more.
"""

from __future__ import annotations

import base64
import os

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Database, Id, Query, Read, insert, par
from goodtaste.kernel.secrets import Keyring, seal, unseal
from goodtaste.member.tables import secret

KEY_BYTES = 32


class Secret(msgspec.Struct, frozen=True):
    """A member's key, wrapped."""

    wrapped_key: str


KEEP = insert(secret)
SECRET = Read(select(secret.c.wrapped_key).where(secret.c.member_id == par("member_id", Id)), Secret)


ANY_SECRET = Read(select(secret.c.wrapped_key).limit(1), Secret)


async def is_ours(db: Database, keyring: Keyring) -> bool:
    """Tell whether this keyring opens the keys of the members who are here; with another, they would not be known again."""
    found = await db.first(ANY_SECRET())
    try:
        if found:
            _key(found.wrapped_key, keyring)
    except ValueError:
        return False
    return True


def secret_of(member_id: str) -> Query[Secret]:
    """Return the query of a member's wrapped key."""
    return SECRET(member_id=member_id)


def new_key(keyring: Keyring) -> str:
    """Return a new key for a member, wrapped."""
    return keyring.seal(base64.b64encode(os.urandom(KEY_BYTES)).decode(), purpose="member-key")


def _key(wrapped: str, keyring: Keyring) -> bytes:
    return base64.b64decode(keyring.unseal(wrapped, purpose="member-key"))


def seal_phone(phone: str, *, member_id: str, wrapped_key: str, keyring: Keyring) -> str:
    """Encrypt a number for one member."""
    return seal(phone, key=_key(wrapped_key, keyring), bound_to=f"phone/{member_id}")


def open_phone(sealed: str, *, member_id: str, wrapped_key: str, keyring: Keyring) -> str:
    """Decrypt the number of a member."""
    return unseal(sealed, key=_key(wrapped_key, keyring), bound_to=f"phone/{member_id}")


def seal_text(text: str, *, bound_to: str, member_id: str, wrapped_key: str, keyring: Keyring) -> str:
    """Encrypt a text of one member."""
    return seal(text, key=_key(wrapped_key, keyring), bound_to=f"{bound_to}/{member_id}")


def open_text(sealed: str, *, bound_to: str, member_id: str, wrapped_key: str, keyring: Keyring) -> str:
    """Decrypt a text of a member."""
    return unseal(sealed, key=_key(wrapped_key, keyring), bound_to=f"{bound_to}/{member_id}")


def index_of(phone: str, keyring: Keyring) -> str:
    """Return the keyed index under which a number is found; it cannot be guessed without the key."""
    return keyring.blind_index(phone, purpose="member-phone")
