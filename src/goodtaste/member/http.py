"""Routes of members."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from litestar import Request, delete, get, patch, post, put
from litestar.params import FromQuery, JSONBody, Parameter, QueryParameter

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import Id
from goodtaste.kernel.web import Allow, Before, Sought, address_of, anybody, context, member, staff
from goodtaste.ledger import api as ledger
from goodtaste.member import (
    addresses,
    adjustments,
    consents,
    favourites,
    found,
    gifts,
    login,
    notices,
    otp,
    points,
    points_rules,
    profile,
    visits,
)
from goodtaste.member.addresses import AddressView, PutAddress
from goodtaste.member.adjustments import Adjusted, Adjustment, AdjustmentAsked, AdjustmentView, Answer
from goodtaste.member.codes import PublicKey
from goodtaste.member.consents import Consent, NewConsent
from goodtaste.member.favourites import Favourite
from goodtaste.member.gifts import Gift, NewGift
from goodtaste.member.login import PhoneBinding, PhoneLogin, SignedIn, WechatLogin
from goodtaste.member.otp import CodeAsked, CodeSent
from goodtaste.member.points import HistoryPage, Liability, PointsView
from goodtaste.member.points_rules import NewPointsRules
from goodtaste.member.profile import Me, MemberView, PhoneSeen, ProfilePatch, Why
from goodtaste.member.rules import PointsRules, Program
from goodtaste.member.visits import Arrived, CodeView, Scanned
from goodtaste.menu.api import MenuBook
from goodtaste.org import api as org
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]
AT_THE_STORE = {"allow": Allow(frozenset(("staff", "terminal")), "member.identify")}


def _today(ctx: Ctx, store_id: str | None = None) -> date:
    """Return the trading day of a store, or the program's own."""
    calendar = ctx.see(Directory).store(store_id).calendar if store_id else ctx.see(Program).calendar
    return calendar.business_date(ctx.now)


@post("/v1/auth/wechat", opt=anybody(), tags=["sign-in"])
async def login_by_wechat(data: JSONBody[WechatLogin], request: Asked) -> SignedIn:
    """Sign in by WeChat; the first time makes the member."""
    return await login.by_wechat(context(request), data)


@post("/v1/auth/phone/code", opt=anybody(), tags=["sign-in"])
async def send_code(data: JSONBody[CodeAsked], request: Asked) -> CodeSent:
    """Send a one-time code by text message.

    The address that asks is the peer as the server in front has it, which believes the proxies that the settings name.
    """
    return await otp.send(context(request), data.phone, purpose=data.purpose, address=address_of(request))


@post("/v1/auth/phone", opt=anybody(), tags=["sign-in"])
async def login_by_phone(data: JSONBody[PhoneLogin], request: Asked) -> SignedIn:
    """Sign in by phone number and one-time code; the first time makes the member."""
    return await login.by_phone(context(request), data)


@post("/v1/me/phone", opt=member(), tags=["me"], status_code=200)
async def bind_phone(data: JSONBody[PhoneBinding], request: Asked) -> Me:
    """Bind a phone number to oneself."""
    return await login.bind_phone(context(request), data)


@get("/v1/me", opt=member(), tags=["me"])
async def my_profile(request: Asked) -> Me:
    """Show one's profile."""
    ctx = context(request)
    return await ctx.query(profile.read(ctx.actor.id))


@patch("/v1/me", opt=member(), tags=["me"])
async def change_profile(data: JSONBody[ProfilePatch], request: Asked) -> Me:
    """Change one's profile: what is not sent stays."""
    ctx = context(request)
    return await ctx.run(profile.patch(ctx.actor.id, asked=data, today=_today(ctx), at=ctx.now))


@post("/v1/me", opt=member(), tags=["me"], status_code=200)
async def change_profile_by_post(data: JSONBody[ProfilePatch], request: Asked) -> Me:
    """Change one's profile as `PATCH` does: a mini-program cannot send that."""
    ctx = context(request)
    return await ctx.run(profile.patch(ctx.actor.id, asked=data, today=_today(ctx), at=ctx.now))


@get("/v1/me/code", opt=member(), tags=["me"])
async def my_code(request: Asked) -> CodeView:
    """Show one's member code of this moment, as a QR text and as digits."""
    ctx = context(request)
    return await ctx.query(visits.code_of(ctx.actor.id, keyring=ctx.process.keyring, at=ctx.now))


