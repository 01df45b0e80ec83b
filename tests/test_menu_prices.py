"""The price book: one price at a time, the most specific first, and the past as it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodtaste.kernel.auth import GUEST, NotAllowed
from goodtaste.kernel.errors import refusal_of
from goodtaste.kernel.ids import IdTaken, new_id
from goodtaste.menu import api as menu
from goodtaste.menu.book import MenuBook, PriceRow
from goodtaste.menu.prices import (
    NEW,
    BadPeriod,
    PriceOverlaps,
    PricesMoved,
    PricesTwice,
    PriceUnknown,
    SkuUnknown,
    preview_prices,
)
from goodtaste.menu.shelf import shelf
from goodtaste.menu.spans import Overlap, Span, plan
from tests.menu_kit import a_dish
from tests.org_kit import actions_on
from tests.shop import LONG_AGO, Shop, at_once, write

DAY = timedelta(days=1)
STORE, OTHER = "0197a000-0000-7000-8000-0000000000a1", "0197a000-0000-7000-8000-0000000000a2"


async def set_price(
    shop: Shop, sku_id: str, fen: int, *, from_at: datetime | None = None, to_at: datetime | None = None, **more: Any
) -> list[PriceRow]:
    ctx = shop.process.context()
    one = menu.PriceAsked(sku_id=sku_id, amount_fen=fen, **more)
    act = menu.NewPrices(id=new_id(), prices=(one,), from_at=from_at, to_at=to_at)
    rows = await ctx.run(menu.set_prices(act, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    return rows


def holds(
    shop: Shop, sku_id: str, at: datetime, *, store_id: str = STORE, channel: str = "counter", kind: str = "list"
) -> Any:
    return shop.process.see(MenuBook).price_of(sku_id, kind, store_id=store_id, channel=channel, at=at)


async def a_sku(shop: Shop) -> str:
    return (await a_dish(shop, list_fen=None)).skus[0].id


async def test_a_new_price_ends_the_former_and_the_past_stays_as_it_was(shop: Shop) -> None:
    sku_id, now = await a_sku(shop), shop.now
    await set_price(shop, sku_id, 3800, from_at=now - 10 * DAY)
    rows = await set_price(shop, sku_id, 4200, from_at=now + DAY)
    assert [(r.amount_fen, r.valid_to_at) for r in rows] == [(3800, now + DAY), (4200, None)]
    moments = [now - 11 * DAY, now - 10 * DAY, now, now + DAY - timedelta(microseconds=1), now + DAY]
    assert [holds(shop, sku_id, at) for at in moments] == [None, 3800, 3800, 3800, 4200]
    with pytest.raises(BadPeriod) as refused:
        await set_price(shop, sku_id, 1, from_at=now - 5 * DAY)
    assert refused.value.facts["why"] == "past"
    with pytest.raises(BadPeriod):
        await set_price(shop, sku_id, 1, from_at=now + 3 * DAY, to_at=now + 3 * DAY)


async def test_a_price_for_a_period_gives_way_to_the_former_again(shop: Shop) -> None:
    sku_id, now = await a_sku(shop), shop.now
    await set_price(shop, sku_id, 3800, from_at=LONG_AGO)
    await set_price(shop, sku_id, 2900, from_at=now + DAY, to_at=now + 3 * DAY)
    assert [holds(shop, sku_id, now + n * DAY) for n in (0, 1, 2, 3, 400)] == [3800, 2900, 2900, 3800, 3800]
    rows = await set_price(shop, sku_id, 4000)
    assert [holds(shop, sku_id, now + n * DAY) for n in (1, 3)] == [2900, 3800]
    assert [r.amount_fen for r in rows] == [3800, 4000, 2900, 3800]
    with pytest.raises(PriceOverlaps) as refused:
        await set_price(shop, sku_id, 3000, from_at=now + timedelta(hours=1), to_at=now + 2 * DAY)
    assert refused.value.facts["sku_id"] == sku_id


async def test_the_most_specific_price_holds(shop: Shop) -> None:
    sku_id, now = await a_sku(shop), shop.now
    await set_price(shop, sku_id, 100, from_at=LONG_AGO)
    await set_price(shop, sku_id, 90, from_at=LONG_AGO, channel="delivery_platform")
    await set_price(shop, sku_id, 80, from_at=LONG_AGO, store_id=STORE)
    await set_price(shop, sku_id, 70, from_at=LONG_AGO, store_id=STORE, channel="delivery_platform")
    await set_price(shop, sku_id, 60, from_at=LONG_AGO, kind="member")
    found = [
        holds(shop, sku_id, now, store_id=store_id, channel=channel)
        for store_id in (STORE, OTHER)
        for channel in ("delivery_platform", "counter")
    ]
    assert found == [70, 80, 90, 100]
    assert holds(shop, sku_id, now, kind="member") == 60


async def test_an_act_is_done_once_and_whole(shop: Shop) -> None:
    one, two, ctx = await a_sku(shop), await a_sku(shop), shop.process.context()
    both = (menu.PriceAsked(sku_id=one, amount_fen=1), menu.PriceAsked(sku_id=two, amount_fen=2))
    act = menu.NewPrices(id=new_id(), prices=both)
    first = await ctx.run(menu.set_prices(act, actor=ctx.actor, at=ctx.now))
    assert await ctx.run(menu.set_prices(act, actor=ctx.actor, at=ctx.now + DAY)) == first
    assert await actions_on(shop, f"prices/{act.id}") == ["menu.prices_set"]
    other = menu.NewPrices(id=act.id, prices=both[:1])
    with pytest.raises(IdTaken):
        await ctx.run(menu.set_prices(other, actor=ctx.actor, at=ctx.now))
    unknown = menu.PriceAsked(sku_id=new_id(), amount_fen=3)
    for prices, refused in (((*both, unknown), SkuUnknown), ((*both, both[0]), PricesTwice)):
        with pytest.raises(refused):
            await ctx.run(
                menu.set_prices(menu.NewPrices(id=new_id(), prices=prices), actor=ctx.actor, at=ctx.now + DAY)
            )
    with pytest.raises(NotAllowed):
        await ctx.run(menu.set_prices(menu.NewPrices(id=new_id(), prices=both), actor=GUEST, at=ctx.now))
    await ctx.refresh()
    assert (holds(shop, one, ctx.now), holds(shop, two, ctx.now)) == (1, 2)


async def test_prices_are_seen_before_they_are_set_and_not_set_over_those_of_somebody_else(shop: Shop) -> None:
    sku_id, ctx = await a_sku(shop), shop.process.context()
    await set_price(shop, sku_id, 3800, from_at=LONG_AGO)
    one = menu.PriceAsked(sku_id=sku_id, amount_fen=3500)
    act = menu.NewPrices(id=new_id(), prices=(one,), from_at=ctx.now + DAY, to_at=ctx.now + 2 * DAY)
    seen = await ctx.query(preview_prices(act, actor=ctx.actor, at=ctx.now))
    assert [each.amount_fen for each in seen.before] == [3800]
    assert [each.amount_fen for each in seen.after] == [3800, 3500, 3800]
    await set_price(shop, sku_id, 3900)
    with pytest.raises(PricesMoved):
        await ctx.run(menu.set_prices(msgspec.structs.replace(act, seen=seen.seen), actor=ctx.actor, at=ctx.now))
    again = await ctx.query(preview_prices(act, actor=ctx.actor, at=ctx.now))
    fresh = msgspec.structs.replace(act, seen=again.seen)
    assert await ctx.run(menu.set_prices(fresh, actor=ctx.actor, at=ctx.now)) == again.after
    await ctx.refresh()
    shown = next(
        each for each in shelf(shop.process.see(MenuBook), store_id=None, at=shop.now) if each.skus[0].id == sku_id
    )
    assert (shown.skus[0].list_fen, shown.skus[0].next_at) == (3900, ctx.now + DAY)


async def test_a_price_is_ended_or_never_begins(shop: Shop) -> None:
    sku_id, ctx = await a_sku(shop), shop.process.context()
    [row] = await set_price(shop, sku_id, 3800, from_at=LONG_AGO)
    *_, later = await set_price(shop, sku_id, 4200, from_at=ctx.now + DAY)
    for price_id in (later.id, row.id):
        await ctx.run(menu.end_price(price_id, actor=ctx.actor, at=ctx.now))
        with pytest.raises(PriceUnknown):
            await ctx.run(menu.end_price(price_id, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    assert [holds(shop, sku_id, ctx.now + n * DAY) for n in (-1, 0, 2)] == [3800, None, None]


async def test_the_database_itself_refuses_two_prices_at_once(shop: Shop) -> None:
    sku_id, now = await a_sku(shop), shop.now
    row = {
        "id": new_id(), "sku_id": sku_id, "kind": "list", "store_id": None, "channel": "web", "amount_fen": 1,
        "valid_from_at": now, "valid_to_at": now + DAY,
    }  # fmt: skip
    await shop.db.run(write(NEW(**row)))
    for change in ({}, {"valid_from_at": now - DAY, "valid_to_at": None}, {"valid_from_at": now + DAY / 2}):
        with pytest.raises(PriceOverlaps):
            await shop.db.run(write(NEW(**(row | {"id": new_id()} | change))))
    for change in (
        {"valid_from_at": now + DAY, "valid_to_at": None},
        {"channel": None},
        {"store_id": STORE},
        {"kind": "member"},
    ):
        await shop.db.run(write(NEW(**(row | {"id": new_id()} | change))))
    assert isinstance(refusal_of("menu_price_no_overlap"), PriceOverlaps)


async def test_of_prices_set_at_once_one_holds_after_the_other(shop: Shop) -> None:
    sku_id = await a_sku(shop)
    outcomes = await at_once(16, lambda n: set_price(shop, sku_id, 1000 + n))
    ends = await shop.db.execute(f"SELECT amount_fen, valid_to_at FROM menu_price WHERE sku_id = '{sku_id}'")
    assert len([None for _, end in ends if end is None]) == 1
    assert all(isinstance(each, list) or each == "menu.bad_price_period" for each in outcomes)


hours = st.integers(0, 40)


@given(st.lists(st.tuples(hours, st.one_of(st.none(), hours), st.integers(1, 5)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_whatever_is_written_one_price_holds_and_it_is_the_last_that_was_set(
    acts: list[tuple[int, int | None, int]],
) -> None:
    def at(hour: int) -> datetime:
        return LONG_AGO + timedelta(hours=hour)

    rows: list[PriceRow] = []
    wanted: dict[int, int] = {}
    for n, (start, end, fen) in enumerate(acts):
        if end is not None and end <= start:
            continue
        try:
            made = plan(rows, Span(fen, at(start), None if end is None else at(end)))
        except Overlap:
            continue
        later = min((r.valid_from_at for r in rows if r.valid_from_at > at(start)), default=None)
        closed = dict(made.close)
        rows = [
            PriceRow(r.id, r.sku_id, r.kind, None, None, r.amount_fen, r.valid_from_at, closed.get(r.id, r.valid_to_at))
            for r in rows
            if r.id not in made.drop
        ]
        rows += [
            PriceRow(f"{n}/{i}", "s", "list", None, None, s.amount_fen, s.from_at, s.to_at)
            for i, s in enumerate(made.add)
        ]
        for hour in range(start, 60):
            if (end is None or hour < end) and (end is not None or later is None or at(hour) < later):
                wanted[hour] = fen
    for hour in range(60):
        holding = [r.amount_fen for r in rows if r.holds("", "", at(hour))]
        assert holding == ([wanted[hour]] if hour in wanted else [])
