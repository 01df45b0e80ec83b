"""What Feie's cloud tells by itself: that a job was printed.  Signed with its key, fresh, and the same however often it is heard.

What is signed is `k=v` of all fields but the signature that are not empty, sorted and joined by `&`, with RSA-SHA256.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from sqlalchemy import select, update

from goodtaste.floor.printing import carry
from goodtaste.floor.printing.feie import Feie
from goodtaste.floor.printing.prints import WHOLE, Job, NotNow, PrintJobUnknown, step
from goodtaste.floor.printing.tables import print_job
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Moment, Read, Steps, Str, change, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.rsa import verifies
from goodtaste.kernel.telemetry import CALLBACKS_REJECTED

HEARD = b"SUCCESS"  # any other answer, and it tells again
PRINTED = "1"
WINDOW_S = 300  # a notice is good for less than this, either way; what comes later was asked about
FIELDS_MAX = 16

log = structlog.get_logger()


class PrintNoticeRefused(Refusal):
    """Raised for a notice of a cloud printer that is not genuine or not fresh.  `why` goes to the log, not to the sender."""

    code = "floor.print_notice_refused"
    status = 401

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


BY_NUMBER = Read(
    select(*WHOLE)
    .where(print_job.c.remote_id == par("remote_id", Str), print_job.c.remote_id != "")
    .order_by(print_job.c.made_at.desc())
    .limit(1),
    Job,
)
KNOWN_AFTER_ALL = change(
    update(print_job)
    .where(print_job.c.id == par("id", Id), print_job.c.state == "unknown", print_job.c.handled_at.is_(None))
    .values(state="confirmed", why="told", settled_at=par("at", Moment)),
    guard="floor_print_job_as_seen",
)


def text_of(fields: Mapping[str, str]) -> bytes:
    """Return what is signed of a notice."""
    kept = sorted((name, value) for name, value in fields.items() if value and name != "sign")
    return "&".join(f"{name}={value}" for name, value in kept).encode()


def read(raw: bytes, key: RSAPublicKey | None, *, at: datetime) -> Mapping[str, str]:
    """Return the fields of a notice that is genuine and fresh.  Refuses `PrintNoticeRefused`."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise PrintNoticeRefused("body") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise PrintNoticeRefused("body")
    if key is None or not verifies(key, text_of(fields), fields.get("sign", "")):
        raise PrintNoticeRefused("signature")
    stamp = fields.get("stime", "")
    if not (stamp.isascii() and stamp.isdigit()) or abs(at.timestamp() - int(stamp)) >= WINDOW_S:
        raise PrintNoticeRefused("time")
    return fields


async def receive(ctx: Ctx, raw: bytes) -> bytes:
    """Hear that a job was printed, and return what the cloud wants to hear.  What is known already changes nothing.

    Refuses `PrintNoticeRefused`, and `PrintJobUnknown` for a number that no job has, or has not yet.
    """
    try:
        told = read(raw, ctx.part(Feie).public_key, at=ctx.now)
    except PrintNoticeRefused as refused:
        CALLBACKS_REJECTED.labels("feie", refused.why).inc()
        log.warning("print_notice_refused", why=refused.why)
        raise
    number = told.get("orderId", "")
    found = await ctx.db.first(BY_NUMBER(remote_id=number))
    if found is None:
        raise PrintJobUnknown(job_id=number)
    if told.get("status") == PRINTED:
        await _printed(ctx, found)
    return HEARD


async def _printed(ctx: Ctx, job: Job) -> None:
    try:
        if job.state == "sent":
            [on] = await ctx.db.rows(carry.PRINTER(id=job.on_printer_id))
            await ctx.run(carry.settle(carry.Taken(job, on), state="confirmed", why="", at=ctx.now))
        elif job.state == "unknown" and job.handled_at is None:
            await ctx.run(_after_all(job, at=ctx.now))
    except NotNow:  # its carrier, or a person, was first
        log.info("print_settled_elsewhere", job_id=job.id)


@script
def _after_all(job: Job, *, at: datetime) -> Steps[None]:
    """Write that a job was printed of which nobody knew."""
    yield [
        KNOWN_AFTER_ALL(id=job.id, at=at),
        step(job.id, "confirmed", why="told", printer_id=job.printer_id, by=carry.BY, at=at),
    ]
