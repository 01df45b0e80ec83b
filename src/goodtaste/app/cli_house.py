"""How a command of the command line does something in the house of its settings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from goodtaste.app import migrate as migrations
from goodtaste.app.cli_database import revision, where
from goodtaste.app.cli_settings import settings_of
from goodtaste.app.cli_words import stop
from goodtaste.app.process import running
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Unavailable
from goodtaste.kernel.errors import Refusal

T = TypeVar("T")


def in_house(context: click.Context, work: Callable[[Ctx], Awaitable[T]]) -> T:
    """Run `work` in the house of the settings; a refusal ends the command with its sentence."""
    settings = settings_of(context)
    found, newest = revision(settings), migrations.newest()
    if found != newest:
        stop("cli.other_revision", where=where(settings), found=found or "-", newest=newest)

    async def run() -> T:
        async with running(settings) as process:
            return await work(process.context())

    try:
        return asyncio.run(run())
    except Refusal as refused:
        stop(refused.code, **refused.facts)
    except Unavailable as error:
        stop("cli.no_database", where=where(settings), error=str(error))
