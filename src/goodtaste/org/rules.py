"""Pure rules of the organisation: what each role may do, and how much without asking."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

from goodtaste.kernel.auth import Grant
from goodtaste.kernel.calendar import BusinessCalendar, zone_of
from goodtaste.kernel.input import Fen, Input, Line

Role = Literal["cashier", "waiter", "kitchen", "store_manager", "marketer", "analyst", "finance", "hq_admin", "auditor"]

_FLOOR = frozenset(
    {"order.read", "order.place", "order.advance", "menu.read", "member.identify", "org.read", "print.read", "print.do"}
)
_COUNTER = _FLOOR | {
    "account.charge",
    "account.read",
    "coupon.read",
    "drawer.open",
    "invoice.ask",
    "invoice.read",
    "order.cancel",
    "order.discount",
    "payment.take",
    "shift.run",
    "shop.hand_over",
    "shop.read",
}
_MANAGER = _COUNTER | {
    "account.settle",
    "approve",
    "cash.out",
    "coupon.issue",
    "day.close",
    "member.read",
    "menu.portions",
    "offer.read",
    "order.discount_any",
    "order.refund",
    "order.reopen",
    "order.return",
    "order.waive_minimum",
    "payment.give_up",
    "payment.read",
    "payment.take_back",
    "shift.read",
    "shift.sign",
    "points.adjust",
    "points.read",
    "printer.edit",
    "staff.read",
    "staff.report",
    "store.switch",
    "subscription.read",
    "table.edit",
    "terminal.pair",
}
_MARKETER = frozenset(
    {
        "coupon.edit",
        "coupon.issue",
        "coupon.read",
        "coupon.revoke",
        "member.read",
        "menu.read",
        "offer.edit",
        "offer.read",
        "org.read",
        "points.read",
        "shop.edit",
        "shop.read",
        "subscription.edit",
        "subscription.read",
    }
)
_ANALYST = frozenset(
    {
        "account.read",
        "coupon.read",
        "member.read",
        "menu.read",
        "offer.read",
        "order.read",
        "org.read",
        "payment.read",
        "points.read",
        "points.report",
        "shift.read",
        "shop.read",
        "subscription.read",
    }
)
_AUDITOR = _ANALYST | {"audit.read", "invoice.read", "ledger.prove", "staff.read", "staff.report"}
_FINANCE = frozenset(
    {
        "account.edit",
        "account.read",
        "account.settle",
        "audit.read",
        "invoice.read",
        "ledger.prove",
        "menu.read",
        "order.read",
        "org.read",
        "payment.read",
        "payment.reconcile",
        "points.read",
        "points.report",
        "shift.read",
        "staff.report",
        "subscription.read",
        "subscription.refund",
    }
)
_ADMIN = (
    _MANAGER
    | _FINANCE
    | _MARKETER
    | _AUDITOR
    | {
        "event.replay",
        "level.correct",
        "member.freeze",
        "member.read_phone",
        "menu.edit",
        "offer.publish",
        "org.edit",
        "program.edit",
        "staff.edit",
        "subscription.refund",
    }
)

PERMISSIONS: dict[Role, frozenset[str]] = {
    "waiter": _FLOOR,
    "kitchen": frozenset(
        {"order.read", "order.advance", "menu.read", "menu.portions", "org.read", "print.read", "print.do"}
    ),
    "cashier": _COUNTER,
    "store_manager": _MANAGER,
    "marketer": _MARKETER,
    "analyst": _ANALYST,
    "finance": _FINANCE,
    "auditor": _AUDITOR,
    "hq_admin": _ADMIN,
}
# what a paired device may do at its store with nobody signed in at it; those that only show need nothing
TERMINALS: dict[str, frozenset[str]] = {
    "pos": frozenset({"order.advance"}),
    "waiter": frozenset({"order.advance"}),
    "kitchen": frozenset({"order.advance"}),
    "kiosk": frozenset({"kiosk.order", "member.identify"}),
}


DAY = 1440  # minutes
WEEK = 7 * DAY
LABELS_MAX = 100  # tables made with one command
MINIMUMS_MAX = 51  # one for each area of a store, and one for the rest
LABEL_MAX = 16  # characters on a table's sign
PASSWORD_MIN = 10
PASSWORD_MAX = 128
PASSWORD_SYMBOLS_MIN = 5  # different characters
TRIES = 5  # wrong passwords from one address, or wrong PINs, then it is locked there
TRIES_ANYWHERE = 100  # wrong passwords for one login from all addresses together, then it is locked for everybody
LOCK = timedelta(minutes=15)

Minute = Annotated[
    int, msgspec.Meta(ge=0, le=2 * DAY, description="Minutes after midnight; beyond 1440 on the next day")
]


class Minimum(Input, frozen=True):
    """What the goods of a bill at a table come to at least: `table_fen` in all and `person_fen` each person.

    In the area of that name, or, with none, at every table for which no other says something.
    """

    area: Line = ""
    table_fen: Fen = 0
    person_fen: Fen = 0


class StoreFees(Input, frozen=True):
    """What a store adds to a bill, in fen; by law the menu shows it before anybody orders.

    `packaging_fen`: an order that is taken away, by pickup or delivery; `delivery_fen`: one that the store brings; at a table `service_bp`
    of the goods (1000 is a tenth) and `tea_fen` each person.  `round_to_fen`: at the counter and at tables what is due is rounded down to
    whole multiples of it (10: no odd fen).  `minimums`: what a table must spend; what its goods lack is charged.  `delivers`: the store
    brings what its diners order; `delivery_minimum_fen`: what such goods come to at least, charged likewise; both stay as they were where
    they are left out.
    """

    packaging_fen: Fen = 0
    delivery_fen: Fen = 0
    service_bp: Annotated[int, msgspec.Meta(ge=0, le=2_000, description="Ten-thousandths of the goods")] = 0
    tea_fen: Fen = 0
    round_to_fen: Annotated[int, msgspec.Meta(ge=0, le=1_000, description="Whole fen; 0 rounds nothing")] = 0
    minimums: Annotated[tuple[Minimum, ...], msgspec.Meta(max_length=MINIMUMS_MAX)] = ()
    delivers: bool | msgspec.UnsetType = msgspec.UNSET
    delivery_minimum_fen: Fen | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if len({each.area for each in self.minimums}) < len(self.minimums):
            raise ValueError("an area has two minimums")

    def over(self, before: StoreFees) -> StoreFees:
        """Return these fees with what they leave out as it was before."""
        left_out = {
            name: getattr(before, name)
            for name in ("delivers", "delivery_minimum_fen")
            if getattr(self, name) is msgspec.UNSET
        }
        return msgspec.structs.replace(self, **left_out)

    def minimum(self, area: str | None) -> Minimum | None:
        """Return what holds in an area: its own, else that of all."""
        by_area = {each.area: each for each in self.minimums}
        return by_area.get(area or "", by_area.get(""))


NO_FEES = StoreFees()

TablesPay = Literal["pay_first", "pay_after"]


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span of opening hours: opens <= minute < closes, in minutes after midnight; beyond 1440 is after the next midnight."""

    opens: Minute
    closes: Minute


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span of opening hours on a weekday (0 = Monday); as in `Span`."""

    weekday: Annotated[int, msgspec.Meta(ge=0, le=6)]
    opens: Minute
    closes: Minute


def grant(role: Role, store_id: str | None) -> Grant:
    """Return what a role gives, at one store or, with None, at all."""
    return Grant(PERMISSIONS[role], store_id)


def grants_at(grants: Sequence[Grant], store_id: str) -> tuple[Grant, ...]:
    """Return what grants give at one store, as grants of that store alone."""
    return tuple(Grant(each.permissions, store_id) for each in grants if each.store_id in (None, store_id))


def is_open(
    hours: Sequence[Hours], *, zone: str, at: datetime, special: Mapping[date, Sequence[Span]] | None = None
) -> bool:
    """Tell whether a store with these hours is open at `at`: opens <= minute < closes, counting the evening before past midnight.

    A date in `special` has the spans given there instead of those of its weekday; none means closed all day.
    """
    local = at.astimezone(zone_of(zone))
    minute, today = local.hour * 60 + local.minute, local.date()
    yesterday = today - timedelta(days=1)
    return any(span.opens <= minute < span.closes for span in spans_of(hours, special, today)) or any(
        span.opens <= minute + DAY < span.closes for span in spans_of(hours, special, yesterday)
    )


def spans_of(
    hours: Sequence[Hours], special: Mapping[date, Sequence[Span]] | None, day: date
) -> Sequence[Span] | list[Hours]:
    """Return the spans of a date: its own, else those of its weekday."""
    if special and day in special:
        return special[day]
    return [h for h in hours if h.weekday == day.weekday()]


def hours_fault(hours: Sequence[Hours]) -> str | None:
    """Return what is wrong with the hours of a week, or None: `order` (a span ends before it starts), `long` (it is over 24 hours, or
    starts after midnight), `overlap` (two spans meet, Sunday night and Monday morning included).
    """
    for h in hours:
        if (fault := span_fault(h)) is not None:
            return fault
    spans = sorted((h.weekday * DAY + h.opens, h.weekday * DAY + h.closes) for h in hours)
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        return "overlap"
    return "overlap" if spans and spans[-1][1] > spans[0][0] + WEEK else None


def spans_fault(spans: Sequence[Span]) -> str | None:
    """Return what is wrong with the hours of one day, as `hours_fault` does."""
    return hours_fault([Hours(0, span.opens, span.closes) for span in spans])


def span_fault(span: Hours) -> str | None:
    """Return what is wrong with one span: `order` or `long`."""
    if span.closes <= span.opens:
        return "order"
    return "long" if span.opens >= DAY or span.closes > span.opens + DAY else None


_RANGE = re.compile(r"(\D{0,12})(\d{1,4})\.\.(\D{0,12})(\d{1,4})")


def labels(text: str) -> list[str]:
    """Return the table labels that `text` names: labels and ranges with commas between, such as `A1..A12, B1, 包厢`.

    ValueError with the part that cannot be read, names a label twice, or goes beyond `LABELS_MAX`.
    """
    found: dict[str, None] = {}
    for part in (part.strip() for part in re.split("[,，]", text)):
        for label in _expand(part):
            if label in found or not 1 <= len(label) <= LABEL_MAX or len(found) == LABELS_MAX:
                raise ValueError(label or part)
            found[label] = None
    return list(found)


def _expand(part: str) -> list[str]:
    if ".." not in part:
        return [part]
    matched = _RANGE.fullmatch(part)
    if matched is None or matched[3] not in ("", matched[1]):
        raise ValueError(part)
    low, high, width = int(matched[2]), int(matched[4]), len(matched[2])
    if not low <= high < low + LABELS_MAX:
        raise ValueError(part)
    return [f"{matched[1]}{n:0{width}d}" for n in range(low, high + 1)]


def password_faults(password: str, *, login: str) -> list[str]:
    """Return what a password lacks: `length` (`PASSWORD_MIN` characters), `variety` (different ones), `login` (it holds the login)."""
    checks = {
        "length": len(password) < PASSWORD_MIN,
        "variety": len(set(password)) < PASSWORD_SYMBOLS_MIN,
        "login": login.casefold() in password.casefold(),
    }
    return [name for name, fails in checks.items() if fails]


def is_weak_pin(pin: str) -> bool:
    """Tell whether a PIN of six digits is one that people guess: few different digits, a row up or down, one half twice, a mirror."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    return len(set(pin)) <= 2 or steps in ({1}, {9}) or pin[:3] == pin[3:] or pin == pin[::-1] or pin[::2] == pin[1::2]


def tries_made(tries: int, *, last_at: datetime, at: datetime) -> int:
    """Return how many tries count at `at`: they are forgotten `LOCK` after the last of them."""
    return tries if at < last_at + LOCK else 0


def holds(q: str, *texts: str) -> bool:
    """Tell whether one of `texts` holds what somebody searches for, in capitals or not."""
    sought = q.strip().casefold()
    return any(sought in text.casefold() for text in texts)


def calendar(zone: str, day_start_minute: int) -> BusinessCalendar:
    """Return the calendar of a store."""
    return BusinessCalendar(zone, day_start_minute)
