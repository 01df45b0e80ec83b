"""Bringing in an order history: every order of a file once, however often it is run, stopped, or run beside itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import msgspec

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import new_id
from goodtaste.menu import api as menu
from goodtaste.ordering.history_map import BadMap, Map, new_store
from goodtaste.ordering.history_orders import Gathering, Named, Whole
from goodtaste.ordering.history_rows import Fault, Price, Records, Sheet, open_binary, read_prices
from goodtaste.ordering.record import Recorded, record_many
from goodtaste.org import api as org

BATCH = 300  # orders of one transaction
LOOK_EACH = 1_000  # rows between two looks at the clock and at who wants it to stop

Progress = Callable[[str, int, int], None]  # what is done ("check" or "write"), how far, of how much
Stop = Callable[[], bool]


class Count(msgspec.Struct, frozen=True):
    """So many orders, with so many lines, that were paid with so much."""

    orders: int = 0
    lines: int = 0
    revenue_fen: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.orders + other.orders, self.lines + other.lines, self.revenue_fen + other.revenue_fen)


class Report(msgspec.Struct, frozen=True):
    """What became of a file.  Its rows are the lines of `fresh` and `known`, the `rejected` and the `left_out`, unless it was stopped.

    `fresh` was written now, `known` before.  `left_out`: rows of orders in which another row is rejected.
    `other_prices`: rows with another price than that of the price file.
    """

    rows: int = 0
    fresh: Count = Count()
    known: Count = Count()
    rejected: int = 0
    left_out: int = 0
    other_prices: int = 0
    stopped: bool = False

    @property
    def all(self) -> Count:
        """What of the file is in the house."""
        return self.fresh + self.known


class _Stopped(Exception):
    """Somebody wants the reading to end."""


class _Import:
    """One run of an import."""

    def __init__(self, ctx: Ctx, map_: Map, prices: Mapping[str, Price], *, progress: Progress, stop: Stop) -> None:
        self.ctx, self.map, self.prices, self._progress, self._stop = ctx, map_, prices, progress, stop
        self.fresh = self.known = Count()

    def zones(self, file: str) -> dict[str, str]:
        """Return the zone of each store of the map by its code; refuses `BadMap` where the map says another than the store has."""
        directory, found = self.ctx.see(org.Directory), dict[str, str]()
        for each in self.map.stores:
            store = directory.store_by_code(each.code)
            if store is None:
                new_store(each, id_=new_id(), file=file)  # refuses what could not be made
            elif each.zone not in (None, store.zone):
                raise BadMap(file=file, why=f"stores: {each.code} stands in the zone {store.zone}, not {each.zone}")
            found[each.code] = store.zone if store else each.zone or ""
        return found

    async def stores(self, file: str) -> dict[str, str]:
        """Return the id of each store of the map by its code; those that do not exist are made, closed."""
        ctx, found = self.ctx, dict[str, str]()
        for each in self.map.stores:
            store = ctx.see(org.Directory).store_by_code(each.code)
            if store is None:
                await self._make(each.code, new_store(each, id_=new_id(), file=file))
                await ctx.refresh()
                store = ctx.see(org.Directory).store_by_code(each.code)
            if store is None:
                raise RuntimeError(f"the store {each.code} was made and is not there")
            found[each.code] = store.id
        return found

    async def _make(self, code: str, asked: org.NewStore) -> None:
        try:
            await self.ctx.run(org.make_store(asked, actor=self.ctx.actor, at=self.ctx.now))
        except org.CodeTaken:
            return  # another import of the same history made it a moment ago

    async def skus(self, dishes: set[str]) -> dict[str, str]:
        """Return the SKU of each dish; those that the catalogue does not know are archived in it."""
        past = {name: menu.past_code(self.map.source, name) for name in dishes}
        past |= {name: self.prices[name].code for name in dishes if self.prices[name].code}
        wanted, found = sorted(past), dict[str, str]()
        for start in range(0, len(wanted), menu.PAST_DISHES_MAX):
            some = [menu.PastDish(past[name], name) for name in wanted[start : start + menu.PAST_DISHES_MAX]]
            known: Mapping[str, str] = await self.ctx.run(menu.archive(some))
            found.update(known)
        await self.ctx.refresh()
        return {name: found[code] for name, code in past.items()}

    async def write_all(self, batches: Iterator[list[Whole]], gathering: Gathering) -> None:
        """Record batches of orders; while one is written the next is read."""
        batch = await asyncio.to_thread(next, batches, None)
        while batch is not None:
            reading = asyncio.ensure_future(asyncio.to_thread(next, batches, None))
            try:
                differing = await self._write(batch)
            finally:
                await asyncio.wait([reading])
            for each in differing:
                self._differs(each, gathering)
            batch = reading.result()

    async def _write(self, batch: list[Whole]) -> list[Whole]:
        """Record a batch of orders in one transaction and count them; return those that are known with other content."""
        ctx, differing = self.ctx, []
        orders = [each.order for each in batch]
        script = record_many(orders, directory=ctx.see(org.Directory), actor=ctx.actor, at=ctx.now)
        outcomes: list[Recorded] = await ctx.run(script)
        for each, done in zip(batch, outcomes, strict=True):
            count = Count(1, len(each.at_lines), each.order.due_fen)
            if done.differs:
                differing.append(each)
            elif done.fresh:
                self.fresh += count
            else:
                self.known += count
        return differing

    def _differs(self, whole: Whole, gathering: Gathering) -> None:
        first, *others = whole.at_lines
        number, column = whole.order.external_no, self.map.columns.order
        gathering.reject(Fault(first, number, column, number, "ordering.row.differs", {"source": self.map.source}))
        for line in others:
            gathering.leave_out(line, number, because=first)

    def watch(self, what: str, of: int, records: Records | None = None) -> Callable[[int], None]:
        """Return what a reading calls for each row: it shows progress, by bytes where `records` are given, and stops where asked."""

        def look(row: int) -> None:
            if row % LOOK_EACH:
                return
            self._progress(what, records.position if records else row, of)
            if self._stop():
                raise _Stopped

        return look


async def bring_in(
    ctx: Ctx, *, orders: Path, prices: Path, map_: Map, named: Named, progress: Progress, stop: Stop
) -> Report:
    """Bring in the order history of a file: check all of it, then record its orders, `BATCH` in a transaction; tells no event.

    May be repeated, stopped between transactions, and run beside itself: an order that is known stands as it is.  `named` is told of every
    row that is not brought in.  Refuses `BadMap` and `BadFile`, before anything is written unless the file changes while it is read.
    """
    run = _Import(ctx, map_, read_prices(prices, map_), progress=progress, stop=stop)
    gathering, stopped = Gathering(map_, named), False
    zones, size = run.zones(str(orders)), _size(orders)
    with open_binary(orders) as file:
        records = Records(file, str(orders), map_.file)
        sheet = Sheet(records, map_, zones=zones, prices=run.prices, at=ctx.now)
        try:
            dishes = await asyncio.to_thread(gathering.survey, sheet, run.watch("check", size, records))
            records.detach()
            file.seek(0)
            records = Records(file, str(orders), map_.file)
            sheet = Sheet(records, map_, zones=zones, prices=run.prices, at=ctx.now)
            progress("check", size, size)
            if dishes:
                ids, skus = await run.stores(str(orders)), await run.skus(dishes)
                watch = run.watch("write", gathering.tally.rows)
                whole = gathering.whole(sheet, watch, skus=skus, store_ids=ids)
                await run.write_all(_batches(whole), gathering)
            progress("write", gathering.tally.rows, gathering.tally.rows)
        except _Stopped:
            stopped = True
        finally:
            records.detach()
    tally = gathering.tally
    return Report(
        rows=tally.rows,
        fresh=run.fresh,
        known=run.known,
        rejected=tally.rejected,
        left_out=tally.left_out,
        other_prices=tally.other_prices,
        stopped=stopped,
    )


def _size(path: Path) -> int:
    with open_binary(path) as file:
        return file.seek(0, 2)


def _batches(whole: Iterator[Whole]) -> Iterator[list[Whole]]:
    while batch := list(islice(whole, BATCH)):
        yield batch