@get("/v1/me/consents", opt=member(), tags=["me"])
async def my_consents(request: Asked) -> list[Consent]:
    """List what one has consented to."""
    ctx = context(request)
    return await ctx.query(consents.all_of(ctx.actor.id))


@post("/v1/me/consents", opt=member(), tags=["me"])
async def change_consent(data: JSONBody[NewConsent], request: Asked) -> Consent:
    """Give or withdraw a consent."""
    ctx = context(request)
    return await ctx.run(consents.record(data, member_id=ctx.actor.id, at=ctx.now))


@get("/v1/member-codes/keys", opt=AT_THE_STORE, tags=["members"])
async def code_keys(request: Asked) -> list[PublicKey]:
    """List the public keys with which a store verifies member codes without a network."""
    ctx = context(request)
    return visits.public_keys(ctx.process.keyring, at=ctx.now)


@post("/v1/member-codes/scan", opt=AT_THE_STORE, tags=["members"])
async def scan_code(data: JSONBody[Scanned], request: Asked) -> Arrived:
    """Begin the visit of a member who shows their code at a store."""
    ctx = context(request)
    ctx.see(Directory).store(data.store_id)
    ctx.actor.need("member.identify", store_id=data.store_id)
    return await visits.arrive(ctx, data)


@get("/v1/members", opt=staff("member.read"), tags=["members"])
async def find_members(
    request: Asked,
    q: Sought = "",
    level: Annotated[str | None, QueryParameter(max_length=40)] = None,
    status: FromQuery[found.Status | None] = None,
    sort: FromQuery[found.Sort] = "-joined_at",
    before: Before = "",
    limit: Annotated[int, QueryParameter(ge=1, le=found.PAGE_MAX)] = 50,
) -> found.MembersPage:
    """Find members by a part of their name, by their phone number or its end, by level and state; the phone numbers are masked."""
    ctx = context(request)
    keyring = ctx.process.keyring
    return await ctx.query(
        found.find(q=q, level=level, status=status, sort=sort, before=before, limit=limit, keyring=keyring)
    )


@get("/v1/members/{member_id:str}", opt=staff("member.read"), tags=["members"])
async def show_member(member_id: Id, request: Asked) -> MemberView:
    """Show a member, the phone number masked."""
    return await context(request).query(profile.view(member_id))


@post("/v1/members/{member_id:str}/phone", opt=staff("member.read_phone"), tags=["members"], status_code=200)
async def see_phone(member_id: Id, data: JSONBody[Why], request: Asked) -> PhoneSeen:
    """Show a member's phone number; the look is audited with its reason."""
    ctx = context(request)
    ctx.actor.need("member.read_phone")
    keyring = ctx.process.keyring
    return await ctx.run(
        profile.look_at_phone(member_id, reason=data.reason, actor=ctx.actor, keyring=keyring, at=ctx.now)
    )


@post("/v1/members/{member_id:str}/freeze", opt=staff("member.freeze"), tags=["members"], status_code=200)
async def freeze_member(member_id: Id, data: JSONBody[Why], request: Asked) -> MemberView:
    """Freeze a member: ordering stays, redeeming does not."""
    ctx = context(request)
    ctx.actor.need("member.freeze")
    return await ctx.run(profile.freeze(member_id, frozen=True, reason=data.reason, actor=ctx.actor, at=ctx.now))


@post("/v1/members/{member_id:str}/unfreeze", opt=staff("member.freeze"), tags=["members"], status_code=200)
async def unfreeze_member(member_id: Id, data: JSONBody[Why], request: Asked) -> MemberView:
    """Lift a freeze."""
    ctx = context(request)
    ctx.actor.need("member.freeze")
    return await ctx.run(profile.freeze(member_id, frozen=False, reason=data.reason, actor=ctx.actor, at=ctx.now))


@get("/v1/me/points", opt=member(), tags=["me"])
async def my_points(request: Asked) -> PointsView:
    """Show one's points."""
    ctx = context(request)
    return await ctx.query(points.of(ctx.actor.id, program=ctx.see(Program), today=_today(ctx)))


@get("/v1/me/points/history", opt=member(), tags=["me"])
async def my_points_history(
    request: Asked,
    before: Before = "",
    limit: Annotated[int, Parameter(ge=1, le=100)] = points.PAGE,
) -> HistoryPage:
    """List what moved one's points, newest first."""
    ctx = context(request)
    return await ctx.query(points.history(ctx.actor.id, before=before, limit=limit, language=ctx.language))


