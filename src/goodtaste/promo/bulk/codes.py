"""Codes in bulk: ordered as a batch, made page by page, printed or sent by others, each redeemed into one coupon of one member."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import (
    Database,
    GuardBroken,
    Id,
    Int,
    Read,
    Steps,
    Str,
    add,
    change,
    escaped,
    insert,
    par,
    rows,
    script,
    together,
)  # fmt: skip
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import IdTaken, fingerprint, same_or_taken
from goodtaste.kernel.input import Input, Name, Reason
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.kernel.secrets import below
from goodtaste.member import api as members
from goodtaste.promo import issue, rules
from goodtaste.promo.asked import LATEST, BadTemplate
from goodtaste.promo.bulk.tables import batch, code
from goodtaste.promo.coupons import ONE, Held
from goodtaste.promo.guesses import CodeText, CodeUnknown, forgotten, read_code, tried
from goodtaste.promo.tables import template
from goodtaste.promo.templates import ONE as TEMPLATE
from goodtaste.promo.templates import BudgetSpent, one

CODES_MAX = 1_000_000  # of one batch
PAGE = 2_000  # codes made, or read for a download, at a time
MAKE = "promo.make_codes"


class BatchUnknown(Refusal):
    """Raised for a batch of codes that does not exist.  Facts: `batch_id`."""

    code = "promo.batch_unknown"
    status = 404


class BatchNotReady(Refusal):
    """Raised when the codes of a batch are wanted while they are made, or after they were voided.  Facts: `state`, `made`, `count`."""

    code = "promo.batch_not_ready"


class CodeUsed(Refusal):
    """Raised for a code that was redeemed, that was voided, or whose time is over.  Facts: `why`: used, void or expired."""

    code = "promo.code_used"
    guards = ("promo_code_free", "promo_batch_open")


class NewBatch(Input, frozen=True):
    """What is sent to order codes: of which template, how many, what for, and until when (exclusive) they may be redeemed."""

    id: IdText
    template_id: IdText
    name: Name
    count: Annotated[int, msgspec.Meta(ge=1, le=CODES_MAX)]
    expires_at: datetime | None = None


class Void(Input, frozen=True):
    """What is sent to void the codes of a batch that nobody has redeemed: why."""

    reason: Reason


class RedeemCode(Input, frozen=True):
    """What a member sends to redeem a code: the id that the coupon is to have, and the code."""

    id: IdText
    code: CodeText


class Batch(msgspec.Struct, frozen=True):
    """Codes that were ordered together; `made` of `count` are there, `used` were redeemed."""

    id: str
    template_id: str
    name: str
    count: int
    made: int
    used: int
    cost_fen: int
    state: str
    expires_at: datetime | None
    made_by: str
    made_at: datetime


class BatchPage(msgspec.Struct, frozen=True):
    """A page of batches, newest first.  `next` is the `before` of the next page, or None."""

    batches: list[Batch]
    next: str | None


class _Mark(msgspec.Struct, frozen=True):
    fingerprint: str


class _Code(msgspec.Struct, frozen=True):
    code: str
    n: int
    batch_id: str
    coupon_id: str | None


_COLUMNS = [batch.c[name] for name in Batch.__struct_fields__]
_CODE = select(code.c.code, code.c.n, code.c.batch_id, code.c.coupon_id)
NEW_BATCH = insert(batch)
NEW_CODES = insert(code)
BATCH = Read(select(*_COLUMNS).where(batch.c.id == par("id", Id)), Batch)
MARK = Read(select(batch.c.fingerprint).where(batch.c.id == par("id", Id)), _Mark)
BATCHES = Read(
    select(*_COLUMNS)
    .where(older(batch.c.made_at, batch.c.id), func.lower(batch.c.name).like(par("like", Str), escape="\\"))
    .order_by(batch.c.made_at.desc(), batch.c.id.desc())
    .limit(par("limit", Int)),
    Batch,
)
CODE = Read(_CODE.where(code.c.code == par("code", Str)), _Code)
CODES = Read(
    _CODE.where(code.c.batch_id == par("batch_id", Id), code.c.n > par("after", Int)).order_by(code.c.n).limit(PAGE),
    _Code,
)
MOVE = change(
    update(batch)
    .where(batch.c.id == par("id", Id), batch.c.made == par("seen", Int), batch.c.state == "making")
    .values(made=par("made", Int), state=par("state", Str)),
    guard="promo_batch_moved",
)
VOID = change(
    update(batch)
    .where(batch.c.id == par("id", Id), batch.c.used == par("used", Int), batch.c.state != "void")
    .values(state="void"),
    guard="promo_batch_moved",
)
USED = add(batch, key=["id"], counters=["used"], when=batch.c.state == "ready", guard="promo_batch_open")
TAKE = change(
    update(code)
    .where(code.c.code == par("code", Str), code.c.coupon_id.is_(None))
    .values(coupon_id=par("coupon_id", Id)),
    guard="promo_code_free",
)
GIVEN_BACK = add(template, key=["id"], counters=["issued", "issued_fen"])


@script
def order(asked: NewBatch, *, actor: Actor, at: datetime) -> Steps[Batch]:
    """Order codes, once per `asked.id`; they are made by a job.  The template's budgets are taken for all of them now.

    Refuses `TemplateUnknown`, `NotClaimable`, `BudgetSpent`, `BadTemplate`.
    """
    mark = fingerprint(asked)
    found, marks, templates = yield from together(BATCH(id=asked.id), MARK(id=asked.id), TEMPLATE(id=asked.template_id))
    if found:
        same_or_taken(marks[0].fingerprint, mark, id_=asked.id)
        return found[0]
    of = one(templates, asked.template_id)
    issue.may_issue(of, claimed=False, at=at)
    if issue.room(of) < asked.count:
        raise BudgetSpent(template_id=of.id)
    until = asked.expires_at
    if until is not None and (until.tzinfo is None or not at < until < LATEST):
        raise BadTemplate(field="expires_at", why="promo.fault.code_expiry")
    until = until.astimezone(UTC) if until else None
    made = Batch(asked.id, of.id, asked.name, asked.count, 0, 0, of.cost_fen, "making", until, actor.id, at)
    try:
        yield [
            issue.count(of, asked.count),
            NEW_BATCH(**msgspec.structs.asdict(made), fingerprint=mark),
            schedule(MAKE, {"batch_id": asked.id}, due_at=at, once=f"{MAKE}/{asked.id}"),
            audit.note(actor, "promo.codes_ordered", subject=f"batch/{asked.id}", at=at, **msgspec.to_builtins(asked)),
        ]
    except GuardBroken as broken:
        if broken.name != "promo_batch_pkey":
            raise
        return (yield from order(asked, actor=actor, at=at))
    return made


@script
def make_some(batch_id: str) -> Steps[bool]:
    """Make the next page of a batch's codes; tell whether there are more to make."""
    found = _one((yield from rows(BATCH(id=batch_id))), batch_id)
    if found.state != "making":
        return False
    made = min(found.made + PAGE, found.count)
    bodies = [rules.body_of(below(rules.BODIES)) for _ in range(made - found.made)]
    yield [
        MOVE(id=batch_id, seen=found.made, made=made, state="ready" if made == found.count else "making"),
        NEW_CODES.many(
            [
                {"code": rules.code_of(body, rules.PRINTED), "batch_id": batch_id, "n": n, "coupon_id": None}
                for n, body in enumerate(bodies, found.made + 1)
            ]
        ),
    ]
    return made < found.count


