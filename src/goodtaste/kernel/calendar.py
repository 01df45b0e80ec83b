"""The business calendar: which trading day an instant belongs to, in a place's own zone."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec


class BusinessCalendar(msgspec.Struct, frozen=True):
    """A zone and the minute after local midnight at which a trading day starts (240 = 04:00)."""

    zone: str
    day_start_minute: int = 0

    def business_date(self, at: datetime) -> date:
        """Return the trading day to which the instant `at` belongs: a sale at 02:00 belongs to the evening before.

        A day that has started never goes back to the one before it, also where the clocks do; it is the day whose `day_of` holds `at`.
        """
        today = at.astimezone(zone_of(self.zone)).date()
        return today if at >= self._start(today) else today - timedelta(days=1)

    def day_of(self, business_date: date) -> tuple[datetime, datetime]:
        """Return the half-open span of a trading day in UTC; 23 or 25 hours long where the clocks change in it."""
        return self._start(business_date), self._start(business_date + timedelta(days=1))

    def _start(self, day: date) -> datetime:
        clock = time(self.day_start_minute // 60, self.day_start_minute % 60, tzinfo=zone_of(self.zone))
        return datetime.combine(day, clock).astimezone(UTC)


def months_later(day: date, months: int) -> date:
    """Return the same day of the month `months` later; the last of the month where it has no such day (31 January, 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(64)
def zone_of(name: str) -> ZoneInfo:
    """Return the zone called `name`; ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as Asia/Shanghai") from error
