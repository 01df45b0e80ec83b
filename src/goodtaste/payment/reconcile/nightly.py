"""Reconciliation on time: each hour the bills of the days that are over and were not read yet are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog

from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.jobs import Every
from goodtaste.payment.gateway import Gateways
from goodtaste.payment.reconcile import match, rules
from goodtaste.payment.reconcile.books import BILL

RECONCILE = Every("payment.reconcile", timedelta(hours=1))
LOOK_BACK_DAYS = 7  # a bill that a gateway did not make for so long is asked for by a person

log = structlog.get_logger()


def job(process: Process) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Return the job that reads and matches the bills that are there."""

    async def run(_: dict[str, Any]) -> None:
        await catch_up(process.context())

    return run


async def catch_up(ctx: Ctx) -> int:
    """Read and match the bills of the last days that were not read yet, the oldest first; return how many there were."""
    today, read = rules.day_of(ctx.now), 0
    for method in ctx.part(Gateways).methods():
        for back in range(LOOK_BACK_DAYS, 0, -1):
            day = today - timedelta(days=back)
            known = await ctx.db.first(BILL(method=method, day=day))
            if known and known.digest:
                continue
            try:
                await match.fetch(ctx, method, day)
                read += 1
            except match.NoBill as refused:
                log.warning("no_bill", **refused.facts)
    return read
