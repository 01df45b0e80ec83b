"""Routes of promotions."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import JSONBody

from goodtaste.kernel.input import Id, Input, Reason
from goodtaste.kernel.web import context, member, staff
from goodtaste.promo import issue, templates
from goodtaste.promo.coupons import Held
from goodtaste.promo.templates import NewTemplate, Template

Asked = Request[Any, Any, Any]


class Switch(Input, frozen=True):
    """What is sent to open a template or to stop issuing it."""

    open: bool
    reason: Reason


@post("/v1/coupon-templates", opt=staff("coupon.edit"), tags=["coupons"])
async def make_template(data: JSONBody[NewTemplate], request: Asked) -> Template:
    """Make a coupon template."""
    ctx = context(request)
    ctx.actor.need("coupon.edit")
    return await ctx.run(templates.make(data, actor=ctx.actor, at=ctx.now))


@get("/v1/coupon-templates", opt=staff("coupon.read"), tags=["coupons"])
async def list_templates(request: Asked) -> list[Template]:
    """List the newest coupon templates."""
    return await context(request).query(templates.all_templates())


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


@post("/v1/coupons", opt=staff("coupon.issue"), tags=["coupons"])
async def issue_coupon(data: JSONBody[issue.Issue], request: Asked) -> Held:
    """Give a member a coupon."""
    ctx = context(request)
    return await ctx.run(issue.issue(data, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [make_template, list_templates, switch_template, claim_coupon, my_coupons, issue_coupon]
