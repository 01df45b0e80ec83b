"""What promotions do on time: coupons whose end has come run out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from goodtaste.kernel.context import Process
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.promo import upkeep

EXPIRE = Every("promo.expire", timedelta(minutes=10))
RECURRING = [EXPIRE]


def functions(process: Process) -> dict[str, JobFunction]:
    """Return the function of each job of promotions."""

    async def expire(_: dict[str, Any]) -> None:
        while await process.db.run(upkeep.expire(process.clock())) == upkeep.EXPIRED_MAX:
            pass

    return {EXPIRE.name: expire}