@get("/v1/me/points/expiring", opt=member(), tags=["me"])
async def my_points_expiring(request: Asked) -> list[ledger.Expiring]:
    """List every day on which points of one's own run out, soonest first."""
    ctx = context(request)
    return await ctx.query(notices.ending(ctx.actor.id, today=_today(ctx)))


@post("/v1/me/points/gifts", opt=member(), tags=["me"])
async def give_points(data: JSONBody[NewGift], request: Asked) -> Gift:
    """Give points to another member."""
    ctx = context(request)
    asked = gifts.give(data, member_id=ctx.actor.id, program=ctx.see(Program), today=_today(ctx), at=ctx.now)
    return await ctx.run(asked)


@get("/v1/me/points/gifts", opt=member(), tags=["me"])
async def my_gifts(request: Asked) -> list[Gift]:
    """List the newest gifts of points that one made."""
    ctx = context(request)
    return await ctx.query(gifts.given_by(ctx.actor.id))


@get("/v1/members/{member_id:str}/consents", opt=staff("member.read"), tags=["members"])
async def member_consents(member_id: Id, request: Asked) -> list[Consent]:
    """List what a member has consented to."""
    ctx = context(request)
    await ctx.query(profile.read(member_id))
    return await ctx.query(consents.all_of(member_id))


@get("/v1/members/{member_id:str}/points", opt=staff("points.read"), tags=["points"])
async def member_points(member_id: Id, request: Asked) -> PointsView:
    """Show a member's points, and when some of them run out."""
    ctx = context(request)
    await ctx.query(profile.read(member_id))
    return await ctx.query(points.of(member_id, program=ctx.see(Program), today=_today(ctx)))


@get("/v1/members/{member_id:str}/points/history", opt=staff("points.read"), tags=["points"])
async def member_points_history(
    member_id: Id, request: Asked, before: Before = "", limit: Annotated[int, Parameter(ge=1, le=100)] = points.PAGE
) -> HistoryPage:
    """List what moved a member's points, newest first."""
    ctx = context(request)
    await ctx.query(profile.read(member_id))
    return await ctx.query(points.history(member_id, before=before, limit=limit, language=ctx.language))


@post("/v1/members/{member_id:str}/points", opt=staff("points.adjust"), tags=["members"])
async def adjust_points(member_id: Id, data: JSONBody[Adjustment], request: Asked) -> Adjusted:
    """Correct a member's points by hand; above the limits of one person a second one approves with their PIN."""
    ctx = context(request)
    today = _today(ctx, data.store_id)
    ctx.actor.need("points.adjust", store_id=data.store_id)
    approved_by = None
    if data.approval:
        approval = await org.approve(ctx, data.approval, permission="points.adjust", store_id=data.store_id)
        approved_by = approval.staff_id
    return await ctx.run(
        adjustments.adjust(
            data,
            member_id=member_id,
            actor=ctx.actor,
            approved_by=approved_by,
            program=ctx.see(Program),
            today=today,
            at=ctx.now,
        )
    )


@post("/v1/points/adjustments", opt=staff("points.adjust"), tags=["points"])
async def ask_adjustment(data: JSONBody[AdjustmentAsked], request: Asked) -> AdjustmentView:
    """Ask for a correction of points that a second person decides on."""
    ctx = context(request)
    today = _today(ctx, data.store_id)
    ctx.actor.need("points.adjust", store_id=data.store_id)
    return await ctx.run(adjustments.ask(data, actor=ctx.actor, program=ctx.see(Program), today=today, at=ctx.now))


@get("/v1/points/adjustments", opt=staff("points.adjust"), tags=["points"])
async def list_adjustments(
    request: Asked, wanted: Annotated[adjustments.State, QueryParameter(name="state")] = "requested"
) -> list[AdjustmentView]:
    """List the newest corrections of points in a state that one may decide on."""
    ctx = context(request)
    return await ctx.query(adjustments.in_state(wanted, actor=ctx.actor, at=ctx.now))


@post(
    "/v1/points/adjustments/{adjustment_id:str}/approve", opt=staff("points.adjust"), tags=["points"], status_code=200
)
async def approve_adjustment(adjustment_id: Id, request: Asked) -> AdjustmentView:
    """Approve a correction that somebody else asked for, which makes it."""
    ctx = context(request)
    return await ctx.run(
        adjustments.approve(adjustment_id, actor=ctx.actor, program=ctx.see(Program), today=_today(ctx), at=ctx.now)
    )


