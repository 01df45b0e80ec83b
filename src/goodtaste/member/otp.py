"""One-time codes by text message: six digits, five minutes, five tries; one a minute and ten a day for a number.

A try is counted before the code is looked at, so however many come at once, five are looked at.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Id, Read, Steps, Str, add, change, first, insert, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import Input
from goodtaste.kernel.secrets import Keyring
from goodtaste.kernel.source import network_of
from goodtaste.member import phone as phones
from goodtaste.member import vault
from goodtaste.member.sms import Sms, SmsNoAnswer
from goodtaste.member.tables import otp, quota

DIGITS = 6
TTL = timedelta(minutes=5)
TRIES_MAX = 5  # also in a CHECK
PAUSE = timedelta(minutes=1)
DAY_MAX = 10
HOUR_S = 3600

Purpose = Literal["login", "bind", "privacy"]
PhoneText = Annotated[str, msgspec.Meta(min_length=5, max_length=32, description="Mobile number; Chinese without +86")]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$", description="The six digits of the message")]


class CodeTooSoon(Refusal):
    """Raised when a code was sent to the number less than a minute ago.  Facts: `wait_s`."""

    code = "member.otp_too_soon"
    status = 429


class CodesSpent(Refusal):
    """Raised when a number got all the codes of a day.  Facts: `limit`."""

    code = "member.otp_day_limit"
    status = 429


class TooManyFromHere(Refusal):
    """Raised when too many codes were asked for from one network address within an hour."""

    code = "member.otp_address_limit"
    status = 429
    guards = ("member_quota_sms",)


class OtpWrong(Refusal):
    """Raised for a wrong one-time code.  Facts: `tries_left`."""

    code = "member.otp_wrong"
    status = 401


class OtpOver(Refusal):
    """Raised when no code is valid for the number: none was asked for, it is over five minutes old, or it was used."""

    code = "member.otp_over"
    status = 401
    guards = ("member_otp_used",)


class OtpLocked(Refusal):
    """Raised when a code was tried five times; a new one is needed."""

    code = "member.otp_locked"
    status = 429
    guards = ("member_otp_tries",)


class CodeAsked(Input, frozen=True):
    """What is sent to get a code by text message: to sign in, or to bind the number to the member who is signed in."""

    phone: PhoneText
    purpose: Literal["login", "bind"]


class CodeSent(msgspec.Struct, frozen=True):
    """A code is on its way: to which number, for how long it is good, and when another may be asked for."""

    phone: str
    valid_for_s: int
    again_in_s: int


class Otp(msgspec.Struct, frozen=True):
    """A code as stored."""

    id: str
    nth: int
    code_hash: str
    sent_at: datetime
    expires_at: datetime
    tries: int
    used: bool


_COLUMNS = [otp.c[name] for name in Otp.__struct_fields__]
KEEP = insert(otp)
OF_NUMBER = Read(
    select(*_COLUMNS).where(otp.c.phone_index == par("phone_index", Str)).order_by(otp.c.nth.desc()).limit(DAY_MAX), Otp
)
NEWEST = Read(
    select(*_COLUMNS)
    .where(otp.c.phone_index == par("phone_index", Str), otp.c.purpose == par("purpose", Str))
    .order_by(otp.c.nth.desc())
    .limit(1),
    Otp,
)
TRY = add(otp, key=["id"], counters=["tries"])
USE = change(
    update(otp).where(otp.c.id == par("id", Id), otp.c.used.is_(False)).values(used=True), guard="member_otp_used"
)


COUNT = add(quota, key=["name", "subject", "slot"], counters=["n"], create=True)


def counted(name: str, subject: str, *, at: datetime, n: int = 1) -> Change:
    """Count `n` more of `name` for `subject` in this hour; a CHECK on the table says how many there may be."""
    return COUNT(name=name, subject=subject, slot=int(at.timestamp()) // HOUR_S, n=n)


def hashed(code: str, *, otp_id: str, purpose: str, keyring: Keyring) -> str:
    """Return what is stored of a code: a keyed hash, for six digits are soon tried."""
    return keyring.blind_index(f"{otp_id}/{purpose}/{code}", purpose="member-otp")


@script
def keep(*, otp_id: str, phone_index: str, purpose: Purpose, code_hash: str, network: str, at: datetime) -> Steps[None]:
    """Keep a code that is about to be sent.  Refuses `CodeTooSoon`, `CodesSpent` and `TooManyFromHere`."""
    earlier = yield from rows(OF_NUMBER(phone_index=phone_index))
    if earlier and at - earlier[0].sent_at < PAUSE:
        raise CodeTooSoon(wait_s=int((PAUSE - (at - earlier[0].sent_at)).total_seconds()) + 1)
    if len(earlier) == DAY_MAX and at - earlier[-1].sent_at < timedelta(days=1):
        raise CodesSpent(limit=DAY_MAX)
    yield [
        KEEP(
            id=otp_id,
            phone_index=phone_index,
            nth=earlier[0].nth + 1 if earlier else 1,
            purpose=purpose,
            code_hash=code_hash,
            sent_at=at,
            expires_at=at + TTL,
            tries=0,
            used=False,
        ),
        counted("sms", network, at=at),
    ]


@script
def void(otp_id: str) -> Steps[None]:
    """Make a code worthless that was never sent."""
    yield [USE(id=otp_id)]


@script
def take_try(*, phone_index: str, purpose: Purpose, at: datetime) -> Steps[Otp]:
    """Take one of the five tries at the newest code of a number.  Refuses `OtpOver` and `OtpLocked`."""
    found = yield from first(NEWEST(phone_index=phone_index, purpose=purpose))
    if found is None or found.used or found.expires_at <= at:
        raise OtpOver
    if found.tries >= TRIES_MAX:
        raise OtpLocked
    yield [TRY(id=found.id, tries=1)]
    return msgspec.structs.replace(found, tries=found.tries + 1)


async def send(ctx: Ctx, phone: str, *, purpose: Purpose, address: str) -> CodeSent:
    """Send a one-time code; the answer is the same whether or not the number is a member's."""
    number, keyring = phones.normalised(phone), ctx.process.keyring
    otp_id, code = new_id(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    await ctx.run(
        keep(
            otp_id=otp_id,
            phone_index=vault.index_of(number, keyring),
            purpose=purpose,
            code_hash=hashed(code, otp_id=otp_id, purpose=purpose, keyring=keyring),
            network=keyring.blind_index(network_of(address), purpose="member-network"),
            at=ctx.now,
        )
    )
    try:
        await ctx.part(Sms).send_code(number, code, out_id=otp_id, at=ctx.now)
    except SmsNoAnswer:
        raise  # it may have been sent: the code stays good
    except Refusal:
        await ctx.run(void(otp_id))
        raise
    return CodeSent(phones.masked(number), int(TTL.total_seconds()), int(PAUSE.total_seconds()))


async def check(ctx: Ctx, *, number: str, purpose: Purpose, code: str) -> str:
    """Return the id of the one-time code that was sent to `number`, if `code` is it; whoever relies on it uses it up in the same act.

    Refuses `OtpWrong`, `OtpOver`, `OtpLocked`.
    """
    keyring = ctx.process.keyring
    found = await ctx.run(take_try(phone_index=vault.index_of(number, keyring), purpose=purpose, at=ctx.now))
    if not hmac.compare_digest(hashed(code, otp_id=found.id, purpose=purpose, keyring=keyring), found.code_hash):
        raise OtpWrong(tries_left=max(TRIES_MAX - found.tries, 0))
    return found.id
