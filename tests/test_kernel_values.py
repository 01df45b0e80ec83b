"""Values of the kernel: money, the business calendar, ids, secrets, and what logs may hold."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.kernel.auth import NotSignedIn
from goodtaste.kernel.calendar import BusinessCalendar, zone_of
from goodtaste.kernel.choices import choices_at
from goodtaste.kernel.ids import IdTaken, derived_id, fingerprint, is_id, new_id, same_or_taken
from goodtaste.kernel.money import FEN_MAX, basis_points, parse_fen, part_of, share, yuan
from goodtaste.kernel.secrets import Keyring, hash_password, new_code, password_fits
from goodtaste.kernel.sessions import Claims, Tokens
from goodtaste.kernel.telemetry import redact

FEN = st.integers(0, FEN_MAX)
WEIGHTS = st.lists(st.integers(0, FEN_MAX), min_size=1, max_size=40)
INSTANTS = st.integers(946_684_800, 4_102_444_800).map(lambda s: datetime.fromtimestamp(s, UTC))
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
KEYS = Keyring(b"a master secret of forty characters here")


# Money


@given(FEN, WEIGHTS)
def test_shares_add_up_and_are_fair(total: int, weights: list[int]) -> None:
    parts = share(total, weights=weights)
    assert sum(parts) == total
    assert min(parts) >= 0
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(FEN, st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_parts_add_up_however_they_are_taken(total: int, steps: list[int]) -> None:
    done, given_out, of = 0, 0, sum(steps)
    for more in steps:
        given_out += part_of(total, done=done, more=more, of=of)
        done += more
    assert given_out == total


@given(st.integers(-FEN_MAX, FEN_MAX))
def test_money_is_read_as_it_is_written(fen: int) -> None:
    assert parse_fen(yuan(fen)) == fen


@pytest.mark.parametrize(
    "text", ["", "1.234", "1e3", "1,000", "¥1", " 1", "1 ", "NaN", "∞", "١", "--1", "100000000.01", "0x1"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an amount|larger|parts of a fen"):
        parse_fen(text)


def test_basis_points_are_rounded_down() -> None:
    assert (basis_points(999, 5_000), basis_points(1, 9_999), basis_points(12_345, 10_000)) == (499, 0, 12_345)


# The calendar


def test_a_sale_after_midnight_belongs_to_the_evening_before() -> None:
    calendar = BusinessCalendar("Asia/Shanghai", 240)
    assert calendar.business_date(datetime(2026, 11, 21, 18, 0, tzinfo=UTC)) == date(2026, 11, 21)  # 02:00 there
    assert calendar.business_date(datetime(2026, 11, 21, 19, 59, 59, tzinfo=UTC)) == date(2026, 11, 21)
    assert calendar.business_date(datetime(2026, 11, 21, 20, 0, tzinfo=UTC)) == date(2026, 11, 22)  # 04:00 there


@given(INSTANTS, ZONES, st.sampled_from([0, 150, 240, 300, 360]))
def test_every_instant_lies_in_its_own_day(at: datetime, zone: str, start: int) -> None:
    calendar = BusinessCalendar(zone, start)
    begins, ends = calendar.day_of(calendar.business_date(at))
    assert begins <= at < ends


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), ZONES)
def test_days_meet_without_gap_and_overlap(day: date, zone: str) -> None:
    calendar = BusinessCalendar(zone, 240)
    (_, ends), (begins, _) = calendar.day_of(day), calendar.day_of(day + timedelta(days=1))
    assert ends == begins
    assert timedelta(hours=22) < ends - calendar.day_of(day)[0] < timedelta(hours=26)


def test_a_zone_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="Asia/Shanghai"):
        zone_of("Mars/Olympus")


# Ids


ONE = "01a204a9-b452-7245-94a4-296ca080450a"


def test_ids_are_uuids_that_sort_by_time_and_do_not_repeat() -> None:
    made = [new_id() for _ in range(1_000)]
    assert all(map(is_id, made))
    assert len(set(made)) == 1_000
    assert {each[14] for each in made} == {"7"}
    assert [each[:13] for each in made] == sorted(each[:13] for each in made)


@pytest.mark.parametrize("text", ["", "x", ONE.upper(), ONE + "\n", ONE[:-1], f"{{{ONE}}}"])
def test_what_is_no_id_is_found(text: str) -> None:
    assert not is_id(text)


def test_a_derived_id_is_always_the_same_and_its_own() -> None:
    owner = new_id()
    assert derived_id(owner, "PT/member") == derived_id(owner, "PT/member")
    assert derived_id(owner, "PT/member") != derived_id(owner, "PT/debt")
    assert is_id(derived_id(owner, "x"))


def test_the_same_id_with_other_content_is_a_conflict() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    same_or_taken(fingerprint([1]), fingerprint([1]), id_="x")
    with pytest.raises(IdTaken):
        same_or_taken(fingerprint([1]), fingerprint([2]), id_="x")


# Secrets


def test_what_is_sealed_opens_for_its_purpose_only() -> None:
    sealed = KEYS.seal("13800138000", purpose="phone")
    assert KEYS.unseal(sealed, purpose="phone") == "13800138000"
    assert sealed != KEYS.seal("13800138000", purpose="phone")
    with pytest.raises(ValueError, match="altered"):
        KEYS.unseal(sealed, purpose="name")
    with pytest.raises(ValueError, match="altered"):
        KEYS.unseal(sealed[:-8] + "AAAAAAA=", purpose="phone")


def test_a_blind_index_finds_and_tells_nothing() -> None:
    assert KEYS.blind_index("138", purpose="phone") == KEYS.blind_index("138", purpose="phone")
    assert KEYS.blind_index("138", purpose="phone") != KEYS.blind_index("138", purpose="other")
    assert "138" not in KEYS.blind_index("138", purpose="phone")[:3]


def test_a_short_master_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(b"short")


def test_passwords_are_hashed_slowly_and_differently() -> None:
    stored = hash_password("correct horse")
    assert password_fits("correct horse", stored)
    assert not password_fits("battery staple", stored)
    assert not password_fits("correct horse", "nonsense")
    assert stored != hash_password("correct horse")


def test_codes_hold_nothing_that_reads_like_another() -> None:
    assert not set("01OI") & set("".join(new_code(16) for _ in range(200)))


# Logs


def test_a_log_line_holds_no_secret() -> None:
    line = {
        "event": "signed_in",
        "phone": "13800138000",
        "path": "/v1/members/13800138000",
        "nested": {"password": "hush", "note": "Bearer abc.def"},
        "error": "cannot reach postgresql://shop:hush@db/shop",
        "jwt": "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
        "order_id": "0190",
        "amount_fen": 1380,
    }
    shown = redact(None, "", line)
    assert not [secret for secret in ("13800138000", "hush", "abc.def", "c2lnbmF0dXJl") if secret in str(shown)]
    assert (shown["order_id"], shown["amount_fen"], shown["event"]) == ("0190", 1380, "signed_in")


def test_what_libraries_log_comes_as_our_own_lines() -> None:
    code = """
