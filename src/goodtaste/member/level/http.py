"""Routes of levels and of the program: what members see of theirs, what the staff see and correct, what the head office sets."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.params import JSONBody, Parameter

from goodtaste.kernel.ids import Id
from goodtaste.kernel.web import Before, context, member, staff
from goodtaste.member import level_plan, level_views, program
from goodtaste.member.level_plan import Plan, PlanAsked
from goodtaste.member.level_views import (
    LevelCorrected,
    LevelCorrection,
    LevelEnd,
    LevelHistory,
    LevelView,
    StaffLevelView,
)
from goodtaste.member.program import ProgramChange, ProgramView
from goodtaste.member.rules import Program
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]


@get("/v1/me/level", opt=member(), tags=["me"])
async def my_level(request: Asked) -> LevelView:
    """Show one's level, how far it is to the next, and what it takes to keep this one."""
    ctx = context(request)
    return (await ctx.query(level_views.level_of(ctx.actor.id, program=ctx.see(Program), at=ctx.now))).now


@get("/v1/me/level/history", opt=member(), tags=["me"])
async def my_level_history(
    request: Asked,
    before: Before = "",
    limit: Annotated[int, Parameter(ge=1, le=100)] = level_views.PAGE,
) -> LevelHistory:
    """List what became of one's level, newest first."""
    ctx = context(request)
    return await ctx.query(level_views.level_history(ctx.actor.id, before=before, limit=limit, language=ctx.language))


@get("/v1/members/{member_id:str}/level", opt=staff("member.read"), tags=["levels"])
async def show_level(member_id: Id, request: Asked) -> StaffLevelView:
    """Show a member's level with what lifts them."""
    ctx = context(request)
    return await ctx.query(level_views.level_of(member_id, program=ctx.see(Program), at=ctx.now))


@get("/v1/members/{member_id:str}/level/history", opt=staff("member.read"), tags=["levels"])
async def show_level_history(
    member_id: Id,
    request: Asked,
    before: Before = "",
    limit: Annotated[int, Parameter(ge=1, le=100)] = level_views.PAGE,
) -> LevelHistory:
    """List what became of a member's level, newest first."""
    ctx = context(request)
    return await ctx.query(level_views.level_history(member_id, before=before, limit=limit, language=ctx.language))


@post("/v1/members/{member_id:str}/level", opt=staff("level.correct"), tags=["levels"])
async def correct_level(member_id: Id, data: JSONBody[LevelCorrection], request: Asked) -> LevelCorrected:
    """Lift a member by hand, until an instant or until it is ended."""
    ctx = context(request)
    ctx.actor.need("level.correct")
    return await ctx.run(level_views.correct_level(data, member_id=member_id, actor=ctx.actor, at=ctx.now))


@post("/v1/members/{member_id:str}/level/end", opt=staff("level.correct"), tags=["levels"], status_code=200)
async def end_level(member_id: Id, data: JSONBody[LevelEnd], request: Asked) -> LevelCorrected:
    """End what lifts a member, by hand; an earned level falls to what growth gives."""
    ctx = context(request)
    ctx.actor.need("level.correct")
    return await ctx.run(level_views.end_level(data, member_id=member_id, actor=ctx.actor, at=ctx.now))


@get("/v1/level-plan", opt=staff("member.read"), tags=["levels"])
async def show_plan(request: Asked) -> Plan:
    """Show the level plan."""
    return await context(request).query(level_plan.plan())


@get("/v1/level-plan/versions", opt=staff("member.read"), tags=["levels"])
async def list_plans(request: Asked) -> list[Plan]:
    """List the newest versions of the level plan."""
    return await context(request).query(level_plan.versions())


@put("/v1/level-plan", opt=staff("program.edit"), tags=["levels"])
async def save_plan(data: JSONBody[PlanAsked], request: Asked) -> Plan:
    """Save the level plan as its next version."""
    ctx = context(request)
    ctx.actor.need("program.edit")
    saved = await ctx.run(level_plan.save_plan(data, actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    return saved


@get("/v1/program", opt=staff("member.read"), tags=["levels"])
async def show_program(request: Asked) -> ProgramView:
    """Show the loyalty program: what points are worth, holds, coupons on an order, what refunds do to thresholds."""
    return await context(request).query(program.read())


@put("/v1/program", opt=staff("program.edit"), tags=["levels"])
async def change_program(data: JSONBody[ProgramChange], request: Asked) -> ProgramView:
    """Change the loyalty program from the version that was seen."""
    ctx = context(request)
    changed = await ctx.run(program.change(data, directory=ctx.see(Directory), actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    return changed


ROUTES: list[Any] = [
    show_program,
    change_program,
    my_level,
    my_level_history,
    show_level,
    show_level_history,
    correct_level,
    end_level,
    show_plan,
    list_plans,
    save_plan,
]
