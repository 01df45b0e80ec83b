"""When, where and for whom an offer holds: to the second, past midnight, in the store's zone, on leap days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from goodtaste.pricing.api import (
    BirthdayWindow,
    Conditions,
    Context,
    DateSpan,
    Daypart,
    Line,
    Offer,
    PercentOff,
    price,
)
from tests.test_pricing import a_coupon

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
SUNDAY = datetime(2026, 11, 22, 12, 0, tzinfo=SHANGHAI)
LINES = [Line(1, "a", "a", 1, 1_000)]
NIGHT = Daypart(from_minute=1_320, to_minute=120)


def context(at: datetime = SUNDAY, **more: Any) -> Context:
    """Return a member at a table of four."""
    plain = Context("s", "counter", at.astimezone(UTC), True, local_at=at, table_kind="hall", party=4, level="gold")
    return msgspec.structs.replace(plain, **{"segment_ids": frozenset({"regulars"}), **more})


def why(offer: Offer, where: Context) -> str | None:
    """Return why an offer does not apply, or None where it does."""
    priced = price(LINES, where, (), [offer])
    return None if priced.applied else priced.why_not[0].code


def when(**asked: Any) -> Offer:
    """Return a tenth off under conditions."""
    return Offer(id="o", name="o", benefit=PercentOff(off_bp=1_000), conditions=Conditions(**asked))


@pytest.mark.parametrize(
    ("asked", "other", "code"),
    [
        ({"store_ids": ("s",)}, {"store_id": "t"}, "other_store"),
        ({"channels": ("counter",)}, {"channel": "web"}, "other_channel"),
        ({"table_kinds": ("hall", "room")}, {"table_kind": None}, "other_table"),
        ({"party_min": 4}, {"party": 3}, "party_small"),
        ({"party_min": 4}, {"party": None}, "party_small"),
        ({"party_max": 4}, {"party": 5}, "party_large"),
        ({"members_only": True}, {"is_member": False}, "members_only"),
        ({"levels": ("gold",)}, {"is_member": False}, "members_only"),
        ({"levels": ("gold",)}, {"level": "silver"}, "other_level"),
        ({"segment_ids": ("new", "regulars")}, {"segment_ids": frozenset({"x"})}, "other_segment"),
        ({"weekdays": (7,)}, {"local_at": SUNDAY + timedelta(days=1)}, "other_weekday"),
        (
            {"dates": (DateSpan(from_on=date(2026, 11, 20), to_on=date(2026, 11, 22)),)},
            {"local_at": SUNDAY + timedelta(days=1)},
            "other_date",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_condition_holds_or_says_why_not(asked: dict[str, Any], other: dict[str, Any], code: str) -> None:
    assert why(when(**asked), context()) is None
    assert why(when(**asked), context(**other)) == code


def test_the_first_order_is_the_first() -> None:
    assert why(when(first_order=True), context(first_order=True)) is None
    assert why(when(first_order=True), context()) == "not_first_order"


def test_people_who_are_missing_are_counted() -> None:
    [told] = price(LINES, context(party=3), (), [when(party_min=8)]).why_not
    assert told.facts == {"party_min": 8, "missing_people": 5}


@pytest.mark.parametrize(
    ("hour", "minute", "holds"),
    [(10, 59, False), (11, 0, True), (13, 59, True), (14, 0, False)],
)
def test_a_part_of_the_day_begins_with_its_first_minute_and_ends_before_its_last(
    hour: int, minute: int, holds: bool
) -> None:
    lunch = when(dayparts=(Daypart(from_minute=660, to_minute=840),))
    assert why(lunch, context(SUNDAY.replace(hour=hour, minute=minute))) == (None if holds else "other_time")


def test_what_lies_after_midnight_belongs_to_the_day_before() -> None:
    saturday_night = when(dayparts=(NIGHT,), weekdays=(6,))
    assert why(saturday_night, context(SUNDAY.replace(hour=1, minute=59))) is None
    assert why(saturday_night, context(SUNDAY.replace(hour=2))) == "other_time"
    assert why(saturday_night, context(SUNDAY.replace(hour=23))) == "other_weekday"
    last = when(dayparts=(NIGHT,), dates=(DateSpan(from_on=date(2026, 11, 21), to_on=date(2026, 11, 21)),))
    assert why(last, context(SUNDAY.replace(hour=0))) is None
    assert why(last, context(SUNDAY.replace(hour=22))) == "other_date"


def test_the_clock_is_the_stores_whatever_the_zone_and_when_the_clocks_change() -> None:
    noon = when(dayparts=(Daypart(from_minute=720, to_minute=780),))
    instant = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
    assert why(noon, context(instant.astimezone(SHANGHAI))) is None
    assert why(noon, context(instant.astimezone(NEW_YORK))) == "other_time"
    small_hours = when(dayparts=(Daypart(from_minute=60, to_minute=120),))
    twice = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC).astimezone(NEW_YORK) for hour in (4, 5, 6, 7)]
    assert [why(small_hours, context(at)) for at in twice] == ["other_time", None, None, "other_time"], (
        "1:30 comes twice"
    )
    as_written = msgspec.structs.replace(context(), local_at=None, at=SUNDAY)
    assert why(noon, as_written) is None


def test_an_offer_is_valid_from_its_first_second_to_before_its_last() -> None:
    offer = msgspec.structs.replace(when(), valid_from_at=SUNDAY, valid_to_at=SUNDAY + timedelta(hours=1))
    second = timedelta(seconds=1)
    assert why(offer, context(SUNDAY - second)) == "not_yet_valid"
    assert why(offer, context(SUNDAY)) is None
    assert why(offer, context(SUNDAY + timedelta(hours=1) - second)) is None
    assert why(offer, context(SUNDAY + timedelta(hours=1))) == "expired"


@pytest.mark.parametrize(
    ("birthday", "today", "holds"),
    [
        ((11, 22), (2026, 11, 22), True),
        ((11, 25), (2026, 11, 22), True),
        ((11, 26), (2026, 11, 22), False),
        ((11, 20), (2026, 11, 22), False),
        ((1, 2), (2026, 12, 30), True),
        ((12, 31), (2027, 1, 1), True),
        ((2, 29), (2028, 2, 29), True),
        ((2, 29), (2027, 2, 28), True),
        ((2, 29), (2027, 3, 1), True),
        ((2, 29), (2028, 2, 25), False),
        ((2, 29), (2100, 2, 28), True),
    ],
)
def test_a_birthday_comes_every_year_leap_day_or_not(
    birthday: tuple[int, int], today: tuple[int, int, int], holds: bool
) -> None:
    offer = when(birthday=BirthdayWindow(days_before=3, days_after=1))
    at = datetime(*today, 12, tzinfo=SHANGHAI)
    assert why(offer, context(at, birthday=birthday)) == (None if holds else "not_birthday")


def test_a_birthday_that_is_not_known_is_none() -> None:
    assert why(when(birthday=BirthdayWindow(days_before=183, days_after=183)), context()) == "not_birthday"


def test_a_coupon_has_conditions_like_an_offer() -> None:
    coupon = a_coupon("cash", 100, conditions=Conditions(weekdays=(7,)))
    assert price(LINES, context(), [coupon]).coupon_id == "c"
    monday = price(LINES, context(SUNDAY + timedelta(days=1)), [coupon])
    assert [each.code for each in monday.why_not] == ["other_weekday"]
