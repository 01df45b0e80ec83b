"""Routes of codes in bulk and of campaigns."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import JSONBody, QueryParameter
from litestar.response import Stream

from goodtaste.kernel.input import Id
from goodtaste.kernel.web import Before, Sought, context, member, staff
from goodtaste.promo.bulk import campaigns, codes
from goodtaste.promo.bulk.campaigns import Campaign, CampaignPage, Go, Members, NewCampaign
from goodtaste.promo.bulk.codes import Batch, BatchPage, NewBatch, RedeemCode, Void
from goodtaste.promo.coupons import Held

Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=100)]
InState = Annotated[campaigns.State | None, QueryParameter(description="Those in this state alone")]


@post("/v1/coupon-batches", opt=staff("coupon.issue"), tags=["coupons"])
async def order_codes(data: JSONBody[NewBatch], request: Asked) -> Batch:
    """Order codes; they are made in the background, and `made` tells how many are there."""
    ctx = context(request)
    ctx.actor.need("coupon.issue")
    return await ctx.run(codes.order(data, actor=ctx.actor, at=ctx.now))


@get("/v1/coupon-batches", opt=staff("coupon.read"), tags=["coupons"])
async def list_batches(request: Asked, q: Sought = "", before: Before = "", limit: Limit = 50) -> BatchPage:
    """List batches of codes, newest first: all, or those whose name holds `q`."""
    return await context(request).query(codes.batches(q=q, before=before, limit=limit))


@get("/v1/coupon-batches/{batch_id:str}", opt=staff("coupon.read"), tags=["coupons"])
async def read_batch(batch_id: Id, request: Asked) -> Batch:
    """Show a batch of codes."""
    return await context(request).query(codes.read(batch_id))


@post("/v1/coupon-batches/{batch_id:str}/download", opt=staff("coupon.issue"), tags=["coupons"], status_code=200)
async def download_codes(batch_id: Id, request: Asked) -> Stream:
    """Download the codes of a batch as CSV; who did is written down."""
    ctx = context(request)
    ctx.actor.need("coupon.issue")
    found = await ctx.run(codes.open_download(batch_id, actor=ctx.actor, at=ctx.now))
    headers = {"content-disposition": f'attachment; filename="codes-{found.id}.csv"', "cache-control": "no-store"}
    return Stream(codes.lines(ctx.db, batch_id), media_type="text/csv; charset=utf-8", headers=headers)


@post("/v1/coupon-batches/{batch_id:str}/void", opt=staff("coupon.revoke"), tags=["coupons"], status_code=200)
async def void_codes(batch_id: Id, data: JSONBody[Void], request: Asked) -> Batch:
    """Void the codes of a batch that nobody has redeemed."""
    ctx = context(request)
    ctx.actor.need("coupon.revoke")
    return await ctx.run(codes.void(batch_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/me/coupon-codes", opt=member(), tags=["coupons"])
async def redeem_code(data: JSONBody[RedeemCode], request: Asked) -> Held:
    """Redeem a code into a coupon of one's own."""
    return await codes.redeem(context(request), data)


@post("/v1/coupon-campaigns", opt=staff("coupon.issue"), tags=["coupons"])
async def make_campaign(data: JSONBody[NewCampaign], request: Asked) -> Campaign:
    """Make a campaign that gives a coupon to each member of a crowd; it begins when it is told to."""
    ctx = context(request)
    ctx.actor.need("coupon.issue")
    return await ctx.run(campaigns.make(data, actor=ctx.actor, at=ctx.now))


@get("/v1/coupon-campaigns", opt=staff("coupon.read"), tags=["coupons"])
async def list_campaigns(
    request: Asked, q: Sought = "", in_state: InState = None, before: Before = "", limit: Limit = 50
) -> CampaignPage:
    """List campaigns, newest first: all, those whose name holds `q`, those in a state."""
    return await context(request).query(campaigns.campaigns(q=q, state=in_state, before=before, limit=limit))


@get("/v1/coupon-campaigns/{campaign_id:str}", opt=staff("coupon.read"), tags=["coupons"])
async def read_campaign(campaign_id: Id, request: Asked) -> Campaign:
    """Show a campaign and how far it is."""
    return await context(request).query(campaigns.read(campaign_id))


@post("/v1/coupon-campaigns/{campaign_id:str}/members", opt=staff("coupon.issue"), tags=["coupons"], status_code=200)
async def enlist_members(campaign_id: Id, data: JSONBody[Members], request: Asked) -> Campaign:
    """Add members to the list of a campaign that has not begun."""
    ctx = context(request)
    ctx.actor.need("coupon.issue")
    return await ctx.run(campaigns.enlist(campaign_id, data, at=ctx.now))


@post("/v1/coupon-campaigns/{campaign_id:str}/go", opt=staff("coupon.issue"), tags=["coupons"], status_code=200)
async def go_campaign(campaign_id: Id, data: JSONBody[Go], request: Asked) -> Campaign:
    """Begin a campaign, pause it, go on with it, or stop it for good."""
    ctx = context(request)
    ctx.actor.need("coupon.issue")
    return await ctx.run(campaigns.go(campaign_id, data, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [
    order_codes,
    list_batches,
    read_batch,
    download_codes,
    void_codes,
    redeem_code,
    make_campaign,
    list_campaigns,
    read_campaign,
    enlist_members,
    go_campaign,
]
