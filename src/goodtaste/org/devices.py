"""The devices on which somebody is signed in, members and staff alike: new tokens for one, the list of them, and their end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from goodtaste.kernel import sessions
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Steps, script
from goodtaste.kernel.input import PRINTABLE, Input
from goodtaste.kernel.sessions import SessionEnded, TokenPair


class Refresh(Input, frozen=True):
    """What a device sends for new tokens."""

    refresh_token: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]


class Device(msgspec.Struct, frozen=True):
    """A device on which somebody is signed in; `this` is the one that asks."""

    id: str
    device: str
    started_at: datetime
    used_at: datetime
    this: bool


async def refresh(asked: Refresh, *, ctx: Ctx) -> TokenPair:
    """Give a device new tokens for its refresh token.  Sent again within seconds it gives the same; used later it ends the session.

    Refuses `NotSignedIn` for a token that is not ours or whose owner has left, `SessionEnded` for a session that is over.
    """
    session_id, n = ctx.process.tokens.read_refresh(asked.refresh_token)
    found = await ctx.run(sessions.rotate(session_id=session_id, n=n, at=ctx.now))
    if found.ended_at is not None:
        raise SessionEnded
    await ctx.process.actor_of(sessions.claims_of(found))
    return ctx.process.tokens.pair(found, at=ctx.now)


@script
def mine(actor: Actor, *, at: datetime) -> Steps[list[Device]]:
    """Return one's devices, the newest first."""
    found = yield from sessions.own(subject_id=actor.id, at=at)
    return [Device(s.id, s.device, s.started_at, s.used_at, s.id == actor.session_id) for s in found]
