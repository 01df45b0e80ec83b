"""Routes by which the staff look at points accounts."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import FromQuery, QueryParameter

from goodtaste.kernel.ids import Id
from goodtaste.kernel.web import Before, Sought, context, staff
from goodtaste.member import found, profile
from goodtaste.member.accounts import views

Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=found.PAGE_MAX)]


@get("/v1/points/accounts", opt=staff("points.read"), tags=["points"])
async def find_accounts(
    request: Asked,
    q: Sought = "",
    owing: FromQuery[bool] = False,
    sort: FromQuery[found.Sort] = "-joined_at",
    before: Before = "",
    limit: Limit = 50,
) -> views.PointsAccounts:
    """Find points accounts as members are found, with what they hold or owe; with `owing` those that owe some."""
    ctx = context(request)
    return await ctx.query(
        views.find(q=q, owing=owing, sort=sort, before=before, limit=limit, keyring=ctx.process.keyring)
    )


@get("/v1/members/{member_id:str}/points/lots", opt=staff("points.read"), tags=["points"])
async def member_lots(
    member_id: Id, request: Asked, left: FromQuery[bool] = True, before: Before = "", limit: Limit = 50
) -> views.PointsLots:
    """List a member's lots of points, newest first, with what opened them; with `left` those of which something is left."""
    ctx = context(request)
    await ctx.query(profile.read(member_id))
    return await ctx.query(views.lots(member_id, left=left, before=before, limit=limit, language=ctx.language))


ROUTES: list[Any] = [find_accounts, member_lots]
