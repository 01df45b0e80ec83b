"""Our numbers at the providers: ids without their dashes, 32 characters, which all of them take."""

from __future__ import annotations

import hashlib
from uuid import UUID


def number_of(id_: str) -> str:
    """Return the number of an id."""
    return id_.replace("-", "")


def id_of(number: str) -> str:
    """Return the id of a number; raises ValueError for one that is not ours."""
    return str(UUID(hex=number))


def ours_or(number: str) -> str:
    """Return the id of a number, or what stands there where it is not ours."""
    try:
        return id_of(number)
    except ValueError:
        return number


def digits(text: str, n: int) -> str:
    """Return `n` digits that belong to a text, always the same: how the sandboxes make numbers in the form of the real ones."""
    return f"{int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10**n:0{n}d}"