@post("/v1/points/adjustments/{adjustment_id:str}/refuse", opt=staff("points.adjust"), tags=["points"], status_code=200)
async def refuse_adjustment(adjustment_id: Id, data: JSONBody[Answer], request: Asked) -> AdjustmentView:
    """Refuse a correction that somebody else asked for."""
    ctx = context(request)
    return await ctx.run(adjustments.refuse(adjustment_id, answer=data.reason, actor=ctx.actor, at=ctx.now))


@get("/v1/points/rules", opt=staff("points.read"), tags=["points"])
async def show_points_rules(request: Asked) -> PointsRules:
    """Show the limits and policies of points."""
    return context(request).see(Program).points


@put("/v1/points/rules", opt=staff("program.edit"), tags=["points"])
async def change_points_rules(data: JSONBody[NewPointsRules], request: Asked) -> PointsRules:
    """Change the limits and policies of points."""
    ctx = context(request)
    ctx.actor.need("program.edit")
    changed = await ctx.run(points_rules.change(data, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    return changed


@get("/v1/points/liability", opt=staff("points.report"), tags=["points"])
async def show_liability(request: Asked) -> Liability:
    """Show what is owed to members in points, by the month it runs out, and what became of what was given, by month."""
    ctx = context(request)
    ctx.actor.need("points.report")
    return await points.liability(ctx.db, program=ctx.see(Program))


@get("/v1/me/favourites", opt=member(), tags=["me"])
async def my_favourites(request: Asked) -> list[Favourite]:
    """List one's favourite dishes, and from when which of them cost less."""
    ctx = context(request)
    return await ctx.query(favourites.of_member(ctx.actor.id, program=ctx.see(Program)))


@put("/v1/me/favourites/{dish_id:str}", opt=member(), tags=["me"])
async def mark_favourite(dish_id: Id, request: Asked) -> list[Favourite]:
    """Mark a dish as a favourite of one's own."""
    ctx = context(request)
    made = favourites.mark(ctx.actor.id, dish_id, book=ctx.see(MenuBook), program=ctx.see(Program), at=ctx.now)
    return await ctx.run(made)


@delete("/v1/me/favourites/{dish_id:str}", opt=member(), tags=["me"])
async def unmark_favourite(dish_id: Id, request: Asked) -> None:
    """Take the mark off a dish."""
    ctx = context(request)
    await ctx.run(favourites.unmark(ctx.actor.id, dish_id))


@get("/v1/me/addresses", opt=member(), tags=["me"])
async def my_addresses(request: Asked) -> list[AddressView]:
    """List where one has food brought to, the first choice first."""
    ctx = context(request)
    return await ctx.query(addresses.of_member(ctx.actor.id, keyring=ctx.process.keyring))


@put("/v1/me/addresses/{address_id:str}", opt=member(), tags=["me"])
async def write_address(address_id: Id, data: JSONBody[PutAddress], request: Asked) -> list[AddressView]:
    """Add an address of one's own, or write it anew."""
    ctx = context(request)
    made = addresses.write(address_id, data, member_id=ctx.actor.id, keyring=ctx.process.keyring, at=ctx.now)
    return await ctx.run(made)


@delete("/v1/me/addresses/{address_id:str}", opt=member(), tags=["me"])
async def take_address(address_id: Id, request: Asked) -> None:
    """Take an address of one's own out."""
    ctx = context(request)
    await ctx.run(addresses.take(address_id, member_id=ctx.actor.id))


ROUTES: list[Any] = [
    my_addresses,
    write_address,
    take_address,
    my_favourites,
    mark_favourite,
    unmark_favourite,
    login_by_wechat,
    send_code,
    login_by_phone,
    bind_phone,
    my_profile,
    change_profile,
    change_profile_by_post,
    my_code,
    my_consents,
    change_consent,
    code_keys,
    scan_code,
    find_members,
    show_member,
    member_consents,
    member_points,
    member_points_history,
    see_phone,
    freeze_member,
    unfreeze_member,
    my_points,
    my_points_history,
    my_points_expiring,
    give_points,
    my_gifts,
    adjust_points,
    ask_adjustment,
    list_adjustments,
    approve_adjustment,
    refuse_adjustment,
    show_points_rules,
    change_points_rules,
    show_liability,
]
