"""The rules of lots: whatever the lots, amounts add up and nothing comes from nowhere."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from goodtaste.ledger.rules import Lot, LotUse, give_back, less_late, meet_debt, take_oldest_first

TODAY = date(2026, 3, 1)
DAYS = st.integers(-30, 30).map(lambda n: TODAY + timedelta(days=n))
LOTS = st.lists(st.tuples(st.integers(0, 500), DAYS), max_size=8).map(
    lambda rows: [Lot(f"lot{i}", n, day) for i, (n, day) in enumerate(sorted(rows, key=lambda row: row[1]))]
)
USES = st.lists(st.tuples(st.integers(1, 500), DAYS), max_size=8).map(
    lambda rows: [LotUse(f"lot{i}", n, day) for i, (n, day) in enumerate(rows)]
)


@given(LOTS, st.integers(0, 5_000))
def test_a_spend_takes_what_was_asked_or_all_there_is_from_the_oldest(lots: list[Lot], amount: int) -> None:
    uses = take_oldest_first(lots, amount)
    held = {lot.id: lot.remaining for lot in lots}
    assert sum(use.amount for use in uses) == min(amount, sum(held.values()))
    assert all(0 < use.amount <= held[use.lot_id] for use in uses)
    emptied = [lot.id for lot in lots if lot.remaining][: max(len(uses) - 1, 0)]
    assert [use.lot_id for use in uses[:-1]] == emptied
    assert all(use.amount == held[use.lot_id] for use in uses[:-1])


@given(USES, st.integers(0, 5_000))
def test_what_comes_back_goes_to_its_lots_or_comes_late(uses: list[LotUse], amount: int) -> None:
    back, late = give_back(uses, amount, today=TODAY)
    taken = {use.lot_id: use.amount for use in uses}
    assert -sum(use.amount for use in back) + late == min(amount, sum(taken.values()))
    assert all(-taken[use.lot_id] <= use.amount < 0 and use.expires_on >= TODAY for use in back)
    assert late <= sum(use.amount for use in uses if use.expires_on < TODAY)


@given(USES, st.lists(st.tuples(st.integers(1, 400), st.integers(0, 20)), max_size=12))
def test_no_sequence_of_returns_gives_back_more_than_was_taken(
    uses: list[LotUse], returns: list[tuple[int, int]]
) -> None:
    today, late_so_far, returned = TODAY, 0, 0
    taken = {use.lot_id: use for use in uses}
    total = sum(use.amount for use in uses)
    for amount, days in returns:
        today += timedelta(days=days)
        left = less_late(list(taken.values()), late_so_far)
        assert sum(use.amount for use in left) == total - returned
        back, late = give_back(left, amount, today=today)
        for use in back:
            before = taken[use.lot_id]
            taken[use.lot_id] = LotUse(use.lot_id, before.amount + use.amount, use.expires_on)
            assert taken[use.lot_id].amount >= 0
        late_so_far += late
        returned += late - sum(use.amount for use in back)
        assert returned <= total


@given(st.integers(0, 10_000), st.integers(-10_000, 0))
def test_a_credit_repays_a_debt_first(amount: int, debt: int) -> None:
    repaid, rest = meet_debt(amount, debt=debt)
    assert repaid + rest == amount
    assert 0 <= repaid <= -debt
    assert rest == 0 or repaid == -debt
