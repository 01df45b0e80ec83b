"""The business calendar: which trading day an instant belongs to, in a place's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec


class BusinessCalendar(msgspec.Struct, frozen=True):
    """A zone and the minute after local midnight at which a trading day starts (240 = 04:00)."""

    zone: str
    day_start_minute: int = 0

    def business_date(self, at: datetime) -> date:
        """Return the trading day to which the instant `at` belongs: a sale at 02:00 belongs to the evening before."""
        local = at.astimezone(zone_of(self.zone))
        start = time(self.day_start_minute // 60, self.day_start_minute % 60)
        return local.date() if local.time() >= start else local.date() - timedelta(days=1)

    def day_of(self, business_date: date) -> tuple[datetime, datetime]:
        """Return the half-open span of a trading day in UTC; 23 or 25 hours long where the clocks change in it."""
        return self._start(business_date), self._start(business_date + timedelta(days=1))

    def _start(self, day: date) -> datetime:
        clock = time(self.day_start_minute // 60, self.day_start_minute % 60, tzinfo=zone_of(self.zone))
        return datetime.combine(day, clock).astimezone(UTC)


@lru_cache(64)
def zone_of(name: str) -> ZoneInfo:
    """Return the zone called `name`; ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone such as Asia/Shanghai") from error
