"""Routes of what the head office looks at."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import FromQuery, QueryParameter

from goodtaste.kernel.web import Before, OptionalId, Sought, context, staff
from goodtaste.ordering.overview import found
from goodtaste.ordering.overview import today as days
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=found.PAGE_MAX)]
Code = Annotated[str | None, QueryParameter(max_length=40)]


@get("/v1/today", opt=staff(days.READ), tags=["reports"])
async def show_today(request: Asked, store_id: OptionalId = None, on: FromQuery[date | None] = None) -> days.Today:
    """Show a trading day as it goes, by hour and by store, beside the same weekday before; without a store, of all of them."""
    ctx = context(request)
    directory = ctx.see(Directory)
    return await ctx.query(days.today(store_id=store_id, on=on, actor=ctx.actor, directory=directory, at=ctx.now))


@get("/v1/orders", opt=staff("order.read"), tags=["orders"])
async def find_orders(
    request: Asked,
    store_id: OptionalId = None,
    member_id: OptionalId = None,
    in_state: FromQuery[found.State | None] = None,
    pay_state: FromQuery[found.PayState | None] = None,
    kind: Code = None,
    method: Code = None,
    from_on: FromQuery[date | None] = None,
    to_on: FromQuery[date | None] = None,
    q: Sought = "",
    sort: FromQuery[found.Sort] = "-placed_at",
    before: Before = "",
    limit: Limit = 50,
) -> found.FoundPage:
    """Find orders of a store or, without one, of all stores, by what they are; `from_on` and `to_on` are trading days, both included."""
    ctx = context(request)
    tables = ctx.see(Directory).tables
    named = [each.id for each in tables.values() if q and each.label.lower() == q.strip().lower()]
    sought = found.Sought(store_id, member_id, in_state, pay_state, kind, method, from_on, to_on, q, named)
    page = await ctx.query(found.find(sought, actor=ctx.actor, sort=sort, before=before, limit=limit))
    return found.labelled(page, {id_: each.label for id_, each in tables.items()})


ROUTES: list[Any] = [show_today, find_orders]
