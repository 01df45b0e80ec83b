"""Jobs of what happens: receipts of what is paid, slips of what is fired and returned, labels and pickup numbers, each once.

Where the store has a printer for it, a handler writes down in the transaction of the event that something is to be printed; the document
is made right after, from what the rooms know then, and put into the queue of that printer.  A store without one prints nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from goodtaste.events.ordering import LinesFired, LinesReturned, OrderCancelled, OrderPaid, OrderPlaced, RoundAdded
from goodtaste.events.payment import DrawerOpened
from goodtaste.floor.kitchen.hearing import FETCHED
from goodtaste.floor.kitchen.parts import Made, made_of
from goodtaste.floor.kitchen.rows import OF_ORDERS as DISHES
from goodtaste.floor.kitchen.rows import DishRow
from goodtaste.floor.kitchen.stations import ROUTES, STATIONS, Routing
from goodtaste.floor.printing import compose, habits, printers, slips
from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.printers import Printer, fitting, prints_any
from goodtaste.floor.printing.prints import Key, new_job
from goodtaste.floor.printing.receipts import Both, drawer_only, receipt
from goodtaste.floor.printing.rules import WORTH, Purpose
from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import Change, Steps, script
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.menu import api as menu
from goodtaste.org.api import Directory

PAID, FIRED, RETURNED = "floor.print_paid", "floor.print_fired", "floor.print_returned"
HURRIED = "floor.print_hurried"

Fires = OrderPlaced | RoundAdded | OrderPaid | LinesFired


class Wanted(msgspec.Struct, frozen=True):
    """A document, what it is for, and when that happened."""

    key: Key
    document: Document


class _Fired(msgspec.Struct, frozen=True):
    """What a job is told of pieces that are to be made."""

    order_id: str
    store_id: str
    kind: str
    channel: str
    table_id: str | None
    made: tuple[Made, ...]
    at: datetime


class _Returned(msgspec.Struct, frozen=True):
    """What a job is told of pieces that are not wanted any more."""

    order_id: str
    made: tuple[Made, ...]
    reason: str
    at: datetime


class _Hurried(msgspec.Struct, frozen=True):
    """What a job is told of orders that are asked for."""

    order_ids: tuple[str, ...]
    at: datetime


class _Paid(msgspec.Struct, frozen=True):
    """What a job is told of an order that was paid."""

    order_id: str
    at: datetime


def on_paid(event: OrderPaid, at: datetime) -> Steps[list[Change]]:
    """Have a receipt printed, and what the kitchen is to make now."""
    there = yield from _printers(event.store_id)
    changes = _fire(event, there, at)
    if prints_any(there, "receipt", "pickup"):
        told = msgspec.to_builtins(_Paid(event.order_id, at))
        changes.append(schedule(PAID, told, due_at=at, once=f"{PAID}:{event.order_id}"))
    return changes


def on_fired(event: OrderPlaced | RoundAdded | LinesFired, at: datetime) -> Steps[list[Change]]:
    """Have slips printed of what the kitchen is to make now."""
    return _fire(event, (yield from _printers(event.store_id)), at)


def on_returned(event: LinesReturned | OrderCancelled, at: datetime) -> Steps[list[Change]]:
    """Have slips printed of what the kitchen is not to make any more; of what it was never told, none."""
    there = yield from _printers(event.store_id)
    lines = event.lines if isinstance(event, LinesReturned) else event.returned
    made = made_of(each for each in lines if not each.from_held)
    if not made or not prints_any(there, "kitchen"):
        return []
    told = _Returned(event.order_id, tuple(made), event.reason, at)
    return [schedule(RETURNED, msgspec.to_builtins(told), due_at=at)]


def on_drawer_opened(event: DrawerOpened, at: datetime) -> Steps[list[Change]]:
    """Open the drawer, which hangs at the printer of receipts; a store without one opens it by key."""
    on = fitting((yield from _printers(event.store_id)), "receipt")
    key = Key("receipt", event.move_id, kind="opened")
    return new_job(key, drawer_only(), printer=on, at=at) if on else []


def hurried(order_ids: Sequence[str], *, at: datetime) -> Change:
    """Have slips printed of what of these orders is still to be made."""
    return schedule(HURRIED, msgspec.to_builtins(_Hurried(tuple(order_ids), at)), due_at=at)


def _fire(event: Fires, there: Sequence[Printer], at: datetime) -> list[Change]:
    made = made_of(event.lines if isinstance(event, LinesFired) else event.fired)
    if not made or not prints_any(there, "kitchen", "label"):
        return []
    told = _Fired(event.order_id, event.store_id, event.kind, event.channel, event.table_id, tuple(made), at)
    return [schedule(FIRED, msgspec.to_builtins(told), due_at=at)]


@script
def queue(store_id: str, wanted: Sequence[Wanted], *, at: datetime) -> Steps[int]:
    """Put documents into the queues of the printers that a store has for them; return how many there were printers for."""
    there = yield from _printers(store_id)
    found = [(each, fitting(there, each.key.purpose, each.key.station)) for each in wanted]
    changes = [change for each, on in found if on for change in new_job(each.key, each.document, printer=on, at=at)]
    yield _in_one(changes)
    return len([on for _, on in found if on])


def _printers(store_id: str) -> Steps[list[Printer]]:
    [found] = yield [printers.OF_STORE(store_id=store_id)]
    return found  # type: ignore[no-any-return]


def _in_one(changes: Sequence[Change]) -> list[Change]:
    """Return changes with those of one statement together: jobs before the steps that name them."""
    rows: dict[Any, list[Any]] = defaultdict(list)
    for each in changes:
        rows[each.statement].extend(each.rows)
    return [statement.many(some) for statement, some in rows.items()]


def job_functions(process: Process) -> dict[str, JobFunction]:
    """Return the functions of the jobs by name."""

    def job(kind: type[Any], work: Callable[[Ctx, Any], Any]) -> JobFunction:
        async def run(args: dict[str, Any]) -> None:
            await work(process.context(), msgspec.convert(args, kind))

        return run

    return {
        PAID: job(_Paid, _print_paid),
        FIRED: job(_Fired, _print_fired),
        RETURNED: job(_Returned, _print_returned),
        HURRIED: job(_Hurried, _print_hurried),
    }


def _too_late(ctx: Ctx, purpose: Purpose, at: datetime) -> bool:
    """Tell whether what happened at `at` is not worth printing any more: history that was told late."""
    return ctx.now - at > WORTH[purpose]


async def _print_paid(ctx: Ctx, told: _Paid) -> None:
    if _too_late(ctx, "receipt", told.at):
        return
    order = await compose.order_of(ctx, told.order_id)
    habit = await habits.of(ctx, order.store_id)
    sale = await compose.sale_of(ctx, order)
    taken_here = any(each.method != compose.AWAY for each in sale.tenders) or not sale.tenders
    in_cash = any(each.method == "cash" and each.amount_fen for each in sale.tenders)
    wanted = []
    if taken_here and habit.receipts:
        document = receipt(sale, english=habit.english, drawer=in_cash)
        wanted.append(Wanted(Key("receipt", order.id), document))
    elif in_cash:
        wanted.append(Wanted(Key("receipt", order.id, kind="drawer"), drawer_only()))
    if order.kind in FETCHED:
        slip = slips.pickup(sale.number, where=sale.where, at=sale.at, url="", english=habit.english)
        wanted.append(Wanted(Key("pickup", order.id), slip))
    await ctx.run(queue(order.store_id, wanted, at=ctx.now))


async def _print_fired(ctx: Ctx, told: _Fired) -> None:
    if _too_late(ctx, "kitchen", told.at):
        return
    directory = ctx.see(Directory)
    where = compose.where_of(directory, kind=told.kind, channel=told.channel, table_id=told.table_id)
    wanted = await tickets(
        ctx, told.order_id, told.store_id, turn="fire", where=where, made=told.made, at=told.at, reason=""
    )
    if told.kind != "dine_in":
        store, habit = directory.store(told.store_id), await habits.of(ctx, told.store_id)
        made = slips.labels(
            await compose.number_of(ctx, told.order_id),
            compose.dishes_of(told.made),
            at=compose.local(store, told.at),
            english=habit.english,
        )
        wanted.append(Wanted(Key("label", told.order_id, kind=_mark("fire", told.made, told.at)), made))
    await ctx.run(queue(told.store_id, wanted, at=ctx.now))


async def _print_returned(ctx: Ctx, told: _Returned) -> None:
    if _too_late(ctx, "kitchen", told.at):
        return
    order = await compose.order_of(ctx, told.order_id)
    where = compose.where_of(ctx.see(Directory), kind=order.kind, channel=order.channel, table_id=order.table_id)
    wanted = await tickets(
        ctx, order.id, order.store_id, turn="return", where=where, made=told.made, at=told.at, reason=told.reason
    )
    await ctx.run(queue(order.store_id, wanted, at=ctx.now))


async def _print_hurried(ctx: Ctx, told: _Hurried) -> None:
    if _too_late(ctx, "kitchen", told.at):
        return
    for order_id in told.order_ids:
        order = await compose.order_of(ctx, order_id)
        late = await ctx.db.rows(DISHES(order_ids=[order_id]))
        made = [_late(each) for each in late if each.waiting + each.cooking]
        where = compose.where_of(ctx.see(Directory), kind=order.kind, channel=order.channel, table_id=order.table_id)
        wanted = await tickets(
            ctx, order_id, order.store_id, turn="hurry", where=where, made=made, at=told.at, reason=""
        )
        await ctx.run(queue(order.store_id, wanted, at=ctx.now))


def _late(row: DishRow) -> Made:
    """Return what of a dish is still to be made."""
    return Made(
        dish_id=row.dish_id,
        of_dish_id=row.of_dish_id,
        each=row.each,
        sku_id=row.sku_id,
        name=row.name,
        of_set=row.of_set,
        qty=row.waiting + row.cooking,
        options=msgspec.json.decode(row.options, type=list[str]),
        note=row.note,
        course=row.course,
        guest=row.guest,
    )


async def tickets(
    ctx: Ctx,
    order_id: str,
    store_id: str,
    *,
    turn: slips.Turn,
    where: Both,
    made: Sequence[Made],
    at: datetime,
    reason: str,
) -> list[Wanted]:
    """Return the slips of the stations that make these pieces, one each."""
    habit = await habits.of(ctx, store_id)
    store = ctx.see(Directory).store(store_id)
    wanted = []
    number = await compose.number_of(ctx, order_id)
    for (station, name), some in (await _by_station(ctx, store_id, made)).items():
        ticket = slips.Ticket(
            turn=turn,
            where=where,
            number=number,
            station=name,
            at=compose.local(store, at),
            dishes=compose.dishes_of(some),
            reason=reason,
        )
        key = Key("kitchen", order_id, station=station, kind=_mark(turn, some, at))
        wanted.append(Wanted(key, slips.kitchen(ticket, english=habit.english)))
    return wanted


async def _by_station(ctx: Ctx, store_id: str, made: Sequence[Made]) -> dict[tuple[str, str], list[Made]]:
    """Return pieces by the station that makes them, by id and name; both are empty where no station does."""
    makings = await ctx.db.rows(menu.makings([each.sku_id for each in made]))
    stations = await ctx.db.rows(STATIONS(store_id=store_id))
    routing = Routing(makings, await ctx.db.rows(ROUTES(store_id=store_id)), stations)
    names = {each.id: each.name for each in stations}
    found: dict[tuple[str, str], list[Made]] = defaultdict(list)
    for each in made:
        station, _ = routing.of(each.sku_id)
        found[(station if station in names else "", names.get(station, ""))].append(each)
    return found


def _mark(turn: str, made: Sequence[Made], at: datetime) -> str:
    """Return what tells this time that pieces were fired or returned from every other: an event heard again says the same."""
    return f"{turn}/{min(each.dish_id for each in made)}/{at.isoformat()}"
