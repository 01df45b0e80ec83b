"""The loyalty program over HTTP: read with its version, changed from the version that was seen, checked, audited."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from goodtaste.kernel import audit
from goodtaste.kernel.db import Read
from goodtaste.kernel.ids import new_id
from goodtaste.member.rules import Program
from goodtaste.org.api import Directory
from tests.shop_kit import Floor, line


class _Row(msgspec.Struct, frozen=True):
    reason: str
    facts: str


NOTED = Read(
    select(audit.audit_log.c.reason, audit.audit_log.c.facts).where(
        audit.audit_log.c.action == "member.program_changed"
    ),
    _Row,
)


@pytest.fixture
async def admin(floor: Floor) -> Any:
    """Give the head office's headers, and leave the program as it was found."""
    by = floor.at("hq_admin")
    before = await floor.done("GET", "/v1/program", None, by)
    yield by
    now = await floor.done("GET", "/v1/program", None, by)
    await floor.done("PUT", "/v1/program", before | {"version": now["version"], "reason": "back"}, by)


async def test_a_change_counts_at_once_is_audited_and_sent_again_changes_nothing(floor: Floor, admin: Any) -> None:
    before = await floor.done("GET", "/v1/program", None, admin)
    asked = before | {"coupons_each_order": 2, "refund_policy": "threshold_lost", "reason": "周年庆"}
    after = await floor.done("PUT", "/v1/program", asked, admin)
    assert (after["coupons_each_order"], after["refund_policy"]) == (2, "threshold_lost")
    assert after["version"] == before["version"] + 1
    program = floor.process.see(Program)
    assert (program.coupons_each_order, program.levels) == (2, Program().levels), "levels are another route's"
    assert await floor.done("PUT", "/v1/program", asked, admin) == after
    [noted] = [each for each in await floor.db.rows(NOTED()) if each.reason == "周年庆"]
    facts = msgspec.json.decode(noted.facts)
    assert facts["before"] == {"coupons_each_order": 1, "refund_policy": "threshold_kept"}
    assert facts["after"] == {"coupons_each_order": 2, "refund_policy": "threshold_lost"}
    member = await floor.a_member()
    coupons = [await floor.a_coupon(member), await floor.a_coupon(member)]
    order = await floor.bought(line("banquet"), member=member, coupon_ids=coupons)
    assert [await floor.coupon_state(each) for each in coupons] == [("redeemed", order["id"])] * 2
    await floor.books_hold()


async def test_points_are_earned_by_store_channel_and_day_as_the_program_says(floor: Floor, admin: Any) -> None:
    before = await floor.done("GET", "/v1/program", None, admin)
    weekday = floor.process.see(Directory).store(floor.store.id).calendar.business_date(floor.now).isoweekday()
    rules = [
        {"times_bp": 0, "weekdays": [weekday % 7 + 1]},
        {"times_bp": 30_000, "store_ids": [floor.store.id], "channels": ["counter"], "weekdays": [weekday]},
    ]
    await floor.done("PUT", "/v1/program", before | {"earn_rules": rules, "reason": "会员日"}, admin)
    member = await floor.a_member()
    order = await floor.bought(line("banquet"), member=member)
    assert order["points_earned"] == order["due_fen"] * 3 // 1_000
    later = await floor.order(line("banquet"), member=member)
    assert (await floor.pay_cash(later))["points_earned"] == later["due_fen"] * 3 // 1_000
    nowhere = before | {"earn_rules": [{"times_bp": 1, "store_ids": [new_id()]}], "reason": "x"}
    now = await floor.done("GET", "/v1/program", None, admin)
    assert (
        await floor.refuses("PUT", "/v1/program", nowhere | {"version": now["version"]}, admin) == "org.store_unknown"
    )
    await floor.books_hold()


async def test_who_saw_another_version_is_told_so(floor: Floor, admin: Any) -> None:
    before = await floor.done("GET", "/v1/program", None, admin)
    await floor.done("PUT", "/v1/program", before | {"hold_minutes": 20, "reason": "a"}, admin)
    late = before | {"hold_minutes": 30, "reason": "b"}
    assert await floor.refuses("PUT", "/v1/program", late, admin) == "member.program_moved"
    assert (await floor.done("GET", "/v1/program", None, admin))["hold_minutes"] == 20


@pytest.mark.parametrize(
    "field, change",
    [
        ("zone", {"zone": "Mars/Olympus"}),
        ("bill_hold_minutes", {"hold_minutes": 60, "bill_hold_minutes": 59}),
        ("earn_points_per_100_yuan", {"earn_points_per_100_yuan": 1_000, "fen_per_100_points": 10_000}),
        (
            "earn_rules.1.times_bp",
            {"earn_points_per_100_yuan": 1_000, "earn_rules": [{"times_bp": 0}, {"times_bp": 70_000}]},
        ),
    ],
)
async def test_a_program_that_contradicts_itself_is_refused(
    floor: Floor, admin: Any, field: str, change: dict[str, Any]
) -> None:
    before = await floor.done("GET", "/v1/program", None, admin)
    answer = await floor.client.put("/v1/program", json=before | change | {"reason": "x"}, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "member.bad_program")
    assert answer.json()["facts"]["field"] == field
    assert await floor.done("GET", "/v1/program", None, admin) == before


@pytest.mark.parametrize(
    "change",
    [
        {"earn_rules": [{"times_bp": 1, "weekdays": [8]}]},
        {"offset_cap_bp": 10_001},
        {"coupons_each_order": 0},
        {"day_start_minute": 1_440},
        {"refund_policy": "x"},
    ],
)
async def test_what_lies_outside_its_limits_is_refused(floor: Floor, admin: Any, change: dict[str, Any]) -> None:
    before = await floor.done("GET", "/v1/program", None, admin)
    answer = await floor.client.put("/v1/program", json=before | change | {"reason": "x"}, headers=admin)
    assert answer.status_code == 400
    assert await floor.done("GET", "/v1/program", None, admin) == before
