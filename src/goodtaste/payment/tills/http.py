"""Routes of drawers, shifts and trading days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from goodtaste.kernel.db import script
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import Before, context, staff
from goodtaste.org import api as org
from goodtaste.payment.calls import today_at
from goodtaste.payment.tills import counting, days, moves, opening, shifts, signing, z
from goodtaste.payment.tills.counting import CountDrawer
from goodtaste.payment.tills.days import CloseDay, DayView
from goodtaste.payment.tills.figures import DayBooks
from goodtaste.payment.tills.moves import CashMove, MoveCash, MovePage, OpenDrawer
from goodtaste.payment.tills.opening import OpenShift
from goodtaste.payment.tills.shifts import ShiftPage, ShiftView
from goodtaste.payment.tills.signing import CloseShift, HandOver

Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=shifts.PAGE_MAX)]
Number = Annotated[int, QueryParameter(ge=1, le=2**53, description="`next` of the page before; absent for the newest")]
NEWEST = 2**53
TAKE_OUT = "cash.out"


class MoveAsked(MoveCash, frozen=True):
    """What is sent when cash is put in or taken out; to take it out, a person without the permission adds the
    approval of one who has it."""

    approval: org.ApprovalAsked | None = None


class CountAsked(CountDrawer, frozen=True):
    """What is sent when a drawer was counted; a further count needs the approval of one who may sign."""

    approval: org.ApprovalAsked | None = None


@post("/v1/shifts", opt=staff("shift.run"), tags=["shifts"])
async def open_shift(data: JSONBody[OpenShift], request: Asked) -> ShiftView:
    """Open a shift on the drawer of the terminal, or without one on that of the store."""
    ctx = context(request)
    ctx.actor.need("shift.run", store_id=data.store_id)
    today, drawer = today_at(ctx, data.store_id, at=ctx.now), ctx.actor.terminal_id or data.store_id
    return await ctx.run(opening.open_shift(data, actor=ctx.actor, drawer_id=drawer, today=today, at=ctx.now))


@get("/v1/shifts/{shift_id:str}", opt=staff("shift.run"), tags=["shifts"])
async def read_shift(shift_id: Id, request: Asked) -> ShiftView:
    """Show a shift to its cashier, and to who may see those of its store."""
    ctx = context(request)
    return await ctx.query(shifts.one(shift_id, actor=ctx.actor))


@get("/v1/stores/{store_id:str}/shifts", opt=staff("shift.read"), tags=["shifts"])
async def list_shifts(store_id: Id, request: Asked, before: Before = "", limit: Limit = 50) -> ShiftPage:
    """List the shifts of a store, newest first."""
    ctx = context(request)
    ctx.actor.need("shift.read", store_id=store_id)
    return await ctx.query(shifts.of_store(store_id, before=before, limit=limit))


@get("/v1/stores/{store_id:str}/drawer", opt=staff("shift.run"), tags=["shifts"])
async def my_drawer(store_id: Id, request: Asked) -> ShiftView | None:
    """Show the shift that is open on the drawer of the terminal, or without one on that of the store; null where there is none."""
    ctx = context(request)
    ctx.actor.need("shift.run", store_id=store_id)
    return await ctx.query(shifts.of_drawer(ctx.actor.terminal_id or store_id))


@post("/v1/shifts/{shift_id:str}/cash", opt=staff("shift.run"), tags=["shifts"])
async def move_cash(shift_id: Id, data: JSONBody[MoveAsked], request: Asked) -> CashMove:
    """Put cash into the drawer of a shift, or take it out, with a reason."""
    ctx = context(request)
    found = await ctx.query(_row(shift_id))
    by = None
    if data.kind == "out":
        if data.approval is None:
            ctx.actor.need(TAKE_OUT, store_id=found.store_id)
        by = await org.approved_by(ctx, data.approval, permission=TAKE_OUT, store_id=found.store_id)
    asked = org.without_approval(data, MoveCash)
    today = today_at(ctx, found.store_id, at=ctx.now)
    moving = moves.move_cash(shift_id, asked, actor=ctx.actor, approved_by=by, today=today, at=ctx.now)
    return await ctx.run(moving)


@post("/v1/drawer-openings", opt=staff("drawer.open"), tags=["shifts"])
async def open_drawer(data: JSONBody[OpenDrawer], request: Asked) -> CashMove:
    """Open the drawer of the terminal, or that of the store, without a sale, with a reason."""
    ctx = context(request)
    ctx.actor.need("drawer.open", store_id=data.store_id)
    today, drawer = today_at(ctx, data.store_id, at=ctx.now), ctx.actor.terminal_id or data.store_id
    return await ctx.run(moves.open_drawer(data, actor=ctx.actor, drawer_id=drawer, today=today, at=ctx.now))


@get("/v1/stores/{store_id:str}/cash-moves", opt=staff("shift.read"), tags=["shifts"])
async def list_moves(
    store_id: Id, request: Asked, business_date: FromQuery[date], before: Before = "", limit: Limit = 50
) -> MovePage:
    """List what moved without a sale on a trading day of a store, newest first."""
    ctx = context(request)
    ctx.actor.need("shift.read", store_id=store_id)
    return await ctx.query(moves.of_day(store_id, business_date=business_date, before=before, limit=limit))


@post("/v1/shifts/{shift_id:str}/count", opt=staff("shift.run"), tags=["shifts"], status_code=200)
async def count_drawer(shift_id: Id, data: JSONBody[CountAsked], request: Asked) -> ShiftView:
    """Write what was counted in the drawer of a shift; what must be there is not told."""
    ctx = context(request)
    found = await ctx.query(_row(shift_id))
    approved_by = None
    if data.approval and found.state == "counted":
        approved_by = (await org.approve(ctx, data.approval, permission=signing.SIGN, store_id=found.store_id)).staff_id
    asked = org.without_approval(data, CountDrawer)
    return await ctx.run(counting.count_drawer(shift_id, asked, actor=ctx.actor, approved_by=approved_by, at=ctx.now))


@post("/v1/shifts/{shift_id:str}/close", opt=staff("shift.run"), tags=["shifts"], status_code=200)
async def close_shift(shift_id: Id, data: JSONBody[CloseShift], request: Asked) -> ShiftView:
    """Close a shift that was counted; its cashier and a second person sign with their PINs."""
    ctx = context(request)
    found = await ctx.query(_row(shift_id))
    ctx.actor.need("shift.run", store_id=found.store_id)
    return await signing.close(ctx, found, data)


@post("/v1/shifts/{shift_id:str}/hand-over", opt=staff("shift.run"), tags=["shifts"], status_code=200)
async def hand_over(shift_id: Id, data: JSONBody[HandOver], request: Asked) -> ShiftView:
    """Hand the drawer of a counted shift over to the next cashier; both sign with their PINs.  Shows the shift that follows."""
    ctx = context(request)
    found = await ctx.query(_row(shift_id))
    ctx.actor.need("shift.run", store_id=found.store_id)
    return await signing.hand_over(ctx, found, data)


@get("/v1/stores/{store_id:str}/days/{day:str}", opt=staff("shift.read"), tags=["shifts"])
async def read_day(store_id: Id, day: FromPath[date], request: Asked) -> DayView:
    """Show a trading day: as its report says where it is closed, else what it has come to so far (an X report)."""
    ctx = context(request)
    ctx.actor.need("shift.read", store_id=store_id)
    calendar = ctx.see(org.Directory).store(store_id).calendar
    return await ctx.query(days.read_day(store_id, day, books=ctx.part(DayBooks), calendar=calendar))


@post("/v1/stores/{store_id:str}/days/{day:str}/close", opt=staff("day.close"), tags=["shifts"], status_code=200)
async def close_day(store_id: Id, day: FromPath[date], data: JSONBody[CloseDay], request: Asked) -> DayView:
    """Close a trading day; refused while shifts or bills of it are open."""
    ctx = context(request)
    ctx.actor.need("day.close", store_id=store_id)
    calendar = ctx.see(org.Directory).store(store_id).calendar
    closing = days.close_day(
        store_id,
        day,
        data,
        actor=ctx.actor,
        books=ctx.part(DayBooks),
        calendar=calendar,
        today=today_at(ctx, store_id, at=ctx.now),
        at=ctx.now,
    )
    closed = await ctx.run(closing)
    await ctx.refresh()
    return closed


@get("/v1/stores/{store_id:str}/z-reports", opt=staff("shift.read"), tags=["shifts"])
async def list_reports(store_id: Id, request: Asked, before: Number = NEWEST, limit: Limit = 50) -> z.ZPage:
    """List the Z reports of a store, newest first."""
    ctx = context(request)
    ctx.actor.need("shift.read", store_id=store_id)
    return await ctx.query(z.page(store_id, before=before, limit=limit))


@get("/v1/stores/{store_id:str}/z-reports/{number:int}", opt=staff("shift.read"), tags=["shifts"])
async def read_report(store_id: Id, number: FromPath[int], request: Asked) -> z.ZReport:
    """Show a Z report by its number."""
    ctx = context(request)
    ctx.actor.need("shift.read", store_id=store_id)
    return await ctx.query(z.one(store_id, number))


@script
def _row(shift_id: str) -> Any:
    return (yield from shifts.read(shift_id))


ROUTES: list[Any] = [
    open_shift,
    read_shift,
    list_shifts,
    my_drawer,
    move_cash,
    open_drawer,
    list_moves,
    count_drawer,
    close_shift,
    hand_over,
    read_day,
    close_day,
    list_reports,
    read_report,
]
