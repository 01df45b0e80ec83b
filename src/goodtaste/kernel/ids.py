"""Ids that the caller makes, keeps, and sends again after any doubt: the id is the idempotency key."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from datetime import datetime
from typing import Annotated, Any

import msgspec

from goodtaste.kernel.errors import Refusal

END = r"$(?!\n)"  # the end of a pattern: in Python a lone $ also stands before a last line break
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" + END
Id = Annotated[str, msgspec.Meta(pattern=UUID_PATTERN, description="UUID, lower case; UUIDv7 where you make one")]

_last = 0, 0  # milliseconds and random bits of the id made last
_HEX = re.compile(UUID_PATTERN.strip("^$"))


class IdTaken(Refusal):
    """Raised when an id comes again with other content.  Facts: `id`."""

    code = "request.id_taken"


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562): 48 bits of milliseconds, 74 random bits; cannot be guessed.

    It sorts by time, and those that a process makes in one millisecond by their order (method 2 of 6.2: each is the last one and a
    random step of up to 60 bits).
    """
    global _last
    ms, tail = time.time_ns() // 1_000_000, secrets.randbits(73)
    if ms <= _last[0]:
        ms, tail = _last[0], _last[1] + 1 + secrets.randbits(60)
        if tail >> 74:
            ms, tail = ms + 1, secrets.randbits(73)
    _last = ms, tail
    text = f"{(ms << 80) | (7 << 76) | ((tail >> 62) << 64) | (2 << 62) | (tail & ((1 << 62) - 1)):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def earliest_id(at: datetime) -> str:
    """Return an id that is not above any UUIDv7 made at `at` or later, and above all that were made a millisecond or more before."""
    text = f"{int(at.timestamp() * 1000):012x}"
    return f"{text[:8]}-{text[8:]}-7000-8000-000000000000"


def derived_id(owner: str, name: str) -> str:
    """Return the id that belongs to `name` under the id `owner`, always the same.

    It keeps the first half of `owner` (the time, in a UUIDv7) and hashes the rest, so what belongs together lies together in an index.
    """
    h = hashlib.sha1(f"{owner}/{name}".encode(), usedforsecurity=False).hexdigest()
    return f"{owner[:18]}-{'89ab'[int(h[0], 16) & 3]}{h[1:4]}-{h[4:16]}"


def is_id(text: str) -> bool:
    """Tell whether `text` is a UUID in canonical lower-case form."""
    return _HEX.fullmatch(text) is not None


def fingerprint(content: Any) -> str:
    """Return the SHA-256 of what a caller asked for, in canonical form; stored beside the id it came with."""
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def same_or_taken(stored: str, asked: str, *, id_: str) -> None:
    """Pass when the same id came with the same content; refuse `IdTaken` otherwise."""
    if stored != asked:
        raise IdTaken(id=id_)
