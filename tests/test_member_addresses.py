"""Addresses of members: a few of each, sealed at rest, one the first choice, taken out and put back."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.member.addresses import ADDRESSES_MAX
from tests.shop_kit import Floor, all_at_once, spread

PATH = "/v1/me/addresses"
HOME = {"name": "王小明", "phone": "138 0013 8000", "area": "上海市徐汇区漕溪北路", "detail": "18 号 1203"}


async def test_addresses_are_added_changed_and_chosen(floor: Floor) -> None:
    by = floor.by(await floor.a_member())
    home, work = new_id(), new_id()
    [first] = await floor.done("PUT", f"{PATH}/{home}", HOME, by)
    assert (first["phone"], first["chosen"]) == ("+8613800138000", True)
    await floor.done("PUT", f"{PATH}/{work}", HOME | {"detail": "公司前台"}, by)
    shown = await floor.done("PUT", f"{PATH}/{work}", HOME | {"detail": "公司 3 楼", "chosen": True}, by)
    assert [(each["id"], each["detail"], each["chosen"]) for each in shown] == [
        (work, "公司 3 楼", True),
        (home, "18 号 1203", False),
    ]
    assert await floor.done("GET", PATH, None, by) == shown


async def test_one_that_is_taken_out_is_put_back_as_it_was(floor: Floor) -> None:
    by, home = floor.by(await floor.a_member()), new_id()
    before = await floor.done("PUT", f"{PATH}/{home}", HOME, by)
    for _ in range(2):
        assert await floor.done("DELETE", f"{PATH}/{home}", None, by) is None
    assert await floor.done("GET", PATH, None, by) == []
    assert await floor.done("PUT", f"{PATH}/{home}", HOME | {"chosen": True}, by) == before


@pytest.mark.parametrize("phone", ["12800138000", "1380013800", "", "138001380001"])
async def test_the_number_is_a_mobile_one(floor: Floor, phone: str) -> None:
    by = floor.by(await floor.a_member())
    assert await floor.refuses("PUT", f"{PATH}/{new_id()}", HOME | {"phone": phone}, by) == "member.bad_phone"


async def test_there_is_room_for_few_and_each_is_its_members_own(floor: Floor) -> None:
    by, other = floor.by(await floor.a_member()), floor.by(await floor.a_member())
    ids = [new_id() for _ in range(ADDRESSES_MAX + 3)]
    answers = await all_at_once([floor.do("PUT", f"{PATH}/{each}", HOME, by) for each in ids])
    assert spread(answers) == {"done": ADDRESSES_MAX, "member.addresses_full": 3}
    mine: list[Any] = await floor.done("GET", PATH, None, by)
    assert len(mine) == ADDRESSES_MAX
    assert await floor.refuses("PUT", f"{PATH}/{mine[0]['id']}", HOME, other) == "member.address_unknown"
    await floor.done("DELETE", f"{PATH}/{mine[0]['id']}", None, other)
    assert len(await floor.done("GET", PATH, None, by)) == ADDRESSES_MAX


async def test_nobody_reads_an_address_in_the_database(floor: Floor) -> None:
    by = floor.by(await floor.a_member())
    await floor.done("PUT", f"{PATH}/{new_id()}", HOME, by)
    written = str(await floor.db.execute("SELECT * FROM member_address"))
    for word in ("王小明", "13800138000", "漕溪北路", "1203"):
        assert word not in written
