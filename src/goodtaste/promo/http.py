"""Routes of coupon templates and coupons."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, delete, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from goodtaste.kernel.input import Id, Input, Reason
from goodtaste.kernel.web import Before, Sought, context, member, staff
from goodtaste.promo import gifts, issue, numbers, templates, upkeep
from goodtaste.promo.asked import NewTemplate, TemplateChange, ground
from goodtaste.promo.coupons import Held
from goodtaste.promo.gifts import Gift, Offered, Take
from goodtaste.promo.numbers import Numbers
from goodtaste.promo.templates import PAGE_MAX, Template, TemplatePage
from goodtaste.promo.upkeep import CouponPage, Extend, History, Revoke

Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]


class Switch(Input, frozen=True):
    """What is sent to open a template or to stop issuing it."""

    open: bool
    reason: Reason


@post("/v1/coupon-templates", opt=staff("coupon.edit"), tags=["coupons"])
async def make_template(data: JSONBody[NewTemplate], request: Asked) -> Template:
    """Make a coupon template."""
    ctx = context(request)
    ctx.actor.need("coupon.edit")
    await ctx.refresh()  # a dish or a store that it names may be a moment old
    return await ctx.run(templates.make(data, ground=ground(ctx), actor=ctx.actor, at=ctx.now))


@get("/v1/coupon-templates", opt=staff("coupon.read"), tags=["coupons"])
async def list_templates(
    request: Asked, q: Sought = "", is_open: FromQuery[bool | None] = None, before: Before = "", limit: Limit = PAGE_MAX
) -> TemplatePage:
    """List coupon templates, newest first: all, those whose name holds `q`, those that are open or stopped."""
    return await context(request).query(templates.page(q=q, open_=is_open, before=before, limit=limit))


@get("/v1/coupon-templates/{template_id:str}", opt=staff("coupon.read"), tags=["coupons"])
async def read_template(template_id: Id, request: Asked) -> Template:
    """Show a coupon template."""
    return await context(request).query(templates.read(template_id))


@put("/v1/coupon-templates/{template_id:str}", opt=staff("coupon.edit"), tags=["coupons"])
async def change_template(template_id: Id, data: JSONBody[TemplateChange], request: Asked) -> Template:
    """Change a coupon template: once a coupon of it was issued, only what its holders were not promised."""
    ctx = context(request)
    ctx.actor.need("coupon.edit")
    await ctx.refresh()
    return await ctx.run(templates.edit(template_id, data, ground=ground(ctx), actor=ctx.actor, at=ctx.now))


@get("/v1/coupon-templates/{template_id:str}/numbers", opt=staff("coupon.read"), tags=["coupons"])
async def read_numbers(template_id: Id, request: Asked) -> Numbers:
    """Show what became of the coupons of a template."""
    return await context(request).query(numbers.numbers(template_id))


@post("/v1/coupon-templates/{template_id:str}/switch", opt=staff("coupon.edit"), tags=["coupons"], status_code=200)
async def switch_template(template_id: Id, data: JSONBody[Switch], request: Asked) -> Template:
    """Open a coupon template, or stop issuing it."""
    ctx = context(request)
    ctx.actor.need("coupon.edit")
    return await ctx.run(
        templates.switch(template_id, open_=data.open, reason=data.reason, actor=ctx.actor, at=ctx.now)
    )


@post("/v1/me/coupons", opt=member(), tags=["coupons"])
async def claim_coupon(data: JSONBody[issue.Claim], request: Asked) -> Held:
    """Claim a coupon."""
    ctx = context(request)
    return await ctx.run(issue.claim(data, member_id=ctx.actor.id, at=ctx.now))


@get("/v1/me/coupons", opt=member(), tags=["coupons"])
async def my_coupons(request: Asked) -> list[Held]:
    """List one's usable coupons, soonest expiry first."""
    ctx = context(request)
    return await ctx.query(issue.at_hand(ctx.actor.id, at=ctx.now))


@post("/v1/me/coupons/{coupon_id:str}/gift", opt=member(), tags=["coupons"])
async def offer_coupon(coupon_id: Id, data: JSONBody[Offered], request: Asked) -> Gift:
    """Offer a coupon to whoever gets its code."""
    ctx = context(request)
    return await ctx.run(gifts.offer(coupon_id, data, member_id=ctx.actor.id, at=ctx.now))


@get("/v1/me/coupon-gifts", opt=member(), tags=["coupons"])
async def my_offers(request: Asked) -> list[Gift]:
    """List the coupons that one offered, newest first."""
    ctx = context(request)
    return await ctx.query(gifts.mine(ctx.actor.id))


@post("/v1/me/coupon-gifts", opt=member(), tags=["coupons"])
async def take_coupon(data: JSONBody[Take], request: Asked) -> Held:
    """Take a coupon that another member offered."""
    return await gifts.take(context(request), data)


@delete("/v1/me/coupon-gifts/{gift_id:str}", opt=member(), tags=["coupons"], status_code=200)
async def take_offer_back(gift_id: Id, request: Asked) -> Gift:
    """Take an offer back."""
    ctx = context(request)
    return await ctx.run(gifts.take_back(gift_id, member_id=ctx.actor.id, at=ctx.now))


@post("/v1/coupons", opt=staff("coupon.issue"), tags=["coupons"])
async def issue_coupon(data: JSONBody[issue.Issue], request: Asked) -> Held:
    """Give a member a coupon."""
    ctx = context(request)
    return await ctx.run(issue.issue(data, actor=ctx.actor, at=ctx.now))


@get("/v1/coupons/{coupon_id:str}", opt=staff("coupon.read"), tags=["coupons"])
async def read_coupon(coupon_id: Id, request: Asked) -> History:
    """Show a coupon and all that happened to it."""
    return await context(request).query(upkeep.history(coupon_id))


@post("/v1/coupons/{coupon_id:str}/revoke", opt=staff("coupon.revoke"), tags=["coupons"], status_code=200)
async def revoke_coupon(coupon_id: Id, data: JSONBody[Revoke], request: Asked) -> Held:
    """Take a coupon away that no order has."""
    ctx = context(request)
    ctx.actor.need("coupon.revoke")
    return await ctx.run(upkeep.revoke(coupon_id, data, actor=ctx.actor, at=ctx.now))


@post("/v1/coupons/{coupon_id:str}/extend", opt=staff("coupon.revoke"), tags=["coupons"], status_code=200)
async def extend_coupon(coupon_id: Id, data: JSONBody[Extend], request: Asked) -> Held:
    """Give a coupon more time."""
    ctx = context(request)
    ctx.actor.need("coupon.revoke")
    return await ctx.run(upkeep.extend(coupon_id, data, actor=ctx.actor, at=ctx.now))


@get("/v1/members/{member_id:str}/coupons", opt=staff("coupon.read"), tags=["coupons"])
async def coupons_of(member_id: Id, request: Asked, before: Before = "", limit: Limit = 50) -> CouponPage:
    """List a member's coupons in every state, the one that changed last first."""
    return await context(request).query(upkeep.of_member(member_id, before=before, limit=limit))


ROUTES: list[Any] = [
    make_template,
    list_templates,
    read_template,
    change_template,
    read_numbers,
    switch_template,
    claim_coupon,
    my_coupons,
    offer_coupon,
    my_offers,
    take_coupon,
    take_offer_back,
    issue_coupon,
    read_coupon,
    revoke_coupon,
    extend_coupon,
    coupons_of,
]
