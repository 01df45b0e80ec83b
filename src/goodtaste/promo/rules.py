"""Pure rules of coupons: when one made now is valid, what it may cost at most, and what comes back after a refund."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodtaste.kernel.money import basis_points

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXY"  # nothing that reads like another; 31, a prime, so that the check catches every slip
CODE_SYMBOLS = 16  # 79 random bits
GRACE = timedelta(days=7)


def code_of(body: str) -> str:
    """Return the coupon code of 16 random symbols: C1, the symbols, one check symbol."""
    return f"C1{body}{check_symbol(body)}"


def check_symbol(body: str) -> str:
    """Return the symbol that catches any single wrong symbol and any swap of two neighbours (weights 1, 2, … modulo a prime)."""
    total = sum(i * ALPHABET.index(symbol) for i, symbol in enumerate(body, 1))
    return ALPHABET[total % len(ALPHABET)]


def is_code(text: str) -> bool:
    """Tell whether `text` has the form of a coupon code, check symbol included."""
    body = text[2:-1]
    return (
        len(text) == CODE_SYMBOLS + 3
        and text.startswith("C1")
        and all(symbol in ALPHABET for symbol in text[2:])
        and check_symbol(body) == text[-1]
    )


def validity(
    *, valid_from_at: datetime | None, valid_to_at: datetime | None, valid_days: int | None, at: datetime
) -> tuple[datetime, datetime] | None:
    """Return the half-open span in which a coupon made at `at` is valid, or None where none is left of it."""
    start = max(at, valid_from_at) if valid_from_at else at
    ends = [end for end in (valid_to_at, start + timedelta(days=valid_days) if valid_days else None) if end]
    end = min(ends)
    return (start, end) if end > start else None


def most_it_can_cost(kind: str, *, value: int, threshold_fen: int, cap_fen: int | None) -> int:
    """Return the money a coupon can cost at most, which is what it takes from a budget in money.

    A percentage without a cap is reckoned at the threshold it needs, an exchange at nothing: neither has a bound of its own.
    """
    if kind == "cash":
        return value if cap_fen is None else min(value, cap_fen)
    if kind == "percent":
        return cap_fen if cap_fen is not None else basis_points(threshold_fen, value)
    return 0


def back_until(valid_to_at: datetime, *, at: datetime) -> datetime:
    """Return until when a coupon is valid that comes back at `at`: as before, but at least for the days of grace."""
    return max(valid_to_at, at + GRACE)
