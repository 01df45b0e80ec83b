"""Signing in: by WeChat or by a phone number and a one-time code.  The first time makes the member."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select

from goodtaste.events.member import MemberJoined
from goodtaste.kernel import sessions
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Query, Read, Steps, Str, first, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import PRINTABLE, Input
from goodtaste.kernel.outbox import tell
from goodtaste.kernel.secrets import Keyring
from goodtaste.kernel.sessions import Session, TokenPair
from goodtaste.ledger import api as ledger
from goodtaste.member import otp, vault
from goodtaste.member import phone as phones
from goodtaste.member.otp import Code, PhoneText
from goodtaste.member.profile import Me, me
from goodtaste.member.record import BY_PHONE, HANDLES, MEMBER, NEW, MemberRow, one, save, told
from goodtaste.member.rules import Program
from goodtaste.member.tables import identity
from goodtaste.member.wechat import Wechat

UNIONID, OPENID = "wechat-unionid", "wechat"  # providers; an openid belongs to one app, which stands behind a colon
HANDLE_DIGITS = 10
HANDLES_TRIED = 4  # of which one is free, unless billions are taken

Device = Annotated[
    str, msgspec.Meta(min_length=1, max_length=64, description="What the member will know the device by")
]


class PhoneTaken(Refusal):
    """Raised when a number that was proven belongs to another member.  Facts: `phone` (masked)."""

    code = "member.phone_taken"
    guards = ("member_phone_key",)


class PhoneAlreadyBound(Refusal):
    """Raised when the member has another number already.  Facts: `phone` (masked)."""

    code = "member.phone_already_bound"


class WechatLogin(Input, frozen=True):
    """What is sent to sign in by WeChat: the code that `wx.login` gave."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=PRINTABLE)]
    device: Device


class PhoneLogin(Input, frozen=True):
    """What is sent to sign in by phone: the number, and the code that was sent to it for `login`."""

    phone: PhoneText
    code: Code
    device: Device


class PhoneBinding(Input, frozen=True):
    """What a member sends to bind a number: the number, and the code that was sent to it for `bind`."""

    phone: PhoneText
    code: Code


class SignedIn(msgspec.Struct, frozen=True):
    """The tokens of a device, and whose they are; `is_new`: this login made the member."""

    tokens: TokenPair
    member: Me
    is_new: bool


class Proof(msgspec.Struct, frozen=True):
    """What somebody has proven to be theirs: identities (provider, subject), the surest first, or a phone number by a one-time code."""

    identities: tuple[tuple[str, str], ...] = ()
    phone: str | None = None
    otp_id: str | None = None


class _Owner(msgspec.Struct, frozen=True):
    provider: str
    member_id: str


OWNER = Read(
    select(identity.c.provider, identity.c.member_id).where(
        identity.c.provider == par("provider", Str), identity.c.subject == par("subject", Str)
    ),
    _Owner,
)
BIND = insert(identity)


def wechat_proof(*, app_id: str, openid: str, unionid: str | None) -> Proof:
    """Return what WeChat vouches for: the unionid where there is one, which is the same in all apps of a brand, then the openid."""
    union = ((UNIONID, unionid),) if unionid else ()
    return Proof(identities=(*union, (f"{OPENID}:{app_id}", openid)))


@script
def sign_in(
    proof: Proof,
    *,
    session_id: str,
    device: str,
    language: str,
    program: Program,
    keyring: Keyring,
    at: datetime,
) -> Steps[tuple[Session, MemberRow, bool]]:
    """Sign somebody in on a device, making the member where none has what is proven; that never makes a second one.

    Two who prove the same at once meet in the unique keys of identities and phones, and the later one finds the member of the earlier.
    """
    owner, unbound = yield from _owner(proof, keyring)
    if owner is None:
        row, changes = yield from _join(proof, language=language, program=program, keyring=keyring, at=at)
    else:
        row, changes = owner, []
    started, start = sessions.start(session_id=session_id, kind="member", subject_id=row.id, device=device, at=at)
    yield [
        *changes,
        BIND.many(
            [{"provider": p, "subject": s, "member_id": row.id, "bound_at": at} for p, s in unbound],
        ),
        otp.USE.many([{"id": proof.otp_id}] if proof.otp_id else []),
        start,
    ]
    return started, row, owner is None


def _owner(proof: Proof, keyring: Keyring) -> Steps[tuple[MemberRow | None, list[tuple[str, str]]]]:
    """Find who has what is proven, by the surest of it, and what of it nobody has yet."""
    queries: list[Query[_Owner]] = [OWNER(provider=p, subject=s) for p, s in proof.identities]
    found: list[list[_Owner]] = (yield queries) if queries else []
    unbound = [each for each, owners in zip(proof.identities, found, strict=True) if not owners]
    owner_id = next((owners[0].member_id for owners in found if owners), None)
    if owner_id is not None:
        return one((yield from rows(MEMBER(id=owner_id))), owner_id), unbound
    if proof.phone is not None:
        return (yield from first(BY_PHONE(phone_index=vault.index_of(proof.phone, keyring)))), unbound
    return None, unbound


