"""Rules of the organisation: hours, labels, passwords, PINs, tries, distances, and who may do what."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.kernel.auth import SYSTEM, Actor, Grant, NotAllowed
from goodtaste.kernel.errors import REFUSALS
from goodtaste.kernel.words import LANGUAGES, sentences
from goodtaste.org import geo, http, rules  # noqa: F401 - http brings every refusal
from goodtaste.org.rules import Hours, Span

SHANGHAI = "Asia/Shanghai"
MONDAY = date(2026, 11, 23)


def at(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(SHANGHAI))


def test_the_system_may_do_everything_and_nobody_else_without_a_grant() -> None:
    SYSTEM.need("org.edit")
    SYSTEM.need("order.refund", store_id="s1")
    assert SYSTEM.can_somewhere("anything")
    for kind in ("guest", "member", "staff", "terminal", "service"):
        with pytest.raises(NotAllowed):
            Actor(kind, "x").need("org.edit")  # type: ignore[arg-type]


def test_a_grant_at_one_store_gives_nothing_at_another_nor_in_the_brand() -> None:
    manager = Actor("staff", "x", grants=(rules.grant("store_manager", "s1"),))
    assert manager.can("terminal.pair", store_id="s1")
    assert not manager.can("terminal.pair", store_id="s2")
    assert not manager.can("terminal.pair")
    assert not manager.can("staff.edit", store_id="s1")


def test_what_a_person_may_do_at_a_terminal_ends_at_its_store() -> None:
    brand, here, there = Grant(frozenset("a")), Grant(frozenset("b"), "s1"), Grant(frozenset("c"), "s2")
    assert rules.grants_at((brand, here, there), "s1") == (Grant(frozenset("a"), "s1"), here)


def test_only_the_head_office_may_change_the_staff_and_the_stores() -> None:
    for role, permissions in rules.PERMISSIONS.items():
        assert ("staff.edit" in permissions) is (role == "hq_admin")
        assert ("org.edit" in permissions) is (role == "hq_admin")


@pytest.mark.parametrize(
    ("hours", "fault"),
    [
        ([], None),
        ([(0, 600, 840), (0, 1020, 1320)], None),
        ([(0, 0, 1440)], None),
        ([(0, 600, 600)], "order"),
        ([(0, 700, 600)], "order"),
        ([(0, 1440, 1500)], "long"),
        ([(0, 600, 2041)], "long"),
        ([(0, 600, 900), (0, 899, 1000)], "overlap"),
        ([(0, 600, 900), (0, 900, 1000)], None),
        ([(4, 1020, 1560), (5, 60, 300)], "overlap"),  # Friday's night runs into Saturday's morning
        ([(6, 1020, 1560), (0, 60, 300)], "overlap"),  # Sunday's into Monday's
        ([(6, 1020, 1500), (0, 60, 300)], None),
    ],
)
def test_hours_that_cannot_be_are_told(hours: list[tuple[int, int, int]], fault: str | None) -> None:
    assert rules.hours_fault([Hours(*each) for each in hours]) == fault


def test_a_store_is_open_from_the_first_minute_until_before_the_last_and_past_midnight() -> None:
    hours = (Hours(0, 600, 840), Hours(0, 1020, 1560))  # Monday 10:00-14:00 and 17:00-02:00
    tuesday = MONDAY + timedelta(days=1)
    seen = {
        clock: rules.is_open(hours, zone=SHANGHAI, at=at(MONDAY, clock))
        for clock in ("09:59", "10:00", "13:59", "14:00", "17:00", "23:59", "00:30")
    }
    assert seen == {
        "09:59": False, "10:00": True, "13:59": True, "14:00": False, "17:00": True, "23:59": True, "00:30": False,
    }  # fmt: skip
    assert rules.is_open(hours, zone=SHANGHAI, at=at(tuesday, "01:59"))
    assert not rules.is_open(hours, zone=SHANGHAI, at=at(tuesday, "02:00"))


def test_a_special_day_stands_for_its_weekday_its_night_included() -> None:
    hours = (Hours(0, 1020, 1560),)
    tuesday = MONDAY + timedelta(days=1)
    closed = {MONDAY: ()}
    assert not rules.is_open(hours, zone=SHANGHAI, at=at(MONDAY, "18:00"), special=closed)
    assert not rules.is_open(hours, zone=SHANGHAI, at=at(tuesday, "01:00"), special=closed)
    short = {MONDAY: (Span(600, 720),)}
    assert rules.is_open(hours, zone=SHANGHAI, at=at(MONDAY, "11:00"), special=short)
    assert not rules.is_open(hours, zone=SHANGHAI, at=at(MONDAY, "18:00"), special=short)


_hours = st.builds(
    lambda weekday, opens, lasts: Hours(weekday, opens, opens + lasts),
    st.integers(0, 6),
    st.integers(0, 1439),
    st.integers(1, 1440),
)


@given(st.lists(_hours, max_size=6), st.integers(0, rules.WEEK - 1))
def test_open_is_what_the_spans_say_minute_by_minute(hours: list[Hours], minute: int) -> None:
    spans = [(h.weekday * 1440 + h.opens, h.weekday * 1440 + h.closes) for h in hours]
    inside = any(start <= minute + shift < end for (start, end), shift in product(spans, (0, rules.WEEK)))
    instant = at(MONDAY, "00:00") + timedelta(minutes=minute)
    assert rules.is_open(hours, zone=SHANGHAI, at=instant) is inside


@given(st.lists(_hours, max_size=5))
def test_hours_without_a_fault_never_count_a_minute_twice(hours: list[Hours]) -> None:
    covered = [
        minute % rules.WEEK for h in hours for minute in range(h.weekday * 1440 + h.opens, h.weekday * 1440 + h.closes)
    ]
    assert (rules.hours_fault(hours) is None) is (len(covered) == len(set(covered)))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("A1..A3", ["A1", "A2", "A3"]),
        ("A1..3", ["A1", "A2", "A3"]),
        ("A08..A11", ["A08", "A09", "A10", "A11"]),
        ("1..3，包厢 1", ["1", "2", "3", "包厢 1"]),
        ("露台", ["露台"]),
    ],
)
def test_labels_name_one_table_or_many(text: str, labels: list[str]) -> None:
    assert rules.labels(text) == labels


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A1..",
        "A1..B3",
        "A3..A1",
        "A1,A1",
        "A1..A3,A2",
        "A1,,A2",
        "A1..A101",
        "A1..A60,B1..B60",
        "x" * 17,
        "..",
        "A1..A2..A3",
    ],
)
def test_labels_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        rules.labels(text)


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Well-kept 42 words", []),
        ("短短短短短短短短短短", ["variety"]),
        ("shost", ["length", "variety"]),
        ("abababababab", ["variety"]),
        ("my-Zhang.wei-1", ["login"]),
        ("zhang.wei", ["length", "login"]),
    ],
)
def test_a_weak_password_is_told_what_it_lacks(password: str, missing: list[str]) -> None:
    assert rules.password_faults(password, login="zhang.wei") == missing


def test_weak_pins_are_the_ones_people_choose_and_few_of_all() -> None:
    for pin in (
        "123456",
        "111111",
        "654321",
        "890123",
        "121212",
        "123123",
        "123321",
        "112233",
        "000000",
        "246024"[:3] * 2,
    ):
        assert rules.is_weak_pin(pin), pin
    for pin in ("736194", "480217", "135792"):
        assert not rules.is_weak_pin(pin), pin
    weak = sum(rules.is_weak_pin(f"{n:06d}") for n in range(0, 1_000_000, 17))
    assert weak < 6_000 / 17


def test_tries_are_forgotten_a_quarter_of_an_hour_after_the_last() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert rules.tries_made(5, last_at=now, at=now + rules.LOCK - timedelta(seconds=1)) == 5
    assert rules.tries_made(5, last_at=now, at=now + rules.LOCK) == 0


def test_a_quarter_of_the_earth_is_ten_thousand_kilometres() -> None:
    assert geo.distance_m((0, 0), (90, 0)) == pytest.approx(10_007_557, abs=1)
    assert geo.distance_m((0, 179), (0, -179)) == pytest.approx(222_390, abs=1)
    assert geo.distance_m((31.2, 121.4), (31.2, 121.4)) == 0


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
        ((37.7749, -122.4194), (37.7749, -122.4194)),
    ],
)
def test_known_points_lie_where_the_other_datum_has_them(wgs84: geo.Point, gcj02: geo.Point) -> None:
    assert geo.to_gcj02(wgs84) == pytest.approx(gcj02, abs=1e-9)
    assert geo.to_wgs84(gcj02) == pytest.approx(wgs84, abs=1e-7)


@given(st.floats(18.5, 53.0), st.floats(75.0, 134.0))
def test_there_and_back_between_the_datums_is_where_one_started(lat: float, lon: float) -> None:
    moved = geo.to_gcj02((lat, lon))
    assert 50 < geo.distance_m((lat, lon), moved) < 1_500
    assert geo.distance_m(geo.to_wgs84(moved), (lat, lon)) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_of_the_organisation_has_its_sentence(language: str) -> None:
    known = {code for code in sentences(language) if code.startswith("org.")}
    assert known == {code for code in REFUSALS if code.startswith("org.")}
