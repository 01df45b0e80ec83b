"""Routes of channels: the desk of dead letters, for the head office."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import JSONBody, Parameter

from goodtaste.channel import desk
from goodtaste.kernel.dead_letters import DeadLetter
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import Before, context, staff

Asked = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=desk.PAGE_MAX)]
TAGS = ["dead letters"]


@get("/v1/dead-letters", opt=staff(desk.PERMISSION), tags=TAGS)
async def list_letters(request: Asked, before: Before = "", limit: Limit = 50) -> desk.Letters:
    """List dead letters, newest first."""
    ctx = context(request)
    ctx.actor.need(desk.PERMISSION)
    return await ctx.query(desk.page(before=before, limit=limit))


@get("/v1/dead-letters/{letter_id:str}", opt=staff(desk.PERMISSION), tags=TAGS)
async def show_letter(letter_id: Id, request: Asked) -> DeadLetter:
    """Show a dead letter."""
    ctx = context(request)
    ctx.actor.need(desk.PERMISSION)
    return await ctx.query(desk.one(letter_id))


@post("/v1/dead-letters/{letter_id:str}/replay", opt=staff(desk.PERMISSION), tags=TAGS, status_code=200)
async def replay_letter(letter_id: Id, data: JSONBody[desk.Replay], request: Asked) -> desk.Replayed:
    """Replay a dead letter, with its body mended where one is sent."""
    return await desk.replay_letter(context(request), letter_id, data)


@post("/v1/dead-letters/{letter_id:str}/discard", opt=staff(desk.PERMISSION), tags=TAGS, status_code=204)
async def discard_letter(letter_id: Id, data: JSONBody[desk.Discard], request: Asked) -> None:
    """Discard a dead letter for good."""
    ctx = context(request)
    await ctx.run(desk.discard_letter(letter_id, data, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [list_letters, show_letter, replay_letter, discard_letter]