def _join(
    proof: Proof, *, language: str, program: Program, keyring: Keyring, at: datetime
) -> Steps[tuple[MemberRow, list[Change]]]:
    """Return a new member, with the changes that make it: the row, its key, its accounts, the news of it."""
    tried = [f"{secrets.randbelow(10**HANDLE_DIGITS):0{HANDLE_DIGITS}d}" for _ in range(HANDLES_TRIED)]
    taken = {found.handle for found in (yield from rows(HANDLES(handles=tried)))}
    handle = next((each for each in tried if each not in taken), tried[0])
    member_id, wrapped = new_id(), vault.new_key(keyring)
    row = MemberRow(
        id=member_id,
        handle=handle,
        status="active",
        nickname=f"{'Guest' if language == 'en' else '食客'} {handle[-4:]}",
        gender="",
        birth_month=None,
        birth_day=None,
        birth_year=None,
        city="",
        language=language,
        level=program.levels[0].code,
        phone_sealed=None,
        phone_index=None,
        phone_masked="",
        joined_at=at,
        version=1,
    )
    if proof.phone is not None:
        row = with_phone(row, proof.phone, wrapped_key=wrapped, keyring=keyring)
    channel = proof.identities[0][0].partition(":")[0] if proof.identities else "phone"
    nothing = {ledger.POINTS: ledger.Balances(), ledger.GROWTH: ledger.Balances()}
    return row, [
        NEW(**msgspec.structs.asdict(row), avatar="", source={"channel": channel}),
        vault.KEEP(member_id=member_id, wrapped_key=wrapped),
        *ledger.open_accounts(member_id),
        tell(MemberJoined(member_id=member_id, channel=channel), told(row, nothing), at=at),
    ]


def with_phone(row: MemberRow, phone: str, *, wrapped_key: str, keyring: Keyring) -> MemberRow:
    """Return the row with a phone number: sealed, findable, masked."""
    return msgspec.structs.replace(
        row,
        phone_sealed=vault.seal_phone(phone, member_id=row.id, wrapped_key=wrapped_key, keyring=keyring),
        phone_index=vault.index_of(phone, keyring),
        phone_masked=phones.masked(phone),
    )


@script
def bind(phone: str, *, otp_id: str, member_id: str, keyring: Keyring, at: datetime) -> Steps[MemberRow]:
    """Bind a proven number to a member; to bind one's own again changes nothing.  Refuses `PhoneTaken`, `PhoneAlreadyBound`."""
    found, keys, others, balances = yield from together(
        MEMBER(id=member_id),
        vault.secret_of(member_id),
        BY_PHONE(phone_index=vault.index_of(phone, keyring)),
        ledger.READ_BALANCES(owner_id=member_id),
    )
    row = one(found, member_id)
    if others and others[0].id != member_id:
        raise PhoneTaken(phone=phones.masked(phone))
    if others:
        return row
    if row.phone_index is not None:
        raise PhoneAlreadyBound(phone=row.phone_masked)
    after = with_phone(row, phone, wrapped_key=keys[0].wrapped_key, keyring=keyring)
    yield [*save(after, balances=ledger.as_balances(balances), at=at), otp.USE(id=otp_id)]
    return msgspec.structs.replace(after, version=row.version + 1)


async def _sign_in(ctx: Ctx, proof: Proof, device: str) -> SignedIn:
    started, row, is_new = await ctx.run(
        sign_in(
            proof,
            session_id=new_id(),
            device=device,
            language=ctx.language,
            program=ctx.see(Program),
            keyring=ctx.process.keyring,
            at=ctx.now,
        )
    )
    return SignedIn(ctx.process.tokens.pair(started, at=ctx.now), me(row), is_new)


async def by_wechat(ctx: Ctx, asked: WechatLogin) -> SignedIn:
    """Sign in by WeChat.  Its session key is not kept."""
    wechat = ctx.part(Wechat)
    person = await wechat.person_of(asked.code)
    return await _sign_in(
        ctx, wechat_proof(app_id=wechat.app_id, openid=person.openid, unionid=person.unionid), asked.device
    )


async def by_phone(ctx: Ctx, asked: PhoneLogin) -> SignedIn:
    """Sign in by phone."""
    number = phones.normalised(asked.phone)
    otp_id = await otp.check(ctx, number=number, purpose="login", code=asked.code)
    return await _sign_in(ctx, Proof(phone=number, otp_id=otp_id), asked.device)


async def bind_phone(ctx: Ctx, asked: PhoneBinding) -> Me:
    """Bind a number to the member who is signed in."""
    number = phones.normalised(asked.phone)
    otp_id = await otp.check(ctx, number=number, purpose="bind", code=asked.code)
    return me(
        await ctx.run(bind(number, otp_id=otp_id, member_id=ctx.actor.id, keyring=ctx.process.keyring, at=ctx.now))
    )
