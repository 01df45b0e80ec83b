"""Routes of reconciliation."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from goodtaste.kernel.input import Id
from goodtaste.kernel.web import Before, context, staff
from goodtaste.org.api import Directory
from goodtaste.payment.reconcile import match, work
from goodtaste.payment.reconcile.books import BillRow
from goodtaste.payment.reconcile.match import Reconciled, Row
from goodtaste.payment.reconcile.work import PAGE_MAX, DifferencePage, Give, Resolve, State

Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
READ, WORK = "payment.read", "payment.reconcile"


@get("/v1/bills/{method:str}", opt=staff(READ), tags=["reconciliation"])
async def list_bills(method: FromPath[str], request: Asked) -> list[BillRow]:
    """List the bills of a gateway that were read, newest first."""
    ctx = context(request)
    ctx.actor.need(READ)
    return await ctx.query(work.bills(method))


@post("/v1/bills/{method:str}/{day:str}", opt=staff(WORK), tags=["reconciliation"], status_code=200)
async def reconcile_day(method: FromPath[str], day: FromPath[date], request: Asked) -> Reconciled:
    """Have a gateway make its bill of a day, and match it with our books, line by line."""
    ctx = context(request)
    ctx.actor.need(WORK)
    return await match.fetch(ctx, method, day)


@get("/v1/differences", opt=staff(READ), tags=["reconciliation"])
async def list_differences(
    request: Asked, difference_state: FromQuery[State] = "open", before: Before = "", limit: Limit = 50
) -> DifferencePage:
    """List what differs between our books and the bills, newest first."""
    ctx = context(request)
    ctx.actor.need(READ)
    return await ctx.query(work.page(difference_state, before=before, limit=limit))


@post("/v1/differences/{difference_id:str}/owner", opt=staff(WORK), tags=["reconciliation"], status_code=200)
async def give_difference(difference_id: Id, data: JSONBody[Give], request: Asked) -> Row:
    """Give a difference to somebody, who answers for it."""
    ctx = context(request)
    ctx.actor.need(WORK)
    return await ctx.run(work.give(difference_id, data, directory=ctx.see(Directory), actor=ctx.actor, at=ctx.now))


@post("/v1/differences/{difference_id:str}/resolve", opt=staff(WORK), tags=["reconciliation"], status_code=200)
async def resolve_difference(difference_id: Id, data: JSONBody[Resolve], request: Asked) -> Row:
    """Resolve a difference, with a reason."""
    ctx = context(request)
    ctx.actor.need(WORK)
    return await ctx.run(work.resolve(difference_id, data, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [list_bills, reconcile_day, list_differences, give_difference, resolve_difference]
