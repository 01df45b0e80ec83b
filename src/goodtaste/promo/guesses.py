"""Codes that members type: a slip is told at once, and who guesses is stopped.  A try counts before the code is looked up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from goodtaste.kernel.db import Change, Steps, first, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import PRINTABLE
from goodtaste.org.api import forget_tries, one_more_try
from goodtaste.promo import rules
from goodtaste.promo.coupons import ONE

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


def read_code(text: str, kind: str) -> str:
    """Return a code as it is kept; refuses `CodeWrong` for what cannot be one of this kind."""
    code = rules.as_typed(text)
    if not rules.is_code(code, kind):
        raise CodeWrong
    return code


def _subject(member_id: str) -> str:
    return f"promo.code/{member_id}"


@script
def counted(member_id: str, coupon_id: str, *, at: datetime) -> Steps[None]:
    """Count a try of a member, unless the coupon it is to bring is there already; refuses `Locked` after too many."""
    if (yield from first(ONE(id=coupon_id))) is not None:
        return
    tried = yield from one_more_try(_subject(member_id), at=at)
    yield [tried.count]


def forgotten(member_id: str) -> Change:
    """Write that a member's code was right: wrong tries before it count no more."""
    return forget_tries(_subject(member_id))
