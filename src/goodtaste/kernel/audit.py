"""The audit log: who did what that must be answered for.  Rows are only ever added, and chained by hash as they are.

The database itself makes the chain: a trigger adds to `kernel_audit_chain`, for each row and in the same transaction,
`hash = sha256(previous hash + digest of the row)`.  `verify` recomputes digests from the rows and the chain from the digests, so an edit,
a deletion, an insertion past the trigger or a swap is found; a truncation of the newest rows is found by a head kept elsewhere.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Index, UniqueConstraint, func, or_, select

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    Database,
    Id,
    Int,
    Moment,
    Query,
    Read,
    Str,
    create_table,
    escaped,
    id_column,
    insert,
    par,
)
from goodtaste.kernel.ids import new_id

GENESIS = "0" * 64
PAGE = 1_000
FOUND_MAX = 200  # rows of a search at a time
NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff"

audit_log = create_table(
    "kernel_audit",
    id_column(),
    Column("at", Moment, nullable=False),
    Column("actor_kind", Str, nullable=False),
    Column("actor_id", Str, nullable=False),
    Column("action", Str, nullable=False),
    Column("subject", Str, nullable=False),
    Column("store_id", Id),
    Column("reason", Str, nullable=False),
    Column("facts", Str, nullable=False),
    Column("digest", Str, nullable=False),
    Index("kernel_audit_subject_idx", "subject"),
    Index("kernel_audit_store_idx", "store_id", "at", "id"),
)
audit_chain = create_table(
    "kernel_audit_chain",
    Column("seq", Int, primary_key=True, autoincrement=False),
    Column("audit_id", Id, nullable=False),
    Column("hash", Str, nullable=False),
    UniqueConstraint("audit_id", name="kernel_audit_chain_once"),
)


class AuditRow(msgspec.Struct, frozen=True):
    """One row of the log.  `facts` is JSON text."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    subject: str
    store_id: str | None
    reason: str
    facts: str
    digest: str


class _Link(msgspec.Struct, frozen=True):
    seq: int
    audit_id: str
    hash: str


class Verdict(msgspec.Struct, frozen=True):
    """What `verify` found: rows checked, the head of the chain, and the first fault, if any."""

    rows: int
    head: str
    fault: str | None = None


WRITE = insert(audit_log)
LINKS = Read(
    select(*audit_chain.c).where(audit_chain.c.seq > par("after", Int)).order_by(audit_chain.c.seq).limit(PAGE), _Link
)
ROWS = Read(
    select(*audit_log.c)
    .join(audit_chain, audit_chain.c.audit_id == audit_log.c.id)
    .where(audit_chain.c.seq > par("after", Int))
    .order_by(audit_chain.c.seq)
    .limit(PAGE),
    AuditRow,
)
RECENT = Read(
    select(*audit_log.c)
    .where(audit_log.c.id < par("before", Id))
    .order_by(audit_log.c.id.desc())
    .limit(par("limit", Int)),
    AuditRow,
)
AT_STORE = Read(
    select(*audit_log.c)
    .where(
        audit_log.c.store_id == par("store_id", Id),
        audit_log.c.at >= par("from_at", Moment),
        audit_log.c.at < par("to_at", Moment),
    )
    .order_by(audit_log.c.at, audit_log.c.id)
    .limit(par("limit", Int)),
    AuditRow,
)
_LIKE = par("like", Str)
_SOUGHT: dict[str, ColumnElement[bool]] = {
    "store_id": audit_log.c.store_id == par("store_id", Id),
    "actor_id": audit_log.c.actor_id == par("actor_id", Str),
    "action": audit_log.c.action.like(par("action", Str), escape="\\"),
    "subject": audit_log.c.subject.like(par("subject", Str), escape="\\"),
    "from_at": audit_log.c.at >= par("from_at", Moment),
    "to_at": audit_log.c.at < par("to_at", Moment),
    "like": or_(
        *(func.lower(audit_log.c[name]).like(_LIKE, escape="\\") for name in ("action", "subject", "reason", "facts"))
    ),
}
COUNT = "SELECT count(*) FROM kernel_audit"


def _digest(row: dict[str, Any]) -> str:
    fields = [row[c.name] for c in audit_log.c if c.name != "digest"]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def note(
    actor: Actor,
    action: str,
    *,
    subject: str,
    at: datetime,
    store_id: str | None = None,
    reason: str = "",
    **facts: Any,
) -> Change:
    """Write that `actor` did `action` to `subject` (such as `order/<id>`), with what must be known of it later."""
    row = {
        "id": new_id(),
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "subject": subject,
        "store_id": store_id,
        "reason": reason,
        "facts": msgspec.json.encode(facts, order="sorted").decode(),
    }
    return WRITE(**row, digest=_digest(row))


def acts_at(store_id: str, *, from_at: datetime, to_at: datetime, limit: int) -> Query[AuditRow]:
    """Return the query of what was done at a store in a span of time, oldest first."""
    return AT_STORE(store_id=store_id, from_at=from_at, to_at=to_at, limit=limit)


@cache
def _search(names: frozenset[str]) -> Read[AuditRow]:
    """Return the statement that looks by `names`; there are few combinations, each compiled once."""
    return Read(
        select(*audit_log.c)
        .where(audit_log.c.id < par("before", Id), *(_SOUGHT[name] for name in sorted(names)))
        .order_by(audit_log.c.id.desc())
        .limit(par("limit", Int)),
        AuditRow,
    )


def search(
    *,
    store_id: str | None,
    actor_id: str | None,
    action: str,
    subject: str,
    q: str,
    from_at: datetime | None,
    to_at: datetime | None,
    before: str | None,
    limit: int,
) -> Query[AuditRow]:
    """Return the query of rows, newest first, of a store, of who did it, whose action and subject begin so, that hold `q` anywhere.

    They were written in from_at <= time < to_at, and before the row `before`.
    """
    given: dict[str, Any] = {
        "store_id": store_id,
        "actor_id": actor_id,
        "action": action and f"{escaped(action)}%",
        "subject": subject and f"{escaped(subject)}%",
        "like": q.strip() and f"%{escaped(q.strip().lower())}%",
        "from_at": from_at,
        "to_at": to_at,
    }
    given = {name: value for name, value in given.items() if value}
    return _search(frozenset(given))(**given, before=before or NEWEST, limit=limit)


async def verify(db: Database) -> Verdict:
    """Recompute every digest and the whole chain; return how far it holds."""
    head, after, checked = GENESIS, 0, 0
    while links := await db.rows(LINKS(after=after)):
        rows = {row.id: row for row in await db.rows(ROWS(after=after))}
        for link in links:
            after += 1
            row = rows.get(link.audit_id)
            if link.seq != after:
                return Verdict(checked, head, f"link {after} is missing")
            if row is None:
                return Verdict(checked, head, f"row {link.audit_id} of link {after} is missing")
            digest = _digest(msgspec.structs.asdict(row))
            head = hashlib.sha256((head + digest).encode()).hexdigest()
            if digest != row.digest:
                return Verdict(checked, head, f"row {row.id} of link {after} was altered")
            if head != link.hash:
                return Verdict(checked, head, f"link {after} does not follow from the one before it")
            checked += 1
    [(stored,)] = await db.execute(COUNT)
    if stored != checked:
        return Verdict(checked, head, f"{stored - checked} rows are in no link")
    return Verdict(checked, head)
