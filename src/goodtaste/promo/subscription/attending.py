"""Attending: whatever is to be done with a subscription is done, step by step, until there is nothing left but to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import select

from goodtaste.kernel.context import Ctx, Process
from goodtaste.kernel.db import GuardBroken, Id, Int, Moment, Read, Steps, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.member.api import Program
from goodtaste.payment import api as payments
from goodtaste.promo.subscription import charging, granting, noticing, refunds, rules, signing, standing
from goodtaste.promo.subscription.record import LOOK, Known, ended, load, save
from goodtaste.promo.subscription.tables import subscription

TURN = Every("promo.subscriptions", timedelta(minutes=1))
STEPS_MAX = 16  # of one subscription at a time; the rest is done at the next turn
PAGE = 200
AT_ONCE = 32  # subscriptions that are attended to side by side
FIRST = "00000000-0000-0000-0000-000000000000"

log = structlog.get_logger()
T = TypeVar("T")


class _Due(msgspec.Struct, frozen=True):
    id: str


DUE = Read(
    select(subscription.c.id)
    .where(subscription.c.next_at <= par("at", Moment), subscription.c.id > par("after", Id))
    .order_by(subscription.c.id)
    .limit(par("limit", Int)),
    _Due,
)


def zone_of(ctx: Ctx) -> str:
    """Return the zone whose days count for subscriptions: the program's."""
    return ctx.see(Program).zone


@script
def _load(subscription_id: str) -> Steps[Known | None]:
    return (yield from load(subscription_id))


@script
def _look_at(known: Known, next_at: datetime | None) -> Steps[None]:
    yield [LOOK(id=known.row.id, seen=known.row.version, next_at=next_at)]


@script
def _lapse(subscription_id: str, *, at: datetime) -> Steps[None]:
    """Take note that a period is over and the next one is not paid yet."""
    known = yield from load(subscription_id)
    if known is not None and known.row.state in ("trial", "active"):
        yield save(msgspec.structs.replace(known.row, state="past_due"), at=at)


@script
def _finish(subscription_id: str, act: rules.Act, *, zone: str, at: datetime) -> Steps[None]:
    known = yield from load(subscription_id)
    if known is not None and rules.next_act(known.standing(), at=at, zone=zone) == act:
        yield save(ended(known.row, state=act.state, why=act.why, at=at), at=at)


async def attend(ctx: Ctx, subscription_id: str) -> None:
    """Do what is to be done with a subscription now.  Whoever else does the same at the same moment does no harm."""
    zone, clock = zone_of(ctx), ctx.process.clock
    for _ in range(STEPS_MAX):
        known = await ctx.query(_load(subscription_id))
        if known is None:
            return
        act = rules.next_act(known.standing(), at=clock(), zone=zone)
        if act.what == "wait":
            if act.at != known.row.next_at:
                await ctx.run(_look_at(known, act.at))
            break
        await _ACTS[act.what](ctx, known, act)
    await granting.give_due(ctx, subscription_id)


async def _ask(ctx: Ctx, known: Known, act: rules.Act) -> None:
    if known.charge is not None:
        over = known.row.is_final or known.row.cancel_at_end
        gateway = signing.gateway_of(ctx)
        await charging.ask(ctx, known.charge, over=over, gateway=gateway, zone=zone_of(ctx))


async def _charge(ctx: Ctx, known: Known, act: rules.Act) -> None:
    gateway = signing.gateway_of(ctx)
    made = await ctx.run(charging.begin(known.row.id, zone=zone_of(ctx), at=ctx.process.clock()))
    if made is not None:
        await charging.send(ctx, made, gateway=gateway, zone=zone_of(ctx))


async def _part(ctx: Ctx, known: Known, act: rules.Act) -> None:
    answer = await signing.gateway_of(ctx).end(known.row.id)
    if isinstance(answer, payments.Unknown):
        raise signing.NoGateway(why=answer.why)
    gone = payments.Agreement("ended")
    await ctx.run(signing.signed(known.row.id, agreement=gone, at=ctx.process.clock()))


async def _agreement(ctx: Ctx, known: Known, act: rules.Act) -> None:
    answer = await signing.gateway_of(ctx).ask(known.row.id)
    await ctx.run(signing.signed(known.row.id, agreement=answer, at=ctx.process.clock()))


async def _trial(ctx: Ctx, known: Known, act: rules.Act) -> None:
    await ctx.run(signing.begin_trial(known.row.id, zone=zone_of(ctx), at=ctx.process.clock()))


async def _tell(ctx: Ctx, known: Known, act: rules.Act) -> None:
    await noticing.send(ctx, known, gateway=signing.gateway_of(ctx), zone=zone_of(ctx))


async def _receipt(ctx: Ctx, known: Known, act: rules.Act) -> None:
    await noticing.look(ctx, known)


async def _over(ctx: Ctx, known: Known, act: rules.Act) -> None:
    await ctx.run(_finish(known.row.id, act, zone=zone_of(ctx), at=ctx.process.clock()))


async def _lapsed(ctx: Ctx, known: Known, act: rules.Act) -> None:
    await ctx.run(_lapse(known.row.id, at=ctx.process.clock()))


async def _level(ctx: Ctx, known: Known, act: rules.Act) -> None:
    await ctx.run(standing.end_level(known.row.id, at=ctx.process.clock()))


_ACTS: Mapping[str, Callable[[Ctx, Known, rules.Act], Awaitable[None]]] = {
    "ask": _ask,
    "part": _part,
    "agreement": _agreement,
    "trial": _trial,
    "charge": _charge,
    "tell": _tell,
    "receipt": _receipt,
    "lapse": _lapsed,
    "level": _level,
    "finish": _over,
}


async def turn(process: Process) -> None:
    """Attend to everything that is due: subscriptions, coupons not issued yet, refunds under way.  What is done stays done."""
    ctx, at = process.context(), process.clock()

    async def due(after: str) -> list[_Due]:
        return await ctx.db.rows(DUE(at=at, after=after, limit=PAGE))

    async def grants(after: str) -> list[granting.Due]:
        return await ctx.db.rows(granting.DUE(at=at, after=after, limit=PAGE))

    async def backs(after: str) -> list[refunds.Refund]:
        return await ctx.db.rows(refunds.DUE(at=at, after=after, limit=PAGE))

    await _through(due, lambda each: attend(ctx, each.id))
    await _through(grants, lambda each: granting.give(ctx, each))
    await _through(backs, lambda each: refunds.give_back(ctx, each, gateway=signing.gateway_of(ctx)))


async def _through(pages: Callable[[str], Awaitable[list[Any]]], do: Callable[[Any], Awaitable[Any]]) -> None:
    """Do something with each row of all pages, `AT_ONCE` side by side; one that is refused is left for the next turn."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(row: Any) -> None:
        async with places:
            try:
                await do(row)
            except (Refusal, GuardBroken) as refused:
                log.warning("subscription_waits", subject_id=row.id, why=repr(refused))

    after = FIRST
    while rows := await pages(after):
        await asyncio.gather(*(one(row) for row in rows))
        after = rows[-1].id


def job_functions(process: Process) -> dict[str, JobFunction]:
    """Return the functions of the jobs by name."""

    async def run(_: dict[str, Any]) -> None:
        await turn(process)

    return {TURN.name: run}