async def make_all(db: Database, batch_id: str) -> None:
    """Make the codes of a batch that are not made yet.  Whoever else makes them at the same time makes none twice."""
    while await db.run(make_some(batch_id)):
        pass


@script
def void(batch_id: str, asked: Void, *, actor: Actor, at: datetime) -> Steps[Batch]:
    """Void the codes that nobody has redeemed, and give their part of the budgets back; a second time changes nothing."""
    found = _one((yield from rows(BATCH(id=batch_id))), batch_id)
    if found.state == "void":
        return found
    free = found.count - found.used
    yield [
        VOID(id=batch_id, used=found.used),
        GIVEN_BACK(id=found.template_id, issued=-free, issued_fen=-free * found.cost_fen),
        audit.note(actor, "promo.codes_voided", subject=f"batch/{batch_id}", reason=asked.reason, at=at, voided=free),
    ]
    return msgspec.structs.replace(found, state="void")


@script
def batches(*, q: str = "", before: str, limit: int) -> Steps[BatchPage]:
    """Return batches whose name holds `q`, newest first; refuses `BadCursor`."""
    edge = start(before)
    query = BATCHES(before_at=edge.at, before_id=edge.id, like=f"%{escaped(q.lower())}%", limit=limit)
    found = yield from rows(query)
    more = next_of(found, limit, lambda each: each.made_at)
    return BatchPage(found, more)


