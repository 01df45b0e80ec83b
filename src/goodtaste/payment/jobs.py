"""What payment does on time: it asks the gateways until everything is known."""

from __future__ import annotations

from typing import Any

import structlog

from goodtaste.kernel.context import Process
from goodtaste.kernel.jobs import JobFunction
from goodtaste.payment import rules
from goodtaste.payment.attempts import POLL
from goodtaste.payment.calls import ask, give_back
from goodtaste.payment.reconcile import nightly
from goodtaste.payment.refunds import GIVE_BACK

RECURRING = [nightly.RECONCILE]

log = structlog.get_logger()


def job_functions(process: Process) -> dict[str, JobFunction]:
    """Return the functions of the jobs by name."""

    async def poll(args: dict[str, Any]) -> None:
        after = await ask(process.context(), args["payment_id"], sent=True)
        age_s = (process.clock() - after.started_at).total_seconds()
        if after.is_open and age_s >= rules.ASK_FOR_S:
            log.error("payment_needs_a_person", payment_id=after.id, state=after.state, why=after.detail)

    async def refund(args: dict[str, Any]) -> None:
        after = await give_back(process.context(), args["refund_id"], sent=True)
        age_s = (process.clock() - after.started_at).total_seconds()
        if after.is_open and age_s >= rules.REFUND_FOR_S:
            log.error("refund_needs_a_person", refund_id=after.id, payment_id=after.payment_id, why=after.detail)

    return {POLL: poll, GIVE_BACK: refund, nightly.RECONCILE.name: nightly.job(process)}
