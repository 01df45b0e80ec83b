"""Reaching a member: text messages to the number that they proved, with the carrier's receipt; the number stays in this room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import select

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Query, Read, par
from goodtaste.member import vault
from goodtaste.member.profile import NoPhone
from goodtaste.member.sms import Receipt, Sms
from goodtaste.member.tables import member


class Reach(msgspec.Struct, frozen=True):
    """What must be known to reach a member and to keep their day: whether a number is bound, and the birthday, where it was told."""

    id: str
    status: str
    phone_masked: str
    birth_month: int | None
    birth_day: int | None

    @property
    def has_phone(self) -> bool:
        """Whether a number is bound."""
        return bool(self.phone_masked)


class _Sealed(msgspec.Struct, frozen=True):
    phone_sealed: str | None


REACH = Read(
    select(member.c.id, member.c.status, member.c.phone_masked, member.c.birth_month, member.c.birth_day).where(
        member.c.id == par("member_id", Id)
    ),
    Reach,
)
SEALED = Read(select(member.c.phone_sealed).where(member.c.id == par("member_id", Id)), _Sealed)


def reach(member_id: str) -> Query[Reach]:
    """Return the query of how a member is reached."""
    return REACH(member_id=member_id)


async def _number(ctx: Ctx, member_id: str) -> str:
    found = await ctx.db.first(SEALED(member_id=member_id))
    secret = await ctx.db.first(vault.secret_of(member_id))
    if found is None or found.phone_sealed is None or secret is None:
        raise NoPhone(member_id=member_id)
    return vault.open_phone(
        found.phone_sealed, member_id=member_id, wrapped_key=secret.wrapped_key, keyring=ctx.process.keyring
    )


async def text(ctx: Ctx, member_id: str, *, template: str, params: Mapping[str, str], out_id: str, at: datetime) -> str:
    """Send a member a text message; return the carrier's number for it.  Refuses `NoPhone`, and what `Sms.send` refuses."""
    phone = await _number(ctx, member_id)
    return await ctx.part(Sms).send(phone, template=template, params=params, out_id=out_id, at=at)


async def receipt(ctx: Ctx, member_id: str, *, reference: str, sent_at: datetime, at: datetime) -> Receipt:
    """Ask whether a message of `text` was delivered.  Refuses what `text` refuses."""
    phone = await _number(ctx, member_id)
    return await ctx.part(Sms).receipt(phone, biz_id=reference, sent_at=sent_at, at=at)
