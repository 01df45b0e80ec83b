"""Pure rules of subscriptions: periods by the calendar month, what of a period is used, and what is to be done next."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import msgspec

from goodtaste.kernel.calendar import zone_of

State = Literal["pending", "trial", "active", "past_due", "cancelled", "ended"]
Agreement = Literal["asked", "signed", "ended"]
FINAL = ("cancelled", "ended")
OPEN = ("pending", "unknown")

NOTICE_S = 5 * 86_400  # the law: five days between the notice and the charge; also in a CHECK
NOTICE_DAYS = 7  # before the end of a period a notice is sent, so that there is time to send it again
NOTICE_HOUR, CHARGE_HOUR = 9, 8  # in the program's zone
DAY_HOURS = range(8, 21)  # when people are written to
NOTICE_TRIES, NOTICE_PAUSE = 6, timedelta(hours=12)
NOTICE_PATIENCE = timedelta(days=14)  # after the end of a period, for one who cannot be reached
RECEIPT_AT_S = (
    30,
    600,
    10_800,
)  # after a message was sent: when the carrier is asked for its receipt; then every three hours
SIGN_PATIENCE = timedelta(hours=1)
ASK_AT_S = (2, 10, 60, 300, 1_800, 7_200)  # after a charge began: when the gateway is asked what became of it
TRIAL_DAYS_MIN = NOTICE_DAYS + 1  # a trial leaves time for the notice before its first charge
TRIAL_DAYS_MAX, GRACE_DAYS_MAX = 90, 60
LIMIT_FEN = 1_000_00  # the most that one deduction may be, in the agreement that is signed


def add_months(day: date, months: int) -> date:
    """Return `day` so many months on, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def period(anchor_on: date, k: int) -> tuple[date, date]:
    """Return the k-th period (from 0) after an anchor, as a half-open span of days; always reckoned from the anchor, so nothing drifts."""
    return add_months(anchor_on, k), add_months(anchor_on, k + 1)


def local(day: date, hour: int, zone: str) -> datetime:
    """Return the instant of an hour of a day in a zone, in UTC."""
    return datetime.combine(day, time(hour), tzinfo=zone_of(zone)).astimezone(UTC)


def day_of(at: datetime, zone: str) -> date:
    """Return the calendar day of an instant in a zone."""
    return at.astimezone(zone_of(zone)).date()


def by_day(at: datetime, zone: str) -> datetime:
    """Return the first instant from `at` on at which people may be written to."""
    hour = at.astimezone(zone_of(zone)).hour
    if hour in DAY_HOURS:
        return at
    day = day_of(at, zone) + timedelta(days=hour >= DAY_HOURS.stop)
    return local(day, DAY_HOURS.start, zone)


