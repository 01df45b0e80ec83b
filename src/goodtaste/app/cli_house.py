"""How a command of the command line does something in the house of its settings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_database import revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import stop, words
from goodtaste.app.process import running
from goodtaste.kernel import sessions
from goodtaste.kernel.auth import NotAllowed
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Unavailable
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.words import on_clock
from goodtaste.org.api import SignIn, sign_in

T = TypeVar("T")


def in_house(context: click.Context, work: Callable[[Ctx], Awaitable[T]]) -> T:
    """Run `work` in the house of the settings; a refusal ends the command with its sentence."""
    settings = settings_of(context)
    found, newest = revision(settings), migrations.newest()
    if found != newest:
        stop("cli.other_revision", where=where(settings), found=found or "-", newest=newest)

    async def run() -> T:
        async with running(settings) as process:
            ctx = process.context()
            try:
                return await work(ctx)
            except Refusal as refused:
                refused.facts = on_clock(refused.facts, process.zone_of(ctx.actor))
                raise

    try:
        return asyncio.run(run())
    except Refusal as refused:
        stop(refused.code, **refused.facts)
    except Unavailable as error:
        stop("cli.no_database", where=where(settings), error=str(error))


def as_person(context: click.Context, login: str, permission: str, work: Callable[[Ctx], Awaitable[T]]) -> T:
    """Sign a person in by the password that they type, run `work` as them, and sign them out.

    Refuses as their route does: who may not do it anywhere is told so, and wrong passwords lock the login.
    """
    asked = SignIn(
        login=login, password=click.prompt(words("cli.password"), hide_input=True, err=True), device="goodtaste"
    )

    async def run(ctx: Ctx) -> T:
        signed = await sign_in(asked, ctx=ctx)
        claims = ctx.process.tokens.check(signed.tokens.access_token, at=ctx.now)
        try:
            actor = await ctx.process.actor_of(claims)
            if not actor.can_somewhere(permission):
                raise NotAllowed(permission=permission)
            return await work(ctx.process.context(actor))
        finally:
            await ctx.run(sessions.end_own(subject_id=claims.sub, session_id=claims.sid, at=ctx.now))

    return in_house(context, run)
