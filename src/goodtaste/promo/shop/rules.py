"""Pure rules of the points shop."""

from __future__ import annotations

from collections.abc import Collection


def first_free(taken: Collection[int], most: int) -> int | None:
    """Return the lowest number from 1 to `most` that is not taken, None where all are."""
    return next((n for n in range(1, most + 1) if n not in taken), None)
