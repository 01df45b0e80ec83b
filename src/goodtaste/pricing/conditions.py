"""Whether the conditions of an offer hold: the first that does not, with what is asked and what is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec

from goodtaste.pricing.offers import BirthdayWindow, Conditions
from goodtaste.pricing.values import NO_CONDITIONS, Context


class Clock(msgspec.Struct, frozen=True):
    """The store's clock at the instant of a price: its minute of the day and its date."""

    minute: int
    today: date


def clock_of(context: Context) -> Clock:
    """Return what the store's clock shows."""
    local = context.local_at or context.at
    return Clock(local.hour * 60 + local.minute, local.date())


def obstacle(asked: Conditions, context: Context, clock: Clock) -> tuple[str, dict[str, Any]] | None:
    """Return the code and the facts of the first condition that does not hold, or None."""
    if asked is NO_CONDITIONS or asked == NO_CONDITIONS:
        return None
    return _where(asked, context) or _who(asked, context, clock) or _when(asked, clock)


def _where(asked: Conditions, context: Context) -> tuple[str, dict[str, Any]] | None:
    if asked.store_ids and context.store_id not in asked.store_ids:
        return "other_store", {}
    if asked.channels and context.channel not in asked.channels:
        return "other_channel", {"channels": list(asked.channels)}
    if asked.table_kinds and context.table_kind not in asked.table_kinds:
        return "other_table", {"table_kinds": list(asked.table_kinds)}
    party = context.party or 0
    if asked.party_min and party < asked.party_min:
        return "party_small", {"party_min": asked.party_min, "missing_people": asked.party_min - party}
    if asked.party_max and party > asked.party_max:
        return "party_large", {"party_max": asked.party_max, "party": party}
    return None


def _who(asked: Conditions, context: Context, clock: Clock) -> tuple[str, dict[str, Any]] | None:
    personal = asked.members_only or asked.segment_ids or asked.levels or asked.first_order or asked.birthday
    if personal and not context.is_member:
        return "members_only", {}
    if asked.levels and context.level not in asked.levels:
        return "other_level", {"levels": list(asked.levels)}
    if asked.segment_ids and context.segment_ids.isdisjoint(asked.segment_ids):
        return "other_segment", {}
    if asked.first_order and not context.first_order:
        return "not_first_order", {}
    if asked.birthday and not is_near_birthday(asked.birthday, context.birthday, clock.today):
        return "not_birthday", {"days_before": asked.birthday.days_before, "days_after": asked.birthday.days_after}
    return None


def _when(asked: Conditions, clock: Clock) -> tuple[str, dict[str, Any]] | None:
    days = list(_days(asked, clock))
    if not days:
        spans = [f"{_clock(each.from_minute)}-{_clock(each.to_minute)}" for each in asked.dayparts]
        return "other_time", {"dayparts": spans}
    if asked.weekdays:
        days = [day for day in days if day.isoweekday() in asked.weekdays]
        if not days:
            return "other_weekday", {"weekdays": list(asked.weekdays)}
    if asked.dates and not any(span.from_on <= day <= span.to_on for day in days for span in asked.dates):
        return "other_date", {"dates": [f"{span.from_on}/{span.to_on}" for span in asked.dates]}
    return None


def _days(asked: Conditions, clock: Clock) -> Iterator[date]:
    """Give the day on which each part of the day began in which the clock stands; today where no part is asked."""
    if not asked.dayparts:
        yield clock.today
    for part in asked.dayparts:
        if part.from_minute < part.to_minute:
            if part.from_minute <= clock.minute < part.to_minute:
                yield clock.today
        elif clock.minute >= part.from_minute:
            yield clock.today
        elif clock.minute < part.to_minute:
            yield clock.today - timedelta(days=1)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def is_near_birthday(window: BirthdayWindow, birthday: tuple[int, int] | None, today: date) -> bool:
    """Tell whether `today` lies within the window around a birthday (month, day), in whatever year it falls."""
    if birthday is None:
        return False
    for year in (today.year - 1, today.year, today.year + 1):
        away = (today - _in_year(birthday, year)).days
        if -window.days_before <= away <= window.days_after:
            return True
    return False


def _in_year(birthday: tuple[int, int], year: int) -> date:
    month, day = birthday
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return date(year, month, 28 if (month, day) == (2, 29) and not leap else day)
