"""Gifts that a member is given once: for a level they reach, for a birthday.  The coupon itself is made by who hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import select

from goodtaste.events.member import GiftDue
from goodtaste.kernel.db import Change, Id, Read, Steps, insert, par, rows
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.outbox import tell
from goodtaste.member.rules import Level
from goodtaste.member.tables import gift


class Gift(msgspec.Struct, frozen=True):
    """A gift that was given: for the level or in the year `what`."""

    id: str
    member_id: str
    kind: str
    what: str
    template_id: str
    given_on: date


GIVE = insert(gift)
GIVEN = Read(
    select(*[gift.c[name] for name in Gift.__struct_fields__]).where(
        gift.c.member_id == par("member_id", Id), gift.c.kind == "level"
    ),
    Gift,
)


def a_gift(member_id: str, kind: str, what: str, *, template_id: str, on: date) -> Gift:
    """Return the gift of a kind for a level or a year; its id is always the same."""
    return Gift(derived_id(member_id, f"gift/{kind}/{what}"), member_id, kind, what, template_id, on)


def give(gifts: Sequence[Gift], *, at: datetime) -> list[Change]:
    """Write that `gifts` are given, and tell it."""
    due = [
        GiftDue(gift_id=each.id, member_id=each.member_id, template_id=each.template_id, kind=each.kind, what=each.what)
        for each in gifts
    ]
    return [GIVE.many([msgspec.structs.asdict(each) for each in gifts]), *([tell(*due, at=at)] if due else [])]


def of_levels(member_id: str, levels: Sequence[Level], *, on: date, at: datetime) -> Steps[list[Change]]:
    """Give what `levels` that are reached bring, but for what the member was given for them before."""
    wanted = [
        a_gift(member_id, "level", level.code, template_id=level.upgrade_gift_id, on=on)
        for level in levels
        if level.upgrade_gift_id
    ]
    if not wanted:
        return []
    had = {each.id for each in (yield from rows(GIVEN(member_id=member_id)))}
    return give([each for each in wanted if each.id not in had], at=at)
