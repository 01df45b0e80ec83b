"""Presents of members become coupons: one for each that is due, whatever is heard or tried twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from goodtaste.events.member import PresentDue
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Change, Steps
from goodtaste.kernel.jobs import JobFunction, schedule
from goodtaste.promo.issue import Issue, issue

GIVE = "promo.give_present"


def on_present_due(event: PresentDue, at: datetime) -> Steps[list[Change]]:
    """Have the coupon issued by a job: what its template does not allow now is tried again, and stays for a person to see."""
    yield from ()
    args = {
        "id": event.present_id,
        "template_id": event.template_id,
        "member_id": event.member_id,
        "reason": f"{event.kind} {event.what}",
    }
    return [schedule(GIVE, args, due_at=at, once=f"{GIVE}:{event.present_id}")]


def give_job(process: Process) -> JobFunction:
    """Return the job that issues the coupon of a present, whose id is the present's."""

    async def run(args: dict[str, Any]) -> None:
        await process.db.run(issue(Issue(**args), actor=SYSTEM, at=process.clock()))

    return run