def used_fen(value_fen: int, *, starts_on: date, ends_on: date, today: date, saved_fen: int) -> int:
    """Return what of a period's value is used: the larger of the days gone by (rounded up) and what its coupons saved, at most all."""
    days = (ends_on - starts_on).days
    gone = min(max((today - starts_on).days, 0), days)
    by_time = -(-value_fen * gone // days) if days else value_fen
    return min(value_fen, max(by_time, saved_fen))


def birthday_in(month: int, day: int, *, starts_on: date, ends_on: date) -> int | None:
    """Return the year in which a birthday falls into a span of days, or None; 29 February is kept on the 28th in common years."""
    for year in (starts_on.year, ends_on.year):
        last = calendar.monthrange(year, month)[1]
        if starts_on <= date(year, month, min(day, last)) < ends_on:
            return year
    return None


def next_ask(started_at: datetime, *, at: datetime, steps: tuple[int, ...] = ASK_AT_S) -> datetime:
    """Return when somebody is asked next about something that began at `started_at`: soon, then each time after the last step."""
    age_s = (at - started_at).total_seconds()
    soon = next((s for s in steps if s > age_s), None)
    if soon is not None:
        return started_at + timedelta(seconds=soon)
    return at + timedelta(seconds=steps[-1])


class Notice(msgspec.Struct, frozen=True):
    """The newest notice of the next period."""

    try_no: int
    state: str
    begun_at: datetime
    look_at: datetime


class Good(msgspec.Struct, frozen=True):
    """A notice that was delivered: what it announced, and when it arrived."""

    id: str
    amount_fen: int
    delivered_s: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides what is to be done with a subscription."""

    state: State
    agreement: Agreement
    n: int
    ends_on: date | None
    made_at: datetime
    cancel_at_end: bool
    failed_on: date | None
    failures: int
    retry_at: datetime | None
    has_trial: bool
    due_fen: int  # the price of the next period
    retry_days: tuple[int, ...]
    grace_days: int
    barred: bool  # the member is erased or frozen
    levels_over: bool  # a level that it gave is to be ended
    charging: bool  # a charge is open
    ask_at: datetime | None  # when the gateway is asked about it
    notice: Notice | None
    good: Good | None


class Act(msgspec.Struct, frozen=True):
    """What is to be done now; `wait` waits until `at`, or for ever."""

    what: Literal["wait", "ask", "part", "agreement", "trial", "charge", "tell", "receipt", "lapse", "level", "finish"]
    at: datetime | None = None
    why: str = ""
    state: State = "ended"


def _wait(*times: datetime | None) -> Act:
    return Act("wait", min((t for t in times if t is not None), default=None))


def next_act(s: Standing, *, at: datetime, zone: str) -> Act:
    """Return what is to be done with a subscription at `at`."""
    if s.levels_over:
        return Act("level")
    if s.charging:
        return Act("ask") if s.ask_at is None or at >= s.ask_at else _wait(s.ask_at)
    if s.state in FINAL:
        return _wait(None) if s.agreement == "ended" else Act("part")
    if s.state == "pending":
        return _pending(s, at)
    return _running(s, at, zone)


def _pending(s: Standing, at: datetime) -> Act:
    if s.cancel_at_end:
        return Act("finish", why="cancelled", state="cancelled")
    if s.agreement == "signed" and not s.barred:
        if s.failures:
            return Act("finish", why="declined")
        return Act("trial" if s.has_trial else "charge")
    if s.agreement == "ended" or s.barred:
        return Act("finish", why="barred" if s.barred else "not_signed")
    over_at = s.made_at + SIGN_PATIENCE
    if at >= over_at:
        return Act("finish", why="not_signed")
    return Act("agreement") if s.retry_at is not None and at >= s.retry_at else _wait(over_at, s.retry_at)


def _running(s: Standing, at: datetime, zone: str) -> Act:
    if s.ends_on is None:
        raise ValueError("a subscription that runs has a period")
    over = day_of(at, zone) >= s.ends_on
    if s.cancel_at_end or s.agreement != "signed" or s.barred:
        if over:
            if s.cancel_at_end:
                return Act("finish", why="cancelled", state="cancelled")
            return Act("finish", why="barred" if s.barred else "no_agreement")
        return _wait(local(s.ends_on, 0, zone))
    if over and s.state != "past_due":
        return Act("lapse")
    if s.failed_on is not None and day_of(at, zone) > s.failed_on + timedelta(days=s.grace_days):
        return Act("finish", why="not_paid")
    if s.good is not None and s.good.amount_fen >= s.due_fen:
        return _charge(s, s.good, s.ends_on, at, zone)
    return _notify(s, s.ends_on, at, zone)


def _charge(s: Standing, good: Good, ends_on: date, at: datetime, zone: str) -> Act:
    due_at = max(local(ends_on, CHARGE_HOUR, zone), datetime.fromtimestamp(good.delivered_s + NOTICE_S, UTC))
    if s.failed_on is None:
        return (
            Act("charge") if at >= due_at else _wait(due_at, local(ends_on, 0, zone) if s.state != "past_due" else None)
        )
    grace_over = local(s.failed_on + timedelta(days=s.grace_days + 1), 0, zone)
    if s.retry_at is None:
        return _wait(grace_over)
    return Act("charge") if at >= s.retry_at else _wait(s.retry_at, grace_over)


def retry_at(s: Standing, *, at: datetime, zone: str) -> datetime | None:
    """Return when a charge is tried again after one failed at `at`, or None where it is not tried any more."""
    first = s.failed_on or day_of(at, zone)
    if s.failures >= len(s.retry_days):
        return None
    return local(first + timedelta(days=s.retry_days[s.failures]), CHARGE_HOUR, zone)


def _notify(s: Standing, ends_on: date, at: datetime, zone: str) -> Act:
    end = local(ends_on, 0, zone)
    give_up_at = end + NOTICE_PATIENCE
    if at >= give_up_at:
        return Act("finish", why="not_reached")
    lapse_at = None if s.state == "past_due" else end
    newest = s.notice
    if newest is None:
        return _by_day(
            "tell", local(ends_on - timedelta(days=NOTICE_DAYS), NOTICE_HOUR, zone), lapse_at, at=at, zone=zone
        )
    if newest.state == "begun":
        return _by_day("tell", newest.look_at, lapse_at, at=at, zone=zone)
    again_at = newest.begun_at if newest.state == "delivered" else newest.begun_at + NOTICE_PAUSE
    if newest.state == "sent" and at < again_at:
        return Act("receipt") if at >= newest.look_at else _wait(newest.look_at, again_at, lapse_at)
    if newest.try_no >= NOTICE_TRIES:
        return _wait(give_up_at, lapse_at)
    return _by_day("tell", again_at, lapse_at, at=at, zone=zone)


def _by_day(what: Literal["tell"], from_at: datetime, other: datetime | None, *, at: datetime, zone: str) -> Act:
    due_at = by_day(max(from_at, at), zone)
    return Act(what) if due_at <= at else _wait(due_at, other)
