"""Favourite dishes: marked within limits, cheaper where the program says so, and nobody grants themselves a price at the table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest_asyncio

from goodtaste.kernel.ids import new_id
from goodtaste.member import api as members
from goodtaste.member.favourites import MARKED_MAX
from goodtaste.member.rules import Program
from goodtaste.menu.api import MenuBook
from tests.shop import at_once, write
from tests.shop_kit import Floor, line, the

MINE = "/v1/me/favourites"
DUMPLINGS = the("dish/dumplings")


@pytest_asyncio.fixture(loop_scope="session")
async def tenth(floor: Floor) -> AsyncIterator[Any]:
    """Let two favourites cost a tenth less, three days after they were marked."""
    before = floor.process.see(Program)
    told = msgspec.structs.replace(before, favourite_bp=1_000, favourites_max=2, favourite_days=3)
    await floor.db.run(write(*members.set_program(told)))
    await floor.ctx.refresh()
    yield told
    await floor.db.run(write(*members.set_program(before)))
    await floor.ctx.refresh()


async def _reasons(floor: Floor, member: Any, *lines: Any) -> list[tuple[str, int]]:
    priced = (await floor.quote(list(lines), floor.by(member)))["priced"]
    return [(each["code"], each["saved_fen"]) for each in priced["reasons"]]


async def test_a_favourite_costs_less_once_it_has_waited_in_quote_and_order(floor: Floor, tenth: Program) -> None:
    member = await floor.a_member()
    [marked] = await floor.done("PUT", f"{MINE}/{DUMPLINGS}", None, floor.by(member))
    assert (marked["dish_id"], marked["off_bp"]) == (DUMPLINGS, 1_000)
    assert await _reasons(floor, member, line("dumplings")) == [], "nobody grants themselves a price at the table"
    floor.later(days=3)
    again = await floor.done("PUT", f"{MINE}/{DUMPLINGS}", None, floor.by(member))
    assert again == [marked], "a second mark changes nothing"
    assert await _reasons(floor, member, line("dumplings", 2)) == [("favourite_price", 378)]
    order = await floor.bought(line("dumplings"), member=member)
    assert (order["member_saving_fen"], order["due_fen"]) == (189, 1_710)
    await floor.done("DELETE", f"{MINE}/{DUMPLINGS}", None, floor.by(member))
    assert await _reasons(floor, member, line("dumplings")) == []
    assert await floor.done("GET", MINE, None, floor.by(member)) == []
    await floor.books_hold()


async def test_only_the_first_marked_count_and_of_two_prices_the_lower(floor: Floor, tenth: Program) -> None:
    member = await floor.a_member()
    for name in ("noodles", "tea", "dumplings"):
        await floor.done("PUT", f"{MINE}/{the(f'dish/{name}')}", None, floor.by(member))
        floor.later(seconds=1)
    floor.later(days=3)
    assert await _reasons(floor, member, line("dumplings")) == [], "two others were marked before"
    assert await _reasons(floor, member, line("tea")) == [("favourite_price", 33)]
    assert await _reasons(floor, member, line("noodles")) == [("member_price", 300)]
    shown = await floor.done("GET", MINE, None, floor.by(member))
    counted = [(each["off_bp"], each["counts_from_at"] is None) for each in shown]
    assert counted == [(1_000, False), (1_000, False), (0, True)]


async def test_a_house_that_says_nothing_has_no_such_price(floor: Floor) -> None:
    member = await floor.a_member()
    assert (await floor.done("PUT", f"{MINE}/{DUMPLINGS}", None, floor.by(member)))[0]["off_bp"] == 0
    floor.later(days=30)
    assert await _reasons(floor, member, line("dumplings")) == []


async def test_a_dish_that_is_none_and_one_too_many_are_refused_whatever_races(floor: Floor) -> None:
    member = await floor.a_member()
    by = floor.by(member)
    assert await floor.refuses("PUT", f"{MINE}/{new_id()}", None, by) == "menu.dish_unknown"
    dishes = [*floor.process.see(MenuBook).dish]
    assert len(await floor.done("PUT", f"{MINE}/{dishes[0]}", None, by)) == 1
    rows = ", ".join(f"('{member.id}', '{new_id()}', {n}, marked)" for n in range(3, MARKED_MAX + 1))
    marked = "(SELECT marked_at FROM member_favourite LIMIT 1)"
    await floor.db.execute(
        f"INSERT INTO member_favourite (member_id, dish_id, nth, marked_at) VALUES {rows.replace('marked', marked)}"
    )
    said = await at_once(3, lambda n: floor.do("PUT", f"{MINE}/{dishes[n + 1]}", None, by))
    assert sorted(each.status_code for each in said) == [200, 409, 409], "one place was left"
    assert {each.json()["code"] for each in said if each.status_code == 409} == {"member.favourites_full"}
