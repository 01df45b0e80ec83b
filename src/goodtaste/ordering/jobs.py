"""What ordering does on time: unpaid orders run out, bills give back what they hold, orders that were handed over are completed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import Script, Steps, script
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.ordering import cancel, forgetting, open_bill, orders, progress
from goodtaste.ordering.place_rows import EXPIRE_UNPAID, FREE_HELD
from goodtaste.ordering.spot import Place
from goodtaste.ordering.where import where

LOOK_AGAIN = {
    EXPIRE_UNPAID: timedelta(minutes=1),
    FREE_HELD: timedelta(minutes=1),
    progress.COMPLETE: timedelta(minutes=30),
}

Act = Callable[..., Script[bool]]


@script
def _look_again(name: str, order_id: str, at: Any) -> Steps[None]:
    yield [schedule(name, {"order_id": order_id}, due_at=at + LOOK_AGAIN[name])]


def functions(process: Process) -> dict[str, JobFunction]:
    """Return the function of each job of ordering."""
    return {
        EXPIRE_UNPAID: _job(process, EXPIRE_UNPAID, cancel.expire),
        FREE_HELD: _job(process, FREE_HELD, open_bill.free_held),
        progress.COMPLETE: _job(process, progress.COMPLETE, progress.complete),
        forgetting.FORGET: forgetting.forget_job(process),
    }


def _job(process: Process, name: str, act: Act) -> Callable[[dict[str, Any]], Awaitable[None]]:
    async def run(args: dict[str, Any]) -> None:
        ctx: Ctx = process.context()
        order_id = args["order_id"]
        found = await ctx.db.first(orders.ORDER(order_id=order_id))
        if found is None:
            return
        place: Place = where(ctx, found.store_id)
        if await ctx.run(act(order_id, where=place)):
            await ctx.run(_look_again(name, order_id, ctx.now))

    return run
