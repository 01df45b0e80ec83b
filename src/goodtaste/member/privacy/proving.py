"""Proving that it is the member who asks: by a code to their own number, or by WeChat, just now."""

from __future__ import annotations

from typing import Annotated

import msgspec

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Steps, first, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END
from goodtaste.kernel.input import Input
from goodtaste.kernel.secrets import Keyring
from goodtaste.member import otp, vault
from goodtaste.member.login import OWNER, wechat_proof
from goodtaste.member.profile import NoPhone
from goodtaste.member.record import MEMBER, one
from goodtaste.member.wechat import Wechat


class NotProven(Refusal):
    """Raised when somebody does not prove anew that they are the member: without a code, or by a WeChat that is not theirs."""

    code = "member.not_proven"
    status = 403


class PrivacyProof(Input, frozen=True, kw_only=True):
    """What proves it: the code that was sent to one's own number for this, or a fresh login code of WeChat."""

    code: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{6})?" + END)] = ""
    wechat_code: Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[^\x00-\x20]*" + END)] = ""


@script
def phone_of(member_id: str, *, keyring: Keyring) -> Steps[str]:
    """Return a member's number in the clear; refuses `NoPhone`."""
    [found] = yield [MEMBER(id=member_id)]
    row = one(found, member_id)
    secret = yield from first(vault.secret_of(member_id))
    if row.phone_sealed is None or secret is None:
        raise NoPhone(member_id=member_id)
    return vault.open_phone(row.phone_sealed, member_id=member_id, wrapped_key=secret.wrapped_key, keyring=keyring)


async def send_code(ctx: Ctx, *, address: str) -> otp.CodeSent:
    """Send a code to the member's own number.  Refuses `NoPhone` and what sending refuses."""
    number = await ctx.query(phone_of(ctx.actor.id, keyring=ctx.process.keyring))
    return await otp.send(ctx, number, purpose="privacy", address=address)


async def proven(ctx: Ctx, asked: PrivacyProof) -> list[Change]:
    """Return the changes that use the proof up.  Refuses `NotProven` and what checking a code refuses."""
    if asked.code:
        number = await ctx.query(phone_of(ctx.actor.id, keyring=ctx.process.keyring))
        return [otp.USE(id=await otp.check(ctx, number=number, purpose="privacy", code=asked.code))]
    if not asked.wechat_code:
        raise NotProven
    wechat = ctx.part(Wechat)
    person = await wechat.person_of(asked.wechat_code)
    theirs = wechat_proof(app_id=wechat.app_id, openid=person.openid, unionid=person.unionid)
    for provider, subject in theirs.identities:
        owner = await ctx.db.first(OWNER(provider=provider, subject=subject))
        if owner is not None and owner.member_id == ctx.actor.id:
            return []
    raise NotProven