import logging
from goodtaste.kernel.telemetry import TRACE, set_up_logs
set_up_logs(level="info", pretty=False)
TRACE.set("0" * 32)
logging.getLogger("library").info("chatter")
logging.getLogger("library").warning("cannot reach %s", "postgresql://shop:hush@db/shop")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=110, check=True)
    [line] = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["logger"], told["level"], told["trace_id"]) == ("library", "warning", "0" * 32)
    assert told["event"].startswith("cannot reach")
    assert "hush" not in line


def test_a_token_that_was_good_is_good_until_it_is_over_and_not_longer() -> None:
    tokens, claims, noon = Tokens(KEYS), Claims(new_id(), "member", new_id()), datetime(2026, 11, 22, 4, tzinfo=UTC)
    token = tokens.access(claims, at=noon, ttl=timedelta(minutes=5))
    for minutes in (0, 4):
        assert tokens.check(token, at=noon + timedelta(minutes=minutes)) == claims
    for _ in range(2):
        with pytest.raises(NotSignedIn):
            tokens.check(token, at=noon + timedelta(minutes=5))
    with pytest.raises(NotSignedIn):
        tokens.check(token[:-2] + "xx", at=noon)


class _Fried(msgspec.Struct, tag="fried", tag_field="kind"):
    heat: Literal["low", "high"] | None = None


class _Raw(msgspec.Struct, tag="raw", tag_field="kind"):
    sauces: tuple[Literal["soy", "vinegar"], ...] = ()
    by_day: dict[str, Annotated[Literal["no"], msgspec.Meta(description="never")]] = {}


class _Plate(msgspec.Struct):
    dishes: list[_Fried | _Raw]


@pytest.mark.parametrize(
    ("dish", "choices"),
    [
        ({"kind": "baked"}, ["fried", "raw"]),
        ({"kind": "fried", "heat": "hot"}, ["high", "low"]),
        ({"kind": "raw", "sauces": ["soy", "fish"]}, ["soy", "vinegar"]),
        ({"kind": "raw", "by_day": {"monday": "yes"}}, ["no"]),
        ({"kind": "raw", "sauces": "soy"}, []),
    ],
)
def test_the_choices_are_those_of_the_place_where_a_value_does_not_fit(dish: Any, choices: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert({"dishes": [dish]}, _Plate)
    where = str(error.value).partition("`$.")[2].rstrip("`")
    assert choices_at(_Plate, where) == choices


def test_ids_made_one_after_the_other_sort_so() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
