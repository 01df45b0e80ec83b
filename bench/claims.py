"""A rush for coupons, codes by the hundred thousand, a campaign for a crowd: how many a second, and that nothing is given twice.

`python -m bench claims` keeps the figures, on both engines.  Claims, codes and campaigns go through the scripts that the routes run.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from bench import house, orders
from bench.figures import Figure, figure
from goodtaste.app.process import running
from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.ordering.place import place
from goodtaste.promo import api as promo
from goodtaste.promo.bulk import campaigns, codes

COMMAND = "python -m bench claims"
CLIENTS, COUPONS = 5_000, 100
CODES = 100_000
CROWD = 100_000
REDEEMED, IN_FLIGHT = 2_000, 32


async def _template(ctx: Ctx, **more: Any) -> str:
    asked = promo.NewTemplate(id=new_id(), name="券", kind="cash", value=500, valid_days=30, **more)
    return (await ctx.run(promo.make(asked, ground=promo.ground(ctx), actor=SYSTEM, at=house.NOW))).id


async def _rush(ctx: Ctx) -> tuple[float, float, int]:
    """Let `CLIENTS` members claim at once; return claims answered a second, the last answer in ms, and answers that are wrong."""
    template, said = await _template(ctx, claimable=True, budget_count=COUPONS), Counter[str]()

    async def one(i: int) -> None:
        asked = promo.Claim(id=new_id(), template_id=template)
        try:
            await ctx.run(promo.claim(asked, member_id=house.uid(house.MEMBER, i + 1), at=house.NOW))
            said["done"] += 1
        except Refusal as refused:
            said[refused.code] += 1

    begun = time.perf_counter()
    await asyncio.gather(*(one(i) for i in range(CLIENTS)))
    took = time.perf_counter() - begun
    wrong = abs(said["done"] - COUPONS) + abs(said["promo.budget_spent"] - (CLIENTS - COUPONS))
    return CLIENTS / took, took * 1e3, wrong


async def _codes(ctx: Ctx) -> tuple[float, float]:
    """Make `CODES` codes and redeem some; return the seconds it takes to make them, and the 95th percentile of a redemption in ms."""
    db, template = ctx.db, await _template(ctx)
    asked = codes.NewBatch(id=new_id(), template_id=template, name="bench", count=CODES)
    batch = await db.run(codes.order(asked, actor=SYSTEM, at=house.NOW))
    begun = time.perf_counter()
    await codes.make_all(db, batch.id)
    took = time.perf_counter() - begun
    found = [line.partition(b",")[0].decode() async for part in codes.lines(db, batch.id) for line in part.splitlines()]
    waiting, times = iter(enumerate(found[1 : REDEEMED + 1])), list[float]()

    async def one() -> None:
        for i, code in waiting:
            started = time.perf_counter()
            member = Ctx(ctx.process, Actor("member", house.uid(house.MEMBER, i + 1)), house.NOW, "zh-CN")
            await codes.redeem(member, codes.RedeemCode(id=new_id(), code=code))
            times.append(time.perf_counter() - started)

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
    return took, sorted(times)[len(times) * 95 // 100] * 1e3


async def _orders(ctx: Ctx) -> float:
    """Redeem a coupon each on orders that are paid as they are placed; return the 95th percentile of one in ms."""
    waiting, times, here = iter(range(REDEEMED)), list[float](), orders.where()

    async def one() -> None:
        for i in waiting:
            asked = orders.order(i, members=CROWD)
            started = time.perf_counter()
            await ctx.run(place(asked, actor=orders.CASHIER, where=here))
            times.append(time.perf_counter() - started)

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
    return sorted(times)[len(times) * 95 // 100] * 1e3


async def _campaign(ctx: Ctx) -> tuple[float, int]:
    """Give `CROWD` members a coupon each; return members a second, and how many were left out."""
    db, template = ctx.db, await _template(ctx)
    asked = campaigns.NewCampaign(id=new_id(), template_id=template, name="bench", audience="all")
    await db.run(campaigns.make(asked, actor=SYSTEM, at=house.NOW))
    await db.run(campaigns.go(asked.id, campaigns.Go(to="running", reason="bench"), actor=SYSTEM, at=house.NOW))
    begun = time.perf_counter()
    await campaigns.run_all(db, asked.id, clock=lambda: house.NOW)
    took = time.perf_counter() - begun
    seen = await db.query(campaigns.read(asked.id))
    return seen.issued / took, CROWD - seen.issued


async def _growth(ctx: Ctx) -> float:
    """Return the MiB by which memory grows over a campaign when the page caches are full: after another of the same size."""
    before = _resident_kib()
    await _campaign(ctx)
    return max(_resident_kib() - before, 0) / 1024


def _resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


async def _run(settings: Settings, proofs: Mapping[str, str]) -> dict[str, float]:
    async with running(settings) as process:
        ctx = process.context()
        rate, last, wrong = await _rush(ctx)
        made, p95 = await _codes(ctx)
        on_order = await _orders(ctx)
        members, left_out = await _campaign(ctx)
        grew = await _growth(ctx)
        wrong += left_out + len([name for name, sql in proofs.items() if await ctx.db.execute(sql)])
    return {
        "rate": rate,
        "last": last,
        "made": made,
        "p95": p95,
        "on_order": on_order,
        "members": members,
        "grew": grew,
        "wrong": wrong,
    }


def figures() -> list[Figure]:
    """Measure on both engines."""
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        urls = {
            "postgresql": house.on_postgres("goodtaste_bench_claims", house.tables(members=CROWD, coupons=REDEEMED)),
            "sqlite": house.on_sqlite(folder / "house.db", house.tables(members=CROWD, coupons=REDEEMED)),
        }
        for engine, url in urls.items():
            seen = uvloop.run(_run(house.settings(url, folder), promo.PROOFS))
            name = f"claims.{engine}"
            found += [
                figure(name, seen["rate"], "claims/s", command=COMMAND),
                figure(f"{name}_last", seen["last"], "ms", command=COMMAND),
                figure(f"{name}_redeem_p95", seen["p95"], "ms", command=COMMAND),
                figure(f"{name}_on_order_p95", seen["on_order"], "ms", command=COMMAND),
                figure(f"{name}_codes", seen["made"], "s/100,000", at_most=10, command=COMMAND),
                figure(f"{name}_campaign", seen["members"], "members/s", command=COMMAND),
                figure(f"{name}_campaign_memory", seen["grew"], "MiB", at_most=16, command=COMMAND),
                figure(f"{name}_wrong", seen["wrong"], "coupons or proofs", at_most=0, command=COMMAND),
            ]
        deadlocks = asyncio.run(house.deadlocks(urls["postgresql"]))
        found.append(figure("claims.deadlocks", deadlocks, "deadlocks", at_most=0, command=COMMAND))
    asyncio.run(house.drop("goodtaste_bench_claims"))
    return found
