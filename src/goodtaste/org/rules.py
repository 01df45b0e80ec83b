"""Pure rules of the organisation: what each role may do, and how much without asking."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from goodtaste.kernel.auth import Grant
from goodtaste.kernel.calendar import BusinessCalendar, zone_of

Role = Literal["cashier", "waiter", "kitchen", "store_manager", "marketer", "analyst", "hq_admin", "auditor"]

_FLOOR = frozenset({"order.read", "order.place", "order.advance", "menu.read", "member.identify", "org.read"})
_COUNTER = _FLOOR | {"order.cancel", "payment.take", "coupon.read"}
_MANAGER = _COUNTER | {
    "approve",
    "coupon.issue",
    "member.read",
    "menu.portions",
    "order.refund",
    "payment.read",
    "points.adjust",
    "points.read",
    "staff.read",
    "terminal.pair",
}
_MARKETER = frozenset(
    {"coupon.edit", "coupon.issue", "coupon.read", "member.read", "menu.read", "org.read", "points.read"}
)
_ANALYST = frozenset(
    {"coupon.read", "member.read", "menu.read", "order.read", "org.read", "payment.read", "points.read"}
)
_AUDITOR = _ANALYST | {"audit.read", "ledger.prove", "staff.read"}
_ADMIN = (
    _MANAGER
    | _MARKETER
    | _AUDITOR
    | {"event.replay", "member.freeze", "member.read_phone", "menu.edit", "org.edit", "program.edit", "staff.edit"}
)

PERMISSIONS: dict[Role, frozenset[str]] = {
    "waiter": _FLOOR,
    "kitchen": frozenset({"order.read", "order.advance", "menu.read", "menu.portions", "org.read"}),
    "cashier": _COUNTER,
    "store_manager": _MANAGER,
    "marketer": _MARKETER,
    "analyst": _ANALYST,
    "auditor": _AUDITOR,
    "hq_admin": _ADMIN,
}
EVERYTHING = frozenset().union(*PERMISSIONS.values())


class Hours(msgspec.Struct, frozen=True):
    """Opening hours of one weekday (0 = Monday): minutes after midnight; a closing time beyond 1440 is after midnight."""

    weekday: int
    opens: int
    closes: int


def grant(role: Role, store_id: str | None) -> Grant:
    """Return what a role gives, at one store or, with None, at all."""
    return Grant(PERMISSIONS[role], store_id)


def is_open(hours: tuple[Hours, ...], *, zone: str, at: datetime) -> bool:
    """Tell whether a store with these hours is open at `at`: opens <= minute < closes, counting the evening before past midnight."""
    local = at.astimezone(zone_of(zone))
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    return any(
        (h.weekday == today and h.opens <= minute < h.closes)
        or (h.weekday == yesterday and h.opens <= minute + 1440 < h.closes)
        for h in hours
    )


def calendar(zone: str, day_start_minute: int) -> BusinessCalendar:
    """Return the calendar of a store."""
    return BusinessCalendar(zone, day_start_minute)
