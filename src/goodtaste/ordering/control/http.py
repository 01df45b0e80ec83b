"""The route of the staff report."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Request, get
from litestar.params import FromQuery

from goodtaste.kernel.input import Id
from goodtaste.kernel.web import context, staff
from goodtaste.ordering.control import report
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]
READ = "staff.report"


@get("/v1/stores/{store_id:str}/staff-report", opt=staff(READ), tags=["reports"])
async def staff_report(
    store_id: Id, request: Asked, from_on: FromQuery[date], to_on: FromQuery[date]
) -> report.StaffReport:
    """Show what the staff of a store sold, took off, took back and took out on trading days, and who stands out."""
    ctx = context(request)
    ctx.actor.need(READ, store_id=store_id)
    return await ctx.query(report.staff_report(store_id, from_on=from_on, to_on=to_on, directory=ctx.see(Directory)))


ROUTES: list[Any] = [staff_report]
