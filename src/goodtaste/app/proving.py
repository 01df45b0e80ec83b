"""Routes by which the head office has the points ledger proved, and sees what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import msgspec
from litestar import Request, post

from goodtaste.app import proofs
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, script
from goodtaste.kernel.web import context, staff
from goodtaste.ledger import api as ledger

PROVE = "ledger.prove"
BETWEEN_ROOMS = ("X4", "X5", "X6", "X10", "X11", "X12")  # what other rooms say of points, held against the ledger
SHOWN_MAX = 5  # rows that break a proof, told of it
MS = 1_000
Asked = Request[Any, Any, Any]


class Proof(msgspec.Struct, frozen=True):
    """One proof: what must be true, whether it is, how many rows break it and the first of them, and how long it took."""

    code: str
    says: str
    holds: bool
    faults: int
    rows: list[str]
    ms: int


def of_points() -> Mapping[str, str]:
    """Return the proofs of the points ledger: its own, and those that hold orders, corrections and gifts against it."""
    between = {name: query for name, query in proofs.PROOFS.items() if name.split()[0] in BETWEEN_ROOMS}
    return {**ledger.PROOFS, **between}


@post("/v1/points/proofs", opt=staff(PROVE), tags=["points"], status_code=200)
async def prove_points(request: Asked) -> list[Proof]:
    """Prove the points ledger now; that it was proved, and what was broken, is written down."""
    ctx = context(request)
    ctx.actor.need(PROVE)
    found = []
    for name, query in of_points().items():
        began = perf_counter()
        faults = await ctx.db.execute(query)
        code, _, says = name.partition(" ")
        rows = [", ".join(map(str, row)) for row in faults[:SHOWN_MAX]]
        found.append(Proof(code, says, not faults, len(faults), rows, round((perf_counter() - began) * MS)))
    await ctx.run(_note(found, actor=ctx.actor, at=ctx.now))
    return found


@script
def _note(found: list[Proof], *, actor: Actor, at: Any) -> Steps[None]:
    """Write down that the books were proved."""
    broken = [each.code for each in found if not each.holds]
    yield [audit.note(actor, "ledger.proved", subject="books/points", at=at, proofs=len(found), broken=broken)]


ROUTES: list[Any] = [prove_points]
