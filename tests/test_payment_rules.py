"""The pure rules: what an answer makes of a state, and when a gateway is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.payment import rules
from goodtaste.payment.api import Pay
from goodtaste.payment.gateway import Absent, Closed, Declined, Outcome, Paid, Pending, Refunded, Unknown
from goodtaste.payment.pay_codes import NotAPayCode, check

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
OUTCOMES: list[Outcome] = [Paid("t", 100), Pending(), Declined("NOT_ENOUGH"), Closed(), Absent(), Unknown("timeout")]
STATES: tuple[rules.State, ...] = get_args(rules.State)


@given(st.sampled_from(STATES), st.lists(st.sampled_from(OUTCOMES), max_size=30))
def test_a_final_state_never_goes_back_and_money_is_never_forgotten(state: rules.State, told: list[Outcome]) -> None:
    seen = [state]
    for outcome in told:
        seen.append(rules.next_state(seen[-1], outcome))
    for before, after in pairwise(seen):
        assert before != "succeeded" or after == "succeeded"
        assert before in rules.OPEN or after in (before, "succeeded")
    assert (seen[-1] == "succeeded") == (state == "succeeded" or any(isinstance(o, Paid) for o in told))


@pytest.mark.parametrize("outcome", [Absent(), Unknown("http 502")])
def test_unknown_is_never_failure(outcome: Outcome) -> None:
    assert rules.next_state("pending", outcome) == "unknown"
    assert rules.next_refund_state("pending", outcome) == "unknown"  # type: ignore[arg-type]


@given(
    st.sampled_from(["pending", "unknown", "succeeded", "failed"]), st.sampled_from([Refunded("r", 1), *OUTCOMES[1:3]])
)
def test_a_refund_that_is_final_stays_so(state: rules.RefundState, outcome: rules.RefundOutcome) -> None:
    after = rules.next_refund_state(state, outcome)
    assert state in rules.OPEN or after == state


def asked_at(state: rules.State, *, patience: timedelta, until_s: int) -> list[int]:
    """Return the seconds at which a gateway is asked."""
    found: list[int] = []
    at = NOON
    while True:
        second = rules.next_ask(state, started_at=NOON, close_at=NOON + patience, at=at)
        if second is None or second > until_s:
            return found
        found.append(second)
        at = NOON + timedelta(seconds=second, milliseconds=300)


def test_a_scanned_code_is_asked_about_as_the_field_does() -> None:
    seconds = asked_at("unknown", patience=rules.SCAN_PATIENCE, until_s=1_300)
    assert seconds == [1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 90, 120, 300, 600, 900, 1_200]


def test_it_is_asked_about_for_a_day() -> None:
    seconds = asked_at("unknown", patience=rules.SCAN_PATIENCE, until_s=10**6)
    assert (seconds[-1], len(seconds) < 320) == (86_400, True)


def test_what_is_paid_in_the_app_is_asked_about_until_its_time_is_over() -> None:
    seconds = asked_at("pending", patience=rules.APP_PATIENCE, until_s=400)
    assert seconds[-5:] == [240, 270, 300, 330, 360]


def test_what_we_closed_is_looked_back_at_and_what_is_known_is_not_asked_about() -> None:
    assert asked_at("closed", patience=rules.SCAN_PATIENCE, until_s=10**6) == list(rules.LOOK_BACK_S)
    assert asked_at("succeeded", patience=rules.SCAN_PATIENCE, until_s=10**6) == []
    assert asked_at("failed", patience=rules.SCAN_PATIENCE, until_s=10**6) == []


@given(st.sampled_from(STATES), st.integers(0, 10**6), st.integers(0, 900))
def test_the_next_time_to_ask_is_always_ahead(state: rules.State, age_s: int, patience_s: int) -> None:
    at = NOON + timedelta(seconds=age_s)
    second = rules.next_ask(state, started_at=NOON, close_at=NOON + timedelta(seconds=patience_s), at=at)
    assert second is None or second > age_s


def test_a_refund_is_asked_about_for_a_week() -> None:
    at, found = NOON, [0]
    while (second := rules.next_refund_ask("pending", started_at=NOON, at=at)) is not None:
        assert second > found[-1]
        found.append(second)
        at = NOON + timedelta(seconds=second)
    assert found[1:4] == [1, 2, 5]
    assert found[-1] == 7 * 86_400
    assert rules.next_refund_ask("succeeded", started_at=NOON, at=NOON) is None


def test_an_answer_about_another_amount_is_no_answer() -> None:
    assert rules.checked(Paid("t", 100), amount_fen=100) == Paid("t", 100)
    assert isinstance(rules.checked(Paid("t", 99), amount_fen=100), Unknown)
    assert isinstance(rules.checked_refund(Refunded("r", 101), amount_fen=100), Unknown)


def test_a_number_that_never_arrived_is_given_up_only_well_after_its_end() -> None:
    end = NOON + rules.SCAN_PATIENCE
    assert rules.ended(Absent(), close_at=end, at=end + timedelta(seconds=9)) == Absent()
    assert isinstance(rules.ended(Absent(), close_at=end, at=end + timedelta(seconds=10)), Closed)
    assert rules.ended(Unknown("timeout"), close_at=end, at=end + timedelta(days=1)) == Unknown("timeout")


GOOD = '{"payment_id":"01960000-0000-7000-8000-000000000001","method":"wallet","amount_fen":%s,"auth_code":"%s"}'


@pytest.mark.parametrize(
    "amount", ["0", "-1", "-3800", "38.5", "3800.0", "1e3", "1e30", "10000000001", "true", '"3800"', "null", "NaN"]
)
def test_an_amount_that_is_not_a_positive_count_of_fen_is_not_taken(amount: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(GOOD % (amount, ""), type=Pay)


@pytest.mark.parametrize("code", ["1", "9" * 15, "9" * 25, "99000000000000000a", "９" * 18, "990000000000000000\\n"])
def test_a_code_that_no_phone_shows_is_not_taken(code: str) -> None:
    with pytest.raises((msgspec.ValidationError, NotAPayCode)):
        check(msgspec.json.decode(GOOD % ("3800", code), type=Pay).auth_code, method="wallet")


def test_what_is_sent_to_pay_has_no_other_fields() -> None:
    assert msgspec.json.decode(GOOD % ("3800", "9" * 18), type=Pay).amount_fen == 3_800
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode((GOOD % ("3800", "")).replace("}", ',"state":"succeeded"}'), type=Pay)