@script
def open_download(batch_id: str, *, actor: Actor, at: datetime) -> Steps[Batch]:
    """Write that somebody takes the codes of a batch away; refuses `BatchUnknown`, `BatchNotReady`."""
    found = _one((yield from rows(BATCH(id=batch_id))), batch_id)
    if found.state != "ready":
        raise BatchNotReady(state=found.state, made=found.made, count=found.count)
    yield [audit.note(actor, "promo.codes_downloaded", subject=f"batch/{batch_id}", at=at, count=found.count)]
    return found


async def lines(db: Database, batch_id: str) -> AsyncIterator[bytes]:
    """Give the codes of a batch as CSV, page by page: the code, and whether it is free or used."""
    yield b"code,state\r\n"
    after = 0
    while found := await db.rows(CODES(batch_id=batch_id, after=after)):
        yield "".join(f"{each.code},{'used' if each.coupon_id else 'free'}\r\n" for each in found).encode()
        after = found[-1].n


async def redeem(ctx: Ctx, asked: RedeemCode) -> Held:
    """Redeem a code into a coupon of one's own, once per `asked.id`: of many who try one code, one gets it.

    Refuses `CodeWrong`, `CodeUnknown`, `Locked` and `TooManyGuesses` after too many wrong ones, `CodeUsed`, `LimitReached`, `NotClaimable`.
    """
    text, member_id = read_code(asked.code, rules.PRINTED), ctx.actor.id
    return await tried(ctx, asked.id, _redeem(asked.id, text, member_id=member_id, source=ctx.source, at=ctx.now))


@script
def _redeem(coupon_id: str, text: str, *, member_id: str, source: str, at: datetime) -> Steps[Held]:
    found, existing, standings = yield from together(CODE(code=text), ONE(id=coupon_id), members.standing(member_id))
    if not found:
        raise CodeUnknown
    if existing:
        if existing[0].member_id != member_id or found[0].coupon_id != coupon_id:
            raise IdTaken(id=coupon_id)
        return existing[0]
    if found[0].coupon_id is not None:
        raise CodeUsed(why="used")
    members.known(standings, member_id, redeems=True)
    of_batch = _one((yield from rows(BATCH(id=found[0].batch_id))), found[0].batch_id)
    if of_batch.state != "ready":
        raise CodeUsed(why="void")
    if of_batch.expires_at is not None and of_batch.expires_at <= at:
        raise CodeUsed(why="expired")
    templates, had = yield from together(
        TEMPLATE(id=of_batch.template_id), issue.had(of_batch.template_id, [member_id])
    )
    of, so_far = one(templates, of_batch.template_id), had[0].n if had else 0
    span = of.span(at)
    if span is None:
        raise issue.NotClaimable(template_id=of.id)
    today = yield from issue.had_today(of, [member_id], at=at)
    issue.may_have(of, so_far=so_far, today=today.get(member_id, 0))
    grant = issue.Grant(coupon_id, member_id, by=f"batch/{of_batch.id}")
    row = issue.coupon_row(of, grant, nth=so_far + 1, span=span, at=at)
    yield [
        TAKE(code=text, coupon_id=coupon_id),
        USED(id=of_batch.id, used=1),
        issue.NEW(**row),
        *forgotten(member_id, source=source, at=at),
    ]
    return issue.as_held(row, of)


@script
def read(batch_id: str) -> Steps[Batch]:
    """Return a batch; refuses `BatchUnknown`."""
    return _one((yield from rows(BATCH(id=batch_id))), batch_id)


def _one(found: list[Batch], batch_id: str) -> Batch:
    if not found:
        raise BatchUnknown(batch_id=batch_id)
    return found[0]
