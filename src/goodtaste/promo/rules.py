"""Pure rules of coupons: codes, when one made now is valid, what it may cost, what comes back, and what may change of a template."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.money import basis_points

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXY"  # nothing that reads like another; 31, a prime, so that the check catches every slip
CODE_SYMBOLS = 16  # 79 random bits
BODIES = len(ALPHABET) ** CODE_SYMBOLS
COUPON, PRINTED, GIFT = (
    "C1",
    "K1",
    "G1",
)  # what a code stands for: a coupon, a code of a batch, a coupon on its way to another member
GRACE_DAYS = 7
MANY = 10**12  # what stands for no limit
Starts = Literal["issue", "next_day"]

# What a template promised to those who have its coupons: it stays as it is once one was issued.
PROMISED = frozenset(
    {
        *("kind", "value", "threshold_fen", "cap_fen", "dish_ids", "store_ids", "channels", "conditions", "sku_id"),
        *(
            "groups",
            "stacks_with",
            "share_group",
            "share_max",
            "cost_centre",
            "partner",
            "comes_back",
            "grace_days",
            "refund_policy",
        ),
    }
)


def body_of(number: int) -> str:
    """Return the symbols that stand for a number below `BODIES`."""
    symbols = []
    for _ in range(CODE_SYMBOLS):
        number, place = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[place])
    return "".join(symbols)


def code_of(body: str, kind: str = COUPON) -> str:
    """Return the code of 16 random symbols: its kind, the symbols, one check symbol."""
    return f"{kind}{body}{check_symbol(body)}"


def check_symbol(body: str) -> str:
    """Return the symbol that catches any single wrong symbol and any swap of two neighbours (weights 1, 2, … modulo a prime)."""
    total = sum(i * ALPHABET.index(symbol) for i, symbol in enumerate(body, 1))
    return ALPHABET[total % len(ALPHABET)]


def is_code(text: str, kind: str = COUPON) -> bool:
    """Tell whether `text` has the form of a code of this kind, check symbol included."""
    body = text[len(kind) : -1]
    return (
        len(text) == CODE_SYMBOLS + len(kind) + 1
        and text.startswith(kind)
        and all(symbol in ALPHABET for symbol in text[len(kind) :])
        and check_symbol(body) == text[-1]
    )


def as_typed(text: str) -> str:
    """Return a code as it is kept, from how people type it: in any case, with blanks and hyphens between."""
    return "".join(symbol for symbol in text.upper() if symbol not in " -\u3000")


def validity(
    *,
    valid_from_at: datetime | None,
    valid_to_at: datetime | None,
    valid_days: int | None,
    valid_hours: int | None = None,
    starts: Starts = "issue",
    calendar: BusinessCalendar,
    at: datetime,
) -> tuple[datetime, datetime] | None:
    """Return the half-open span in which a coupon made at `at` is valid, or None where none is left of it.

    Days and hours count from the issue, a day being 24 hours; or from the start of the next trading day, days being trading days then,
    which have 23 or 25 hours where the clocks change.  No coupon is valid outside of valid_from_at <= t < valid_to_at of its template.
    """
    start = max(at, valid_from_at) if valid_from_at else at
    day = calendar.business_date(start) + timedelta(days=1)
    if starts == "next_day":
        start = calendar.day_of(day)[0]
    ends = [valid_to_at] if valid_to_at else []
    if valid_days is not None:
        whole = calendar.day_of(day + timedelta(days=valid_days))[0]
        ends.append(whole if starts == "next_day" else start + timedelta(days=valid_days))
    if valid_hours is not None:
        ends.append(start.astimezone(UTC) + timedelta(hours=valid_hours))
    end = min(ends)
    return (start, end) if end > start else None


def most_it_can_cost(kind: str, *, value: int, threshold_fen: int, cap_fen: int | None) -> int:
    """Return the money a coupon can cost at most, which is what it takes from a budget in money.

    A percentage without a cap is reckoned at the threshold it needs, what is free at nothing: they have no bound of their own.
    """
    if kind == "cash":
        return value if cap_fen is None else min(value, cap_fen)
    if kind == "percent":
        return cap_fen if cap_fen is not None else basis_points(threshold_fen, value)
    return cap_fen or 0


def is_bounded(kind: str, *, cap_fen: int | None) -> bool:
    """Tell whether what a coupon can cost has a bound, so that a budget in money holds to the fen."""
    return kind == "cash" or cap_fen is not None


def back_until(valid_to_at: datetime, *, grace_days: int = GRACE_DAYS, at: datetime) -> datetime:
    """Return until when a coupon is valid that comes back at `at`: as before, but at least for the days of grace."""
    return max(valid_to_at, at + timedelta(days=grace_days))


def broken_promises(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return which fields that people were promised an edit would change, sorted."""
    return sorted(name for name in PROMISED if before[name] != after[name])


def rate_bp(part: int, whole: int) -> int:
    """Return a part of a whole in basis points, rounded down; 0 of nothing."""
    return part * 10_000 // whole if whole else 0
