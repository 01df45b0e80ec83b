"""Codes that members type: a slip is told at once, and who guesses is stopped, by one member or from one address with many members.

A try counts before the code is looked up; a right one is taken off again, so many who redeem behind one address do not stop each other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Script, Steps, first, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import PRINTABLE
from goodtaste.member import api as members
from goodtaste.org.api import forget_tries, one_more_try
from goodtaste.promo import rules
from goodtaste.promo.coupons import ONE, Held

QUOTA = "coupon_code"

CodeText = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=64, pattern=PRINTABLE, description="In any case, blanks and hyphens allowed"),
]


class CodeWrong(Refusal):
    """Raised for a code that is none: its check symbol says that it was mistyped.  Nothing was looked up, and no try counts."""

    code = "promo.code_wrong"
    status = 422


class CodeUnknown(Refusal):
    """Raised for a code that was never given out."""

    code = "promo.code_unknown"
    status = 404


class TooManyGuesses(Refusal):
    """Raised when too many codes that do not exist were tried from one network address in an hour."""

    code = "promo.too_many_guesses"
    status = 429
    guards = ("member_quota_coupon_code",)


def read_code(text: str, kind: str) -> str:
    """Return a code as it is kept; refuses `CodeWrong` for what cannot be one of this kind."""
    code = rules.as_typed(text)
    if not rules.is_code(code, kind):
        raise CodeWrong
    return code


def _subject(member_id: str) -> str:
    return f"promo.code/{member_id}"


@script
def counted(member_id: str, coupon_id: str, *, source: str, at: datetime) -> Steps[None]:
    """Count a try of a member from a source, unless the coupon it is to bring is there already.

    Refuses `Locked` after too many of the member, `TooManyGuesses` after too many from the source.
    """
    if (yield from first(ONE(id=coupon_id))) is not None:
        return
    tried = yield from one_more_try(_subject(member_id), at=at)
    yield [tried.count, members.counted_in_hour(QUOTA, source, at=at)]


@script
def known(source: str, *, at: datetime) -> Steps[None]:
    """Take a try off again whose code there was, though it brought nothing: who typed it did not guess."""
    yield [members.counted_in_hour(QUOTA, source, at=at, n=-1)]


async def tried(ctx: Ctx, coupon_id: str, act: Script[Held]) -> Held:
    """Run `act`, which looks for a code, as a counted try of the member who asks."""
    source, at = ctx.source, ctx.now
    await ctx.run(counted(ctx.actor.id, coupon_id, source=source, at=at))
    try:
        return await ctx.run(act)
    except CodeUnknown:
        raise
    except Refusal:
        await ctx.run(known(source, at=at))
        raise


def forgotten(member_id: str, *, source: str, at: datetime) -> list[Change]:
    """Write that a member's code was right: wrong tries of theirs before it count no more, and this one not for its source."""
    return [forget_tries(_subject(member_id)), members.counted_in_hour(QUOTA, source, at=at, n=-1)]
