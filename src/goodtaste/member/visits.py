"""Visits: a member showed a code at a store, and is present there for a while, so that the staff may order for them."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Id, Query, Read, Steps, first, insert, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input
from goodtaste.kernel.secrets import Keyring
from goodtaste.ledger import api as ledger
from goodtaste.member import codes, scan
from goodtaste.member.codes import MemberCode, PublicKey
from goodtaste.member.otp import counted
from goodtaste.member.record import BY_HANDLE, MEMBER, MemberRow, one
from goodtaste.member.standing import MemberUnknown
from goodtaste.member.tables import code_use, visit

STAY = timedelta(minutes=10)


class NotAMemberCode(Refusal):
    """Raised when what was scanned is something else.  Facts: `kind`."""

    code = "member.not_a_member_code"
    status = 422


class CodeUsed(Refusal):
    """Raised when a member code was used before."""

    code = "member.code_used"
    guards = ("member_code_use_pkey",)


class NumericCodeWrong(Refusal):
    """Raised when the digits of a numeric code are not those of the moment."""

    code = "member.numeric_code_wrong"
    status = 422


class NumericCodeLocked(Refusal):
    """Raised when numeric codes were tried too often for one member within an hour; the QR code works."""

    code = "member.numeric_code_locked"
    status = 429
    guards = ("member_quota_numeric",)


class NotPresent(Refusal):
    """Raised when a visit does not say that this member is in this store.  Facts: `visit_id`."""

    code = "member.not_present"
    status = 403


class VisitOver(Refusal):
    """Raised when the member showed the code too long ago.  Facts: `visit_id`."""

    code = "member.visit_over"


CodeText = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Scanned(Input, frozen=True):
    """What was scanned, and where."""

    code: CodeText
    store_id: IdText


class CodeView(msgspec.Struct, frozen=True):
    """A member's codes of this moment; the screen takes new ones every `refresh_s`."""

    qr: str
    qr_seconds_left: int
    numeric: str
    numeric_seconds_left: int
    refresh_s: int


class Visit(msgspec.Struct, frozen=True):
    """A member's presence at a store."""

    id: str
    member_id: str
    store_id: str
    staff_id: str
    at: datetime
    expires_at: datetime


class Arrived(msgspec.Struct, frozen=True):
    """A visit that began, with what the staff see of the member; the phone is masked."""

    visit_id: str
    member_id: str
    nickname: str
    level: str
    points: int
    phone: str
    frozen: bool
    expires_at: datetime


ARRIVE = insert(visit)
VISIT = Read(select(*[visit.c[name] for name in Visit.__struct_fields__]).where(visit.c.id == par("id", Id)), Visit)
USE_CODE = insert(code_use)


def _signing_key(keyring: Keyring) -> codes.SigningKey:
    def of_period(period: int) -> Ed25519PrivateKey:
        return keyring.signing_key(f"member-code/{period}")

    return of_period


def _numeric_secret(handle: str, keyring: Keyring) -> bytes:
    return hmac.digest(keyring.key("member-code/numeric"), handle.encode(), "sha256")


def public_keys(keyring: Keyring, *, at: datetime) -> list[PublicKey]:
    """Return the keys with which a store verifies codes on its own: of the previous, the present and the next period."""
    return codes.public_keys(_signing_key(keyring), at=at)


def visit_query(visit_id: str) -> Query[Visit]:
    """Return the query of a visit, for `present`."""
    return VISIT(id=visit_id)


def present(found: list[Visit], *, member_id: str, store_id: str, at: datetime) -> Visit:
    """Return the visit that says this member is in this store now.  Refuses `NotPresent` and `VisitOver`."""
    seen = next((each for each in found if (each.member_id, each.store_id) == (member_id, store_id)), None)
    if seen is None:
        raise NotPresent(visit_id=found[0].id if found else None)
    if seen.expires_at <= at:
        raise VisitOver(visit_id=seen.id)
    return seen


@script
def code_of(member_id: str, *, keyring: Keyring, at: datetime) -> Steps[CodeView]:
    """Return a member's codes of this moment."""
    handle = one((yield from rows(MEMBER(id=member_id))), member_id).handle
    into_step = int(at.timestamp()) % codes.STEP_S
    return CodeView(
        codes.make(handle, nonce=secrets.randbits(16), signing_key=_signing_key(keyring), at=at),
        codes.VALID_S,
        codes.numeric(handle, secret=_numeric_secret(handle, keyring), at=at),
        codes.STEP_S - into_step,
        codes.REFRESH_S,
    )


@script
def _count_numeric(handle: str, *, at: datetime) -> Steps[None]:
    """Count a try at a numeric code before it is looked at, as six digits are soon tried."""
    yield [counted("numeric", handle, at=at)]


async def read_code(ctx: Ctx, text: str) -> MemberCode:
    """Return what a scanned member code says, once its signature or password holds."""
    code, keyring = scan.trimmed(text), ctx.process.keyring
    kind = scan.classify(code)
    if kind == "member_qr":
        keys = codes.by_kid(public_keys(keyring, at=ctx.now))
        return codes.verify(code, keys=keys, at=ctx.now)
    if kind != "member_numeric":
        raise NotAMemberCode(kind=kind)
    handle, password = codes.read_numeric(code)
    await ctx.run(_count_numeric(handle, at=ctx.now))
    found = codes.matching(password, handle=handle, secret=_numeric_secret(handle, keyring), at=ctx.now)
    if found is None:
        raise NumericCodeWrong
    return found


async def arrive(ctx: Ctx, asked: Scanned) -> Arrived:
    """Begin a visit with a member code, which is thereby used."""
    shown = await read_code(ctx, asked.code)
    return await ctx.run(begin(shown, visit_id=new_id(), store_id=asked.store_id, actor=ctx.actor, at=ctx.now))


def whose(shown: MemberCode) -> Steps[MemberRow]:
    """Return the member whose verified code was shown; it may be shown once more."""
    row = yield from first(BY_HANDLE(handle=shown.handle))
    if row is None or row.status == "erased":
        raise MemberUnknown(member_id=None)
    return row


def begun(
    shown: MemberCode, row: MemberRow, *, visit_id: str, store_id: str, actor: Actor, at: datetime
) -> list[Change]:
    """Return the changes that use a member's code up and begin their visit."""
    until = at + STAY
    return [
        USE_CODE(handle=shown.handle, nonce=shown.nonce, expires_at=shown.expires_at),
        ARRIVE(id=visit_id, member_id=row.id, store_id=store_id, staff_id=actor.id, at=at, expires_at=until),
    ]


@script
def begin(shown: MemberCode, *, visit_id: str, store_id: str, actor: Actor, at: datetime) -> Steps[Arrived]:
    """Begin a visit of the member whose verified code was shown.  Refuses `CodeUsed` for a code that was shown before."""
    row = yield from whose(shown)
    points = (yield from ledger.read_balances(row.id))[ledger.POINTS].available
    yield begun(shown, row, visit_id=visit_id, store_id=store_id, actor=actor, at=at)
    until, frozen = at + STAY, row.status == "frozen"
    return Arrived(visit_id, row.id, row.nickname, row.level, points, row.phone_masked, frozen, until)
