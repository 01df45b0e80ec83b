"""The pure rules of subscriptions: periods by the calendar month, what is used of one, and when something is done."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodtaste.promo.subscription import rules

ZONE = "Asia/Shanghai"
DAYS = st.dates(date(2000, 1, 1), date(2150, 12, 31))


@settings(max_examples=300, deadline=None)
@given(DAYS, st.integers(0, 600))
def test_periods_touch_and_keep_the_day_where_the_month_has_it(anchor: date, k: int) -> None:
    starts, ends = rules.period(anchor, k)
    assert ends == rules.period(anchor, k + 1)[0]
    assert starts.day == min(anchor.day, calendar.monthrange(starts.year, starts.month)[1])
    assert (starts.year * 12 + starts.month) - (anchor.year * 12 + anchor.month) == k
    assert 28 <= (ends - starts).days <= 31


@pytest.mark.parametrize(
    ("anchor", "starts"),
    [
        (date(2027, 1, 31), ["02-28", "03-31", "04-30"]),
        (date(2028, 1, 31), ["02-29", "03-31", "04-30"]),
        (date(2027, 1, 29), ["02-28", "03-29", "04-29"]),
        (date(2028, 1, 29), ["02-29", "03-29", "04-29"]),
        (date(2027, 12, 31), ["01-31", "02-29", "03-31"]),
        (date(2028, 2, 29), ["03-29", "04-29", "05-29"]),
    ],
)
def test_ends_of_months(anchor: date, starts: list[str]) -> None:
    assert [f"{rules.period(anchor, k)[0]:%m-%d}" for k in (1, 2, 3)] == starts


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**8), DAYS, st.integers(0, 40), st.integers(0, 10**8))
def test_used_grows_with_the_days_and_never_beyond_the_value(value: int, starts: date, gone: int, saved: int) -> None:
    ends = rules.add_months(starts, 1)

    def used(days: int, saved_fen: int = saved) -> int:
        today = starts + timedelta(days=days)
        return rules.used_fen(value, starts_on=starts, ends_on=ends, today=today, saved_fen=saved_fen)

    assert min(saved, value) <= used(gone) <= used(gone + 1) <= value
    assert used(0, 0) == 0
    assert used(31, 0) == value


def test_what_is_used_is_the_larger_of_days_and_savings() -> None:
    span = {"starts_on": date(2027, 4, 1), "ends_on": date(2027, 5, 1)}
    assert rules.used_fen(2_990, today=date(2027, 4, 11), saved_fen=0, **span) == 997  # 996.67, rounded up
    assert rules.used_fen(2_990, today=date(2027, 4, 11), saved_fen=1_200, **span) == 1_200
    assert rules.used_fen(2_990, today=date(2027, 4, 11), saved_fen=9_999, **span) == 2_990
    assert rules.used_fen(2_990, today=date(2027, 3, 31), saved_fen=0, **span) == 0


@pytest.mark.parametrize(
    ("birthday", "starts", "ends", "falls"),
    [
        ((2, 29), date(2027, 2, 28), date(2027, 3, 31), True),
        ((2, 29), date(2027, 1, 28), date(2027, 2, 28), False),
        ((2, 29), date(2028, 2, 28), date(2028, 2, 29), False),
        ((2, 29), date(2028, 2, 29), date(2028, 3, 31), True),
        ((1, 1), date(2026, 12, 31), date(2027, 1, 31), True),
        ((12, 31), date(2026, 12, 31), date(2027, 1, 31), True),
        ((1, 31), date(2026, 12, 31), date(2027, 1, 31), False),
    ],
)
def test_a_birthday_falls_into_one_period(birthday: tuple[int, int], starts: date, ends: date, falls: bool) -> None:
    found = rules.birthday_in(*birthday, starts_on=starts, ends_on=ends)
    assert (found is not None) is falls
    assert found in (None, starts.year, ends.year)


def test_people_are_written_to_by_day() -> None:
    night, evening = datetime(2027, 1, 1, 20, tzinfo=UTC), datetime(2027, 1, 1, 13, tzinfo=UTC)
    assert rules.by_day(night, ZONE) == datetime(2027, 1, 2, 0, tzinfo=UTC)
    assert rules.by_day(evening, ZONE) == datetime(2027, 1, 2, 0, tzinfo=UTC)
    assert rules.by_day(evening - timedelta(seconds=1), ZONE) == evening - timedelta(seconds=1)


ENDS_ON = date(2027, 3, 31)
RUNS = rules.Standing(
    state="active", agreement="signed", n=1, ends_on=ENDS_ON, made_at=datetime(2027, 2, 28, tzinfo=UTC), cancel_at_end=False,
    failed_on=None, failures=0, retry_at=None, has_trial=False, due_fen=2_990, retry_days=(1, 3, 7), grace_days=10, barred=False,
    levels_over=False, charging=False, ask_at=None, notice=None, good=None,
)  # fmt: skip


def act(at: datetime, **more: object) -> rules.Act:
    return rules.next_act(msgspec.structs.replace(RUNS, **more), at=at, zone=ZONE)


def test_a_notice_goes_out_a_week_before_at_nine() -> None:
    nine = datetime(2027, 3, 24, 1, tzinfo=UTC)
    assert act(nine - timedelta(seconds=1)) == rules.Act("wait", nine)
    assert act(nine).what == "tell"


def test_a_charge_waits_for_five_days_after_the_receipt_to_the_second() -> None:
    eight = rules.local(ENDS_ON, rules.CHARGE_HOUR, ZONE)
    in_time = rules.Good("n", 2_990, int(eight.timestamp()) - rules.NOTICE_S)
    assert act(eight, good=in_time, state="past_due").what == "charge"
    assert act(eight - timedelta(seconds=1), good=in_time, state="past_due") == rules.Act("wait", eight)
    late = msgspec.structs.replace(in_time, delivered_s=in_time.delivered_s + 1)
    assert act(eight, good=late, state="past_due") == rules.Act("wait", eight + timedelta(seconds=1))
    assert act(eight + timedelta(seconds=1), good=late, state="past_due").what == "charge"


def test_a_notice_of_less_than_is_due_is_no_notice() -> None:
    eight = rules.local(ENDS_ON, rules.CHARGE_HOUR, ZONE)
    told = rules.Notice(1, "delivered", eight - timedelta(days=6), eight)
    less = rules.Good("n", 2_989, int(eight.timestamp()) - rules.NOTICE_S)
    assert act(eight, good=less, notice=told, state="past_due").what == "tell"


def test_whoever_cancelled_or_is_barred_is_not_charged() -> None:
    at = rules.local(ENDS_ON, 0, ZONE)
    assert act(at - timedelta(seconds=1), cancel_at_end=True) == rules.Act("wait", at)
    assert act(at, cancel_at_end=True) == rules.Act("finish", why="cancelled", state="cancelled")
    assert act(at, barred=True) == rules.Act("finish", why="barred")
    assert act(at, agreement="ended") == rules.Act("finish", why="no_agreement")


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 60 * 24 * 60),
    st.booleans(),
    st.sampled_from([None, "begun", "sent", "delivered", "failed"]),
    st.integers(1, 7),
)
def test_who_waits_waits_for_something_to_come(minutes: int, over: bool, said: str | None, try_no: int) -> None:
    at = datetime(2027, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    notice = rules.Notice(try_no, said, at - timedelta(hours=3), at + timedelta(minutes=5)) if said else None
    good = rules.Good("n", 2_990, int(at.timestamp()) - 86_400) if said == "delivered" else None
    then = act(at, notice=notice, good=good, state="past_due" if over else "active")
    assert then.what != "wait" or (then.at is not None and then.at > at)
