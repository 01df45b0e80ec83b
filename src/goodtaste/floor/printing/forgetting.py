"""What was printed is forgotten after a month: a job stays, with what became of it, without what people ate and wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import literal_column, select, update

from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.tables import print_job
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Id, Moment, Read, Steps, change, par, script
from goodtaste.kernel.jobs import Every, JobFunction

FORGET = Every("floor.forget_slips", timedelta(hours=1))
KEPT = timedelta(days=30)  # as long as the code on a receipt is good
PAGE = 500  # jobs in one transaction
FORGOTTEN = {
    "document": literal_column(f"'{msgspec.json.encode(Document(())).decode()}'"),
    "marks": literal_column("'[]'"),
    "reason": "",
    "kept": False,
}
"""What a job is when what it printed is forgotten."""


class _Old(msgspec.Struct, frozen=True):
    id: str


OLD = Read(
    select(print_job.c.id)
    .where(print_job.c.kept.is_(True), print_job.c.settled_at < par("before", Moment))
    .order_by(print_job.c.settled_at)
    .limit(PAGE),
    _Old,
)
EMPTY = change(update(print_job).where(print_job.c.id == par("id", Id)).values(**FORGOTTEN))


@script
def _forget(found: Sequence[_Old]) -> Steps[None]:
    yield [EMPTY.many([{"id": each.id} for each in found])]


def forget_job(process: Process) -> JobFunction:
    """Return the job that forgets, page by page."""

    async def run(_: dict[str, Any]) -> None:
        before = process.clock() - KEPT
        while found := await process.db.rows(OLD(before=before)):
            await process.db.run(_forget(found))

    return run
